/**
 * What belongs to an image besides its own content: what lies under the tags that cosign makes of its digest, and its referrers. And what belongs to SBOMs and
 * other artifacts among these, since they may be signed too; signatures and attestations are the end, nobody asks for evidence of them.
 *
 * Unlike `findEvidence`, which stops when a demand is met, this is for those who must not miss anything: copying, saving, showing, deleting.
 */
import { isTrustError, TrustError } from '@assay/core';
import { artifactTypeOf } from '../artifact-type.ts';
import type { Digest } from '../digest.ts';
import type { Manifest, StoredManifest } from '../manifest.ts';
import { DSSE_ENVELOPE, isIndexType, SIMPLE_SIGNING } from '../media-types.ts';
import type { ContentReader } from '../store.ts';
import { isBundleType } from './evidence.ts';
import { type AttachmentSuffix, attachmentTag } from './find.ts';

export interface Belonging {
  readonly subject: Digest;
  readonly stored: StoredManifest;
  /** Where it lies. */
  readonly reader: ContentReader;
  /** It lies under the tag `attachmentTag(subject, suffix)`. Absent for referrers, which are known by digest alone. */
  readonly suffix: AttachmentSuffix | undefined;
  /** What it says it is; `other` is nothing of cosign's. */
  readonly kind: AttachmentSuffix | 'other';
}

/** What could not be reached. */
export interface Missed {
  /** As messages name it: a reference, or a list. */
  readonly what: string;
  readonly problem: TrustError;
  /** Of a referrer. */
  readonly digest?: Digest;
  /** `none`: a list names what is not there. `possible`: a list could not be read. `certain`: something is there, and could not be read or written. */
  readonly loss: 'none' | 'possible' | 'certain';
}

export interface Belongings {
  /** Each after its subject; tags before referrers. */
  readonly found: readonly Belonging[];
  readonly missed: readonly Missed[];
}

export interface BelongingsOptions {
  /** The repository of the image, or a layout. */
  readonly image: ContentReader;
  /** Where evidence may lie besides (COSIGN_REPOSITORY); comes first. */
  readonly sideRepository?: ContentReader | undefined;
  /** In front of `sha256-…` in tags. */
  readonly tagPrefix?: string;
  /** Default `all`: what belongs to SBOMs and other artifacts too. */
  readonly depth?: 'direct' | 'all';
}

/** Errors: `OCI_LIMIT` for more than 5000. */
export async function findBelongings(subjects: readonly Digest[], options: BelongingsOptions): Promise<Belongings> {
  const found: Belonging[] = [];
  const missed: Missed[] = [];
  const queue = [...new Set(subjects)];
  const asked = new Set(queue);
  for (const subject of queue) {
    const search = new Search(subject, options);
    await search.run();
    found.push(...search.found);
    missed.push(...search.missed);
    if (found.length > MAX_BELONGINGS)
      throw new TrustError('OCI_LIMIT', `${options.image.name}: more than ${MAX_BELONGINGS} signatures and other referrers, the cap`);
    if (options.depth === 'direct') continue;
    for (const { stored, kind } of search.found) {
      const { digest } = stored.descriptor;
      if (kind === 'sig' || kind === 'att' || asked.has(digest)) continue;
      asked.add(digest);
      queue.push(digest);
    }
  }
  return { found, missed };
}

/** Of one subject. */
class Search {
  readonly #subject: Digest;
  readonly #options: BelongingsOptions;
  readonly found: Belonging[] = [];
  readonly missed: Missed[] = [];

  constructor(subject: Digest, options: BelongingsOptions) {
    this.#subject = subject;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { image, sideRepository } = this.#options;
    const readers = sideRepository === undefined ? [image] : [sideRepository, image];
    const attachments = await Promise.all(readers.flatMap((reader) => SUFFIXES.map((suffix) => this.#attachment(reader, suffix))));
    this.found.push(...attachments.flat());
    const seen = new Set<Digest>();
    for (const reader of readers) await this.#referrers(reader, seen);
  }

  async #attachment(reader: ContentReader, suffix: AttachmentSuffix): Promise<Belonging[]> {
    const tag = `${this.#options.tagPrefix ?? ''}${attachmentTag(this.#subject, suffix)}`;
    const stored = await this.#reach(`${reader.name}:${tag}`, 'certain', () => reader.manifest(tag));
    return stored === undefined ? [] : [{ subject: this.#subject, stored, reader, suffix, kind: suffix }];
  }

  async #referrers(reader: ContentReader, seen: Set<Digest>): Promise<void> {
    for await (const { place, descriptors, problem } of reader.referrerLists(this.#subject)) {
      if (problem !== undefined) this.missed.push({ what: place, problem, loss: 'possible' });
      for (const { digest } of descriptors) {
        if (seen.has(digest)) continue;
        seen.add(digest);
        await this.#referrer(reader, digest, place);
      }
    }
  }

  async #referrer(reader: ContentReader, digest: Digest, place: string): Promise<void> {
    const what = `${reader.name}@${digest}`;
    const stale = (problem: TrustError): number => this.missed.push({ what, problem, digest, loss: 'none' });
    let isThere = true;
    const stored = await this.#reach(what, 'certain', async () => {
      const read = await reader.manifest(digest);
      isThere = read !== undefined;
      return read;
    });
    if (!isThere) stale(new TrustError('OCI_NOT_FOUND', `is listed in ${place}, but is not there`));
    if (stored === undefined) return;
    const subject = stored.manifest.subject?.digest;
    if (subject !== this.#subject) {
      stale(new TrustError('OCI_SUBJECT', `is listed in ${place}, but belongs to another`, { expected: this.#subject, found: subject ?? 'no subject' }));
      return;
    }
    this.found.push({ subject, stored, reader, suffix: undefined, kind: kindOf(stored.manifest) });
  }

  async #reach<T>(what: string, loss: Missed['loss'], read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!isTrustError(error)) throw error;
      this.missed.push({ what, problem: error, loss });
      return undefined;
    }
  }
}

/** Of a referrer: by what it says of itself, which nobody has verified. */
function kindOf(manifest: Manifest): Belonging['kind'] {
  const type = artifactTypeOf(manifest);
  const own = /^application\/vnd\.dev\.cosign\.artifact\.(sig|att|sbom)\./.exec(type)?.[1];
  if (own !== undefined) return own as AttachmentSuffix;
  const layers = manifest.kind === 'image' ? manifest.layers.map(({ mediaType }) => mediaType) : [];
  if (isBundleType(type) || layers.some(isBundleType)) {
    const { [PREDICATE_TYPE]: predicateType, [CONTENT]: content } = manifest.annotations;
    return predicateType === SIGNATURE_PREDICATE || content === 'message-signature' ? 'sig' : 'att';
  }
  if (layers.includes(SIMPLE_SIGNING)) return 'sig';
  return layers.includes(DSSE_ENVELOPE) ? 'att' : 'other';
}

/** The manifest itself and, of an index, everything it holds: an index before its children, each once. Errors: `OCI_NOT_FOUND`, `OCI_LIMIT`. */
export async function digestsIn({ descriptor, manifest }: StoredManifest, reader: ContentReader, seen = new Set<Digest>()): Promise<Digest[]> {
  seen.add(descriptor.digest);
  if (seen.size > MAX_DIGESTS) throw new TrustError('OCI_LIMIT', `${reader.name}: the index holds more than ${MAX_DIGESTS} images, the cap`);
  const digests = [descriptor.digest];
  if (manifest.kind === 'image') return digests;
  for (const child of manifest.manifests) {
    if (seen.has(child.digest)) continue;
    if (!isIndexType(child.mediaType)) {
      seen.add(child.digest);
      digests.push(child.digest);
      continue;
    }
    const stored = await reader.manifest(child.digest);
    if (stored === undefined) throw new TrustError('OCI_NOT_FOUND', `${reader.name}: the index names ${child.digest}, which is not there`);
    digests.push(...(await digestsIn(stored, reader, seen)));
  }
  return digests;
}

const SUFFIXES: readonly AttachmentSuffix[] = ['sig', 'att', 'sbom'];
export const PREDICATE_TYPE = 'dev.sigstore.bundle.predicateType';
const CONTENT = 'dev.sigstore.bundle.content';
const SIGNATURE_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';
const MAX_BELONGINGS = 5000;
const MAX_DIGESTS = 10_000;
