import { createHash } from 'node:crypto';
import { utf8 } from '@assay/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { caught } from '../../net/test/caught.ts';
import { drained } from '../test/open-registry.ts';
import { checkBytes, type Digest, digestOf, hexOf, isDigest, toDigest, verified } from './digest.ts';

const HEX = 'a'.repeat(64);

describe('a digest', () => {
  test.each([
    ['sha256', `sha256:${HEX}`],
    ['sha512', `sha512:${HEX}${HEX}`],
  ])('%s and lower-case hex', (_, text) => {
    expect(toDigest(text)).toBe(text);
    expect(hexOf(toDigest(text))).toBe(text.slice(7));
  });

  test.each([
    ['nothing', ''],
    ['hex alone', HEX],
    ['upper-case hex', `sha256:${'A'.repeat(64)}`],
    ['an upper-case algorithm', `SHA256:${HEX}`],
    ['one digit less', `sha256:${HEX.slice(1)}`],
    ['one digit more', `sha256:${HEX}0`],
    ['a digit that is none', `sha256:${HEX.slice(1)}g`],
    ['the length of another algorithm', `sha512:${HEX}`],
    ['an algorithm without a name', `:${HEX}`],
    ['one that is not registered', `md5:${'a'.repeat(32)}`],
    ['sha384, which is not registered', `sha384:${'a'.repeat(96)}`],
    ['a dash', `sha256-${HEX}`],
    ['a space in front', ` sha256:${HEX}`],
    ['a line break behind', `sha256:${HEX}\n`],
    ['a path', 'sha256:../../../etc/passwd'],
    ['two', `sha256:${HEX},sha256:${HEX}`],
  ])('is not %s', async (_, text) => {
    expect(isDigest(text)).toBe(false);
    expect((await caught(() => toDigest(text))).code).toBe('OCI_DIGEST');
  });

  test('is that of the bytes', () => {
    expect(digestOf(utf8('{}'))).toBe('sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  });
});

const CONTENT = utf8('0123456789');
const DIGEST = digestOf(CONTENT);
const SHA512 = `sha512:${createHash('sha512').update(CONTENT).digest('hex')}` as Digest;

async function* chunked(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array, void, void> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? utf8(chunk) : chunk;
}

describe('content that is checked while it passes', () => {
  test.each([
    ['at once', ['0123456789']],
    ['in pieces', ['0', '1234', '56789']],
    ['with empty pieces', ['', '01234', '', '56789', '', '']],
  ])('passes unchanged, %s', async (_, chunks) => {
    for (const digest of [DIGEST, SHA512]) {
      expect(String(await drained(verified(chunked(...chunks), { digest, size: 10 }, 'x')))).toBe('0123456789');
      expect(String(await drained(verified(chunked(...chunks), { digest }, 'x')))).toBe('0123456789');
    }
  });

  test.each([
    ['another byte', ['012345678X'], 'OCI_DIGEST_MISMATCH'],
    ['another order', ['56789', '01234'], 'OCI_DIGEST_MISMATCH'],
    ['a byte less', ['012345678'], 'OCI_SIZE_MISMATCH'],
    ['a byte more', ['0123456789', '0'], 'OCI_SIZE_MISMATCH'],
    ['nothing', [], 'OCI_SIZE_MISMATCH'],
    ['another byte, and an empty piece behind it', ['01234', '5678X', ''], 'OCI_DIGEST_MISMATCH'],
  ])('refuses %s, and never hands on all of it', async (_, chunks, code) => {
    let passed = 0;
    const reading = async (): Promise<void> => {
      for await (const chunk of verified(chunked(...chunks), { digest: DIGEST, size: 10 }, 'the blob')) passed += chunk.length;
    };
    const error = await caught(reading());
    expect([error.code, error.message.startsWith('the blob: ')]).toEqual([code, true]);
    expect(passed).toBeLessThan(10);
  });

  test('refuses content that has no end at the first byte too many', async () => {
    let given = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array, void, void> {
      for (; ; given += 4) yield utf8('0123');
    };
    expect(await caught(drained(verified(endless(), { digest: DIGEST, size: 10 }, 'x')))).toMatchObject({
      code: 'OCI_SIZE_MISMATCH',
      expected: '10 bytes',
      found: 'more than 10 bytes',
    });
    expect(given).toBe(8);
  });

  test('hands an error of the source on as it is', async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array, void, void> {
      yield utf8('01234');
      throw new RangeError('broke');
    };
    await expect(drained(verified(broken(), { digest: DIGEST, size: 10 }, 'x'))).rejects.toThrow('broke');
  });

  test('holds one piece and no more', async () => {
    let given = 0;
    let taken = 0;
    const source = async function* (): AsyncGenerator<Uint8Array, void, void> {
      for (; given < 100; given += 1) yield utf8('x');
    };
    const all = digestOf(utf8('x'.repeat(100)));
    for await (const _ of verified(source(), { digest: all, size: 100 }, 'x')) {
      taken += 1;
      expect(given - taken).toBeLessThanOrEqual(1);
    }
    expect(taken).toBe(100);
  });

  test('however it is cut, all of it passes; and none of it does with a byte flipped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.array(fc.nat(199), { maxLength: 6 }), fc.nat(), async (bytes, cuts, at) => {
        const places = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
        const pieces = (from: Uint8Array) => places.slice(1).map((end, i) => from.subarray(places[i], end));
        const expected = { digest: digestOf(bytes), size: bytes.length };
        expect(new Uint8Array(await drained(verified(chunked(...pieces(bytes)), expected, 'x')))).toEqual(bytes);
        const flipped = bytes.slice();
        flipped[at % bytes.length] = (flipped[at % bytes.length] ?? 0) ^ 1;
        expect((await caught(drained(verified(chunked(...pieces(flipped)), expected, 'x')))).code).toBe('OCI_DIGEST_MISMATCH');
      }),
    );
  });
});

test.each([
  ['the right bytes', '0123456789', undefined],
  ['another byte', '012345678X', 'OCI_DIGEST_MISMATCH'],
  ['a byte more', '01234567890', 'OCI_SIZE_MISMATCH'],
])('bytes at hand: %s', async (_, text, code) => {
  const check = () => checkBytes(utf8(text), { digest: DIGEST, size: 10 }, 'x');
  if (code === undefined) check();
  else expect((await caught(check)).code).toBe(code);
});
