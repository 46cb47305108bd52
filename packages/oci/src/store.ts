/** Where manifests and blobs lie: a repository of a registry, or a layout on disk. Everything above reads and writes through these two. */
import type { TrustError } from '@assay/core';
import type { BodySource } from '@assay/net';
import type { Digest } from './digest.ts';
import type { Descriptor, StoredManifest } from './manifest.ts';

export interface ContentReader {
  /** As messages name the place, e.g. `ghcr.io/owner/app`. */
  readonly name: string;
  /** By tag or digest; undefined when it is not there. Errors: `OCI_…`, `NET_…`. */
  manifest(target: Digest | string): Promise<StoredManifest | undefined>;
  /** The descriptor alone, with as little traffic as possible. */
  resolve(target: Digest | string): Promise<Descriptor | undefined>;
  /** The content, checked against digest and size while it passes. The error may come after some chunks. */
  blob(descriptor: Descriptor): AsyncIterable<Uint8Array>;
  /** Small content as a whole. Errors: `OCI_LIMIT` when the descriptor says more than `maxBytes`. */
  readBlob(descriptor: Descriptor, maxBytes: number): Promise<Uint8Array>;
  /** What says of itself that it belongs to `subject`, one list for each place that is asked. Throws nothing of ours: a place that fails says so. */
  referrerLists(subject: Digest, filter?: ReferrerFilter): AsyncGenerator<ReferrerList, void, void>;
  tags(): Promise<string[]>;
}

export interface ReferrerFilter {
  readonly artifactType?: string;
}

/** One place that was asked, and its answer in words: `none`, `2 referrers`, `no such tag`. */
export interface PlaceAnswer {
  readonly place: string;
  readonly says: string;
  /** Why it could not be asked. */
  readonly problem?: TrustError;
}

export interface ReferrerList extends PlaceAnswer {
  readonly descriptors: readonly Descriptor[];
}

/**
 * All lists as one, each referrer once. For those who must not miss one: a place that cannot be asked is an error.
 */
export async function allReferrers(reader: ContentReader, subject: Digest): Promise<Descriptor[]> {
  const found = new Map<Digest, Descriptor>();
  for await (const { descriptors, problem } of reader.referrerLists(subject)) {
    if (problem !== undefined) throw problem;
    for (const descriptor of descriptors) if (!found.has(descriptor.digest)) found.set(descriptor.digest, descriptor);
  }
  return [...found.values()];
}

export interface ContentWriter {
  readonly name: string;
  hasBlob(descriptor: Descriptor): Promise<boolean>;
  /** `mountFrom` is a repository of the same registry that is likely to have it. */
  putBlob(descriptor: Descriptor, content: BodySource, mountFrom?: string): Promise<void>;
  hasManifest(digest: Digest): Promise<boolean>;
  /** Under its digest, and under `tag` when given. Returns its digest. */
  putManifest(content: { readonly bytes: Uint8Array; readonly mediaType: string; readonly tag?: string | undefined }): Promise<Digest>;
}

/** Content at hand as something to put. */
export function sourceOf(bytes: Uint8Array): BodySource {
  return {
    size: bytes.length,
    async *open() {
      yield bytes;
    },
  };
}
