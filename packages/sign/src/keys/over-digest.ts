/**
 * Signing and verifying over a digest, which `node:crypto` offers for RSA only, and that in disguise: PKCS#1 v1.5 padding of a DigestInfo
 * (RFC 8017 section 9.2) is what `privateEncrypt` does. ECDSA and Ed25519ph come from `@noble/curves`.
 *
 * Loaded on demand: who has the message signs it with OpenSSL and never comes here.
 */
import { constants, createPublicKey, type KeyObject, privateEncrypt, publicDecrypt } from 'node:crypto';
import { type Curve, concat, decodeBase64, equalBytes, fromHex, type HashName, type PublicKey, type SignatureScheme, TrustError, utf8 } from '@assay/core';
import { eddsa } from '@noble/curves/abstract/edwards.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { sha512 } from '@noble/hashes/sha2.js';

/** `digest` is of the scheme's hash, SHA-512 for Ed25519ph. ECDSA nonces are derived from key, digest and fresh randomness (RFC 6979 section 3.6). */
export function signOverDigest(privateKey: KeyObject, publicKey: PublicKey, scheme: SignatureScheme, digest: Uint8Array): Uint8Array {
  if (publicKey.type === 'ec') return CURVES[publicKey.curve].sign(digest, secretOf(privateKey), { ...ECDSA, extraEntropy: true });
  if (publicKey.type === 'ed25519') return ed25519OverDigest.sign(digest, secretOf(privateKey));
  return privateEncrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, digestInfo(hashOf(scheme), digest));
}

export function verifyOverDigest(publicKey: PublicKey, scheme: SignatureScheme, digest: Uint8Array, signature: Uint8Array): boolean {
  try {
    if (publicKey.type === 'ec') return CURVES[publicKey.curve].verify(signature, digest, publicKey.point, ECDSA);
    if (publicKey.type === 'ed25519') return ed25519OverDigest.verify(signature, digest, publicKey.raw);
    const key = createPublicKey({ key: publicKey.spki as Buffer, format: 'der', type: 'spki' });
    return equalBytes(publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature), digestInfo(hashOf(scheme), digest));
  } catch {
    return false; // not of the encoding
  }
}

/** What PKCS#1 v1.5 signatures pad: also what PKCS#11 tokens take for CKM_RSA_PKCS. */
export function digestInfo(hash: HashName, digest: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat(DIGEST_INFO[hash], digest);
}

/** `r ‖ s`, as tokens give ECDSA signatures, to DER. */
export function ecdsaDer(curve: Curve, compact: Uint8Array): Uint8Array {
  return CURVES[curve].Signature.fromBytes(compact, 'compact').toBytes('der');
}

function hashOf(scheme: SignatureScheme): HashName {
  if ('hash' in scheme) return scheme.hash;
  throw new TrustError('INTERNAL', `${scheme.name} has no hash`);
}

/** The scalar or seed. JWK is the one export of `node:crypto` that shows it bare; it is base64url without padding. */
function secretOf(privateKey: KeyObject): Uint8Array {
  const { d = '' } = privateKey.export({ format: 'jwk' });
  return decodeBase64(`${d.replaceAll('-', '+').replaceAll('_', '/')}${'='.repeat(-d.length & 3)}`) ?? new Uint8Array(0);
}

/** RFC 8032 section 5.1.5, step 2. */
function clamp(bytes: Uint8Array): Uint8Array {
  const scalar = new Uint8Array(bytes);
  scalar[0] = (scalar[0] as number) & 0xf8;
  scalar[31] = ((scalar[31] as number) & 0x7f) | 0x40;
  return scalar;
}

const CURVES = { 'P-256': p256, 'P-384': p384, 'P-521': p521 } as const;
const ECDSA = { prehash: false, lowS: false, format: 'der' } as const;

// RFC 8032 section 5.1: dom2(phflag 1, empty context). The library's own ed25519ph would hash the digest again.
const DOM2_PREHASH = concat(utf8('SigEd25519 no Ed25519 collisions'), Uint8Array.of(1, 0));
const ed25519OverDigest = eddsa(ed25519.Point, sha512, {
  domain: (data: Uint8Array) => concat(DOM2_PREHASH, data),
  adjustScalarBytes: clamp,
  zip215: false,
});

// RFC 8017 section 9.2, note 1: DigestInfo without the digest.
const DIGEST_INFO: Readonly<Record<HashName, Uint8Array>> = {
  sha256: fromHex('3031300d060960864801650304020105000420'),
  sha384: fromHex('3041300d060960864801650304020205000430'),
  sha512: fromHex('3051300d060960864801650304020305000440'),
};
