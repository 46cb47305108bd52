import { expect, test } from 'vitest';
import { type Behaviour, CLIENT_ID, CLIENT_SECRET, EMAIL, fakeIssuer } from '../../test/fake-issuer.ts';
import { refusal } from '../../test/key-context.ts';
import { tokenContext } from '../../test/token-context.ts';
import { type ClientCredentialsFlow, clientCredentialsToken } from './client-credentials.ts';

async function scene(behaviour: Behaviour = {}) {
  const issuer = await fakeIssuer(behaviour);
  const log = (flow: Partial<ClientCredentialsFlow> = {}) =>
    clientCredentialsToken(tokenContext({ http: issuer.http }), { issuer: issuer.url, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, ...flow });
  return { issuer, log };
}

test('logs in with a secret', async () => {
  const { issuer, log } = await scene();
  expect(await log({ redirectUrl: 'http://localhost:1234/a' })).toMatchObject({ issuer: issuer.url, subject: EMAIL, audience: [CLIENT_ID] });
  expect(issuer.forms).toEqual([
    { grant_type: 'client_credentials', client_id: CLIENT_ID, client_secret: CLIENT_SECRET, scope: 'openid email', redirect_uri: 'http://localhost:1234/a' },
  ]);
});

test('needs no PKCE, since there is no code to steal', async () => {
  const { log } = await scene({ discovery: ({ code_challenge_methods_supported: _, ...document }) => document });
  expect((await log()).subject).toBe(EMAIL);
});

test.each<[string, Behaviour, Partial<ClientCredentialsFlow>, string, string]>([
  ['another secret', {}, { clientSecret: 'wrong' }, 'OIDC_LOGIN', 'error obtaining token: invalid_client'],
  [
    'an issuer that repeats the secret',
    { refuseToken: (form) => ({ error: 'invalid_client', error_description: `not ${form.get('client_secret')}` }) },
    {},
    'OIDC_LOGIN',
    'error obtaining token',
  ],
  [
    'an issuer that repeats the secret in a challenge',
    {
      intercept: ({ url }) =>
        url.endsWith('/token') ? new Response('', { status: 401, headers: { 'www-authenticate': `Basic realm="${CLIENT_SECRET}"` } }) : undefined,
    },
    {},
    'OIDC_LOGIN',
    'error obtaining token: server returned HTTP 401',
  ],
  ['an issuer that gives an access token only', { tokens: ({ id_token: _, ...tokens }) => tokens }, {}, 'OIDC_TOKEN', 'id_token not present'],
  [
    'a token for another client',
    { claims: (claims) => ({ ...claims, aud: 'another' }) },
    {},
    'OIDC_TOKEN',
    'unexpected aud of the identity token, expected "sigstore" got "another"',
  ],
  ['a token that somebody altered', { idToken: (token) => token.replace(/.{10}$/, 'AAAAAAAAAA') }, {}, 'OIDC_TOKEN', 'JWT signature verification failed'],
])('refuses %s', async (_, behaviour, flow, code, message) => {
  const { log } = await scene(behaviour);
  expect(await refusal(() => log(flow))).toMatchObject({ code, message });
});
