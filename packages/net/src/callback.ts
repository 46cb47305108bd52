/**
 * Where a browser comes back to after a login: a listener on this machine for one request (RFC 8252 section 7.3).
 *
 * Any page that is open in the browser can send requests here while we wait. So only the caller says which request is the one (it carries
 * the secret `state`); whatever else comes is refused and the wait goes on, or such a page could end every login.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { quote, TrustError } from '@assay/core';
import { isLoopbackHost } from './loopback.ts';
import { redactUrl } from './redact.ts';

export interface CallbackOptions {
  /** `http` on this machine, without query; port 0 stands for any that is free. Default `http://localhost:0/auth/callback`. */
  readonly redirectUrl?: string | undefined;
  /** A sentence to show to the person when the request is the one that is waited for, else undefined. Not asked again after the first sentence. */
  readonly accept: (query: URLSearchParams) => string | undefined;
}

export interface CallbackListener {
  /** The redirect URL with the port in use. */
  readonly url: string;
  /** The query of the request that was accepted, after its answer is sent, also when it came before this call; undefined when none comes in time. */
  wait(timeoutMs: number): Promise<URLSearchParams | undefined>;
  /** Ends all connections. To be called in any case. */
  close(): void;
}

/** @throws TrustError NET_LISTEN */
export async function listenForCallback({ redirectUrl = DEFAULT_URL, accept }: CallbackOptions): Promise<CallbackListener> {
  const url = parseRedirectUrl(redirectUrl);
  let arrived: ((query: URLSearchParams) => void) | undefined;
  const received = new Promise<URLSearchParams>((resolve) => {
    arrived = resolve;
  });
  const server = process.getBuiltinModule('node:http').createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    const answer = answerTo(request, url, arrived && accept);
    const { query } = answer;
    if (query !== undefined) {
      const tell = arrived;
      arrived = undefined;
      response.once('close', () => tell?.(query));
    }
    send(response, answer);
  });
  await listen(server, url);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    wait: (timeoutMs) => within(timeoutMs, received),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Answer {
  readonly status: number;
  readonly sentence: string;
  /** Of the request that is waited for. */
  readonly query?: URLSearchParams;
}

/** @param accept undefined once the request that is waited for was there */
function answerTo({ method, url: target = '/' }: IncomingMessage, url: URL, accept: CallbackOptions['accept'] | undefined): Answer {
  // A request target need not be a URL.
  const asked = URL.canParse(target, url.href) ? new URL(target, url) : undefined;
  if (asked?.pathname !== url.pathname) return { status: 404, sentence: 'There is nothing here.' };
  if (method !== 'GET') return { status: 405, sentence: 'This takes GET requests only.' };
  const sentence = accept?.(asked.searchParams);
  if (sentence === undefined) return { status: 400, sentence: 'This is not the login that is waited for.' };
  return { status: 200, sentence, query: asked.searchParams };
}

function parseRedirectUrl(text: string): URL {
  if (!URL.canParse(text)) throw new TrustError('NET_LISTEN', `the redirect URL is not a URL: ${redactUrl(text)}`);
  const url = new URL(text);
  const problem = problemOf(url);
  if (problem !== undefined) throw new TrustError('NET_LISTEN', `the redirect URL ${redactUrl(url)} ${problem}`);
  return url;
}

function problemOf({ protocol, hostname, search, hash, username, password }: URL): string | undefined {
  if (protocol !== 'http:') return 'is not of the scheme http';
  if (!isLoopbackHost(hostname)) return 'does not lead to this machine';
  return search === '' && hash === '' && username === '' && password === '' ? undefined : 'has more than host, port and path';
}

/** A name is not looked up: `localhost` is an address of this machine, whatever the resolver thinks. */
function listen(server: Server, { hostname, port, host }: URL): Promise<void> {
  const address = hostname === 'localhost' ? '127.0.0.1' : hostname.replace(/^\[|\]$/gu, '');
  return new Promise((resolve, reject) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) => reject(new TrustError('NET_LISTEN', `cannot listen on ${host} (${code ?? 'unknown'})`)));
    server.listen(port === '' ? HTTP_PORT : Number(port), address, resolve);
  });
}

function within<Value>(timeoutMs: number, promise: Promise<Value>): Promise<Value | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    void promise.then((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

/** The query holds a code, so the page takes nothing from elsewhere, runs nothing, and is kept by nobody. */
function send(response: ServerResponse, { status, sentence }: Answer): void {
  const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Assay</title></head><body><p>${escapeHtml(sentence)}</p></body></html>\n`;
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(page),
    'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    connection: 'close',
    ...(status === 405 && { allow: 'GET' }),
  });
  response.end(page);
}

function escapeHtml(text: string): string {
  return quote(text).replace(/[&<>"']/gu, (char) => `&#${char.charCodeAt(0)};`);
}

const DEFAULT_URL = 'http://localhost:0/auth/callback';
const HTTP_PORT = 80;
const REQUEST_TIMEOUT_MS = 10_000;
