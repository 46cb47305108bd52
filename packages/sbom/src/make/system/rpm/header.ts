/**
 * The header of an rpm package, as its database keeps it (rpm's "RPM v4 header format"). All numbers are big-endian.
 *
 *   entries: u32   data: u32   entry{ tag u32, type u32, offset u32, count u32 } × entries   data bytes
 *
 * Values lie in the data at their offset: numbers aligned, text ended by a zero byte. Entries that rpm added when it installed the package follow those of
 * the package, and win. The first entry is a region, which says how far the package's own go: that matters for its signature, which is not our business.
 */
import type { TrustError } from '@assay/core';
import { unreadable } from '../broken-parts.ts';

/** Of rpmtag.h. */
export const TAG = {
  sigMd5: 261,
  sha1Header: 269,
  sha256Header: 273,
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  vendor: 1011,
  license: 1014,
  arch: 1022,
  sourceRpm: 1044,
  provideName: 1047,
  requireName: 1049,
  dirIndexes: 1116,
  baseNames: 1117,
  dirNames: 1118,
} as const;

export class RpmHeader {
  readonly #entries: ReadonlyMap<number, Entry>;
  readonly #data: Buffer;

  /** Errors: `SBOM_UNREADABLE`. Values are read when they are asked for. */
  constructor(blob: Buffer) {
    const count = blob.length < 8 ? 0 : blob.readUInt32BE(0);
    const start = 8 + count * ENTRY_BYTES;
    if (count === 0 || start > blob.length) throw unreadable('a header is cut off');
    const length = blob.readUInt32BE(4);
    if (start + length > blob.length) throw unreadable(`a header has ${blob.length} bytes, and should have ${start + length}`);
    this.#data = blob.subarray(start, start + length);
    this.#entries = entriesOf(blob, count);
  }

  /** The text of a tag; undefined without it, and for rpm's own `(none)`. */
  text(tag: number): string | undefined {
    const [text] = this.#strings(tag, 1);
    return text === '(none)' ? undefined : text;
  }

  texts(tag: number): string[] {
    return this.#strings(tag, Number.POSITIVE_INFINITY);
  }

  numbers(tag: number): number[] {
    const entry = this.#entry(tag, [INT32]);
    if (entry === undefined) return [];
    const bytes = this.#bytes(tag, entry.offset, entry.count * 4);
    return Array.from({ length: entry.count }, (_, i) => bytes.readUInt32BE(i * 4));
  }

  binary(tag: number): Buffer | undefined {
    const entry = this.#entry(tag, [BINARY]);
    return entry && this.#bytes(tag, entry.offset, entry.count);
  }

  #strings(tag: number, most: number): string[] {
    const entry = this.#entry(tag, [STRING, STRING_ARRAY, I18N_STRING]);
    if (entry === undefined) return [];
    // Each has at least its zero byte.
    this.#bytes(tag, entry.offset, entry.count);
    const found: string[] = [];
    for (let i = 0, start = entry.offset; i < Math.min(entry.count, most); i++) {
      const end = this.#data.indexOf(0, start);
      if (end === -1 || end - start > MAX_TEXT_BYTES) throw brokenTag(tag);
      found.push(this.#data.toString('utf8', start, end));
      start = end + 1;
    }
    return found;
  }

  #entry(tag: number, types: readonly number[]): Entry | undefined {
    const entry = this.#entries.get(tag);
    if (entry !== undefined && !types.includes(entry.type)) throw brokenTag(tag);
    return entry;
  }

  #bytes(tag: number, offset: number, length: number): Buffer {
    if (offset + length > this.#data.length) throw brokenTag(tag);
    return this.#data.subarray(offset, offset + length);
  }
}

interface Entry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

function entriesOf(blob: Buffer, count: number): Map<number, Entry> {
  const entries = new Map<number, Entry>();
  for (let i = 0; i < count; i++) {
    const at = 8 + i * ENTRY_BYTES;
    const tag = blob.readUInt32BE(at);
    if (WANTED.has(tag)) entries.set(tag, { type: blob.readUInt32BE(at + 4), offset: blob.readUInt32BE(at + 8), count: blob.readUInt32BE(at + 12) });
  }
  return entries;
}

function brokenTag(tag: number): TrustError {
  return unreadable(`tag ${tag} of a header cannot be read`);
}

const ENTRY_BYTES = 16;
/** More than any text of a package has, and less than what makes Node throw. */
const MAX_TEXT_BYTES = 1024 * 1024;
const INT32 = 4;
const STRING = 6;
const BINARY = 7;
const STRING_ARRAY = 8;
const I18N_STRING = 9;
const WANTED: ReadonlySet<number> = new Set(Object.values(TAG));
