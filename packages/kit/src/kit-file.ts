/**
 * A kit that is there: opened once, and read at the places that its list of entries leads to. Nothing is unpacked, and no header decides anything: a kit has
 * exactly the bytes that its list demands (`tar-header.ts`), so that where an entry lies follows from the list.
 *
 * The list is read once. Whatever is read later is held against it, also when somebody writes to the file or puts another in its place meanwhile.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { quote, TrustError } from '@assay/core';
import { type Descriptor, type Digest, type ImageIndex, MAX_MANIFEST_BYTES as MAX_INDEX_BYTES, OCI_INDEX, readManifest, verified } from '@assay/oci';
import { type BlobStore, KitContent } from './content.ts';
import { blobPath, type KitEntry, type KitManifest, MANIFEST_PATH, MAX_MANIFEST_BYTES, parseKitManifest } from './manifest.ts';
import { BLOCK_BYTES, describeHeader, END_BYTES, entryHeader, paddingOf, sizeInHeader } from './tar-header.ts';

interface Placed extends KitEntry {
  /** Of the content. */
  readonly offset: number;
}

export class KitFile implements BlobStore {
  /** As it was given. */
  readonly name: string;
  readonly manifest: KitManifest;
  /** Bytes of the file. */
  readonly size: number;
  readonly #file: number;
  readonly #places: ReadonlyMap<string, Placed>;
  #content: Promise<KitContent> | undefined;

  private constructor(name: string, file: number, size: number) {
    this.name = name;
    this.#file = file;
    this.size = size;
    const { content, end } = this.#readFirst();
    this.manifest = parseKitManifest(content, name);
    this.#places = this.#place(end);
  }

  /**
   * Reads the list and every header. To be closed.
   * Errors: `FILE_…`, `KIT_FORMAT`, `KIT_INCOMPLETE`, `KIT_MISMATCH`.
   */
  static open(path: string): KitFile {
    const file = openFile(path);
    try {
      const status = fstatSync(file);
      if (!status.isFile())
        throw new TrustError('FILE_UNREADABLE', `${quote(path)}: is no file`, { hint: 'a kit is read at many places: name the file itself' });
      return new KitFile(path, file, status.size);
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  // ------------------------------------------------------------------------------------------------------------- opening

  #readFirst(): { readonly content: Uint8Array; readonly end: number } {
    const header = this.#readAt(0, BLOCK_BYTES);
    // What is too short for a header is a part of a kit only when it is the beginning of one.
    if (
      header.length < BLOCK_BYTES &&
      entryHeader(MANIFEST_PATH, 0).subarray(0, Math.min(header.length, MANIFEST_PATH.length)).equals(header.subarray(0, MANIFEST_PATH.length))
    ) {
      throw this.#cut(MANIFEST_PATH, undefined);
    }
    const size = sizeInHeader(header, MANIFEST_PATH);
    if (size === undefined) {
      const found = describeHeader(header);
      throw new TrustError('KIT_FORMAT', `${quote(this.name)}: is not a kit: it does not begin with ${MANIFEST_PATH}`, {
        found: found === undefined ? 'zeros' : quote(found.name, 80),
      });
    }
    if (size > MAX_MANIFEST_BYTES) {
      throw new TrustError('KIT_FORMAT', `${quote(this.name)}: ${MANIFEST_PATH} says it has ${size} bytes, the cap is ${MAX_MANIFEST_BYTES}`);
    }
    const end = BLOCK_BYTES + size + paddingOf(size);
    if (end > this.size) throw this.#cut(MANIFEST_PATH, undefined);
    const content = this.#readAt(BLOCK_BYTES, size + paddingOf(size));
    this.#requireZeros(content.subarray(size), MANIFEST_PATH);
    return { content: content.subarray(0, size), end };
  }

  /** Where each entry lies, and that its header stands before it. */
  #place(start: number): ReadonlyMap<string, Placed> {
    const places = new Map<string, Placed>();
    const file = new Ahead((from, length) => this.#readAt(from, length));
    let offset = start;
    for (const entry of this.manifest.entries) {
      const header = entryHeader(entry.path, entry.size);
      const found = file.read(offset, header.length);
      if (!header.equals(found)) throw this.#otherHeader(entry, header, found);
      offset += header.length;
      places.set(entry.path, { ...entry, offset });
      offset += entry.size + paddingOf(entry.size);
      if (offset > this.size) throw this.#cut(entry.path, start);
      if (paddingOf(entry.size) > 0) this.#requireZeros(file.read(offset - paddingOf(entry.size), paddingOf(entry.size)), entry.path);
    }
    this.#requireEnd(offset, start);
    return places;
  }

  #requireEnd(offset: number, start: number): void {
    const end = this.#readAt(offset, END_BYTES);
    const found = end.length >= BLOCK_BYTES ? describeHeader(end.subarray(0, BLOCK_BYTES)) : undefined;
    if (found !== undefined) {
      throw new TrustError('KIT_MISMATCH', `${quote(this.name)}: holds ${found.type} that ${MANIFEST_PATH} does not name: ${quote(found.name, 80)}`);
    }
    if (end.length < END_BYTES) throw this.#cut('the end of the archive', start);
    this.#requireZeros(end, 'the last entry');
    if (this.size === offset + END_BYTES) return;
    throw new TrustError('KIT_FORMAT', `${quote(this.name)}: goes on behind its end`, { expected: `${offset + END_BYTES} bytes`, found: `${this.size} bytes` });
  }

  /** What stands there instead, in words. */
  #otherHeader({ path }: KitEntry, header: Uint8Array, found: Uint8Array): TrustError {
    if (found.length < header.length) return this.#cut(path, undefined);
    const told = describeHeader(found.subarray(0, BLOCK_BYTES));
    const where = `${quote(this.name)}: where ${quote(path, 80)} is due`;
    if (told === undefined) return new TrustError('KIT_MISMATCH', `${where}, the archive ends`);
    const known = this.manifest.entries.some((entry) => entry.path === told.name) || told.name === MANIFEST_PATH;
    if (told.name !== path && !known && told.type === 'a file') {
      return new TrustError('KIT_MISMATCH', `${where}, something that ${MANIFEST_PATH} does not name lies in it: ${quote(told.name, 80)}`);
    }
    const code = told.name === path || told.type !== 'a file' ? 'KIT_FORMAT' : 'KIT_MISMATCH';
    return new TrustError(code, `${where}, another header stands`, {
      expected: `a file of the size that is listed`,
      found: `${told.type}: ${quote(told.name, 80)}`,
    });
  }

  /** What nobody looks at could be different things to different readers. */
  #requireZeros(bytes: Uint8Array, path: string): void {
    if (bytes.every((byte) => byte === 0)) return;
    throw new TrustError('KIT_FORMAT', `${quote(this.name)}: something lies behind ${quote(path, 80)} that no entry has`);
  }

  /** `start`: where the entries begin, when the list says how far they go. */
  #cut(path: string, start: number | undefined): TrustError {
    return new TrustError('KIT_INCOMPLETE', `${quote(this.name)}: ends within ${quote(path, 80)}, after ${this.size} bytes`, {
      ...(start !== undefined && { expected: `${this.#totalFrom(start)} bytes`, found: `${this.size} bytes` }),
    });
  }

  #totalFrom(start: number): number {
    return this.manifest.entries.reduce((sum, { path, size }) => sum + entryHeader(path, size).length + size + paddingOf(size), start + END_BYTES);
  }

  /** Fewer bytes at the end of the file. */
  #readAt(offset: number, length: number): Buffer<ArrayBuffer> {
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const count = readSync(this.#file, bytes, done, length - done, offset + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }

  // ------------------------------------------------------------------------------------------------------------- reading

  /** Bytes and digest of an entry. Errors: `TypeError` for a path that the list does not have: that is to be asked first. */
  entry(path: string): KitEntry {
    return this.#placeOf(path);
  }

  /** Held against the list while it passes; the last piece comes when all of it is right. Errors: `OCI_DIGEST_MISMATCH`, `KIT_INCOMPLETE`. */
  stream(path: string): AsyncIterable<Uint8Array> {
    const { digest, size } = this.#placeOf(path);
    return verified(this.#chunks(path), { digest, size }, `${this.name}: ${path}`);
  }

  /** Errors: as for `stream`; `KIT_FORMAT` for more than `maxBytes`. */
  async read(path: string, maxBytes: number): Promise<Uint8Array> {
    const { size } = this.#placeOf(path);
    if (size > maxBytes) throw new TrustError('KIT_FORMAT', `${quote(this.name)}: ${quote(path, 80)} has ${size} bytes, the cap is ${maxBytes}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.stream(path)) chunks.push(chunk);
    return Buffer.concat(chunks, size);
  }

  sizeOf(digest: Digest): number | undefined {
    return this.#places.get(blobPath(digest))?.size;
  }

  open(digest: Digest): AsyncIterable<Uint8Array> {
    return this.#chunks(blobPath(digest));
  }

  /** Images, charts and what belongs to them. Errors: those of reading `index.json`. */
  content(): Promise<KitContent> {
    this.#content ??= this.#openContent();
    return this.#content;
  }

  async #openContent(): Promise<KitContent> {
    return new KitContent(this, await this.#indexEntries());
  }

  async #indexEntries(): Promise<readonly Descriptor[]> {
    if (!this.#places.has('index.json')) return [];
    const { manifest } = readManifest(await this.read('index.json', MAX_INDEX_BYTES), OCI_INDEX, `${this.name}: index.json`);
    return (manifest as ImageIndex).manifests;
  }

  /**
   * Reads all of it, and holds every byte against the list.
   * @param pin what the whole file must have as its digest, when that is known
   * Errors: `KIT_MISMATCH`, `KIT_INCOMPLETE`.
   */
  async check({ pin, onBytes }: { readonly pin?: Digest | undefined; readonly onBytes?: (bytes: number) => void }): Promise<void> {
    const whole = pin === undefined ? undefined : createHash(pin.slice(0, pin.indexOf(':')));
    let at = 0;
    for (const { path, digest, offset } of this.#places.values()) {
      whole?.update(this.#readAt(at, offset - at));
      at = offset;
      const hash = createHash(digest.slice(0, digest.indexOf(':')));
      for await (const chunk of this.#chunks(path)) {
        hash.update(chunk);
        whole?.update(chunk);
        at += chunk.length;
        onBytes?.(at);
      }
      const found = `${digest.slice(0, digest.indexOf(':'))}:${hash.digest('hex')}`;
      if (found !== digest) throw new TrustError('KIT_MISMATCH', `${quote(this.name)}: ${quote(path, 80)} is not what is listed`, { expected: digest, found });
    }
    if (pin === undefined || whole === undefined) return;
    const found = `${pin.slice(0, pin.indexOf(':'))}:${whole.update(this.#readAt(at, this.size - at)).digest('hex')}`;
    if (found !== pin) throw new TrustError('KIT_MISMATCH', `${quote(this.name)}: is another kit than the one that was named`, { expected: pin, found });
  }

  async *#chunks(path: string): AsyncGenerator<Uint8Array, void, void> {
    const { offset, size } = this.#placeOf(path);
    if (size <= SMALL_BYTES) {
      const bytes = this.#readAt(offset, size);
      if (bytes.length < size) throw this.#cut(path, undefined);
      if (size > 0) yield bytes;
      return;
    }
    for (let done = 0; done < size; ) {
      const length = Math.min(CHUNK_BYTES, size - done);
      const { buffer, bytesRead } = await readFile(this.#file, Buffer.allocUnsafe(length), 0, length, offset + done);
      if (bytesRead === 0) throw this.#cut(path, undefined);
      yield buffer.subarray(0, bytesRead);
      done += bytesRead;
    }
  }

  #placeOf(path: string): Placed {
    const place = this.#places.get(path);
    if (place === undefined) throw new TypeError(`not in the kit: ${path}`);
    return place;
  }
}

/** Reading forwards in small steps, with few requests to the system. */
class Ahead {
  readonly #readAt: (offset: number, length: number) => Buffer;
  #window: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(readAt: (offset: number, length: number) => Buffer) {
    this.#readAt = readAt;
  }

  read(offset: number, length: number): Buffer {
    if (offset < this.#start || offset + length > this.#start + this.#window.length) {
      this.#window = this.#readAt(offset, Math.max(length, SMALL_BYTES));
      this.#start = offset;
    }
    return this.#window.subarray(offset - this.#start, offset - this.#start + length);
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new TrustError('FILE_NOT_FOUND', `${quote(path)}: no such file`, { cause: error });
    throw new TrustError('FILE_UNREADABLE', `${quote(path)}: cannot be read (${code})`, { cause: error });
  }
}

const readFile = promisify(read);
const CHUNK_BYTES = 256 * 1024;
/** Asking the system to wait for these costs more than waiting. */
const SMALL_BYTES = 64 * 1024;
