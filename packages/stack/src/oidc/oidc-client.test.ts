/** The whole flows, asked by a protocol library of somebody else's, which checks every answer by the book. */
import * as client from 'openid-client';
import { describe, expect, test } from 'vitest';
import { fieldsOf, openIssuer, type TestIssuer } from '../../test/login-page-issuer.ts';

const REDIRECT = 'http://localhost:43117/auth/callback';

async function discover(issuer: TestIssuer, authentication = client.None()): Promise<client.Configuration> {
  const config = await client.discovery(new URL(issuer.baseUrl), 'sigstore', undefined, authentication, {
    execute: [client.allowInsecureRequests],
    [client.customFetch]: (url, options) => issuer.fetch(new Request(url, options as RequestInit)),
  });
  client.enableNonRepudiationChecks(config);
  return config;
}

async function logIn(issuer: TestIssuer, url: URL): Promise<Response> {
  const page = await issuer.fetch(new Request(url));
  expect(page.status).toBe(200);
  return issuer.send('/login', { ...fieldsOf(await page.text()), email: 'jane@example.com' });
}

describe('openid-client', () => {
  test('gets a token by the authorization code flow', async () => {
    const issuer = await openIssuer();
    const config = await discover(issuer);
    expect(config.serverMetadata().supportsPKCE()).toBe(true);
    const [verifier, expectedState, expectedNonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()];
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT,
      scope: 'openid email',
      state: expectedState,
      nonce: expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    const answer = await logIn(issuer, url);
    expect(answer.status).toBe(303);
    const location = new URL(answer.headers.get('Location') ?? '');
    expect(location.origin + location.pathname).toBe(REDIRECT);

    const tokens = await client.authorizationCodeGrant(config, location, { pkceCodeVerifier: verifier, expectedState, expectedNonce, idTokenExpected: true });
    expect(tokens.claims()).toMatchObject({ email: 'jane@example.com', email_verified: true, nonce: expectedNonce });
    expect(tokens.access_token).toBe(tokens.id_token);
    expect(tokens.claims()).not.toHaveProperty('at_hash');
    expect(await issuer.verify(tokens.id_token ?? '')).toMatchObject({ iss: issuer.baseUrl, aud: 'sigstore' });
    expect(issuer.service.stats?.()).toEqual({ tokens_issued: 1, logins_refused: 0 });
  });

  test('gets a token by the device flow, after having asked in vain', async () => {
    const issuer = await openIssuer();
    const config = await discover(issuer);
    const verifier = client.randomPKCECodeVerifier();
    const challenge = { code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' };
    const device = await client.initiateDeviceAuthorization(config, { scope: 'openid email', ...challenge });
    expect(device).toMatchObject({ interval: 2, expires_in: 600, verification_uri: `${issuer.baseUrl}/device` });

    const ask = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: device.device_code, code_verifier: verifier };
    expect(await (await issuer.post('/token', ask)).json()).toMatchObject({ error: 'authorization_pending' });
    const page = await issuer.fetch(new Request(device.verification_uri_complete ?? ''));
    const fields = fieldsOf(await page.text());
    expect(fields['user_code']).toBe(device.user_code);
    expect((await issuer.send('/device', { ...fields, email: 'jane@example.com', decision: 'allow' })).status).toBe(200);

    const tokens = await client.pollDeviceAuthorizationGrant(config, { ...device, interval: 0.001 }, { code_verifier: verifier });
    expect(tokens.claims()).toMatchObject({ email: 'jane@example.com', aud: 'sigstore' });
    expect(tokens.access_token).toBe(tokens.id_token);
  });

  test('learns that the person denied', async () => {
    const issuer = await openIssuer();
    const config = await discover(issuer);
    const device = await client.initiateDeviceAuthorization(config, { scope: 'openid email' });
    const fields = fieldsOf(await (await issuer.get('/device')).text());
    await issuer.send('/device', { ...fields, user_code: device.user_code, decision: 'deny' });
    await expect(client.pollDeviceAuthorizationGrant(config, { ...device, interval: 0.001 })).rejects.toMatchObject({ error: 'access_denied' });
    expect(issuer.service.stats?.()).toMatchObject({ tokens_issued: 0 });
  });

  test('is told at the redirect what was wrong with its request', async () => {
    const issuer = await openIssuer();
    const config = await discover(issuer);
    const url = client.buildAuthorizationUrl(config, { redirect_uri: REDIRECT, scope: 'openid email', state: 's' });
    const answer = await issuer.fetch(new Request(url));
    const grant = client.authorizationCodeGrant(config, new URL(answer.headers.get('Location') ?? ''), { expectedState: 's' });
    await expect(grant).rejects.toMatchObject({ error: 'invalid_request', error_description: 'PKCE is required: code_challenge is missing' });
  });
});
