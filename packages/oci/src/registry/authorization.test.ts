import { utf8 } from '@assay/core';
import type { Credential, HttpClient, HttpResponse, RequestOptions } from '@assay/net';
import { type BearerAuth, type Lie, putImage, type RegistryOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { caught } from '../../../net/test/caught.ts';
import { type OpenOptions, openRegistry } from '../../test/open-registry.ts';
import { digestOf } from '../digest.ts';
import type { Descriptor } from '../manifest.ts';
import { sourceOf } from '../store.ts';
import { Authorization, type Scope } from './authorization.ts';

const USER = { username: 'someone', password: 'a secret:with a colon' };
const LOGIN: Credential = { kind: 'basic', ...USER };
const BASIC = `Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString('base64')}`;
const BLOB = utf8('a blob');

async function open(serve: RegistryOptions, options: OpenOptions = { credential: LOGIN }) {
  const opened = await openRegistry(serve, options);
  const image = putImage(opened.content, 'app', { tag: 'v1' }) as Descriptor;
  const blob = opened.content.putBlob('app', BLOB) as Descriptor;
  const tokens = () => opened.registry.requests.filter(({ path }) => path.startsWith('/token'));
  const push = (text = 'new', mountFrom?: string) =>
    opened.repository().putBlob({ mediaType: 'x', digest: digestOf(utf8(text)), size: text.length }, sourceOf(utf8(text)), mountFrom);
  return { ...opened, image, blob, client: opened.repository(), tokens, push };
}

const openBearer = (auth: Partial<BearerAuth> = {}, serve: RegistryOptions = {}, options?: OpenOptions) =>
  open({ ...serve, auth: { kind: 'bearer', ...USER, ...auth } }, options);

describe('basic', () => {
  test('the password is shown when it is asked for, and from then on', async () => {
    const { client, registry } = await open({ auth: { kind: 'basic', ...USER } });
    await client.requireManifest('v1');
    await client.requireManifest('v1');
    expect(registry.requests.map(({ status, headers }) => [status, headers.authorization])).toEqual([
      [401, undefined],
      [200, BASIC],
      [200, BASIC],
    ]);
  });

  test('is not shown where nobody asks for it', async () => {
    const { client, registry } = await open({});
    await client.requireManifest('v1');
    expect(registry.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test.each<[string, Credential | undefined, number]>([
    ['a wrong password is tried once', { ...LOGIN, password: 'wrong' }, 2],
    ['no login is no attempt', undefined, 1],
    ['a token that is no password is no attempt', { kind: 'identity-token', token: 'x' }, 1],
    ['a registry token is tried once', { kind: 'registry-token', token: 'x' }, 2],
  ])('%s', async (_, credential, requests) => {
    const { client, registry } = await open({ auth: { kind: 'basic', ...USER } }, { credential });
    expect((await caught(client.requireManifest('v1'))).code).toBe('OCI_UNAUTHORIZED');
    expect(registry.requests).toHaveLength(requests);
  });

  test('letters beyond ASCII are UTF-8', async () => {
    const other = { username: 'jürgen', password: 'pässwort' };
    const { client } = await open({ auth: { kind: 'basic', ...other } }, { credential: { kind: 'basic', ...other } });
    expect(await client.tags()).toEqual(['v1']);
  });
});

describe('bearer', () => {
  test('a token for what is needed is fetched once', async () => {
    const { client, registry, steps } = await openBearer();
    await client.requireManifest('v1');
    await client.tags();
    expect(steps()).toEqual(['GET app/manifests/v1', 'GET /token', 'GET app/manifests/v1', 'GET app/tags/list']);
    expect(registry.requests[1]).toMatchObject({ headers: { authorization: BASIC }, path: '/token?service=registry.test&scope=repository%3Aapp%3Apull' });
    expect(registry.requests[2]?.headers.authorization).toMatch(/^Bearer /);
  });

  test('a token for pulling is not one for pushing', async () => {
    const { client, tokens, push } = await openBearer();
    await client.tags();
    await push();
    await push('another');
    await client.tags();
    expect(tokens().map(({ path }) => new URL(path, 'http://x').searchParams.get('scope'))).toEqual(['repository:app:pull', 'repository:app:pull,push']);
  });

  test('requests at once wait for one token', async () => {
    const { client, tokens } = await openBearer();
    await Promise.all([client.tags(), client.requireManifest('v1'), client.tags()]);
    expect(tokens()).toHaveLength(1);
  });

  test('a refusal that requests at once have met is not kept', async () => {
    const { client } = await openBearer({}, { lies: [{ lie: 'status', status: 403, on: { path: /^\/token/, times: 1 } }] });
    await Promise.allSettled([client.tags(), client.tags()]);
    expect(await client.tags()).toEqual(['v1']);
  });

  test('a mount asks for both repositories', async () => {
    const { content, tokens, push, steps } = await openBearer();
    content.putBlob('base/image', utf8('mounted'));
    await push('mounted', 'base/image');
    expect(tokens().map(({ path }) => new URL(path, 'http://x').searchParams.getAll('scope'))).toEqual([
      ['repository:app:pull,push', 'repository:base/image:pull'],
    ]);
    expect(steps()).toEqual(['POST app/blobs/uploads/', 'GET /token', 'POST app/blobs/uploads/']);
  });

  test('deleting asks for the right to delete', async () => {
    const { client, tokens } = await openBearer();
    await client.deleteManifest('v1');
    expect(new URL(tokens()[0]?.path ?? '', 'http://x').searchParams.get('scope')).toBe('repository:app:pull,push,delete');
  });

  test('nobody reads what anybody may read, with a token of nobody', async () => {
    const { client, tokens } = await openBearer({ anonymousPull: true }, {}, {});
    expect(await client.tags()).toEqual(['v1']);
    expect(tokens()[0]?.headers.authorization).toBeUndefined();
  });

  test('nobody writes what anybody may read', async () => {
    const { push } = await openBearer({ anonymousPull: true }, {}, {});
    expect((await caught(push())).code).toBe('OCI_UNAUTHORIZED');
  });

  test('an identity token is exchanged, and goes nowhere else', async () => {
    const { client, registry, tokens } = await openBearer({ identityToken: 'from-login' }, {}, { credential: { kind: 'identity-token', token: 'from-login' } });
    expect(await client.tags()).toEqual(['v1']);
    expect(tokens().map(({ method, path, headers, form }) => [method, path, headers.authorization, Object.fromEntries(form ?? [])])).toEqual([
      [
        'POST',
        '/token',
        undefined,
        { grant_type: 'refresh_token', service: 'registry.test', client_id: 'assay', refresh_token: 'from-login', scope: 'repository:app:pull' },
      ],
    ]);
    expect(registry.requests.filter(({ path, headers }) => `${path} ${headers.authorization}`.includes('from-login'))).toEqual([]);
  });

  test('a registry token is used as it is', async () => {
    const { client, registry, tokens } = await openBearer({}, {}, { credential: { kind: 'registry-token', token: 'given' } });
    expect((await caught(client.tags())).code).toBe('OCI_UNAUTHORIZED');
    expect(registry.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, 'Bearer given']);
    expect(tokens()).toEqual([]);
  });

  test.each(['token', 'access_token'] as const)('the token may be called %s', async (tokenField) => {
    const { client } = await openBearer({ tokenField });
    expect(await client.tags()).toEqual(['v1']);
  });

  test('the token service may be on another port of the registry, and then gets the password there', async () => {
    const { client, registry } = await openBearer({ tokenServer: 'own-port' });
    expect(await client.tags()).toEqual(['v1']);
    expect(registry.requests.filter(({ headers }) => headers.authorization === BASIC).map(({ path }) => path.split('?')[0])).toEqual(['/token']);
  });

  test('the keychain is asked once, however many requests there are', async () => {
    const asked: string[] = [];
    const credentialsFor = async (host: string): Promise<Credential> => {
      asked.push(host);
      return LOGIN;
    };
    const { client, host, push } = await openBearer({}, {}, { keychain: { credentialsFor } });
    await Promise.all([client.tags(), client.tags(), push()]);
    expect(asked).toEqual([host]);
  });

  test('a keychain that fails is an error, never an anonymous request', async () => {
    const keychain = { credentialsFor: () => Promise.reject(new Error('the helper broke')) };
    const { client } = await openBearer({ anonymousPull: true }, {}, { keychain });
    await expect(client.tags()).rejects.toThrow('the helper broke');
  });
});

describe('a token that ends', () => {
  test('with its time is replaced shortly before', async () => {
    let now = 0;
    const { client, tokens, registry } = await openBearer({ expiresInSeconds: 100 }, { now: () => now }, { credential: LOGIN, now: () => now });
    await client.tags();
    now = 89_999;
    await client.tags();
    expect(tokens()).toHaveLength(1);
    now = 90_000;
    await client.tags();
    expect(tokens()).toHaveLength(2);
    expect(registry.requests.filter(({ status }) => status === 401)).toHaveLength(1);
  });

  test('before its time is replaced when it is refused', async () => {
    const { client, tokens } = await openBearer({ requestsPerToken: 2 });
    for (let i = 0; i < 6; i += 1) expect(await client.tags()).toEqual(['v1']);
    expect(tokens()).toHaveLength(3);
  });

  test('in the middle of an upload is replaced there', async () => {
    const { push, content } = await openBearer({ requestsPerToken: 1 });
    await push();
    expect(content.getBlob('app', digestOf(utf8('new')))).toEqual(Buffer.from('new'));
  });

  test.each([
    ['the registry knows first', false],
    ['we know first', true],
  ])('for many requests at once is fetched once: %s', async (_, known) => {
    let now = 0;
    const { client, blob, tokens } = await openBearer({ expiresInSeconds: 100 }, { now: () => now }, { credential: LOGIN, now: () => (known ? now : 0) });
    const readAll = () => Promise.all(Array.from({ length: 8 }, () => client.readBlob(blob, 100)));
    await readAll();
    expect(tokens()).toHaveLength(1);
    now = 200_000;
    await readAll();
    expect(tokens()).toHaveLength(2);
  });

  test('and is never given again is a refusal, not a loop', async () => {
    const { client, tokens } = await openBearer({ requestsPerToken: 0 });
    expect((await caught(client.tags())).code).toBe('OCI_UNAUTHORIZED');
    expect(tokens()).toHaveLength(1);
  });

  test('since it lives for no time is fetched each time', async () => {
    const { client, tokens } = await openBearer(
      {},
      { lies: [{ lie: 'other-bytes', bytes: utf8('{"token":"x","expires_in":0.001}'), on: { path: /^\/token/ } }] },
    );
    expect((await caught(client.tags())).code).toBe('OCI_UNAUTHORIZED');
    expect(tokens()).toHaveLength(1);
  });
});

describe('a token service', () => {
  const on = { path: /^\/token/ };
  const saying = (json: string): Lie => ({ lie: 'other-bytes', bytes: utf8(json), on });

  test.each<[string, Lie, string]>([
    ['that refuses the login', { lie: 'status', status: 401, on }, 'OCI_UNAUTHORIZED'],
    ['that denies', { lie: 'status', status: 403, on }, 'OCI_UNAUTHORIZED'],
    ['that is not there', { lie: 'status', status: 404, on }, 'OCI_AUTH'],
    ['that has had enough', { lie: 'status', status: 429, on }, 'OCI_RATE_LIMITED'],
    ['that is broken', { lie: 'status', status: 500, on }, 'OCI_AUTH'],
    ['that answers nothing', { lie: 'reset', on }, 'NET_UNREACHABLE'],
    ['that answers half', { lie: 'truncated', on }, 'NET_UNREACHABLE'],
    ['without an end', { lie: 'endless', on }, 'NET_TOO_LARGE'],
    ['that answers no JSON', { lie: 'malformed-json', on }, 'OCI_AUTH'],
    ['that nests', { lie: 'deep-json', on }, 'OCI_AUTH'],
    ['that leads in circles', { lie: 'redirect-loop', on }, 'NET_REDIRECT'],
    ['that answers a list', saying('[]'), 'OCI_AUTH'],
    ['that answers null', saying('null'), 'OCI_AUTH'],
    ['that gives no token', saying('{"expires_in":300}'), 'OCI_AUTH'],
    ['that gives an empty token', saying('{"token":""}'), 'OCI_AUTH'],
    ['that gives a number', saying('{"token":1}'), 'OCI_AUTH'],
    ['that gives a token with a line break', saying('{"token":"a\\r\\nX-Evil: 1"}'), 'OCI_AUTH'],
    ['that gives a token with a space', saying('{"token":"a b"}'), 'OCI_AUTH'],
    ['that gives two tokens', saying('{"token":"a","token":"b"}'), 'OCI_AUTH'],
    ['that gives a token of nobody', saying('{"token":"x"}'), 'OCI_UNAUTHORIZED'],
  ])('%s', async (_, lie, code) => {
    const { client } = await openBearer({}, { lies: [lie] });
    const error = await caught(client.tags());
    expect(error.code).toBe(code);
    expect(error.message).not.toContain(USER.password);
  });

  test('that is broken once is asked again', async () => {
    const { client } = await openBearer({}, { lies: [{ lie: 'status', status: 500, on: { ...on, times: 1 } }] });
    expect(await client.tags()).toEqual(['v1']);
  });

  test.each([404, 405] as const)('that knows no POST (%i) cannot exchange an identity token', async (tokenPost) => {
    const { client } = await openBearer({ tokenPost, identityToken: 'x' }, {}, { credential: { kind: 'identity-token', token: 'x' } });
    expect((await caught(client.tags())).code).toBe('OCI_AUTH');
  });

  test('that gives no token for wrong credentials is asked once', async () => {
    const { client, tokens } = await openBearer({}, {}, { credential: { ...LOGIN, password: 'wrong' } });
    expect((await caught(client.tags())).code).toBe('OCI_UNAUTHORIZED');
    expect(tokens()).toHaveLength(1);
  });
});

describe('a challenge', () => {
  test.each([
    ['that is not understood', { header: 'Negotiate' }, 'OCI_AUTH'],
    ['that is malformed', { header: 'Bearer realm="unclosed' }, 'OCI_AUTH'],
    ['that is empty', { header: '' }, 'OCI_AUTH'],
    ['with control characters', { header: 'Digest \u0085\u009b2J' }, 'OCI_AUTH'],
    ['without a realm', { header: 'Bearer service="x"' }, 'OCI_AUTH'],
    ['whose realm is no URL', { realm: 'token' }, 'OCI_AUTH'],
    ['whose realm is empty', { realm: '' }, 'OCI_AUTH'],
    ['whose realm is a file', { realm: 'file:///etc/passwd' }, 'OCI_AUTH'],
    ['whose realm is FTP', { realm: 'ftp://127.0.0.1/token' }, 'OCI_AUTH'],
    ['whose realm is a script', { realm: 'javascript:alert(1)' }, 'OCI_AUTH'],
    ['whose realm nobody serves', { realm: 'http://127.0.0.1:1/token' }, 'NET_UNREACHABLE'],
  ])('%s', async (_, how, code) => {
    const { client } = await open({ lies: [{ lie: 'challenge', ...how }] });
    const error = await caught(client.tags());
    expect(error.code).toBe(code);
    expect(`${error.message}${error.found}`).not.toMatch(/\p{C}/u);
  });

  test('that is missing is a refusal', async () => {
    const { client } = await open({ lies: [{ lie: 'status', status: 401 }] });
    expect((await caught(client.tags())).code).toBe('OCI_UNAUTHORIZED');
  });

  test('for Basic among others is answered', async () => {
    const { client, registry } = await open({ lies: [{ lie: 'challenge', header: ['Negotiate', 'Basic realm="x"'] }] });
    expect(await client.tags()).toEqual(['v1']);
    expect(registry.requests.at(-1)?.headers.authorization).toBe(BASIC);
  });
});

/** What would go over the wire, without one. */
async function asked(base: string, realm: string, credential: Credential, actions: Scope['actions'] = ['pull']) {
  const requests: { url: string; options: RequestOptions | undefined }[] = [];
  const request = async (url: string | URL, options?: RequestOptions): Promise<HttpResponse> => {
    requests.push({ url: String(url), options });
    return { status: 200, headers: {}, url: String(url), body: utf8('{"token":"t"}') };
  };
  const http = { request } as Partial<HttpClient> as HttpClient;
  const authorization = new Authorization({ http, base: new URL(base), credential: async () => credential, signal: undefined, now: () => 0 });
  const answering = authorization.answer({ scheme: 'bearer', realm, service: 's' }, [{ repository: 'app', actions }], undefined);
  return { answering, requests };
}

describe('the password for a registry', () => {
  const ROWS: readonly (readonly [string, string, 'sent' | 'kept' | 'refused'])[] = [
    ['https://ghcr.io/', 'https://ghcr.io/token', 'sent'],
    ['https://ghcr.io/', 'https://ghcr.io:8443/token', 'sent'],
    ['https://registry-1.docker.io/', 'https://auth.docker.io/token', 'sent'],
    ['https://registry.gitlab.com/', 'https://gitlab.com/jwt/auth', 'sent'],
    ['https://quay.io/', 'https://auth.quay.io/v2/auth', 'sent'],
    ['https://registry.example.com:5050/', 'https://gitlab.example.com/jwt/auth', 'sent'],
    ['https://ghcr.io/', 'https://ghcr.io.evil.example/token', 'kept'],
    ['https://ghcr.io/', 'https://evil.io/token', 'kept'],
    ['https://ghcr.io/', 'https://xghcr.io/token', 'kept'],
    ['https://ghcr.io/', 'https://io/token', 'kept'],
    ['https://lscr.io/', 'https://ghcr.io/token', 'kept'],
    ['https://registry.example.com/', 'https://example.net/token', 'kept'],
    ['https://registry/', 'https://auth/token', 'kept'],
    ['https://10.0.0.1/', 'https://10.0.0.2/token', 'kept'],
    ['https://10.0.0.1/', 'https://1.0.0.1/token', 'kept'],
    ['https://[fd00::1]/', 'https://[fd00::2]/token', 'kept'],
    ['http://localhost:5000/', 'http://127.0.0.1:5000/token', 'kept'],
    ['http://localhost:5000/', 'http://localhost:5001/token', 'sent'],
    ['https://ghcr.io/', 'http://ghcr.io/token', 'refused'],
    ['https://ghcr.io/', 'http://localhost/token', 'refused'],
    ['http://localhost:5000/', 'https://localhost/token', 'sent'],
    ['https://ghcr.io/', 'https://user:x@ghcr.io/token', 'sent'],
  ];

  test.each(ROWS)('%s, whose token service is %s: %s', async (base, realm, expected) => {
    const { answering, requests } = await asked(base, realm, LOGIN);
    if (expected === 'refused') expect((await caught(answering)).code).toBe('OCI_AUTH');
    else expect(await answering).toBe('Bearer t');
    expect(requests.map(({ options }) => options?.headers?.['authorization'])).toEqual(expected === 'refused' ? [] : [expected === 'sent' ? BASIC : undefined]);
  });

  test.each(ROWS)('and its identity token: %s, %s: %s', async (base, realm, expected) => {
    const { answering, requests } = await asked(base, realm, { kind: 'identity-token', token: 'refresh' });
    if (expected === 'refused') expect((await caught(answering)).code).toBe('OCI_AUTH');
    else expect(await answering).toBe('Bearer t');
    expect(requests.map(({ options }) => options?.method)).toEqual(expected === 'refused' ? [] : [expected === 'sent' ? 'POST' : undefined]);
    expect(requests.filter(({ url }) => url.includes('refresh'))).toEqual([]);
  });

  test.each(ROWS.filter(([, , expected]) => expected === 'kept'))('is not given to write either, and that is said: %s, %s', async (base, realm) => {
    const { answering, requests } = await asked(base, realm, LOGIN, ['pull', 'push']);
    const error = await caught(answering);
    expect([error.code, error.found, requests]).toEqual(['OCI_AUTH', new URL(realm).host, []]);
    expect(error.message).not.toContain(USER.password);
  });
});
