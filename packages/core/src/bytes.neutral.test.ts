import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../test/codes.ts';
import { property } from '../test/random.ts';
import { concat, decodeUtf8, equalBytes, fromHex, toHex, uint, utf8 } from './bytes.ts';

describe('hex', () => {
  test('round trips, in either case', () => {
    property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(fromHex(toHex(bytes))).toEqual(bytes);
      expect(fromHex(toHex(bytes).toUpperCase())).toEqual(bytes);
    });
  });

  test.each(['0', 'zz', '0x00', '00 ', ' 00', '٠٠', '0\n'])('refuses %j', (text) => {
    expect(() => fromHex(text)).toThrow(TypeError);
  });
});

describe('uint', () => {
  test.each([
    [0, 1, '00'],
    [255, 1, 'ff'],
    [256, 3, '000100'],
    [2n ** 64n - 1n, 8, 'ffffffffffffffff'],
  ])('writes %s in %i bytes', (value, width, hex) => {
    expect(toHex(uint(value, width))).toBe(hex);
  });

  test.each([
    [256, 1],
    [2n ** 64n, 8],
    [-1, 2],
  ])('refuses %s in %i bytes', (value, width) => {
    expect(codeOf(() => uint(value, width))).toBe('INTERNAL');
  });
});

describe('UTF-8', () => {
  test('round trips, a byte order mark included', () => {
    property(fc.string({ unit: 'binary' }), (text) => expect(decodeUtf8(utf8(text))).toBe(text));
    expect(decodeUtf8(utf8('\ufeffx'))).toBe('\ufeffx');
  });

  test.each(['c328', 'c0af', 'eda080', 'f5808080', 'e2 82', '80'])('refuses the bytes %s', (hex) => {
    expect(decodeUtf8(fromHex(hex.replaceAll(' ', '')))).toBeUndefined();
  });
});

test('concat joins in order, and equalBytes sees every byte and the length', () => {
  property(fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 5 }), (parts) => {
    const joined = concat(...parts);
    expect([...joined]).toEqual(parts.flatMap((part) => [...part]));
    expect(equalBytes(joined, Uint8Array.from(joined))).toBe(true);
    expect(equalBytes(joined, concat(joined, Uint8Array.of(0)))).toBe(false);
    for (let i = 0; i < joined.length; i++) {
      const changed = Uint8Array.from(joined);
      changed[i] = (changed[i] as number) ^ 0x80;
      expect(equalBytes(joined, changed)).toBe(false);
    }
  });
});
