/** The endpoints of the distribution specification ("Endpoints", end-1 to end-14), and the token endpoint beside them. */
import type { IncomingHttpHeaders } from 'node:http';

export type Route =
  | { readonly kind: 'version' | 'token' | 'unknown' | 'invalid-name' }
  | { readonly kind: 'manifest'; readonly repository: string; readonly reference: string }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: string }
  | { readonly kind: 'uploads'; readonly repository: string }
  | { readonly kind: 'upload'; readonly repository: string; readonly id: string }
  | { readonly kind: 'tags'; readonly repository: string }
  | { readonly kind: 'referrers'; readonly repository: string; readonly digest: string };

/** A request, as the answers see it. */
export interface Asked {
  readonly method: string;
  /** As sent, with the query. */
  readonly path: string;
  /** Absolute, by the Host header. */
  readonly url: URL;
  readonly route: Route;
  readonly headers: IncomingHttpHeaders;
  readonly body: AsyncIterable<Uint8Array>;
  /** Of a POST with form fields, whose body has been read. */
  readonly form: URLSearchParams | undefined;
}

export const TOKEN_PATH = '/token';

export function parseRoute(pathname: string): Route {
  const path = decoded(pathname);
  if (path === '/v2/' || path === '/v2') return { kind: 'version' };
  if (path === TOKEN_PATH) return { kind: 'token' };
  for (const [pattern, route] of ENDPOINTS) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const [, repository = '', rest = ''] = match;
    return isRepositoryName(repository) ? route(repository, rest) : { kind: 'invalid-name' };
  }
  return { kind: 'unknown' };
}

function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}

function isRepositoryName(name: string): boolean {
  return name.length < 256 && NAME.test(name);
}

const ENDPOINTS: readonly (readonly [RegExp, (repository: string, rest: string) => Route])[] = [
  [/^\/v2\/(.+)\/blobs\/uploads\/?$/, (repository) => ({ kind: 'uploads', repository })],
  [/^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/, (repository, id) => ({ kind: 'upload', repository, id })],
  [/^\/v2\/(.+)\/tags\/list$/, (repository) => ({ kind: 'tags', repository })],
  [/^\/v2\/(.+)\/manifests\/([^/]+)$/, (repository, reference) => ({ kind: 'manifest', repository, reference })],
  [/^\/v2\/(.+)\/blobs\/([^/]+)$/, (repository, digest) => ({ kind: 'blob', repository, digest })],
  [/^\/v2\/(.+)\/referrers\/([^/]+)$/, (repository, digest) => ({ kind: 'referrers', repository, digest })],
];
const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
