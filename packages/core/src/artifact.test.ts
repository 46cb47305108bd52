import { createHash } from 'node:crypto';
import { nodeCrypto } from '@assay/crypto-node';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../test/codes.ts';
import { counting } from '../test/memo-crypto.ts';
import { Artifact, digestText, parseDigest } from './artifact.ts';
import { toHex, utf8 } from './bytes.ts';
import { webCrypto } from './webcrypto.ts';

const BYTES = utf8('the artifact');
const hashed = (name: string) => createHash(name).update(BYTES).digest('hex');

async function* chunks(): AsyncGenerator<Uint8Array> {
  yield BYTES.subarray(0, 5);
  yield new Uint8Array(0);
  yield BYTES.subarray(5);
}

describe.each([
  ['node:crypto', nodeCrypto],
  ['Web Crypto', webCrypto],
])('with %s', (_, crypto) => {
  test('bytes have every digest', async () => {
    const artifact = Artifact.fromBytes(BYTES);
    for (const name of ['sha256', 'sha384', 'sha512'] as const) expect(toHex((await artifact.digest(name, crypto)) ?? new Uint8Array(0))).toBe(hashed(name));
  });

  test('a stream has the digests asked for, and no others', async () => {
    const artifact = await Artifact.fromStream(chunks(), ['sha256', 'sha512', 'sha256'], crypto);
    expect(artifact.algorithms).toEqual(['sha256', 'sha512']);
    expect(toHex((await artifact.digest('sha512', crypto)) ?? new Uint8Array(0))).toBe(hashed('sha512'));
    expect([artifact.bytes, await artifact.digest('sha384', crypto)]).toEqual([undefined, undefined]);
  });
});

test('hashes bytes once for each algorithm', async () => {
  const crypto = counting(nodeCrypto);
  const artifact = Artifact.fromBytes(BYTES);
  await artifact.digest('sha256', crypto);
  await artifact.digest('sha256', crypto);
  expect(crypto.hashed.calls).toBe(1);
});

test('refuses digests of the wrong length, and none at all', () => {
  expect(() => Artifact.fromDigests({ sha256: new Uint8Array(31) })).toThrow(TypeError);
  expect(() => Artifact.fromDigests({ sha512: new Uint8Array(32) })).toThrow(TypeError);
  expect(() => Artifact.fromDigests({})).toThrow(TypeError);
});

describe('digest text', () => {
  test.each([
    [`sha256:${'ab'.repeat(32)}`, 'sha256'],
    [`sha256:${'AB'.repeat(32)}`, 'sha256'],
    [`sha384:${'00'.repeat(48)}`, 'sha384'],
    [`sha512:${'ff'.repeat(64)}`, 'sha512'],
  ])('%s is a digest', (text, algorithm) => {
    const digest = parseDigest(text);
    expect(digest?.algorithm).toBe(algorithm);
    expect(digest && digestText(digest.algorithm, digest.value)).toBe(text.toLowerCase());
  });

  test.each([
    '',
    'a.txt',
    'sha1:00',
    'SHA256:00',
    `sha256:${'0g'.repeat(32)}`,
    ` sha256:${'00'.repeat(32)}`,
    `sha256:${'00'.repeat(32)}\n`,
    `sha256-${'00'.repeat(32)}`,
    'constructor:00',
  ])('%j is none', (text) => {
    expect(parseDigest(text)).toBeUndefined();
  });

  test.each(['sha256:', `sha256:${'00'.repeat(31)}`, `sha256:${'00'.repeat(33)}`, `sha512:${'00'.repeat(32)}`, 'sha384:0'])(
    '%s is one of a wrong length',
    (text) => {
      expect(codeOf(() => parseDigest(text))).toBe('USAGE');
    },
  );
});
