/**
 * Go leaves the memory of a module without a maximum. One in the module itself is kept by the WebAssembly engine, whatever the code tries.
 *
 * A module is 8 bytes of header, then sections: an identifier of one byte, the size, the content, with numbers as LEB128. Section 5 is a vector of memories,
 * each with flags, a minimum, and, when bit 0 of the flags is set, a maximum, in pages of 64 KiB (WebAssembly Core 5.5.8, 5.3.8).
 */
const MEMORY_SECTION = 5;
const PAGE = 65_536;

/** @throws Error for a module that has not one memory, or one with a maximum already */
export function limitMemory(module: Uint8Array, maxBytes: number): Uint8Array {
  let at = 8;
  while (at < module.length) {
    const identifier = module[at];
    const [size, start] = number(module, at + 1);
    if (identifier === MEMORY_SECTION) {
      const content = limited(module.subarray(start, start + size), maxBytes / PAGE);
      const section = [MEMORY_SECTION, ...leb128(content.length), ...content];
      return Buffer.concat([module.subarray(0, at), Uint8Array.from(section), module.subarray(start + size)]);
    }
    at = start + size;
  }
  throw new Error('the module has no memory section');
}

function limited(section: Uint8Array, maxPages: number): number[] {
  const [count, flags] = section;
  if (count !== 1 || flags !== 0) throw new Error('expected one memory without a maximum');
  const [minimum, end] = number(section, 2);
  if (end !== section.length || minimum > maxPages) throw new Error(`the memory begins with ${minimum} pages`);
  return [1, 1, ...leb128(minimum), ...leb128(maxPages)];
}

function number(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let i = at, factor = 1; ; i++, factor *= 128) {
    const byte = bytes[i] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return [value, i + 1];
  }
}

function leb128(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 0x80, ...leb128(Math.floor(value / 128))];
}
