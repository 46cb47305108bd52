/**
 * Tags are replaced by digests (admission.md 4.3), so that what was verified is what runs:
 *
 *   nginx                          index.docker.io/library/nginx:latest@sha256:…
 *   ghcr.io/owner/app@sha256:…     the same
 *   ghcr.io/owner/app:1@sha256:…   as we write it, so that a second pass changes nothing and an identity may still ask for the tag
 *   app:1@sha256:…                 index.docker.io/library/app@sha256:…
 *
 * What cannot be read or resolved is left alone: validation denies it.
 */
import { isTrustError } from '@assay/core';
import { type Digest, type ImageReference, parseReference, referenceText, repositoryText } from '@assay/oci';
import { inParallel } from './in-parallel.ts';
import type { PatchOperation } from './review.ts';
import type { Workload, WorkloadImage } from './workload.ts';

export interface MutateOptions {
  /** Of a tag. Undefined: there is none. Errors leave the image alone. */
  resolve(reference: ImageReference, workload: Workload): Promise<Digest | undefined>;
  /** Images at a time. Default 16. */
  readonly concurrency?: number | undefined;
}

export async function mutateWorkload(workload: Workload, options: MutateOptions): Promise<PatchOperation[]> {
  const images = await inParallel(workload.images, options.concurrency ?? CONCURRENCY, (image) => pinned(image, workload, options));
  return workload.images.flatMap(({ text, pointer }, i) => {
    const value = images[i];
    return value === undefined || value === text ? [] : [{ op: 'replace' as const, path: pointer, value }];
  });
}

async function pinned({ text }: WorkloadImage, workload: Workload, { resolve }: MutateOptions): Promise<string | undefined> {
  try {
    const reference = parseReference(text);
    if (reference.digest !== undefined) return text === tagged(reference, reference.digest) ? text : referenceText(reference);
    const digest = await resolve(reference, workload);
    return digest === undefined ? undefined : tagged(reference, digest);
  } catch (error) {
    if (isTrustError(error)) return undefined;
    throw error;
  }
}

function tagged(reference: ImageReference, digest: Digest): string {
  return `${repositoryText(reference)}${reference.tag === undefined ? '' : `:${reference.tag}`}@${digest}`;
}

const CONCURRENCY = 16;
