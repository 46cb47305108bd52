/**
 * Who may do what: HTTP Basic (RFC 7617), or bearer tokens as the "Docker Registry v2 authentication" documents have them.
 *
 *   401  WWW-Authenticate: Bearer realm="…/token",service="S",scope="repository:NAME:pull,push"
 *   GET  /token?service=S&scope=repository:NAME:pull,push      with Basic credentials, or without as nobody
 *   POST /token                                                grant_type=password or refresh_token, service, client_id, scope
 *
 * A token holds what was granted, which may be less than what was asked. Tokens and refresh tokens are opaque.
 */
import { randomUUID } from 'node:crypto';
import { refusal } from './refusal.ts';
import { emptyReply, jsonReply, type Reply } from './reply.ts';
import type { Asked } from './route.ts';

export type RegistryAuth = BasicAuth | BearerAuth;

export interface BasicAuth {
  readonly kind: 'basic';
  readonly username: string;
  readonly password: string;
  /** Whether reading needs no credentials; `/v2/` always does, so that clients learn of them. Default false. */
  readonly anonymousPull?: boolean;
}

export interface BearerAuth {
  readonly kind: 'bearer';
  readonly username: string;
  readonly password: string;
  /** Default `registry.test`. */
  readonly service?: string;
  /** Where the token endpoint is: `/token` of this server, or of another one. Default `same`. */
  readonly tokenServer?: 'same' | 'own-port';
  /** Whether nobody gets a token for reading, rather than 401. Default false. */
  readonly anonymousPull?: boolean;
  /** Default 300. */
  readonly expiresInSeconds?: number;
  /** Requests that a token is good for. Default: no limit. */
  readonly requestsPerToken?: number;
  /** A refresh token that is good from the start, as `docker login` stores one. */
  readonly identityToken?: string;
  /** How POST of the token endpoint answers. Default `answered`. */
  readonly tokenPost?: 'answered' | 404 | 405;
  /** The member that holds the token. Default `both`. */
  readonly tokenField?: 'token' | 'access_token' | 'both';
}

export interface Guard {
  /** The 401 for a request of the registry that may not pass; undefined for one that may. Counts a use of its token. */
  refuses(asked: Asked): Reply | undefined;
  /** The token endpoint. */
  grant(asked: Asked): Reply;
}

export interface GuardOptions {
  /** URL of the token endpoint. */
  readonly realm: (asked: Asked) => string;
  /** In milliseconds. */
  readonly now: () => number;
}

export function createGuard(auth: RegistryAuth | undefined, options: GuardOptions): Guard {
  if (auth === undefined) return { refuses: () => undefined, grant: noTokens };
  return auth.kind === 'basic' ? basicGuard(auth) : bearerGuard(auth, options);
}

/** `NAME:action` for everything that a request needs. Distribution's names of the actions: pull, push, delete. */
export function accessNeeded({ method, route, url }: Asked): string[] {
  if (!('repository' in route)) return [];
  const { repository, kind } = route;
  if (kind === 'uploads' || kind === 'upload') {
    const from = url.searchParams.get('from');
    return [`${repository}:pull`, `${repository}:push`, ...(from === null ? [] : [`${from}:pull`])];
  }
  if (method === 'GET' || method === 'HEAD') return [`${repository}:pull`];
  return method === 'DELETE' ? [`${repository}:delete`] : [`${repository}:pull`, `${repository}:push`];
}

/** `repository:NAME:pull,push`, several with a space between. */
export function scopeText(access: readonly string[]): string {
  const actions = new Map<string, string[]>();
  for (const [name, action] of access.map(splitAccess)) actions.set(name, [...(actions.get(name) ?? []), action]);
  return [...actions].map(([name, list]) => `repository:${name}:${list.join(',')}`).join(' ');
}

function splitAccess(entry: string): [name: string, action: string] {
  const colon = entry.lastIndexOf(':');
  return [entry.slice(0, colon), entry.slice(colon + 1)];
}

function basicGuard(auth: BasicAuth): Guard {
  return {
    refuses(asked) {
      const needed = accessNeeded(asked);
      const open = auth.anonymousPull === true && needed.length > 0 && isPull(needed);
      if (open || knows(auth, asked.headers.authorization)) return undefined;
      return unauthorized('Basic realm="registry"', needed);
    },
    grant: noTokens,
  };
}

interface Token {
  readonly access: ReadonlySet<string>;
  readonly expiresAt: number;
  uses: number;
}

function bearerGuard(auth: BearerAuth, { realm, now }: GuardOptions): Guard {
  const service = serviceOf(auth);
  const { expiresInSeconds = 300, requestsPerToken = Number.POSITIVE_INFINITY, tokenField = 'both' } = auth;
  const tokens = new Map<string, Token>();
  const refreshTokens = new Set(auth.identityToken === undefined ? [] : [auth.identityToken]);

  const problemOf = (header: string | undefined, needed: readonly string[]): string | undefined => {
    const sent = /^Bearer (.+)$/i.exec(header ?? '')?.[1];
    if (sent === undefined) return '';
    const token = tokens.get(sent);
    if (token === undefined || now() >= token.expiresAt || ++token.uses > requestsPerToken) return ',error="invalid_token"';
    return needed.every((entry) => token.access.has(entry)) ? undefined : ',error="insufficient_scope"';
  };

  const issue = (asked: Asked, ask: TokenRequest): Reply => {
    if (ask.who === 'unknown' || (ask.who === 'nobody' && auth.anonymousPull !== true)) return refusal('UNAUTHORIZED', 'the credentials are not valid');
    if (ask.service !== service) return refusal('DENIED', 'the service is another one', { status: 400, detail: ask.service });
    const access = ask.scopes.flatMap(accessOf).filter((entry) => ask.who === 'user' || isPull([entry]));
    const token = randomUUID();
    tokens.set(token, { access: new Set(access), expiresAt: now() + expiresInSeconds * 1000, uses: 0 });
    const refreshToken = ask.refreshToken ?? (ask.wantsRefreshToken && ask.who === 'user' ? randomUUID() : undefined);
    if (refreshToken !== undefined) refreshTokens.add(refreshToken);
    return jsonReply({
      ...(tokenField !== 'access_token' && { token }),
      ...(tokenField !== 'token' && { access_token: token }),
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
      ...(asked.method === 'POST' && { scope: scopeText(access) }),
      expires_in: expiresInSeconds,
      issued_at: new Date(now()).toISOString(),
    });
  };

  return {
    refuses(asked) {
      const needed = accessNeeded(asked);
      const problem = problemOf(asked.headers.authorization, needed);
      if (problem === undefined) return undefined;
      return unauthorized(`Bearer ${challengeFields(realm(asked), service, needed)}${problem}`, needed);
    },
    grant(asked) {
      if (asked.method === 'GET') return issue(asked, fromQuery(asked, auth));
      const { tokenPost = 'answered' } = auth;
      if (asked.method !== 'POST' || tokenPost !== 'answered') return emptyReply(tokenPost === 'answered' ? 405 : tokenPost);
      const ask = fromForm(asked.form ?? new URLSearchParams(), auth, refreshTokens);
      return ask === undefined ? refusal('UNSUPPORTED', 'grant_type or client_id is missing or unknown', { status: 400 }) : issue(asked, ask);
    },
  };
}

export function serviceOf(auth: RegistryAuth | undefined): string {
  return (auth?.kind === 'bearer' ? auth.service : undefined) ?? 'registry.test';
}

/** What a challenge says after its scheme. */
export function challengeFields(realm: string, service: string, access: readonly string[]): string {
  return `realm="${realm}",service="${service}"${access.length === 0 ? '' : `,scope="${scopeText(access)}"`}`;
}

interface TokenRequest {
  /** `unknown` showed credentials that are wrong. */
  readonly who: 'user' | 'nobody' | 'unknown';
  readonly service: string | null;
  readonly scopes: readonly string[];
  readonly wantsRefreshToken: boolean;
  /** The one that was shown. */
  readonly refreshToken?: string;
}

function fromQuery({ url: { searchParams }, headers }: Asked, auth: BearerAuth): TokenRequest {
  return {
    who: headers.authorization === undefined ? 'nobody' : knows(auth, headers.authorization) ? 'user' : 'unknown',
    service: searchParams.get('service'),
    scopes: searchParams.getAll('scope').flatMap((scope) => scope.split(' ')),
    wantsRefreshToken: searchParams.get('offline_token') === 'true',
  };
}

function fromForm(form: URLSearchParams, auth: BearerAuth, refreshTokens: ReadonlySet<string>): TokenRequest | undefined {
  if (!form.has('client_id')) return undefined;
  const asked = { service: form.get('service'), scopes: (form.get('scope') ?? '').split(' ') };
  switch (form.get('grant_type')) {
    case 'password': {
      const known = form.get('username') === auth.username && form.get('password') === auth.password;
      return { ...asked, who: known ? 'user' : 'unknown', wantsRefreshToken: form.get('access_type') === 'offline' };
    }
    case 'refresh_token': {
      const refreshToken = form.get('refresh_token') ?? '';
      return { ...asked, who: refreshTokens.has(refreshToken) ? 'user' : 'unknown', wantsRefreshToken: false, refreshToken };
    }
    default:
      return undefined;
  }
}

/** Scopes of other kinds, such as `registry:catalog:*`, grant nothing. */
function accessOf(scope: string): string[] {
  const [, name, actions = ''] = /^repository(?:\([a-z0-9]+\))?:(.+):([a-z,]+)$/.exec(scope) ?? [];
  return name === undefined ? [] : actions.split(',').map((action) => `${name}:${action}`);
}

function isPull(access: readonly string[]): boolean {
  return access.every((entry) => entry.endsWith(':pull'));
}

function knows({ username, password }: RegistryAuth, header: string | undefined): boolean {
  const [, credentials] = /^Basic (.+)$/i.exec(header ?? '') ?? [];
  return credentials !== undefined && Buffer.from(credentials, 'base64').toString() === `${username}:${password}`;
}

function unauthorized(challenge: string, needed: readonly string[]): Reply {
  const detail = needed.map(splitAccess).map(([Name, Action]) => ({ Type: 'repository', Name, Action }));
  return refusal('UNAUTHORIZED', 'authentication required', { detail, headers: { 'WWW-Authenticate': challenge } });
}

function noTokens(): Reply {
  return refusal('UNSUPPORTED', 'no tokens here', { status: 404 });
}
