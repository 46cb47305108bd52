/**
 * How much cryptography one verification asks for, counted, not timed: nobody adds work silently. On a warm trust root (its own chain
 * verified before) a version 0.3 hashedrekord bundle costs five signature verifications.
 */
import { nodeCrypto } from '@assay/crypto-node';
import { expect, test } from 'vitest';
import { counting } from '../test/memo-crypto.ts';
import { bytesOf, judgeBundle, prepare, vector, vectors } from '../test/vectors.ts';

const SIZES: [string, number, string][] = [
  ['happy-path-v0.3-new-mediaType', 5, 'SET, checkpoint, certificate, SCT, artifact'],
  ['happy-path-intoto-in-dsse-v3', 5, 'SET, checkpoint, certificate, SCT, envelope'],
  ['rekor2-happy-path', 6, 'checkpoint, timestamp, its certificate, certificate, SCT, artifact'],
  ['rekor2-timestamp-without-embedded-cert', 6, 'checkpoint, timestamp, its certificate, certificate, SCT, artifact'],
  ['managed-key-and-trusted-root', 3, 'SET, checkpoint, artifact'],
];

test.skipIf(vectors.length === 0).each(SIZES)('%s costs %i signature verifications: %s', async (name, verifications) => {
  const one = vector(name);
  const crypto = counting(nodeCrypto);
  const prepared = await prepare(one, crypto);
  const judge = () => judgeBundle(bytesOf(one.bundle), one, 'bytes', prepared);
  await judge();
  crypto.verified.length = 0;
  expect((await judge()).ok).toBe(true);
  expect(crypto.verified.map(({ key, scheme }) => `${key.type} ${scheme.name}`)).toHaveLength(verifications);
});

test.skipIf(vectors.length === 0)('a cold trust root costs two more at most: its own chain, once', async () => {
  const one = vector('happy-path-v0.3-new-mediaType');
  const crypto = counting(nodeCrypto);
  expect((await judgeBundle(bytesOf(one.bundle), one, 'bytes', await prepare(one, crypto))).ok).toBe(true);
  expect(crypto.verified.length).toBeLessThanOrEqual(7);
});

test.skipIf(vectors.length === 0)('no hash covers more than the artifact and the bundle together, a few times over', async () => {
  const one = vector('happy-path-v0.3-new-mediaType');
  const crypto = counting(nodeCrypto);
  await judgeBundle(bytesOf(one.bundle), one, 'bytes', await prepare(one, crypto));
  expect(crypto.hashed.bytes).toBeLessThan(4 * (bytesOf(one.bundle).length + bytesOf(one.artifact).length));
});
