import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFileCapped } from '@assay/net/file';
import { Layout, MANIFEST_TYPES, MAX_MANIFEST_BYTES, OCI_INDEX, readManifest } from '@assay/oci';
import { DockerArchive } from '@assay/oci/image';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { bool, refuseValues, text } from './flags.ts';
import { type ImageToPush, pushImage } from './push-image.ts';
import { digestText, readReference } from './reference.ts';
import { withSession } from './session.ts';

export const command: Command = {
  usage: 'push PATH IMAGE [flags]',
  examples: `  # an archive as docker save writes it
  crane push app.tar registry.example.com/app:1.0

  # an OCI layout; with more than one image in it, as an index
  crane push --index layout/ registry.example.com/app:1.0`,
  flags: [bool('index', 'push all that a layout holds as one index'), text('image-refs', 'file that gets the reference of what was pushed')],
  arity: exactly(2),
  refuse: refuseValues,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const [path = '', image = ''] = flags.positionals;
  const local = await openLocal(path, flags.bool('index') ? 'whole index' : 'one image');
  const reference = readReference(image, '');
  const digest = await withSession(flags, context, (session) => pushImage(local, reference, session));
  const pushed = digestText(reference, digest);
  const file = flags.text('image-refs');
  if (file !== '') writeFileSync(file, pushed, { mode: 0o600 });
  context.io.stdout(`${pushed}\n`);
}

async function openLocal(path: string, wanted: 'whole index' | 'one image'): Promise<ImageToPush> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new CommandError(`stat ${path}: no such file or directory`);
  if (stats.isDirectory()) return openLayout(path, wanted);
  const { stored, content } = await wrapped(`loading ${path} as tarball`, async () => (await DockerArchive.open(path)).image(undefined));
  return { stored, from: content };
}

async function openLayout(path: string, wanted: 'whole index' | 'one image'): Promise<ImageToPush> {
  const layout = await wrapped(`loading ${path} as OCI layout`, () => Layout.open(path));
  if (wanted === 'whole index') {
    const file = join(path, 'index.json');
    return { stored: readManifest(readFileCapped(file, MAX_MANIFEST_BYTES), OCI_INDEX, file), from: layout };
  }
  const entries = layout.entries();
  const [entry] = entries;
  if (entry === undefined || entries.length > 1) throw new CommandError(`layout contains ${entries.length} entries, consider --index`);
  if (!MANIFEST_TYPES.includes(entry.mediaType)) {
    throw new CommandError(`layout contains non-image (mediaType: ${JSON.stringify(entry.mediaType)}), consider --index`);
  }
  const stored = await layout.manifest(entry.digest);
  if (stored === undefined) throw new CommandError(`loading ${path} as OCI layout: ${entry.digest} is not in it`);
  return { stored, from: layout };
}
