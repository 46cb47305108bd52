/**
 * The plug for places that keep keys.
 *
 * A `KeyProvider` is one file and one line in `BUILT_IN` of reference.ts; a caller adds its own, or replaces one of ours, with
 * `KeyContext.providers`. It reads references of its scheme, and gives a `Signer` (through `createSigner`, which hashes, checks and
 * converts) or a public key. Verifying is always done here with that public key, never by asking the place.
 */
import type { PublicKey } from '@assay/core';
import type { Environment, HttpClient, HttpClientOptions } from '@assay/net';
import type { Signer } from './signer.ts';

/** The world as the caller hands it in: nothing here reads the process's environment or asks a person. */
export interface KeyContext {
  readonly env: Environment;
  readonly http: HttpClient;
  /** The password of an encrypted private key. Asked for when it is needed, once. */
  readonly password: () => Promise<Uint8Array>;
  /** The PIN of a token that wants one, when neither the URI nor COSIGN_PKCS11_PIN has it. Without it that is an error. */
  readonly pin?: (token: string) => Promise<string>;
  /**
   * A client for a server with certificates of its own (Kubernetes, Vault). Pass one when requests must be offline, traced or named.
   * Default: `createHttpClient` with `env` and these options.
   */
  readonly createHttp?: (options: HttpClientOptions) => HttpClient;
  /** By scheme, without the colon: used before the built-in ones. */
  readonly providers?: Readonly<Record<string, KeyProvider>>;
  readonly signal?: AbortSignal;
}

export interface KeyProvider {
  /** Errors: `KEY_REFERENCE`, `KEY_PROVIDER`, `KEY_PASSWORD`, `KEY_PRIVATE_PARSE`, `KEY_UNSUPPORTED`, and those of `@assay/net`. */
  loadSigner(reference: string, context: KeyContext): Promise<Signer>;
  /** Errors: as `loadSigner`, `KEY_PARSE`. */
  loadPublicKey(reference: string, context: KeyContext): Promise<PublicKey>;
  /**
   * Keeps a key pair that was made here. Returns what was written and where, a sentence each, as cosign prints them.
   * Errors: as `loadSigner`.
   */
  storeKeyPair?(reference: string, pair: StorableKeyPair, context: KeyContext): Promise<string[]>;
  /** Makes a key that never leaves the place (`generate-key-pair --kms`). Errors: as `loadSigner`. */
  createKey?(reference: string, context: KeyContext): Promise<PublicKey>;
}

export interface StorableKeyPair {
  /** Of `encryptPrivateKey`. */
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
  /** The password of the private key: these places keep it beside the key, for the pipelines that sign with it. */
  readonly password: Uint8Array;
}
