/**
 * An OpenID Connect issuer on a socket of this machine, as small as the protocol lets it be, that a test can make answer wrongly in one place.
 * Its person logs in at once, and its clock stands still.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { HttpClient } from '@assay/net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { served } from './services.ts';

export const NOW = new Date('2030-05-06T07:08:09Z');
export const CLIENT_ID = 'sigstore';
export const CLIENT_SECRET = 'the client secret';
export const EMAIL = 'someone@testkit.example';

type Change<Value> = (value: Value) => Value;
type Members = Record<string, unknown>;

export interface Behaviour {
  discovery?: Change<Members>;
  claims?: Change<JWTPayload>;
  /** The ID token, once it is signed. */
  idToken?: Change<string>;
  /** What the token endpoint answers when all is well. */
  tokens?: Change<Members>;
  /** Instead of a login. */
  refuseLogin?: Readonly<Record<string, string>>;
  /** Instead of a token. */
  refuseToken?: (form: URLSearchParams) => Members;
  /** What the polls of the device flow are answered, one after the other; then comes the token. */
  polls?: readonly string[];
  device?: Change<Members>;
  /** Before everything else. */
  intercept?: (request: Request) => Response | undefined;
}

export interface FakeIssuer {
  readonly url: string;
  readonly http: HttpClient;
  /** Method and path of every request, without the query. */
  readonly requests: readonly string[];
  /** The form of every request that had one. */
  readonly forms: readonly Readonly<Record<string, string>>[];
  /** What logins were asked with. */
  readonly logins: readonly URLSearchParams[];
}

export async function fakeIssuer(behaviour: Behaviour = {}): Promise<FakeIssuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
  const codes = new Map<string, URLSearchParams>();
  const polls = [...(behaviour.polls ?? [])];
  const requests: string[] = [];
  const forms: Record<string, string>[] = [];
  const logins: URLSearchParams[] = [];

  const routes: Record<string, (query: URLSearchParams, form: URLSearchParams) => Response | Promise<Response>> = {
    'GET /.well-known/openid-configuration': () => json(changed(discovery(url), behaviour.discovery)),
    'GET /keys': () => json({ keys: [jwk] }),
    'GET /auth': (query) => logIn(query),
    'POST /device': (_, form) => startDevice(form),
    'POST /token': (_, form) => redeem(form),
  };

  const { url, http } = await served(async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const form = new URLSearchParams(await request.clone().text());
    requests.push(`${request.method} ${pathname}`);
    if (form.size > 0) forms.push(Object.fromEntries(form));
    const route = routes[`${request.method} ${pathname}`];
    return behaviour.intercept?.(request) ?? (await route?.(searchParams, form)) ?? json({ error: 'not_found' }, 404);
  });
  return { url, http, requests, forms, logins };

  function logIn(query: URLSearchParams): Response {
    logins.push(query);
    const redirect = query.get('redirect_uri') ?? '';
    const code = randomUUID();
    codes.set(code, query);
    // The person sees the code on a page.
    if (redirect.startsWith('urn:')) return new Response(code);
    const answer = new URLSearchParams({ ...(behaviour.refuseLogin ?? { code }), state: query.get('state') ?? '' });
    return new Response(null, { status: 302, headers: { location: `${redirect}?${answer}` } });
  }

  function startDevice(form: URLSearchParams): Response {
    codes.set('the device code', form);
    const answer = { device_code: 'the device code', user_code: 'ABCD-EFGH', verification_uri: `${url}/activate`, interval: 5, expires_in: 300 };
    return json(changed(answer, behaviour.device));
  }

  async function redeem(form: URLSearchParams): Promise<Response> {
    if (behaviour.refuseToken !== undefined) return json(behaviour.refuseToken(form), 400);
    switch (form.get('grant_type')) {
      case 'client_credentials':
        return form.get('client_secret') === CLIENT_SECRET ? issue() : json({ error: 'invalid_client' }, 401);
      case 'authorization_code':
        return redeemCode('code', form);
      default:
        return refusedPoll() ?? redeemCode('device_code', form);
    }
  }

  /** The field's most used issuer answers 401 while the person is not there yet, where RFC 8628 has 400. */
  function refusedPoll(): Response | undefined {
    const error = polls.shift();
    return error === undefined ? undefined : json({ error }, error === 'authorization_pending' ? 401 : 400);
  }

  async function redeemCode(name: string, form: URLSearchParams): Promise<Response> {
    const code = form.get(name) ?? '';
    const login = codes.get(code);
    codes.delete(code);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (login?.get('code_challenge') !== challenge || login.get('redirect_uri') !== form.get('redirect_uri')) return json({ error: 'invalid_grant' }, 400);
    return issue(login.get('nonce'));
  }

  async function issue(nonce: string | null = null): Promise<Response> {
    const iat = Math.floor(NOW.getTime() / 1000);
    const standard = { iss: url, sub: 'someone', aud: CLIENT_ID, iat, exp: iat + 600, email: EMAIL, email_verified: true };
    const claims = changed<JWTPayload>({ ...standard, ...(nonce !== null && { nonce }) }, behaviour.claims);
    const signed = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(privateKey);
    const idToken = changed(signed, behaviour.idToken);
    return json(changed({ access_token: ACCESS_TOKEN, token_type: 'Bearer', expires_in: 600, id_token: idToken }, behaviour.tokens));
  }
}

function discovery(url: string): Members {
  return {
    issuer: url,
    authorization_endpoint: `${url}/auth`,
    token_endpoint: `${url}/token`,
    device_authorization_endpoint: `${url}/device`,
    jwks_uri: `${url}/keys`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    code_challenge_methods_supported: ['plain', 'S256'],
  };
}

function changed<Value>(value: Value, change: Change<Value> = (same) => same): Value {
  return change(value);
}

function json(value: object, status = 200): Response {
  return Response.json(value, { status });
}

export const ACCESS_TOKEN = 'the access token';
