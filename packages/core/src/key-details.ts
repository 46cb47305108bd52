/**
 * PublicKeyDetails of trust roots and Rekor v2 (verification.md section 3): how the key bytes are encoded and which scheme
 * its signatures follow.
 */
import type { SignatureScheme } from './crypto.ts';
import { quote } from './errors.ts';
import { type Curve, type PublicKey, parsePkcs1, parseSpki } from './key.ts';

interface KeyDetails {
  readonly encoding: 'spki' | 'pkcs1';
  readonly scheme: SignatureScheme;
  readonly type: PublicKey['type'];
  readonly curve?: Curve;
}

const rsa = (name: 'rsa-pkcs1' | 'rsa-pss', encoding: 'spki' | 'pkcs1' = 'spki'): KeyDetails => ({ encoding, type: 'rsa', scheme: { name, hash: 'sha256' } });
const ec = (curve: Curve, hash: 'sha256' | 'sha384' | 'sha512'): KeyDetails => ({ encoding: 'spki', type: 'ec', curve, scheme: { name: 'ecdsa', hash } });

/** A map, not an object: the name comes from the document, and 'constructor' must not be one. */
const DETAILS: ReadonlyMap<string, KeyDetails> = new Map([
  ['PKCS1_RSA_PKCS1V5', rsa('rsa-pkcs1', 'pkcs1')],
  ['PKCS1_RSA_PSS', rsa('rsa-pss', 'pkcs1')],
  ['PKIX_RSA_PKCS1V5', rsa('rsa-pkcs1')],
  ['PKIX_RSA_PSS', rsa('rsa-pss')],
  ['PKIX_RSA_PKCS1V15_2048_SHA256', rsa('rsa-pkcs1')],
  ['PKIX_RSA_PKCS1V15_3072_SHA256', rsa('rsa-pkcs1')],
  ['PKIX_RSA_PKCS1V15_4096_SHA256', rsa('rsa-pkcs1')],
  ['PKIX_RSA_PSS_2048_SHA256', rsa('rsa-pss')],
  ['PKIX_RSA_PSS_3072_SHA256', rsa('rsa-pss')],
  ['PKIX_RSA_PSS_4096_SHA256', rsa('rsa-pss')],
  ['PKIX_ECDSA_P256_SHA_256', ec('P-256', 'sha256')],
  ['PKIX_ECDSA_P256_HMAC_SHA_256', ec('P-256', 'sha256')],
  ['PKIX_ECDSA_P384_SHA_384', ec('P-384', 'sha384')],
  ['PKIX_ECDSA_P521_SHA_512', ec('P-521', 'sha512')],
  ['PKIX_ECDSA_P384_SHA_256', ec('P-384', 'sha256')],
  ['PKIX_ECDSA_P521_SHA_256', ec('P-521', 'sha256')],
  ['PKIX_ED25519', { encoding: 'spki', type: 'ed25519', scheme: { name: 'ed25519' } }],
  ['PKIX_ED25519_PH', { encoding: 'spki', type: 'ed25519', scheme: { name: 'ed25519ph' } }],
]);

/** Known to the format, refused by us: hash-based keys are deprecated there, ML-DSA is experimental. */
const REFUSED = new Set(['LMS_SHA256', 'LMOTS_SHA256', 'ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87']);

export const KEY_DETAILS_NUMBERS: Readonly<Record<number, string>> = {
  1: 'PKCS1_RSA_PKCS1V5',
  2: 'PKCS1_RSA_PSS',
  3: 'PKIX_RSA_PKCS1V5',
  4: 'PKIX_RSA_PSS',
  5: 'PKIX_ECDSA_P256_SHA_256',
  6: 'PKIX_ECDSA_P256_HMAC_SHA_256',
  7: 'PKIX_ED25519',
  8: 'PKIX_ED25519_PH',
  9: 'PKIX_RSA_PKCS1V15_2048_SHA256',
  10: 'PKIX_RSA_PKCS1V15_3072_SHA256',
  11: 'PKIX_RSA_PKCS1V15_4096_SHA256',
  12: 'PKIX_ECDSA_P384_SHA_384',
  13: 'PKIX_ECDSA_P521_SHA_512',
  14: 'LMS_SHA256',
  15: 'LMOTS_SHA256',
  16: 'PKIX_RSA_PSS_2048_SHA256',
  17: 'PKIX_RSA_PSS_3072_SHA256',
  18: 'PKIX_RSA_PSS_4096_SHA256',
  19: 'PKIX_ECDSA_P384_SHA_256',
  20: 'PKIX_ECDSA_P521_SHA_256',
  21: 'ML_DSA_65',
  22: 'ML_DSA_87',
  23: 'ML_DSA_44',
};

export type DetailedKey =
  | { readonly usable: true; readonly key: PublicKey; readonly scheme: SignatureScheme }
  | { readonly usable: false; readonly reason: string };

/**
 * The key with the scheme its details name. A key of a type we refuse is `usable: false`: one such entry must not poison the others.
 * Errors: `TRUST_ROOT_SHAPE` for unknown details and for a key that is not what its details say.
 */
export function parseDetailedKey(rawBytes: Uint8Array, details: string, refuse: (problem: string) => never): DetailedKey {
  if (REFUSED.has(details)) return { usable: false, reason: `${details} keys are not supported` };
  const expected = DETAILS.get(details);
  if (expected === undefined) return refuse(`unknown key details ${quote(details, 60)}`);
  const key = expected.encoding === 'pkcs1' ? parsePkcs1(rawBytes, 'TRUST_ROOT_SHAPE') : parseSpki(rawBytes, 'TRUST_ROOT_SHAPE');
  if (key.type !== expected.type || (key.type === 'ec' && key.curve !== expected.curve)) return refuse(`the key is not what ${details} says`);
  return { usable: true, key, scheme: expected.scheme };
}

/** The scheme that Rekor v2's key details name, or undefined. */
export function schemeOfDetails(details: string): SignatureScheme | undefined {
  return DETAILS.get(details)?.scheme;
}
