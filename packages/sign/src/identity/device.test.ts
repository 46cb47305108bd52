import { isTrustError } from '@assay/core';
import { expect, test } from 'vitest';
import { ACCESS_TOKEN, type Behaviour, CLIENT_ID, EMAIL, type FakeIssuer, fakeIssuer } from '../../test/fake-issuer.ts';
import { type ContextForTest, tokenContext } from '../../test/token-context.ts';
import { type DeviceCode, type DeviceFlow, deviceToken } from './device.ts';
import type { IdentityToken } from './identity-token.ts';

interface Scene {
  readonly issuer: FakeIssuer;
  readonly context: ContextForTest;
  readonly codes: DeviceCode[];
  log(flow?: Partial<DeviceFlow>): Promise<IdentityToken>;
}

async function scene(behaviour: Behaviour = {}): Promise<Scene> {
  const issuer = await fakeIssuer(behaviour);
  const context = tokenContext({ http: issuer.http });
  const codes: DeviceCode[] = [];
  const onCode = (code: DeviceCode): void => void codes.push(code);
  return { issuer, context, codes, log: (flow) => deviceToken(context, { issuer: issuer.url, clientId: CLIENT_ID, onCode, ...flow }) };
}

test('logs in, and asks as the clients of the field do', async () => {
  const { issuer, context, codes, log } = await scene();
  expect(await log()).toMatchObject({ issuer: issuer.url, subject: EMAIL, audience: [CLIENT_ID] });
  expect(codes).toEqual([{ userCode: 'ABCD-EFGH', verificationUri: `${issuer.url}/activate`, expiresIn: 300 }]);
  expect(issuer.requests).toEqual(['GET /.well-known/openid-configuration', 'POST /device', 'POST /token', 'GET /keys']);
  const text = expect.stringMatching(/^[\w-]{43,128}$/);
  expect(issuer.forms).toEqual([
    { client_id: 'sigstore', scope: 'openid email', code_challenge: text, code_challenge_method: 'S256' },
    {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: 'sigstore',
      device_code: 'the device code',
      scope: 'openid email',
      code_verifier: text,
    },
  ]);
  expect(context.sleeps).toEqual([]);
});

test('prefers the address that has the code in it, and shows it safely', async () => {
  const { codes, log } = await scene({
    device: (answer) => ({ ...answer, user_code: 'A\u001b[31m', verification_uri_complete: 'https://issuer.example/?code=A\n' }),
  });
  await log();
  expect(codes).toEqual([{ userCode: 'A\\u001b[31m', verificationUri: 'https://issuer.example/?code=A\\u000a', expiresIn: 300 }]);
});

test('tells the redirect URL to the issuer', async () => {
  const { issuer, log } = await scene({ refuseToken: () => ({ error: 'access_denied' }) });
  await refused(log({ redirectUrl: 'http://localhost:1234/a' }));
  expect(issuer.forms[0]).toMatchObject({ redirect_uri: 'http://localhost:1234/a' });
});

test.each<[string, readonly string[], object, readonly number[]]>([
  ['waits for the interval between polls', ['authorization_pending', 'authorization_pending'], {}, [5000, 5000]],
  [
    'waits 10 seconds more from the moment it is told to slow down',
    ['authorization_pending', 'slow_down', 'authorization_pending'],
    {},
    [5000, 15_000, 15_000],
  ],
  ['slows down as often as it is told', ['slow_down', 'slow_down'], {}, [15_000, 25_000]],
  ['waits 5 seconds when the issuer names no interval', ['authorization_pending'], { interval: undefined }, [5000]],
  ['keeps to a longer interval', ['authorization_pending'], { interval: 30 }, [30_000]],
])('%s', async (_, polls, device, sleeps) => {
  const { context, log } = await scene({ polls, device: (answer) => ({ ...answer, ...device }) });
  expect((await log()).subject).toBe(EMAIL);
  expect(context.sleeps).toEqual(sleeps);
});

test('stops asking when the code has expired, whatever the issuer says', async () => {
  const { issuer, context, log } = await scene({
    refuseToken: () => ({ error: 'authorization_pending' }),
    device: (answer) => ({ ...answer, expires_in: 12 }),
  });
  expect(await refused(log())).toMatchObject({ code: 'OIDC_LOGIN', message: 'error obtaining token: expired_token' });
  expect(context.sleeps).toEqual([5000, 5000, 5000]);
  expect(issuer.requests.filter((request) => request === 'POST /token')).toHaveLength(3);
});

test.each<[string, Behaviour, string, string]>([
  ['a person who refuses', { polls: ['authorization_pending', 'access_denied'] }, 'OIDC_LOGIN', 'error obtaining token: access_denied'],
  ['a code that has expired', { polls: ['expired_token'] }, 'OIDC_LOGIN', 'error obtaining token: expired_token'],
  [
    'an issuer that repeats the device code',
    { refuseToken: (form) => ({ error: 'invalid_grant', error_description: `no ${form.get('device_code')}` }) },
    'OIDC_LOGIN',
    'error obtaining token',
  ],
  [
    'an issuer without the flow',
    { discovery: ({ device_authorization_endpoint: _, ...document }) => document },
    'OIDC_ISSUER',
    'device authorization endpoint not returned by provider',
  ],
  [
    'an issuer that does not advertise S256',
    { discovery: (document) => ({ ...document, code_challenge_methods_supported: ['plain'] }) },
    'OIDC_PKCE',
    "PKCE is not supported by OIDC provider 'ISSUER/auth'",
  ],
  [
    'an answer without a device code',
    { device: ({ device_code: _, ...answer }) => answer },
    'OIDC_TOKEN',
    '"response" body "device_code" property must be a string',
  ],
  ['no ID token', { tokens: ({ id_token: _, ...tokens }) => tokens }, 'OIDC_TOKEN', 'id_token not present'],
  [
    'a token for another client',
    { claims: (claims) => ({ ...claims, aud: 'another' }) },
    'OIDC_TOKEN',
    'unexpected aud of the identity token, expected "sigstore" got "another"',
  ],
  ['a token that somebody altered', { idToken: (token) => token.replace(/.{10}$/, 'AAAAAAAAAA') }, 'OIDC_TOKEN', 'JWT signature verification failed'],
  [
    'another access token',
    { claims: (claims) => ({ ...claims, at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }) },
    'OIDC_TOKEN',
    'access token hash does not match value in ID token',
  ],
])('refuses %s', async (_, behaviour, code, message) => {
  const { issuer, log } = await scene(behaviour);
  const error = await refused(log());
  expect(error).toMatchObject({ code, message: message.replaceAll('ISSUER', issuer.url) });
  for (const secret of ['the device code', ACCESS_TOKEN, issuer.forms[1]?.['code_verifier'] ?? ACCESS_TOKEN]) expect(error.message).not.toContain(secret);
});

async function refused(login: Promise<IdentityToken>) {
  const error = await login.then(
    () => new Error('accepted'),
    (caught: unknown) => caught,
  );
  if (!isTrustError(error)) throw error;
  return error;
}
