import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { newKey, openIssuer } from '../../test/login-page-issuer.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { openDisk } from '../store/disk.ts';
import { openOidc } from './oidc.ts';

describe('discovery', () => {
  test('says what clients ask for', async () => {
    const { baseUrl, get } = await openIssuer();
    expect(await (await get('/.well-known/openid-configuration')).json()).toMatchObject({
      issuer: baseUrl,
      authorization_endpoint: `${baseUrl}/auth`,
      token_endpoint: `${baseUrl}/token`,
      device_authorization_endpoint: `${baseUrl}/device/code`,
      jwks_uri: `${baseUrl}/keys`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      id_token_signing_alg_values_supported: ['RS256'],
    });
  });

  test.each(['github', 'gitlab', 'spiffe'])('of %s is its own', async (kind) => {
    const { baseUrl, get, key } = await openIssuer();
    const answer = await (await get(`/${kind}/.well-known/openid-configuration`)).json();
    expect(answer).toMatchObject({ issuer: `${baseUrl}/${kind}`, jwks_uri: `${baseUrl}/${kind}/keys` });
    expect(answer).not.toHaveProperty('authorization_endpoint');
    expect(await (await get(`/${kind}/keys`)).json()).toEqual({ keys: [key.publicJwk] });
  });

  test('publishes retired keys too, and signs with the first', async () => {
    const [active, retired] = [await newKey(), await newKey()];
    const context = { disk: openDisk(temporaryFolder()), clock: () => new Date(), baseUrl: 'http://127.0.0.1:4100/oidc', log: pino({ level: 'silent' }) };
    const service = await openOidc({ ...context, keys: [active, retired] });
    expect(service.publishedKeys.keys.map(({ kid }) => kid)).toEqual([active.keyId, retired.keyId]);
    await expect(openOidc({ ...context, keys: [] })).rejects.toThrow(TypeError);
  });
});

describe('endpoints for programs', () => {
  const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
  test.each<[string, string, RequestInit, number]>([
    ['GET on the token endpoint', '/token', {}, 405],
    ['PUT on the token endpoint', '/token', { method: 'PUT', body: 'x' }, 405],
    ['GET on the device endpoint', '/device/code', {}, 405],
    ['POST where a job asks for a token', '/github/token', { method: 'POST', body: '' }, 405],
    ['JSON at the token endpoint', '/token', { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } }, 415],
    ['a multipart form at the token endpoint', '/token', { method: 'POST', body: new FormData() }, 415],
    ['no content type', '/token', { method: 'POST', body: utf8Body('grant_type=x') }, 415],
    ['a type that begins like the right one', '/token', { method: 'POST', body: 'x', headers: { 'Content-Type': 'application/x-www-form-urlencodedx' } }, 415],
    ['a body over the cap', '/token', { method: 'POST', body: `x=${'y'.repeat(64 * 1024)}`, headers: FORM }, 413],
    ['a body over the cap at the device endpoint', '/device/code', { method: 'POST', body: 'x'.repeat(65_537), headers: FORM }, 413],
    ['a body that is not UTF-8', '/token', { method: 'POST', body: new Uint8Array([0xff, 0xfe]), headers: FORM }, 400],
  ])('refuse %s', async (_, path, init, status) => {
    const issuer = await openIssuer();
    const answer = await issuer.fetch(new Request(issuer.baseUrl + path, init));
    expect([answer.status, await answer.json()]).toMatchObject([status, { error: 'invalid_request', error_description: expect.any(String) }]);
    if (status === 405) expect(answer.headers.get('Allow')).toBe(path === '/github/token' ? 'GET' : 'POST');
  });

  test('accept a content type with parameters', async () => {
    const issuer = await openIssuer();
    const answer = await issuer.post(
      '/device/code',
      { client_id: 'sigstore', scope: 'openid' },
      { 'Content-Type': 'Application/X-WWW-Form-Urlencoded; charset=UTF-8' },
    );
    expect(answer.status).toBe(200);
  });
});

/** Without a content type: `fetch` would add one to text. */
function utf8Body(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
