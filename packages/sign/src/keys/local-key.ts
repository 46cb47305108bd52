/** A private key in memory: PKCS#8 DER, the form in which this package hands private keys around. */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { type PublicKey, parseSpki, TrustError } from '@assay/core';
import { createSigner, type Signer } from './signer.ts';

/**
 * A signer for the private key. Errors: `KEY_PRIVATE_PARSE`, `KEY_UNSUPPORTED`.
 *
 * @example const signature = await localSigner((await generateKeyPair()).pkcs8).sign(message);
 */
export function localSigner(pkcs8: Uint8Array): Signer {
  const privateKey = importPrivateKey(pkcs8, 'pkcs8');
  const publicKey = publicKeyOf(privateKey);
  return createSigner({
    publicKey,
    signMessage: (message, scheme) => sign('hash' in scheme ? scheme.hash : null, message, privateKey),
    signDigest: async (digest, scheme) => {
      const { signOverDigest } = await import('./over-digest.ts');
      return signOverDigest(privateKey, publicKey, scheme, digest);
    },
  });
}

/** OpenSSL's error texts say nothing that a person could use, and are left out. */
export function importPrivateKey(der: Uint8Array, type: 'pkcs8' | 'sec1' | 'pkcs1'): KeyObject {
  try {
    return createPrivateKey({ key: der as Buffer, format: 'der', type });
  } catch {
    throw new TrustError('KEY_PRIVATE_PARSE', 'parsing private key: not a well-formed key');
  }
}

/** Errors: `KEY_UNSUPPORTED` for curves, algorithms and sizes that the field does not verify. */
export function publicKeyOf(privateKey: KeyObject): PublicKey {
  return parseSpki(new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' })), 'KEY_PRIVATE_PARSE');
}
