import { isTrustError } from '@assay/core';
import { afterEach, expect, test, vi } from 'vitest';
import { ACCESS_TOKEN, type Behaviour, CLIENT_ID, CLIENT_SECRET, EMAIL, type FakeIssuer, fakeIssuer } from '../../test/fake-issuer.ts';
import { type ContextForTest, tokenContext } from '../../test/token-context.ts';
import { type BrowserFlow, browserToken } from './browser.ts';
import type { IdentityToken } from './identity-token.ts';

afterEach(() => void vi.useRealTimers());

interface Scene {
  readonly issuer: FakeIssuer;
  readonly context: ContextForTest;
  log(flow?: Partial<BrowserFlow>): Promise<IdentityToken>;
}

async function scene(behaviour: Behaviour = {}): Promise<Scene> {
  const issuer = await fakeIssuer(behaviour);
  const context = tokenContext({ http: issuer.http });
  return { issuer, context, log: (flow) => browserToken(context, { issuer: issuer.url, clientId: CLIENT_ID, openBrowser: follow, ...flow }) };
}

/** A browser whose person clicks through. */
async function follow(url: string): Promise<void> {
  expect((await fetch(url)).status).toBe(200);
}

const noBrowser = { openBrowser: () => Promise.reject(new Error('no display')) };

test('logs in, and asks as the clients of the field do', async () => {
  const { issuer, context, log } = await scene();
  const token = await log();
  expect(token).toMatchObject({ issuer: issuer.url, subject: EMAIL, audience: [CLIENT_ID] });
  expect(issuer.requests).toEqual(['GET /.well-known/openid-configuration', 'GET /auth', 'POST /token', 'GET /keys']);
  const login = Object.fromEntries(issuer.logins[0] ?? []);
  expect(login).toEqual({
    response_type: 'code',
    client_id: 'sigstore',
    scope: 'openid email',
    redirect_uri: expect.stringMatching(/^http:\/\/localhost:\d+\/auth\/callback$/),
    state: expect.stringMatching(/^[\w-]{43}$/),
    nonce: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge_method: 'S256',
    access_type: 'online',
  });
  expect(issuer.forms).toEqual([
    {
      grant_type: 'authorization_code',
      client_id: 'sigstore',
      code: expect.any(String),
      code_verifier: expect.stringMatching(/^[\w-]{43,128}$/),
      redirect_uri: login['redirect_uri'],
    },
  ]);
  expect(context.notices).toEqual([`Your browser will now be opened to:\n${issuer.url}/auth?${issuer.logins[0]}`]);
});

test('comes back to the redirect URL that was asked for', async () => {
  const { issuer, log } = await scene();
  await log({ redirectUrl: 'http://127.0.0.1:0/other' });
  expect(issuer.logins[0]?.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/other$/);
});

test('state, nonce and verifier are new every time', async () => {
  const { issuer, log } = await scene();
  await log();
  await log();
  const values = [...issuer.logins, ...issuer.forms.map((form) => new URLSearchParams(form))];
  for (const name of ['state', 'nonce', 'code_challenge', 'code_verifier']) {
    const seen = values.map((query) => query.get(name)).filter((value) => value !== null);
    expect(new Set(seen).size, name).toBe(2);
  }
});

test('a confidential client sends its secret in the form', async () => {
  const { issuer, log } = await scene();
  await log({ clientSecret: CLIENT_SECRET });
  expect(issuer.forms[0]).toMatchObject({ client_id: CLIENT_ID, client_secret: CLIENT_SECRET });
});

test('a confidential client sends its secret in the header to an issuer that takes nothing else', async () => {
  let authorization: string | null = null;
  const { issuer, log } = await scene({
    discovery: (document) => ({ ...document, token_endpoint_auth_methods_supported: ['client_secret_basic'] }),
    intercept: (request) => {
      authorization = request.headers.get('authorization') ?? authorization;
      return undefined;
    },
  });
  await log({ clientSecret: 'a secret' });
  expect(issuer.forms[0]).not.toHaveProperty('client_secret');
  expect(authorization).toBe(`Basic ${btoa('sigstore:a+secret')}`);
});

test('takes a token with the hash of the access token', async () => {
  // base64url of the left half of SHA-256 of `the access token`
  const { log } = await scene({ claims: (claims) => ({ ...claims, at_hash: '8kJybPby-BwHrrSnx_oS4A' }) });
  expect((await log()).subject).toBe(EMAIL);
});

test('logs in with an issuer below a path', async () => {
  const { issuer, context } = await scene({
    discovery: (document) => ({ ...document, issuer: `${document['issuer']}/oidc` }),
    intercept: (request) =>
      new URL(request.url).pathname === '/oidc/.well-known/openid-configuration'
        ? Response.redirect(new URL('/.well-known/openid-configuration', request.url))
        : undefined,
    claims: (claims) => ({ ...claims, iss: `${claims.iss}/oidc` }),
  });
  const token = await browserToken(context, { issuer: `${issuer.url}/oidc`, clientId: CLIENT_ID, openBrowser: follow });
  expect(token.issuer).toBe(`${issuer.url}/oidc`);
});

test.each<[string, Behaviour, string, string]>([
  [
    'an issuer that does not advertise S256',
    { discovery: (document) => ({ ...document, code_challenge_methods_supported: ['plain'] }) },
    'OIDC_PKCE',
    "PKCE is not supported by OIDC provider 'ISSUER/auth'",
  ],
  [
    'an issuer that says nothing of PKCE',
    { discovery: ({ code_challenge_methods_supported: _, ...document }) => document },
    'OIDC_PKCE',
    "PKCE is not supported by OIDC provider 'ISSUER/auth'",
  ],
  [
    'an issuer of another name',
    { discovery: (document) => ({ ...document, issuer: 'https://other.example' }) },
    'OIDC_ISSUER',
    'issuer did not match the issuer returned by provider, expected "ISSUER/" got "https://other.example"',
  ],
  [
    'an issuer that differs by a slash',
    { discovery: (document) => ({ ...document, issuer: `${document['issuer']}/` }) },
    'OIDC_ISSUER',
    'issuer did not match the issuer returned by provider, expected "ISSUER" got "ISSUER/"',
  ],
  [
    'an issuer without a login page',
    { discovery: ({ authorization_endpoint: _, ...document }) => document },
    'OIDC_ISSUER',
    'the issuer names no authorization_endpoint',
  ],
  [
    'a login page in plain text elsewhere',
    { discovery: (document) => ({ ...document, authorization_endpoint: 'http://login.example/auth' }) },
    'OIDC_ISSUER',
    'the issuer names http://login.example/auth, which is not an https URL',
  ],
  [
    'a login page of another scheme',
    { discovery: (document) => ({ ...document, authorization_endpoint: 'file:///etc/passwd' }) },
    'OIDC_ISSUER',
    'the issuer names file:///etc/passwd, which is not an https URL',
  ],
  [
    'a token endpoint in plain text elsewhere',
    { discovery: (document) => ({ ...document, token_endpoint: 'http://login.example/token' }) },
    'OIDC_ISSUER',
    'the issuer names http://login.example/token, which is not an https URL',
  ],
  [
    'no discovery document',
    { intercept: () => new Response('', { status: 404 }) },
    'OIDC_ISSUER',
    'ISSUER/.well-known/openid-configuration: server returned HTTP 404',
  ],
  [
    'a discovery document that is not JSON',
    { intercept: () => new Response('<html>', { headers: { 'content-type': 'application/json' } }) },
    'OIDC_ISSUER',
    'failed to parse "response" body as JSON',
  ],
  ['a login that is refused', { refuseLogin: { error: 'access_denied' } }, 'OIDC_LOGIN', 'error obtaining token: access_denied'],
  [
    'a login that is refused with a reason',
    { refuseLogin: { error: 'access_denied', error_description: 'not\ntoday' } },
    'OIDC_LOGIN',
    'error obtaining token: access_denied: not\\u000atoday',
  ],
  ['an answer without a code', { refuseLogin: {} }, 'OIDC_TOKEN', 'no authorization code in "callbackParameters"'],
  ['another nonce', { claims: (claims) => ({ ...claims, nonce: 'of another login' }) }, 'OIDC_TOKEN', 'nonce does not match value sent'],
  ['no nonce', { claims: ({ nonce: _, ...claims }) => claims }, 'OIDC_TOKEN', 'JWT "nonce" (nonce) claim missing'],
  [
    'a token for another client',
    { claims: (claims) => ({ ...claims, aud: 'another' }) },
    'OIDC_TOKEN',
    'unexpected aud of the identity token, expected "sigstore" got "another"',
  ],
  [
    'a token for other clients',
    { claims: (claims) => ({ ...claims, aud: ['one', 'two'] }) },
    'OIDC_TOKEN',
    'unexpected aud of the identity token, expected "sigstore" got ["one","two"]',
  ],
  [
    'a token of another issuer',
    { claims: (claims) => ({ ...claims, iss: 'https://other.example' }) },
    'OIDC_TOKEN',
    'unexpected iss of the identity token, expected "ISSUER" got "https://other.example"',
  ],
  [
    'a token that has expired',
    { claims: (claims) => ({ ...claims, exp: 1_000_000_000 }) },
    'OIDC_TOKEN',
    'unexpected JWT "exp" (expiration time) claim value, expiration is past current timestamp',
  ],
  ['a token that somebody altered', { idToken: (token) => token.replace(/.{10}$/, 'AAAAAAAAAA') }, 'OIDC_TOKEN', 'JWT signature verification failed'],
  [
    'a token of another algorithm',
    { discovery: (document) => ({ ...document, id_token_signing_alg_values_supported: ['RS256'] }) },
    'OIDC_TOKEN',
    'unexpected JWT "alg" header parameter',
  ],
  [
    'another access token',
    { claims: (claims) => ({ ...claims, at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }) },
    'OIDC_TOKEN',
    'access token hash does not match value in ID token',
  ],
  ['no ID token', { tokens: ({ id_token: _, ...tokens }) => tokens }, 'OIDC_TOKEN', '"response" body "id_token" property must be a string'],
  [
    'an e-mail address that is not verified',
    { claims: (claims) => ({ ...claims, email_verified: false }) },
    'TOKEN_SUBJECT',
    'not verified by identity provider',
  ],
  [
    'a token endpoint that fails',
    { intercept: ({ url }) => (url.endsWith('/token') ? new Response('', { status: 502 }) : undefined) },
    'OIDC_TOKEN',
    'unexpected HTTP response status code: server returned HTTP 502',
  ],
  [
    'a token endpoint whose answer is cut',
    { intercept: ({ url }) => (url.endsWith('/token') ? new Response(`"${ACCESS_TOKEN}`, { headers: { 'content-type': 'application/json' } }) : undefined) },
    'OIDC_TOKEN',
    'failed to parse "response" body as JSON',
  ],
  [
    'a token endpoint that refuses',
    { refuseToken: () => ({ error: 'invalid_grant', error_description: 'too late' }) },
    'OIDC_LOGIN',
    'error obtaining token: invalid_grant: too late',
  ],
  [
    'a token endpoint that repeats the code',
    { refuseToken: (form) => ({ error: 'invalid_grant', error_description: `bad code ${form.get('code')}` }) },
    'OIDC_LOGIN',
    'error obtaining token',
  ],
])('refuses %s', async (_, behaviour, code, message) => {
  const { issuer, log } = await scene(behaviour);
  const error = await refused(log());
  expect(error).toMatchObject({ code, message: message.replaceAll('ISSUER', issuer.url) });
  const said = `${error.message} ${error.cause} ${error.expected} ${error.found}`;
  for (const secret of [
    ACCESS_TOKEN,
    issuer.logins[0]?.get('state'),
    issuer.logins[0]?.get('nonce'),
    issuer.forms[0]?.['code'],
    issuer.forms[0]?.['code_verifier'],
  ]) {
    if (secret) expect(said).not.toContain(secret);
  }
});

test('refuses an issuer that is neither https nor on this machine, unasked', async () => {
  const { context } = await scene();
  const flow = { clientId: CLIENT_ID, openBrowser: follow };
  expect(await refused(browserToken(context, { ...flow, issuer: 'http://issuer.example' }))).toMatchObject({
    code: 'OIDC_ISSUER',
    message: 'the issuer http://issuer.example/ is not an https URL',
  });
  expect(await refused(browserToken(context, { ...flow, issuer: 'issuer' }))).toMatchObject({
    code: 'OIDC_ISSUER',
    message: 'the issuer is not a URL: issuer',
  });
});

test.each([
  ['/token', 307, 'URL/token redirects what is meant for it'],
  ['/token', 302, 'URL/token redirects to another host: OTHER/token'],
  ['/keys', 302, 'URL/keys redirects to another host: OTHER/keys'],
  ['/.well-known/openid-configuration', 302, 'URL/.well-known/openid-configuration redirects to another host: OTHER/.well-known/openid-configuration'],
])('an issuer that leads elsewhere is not believed: %s, %i', async (path, status, message) => {
  const other = await fakeIssuer();
  const { issuer, log } = await scene({
    intercept: ({ url }) => (new URL(url).pathname === path ? new Response(null, { status, headers: { location: `${other.url}${path}` } }) : undefined),
  });
  expect(await refused(log())).toMatchObject({ code: 'OIDC_ISSUER', message: message.replace('URL', issuer.url).replace('OTHER', other.url) });
  expect(other.forms).toEqual([]);
});

test('Microsoft’s issuers get S256 although they do not advertise it', async () => {
  const { log } = await scene({
    discovery: ({ code_challenge_methods_supported: _, ...document }) => ({
      ...document,
      authorization_endpoint: 'https://login.microsoftonline.com/a/authorize',
    }),
  });
  const pages: string[] = [];
  const openBrowser = async (url: string): Promise<void> => {
    pages.push(url);
    throw new Error('no display');
  };
  await refused(log({ openBrowser }));
  expect(pages).toEqual([expect.stringMatching(/^https:\/\/login\.microsoftonline\.com\/a\/authorize\?.*&code_challenge_method=S256/)]);
});

test('an issuer that nobody reaches is said so', async () => {
  const { context } = await scene();
  const error = await refused(browserToken(context, { issuer: 'http://127.0.0.1:9', clientId: CLIENT_ID, openBrowser: follow }));
  expect(error).toMatchObject({ code: 'NET_UNREACHABLE', message: '127.0.0.1:9: connection refused (ECONNREFUSED)' });
});

test('an answer with another state changes nothing', async () => {
  const { issuer, log } = await scene();
  const statuses: number[] = [];
  const token = await log({
    async openBrowser(url) {
      const redirect = new URL(url).searchParams.get('redirect_uri');
      for (const query of [
        '',
        '?code=a',
        '?code=a&state=wrong',
        '?error=access_denied&state=',
        `?code=a&state=x&state=${new URL(url).searchParams.get('state')}`,
      ]) {
        statuses.push((await fetch(`${redirect}${query}`)).status);
      }
      await follow(url);
    },
  });
  expect(statuses).toEqual([400, 400, 400, 400, 400]);
  expect(token.subject).toBe(EMAIL);
  expect(issuer.forms).toHaveLength(1);
});

test('an answer that comes twice counts once', async () => {
  const { issuer, log } = await scene();
  let redirect = '';
  await log({
    async openBrowser(url) {
      const answer = await fetch(url);
      redirect = answer.url;
      expect((await fetch(redirect)).status).toBe(400);
    },
  });
  expect(issuer.forms).toHaveLength(1);
  await expect(fetch(redirect)).rejects.toThrow('fetch failed');
});

test('a login that fails leaves no listener behind', async () => {
  const { issuer, log } = await scene({ refuseLogin: { error: 'access_denied' } });
  await refused(log());
  await expect(fetch(issuer.logins[0]?.get('redirect_uri') ?? '')).rejects.toThrow('fetch failed');
});

test('without a browser the person types the code', async () => {
  const { issuer, context, log } = await scene();
  const token = await log({ ...noBrowser, readCode: async () => ` ${await codeShown(context)}\n` });
  expect(token.subject).toBe(EMAIL);
  expect(issuer.forms[0]).toMatchObject({ redirect_uri: 'urn:ietf:wg:oauth:2.0:oob' });
  expect(context.notices).toEqual(['error opening browser: no display', `Go to the following link in a browser:\n\n\t ${issuer.url}/auth?${issuer.logins[0]}`]);
});

test('the person types the code of an issuer that names itself in its answers', async () => {
  const { context, log } = await scene({ discovery: (document) => ({ ...document, authorization_response_iss_parameter_supported: true }) });
  expect((await log({ ...noBrowser, readCode: () => codeShown(context) })).subject).toBe(EMAIL);
});

/** What the page behind the link in the last notice shows. */
async function codeShown({ notices }: ContextForTest): Promise<string> {
  return (await fetch(notices.at(-1)?.split('\t ')[1] ?? '')).text();
}

test.each<[string, Partial<BrowserFlow>, string]>([
  ['without a browser and without anybody to type', noBrowser, 'error opening browser: no display'],
  ['without a browser and without a code', { ...noBrowser, readCode: async () => ' \n' }, 'no verification code was entered'],
])('gives up %s', async (_, flow, message) => {
  const { log } = await scene();
  expect(await refused(log(flow))).toMatchObject({ code: 'OIDC_LOGIN', message });
});

test.each<[string, Partial<BrowserFlow>, string, string[]]>([
  ['without anybody to type, the login fails', {}, 'error getting code from local server: timeout', []],
  [
    'with somebody, the code is asked for',
    { readCode: async () => '' },
    'no verification code was entered',
    ['error getting code from local server: timeout', expect.stringContaining('Go to the following link in a browser:')],
  ],
])('after 120 seconds, %s', async (_, flow, message, notices) => {
  const { context, log } = await scene();
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const openBrowser = async (): Promise<void> => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    open();
  };
  const login = refused(log({ ...flow, openBrowser }));
  let done = false;
  void login.then(() => {
    done = true;
  });
  await opened;
  await vi.advanceTimersByTimeAsync(119_999);
  expect(done).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(await login).toMatchObject({ code: 'OIDC_LOGIN', message });
  expect(context.notices.slice(1)).toEqual(notices);
});

async function refused(login: Promise<IdentityToken>) {
  const error = await login.then(
    () => new Error('accepted'),
    (caught: unknown) => caught,
  );
  if (!isTrustError(error)) throw error;
  return error;
}
