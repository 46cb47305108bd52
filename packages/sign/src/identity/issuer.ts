/**
 * An OpenID Connect issuer that people and machines log in to, and what it must give before we believe it.
 *
 * The rules of the protocol are `openid-client`'s. Around it: all requests go through our HTTP client; plain http reaches this machine only;
 * the issuer must call itself exactly what the user called it, as Go's clients demand (services.md section 2); the ID token's signature is checked,
 * and `at_hash` when it is there; and errors say what is wrong without the secrets that they are about.
 */
import { createHash } from 'node:crypto';
import { decodeUtf8, isTrustError, quote, TrustError, utf8 } from '@assay/core';
import { type BodySource, isLoopbackHost, redactUrl } from '@assay/net';
import type { Configuration, CustomFetch, ServerMetadata, TokenEndpointResponse } from 'openid-client';
import { type IdentityToken, parseIdentityToken } from './identity-token.ts';
import { nowOf, type TokenContext } from './token-context.ts';

export interface IssuerOptions {
  /** As its tokens name it. */
  readonly issuer: string;
  readonly clientId: string;
  /** Default: a public client. */
  readonly clientSecret?: string | undefined;
}

export interface Issuer {
  readonly openid: OpenidClient;
  readonly config: Configuration;
  readonly metadata: Readonly<ServerMetadata>;
  /** Runs one step of a flow. Errors: `OIDC_LOGIN` when the issuer refuses, `OIDC_TOKEN` when what it answers does not hold, `NET_…`. */
  attempt<Result>(step: () => Promise<Result>): Promise<Result>;
  /** The token among what the token endpoint answered. Errors: `OIDC_TOKEN`, and those of `parseIdentityToken`. */
  identityIn(tokens: TokenEndpointResponse): IdentityToken;
}

type OpenidClient = typeof import('openid-client');

/** Fetches what the issuer says about itself. Errors: `OIDC_ISSUER`, `NET_…`. */
export async function openIssuer(context: TokenContext, { issuer, clientId, clientSecret }: IssuerOptions): Promise<Issuer> {
  const url = parseIssuer(issuer);
  const openid = await import('openid-client');
  const secrets = new Set<string>(clientSecret === undefined ? [] : [clientSecret]);
  const explain = (error: unknown, code: TrustError['code']): unknown => explained(error, code, openid, secrets);
  const execute = [openid.enableNonRepudiationChecks, ...(url.protocol === 'http:' ? [openid.allowInsecureRequests] : [])];
  const options = { execute, [openid.customFetch]: fetchThrough(context, secrets) };
  const clock = { [openid.clockSkew]: (nowOf(context).getTime() - Date.now()) / 1000 };
  const authentication = clientSecret === undefined ? openid.None() : authenticationWith(clientSecret, openid);
  const config = await openid.discovery(url, clientId, clock, authentication, options).catch((error) => {
    throw explain(error, 'OIDC_ISSUER');
  });
  const metadata = config.serverMetadata();
  refuseOtherName(issuer, metadata.issuer);
  return {
    openid,
    config,
    metadata,
    attempt: (step) =>
      step().catch((error) => {
        throw explain(error, 'OIDC_TOKEN');
      }),
    identityIn: (tokens) => identityIn(tokens, context),
  };
}

/**
 * A verifier that ties what the issuer gives out to this process, and what the issuer is told of it.
 * Microsoft's issuers take S256 and do not say so; cosign knows them by name, and so do we.
 *
 * @throws TrustError OIDC_PKCE
 */
export async function proofKey({ openid, metadata }: Issuer): Promise<{ verifier: string; parameters: Record<string, string> }> {
  const { authorization_endpoint: endpoint = '' } = metadata;
  if (metadata.code_challenge_methods_supported?.includes('S256') !== true && !MICROSOFT.test(endpoint)) {
    throw new TrustError('OIDC_PKCE', `PKCE is not supported by OIDC provider '${redactUrl(endpoint || metadata.issuer)}'`);
  }
  const verifier = openid.randomPKCECodeVerifier();
  return { verifier, parameters: { code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' } };
}

function parseIssuer(text: string): URL {
  if (!URL.canParse(text)) throw new TrustError('OIDC_ISSUER', `the issuer is not a URL: ${redactUrl(text)}`);
  const url = new URL(text);
  if (!isSecure(url)) throw new TrustError('OIDC_ISSUER', `the issuer ${redactUrl(url)} is not an https URL`);
  return url;
}

/** What the issuer says about itself must not lead into plain text, or to something that is no page. Errors: `OIDC_ISSUER`. */
export function requireSecure(url: URL): void {
  if (!isSecure(url)) throw new TrustError('OIDC_ISSUER', `the issuer names ${redactUrl(url)}, which is not an https URL`);
}

function isSecure({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
}

/** Byte for byte: a certificate authority compares the same way. */
function refuseOtherName(expected: string, found: string): void {
  if (expected === found) return;
  const texts = { expected: quote(expected), found: quote(found) };
  throw new TrustError('OIDC_ISSUER', `issuer did not match the issuer returned by provider, expected "${texts.expected}" got "${texts.found}"`, texts);
}

/** In the form, as Go's clients do, unless the issuer says that it takes only the other way. */
function authenticationWith(secret: string, { ClientSecretBasic, ClientSecretPost }: OpenidClient): ReturnType<OpenidClient['None']> {
  const [basic, post] = [ClientSecretBasic(secret), ClientSecretPost(secret)];
  return (server, client, body, headers) => {
    const { token_endpoint_auth_methods_supported: methods } = server;
    const way = methods?.includes('client_secret_basic') && !methods.includes('client_secret_post') ? basic : post;
    return way(server, client, body, headers);
  };
}

/** Notes what must stay out of messages on its way. */
function fetchThrough({ http }: TokenContext, secrets: Set<string>): CustomFetch {
  return async (address, { method, body, headers, signal }) => {
    const url = new URL(address);
    requireSecure(url);
    const form = body === undefined || body === null ? undefined : String(body);
    for (const [name, value] of new URLSearchParams(form)) if (SECRET_PARAMETERS.has(name)) secrets.add(value);
    const { 'user-agent': _, ...sent } = headers;
    const answer = await http.request(url, {
      method,
      headers: sent,
      maxBytes: MAX_ANSWER_BYTES,
      ...(form !== undefined && { body: sentOnce(form, url), ...PATIENCE }),
      ...(signal && { signal }),
    });
    // What the issuer says about itself, and its keys, come from nobody else.
    if (new URL(answer.url).origin !== url.origin) throw new TrustError('OIDC_ISSUER', `${redactUrl(url)} redirects to another host: ${redactUrl(answer.url)}`);
    if (form === undefined && answer.status !== 200) throw new TrustError('OIDC_ISSUER', `${redactUrl(url)}: server returned HTTP ${answer.status}`);
    const shown = Object.entries(answer.headers).filter(([name]) => name === 'content-type' || name === 'www-authenticate');
    return new Response(answer.body.length === 0 ? null : new Uint8Array(answer.body), { status: answer.status, headers: Object.fromEntries(shown) });
  };
}

/** Codes and secrets are for the one endpoint: a redirect that would repeat them elsewhere ends here. */
function sentOnce(form: string, url: URL): BodySource {
  const bytes = utf8(form);
  let sent = false;
  return {
    size: bytes.length,
    async *open() {
      if (sent) throw new TrustError('OIDC_ISSUER', `${redactUrl(url)} redirects what is meant for it`);
      sent = true;
      yield bytes;
    },
  };
}

function identityIn({ id_token: raw, access_token: accessToken }: TokenEndpointResponse, context: TokenContext): IdentityToken {
  if (raw === undefined) throw new TrustError('OIDC_TOKEN', 'id_token not present');
  const token = parseIdentityToken(raw, { now: nowOf(context) });
  const { at_hash: expected } = token.claims;
  if (expected !== undefined && expected !== null && expected !== accessTokenHash(raw, accessToken)) {
    throw new TrustError('OIDC_TOKEN', 'access token hash does not match value in ID token');
  }
  return token;
}

/** OpenID Connect Core section 3.1.3.6: the left half of the hash that the token's own algorithm uses. Undefined for an algorithm that has none. */
function accessTokenHash(raw: string, accessToken: string): string | undefined {
  const header: unknown = JSON.parse(decodeUtf8(Buffer.from(raw.split('.', 1)[0] ?? '', 'base64url')) ?? '');
  const { alg = '' } = header as { alg?: string };
  const hash = /^(?:RS|PS|ES|HS)(256|384|512)$/u.exec(alg)?.[1] ?? (alg === 'EdDSA' || alg === 'Ed25519' ? '512' : undefined);
  if (hash === undefined) return undefined;
  const digest = createHash(`sha${hash}`).update(accessToken).digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

/** As ours, without the answer that `openid-client` hands along as the cause: it holds tokens. */
function explained(error: unknown, code: TrustError['code'], openid: OpenidClient, secrets: ReadonlySet<string>): unknown {
  const own = causesOf(error).find(isTrustError);
  if (own !== undefined) return own;
  if (error instanceof openid.ResponseBodyError || error instanceof openid.AuthorizationResponseError) {
    const said = [error.error, error.error_description].filter((text) => text !== undefined).join(': ');
    const shown = [...secrets].some((secret) => said.includes(secret)) ? '' : quote(said);
    return new TrustError('OIDC_LOGIN', `error obtaining token${shown && `: ${shown}`}`);
  }
  if (error instanceof openid.WWWAuthenticateChallengeError) return new TrustError('OIDC_LOGIN', `error obtaining token: server returned HTTP ${error.status}`);
  if (error instanceof openid.ClientError) return new TrustError(code, problemIn(error));
  return error;
}

function problemIn(error: Error): string {
  const causes = causesOf(error);
  const answer = causes.find((cause) => cause instanceof Response);
  if (answer instanceof Response) return `${quote(error.message)}: server returned HTTP ${answer.status}`;
  const comparison = causes.find(isComparison);
  if (comparison !== undefined) return comparisonText(comparison);
  // The innermost error of the library is the most precise, and its texts are constants; those of JSON.parse quote what they could not read.
  return quote(causes.findLast((cause): cause is Error => cause instanceof Error && !(cause instanceof SyntaxError))?.message ?? error.message);
}

interface Comparison {
  readonly claim?: string;
  readonly attribute?: string;
  readonly expected?: unknown;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

function isComparison(cause: unknown): cause is Comparison {
  return typeof cause === 'object' && cause !== null && 'expected' in cause && ('claim' in cause || 'attribute' in cause);
}

function comparisonText({ claim, attribute, expected, claims, body }: Comparison): string {
  if (claim === 'nonce') return 'nonce does not match value sent';
  if (attribute === 'issuer') return `issuer did not match the issuer returned by provider, expected ${text(expected)} got ${text(body?.['issuer'])}`;
  const name = claim ?? attribute ?? '';
  return `unexpected ${quote(name)} of the identity token, expected ${text(expected)} got ${text((claims ?? body)?.[name])}`;
}

function text(value: unknown): string {
  return quote(JSON.stringify(value) ?? 'nothing');
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let cause = error; cause !== undefined && cause !== null && causes.length < MAX_CAUSES; cause = (cause as { cause?: unknown }).cause) causes.push(cause);
  return causes;
}

const MICROSOFT = /^https:\/\/login\.microsoftonline\.(?:com|us)\//u;
const SECRET_PARAMETERS = new Set(['client_secret', 'code', 'code_verifier', 'device_code']);
const MAX_ANSWER_BYTES = 1024 * 1024;
/** The client's own, which it does not apply to bodies that it cannot measure. */
const PATIENCE = { timeoutMs: 60_000, headersTimeoutMs: 10_000 } as const;
const MAX_CAUSES = 8;
