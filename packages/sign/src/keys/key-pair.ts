/** New key pairs, and the algorithms that `--signing-algorithm` names (cosign.md section 3). */
import { generateKeyPair as generate, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { encodePem, type PublicKey, quote, TrustError } from '@assay/core';
import { publicKeyOf } from './local-key.ts';

export interface KeyPair {
  readonly publicKey: PublicKey;
  /** The private key: PKCS#8 DER, not encrypted. For `localSigner` and `encryptPrivateKey`. */
  readonly pkcs8: Uint8Array;
}

/**
 * A new key pair; RSA takes up to seconds, off the main thread. Errors: `KEY_UNSUPPORTED` for other algorithms.
 *
 * @param algorithm one of `SIGNING_ALGORITHMS`
 */
export async function generateKeyPair(algorithm: string = DEFAULT_SIGNING_ALGORITHM): Promise<KeyPair> {
  const make = MAKERS.get(algorithm);
  if (make === undefined) {
    throw new TrustError('KEY_UNSUPPORTED', `invalid signing algorithm: ${quote(algorithm)}. Supported algorithms are: ${SIGNING_ALGORITHMS.join(', ')}`);
  }
  return keyPairOf((await make()).privateKey);
}

export function keyPairOf(privateKey: KeyObject): KeyPair {
  return { publicKey: publicKeyOf(privateKey), pkcs8: new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' })) };
}

/** PEM `PUBLIC KEY` of the SubjectPublicKeyInfo. */
export function publicKeyPem(key: PublicKey): string {
  return encodePem('PUBLIC KEY', key.spki);
}

const generateAsync = promisify(generate);
const ec = (namedCurve: string) => () => generateAsync('ec', { namedCurve });
const rsa = (modulusLength: number) => () => generateAsync('rsa', { modulusLength, publicExponent: 65537 });

/** In the order in which cosign lists them. */
const MAKERS: ReadonlyMap<string, () => Promise<{ privateKey: KeyObject }>> = new Map([
  ['ecdsa-sha2-256-nistp256', ec('prime256v1')],
  ['ecdsa-sha2-384-nistp384', ec('secp384r1')],
  ['ecdsa-sha2-512-nistp521', ec('secp521r1')],
  ['rsa-sign-pkcs1-2048-sha256', rsa(2048)],
  ['rsa-sign-pkcs1-3072-sha256', rsa(3072)],
  ['rsa-sign-pkcs1-4096-sha256', rsa(4096)],
]);

export const SIGNING_ALGORITHMS: readonly string[] = [...MAKERS.keys()];
export const DEFAULT_SIGNING_ALGORITHM = 'ecdsa-sha2-256-nistp256';
