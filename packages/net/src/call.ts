/** One request as the caller asked for it, checked before anything of node:http is loaded, and its deadline. */
import { quote, TrustError } from '@assay/core';
import { type BodySource, isBodySource, sourceOf } from './body.ts';
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
  readonly headersTimeoutMs: number;
  /** From the end of the body that is sent until the headers have arrived. */
  readonly answerTimeoutMs: number;
  readonly idleTimeoutMs: number;
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
  const headers = { ...DEFAULT_HEADERS, 'user-agent': settings.userAgent, ...authorizationOf(parsed), ...lowerCaseNames(options.headers) };
  parsed.username = '';
  parsed.password = '';
  parsed.hash = '';
  const body = options.body === undefined ? undefined : sourceOf(options.body);
  return {
    first: { url: parsed, method, headers: { ...headers, ...framing(body) }, body, origin: 'own' },
    secretHeaders: new Set([...SECRET_HEADERS, ...(options.secretHeaders ?? []).map((name) => name.toLowerCase())]),
    maxBytes: options.maxBytes ?? settings.maxBytes,
    headersTimeoutMs: options.headersTimeoutMs ?? settings.headersTimeoutMs,
    answerTimeoutMs: options.headersTimeoutMs ?? settings.headersTimeoutMs * (isBodySource(options.body) ? UPLOAD_PATIENCE : 1),
    idleTimeoutMs: options.idleTimeoutMs ?? settings.idleTimeoutMs,
    retries: options.retries ?? (isIdempotent(method) ? settings.retries : 0),
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
  // Node takes an endless delay for the shortest one.
  const timer = timeoutMs === undefined || timeoutMs > MAX_DELAY_MS ? undefined : setTimeout(expire, timeoutMs);
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

/** RFC 9112 section 6: a body has a stated length, or it comes in chunks; Node would not choose the latter for every method by itself. */
function framing(body: BodySource | undefined): Record<string, string> {
  if (body === undefined) return {};
  return body.size === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(body.size) };
}

function lowerCaseNames(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

// When the last byte is handed over, megabytes may still lie in buffers on the way, and a registry then hashes and moves the blob.
const UPLOAD_PATIENCE = 6;
const MAX_DELAY_MS = 2 ** 31 - 1;
// Digests are over the bytes as they are: a server must not be tempted to compress them.
const DEFAULT_HEADERS = { accept: '*/*', 'accept-encoding': 'identity' };
const SECRET_HEADERS = ['authorization', 'cookie', 'proxy-authorization'];
