/**
 * Signatures of every kind, made by Web Crypto in this runtime: verified over the bytes, and over the digest by our own arithmetic.
 * Both ways must agree, for good and for changed signatures.
 */
import { describe, expect, test } from 'vitest';
import { concat, fromHex, toHex, utf8 } from './bytes.ts';
import type { HashName, SignatureScheme } from './crypto.ts';
import { encodeDer, TAG } from './der.ts';
import { type Curve, coordinateSize, type PublicKey, parseSpki } from './key.ts';
import { verifyDigest, worksOnDigest } from './prehashed.ts';
import { encodingProblem, parseEcdsaSignature, schemeFits, verifySignature } from './signature.ts';
import { webCrypto } from './webcrypto.ts';

const DATA = utf8('what is signed');
const WEB_HASH = { sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' } as const;
const ORDER: Record<Curve, bigint> = {
  'P-256': 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  'P-384': 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  'P-521': 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
};

interface Signed {
  readonly key: PublicKey;
  readonly scheme: SignatureScheme;
  readonly signature: Uint8Array;
}

async function sign(
  algorithm: EcKeyGenParams | RsaHashedKeyGenParams | Algorithm,
  parameters: EcdsaParams | RsaPssParams | Algorithm,
): Promise<{ key: PublicKey; signature: Uint8Array }> {
  const pair = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
  const key = parseSpki(new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey)));
  return { key, signature: new Uint8Array(await crypto.subtle.sign(parameters, pair.privateKey, DATA)) };
}

async function ecdsa(curve: Curve, hash: HashName): Promise<Signed> {
  const { key, signature } = await sign({ name: 'ECDSA', namedCurve: curve }, { name: 'ECDSA', hash: WEB_HASH[hash] });
  const size = coordinateSize(curve);
  return {
    key,
    scheme: { name: 'ecdsa', hash },
    signature: der(BigInt(`0x${toHex(signature.subarray(0, size))}`), BigInt(`0x${toHex(signature.subarray(size))}`)),
  };
}

async function rsa(name: 'rsa-pkcs1' | 'rsa-pss', hash: HashName, modulusLength = 2048): Promise<Signed> {
  const algorithm = { name: name === 'rsa-pss' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5', hash: WEB_HASH[hash], modulusLength, publicExponent: Uint8Array.of(1, 0, 1) };
  const saltLength = { sha256: 32, sha384: 48, sha512: 64 }[hash];
  return { ...(await sign(algorithm, name === 'rsa-pss' ? { name: 'RSA-PSS', saltLength } : { name: 'RSASSA-PKCS1-v1_5' })), scheme: { name, hash } };
}

const ed25519 = async (): Promise<Signed> => ({ ...(await sign({ name: 'Ed25519' }, { name: 'Ed25519' })), scheme: { name: 'ed25519' } });

function der(r: bigint, s: bigint): Uint8Array {
  return encodeDer(TAG.sequence, integer(r), integer(s));
}

function integer(value: bigint): Uint8Array {
  const hex = value.toString(16);
  const bytes = fromHex(hex.length % 2 === 0 ? hex : `0${hex}`);
  return encodeDer(TAG.integer, ...((bytes[0] as number) >= 0x80 ? [Uint8Array.of(0)] : []), bytes);
}

const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, (bytes[at] as number) ^ 1) as Uint8Array;

const KINDS: [string, () => Promise<Signed>][] = [
  ['ECDSA P-256 SHA-256', () => ecdsa('P-256', 'sha256')],
  ['ECDSA P-256 SHA-512', () => ecdsa('P-256', 'sha512')],
  ['ECDSA P-384 SHA-384', () => ecdsa('P-384', 'sha384')],
  ['ECDSA P-384 SHA-256', () => ecdsa('P-384', 'sha256')],
  ['ECDSA P-521 SHA-512', () => ecdsa('P-521', 'sha512')],
  ['ECDSA P-521 SHA-256', () => ecdsa('P-521', 'sha256')],
  ['RSA PKCS#1 SHA-256', () => rsa('rsa-pkcs1', 'sha256')],
  ['RSA PKCS#1 SHA-512', () => rsa('rsa-pkcs1', 'sha512')],
  ['RSA PSS SHA-256', () => rsa('rsa-pss', 'sha256')],
  ['Ed25519', ed25519],
];

describe.each(KINDS)('%s', (_, make) => {
  test('verifies over the bytes, and over the digest where that is possible', async () => {
    const { key, scheme, signature } = await make();
    const digest = 'hash' in scheme ? await webCrypto.hash(scheme.hash, DATA) : new Uint8Array(64);
    expect(await verifySignature(webCrypto, key, scheme, DATA, signature)).toBe(true);
    expect(verifyDigest(key, scheme, digest, signature)).toBe(worksOnDigest(scheme));
  });

  test('refuses changed data, changed signatures and a cut or longer signature, both ways alike', async () => {
    const { key, scheme, signature } = await make();
    const digest = 'hash' in scheme ? await webCrypto.hash(scheme.hash, DATA) : new Uint8Array(64);
    expect(await verifySignature(webCrypto, key, scheme, flip(DATA, 0), signature)).toBe(false);
    expect(verifyDigest(key, scheme, flip(digest, 0), signature)).toBe(false);
    const places = Array.from({ length: Math.min(signature.length, 72) }, (_unused, i) => i);
    const changed = [
      ...places.map((at) => flip(signature, at)),
      signature.subarray(1),
      signature.subarray(0, -1),
      concat(signature, Uint8Array.of(0)),
      concat(Uint8Array.of(0), signature),
      new Uint8Array(0),
      new Uint8Array(signature.length),
    ];
    for (const [i, other] of changed.entries()) {
      expect(await verifySignature(webCrypto, key, scheme, DATA, other), `variant ${i}`).toBe(false);
      expect(verifyDigest(key, scheme, digest, other), `variant ${i}`).toBe(false);
    }
  });

  test('refuses every scheme of another family', async () => {
    const { key, signature } = await make();
    const schemes: SignatureScheme[] = [
      { name: 'ecdsa', hash: 'sha256' },
      { name: 'rsa-pkcs1', hash: 'sha256' },
      { name: 'rsa-pss', hash: 'sha256' },
      { name: 'ed25519' },
      { name: 'ed25519ph' },
    ];
    for (const other of schemes.filter((one) => !schemeFits(key, one))) {
      expect(await verifySignature(webCrypto, key, other, DATA, signature)).toBe(false);
      expect(verifyDigest(key, other, new Uint8Array(32), signature)).toBe(false);
    }
  });
});

describe.each(['P-256', 'P-384', 'P-521'] as const)('an ECDSA signature on %s', (curve) => {
  test('may have a high s', async () => {
    const { key, scheme, signature } = await ecdsa(curve, 'sha256');
    const { r, s } = parseEcdsaSignature(signature);
    const mirrored = der(r, ORDER[curve] - s);
    expect(await verifySignature(webCrypto, key, scheme, DATA, mirrored)).toBe(true);
    expect(verifyDigest(key, scheme, await webCrypto.hash('sha256', DATA), mirrored)).toBe(true);
  });

  test('must be strict DER of two integers from 1 to n - 1', async () => {
    const { key, scheme, signature } = await ecdsa(curve, 'sha256');
    const { r, s } = parseEcdsaSignature(signature);
    const n = ORDER[curve];
    const size = coordinateSize(curve);
    const body = concat(integer(r), integer(s));
    const fixed = (value: bigint) => fromHex(value.toString(16).padStart(2 * size, '0'));
    const variants: [string, Uint8Array][] = [
      ['r‖s', concat(fixed(r), fixed(s))],
      ['r = 0', der(0n, s)],
      ['s = 0', der(r, 0n)],
      ['r = n', der(n, s)],
      ['s = n', der(r, n)],
      ['r + n, which is the same point', der(r + n, s)],
      ['a negative r', encodeDer(TAG.sequence, encodeDer(TAG.integer, Uint8Array.of(0xff)), integer(s))],
      ['r with a zero byte too many', encodeDer(TAG.sequence, encodeDer(TAG.integer, Uint8Array.of(0, 0), fixed(r)), integer(s))],
      ['an empty r', encodeDer(TAG.sequence, encodeDer(TAG.integer), integer(s))],
      ['a third integer', encodeDer(TAG.sequence, body, integer(1n))],
      ['one integer', encodeDer(TAG.sequence, integer(r))],
      ['a SET', encodeDer(TAG.set, body)],
      ['OCTET STRINGs', encodeDer(TAG.sequence, encodeDer(TAG.octetString, fixed(r)), encodeDer(TAG.octetString, fixed(s)))],
      ['a trailing byte', concat(signature, Uint8Array.of(0))],
      ['a long-form length that is longer than needed', concat(Uint8Array.of(0x30, 0x82, 0, body.length), body)],
      ['an indefinite length', concat(Uint8Array.of(0x30, 0x80), body, Uint8Array.of(0, 0))],
    ];
    for (const [name, variant] of variants) {
      expect(encodingProblem(key, variant), name).toBeDefined();
      expect(await verifySignature(webCrypto, key, scheme, DATA, variant), name).toBe(false);
    }
    expect(encodingProblem(key, signature)).toBeUndefined();
  });
});
