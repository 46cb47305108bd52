/** `cosign upload blob` (cosign.md section 1): files as images of one layer each; several as an index. */
import { artifactTypeOf, type Descriptor, encodeIndex, OCI_INDEX, type Platform, putFile, referenceText, type StoredManifest, withDigest } from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { splitCsv } from './annotations.ts';
import { list, text } from './flags.ts';
import { withRegistry } from './images.ts';
import { openLocalFile } from './local-file.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { sniffMediaType } from './sniff.ts';
import { type NamedImage, nameImage } from './stored-image.ts';

export const command: Command = {
  usage: 'upload blob [flags] IMAGE',
  examples: `  # a file
  cosign upload blob -f app.tar.gz registry.example/files:1.2.3

  # one for each platform
  cosign upload blob -f app-linux:linux/amd64 -f app-darwin:darwin/arm64 registry.example/files:1.2.3`,
  flags: [
    ...REGISTRY_FLAGS,
    list('files', 'file, and behind a colon its platform: PATH[:os[/architecture]]; may be repeated', { short: 'f' }),
    list('annotation', 'annotation of the manifest, as key=value; may be repeated', { short: 'a' }),
    text('ct', 'media type, instead of what the content says'),
  ],
  arity: exactly(1),
  run,
};

interface NamedFile {
  readonly path: string;
  readonly platform: Platform | undefined;
}

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const { io } = context;
  const annotations = readPairs(flags.list('annotation'));
  if (flags.list('files').length === 0) throw new CommandError('flag: help requested');
  const files = flags.list('files').flatMap(splitCsv).map(readFile);
  const homeless = files.length > 1 ? files.find(({ platform }) => platform === undefined) : undefined;
  if (homeless !== undefined) throw new CommandError(`each file must include a unique platform, ${homeless.path} had no platform`);
  const [typed = ''] = flags.positionals;
  await withRegistry(flags, context, async (session) => {
    const image = nameImage(typed, session);
    const tag = image.reference.digest === undefined ? image.reference.tag : undefined;
    const upload = { image, annotations, contentType: flags.text('ct'), context, tag: files.length > 1 ? undefined : tag };
    const entries: Descriptor[] = [];
    for (const file of files) entries.push(entryOf(await uploadFile(file, upload), file));
    const [first] = entries;
    if (first !== undefined && entries.length === 1) {
      io.stderr('Uploaded image to:\n');
      io.stdout(`${referenceText(withDigest(image.reference, first.digest))}\n`);
      return;
    }
    const bytes = encodeIndex({ mediaType: OCI_INDEX, manifests: entries, annotations });
    const digest = await image.repository.putManifest({ bytes, mediaType: OCI_INDEX, tag });
    io.stderr(`Uploading multi-platform index to ${referenceText(withDigest(image.reference, digest))}\n`);
  });
}

interface Upload {
  readonly image: NamedImage;
  readonly annotations: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly context: Context;
  readonly tag: string | undefined;
}

async function uploadFile({ path }: NamedFile, { image, annotations, contentType, context, tag }: Upload): Promise<StoredManifest> {
  const { io } = context;
  const file = await openLocalFile(path, (head) => contentType || sniffMediaType(head));
  const { mediaType, digest } = file.descriptor;
  io.stderr(`Uploading file from [${path}] to [${referenceText(image.reference)}] with media type [${mediaType}]\n`);
  const stored = await putFile(image.repository, { ...file, annotations, tag });
  const { registry, repository } = image.reference;
  io.stderr(`File [${path}] is available directly at [${registry}/v2/${repository}/blobs/${digest}]\n`);
  return stored;
}

function entryOf({ descriptor: { mediaType, digest, size }, manifest }: StoredManifest, { platform }: NamedFile): Descriptor {
  return { mediaType, digest, size, artifactType: artifactTypeOf(manifest), ...(platform !== undefined && { platform }) };
}

/** `PATH[:os[/architecture]]` */
function readFile(text: string): NamedFile {
  const [path = '', platform] = text.split(':');
  const [os = '', architecture = ''] = platform?.split('/') ?? [];
  return { path, platform: platform === undefined ? undefined : { os, architecture } };
}

/** As pflag reads a map. */
function readPairs(values: readonly string[]): Readonly<Record<string, string>> {
  const pairs = values.flatMap((value) =>
    splitCsv(value).map((pair): [string, string] => {
      const at = pair.indexOf('=');
      if (at >= 0) return [pair.slice(0, at), pair.slice(at + 1)];
      throw new CommandError(`invalid argument ${JSON.stringify(value)} for "-a, --annotation" flag: ${pair} must be formatted as key=value`);
    }),
  );
  return Object.fromEntries(pairs);
}
