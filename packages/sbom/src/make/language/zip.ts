/**
 * Archives in memory. Entries come from the central directory at the end; what stands before the first (a script that starts the archive) moves all offsets.
 * Nothing is unpacked to disk, so names that climb out of the archive are only left out. Sizes are what entries declare until they are inflated, against a
 * budget of one archive with all that is nested in it.
 */
import { inflateRawSync } from 'node:zlib';
import { isTrustError, quote, TrustError } from '@assay/core';
import { type Entry, fromBufferPromise, getFileNameLowLevel, validateFileName, type ZipFile } from 'yauzl';
import { bufferOf } from '../executable/binary-format.ts';

/** Shared by an archive and what is nested in it. */
export interface ZipBudget {
  entries: number;
  bytes: number;
}

export function zipBudget(): ZipBudget {
  return { entries: MAX_ENTRIES, bytes: MAX_BYTES };
}

export interface Zip {
  /** Of files, `/` between, none in front. One that is there twice is its last. */
  readonly names: readonly string[];
  /** Errors: `SBOM_UNREADABLE`, `SBOM_LIMIT`. */
  read(name: string, maxBytes: number): Promise<Buffer>;
}

/** Errors: `SBOM_UNREADABLE`, `SBOM_LIMIT` for more entries than the budget has left. A directory that breaks off is reported, and what is before it stands. */
export async function openZip(content: Uint8Array, budget: ZipBudget, report: (message: string) => void): Promise<Zip> {
  const bytes = withoutPreamble(bufferOf(content));
  const entries = new Map<string, Entry>();
  const file = await unreadable(fromBufferPromise(bytes, { decodeStrings: false, lazyEntries: true }));
  try {
    for await (const entry of file.eachEntry()) {
      budget.entries--;
      if (budget.entries < 0) throw new TrustError('SBOM_LIMIT', `more than ${MAX_ENTRIES} entries in one archive, the cap`);
      addEntry(entries, entry, report);
    }
  } catch (error) {
    if (isTrustError(error)) throw error;
    report(`the archive's directory breaks off: ${messageOf(error)}`);
  }
  return { names: [...entries.keys()], read: (name, maxBytes) => readEntry(file, bytes, { entry: entries.get(name), name, maxBytes, budget }) };
}

function addEntry(entries: Map<string, Entry>, entry: Entry, report: (message: string) => void): void {
  const name = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, false);
  if (name.endsWith('/')) return;
  const relative = name.replace(/^\/+/, '');
  const problem = validateFileName(relative);
  if (problem === null) entries.set(relative, entry);
  else report(`entry ${quote(name, 120)} of the archive was left out: its name climbs`);
}

interface Wanted {
  readonly entry: Entry | undefined;
  readonly name: string;
  readonly maxBytes: number;
  readonly budget: ZipBudget;
}

async function readEntry(file: ZipFile, bytes: Buffer, { entry, name, maxBytes, budget }: Wanted): Promise<Buffer> {
  if (entry === undefined) throw new TrustError('SBOM_UNREADABLE', `${quote(name, 120)} is not in the archive`);
  if (entry.uncompressedSize > maxBytes) throw new TrustError('SBOM_LIMIT', `${quote(name, 120)} has ${entry.uncompressedSize} bytes, the cap is ${maxBytes}`);
  if (!entry.canDecodeFileData()) throw new TrustError('SBOM_UNREADABLE', `${quote(name, 120)} is encrypted, or compressed in a way that is not known`);
  const { fileDataStart } = await unreadable(file.readLocalFileHeaderPromise(entry, { minimal: true }));
  const stored = bytes.subarray(fileDataStart, fileDataStart + entry.compressedSize);
  if (entry.uncompressedSize > budget.bytes) throw new TrustError('SBOM_LIMIT', `what is in the archive has more than ${MAX_BYTES} bytes, the cap`);
  const maxOutputLength = Math.min(maxBytes, budget.bytes);
  if (entry.compressionMethod === STORED) {
    // Entries may lie over each other, so what costs nothing to store can cost much to read.
    budget.bytes -= stored.length;
    return stored;
  }
  try {
    const inflated = inflateRawSync(stored, { maxOutputLength: Math.max(1, maxOutputLength) });
    budget.bytes -= inflated.length;
    return inflated;
  } catch (error) {
    // What was inflated before it failed counts: else a thousand liars cost a thousand caps.
    budget.bytes -= Math.min(maxOutputLength, stored.length * MAX_DEFLATE_RATIO);
    throw new TrustError('SBOM_UNREADABLE', `${quote(name, 120)} cannot be inflated: ${messageOf(error)}`, { cause: error });
  }
}

/** The end says where the directory begins and how long it is, and it ends where the end begins. ZIP64 has marks in place of these. */
function withoutPreamble(bytes: Buffer): Buffer {
  const end = bytes.lastIndexOf(END_OF_DIRECTORY);
  if (end === -1 || end + 22 > bytes.length) return bytes;
  const [size, offset] = [bytes.readUInt32LE(end + 12), bytes.readUInt32LE(end + 16)];
  const start = end - size - offset;
  return start > 0 && offset !== 0xffff_ffff && bytes.readUInt32LE(end - size) === DIRECTORY_ENTRY ? bytes.subarray(start) : bytes;
}

async function unreadable<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw new TrustError('SBOM_UNREADABLE', `the archive cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function messageOf(error: unknown): string {
  return quote(error instanceof Error ? error.message : String(error), 120);
}

const STORED = 0;
const END_OF_DIRECTORY = Buffer.from('PK\x05\x06', 'latin1');
const DIRECTORY_ENTRY = 0x0201_4b50;
/** The most that deflate can do (zlib.net, technical details). */
const MAX_DEFLATE_RATIO = 1032;
const MAX_ENTRIES = 1_000_000;
const MAX_BYTES = 2 * 1024 * 1024 * 1024;
