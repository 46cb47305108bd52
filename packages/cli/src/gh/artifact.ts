/** What `verify` and `download` are about: a file, or an image by the digest that its registry names. */
import { normalize } from 'node:path';
import { fromHex, type HashName, isTrustError, toHex } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { hexOf, parseReference, type RepositoryClient, targetOf } from '@assay/oci';
import { artifactSource } from '../artifact-source.ts';
import { CommandError, messageOf } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { openRegistryAccess } from '../registry-access.ts';

export interface DigestedArtifact {
  /** `file://PATH` or `oci://REFERENCE`, as it was given. */
  readonly url: string;
  readonly algorithm: HashName;
  readonly value: Uint8Array;
  /** `sha256:HEX` */
  readonly digest: string;
}

/** For files of `--digest-alg`. Errors: `CommandError`. */
export async function digestArtifact(reference: string, flags: ParsedFlags, io: Io): Promise<DigestedArtifact> {
  if (reference.startsWith('oci://')) return digestImage(reference.slice('oci://'.length), io);
  const path = reference.startsWith('file://') ? filePath(reference) : normalize(reference);
  const algorithm = flags.text('digest-alg') as HashName;
  try {
    const artifact = await artifactSource(path, io).open([algorithm], nodeCrypto);
    const value = await artifact.digest(algorithm, nodeCrypto);
    if (value === undefined) throw new CommandError(`failed to calculate local artifact digest: ${path} names a digest of another algorithm`);
    return { url: `file://${path}`, algorithm, value, digest: `${algorithm}:${toHex(value)}` };
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`failed to get open local artifact: ${messageOf(error)}`, 1, { cause: error });
  }
}

function filePath(url: string): string {
  if (!URL.canParse(url)) throw new CommandError(`failed to parse reference URI: ${url}`);
  return normalize(decodeURIComponent(new URL(url).pathname));
}

async function digestImage(name: string, io: Io): Promise<DigestedArtifact> {
  const digest = await withImage(name, io, async (repository, reference) => {
    const target = targetOf(reference);
    return (await repository.resolve(target))?.digest ?? (await repository.requireManifest(target)).descriptor.digest;
  });
  return { url: `oci://${name}`, algorithm: 'sha256', value: fromHex(hexOf(digest)), digest };
}

/** The image's repository for the time of `work`, with the credentials at hand. What the registry refuses is told as gh tells it. */
export async function withImage<T>(
  name: string,
  io: Io,
  work: (repository: RepositoryClient, reference: ReturnType<typeof parseReference>) => Promise<T>,
): Promise<T> {
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

function imageReference(name: string): ReturnType<typeof parseReference> {
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
