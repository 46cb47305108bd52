/** `Link: </v2/…?n=100&last=x>; rel="next"` (RFC 8288), as registries page their lists. */
import { TrustError } from '@assay/core';
import { type HttpResponse, nextLink } from '@assay/net';
import type { Ask, Connection } from './connection.ts';

/**
 * The answers to `ask` and to all pages behind it, whatever their status. A page that was read already is the end: the list leads back into itself.
 * Errors: `OCI_LIMIT` beyond 1000 pages, as a registry sends them that has one more each time; those of `nextPage`.
 */
export async function* pages(connection: Connection, ask: Ask): AsyncGenerator<HttpResponse, void, void> {
  const read = new Set<string>();
  for (let path: Ask['path'] | undefined = ask.path; path !== undefined; ) {
    if (read.size === MAX_PAGES) throw new TrustError('OCI_LIMIT', `${connection.describe(ask.path)}: more than ${MAX_PAGES} pages, the cap`);
    const response = await connection.request({ ...ask, path });
    yield response;
    read.add(response.url);
    const next = nextPage(response);
    path = next === undefined || read.has(next.href) ? undefined : next;
  }
}

/** Where the list goes on; undefined at its end. Errors: `OCI_STATUS` when it is said to go on at another host. */
export function nextPage(response: HttpResponse): URL | undefined {
  const next = nextLink(response);
  if (next === undefined) return undefined;
  const { protocol, host } = new URL(response.url);
  // Behind a proxy some registries name themselves with the scheme they are reached by inside.
  next.protocol = protocol;
  if (next.host === host) return next;
  throw new TrustError('OCI_STATUS', `the list is said to go on at another host`, { expected: host, found: next.host });
}

const MAX_PAGES = 1000;
