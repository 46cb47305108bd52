import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHttpClient } from '@assay/net';
import { describe, expect, test } from 'vitest';
import { NOW } from '../../test/fake-issuer.ts';
import { refusal, scratchFolder } from '../../test/key-context.ts';
import { served } from '../../test/services.ts';
import { type ContextForTest, tokenContext, unsignedToken } from '../../test/token-context.ts';
import { field, svids, workloadApi } from '../../test/workload-api.ts';
import { type AmbientProviderName, ambientProviderNames, ambientToken } from './ambient.ts';
import type { Places, TokenContext } from './token-context.ts';

const NAMES: readonly AmbientProviderName[] = [
  'envvar',
  'github-actions',
  'filesystem',
  'spiffe',
  'buildkite-agent',
  'google-workload-identity',
  'google-impersonate',
];

/** A machine on which each of `names` is there and gives a token whose subject is its name, but for those that are broken. */
async function machine(names: readonly AmbientProviderName[], broken: readonly AmbientProviderName[] = []): Promise<ContextForTest> {
  const tokenOf = (name: AmbientProviderName): string => (broken.includes(name) ? '' : unsignedToken({ sub: name }));
  const has = (name: AmbientProviderName): boolean => names.includes(name) && !broken.includes(name);
  const { url, http } = await served(async ({ url: asked }) => {
    const { pathname } = new URL(asked);
    if (pathname === '/actions') return Response.json({ value: tokenOf('github-actions') });
    if (pathname === '/jobs/one/oidc/tokens') return Response.json({ token: tokenOf('buildkite-agent') });
    if (pathname.endsWith('/identity'))
      return has('google-workload-identity') ? new Response(tokenOf('google-workload-identity')) : new Response('', { status: 404 });
    if (pathname.endsWith('/token')) return Response.json({ access_token: 'access' });
    return Response.json({ token: tokenOf('google-impersonate') });
  });
  const folder = scratchFolder();
  const parts: Record<AmbientProviderName, () => Promise<Partial<TokenContext>> | Partial<TokenContext>> = {
    envvar: () => ({ environment: { SIGSTORE_ID_TOKEN: tokenOf('envvar') } }),
    'github-actions': () => ({ environment: { ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request', ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/actions?a=1` } }),
    filesystem: () => {
      if (broken.includes('filesystem')) mkdirSync(join(folder, 'token'));
      else writeFileSync(join(folder, 'token'), `${tokenOf('filesystem')}\n`);
      return { places: { tokenFile: join(folder, 'token') } };
    },
    spiffe: async () => ({ environment: { SPIFFE_ENDPOINT_SOCKET: (await workloadApi({ message: svids(tokenOf('spiffe')) })).socketPath } }),
    'buildkite-agent': () => ({ environment: { BUILDKITE_AGENT_ACCESS_TOKEN: 'agent', BUILDKITE_AGENT_ENDPOINT: url, BUILDKITE_JOB_ID: 'one' } }),
    'google-workload-identity': () => ({ environment: { GCE_METADATA_HOST: new URL(url).host } }),
    'google-impersonate': () => ({
      environment: { GOOGLE_SERVICE_ACCOUNT_NAME: 'other@example', GCE_METADATA_HOST: new URL(url).host },
      places: { googleIam: url },
    }),
  };
  const made = await Promise.all(names.map((name) => parts[name]()));
  return tokenContext({
    http,
    environment: Object.assign({}, ...made.map(({ environment }) => environment)),
    places: Object.assign({}, ...made.map(({ places }) => places)) as Partial<Places>,
  });
}

describe('which provider', () => {
  test('there are these, in this order', () => expect(ambientProviderNames()).toEqual(NAMES));

  test('none on a machine that has none', async () => expect(await ambientToken(tokenContext())).toBeUndefined());

  test.each(NAMES)('%s when it is the only one', async (name) => {
    expect((await ambientToken(await machine([name])))?.subject).toBe(name);
  });

  test.each(NAMES.slice(1).map((later, i) => [NAMES[i] as AmbientProviderName, later] as const))('%s before %s', async (first, later) => {
    expect((await ambientToken(await machine([later, first])))?.subject).toBe(first);
  });

  test.each(NAMES.slice(0, -1).map((name, i) => [name, NAMES[i + 1] as AmbientProviderName] as const))(
    '%s is passed over for %s when it fails',
    async (first, later) => {
      expect((await ambientToken(await machine([first, later], [first])))?.subject).toBe(later);
    },
  );

  test.each(NAMES)('%s by name, whatever else is there', async (name) => {
    expect((await ambientToken(await machine(NAMES), name))?.subject).toBe(name);
  });

  test('all problems are told when none gives a token', async () => {
    const context = await machine(['envvar', 'github-actions', 'buildkite-agent'], ['envvar', 'github-actions', 'buildkite-agent']);
    expect(await refusal(() => ambientToken(context))).toMatchObject({
      code: 'TOKEN_PROVIDER',
      message:
        'fetching ambient OIDC credentials: SIGSTORE_ID_TOKEN is empty; github-actions: the answer has no value; buildkite-agent: the answer has no token',
    });
  });

  test.each([
    ['nonsense', 'getting provider: nonsense is not a valid provider'],
    ['toString', 'getting provider: toString is not a valid provider'],
    ['a\nb', 'getting provider: a\\u000ab is not a valid provider'],
  ])('not %j', async (name, message) => {
    expect(await refusal(() => ambientToken(tokenContext(), name as AmbientProviderName))).toMatchObject({ code: 'TOKEN_PROVIDER_UNKNOWN', message });
  });

  test.each<[AmbientProviderName, string]>([
    ['envvar', 'SIGSTORE_ID_TOKEN is not set'],
    ['github-actions', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set'],
    ['filesystem', '/nowhere/at/all: no such file'],
    ['spiffe', '/nowhere/at/all: the connection failed (ENOENT)'],
    ['buildkite-agent', 'BUILDKITE_AGENT_ACCESS_TOKEN is not set'],
    ['google-impersonate', 'GOOGLE_SERVICE_ACCOUNT_NAME is not set'],
  ])('%s by name is an error where it is not', async (name, problem) => {
    expect(await refusal(() => ambientToken(tokenContext(), name))).toMatchObject({
      code: 'TOKEN_PROVIDER',
      message: `fetching ambient OIDC credentials: ${problem}`,
    });
  });

  test('a token that is no token is an error, and nobody else is asked', async () => {
    const context = await machine(['filesystem']);
    const environment = { SIGSTORE_ID_TOKEN: 'not a token' };
    expect(await refusal(() => ambientToken({ ...context, environment }))).toMatchObject({ code: 'TOKEN_PARSE' });
  });

  test('a token that has expired is an error', async () => {
    const environment = { SIGSTORE_ID_TOKEN: unsignedToken({ exp: NOW.getTime() / 1000 - 60 }) };
    expect(await refusal(() => ambientToken(tokenContext({ environment })))).toMatchObject({ code: 'TOKEN_EXPIRED' });
  });
});

describe('envvar', () => {
  test.each<[string, TokenContext['environment'], string]>([
    ['reads the variable of cosign and sigstore-js', { SIGSTORE_ID_TOKEN: unsignedToken({ sub: 'a' }) }, 'a'],
    ['reads the variable of sigstore-python', { SIGSTORE_IDENTITY_TOKEN: unsignedToken({ sub: 'b' }) }, 'b'],
    ['prefers the former', { SIGSTORE_IDENTITY_TOKEN: unsignedToken({ sub: 'b' }), SIGSTORE_ID_TOKEN: unsignedToken({ sub: 'a' }) }, 'a'],
  ])('%s', async (_, environment, subject) => {
    expect((await ambientToken(tokenContext({ environment })))?.subject).toBe(subject);
  });

  test('one that is set and empty is an error, not an absence', async () => {
    expect(await refusal(() => ambientToken(tokenContext({ environment: { SIGSTORE_ID_TOKEN: ' ' } })))).toMatchObject({
      message: 'fetching ambient OIDC credentials: SIGSTORE_ID_TOKEN is empty',
    });
  });
});

describe('filesystem', () => {
  test.each<[string, string | Uint8Array, string]>([
    ['a novel', 'x'.repeat(70_000), 'larger than the cap of 65536 bytes'],
    ['bytes', Uint8Array.of(0xff, 0xfe), 'not text'],
  ])('refuses %s', async (_, content, problem) => {
    const tokenFile = join(scratchFolder(), 'token');
    writeFileSync(tokenFile, content);
    expect(await refusal(() => ambientToken(tokenContext({ places: { tokenFile } })))).toMatchObject({
      code: 'TOKEN_PROVIDER',
      message: `fetching ambient OIDC credentials: ${tokenFile}: ${problem}`,
    });
  });
});

describe('github-actions', () => {
  const environmentFor = (url: string) => ({ ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request token', ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/token?a=b%20c` });

  test('asks for our audience, in the runner’s name', async () => {
    const seen: [string, string | null][] = [];
    const { url, http } = await served(async (request) => {
      seen.push([request.url, request.headers.get('authorization')]);
      return Response.json({ count: 1, value: unsignedToken() });
    });
    await ambientToken(tokenContext({ http, environment: environmentFor(url), audience: 'some one&else' }));
    expect(seen).toEqual([[`${url}/token?a=b%20c&audience=some%20one%26else`, 'bearer request token']]);
  });

  test('a URL without a query gets one', async () => {
    const seen: string[] = [];
    const { url, http } = await served(async (request) => {
      seen.push(request.url);
      return Response.json({ value: unsignedToken() });
    });
    await ambientToken(tokenContext({ http, environment: { ...environmentFor(url), ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/token` } }));
    expect(seen).toEqual([`${url}/token?audience=sigstore`]);
  });

  test.each<[string, number[], number[], string[]]>([
    ['after one failure', [503], [1000], ['URL/token?…: server returned HTTP 503']],
    ['after two failures', [500, 429], [1000, 1000], ['URL/token?…: server returned HTTP 500', 'URL/token?…: server returned HTTP 429']],
  ])('tries again a second later %s, and says so', async (_, statuses, sleeps, problems) => {
    const { url, http } = await served(async () => {
      const status = statuses.shift();
      return status === undefined ? Response.json({ value: unsignedToken() }) : new Response('', { status });
    });
    const context = tokenContext({ http, environment: environmentFor(url) });
    expect((await ambientToken(context))?.subject).toBe('someone');
    expect(context.sleeps).toEqual(sleeps);
    expect(context.notices).toEqual(problems.map((problem) => `error fetching GitHub OIDC token (will retry): ${problem.replace('URL', url)}`));
  });

  test('gives up after three attempts', async () => {
    const context = tokenContext({ environment: environmentFor('http://127.0.0.1:9') });
    const problem = '127.0.0.1:9: connection refused (ECONNREFUSED)';
    expect(await refusal(() => ambientToken(context))).toMatchObject({
      code: 'TOKEN_PROVIDER',
      message: `fetching ambient OIDC credentials: ${problem}`,
    });
    expect(context.notices).toEqual(Array(2).fill(`error fetching GitHub OIDC token (will retry): ${problem}`));
  });

  test.each<[string, () => Response, string]>([
    [
      'a job without the permission',
      () => Response.json({ message: 'no permission' }, { status: 403 }),
      'URL/token?…: server returned HTTP 403: no permission',
    ],
    [
      'a service that repeats the request token',
      () => Response.json({ message: 'what is request token?' }, { status: 401 }),
      'URL/token?…: server returned HTTP 401',
    ],
    ['a page', () => new Response('<html>'), 'URL/token?…: the answer is not a JSON object'],
    ['an answer without a token', () => Response.json({ count: 0 }), 'github-actions: the answer has no value'],
    ['an answer with something else', () => Response.json({ value: 1 }), 'github-actions: the answer has no value'],
  ])('refuses %s at once', async (_, answer, problem) => {
    const { url, http } = await served(async () => answer());
    const context = tokenContext({ http, environment: environmentFor(url) });
    expect(await refusal(() => ambientToken(context))).toMatchObject({
      code: 'TOKEN_PROVIDER',
      message: `fetching ambient OIDC credentials: ${problem.replace('URL', url)}`,
    });
    expect(context.sleeps).toEqual([]);
  });

  test('asks nobody when offline', async () => {
    const context = tokenContext({ http: createHttpClient({ offline: true }), environment: environmentFor('https://example.com') });
    expect(await refusal(() => ambientToken(context))).toMatchObject({
      message: 'fetching ambient OIDC credentials: GET https://example.com/token?… was not sent: offline',
    });
  });
});

describe('spiffe', () => {
  test('asks for our audience as the Workload API wants it, and takes the first of several', async () => {
    const { socketPath, calls } = await workloadApi({ message: svids(unsignedToken({ sub: 'spiffe://a' }), unsignedToken({ sub: 'spiffe://b' })) });
    const token = await ambientToken(tokenContext({ environment: { SPIFFE_ENDPOINT_SOCKET: socketPath } }));
    expect(token?.subject).toBe('spiffe://a');
    expect(calls).toMatchObject([{ headers: { ':path': '/SpiffeWorkloadAPI/FetchJWTSVID', 'workload.spiffe.io': 'true' } }]);
    expect(calls[0]?.message).toEqual(Buffer.from('\x0a\x08sigstore'));
  });

  test('an audience of any length', async () => {
    const { socketPath, calls } = await workloadApi({ message: svids(unsignedToken()) });
    const audience = 'a'.repeat(20_000);
    await ambientToken(tokenContext({ audience, environment: { SPIFFE_ENDPOINT_SOCKET: socketPath } }));
    expect(calls[0]?.message).toEqual(field(1, Buffer.from(audience)));
  });

  test.each(['unix://', 'unix:'])('takes the address as the standard writes it, %s', async (scheme) => {
    const { socketPath } = await workloadApi({ message: svids(unsignedToken()) });
    expect(await ambientToken(tokenContext({ environment: { SPIFFE_ENDPOINT_SOCKET: `${scheme}${socketPath}` } }))).toBeDefined();
  });

  test('looks in the usual place when the environment names none', async () => {
    const { socketPath } = await workloadApi({ message: svids(unsignedToken()) });
    expect(await ambientToken(tokenContext({ places: { spiffeSocket: socketPath } }))).toBeDefined();
  });

  test('a refusal is told', async () => {
    const { socketPath } = await workloadApi({ refusal: { status: 7, message: 'no identity issued' } });
    expect(await refusal(() => ambientToken(tokenContext({ environment: { SPIFFE_ENDPOINT_SOCKET: socketPath } })))).toMatchObject({
      code: 'TOKEN_PROVIDER',
      message: `fetching ambient OIDC credentials: ${socketPath}: /SpiffeWorkloadAPI/FetchJWTSVID: rpc error: code = PermissionDenied desc = no identity issued`,
    });
  });

  test('fields that we do not know are skipped', async () => {
    const message = Buffer.concat([Buffer.from([0x10, 0xff, 0x01]), field(9, Buffer.from('?')), svids(unsignedToken())]);
    const { socketPath } = await workloadApi({ message });
    expect((await ambientToken(tokenContext({ environment: { SPIFFE_ENDPOINT_SOCKET: socketPath } })))?.subject).toBe('someone');
  });

  test.each<[string, Uint8Array]>([
    ['no token', new Uint8Array(0)],
    ['an empty token', svids('')],
    ['a message that is cut', svids(unsignedToken()).subarray(0, 40)],
    ['a length without end', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ['a key alone', Buffer.from([0x0a])],
    ['a field of a type that has gone', Buffer.from([0x0b, 0x00])],
    ['a token that is not text', field(1, field(2, Uint8Array.of(0xff, 0xfe)))],
  ])('refuses %s', async (_, message) => {
    const { socketPath } = await workloadApi({ message });
    expect(await refusal(() => ambientToken(tokenContext({ environment: { SPIFFE_ENDPOINT_SOCKET: socketPath } })))).toMatchObject({
      code: 'TOKEN_PROVIDER',
      message: 'fetching ambient OIDC credentials: spiffe: the answer has no JWT-SVID',
    });
  });
});

describe('buildkite-agent', () => {
  const environmentFor = (url: string) => ({ BUILDKITE_AGENT_ACCESS_TOKEN: 'agent token', BUILDKITE_AGENT_ENDPOINT: `${url}/v3/`, BUILDKITE_JOB_ID: 'job 1' });

  test('asks for our audience, in the agent’s name', async () => {
    const seen: unknown[] = [];
    const { url, http } = await served(async (request) => {
      seen.push(request.method, request.url, request.headers.get('authorization'), await request.json());
      return Response.json({ token: unsignedToken() });
    });
    await ambientToken(tokenContext({ http, environment: environmentFor(url) }));
    expect(seen).toEqual(['POST', `${url}/v3/jobs/job%201/oidc/tokens`, 'Token agent token', { audience: 'sigstore' }]);
  });

  test.each<[string, () => Response, string]>([
    ['a refusal', () => Response.json({ message: 'wrong job' }, { status: 422 }), 'URL/v3/jobs/job%201/oidc/tokens: server returned HTTP 422: wrong job'],
    [
      'a refusal that repeats the agent’s token',
      () => Response.json({ message: 'bad agent token' }, { status: 401 }),
      'URL/v3/jobs/job%201/oidc/tokens: server returned HTTP 401',
    ],
    ['a page', () => new Response('<html>'), 'URL/v3/jobs/job%201/oidc/tokens: the answer is not a JSON object'],
    ['an answer without a token', () => Response.json({}), 'buildkite-agent: the answer has no token'],
  ])('refuses %s', async (_, answer, problem) => {
    const { url, http } = await served(async () => answer());
    expect(await refusal(() => ambientToken(tokenContext({ http, environment: environmentFor(url) })))).toMatchObject({
      code: 'TOKEN_PROVIDER',
      message: `fetching ambient OIDC credentials: ${problem.replace('URL', url)}`,
    });
  });

  test('a job without a name is an error', async () => {
    expect(await refusal(() => ambientToken(tokenContext({ environment: { BUILDKITE_AGENT_ACCESS_TOKEN: 'a' } })))).toMatchObject({
      message: 'fetching ambient OIDC credentials: BUILDKITE_JOB_ID is not set',
    });
  });
});
