/** One request as the caller asked for it, checked before anything of node:http is loaded, and its deadline. */
import { quote, TrustError } from '@assay/core';
import type { RequestOptions, Settings } from './client.ts';
import { timeout } from './exchange.ts';
import { redactUrl } from './redact.ts';
import type { Hop } from './redirect.ts';
import { isIdempotent } from './retry.ts';

export interface Call {
  readonly first: Hop;
  /** Lower-case names of headers that stay with the first scheme, host and port. */
  readonly secretHeaders: ReadonlySet<string>;
  readonly maxBytes: number;
  readonly retries: number;
  /** Aborted by the caller's signal or by the deadline, with the error as its reason. */
  readonly abort: AbortController;
  readonly callerSignal: AbortSignal | undefined;
}

/** @throws TrustError NET_OFFLINE, NET_URL */
export function prepareCall(url: string | URL, options: RequestOptions, settings: Settings): Call {
  const method = (options.method ?? 'GET').toUpperCase();
  if (settings.offline === true) throw new TrustError('NET_OFFLINE', `${method} ${redactUrl(url)} was not sent: offline`);
  const parsed = parseHttpUrl(url);
  const headers = { 'user-agent': settings.userAgent, accept: '*/*', ...authorizationOf(parsed), ...lowerCaseNames(options.headers) };
  parsed.username = '';
  parsed.password = '';
  parsed.hash = '';
  const body = typeof options.body === 'string' ? new TextEncoder().encode(options.body) : options.body;
  return {
    first: { url: parsed, method, headers: body === undefined ? headers : { ...headers, 'content-length': String(body.length) }, body },
    secretHeaders: new Set([...SECRET_HEADERS, ...(options.secretHeaders ?? []).map((name) => name.toLowerCase())]),
    maxBytes: options.maxBytes ?? settings.maxBytes,
    retries: isIdempotent(method) ? (options.retries ?? settings.retries) : 0,
    abort: new AbortController(),
    callerSignal: options.signal,
  };
}

/** Starts the deadline and listens to the caller's signal; the returned function ends both. */
export function startDeadline(call: Call, timeoutMs: number | undefined): () => void {
  const { abort, callerSignal, first } = call;
  callerSignal?.throwIfAborted();
  const onAbort = (): void => abort.abort(callerSignal?.reason);
  const expire = (): void => abort.abort(timeout(first.url, `not finished within ${timeoutMs} ms`));
  const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs);
  callerSignal?.addEventListener('abort', onAbort);
  return () => {
    clearTimeout(timer);
    callerSignal?.removeEventListener('abort', onAbort);
  };
}

function parseHttpUrl(url: string | URL): URL {
  if (!URL.canParse(url)) throw new TrustError('NET_URL', `not a URL: ${redactUrl(url)}`);
  const parsed = new URL(url);
  if (parsed.protocol === 'https:' || parsed.protocol === 'http:') return parsed;
  throw new TrustError('NET_URL', `${redactUrl(parsed)}: unsupported scheme ${quote(parsed.protocol)}//`);
}

/** `https://user:password@host` as a header, so that it is stripped where every other secret is. */
function authorizationOf(url: URL): Record<string, string> {
  if (url.username === '' && url.password === '') return {};
  const pair = `${percentDecode(url.username, url)}:${percentDecode(url.password, url)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function percentDecode(text: string, url: URL): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TrustError('NET_URL', `${redactUrl(url)}: the credentials in the URL are not percent-encoded UTF-8`);
  }
}

function lowerCaseNames(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

const SECRET_HEADERS = ['authorization', 'cookie', 'proxy-authorization'];
