/** What is valid is accepted: every combination a virtual instance can make, and the unusual forms. */
import { type HashName, webCrypto } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { type BundleVersion, generateKey, type KeyType } from '@assay/make';
import { describe, expect, test } from 'vitest';
import { ARTIFACT, createInstance, variants, verifySample } from './index.ts';

const KEYS: readonly KeyType[] = ['p256', 'p384', 'p521', 'rsa2048', 'rsa3072', 'ed25519'];

interface Combination {
  readonly version: BundleVersion;
  readonly content: 'message' | 'dsse';
  readonly log: 'v1' | 'v2' | 'both';
  readonly timestamp: boolean;
  readonly signerKey: KeyType;
}

/** Every choice of one member for each, as a list of combinations. */
function product<T extends object>(base: readonly T[], choices: readonly object[]): object[] {
  return base.flatMap((one) => choices.map((choice) => ({ ...one, ...choice })));
}

const combinations = [
  (['0.1', '0.2', '0.3-old', '0.3'] as const).map((version) => ({ version })),
  (['message', 'dsse'] as const).map((content) => ({ content })),
  (['v1', 'v2', 'both'] as const).map((log) => ({ log })),
  [false, true].map((timestamp) => ({ timestamp })),
  KEYS.map((signerKey) => ({ signerKey })),
].reduce<object[]>(product, [{}]) as Combination[];

function isPossible({ version, content, log, timestamp, signerKey }: Combination): boolean {
  // Version 0.1 demands a promise, which Rekor v2 does not make.
  if (version === '0.1' && log !== 'v1') return false;
  if (log === 'v2' && !timestamp) return false;
  // Rekor v2 takes no pure Ed25519, and envelopes are signed purely.
  return signerKey !== 'ed25519' || content === 'message' || log === 'v1';
}

describe('accepts with a certificate', () => {
  const instance = createInstance();
  test.each(combinations.filter(isPossible))('$version, $content, $log, timestamp $timestamp, $signerKey', async (options) => {
    const sample = instance.sign(ARTIFACT, options);
    const { ok, says, verification } = await verifySample(sample, nodeCrypto);
    expect(ok, says).toBe(true);
    expect(verification?.verified?.identity?.san).toBe(sample.policy.identities?.[0]?.san);
    expect(verification?.verified?.logEntries.map(({ logIndex }) => logIndex)).toEqual(sample.expected.logIndexes);
    const times = verification?.verified?.times.map(({ time }) => time.getTime() / 1000) ?? [];
    expect(times).toEqual([sample.expected.integratedTime, sample.expected.timestamp].filter((time) => time !== undefined));
  });
});

describe('accepts with a self-managed key', () => {
  const instance = createInstance();
  test.each(KEYS.flatMap((type) => (['message', 'dsse'] as const).map((content) => ({ type, content }))))('$type, $content', async ({ type, content }) => {
    const log = type === 'ed25519' && content === 'dsse' ? 'v1' : 'both';
    const { ok, says } = await verifySample(instance.sign(ARTIFACT, { key: generateKey(type), content, log, timestamp: true }), nodeCrypto);
    expect(ok, says).toBe(true);
  });
});

describe('accepts a digest in place of the artifact', () => {
  const instance = createInstance();
  test.each(KEYS.flatMap((signerKey) => (['message', 'dsse'] as const).map((content) => ({ signerKey, content }))))(
    '$signerKey, $content',
    async ({ signerKey, content }) => {
      const sample = instance.sign(ARTIFACT, { signerKey, content });
      const digestOnly = content === 'dsse' ? 'sha256' : hashOf(signerKey);
      const { ok, says } = await verifySample({ ...sample, policy: { ...sample.policy, digestOnly } }, nodeCrypto);
      expect(ok, says).toBe(true);
    },
  );
});

function hashOf(type: KeyType): HashName {
  return ({ p384: 'sha384', p521: 'sha512', ed25519: 'sha512' } as Partial<Record<KeyType, HashName>>)[type] ?? 'sha256';
}

describe('accepts every kind of entry', () => {
  test.each([
    { log: 'v1', entryKind: 'intoto' },
    { log: 'v1', entryKind: 'dsse' },
    { log: 'v2', entryKind: 'dsse' },
    { log: 'v2', entryKind: 'hashedrekord' },
  ] as const)('$entryKind in $log', async (options) => {
    const { ok, says } = await verifySample(createInstance().sign(ARTIFACT, { content: 'dsse', ...options }), nodeCrypto);
    expect(ok, says).toBe(true);
  });
});

describe('accepts trees of every size', () => {
  test.each(Array.from({ length: 18 }, (_, before) => before))('%i entries before', async (before) => {
    for (const after of [0, 1, 5]) {
      const instance = createInstance({ fillers: { before, after } });
      const { ok, says } = await verifySample(instance.sign(ARTIFACT, { log: 'both', timestamp: true }), nodeCrypto);
      expect(ok, says).toBe(true);
    }
  });
});

describe('accepts what is unusual and legal', () => {
  test.each(variants)('$name', async (variant) => {
    const sample = variant.make();
    const { ok, says } = await verifySample(sample, nodeCrypto);
    expect(ok, says).toBe(true);
    const web = await verifySample(sample, webCrypto);
    expect(web.ok, web.says).toBe(true);
  });
});
