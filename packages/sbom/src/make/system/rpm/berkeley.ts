/**
 * rpm's Berkeley DB, the format of RHEL 8 and earlier: a hash of headers by number, in the byte order of the machine that wrote it (db_page.h of Berkeley DB).
 *
 *   page 0   …  magic u32 @12  _ u32  page size u32 @20  encryption u8 @24  type u8 @25 (8)  …  last page u32 @32
 *   page     …  next u32 @16  items u16 @20  bytes u16 @22 of overflow pages  type u8 @25 (2 and 13 hash, 7 overflow); then offsets of items, u16 each
 *   item     key and value in turn, from the page's end down: type u8 (1 inline, 3 elsewhere), then bytes, or _ u24, first overflow page u32, length u32
 *
 * Every page is read once at most, so a chain that loops ends.
 */
import { attempt, type Report, unreadable } from '../broken-parts.ts';

export function isBerkeleyHash(bytes: Buffer): boolean {
  return bytes.length >= META_BYTES && (bytes.readUInt32LE(12) === MAGIC || bytes.readUInt32BE(12) === MAGIC);
}

/** Errors: `SBOM_UNREADABLE`. */
export function* berkeleyRecords(bytes: Buffer, report: Report): Generator<Buffer, void, void> {
  const file = new BerkeleyFile(bytes);
  const pages = Math.floor(bytes.length / file.pageSize);
  if (file.lastPage >= pages) report(`is cut off: ${file.lastPage + 1 - pages} of ${file.lastPage + 1} pages are missing`);
  for (let number = 1; number <= Math.min(file.lastPage, pages - 1); number++) {
    const page = file.page(number);
    if (!HASH_TYPES.has(page.readUInt8(25))) continue;
    for (let i = 1; i < Math.min(file.u16(page, 20), file.mostItems); i += 2) {
      const record = attempt(report, () => headerAt(file, page, i));
      if (record !== undefined) yield record;
    }
  }
}

/** Item `i`, whose key is the item before. Undefined for the number of headers, which has the key 0. */
function headerAt(file: BerkeleyFile, page: Buffer, i: number): Buffer | undefined {
  const at = file.itemOffset(page, i);
  const keyAt = file.itemOffset(page, i - 1);
  const type = page.readUInt8(at);
  if (type === ELSEWHERE) return file.overflowing(file.u32(page, at + 4), file.u32(page, at + 8));
  if (type !== INLINE || keyAt <= at) throw unreadable('an item is neither inline nor elsewhere');
  return page.readUInt32BE(keyAt + 1) === 0 ? undefined : page.subarray(at + 1, keyAt);
}

class BerkeleyFile {
  readonly pageSize: number;
  readonly lastPage: number;
  /** Of a page: each has an offset at its start. */
  readonly mostItems: number;
  readonly #bytes: Buffer;
  readonly #isLittleEndian: boolean;
  readonly #seen = new Set<number>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#isLittleEndian = bytes.readUInt32LE(12) === MAGIC;
    this.pageSize = this.u32(bytes, 20);
    this.lastPage = this.u32(bytes, 32);
    this.mostItems = (this.pageSize - PAGE_BYTES) / 2;
    const isSize = this.pageSize >= 512 && this.pageSize <= 65536 && (this.pageSize & (this.pageSize - 1)) === 0;
    if (!isSize || bytes.readUInt8(24) !== 0 || bytes.readUInt8(25) !== META) throw unreadable('the first page of the Berkeley DB is none that rpm writes');
  }

  page(number: number): Buffer {
    const start = number * this.pageSize;
    if (start + this.pageSize > this.#bytes.length) throw unreadable(`page ${number} is missing`);
    return this.#bytes.subarray(start, start + this.pageSize);
  }

  itemOffset(page: Buffer, i: number): number {
    return this.u16(page, PAGE_BYTES + i * 2);
  }

  overflowing(first: number, length: number): Buffer {
    if (length > this.#bytes.length) throw unreadable(`a header has ${length} bytes, more than the file`);
    const parts: Buffer[] = [];
    let found = 0;
    for (let number = first; number !== 0 && found < length; ) {
      const page = this.page(number);
      if (page.readUInt8(25) !== OVERFLOW) throw unreadable(`page ${number} does not go on with a header`);
      if (this.#seen.has(number)) throw unreadable(`page ${number} is in two headers`);
      this.#seen.add(number);
      const part = page.subarray(PAGE_BYTES, PAGE_BYTES + this.u16(page, 22));
      parts.push(part);
      found += part.length;
      number = this.u32(page, 16);
    }
    if (found !== length) throw unreadable(`a header has ${found} bytes, and should have ${length}`);
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, length);
  }

  u16(bytes: Buffer, at: number): number {
    return this.#isLittleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
  }

  u32(bytes: Buffer, at: number): number {
    return this.#isLittleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  }
}

const MAGIC = 0x00061561;
const META = 8;
const META_BYTES = 72;
const PAGE_BYTES = 26;
/** Sorted, and as before Berkeley DB 4.6. */
const HASH_TYPES: ReadonlySet<number> = new Set([2, 13]);
const OVERFLOW = 7;
const INLINE = 1;
const ELSEWHERE = 3;
