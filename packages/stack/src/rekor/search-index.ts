/**
 * Which entries of a log hold a search key: a helper beside the log that decides nothing, and can be made again from the log at any time.
 *
 * On disk it is a file of records, two words each, in batches:
 *
 *   key · index                     the entry at `index` is found by a key that begins with this word
 *   checksum · 2^31 + entries       end of a batch: all entries below `entries` are in. What follows the last sound end is dropped.
 *
 * In memory records have a third word: the number of the record before in the same bucket. Three keys an entry are 36 bytes, so that a
 * million entries are 36 MB and the table over them; of three million keys one in a thousand shares its word with another, and costs a look
 * at an entry.
 *
 * The writer of an entry tells its keys, since it has them at hand; they are on disk a second later, without delaying anybody. Whatever
 * was not told, or not yet on disk when the process ended, is read from the log.
 */
import type { Logger } from 'pino';
import { Refusal } from '../http/refusal.ts';
import type { Disk } from '../store/disk.ts';
import type { SearchKey } from './search-keys.ts';

/** The log as it is searched: `T` is an entry. */
export interface SearchableLog<T> {
  size(): number;
  /** Entries [start, end). */
  read(start: number, end: number): Promise<readonly T[]>;
  keys(entry: T): readonly SearchKey[];
}

/** Each term is a list of keys that mean the same; an entry matches a term when it holds one of them. */
export interface SearchQuery {
  readonly operator: 'and' | 'or';
  readonly terms: readonly (readonly SearchKey[])[];
}

export interface Hit<T> {
  readonly index: number;
  readonly entry: T;
}

export interface SearchIndex<T> {
  /** Entries that are in it, from the first. */
  readonly size: number;
  /** The keys of the entry that was just published; any order. */
  add(index: number, keys: readonly SearchKey[]): void;
  /** The newest first, 1000 at most. Throws `Refusal` 503 while much of the log is still being read. */
  find(query: SearchQuery): Promise<Hit<T>[]>;
  /** Waits until what was told is on disk. */
  close(): Promise<void>;
}

export interface SearchIndexOptions<T> {
  readonly disk: Disk;
  readonly entries: SearchableLog<T>;
  readonly log: Logger;
}

export async function openSearchIndex<T>({ disk, entries, log }: SearchIndexOptions<T>): Promise<SearchIndex<T>> {
  const { table, sound } = loadTable((await disk.read(SEARCH_INDEX_FILE)) ?? new Uint8Array(0), entries.size());
  return new DiskSearchIndex(disk, entries, log, table, sound);
}

class DiskSearchIndex<T> implements SearchIndex<T> {
  readonly #disk: Disk;
  readonly #entries: SearchableLog<T>;
  readonly #log: Logger;
  readonly #table: RecordTable;
  /** Told before an entry below them was. */
  readonly #waiting = new Map<number, readonly SearchKey[]>();
  /** Records that are on disk, and whether the file ends with them. */
  #saved: number;
  #sound: boolean;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();
  #reading: Promise<void> | undefined;
  #closed = false;

  constructor(disk: Disk, entries: SearchableLog<T>, log: Logger, table: RecordTable, sound: boolean) {
    this.#disk = disk;
    this.#entries = entries;
    this.#log = log;
    this.#table = table;
    this.#saved = sound ? table.count : 0;
    this.#sound = sound;
    if (table.entries < entries.size()) this.#saveSoon();
  }

  get size(): number {
    return this.#table.entries;
  }

  add(index: number, keys: readonly SearchKey[]): void {
    if (index < this.size || this.#closed) return;
    if (index > this.size) {
      // Far ahead of what is being read, there is no use in keeping it: its turn comes.
      if (this.#waiting.size < MAX_WAITING) this.#waiting.set(index, keys);
      return;
    }
    this.#table.add(keys);
    for (let next = this.#waiting.get(this.size); next !== undefined; next = this.#waiting.get(this.size)) {
      this.#waiting.delete(this.size);
      this.#table.add(next);
    }
    this.#saveSoon();
  }

  async find({ operator, terms }: SearchQuery): Promise<Hit<T>[]> {
    await this.#readUp();
    const found = terms.map((keys) => new Set(keys.flatMap((key) => this.#table.find(key))));
    const all = [...new Set(found.flatMap((indexes) => [...indexes]))].sort((a, b) => b - a);
    const candidates = operator === 'or' ? all : all.filter((index) => found.every((indexes) => indexes.has(index)));
    return this.#lookAt(candidates.slice(0, MAX_HITS), { operator, terms });
  }

  /** Those of the candidates that do match. Neighbours are read together, since a log has its entries in bundles. */
  async #lookAt(candidates: readonly number[], query: SearchQuery): Promise<Hit<T>[]> {
    const hits: Hit<T>[] = [];
    for (let next = 0; next < candidates.length; ) {
      const bundle = bundleOf(candidates[next] as number);
      const after = candidates.findIndex((index, i) => i > next && bundleOf(index) !== bundle);
      const together = candidates.slice(next, after < 0 ? undefined : after);
      const first = together.at(-1) as number;
      const entries = await this.#entries.read(first, (together[0] as number) + 1);
      for (const index of together) {
        const entry = entries[index - first];
        if (entry !== undefined && matches(new Set(this.#entries.keys(entry)), query)) hits.push({ index, entry });
      }
      next += together.length;
    }
    return hits;
  }

  /** Reads what is missing, unless that takes long. */
  async #readUp(): Promise<void> {
    const missing = this.#entries.size() - this.size;
    if (missing === 0) return;
    const reading = this.#readMissing();
    if (missing > MAX_MISSING) {
      reading.catch(() => undefined);
      const message = `the search index is being made: ${this.size} of ${this.#entries.size()} entries are in it`;
      throw new Refusal(503, message, { headers: { 'Retry-After': '10' } });
    }
    await reading;
  }

  #readMissing(): Promise<void> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    while (this.size < this.#entries.size() && !this.#closed) {
      const start = this.size;
      const end = Math.min(start - (start % BUNDLE) + BUNDLE, this.#entries.size());
      const entries = await this.#entries.read(start, end);
      if (entries.length === 0) return;
      entries.forEach((entry, i) => {
        if (start + i === this.size) this.add(start + i, this.#entries.keys(entry));
      });
      await new Promise(setImmediate);
    }
  }

  #saveSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#readMissing().catch((error: unknown) => this.#log.error({ err: error }, 'the log cannot be read for the search index'));
      this.#saving = this.#saving.then(() => this.#save());
    }, SAVE_AFTER_MS).unref();
  }

  /** When it fails, nobody knows how the file ends: the next time it is written as a whole. */
  async #save(): Promise<void> {
    const { count } = this.#table;
    if (count === this.#saved && this.#sound) return;
    const batch = this.#table.encode(this.#sound ? this.#saved : 0);
    try {
      await (this.#sound ? this.#disk.append(SEARCH_INDEX_FILE, batch) : this.#disk.write(SEARCH_INDEX_FILE, batch));
      this.#saved = count;
      this.#sound = true;
    } catch (error) {
      this.#sound = false;
      this.#log.warn({ err: error }, 'the search index cannot be written; it is made again when it is needed');
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#reading?.catch(() => undefined);
    await this.#saving;
    await this.#save();
  }
}

function bundleOf(index: number): number {
  return Math.floor(index / BUNDLE);
}

function matches(held: ReadonlySet<SearchKey>, { operator, terms }: SearchQuery): boolean {
  const holds = (keys: readonly SearchKey[]): boolean => keys.some((key) => held.has(key));
  return operator === 'and' ? terms.every(holds) : terms.some(holds);
}

/** The records in memory, and a hash table of chains over them. */
export class RecordTable {
  /** Entries whose keys are all here. */
  entries = 0;
  count = 0;
  readonly #chunks: Uint32Array[] = [];
  /** Of each bucket the number of its last record, from 1. */
  #heads: Uint32Array;

  constructor(expected: number) {
    this.#heads = new Uint32Array(2 ** Math.max(10, Math.ceil(Math.log2(expected + 1)) - 1));
  }

  add(keys: readonly SearchKey[]): void {
    for (const key of keys) this.put(wordOf(key), this.entries);
    this.entries++;
  }

  put(word: number, index: number): void {
    const number = this.count++;
    if (number % CHUNK === 0) this.#chunks.push(new Uint32Array(CHUNK * WORDS));
    const chunk = this.#chunks[Math.floor(number / CHUNK)] as Uint32Array;
    const offset = (number % CHUNK) * WORDS;
    chunk[offset] = word;
    chunk[offset + 1] = index;
    this.#link(chunk, offset, number);
    if (this.count > 2 * this.#heads.length) this.#grow();
  }

  /** The record with this number, below `count`. They are in the order of entries. */
  record(number: number): { readonly word: number; readonly index: number } {
    const chunk = this.#chunks[Math.floor(number / CHUNK)] as Uint32Array;
    const offset = (number % CHUNK) * WORDS;
    return { word: chunk[offset] as number, index: chunk[offset + 1] as number };
  }

  #link(chunk: Uint32Array, offset: number, number: number): void {
    const bucket = (chunk[offset] as number) & (this.#heads.length - 1);
    chunk[offset + 2] = this.#heads[bucket] as number;
    this.#heads[bucket] = number + 1;
  }

  #grow(): void {
    this.#heads = new Uint32Array(2 * this.#heads.length);
    for (let number = 0; number < this.count; number++) {
      this.#link(this.#chunks[Math.floor(number / CHUNK)] as Uint32Array, (number % CHUNK) * WORDS, number);
    }
  }

  /** Indexes of entries, the newest first. */
  find(key: SearchKey): number[] {
    const word = wordOf(key);
    const indexes: number[] = [];
    for (let number = this.#heads[word & (this.#heads.length - 1)] as number; number !== 0; ) {
      const chunk = this.#chunks[Math.floor((number - 1) / CHUNK)] as Uint32Array;
      const offset = ((number - 1) % CHUNK) * WORDS;
      if (chunk[offset] === word) indexes.push(chunk[offset + 1] as number);
      number = chunk[offset + 2] as number;
    }
    return indexes;
  }

  /** The batch of all records from number `first`. */
  encode(first: number): Uint8Array {
    const batch = new Uint32Array((this.count - first + 1) * FILE_WORDS);
    let checksum = 0;
    let at = 0;
    for (let number = first; number < this.count; number++) {
      const chunk = this.#chunks[Math.floor(number / CHUNK)] as Uint32Array;
      const offset = (number % CHUNK) * WORDS;
      for (let word = 0; word < FILE_WORDS; word++) {
        checksum = sumWith(checksum, chunk[offset + word] as number);
        batch[at++] = chunk[offset + word] as number;
      }
    }
    batch[at] = checksum;
    batch[at + 1] = END + this.entries;
    return new Uint8Array(batch.buffer);
  }
}

/** `sound` when the file holds nothing but whole batches of entries that the log has. */
export function loadTable(bytes: Uint8Array, size: number): { table: RecordTable; sound: boolean } {
  const file = wordsOf(bytes);
  const table = new RecordTable(file.length / FILE_WORDS);
  let start = 0;
  let checksum = 0;
  for (let at = 0; at + FILE_WORDS <= file.length; at += FILE_WORDS) {
    const last = file[at + 1] as number;
    if (last < END) {
      for (let word = 0; word < FILE_WORDS; word++) checksum = sumWith(checksum, file[at + word] as number);
      continue;
    }
    if (file[at] !== checksum || last - END > size || last - END < table.entries) break;
    for (let record = start; record < at; record += FILE_WORDS) table.put(file[record] as number, file[record + 1] as number);
    table.entries = last - END;
    start = at + FILE_WORDS;
    checksum = 0;
  }
  return { table, sound: start * 4 === bytes.length };
}

/** Without a copy where the bytes lie as words do. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, Math.floor(bytes.length / 4));
}

function sumWith(checksum: number, word: number): number {
  return (Math.imul(checksum, 31) + word) >>> 0;
}

/** What is kept of a key. */
export function wordOf(key: SearchKey): number {
  return Number.parseInt(key.slice(0, 8), 16);
}

// In the byte order of the machine: on another one no checksum is right, and the index is made again.
export const SEARCH_INDEX_FILE = 'search-index';
const FILE_WORDS = 2;
const END = 2 ** 31;
const WORDS = 3;
/** Records, 768 KiB. */
const CHUNK = 2 ** 16;
const BUNDLE = 256;
const SAVE_AFTER_MS = 1000;
const MAX_WAITING = 8192;
/** About a second of reading. */
const MAX_MISSING = 10_000;
const MAX_HITS = 1000;
