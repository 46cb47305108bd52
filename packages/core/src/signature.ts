/**
 * Verifying one signature, with everything in which platforms differ settled before they are asked.
 *
 * ECDSA signatures are DER `SEQUENCE { INTEGER r, INTEGER s }`; OpenSSL, BoringSSL and Web Crypto disagree about odd
 * encodings, so only the strict form passes: minimal, positive, 1 <= r, s < n, nothing left over. High s is legal.
 */
import { toHex } from './bytes.ts';
import type { CryptoProvider, SignatureScheme } from './crypto.ts';
import { Der, DerError } from './der.ts';
import type { Curve, PublicKey } from './key.ts';

export async function verifySignature(
  crypto: CryptoProvider,
  key: PublicKey,
  scheme: SignatureScheme,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (!schemeFits(key, scheme) || encodingProblem(key, signature) !== undefined) return false;
  if (scheme.name !== 'ed25519ph') return crypto.verify(key, scheme, data, signature);
  const { verifyDigest } = await import('./prehashed.ts');
  return verifyDigest(key, scheme, await crypto.hash('sha512', data), signature);
}

/** A key signs only with its own family: an RSA signature under an EC key is not a near miss but nonsense. */
export function schemeFits(key: PublicKey, scheme: SignatureScheme): boolean {
  if (key.type === 'ec') return scheme.name === 'ecdsa';
  if (key.type === 'rsa') return scheme.name === 'rsa-pkcs1' || scheme.name === 'rsa-pss';
  return scheme.name === 'ed25519' || scheme.name === 'ed25519ph';
}

/** Why `signature` cannot be one of `key`, or undefined. */
export function encodingProblem(key: PublicKey, signature: Uint8Array): string | undefined {
  if (key.type === 'ed25519') return signature.length === 64 ? undefined : `an Ed25519 signature has 64 bytes, found ${signature.length}`;
  if (key.type === 'rsa') {
    const size = Math.ceil(key.bits / 8);
    return signature.length === size ? undefined : `an RSA ${key.bits} signature has ${size} bytes, found ${signature.length}`;
  }
  return ecdsaProblem(key.curve, signature);
}

function ecdsaProblem(curve: Curve, signature: Uint8Array): string | undefined {
  try {
    const { r, s } = parseEcdsaSignature(signature);
    const order = ORDERS[curve];
    const inRange = r > 0n && s > 0n && r < order && s < order;
    return inRange ? undefined : 'r or s lies outside 1 … n-1';
  } catch (error) {
    if (error instanceof DerError) return `not strict DER: ${error.message}`;
    throw error;
  }
}

/** Throws `DerError` for anything but strict DER with two non-negative integers. */
export function parseEcdsaSignature(signature: Uint8Array): { r: bigint; s: bigint } {
  const pair = Der.parse(signature).sequence('ECDSA signature');
  const r = unsigned(pair.next('r').integerBytes('r'));
  const s = unsigned(pair.next('s').integerBytes('s'));
  pair.end();
  return { r, s };
}

function unsigned(bytes: Uint8Array): bigint {
  if ((bytes[0] as number) >= 0x80) throw new DerError('negative INTEGER');
  return BigInt(`0x${toHex(bytes)}`);
}

// SEC 2, section 2: the order n of each curve's base point.
const ORDERS: Readonly<Record<Curve, bigint>> = {
  'P-256': 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  'P-384': 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  'P-521': 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
};
