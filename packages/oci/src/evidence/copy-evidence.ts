/** Copying what belongs to images, and whole images with it: content first, evidence next, and last the tag under which anyone would look. */
import { isTrustError, TrustError } from '@assay/core';
import { type CopyOptions, copyImage } from '../copy.ts';
import type { Digest } from '../digest.ts';
import type { StoredManifest } from '../manifest.ts';
import type { ContentReader, ContentWriter } from '../store.ts';
import { type Belonging, type BelongingsOptions, digestsIn, findBelongings, type Missed } from './belongings.ts';
import { attachmentTag } from './find.ts';

export interface CopyEvidenceOptions extends Omit<CopyOptions, 'from' | 'to'> {
  readonly to: ContentReader & ContentWriter;
  readonly tagPrefix?: string;
  /** What to copy. Default: everything. */
  readonly only?: (belonging: Belonging) => boolean;
  /** Called for what is not there yet, before it is copied. */
  readonly onCopy?: (belonging: Belonging) => void;
  /** Instead of copying what lies under a tag: how it gets there. */
  readonly putTagged?: (belonging: Belonging, tag: string) => Promise<unknown>;
}

/** Returns what could not be copied. What is there already is left as it is. */
export async function copyEvidence(found: readonly Belonging[], options: CopyEvidenceOptions): Promise<Missed[]> {
  const missed: Missed[] = [];
  const tags = new Map<string, Digest>();
  for (const belonging of found.filter(options.only ?? (() => true))) {
    try {
      await copyOne(belonging, tags, options);
    } catch (error) {
      if (!isTrustError(error)) throw error;
      missed.push({ what: `${belonging.reader.name}@${belonging.stored.descriptor.digest}`, problem: error, loss: 'certain' });
    }
  }
  return missed;
}

async function copyOne(belonging: Belonging, tags: Map<string, Digest>, options: CopyEvidenceOptions): Promise<void> {
  const { stored, reader: from } = belonging;
  const { digest } = stored.descriptor;
  const tag = targetTag(belonging, options.tagPrefix);
  if (tag === undefined) {
    // Put again even when it is there: an earlier run may have been stopped before it was listed.
    if (!(await options.to.hasManifest(digest))) options.onCopy?.(belonging);
    await copyImage(stored, undefined, { ...options, from });
    return;
  }
  const other = tags.get(tag);
  if (other === digest) return;
  if (other !== undefined) throw clash(tag, other, digest);
  tags.set(tag, digest);
  if (options.putTagged !== undefined) {
    await options.putTagged(belonging, tag);
    return;
  }
  if ((await options.to.resolve(tag))?.digest === digest) return;
  options.onCopy?.(belonging);
  await copyImage(stored, tag, { ...options, from });
}

/** Under which tag it will lie; undefined for referrers. */
export function targetTag({ subject, suffix }: Belonging, tagPrefix = ''): string | undefined {
  return suffix === undefined ? undefined : `${tagPrefix}${attachmentTag(subject, suffix)}`;
}

/** The image's repository and the side repository hold different things for the same tag; there is one place for both. */
function clash(tag: string, expected: Digest, found: Digest): TrustError {
  return new TrustError('OCI_EXISTS', `another manifest was copied to ${tag} already`, { expected, found });
}

export interface CopyWithEvidenceOptions extends CopyEvidenceOptions, Pick<BelongingsOptions, 'sideRepository'> {
  readonly from: ContentReader;
}

/**
 * An image, or an index with all its images, and what belongs to each.
 * @returns what could not be copied: never empty in silence, so say it
 * Errors: those of reading and writing the image itself; then it has not got its tag.
 * @example const missed = await copyWithEvidence(await source.requireManifest('1.0'), '1.0', { from: source, to: target });
 */
export async function copyWithEvidence(image: StoredManifest, tag: string | undefined, options: CopyWithEvidenceOptions): Promise<Missed[]> {
  const { from, to } = options;
  await copyImage(image, undefined, options);
  const { found, missed } = await findBelongings(await digestsIn(image, from), {
    image: from,
    sideRepository: options.sideRepository,
    ...(options.tagPrefix !== undefined && { tagPrefix: options.tagPrefix }),
  });
  const failed = await copyEvidence(found, options);
  if (tag !== undefined) await to.putManifest({ bytes: image.bytes, mediaType: image.descriptor.mediaType, tag });
  return [...missed, ...failed];
}
