import type { LookupFunction } from 'node:net';
import { utf8 } from '@assay/core';
import { type Credential, type Mirrors, parseMirrors } from '@assay/net';
import { putImage, type RegistryOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { caught } from '../../../net/test/caught.ts';
import { serve, unusedPort } from '../../../net/test/loopback.ts';
import { selfSigned } from '../../../net/test/self-signed.ts';
import { openClient, openRegistry } from '../../test/open-registry.ts';
import { digestOf } from '../digest.ts';
import { parseRepository } from '../reference.ts';
import { sourceOf } from '../store.ts';
import type { PlainHttp } from './connection.ts';

const LOGIN: Credential = { kind: 'basic', username: 'someone', password: 'secret' };
/** Every name is this machine. */
const lookup = ((_hostname, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
}) as LookupFunction;

const TAGS = '{"name":"app","tags":["v1"]}';

/** A registry that speaks http alone, under a name of its own. */
async function plainServer(host: string, plainHttp: PlainHttp, options: { readonly asksForLogin?: boolean } = {}) {
  const server = await serve(
    (request, response) => {
      if (options.asksForLogin !== true || request.headers.authorization !== undefined) response.end(TAGS);
      else response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end();
    },
    { host: host.startsWith('127.') ? host : '127.0.0.1' },
  );
  const { registries } = openClient({ plainHttp, credential: LOGIN, http: { lookup } });
  return { server, client: registries.repository({ registry: `${host}:${server.port}`, repository: 'app' }) };
}

describe('plain http', () => {
  test.each<[string, PlainHttp]>([
    ['localhost', 'never'],
    ['registry.localhost', 'never'],
    ['127.0.0.1', 'never'],
    ['127.1.2.3', 'never'],
    ['registry.example', 'always'],
    ['registry.local', 'private'],
  ])('is spoken to %s (%s)', async (host, plainHttp) => {
    const { client } = await plainServer(host, plainHttp);
    expect(await client.tags()).toEqual(['v1']);
    expect(client.connection.describe('app/tags/list')).toMatch(/^http:/);
  });

  test.each<[string, PlainHttp]>([
    ['registry.example', 'never'],
    ['registry.local', 'never'],
    ['registry.example', 'private'],
    ['localhost.example', 'private'],
    ['notlocalhost', 'private'],
    ['registry.local.example', 'private'],
  ])('is never spoken to %s (%s)', async (host, plainHttp) => {
    const { client, server } = await plainServer(host, plainHttp);
    expect((await caught(client.tags())).code).toBe('NET_TLS');
    expect(server.requests).toEqual([]);
  });

  test('with credentials to this machine, and to anybody when that was asked for', async () => {
    for (const [host, plainHttp] of [
      ['localhost', 'never'],
      ['registry.example', 'always'],
    ] as const) {
      const { client, server } = await plainServer(host, plainHttp, { asksForLogin: true });
      expect(await client.tags()).toEqual(['v1']);
      expect(server.headers.at(-1)?.authorization).toMatch(/^Basic /);
    }
  });

  test('without credentials where it is only a guess', async () => {
    const { client, server } = await plainServer('registry.local', 'private', { asksForLogin: true });
    expect((await caught(client.tags())).code).toBe('OCI_UNAUTHORIZED');
    expect(server.headers.map(({ authorization }) => authorization)).toEqual([undefined]);
  });
});

describe('https', () => {
  const tls = selfSigned();

  test.each(['localhost', '127.0.0.1'])('is spoken to %s where http gets no answer, and from then on', async (host) => {
    const server = await serve((_, response) => response.end(TAGS), { tls });
    const { registries } = openClient({ http: { ca: tls.cert } });
    const client = registries.repository({ registry: `${host}:${server.port}`, repository: 'app' });
    expect([await client.tags(), await client.tags()]).toEqual([['v1'], ['v1']]);
    expect(server.requests).toEqual(['GET /v2/app/tags/list', 'GET /v2/app/tags/list']);
    expect(client.connection.describe('app/tags/list')).toBe(`https://${host}:${server.port}/v2/app/tags/list`);
  });

  test('that is not trusted is an error, and no reason for http elsewhere', async () => {
    const server = await serve((_, response) => response.end(TAGS), { tls });
    const { registries } = openClient({ plainHttp: 'private', http: { lookup } });
    expect((await caught(registries.repository({ registry: `registry.example:${server.port}`, repository: 'app' }).tags())).code).toBe('NET_TLS');
    expect(server.requests).toEqual([]);
  });

  test("is tried where http gets the answer of Go's servers to http on an https port", async () => {
    const server = await serve((_, response) => {
      response.sendDate = false;
      response.writeHead(400).end('Client sent an HTTP request to an HTTPS server.\n');
    });
    const { registries } = openClient();
    expect((await caught(registries.repository({ registry: `127.0.0.1:${server.port}`, repository: 'app' }).tags())).code).toBe('NET_TLS');
    expect(server.requests).toHaveLength(1);
  });
});

test('nobody there is NET_UNREACHABLE', async () => {
  const client = openClient().registries.repository({ registry: `127.0.0.1:${await unusedPort()}`, repository: 'app' });
  expect((await caught(client.tags())).code).toBe('NET_UNREACHABLE');
});

test('offline, nothing is asked', async () => {
  const { registry, host } = await openRegistry();
  const { registries } = openClient({ http: { offline: true } });
  expect((await caught(registries.repository({ registry: host, repository: 'app' }).tags())).code).toBe('NET_OFFLINE');
  expect(registry.requests).toEqual([]);
});

describe('a mirror', () => {
  async function openMirror(serveOptions: RegistryOptions = {}, options: { credential?: Credential; names?: string[] } = {}) {
    const { registry, content } = await openRegistry(serveOptions);
    const mirrors: Mirrors = parseMirrors(`ghcr.io = ${registry.url}\ndocker.io = ${registry.url}\n`, 'mirrors');
    const keychain = {
      async credentialsFor(name: string) {
        options.names?.push(name);
        return options.credential;
      },
    };
    const { registries } = openClient({ mirrors, keychain });
    return { registry, content, repository: (name: string) => registries.repository(parseRepository(name)) };
  }

  test('is asked in place of its registry, under whatever name that has', async () => {
    const { content, registry, repository } = await openMirror();
    putImage(content, 'library/alpine', { tag: '3' });
    putImage(content, 'owner/app', { tag: 'v1' });
    expect(await repository('alpine').tags()).toEqual(['3']);
    expect(await repository('docker.io/library/alpine').tags()).toEqual(['3']);
    expect(await repository('registry-1.docker.io/library/alpine').tags()).toEqual(['3']);
    expect(await repository('ghcr.io/owner/app').tags()).toEqual(['v1']);
    expect(registry.requests.map(({ path }) => path)).toEqual([...Array.from({ length: 3 }, () => '/v2/library/alpine/tags/list'), '/v2/owner/app/tags/list']);
  });

  test('does not show: names and messages are those of the registry', async () => {
    const { content, registry, repository } = await openMirror({ lies: [{ lie: 'status', status: 403, on: { method: 'PUT' } }] });
    putImage(content, 'owner/app', { tag: 'v1' });
    const client = repository('ghcr.io/owner/app');
    expect(client.name).toBe('ghcr.io/owner/app');
    const bytes = utf8('x');
    const errors = [
      await caught(client.requireManifest('none')),
      await caught(client.readBlob({ mediaType: 'x', digest: digestOf(bytes), size: 1 }, 10)),
      await caught(client.putBlob({ mediaType: 'x', digest: digestOf(bytes), size: 1 }, sourceOf(bytes))),
      await caught(repository('ghcr.io/owner/none').tags()),
    ];
    for (const { message } of errors) {
      expect(message).toContain(' https://ghcr.io/v2/owner/');
      expect(message).not.toContain(registry.host);
    }
    for await (const { place } of client.referrerLists(digestOf(bytes))) expect(place).toContain('ghcr.io/owner/app');
  });

  test('gets the login of its registry, which is looked up by that name', async () => {
    const names: string[] = [];
    const auth = { kind: 'bearer', username: 'someone', password: 'secret' } as const;
    const { content, repository } = await openMirror({ auth }, { names, credential: LOGIN });
    putImage(content, 'owner/app', { tag: 'v1' });
    expect(await repository('ghcr.io/owner/app').tags()).toEqual(['v1']);
    expect(names).toEqual(['ghcr.io']);
  });

  test('may lie below a path', async () => {
    const server = await serve((request, response) => response.end(request.url === '/hub/v2/library/alpine/tags/list' ? TAGS : '{}'));
    const { registries } = openClient({ mirrors: parseMirrors(`docker.io = ${server.url}/hub`, 'mirrors') });
    const client = registries.repository(parseRepository('alpine'));
    expect(await client.tags()).toEqual(['v1']);
    expect(client.connection.describe(new URL(`${server.url}/hub/v2/library/alpine/x?y`))).toBe('https://index.docker.io/v2/library/alpine/x');
  });

  test('that is another registry is no mirror of this one', async () => {
    const { registry } = await openMirror();
    const { host, content, registry: own } = await openRegistry();
    putImage(content, 'app', { tag: 'v1' });
    const { registries } = openClient({ mirrors: parseMirrors(`ghcr.io = ${registry.url}`, 'mirrors') });
    expect(await registries.repository({ registry: host, repository: 'app' }).tags()).toEqual(['v1']);
    expect([registry.requests.length, own.requests.length]).toEqual([0, 1]);
  });
});

test('a message about another host names that host, without query', async () => {
  const { registries, host } = await openRegistry();
  const connection = registries.connection(host);
  expect(connection.describe(new URL('https://user:x@elsewhere.example/a?token=1#f'))).toBe('https://elsewhere.example/a');
});
