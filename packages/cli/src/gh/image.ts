/** An image that is named by `oci://REFERENCE`: its digest, and the repository that it lies in. */
import { fromHex, isTrustError } from '@assay/core';
import { hexOf, type ImageReference, parseReference, type RepositoryClient, targetOf } from '@assay/oci';
import { CommandError, messageOf } from '../cobra/failure.ts';
import type { Io } from '../io.ts';
import { openRegistryAccess } from '../registry-access.ts';
import type { DigestedArtifact } from './artifact.ts';

export async function digestImage(name: string, io: Io): Promise<DigestedArtifact> {
  const { digest } = await withImage(name, io, (repository, reference) => repository.requireDescriptor(targetOf(reference)));
  return { url: `oci://${name}`, algorithm: 'sha256', value: fromHex(hexOf(digest)), digest };
}

/** The image's repository for the time of `work`, with the credentials at hand. What the registry refuses is told as gh tells it. */
export async function withImage<T>(name: string, io: Io, work: (repository: RepositoryClient, reference: ImageReference) => Promise<T>): Promise<T> {
  const reference = imageReference(name);
  const access = openRegistryAccess(io, { userAgent: 'assay', plainHttp: 'private' });
  try {
    return await work(access.registries.repository(reference), reference);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    throw new CommandError(registryText(error.code) ?? `failed to fetch remote image: ${messageOf(error)}`, 1, { cause: error });
  } finally {
    access.close();
  }
}

function imageReference(name: string): ImageReference {
  try {
    return parseReference(name);
  } catch (error) {
    throw new CommandError(`artifact ${name} is not a valid registry reference: ${messageOf(error)}`, 1, { cause: error });
  }
}

function registryText(code: string): string | undefined {
  if (code === 'OCI_UNAUTHORIZED') return 'remote registry authorization failed, please authenticate with the registry and try again';
  if (code === 'OCI_DENIED') return "the provided token was denied access to the requested resource, please check the token's expiration and repository access";
  return undefined;
}
