/**
 * The endpoints of the distribution specification ("Endpoints", end-1 to end-14), and the catalog that Docker's registry has beside them.
 *
 * Names and references become parts of paths on the disk, so none leaves here that the grammar of the specification does not allow: no name part
 * begins with a point or an underscore, and none is `..`.
 */
import { type Digest, parseDigest } from './digest.ts';
import { refuse } from './refusal.ts';

export type Route =
  | { readonly kind: 'version' | 'catalog' }
  | { readonly kind: 'manifest'; readonly repository: string; readonly reference: Reference }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: Digest }
  | { readonly kind: 'uploads'; readonly repository: string }
  | { readonly kind: 'upload'; readonly repository: string; readonly id: string }
  | { readonly kind: 'tags'; readonly repository: string }
  | { readonly kind: 'referrers'; readonly repository: string; readonly digest: Digest };

export type Reference = { readonly tag: string; readonly digest?: never } | { readonly digest: Digest; readonly tag?: never };

/** Refuses what is no endpoint, with NAME_INVALID, DIGEST_INVALID, MANIFEST_INVALID or UNSUPPORTED (404). */
export function parseRoute(pathname: string): Route {
  const path = decoded(pathname);
  if (path === '/v2/' || path === '/v2') return { kind: 'version' };
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  for (const [pattern, route] of ENDPOINTS) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const [, repository = '', rest = ''] = match;
    if (!isRepositoryName(repository)) return refuse('NAME_INVALID', 'invalid repository name', { detail: repository.slice(0, 300) });
    return route(repository, rest);
  }
  return refuse('UNSUPPORTED', 'no such endpoint', { status: 404 });
}

export function isRepositoryName(name: string): boolean {
  return name.length <= MAX_NAME && NAME.test(name);
}

/** Clients write digests as `sha256%3A…` too. */
function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return refuse('UNSUPPORTED', 'the path is not percent-encoded UTF-8', { status: 400 });
  }
}

function parseReference(text: string): Reference {
  if (text.includes(':')) return { digest: parseDigest(text) };
  return TAG.test(text) ? { tag: text } : refuse('MANIFEST_INVALID', 'the reference is neither a tag nor a digest', { detail: text.slice(0, 200) });
}

const ENDPOINTS: readonly (readonly [RegExp, (repository: string, rest: string) => Route])[] = [
  [/^\/v2\/(.+)\/blobs\/uploads\/?$/, (repository) => ({ kind: 'uploads', repository })],
  [/^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/, (repository, id) => ({ kind: 'upload', repository, id })],
  [/^\/v2\/(.+)\/tags\/list$/, (repository) => ({ kind: 'tags', repository })],
  [/^\/v2\/(.+)\/manifests\/([^/]+)$/, (repository, text) => ({ kind: 'manifest', repository, reference: parseReference(text) })],
  [/^\/v2\/(.+)\/blobs\/([^/]+)$/, (repository, text) => ({ kind: 'blob', repository, digest: parseDigest(text) })],
  [/^\/v2\/(.+)\/referrers\/([^/]+)$/, (repository, text) => ({ kind: 'referrers', repository, digest: parseDigest(text) })],
];
const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
/** Host and name together have at most 255 in clients. */
const MAX_NAME = 255;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
