/**
 * A policy of any dialect, compiled: whether it is about an image, and what it says of one. The command line, CI and the webhook ask all of them through this.
 */
import type { Check, JsonObject } from '@assay/core';
import type { Outcome } from './judge/outcome.ts';
import type { Subject } from './judge/subject.ts';
import type { NamedImage } from './model.ts';

export interface ImagePolicy {
  readonly name: string;
  /** `ClusterImagePolicy`, `ImagePolicy`, … */
  readonly kind: string;
  /** Of the object it was read from; '' for a file. */
  readonly uid: string;
  readonly resourceVersion: string;
  readonly mode: 'enforce' | 'warn';
  /** Verdicts depend on the object or on the workload's namespace, and are kept by nobody. */
  readonly contextual: boolean;
  /** CUE or Rego is in it: whoever serves has the engines ready before they are asked. */
  readonly usesEngines?: boolean;
  /** Errors: `POLICY_MATCH` when that cannot be said; then nobody may say that the image is not covered. */
  covers(image: NamedImage, object: ReviewedObject | undefined): boolean;
  /** Throws nothing of ours: what cannot be judged is not let in, and `errors` say why. */
  judge(subject: Subject): Promise<PolicyVerdict>;
}

/** What one policy says of one image. */
export interface PolicyVerdict {
  readonly policy: string;
  readonly mode: 'enforce' | 'warn';
  readonly ok: boolean;
  /** Why not, in the words of the dialect and the order of its parts. Empty when `ok`. */
  readonly errors: readonly string[];
  readonly check: Check;
  /** Undefined when the policy could not even be asked. */
  readonly outcome: Outcome | undefined;
}

/** The object under review, where there is one. */
export interface ReviewedObject {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace: string;
  readonly metadata: JsonObject;
  readonly spec: JsonObject;
}
