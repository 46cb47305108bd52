/** Time that runs out, in Kyverno's two ways: policies whose errors deny, and policies whose errors are passed over. */
import { isTrustError } from '@assay/core';
import { withDeadline } from '../deadline.ts';
import type { Metrics } from '../metrics.ts';
import type { ReviewAnswer } from '../review.ts';
import type { FailureClass } from './compile.ts';

export interface GuardOptions {
  /** For policies whose errors deny. Default `deny`. */
  readonly onDeadline?: 'deny' | 'allow' | undefined;
  readonly metrics?: Pick<Metrics, 'deadline'> | undefined;
}

/** What else is thrown denies, whoever asks: it is none of the errors that a policy speaks of. */
export async function guarded(
  { onDeadline = 'deny', metrics }: GuardOptions,
  failureClass: FailureClass,
  budgetMs: number,
  work: () => Promise<ReviewAnswer>,
): Promise<ReviewAnswer> {
  try {
    return await withDeadline(work(), budgetMs);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    if (error.code !== 'ADMISSION_DEADLINE') return denied(error.message);
    metrics?.deadline();
    if (failureClass === 'ignore' || onDeadline === 'allow') return { allowed: true, warnings: [`not verified: ${error.message}`] };
    return denied(error.message);
  }
}

/** As Kyverno answers: without a reason, so that kubectl says `Error from server: …`. */
export function denied(message: string, warnings: readonly string[] = []): ReviewAnswer {
  return { allowed: false, message, warnings, reason: 'none' };
}
