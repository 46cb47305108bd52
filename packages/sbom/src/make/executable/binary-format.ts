/**
 * Executables and libraries, as far as their sections and addresses: what compilers leave in them lies there.
 *
 *   ELF     7f "ELF", class (1: 32, 2: 64 bits), data (1: little, 2: big endian); sections and segments by tables (gABI, chapters 4 and 5)
 *   Mach-O  feedface, feedfacf in either byte order; load commands of segments with their sections (mach-o/loader.h)
 *   fat     cafebabe, a count, and where each Mach-O lies (mach-o/fat.h); classes of Java begin alike, with a version where the count is
 *   PE      "MZ", the offset of "PE\0\0" at 3c; sections after the optional header (PE format, sections 2 to 4)
 *
 * Offsets and lengths are whatever the file claims. All reading stays within the buffer, and nothing is copied.
 */
import { TrustError } from '@assay/core';

export interface Executable {
  readonly format: 'elf' | 'mach-o' | 'pe';
  readonly sections: readonly Region[];
  /** What is loaded, with its addresses. */
  readonly segments: readonly Region[];
  /** Of .NET: its code is for a virtual machine. */
  readonly isManaged: boolean;
  /** The content, as much of it as the file has. */
  bytes(region: Region): Buffer;
}

export interface Region {
  readonly name: string;
  readonly address: number;
  readonly offset: number;
  /** In the file. */
  readonly size: number;
  /** Data that a program may change, no code. */
  readonly isData: boolean;
}

/** By the first bytes; nothing is said of the rest. */
export function looksExecutable(head: Uint8Array): boolean {
  return kindOf(bufferOf(head)) !== undefined;
}

/** Several when it is a fat one, none when it is no executable. Errors: `SBOM_UNREADABLE`. */
export function readExecutables(content: Uint8Array): Executable[] {
  const file = bufferOf(content);
  try {
    switch (kindOf(file)) {
      case 'elf':
        return [readElf(file)];
      case 'mach-o':
        return [readMachO(file)];
      case 'fat':
        return readFat(file);
      case 'pe':
        return readPe(file);
      default:
        return [];
    }
  } catch (error) {
    // What Buffer throws beyond its end.
    if (error instanceof RangeError) throw new TrustError('SBOM_UNREADABLE', 'the executable is truncated or corrupt', { cause: error });
    throw error;
  }
}

export function sectionOf(executable: Executable, name: string): Region | undefined {
  return executable.sections.find((section) => section.name === name);
}

/** From an address to the end of its segment. */
export function bytesAt(executable: Executable, address: number): Buffer | undefined {
  const segment = executable.segments.find((one) => one.address <= address && address < one.address + one.size);
  return segment === undefined ? undefined : executable.bytes(segment).subarray(address - segment.address);
}

function kindOf(head: Buffer): 'elf' | 'mach-o' | 'fat' | 'pe' | undefined {
  if (head.length < 64) return undefined;
  const magic = head.readUInt32BE(0);
  if (magic === 0x7f454c46) return ELF_KINDS.has(head[5] === 2 ? head.readUInt16BE(16) : head.readUInt16LE(16)) ? 'elf' : undefined;
  if (magic >>> 16 === 0x4d5a) return 'pe';
  if (MACH_O_MAGICS.has(magic)) return 'mach-o';
  if (magic === 0xcafebabe && head.readUInt32BE(4) < 20) return 'fat';
  return undefined;
}

function readElf(file: Buffer): Executable {
  const read = new Reader(file, file[5] !== 2, file[4] === 2);
  const [programTable, sectionTable] = [read.word(read.is64 ? 32 : 28), read.word(read.is64 ? 40 : 32)];
  const counts = read.is64 ? 54 : 42;
  const [programSize, programCount, sectionSize] = [read.u16(counts), read.u16(counts + 2), read.u16(counts + 4)];
  const segments: Region[] = [];
  for (let i = 0; i < programCount && programSize >= 32; i++) {
    const at = programTable + i * programSize;
    const flags = read.u32(at + (read.is64 ? 4 : 24));
    if (read.u32(at) !== PT_LOAD) continue;
    segments.push({
      name: '',
      offset: read.word(at + (read.is64 ? 8 : 4)),
      address: read.word(at + (read.is64 ? 16 : 8)),
      size: read.word(at + (read.is64 ? 32 : 16)),
      isData: (flags & (PF_X | PF_W)) === PF_W,
    });
  }
  const sections = sectionTable === 0 || sectionSize < 40 ? [] : elfSections(read, sectionTable, sectionSize, counts);
  return executable('elf', file, { sections, segments });
}

function elfSections(read: Reader, table: number, size: number, counts: number): Region[] {
  // Of more than 65,279 sections the first, which is none, says how many, and where their names are (gABI, chapter 4).
  const count = read.u16(counts + 6) || read.word(table + (read.is64 ? 32 : 20));
  const namesIndex = read.u16(counts + 8) === 0xffff ? read.u32(table + (read.is64 ? 40 : 24)) : read.u16(counts + 8);
  if (count > MAX_SECTIONS) throw new TrustError('SBOM_UNREADABLE', `the executable says that it has ${count} sections, the cap is ${MAX_SECTIONS}`);
  const fields = (at: number) => ({
    name: read.u32(at),
    kind: read.u32(at + 4),
    flags: read.word(at + 8),
    address: read.word(at + (read.is64 ? 16 : 12)),
    offset: read.word(at + (read.is64 ? 24 : 16)),
    size: read.word(at + (read.is64 ? 32 : 20)),
  });
  const names = fields(table + namesIndex * size);
  const sections: Region[] = [];
  for (let i = 0; i < count; i++) {
    const { name, kind, flags, address, offset, size: bytes } = fields(table + i * size);
    if (kind === SHT_NULL || kind === SHT_NOBITS || (flags & SHF_COMPRESSED) !== 0) continue;
    sections.push({ name: read.text(names.offset + name, MAX_NAME_BYTES), address, offset, size: bytes, isData: false });
  }
  return sections;
}

function readMachO(file: Buffer): Executable {
  const magic = file.readUInt32BE(0);
  const read = new Reader(file, magic !== 0xfeedface && magic !== 0xfeedfacf, magic === 0xfeedfacf || magic === 0xcffaedfe);
  const commands = read.u32(16);
  const segments: Region[] = [];
  const sections: Region[] = [];
  let at = read.is64 ? 32 : 28;
  for (let i = 0; i < Math.min(commands, MAX_SECTIONS) && at + 8 <= file.length; i++) {
    const [command, size] = [read.u32(at), read.u32(at + 4)];
    if (size < 8) break;
    if (command === (read.is64 ? LC_SEGMENT_64 : LC_SEGMENT)) {
      const segment = machOSegment(read, at);
      segments.push(segment);
      sections.push(...machOSections(read, at, size));
    }
    at += size;
  }
  return executable('mach-o', file, { sections, segments });
}

function machOSegment(read: Reader, at: number): Region {
  const name = read.text(at + 8, 16);
  const [address, offset, size] = read.is64
    ? [read.word(at + 24), read.word(at + 40), read.word(at + 48)]
    : [read.word(at + 24), read.word(at + 32), read.word(at + 36)];
  return { name, address, offset, size, isData: name === '__DATA' };
}

function machOSections(read: Reader, at: number, size: number): Region[] {
  const [first, each, count] = read.is64 ? [at + 72, 80, read.u32(at + 64)] : [at + 56, 68, read.u32(at + 48)];
  return Array.from({ length: Math.max(0, Math.min(count, Math.floor((at + size - first) / each), MAX_MACH_O_SECTIONS)) }, (_, i) => {
    const start = first + i * each;
    const [address, bytes, offset] = read.is64
      ? [read.word(start + 32), read.word(start + 40), read.u32(start + 48)]
      : [read.word(start + 32), read.word(start + 36), read.u32(start + 40)];
    return { name: read.text(start, 16), address, offset, size: bytes, isData: false };
  });
}

function readFat(file: Buffer): Executable[] {
  return Array.from({ length: file.readUInt32BE(4) }, (_, i) => {
    const [offset, size] = [file.readUInt32BE(8 + i * 20 + 8), file.readUInt32BE(8 + i * 20 + 12)];
    return file.subarray(offset, offset + size);
  })
    .filter((part) => kindOf(part) === 'mach-o')
    .map(readMachO);
}

function readPe(file: Buffer): Executable[] {
  const read = new Reader(file, true, false);
  const header = read.u32(60);
  // A program of DOS alone has the same first bytes.
  if (header + 24 > file.length || read.u32(header) !== 0x4550) return [];
  const [count, optionalSize] = [read.u16(header + 6), read.u16(header + 20)];
  const optional = header + 24;
  const is64 = optionalSize >= 2 && read.u16(optional) === 0x20b;
  const imageBase = optionalSize < 32 ? 0 : is64 ? Number(file.readBigUInt64LE(optional + 24)) : read.u32(optional + 28);
  const managed = optional + (is64 ? 112 : 96) + 14 * 8;
  const sections = Array.from({ length: count }, (_, i) => {
    const at = optional + optionalSize + i * 40;
    const flags = read.u32(at + 36);
    return {
      name: read.text(at, 8),
      address: imageBase + read.u32(at + 12),
      size: read.u32(at + 16),
      offset: read.u32(at + 20),
      isData: (flags & PE_INITIALIZED_DATA) !== 0 && (flags & PE_WRITABLE) !== 0 && (flags & PE_EXECUTABLE) === 0,
    };
  });
  return [executable('pe', file, { sections, segments: sections, isManaged: managed + 8 <= optional + optionalSize && read.u32(managed) !== 0 })];
}

function executable(
  format: Executable['format'],
  file: Buffer,
  { sections, segments, isManaged = false }: { readonly sections: Region[]; readonly segments: Region[]; readonly isManaged?: boolean },
): Executable {
  return { format, sections, segments, isManaged, bytes: ({ offset, size }) => file.subarray(offset, Math.min(offset + size, file.length)) };
}

class Reader {
  readonly file: Buffer;
  readonly isLittle: boolean;
  readonly is64: boolean;

  constructor(file: Buffer, isLittle: boolean, is64: boolean) {
    this.file = file;
    this.isLittle = isLittle;
    this.is64 = is64;
  }

  u16(at: number): number {
    return this.isLittle ? this.file.readUInt16LE(at) : this.file.readUInt16BE(at);
  }

  u32(at: number): number {
    return this.isLittle ? this.file.readUInt32LE(at) : this.file.readUInt32BE(at);
  }

  /** Addresses of kernels lose their lowest bits as numbers, and then match nothing. */
  word(at: number): number {
    if (!this.is64) return this.u32(at);
    return Number(this.isLittle ? this.file.readBigUInt64LE(at) : this.file.readBigUInt64BE(at));
  }

  /** Up to a zero. */
  text(at: number, maxBytes: number): string {
    const bytes = this.file.subarray(at, at + maxBytes);
    const end = bytes.indexOf(0);
    return bytes.toString('latin1', 0, end === -1 ? bytes.length : end);
  }
}

export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const MACH_O_MAGICS: ReadonlySet<number> = new Set([0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe]);
/** What runs, and what is shared: ET_EXEC, ET_DYN. Objects and cores have neither dependencies nor use. */
const ELF_KINDS: ReadonlySet<number> = new Set([2, 3]);
const PT_LOAD = 1;
const PF_X = 1;
const PF_W = 2;
const SHT_NULL = 0;
const SHT_NOBITS = 8;
const SHF_COMPRESSED = 0x800;
const LC_SEGMENT = 1;
const LC_SEGMENT_64 = 0x19;
const PE_INITIALIZED_DATA = 0x40;
const PE_EXECUTABLE = 0x2000_0000;
const PE_WRITABLE = 0x8000_0000;
/** Executables have some dozens. */
const MAX_SECTIONS = 100_000;
/** Of one segment (mach-o/loader.h: n_sect is a byte). */
const MAX_MACH_O_SECTIONS = 255;
/** Sections that are looked for have short names. */
const MAX_NAME_BYTES = 64;
