/**
 * Logging in with a browser: the authorization code flow with PKCE (RFC 6749 section 4.1, RFC 7636, RFC 8252; cosign.md section 5, point 3).
 *
 * The browser comes back to a listener on this machine. When no browser can be opened, or nobody comes back in time, the person opens the link
 * elsewhere and types the code that the issuer shows.
 */
import { quote, TrustError } from '@assay/core';
import { type CallbackListener, listenForCallback } from '@assay/net';
import type { IdentityToken } from './identity-token.ts';
import { type Issuer, type IssuerOptions, openIssuer, proofKey, requireSecure } from './issuer.ts';
import type { TokenContext } from './token-context.ts';

export interface BrowserFlow extends IssuerOptions {
  /** Where the browser comes back to: http, on this machine. Default `http://localhost:0/auth/callback`, with any free port. */
  readonly redirectUrl?: string | undefined;
  /** Shows the page to the person. Rejects when there is no browser. */
  openBrowser(url: string): Promise<void>;
  /** Asks `Enter verification code: `, and returns the line. Default: nobody is there to type it. */
  readCode?: (() => Promise<string>) | undefined;
  /** How long to wait for the browser to come back. Default 120 000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * @throws TrustError OIDC_ISSUER, OIDC_PKCE, OIDC_LOGIN (refused, no browser, nobody came back), OIDC_TOKEN (nonce, audience, signature, at_hash),
 * NET_LISTEN, NET_…, and what `parseIdentityToken` throws
 * @example
 * await browserToken({ environment: process.env, http, onNotice: console.error }, { issuer, clientId: 'sigstore', openBrowser });
 */
export async function browserToken(context: TokenContext, flow: BrowserFlow): Promise<IdentityToken> {
  const issuer = await openIssuer(context, flow);
  const login = await startLogin(issuer);
  return (await withBrowser(login, context, flow)) ?? (await outOfBand(login, context, flow));
}

/** One attempt, with the values that tie the answer to the question. */
interface Login {
  readonly issuer: Issuer;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly parameters: Readonly<Record<string, string>>;
}

async function startLogin(issuer: Issuer): Promise<Login> {
  const { verifier, parameters } = await proofKey(issuer);
  const [state, nonce] = [issuer.openid.randomState(), issuer.openid.randomNonce()];
  return { issuer, state, nonce, verifier, parameters: { scope: 'openid email', state, nonce, access_type: 'online', ...parameters } };
}

/** Undefined when the browser cannot be opened or does not come back, and somebody can type. */
async function withBrowser(login: Login, context: TokenContext, flow: BrowserFlow): Promise<IdentityToken | undefined> {
  const listener = await listenForCallback({ redirectUrl: flow.redirectUrl, accept: (query) => sentenceFor(query, login) });
  try {
    const query = await comeBack(listener, login, context, flow);
    return query && (await redeem(login, listener.url, query));
  } finally {
    listener.close();
  }
}

async function comeBack(listener: CallbackListener, login: Login, context: TokenContext, flow: BrowserFlow): Promise<URLSearchParams | undefined> {
  const url = authorizationUrl(login, listener.url);
  try {
    await flow.openBrowser(url);
  } catch (error) {
    return fallBack(`error opening browser: ${quote(error instanceof Error ? error.message : String(error))}`, context, flow);
  }
  context.onNotice?.(`Your browser will now be opened to:\n${url}`);
  const query = await listener.wait(flow.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  return query ?? fallBack('error getting code from local server: timeout', context, flow);
}

function fallBack(problem: string, context: TokenContext, { readCode }: BrowserFlow): undefined {
  if (readCode === undefined) throw new TrustError('OIDC_LOGIN', problem);
  context.onNotice?.(problem);
}

/** Only the issuer knows `state`, and tells it to this browser alone. */
function sentenceFor(query: URLSearchParams, { state }: Login): string | undefined {
  const states = query.getAll('state');
  if (states.length !== 1 || states[0] !== state) return undefined;
  return query.has('error') ? 'The login was refused. You may close this window.' : 'You may close this window and go back to the terminal.';
}

async function outOfBand(login: Login, context: TokenContext, { readCode }: BrowserFlow): Promise<IdentityToken> {
  context.onNotice?.(`Go to the following link in a browser:\n\n\t ${authorizationUrl(login, OUT_OF_BAND)}`);
  const code = (await readCode?.())?.trim();
  if (!code) throw new TrustError('OIDC_LOGIN', 'no verification code was entered');
  const { metadata } = login.issuer;
  const query = new URLSearchParams({ code, state: login.state });
  // RFC 9207: an issuer that names itself in its answers does so to tell several apart; the person has seen but one.
  if (metadata.authorization_response_iss_parameter_supported === true) query.set('iss', metadata.issuer);
  return redeem(login, OUT_OF_BAND, query);
}

function authorizationUrl({ issuer: { openid, config, metadata }, parameters }: Login, redirectUrl: string): string {
  const { authorization_endpoint: endpoint = '' } = metadata;
  if (!URL.canParse(endpoint)) throw new TrustError('OIDC_ISSUER', 'the issuer names no authorization_endpoint');
  requireSecure(new URL(endpoint));
  return openid.buildAuthorizationUrl(config, { ...parameters, redirect_uri: redirectUrl }).href;
}

async function redeem({ issuer, state, nonce, verifier }: Login, redirectUrl: string, query: URLSearchParams): Promise<IdentityToken> {
  const { openid, config } = issuer;
  const answer = new URL(`${redirectUrl}?${query}`);
  const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
  return issuer.identityIn(await issuer.attempt(() => openid.authorizationCodeGrant(config, answer, checks)));
}

const OUT_OF_BAND = 'urn:ietf:wg:oauth:2.0:oob';
const DEFAULT_TIMEOUT_MS = 120_000;
