/**
 * The two webhooks for workloads (admission.md 4): what comes in is a review, what goes out is an answer, and whatever fails on the way denies.
 */
import { isTrustError, quote } from '@assay/core';
import type { Digest, ImageReference } from '@assay/oci';
import type { FieldErrors, ImagePolicy, NamedImage, Subject } from '@assay/policy';
import { genericError } from '@assay/policy';
import type { InForce } from './controller.ts';
import { withDeadline } from './deadline.ts';
import type { PodKeychain, PodKeychains } from './keychain.ts';
import type { Metrics } from './metrics.ts';
import { mutateWorkload } from './mutate.ts';
import type { PatchOperation, Review, ReviewAnswer, ReviewRequest } from './review.ts';
import { validateWorkload, validationAnswer } from './validate.ts';
import type { SmallVerdict, VerdictCache } from './verdict-cache.ts';
import { exemption, readWorkload, type Workload } from './workload.ts';

export interface WorkloadHooksOptions {
  readonly inForce: () => InForce;
  readonly keychains: Pick<PodKeychains, 'forPod'>;
  readonly cache: VerdictCache;
  /** What judging may ask of the world, for one image of one workload. Made on a miss only. */
  readonly subject: (image: NamedImage, workload: Workload, keychain: PodKeychain) => Subject;
  /** Of a tag. Undefined: there is none. Errors leave it to validation. */
  readonly resolve: (reference: ImageReference, keychain: PodKeychain) => Promise<Digest | undefined>;
  /** When time runs out. Default `deny`. */
  readonly onDeadline?: 'deny' | 'allow' | undefined;
  readonly metrics?: Pick<Metrics, 'verification' | 'deadline'> | undefined;
  /** Each image and policy of a workload that was judged. */
  readonly onVerdict?: ((verdict: ObservedVerdict) => void) | undefined;
}

export interface ObservedVerdict {
  readonly policy: ImagePolicy;
  readonly image: NamedImage;
  readonly workload: Workload;
  readonly request: ReviewRequest;
  readonly verdict: SmallVerdict;
}

export interface WorkloadHooks {
  validate(review: Review, budgetMs: number): Promise<ReviewAnswer>;
  mutate(review: Review, budgetMs: number): Promise<ReviewAnswer>;
}

export function workloadHooks(options: WorkloadHooksOptions): WorkloadHooks {
  return {
    validate: ({ request }, budgetMs) =>
      guarded(options, { prefix: 'validation failed', budgetMs }, async () => {
        if (exemption(request) !== undefined) return { allowed: true };
        const workload = tryRead(request);
        if ('problem' in workload) return { allowed: false, message: `decoding request failed: ${workload.problem}` };
        return validationAnswer(await validate(workload, request, options));
      }),
    mutate: ({ request }, budgetMs) =>
      guarded(options, { prefix: 'mutation failed', budgetMs }, async () => {
        if (exemption(request) !== undefined) return { allowed: true };
        const workload = tryRead(request);
        if ('problem' in workload) return { allowed: false, message: `mutation failed: ${workload.problem}` };
        return { allowed: true, patch: await mutate(workload, options) };
      }),
  };
}

async function validate(workload: Workload, request: ReviewRequest, options: WorkloadHooksOptions): Promise<FieldErrors> {
  const { policies, config, trustVersion, problem } = options.inForce();
  if (problem !== undefined) return genericError(problem, workload.path);
  let keychain: PodKeychain;
  try {
    keychain = await options.keychains.forPod(workload.login);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return genericError(error.message, workload.path);
  }
  // One for all policies about an image, so that they share what was found; and none where every verdict is known.
  const subjects = new Map<string, Subject>();
  const subject = (image: NamedImage): Subject => {
    const made = subjects.get(image.text) ?? options.subject(image, workload, keychain);
    subjects.set(image.text, made);
    return made;
  };
  return validateWorkload(workload, {
    policies,
    noMatch: config.noMatchPolicy,
    judge: async (policy, image) => {
      const key = { policy, image, trustVersion, credentials: keychain.fingerprint };
      const verdict = await options.cache.verdict(key, () => timed(policy, subject(image), options));
      options.onVerdict?.({ policy, image, workload, request, verdict });
      return verdict;
    },
  });
}

async function timed(policy: ImagePolicy, subject: Subject, { metrics }: WorkloadHooksOptions): Promise<SmallVerdict> {
  const begun = performance.now();
  const told = (outcome: 'pass' | 'refused' | 'failed'): void => metrics?.verification(outcome, (performance.now() - begun) / 1000);
  try {
    const verdict = await policy.judge(subject);
    told(verdict.ok ? 'pass' : 'refused');
    return verdict;
  } catch (error) {
    told('failed');
    throw error;
  }
}

async function mutate(workload: Workload, { keychains, resolve }: WorkloadHooksOptions): Promise<PatchOperation[]> {
  let keychain: PodKeychain;
  try {
    keychain = await keychains.forPod(workload.login);
  } catch (error) {
    // Validation meets the same, and denies (admission.md 4.6).
    if (isTrustError(error)) return [];
    throw error;
  }
  return mutateWorkload(workload, { resolve: (reference) => resolve(reference, keychain) });
}

/** Time that runs out, and what nobody has thought of. */
async function guarded(
  { onDeadline = 'deny', metrics }: WorkloadHooksOptions,
  { prefix, budgetMs }: { readonly prefix: string; readonly budgetMs: number },
  work: () => Promise<ReviewAnswer>,
): Promise<ReviewAnswer> {
  try {
    return await withDeadline(work(), budgetMs);
  } catch (error) {
    if (!isTrustError(error)) return { allowed: false, message: `${prefix}: ${internal(error)}` };
    if (error.code !== 'ADMISSION_DEADLINE') return { allowed: false, message: `${prefix}: ${error.message}` };
    metrics?.deadline();
    if (onDeadline === 'allow') return { allowed: true, warnings: [`not verified: ${error.message}`] };
    return { allowed: false, message: `${prefix}: ${error.message}` };
  }
}

function tryRead(request: ReviewRequest): Workload | { readonly problem: string } {
  try {
    return readWorkload(request);
  } catch (error) {
    if (isTrustError(error)) return { problem: error.message };
    throw error;
  }
}

function internal(error: unknown): string {
  return quote(`internal error: ${error instanceof Error ? error.message : String(error)}`, 500);
}
