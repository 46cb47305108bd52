/**
 * ClusterImagePolicy, `policy.sigstore.dev` v1alpha1 and v1beta1 (admission.md 1.1): the two versions have the same fields.
 *
 *     apiVersion: policy.sigstore.dev/v1beta1
 *     kind: ClusterImagePolicy
 *     metadata: { name: signed }
 *     spec:
 *       images: [{ glob: "ghcr.io/acme/**" }]
 *       authorities:
 *       - keyless: { identities: [{ issuer: https://accounts.google.com, subject: a@acme.example }] }
 *
 * A text that Go's types cannot be without is '' when absent; the others are undefined, and never ''. URLs are as they were written, and '' is one.
 */
import type { Json } from '@assay/core';

export type ClusterImagePolicyVersion = 'v1alpha1' | 'v1beta1';

export interface ClusterImagePolicy {
  readonly version: ClusterImagePolicyVersion;
  readonly metadata: ObjectMeta;
  readonly spec: ClusterImagePolicySpec;
  /** As it was read: it belongs to the controller. */
  readonly status?: Json;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
  readonly finalizers: readonly string[];
}

export interface ClusterImagePolicySpec {
  readonly images: readonly ImagePattern[];
  readonly authorities: readonly Authority[];
  /** Judges what the authorities have found. */
  readonly policy?: PolicyReference;
  /** `enforce` or `warn`, by default the former. */
  readonly mode?: string;
  readonly match: readonly MatchResource[];
}

export interface ImagePattern {
  readonly glob: string;
}

export interface Authority {
  /** `authority-N` by default. */
  readonly name: string;
  readonly key?: KeyReference;
  readonly keyless?: Keyless;
  readonly static?: StaticAnswer;
  /** Where its evidence is, instead of beside the image. At most one. */
  readonly source: readonly Source[];
  readonly ctlog?: LogReference;
  readonly attestations: readonly Attestation[];
  readonly rfc3161timestamp?: TimestampReference;
  /** `bundle`; anything else means the older formats. */
  readonly signatureFormat?: string;
}

/** Exactly one of `secretRef`, `data` and `kms`. */
export interface KeyReference {
  readonly secretRef?: SecretReference;
  /** PEM. */
  readonly data?: string;
  readonly kms?: string;
  readonly hashAlgorithm?: string;
}

export interface SecretReference {
  readonly name?: string;
  readonly namespace?: string;
}

export interface Keyless {
  /** Never contacted; only its presence matters. */
  readonly url?: string;
  readonly identities: readonly Identity[];
  readonly 'ca-cert'?: KeyReference;
  readonly trustRootRef?: string;
  readonly insecureIgnoreSCT?: boolean;
}

export interface Identity {
  readonly issuer?: string;
  readonly subject?: string;
  readonly issuerRegExp?: string;
  readonly subjectRegExp?: string;
}

export interface StaticAnswer {
  /** `pass` or `fail`. */
  readonly action: string;
  readonly message?: string;
}

export interface Source {
  readonly oci?: string;
  readonly signaturePullSecrets: readonly { readonly name: string }[];
  readonly tagPrefix?: string;
}

export interface LogReference {
  readonly url?: string;
  readonly trustRootRef?: string;
}

export interface TimestampReference {
  readonly trustRootRef?: string;
}

export interface Attestation {
  readonly name: string;
  /** A URI, or one of the older short names. */
  readonly predicateType: string;
  readonly policy?: PolicyReference;
}

/** Exactly one of `data`, `remote` and `configMapRef`. */
export interface PolicyReference {
  /** `cue` or `rego`. */
  readonly type: string;
  readonly data?: string;
  readonly remote?: RemotePolicy;
  readonly configMapRef?: ConfigMapReference;
  readonly fetchConfigFile?: boolean;
  readonly includeSpec?: boolean;
  readonly includeObjectMeta?: boolean;
  readonly includeTypeMeta?: boolean;
}

export interface RemotePolicy {
  readonly url: string;
  readonly sha256sum?: string;
}

export interface ConfigMapReference {
  readonly name?: string;
  /** Ignored: only the controller's own is read. */
  readonly namespace?: string;
  readonly key?: string;
}

export interface MatchResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly selector?: LabelSelector;
}

export interface LabelSelector {
  readonly matchLabels: ReadonlyMap<string, string>;
  readonly matchExpressions: readonly LabelRequirement[];
}

export interface LabelRequirement {
  readonly key: string;
  /** `In`, `NotIn`, `Exists`, `DoesNotExist`. */
  readonly operator: string;
  readonly values: readonly string[];
}
