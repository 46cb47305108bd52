/**
 * Images with their evidence as folders (cosign.md section 1, "save", "load"): OCI layouts whose `index.json` says of each entry, in the annotation `kind`,
 * whether it is the image, its signatures or its attestations. Referrers are not listed there: they name their subject themselves.
 *
 * cosign saves no SBOM attachments, and of an index only what belongs to the index itself. Ours lie there as entries with a tag, `sha256-HEX.sbom`, which
 * cosign passes over.
 */
import { TrustError } from '@assay/core';
import { appendLayer } from '../attach/layers.ts';
import { type CopyOptions, copyImage } from '../copy.ts';
import type { Digest } from '../digest.ts';
import { KIND, KINDS, type Layout, REF_NAME } from '../layout.ts';
import type { Descriptor, StoredManifest } from '../manifest.ts';
import type { ContentReader, ContentWriter } from '../store.ts';
import { type Belonging, type BelongingsOptions, digestsIn, findBelongings, type Missed } from './belongings.ts';
import { copyEvidence, targetTag } from './copy-evidence.ts';

export interface SaveOptions extends Omit<CopyOptions, 'to'>, Pick<BelongingsOptions, 'sideRepository' | 'tagPrefix'> {}

/**
 * The layout then holds this image and no other; its index is replaced at once, after everything else is there.
 * @returns what could not be saved
 */
export async function saveImage(image: StoredManifest, layout: Layout, options: SaveOptions): Promise<Missed[]> {
  const { from } = options;
  await copyImage(image, undefined, { ...options, to: layout });
  const { found, missed } = await findBelongings(await digestsIn(image, from), { ...options, image: from });
  const saved = new Map<string, Descriptor>();
  const failed = await copyEvidence(found, {
    ...options,
    tagPrefix: '',
    to: layout,
    putTagged: async (belonging, tag) => {
      await copyImage(belonging.stored, undefined, { ...options, from: belonging.reader, to: layout });
      saved.set(tag, { ...bare(belonging.stored), annotations: entryAnnotations(belonging, image.descriptor.digest) });
    },
  });
  const kind = image.manifest.kind === 'index' ? KINDS.index : KINDS.image;
  layout.replaceEntries([{ ...bare(image), annotations: { [KIND]: kind } }, ...saved.values()]);
  return [...missed, ...failed];
}

function entryAnnotations(belonging: Belonging, image: Digest): Record<string, string> {
  const { suffix, subject } = belonging;
  const kind = suffix === undefined ? undefined : ENTRY_KINDS[suffix];
  if (subject === image && kind !== undefined) return { [KIND]: kind };
  return { [REF_NAME]: targetTag(belonging) ?? '' };
}

const ENTRY_KINDS: Readonly<Record<string, string>> = { sig: KINDS.signatures, att: KINDS.attestations };

function bare({ descriptor: { mediaType, digest, size } }: StoredManifest): Descriptor {
  return { mediaType, digest, size };
}

/** The one image that a layout was made to hold. Errors: `OCI_LAYOUT` when it holds none, or several. */
export function savedEntry(layout: Layout): Descriptor {
  const entries = layout.entries();
  const marked = entries.filter(({ annotations }) => IMAGE_KINDS.has(annotations?.[KIND] ?? ''));
  const images = marked.length > 0 ? marked : entries.filter(({ annotations }) => annotations?.[KIND] === undefined && !isAttachment(annotations?.[REF_NAME]));
  const [image] = images;
  if (image === undefined || images.length > 1) throw new TrustError('OCI_LAYOUT', `${layout.name}: holds ${images.length} images, one was expected`);
  return image;
}

/** The same with its content. Errors: `OCI_LAYOUT`, also when what the index names is not there. */
export async function savedManifest(layout: Layout): Promise<StoredManifest> {
  const { digest } = savedEntry(layout);
  const stored = await layout.manifest(digest);
  if (stored === undefined) throw new TrustError('OCI_LAYOUT', `${layout.name}: does not hold ${digest}, which its index names`);
  return stored;
}

function isAttachment(tag = ''): boolean {
  return /sha256-[0-9a-f]{64}\.(?:sig|att|sbom)$/.test(tag);
}

const IMAGE_KINDS: ReadonlySet<string> = new Set([KINDS.image, KINDS.index]);

export interface LoadOptions extends CopyOptions, Pick<BelongingsOptions, 'tagPrefix'> {
  readonly to: ContentReader & ContentWriter;
  /** Where evidence goes, if not beside the image. */
  readonly evidenceTo?: (ContentReader & ContentWriter) | undefined;
}

/**
 * The other way round, of a layout or whatever else holds an image with its evidence. Signatures that are at the destination already stay: what is loaded is added to them.
 * @returns what could not be loaded
 */
export async function loadImage(image: StoredManifest, tag: string | undefined, options: LoadOptions): Promise<Missed[]> {
  const { from, to, evidenceTo = to, tagPrefix } = options;
  await copyImage(image, undefined, options);
  const { found, missed } = await findBelongings(await digestsIn(image, from), { image: from });
  const failed = await copyEvidence(found, {
    ...options,
    to: evidenceTo,
    ...(tagPrefix !== undefined && { tagPrefix }),
    putTagged: (belonging, target) => putAttachment(belonging, target, { ...options, to: evidenceTo }),
  });
  if (tag !== undefined) await to.putManifest({ bytes: image.bytes, mediaType: image.descriptor.mediaType, tag });
  return [...missed, ...failed];
}

async function putAttachment({ stored, suffix }: Belonging, tag: string, options: LoadOptions): Promise<void> {
  const { manifest, descriptor } = stored;
  const there = (await options.to.resolve(tag))?.digest;
  if (there === descriptor.digest) return;
  if (there === undefined || suffix === 'sbom' || manifest.kind === 'index') {
    await copyImage(stored, tag, options);
    return;
  }
  for (const layer of manifest.layers) {
    const content = await options.from.readBlob(layer, MAX_LAYER_BYTES);
    const isSame = async (other: Descriptor): Promise<boolean> => other.digest === layer.digest && hasAnnotations(other, layer);
    await appendLayer(options.to, { tag, layer: { content, mediaType: layer.mediaType, annotations: layer.annotations ?? {} }, isSame });
  }
}

function hasAnnotations(other: Descriptor, { annotations = {} }: Descriptor): boolean {
  return Object.entries(annotations).every(([name, value]) => other.annotations?.[name] === value);
}

const MAX_LAYER_BYTES = 128 * 1024 * 1024;
