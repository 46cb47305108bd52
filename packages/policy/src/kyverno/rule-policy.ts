/**
 * What `kyverno apply`, `kyverno test` and the webhooks ask of a policy of Kyverno's, whichever its kind: ClusterPolicy, Policy, ImageValidatingPolicy.
 *
 *   parse ─► RulePolicy ─► mutate(review)    images are verified, and pinned     (webhook `/mutate`)
 *                      ─► validate(review)   what holds of the pinned object     (webhook `/validate`)
 *                      ─► conclude(review)   after every policy of the request   (evidence of any of them counts)
 */
import type { Check, Json, JsonObject } from '@assay/core';
import type { Subject } from '../judge/subject.ts';
import type { VerdictCache } from './cache-key.ts';
import type { Metadata } from './metadata.ts';

export interface RulePolicy {
  /** `ClusterPolicy`, `Policy`, `ImageValidatingPolicy`, `NamespacedImageValidatingPolicy`. */
  readonly kind: string;
  readonly name: string;
  /** '' for cluster-wide. */
  readonly namespace: string;
  /** '' for files. */
  readonly uid: string;
  readonly resourceVersion: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** What an error does. */
  readonly failurePolicy: 'Fail' | 'Ignore';
  /** Rules as they are counted in `Applying N policy rule(s)`, with those that are generated for the controllers of pods. */
  readonly ruleCount: number;
  /** What is not handled here: rules of other kinds, by name. A review says it again, as a warning. */
  readonly unhandled: readonly string[];
  /** Throws nothing of ours: what cannot be judged is a rule that errs. */
  mutate(review: Review): Promise<Mutation>;
  /** Asked after `mutate` of the same review, with the object as all policies left it. */
  validate(review: Review): Promise<readonly RuleResult[]>;
  conclude?(review: Review): Promise<readonly RuleResult[]>;
}

/** One object under review. Policies of one request share it, so that what is remembered by it is remembered for the request. */
export interface Review {
  readonly operation: Operation;
  /** As it is now: pinned and annotated by the policies that came before. A JSON payload for policies that judge such. Undefined: it is deleted. */
  readonly object: JsonObject | undefined;
  readonly oldObject?: JsonObject | undefined;
  /** A document, and not an object of Kubernetes. */
  readonly payload?: true;
  /** '' for none. */
  readonly subresource?: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** Whoever asks; undefined outside of a cluster. */
  readonly user?: ReviewUser | undefined;
  /** What the mutating half of this very request has found. What annotations of the object say counts for nothing: anybody can write them. */
  readonly produced: Metadata;
  readonly world: World;
}

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface ReviewUser {
  readonly username: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly clusterRoles: readonly string[];
}

/** Everything the policies may ask of the world. Whoever calls provides it; nothing else is asked. */
export interface World {
  readonly now: Date;
  /** The image that a text names. Shared by all that ask for it. Errors: `OCI_…`, `AUTH_…`. */
  subject(image: string, credentials: Credentials): Promise<Subject>;
  /** Manifest and configuration of an image, as `imageRegistry` of a context and `getImageData` of CEL want them. Errors: `OCI_…`. */
  imageData(image: string, credentials: Credentials): Promise<JsonObject>;
  /** Errors: `POLICY_UNRESOLVED`. */
  configMap(namespace: string, name: string): Promise<JsonObject>;
  /** The entries of a secret. Errors: `POLICY_UNRESOLVED`. */
  secret(namespace: string, name: string): Promise<Readonly<Record<string, Uint8Array>>>;
  /** PEM of the public key. Errors: `KEY_…`. */
  kms(uri: string): Promise<string>;
  /** What an API answers to a call of a context entry. Errors: `POLICY_UNRESOLVED`. */
  apiCall(call: JsonObject): Promise<Json>;
  /** Passes that are remembered. Without it every image is verified each time. */
  readonly verdicts?: VerdictCache;
  /** Values that stand in for context entries and variables, from the files of the command line. */
  values?(policy: string, rule: string): Readonly<Record<string, Json>>;
}

export interface Credentials {
  readonly allowInsecureRegistry: boolean;
  readonly providers: readonly string[];
  readonly secrets: readonly string[];
}

export type RuleStatus = 'pass' | 'fail' | 'warn' | 'error' | 'skip';

export interface RuleResult {
  readonly policy: string;
  readonly rule: string;
  readonly status: RuleStatus;
  readonly message: string;
  /** What a failure does. */
  readonly action: 'Enforce' | 'Audit';
  readonly kind: 'ImageVerify' | 'Validation' | 'Mutation';
  /** Told to whoever asks, also when it is let in. */
  readonly warns?: true;
  /** Why, in full, for whoever wants to look. */
  readonly check?: Check;
}

export interface Mutation {
  readonly results: readonly RuleResult[];
  /** In order; over the object of the review. */
  readonly patches: readonly Patch[];
  /** What was found of the images, for annotations. */
  readonly metadata: Metadata;
}

/** RFC 6902. */
export interface Patch {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: string;
  readonly value?: Json;
}
