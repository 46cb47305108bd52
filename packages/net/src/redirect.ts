/**
 * What a redirect may do (architecture.md section 7): keep or raise the security of the transport, and never carry
 * secrets elsewhere. Whether the new place may be connected to at all is decided in transport.ts.
 */
import { TrustError } from '@assay/core';
import type { BodySource } from './body.ts';
import { redactUrl } from './redact.ts';

export const MAX_REDIRECTS = 10;

/** The parts of a request that a redirect may change. */
export interface Hop {
  readonly url: URL;
  readonly method: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Opened anew for every hop. */
  readonly body: BodySource | undefined;
  /** `other` for ever, once a redirect has led to another scheme, host or port than the caller's. */
  readonly origin: 'own' | 'other';
}

/**
 * The request that a redirect leads to, or undefined when the response is none.
 *
 * @param secretHeaders lower-case names of headers that never go to another scheme, host or port
 * @throws TrustError NET_REDIRECT when it leads from https to http, to another scheme, or nowhere
 */
export function nextHop(hop: Hop, status: number, location: string | undefined, secretHeaders: ReadonlySet<string>): Hop | undefined {
  if (!REDIRECTS.has(status) || location === undefined) return undefined;
  const url = parseLocation(location, hop.url);
  const next: Hop = url.origin === hop.url.origin ? { ...hop, url } : { ...hop, url, headers: withoutHeaders(hop.headers, secretHeaders), origin: 'other' };
  if (!becomesGet(status, hop.method)) return next;
  return { ...next, method: 'GET', headers: withoutHeaders(next.headers, BODY_HEADERS), body: undefined };
}

export function tooManyRedirects(url: URL): TrustError {
  return new TrustError('NET_REDIRECT', `${redactUrl(url)}: more than ${MAX_REDIRECTS} redirects`);
}

function parseLocation(location: string, base: URL): URL {
  if (!URL.canParse(location, base.href)) throw new TrustError('NET_REDIRECT', `${redactUrl(base)} redirects to something that is not a URL`);
  const url = new URL(location, base);
  // Credentials in a Location are the server's idea, not the user's.
  url.username = '';
  url.password = '';
  url.hash = '';
  if (url.protocol === 'https:' || (url.protocol === 'http:' && base.protocol === 'http:')) return url;
  throw new TrustError('NET_REDIRECT', `${redactUrl(base)} redirects to ${redactUrl(url)}: only https may follow https`);
}

/** RFC 9110 section 15.4: 303 always, and 301 and 302 after a POST, continue as GET. */
function becomesGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'HEAD';
  return (status === 301 || status === 302) && method === 'POST';
}

function withoutHeaders(headers: Hop['headers'], names: ReadonlySet<string>): Hop['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.has(name)));
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const BODY_HEADERS = new Set(['content-type', 'content-length', 'content-encoding', 'content-range', 'transfer-encoding']);
