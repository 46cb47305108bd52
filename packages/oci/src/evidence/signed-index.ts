/**
 * The index that is signed when an image in it is not: signers often sign the index alone, and whoever pins the digest of one platform then finds nothing
 * (cosign.md section 6, row 38). The index is named; a signature over it says nothing about its children until the index itself was verified.
 *
 * Where to look: the tag that came with the digest, indexes that tags of evidence name, then what other tags lead to.
 */
import { isTrustError } from '@assay/core';
import { type Digest, isDigest } from '../digest.ts';
import type { ContentReader } from '../store.ts';

export interface SignedIndexSearch {
  readonly image: ContentReader;
  /** What has no evidence of its own. */
  readonly child: Digest;
  /** The tag of a reference like `app:1.0@sha256:…`. */
  readonly tag?: string | undefined;
  readonly sideRepository?: ContentReader | undefined;
}

export interface ContainingIndex {
  readonly digest: Digest;
  /** The tag that led to it, if one did. */
  readonly tag: string | undefined;
}

/** Undefined when none was found, or when the registry does not let us look. At most 50 manifests are read. */
export async function findContainingIndex({ image, child, tag, sideRepository }: SignedIndexSearch): Promise<ContainingIndex | undefined> {
  const tags = await Promise.all([image, sideRepository].map((reader) => (reader === undefined ? [] : tagsOf(reader))));
  const signed = tags.flat().flatMap(subjectOfTag);
  const candidates = new Set<string>([
    ...(tag === undefined ? [] : [tag]),
    ...signed,
    ...(tags[0] ?? []).toReversed().filter((one) => subjectOfTag(one).length === 0),
  ]);
  candidates.delete(child);
  let read = 0;
  for (const candidate of candidates) {
    read += 1;
    if (read > MAX_READ) return undefined;
    const digest = await indexWith(image, candidate, child);
    if (digest !== undefined) return { digest, tag: isDigest(candidate) ? undefined : candidate };
  }
  return undefined;
}

async function indexWith(image: ContentReader, target: string, child: Digest): Promise<Digest | undefined> {
  try {
    const stored = await image.manifest(target);
    if (stored?.manifest.kind !== 'index') return undefined;
    return stored.manifest.manifests.some(({ digest }) => digest === child) ? stored.descriptor.digest : undefined;
  } catch (error) {
    if (isTrustError(error)) return undefined;
    throw error;
  }
}

async function tagsOf(reader: ContentReader): Promise<string[]> {
  try {
    return await reader.tags();
  } catch (error) {
    if (isTrustError(error)) return [];
    throw error;
  }
}

/** `sha256-HEX`, `sha256-HEX.sig`, … as the digest it is about. */
function subjectOfTag(tag: string): Digest[] {
  const match = /(sha256)-([0-9a-f]{64})(?:\.[a-z]+)?$/.exec(tag);
  const digest = match === null ? '' : `${match[1]}:${match[2]}`;
  return isDigest(digest) ? [digest] : [];
}

const MAX_READ = 50;
