/**
 * Whether a signature is over a digest. Logs see digests only, and `node:crypto` verifies only what it hashes itself (services.md sections 5, 6).
 *
 * ECDSA in JavaScript takes 2 ms, most of what an entry may cost. So the question is put to OpenSSL in another form: a signature (r, s) of the
 * digest e verifies with the key Q when r is the x coordinate of (SEC 1 section 4.1.4)
 *
 *   R = (e/s)·G + (r/s)·Q
 *
 * Of a text of ours, with the digest f, and the key  P = Q + ((e-f)/r)·G  it is the same point:
 *
 *   (f/s)·G + (r/s)·P = (f/s)·G + (r/s)·Q + ((e-f)/s)·G = R
 *
 * (r, s) is therefore a signature of e with Q exactly when it is one of our text with P, for any e, Q and text.
 */
import { constants, createECDH, type ECDH, publicDecrypt, verify } from 'node:crypto';
import {
  type CryptoProvider,
  type Curve,
  concat,
  defaultScheme,
  equalBytes,
  fromHex,
  type HashName,
  type PublicKey,
  parseEcdsaSignature,
  toHex,
  verifySignature,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { digest as hashOf } from '@assay/make';

/** `digest` is of the hash that goes with the key: SHA-256 for RSA, the curve's for ECDSA, SHA-512 for Ed25519, which signs pre-hashed here. */
export function verifiesDigest(key: PublicKey, digest: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const scheme = key.type === 'ed25519' ? ({ name: 'ed25519ph' } as const) : defaultScheme(key);
  return verifySignature(digestCrypto, key, scheme, digest, signature);
}

/** The crypto that core asks, with digests in the place of data: nothing is hashed any more. */
const digestCrypto: CryptoProvider = {
  ...nodeCrypto,
  hash: (_, digest) => digest,
  verify: (key, _, digest, signature) => {
    if (key.type === 'ec') return verifyEcdsa(key, digest, signature);
    return key.type === 'rsa' && verifyRsa(key, digest, signature);
  },
};

type EcKey = Extract<PublicKey, { type: 'ec' }>;
type RsaKey = Extract<PublicKey, { type: 'rsa' }>;

/** `signature` is strict DER with r and s in range: core has seen to it. */
function verifyEcdsa(key: EcKey, digest: Uint8Array, signature: Uint8Array): boolean {
  const { hash, order } = CURVES[key.curve];
  const { r } = parseEcdsaSignature(signature);
  const inverse = invert(r, order);
  // A text is useless when P or the way to it is the point at infinity, or Q is added to itself: that is one text of each at most.
  for (const text of TEXTS) {
    const own = hashOf(hash, text);
    if (own.length !== digest.length) return false;
    const factor = modulo((integer(digest) - integer(own)) * inverse, order);
    const spki = factor === 0n ? undefined : addMultiple(key, factor);
    if (spki !== undefined) return verifyOrFalse(hash, text, spki, signature);
  }
  return false;
}

/** SPKI of Q + factor·G; undefined where the chord does not exist, and for a Q that is no point at all. */
function addMultiple({ curve, point, spki }: EcKey, factor: bigint): Uint8Array | undefined {
  const { name, prime, size } = CURVES[curve];
  const added = multiplyBase(name, factor, size);
  const [x1, y1] = [integer(point.subarray(1, 1 + size)), integer(point.subarray(1 + size))];
  const [x2, y2] = [integer(added.subarray(1, 1 + size)), integer(added.subarray(1 + size))];
  if (x1 >= prime || y1 >= prime || x1 === x2) return undefined;
  const slope = modulo((y2 - y1) * invert(modulo(x2 - x1, prime), prime), prime);
  const x = modulo(slope * slope - x1 - x2, prime);
  const y = modulo(slope * (x1 - x) - y1, prime);
  // A Q beside the curve gives a P beside the curve, since Q is the third point on the line through the other two; OpenSSL refuses that.
  return concat(spki.subarray(0, spki.length - 2 * size), bytes(x, size), bytes(y, size));
}

function multiplyBase(name: string, factor: bigint, size: number): Uint8Array {
  let ecdh = generators.get(name);
  if (ecdh === undefined) {
    ecdh = createECDH(name);
    generators.set(name, ecdh);
  }
  ecdh.setPrivateKey(bytes(factor, size));
  return ecdh.getPublicKey();
}

const generators = new Map<string, ECDH>();

function verifyOrFalse(hash: HashName, text: Uint8Array, spki: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(hash, text, { key: Buffer.from(spki), format: 'der', type: 'spki' }, signature);
  } catch {
    return false; // not a point of the curve
  }
}

/** RFC 8017 section 8.2.2: the encoding that there has to be, compared with the one that there is. */
function verifyRsa({ spki, bits }: RsaKey, digest: Uint8Array, signature: Uint8Array): boolean {
  const info = concat(SHA256_INFO, digest);
  const padding = new Uint8Array(Math.ceil(bits / 8) - info.length - 3).fill(0xff);
  const expected = concat(Uint8Array.of(0, 1), padding, Uint8Array.of(0), info);
  try {
    const key = { key: Buffer.from(spki), format: 'der', type: 'spki', padding: constants.RSA_NO_PADDING } as const;
    return equalBytes(publicDecrypt(key, signature), expected);
  } catch {
    return false; // the signature is a number beyond the modulus
  }
}

/** By the extended Euclidean algorithm; `value` is in 1 … modulus-1, and the modulus a prime. */
function invert(value: bigint, modulus: bigint): bigint {
  let [remainder, next] = [modulus, value];
  let [factor, nextFactor] = [0n, 1n];
  while (next !== 0n) {
    const quotient = remainder / next;
    [remainder, next] = [next, remainder - quotient * next];
    [factor, nextFactor] = [nextFactor, factor - quotient * nextFactor];
  }
  return modulo(factor, modulus);
}

function modulo(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function integer(value: Uint8Array): bigint {
  return BigInt(`0x${toHex(value)}`);
}

function bytes(value: bigint, size: number): Uint8Array {
  return fromHex(value.toString(16).padStart(2 * size, '0'));
}

const TEXTS = [0, 1, 2, 3].map((n) => Uint8Array.of(n));

interface CurveParameters {
  readonly name: string;
  readonly hash: HashName;
  /** Bytes of a coordinate. */
  readonly size: number;
  readonly prime: bigint;
  readonly order: bigint;
}

// SEC 2 section 2: the field and the order n. No digest of these hashes is longer than its order, so none is truncated.
const CURVES: Readonly<Record<Curve, CurveParameters>> = {
  'P-256': {
    name: 'prime256v1',
    hash: 'sha256',
    size: 32,
    prime: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  'P-384': {
    name: 'secp384r1',
    hash: 'sha384',
    size: 48,
    prime: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  'P-521': {
    name: 'secp521r1',
    hash: 'sha512',
    size: 66,
    prime: 2n ** 521n - 1n,
    order: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
};

// RFC 8017 section 9.2, note 1: DigestInfo without the digest.
const SHA256_INFO = fromHex('3031300d060960864801650304020105000420');
