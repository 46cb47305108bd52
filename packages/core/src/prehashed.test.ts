/** Verifying over a digest against `node:crypto`, which made the signatures, and Ed25519ph against noble's own. */
import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { nodeCrypto } from '@assay/crypto-node';
import { ed25519ph } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import { concat, fromHex, toHex, utf8 } from './bytes.ts';
import type { HashName, SignatureScheme } from './crypto.ts';
import { ed25519Spki, type PublicKey, parseSpki } from './key.ts';
import { verifyDigest } from './prehashed.ts';
import { verifySignature } from './signature.ts';
import { webCrypto } from './webcrypto.ts';

const DATA = utf8('what is signed');
const digestOf = (hash: HashName, data = DATA) => new Uint8Array(createHash(hash).update(data).digest());
const keyOf = (key: KeyObject): PublicKey => parseSpki(new Uint8Array(key.export({ type: 'spki', format: 'der' })));

describe.each([2048, 3072, 4096])('RSA %i', (modulusLength) => {
  const pair = generateKeyPairSync('rsa', { modulusLength });
  const key = keyOf(pair.publicKey);

  test.each(['sha256', 'sha384', 'sha512'] as const)('PKCS#1 v1.5 with %s agrees with node:crypto', (hash) => {
    const signature = new Uint8Array(sign(hash, DATA, pair.privateKey));
    expect(verifyDigest(key, { name: 'rsa-pkcs1', hash }, digestOf(hash), signature)).toBe(true);
    expect(verifyDigest(key, { name: 'rsa-pkcs1', hash }, digestOf(hash, utf8('other')), signature)).toBe(false);
    for (let at = 0; at < signature.length; at += 17)
      expect(verifyDigest(key, { name: 'rsa-pkcs1', hash }, digestOf(hash), signature.with(at, (signature[at] as number) ^ 1) as Uint8Array)).toBe(false);
  });

  test('PSS cannot be verified from a digest, and verifies over the bytes', async () => {
    const signature = new Uint8Array(sign('sha256', DATA, { key: pair.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }));
    expect(verifyDigest(key, { name: 'rsa-pss', hash: 'sha256' }, digestOf('sha256'), signature)).toBe(false);
    for (const crypto of [nodeCrypto, webCrypto]) expect(await verifySignature(crypto, key, { name: 'rsa-pss', hash: 'sha256' }, DATA, signature)).toBe(true);
  });

  test('PSS with another salt length is refused by both providers', async () => {
    const signature = new Uint8Array(sign('sha256', DATA, { key: pair.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 20 }));
    for (const crypto of [nodeCrypto, webCrypto]) expect(await verifySignature(crypto, key, { name: 'rsa-pss', hash: 'sha256' }, DATA, signature)).toBe(false);
  });
});

describe('RSA padding that a lenient parser would take', () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = keyOf(pair.publicKey);
  const info = concat(fromHex('3031300d060960864801650304020105000420'), digestOf('sha256'));
  const encodings: [string, Uint8Array][] = [
    [
      'garbage after a short padding (Bleichenbacher 2006)',
      concat(Uint8Array.of(0, 1, ...new Array(8).fill(0xff), 0), info, new Uint8Array(256 - 11 - info.length).fill(0xab)),
    ],
    ['padding of other bytes', concat(Uint8Array.of(0, 1), new Uint8Array(256 - 3 - info.length).fill(0xfe), Uint8Array.of(0), info)],
    ['block type 2', concat(Uint8Array.of(0, 2), new Uint8Array(256 - 3 - info.length).fill(0xff), Uint8Array.of(0), info)],
    ['DigestInfo without NULL', padded(concat(fromHex('302f300b0609608648016503040201'), fromHex('0420'), digestOf('sha256')))],
    ['DigestInfo with a BER length', padded(concat(fromHex('308131300d060960864801650304020105000420'), digestOf('sha256')))],
    ['the digest of another algorithm', padded(concat(fromHex('3041300d060960864801650304020205000430'), digestOf('sha384')))],
    ['no DigestInfo', padded(digestOf('sha256'))],
  ];

  function padded(block: Uint8Array): Uint8Array {
    return concat(Uint8Array.of(0, 1), new Uint8Array(256 - 3 - block.length).fill(0xff), Uint8Array.of(0), block);
  }

  test.each(encodings)('%s', async (_, encoded) => {
    const { privateEncrypt } = await import('node:crypto');
    const signature = new Uint8Array(privateEncrypt({ key: pair.privateKey, padding: constants.RSA_NO_PADDING }, encoded));
    const scheme: SignatureScheme = { name: 'rsa-pkcs1', hash: 'sha256' };
    expect(verifyDigest(key, scheme, digestOf('sha256'), signature)).toBe(false);
    for (const crypto of [nodeCrypto, webCrypto]) expect(await verifySignature(crypto, key, scheme, DATA, signature)).toBe(false);
  });

  test('a signature at or above the modulus is refused, though it is the same number modulo n', () => {
    const rsa = key as Extract<PublicKey, { type: 'rsa' }>;
    const signature = new Uint8Array(sign('sha256', DATA, pair.privateKey));
    const shifted = (BigInt(`0x${toHex(signature)}`) + rsa.modulus).toString(16);
    if (shifted.length <= 512)
      expect(verifyDigest(key, { name: 'rsa-pkcs1', hash: 'sha256' }, digestOf('sha256'), fromHex(shifted.padStart(512, '0')))).toBe(false);
    expect(verifyDigest(key, { name: 'rsa-pkcs1', hash: 'sha256' }, digestOf('sha256'), new Uint8Array(256).fill(0xff))).toBe(false);
  });
});

describe.each([
  ['prime256v1', ['sha256', 'sha384', 'sha512']],
  ['secp384r1', ['sha256', 'sha384', 'sha512']],
  ['secp521r1', ['sha256', 'sha384', 'sha512']],
] as const)('ECDSA %s', (namedCurve, hashes) => {
  const pair = generateKeyPairSync('ec', { namedCurve });
  const key = keyOf(pair.publicKey);

  test.each(hashes)('with %s agrees with node:crypto over twenty signatures', (hash) => {
    for (let i = 0; i < 20; i++) {
      const data = utf8(`message ${i}`);
      const signature = new Uint8Array(sign(hash, data, pair.privateKey));
      expect(verifyDigest(key, { name: 'ecdsa', hash }, digestOf(hash, data), signature)).toBe(true);
      expect(verifyDigest(key, { name: 'ecdsa', hash }, digestOf(hash, utf8('other')), signature)).toBe(false);
    }
  });
});

describe('Ed25519ph', () => {
  const secret = ed25519ph.utils.randomSecretKey();
  const key = parseSpki(ed25519Spki(ed25519ph.getPublicKey(secret)));
  const signature = ed25519ph.sign(DATA, secret);
  const scheme: SignatureScheme = { name: 'ed25519ph' };

  test("agrees with noble's own", async () => {
    expect(ed25519ph.verify(signature, DATA, ed25519ph.getPublicKey(secret))).toBe(true);
    expect(verifyDigest(key, scheme, digestOf('sha512'), signature)).toBe(true);
    for (const crypto of [nodeCrypto, webCrypto]) expect(await verifySignature(crypto, key, scheme, DATA, signature)).toBe(true);
  });

  // RFC 8032 section 7.3.
  test('verifies the vector of its RFC', () => {
    const rfcKey = ed25519ph.getPublicKey(fromHex('833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42'));
    const rfcSignature = fromHex(
      '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406',
    );
    expect(verifyDigest(parseSpki(ed25519Spki(rfcKey)), scheme, digestOf('sha512', utf8('abc')), rfcSignature)).toBe(true);
  });

  test('is not pure Ed25519, and pure Ed25519 is not it', async () => {
    expect(await verifySignature(nodeCrypto, key, { name: 'ed25519' }, DATA, signature)).toBe(false);
    const pair = generateKeyPairSync('ed25519');
    const pure = new Uint8Array(sign(null, DATA, pair.privateKey));
    expect(verifyDigest(keyOf(pair.publicKey), scheme, digestOf('sha512'), pure)).toBe(false);
    expect(verifyDigest(keyOf(pair.publicKey), { name: 'ed25519' }, digestOf('sha512'), pure)).toBe(false);
  });

  test('refuses every changed byte, a digest of another length, and an s beyond the group order', () => {
    for (let at = 0; at < 64; at++)
      expect(verifyDigest(key, scheme, digestOf('sha512'), signature.with(at, (signature[at] as number) ^ 1) as Uint8Array)).toBe(false);
    expect(verifyDigest(key, scheme, digestOf('sha256'), signature)).toBe(false);
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + order;
    const malleable = concat(signature.subarray(0, 32), fromHex(s.toString(16).padStart(64, '0')).reverse());
    expect(verifyDigest(key, scheme, digestOf('sha512'), malleable)).toBe(false);
  });
});
