/**
 * The one door to cryptography. `core` decides what is verified and with which scheme; a provider only computes.
 *
 * Two providers exist: `webCrypto` (browsers, and any runtime with Web Crypto) in this package, and `nodeCrypto` in
 * `@assay/crypto-node`, which is synchronous and several times faster. Both must give the same verdict for the same
 * bytes, so everything in which they differ (signature encodings, key parsing) is settled here before they are asked.
 */
import type { PublicKey } from './key.ts';

export type HashName = 'sha256' | 'sha384' | 'sha512';
export type Awaitable<T> = T | Promise<T>;

/** How a signature is made: the algorithm family and the hash. ECDSA signatures are ASN.1 DER. */
export type SignatureScheme =
  | { readonly name: 'ecdsa'; readonly hash: HashName }
  | { readonly name: 'rsa-pkcs1'; readonly hash: HashName }
  | { readonly name: 'rsa-pss'; readonly hash: HashName }
  | { readonly name: 'ed25519' }
  | { readonly name: 'ed25519ph' };

export interface Hasher {
  update(chunk: Uint8Array): void;
  digest(): Uint8Array;
}

export interface CryptoProvider {
  hash(name: HashName, data: Uint8Array): Awaitable<Uint8Array>;
  /** For artifacts too large to hold: hash as the bytes arrive. */
  createHasher(name: HashName): Hasher;
  /** Whether the key can be used: the point is on its curve, the modulus is sound. */
  isUsable(key: PublicKey): Awaitable<boolean>;
  /**
   * True when `signature` over `data` verifies. `signature` has already passed `checkSignatureEncoding`; `ed25519ph` never
   * arrives here (no platform offers it, see prehashed.ts). Never throws for a bad signature.
   */
  verify(key: PublicKey, scheme: SignatureScheme, data: Uint8Array, signature: Uint8Array): Awaitable<boolean>;
}
