/**
 * rpm's own database, the format of SUSE: `Packages.db` (rpm's lib/backend/ndb/rpmpkg.c). All numbers are little-endian.
 *
 *   "RpmP"  version u32 (0)  generation u32  slot pages u32  _ 16 bytes
 *   slots   to the end of the slot pages, 4096 bytes each, the first with the above: "Slot"  package u32 (0 is free)  block u32  blocks u32
 *   block   of 16 bytes, counted from the file's start: "BlbS"  package u32  generation u32  length u32; then the header
 */
import { type Report, unreadable } from '../broken-parts.ts';

export function isNdb(bytes: Buffer): boolean {
  return bytes.length >= HEADER_BYTES && bytes.readUInt32LE(0) === MAGIC;
}

/** Errors: `SBOM_UNREADABLE`. */
export function* ndbRecords(bytes: Buffer, report: Report): Generator<Buffer, void, void> {
  if (bytes.readUInt32LE(4) !== 0) throw unreadable(`version ${bytes.readUInt32LE(4)} of rpm's ndb is not known`);
  const end = bytes.readUInt32LE(12) * SLOT_PAGE_BYTES;
  if (end > bytes.length) report(`is cut off: it should have at least ${end} bytes, and has ${bytes.length}`);
  for (let at = HEADER_BYTES; at + SLOT_BYTES <= Math.min(end, bytes.length); at += SLOT_BYTES) {
    const isSlot = bytes.readUInt32LE(at) === SLOT;
    const number = bytes.readUInt32LE(at + 4);
    if (isSlot && number === 0) continue;
    const blob = isSlot ? blobOf(bytes, bytes.readUInt32LE(at + 8) * BLOCK_BYTES, number) : undefined;
    if (blob !== undefined) yield blob;
    else report(isSlot ? `package ${number} is not where its slot says` : `byte ${at} does not begin a slot`);
  }
}

function blobOf(bytes: Buffer, at: number, number: number): Buffer | undefined {
  if (at + BLOCK_BYTES > bytes.length || bytes.readUInt32LE(at) !== BLOB || bytes.readUInt32LE(at + 4) !== number) return undefined;
  const start = at + BLOCK_BYTES;
  const end = start + bytes.readUInt32LE(at + 12);
  return end > bytes.length ? undefined : bytes.subarray(start, end);
}

const MAGIC = magic('RpmP');
const SLOT = magic('Slot');
const BLOB = magic('BlbS');
const HEADER_BYTES = 32;
const SLOT_PAGE_BYTES = 4096;
const SLOT_BYTES = 16;
const BLOCK_BYTES = 16;

function magic(text: string): number {
  return Buffer.from(text, 'latin1').readUInt32LE(0);
}
