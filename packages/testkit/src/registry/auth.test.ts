/** Basic credentials, and tokens by every way that clients get them. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { type AskOptions, ask, codesOf } from './ask.ts';
import { type BearerAuth, putImage, type RegistryOptions, serveRegistry } from './index.ts';

const USER = { username: 'someone', password: 'a secret:with a colon' };
const BASIC = { Authorization: `Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString('base64')}` };
const WRONG = { Authorization: `Basic ${Buffer.from('someone:else').toString('base64')}` };

async function open(options: RegistryOptions) {
  const registry = await serveRegistry(options);
  onTestFinished(() => registry.close());
  putImage(registry.content, 'app', { tag: 'v1' });
  const at = (path: string, asked?: AskOptions) => ask(registry.url + path, asked);
  return { registry, at };
}

describe('basic', () => {
  test('challenges, refuses what is wrong, and lets the right one through', async () => {
    const { at } = await open({ auth: { kind: 'basic', ...USER } });
    for (const headers of [{}, WRONG, { Authorization: 'Bearer x' }]) {
      const answer = await at('/v2/', { headers });
      expect([answer.status, answer.headers['www-authenticate'], codesOf(answer)]).toEqual([401, 'Basic realm="registry"', ['UNAUTHORIZED']]);
    }
    expect(await at('/v2/', { headers: BASIC })).toMatchObject({ status: 200 });
    expect(await at('/v2/app/manifests/v1', { headers: BASIC })).toMatchObject({ status: 200 });
  });

  test('leaves reading to anyone, if so wanted', async () => {
    const { at } = await open({ auth: { kind: 'basic', ...USER, anonymousPull: true } });
    expect(await at('/v2/app/manifests/v1')).toMatchObject({ status: 200 });
    expect(await at('/v2/app/blobs/uploads/', { method: 'POST' })).toMatchObject({ status: 401 });
    expect(await at('/v2/')).toMatchObject({ status: 401 });
  });
});

describe('bearer', () => {
  interface TokenAnswer {
    token?: string;
    access_token?: string;
    refresh_token?: string;
    scope?: string;
    expires_in?: number;
  }

  async function withTokens(auth: Partial<BearerAuth> = {}, options: RegistryOptions = {}) {
    const scene = await open({ ...options, auth: { kind: 'bearer', ...USER, ...auth } });
    const { tokenUrl } = scene.registry;
    const get = async (query: string, headers: Record<string, string> = BASIC) => {
      const answer = await ask(`${tokenUrl}?service=registry.test${query}`, { headers });
      return { status: answer.status, ...(JSON.parse(answer.text) as TokenAnswer) };
    };
    const post = async (fields: Record<string, string>) => {
      const body = new URLSearchParams({ service: 'registry.test', client_id: 'test', ...fields }).toString();
      const answer = await ask(tokenUrl, { method: 'POST', body, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
      return { status: answer.status, ...(answer.text === '' ? {} : (JSON.parse(answer.text) as TokenAnswer)) };
    };
    const use = (token: string | undefined, path: string, method = 'GET') => scene.at(path, { method, headers: { Authorization: `Bearer ${token}` } });
    return { ...scene, get, post, use };
  }

  const PULL = '&scope=repository:app:pull';
  const MANIFEST = '/v2/app/manifests/v1';

  test.each([
    ['GET', '/v2/', ''],
    ['GET', MANIFEST, ',scope="repository:app:pull"'],
    ['PUT', MANIFEST, ',scope="repository:app:pull,push"'],
    ['DELETE', MANIFEST, ',scope="repository:app:delete"'],
    ['POST', '/v2/app/blobs/uploads/?mount=x&from=base', ',scope="repository:app:pull,push repository:base:pull"'],
  ])('%s %s: the challenge names realm, service and what is needed', async (method, path, scope) => {
    const { at, registry } = await withTokens();
    const answer = await at(path, { method });
    expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': `Bearer realm="${registry.url}/token",service="registry.test"${scope}` } });
    expect(codesOf(answer)).toEqual(['UNAUTHORIZED']);
  });

  test('a token for what was asked is good for that, and no more', async () => {
    const { get, use } = await withTokens();
    const { token, access_token, expires_in } = await get(PULL);
    expect([access_token, expires_in]).toEqual([token, 300]);
    expect(await use(token, MANIFEST)).toMatchObject({ status: 200 });
    expect(await use(token, '/v2/')).toMatchObject({ status: 200 });
    const refused = await use(token, '/v2/app/blobs/uploads/', 'POST');
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([
      401,
      expect.stringMatching(/,scope="repository:app:pull,push",error="insufficient_scope"$/),
    ]);
    const other = await use(token, '/v2/other/manifests/v1');
    expect(other.headers['www-authenticate']).toMatch(/error="insufficient_scope"/);
  });

  test.each([
    ['with scope twice', '&scope=repository:app:pull&scope=repository:base:pull,push'],
    ['with one scope of two', '&scope=repository:app:pull%20repository:base:pull,push'],
  ])('several scopes, asked %s', async (_, query) => {
    const { get, use } = await withTokens();
    const { token } = await get(query);
    expect(await use(token, MANIFEST)).toMatchObject({ status: 200 });
    expect(await use(token, '/v2/base/blobs/uploads/', 'POST')).toMatchObject({ status: 202 });
  });

  test('nobody and the wrong password get none; nor does another service', async () => {
    const { get, registry } = await withTokens();
    expect(await get(PULL, {})).toMatchObject({ status: 401 });
    expect(await get(PULL, WRONG)).toMatchObject({ status: 401 });
    expect(await ask(`${registry.tokenUrl}?service=other${PULL}`, { headers: BASIC })).toMatchObject({ status: 400 });
  });

  test('nobody may read where anyone may, but not write', async () => {
    const { get, use } = await withTokens({ anonymousPull: true });
    const { token } = await get('&scope=repository:app:pull,push', {});
    expect(await use(token, MANIFEST)).toMatchObject({ status: 200 });
    expect(await use(token, '/v2/app/blobs/uploads/', 'POST')).toMatchObject({ status: 401 });
  });

  test('a token ends with its time', async () => {
    let now = Date.parse('2026-08-25T00:00:00Z');
    const { get, use } = await withTokens({ expiresInSeconds: 60 }, { now: () => now });
    const { token } = await get(PULL);
    now += 59_999;
    expect(await use(token, MANIFEST)).toMatchObject({ status: 200 });
    now += 1;
    const late = await use(token, MANIFEST);
    expect([late.status, late.headers['www-authenticate']]).toEqual([401, expect.stringMatching(/,error="invalid_token"$/)]);
  });

  test('a token ends after its requests', async () => {
    const { get, use } = await withTokens({ requestsPerToken: 2 });
    const { token } = await get(PULL);
    const statuses = [await use(token, MANIFEST), await use(token, MANIFEST), await use(token, MANIFEST)].map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 401]);
  });

  test('a password gets a refresh token, which gets tokens', async () => {
    const { post, use } = await withTokens();
    const first = await post({ grant_type: 'password', ...USER, access_type: 'offline' });
    expect(first).toMatchObject({ status: 200, refresh_token: expect.any(String), scope: '' });
    const second = await post({ grant_type: 'refresh_token', refresh_token: first.refresh_token ?? '', scope: 'repository:app:pull' });
    expect(second).toMatchObject({ status: 200, refresh_token: first.refresh_token, scope: 'repository:app:pull' });
    expect(await use(second.access_token, MANIFEST)).toMatchObject({ status: 200 });
    expect((await post({ grant_type: 'password', ...USER })).refresh_token).toBeUndefined();
  });

  test('GET gives a refresh token to those who ask', async () => {
    const { get, post } = await withTokens();
    const { refresh_token = '' } = await get(`${PULL}&offline_token=true`);
    expect(await post({ grant_type: 'refresh_token', refresh_token })).toMatchObject({ status: 200 });
    expect((await get(PULL)).refresh_token).toBeUndefined();
  });

  test('an identity token is a refresh token; an unknown one is refused', async () => {
    const { post } = await withTokens({ identityToken: 'from-login' });
    expect(await post({ grant_type: 'refresh_token', refresh_token: 'from-login' })).toMatchObject({ status: 200 });
    expect(await post({ grant_type: 'refresh_token', refresh_token: 'other' })).toMatchObject({ status: 401 });
    expect(await post({ grant_type: 'password', username: 'someone', password: 'else' })).toMatchObject({ status: 401 });
    expect(await post({ grant_type: 'client_credentials' })).toMatchObject({ status: 400 });
  });

  test.each([404, 405] as const)('POST is answered %i by servers that know only GET', async (tokenPost) => {
    const { post, get } = await withTokens({ tokenPost });
    expect(await post({ grant_type: 'password', ...USER })).toEqual({ status: tokenPost });
    expect(await get(PULL)).toMatchObject({ status: 200 });
  });

  test.each(['token', 'access_token'] as const)('the token may be in %s only', async (tokenField) => {
    const { get } = await withTokens({ tokenField });
    const answer = await get(PULL);
    expect(['token', 'access_token'].filter((name) => name in answer)).toEqual([tokenField]);
  });

  test('the token endpoint may be on a port of its own, and nothing else is there', async () => {
    const { registry, at, get, use } = await withTokens({ tokenServer: 'own-port' });
    const { origin } = new URL(registry.tokenUrl);
    expect(origin).not.toBe(registry.url);
    expect((await at('/v2/')).headers['www-authenticate']).toContain(`realm="${origin}/token"`);
    expect(await use((await get(PULL)).token, MANIFEST)).toMatchObject({ status: 200 });
    expect(await at('/token', { headers: BASIC })).toMatchObject({ status: 404 });
    expect(await ask(`${origin}/v2/`, { headers: BASIC })).toMatchObject({ status: 404 });
  });

  test('what was posted is recorded', async () => {
    const { registry, post } = await withTokens();
    await post({ grant_type: 'password', ...USER });
    expect(registry.requests.at(-1)?.form?.get('password')).toBe(USER.password);
  });
});
