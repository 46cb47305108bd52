/** Databases of rpm as rpm writes them, of headers with the tags that a test is about. The formats: header.ts, sqlite.ts, berkeley.ts, ndb.ts. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TAG } from '../rpm/header.ts';

export type Tag = readonly [tag: number, value: string | readonly string[] | readonly number[] | Buffer];

/** A small package, and what else it should have. */
export function bash(...more: readonly Tag[]): Buffer {
  return headerOf([TAG.name, 'bash'], [TAG.version, '5.2.26'], [TAG.release, '3.fc40'], [TAG.arch, 'x86_64'], ...more);
}

export function headerOf(...tags: readonly Tag[]): Buffer {
  const entries: Buffer[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  for (const [tag, value] of tags) {
    const { type, count, bytes } = encodedValue(value);
    const padding = type === 4 ? (4 - (offset % 4)) % 4 : 0;
    data.push(Buffer.alloc(padding), bytes);
    entries.push(u32be(tag, type, offset + padding, count));
    offset += padding + bytes.length;
  }
  // The region of the package's own tags: its entry comes first, and its trailer, which counts the entries backwards, last.
  const trailer = u32be(63, 7, -16 * (tags.length + 1), 16);
  return Buffer.concat([u32be(tags.length + 1, offset + 16), u32be(63, 7, offset, 16), ...entries, ...data, trailer]);
}

function encodedValue(value: Tag[1]): { readonly type: number; readonly count: number; readonly bytes: Buffer } {
  if (typeof value === 'string') return { type: 6, count: 1, bytes: Buffer.from(`${value}\0`) };
  if (Buffer.isBuffer(value)) return { type: 7, count: value.length, bytes: value };
  const isTexts = (list: readonly (string | number)[]): list is readonly string[] => typeof list[0] === 'string';
  if (isTexts(value)) return { type: 8, count: value.length, bytes: Buffer.from(value.map((text) => `${text}\0`).join('')) };
  return { type: 4, count: value.length, bytes: u32be(...(value as readonly number[])) };
}

/** @param pageSize a small one makes many pages: headers go on in others, and the table gets inner pages */
export function sqliteDatabase(headers: readonly Buffer[], { pageSize = 4096 } = {}): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'assay-rpmdb-'));
  try {
    const file = join(folder, 'rpmdb.sqlite');
    const database = new DatabaseSync(file);
    database.exec(`PRAGMA page_size = ${pageSize}; CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL);
      CREATE TABLE 'Name' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL); CREATE INDEX 'Name_key_idx' ON 'Name' (key ASC)`);
    const insert = database.prepare('INSERT INTO Packages (blob) VALUES (?)');
    database.exec('BEGIN');
    for (const header of headers) insert.run(header);
    database.exec('COMMIT');
    database.close();
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A Berkeley DB hash of one bucket. Headers that fit a quarter of a page lie inline, as in Berkeley DB, the others in overflow pages. */
export function berkeleyDatabase(headers: readonly Buffer[], { pageSize = 512, endian = 'LE' as 'LE' | 'BE' } = {}): Buffer {
  const overflow: Buffer[] = [];
  const items: Buffer[] = [item(keyBytes(0, endian)), item(keyBytes(headers.length, endian))];
  headers.forEach((header, i) => {
    items.push(item(keyBytes(i + 1, endian)));
    items.push(header.length > pageSize / 4 ? elsewhere(header, 2 + overflow.length, endian) : item(header));
    if (header.length > pageSize / 4) overflow.push(...overflowPages(header, 2 + overflow.length, pageSize, endian));
  });
  const bucket = Buffer.alloc(pageSize);
  writePage(bucket, { number: 1, next: 0, items: items.length, free: 0, type: 13 }, endian);
  let end = pageSize;
  for (const [i, one] of items.entries()) {
    end -= one.length;
    one.copy(bucket, end);
    write16(bucket, end, 26 + i * 2, endian);
  }
  const meta = Buffer.alloc(pageSize);
  write32(meta, 0x00061561, 12, endian);
  write32(meta, 9, 16, endian);
  write32(meta, pageSize, 20, endian);
  meta[25] = 8;
  write32(meta, 1 + overflow.length, 32, endian);
  return Buffer.concat([meta, bucket, ...overflow]);
}

type Endian = 'LE' | 'BE';

function keyBytes(key: number, endian: Endian): Buffer {
  const bytes = Buffer.alloc(4);
  write32(bytes, key, 0, endian);
  return bytes;
}

function item(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([1]), bytes]);
}

function elsewhere(header: Buffer, page: number, endian: Endian): Buffer {
  const bytes = Buffer.alloc(12);
  bytes[0] = 3;
  write32(bytes, page, 4, endian);
  write32(bytes, header.length, 8, endian);
  return bytes;
}

function overflowPages(header: Buffer, first: number, pageSize: number, endian: Endian): Buffer[] {
  const room = pageSize - 26;
  const count = Math.ceil(header.length / room);
  return Array.from({ length: count }, (_, i) => {
    const page = Buffer.alloc(pageSize);
    const part = header.subarray(i * room, (i + 1) * room);
    writePage(page, { number: first + i, next: i + 1 < count ? first + i + 1 : 0, items: 1, free: part.length, type: 7 }, endian);
    part.copy(page, 26);
    return page;
  });
}

interface PageHeader {
  readonly number: number;
  readonly next: number;
  readonly items: number;
  readonly free: number;
  readonly type: number;
}

function writePage(page: Buffer, { number, next, items, free, type }: PageHeader, endian: Endian): void {
  write32(page, number, 8, endian);
  write32(page, next, 16, endian);
  write16(page, items, 20, endian);
  write16(page, free, 22, endian);
  page[25] = type;
}

function write32(bytes: Buffer, value: number, at: number, endian: Endian): void {
  if (endian === 'LE') bytes.writeUInt32LE(value, at);
  else bytes.writeUInt32BE(value, at);
}

function write16(bytes: Buffer, value: number, at: number, endian: Endian): void {
  if (endian === 'LE') bytes.writeUInt16LE(value, at);
  else bytes.writeUInt16BE(value, at);
}

/** One slot page, of which one slot is free again. */
export function ndbDatabase(headers: readonly Buffer[]): Buffer {
  const slots = Buffer.alloc(4096);
  slots.write('RpmP', 0, 'latin1');
  slots.writeUInt32LE(1, 8);
  slots.writeUInt32LE(1, 12);
  for (let at = 32; at < slots.length; at += 16) slots.write('Slot', at, 'latin1');
  const blocks: Buffer[] = [];
  let block = 4096 / 16;
  headers.forEach((header, i) => {
    const blob = Buffer.concat([Buffer.alloc(16), header]);
    blob.write('BlbS', 0, 'latin1');
    blob.writeUInt32LE(i + 1, 4);
    blob.writeUInt32LE(header.length, 12);
    const padded = Buffer.concat([blob, Buffer.alloc((16 - (blob.length % 16)) % 16)]);
    const at = 32 + 16 * (i + 1);
    slots.writeUInt32LE(i + 1, at + 4);
    slots.writeUInt32LE(block, at + 8);
    slots.writeUInt32LE(padded.length / 16, at + 12);
    blocks.push(padded);
    block += padded.length / 16;
  });
  return Buffer.concat([slots, ...blocks]);
}

function u32be(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeInt32BE(value | 0, i * 4);
  return bytes;
}
