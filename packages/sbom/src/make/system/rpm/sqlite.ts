/**
 * rpm's SQLite database, the format of Fedora 33, RHEL 9 and later: a table `Packages (hnum INTEGER PRIMARY KEY, blob BLOB)` of headers.
 * https://www.sqlite.org/fileformat2.html
 *
 *   page 1    "SQLite format 3\0"  page size u16 @16 (1 is 65536)  reserved bytes u8 @20  encoding u32 @56; its tree, the schema, begins @100
 *   tree      type u8 (5 inner, 13 leaf)  _ u16  cells u16 @3  …  right-most child u32 @8 of inner ones; then offsets of cells, u16 each
 *   cell      inner: child u32, rowid varint; leaf: length varint, rowid varint, record; what is too long goes on in a chain of pages: next u32, bytes
 *   record    header length varint, type varint of each column, values
 *
 * Our own reader, since SQLite runs what a database says: a view `Packages` that never ends would hang us, and one broken page hide all others. Every page
 * is read once at most, so a file takes time in proportion to its size. The journal beside it is not read; rpm empties it when it is done.
 */
import { attempt, type Report, unreadable } from '../broken-parts.ts';

export function isSqlite(bytes: Buffer): boolean {
  return bytes.subarray(0, MAGIC.length).equals(MAGIC);
}

/** Errors: `SBOM_UNREADABLE`. */
export function* sqliteRecords(bytes: Buffer, report: Report): Generator<Buffer, void, void> {
  const file = new SqliteFile(bytes);
  if (file.declaredPages > file.pages) report(`is cut off: ${file.declaredPages - file.pages} of ${file.declaredPages} pages are missing`);
  const root = rootOf(file, report);
  if (root === undefined) throw unreadable('the SQLite database has no table Packages that can be read');
  for (const [, blob] of rowsOf(file, root, 2, report)) {
    if (Buffer.isBuffer(blob)) yield blob;
    else report('a row of Packages has no header');
  }
}

/** Of the schema: type, name, tbl_name, rootpage, sql. */
function rootOf(file: SqliteFile, report: Report): number | undefined {
  for (const [type, name, , root] of rowsOf(file, 1, 4, report)) {
    if (type?.toString() === 'table' && name?.toString() === 'Packages' && typeof root === 'number') return root;
  }
  return undefined;
}

/** The first columns of each row of a table. */
function* rowsOf(file: SqliteFile, root: number, columns: number, report: Report): Generator<Value[], void, void> {
  const pending = [root];
  for (let number = pending.pop(); number !== undefined; number = pending.pop()) {
    const tree = attempt(report, () => treePage(file, number as number));
    if (tree === undefined) continue;
    pending.push(...tree.children.toReversed());
    if (pending.length > file.pages) throw unreadable('a table has more pages than the file');
    for (const cell of tree.cells) {
      const row = attempt(report, () => columnsOf(recordAt(file, tree.page, cell), columns));
      if (row !== undefined) yield row;
    }
  }
}

/** An inner page has children, a leaf has cells. */
interface TreePage {
  readonly page: Buffer;
  readonly children: readonly number[];
  readonly cells: readonly number[];
}

function treePage(file: SqliteFile, number: number): TreePage {
  const page = file.page(number);
  const at = number === 1 ? HEADER_BYTES : 0;
  const kind = page.readUInt8(at);
  if (kind === LEAF) return { page, children: [], cells: cellOffsets(page, at, 8) };
  if (kind !== INNER) throw unreadable(`page ${number} is no page of a table`);
  const left = cellOffsets(page, at, 12).map((offset) => page.readUInt32BE(offset));
  return { page, children: [...left, page.readUInt32BE(at + 8)], cells: [] };
}

function recordAt(file: SqliteFile, page: Buffer, offset: number): Buffer {
  const length = varint(page, offset);
  const rowid = varint(page, length.end);
  return file.payload(page, rowid.end, length.value);
}

function cellOffsets(page: Buffer, at: number, headerBytes: number): number[] {
  const count = page.readUInt16BE(at + 3);
  return Array.from({ length: count }, (_, i) => page.readUInt16BE(at + headerBytes + i * 2));
}

type Value = Buffer | number | undefined;

/** The first columns: bytes of texts and blobs, numbers, undefined for the rest. Throws when the record is cut off. */
function columnsOf(record: Buffer, most: number): Value[] {
  const header = varint(record, 0);
  const columns: Value[] = [];
  for (let at = header.end, value = header.value; at < header.value && columns.length < most; ) {
    const type = varint(record, at);
    const length = lengthOf(type.value);
    if (value + length > record.length) throw unreadable('a row is cut off');
    columns.push(columnOf(record.subarray(value, value + length), type.value));
    at = type.end;
    value += length;
  }
  return columns;
}

function columnOf(bytes: Buffer, type: number): Value {
  if (type >= 12) return bytes;
  if (type === 8 || type === 9) return type - 8;
  return type >= 1 && type <= 5 ? bytes.readIntBE(0, bytes.length) : undefined;
}

/** From 12, even types are blobs and odd ones texts. */
function lengthOf(type: number): number {
  return type >= 12 ? Math.floor((type - 12) / 2) : (NUMBER_BYTES[type] ?? 0);
}

class SqliteFile {
  readonly pageSize: number;
  readonly declaredPages: number;
  readonly pages: number;
  readonly #bytes: Buffer;
  readonly #usable: number;
  readonly #seen = new Set<number>();

  constructor(bytes: Buffer) {
    if (bytes.length < HEADER_BYTES) throw unreadable('the SQLite database is cut off within its header');
    const size = bytes.readUInt16BE(16);
    this.pageSize = size === 1 ? 65536 : size;
    this.#usable = this.pageSize - bytes.readUInt8(20);
    if (this.pageSize < 512 || (this.pageSize & (this.pageSize - 1)) !== 0 || this.#usable < 480 || bytes.readUInt32BE(56) !== UTF_8) {
      throw unreadable('the header of the SQLite database is none that rpm writes');
    }
    this.declaredPages = bytes.readUInt32BE(28);
    this.pages = Math.floor(bytes.length / this.pageSize);
    this.#bytes = bytes;
  }

  page(number: number): Buffer {
    const start = (number - 1) * this.pageSize;
    if (number < 1 || start + this.pageSize > this.#bytes.length) throw unreadable(`page ${number} is missing`);
    if (this.#seen.has(number)) throw unreadable(`page ${number} is in two places`);
    this.#seen.add(number);
    return this.#bytes.subarray(start, start + this.pageSize);
  }

  /** §1.6: how much of it is in the cell. */
  payload(page: Buffer, at: number, length: number): Buffer {
    if (length > this.#bytes.length) throw unreadable(`a row has ${length} bytes, more than the file`);
    const largest = this.#usable - 35;
    const smallest = Math.floor(((this.#usable - 12) * 32) / 255) - 23;
    const wanted = smallest + ((length - smallest) % (this.#usable - 4));
    const local = length <= largest ? length : wanted <= largest ? wanted : smallest;
    if (at + local > page.length) throw unreadable('a row is cut off');
    return local === length ? page.subarray(at, at + length) : this.#overflowing(page, at, local, length);
  }

  #overflowing(page: Buffer, at: number, local: number, length: number): Buffer {
    const parts = [page.subarray(at, at + local)];
    let rest = length - local;
    for (let next = page.readUInt32BE(at + local); rest > 0; ) {
      const more = this.page(next);
      parts.push(more.subarray(4, 4 + Math.min(rest, this.#usable - 4)));
      rest -= this.#usable - 4;
      next = more.readUInt32BE(0);
    }
    return Buffer.concat(parts, length);
  }
}

/** 7 bits a byte, the highest first, as long as the top bit is set; at most 9 bytes, of which rpm's never need more than 6. */
function varint(bytes: Buffer, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let i = 0; i < 9; i++) {
    const byte = bytes.readUInt8(at + i);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  throw unreadable('a number is too long');
}

const MAGIC = Buffer.from('SQLite format 3\0', 'latin1');
const HEADER_BYTES = 100;
const UTF_8 = 1;
const INNER = 5;
const LEAF = 13;
/** Of the types below 12. */
const NUMBER_BYTES = [0, 1, 2, 3, 4, 6, 8, 8];
