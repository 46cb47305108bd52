/**
 * TrustRoot, `policy.sigstore.dev/v1alpha1` (admission.md 3): the keys and authorities of an instance, in exactly one of three ways.
 *
 *     spec: { remote: { root: BASE64, mirror: https://tuf.acme.example } }
 *     spec: { repository: { root: BASE64, mirrorFS: BASE64 of a tar.gz } }
 *     spec: { sigstoreKeys: { certificateAuthorities: [{ subject, uri, certChain: BASE64 }], ctLogs, tLogs, timestampAuthorities } }
 */
import type { Json } from '@assay/core';
import type { ObjectMeta } from '../cluster-image-policy/types.ts';

export interface TrustRoot {
  readonly metadata: ObjectMeta;
  readonly spec: TrustRootSpec;
  /** As it was read: it belongs to the controller. */
  readonly status?: Json;
}

export interface TrustRootSpec {
  readonly remote?: RemoteRepository;
  readonly repository?: PackedRepository;
  readonly sigstoreKeys?: SigstoreKeys;
}

interface Repository {
  /** The first `root.json`. */
  readonly root?: Uint8Array;
  /** Folder of the targets; `targets` by default. */
  readonly targets?: string;
  /** `trusted_root.json` by default. */
  readonly trustedRootTarget?: string;
}

/** A TUF repository behind a URL. */
export interface RemoteRepository extends Repository {
  readonly mirror: string;
}

/** One in the object itself. */
export interface PackedRepository extends Repository {
  /** gzip around tar; a leading `/repository/` of the paths is taken off. */
  readonly mirrorFS?: Uint8Array;
}

export interface SigstoreKeys {
  readonly certificateAuthorities: readonly CertificateAuthority[];
  readonly tLogs: readonly TransparencyLog[];
  readonly ctLogs: readonly TransparencyLog[];
  readonly timestampAuthorities: readonly CertificateAuthority[];
}

export interface CertificateAuthority {
  readonly subject: { readonly organization: string; readonly commonName: string };
  readonly uri: string;
  /** PEM, the root last. */
  readonly certChain?: Uint8Array;
}

export interface TransparencyLog {
  readonly baseURL: string;
  readonly hashAlgorithm: string;
  /** PEM. */
  readonly publicKey?: Uint8Array;
}
