/** What lies among the blobs of a kit as a place that images and evidence are read from: of a kit that is there, and of one that is being made. */
import { TrustError } from '@assay/core';
import {
  artifactTypeOf,
  type ContentReader,
  type Descriptor,
  type Digest,
  isDigest,
  MAX_MANIFEST_BYTES,
  REF_NAME,
  type ReferrerFilter,
  type ReferrerList,
  readManifest,
  type StoredManifest,
  verified,
} from '@assay/oci';

export interface BlobStore {
  /** For messages. */
  readonly name: string;
  /** Bytes; undefined when it is not there. */
  sizeOf(digest: Digest): number | undefined;
  /** The bytes as they lie there, checked by nobody yet. */
  open(digest: Digest): AsyncIterable<Uint8Array>;
}

/** Every manifest is reachable from the entries of `index.json`: referrers stand there too. */
export class KitContent implements ContentReader {
  readonly entries: readonly Descriptor[];
  readonly #store: BlobStore;
  #referrers: Promise<ReadonlyMap<Digest, readonly Descriptor[]>> | undefined;

  constructor(store: BlobStore, entries: readonly Descriptor[]) {
    this.#store = store;
    this.entries = entries;
  }

  get name(): string {
    return this.#store.name;
  }

  async manifest(target: Digest | string): Promise<StoredManifest | undefined> {
    const entry = this.entries.find(({ digest, annotations }) => (isDigest(target) ? digest === target : annotations?.[REF_NAME] === target));
    const digest = isDigest(target) ? target : entry?.digest;
    const size = digest === undefined ? undefined : this.#store.sizeOf(digest);
    if (digest === undefined || size === undefined) return undefined;
    const bytes = await this.readBlob({ mediaType: '', digest, size }, MAX_MANIFEST_BYTES);
    return readManifest(bytes, entry?.mediaType, `${this.name}@${digest}`);
  }

  async resolve(target: Digest | string): Promise<Descriptor | undefined> {
    return (await this.manifest(target))?.descriptor;
  }

  blob(descriptor: Descriptor): AsyncIterable<Uint8Array> {
    const { digest } = descriptor;
    if (this.#store.sizeOf(digest) === undefined) throw new TrustError('OCI_NOT_FOUND', `${this.name}: does not hold ${digest}`);
    return verified(this.#store.open(digest), descriptor, `${this.name}@${digest}`);
  }

  async readBlob(descriptor: Descriptor, maxBytes: number): Promise<Uint8Array> {
    const { digest, size } = descriptor;
    if (size > maxBytes) throw new TrustError('OCI_LIMIT', `${this.name}@${digest}: ${size} bytes, the cap is ${maxBytes}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.blob(descriptor)) chunks.push(chunk);
    return Buffer.concat(chunks, size);
  }

  async *referrerLists(subject: Digest, { artifactType }: ReferrerFilter = {}): AsyncGenerator<ReferrerList, void, void> {
    this.#referrers ??= this.#findReferrers();
    const all = (await this.#referrers).get(subject) ?? [];
    const descriptors = all.filter((one) => artifactType === undefined || one.artifactType === artifactType);
    yield { place: `manifests in ${this.name}`, descriptors, says: descriptors.length === 0 ? 'none' : `${descriptors.length} with this subject` };
  }

  async #findReferrers(): Promise<ReadonlyMap<Digest, readonly Descriptor[]>> {
    const found = new Map<Digest, Descriptor[]>();
    for await (const { descriptor, manifest } of this.manifests()) {
      const subject = manifest.subject?.digest;
      if (subject === undefined) continue;
      const listed = { ...descriptor, artifactType: artifactTypeOf(manifest), annotations: manifest.annotations };
      found.set(subject, [...(found.get(subject) ?? []), listed]);
    }
    return found;
  }

  /** Each once, an index before its children; what is named and not there is passed over. Errors: `OCI_…` for what is no manifest. */
  async *manifests(): AsyncGenerator<StoredManifest, void, void> {
    const queue = this.entries.map(({ digest }) => digest);
    const seen = new Set(queue);
    for (const digest of new Set(queue)) yield* this.#below(digest, seen, 0);
  }

  async *#below(digest: Digest, seen: Set<Digest>, depth: number): AsyncGenerator<StoredManifest, void, void> {
    if (depth > MAX_DEPTH) throw new TrustError('OCI_LIMIT', `${this.name}: indexes in indexes, more than ${MAX_DEPTH} deep`);
    const stored = await this.manifest(digest);
    if (stored === undefined) return;
    yield stored;
    if (stored.manifest.kind === 'image') return;
    for (const child of stored.manifest.manifests) {
      if (seen.has(child.digest)) continue;
      seen.add(child.digest);
      yield* this.#below(child.digest, seen, depth + 1);
    }
  }

  async tags(): Promise<string[]> {
    return this.entries.flatMap(({ annotations }) => annotations?.[REF_NAME] ?? []);
  }
}

/** Digests cannot form a circle; a chain of one manifest each could still be long. */
const MAX_DEPTH = 32;
