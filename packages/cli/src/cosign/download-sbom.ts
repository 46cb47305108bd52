/** `cosign download sbom` (cosign.md section 1): the SBOM attached to an image, as it is stored. */
import { quote, TrustError } from '@assay/core';
import { type ContentReader, type Descriptor, type Digest, findBelongings, type StoredManifest, targetOf } from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError, messageOf } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { text } from './flags.ts';
import { type RegistrySession, withRegistry } from './images.ts';
import { maxAttachmentBytes, REGISTRY_FLAGS } from './registry-flags.ts';
import { SBOM_NOTICE } from './sbom-notice.ts';
import { forPlatform, type NamedImage, nameImage, platformsOf, readImage } from './stored-image.ts';

export const command: Command = {
  usage: 'download sbom [flags] IMAGE',
  examples: '  cosign download sbom --platform linux/amd64 registry.example/app:1.2.3',
  flags: [...REGISTRY_FLAGS, text('platform', 'os/architecture: of this image in an index')],
  arity: exactly(1),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const { io } = context;
  io.stderr(SBOM_NOTICE);
  io.stderr(
    "WARNING: Downloading SBOMs this way does not ensure its authenticity. If you want to ensure a tamper-proof SBOM, download it using 'cosign download attestation <image uri>'.\n",
  );
  const [typed = ''] = flags.positionals;
  await withRegistry(flags, context, async (session) => {
    const image = nameImage(typed, session);
    const { digest, stored } = await chosenImage(image, flags.text('platform'));
    const found = await findSbom(digest, { image, session, flags, io });
    if (found === undefined) throw nothingFound(stored, io);
    const content = await found.place.readBlob(found.layer, maxAttachmentBytes(context));
    io.stderr(`Found SBOM of media type: ${quote(found.layer.mediaType)}\n`);
    io.stdout(content);
  });
}

/** A digest needs no image: the SBOM may be all that a repository holds. */
async function chosenImage(image: NamedImage, platform: string): Promise<{ digest: Digest; stored: StoredManifest | undefined }> {
  const { digest } = image.reference;
  const there = digest === undefined ? await readImage(image) : await image.repository.manifest(targetOf(image.reference));
  if (there === undefined && platform !== '') throw new CommandError('specified reference is not a multiarch image');
  const stored = there && (await forPlatform(there, platform, image));
  return { digest: stored?.descriptor.digest ?? (digest as Digest), stored };
}

/** As a referrer, the last of several as cosign takes it, or under the tag. */
async function findSbom(digest: Digest, download: Where): Promise<{ place: ContentReader; layer: Descriptor } | undefined> {
  const { image, session, flags, io } = download;
  const options = { image: image.repository, sideRepository: session.side, tagPrefix: flags.text('attachment-tag-prefix'), depth: 'direct' as const };
  const { found, missed } = await findBelongings([digest], options);
  const sboms = found.filter(({ kind }) => kind === 'sbom');
  const sbom = sboms.findLast(({ suffix }) => suffix === undefined) ?? sboms[0];
  if (sbom === undefined) {
    for (const { what, problem } of missed) io.stderr(`looked in ${what}: ${quote(messageOf(problem), 500)}\n`);
    return undefined;
  }
  const { manifest } = sbom.stored;
  const layers = manifest.kind === 'image' ? manifest.layers : [];
  const [layer] = layers;
  if (layer === undefined || layers.length > 1) throw new TrustError('OCI_MANIFEST', `expected exactly one layer in attachment, got ${layers.length}`);
  return { place: sbom.reader, layer };
}

interface Where {
  readonly image: NamedImage;
  readonly session: RegistrySession;
  readonly flags: ParsedFlags;
  readonly io: Io;
}

function nothingFound(stored: StoredManifest | undefined, io: Io): CommandError {
  if (stored?.manifest.kind !== 'index') return new CommandError('no sbom attached to reference');
  const platforms = platformsOf(stored.manifest.manifests);
  if (platforms.length > 0) {
    io.stderr(
      `\nThis multiarch image does not have an SBOM attached at the index level.\nTry using --platform with one of the following architectures:\n${platforms.join(', ')}\n\n`,
    );
  }
  return new CommandError('no SBOM found attached to image index');
}
