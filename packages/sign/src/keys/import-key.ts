/**
 * Plain PEM private keys, for `import-key-pair`: PKCS#8 `PRIVATE KEY`, SEC 1 `EC PRIVATE KEY` (RFC 5915), PKCS#1 `RSA PRIVATE KEY`.
 *
 * What is imported will sign for years, so it is checked now: sizes and exponent, and that its two halves belong together. OpenSSL takes the
 * public half of a SEC 1 or PKCS#8 key as it is written; one that belongs to another key would give signatures that nobody can verify.
 */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { type PublicKey, parsePem, TrustError, utf8 } from '@assay/core';
import { type KeyPair, keyPairOf } from './key-pair.ts';
import { importPrivateKey } from './local-key.ts';

/** Errors: `KEY_PRIVATE_PARSE`; `KEY_UNSUPPORTED` for other kinds of keys and weak ones. The texts are cosign's (cosign.md section 1, Keys). */
export function importKeyPair(pem: string): KeyPair {
  const [block] = parsePem(pem).blocks;
  if (block === undefined) throw new TrustError('KEY_PRIVATE_PARSE', 'invalid pem block');
  const format = FORMATS.get(block.label);
  if (format === undefined) throw new TrustError('KEY_UNSUPPORTED', 'unsupported private key', { found: block.label, hint: hintFor(block.label) });
  const privateKey = importPrivateKey(block.der, format.type);
  // OpenSSL reads an EC key under the label of an RSA key.
  if (!format.keys.includes(privateKey.asymmetricKeyType ?? '')) {
    throw new TrustError('KEY_UNSUPPORTED', 'unsupported private key', { found: `${privateKey.asymmetricKeyType} in ${block.label}` });
  }
  const pair = keyPairOf(privateKey);
  refuseWeak(pair.publicKey);
  refuseMismatch(privateKey, pair.publicKey);
  return pair;
}

function refuseWeak(key: PublicKey): void {
  if (key.type !== 'rsa') return;
  // The sizes that verifiers of the field know, and the one exponent in use: others hide weak keys behind formal correctness.
  if (![2048, 3072, 4096].includes(key.bits)) {
    throw new TrustError('KEY_UNSUPPORTED', `error validating rsa key: key size not supported: ${key.bits}`, { expected: '2048, 3072 or 4096 bits' });
  }
  if (key.exponent !== 65537n) throw new TrustError('KEY_UNSUPPORTED', 'error validating rsa key: key exponent must be 65537');
}

function refuseMismatch(privateKey: KeyObject, publicKey: PublicKey): void {
  const probe = utf8('both halves');
  const hash = publicKey.type === 'ed25519' ? null : 'sha256';
  const spki = createPublicKey({ key: publicKey.spki as Buffer, format: 'der', type: 'spki' });
  if (!verify(hash, probe, spki, sign(hash, probe, privateKey))) {
    throw new TrustError('KEY_PRIVATE_PARSE', 'parsing private key: the public key in it belongs to another private key');
  }
}

function hintFor(label: string): string {
  if (label === 'ENCRYPTED PRIVATE KEY') return 'remove its password first: openssl pkey -in FILE';
  if (label === 'EC PARAMETERS') return 'remove the EC PARAMETERS block that stands before the key';
  if (label.startsWith('ENCRYPTED ')) return 'this key is imported already: pass it with --key';
  return 'pass a PEM PRIVATE KEY, EC PRIVATE KEY or RSA PRIVATE KEY';
}

const FORMATS: ReadonlyMap<string, { type: 'pkcs8' | 'sec1' | 'pkcs1'; keys: readonly string[] }> = new Map([
  ['PRIVATE KEY', { type: 'pkcs8', keys: ['rsa', 'ec', 'ed25519'] }],
  ['EC PRIVATE KEY', { type: 'sec1', keys: ['ec'] }],
  ['RSA PRIVATE KEY', { type: 'pkcs1', keys: ['rsa'] }],
]);
