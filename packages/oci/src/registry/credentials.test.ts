/**
 * Secrets stay with whom they are for. Two servers write down every request: the registry, and another host to which it tries to lead the client in each
 * way that HTTP and the distribution specification have. (`localhost` and `127.0.0.1` are two hosts to a client, whatever the resolver says.)
 */
import { isTrustError, utf8 } from '@assay/core';
import type { Credential } from '@assay/net';
import { type Lie, OCI_INDEX, OCI_MANIFEST, putImage, type RegistryOptions, serveRegistry, type TestRegistry } from '@assay/testkit';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { serve } from '../../../net/test/loopback.ts';
import { drained, openRegistry } from '../../test/open-registry.ts';
import { digestOf } from '../digest.ts';
import type { Descriptor } from '../manifest.ts';
import { sourceOf } from '../store.ts';
import type { RepositoryClient } from './repository.ts';

const USER = { username: 'someone', password: 'the-password' };
const BASIC: Credential = { kind: 'basic', ...USER };
const IDENTITY: Credential = { kind: 'identity-token', token: 'the-refresh-token' };
const REGISTRY_TOKEN: Credential = { kind: 'registry-token', token: 'the-registry-token' };
const SECRETS = [USER.password, Buffer.from(`${USER.username}:${USER.password}`).toString('base64'), IDENTITY.token, REGISTRY_TOKEN.token];

interface Scene {
  readonly client: RepositoryClient;
  readonly registry: TestRegistry;
  readonly image: Descriptor;
  readonly blob: Descriptor;
}

const BLOB = utf8('a blob');

/** Bodies are no part of what a registry of the testkit writes down, so this one is a host that only listens. */
async function otherHost(answer: 'found' | 'basic' | 'bearer' = 'found') {
  const bodies: string[] = [];
  const server = await serve((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString('latin1'));
      const realm = `http://localhost:${server.port}/token`;
      const challenge = { basic: 'Basic realm="x"', bearer: `Bearer realm="${realm}",service="registry.test"`, found: undefined }[answer];
      if (request.url?.startsWith('/token')) response.end('{"token":"of-another-host"}');
      else if (challenge !== undefined) response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
      else if (request.method === 'POST' || request.method === 'PATCH') response.writeHead(202, { Location: `${request.url}?state=1` }).end();
      else if (request.method === 'PUT') response.writeHead(201).end();
      else response.writeHead(200, { 'Content-Type': 'application/json', Link: '</v2/app/tags/list?last=v1>; rel="next"' }).end('{"tags":["v1"]}');
    });
  });
  const url = `http://localhost:${server.port}`;
  const heard = (): string[] => server.requests.map((line, i) => `${line} ${JSON.stringify(server.headers[i])} ${bodies[i] ?? ''}`);
  return { url, heard, requests: server.requests };
}

async function open(serveOptions: RegistryOptions, credential: Credential): Promise<Scene> {
  const opened = await openRegistry(serveOptions, { credential });
  const image = putImage(opened.content, 'app', { tag: 'v1' }) as Descriptor;
  return { client: opened.repository(), registry: opened.registry, image, blob: opened.content.putBlob('app', BLOB) as Descriptor };
}

const ACTIONS = {
  'a manifest': ({ client }: Scene) => client.manifest('v1'),
  'the head of a manifest': ({ client }: Scene) => client.resolve('v1'),
  'a blob': ({ client, blob }: Scene) => drained(client.blob(blob)),
  'a whole blob': ({ client, blob }: Scene) => client.readBlob(blob, 100),
  'the head of a blob': ({ client, blob }: Scene) => client.hasBlob(blob),
  'the tags': ({ client }: Scene) => client.tags(),
  'the referrers': async ({ client, image }: Scene) => {
    for await (const _ of client.referrerLists(image.digest));
  },
  'an upload': ({ client }: Scene) => client.putBlob({ mediaType: 'x', digest: digestOf(utf8('new')), size: 3 }, sourceOf(utf8('new'))),
  'a mount': ({ client }: Scene) => client.putBlob({ mediaType: 'x', digest: digestOf(utf8('new')), size: 3 }, sourceOf(utf8('new')), 'base'),
  'a large upload': ({ client }: Scene) => {
    const large = new Uint8Array(9 * 1024 * 1024);
    return client.putBlob({ mediaType: 'x', digest: digestOf(large), size: large.length }, sourceOf(large));
  },
  'a pushed manifest': ({ client, registry }: Scene) =>
    client.putManifest({ bytes: registry.content.getManifest('app', 'v1')?.bytes ?? new Uint8Array(0), mediaType: OCI_MANIFEST, tag: 'v2' }),
  'a deletion': ({ client }: Scene) => client.deleteManifest('v1'),
} as const;
type Action = keyof typeof ACTIONS;
const ALL = Object.keys(ACTIONS) as Action[];

/** Whatever comes of it: nothing here is about success. */
async function attempt(scene: Scene, ...actions: readonly Action[]): Promise<void> {
  for (const action of actions) {
    try {
      await ACTIONS[action](scene);
    } catch (error) {
      if (!isTrustError(error)) throw error;
      for (const secret of SECRETS) expect(`${error.message} ${error.found} ${error.expected}`).not.toContain(secret);
    }
  }
}

function expectNoSecrets(heard: readonly string[], registry: TestRegistry): void {
  const tokens = registry.requests.flatMap(({ headers }) => /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? []);
  for (const line of heard) {
    expect(line).not.toMatch(/"(?:proxy-)?authorization"|"cookie"/i);
    for (const secret of [...SECRETS, ...tokens]) expect(line).not.toContain(secret);
  }
}

/** Not the token service. */
const REGISTRY = { path: /^\/v2\// };
const AUTHS = [
  ['basic', { kind: 'basic', ...USER }, BASIC],
  ['bearer', { kind: 'bearer', ...USER }, BASIC],
  ['an identity token', { kind: 'bearer', ...USER, identityToken: IDENTITY.token }, IDENTITY],
] as const;

describe.each(AUTHS)('with %s', (_, auth, credential) => {
  for (const status of [301, 302, 303, 307, 308] as const) {
    test.each(ALL)(`a redirect (${status}) takes no credentials along: %s`, async (action) => {
      const other = await otherHost();
      const scene = await open({ auth, lies: [{ lie: 'redirect', to: other.url, status, on: REGISTRY }] }, credential);
      await attempt(scene, action, action);
      expect(other.requests.length).toBeGreaterThan(0);
      expectNoSecrets(other.heard(), scene.registry);
    });
  }

  test.each(['basic', 'bearer'] as const)('the other host gets none by asking for %s', async (scheme) => {
    const other = await otherHost(scheme);
    const scene = await open({ auth, lies: [{ lie: 'redirect', to: other.url, on: REGISTRY }] }, credential);
    await attempt(scene, ...ALL);
    expect(other.requests.length).toBeGreaterThan(0);
    expectNoSecrets(other.heard(), scene.registry);
    // Nor does it change how the registry is spoken to.
    expect(scene.registry.requests.filter(({ headers }) => headers.authorization?.includes('of-another-host'))).toEqual([]);
  });

  test('an upload goes to no other host, neither with credentials nor without', async () => {
    const other = await otherHost();
    const scene = await open({ auth, lies: [{ lie: 'upload-location', to: other.url }] }, credential);
    await attempt(scene, 'an upload', 'a large upload', 'a mount');
    expect(other.requests).toEqual([]);
    expect([...(scene.registry.content.repositories.get('app')?.blobs.keys() ?? [])].filter((digest) => digest === digestOf(utf8('new')))).toEqual([]);
  });

  test('where an upload was opened behind a redirect, nothing is sent to', async () => {
    const other = await otherHost();
    const scene = await open({ auth, lies: [{ lie: 'redirect', to: other.url, on: { method: 'POST', path: /uploads/ } }] }, credential);
    await attempt(scene, 'an upload', 'a large upload');
    expect(other.requests.map((line) => line.split(' ')[0])).toEqual(['POST', 'POST']);
    expectNoSecrets(other.heard(), scene.registry);
  });

  test('pages behind a redirect are read without credentials', async () => {
    const other = await otherHost();
    const scene = await open({ auth, lies: [{ lie: 'redirect', to: other.url, on: { path: /tags/ } }] }, credential);
    await attempt(scene, 'the tags');
    expect(other.requests.length).toBeGreaterThan(1);
    expectNoSecrets(other.heard(), scene.registry);
  });

  test('blobs that lie elsewhere are fetched without credentials', async () => {
    const store = await serveRegistry();
    onTestFinished(() => store.close());
    const scene = await open({ auth, content: store.content, blobRedirect: store.url.replace('127.0.0.1', 'localhost') }, credential);
    expect(String(await drained(scene.client.blob(scene.blob)))).toBe('a blob');
    expect(store.requests.map(({ method, headers }) => [method, headers.authorization])).toEqual([['GET', undefined]]);
  });

  test('nor on another port of the same host', async () => {
    const store = await serveRegistry();
    onTestFinished(() => store.close());
    const scene = await open({ auth, content: store.content, blobRedirect: store.url }, credential);
    expect(String(await drained(scene.client.blob(scene.blob)))).toBe('a blob');
    expect(store.requests.map(({ method, headers }) => [method, headers.authorization])).toEqual([['GET', undefined]]);
  });
});

describe('a realm on another host', () => {
  test.each([
    ['a password', BASIC],
    ['an identity token', IDENTITY],
  ] as const)('gets no credentials: %s', async (_, credential) => {
    const other = await otherHost();
    const scene = await open({ lies: [{ lie: 'challenge', realm: `${other.url}/token` }] }, credential);
    await attempt(scene, ...ALL);
    expect(other.requests.length).toBeGreaterThan(0);
    expectNoSecrets(other.heard(), scene.registry);
    for (const line of other.requests) expect(line).not.toMatch(/push|delete/);
  });
});

describe('a token service that leads on', () => {
  for (const status of [301, 302, 303, 307, 308] as const) {
    test.each([
      ['a password', BASIC],
      ['an identity token', IDENTITY],
    ] as const)(`(${status}) takes no credentials along: %s`, async (_, credential) => {
      const other = await otherHost();
      const lie: Lie = { lie: 'redirect', to: other.url, status, on: { path: /^\/token/ } };
      const scene = await open({ auth: { kind: 'bearer', ...USER, identityToken: IDENTITY.token }, lies: [lie] }, credential);
      await attempt(scene, 'the tags', 'an upload');
      expect(scene.registry.requests.some(({ path }) => path.startsWith('/token'))).toBe(true);
      expectNoSecrets(other.heard(), scene.registry);
    });
  }
});

describe('a login for one registry', () => {
  let other: TestRegistry;
  beforeEach(async () => {
    other = await serveRegistry({ auth: { kind: 'basic', ...USER } });
    return () => other.close();
  });

  test('is looked up by its name, and shown to no other', async () => {
    const names: string[] = [];
    const keychain = {
      async credentialsFor(host: string) {
        names.push(host);
        return host === other.host ? undefined : BASIC;
      },
    };
    const { repository, registries, host } = await openRegistry({ auth: { kind: 'basic', ...USER } }, { keychain });
    await repository().hasBlob({ mediaType: 'x', digest: digestOf(BLOB), size: 1 });
    const elsewhere = registries.repository({ registry: other.host, repository: 'app' });
    await expect(elsewhere.tags()).rejects.toMatchObject({ code: 'OCI_UNAUTHORIZED' });
    expect(names).toEqual([host, other.host]);
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });
});

test('an index of referrers that names other places makes nobody go there', async () => {
  const other = await otherHost();
  const { content, repository } = await openRegistry();
  const image = putImage(content, 'app', { tag: 'v1' });
  content.putManifest(
    'app',
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [{ ...image, urls: [`${other.url}/v2/app/manifests/v1`] }] },
    { tag: image.digest.replace(':', '-') },
  );
  for await (const _ of repository().referrerLists(image.digest as Descriptor['digest']));
  expect(other.requests).toEqual([]);
});
