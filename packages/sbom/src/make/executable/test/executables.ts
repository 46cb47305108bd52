/** Executables with just the parts that are read, in every format. */

export interface Section {
  readonly name: string;
  readonly content: Uint8Array | string;
}

export interface ElfOptions {
  readonly bits?: 32 | 64;
  readonly endian?: 'LE' | 'BE';
  /** Where the first section is loaded. */
  readonly address?: number;
}

/** Header, one loaded segment of all sections' contents, contents, names, section table. */
export function elf(sections: readonly Section[], { bits = 64, endian = 'LE', address = 0x400000 }: ElfOptions = {}): Buffer {
  const is64 = bits === 64;
  const [header, program, entry] = is64 ? [64, 56, 64] : [52, 32, 40];
  const contents = sections.map(({ content }) => padded(Buffer.from(content as string), 16));
  const start = align(header + program, 16);
  const offsets = contents.map((_, i) => start + Buffer.concat(contents.slice(0, i)).length);
  const names = ['', ...sections.map(({ name }) => name), '.shstrtab'];
  const namesBytes = Buffer.from(`${names.join('\0')}\0`, 'latin1');
  const nameAt = (i: number): number => Buffer.from(`${names.slice(0, i).join('\0')}\0`, 'latin1').length - (i === 0 ? 1 : 0);
  const body = Buffer.concat(contents);
  const namesAt = start + body.length;
  const table = align(namesAt + namesBytes.length, 16);
  const file = Buffer.alloc(table + entry * names.length);
  const write = writer(file, endian);
  const word = is64 ? write.u64 : write.u32;
  file.set([0x7f, 0x45, 0x4c, 0x46, is64 ? 2 : 1, endian === 'LE' ? 1 : 2, 1]);
  write.u16(16, 2);
  word(is64 ? 32 : 28, header);
  word(is64 ? 40 : 32, table);
  [header, program, 1, entry, names.length, names.length - 1].forEach((value, i) => void write.u16((is64 ? 52 : 40) + i * 2, value));
  write.u32(header, 1);
  const flags = 2 | 4;
  if (is64) {
    write.u32(header + 4, flags);
    [start, address, address, body.length, body.length].forEach((value, i) => void write.u64(header + 8 + i * 8, value));
  } else {
    [start, address, address, body.length, body.length, flags].forEach((value, i) => void write.u32(header + 4 + i * 4, value));
  }
  body.copy(file, start);
  namesBytes.copy(file, namesAt);
  const describe = (i: number, { offset, size, where }: { offset: number; size: number; where: number }): void => {
    const at = table + i * entry;
    write.u32(at, nameAt(i));
    write.u32(at + 4, 1);
    word(at + (is64 ? 16 : 12), where);
    word(at + (is64 ? 24 : 16), offset);
    word(at + (is64 ? 32 : 20), size);
  };
  sections.forEach(({ content }, i) => {
    const offset = offsets[i] ?? 0;
    describe(i + 1, { offset, size: Buffer.from(content as string).length, where: address + offset - start });
  });
  describe(names.length - 1, { offset: namesAt, size: namesBytes.length, where: 0 });
  return file;
}

/** One segment `__DATA` with all sections. */
export function machO(sections: readonly Section[], { bits = 64, endian = 'LE', address = 0x10000 }: ElfOptions = {}): Buffer {
  const is64 = bits === 64;
  const [header, segment, entry] = is64 ? [32, 72, 80] : [28, 56, 68];
  const contents = sections.map(({ content }) => padded(Buffer.from(content as string), 16));
  const start = align(header + segment + entry * sections.length, 16);
  const body = Buffer.concat(contents);
  const file = Buffer.alloc(start + body.length);
  const write = writer(file, endian);
  const word = is64 ? write.u64 : write.u32;
  write.u32(0, is64 ? 0xfeedfacf : 0xfeedface);
  write.u32(16, 1);
  write.u32(20, segment + entry * sections.length);
  write.u32(header, is64 ? 0x19 : 1);
  write.u32(header + 4, segment + entry * sections.length);
  file.write('__DATA', header + 8);
  const width = is64 ? 8 : 4;
  [address, body.length, start, body.length].forEach((value, i) => void word(header + 24 + i * width, value));
  write.u32(header + (is64 ? 64 : 48), sections.length);
  let offset = start;
  sections.forEach(({ name, content }, i) => {
    const at = header + segment + i * entry;
    file.write(name, at);
    word(at + 32, address + offset - start);
    word(at + 32 + width, Buffer.from(content as string).length);
    write.u32(at + 32 + 2 * width, offset);
    offset += contents[i]?.length ?? 0;
  });
  body.copy(file, start);
  return file;
}

export function fat(parts: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(4096);
  header.writeUInt32BE(0xcafebabe, 0);
  header.writeUInt32BE(parts.length, 4);
  parts.forEach((part, i) => {
    header.writeUInt32BE(4096 + Buffer.concat(parts.slice(0, i)).length, 8 + i * 20 + 8);
    header.writeUInt32BE(part.length, 8 + i * 20 + 12);
  });
  return Buffer.concat([header, ...parts]);
}

/** Sections are writable data at 0x1000 from the base. */
export function pe(sections: readonly Section[], { isManaged = false }: { readonly isManaged?: boolean } = {}): Buffer {
  const contents = sections.map(({ content }) => padded(Buffer.from(content as string), 512));
  const [header, optional] = [0x80, 240];
  const start = align(header + 24 + optional + sections.length * 40, 512);
  const file = Buffer.alloc(start + Buffer.concat(contents).length);
  file.write('MZ');
  file.writeUInt32LE(header, 0x3c);
  file.write('PE\0\0', header);
  file.writeUInt16LE(0x8664, header + 4);
  file.writeUInt16LE(sections.length, header + 6);
  file.writeUInt16LE(optional, header + 20);
  file.writeUInt16LE(0x20b, header + 24);
  file.writeBigUInt64LE(0x140000000n, header + 24 + 24);
  if (isManaged) file.writeUInt32LE(0x2000, header + 24 + 112 + 14 * 8);
  let offset = start;
  sections.forEach(({ name }, i) => {
    const at = header + 24 + optional + i * 40;
    const content = contents[i] ?? Buffer.alloc(0);
    file.write(name, at);
    file.writeUInt32LE(content.length, at + 8);
    file.writeUInt32LE(0x1000 + offset - start, at + 12);
    file.writeUInt32LE(content.length, at + 16);
    file.writeUInt32LE(offset, at + 20);
    file.writeUInt32LE(0xc0000040, at + 36);
    content.copy(file, offset);
    offset += content.length;
  });
  return file;
}

/** As Go writes it since 1.18. */
export function goBuildInfo(goVersion: string, lines: readonly string[]): Buffer {
  const marks = Buffer.from('3077af0c9274080241e1c107e6d618e6', 'hex');
  const modules = Buffer.concat([marks, Buffer.from(lines.map((line) => `${line}\n`).join('')), Buffer.from('f932433186182072008242104116d8f2', 'hex')]);
  const header = Buffer.alloc(32);
  header.write('\xff Go buildinf:', 'latin1');
  header.set([8, 2], 14);
  return Buffer.concat([header, varint(goVersion.length), Buffer.from(goVersion), varint(modules.length), modules]);
}

/** Until Go 1.17: pointers to string headers. @param address where this lies */
export function olderGoBuildInfo(goVersion: string, lines: readonly string[], address: number, { bits = 64, endian = 'LE' }: ElfOptions = {}): Buffer {
  const width = bits / 8;
  const modules = Buffer.concat([Buffer.alloc(16, 1), Buffer.from(lines.map((line) => `${line}\n`).join('')), Buffer.alloc(16, 2)]);
  const strings = [Buffer.from(goVersion), modules];
  const head = Buffer.alloc(32 + 4 * width);
  const write = writer(head, endian);
  const pointer = (at: number, value: number): void => (width === 8 ? write.u64(at, value) : write.u32(at, value));
  head.write('\xff Go buildinf:', 'latin1');
  head.set([width, endian === 'BE' ? 1 : 0], 14);
  let at = address + head.length;
  strings.forEach((string, i) => {
    pointer(16 + i * width, address + 32 + i * 2 * width);
    pointer(32 + i * 2 * width, at);
    pointer(32 + i * 2 * width + width, string.length);
    at += string.length;
  });
  return Buffer.concat([head, ...strings]);
}

/** VS_VERSIONINFO with one table of strings. */
export function versionResource(strings: Readonly<Record<string, string>>): Buffer {
  const block = (key: string, value: Buffer, children: readonly Buffer[]): Buffer => {
    const start = Buffer.concat([Buffer.alloc(6), Buffer.from(`${key}\0`, 'utf16le')]);
    const bytes = Buffer.concat([padded(Buffer.concat([padded(start, 4), value]), 4), ...children]);
    bytes.writeUInt16LE(bytes.length, 0);
    bytes.writeUInt16LE(value.length, 2);
    return bytes;
  };
  const values = Object.entries(strings).map(([key, value]) => block(key, Buffer.from(`${value}\0`, 'utf16le'), []));
  const nothing = Buffer.alloc(0);
  return block('VS_VERSION_INFO', Buffer.alloc(52), [block('StringFileInfo', nothing, [block('040904b0', nothing, values)])]);
}

function writer(file: Buffer, endian: 'LE' | 'BE') {
  return {
    u16: (at: number, value: number): void => void (endian === 'LE' ? file.writeUInt16LE(value, at) : file.writeUInt16BE(value, at)),
    u32: (at: number, value: number): void => void (endian === 'LE' ? file.writeUInt32LE(value, at) : file.writeUInt32BE(value, at)),
    u64: (at: number, value: number): void => void (endian === 'LE' ? file.writeBigUInt64LE(BigInt(value), at) : file.writeBigUInt64BE(BigInt(value), at)),
  };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

function padded(bytes: Buffer, to: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(align(bytes.length, to) - bytes.length)]);
}
