/**
 * Writing chart archives as helm does, but for the compression, which differs from library to library.
 *
 *   gzip    no time, system 255; an extra field that is a wink, and the comment "Helm"
 *   tar     ustar: mode 0644, owner 0 without a name; a path that does not fit gets a pax header with the path in it
 */
import { posix } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import type { ChartFile } from './archive.ts';

/** `names` of the files are those in the archive. */
export function encodeArchive(files: readonly ChartFile[], modified: Date): Uint8Array {
  return gzip(Buffer.concat([...files.flatMap((file) => tarEntry(file, modified)), Buffer.alloc(2 * BLOCK)]));
}

function tarEntry({ name, data }: ChartFile, modified: Date): Uint8Array[] {
  const time = Math.max(0, Math.round(modified.getTime() / 1000));
  const content = [data, Buffer.alloc(padding(data.length))];
  const { path, prefix } = splitPath(name) ?? {};
  if (path !== undefined) return [header({ path, prefix, size: data.length, time, type: '0' }), ...content];
  return [...paxHeader(name), header({ path: ascii(name), size: data.length, time, type: '0' }), ...content];
}

/** A path of up to 100 bytes, or one with a slash that leaves no more on its right and at most 155 on its left. */
function splitPath(name: string): { readonly path: string; readonly prefix?: string } | undefined {
  if (ascii(name) !== name) return undefined;
  if (name.length <= 100) return { path: name };
  const slash = name.slice(0, 156).lastIndexOf('/');
  const isSplit = slash > 0 && name.length - slash - 1 <= 100;
  return isSplit ? { prefix: name.slice(0, slash), path: name.slice(slash + 1) } : undefined;
}

function paxHeader(name: string): Uint8Array[] {
  const record = paxRecord('path', name);
  const path = posix.join(posix.dirname(name), 'PaxHeaders.0', posix.basename(name));
  return [header({ path: ascii(path), size: record.length, time: 0, type: 'x' }), record, Buffer.alloc(padding(record.length))];
}

/** `LENGTH path=…\n`, where the length counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  const length = Buffer.byteLength(rest);
  const total = length + String(length + String(length).length).length;
  return Buffer.from(`${total}${rest}`);
}

interface HeaderFields {
  readonly path: string;
  readonly prefix?: string | undefined;
  readonly size: number;
  /** Seconds. */
  readonly time: number;
  readonly type: '0' | 'x';
}

function header({ path, prefix = '', size, time, type }: HeaderFields): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(path.slice(0, 100).replace(/\/+$/, ''), 0);
  block.write(`${octal(type === 'x' ? 0 : 0o644, 8)}${octal(0, 8)}${octal(0, 8)}${octal(size, 12)}${octal(time, 12)}`, 100);
  block.write(type, 156);
  block.write('ustar\x0000', 257);
  // Pax headers are written without device numbers.
  if (type === '0') block.write(`${octal(0, 8)}${octal(0, 8)}`, 329);
  block.write(prefix, 345);
  // The sum counts its own field as eight spaces.
  const sum = block.reduce((total, byte) => total + byte, 8 * 0x20);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** Ends in NUL. */
function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`;
}

function ascii(text: string): string {
  return text.replace(/\P{ASCII}/gu, '');
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function gzip(content: Uint8Array): Uint8Array {
  const extra = Buffer.alloc(2);
  extra.writeUInt16LE(GZIP_EXTRA.length);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(content), 0);
  trailer.writeUInt32LE(content.length % 2 ** 32, 4);
  return Buffer.concat([GZIP_HEAD, extra, Buffer.from(GZIP_EXTRA), Buffer.from('Helm\0'), deflateRawSync(content), trailer]);
}

const BLOCK = 512;
/** Deflate; an extra field and a comment follow; no time; of an unknown system. */
const GZIP_HEAD = Buffer.from([0x1f, 0x8b, 0x08, 0x14, 0, 0, 0, 0, 0, 0xff]);
const GZIP_EXTRA = '+aHR0cHM6Ly95b3V0dS5iZS96OVV6MWljandyTQo=';
