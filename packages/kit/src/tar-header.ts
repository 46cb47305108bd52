/**
 * The one form that a header in a kit has: POSIX ustar (IEEE Std 1003.1, pax, "ustar Interchange Format") of a plain file with mode 0644, without owner and time.
 *
 *   name[100] mode[8] uid[8] gid[8] size[12] mtime[12] chksum[8] typeflag[1] linkname[100] "ustar\0" "00" uname[32] gname[32] devmajor[8] devminor[8] prefix[155]
 *
 * A name that is longer than its field or is not ASCII, and a size beyond 11 octal digits, stand in records of an extended header before it ("pax Header Block").
 *
 * There is nothing to choose, so a reader compares bytes instead of reading headers. What tar readers disagree on (two names, two sizes, links, old formats)
 * cannot be in a kit: what was verified is what any of them unpacks.
 */
import { utf8 } from '@assay/core';

export const BLOCK_BYTES = 512;
/** Two blocks of zeros. */
export const END_BYTES = 2 * BLOCK_BYTES;

/** One block, or three and more with an extended header. `size` in bytes. */
export function entryHeader(path: string, size: number): Buffer {
  const records = [...(fitsName(path) ? [] : [record('path', path)]), ...(size <= MAX_OCTAL_SIZE ? [] : [record('size', String(size))])];
  const own = block(utf8(path).subarray(0, NAME_BYTES), Math.min(size, MAX_OCTAL_SIZE), FILE);
  if (records.length === 0) return own;
  const extended = Buffer.concat(records);
  return Buffer.concat([block(EXTENDED_NAME, extended.length, EXTENDED), extended, new Uint8Array(paddingOf(extended.length)), own]);
}

/** Zeros between content of this size and the next header. */
export function paddingOf(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

/** The size in a first block, when the block is that of `path` and its size is written as we do. */
export function sizeInHeader(header: Uint8Array, path: string): number | undefined {
  if (header.length !== BLOCK_BYTES) return undefined;
  const text = Buffer.from(header.subarray(SIZE_AT, SIZE_AT + 12)).toString('latin1');
  if (!/^[0-7]{11}\0$/.test(text)) return undefined;
  const size = Number.parseInt(text, 8);
  return entryHeader(path, size).equals(header) ? size : undefined;
}

/** What a block says of itself, for messages. Undefined for zeros. */
export function describeHeader(header: Uint8Array): { readonly name: string; readonly type: string } | undefined {
  if (header.every((byte) => byte === 0)) return undefined;
  const name = Buffer.from(header.subarray(0, NAME_BYTES));
  const end = name.indexOf(0);
  return { name: name.toString('utf8', 0, end < 0 ? NAME_BYTES : end), type: TYPES.get(header[TYPE_AT] ?? 0) ?? 'an entry of an unknown type' };
}

function block(name: Uint8Array, size: number, type: number): Buffer {
  const bytes = Buffer.alloc(BLOCK_BYTES);
  bytes.set(name);
  bytes.write('0000644\x000000000\x000000000\0', 100, 'latin1');
  bytes.write(`${size.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0`, SIZE_AT, 'latin1');
  bytes.write(' '.repeat(8), CHECKSUM_AT, 'latin1');
  bytes[TYPE_AT] = type;
  bytes.write('ustar\x0000', 257, 'latin1');
  bytes.write('0000000\x000000000\0', 329, 'latin1');
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, CHECKSUM_AT, 'latin1');
  return bytes;
}

function fitsName(path: string): boolean {
  return path.length <= NAME_BYTES && /^[\x20-\x7e]*$/.test(path);
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function record(key: string, value: string): Uint8Array {
  const rest = utf8(` ${key}=${value}\n`);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([utf8(String(length)), rest]);
}

const NAME_BYTES = 100;
const SIZE_AT = 124;
const CHECKSUM_AT = 148;
const TYPE_AT = 156;
const MAX_OCTAL_SIZE = 0o77777777777;
const FILE = 0x30;
const EXTENDED = 0x78;
const EXTENDED_NAME = utf8('PaxHeader');
const TYPES = new Map([
  [0x00, 'a file'],
  [FILE, 'a file'],
  [0x31, 'a hard link'],
  [0x32, 'a symbolic link'],
  [0x33, 'a device'],
  [0x34, 'a device'],
  [0x35, 'a folder'],
  [0x36, 'a pipe'],
  [EXTENDED, 'an extended header'],
  [0x67, 'a global header'],
  [0x4c, 'a long name of GNU tar'],
  [0x53, 'a sparse file'],
]);
