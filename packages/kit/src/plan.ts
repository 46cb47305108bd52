/**
 * What goes into a kit, before it is written: manifests are read, content is known by digest and size and is fetched when its turn in the file has come. So
 * the list can stand first, nothing large is held, and what is verified before the kit is written is what will be in it.
 */
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { quote, TrustError, utf8 } from '@assay/core';
import type { BodySource } from '@assay/net';
import {
  artifactTypeOf,
  type Belonging,
  type ContentReader,
  type ContentWriter,
  childrenFor,
  type Descriptor,
  type Digest,
  digestOf,
  digestsIn,
  encodeIndex,
  findBelongings,
  HELM_CONFIG,
  KIND,
  KINDS,
  type Missed,
  OCI_INDEX,
  REF_NAME,
  readManifest,
  type StoredManifest,
  sourceOf,
  targetTag,
} from '@assay/oci';
import { isForeignType } from '@assay/oci/image';
import { type BlobStore, KitContent } from './content.ts';
import { imageNames } from './image-names.ts';
import { blobPath, type KitFileThing, type KitImage, type KitThing } from './manifest.ts';
import { isEntryPath } from './paths.ts';

/** Content of an entry. */
export interface Piece {
  readonly digest: Digest;
  readonly size: number;
  /** From the start, each time. Whoever writes it checks it. */
  readonly open: () => AsyncIterable<Uint8Array>;
}

export interface ImageToPack {
  readonly stored: StoredManifest;
  readonly from: ContentReader;
  /** `HOST/REPOSITORY` */
  readonly name: string;
  readonly tag?: string | undefined;
  /** One of an index, instead of all. */
  readonly platform?: string | undefined;
  /** Where evidence may lie besides. */
  readonly sideRepository?: ContentReader | undefined;
}

export class KitPlan implements BlobStore, ContentWriter {
  readonly name: string;
  readonly things: KitThing[] = [];
  /** What belongs to the images and could not be had. */
  readonly missed: Missed[] = [];
  readonly #names = new Set<string>();
  readonly #pieces = new Map<string, Piece>();
  readonly #images = new Map<Digest, Descriptor>();
  /** By tag, and by digest. */
  readonly #attached = new Map<string, Descriptor>();
  readonly #others = new Map<Digest, Descriptor>();

  /** `name`: of the kit, for messages. */
  constructor(name: string) {
    this.name = name;
  }

  /** An image, index or chart with all that belongs to it. Errors: `USAGE` for a name that is in already, `OCI_…`, `NET_…`. */
  async addImage({ stored, from, name, tag, platform, sideRepository }: ImageToPack): Promise<KitImage> {
    this.#requireNew(`${name}:${tag ?? stored.descriptor.digest}`);
    const chosen = await choose(stored, from, platform);
    const isPart = chosen.descriptor.digest !== stored.descriptor.digest;
    await this.#addTree(chosen, from);
    this.#images.set(chosen.descriptor.digest, bare(chosen));
    if (isPart) {
      this.#addBytes(blobPath(stored.descriptor.digest), stored.bytes, stored.descriptor.digest);
      this.#others.set(stored.descriptor.digest, bare(stored));
    }
    const subjects = [...(isPart ? [stored.descriptor.digest] : []), ...(await digestsIn(chosen, from))];
    const { found, missed } = await findBelongings(subjects, { image: from, sideRepository });
    this.missed.push(...missed);
    for (const belonging of found) await this.#addBelonging(belonging);
    const kind = chosen.manifest.kind === 'image' && chosen.manifest.config.mediaType === HELM_CONFIG ? 'chart' : 'image';
    const thing: KitImage = {
      kind,
      name,
      ...(tag !== undefined && { tag }),
      digest: chosen.descriptor.digest,
      ...(isPart && { index: stored.descriptor.digest }),
      verified: false,
    };
    this.things.push(thing);
    return thing;
  }

  /** Two things for one name would be two answers to what it stands for. */
  #requireNew(name: string): void {
    if (this.#names.has(name)) throw new TrustError('USAGE', `${quote(name)} is to go in twice`, { hint: 'name it once' });
    this.#names.add(name);
  }

  async #addTree(stored: StoredManifest, from: ContentReader): Promise<void> {
    const { manifest, descriptor } = stored;
    this.#addBytes(blobPath(descriptor.digest), stored.bytes, descriptor.digest);
    if (manifest.kind === 'index') {
      for (const { digest } of manifest.manifests) {
        if (this.#pieces.has(blobPath(digest))) continue;
        const child = await from.manifest(digest);
        if (child === undefined) throw new TrustError('OCI_NOT_FOUND', `${from.name}: the index names ${digest}, which is not there`);
        await this.#addTree(child, from);
      }
      return;
    }
    for (const blob of [manifest.config, ...manifest.layers]) {
      if (isForeignType(blob.mediaType) || this.#pieces.has(blobPath(blob.digest))) continue;
      this.#pieces.set(blobPath(blob.digest), { digest: blob.digest, size: blob.size, open: () => from.blob(blob) });
    }
  }

  async #addBelonging(belonging: Belonging): Promise<void> {
    const { stored, reader } = belonging;
    const { digest } = stored.descriptor;
    const tag = targetTag(belonging);
    const other = tag === undefined ? undefined : this.#attached.get(tag);
    if (other !== undefined && other.digest !== digest) {
      const problem = new TrustError('OCI_EXISTS', `something else lies at ${tag} already`, { expected: other.digest, found: digest });
      this.missed.push({ what: `${reader.name}@${digest}`, problem, loss: 'certain' });
      return;
    }
    await this.#addTree(stored, reader);
    if (tag === undefined) this.#others.set(digest, listed(stored));
    else this.#attached.set(tag, { ...bare(stored), annotations: { [REF_NAME]: tag } });
  }

  /** A file of this machine, read once now for its digest and once when the kit is written. Errors: `FILE_…`, `USAGE` for two of one name. */
  async addFile(name: string, path: string): Promise<KitFileThing> {
    const place = `files/${name}`;
    this.#requireFree(place);
    const piece = await filePiece(path);
    this.#pieces.set(place, piece);
    const added: KitFileThing = { kind: 'file', name, digest: piece.digest, path: place, evidence: [], verified: false };
    this.things.push(added);
    return added;
  }

  /** A bundle about a file that is in already; its path. Errors: `USAGE` for a name that is taken. */
  addEvidence(file: KitFileThing, name: string, bytes: Uint8Array): string {
    const path = `files/${name}`;
    this.addBytes(path, bytes);
    const at = this.things.findIndex((thing) => thing.kind === 'file' && thing.path === file.path);
    const thing = this.things[at];
    if (thing?.kind === 'file') this.things[at] = { ...thing, evidence: [...thing.evidence, path] };
    return path;
  }

  /** Errors: `USAGE` for a place that is taken. */
  addBytes(path: string, bytes: Uint8Array): void {
    this.#requireFree(path);
    this.#addBytes(path, bytes, digestOf(bytes));
  }

  #addBytes(path: string, bytes: Uint8Array, digest: Digest): void {
    this.#pieces.set(path, { digest, size: bytes.length, open: () => sourceOf(bytes).open() });
  }

  #requireFree(path: string): void {
    if (!isEntryPath(path)) {
      throw new TrustError('USAGE', `a kit cannot hold a file of this name: ${quote(path)}`, {
        hint: 'rename it: letters, digits, points, dashes and underscores are safe',
      });
    }
    if (this.#pieces.has(path))
      throw new TrustError('USAGE', `two files have one name in the kit: ${quote(path)}`, { hint: 'rename one of them, or make a kit of its own' });
  }

  has(path: string): boolean {
    return this.#pieces.has(path);
  }

  /** Everything but the list, by path. */
  pieces(): ReadonlyMap<string, Piece> {
    const fixed = this.#images.size === 0 ? [] : [['oci-layout', MARKER] as const, ['index.json', this.#index()] as const];
    const made = fixed.map(([path, bytes]): [string, Piece] => [path, { digest: digestOf(bytes), size: bytes.length, open: () => sourceOf(bytes).open() }]);
    return new Map([...this.#pieces, ...made]);
  }

  #index(): Uint8Array {
    return encodeIndex({ mediaType: OCI_INDEX, manifests: this.#entries() });
  }

  #entries(): readonly Descriptor[] {
    const images = this.things.filter((thing) => thing.kind !== 'file');
    const names = imageNames(images);
    const named = images.map(({ digest }, i): Descriptor => {
      const descriptor = this.#images.get(digest) as Descriptor;
      return { ...descriptor, annotations: { [KIND]: descriptor.mediaType === OCI_INDEX ? KINDS.index : KINDS.image, ...names[i] } };
    });
    const byDigest = (a: Descriptor, b: Descriptor) => (a.digest < b.digest ? -1 : 1);
    const attached = [...this.#attached].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
    return [...named, ...attached, ...[...this.#others.values()].toSorted(byDigest)];
  }

  /** As the kit will show it. */
  content(): KitContent {
    return new KitContent(this, this.#entries());
  }

  sizeOf(digest: Digest): number | undefined {
    return this.#pieces.get(blobPath(digest))?.size;
  }

  open(digest: Digest): AsyncIterable<Uint8Array> {
    return this.stream(blobPath(digest));
  }

  /** Errors: `TypeError` for what is not there. */
  stream(path: string): AsyncIterable<Uint8Array> {
    const piece = this.#pieces.get(path);
    if (piece === undefined) throw new TypeError(`not in the kit: ${path}`);
    return piece.open();
  }

  // ------------------------------------------------------------------- as a place where bundles are attached to images

  async hasBlob({ digest }: Descriptor): Promise<boolean> {
    return this.#pieces.has(blobPath(digest));
  }

  async putBlob({ digest, size }: Descriptor, { open }: BodySource): Promise<void> {
    this.#pieces.set(blobPath(digest), { digest, size, open });
  }

  async hasManifest(digest: Digest): Promise<boolean> {
    return this.#pieces.has(blobPath(digest));
  }

  async putManifest({ bytes, mediaType }: { readonly bytes: Uint8Array; readonly mediaType: string }): Promise<Digest> {
    const stored = readManifest(bytes, mediaType, `manifest for ${this.name}`);
    this.#addBytes(blobPath(stored.descriptor.digest), bytes, stored.descriptor.digest);
    this.#others.set(stored.descriptor.digest, listed(stored));
    return stored.descriptor.digest;
  }
}

/** Where there is nothing to choose, it is taken as it is. */
async function choose(stored: StoredManifest, from: ContentReader, platform: string | undefined): Promise<StoredManifest> {
  const { manifest, descriptor } = stored;
  if (platform === undefined || manifest.kind === 'image') return stored;
  const found = childrenFor(manifest, platform);
  const [child] = found;
  const image = child === undefined || found.length > 1 ? undefined : await from.manifest(child.digest);
  if (image !== undefined) return image;
  throw new TrustError('OCI_PLATFORM', `${from.name}@${descriptor.digest}: ${found.length === 0 ? 'no image' : `${found.length} images`} for ${platform}`, {
    expected: platform,
    found: manifest.manifests.flatMap((one) => (one.platform === undefined ? [] : [`${one.platform.os}/${one.platform.architecture}`])).join(', '),
  });
}

function bare({ descriptor: { mediaType, digest, size } }: StoredManifest): Descriptor {
  return { mediaType, digest, size };
}

/** As other tools list a referrer in a layout. */
function listed(stored: StoredManifest): Descriptor {
  return { ...bare(stored), artifactType: artifactTypeOf(stored.manifest) };
}

async function filePiece(path: string): Promise<Piece> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new TrustError('FILE_UNREADABLE', `${quote(path)}: is no file`, { hint: 'what goes into a kit is read twice: name the file itself' });
  }
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: `sha256:${hash.digest('hex')}`, size, open: () => createReadStream(path) };
}

const MARKER = utf8('{"imageLayoutVersion":"1.0.0"}');
