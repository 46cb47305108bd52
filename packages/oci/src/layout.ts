/**
 * OCI image layouts: a folder that holds images as a registry would (OCI image specification, "Image Layout").
 *
 *   oci-layout         {"imageLayoutVersion":"1.0.0"}
 *   index.json         an index; `org.opencontainers.image.ref.name` of an entry is its tag
 *   blobs/ALG/HEX      manifests and blobs alike
 *
 * Blobs appear by rename when they are whole and right, and the index is replaced at once: a run that is killed leaves a layout that reads as before.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isTrustError, parseFields, TrustError } from '@assay/core';
import type { BodySource } from '@assay/net';
import { readFileCapped } from '@assay/net/file';
import { artifactTypeOf } from './artifact-type.ts';
import { checkBytes, type Digest, hexOf, isDigest, verified } from './digest.ts';
import { encodeIndex } from './encode.ts';
import { type Descriptor, type ImageIndex, MAX_MANIFEST_BYTES, readManifest, type StoredManifest } from './manifest.ts';
import { OCI_INDEX } from './media-types.ts';
import { type ContentReader, type ContentWriter, type ReferrerFilter, type ReferrerList, sourceOf } from './store.ts';

export const REF_NAME = 'org.opencontainers.image.ref.name';

export class Layout implements ContentReader, ContentWriter {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** An existing one. Errors: `OCI_LAYOUT`. */
  static open(folder: string): Layout {
    const layout = new Layout(folder);
    if (!existsSync(join(folder, 'oci-layout'))) throw new TrustError('OCI_LAYOUT', `${folder}: is not an OCI layout: there is no oci-layout in it`);
    const marker = readFileCapped(join(folder, 'oci-layout'), MAX_MARKER_BYTES);
    const version = parseFields(marker, { what: `${folder}/oci-layout`, parse: 'OCI_LAYOUT', shape: 'OCI_LAYOUT' }).string('imageLayoutVersion');
    if (!version.startsWith('1.')) throw new TrustError('OCI_LAYOUT', `${folder}: unknown version of layout`, { expected: '1.0.0', found: version });
    return layout;
  }

  /** The existing one, or a new one without images. */
  static openOrCreate(folder: string): Layout {
    if (existsSync(join(folder, 'oci-layout'))) return Layout.open(folder);
    mkdirSync(join(folder, 'blobs', 'sha256'), { recursive: true });
    const layout = new Layout(folder);
    layout.#writeIndex([]);
    writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    return layout;
  }

  get name(): string {
    return this.folder;
  }

  /** The entries of `index.json`: what the layout was made to hold. Errors: `OCI_MANIFEST`, `OCI_LAYOUT`. */
  entries(): readonly Descriptor[] {
    const file = join(this.folder, 'index.json');
    const { manifest } = readManifest(readFileCapped(file, MAX_MANIFEST_BYTES), OCI_INDEX, file);
    return (manifest as ImageIndex).manifests;
  }

  async manifest(target: Digest | string): Promise<StoredManifest | undefined> {
    const entry = isDigest(target) ? undefined : this.#entry(target);
    const digest = isDigest(target) ? target : entry?.digest;
    return digest === undefined ? undefined : this.#manifest(digest, entry?.mediaType);
  }

  /** By tag; what cosign saved carries no tags, but says of each entry which of the image's tags it was. */
  #entry(tag: string): Descriptor | undefined {
    const entries = this.entries();
    const named = entries.find(({ annotations }) => annotations?.[REF_NAME] === tag);
    if (named !== undefined) return named;
    const image = entries.find(({ annotations }) => IMAGES.has(annotations?.[KIND] ?? ''));
    const kind = ATTACHED[/\.(?:sig|att)$/.exec(tag)?.[0] ?? ''];
    if (image === undefined || kind === undefined || !tag.includes(image.digest.replace(':', '-'))) return undefined;
    return entries.find(({ annotations }) => annotations?.[KIND] === kind);
  }

  #manifest(digest: Digest, mediaType: string | undefined): StoredManifest | undefined {
    const path = this.#pathOf(digest);
    if (!existsSync(path)) return undefined;
    const bytes = readFileCapped(path, MAX_MANIFEST_BYTES);
    checkBytes(bytes, { digest }, path);
    return readManifest(bytes, mediaType, path);
  }

  async resolve(target: Digest | string): Promise<Descriptor | undefined> {
    return (await this.manifest(target))?.descriptor;
  }

  blob(descriptor: Descriptor): AsyncIterable<Uint8Array> {
    return verified(createReadStream(this.#existing(descriptor)), descriptor, this.#pathOf(descriptor.digest));
  }

  async readBlob(descriptor: Descriptor, maxBytes: number): Promise<Uint8Array> {
    const path = this.#existing(descriptor);
    const bytes = readFileCapped(path, maxBytes);
    checkBytes(bytes, descriptor, path);
    return bytes;
  }

  /** Layouts have no list of referrers: every manifest among the blobs is asked for its subject, as cosign does with what it saved. */
  async *referrerLists(subject: Digest, { artifactType }: ReferrerFilter = {}): AsyncGenerator<ReferrerList, void, void> {
    const place = `manifests in ${this.folder}`;
    const { manifests, problem } = this.#manifests();
    const descriptors = manifests.flatMap(({ descriptor, manifest }): Descriptor[] => {
      if (manifest.subject?.digest !== subject) return [];
      const type = artifactTypeOf(manifest);
      return artifactType === undefined || artifactType === type ? [{ ...descriptor, artifactType: type, annotations: manifest.annotations }] : [];
    });
    const says = problem?.message ?? (descriptors.length === 0 ? 'none' : `${descriptors.length} with this subject`);
    yield { place, descriptors, says, ...(problem !== undefined && { problem }) };
  }

  /** Blobs that are small enough and read as manifests; the rest is content. `problem` when one of them is not what its name says. */
  #manifests(): { manifests: StoredManifest[]; problem: TrustError | undefined } {
    const folder = join(this.folder, 'blobs', 'sha256');
    const manifests: StoredManifest[] = [];
    let problem: TrustError | undefined;
    for (const hex of existsSync(folder) ? readdirSync(folder).toSorted() : []) {
      const read = readIfManifest(join(folder, hex), `sha256:${hex}`);
      if (isTrustError(read)) problem ??= read;
      else if (read !== undefined) manifests.push(read);
    }
    return { manifests, problem };
  }

  async tags(): Promise<string[]> {
    return this.entries().flatMap(({ annotations }) => annotations?.[REF_NAME] ?? []);
  }

  async hasBlob({ digest, size }: Descriptor): Promise<boolean> {
    return statSync(this.#pathOf(digest), { throwIfNoEntry: false })?.size === size;
  }

  async putBlob(descriptor: Descriptor, content: BodySource): Promise<void> {
    if (await this.hasBlob(descriptor)) return;
    const path = this.#pathOf(descriptor.digest);
    const partial = partialOf(path);
    mkdirSync(dirname(path), { recursive: true });
    // Created before anything can fail: a stream of its own opens its file when it likes, also after it was taken away.
    const { open } = await import('node:fs/promises'); // costs start-up, and few runs write
    const file = await open(partial, 'wx');
    try {
      await file.writeFile(verified(content.open(), descriptor, path));
      await file.sync();
      renameSync(partial, path);
    } finally {
      await file.close();
      rmSync(partial, { force: true });
    }
  }

  async hasManifest(digest: Digest): Promise<boolean> {
    return existsSync(this.#pathOf(digest));
  }

  async putManifest({ bytes, mediaType, tag }: { bytes: Uint8Array; mediaType: string; tag?: string | undefined }): Promise<Digest> {
    const { descriptor } = readManifest(bytes, mediaType, `manifest for ${this.folder}`);
    await this.putBlob(descriptor, sourceOf(bytes));
    if (tag !== undefined) this.addEntry({ ...descriptor, annotations: { [REF_NAME]: tag } });
    return descriptor.digest;
  }

  /** Adds an entry to `index.json`; one with the same annotations is replaced. */
  addEntry(entry: Descriptor): void {
    const key = annotationsKey(entry);
    const others = this.entries().filter((other) => (key === '[]' ? other.digest !== entry.digest : annotationsKey(other) !== key));
    this.#writeIndex([...others, entry]);
  }

  /** The entries of `index.json` anew, at once; what the old ones alone led to stays among the blobs. */
  replaceEntries(entries: readonly Descriptor[]): void {
    this.#writeIndex(entries);
  }

  #writeIndex(manifests: readonly Descriptor[]): void {
    const file = join(this.folder, 'index.json');
    const partial = partialOf(file);
    writeFileSync(partial, encodeIndex({ mediaType: OCI_INDEX, manifests }), { flush: true });
    renameSync(partial, file);
  }

  #pathOf(digest: Digest): string {
    return join(this.folder, 'blobs', digest.slice(0, digest.indexOf(':')), hexOf(digest));
  }

  #existing({ digest }: Descriptor): string {
    const path = this.#pathOf(digest);
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return path;
    throw new TrustError('OCI_NOT_FOUND', `${this.folder}: the layout does not hold ${digest}`);
  }
}

/** Each writer has its own, in this process and in others. */
function partialOf(path: string): string {
  return `${path}.${randomUUID()}.partial`;
}

/** Equal for equal annotations, in whatever order they come. */
function annotationsKey({ annotations = {} }: Descriptor): string {
  return JSON.stringify(Object.entries(annotations).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Undefined for what is none: JSON with a `schemaVersion` may also be a document that somebody signed. */
function readIfManifest(path: string, digest: string): StoredManifest | TrustError | undefined {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!isDigest(digest) || status?.isFile() !== true || status.size > MAX_MANIFEST_BYTES) return undefined;
  const bytes = readFileSync(path);
  // The first character settles it for most: layers are compressed.
  if (bytes[0] !== 0x7b || !bytes.includes('"schemaVersion"')) return undefined;
  try {
    checkBytes(bytes, { digest }, path);
    return readManifest(bytes, undefined, path);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return error.code === 'OCI_DIGEST_MISMATCH' ? error : undefined;
  }
}

/** How `cosign save` marks the entries of `index.json`. */
export const KIND = 'kind';
export const KINDS = {
  image: 'dev.cosignproject.cosign/image',
  index: 'dev.cosignproject.cosign/imageIndex',
  signatures: 'dev.cosignproject.cosign/sigs',
  attestations: 'dev.cosignproject.cosign/atts',
} as const;
const IMAGES: ReadonlySet<string> = new Set([KINDS.image, KINDS.index]);
const ATTACHED: Readonly<Record<string, string>> = { '.sig': KINDS.signatures, '.att': KINDS.attestations };
const MAX_MARKER_BYTES = 4096;
