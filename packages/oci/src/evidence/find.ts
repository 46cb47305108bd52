/**
 * Finding evidence for an image: everywhere it may lie, in every format, and what each place answered.
 *
 *   referrers API → index under the fallback tag → tags `.sig` and `.att` → the same in a side repository (COSIGN_REPOSITORY)
 *
 * Nothing is asked before it is needed: the caller stops reading when the demand is met, and asks on when it is not. So a verification that succeeds costs
 * three or four requests, and one that fails has looked in every place.
 */
import { isTrustError, TrustError } from '@assay/core';
import type { Digest } from '../digest.ts';
import type { Descriptor } from '../manifest.ts';
import type { ContentReader, PlaceAnswer, ReferrerList } from '../store.ts';
import { type Evidence, isBundleType, type ReadOptions, readEvidence, type Unreadable } from './evidence.ts';

export interface FindOptions {
  /** The repository of the image, or a layout. */
  readonly image: ContentReader;
  readonly digest: Digest;
  /** Where evidence may lie besides. */
  readonly sideRepository?: ContentReader | undefined;
  readonly want: readonly ('signatures' | 'attestations')[];
  /** In front of `sha256-…` in tags. */
  readonly tagPrefix?: string;
  /** Of one piece of evidence. Default 128 MiB. */
  readonly maxBytes?: number;
  /** Default: all. `bundles` leaves the older tags out, `tags` the referrers. */
  readonly only?: 'bundles' | 'tags' | undefined;
}

/** The evidence of a place comes before its answer. */
export type FindEvent = { readonly kind: 'evidence'; readonly evidence: Evidence | Unreadable } | { readonly kind: 'answer'; readonly answer: PlaceAnswer };

/**
 * @example
 * for await (const event of findEvidence({ image: repository, digest, want: ['signatures'] })) {
 *   if (event.kind === 'answer') answers.push(event.answer);
 *   else if (await accepts(event.evidence)) break;
 * }
 */
export async function* findEvidence(options: FindOptions): AsyncGenerator<FindEvent, void, void> {
  const { image, sideRepository } = options;
  const seen = new Set<Digest>();
  for (const reader of sideRepository === undefined ? [image] : [image, sideRepository]) {
    if (options.only !== 'tags') yield* fromReferrers(reader, options, seen);
    if (options.only !== 'bundles') yield* fromTags(reader, options);
  }
}

async function* fromReferrers(reader: ContentReader, options: FindOptions, seen: Set<Digest>): AsyncGenerator<FindEvent, void, void> {
  for await (const list of reader.referrerLists(options.digest)) {
    let count = 0;
    for await (const evidence of readReferrers(reader, list, options, seen)) {
      count += 1;
      yield { kind: 'evidence', evidence };
    }
    yield { kind: 'answer', answer: answerOf(list, count) };
  }
}

function answerOf({ place, says, problem, descriptors }: ReferrerList, count: number): PlaceAnswer {
  if (problem !== undefined) return { place, says, problem };
  return { place, says: descriptors.length === 0 ? says : `${says}, ${count} with evidence` };
}

async function* readReferrers(
  reader: ContentReader,
  { descriptors }: ReferrerList,
  options: FindOptions,
  seen: Set<Digest>,
): AsyncGenerator<Evidence | Unreadable, void, void> {
  // The type in a list is a claim: it decides what is read first, never what is left out.
  const likelyFirst = descriptors.toSorted((a, b) => rank(a) - rank(b));
  for (const { digest } of likelyFirst) {
    if (seen.has(digest)) continue;
    const reference = `${reader.name}@${digest}`;
    try {
      const stored = await reader.manifest(digest);
      if (stored === undefined) throw new TrustError('OCI_NOT_FOUND', `${reference}: is listed, but is not there`);
      // Only now: what one place lists and does not have, another may have.
      seen.add(digest);
      const subject = stored.manifest.subject?.digest;
      if (subject === options.digest) yield* readEvidence(reader, stored, readOptions(options));
      else if (isListedAsBundle(stored.manifest)) throw wrongSubject(reference, options.digest, subject);
    } catch (error) {
      if (!isTrustError(error)) throw error;
      yield { reference, problem: error };
    }
  }
}

function rank({ artifactType }: Descriptor): number {
  if (artifactType === undefined) return 1;
  return isBundleType(artifactType) ? 0 : 2;
}

function isListedAsBundle(manifest: { readonly artifactType: string | undefined }): boolean {
  return manifest.artifactType !== undefined && isBundleType(manifest.artifactType);
}

function wrongSubject(reference: string, expected: Digest, found: Digest | undefined): TrustError {
  return new TrustError('OCI_SUBJECT', `${reference}: is listed for this image, but belongs to another`, { expected, found: found ?? 'no subject' });
}

async function* fromTags(reader: ContentReader, options: FindOptions): AsyncGenerator<FindEvent, void, void> {
  for (const want of options.want) {
    const tag = `${options.tagPrefix ?? ''}${attachmentTag(options.digest, SUFFIXES[want])}`;
    const place = `${reader.name}:${tag}`;
    let count = 0;
    let answer: PlaceAnswer;
    try {
      const stored = await reader.manifest(tag);
      if (stored !== undefined) {
        for await (const evidence of readEvidence(reader, stored, readOptions(options))) {
          count += 1;
          yield { kind: 'evidence', evidence };
        }
      }
      answer = { place, says: stored === undefined ? 'no such tag' : `${count} ${count === 1 ? want.slice(0, -1) : want}` };
    } catch (error) {
      if (!isTrustError(error)) throw error;
      answer = { place, says: error.message, problem: error };
    }
    yield { kind: 'answer', answer };
  }
}

export type AttachmentSuffix = 'sig' | 'att' | 'sbom';

/** `sha256-HEX.sig`, `.att`, `.sbom` (cosign.md section 2.1). */
export function attachmentTag(digest: Digest, suffix: AttachmentSuffix): string {
  return `${digest.replace(':', '-')}.${suffix}`;
}

function readOptions({ maxBytes }: FindOptions): ReadOptions {
  return { maxBytes: maxBytes ?? DEFAULT_MAX_BYTES };
}

const SUFFIXES = { signatures: 'sig', attestations: 'att' } as const;
const DEFAULT_MAX_BYTES = 128 * 1024 * 1024;
