/** What can be asked of a virtual instance (`SignOptions`), how each step can be altered, and what comes out (`Sample`). */
import type { FulcioExtension, HashName } from '@assay/core';
import type {
  Attribute,
  Authority,
  BundleJson,
  BundleVersion,
  CertificateFields,
  DsseEnvelope,
  GithubClaims,
  KeyType,
  LogEntry,
  RekorEntry,
  Sct,
  SigningKey,
  SubjectName,
  TimestampSigner,
  TokenParts,
  TrustedRootJson,
  TstFields,
} from '@assay/make';
import type { Instance } from './instance.ts';
import type { Edit } from './json-edit.ts';
import type { AnyRekorLog } from './logs.ts';

export interface SignOptions {
  /** `0.3`. */
  readonly version?: BundleVersion;
  /** `message`. */
  readonly content?: 'message' | 'dsse';
  /** `v1`. */
  readonly log?: 'v1' | 'v2' | 'both' | 'none';
  /** An RFC 3161 timestamp; true when no Rekor v1 entry gives the time. */
  readonly timestamp?: boolean;
  /** For DSSE: `dsse` with v1, `hashedrekord` with v2. */
  readonly entryKind?: 'hashedrekord' | 'dsse' | 'intoto';
  /** Who signs; a GitHub workflow when absent. */
  readonly identity?: SubjectName;
  readonly oidcIssuer?: string;
  readonly githubClaims?: Partial<GithubClaims>;
  /** Type of the certified key; `p256`. */
  readonly signerKey?: KeyType;
  /** A self-managed key instead of a certificate. */
  readonly key?: SigningKey;
  /** The key's own hash. P-384 and P-521 keys sign with SHA-256 in old clients. */
  readonly hash?: HashName;
  /** When the certificate starts; one hour before the instance's now. */
  readonly signedAt?: Date;
  /** What the logs and the authority say; three and two seconds after `signedAt`. */
  readonly integratedAt?: Date;
  readonly timestampedAt?: Date;
  /** The DSSE payload; a statement about the artifact when absent. */
  readonly payload?: Uint8Array;
  readonly payloadType?: string;
  readonly embedTsaCertificate?: boolean;
  readonly alter?: Alterations;
}

/** What signs, and what the later steps may need to sign again. */
export interface SigningContext {
  readonly instance: Instance;
  readonly artifact: Uint8Array;
  readonly key: SigningKey;
  readonly hash: HashName;
  readonly signedAt: Date;
  readonly integratedAt: Date;
  /** Absent when no timestamp is wanted. */
  readonly timestampedAt: Date | undefined;
  readonly logs: readonly AnyRekorLog[];
}

export interface Alterations {
  /** Before the precertificate: the SCT covers the change. */
  readonly leaf?: (fields: CertificateFields) => CertificateFields;
  /** The authority that signs the certificate; the instance's when absent. */
  readonly issuer?: (real: Authority) => Authority;
  readonly scts?: (scts: Sct[], again: (change: (fields: CertificateFields) => CertificateFields, issuerSpki?: Uint8Array) => Sct) => Sct[];
  /** After the SCT, before the certificate is signed: the SCT does not cover the change. */
  readonly certified?: (fields: CertificateFields) => CertificateFields;
  /** The signed certificate, DER. */
  readonly certificate?: (der: Uint8Array) => Uint8Array;
  /** Certificates that follow the leaf in a chain. */
  readonly chain?: (instance: Instance) => readonly Uint8Array[];
  /** The bytes that are signed: the artifact or the pre-authentication encoding. */
  readonly signedBytes?: (bytes: Uint8Array) => Uint8Array;
  readonly signature?: (signature: Uint8Array, context: SigningContext) => Uint8Array;
  readonly envelope?: (envelope: DsseEnvelope) => DsseEnvelope;
  /** The entry as it is logged. */
  readonly entry?: (entry: RekorEntry, context: SigningContext) => RekorEntry;
  readonly body?: (body: Uint8Array) => Uint8Array;
  /** The entry as it came back from the log. */
  readonly logged?: (entry: LogEntry, log: AnyRekorLog) => LogEntry;
  readonly entries?: (entries: LogEntry[], instance: Instance) => LogEntry[];
  readonly timestamp?: TimestampAlterations;
  readonly timestamps?: (responses: Uint8Array[]) => Uint8Array[];
  readonly bundle?: Edit;
  readonly bundleText?: (text: string) => string | Uint8Array;
  readonly trustedRoot?: Edit;
  readonly trustedRootText?: (text: string) => string | Uint8Array;
}

export interface TimestampAlterations {
  readonly signer?: (real: TimestampSigner) => TimestampSigner;
  /** The bytes whose hash is the imprint. */
  readonly data?: (signature: Uint8Array) => Uint8Array;
  readonly tst?: (fields: TstFields, signature: Uint8Array) => TstFields;
  readonly attributes?: (attributes: Attribute[], signer: TimestampSigner) => Attribute[];
  /** After signing. */
  readonly signerInfo?: (der: Uint8Array) => Uint8Array;
  readonly token?: (parts: TokenParts, signer: TimestampSigner) => TokenParts;
  readonly response?: (der: Uint8Array) => Uint8Array;
}

export interface ExpectedSan {
  readonly san: string;
  readonly issuer: string;
  readonly extensions?: Readonly<Partial<Record<FulcioExtension, string>>>;
}

/** What the verifier is asked to insist on. */
export interface SamplePolicy {
  readonly identities?: readonly ExpectedSan[];
  /** PEM. */
  readonly key?: string;
  /** When the key may have signed. */
  readonly keyWindow?: { readonly start: Date; readonly end?: Date };
  readonly predicateType?: string;
  /** The verifier gets this digest of the artifact instead of its bytes. */
  readonly digestOnly?: HashName;
  readonly tlogThreshold?: number;
  readonly ctlogThreshold?: number;
  readonly timestampThreshold?: number;
}

/** A bundle with all that is needed to judge it. */
export interface Sample {
  /** The document; `bundleBytes` is what a verifier reads, and may be no JSON at all. */
  readonly bundle: BundleJson;
  readonly bundleBytes: Uint8Array;
  readonly trustedRoot: TrustedRootJson;
  readonly trustedRootBytes: Uint8Array;
  readonly artifact: Uint8Array;
  readonly policy: SamplePolicy;
  readonly now: Date;
  readonly expected: {
    readonly certificate?: Uint8Array;
    readonly signature: Uint8Array;
    readonly payload?: Uint8Array;
    /** Verified times, seconds since the epoch. */
    readonly integratedTime?: number;
    readonly timestamp?: number;
    readonly logIndexes: readonly bigint[];
  };
}
