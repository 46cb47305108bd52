import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { property } from '../test/random.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The platform's own encoder: `Buffer` in Node, `btoa` in browsers. */
function reference(bytes: Uint8Array): string {
  return 'Buffer' in globalThis ? Buffer.from(bytes).toString('base64') : btoa(String.fromCharCode(...bytes));
}

test('encodes as the platform does, and decodes its own text', () => {
  property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    const text = encodeBase64(bytes);
    expect(text).toBe(reference(bytes));
    expect(decodeBase64(text)).toEqual(bytes);
  });
});

describe('of every text of one to four characters', () => {
  const set = ['A', 'B', 'Q', '/', '+', '=', '-', ' '];
  const texts = [1, 2, 3, 4].flatMap((length) => words(set, length));

  test('accepts exactly those that the encoder could have written', () => {
    const written = new Set<string>();
    for (const length of [1, 2, 3]) for (const bytes of samples(length)) written.add(reference(bytes));
    const accepted = texts.filter((text) => decodeBase64(text) !== undefined);
    expect(accepted.filter((text) => reference(decodeBase64(text) as Uint8Array) !== text)).toEqual([]);
    expect(texts.filter((text) => written.has(text) && decodeBase64(text) === undefined)).toEqual([]);
  });

  /** All byte strings that the letters of `set` can stand for. */
  function samples(length: number): Uint8Array[] {
    const letters = set.slice(0, 5).map((letter) => ALPHABET.indexOf(letter));
    const groups = letters.flatMap((a) => letters.flatMap((b) => letters.flatMap((c) => letters.map((d) => (a << 18) | (b << 12) | (c << 6) | d))));
    return groups.map((group) => Uint8Array.of(group >> 16, group >> 8, group).subarray(0, length));
  }
});

function words(letters: readonly string[], length: number): string[] {
  return length === 0 ? [''] : words(letters, length - 1).flatMap((word) => letters.map((letter) => word + letter));
}

describe('stray bits', () => {
  test.each([
    ['one byte', 2, '=='],
    ['two bytes', 3, '='],
  ])('are refused after %s: of 64 last characters only those with zero bits pass', (_, length, padding) => {
    const step = length === 2 ? 16 : 4;
    const accepted = [...ALPHABET].filter((last) => decodeBase64(`${'A'.repeat(length - 1)}${last}${padding}`) !== undefined);
    expect(accepted).toEqual([...ALPHABET].filter((_last, value) => value % step === 0));
  });
});

describe('every character outside the alphabet', () => {
  test('is refused at every place of a group', () => {
    const foreign = Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code)).filter((char) => !`${ALPHABET}=\r\n`.includes(char));
    const texts = foreign.flatMap((char) => [0, 1, 2, 3].map((at) => `AAAA${'AAAA'.slice(0, at)}${char}${'AAAA'.slice(at + 1)}`));
    expect(texts.filter((text) => decodeBase64(text) !== undefined)).toEqual([]);
  });
});

test.each([
  ['a line feed anywhere', 'A\nA\nA\nA\n'],
  ['CR LF', 'AA\r\nAA\r\n'],
  ['a line feed inside the padding', 'AA=\n='],
])('tolerates %s, as Go does', (_, text) => {
  expect(decodeBase64(text)).toEqual(new Uint8Array(text.includes('=') ? 1 : 3));
});

test.each([
  ['URL-safe letters', '-_-_'],
  ['no padding', 'AA'],
  ['half the padding', 'AA='],
  ['padding inside', 'AA==AAAA'],
  ['padding first', '=AAA'],
  ['three padding characters', 'A==='],
  ['only padding', '===='],
  ['a padding character too many', 'AAAA===='],
  ['a space', 'AA A'],
  ['a full-width letter', 'AAＡA'],
  ['a lone surrogate', 'AAA\ud800'],
])('refuses %s', (_, text) => {
  expect(decodeBase64(text)).toBeUndefined();
});
