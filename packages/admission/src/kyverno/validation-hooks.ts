/**
 * `/ivpol/mutate/*`, `/ivpol/validate/*` and `/nivpol/…`: ImageValidatingPolicies (admission.md section 7), and those of namespaces.
 *
 *   /ivpol/validate/-fail         all whose failure policy is Fail, or is not said; `-ignore`: the others. No policy has such a name
 *   /ivpol/validate/NAME/NAME     those alone, as Kyverno itself writes its webhook configurations
 *
 * What one policy has verified counts for what another demands, of the same request.
 */
import { quote } from '@assay/core';
import { answerOf, type ImageValidatingResult } from '@assay/policy/image-validating-policy';
import type { Patch, Review } from '@assay/policy/kyverno';
import { inParallel } from '../in-parallel.ts';
import type { ReviewAnswer, ReviewRequest } from '../review.ts';
import type { ReviewHook } from '../review-route.ts';
import type { FailureClass, Validations } from './compile.ts';
import { denied, type GuardOptions, guarded } from './guarded.ts';
import { isExempt, openReview, type ReviewOptions } from './open-review.ts';
import type { KyvernoPolicies } from './policies.ts';
import { confinedTo } from './world.ts';

export interface ValidationHooksOptions extends ReviewOptions, GuardOptions {
  readonly policies: Pick<KyvernoPolicies, 'inForce' | 'namespaceLabels' | 'problem'>;
  readonly onResults?: ((request: ReviewRequest, results: readonly ImageValidatingResult[]) => void) | undefined;
}

export interface Asked {
  readonly scope: 'cluster' | 'namespace';
  /** What follows in the path. */
  readonly which: string;
}

export interface ValidationHooks {
  mutate(asked: Asked): ReviewHook;
  validate(asked: Asked): ReviewHook;
}

export function validationHooks(options: ValidationHooksOptions): ValidationHooks {
  const hook =
    (work: Work) =>
    (asked: Asked): ReviewHook =>
    ({ request }, budgetMs) =>
      guarded(options, asked.which === '-ignore' ? 'ignore' : 'fail', budgetMs, () => answer(request, asked, work, options));
  return { mutate: hook(mutate), validate: hook(validate) };
}

type Work = (policies: readonly Validations['policy'][], review: Review, request: ReviewRequest, options: ValidationHooksOptions) => Promise<ReviewAnswer>;

async function answer(request: ReviewRequest, asked: Asked, work: Work, options: ValidationHooksOptions): Promise<ReviewAnswer> {
  if (isExempt(request)) return { allowed: true };
  const { problem } = options.policies;
  if (problem !== undefined) return denied(problem);
  const { found, unknown } = select(options.policies.inForce.validations, asked, request);
  if (unknown.length > 0) return denied(unknown.map((name) => `Policy ${quote(name)} error: it is not in force`).join('; '));
  if (found.length === 0) return { allowed: true };
  const review = await openReview(request, options);
  return work(found, asked.scope === 'cluster' ? review : { ...review, world: confinedTo(request.namespace, review.world) }, request, options);
}

async function mutate(policies: readonly Validations['policy'][], review: Review): Promise<ReviewAnswer> {
  const patches: Patch[] = [];
  const results: ImageValidatingResult[] = [];
  for (const { policy, mutation } of await inParallel(policies, CONCURRENCY, async (policy) => ({ policy, mutation: await policy.mutate(review) }))) {
    patches.push(...mutation.patches);
    results.push(...mutation.results.map((result) => ({ ...result, actions: policy.actions, auditAnnotations: {}, exceptions: [] })));
  }
  const { allowed, message, warnings } = answerOf(results);
  return allowed ? { allowed, patch: patches, warnings } : denied(message, warnings);
}

async function validate(
  policies: readonly Validations['policy'][],
  review: Review,
  request: ReviewRequest,
  { onResults }: ValidationHooksOptions,
): Promise<ReviewAnswer> {
  const validated = await inParallel(policies, CONCURRENCY, async (policy) => ({ policy, said: await policy.validate(review) }));
  const results: ImageValidatingResult[] = [];
  for (const { policy, said } of validated) results.push(...said, ...(await policy.conclude(review)));
  onResults?.(request, results);
  const { allowed, message, warnings } = answerOf(results);
  return allowed ? { allowed, warnings } : denied(message, warnings);
}

/** A name that nothing has may be that of a policy which has just been made. */
function select(
  all: readonly Validations[],
  { scope, which }: Asked,
  { namespace }: ReviewRequest,
): { readonly found: readonly Validations['policy'][]; readonly unknown: readonly string[] } {
  const candidates = all.filter(({ policy }) => policy.namespace === (scope === 'cluster' ? '' : namespace));
  const failureClass = CLASSES[which];
  if (failureClass !== undefined) return { found: candidates.filter((one) => one.failureClass === failureClass).map(({ policy }) => policy), unknown: [] };
  const names = which.split('/');
  const found = candidates.map(({ policy }) => policy).filter(({ name }) => names.includes(name));
  return { found, unknown: names.filter((name) => !found.some((policy) => policy.name === name)) };
}

const CLASSES: Readonly<Record<string, FailureClass>> = { '-fail': 'fail', '-ignore': 'ignore' };
const CONCURRENCY = 8;
