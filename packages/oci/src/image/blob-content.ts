/** Content that was made here, over content that is elsewhere: what a changed image is copied from. */
import { TrustError } from '@assay/core';
import type { BodySource } from '@assay/net';
import { type Digest, verified } from '../digest.ts';
import type { Descriptor, StoredManifest } from '../manifest.ts';
import type { ContentReader, ReferrerFilter, ReferrerList } from '../store.ts';

export interface MadeContent {
  readonly blobs?: ReadonlyMap<Digest, BodySource>;
  readonly manifests?: readonly StoredManifest[];
}

export class BlobContent implements ContentReader {
  readonly name: string;
  readonly #blobs: ReadonlyMap<Digest, BodySource>;
  readonly #manifests: ReadonlyMap<string, StoredManifest>;
  readonly #base: ContentReader | undefined;

  /** What is not in `made` is asked for at `base`. */
  constructor(name: string, { blobs = new Map(), manifests = [] }: MadeContent, base?: ContentReader) {
    this.name = name;
    this.#blobs = blobs;
    this.#manifests = new Map(manifests.map((stored) => [stored.descriptor.digest, stored]));
    this.#base = base;
  }

  async manifest(target: Digest | string): Promise<StoredManifest | undefined> {
    return this.#manifests.get(target) ?? this.#base?.manifest(target);
  }

  async resolve(target: Digest | string): Promise<Descriptor | undefined> {
    return this.#manifests.get(target)?.descriptor ?? this.#base?.resolve(target);
  }

  blob(descriptor: Descriptor): AsyncIterable<Uint8Array> {
    const made = this.#blobs.get(descriptor.digest);
    // A file may change between the time it was described and the time it is sent.
    if (made !== undefined) return verified(made.open(), descriptor, `${this.name}: ${descriptor.digest}`);
    if (this.#base === undefined) throw this.#missing(descriptor);
    return this.#base.blob(descriptor);
  }

  async readBlob(descriptor: Descriptor, maxBytes: number): Promise<Uint8Array> {
    if (!this.#blobs.has(descriptor.digest)) {
      if (this.#base === undefined) throw this.#missing(descriptor);
      return this.#base.readBlob(descriptor, maxBytes);
    }
    if (descriptor.size > maxBytes) throw new TrustError('OCI_LIMIT', `${this.name}: ${descriptor.size} bytes, the cap is ${maxBytes}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.blob(descriptor)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async hasBlob(descriptor: Descriptor): Promise<boolean> {
    return this.#blobs.has(descriptor.digest);
  }

  async *referrerLists(subject: Digest, filter?: ReferrerFilter): AsyncGenerator<ReferrerList, void, void> {
    if (this.#base !== undefined) yield* this.#base.referrerLists(subject, filter);
  }

  async tags(): Promise<string[]> {
    return (await this.#base?.tags()) ?? [];
  }

  #missing({ digest }: Descriptor): TrustError {
    return new TrustError('OCI_NOT_FOUND', `${this.name} does not hold ${digest}`);
  }
}
