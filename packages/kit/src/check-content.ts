/**
 * Whether what the kit says of itself hangs together: every image has all of its parts, `index.json` names what the list of things names and nothing else, and
 * the trusted root and the policy are where they should be. Digests are for `KitFile.check`; this is about names.
 */
import { quote, TrustError } from '@assay/core';
import { type Digest, KIND, REF_NAME, type StoredManifest } from '@assay/oci';
import { isForeignType } from '@assay/oci/image';
import type { KitContent } from './content.ts';
import { IMAGE_NAME, imageNames, type NameAnnotations } from './image-names.ts';
import type { KitFile } from './kit-file.ts';
import type { KitImage } from './manifest.ts';

/** Errors: `KIT_MISMATCH`, and those of reading manifests. */
export async function checkContent(kit: KitFile): Promise<void> {
  const content = await kit.content();
  const images = kit.manifest.things.filter((thing) => thing.kind !== 'file');
  checkNames(kit, content, images);
  const incomplete = new Set(images.flatMap(({ index }) => index ?? []));
  for await (const stored of content.manifests()) checkParts(stored, kit, incomplete);
}

/** Tools that read the unpacked kit see `index.json`, and must not see another image under a name than the one that was verified. */
function checkNames(kit: KitFile, content: KitContent, images: readonly KitImage[]): void {
  const keyOf = (digest: Digest, names: NameAnnotations) => JSON.stringify([digest, names[REF_NAME], names[IMAGE_NAME]]);
  const due = new Set(imageNames(images).map((names, i) => keyOf((images[i] as KitImage).digest, names)));
  for (const entry of content.entries) {
    const { digest, annotations = {} } = entry;
    if (kit.sizeOf(digest) !== entry.size) throw mismatch(kit, `index.json names ${digest}, which is not there with ${entry.size} bytes`);
    const isImage = annotations[KIND] !== undefined || annotations[IMAGE_NAME] !== undefined;
    if (isImage && !due.delete(keyOf(digest, annotations))) throw mismatch(kit, `index.json names an image that the list of things does not have: ${digest}`);
    const name = annotations[REF_NAME];
    if (!isImage && name !== undefined && !ATTACHED.test(name)) throw mismatch(kit, `index.json gives a name to something else: ${quote(name, 80)}`);
  }
  const [missing] = due;
  if (missing !== undefined) throw mismatch(kit, `index.json does not name all images: ${quote(missing)}`);
}

function checkParts({ descriptor, manifest }: StoredManifest, kit: KitFile, incomplete: ReadonlySet<Digest>): void {
  const parts = manifest.kind === 'index' ? manifest.manifests : [manifest.config, ...manifest.layers.filter(({ mediaType }) => !isForeignType(mediaType))];
  for (const { digest, size } of parts) {
    const found = kit.sizeOf(digest);
    if (found === size || (found === undefined && incomplete.has(descriptor.digest))) continue;
    throw mismatch(kit, `${descriptor.digest} names ${digest}, which is ${found === undefined ? 'not there' : `there with ${found} bytes`}`, `${size} bytes`);
  }
}

function mismatch(kit: KitFile, says: string, expected?: string): TrustError {
  return new TrustError('KIT_MISMATCH', `${quote(kit.name)}: ${says}`, expected === undefined ? {} : { expected });
}

const ATTACHED = /^sha256-[0-9a-f]{64}\.(?:sig|att|sbom)$/;
