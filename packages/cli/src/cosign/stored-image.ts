/** The image a command works on when it verifies nothing: where it is, and in cosign's words that it is not there. */
import {
  childrenFor,
  type Descriptor,
  type Digest,
  type ImageReference,
  parseReference,
  platformText,
  type RepositoryClient,
  type StoredManifest,
  targetOf,
} from '@assay/oci';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { RegistrySession } from './images.ts';

export interface NamedImage {
  /** As typed. */
  readonly typed: string;
  readonly reference: ImageReference;
  readonly repository: RepositoryClient;
}

/** Asks nothing. Errors: `could not parse reference: …`. */
export function nameImage(typed: string, { access }: RegistrySession): NamedImage {
  const reference = parseReference(typed);
  return { typed, reference, repository: access.registries.repository(reference) };
}

/** A digest is believed; a tag is looked up. Errors: the registry's refusal. */
export async function digestOfImage({ reference, repository }: NamedImage): Promise<Digest> {
  return reference.digest ?? (await repository.requireDescriptor(targetOf(reference))).digest;
}

/** Errors: `entity not found in registry, error: …`, and the registry's other refusals. */
export async function readImage({ reference, repository }: NamedImage): Promise<StoredManifest> {
  const stored = await repository.manifest(targetOf(reference));
  return stored ?? wrapped('entity not found in registry, error', () => repository.requireManifest(targetOf(reference)));
}

/** `--platform`: the one image of an index that is for it; without the flag, the image itself. */
export async function forPlatform(stored: StoredManifest, platform: string, { repository }: NamedImage): Promise<StoredManifest> {
  if (platform === '') return stored;
  const { manifest } = stored;
  if (manifest.kind !== 'index') throw new CommandError('specified reference is not a multiarch image');
  const children = childrenFor(manifest, platform);
  const [child] = children;
  if (child === undefined) throw new CommandError(`unable to find an entity for ${platform}`);
  if (children.length > 1) throw new CommandError(`platform spec matches more than one image architecture: ${platformsOf(children).join(', ')}`);
  return repository.requireManifest(child.digest);
}

export function platformsOf(descriptors: readonly Descriptor[]): string[] {
  return descriptors.flatMap(({ platform }) => (platform === undefined ? [] : [platformText(platform)]));
}
