/**
 * A key for one occasion, and the certificate that says whose it was.
 *
 * The key is made in memory and never leaves it. One certificate serves everything that is signed while it lives; the authority is asked
 * when the first signature is made, so that nothing is certified that was never used.
 */
import type { IdentityToken } from '../identity/index.ts';
import { generateKeyPair } from '../keys/key-pair.ts';
import { localSigner } from '../keys/local-key.ts';
import type { Signer } from '../keys/signer.ts';
import { type IssuedCertificate, requestCertificate } from '../services/fulcio.ts';
import type { Service } from '../services/service.ts';

export interface KeylessOptions {
  /** By its base URL. */
  readonly authority: Service;
  /** Asked for each certificate: a token lives about as long as one. */
  readonly token: () => Promise<IdentityToken>;
  /** A key that stays, to be certified in place of a new one. */
  readonly key?: Signer | undefined;
  /** Of a new key, one of `SIGNING_ALGORITHMS`. Default ECDSA P-256. */
  readonly algorithm?: string | undefined;
  /** As in `CertificateRequest`. */
  readonly by?: 'key' | 'csr' | undefined;
  readonly now: () => Date;
}

export interface Certified extends IssuedCertificate {
  readonly token: IdentityToken;
}

export interface KeylessSigner {
  readonly signer: Signer;
  /**
   * The certificate in use, or a new one of the same key when that one is about to end; `onRequest` is told before the authority is asked.
   * Errors: those of `requestCertificate` and of `token`.
   */
  certify(onRequest?: () => void): Promise<Certified>;
}

/** Errors: `KEY_UNSUPPORTED` for other algorithms. */
export async function keylessSigner({ authority, token, key, algorithm, by, now }: KeylessOptions): Promise<KeylessSigner> {
  const signer = key ?? localSigner((await generateKeyPair(algorithm)).pkcs8);
  let current: Certified | undefined;
  return {
    signer,
    async certify(onRequest) {
      if (current !== undefined && current.leaf.validity.end.getTime() - now().getTime() > LEAST_LIFE_MS) return current;
      const holder = await token();
      onRequest?.();
      current = { ...(await requestCertificate({ service: authority, token: holder, key: signer, by })), token: holder };
      return current;
    },
  };
}

/** Logs and authorities are still to be asked, and each may take its time. */
const LEAST_LIFE_MS = 90_000;
