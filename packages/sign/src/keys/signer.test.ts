import { createHash, type createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { fromHex, type PublicKey, parseSpki, type SignatureScheme, toHex, utf8, verifySignature, webCrypto } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refusal } from '../../test/key-context.ts';
import { generateKeyPair, type KeyPair, keyPairOf, SIGNING_ALGORITHMS } from './key-pair.ts';
import { localSigner } from './local-key.ts';
import { createSigner, type HeldKey } from './signer.ts';

const ed25519 = keyPairOf(generateKeyPairSync('ed25519').privateKey);
const pairs = new Map<string, KeyPair>([['ed25519', ed25519]]);
for (const algorithm of SIGNING_ALGORITHMS) pairs.set(algorithm, await generateKeyPair(algorithm));
const pair = (name: string) => pairs.get(name) as KeyPair;

const MESSAGE = utf8('the message');
const verifies = async (key: PublicKey, scheme: SignatureScheme, signature: Uint8Array, message = MESSAGE) => {
  const [node, web] = await Promise.all([nodeCrypto, webCrypto].map((crypto) => verifySignature(crypto, key, scheme, message, signature)));
  expect(node).toBe(web);
  return node;
};
const digestOf = (hash: string, message = MESSAGE) => new Uint8Array(createHash(hash).update(message).digest());

describe.each<[string, SignatureScheme]>([
  ['ecdsa-sha2-256-nistp256', { name: 'ecdsa', hash: 'sha256' }],
  ['ecdsa-sha2-384-nistp384', { name: 'ecdsa', hash: 'sha384' }],
  ['ecdsa-sha2-512-nistp521', { name: 'ecdsa', hash: 'sha512' }],
  ['rsa-sign-pkcs1-2048-sha256', { name: 'rsa-pkcs1', hash: 'sha256' }],
  ['rsa-sign-pkcs1-3072-sha256', { name: 'rsa-pkcs1', hash: 'sha256' }],
  ['rsa-sign-pkcs1-4096-sha256', { name: 'rsa-pkcs1', hash: 'sha256' }],
])('%s', (name, scheme) => {
  const signer = localSigner(pair(name).pkcs8);

  test('signs with its default scheme', async () => {
    expect([signer.scheme, signer.hash]).toEqual([scheme, 'hash' in scheme && scheme.hash]);
    const signature = await signer.sign(MESSAGE);
    expect(await verifies(signer.publicKey, scheme, signature)).toBe(true);
    expect(await verifies(signer.publicKey, scheme, signature, utf8('another'))).toBe(false);
  });

  test('signs a digest as it signs the message', async () => {
    expect(await verifies(signer.publicKey, scheme, await signer.signDigest(digestOf(signer.hash ?? '')))).toBe(true);
  });

  test.each(['sha256', 'sha384', 'sha512'] as const)('signs with %s when asked to', async (hash) => {
    const other = { ...scheme, hash } as SignatureScheme;
    const changed = signer.withScheme(other);
    expect(await verifies(signer.publicKey, other, await changed.sign(MESSAGE))).toBe(true);
    expect(await verifies(signer.publicKey, other, await changed.signDigest(digestOf(hash)))).toBe(true);
  });

  test('refuses a digest of another length, and schemes of other keys', async () => {
    await expect(signer.signDigest(new Uint8Array(20))).rejects.toThrow(TypeError);
    expect(await refusal(() => signer.withScheme({ name: 'ed25519' }))).toMatchObject({ code: 'KEY_UNSUPPORTED' });
    expect(await refusal(() => signer.withScheme({ name: 'rsa-pss', hash: 'sha256' }))).toMatchObject({ code: 'KEY_UNSUPPORTED' });
  });
});

test('every ECDSA signature over a digest is one that OpenSSL accepts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.constantFrom('256-nistp256', '384-nistp384', '512-nistp521'), async (message, curve) => {
      const signer = localSigner(pair(`ecdsa-sha2-${curve}`).pkcs8);
      const signature = await signer.signDigest(digestOf(signer.hash ?? '', message));
      return verifySignature(nodeCrypto, signer.publicKey, signer.scheme, message, signature);
    }),
    { numRuns: 60 },
  );
});

describe('Ed25519', () => {
  const signer = localSigner(ed25519.pkcs8);
  const prehashed = signer.withScheme({ name: 'ed25519ph' });

  test('signs the message itself, and no digest', async () => {
    expect([signer.scheme, signer.hash]).toEqual([{ name: 'ed25519' }, undefined]);
    expect(await verifies(signer.publicKey, { name: 'ed25519' }, await signer.sign(MESSAGE))).toBe(true);
    expect(await refusal(() => signer.signDigest(digestOf('sha512')))).toMatchObject({ code: 'KEY_UNSUPPORTED', hint: expect.stringContaining('Ed25519ph') });
  });

  test('signs a SHA-512 digest when pre-hashed, and the two are not mixed up', async () => {
    const signature = await prehashed.sign(MESSAGE);
    expect(prehashed.hash).toBe('sha512');
    expect(await prehashed.signDigest(digestOf('sha512'))).toEqual(signature);
    expect(await verifies(signer.publicKey, { name: 'ed25519ph' }, signature)).toBe(true);
    expect(await verifies(signer.publicKey, { name: 'ed25519' }, signature)).toBe(false);
  });

  test('pre-hashed is that of RFC 8032 section 7.3', async () => {
    const seed = '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42';
    const vector = localSigner(fromHex(`302e020100300506032b657004220420${seed}`)).withScheme({ name: 'ed25519ph' });
    expect(toHex(await vector.sign(utf8('abc')))).toBe(
      '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406',
    );
  });
});

describe('a place that keeps keys', () => {
  const [shown, used] = [pair('ecdsa-sha2-256-nistp256'), localSigner(keyPairOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey).pkcs8)];
  const held: HeldKey = { publicKey: shown.publicKey, signDigest: (digest) => used.signDigest(digest) };

  test('is found out when it signs with another key than it shows', async () => {
    const signer = createSigner(held);
    expect(await refusal(() => signer.sign(MESSAGE))).toMatchObject({ code: 'KEY_PROVIDER' });
    expect(await refusal(() => signer.signDigest(digestOf('sha256')))).toMatchObject({ code: 'KEY_PROVIDER' });
  });

  test('is found out when its signature is none', async () => {
    const signer = createSigner({ ...held, signDigest: () => new Uint8Array(0) });
    expect(await refusal(() => signer.signDigest(digestOf('sha256')))).toMatchObject({ code: 'KEY_PROVIDER' });
  });

  test('needs no more than digests, unless the key is pure Ed25519', async () => {
    const local = localSigner(shown.pkcs8);
    expect(await createSigner({ publicKey: shown.publicKey, signDigest: (digest) => local.signDigest(digest) }).sign(MESSAGE)).toBeInstanceOf(Uint8Array);
    expect(await refusal(() => createSigner({ ...held, publicKey: ed25519.publicKey }))).toMatchObject({ code: 'KEY_UNSUPPORTED' });
    const prehashed = localSigner(ed25519.pkcs8).withScheme({ name: 'ed25519ph' });
    const remote = createSigner({ publicKey: ed25519.publicKey, signDigest: (digest) => prehashed.signDigest(digest) }, { name: 'ed25519ph' });
    expect(await remote.sign(MESSAGE)).toEqual(await prehashed.sign(MESSAGE));
  });
});

describe('a local key', () => {
  test('that is not PKCS#8 is refused without a word of OpenSSL', async () => {
    expect(await refusal(() => localSigner(utf8('no key')))).toMatchObject({
      code: 'KEY_PRIVATE_PARSE',
      message: 'parsing private key: not a well-formed key',
    });
  });

  test.each<[string, () => ReturnType<typeof createPrivateKey>]>([
    ['a curve nobody verifies', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey],
    ['RSA of 1024 bits', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey],
    ['Ed448', () => generateKeyPairSync('ed448').privateKey],
    ['RSA bound to PSS', () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey],
  ])('is refused when it is %s', async (_, make) => {
    const pkcs8 = new Uint8Array(make().export({ type: 'pkcs8', format: 'der' }));
    expect(await refusal(() => localSigner(pkcs8))).toMatchObject({ code: 'KEY_UNSUPPORTED' });
  });
});

test('key pairs: the default is P-256, other names are refused with the list', async () => {
  expect((await generateKeyPair()).publicKey).toMatchObject({ type: 'ec', curve: 'P-256' });
  expect(await refusal(() => generateKeyPair('ed25519'))).toMatchObject({
    code: 'KEY_UNSUPPORTED',
    message: `invalid signing algorithm: ed25519. Supported algorithms are: ${SIGNING_ALGORITHMS.join(', ')}`,
  });
  expect(SIGNING_ALGORITHMS).toEqual([...SIGNING_ALGORITHMS].sort());
  expect(parseSpki(pair('rsa-sign-pkcs1-4096-sha256').publicKey.spki)).toMatchObject({ bits: 4096, exponent: 65537n });
});
