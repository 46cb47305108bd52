/** URLs that are made of others. */
import type { HttpResponse } from './client.ts';

/** The path below a base URL that may end in slashes. */
export function below(url: string, path: string): string {
  return `${url.replace(/\/+$/, '')}${path}`;
}

/** Where a list goes on, `Link: <URL>; rel="next"` (RFC 8288). It may lead to another host: whether it is followed is for the caller. */
export function nextLink({ headers, url }: Pick<HttpResponse, 'headers' | 'url'>): URL | undefined {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(headers['link'] ?? '')?.[1];
  return target === undefined || !URL.canParse(target, url) ? undefined : new URL(target, url);
}
