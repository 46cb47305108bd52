/**
 * The OpenID Connect issuer (services.md section 2): people log in on a page, by redirect or for a program without a browser; the issuers of
 * GitHub Actions, GitLab and SPIFFE are emulated below it.
 *
 *   /.well-known/openid-configuration  /keys               who the issuer is
 *   /auth ─► /login ─► redirect with a code ─► /token      authorization code with PKCE
 *   /device/code ─► /device (the person) ─► /token         device flow, the program asking again and again
 *   /github/token                                          what a job on GitHub Actions asks
 *   /NAME/.well-known/openid-configuration  /NAME/keys     who the emulated ones are: github, gitlab, spiffe
 *
 * Codes and logins under way are in memory alone: a restart ends them, and loses nothing else. Decision: docs/adr/0015-oidc-issuer.md.
 */
import { Hono } from 'hono';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import type { Logger } from 'pino';
import { Refusal } from '../http/refusal.ts';
import type { Service, ServiceContext } from '../service.ts';
import { readAccounts } from './accounts.ts';
import { namesClient } from './client-authentication.ts';
import { openCodeFlow, type Redeemed } from './code-flow.ts';
import { openDeviceFlow } from './device-flow.ts';
import { DEVICE_GRANT, discovery, emulatedDiscovery, PATHS } from './discovery.ts';
import { githubDefaultAudience } from './github-claims.ts';
import { EMULATED_ISSUERS, type Identity } from './identity.ts';
import { openLogin } from './login.ts';
import { DEFAULT_LIFETIME_SECONDS, type MintOptions, mintToken } from './mint-token.ts';
import { OAuthError, oauthErrorAnswer } from './oauth-error.ts';
import { type OidcKey, publishedKeys } from './oidc-key.ts';
import { openOwnForms } from './own-form.ts';
import { refusalPage } from './pages.ts';
import { type Parameters, queryOf, readForm } from './parameters.ts';
import { readRequestToken } from './request-token.ts';

export interface OidcOptions extends ServiceContext {
  /** The one that signs first; retired ones follow, and stay published until their tokens have expired. */
  readonly keys: readonly OidcKey[];
}

export interface OidcService extends Service {
  /** What `/keys` answers, at every issuer. */
  readonly publishedKeys: JSONWebKeySet;
}

/** Errors: `STACK_DATA` when there are accounts that cannot be read; `TypeError` without a key. */
export async function openOidc({ disk, clock, baseUrl, log, keys }: OidcOptions): Promise<OidcService> {
  const [active] = keys;
  if (active === undefined) throw new TypeError('an issuer needs a key');
  await readAccounts(disk);

  const published = publishedKeys(keys);
  const verificationKeys = createLocalJWKSet(published);
  const counts = { tokensIssued: 0, loginsRefused: 0 };
  const onRefused = (): void => {
    counts.loginsRefused += 1;
  };
  const parts = { baseUrl, clock, login: openLogin({ disk, clock, onRefused }), forms: openOwnForms({ baseUrl, clock, onRefused }) };
  const codeFlow = openCodeFlow(parts);
  const deviceFlow = openDeviceFlow(parts);

  const issue = async (identity: Identity, options: Omit<MintOptions, 'baseUrl' | 'now'>): Promise<string> => {
    const token = await mintToken(active, identity, { ...options, baseUrl, now: clock() });
    counts.tokensIssued += 1;
    log.info({ identity: identity.kind }, 'identity token issued');
    return token;
  };

  const redeem = (form: Parameters, isNamed: boolean): Redeemed => {
    switch (form.required('grant_type')) {
      case 'authorization_code':
        if (!isNamed) throw new OAuthError('invalid_client', 'client_id is missing', { status: 401 });
        return codeFlow.redeem(form);
      case DEVICE_GRANT:
        // Go's clients poll without a client_id (services.md section 2): the device code says whose it is.
        return deviceFlow.redeem(form);
      default:
        throw new OAuthError('unsupported_grant_type', `grant_type must be authorization_code or ${DEVICE_GRANT}`);
    }
  };

  const endpoints = new Hono();
  endpoints.onError((error) => oauthErrorAnswer(refusalOf(error, log)));
  endpoints.get(WELL_KNOWN, () => Response.json(discovery(baseUrl)));
  endpoints.get(PATHS.keys, () => Response.json(published));
  for (const kind of EMULATED_ISSUERS) {
    endpoints.get(`/${kind}${WELL_KNOWN}`, () => Response.json(emulatedDiscovery(baseUrl, kind)));
    endpoints.get(`/${kind}${PATHS.keys}`, () => Response.json(published));
  }
  endpoints.post(PATHS.token, async (c) => {
    const form = await readForm(c.req.raw);
    const { email, nonce } = redeem(form, namesClient(c.req.header('Authorization'), form));
    const token = await issue({ kind: 'email', email }, { nonce });
    // sigstore-python takes the access token for the identity token, so they are one; hence no `at_hash` either.
    return Response.json({ access_token: token, id_token: token, token_type: 'Bearer', expires_in: DEFAULT_LIFETIME_SECONDS }, { headers: SECRET });
  });
  endpoints.post(PATHS.deviceAuthorization, async (c) => {
    const form = await readForm(c.req.raw);
    if (!namesClient(c.req.header('Authorization'), form)) throw new OAuthError('invalid_client', 'client_id is missing', { status: 401 });
    return Response.json(deviceFlow.begin(form), { headers: SECRET });
  });
  endpoints.get(`/github${PATHS.token}`, async (c) => {
    const workflow = await readRequestToken(c.req.header('Authorization'), { baseUrl, now: clock(), keys: verificationKeys });
    const audience = queryOf(c.req.raw).short('audience') ?? githubDefaultAudience(workflow);
    const value = await issue(workflow, { audience });
    return Response.json({ count: value.length, value }, { headers: SECRET });
  });
  for (const path of [PATHS.token, PATHS.deviceAuthorization]) endpoints.all(path, allowing('POST'));
  endpoints.all(`/github${PATHS.token}`, allowing('GET'));

  const pages = new Hono();
  pages.onError((error) => refusalPage(refusalOf(error, log)));
  codeFlow.addPages(pages);
  deviceFlow.addPages(pages);
  pages.all(PATHS.authorize, allowing('GET'));
  pages.all(PATHS.login, allowing('POST'));
  pages.all(PATHS.device, allowing('GET, POST'));

  return {
    app: new Hono().route('/', endpoints).route('/', pages),
    publishedKeys: published,
    stats: () => ({ tokens_issued: counts.tokensIssued, logins_refused: counts.loginsRefused }),
    close: async () => {
      codeFlow.clear();
      deviceFlow.clear();
    },
  };
}

function allowing(methods: string): () => never {
  return () => {
    throw new OAuthError('invalid_request', `the method must be ${methods}`, { status: 405, headers: { Allow: methods } });
  };
}

function refusalOf(error: Error, log: Logger): Refusal {
  if (error instanceof Refusal) return error;
  log.error({ err: error }, 'a request to the issuer failed');
  return new Refusal(500, 'something is wrong here, and was logged');
}

const WELL_KNOWN = '/.well-known/openid-configuration';
/** RFC 6749 section 5.1. */
const SECRET = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };
