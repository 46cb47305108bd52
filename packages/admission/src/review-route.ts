/** A route that takes reviews: decoded, answered in time, counted, told of. */
import { isTrustError, quote } from '@assay/core';
import { type DeadlineOptions, reviewBudgetMs } from './deadline.ts';
import { encodeAnswer, parseReview, type Review, type ReviewAnswer } from './review.ts';
import type { HttpAnswer, Route } from './server.ts';

export type ReviewHook = (review: Review, budgetMs: number) => Promise<ReviewAnswer>;

export interface ReviewRouteOptions extends DeadlineOptions {
  readonly onAnswer?: ((review: Review, answer: ReviewAnswer, milliseconds: number) => void) | undefined;
  readonly onProblem?: ((problem: unknown) => void) | undefined;
}

/** What a hook throws denies. */
export function reviewRoute(hook: ReviewHook, options: ReviewRouteOptions = {}): Route {
  return async ({ body, query }) => {
    const begun = performance.now();
    const review = tryParse(body);
    if ('problem' in review) return plain(review.problem);
    const answer = await asked(hook, review, reviewBudgetMs(query.get('timeout'), options), options);
    options.onAnswer?.(review, answer, performance.now() - begun);
    return { status: 200, type: 'application/json', body: encodeAnswer(review, answer) };
  };
}

async function asked(hook: ReviewHook, review: Review, budgetMs: number, { onProblem }: ReviewRouteOptions): Promise<ReviewAnswer> {
  try {
    return await hook(review, budgetMs);
  } catch (error) {
    onProblem?.(error);
    return {
      allowed: false,
      message: isTrustError(error) ? error.message : quote(`internal error: ${error instanceof Error ? error.message : String(error)}`, 500),
    };
  }
}

function tryParse(body: Uint8Array): Review | { readonly problem: string } {
  try {
    return parseReview(body);
  } catch (error) {
    if (isTrustError(error)) return { problem: error.message };
    throw error;
  }
}

function plain(problem: string): HttpAnswer {
  return { status: 400, type: 'text/plain; charset=utf-8', body: `${problem}\n` };
}
