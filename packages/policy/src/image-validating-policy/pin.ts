/** Tags that a policy pins to what they stand for now: `IMAGE` becomes `IMAGE@DIGEST`. An image that cannot be resolved leaves the others their digests. */
import { isTrustError, quote } from '@assay/core';
import { Meter } from '../engines/cel/index.ts';
import { imageInfo } from '../kyverno/image.ts';
import type { Patch, Review } from '../kyverno/rule-policy.ts';
import type { CompiledSpec } from './compile.ts';
import { appliesTo, coversImage, credentialsOf } from './evaluate.ts';
import { type FoundImage, imagesOf } from './images-of.ts';
import type { RequestFacts } from './match.ts';
import type { ImageValidatingPolicy } from './policy.ts';

export interface Pinned {
  readonly patches: readonly Patch[];
  /** Of images that could not be pinned. */
  readonly problems: readonly string[];
}

/** Errors: those of the policy's conditions. */
export async function pinDigests(policy: ImageValidatingPolicy, compiled: CompiledSpec, review: Review, request: RequestFacts): Promise<Pinned> {
  if (!(await appliesTo(policy, compiled, review, request))) return { patches: [], problems: [] };
  const found = await Promise.all(imagesOf(request).map((image) => pinned(image, policy, compiled, review)));
  return {
    patches: found.flatMap((one) => (one === undefined || 'problem' in one ? [] : [one])),
    problems: found.flatMap((one) => (one !== undefined && 'problem' in one ? [one.problem] : [])),
  };
}

async function pinned(
  { image: text, pointer }: FoundImage,
  policy: ImageValidatingPolicy,
  compiled: CompiledSpec,
  { world }: Review,
): Promise<Patch | { readonly problem: string } | undefined> {
  let image = text;
  try {
    const info = imageInfo(text);
    if (info.digest !== '') return undefined;
    image = info.reference;
    if (!(await coversImage(compiled, image, new Meter()))) return undefined;
    const subject = await world.subject(image, credentialsOf(policy));
    return { op: 'replace', path: pointer, value: `${image}@${await subject.digest()}` };
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return { problem: `failed to resolve digest for image ${quote(image, 1000)}: ${error.message}` };
  }
}
