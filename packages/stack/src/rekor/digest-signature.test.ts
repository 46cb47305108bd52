/** OpenSSL is the judge: it verifies the message, we verify its digest, and both must say the same whatever is changed. */
import { createECDH, verify } from 'node:crypto';
import { encodeDer, fromHex, type PublicKey, parseEcdsaSignature, parseSpki, TAG, toHex } from '@assay/core';
import { generateKey, digest as hashOf, type SigningKey } from '@assay/make';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyOf } from '../../test/rekor-scene.ts';
import { verifiesDigest } from './digest-signature.ts';

const MESSAGE = Buffer.from('a message');

// Known to OpenSSL by these names; the numbers are those of SEC 2.
const CURVES = {
  p256: {
    name: 'prime256v1',
    size: 32,
    prime: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  p384: {
    name: 'secp384r1',
    size: 48,
    prime: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  p521: {
    name: 'secp521r1',
    size: 66,
    prime: (1n << 521n) - 1n,
    order: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
} as const;

function openssl(spki: Uint8Array, hash: string, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(hash, message, { key: Buffer.from(spki), format: 'der', type: 'spki' }, signature);
  } catch {
    return false;
  }
}

describe.each(['p256', 'p384', 'p521', 'rsa2048', 'rsa3072', 'ed25519'] as const)('with a key of type %s', (type) => {
  const key: SigningKey = keyOf(type);
  const publicKey = parseSpki(key.spki);
  const digest = hashOf(key.hash, MESSAGE);
  const signature = key.signMessage(MESSAGE);

  test('a signature verifies over the digest of what was signed, again and again', async () => {
    for (let i = 0; i < 20; i++) {
      const message = Buffer.from(`message ${i}`);
      expect(await verifiesDigest(publicKey, hashOf(key.hash, message), key.signMessage(message))).toBe(true);
    }
  });

  test('no other digest does', async () => {
    for (let i = 0; i < digest.length; i++) expect(await verifiesDigest(publicKey, flipped(digest, i), signature)).toBe(false);
    expect(await verifiesDigest(publicKey, new Uint8Array(digest.length), signature)).toBe(false);
    expect(await verifiesDigest(publicKey, new Uint8Array(0), signature)).toBe(false);
  });

  test('no other signature does', async () => {
    for (let i = 0; i < signature.length; i += 3) expect(await verifiesDigest(publicKey, digest, flipped(signature, i))).toBe(false);
    for (const other of [signature.subarray(1), signature.subarray(0, -1), new Uint8Array(0), new Uint8Array(signature.length)]) {
      expect(await verifiesDigest(publicKey, digest, other)).toBe(false);
    }
  });

  test('nobody else does', async () => {
    expect(await verifiesDigest(parseSpki(generateKey(type).spki), digest, signature)).toBe(false);
  });
});

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
}

describe.each(['p256', 'p384', 'p521'] as const)('on %s', (type) => {
  const key = keyOf(type);

  test('whatever is changed in key and signature, OpenSSL says the same of the message', async () => {
    const bytes = fc.record({ what: fc.constantFrom('signature', 'point', 'nothing'), at: fc.nat(), mask: fc.integer({ min: 1, max: 255 }) });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), bytes, async (message, { what, at, mask }) => {
        const signature = key.sign(message);
        const point = (parseSpki(key.spki) as Extract<PublicKey, { type: 'ec' }>).point;
        const change = (target: Uint8Array, first: number): Uint8Array =>
          target.map((byte, i) => (i === first + (at % (target.length - first)) ? byte ^ mask : byte));
        const spki = what === 'point' ? change(key.spki, key.spki.length - point.length + 1) : key.spki;
        const changed = what === 'signature' ? change(signature, 0) : signature;
        expect(await verifiesDigest(parseSpki(spki), hashOf(key.hash, message), changed)).toBe(openssl(spki, key.hash, message, changed));
      }),
      { numRuns: 60 },
    );
  });

  test('n - s is as good as s, and no value out of range is any good', async () => {
    const { order } = CURVES[type];
    const { r, s } = parseEcdsaSignature(key.sign(MESSAGE));
    const digest = hashOf(key.hash, MESSAGE);
    const verdict = (one: bigint, other: bigint): Promise<boolean> => verifiesDigest(parseSpki(key.spki), digest, encodeSignature(one, other));
    expect(await verdict(r, s)).toBe(true);
    expect(await verdict(r, order - s)).toBe(true);
    for (const bad of [0n, order, order + r, order + s]) {
      expect(await verdict(bad, s)).toBe(false);
      expect(await verdict(r, bad)).toBe(false);
    }
  });

  test('a coordinate beyond the field is no coordinate, though it stands for one', async () => {
    const { prime, size } = CURVES[type];
    const header = key.spki.subarray(0, key.spki.length - 2 * size);
    const y = key.spki.subarray(-size);
    const beyond = Buffer.from(prime.toString(16).padStart(2 * size, '0'), 'hex');
    expect(await verifiesDigest(parseSpki(Buffer.concat([header, beyond, y])), hashOf(key.hash, MESSAGE), key.sign(MESSAGE))).toBe(false);
  });
});

/**
 * The texts of ours that cannot be used for a certain signature: their digest is that of the message, or their point is the key or its negative.
 * The signer chose the key after everything else, so that exactly this happens.
 */
describe('signatures made to hit a text of ours verify as any other', () => {
  const { name, order } = CURVES.p256;
  const modulo = (value: bigint): bigint => ((value % order) + order) % order;
  const integer = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`);
  const f = integer(hashOf('sha256', Uint8Array.of(0)));
  const e = integer(hashOf('sha256', MESSAGE));

  test('the message is the text itself', async () => {
    for (const n of [0, 1, 2, 3]) {
      const message = Uint8Array.of(n);
      expect(await verifiesDigest(parseSpki(keyOf('p256').spki), hashOf('sha256', message), keyOf('p256').sign(message))).toBe(true);
    }
  });

  test.each([
    ['the negative of the key', -1n],
    ['the key itself', 1n],
  ])('its point is %s', async (_, sign) => {
    const k = 0x123456789abcdefn;
    const ecdh = createECDH(name);
    ecdh.setPrivateKey(scalar(k));
    const r = modulo(integer(ecdh.getPublicKey().subarray(1, 33)));
    const t = modulo((e - f) * power(r, order - 2n, order));
    const d = modulo(sign * t);
    const s = modulo(power(k, order - 2n, order) * (e + r * d));
    ecdh.setPrivateKey(scalar(d));
    const spki = Buffer.concat([fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200'), ecdh.getPublicKey()]);
    const signature = encodeSignature(r, s);
    expect(openssl(spki, 'sha256', MESSAGE, signature)).toBe(true);
    expect(await verifiesDigest(parseSpki(spki), hashOf('sha256', MESSAGE), signature)).toBe(true);
    expect(await verifiesDigest(parseSpki(spki), hashOf('sha256', Buffer.from('other')), signature)).toBe(false);
  });

  function scalar(value: bigint): Uint8Array {
    return fromHex(value.toString(16).padStart(64, '0'));
  }
});

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function encodeSignature(r: bigint, s: bigint): Uint8Array {
  return encodeDer(TAG.sequence, encodeInteger(r), encodeInteger(s));
}

function encodeInteger(value: bigint): Uint8Array {
  const hex = value.toString(16);
  const bytes = fromHex(hex.length % 2 === 0 ? hex : `0${hex}`);
  return encodeDer(TAG.integer, (bytes[0] as number) >= 0x80 ? Buffer.concat([Uint8Array.of(0), bytes]) : bytes);
}
