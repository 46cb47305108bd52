import { type ContentReader, copyImage, Layout, REF_NAME, type StoredManifest } from '@assay/oci';
import { type ImageToSave, writeDockerArchive, writeLegacyArchive } from '@assay/oci/image';
import { atLeast, type Command, type Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { bool, refuseValues, text } from './flags.ts';
import { cachedContent } from './layer-cache.ts';
import { writeOutput } from './output-file.ts';
import { fullText, type Reference, readReference, repoTag } from './reference.ts';
import { type Session, withSession } from './session.ts';

export const command: Command = {
  usage: 'pull IMAGE... TARBALL [flags]',
  examples: `  # an archive that docker load reads
  crane pull ghcr.io/owner/app:1.0 app.tar

  # all platforms, as an OCI layout
  crane pull --format oci --annotate-ref ghcr.io/owner/app:1.0 app/`,
  flags: [
    text('cache_path', 'folder that keeps layers for the next time', { short: 'c' }),
    text('format', 'tarball, legacy (an older form of it) or oci (a folder)', { default: 'tarball' }),
    bool('annotate-ref', 'with --format oci, note the reference as annotation'),
  ],
  arity: atLeast(2),
  refuse: refuseValues,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const path = flags.positionals.at(-1) ?? '';
  const sources = [...new Set(flags.positionals.slice(0, -1))].map((source) => readReference(source));
  await withSession(flags, context, async (session) => {
    const pulled = await fetchAll(sources, flags, session);
    switch (flags.text('format')) {
      case 'tarball':
        return wrapped(`saving tarball ${path}`, () => writeOutput(path, writeDockerArchive(imagesOf(pulled)), session.io));
      case 'legacy':
        return wrapped(`saving legacy tarball ${path}`, () => writeOutput(path, writeLegacyArchive(imagesOf(pulled)), session.io));
      case 'oci':
        return saveLayout(pulled, path, flags.bool('annotate-ref') ? 'reference' : 'none');
      default:
        throw new CommandError(`unexpected --format: ${JSON.stringify(flags.text('format'))} (valid values are: tarball, legacy, and oci)`);
    }
  });
}

interface Pulled {
  readonly reference: Reference;
  readonly stored: StoredManifest;
  readonly from: ContentReader;
}

/** Only a layout can hold an index as a whole; elsewhere it stands for the image of one platform. */
function fetchAll(sources: readonly Reference[], flags: ParsedFlags, session: Session): Promise<Pulled[]> {
  const keepsIndex = flags.text('format') === 'oci' && session.platform === undefined;
  return Promise.all(
    sources.map(async (reference) => {
      const fetched = await session.fetch(reference);
      const stored = keepsIndex ? fetched : await session.imageOf(fetched, reference);
      return { reference, stored, from: cachedContent(session.repository(reference), flags.text('cache_path')) };
    }),
  );
}

function imagesOf(pulled: readonly Pulled[]): ImageToSave[] {
  return pulled.flatMap(({ reference, stored, from }) => {
    const { manifest } = stored;
    return manifest.kind === 'image' ? [{ stored: { ...stored, manifest }, from, repoTags: [repoTag(reference)] }] : [];
  });
}

async function saveLayout(pulled: readonly Pulled[], folder: string, annotation: 'reference' | 'none'): Promise<void> {
  const layout = openLayout(folder);
  for (const { reference, stored, from } of pulled) {
    const { manifest, descriptor } = stored;
    await copyImage(stored, undefined, { from, to: layout, foreignLayers: 'copy' });
    layout.addEntry({
      ...descriptor,
      ...(annotation === 'reference' && { annotations: { [REF_NAME]: fullText(reference) } }),
      ...(manifest.kind === 'image' && { artifactType: manifest.artifactType ?? manifest.config.mediaType }),
    });
  }
}

/** A file in its place is told as Go tells it. */
function openLayout(folder: string): Layout {
  try {
    return Layout.openOrCreate(folder);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && ['ENOTDIR', 'EEXIST'].includes(String(error.code)))) throw error;
    throw new CommandError(`mkdir ${folder}: not a directory`, 1, { cause: error });
  }
}
