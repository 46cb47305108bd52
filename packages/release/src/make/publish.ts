/**
 * The last step: tags, which point at what is whole by now. Registries have no transactions, so each tag's former state is kept: when one cannot be set, those
 * before it are put back, and nothing half-published is left pointed to.
 */
import { isTrustError, quote, TrustError } from '@assay/core';
import { type Digest, digestOf, type RepositoryClient, type RepositoryName, repositoryText, type StoredManifest } from '@assay/oci';
import type { Work } from './step.ts';

export interface TagToSet {
  readonly repository: RepositoryName;
  readonly tag: string;
  /** `latest` moves from release to release; the tag of a version stays. */
  readonly kind: 'of the version' | 'moving';
  readonly manifest: (work: Pick<Work, 'folder'>) => Uint8Array;
  readonly mediaType: string;
}

type Place = Pick<Work, 'folder' | 'registries'>;

export function tagText({ repository, tag }: TagToSet): string {
  return `${repositoryText(repository)}:${tag}`;
}

/** A version that was published is not published again; a run that was interrupted may have set a tag. Errors: `RELEASE_EXISTS`, and those of reading. */
export async function refuseTaken(tags: readonly TagToSet[], { registries, folder }: Place): Promise<void> {
  for (const tag of tags) {
    if (tag.kind === 'moving') continue;
    const present = await registries.repository(tag.repository).resolve(tag.tag);
    if (present === undefined || present.digest === digestOf(tag.manifest({ folder }))) continue;
    throw new TrustError('RELEASE_EXISTS', `${tagText(tag)} is there already, and names something else`, { found: present.digest });
  }
}

/** All, or none. Errors: those of writing; what could not be put back is named in the message. */
export async function setTags(tags: readonly TagToSet[], place: Place): Promise<void> {
  const set: SetTag[] = [];
  try {
    for (const tag of tags) {
      const bytes = tag.manifest(place);
      const to = place.registries.repository(tag.repository);
      const before = await to.manifest(tag.tag);
      const present = before?.descriptor;
      if (present?.digest === digestOf(bytes)) continue;
      if (present !== undefined && tag.kind === 'of the version')
        throw new TrustError('RELEASE_EXISTS', `${tagText(tag)} was set meanwhile, to something else`, { found: present.digest });
      // A request that fails may have been carried out: it is taken back too.
      set.push({ tag, before });
      await to.putManifest({ bytes, mediaType: tag.mediaType, tag: tag.tag });
    }
  } catch (error) {
    const left = await takeBack(set, place);
    if (left.length === 0 || !isTrustError(error)) throw error;
    throw new TrustError(error.code, `${error.message}; and these tags could not be taken back: ${left.map(quote).join(', ')}`, {
      hint: error.hint,
      cause: error,
    });
  }
}

interface SetTag {
  readonly tag: TagToSet;
  readonly before: StoredManifest | undefined;
}

/** What could not be. */
async function takeBack(set: readonly SetTag[], { registries, folder }: Place): Promise<string[]> {
  const left: string[] = [];
  for (const { tag, before } of set.toReversed()) {
    try {
      const repository = registries.repository(tag.repository);
      const present = await repository.resolve(tag.tag);
      // Somebody else's by now, or never set.
      if (present === undefined || present.digest !== digestOf(tag.manifest({ folder }))) continue;
      if (before === undefined) await untag(repository, tag.tag, present.digest);
      else await repository.putManifest({ bytes: before.bytes, mediaType: before.descriptor.mediaType, tag: tag.tag });
    } catch (error) {
      if (!isTrustError(error)) throw error;
      left.push(tagText(tag));
    }
  }
  return left;
}

/** Some registries delete by digest alone, and then everything that points there: that is done where nothing else does. */
async function untag(repository: RepositoryClient, tag: string, digest: Digest): Promise<void> {
  try {
    await repository.deleteManifest(tag);
  } catch (error) {
    if (!isTrustError(error) || ![400, 405].includes(Number(error.data?.['status']))) throw error;
    for (const other of await repository.tags()) {
      if (other !== tag && (await repository.resolve(other))?.digest === digest) throw error;
    }
    await repository.deleteManifest(digest);
  }
}
