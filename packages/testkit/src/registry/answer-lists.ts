/** end-8 and end-12: tags and referrers, in pages. */
import { type Descriptor, fieldsOf, OCI_INDEX, type StoredManifest } from './content.ts';
import { isDigest } from './digest.ts';
import { refusal, refuse } from './refusal.ts';
import { locate, type Registry, repositoryOf } from './registry.ts';
import { jsonReply, type Reply } from './reply.ts';
import type { Asked, Route } from './route.ts';

export function answerTags(asked: Asked, { repository }: Extract<Route, { kind: 'tags' }>, registry: Registry): Reply {
  requireGet(asked);
  repositoryOf(repository, registry);
  const { items, headers } = pageOf(registry.content.tags(repository), (tag) => tag, registry.options.tagsPageSize, asked, registry);
  return jsonReply({ name: repository, tags: items }, { headers });
}

/** "A registry that supports the referrers API MUST NOT return 404", not even for a repository that is not there. */
export function answerReferrers(asked: Asked, { repository, digest }: Extract<Route, { kind: 'referrers' }>, registry: Registry): Reply {
  requireGet(asked);
  const { content, options } = registry;
  const { referrers = 'api', filterReferrers = true, referrersPageSize } = options;
  if (referrers === 'none') return refusal('UNSUPPORTED', 'page not found', { status: 404 });
  if (referrers !== 'api') return refusal('UNSUPPORTED', 'the referrers API is unsupported', { status: referrers });
  if (!isDigest(digest)) return refuse('DIGEST_INVALID', 'the subject is not a digest', { detail: digest });
  const all = referrersOf(digest, [...(content.repositories.get(repository)?.manifests.values() ?? [])]);
  const wanted = filterReferrers ? asked.url.searchParams.get('artifactType') : null;
  const matching = wanted === null ? all : all.filter(({ artifactType }) => artifactType === wanted);
  const { items, headers } = pageOf(matching, (descriptor) => descriptor.digest, referrersPageSize, asked, registry);
  return jsonReply(
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests: items },
    { contentType: OCI_INDEX, headers: { ...headers, ...(wanted !== null && { 'OCI-Filters-Applied': 'artifactType' }) } },
  );
}

/** Sorted by digest, so that pages follow each other. */
export function referrersOf(subject: string, manifests: readonly StoredManifest[]): Descriptor[] {
  return manifests
    .filter(({ bytes }) => fieldsOf(bytes).subject?.digest === subject)
    .map(describe)
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

/** "Listing Referrers": an image without artifactType has its config's media type as one; an index has none. */
export function describe({ mediaType, digest, bytes }: StoredManifest): Descriptor {
  const { artifactType: own, config, annotations } = fieldsOf(bytes);
  const artifactType = own || config?.mediaType;
  return { mediaType, digest, size: bytes.length, ...(artifactType !== undefined && { artifactType }), ...(annotations && { annotations }) };
}

/** `n` and `last` of the query; Link leads on with the rest of the query kept. */
function pageOf<T>(all: readonly T[], key: (item: T) => string, pageSize = Number.POSITIVE_INFINITY, asked: Asked, registry: Registry) {
  const { searchParams, pathname } = asked.url;
  const [n, last] = [searchParams.get('n'), searchParams.get('last')];
  const limit = Math.min(n === null ? Number.POSITIVE_INFINITY : count(n), pageSize);
  const rest = all.filter((item) => last === null || key(item) > last);
  const items = rest.slice(0, limit);
  const end = items.at(-1);
  if (end === undefined || items.length === rest.length) return { items, headers: {} };
  const next = new URLSearchParams(searchParams);
  next.set('last', key(end));
  return { items, headers: { Link: `<${locate(`${pathname}?${next}`, asked, registry)}>; rel="next"` } };
}

function count(n: string): number {
  return /^\d+$/.test(n) ? Number(n) : refuse('UNSUPPORTED', 'n is not a number', { status: 400, detail: n });
}

function requireGet({ method }: Asked): void {
  if (method !== 'GET' && method !== 'HEAD') refuse('UNSUPPORTED', `${method} of a list is unsupported`);
}
