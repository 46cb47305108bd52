import { describe, expect, test } from 'vitest';
import { limitMemory } from './limit-memory.ts';

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const EXPORT_OF_MEMORY = [7, 5, 1, 1, 0x6d, 2, 0];
const PAGE = 65_536;

/** A module of one memory that it exports as `m`. */
function withMemory(...memory: number[]): Uint8Array {
  return Uint8Array.from([...HEADER, 5, memory.length, ...memory, ...EXPORT_OF_MEMORY]);
}

function memoryOf(module: Uint8Array): WebAssembly.Memory {
  return new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(module))).exports['m'] as WebAssembly.Memory;
}

describe('a maximum of memory', () => {
  test('is kept by the WebAssembly engine', () => {
    const memory = memoryOf(limitMemory(withMemory(1, 0, 2), 300 * PAGE));
    expect(memory.buffer.byteLength).toBe(2 * PAGE);
    memory.grow(298);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  test.each([
    ['a module without memory', Uint8Array.from(HEADER), 'no memory section'],
    ['one that has a maximum', withMemory(1, 1, 2, 9), 'without a maximum'],
    ['one that begins with more', withMemory(1, 0, 9), 'begins with 9 pages'],
  ])('%s is refused', (_, module, problem) => {
    expect(() => limitMemory(module, 8 * PAGE)).toThrow(problem);
  });
});
