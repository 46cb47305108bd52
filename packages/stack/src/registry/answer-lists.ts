/** end-8, end-12 and the catalog: tags, referrers and repositories, in pages. */
import { type Asked, type Holdings, refuseMethod } from './asked.ts';
import { type Descriptor, OCI_INDEX } from './manifest.ts';
import { refuse } from './refusal.ts';
import type { Route } from './route.ts';

export async function answerCatalog(asked: Asked, { content }: Holdings): Promise<Response> {
  requireGet(asked, 'the catalog');
  const { items, headers } = pageOf(await content.repositories(), asked);
  return Response.json({ repositories: items }, { headers });
}

export async function answerTags(asked: Asked, { repository }: Extract<Route, { kind: 'tags' }>, { content }: Holdings): Promise<Response> {
  requireGet(asked, 'a list of tags');
  if (!(await content.hasRepository(repository))) refuse('NAME_UNKNOWN', 'repository name not known to registry', { detail: repository });
  const { items, headers } = pageOf(await content.tags(repository), asked);
  return Response.json({ name: repository, tags: items }, { headers });
}

/** "A registry that supports the referrers API MUST NOT return 404", not even for a repository that is not there. */
export async function answerReferrers(asked: Asked, { repository, digest }: Extract<Route, { kind: 'referrers' }>, { content }: Holdings): Promise<Response> {
  requireGet(asked, 'a list of referrers');
  const { searchParams } = asked.url;
  const artifactType = searchParams.get('artifactType');
  const manifests: Descriptor[] = [];
  let size = 0;
  let isCut = false;
  for await (const descriptor of content.referrers(repository, digest, searchParams.get('last') ?? '')) {
    if (artifactType !== null && descriptor.artifactType !== artifactType) continue;
    size += JSON.stringify(descriptor).length;
    isCut = manifests.length > 0 && (size > MAX_PAGE_BYTES || manifests.length === MAX_PAGE_ENTRIES);
    if (isCut) break;
    manifests.push(descriptor);
  }
  const headers = {
    'Content-Type': OCI_INDEX,
    ...(artifactType !== null && { 'OCI-Filters-Applied': 'artifactType' }),
    ...(isCut && { Link: linkTo(manifests.at(-1)?.digest ?? '', asked) }),
  };
  return Response.json({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }, { headers });
}

/** `n` and `last` of the query. "When n is zero, … MUST return an empty list, and MUST NOT include a Link header." */
function pageOf(all: readonly string[], asked: Asked): { items: readonly string[]; headers: Record<string, string> } {
  const { searchParams } = asked.url;
  const n = searchParams.get('n');
  const last = searchParams.get('last') ?? '';
  const rest = all.filter((item) => item > last);
  const items = n === null ? rest : rest.slice(0, parseCount(n));
  const end = items.at(-1);
  return { items, headers: end === undefined || items.length === rest.length ? {} : { Link: linkTo(end, asked) } };
}

/** The next page, with the rest of the query kept. */
function linkTo(last: string, { url }: Asked): string {
  const query = new URLSearchParams(url.searchParams);
  query.set('last', last);
  return `<${url.pathname}?${query}>; rel="next"`;
}

function parseCount(n: string): number {
  return /^\d{1,9}$/.test(n) ? Number(n) : refuse('UNSUPPORTED', 'n is not a number', { status: 400, detail: n.slice(0, 100) });
}

function requireGet(asked: Asked, what: string): void {
  const { method } = asked.request;
  if (method !== 'GET' && method !== 'HEAD') refuseMethod(asked, what);
}

/** What clients take as one document. */
const MAX_PAGE_BYTES = 2 * 1024 * 1024;
const MAX_PAGE_ENTRIES = 1000;
