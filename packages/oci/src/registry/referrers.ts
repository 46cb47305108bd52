/**
 * What belongs to a manifest: the referrers API, and the list that clients keep under a tag where a registry has no such API (distribution
 * specification, "Listing Referrers" and "Referrers Tag Schema": the tag is `ALGORITHM-HEX`).
 *
 * Both are lists made by others. What they say of type and annotations only helps to find; whether a referrer belongs to the subject is read from the
 * referrer itself.
 */
import { isTrustError, parseFields, TrustError } from '@assay/core';
import type { HttpResponse } from '@assay/net';
import { artifactTypeOf } from '../artifact-type.ts';
import { checkBytes, type Digest, digestOf, isDigest } from '../digest.ts';
import { encodeIndex } from '../encode.ts';
import { type Descriptor, MAX_MANIFEST_BYTES, type Manifest, readDescriptor } from '../manifest.ts';
import { bareMediaType, OCI_INDEX } from '../media-types.ts';
import type { ReferrerFilter, ReferrerList } from '../store.ts';
import type { Ask } from './connection.ts';
import { pages } from './page.ts';
import type { RepositoryClient } from './repository.ts';

/** More than this is not evidence for one image, but a list that somebody filled. */
export const MAX_REFERRERS = 1000;

/** At most 64 characters of hex: the whole of a sha512 would be no tag ("Referrers Tag Schema"). */
export function fallbackTag(subject: Digest): string {
  return subject.replace(':', '-').slice(0, 'sha512-'.length + 64);
}

/**
 * The lists, one place after the other: what the API says, then what lies under the fallback tag, which may be older than the API. A place that cannot answer
 * says why, and does not keep the next from being asked.
 */
export async function* listReferrers(repository: RepositoryClient, subject: Digest, filter: ReferrerFilter): AsyncGenerator<ReferrerList, void, void> {
  yield await askApi(repository, subject, filter);
  yield await askFallback(repository, subject, filter);
}

async function askApi(repository: RepositoryClient, subject: Digest, filter: ReferrerFilter): Promise<ReferrerList> {
  const place = `referrers of ${repository.name}@${subject}`;
  try {
    const descriptors = await readApi(repository, subject, filter, place);
    if (typeof descriptors === 'number') return { place, descriptors: [], says: `not supported (HTTP ${descriptors})` };
    return { place, ...listed(descriptors, filter) };
  } catch (error) {
    return failedList(place, error);
  }
}

/** Whether the registry lists referrers itself; false also when it cannot be asked. */
export async function hasReferrersApi(repository: RepositoryClient, subject: Digest): Promise<boolean> {
  try {
    return typeof (await readApi(repository, subject, {}, `referrers of ${repository.name}@${subject}`)) !== 'number';
  } catch (error) {
    if (isTrustError(error)) return false;
    throw error;
  }
}

/** The list, or the status with which a registry without the API answers. Errors: `OCI_LIMIT`, `OCI_MANIFEST`, the registry's refusals. */
async function readApi(repository: RepositoryClient, subject: Digest, filter: ReferrerFilter, place: string): Promise<Descriptor[] | number> {
  const { connection, repository: name } = repository;
  const query = filter.artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(filter.artifactType)}`;
  const descriptors: Descriptor[] = [];
  let answered = false;
  const ask: Ask = {
    method: 'GET',
    path: `${name.repository}/referrers/${subject}${query}`,
    scopes: [{ repository: name.repository, actions: ['pull'] }],
    headers: { accept: OCI_INDEX },
    maxBytes: MAX_MANIFEST_BYTES,
  };
  for await (const response of pages(connection, ask)) {
    if (!answered && hasNoApi(response)) return response.status;
    answered = true;
    connection.expect(ask, response, 200);
    for (const descriptor of readList(response.body, place)) descriptors.push(descriptor);
    if (descriptors.length > MAX_REFERRERS) throw tooMany(place);
  }
  return descriptors;
}

/** 404 is the specification's; 400, 406 and pages of other types are what older registries say to a route they do not know. */
function hasNoApi({ status, headers }: HttpResponse): boolean {
  if (status === 404 || status === 400 || status === 405 || status === 406) return true;
  return status === 200 && bareMediaType(headers['content-type'] ?? '') !== OCI_INDEX;
}

/** The media type that this index claims is not trusted: some clients push it as an image manifest's. */
async function askFallback(repository: RepositoryClient, subject: Digest, filter: ReferrerFilter): Promise<ReferrerList> {
  const place = `${repository.name}:${fallbackTag(subject)}`;
  try {
    const descriptors = await readFallback(repository, subject);
    return { place, ...(descriptors === undefined ? { descriptors: [], says: 'no such tag' } : listed(descriptors, filter)) };
  } catch (error) {
    return failedList(place, error);
  }
}

function failedList(place: string, error: unknown): ReferrerList {
  if (!isTrustError(error)) throw error;
  return { place, descriptors: [], says: error.message, problem: error };
}

async function readFallback(repository: RepositoryClient, subject: Digest): Promise<Descriptor[] | undefined> {
  const { connection, repository: name } = repository;
  const ask: Ask = {
    method: 'GET',
    path: `${name.repository}/manifests/${fallbackTag(subject)}`,
    scopes: [{ repository: name.repository, actions: ['pull'] }],
    headers: { accept: OCI_INDEX },
    maxBytes: MAX_MANIFEST_BYTES,
  };
  const response = await connection.request(ask);
  if (response.status === 404) return undefined;
  connection.expect(ask, response, 200);
  const stated = response.headers['docker-content-digest'] ?? '';
  // What was read may be written back with an entry more.
  if (isDigest(stated)) checkBytes(response.body, { digest: stated }, `${repository.name}:${fallbackTag(subject)}`);
  // `cosign copy` puts the image itself under this tag, to keep it from being collected: that is no list, and may become one.
  if (digestOf(response.body) === subject) return undefined;
  const descriptors = readList(response.body, `${repository.name}:${fallbackTag(subject)}`);
  if (descriptors.length > MAX_REFERRERS) throw tooMany(`${repository.name}:${fallbackTag(subject)}`);
  return descriptors;
}

function readList(body: Uint8Array, what: string): Descriptor[] {
  const fields = parseFields(body, { what, parse: 'OCI_MANIFEST', shape: 'OCI_MANIFEST' });
  return fields.objects('manifests', 100 * MAX_REFERRERS, 'OCI_LIMIT').map(readDescriptor);
}

/** Each once. */
function listed(descriptors: readonly Descriptor[], { artifactType }: ReferrerFilter): Pick<ReferrerList, 'descriptors' | 'says'> {
  const unique = [...new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor])).values()];
  const wanted = unique.filter((one) => artifactType === undefined || one.artifactType === undefined || one.artifactType === artifactType);
  const { length } = wanted;
  return { descriptors: wanted, says: length === 0 ? 'none' : `${length} ${length === 1 ? 'referrer' : 'referrers'}` };
}

function tooMany(place: string): TrustError {
  return new TrustError('OCI_LIMIT', `${place}: more than ${MAX_REFERRERS} referrers, the cap`);
}

/**
 * Adds a manifest to the list under the fallback tag, as cosign does: `{mediaType, size, digest, artifactType}`, sorted by digest. Two writers at once can
 * lose an entry (there is no compare-and-swap), so the list is read again afterwards, and written again when ours is missing.
 * Errors: `OCI_UPLOAD` when others keep overwriting.
 */
export async function addToFallback(
  repository: RepositoryClient,
  subject: Digest,
  { descriptor, manifest }: { readonly descriptor: Descriptor; readonly manifest: Manifest },
): Promise<void> {
  const entry: Descriptor = { ...descriptor, artifactType: artifactTypeOf(manifest) };
  for (let attempt = 0; ; attempt += 1) {
    const listed = (await readFallback(repository, subject)) ?? [];
    if (listed.some(({ digest }) => digest === entry.digest)) return;
    if (attempt === FALLBACK_ATTEMPTS) {
      const place = `${repository.name}:${fallbackTag(subject)}`;
      throw new TrustError('OCI_UPLOAD', `${place}: others keep writing to the same tag`, { hint: 'try again when nobody else signs this image' });
    }
    const manifests = [...listed, entry].toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
    await repository.putManifest({ bytes: encodeIndex({ mediaType: OCI_INDEX, manifests }), mediaType: OCI_INDEX, tag: fallbackTag(subject) });
  }
}

/** Takes deleted referrers off the list; an empty list is deleted. */
export async function removeFromFallback(repository: RepositoryClient, subject: Digest, removed: ReadonlySet<Digest>): Promise<void> {
  const listed = await readFallback(repository, subject);
  if (listed === undefined) return;
  const manifests = listed.filter(({ digest }) => !removed.has(digest));
  if (manifests.length === listed.length) return;
  const bytes = encodeIndex({ mediaType: OCI_INDEX, manifests });
  if (manifests.length > 0) await repository.putManifest({ bytes, mediaType: OCI_INDEX, tag: fallbackTag(subject) });
  else await deleteTag(repository, fallbackTag(subject));
}

/** Registries that delete by digest alone answer 400 or 405 to a tag. */
export async function deleteTag(repository: RepositoryClient, tag: string): Promise<void> {
  try {
    await repository.deleteManifest(tag);
  } catch (error) {
    if (!isTrustError(error) || ![400, 405].includes(Number(error.data?.['status']))) throw error;
    const stored = await repository.manifest(tag);
    if (stored !== undefined) await repository.deleteManifest(stored.descriptor.digest);
  }
}

const FALLBACK_ATTEMPTS = 5;
