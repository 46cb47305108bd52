/**
 * Which images of a request were verified, by whichever policy: `required` is about that, and asked after all policies. A verification that succeeded is not
 * undone by one that failed; that one was tried at all is told apart, since the messages are.
 */
import { quote } from '@assay/core';
import type { Review } from '../kyverno/rule-policy.ts';

export class RequestEvidence {
  readonly #verified = new Map<string, boolean>();

  record(image: string, verified: boolean): void {
    this.#verified.set(image, this.#verified.get(image) === true || verified);
  }

  /** Why an image is not verified; undefined when it is. */
  problemOf(image: string): string | undefined {
    const verified = this.#verified.get(image);
    if (verified === true) return undefined;
    const shown = quote(image, 1000);
    return verified === false
      ? `image ${shown} failed signature or attestation verification`
      : `image ${shown} is not verified: no policy performed a signature or attestation check on it`;
  }
}

/** Of all policies that share the review. */
export function evidenceOf(review: Review): RequestEvidence {
  const known = requests.get(review) ?? new RequestEvidence();
  requests.set(review, known);
  return known;
}

const requests = new WeakMap<Review, RequestEvidence>();
