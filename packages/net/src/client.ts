/**
 * The one HTTP client of Assay. Nothing else opens client sockets (architecture.md section 2).
 *
 * A request passes through layers, one file each: what is asked (call.ts), retries (send.ts, retry.ts) around redirects
 * (redirect.ts) around one exchange over sockets (exchange.ts, upload.ts), whose agents know proxy, certificates and the
 * private-address rule (transport.ts).
 * Any status is an answer, not an error: a registry's 401 and 404 mean something to its client. `requireOk` is for
 * callers who want 2xx or nothing.
 *
 * State: the agents with their kept connections, created at the first request, owned by the client, ended by `close`.
 */

import type { LookupFunction } from 'node:net';
import { TrustError } from '@assay/core';
import { type BodySource, isBodySource } from './body.ts';
import { type Call, prepareCall, startDeadline } from './call.ts';
import type { Environment } from './environment.ts';
import type { ExchangeEvent } from './exchange-event.ts';
import { type PemInput, readPem } from './pem-input.ts';
import { redactUrl } from './redact.ts';
import { parseRetryAfter } from './retry.ts';
import { sendCollected, sendStreamed } from './send.ts';
import type { Transport } from './transport.ts';

export interface HttpClientOptions {
  /** Default `assay`. */
  userAgent?: string;
  /** Every request fails with NET_OFFLINE before a name is looked up or a socket opened. Default false. */
  offline?: boolean;
  /** Read for HTTP_PROXY, HTTPS_PROXY and NO_PROXY (either case). Default: no proxy. */
  env?: Environment;
  /** PEM certificates to trust in addition to Node's: the text, its bytes, or a file. */
  ca?: PemInput;
  /** Accepts any TLS certificate: whoever is on the way can read and change everything. Default false. */
  insecureSkipVerify?: boolean;
  /** PEM certificate (and chain) that proves who we are, with `clientKey`. Shown to the host of the caller's URL, never to where a redirect leads. */
  clientCertificate?: PemInput;
  /** PEM private key of `clientCertificate`, not encrypted. */
  clientKey?: PemInput;
  /** Name to ask for (SNI) and to find in the certificate, instead of the host of the caller's URL. Redirects to other hosts use their own. */
  serverName?: string;
  /** Told of every exchange, redirects and attempts that fail included; for `--verbose`. Must not throw. */
  onExchange?: (event: ExchangeEvent) => void;
  /** Until the headers have arrived: from the start of an attempt, or from the end of the body sent (six times this after a `BodySource`). Default 10 000. */
  headersTimeoutMs?: number;
  /** Longest silence of the peer inside a body, either way. Default 10 000. */
  idleTimeoutMs?: number;
  /** Default of `RequestOptions.timeoutMs` for `request`: 60 000. */
  timeoutMs?: number;
  /** Attempts after the first one, for idempotent methods. Default 2. */
  retries?: number;
  /** Default of `RequestOptions.maxBytes`: 10 MiB. */
  maxBytes?: number;
  /** Seams for tests. */
  sleep?: (ms: number) => Promise<void>;
  random?: () => number;
  now?: () => number;
  lookup?: LookupFunction;
  isPrivateAddress?: (address: string) => boolean;
}

export interface RequestOptions {
  /** Default GET. */
  method?: string;
  headers?: Readonly<Record<string, string>>;
  /** Names of headers that must not follow a redirect to another scheme, host or port, besides Authorization and Cookie. */
  secretHeaders?: readonly string[];
  body?: Uint8Array | string | BodySource;
  /** Cap of the response's body, enforced while it arrives. */
  maxBytes?: number;
  /** For everything: retries, waits between them, redirects and the bodies. No default for `stream`, nor when the body is a `BodySource`. */
  timeoutMs?: number;
  /** Instead of the client's, and exactly this. */
  headersTimeoutMs?: number;
  /** Instead of the client's. */
  idleTimeoutMs?: number;
  /** Attempts after the first one. Default: the client's for idempotent methods, none for the others; given here, it holds for any method. */
  retries?: number;
  signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where the response came from in the end. */
  readonly url: string;
  readonly body: Uint8Array;
}

export interface HttpStreamResponse extends Omit<HttpResponse, 'body'> {
  /** To be iterated once, or cancelled; an error may come after some chunks. */
  readonly body: AsyncIterable<Uint8Array>;
  cancel(): void;
}

/**
 * Both methods throw TrustError NET_OFFLINE, NET_URL, NET_UNREACHABLE, NET_TIMEOUT, NET_TLS, NET_REDIRECT,
 * NET_TOO_LARGE, NET_BODY_SIZE, NET_CLIENT_CERTIFICATE, or the `reason` of an aborted `signal`; what a `BodySource` throws comes as it is.
 */
export interface HttpClient {
  /** The whole body in memory, at most `maxBytes`. */
  request(url: string | URL, options?: RequestOptions): Promise<HttpResponse>;
  /** The body as it arrives. Retries end with the headers: a body that breaks is the reader's to resume. */
  stream(url: string | URL, options?: RequestOptions): Promise<HttpStreamResponse>;
  /** Ends the connections kept for later requests. They keep no process alive. */
  close(): void;
}

/**
 * @example
 * const http = createHttpClient({ env: process.env });
 * const { status, body } = await http.request('https://example.com/trusted_root.json', { maxBytes: 1_000_000 });
 */
export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const settings: Settings = { ...DEFAULTS, ...withoutUndefined(options) };
  let opened: Promise<Transport> | undefined;
  const open = async (call: Call): Promise<SendContext> => {
    opened ??= openTransport(settings);
    return { settings, call, transport: await opened };
  };
  return {
    async request(url, requestOptions = {}) {
      const call = prepareCall(url, requestOptions, settings);
      const release = startDeadline(call, requestOptions.timeoutMs ?? (isBodySource(requestOptions.body) ? undefined : settings.timeoutMs));
      try {
        return await sendCollected(await open(call));
      } finally {
        release();
      }
    },
    async stream(url, requestOptions = {}) {
      const call = prepareCall(url, requestOptions, settings);
      const release = startDeadline(call, requestOptions.timeoutMs);
      try {
        return await sendStreamed(await open(call), release);
      } catch (error) {
        release();
        throw error;
      }
    },
    close() {
      void opened?.then(
        (transport) => transport.close(),
        () => undefined,
      );
      opened = undefined;
    },
  };
}

/**
 * The response when its status is 2xx.
 * @throws TrustError NET_STATUS with `data.status`, and `data.retryAfterMs` when the server named a time
 */
export function requireOk<Response extends Pick<HttpResponse, 'status' | 'url' | 'headers'>>(response: Response): Response {
  const { status, url, headers } = response;
  if (status >= 200 && status < 300) return response;
  const retryAfterMs = parseRetryAfter(headers['retry-after'], Date.now());
  throw new TrustError('NET_STATUS', `${redactUrl(url)}: server returned HTTP ${status}`, {
    data: { status, ...(retryAfterMs !== undefined && { retryAfterMs }) },
  });
}

export type Settings = HttpClientOptions & typeof DEFAULTS;

/** What the layers below need for one request. */
export interface SendContext {
  readonly settings: Settings;
  readonly call: Call;
  readonly transport: Transport;
}

async function openTransport(settings: Settings): Promise<Transport> {
  const { ca, clientCertificate, clientKey, env = {}, lookup, isPrivateAddress } = settings;
  const pems = { ca: readPem(ca), clientCertificate: readPem(clientCertificate), clientKey: readPem(clientKey) };
  const { createTransport } = await import('./transport.ts');
  const tls = { ...pems, serverName: settings.serverName, verification: settings.insecureSkipVerify === true ? 'skipped' : 'required' } as const;
  return createTransport({ env, tls, lookup, isPrivateAddress });
}

function withoutUndefined(options: HttpClientOptions): HttpClientOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

const DEFAULTS = {
  userAgent: 'assay',
  headersTimeoutMs: 10_000,
  idleTimeoutMs: 10_000,
  timeoutMs: 60_000,
  retries: 2,
  maxBytes: 10 * 1024 * 1024,
  sleep: (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms)),
  random: Math.random,
  now: Date.now,
};
