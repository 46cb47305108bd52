/** What hostile or careless clients send to the one address of a stack: each gets a status and a message, and nothing in the folder changes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';
import { askAt, openWholeStack, type WholeStack } from './whole-stack.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-stack-http-'));
let whole: WholeStack;
/** The folder as it was before anybody asked. */
let before: string;

beforeAll(async () => {
  whole = await openWholeStack(folder);
  before = whole.state();
});

afterAll(async () => {
  // After all that is below: nothing was recorded, certified or stored, and nothing failed.
  const { count } = whole;
  for (const name of ['rekor_entries', 'rekor_v2_tree_size', 'ctlog_tree_size', 'fulcio_issued', 'fulcio_failed', 'tsa_issued', 'registry_failures']) {
    expect(await count(name), name).toBe(0);
  }
  expect((await whole.ask('/readyz')).status).toBe(200);
  await whole.stack.close();
  expect(whole.complaints.filter((line) => (JSON.parse(line) as { level: number }).level >= 50)).toEqual([]);
  rmSync(folder, { recursive: true });
});

const UNKNOWN = { code: 5, message: 'Not Found', details: [] };
const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Every route with the methods that it has. */
const ROUTES: readonly (readonly [path: string, methods: readonly string[]])[] = [
  ['/api/v2/signingCert', ['POST']],
  ['/api/v2/trustBundle', ['GET']],
  ['/api/v2/configuration', ['GET']],
  ['/api/v1/signingCert', ['POST']],
  ['/api/v1/rootCert', ['GET']],
  ['/api/v1/log/entries', ['GET', 'POST']],
  ['/api/v1/log/entries/retrieve', ['GET', 'POST']],
  [`/api/v1/log/entries/${'0'.repeat(64)}`, ['GET']],
  ['/api/v1/index/retrieve', ['POST']],
  ['/api/v1/log', ['GET']],
  ['/api/v1/log/proof?lastSize=1', ['GET']],
  ['/api/v1/log/publicKey', ['GET']],
  ['/rekor/1/api/v2/log/entries', ['POST']],
  ['/rekor/1/api/v2/checkpoint', ['GET']],
  ['/rekor/1/api/v2/index/retrieve', ['POST']],
  ['/api/v1/timestamp', ['POST']],
  ['/api/v1/timestamp/certchain', ['GET']],
  ['/ct/1/ct/v1/add-chain', ['POST']],
  ['/ct/1/ct/v1/add-pre-chain', ['POST']],
  ['/ct/1/ct/v1/get-sth', ['GET']],
  ['/ct/1/ct/v1/get-roots', ['GET']],
  ['/ct/1/checkpoint', ['GET']],
  ['/oidc/.well-known/openid-configuration', ['GET']],
  ['/oidc/keys', ['GET']],
  ['/tuf/timestamp.json', ['GET']],
  ['/tuf/1.root.json', ['GET']],
  ['/healthz', ['GET']],
  ['/readyz', ['GET']],
  ['/metrics', ['GET']],
];
/** These two say 405 themselves, in their own forms. */
const OWN_REFUSALS = ['/oidc/auth', '/oidc/login', '/oidc/token', '/oidc/device/code', '/v2/_catalog', '/v2/app/manifests/x', '/v2/app/tags/list'];

describe('methods', () => {
  test.each(ROUTES)('%s takes %j, and HEAD where it takes GET', async (path, methods) => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      const { status, json } = await whole.ask(path, { method });
      if (methods.includes(method)) expect(json, method).not.toEqual(UNKNOWN);
      else expect({ status, json }, method).toEqual({ status: 404, json: UNKNOWN });
    }
    const head = await whole.ask(path, { method: 'HEAD' });
    expect(head.status).toBe(methods.includes('GET') ? (await whole.ask(path)).status : 404);
    expect(head.text).toBe('');
  });

  test.each(OWN_REFUSALS)('%s refuses those that it does not have', async (path) => {
    for (const method of ['OPTIONS', 'TRACE', 'PROPFIND', 'PUT'].filter((one) => one !== 'PUT' || !path.includes('manifests'))) {
      expect((await whole.ask(path, { method })).status, method).toBe(405);
    }
  });
});

describe('paths', () => {
  test.each([
    '/',
    '/nothing',
    '/api',
    '/api/v3/x',
    '/oidc',
    '/oidc/x',
    '/ct',
    '/ct/1/',
    '/ct/2/checkpoint',
    '/rekor/2/api/v2/checkpoint',
    '/tuf/',
    '/keys/ca-1.pem',
  ])('%s is unknown', async (path) => expect(await whole.ask(path)).toMatchObject({ status: 404, json: UNKNOWN }));

  test.each([
    '/..',
    '//',
    '//evil.example/api/v1/log',
    '/../../stack.json',
    '/tuf/../stack.json',
    '/tuf/%2e%2e/stack.json',
    '/tuf/..%2fstack.json',
    '/tuf/%2e%2e%2fstack.json',
    '/tuf/targets/../../keys/ca-1.pem',
    '/tuf/targets/..%2f..%2fkeys%2fca-1.pem',
    '/tuf/targets/..%5c..%5ckeys',
    '/tuf/stack.json%00.json',
    '/ct/1/issuer/..%2f..%2f..%2fkeys%2fca-1.pem',
    '/ct/1/tile/..%2fcheckpoint',
    '/ct/1/tile/../../../keys/ca-1.pem',
    '/rekor/1/api/v2/tile/..%2fcheckpoint',
    '/rekor/1/api/v2/tile/0/..%2f..%2fcheckpoint',
    '/rekor/1/api/v2/tile/%00',
    '/v2/../keys/ca-1.pem',
    '/v2/%2e%2e/%2e%2e/manifests/x',
    '/v2/a/../../manifests/x',
    '/v2/a/blobs/..%2f..%2f..%2fkeys',
    '/v2/a/blobs/sha256:..%2f..%2fkeys%2fca-1.pem',
    '/v2/a/manifests/..%2f..%2f_tags',
    '/v2/a/manifests/%00',
    '/v2/a/blobs/uploads/..%2f..%2fstack.json',
    '/v2/_blobs/manifests/x',
    '/%',
    '/%zz',
    '/%ff%fe',
    '/tuf/%',
    '/tuf/targets/%ff',
    '/ct/1/issuer/%',
    '/ct/1/tile/%c0%af',
    '/rekor/1/api/v2/tile/%',
    '/v2/%/manifests/x',
    '/v2/a/manifests/%ff',
    '/api/v1/log/entries/%ff',
    '/api/v1/log/entries?logIndex=%',
    '/api/v1/log/entries?logIndex=1e3',
    '/api/v1/log/entries?logIndex=-1',
    '/api/v1/log/entries?logIndex=99999999999999999999',
    '/api/v1/log/proof?firstSize=0&lastSize=0',
    '/ct/1/ct/v1/get-entries?start=0&end=99999999999999',
    '/ct/1/ct/v1/get-proof-by-hash?hash=%&tree_size=1',
    '/oidc/auth?%',
    `/${'a'.repeat(10_000)}`,
    `/tuf/targets/${'a/'.repeat(4000)}`,
    `/v2/${'a/'.repeat(4000)}manifests/x`,
  ])('%s leads nowhere', async (path) => {
    for (const method of ['GET', 'DELETE', 'POST']) {
      const { status, text } = await whole.ask(path, { method });
      expect(status, text).toBeGreaterThanOrEqual(400);
      expect(status, text).toBeLessThan(500);
      expect(text).not.toMatch(/PRIVATE KEY|generations|\/tmp\/|at file:|node:internal/);
    }
  });

  test.each(['GET http://[::1 HTTP/1.1', 'GET * HTTP/1.1', 'GET nothing HTTP/1.1', 'GET / HTTP/9.9', 'HELO', 'CONNECT 127.0.0.1:22 HTTP/1.1'])(
    'the request line %j never gets further',
    async (line) => {
      const { hostname, port } = new URL(whole.origin);
      const socket = connect(Number(port), hostname);
      let heard = '';
      socket.setEncoding('latin1').on('data', (text: string) => {
        heard += text;
      });
      const closed = new Promise((resolve) => socket.on('close', resolve).on('error', resolve));
      socket.write(`${line}\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`);
      await closed;
      expect(heard).toMatch(/^(?:HTTP\/1\.1 (?:400|404|505) |$)/);
    },
  );
});

describe('other sites', () => {
  const routes = [
    ...ROUTES.map(([path, [method = 'GET']]): [string, string] => [method, path]),
    ['POST', '/oidc/token'],
    ['POST', '/v2/app/blobs/uploads/'],
    ['GET', '/'],
  ];
  test.each(routes)('%s %s is refused to their scripts', async (method, path) => {
    const { port } = new URL(whole.origin);
    for (const [headers, message] of [
      [{ Origin: 'https://attacker.example' }, 'requests from other origins are refused'],
      [{ Origin: 'null' }, 'requests from other origins are refused'],
      [{ Host: `attacker.example:${port}` }, 'this name is not one of the stack'],
      [{ Host: '127.0.0.1' }, 'this name is not one of the stack'],
    ] as const) {
      expect(await whole.ask(path, { method, headers })).toMatchObject({ status: 403, json: { code: 7, message, details: [] } });
    }
    if (method === 'GET') return;
    expect(await whole.ask(path, { method, headers: { 'Sec-Fetch-Site': 'cross-site' } })).toMatchObject({ status: 403 });
  });
});

describe('bodies over the cap', () => {
  const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const MANIFEST = { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' };
  const DER = { 'Content-Type': 'application/timestamp-query' };
  const MIB = 1024 * 1024;
  const capped: [string, number, { method?: string; headers?: Record<string, string> }][] = [
    ['/api/v2/signingCert', 128 * 1024, {}],
    ['/api/v1/signingCert', 128 * 1024, {}],
    ['/api/v1/log/entries', 32 * MIB, {}],
    ['/api/v1/log/entries/retrieve', 32 * MIB, {}],
    ['/api/v1/index/retrieve', 256 * 1024, {}],
    ['/rekor/1/api/v2/log/entries', 4 * MIB, {}],
    ['/rekor/1/api/v2/index/retrieve', 256 * 1024, {}],
    ['/api/v1/timestamp', 1024, {}],
    ['/api/v1/timestamp', MIB, { headers: DER }],
    ['/ct/1/ct/v1/add-chain', 256 * 1024, {}],
    ['/ct/1/ct/v1/add-pre-chain', 256 * 1024, {}],
    ['/oidc/token', 64 * 1024, { headers: FORM }],
    ['/oidc/device/code', 64 * 1024, { headers: FORM }],
    ['/v2/app/manifests/x', 4 * MIB, { method: 'PUT', headers: MANIFEST }],
  ];

  test.each(capped)('%s, %i bytes: refused by the length that is stated', async (path, cap, { method = 'POST', headers = JSON_TYPE }) => {
    expect(await sent(path, { method, headers: { ...headers, 'Content-Length': String(cap + 1) } })).toMatchObject({ status: 413, bytes: 0 });
  });

  test.each(capped)(
    '%s, %i bytes: refused when it has grown beyond, without taking in the rest',
    async (path, cap, { method = 'POST', headers = JSON_TYPE }) => {
      const { status, bytes } = await sent(path, { method, headers, upTo: 256 * MIB });
      expect(status).toBe(413);
      expect(bytes).toBeGreaterThan(cap);
      expect(bytes).toBeLessThan(cap + ON_THE_WAY);
    },
  );

  /** Sends until there is an answer, and says what the socket took. */
  function sent(path: string, { method, headers, upTo = 0 }: { method: string; headers: Record<string, string>; upTo?: number }) {
    const { hostname, port } = new URL(whole.origin);
    const chunk = Buffer.alloc(64 * 1024, ' ');
    return new Promise<{ status: number | undefined; bytes: number }>((resolve, reject) => {
      let bytes = 0;
      let isOver = false;
      // Who asks for the connection to be closed after the answer may find it closed before he has read that.
      const agent = new Agent({ keepAlive: true });
      const asking = request({ hostname, port, method, path, headers, agent }, (answer) => {
        isOver = true;
        resolve({ status: answer.statusCode, bytes });
        asking.destroy();
      });
      asking.on('error', (error) => (isOver ? undefined : reject(error)));
      const more = (): void => {
        if (isOver || bytes >= upTo) return;
        asking.write(chunk, () => {
          bytes += chunk.length;
          more();
        });
      };
      asking.flushHeaders();
      more();
    });
  }

  /** What may lie in the buffers of both sockets, and of streams, when the answer comes. */
  const ON_THE_WAY = 24 * MIB;
});

describe('bodies that are not what they should be', () => {
  const bodies: [string, string | Uint8Array][] = [
    ['nothing', ''],
    ['half of JSON', '{"a":'],
    ['null', 'null'],
    ['a number', '1'],
    ['a string', '"a"'],
    ['a list', '[]'],
    ['an object that says nothing', '{}'],
    ['a member twice', '{"a":1,"a":2}'],
    ['__proto__', '{"__proto__":{"chain":[]}}'],
    ['deep nesting', '['.repeat(50_000)],
    ['deep objects', '{"a":'.repeat(20_000)],
    ['bytes that are no UTF-8', Uint8Array.of(0x22, 0xff, 0xfe, 0x22)],
    ['zero bytes', new Uint8Array(1000)],
    ['DER that claims too much', Uint8Array.of(0x30, 0x84, 0x7f, 0xff, 0xff, 0xff)],
    ['a lone surrogate', '{"chain":["\\ud800"]}'],
    ['a large number', `{"logIndexes":[${'9'.repeat(400)}]}`],
  ];
  const posts = [...ROUTES.filter(([, methods]) => methods.includes('POST')).map(([path]) => path), '/oidc/token', '/oidc/login', '/oidc/device/code'];

  test.each(bodies)('%s', async (_, body) => {
    for (const path of posts) {
      for (const type of ['application/json', 'application/timestamp-query', 'application/x-www-form-urlencoded', 'text/plain']) {
        const { status, text, json } = await whole.ask(path, { method: 'POST', body, headers: { 'Content-Type': type } });
        // Who searches for nothing finds nothing.
        if (path.endsWith('/retrieve') && status === 200) expect([[], { indexes: [] }]).toContainEqual(json);
        else expect([400, 401, 403, 413, 415, 422], `${path} ${type}: ${text}`).toContain(status);
      }
    }
    for (const type of ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.oci.image.index.v1+json', 'text/plain']) {
      const { status, text } = await whole.ask('/v2/app/manifests/x', { method: 'PUT', body, headers: { 'Content-Type': type } });
      expect([400, 404, 413], `${type}: ${text}`).toContain(status);
    }
  });
});

test('nothing of all that is in the folder', () => expect(whole.state()).toBe(before));

test('a stack that is closed is not there', async () => {
  const other = await openWholeStack(temporaryFolder());
  await other.stack.close();
  await expect(askAt(other.origin, '/healthz')).rejects.toThrow('ECONNREFUSED');
});
