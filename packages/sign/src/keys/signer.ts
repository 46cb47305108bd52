/**
 * A key that signs, wherever it is kept: in memory, on a token, in a key management service.
 *
 * | Key | Scheme | `sign` | `signDigest` |
 * |---|---|---|---|
 * | ECDSA P-256, P-384, P-521 | SHA-256, SHA-384, SHA-512; ASN.1 DER | yes | yes |
 * | RSA | PKCS#1 v1.5 with SHA-256 | yes | yes |
 * | Ed25519 | pure (RFC 8032 section 5.1) | yes | **no**: it signs the message itself |
 * | Ed25519 `withScheme({ name: 'ed25519ph' })` | pre-hashed with SHA-512, empty context | yes | yes |
 *
 * Every signature is verified with the public key before it is handed out: a token that uses another key than it shows, a service
 * that pads RSA otherwise, or a fault in the arithmetic must not become evidence.
 */
import { createHash } from 'node:crypto';
import {
  type Awaitable,
  type Certificate,
  defaultScheme,
  type HashName,
  keyText,
  type PublicKey,
  type SignatureScheme,
  TrustError,
  verifySignature,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';

export interface Signer {
  readonly publicKey: PublicKey;
  /** How it signs. Another one comes from `withScheme`. */
  readonly scheme: SignatureScheme;
  /** Whose digest `signDigest` takes; undefined for a key that must see the message. */
  readonly hash: HashName | undefined;
  /** The certificate kept beside the key, when there is one (PKCS#11 tokens). It is of this key. */
  readonly certificate: Certificate | undefined;
  /** The signature over `message`. Errors: `KEY_PROVIDER`, and those of the place that keeps the key. */
  sign(message: Uint8Array): Promise<Uint8Array>;
  /**
   * The signature over a message known by its digest of `hash`: for artifacts too large to hold.
   * Errors: as `sign`; `KEY_UNSUPPORTED` when `hash` is undefined; `TypeError` for a digest of another length.
   */
  signDigest(digest: Uint8Array): Promise<Uint8Array>;
  /** The same key with another hash, or pre-hashed Ed25519. Errors: `KEY_UNSUPPORTED` when the key cannot. */
  withScheme(scheme: SignatureScheme): Signer;
}

/** What a place that keeps keys has to do; `createSigner` adds the rest. Signatures of ECDSA are DER. */
export interface HeldKey {
  readonly publicKey: PublicKey;
  readonly certificate?: Certificate | undefined;
  /** Over a digest of the scheme's hash, which is SHA-512 for Ed25519ph. Not asked for pure Ed25519. */
  signDigest(digest: Uint8Array, scheme: SignatureScheme): Awaitable<Uint8Array>;
  /** Over the message, not asked for Ed25519ph. Without it messages are hashed here, and pure Ed25519 is not offered. */
  signMessage?(message: Uint8Array, scheme: SignatureScheme): Awaitable<Uint8Array>;
}

/** Errors: `KEY_UNSUPPORTED` for a scheme that the key cannot sign with. Default: `defaultScheme` of its public key. */
export function createSigner(held: HeldKey, scheme: SignatureScheme = defaultScheme(held.publicKey)): Signer {
  const { publicKey, certificate } = held;
  const hash = digestHash(scheme);
  if (!canSign(held, scheme)) throw new TrustError('KEY_UNSUPPORTED', `the ${keyText(publicKey)} key cannot sign with ${schemeText(scheme)} where it is kept`);
  return {
    publicKey,
    scheme,
    hash,
    certificate,
    async sign(message) {
      const signature = await signMessage(held, scheme, message);
      return checked(await verifySignature(nodeCrypto, publicKey, scheme, message, signature), signature);
    },
    async signDigest(digest) {
      if (hash === undefined) throw new TrustError('KEY_UNSUPPORTED', 'an Ed25519 key signs the message itself, not its digest', { hint: STREAMED_ED25519 });
      if (digest.length !== DIGEST_BYTES[hash]) throw new TypeError(`a ${hash} digest has ${DIGEST_BYTES[hash]} bytes, found ${digest.length}`);
      const { verifyOverDigest } = await import('./over-digest.ts');
      const signature = await held.signDigest(digest, scheme);
      return checked(verifyOverDigest(publicKey, scheme, digest, signature), signature);
    },
    withScheme: (other) => createSigner(held, other),
  };
}

function signMessage(held: HeldKey, scheme: SignatureScheme, message: Uint8Array): Awaitable<Uint8Array> {
  const hash = digestHash(scheme);
  if (held.signMessage !== undefined && scheme.name !== 'ed25519ph') return held.signMessage(message, scheme);
  if (hash === undefined) throw new TrustError('INTERNAL', 'pure Ed25519 without signMessage');
  return held.signDigest(createHash(hash).update(message).digest(), scheme);
}

function checked(verifies: boolean, signature: Uint8Array): Uint8Array {
  if (verifies) return new Uint8Array(signature);
  throw new TrustError('KEY_PROVIDER', 'the signature that the key made does not verify with its public key', {
    hint: 'the place that keeps the key uses another key or another algorithm than it shows; do not use what it signed',
  });
}

function canSign({ publicKey, signMessage }: HeldKey, { name }: SignatureScheme): boolean {
  switch (publicKey.type) {
    case 'ec':
      return name === 'ecdsa';
    case 'rsa':
      return name === 'rsa-pkcs1'; // the field does not verify PSS by default
    case 'ed25519':
      return name === 'ed25519ph' || (name === 'ed25519' && signMessage !== undefined);
  }
}

/** The hash whose digest is signed, or undefined when the message itself is. */
export function digestHash(scheme: SignatureScheme): HashName | undefined {
  if (scheme.name === 'ed25519') return undefined;
  return scheme.name === 'ed25519ph' ? 'sha512' : scheme.hash;
}

function schemeText(scheme: SignatureScheme): string {
  return 'hash' in scheme ? `${scheme.name} and ${scheme.hash}` : scheme.name;
}

const DIGEST_BYTES: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48, sha512: 64 };
const STREAMED_ED25519 = 'give the whole message, or sign pre-hashed (Ed25519ph)';
