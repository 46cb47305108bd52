/** Whether the images of a workload may run (admission.md 4.4): every policy that is about an image must let it in. */
import { isTrustError, quote } from '@assay/core';
import {
  type FieldError,
  type FieldErrors,
  fieldErrorText,
  fieldWarningLines,
  genericError,
  hasErrors,
  type ImagePolicy,
  invalidValue,
  type NamedImage,
  namedImage,
} from '@assay/policy';
import { inParallel } from './in-parallel.ts';
import type { ReviewAnswer } from './review.ts';
import type { SmallVerdict } from './verdict-cache.ts';
import type { Workload, WorkloadImage } from './workload.ts';

export type NoMatchPolicy = 'deny' | 'allow' | 'warn';

export interface ValidateOptions {
  readonly policies: readonly ImagePolicy[];
  readonly noMatch: NoMatchPolicy;
  /** Asked for every policy that is about the image. What it throws denies. */
  judge(policy: ImagePolicy, image: NamedImage, workload: Workload): Promise<SmallVerdict> | SmallVerdict;
  /** Images at a time. Default 16. */
  readonly concurrency?: number | undefined;
}

export async function validateWorkload(workload: Workload, options: ValidateOptions): Promise<FieldErrors> {
  const errors = await inParallel(workload.images, options.concurrency ?? CONCURRENCY, (image) => validateImage(image, workload, options));
  return errors.flat();
}

/** The answer of a validating webhook. */
export function validationAnswer(errors: FieldErrors): ReviewAnswer {
  const warnings = fieldWarningLines(errors);
  if (hasErrors(errors)) return { allowed: false, message: `validation failed: ${fieldErrorText(errors)}`, warnings };
  return { allowed: true, warnings };
}

async function validateImage({ text, path }: WorkloadImage, workload: Workload, options: ValidateOptions): Promise<FieldErrors> {
  const shown = quote(text, MAX_IMAGE);
  const image = tryNamedImage(text);
  if (image === undefined) return genericError(`could not parse reference: ${shown}`, path);
  if (image.digest === undefined) return invalidValue(`${shown} must be an image digest`, path);
  const covering = coveringPolicies(image, workload, options.policies);
  if ('problem' in covering) return failure(covering.problem, path, shown);
  if (covering.policies.length === 0) return uncovered(options.noMatch, path, shown);
  const verdicts = covering.policies.map(async (policy) => verdictErrors(policy, await verdict(policy, image, workload, options), path, shown));
  return (await Promise.all(verdicts)).flat();
}

/** An error in one pattern may hide that it covers the image, so it denies whatever the others say. */
function coveringPolicies(
  image: NamedImage,
  { object }: Workload,
  policies: readonly ImagePolicy[],
): { readonly policies: readonly ImagePolicy[] } | { readonly problem: string } {
  try {
    return { policies: policies.filter((policy) => policy.covers(image, object)) };
  } catch (error) {
    return { problem: problemText(error) };
  }
}

/** One that could not be reached is a refusal by this policy alone: a policy that only warns must not deny because its registry is down. */
async function verdict(policy: ImagePolicy, image: NamedImage, workload: Workload, { judge }: ValidateOptions): Promise<SmallVerdict> {
  try {
    return await judge(policy, image, workload);
  } catch (error) {
    return { ok: false, errors: [problemText(error)] };
  }
}

function verdictErrors(policy: ImagePolicy, { ok, errors }: SmallVerdict, path: string, shown: string): FieldErrors {
  if (ok) return [];
  return failure(`failed policy: ${policy.name}`, path, [shown, ...errors].join(' '), policy.mode === 'warn' ? 'warning' : 'error');
}

function uncovered(noMatch: NoMatchPolicy, path: string, shown: string): FieldErrors {
  return noMatch === 'allow' ? [] : failure('no matching policies', path, shown, noMatch === 'warn' ? 'warning' : 'error');
}

function failure(message: string, path: string, details: string, level: FieldError['level'] = 'error'): FieldErrors {
  return [{ message, paths: [path], details, level }];
}

function problemText(error: unknown): string {
  return isTrustError(error) ? error.message : quote(`internal error: ${error instanceof Error ? error.message : String(error)}`, MAX_IMAGE);
}

function tryNamedImage(text: string): NamedImage | undefined {
  try {
    return namedImage(text);
  } catch (error) {
    if (isTrustError(error)) return undefined;
    throw error;
  }
}

const CONCURRENCY = 16;
/** The longest reference that a registry would know is shorter. */
const MAX_IMAGE = 1000;
