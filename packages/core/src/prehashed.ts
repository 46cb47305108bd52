/**
 * Verifying over a digest, which neither Web Crypto nor `node:crypto` can do for ECDSA and RSA, and Ed25519ph, which neither
 * offers at all (verification.md section 13). Needed when the artifact is known by digest only, or was streamed.
 *
 * Curves are `@noble/curves` (audited); RSA PKCS#1 v1.5 is one modular exponentiation and an exact comparison.
 * Loaded on demand: most verifications have the bytes and never come here.
 */
import { eddsa } from '@noble/curves/abstract/edwards.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concat, equalBytes, fromHex, toHex, utf8 } from './bytes.ts';
import type { HashName, SignatureScheme } from './crypto.ts';
import { coordinateSize, type PublicKey } from './key.ts';
import { encodingProblem, parseEcdsaSignature, schemeFits } from './signature.ts';

/** Whether a signature by this scheme can be checked when only the digest is known. */
export function worksOnDigest(scheme: SignatureScheme): boolean {
  return scheme.name === 'ecdsa' || scheme.name === 'rsa-pkcs1' || scheme.name === 'ed25519ph';
}

/** `digest` must be of the scheme's hash (SHA-512 for Ed25519ph). False for schemes that need the artifact itself. */
export function verifyDigest(key: PublicKey, scheme: SignatureScheme, digest: Uint8Array, signature: Uint8Array): boolean {
  if (!schemeFits(key, scheme) || encodingProblem(key, signature) !== undefined) return false;
  if (key.type === 'ec') return verifyEcdsaDigest(key, digest, signature);
  if (key.type === 'rsa') return scheme.name === 'rsa-pkcs1' && verifyRsaDigest(key, scheme.hash, digest, signature);
  return scheme.name === 'ed25519ph' && ed25519OverDigest.verify(signature, digest, key.raw);
}

function verifyEcdsaDigest(key: Extract<PublicKey, { type: 'ec' }>, digest: Uint8Array, signature: Uint8Array): boolean {
  const { r, s } = parseEcdsaSignature(signature);
  const size = coordinateSize(key.curve);
  const compact = concat(fixed(r, size), fixed(s, size));
  const curve = { 'P-256': p256, 'P-384': p384, 'P-521': p521 }[key.curve];
  try {
    return curve.verify(compact, digest, key.point, { prehash: false, lowS: false });
  } catch {
    return false; // the point is not on the curve
  }
}

/** RFC 8017 section 8.2.2: build the expected encoding and compare, rather than parse what the attacker chose. */
function verifyRsaDigest(key: Extract<PublicKey, { type: 'rsa' }>, hash: HashName, digest: Uint8Array, signature: Uint8Array): boolean {
  const size = Math.ceil(key.bits / 8);
  const value = BigInt(`0x${toHex(signature)}`);
  if (value >= key.modulus) return false;
  const info = concat(DIGEST_INFO[hash], digest);
  const padding = new Uint8Array(size - info.length - 3).fill(0xff);
  const expected = concat(Uint8Array.of(0, 1), padding, Uint8Array.of(0), info);
  return equalBytes(fixed(modPow(value, key.exponent, key.modulus), size), expected);
}

function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let power = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * power) % modulus;
    power = (power * power) % modulus;
  }
  return result;
}

function fixed(value: bigint, size: number): Uint8Array {
  return fromHex(value.toString(16).padStart(2 * size, '0'));
}

// RFC 8032 section 5.1: dom2(phflag 1, empty context) before R ‖ A ‖ PH(M). The library's own ed25519ph would hash the digest again.
const DOM2_PREHASH = concat(utf8('SigEd25519 no Ed25519 collisions'), Uint8Array.of(1, 0));
const ed25519OverDigest = eddsa(ed25519.Point, sha512, { domain: (data: Uint8Array) => concat(DOM2_PREHASH, data), zip215: false });

// RFC 8017 section 9.2, note 1: DigestInfo without the digest.
const DIGEST_INFO: Readonly<Record<HashName, Uint8Array>> = {
  sha256: fromHex('3031300d060960864801650304020105000420'),
  sha384: fromHex('3041300d060960864801650304020205000430'),
  sha512: fromHex('3051300d060960864801650304020305000440'),
};
