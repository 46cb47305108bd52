/** What judging answers: a tree beside the demands, with what was shown, what was refused, and where was looked. */
import type { Check, TrustError } from '@assay/core';
import type { PlaceAnswer } from '@assay/oci';
import type { Demand } from '../model.ts';
import type { Accepted, Refused } from './examine.ts';

export interface Outcome {
  readonly demand: Demand;
  readonly ok: boolean;
  readonly check: Check;
  /** Evidence that verified and met the demand. Empty unless `ok`. */
  readonly shown: readonly Accepted[];
  readonly refused: readonly Refused[];
  /** Statements that verified, and that a condition has refused; in the order in which they were found. */
  readonly failed: readonly FailedCondition[];
  /** Of statements that verified, and are of other types. */
  readonly otherTypes: readonly string[];
  readonly answers: readonly PlaceAnswer[];
  /** Why nothing could be judged. */
  readonly problem?: TrustError;
  readonly of: readonly Outcome[];
}

export interface FailedCondition {
  readonly accepted?: Accepted;
  /** As the engine says it, in full. */
  readonly message: string;
  /** It would hold, but for a warning. */
  readonly warning?: true;
}

/** The first problem below, if nothing could be judged for reasons that may pass: a registry that does not answer is not an unsigned image. */
export function unavailable(outcome: Outcome): TrustError | undefined {
  if (outcome.ok) return undefined;
  const own = outcome.problem ?? outcome.answers.find(({ problem }) => problem !== undefined)?.problem;
  if (own !== undefined) return own;
  for (const part of outcome.of) {
    const problem = unavailable(part);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
