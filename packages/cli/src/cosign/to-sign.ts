/** What `sign` and `attest` do alike with the image they are given. */
import { type Descriptor, type ImageReference, type RepositoryClient, targetOf } from '@assay/oci';
import type { Context } from '../cobra/command.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';

/** Undefined for a digest that the registry does not have. */
export async function resolveForSigning(reference: ImageReference, repository: RepositoryClient): Promise<Descriptor | undefined> {
  return repository.resolve(targetOf(reference));
}

/** Errors: `OCI_NOT_FOUND` in the registry's words. */
export async function requireForSigning(reference: ImageReference, repository: RepositoryClient): Promise<Descriptor> {
  return repository.requireDescriptor(targetOf(reference));
}

export function warnAboutTag(argument: string, { stderr }: Io): void {
  stderr(`WARNING: Image reference ${argument} uses a tag, not a digest, to identify the image to sign.
    This can lead you to sign a different image than the intended one. Please use a
    digest (example.com/ubuntu@sha256:abc123...) rather than tag
    (example.com/ubuntu:latest) for the input to cosign. The ability to refer to
    images by tag will be removed in a future release.

`);
}

/** With `--record-creation-timestamp`: SOURCE_DATE_EPOCH, or now. */
export function recordedCreation(flags: ParsedFlags, { io }: Context): Date | undefined {
  if (!flags.bool('record-creation-timestamp')) return undefined;
  const epoch = io.env['SOURCE_DATE_EPOCH'] ?? '';
  return /^\d{1,12}$/.test(epoch) ? new Date(1000 * Number(epoch)) : io.now;
}

export function dockerMediaTypes({ io }: Context): boolean {
  return /^(?:1|t|true)$/i.test(io.env['COSIGN_DOCKER_MEDIA_TYPES'] ?? '');
}
