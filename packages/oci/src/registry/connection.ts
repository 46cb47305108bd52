/**
 * Talking to one registry: which scheme it speaks, who we are to it, and what its refusals mean. One per registry and process.
 *
 * Plain http is spoken to this machine, and elsewhere only when the user asked for it. `plainHttp: 'private'` is what the compatible commands use:
 * hosts that cosign speaks http with are asked over https first, and then over http without credentials.
 */
import { isTrustError, quote, TrustError } from '@assay/core';
import type { BodySource, Credential, HttpClient, HttpResponse, HttpStreamResponse, RequestOptions } from '@assay/net';
import { Authorization, type Scope } from './authorization.ts';
import { parseChallenge } from './challenge.ts';
import { refusalError } from './failure.ts';

export interface ConnectionOptions {
  readonly http: HttpClient;
  /** The registry as printed: `ghcr.io`. */
  readonly registry: string;
  /** Where its requests really go. */
  readonly mirror: URL | undefined;
  readonly plainHttp: PlainHttp;
  readonly credential: () => Promise<Credential | undefined>;
  readonly signal: AbortSignal | undefined;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** To whom plain http may be spoken, besides this machine. */
export type PlainHttp = 'never' | 'private' | 'always';

export interface Ask {
  readonly method: string;
  /** Below `/v2/`, or where a registry's answer led. */
  readonly path: string | URL;
  readonly scopes: readonly Scope[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | BodySource;
  readonly maxBytes?: number;
  readonly retries?: number;
  readonly signal?: AbortSignal | undefined;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #endpoints: readonly Endpoint[];
  #endpoint: Endpoint | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#endpoints = endpointsOf(options).map(({ base, anonymous }) => ({ base, authorization: authorizationFor(base, anonymous, options) }));
  }

  /** The place as the user knows it, for messages. */
  describe(path: string | URL): string {
    const base = this.#base();
    if (path instanceof URL && path.origin !== base.origin) return `${path.protocol}//${path.host}${path.pathname}`;
    const below = path instanceof URL ? path.pathname.slice(base.pathname.length) : `v2/${path}`;
    return `${this.#options.mirror === undefined ? base.protocol : 'https:'}//${this.#options.registry}/${below}`;
  }

  /** What an answer leads to, at the scheme and port at which this registry is spoken to: behind a proxy some name those of the inside. */
  resolve(location: string, from: string): URL | undefined {
    if (!URL.canParse(location, from)) return undefined;
    const url = new URL(location, from);
    const { hostname, protocol, port } = this.#base();
    return url.hostname === hostname ? Object.assign(url, { protocol, port, username: '', password: '' }) : url;
  }

  /** Whether `url` is this registry, as it is spoken to. */
  isOwn(url: URL): boolean {
    return url.origin === this.#base().origin;
  }

  /** Waits before something is begun again, `attempt` from 1. False, at once, when `error` names a time that is not worth waiting for. */
  async pause(attempt: number, error: TrustError): Promise<boolean> {
    const waitMs = Number(error.data?.['retryAfterMs'] ?? BACK_OFF_MS * 2 ** attempt);
    if (waitMs > MAX_WAIT_MS) return false;
    await this.#options.sleep(waitMs);
    return true;
  }

  #base(): URL {
    return (this.#endpoint ?? this.#endpoints[0])?.base as URL;
  }

  /** Any status but 401 of a challenge that could be answered. */
  async request(ask: Ask): Promise<HttpResponse> {
    return this.#send(ask, (url, options) => this.#options.http.request(url, options));
  }

  async stream(ask: Ask): Promise<HttpStreamResponse> {
    return this.#send(ask, (url, options) => this.#options.http.stream(url, options));
  }

  /** `response` when its status is one of `accepted`. Errors: `OCI_NOT_FOUND`, `OCI_UNAUTHORIZED`, `OCI_DENIED`, `OCI_RATE_LIMITED`, `OCI_STATUS`, `OCI_UNSUPPORTED`. */
  expect(ask: Ask, response: HttpResponse, ...accepted: readonly number[]): HttpResponse {
    if (accepted.includes(response.status)) return response;
    throw this.refusal(ask, response.status, response.headers, response.body);
  }

  refusal(ask: Ask, status: number, headers: Readonly<Record<string, string>>, body: Uint8Array): TrustError {
    return refusalError({ method: ask.method, url: this.describe(ask.path), status, body, retryAfter: headers['retry-after'] });
  }

  async #send<Response extends Answer>(ask: Ask, send: (url: URL, options: RequestOptions) => Promise<Response>): Promise<Response> {
    if (this.#endpoint !== undefined) return this.#authorized(this.#endpoint, ask, send);
    let first: unknown;
    for (const endpoint of this.#endpoints) {
      try {
        const response = await this.#authorized(endpoint, ask, send);
        if (!wantsOtherScheme(response, endpoint)) {
          this.#endpoint = endpoint;
          return response;
        }
        response.cancel?.();
      } catch (error) {
        if (!isOtherScheme(error)) throw error;
        first ??= error;
      }
    }
    throw first ?? new TrustError('NET_TLS', `${this.#options.registry}: speaks neither http nor https`);
  }

  async #authorized<Response extends Answer>(
    { base, authorization }: Endpoint,
    ask: Ask,
    send: (url: URL, options: RequestOptions) => Promise<Response>,
  ): Promise<Response> {
    const url = ask.path instanceof URL ? ask.path : new URL(`v2/${ask.path}`, base);
    const sendWith = (header: string | undefined) => send(url, this.#requestOptions(ask, header));
    // Where a redirect led to once, a later page may be: nobody's credentials are for that place.
    if (url.origin !== base.origin) return sendWith(undefined);
    const known = await authorization.header(ask.scopes);
    const response = await sendWith(known);
    const asked = response.headers['www-authenticate'];
    // A place that the registry sent us on to has no say in how we log in.
    if (response.status !== 401 || asked === undefined || new URL(response.url).origin !== base.origin) return response;
    const challenge = parseChallenge(asked);
    if (challenge === undefined) {
      response.cancel?.();
      const found = quote(asked, 100);
      throw new TrustError('OCI_AUTH', `${this.describe(ask.path)}: the login that is asked for is not understood`, { expected: 'Bearer or Basic', found });
    }
    const header = await authorization.answer(challenge, ask.scopes, known);
    if (header === undefined) return response;
    response.cancel?.();
    return sendWith(header);
  }

  #requestOptions({ method, headers, body, maxBytes, retries, signal }: Ask, authorization: string | undefined): RequestOptions {
    const abort = signal ?? this.#options.signal;
    return {
      method,
      headers: { ...headers, ...(authorization !== undefined && { authorization }) },
      ...(body !== undefined && { body }),
      ...(maxBytes !== undefined && { maxBytes }),
      ...(retries !== undefined && { retries }),
      ...(abort !== undefined && { signal: abort }),
    };
  }
}

type Answer = Pick<HttpResponse, 'status' | 'headers' | 'url'> & { readonly cancel?: () => void };

interface Endpoint {
  /** Ends in a slash. */
  readonly base: URL;
  readonly authorization: Pick<Authorization, 'header' | 'answer'>;
}

function authorizationFor(base: URL, anonymous: boolean, { http, credential, signal, now }: ConnectionOptions): Authorization {
  let asked: Promise<Credential | undefined> | undefined;
  const once = (): Promise<Credential | undefined> => {
    asked ??= anonymous ? Promise.resolve(undefined) : credential();
    return asked;
  };
  return new Authorization({ http, base, credential: once, signal, now });
}

function endpointsOf({ registry, mirror, plainHttp }: ConnectionOptions): { base: URL; anonymous: boolean }[] {
  if (mirror !== undefined) return [{ base: new URL(mirror.href.replace(/\/*$/, '/')), anonymous: false }];
  const host = registry === 'index.docker.io' ? 'registry-1.docker.io' : registry;
  const https = { base: new URL(`https://${host}/`), anonymous: false };
  const http = { base: new URL(`http://${host}/`), anonymous: false };
  if (isLoopback(host)) return [http, https];
  if (plainHttp === 'always') return [https, http];
  if (plainHttp === 'private' && isPrivateName(host)) return [https, { ...http, anonymous: true }];
  return [https];
}

function isLoopback(host: string): boolean {
  const name = withoutPort(host);
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** The hosts that cosign speaks http with: RFC 1918 addresses and `.local` names. */
function isPrivateName(host: string): boolean {
  const name = withoutPort(host);
  return name.endsWith('.local') || /^(?:10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2})$/.test(name);
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '');
}

/** Go's servers answer so when http is spoken to their https port. */
function wantsOtherScheme({ status, headers }: Pick<HttpResponse, 'status' | 'headers'>, { base }: Endpoint): boolean {
  return base.protocol === 'http:' && status === 400 && headers['docker-distribution-api-version'] === undefined && headers['content-type'] === undefined;
}

function isOtherScheme(error: unknown): boolean {
  return isTrustError(error) && (error.code === 'NET_TLS' || error.code === 'NET_UNREACHABLE');
}

const BACK_OFF_MS = 250;
/** The most that a registry may make us wait, as for the HTTP client. */
const MAX_WAIT_MS = 30_000;
