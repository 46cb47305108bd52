import { type Agent, Agent as HttpsAgent, request } from 'node:https';
import { connect } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { issueServingPair, type ServingPair } from './certificate/issue.ts';
import { type HttpAnswer, listenForProbes, listenForReviews, type Route, type WebhookServer, type WebhookServerOptions } from './server.ts';

const pair = (): ServingPair => issueServingPair({ names: ['localhost', '127.0.0.1'], now: new Date(), lifetimeMs: 3_600_000 });
const FIRST = pair();
const LOOPBACK = { host: '127.0.0.1', port: 0 };
const json = (body: unknown): HttpAnswer => ({ status: 200, type: 'application/json', body: JSON.stringify(body) });
const echo: Route = async ({ path, body, query }) => json({ path, length: body.length, timeout: query.get('timeout') });

async function open(more: Partial<WebhookServerOptions> = {}): Promise<WebhookServer> {
  const routes = new Map<string, Route>([
    ['/echo', echo],
    ['/any/*', echo],
  ]);
  const server = await listenForReviews({ listen: LOOPBACK, cert: FIRST.certificate, key: FIRST.key, routes, ...more });
  onTestFinished(() => server.close(0));
  return server;
}

interface Ask {
  readonly path?: string;
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string>;
  readonly agent?: Agent | false;
  readonly ca?: string;
}

function ask(
  { port }: Pick<WebhookServer, 'port'>,
  { path = '/echo', method = 'POST', body = '', headers = {}, agent = false, ca = FIRST.authority }: Ask = {},
) {
  return new Promise<{ status: number; text: string; connection: string | undefined }>((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, method, headers, agent, ca }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, connection: answer.headers.connection }));
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

describe('routes', () => {
  test.each<[string, Ask, number, string]>([
    ['a path with a question', { path: '/echo?timeout=25s', body: 'abc' }, 200, '{"path":"/echo","length":3,"timeout":"25s"}'],
    ['below a path', { path: '/any/policy/x' }, 200, '{"path":"/any/policy/x","length":0,"timeout":null}'],
    ['an unknown path', { path: '/other' }, 404, 'not found\n'],
    ['another method', { method: 'GET' }, 405, 'only POST\n'],
    ["the kubelet's probe, wherever", { method: 'GET', path: '/other', headers: { 'K-Kubelet-Probe': 'webhook' } }, 200, ''],
    ['a probe of another', { method: 'GET', path: '/', headers: { 'K-Kubelet-Probe': 'queue' } }, 404, 'not found\n'],
  ])('%s', async (_, asked, status, text) => {
    expect(await ask(await open(), asked)).toMatchObject({ status, text });
  });

  test('one that throws is answered without its words', async () => {
    const problems: unknown[] = [];
    const routes = new Map<string, Route>([['/echo', () => Promise.reject(new Error('secret'))]]);
    expect(await ask(await open({ routes, onProblem: (problem) => problems.push(problem) }))).toMatchObject({ status: 500, text: 'internal error\n' });
    expect(problems).toHaveLength(1);
  });
});

describe('a client that takes more than its share', () => {
  test.each<[string, Ask]>([
    ['says so', { body: Buffer.alloc(2000) }],
    ['does not say so', { body: Buffer.alloc(2000), headers: { 'transfer-encoding': 'chunked' } }],
  ])('and %s', async (_, asked) => {
    const server = await open({ maxBodyBytes: 1000 });
    expect(await ask(server, asked)).toMatchObject({ status: 413 });
    expect(await ask(server, { body: Buffer.alloc(1000) })).toMatchObject({ status: 200 });
  });

  test('never sends what it announced, and is told so', async () => {
    const { port } = await open({ requestTimeoutMs: 200 });
    const socket = connect({ host: '127.0.0.1', port, ca: FIRST.authority });
    onTestFinished(() => void socket.destroy());
    let heard = '';
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.setEncoding('latin1').on('data', (text) => {
      heard += text;
    });
    socket.write('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf');
    await closed;
    expect(heard).toMatch(/^HTTP\/1\.1 408 /);
  });
});

test('another program on the port is told of', async () => {
  const { port } = await open();
  await expect(listenForReviews({ listen: { ...LOOPBACK, port }, cert: FIRST.certificate, key: FIRST.key, routes: new Map() })).rejects.toMatchObject({
    code: 'ADMISSION_LISTEN',
  });
});

test('certificates change under load, and no handshake fails', async () => {
  const server = await open();
  const second = pair();
  // The client was told of both before, as the API server is.
  const ca = FIRST.authority + second.authority;
  let running = true;
  const fresh = async (): Promise<number> => {
    let count = 0;
    while (running) {
      expect(await ask(server, { ca })).toMatchObject({ status: 200 });
      count++;
    }
    return count;
  };
  const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1, ca });
  onTestFinished(() => agent.destroy());
  const kept = async (): Promise<number> => {
    let count = 0;
    while (running) {
      expect(await ask(server, { ca, agent })).toMatchObject({ status: 200 });
      count++;
    }
    return count;
  };
  const clients = [fresh(), fresh(), kept()];
  for (const { certificate: cert, key } of [second, { certificate: FIRST.certificate, key: FIRST.key }, second]) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    server.serve({ cert, key });
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  running = false;
  for (const count of await Promise.all(clients)) expect(count).toBeGreaterThan(0);
  expect(await ask(server, { ca: second.authority })).toMatchObject({ status: 200 });
  await expect(ask(server)).rejects.toThrow();
});

describe('closing', () => {
  test('answers what was asked, and ends kept connections', async () => {
    let release: () => void = () => undefined;
    let noticeAsked: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (noticeAsked = resolve));
    const slow: Route = async () => {
      noticeAsked();
      await new Promise<void>((resolve) => (release = resolve));
      return json('late');
    };
    const server = await open({
      routes: new Map([
        ['/echo', echo],
        ['/slow', slow],
      ]),
    });
    const agent = new HttpsAgent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    await ask(server, { agent });
    const late = ask(server, { path: '/slow', agent });
    await asked;
    const closed = server.close(20_000);
    release();
    expect(await late).toMatchObject({ status: 200, text: '"late"', connection: 'close' });
    await closed;
  });

  test('ends what does not come to its end', async () => {
    let noticeAsked: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (noticeAsked = resolve));
    const never: Route = () => {
      noticeAsked();
      return new Promise(() => undefined);
    };
    const server = await open({ routes: new Map([['/echo', never]]) });
    const cut = expect(ask(server)).rejects.toThrow();
    await asked;
    await server.close(20);
    await cut;
  });
});

describe('probes', () => {
  test.each<[string, number, string]>([
    ['/healthz', 200, 'ok\n'],
    ['/readyz', 503, 'waiting for secrets\n'],
    ['/metrics', 200, 'up 1\n'],
    ['/other', 404, 'not found\n'],
  ])('%s', async (path, status, text) => {
    const probes = await listenForProbes({
      listen: LOOPBACK,
      notReady: () => 'waiting for secrets',
      metrics: async () => ({ text: 'up 1\n', type: 'text/plain' }),
    });
    onTestFinished(() => probes.close(0));
    const answer = await fetch(`http://127.0.0.1:${probes.port}${path}`);
    expect([answer.status, await answer.text()]).toEqual([status, text]);
    expect((await fetch(`http://127.0.0.1:${probes.port}${path}`, { method: 'POST' })).status).toBe(405);
  });
});
