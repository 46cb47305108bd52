/**
 * What goes into `Authorization` for a request to a registry: nothing, Basic, or a Bearer token fetched from the place that the registry names
 * (distribution specification, "token authentication").
 *
 * Whose secrets go where: credentials are looked up by the registry's own name, and go to that registry or to a token service of the same site, over
 * https (plain http only where the registry itself is spoken to so). A realm elsewhere gets an anonymous request. Tokens are kept for a scope until shortly
 * before they expire.
 */
import { quote, TrustError, tryParseJsonObject, utf8 } from '@assay/core';
import { type BodySource, type Credential, type HttpClient, type HttpResponse, redactUrl } from '@assay/net';
import type { Challenge } from './challenge.ts';

export interface AuthorizationOptions {
  readonly http: HttpClient;
  /** The registry as it is spoken to, e.g. `https://registry-1.docker.io`. */
  readonly base: URL;
  /** Asked at most once. */
  readonly credential: () => Promise<Credential | undefined>;
  readonly signal: AbortSignal | undefined;
  readonly now: () => number;
}

export interface Scope {
  /** A repository, or `undefined` for the registry as a whole. */
  readonly repository: string | undefined;
  readonly actions: readonly ('pull' | 'push' | 'delete')[];
}

export class Authorization {
  readonly #options: AuthorizationOptions;
  #challenge: Challenge | undefined;
  readonly #tokens = new Map<string, Promise<Token>>();

  constructor(options: AuthorizationOptions) {
    this.#options = options;
  }

  /** The header for a request, as far as is known without asking anybody: before the first 401 that is nothing. */
  async header(scopes: readonly Scope[]): Promise<string | undefined> {
    return this.#challenge === undefined ? undefined : this.#headerFor(this.#challenge, scopes);
  }

  /**
   * After a 401: the header to try once more with, or undefined when there is nothing new to try.
   * Errors: `OCI_AUTH`, and those of the client.
   */
  async answer(challenge: Challenge, scopes: readonly Scope[], refused: string | undefined): Promise<string | undefined> {
    this.#challenge = challenge;
    const header = await this.#headerFor(challenge, scopes, refused);
    // A token may have expired before its time; a password does not.
    return header === refused ? undefined : header;
  }

  async #headerFor(challenge: Challenge, scopes: readonly Scope[], refused?: string): Promise<string | undefined> {
    const credential = await this.#options.credential();
    if (credential?.kind === 'registry-token') return `Bearer ${credential.token}`;
    if (challenge.scheme === 'basic') return credential?.kind === 'basic' ? basic(credential) : undefined;
    const isGood = ({ text, expiresAt }: Token): boolean => expiresAt > this.#options.now() && `Bearer ${text}` !== refused;
    const { text } = await this.#token(scopeText(scopes), isGood, () => this.#fetchToken(challenge, scopes, credential));
    return `Bearer ${text}`;
  }

  /** Requests that run beside each other share a token, also one that is under way, and replace it once. */
  async #token(name: string, isGood: (token: Token) => boolean, fetchToken: () => Promise<Token>): Promise<Token> {
    for (let kept = this.#tokens.get(name); kept !== undefined; kept = this.#tokens.get(name)) {
      const token = await kept;
      if (isGood(token)) return token;
      if (this.#tokens.get(name) === kept) this.#tokens.delete(name);
    }
    const fetched = fetchToken();
    this.#tokens.set(name, fetched);
    fetched.catch(() => this.#tokens.delete(name));
    return fetched;
  }

  async #fetchToken(challenge: Challenge & { scheme: 'bearer' }, scopes: readonly Scope[], credential: Credential | undefined): Promise<Token> {
    const realm = this.#realm(challenge.realm);
    const trusted = sameSite(realm, this.#options.base);
    if (credential !== undefined && !trusted && !ownScopes(scopes)) throw this.#foreignRealm(realm);
    const known = trusted ? credential : undefined;
    const response =
      known?.kind === 'identity-token'
        ? await this.#exchange(realm, challenge.service, scopes, known.token)
        : await this.#get(realm, challenge.service, scopes, known);
    if (response.status === 401 || response.status === 403) {
      if (credential !== undefined && !trusted) throw this.#foreignRealm(realm);
      throw new TrustError('OCI_UNAUTHORIZED', `${redactUrl(realm)} gives no token for ${scopeText(scopes) || 'the registry'}: HTTP ${response.status}`);
    }
    if (response.status < 200 || response.status > 299) {
      throw new TrustError(response.status === 429 ? 'OCI_RATE_LIMITED' : 'OCI_AUTH', `${redactUrl(realm)}: server returned HTTP ${response.status}`);
    }
    return readToken(response.body, this.#options.now(), redactUrl(realm));
  }

  #realm(text: string): URL {
    if (!URL.canParse(text)) throw new TrustError('OCI_AUTH', `${this.#options.base.host} sends clients for a token to something that is not a URL`);
    const realm = new URL(text);
    if (realm.protocol === 'https:' || (realm.protocol === 'http:' && this.#options.base.protocol === 'http:')) return realm;
    throw new TrustError('OCI_AUTH', `${this.#options.base.host} sends clients for a token to ${redactUrl(realm)}`, { expected: 'https' });
  }

  #foreignRealm(realm: URL): TrustError {
    return new TrustError('OCI_AUTH', `${this.#options.base.host} asks for the password at another site, ${quote(realm.host)}: it was not sent`, {
      expected: `a token service of the site of ${this.#options.base.host}`,
      found: quote(realm.host),
    });
  }

  #get(realm: URL, service: string, scopes: readonly Scope[], credential: Credential | undefined): Promise<HttpResponse> {
    const url = new URL(realm);
    if (service !== '') url.searchParams.set('service', service);
    for (const scope of scopes) url.searchParams.append('scope', scopeText([scope]));
    const headers = credential?.kind === 'basic' ? { authorization: basic(credential) } : {};
    return this.#options.http.request(url, { headers, maxBytes: MAX_TOKEN_BYTES, ...this.#abortable() });
  }

  /** OAuth 2 refresh, for logins that gave an identity token instead of a password. */
  #exchange(realm: URL, service: string, scopes: readonly Scope[], refreshToken: string): Promise<HttpResponse> {
    const form = new URLSearchParams({ grant_type: 'refresh_token', service, client_id: 'assay', refresh_token: refreshToken });
    form.set('scope', scopeText(scopes));
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = onceOnly(
      utf8(form.toString()),
      () => new TrustError('OCI_AUTH', `${redactUrl(realm)} sends a login on to another place: it was not followed`),
    );
    return this.#options.http.request(realm, {
      method: 'POST',
      headers,
      body,
      timeoutMs: EXCHANGE_TIMEOUT_MS,
      maxBytes: MAX_TOKEN_BYTES,
      ...this.#abortable(),
    });
  }

  #abortable(): { signal?: AbortSignal } {
    return this.#options.signal === undefined ? {} : { signal: this.#options.signal };
  }
}

/** A redirect that repeats the request (307, 308) opens its body again, and would take the secret in it along. */
function onceOnly(bytes: Uint8Array, refusal: () => TrustError): BodySource {
  let opened = false;
  return {
    size: bytes.length,
    async *open() {
      if (opened) throw refusal();
      opened = true;
      yield bytes;
    },
  };
}

interface Token {
  readonly text: string;
  readonly expiresAt: number;
}

function readToken(body: Uint8Array, now: number, where: string): Token {
  const members = tryParseJsonObject(body) ?? {};
  const text = members['token'] || members['access_token'];
  if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text)) throw new TrustError('OCI_AUTH', `${where}: the answer holds no token`);
  const lifetime = typeof members['expires_in'] === 'number' && members['expires_in'] > 0 ? members['expires_in'] : DEFAULT_LIFETIME_S;
  // A tenth early: the clock of the registry is another one, and the request still has to get there.
  return { text, expiresAt: now + lifetime * 900 };
}

/** The same host, or one beside or below it: `auth.docker.io` for `registry-1.docker.io`, `gitlab.example.com` for `registry.example.com`. */
function sameSite(realm: URL, base: URL): boolean {
  if (realm.hostname === base.hostname) return true;
  if (isAddress(realm.hostname) || isAddress(base.hostname)) return false;
  const [site, other] = [realm.hostname, base.hostname].map(parentOf) as [string, string];
  return site.includes('.') && (site === other || realm.hostname === other || base.hostname === site);
}

/** Without its first label; a name of two labels is its own site. */
function parentOf(hostname: string): string {
  const labels = hostname.split('.');
  return labels.length <= 2 ? hostname : labels.slice(1).join('.');
}

function isAddress(hostname: string): boolean {
  return hostname.startsWith('[') || /^\d+(?:\.\d+){3}$/.test(hostname) || hostname === 'localhost';
}

/** Reading may be open to everyone; writing never is, so an anonymous attempt would only hide the reason. */
function ownScopes(scopes: readonly Scope[]): boolean {
  return scopes.every(({ actions }) => actions.every((action) => action === 'pull'));
}

function basic({ username, password }: Credential & { kind: 'basic' }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function scopeText(scopes: readonly Scope[]): string {
  return scopes.flatMap(({ repository, actions }) => (repository === undefined ? [] : [`repository:${repository}:${actions.join(',')}`])).join(' ');
}

const MAX_TOKEN_BYTES = 256 * 1024;
const EXCHANGE_TIMEOUT_MS = 60_000;
const DEFAULT_LIFETIME_S = 60;
