/**
 * `/mutate/fail`, `/mutate/ignore`, `/validate/fail` and `/validate/ignore`: ClusterPolicies and Policies of Kyverno (admission.md 6.4 to 6.7).
 *
 *   mutate     images are verified, pinned, and noted on the object
 *   validate   they are verified again: the API server gives every call an id of its own, another replica may have taken the first, and what the object says
 *              of itself anybody could have written. What was verified before is known by digest, so this costs little.
 */
import type { JsonObject } from '@assay/core';
import {
  blockingMessage,
  isBlocking,
  type Metadata,
  mergedMetadata,
  NO_METADATA,
  type Patch,
  type Review,
  type RulePolicy,
  type RuleResult,
  warningsOf,
} from '@assay/policy/kyverno';
import { inParallel } from '../in-parallel.ts';
import type { ReviewAnswer, ReviewRequest } from '../review.ts';
import type { ReviewHook } from '../review-route.ts';
import type { FailureClass } from './compile.ts';
import { denied, type GuardOptions, guarded } from './guarded.ts';
import { notePatches } from './notes.ts';
import { isExempt, openReview, type ReviewOptions } from './open-review.ts';
import type { KyvernoPolicies } from './policies.ts';
import { confinedTo } from './world.ts';

export interface RuleHooksOptions extends ReviewOptions, GuardOptions {
  readonly policies: Pick<KyvernoPolicies, 'inForce' | 'namespaceLabels' | 'problem'>;
  /** What rules said, of images that are let in or not. */
  readonly onResults?: ((request: ReviewRequest, results: readonly RuleResult[]) => void) | undefined;
}

export interface RuleHooks {
  mutate(failureClass: FailureClass): ReviewHook;
  validate(failureClass: FailureClass): ReviewHook;
}

export function ruleHooks(options: RuleHooksOptions): RuleHooks {
  const hook =
    (work: (own: readonly RulePolicy[], request: ReviewRequest, failureClass: FailureClass) => Promise<ReviewAnswer>) =>
    (failureClass: FailureClass): ReviewHook =>
    ({ request }, budgetMs) =>
      guarded(options, failureClass, budgetMs, async () => {
        if (isExempt(request)) return { allowed: true };
        const { problem } = options.policies;
        if (problem !== undefined) return denied(problem);
        return work(policiesOf(failureClass, options), request, failureClass);
      });
  return {
    mutate: hook((own, request, failureClass) => mutate(own, request, failureClass, options)),
    validate: hook((own, request) => validate(own, request, options)),
  };
}

async function mutate(own: readonly RulePolicy[], request: ReviewRequest, failureClass: FailureClass, options: RuleHooksOptions): Promise<ReviewAnswer> {
  const others = new Set(policiesOf(failureClass === 'fail' ? 'ignore' : 'fail', options).map(({ namespace, name }) => `${namespace}/${name}`));
  const notes = (object: JsonObject, found: Metadata): Patch[] => notePatches(object, found, (key) => others.has(key));
  if (own.length === 0) return { allowed: true, patch: notes(request.object ?? {}, NO_METADATA) };
  const review = await openReview(request, options);
  const found = await mutated(own, review);
  const answer = answerTo(found, review.object);
  if (!answer.allowed) return answer;
  return { ...answer, patch: [...notes(review.object, found.metadata), ...found.patches] };
}

async function validate(own: readonly RulePolicy[], request: ReviewRequest, options: RuleHooksOptions): Promise<ReviewAnswer> {
  if (own.length === 0) return { allowed: true };
  const review = await openReview(request, options);
  const found = await mutated(own, review);
  const validating = { ...review, produced: found.metadata };
  const said = await inParallel(own, CONCURRENCY, async (policy) => {
    const results = await policy.validate(seenBy(policy, validating));
    return results.map((result) => ({ ...result, failurePolicy: policy.failurePolicy }));
  });
  const results = said.flat();
  options.onResults?.(request, [...found.results, ...results]);
  const answer = answerTo({ results }, review.object);
  // An image that came in behind the mutating half, and that no rule demands to have been verified.
  return answer.allowed ? { ...answerTo(found, review.object), warnings: warningsOf(results) } : answer;
}

interface Found {
  readonly results: readonly JudgedResult[];
  readonly patches: readonly Patch[];
  readonly metadata: Metadata;
}

interface JudgedResult extends RuleResult {
  readonly failurePolicy: RulePolicy['failurePolicy'];
}

/** All see the object as it came: what one has pinned, another would no longer know by its tag. */
async function mutated(policies: readonly RulePolicy[], review: Review): Promise<Found> {
  const found = await inParallel(policies, CONCURRENCY, async (policy) => {
    const { results, patches, metadata } = await policy.mutate(seenBy(policy, review));
    return { results: results.map((result) => ({ ...result, failurePolicy: policy.failurePolicy })), patches, metadata };
  });
  return {
    results: found.flatMap(({ results }) => results),
    patches: found.flatMap(({ patches }) => patches),
    metadata: found.reduce((all, { metadata }) => mergedMetadata(all, metadata), NO_METADATA),
  };
}

function answerTo({ results }: Pick<Found, 'results'>, object: JsonObject): ReviewAnswer {
  const warnings = warningsOf(results);
  if (!results.some((result) => isBlocking(result, result.failurePolicy))) return { allowed: true, warnings };
  return denied(blockingMessage(results, object), warnings);
}

function seenBy({ namespace }: RulePolicy, review: Review): Review {
  return namespace === '' ? review : { ...review, world: confinedTo(namespace, review.world) };
}

function policiesOf(failureClass: FailureClass, { policies }: RuleHooksOptions): readonly RulePolicy[] {
  return policies.inForce.rules.filter((one) => one.failureClass === failureClass).map(({ policy }) => policy);
}

const CONCURRENCY = 8;
