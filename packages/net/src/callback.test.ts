import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { type CallbackListener, type CallbackOptions, listenForCallback } from './callback.ts';

afterEach(() => void vi.useRealTimers());

async function listener(options: Partial<CallbackOptions> = {}): Promise<CallbackListener> {
  const opened = await listenForCallback({ accept: (query) => (query.get('state') === 'right' ? 'Done.' : undefined), ...options });
  onTestFinished(() => opened.close());
  return opened;
}

test('answers the request that is waited for, and hands out its query', async () => {
  const { url, wait } = await listener();
  expect(url).toMatch(/^http:\/\/localhost:\d+\/auth\/callback$/);
  const answer = await fetch(`${url}?code=a%20b&state=right`);
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain('<p>Done.</p>');
  expect([...((await wait(1000)) ?? [])]).toEqual([
    ['code', 'a b'],
    ['state', 'right'],
  ]);
});

test('hands out a query that comes while somebody waits', async () => {
  const { url, wait } = await listener();
  const waiting = wait(60_000);
  await fetch(`${url}?state=right`);
  expect(`${await waiting}`).toBe('state=right');
});

test.each([
  ['another path', '/favicon.ico', 'GET', 404],
  ['a path below', '/auth/callback/?state=right', 'GET', 404],
  ['another state', '/auth/callback?state=wrong', 'GET', 400],
  ['no query', '/auth/callback', 'GET', 400],
  ['a form', '/auth/callback?state=right', 'POST', 405],
  ['a look ahead', '/auth/callback?state=right', 'HEAD', 405],
])('refuses %s, and goes on waiting', async (_, path, method, status) => {
  const { url, wait } = await listener();
  expect((await fetch(new URL(path, url), { method })).status).toBe(status);
  expect((await fetch(`${url}?state=right`)).status).toBe(200);
  expect(`${await wait(1000)}`).toBe('state=right');
});

test('survives a request target that is not a URL', async () => {
  const { url } = await listener();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.end('GET http://[ HTTP/1.1\r\nhost: localhost\r\n\r\n');
  const chunks = await socket.toArray();
  expect(Buffer.concat(chunks as Buffer[]).toString()).toMatch(/^HTTP\/1\.1 404 /);
});

test('takes one request only', async () => {
  const accept = vi.fn(() => 'Done.');
  const { url, wait } = await listener({ accept });
  await fetch(`${url}?code=first`);
  expect((await fetch(`${url}?code=second`)).status).toBe(400);
  expect(`${await wait(1000)}`).toBe('code=first');
  expect(accept).toHaveBeenCalledTimes(1);
});

test('nobody listens after close, and connections that are open end', async () => {
  const { url, close } = await listener();
  const { port } = new URL(url);
  const idle = connect(Number(port), '127.0.0.1');
  const ended = new Promise((resolve) => idle.once('close', resolve).once('error', () => undefined));
  await new Promise((resolve) => idle.once('connect', resolve));
  await fetch(url); // so that the server has seen the connection before
  close();
  await ended;
  await expect(fetch(url)).rejects.toThrow('fetch failed');
});

test('gives up at the time given, not before', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { wait } = await listener();
  const seen: unknown[] = [];
  const waiting = wait(120_000).then((query) => seen.push(query));
  await vi.advanceTimersByTimeAsync(119_999);
  expect(seen).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  await waiting;
  expect(seen).toEqual([undefined]);
});

test('the page runs nothing, loads nothing and is not kept', async () => {
  const { url } = await listener({ accept: () => `<script>alert("1")</script> & 'more'` });
  const answer = await fetch(url);
  expect(await answer.text()).toContain('<p>&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62; &#38; &#39;more&#39;</p>');
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  });
});

test.each([
  ['http://localhost:0/other/path', /^http:\/\/localhost:\d+\/other\/path$/],
  ['http://127.0.0.1:0', /^http:\/\/127\.0\.0\.1:\d+\/$/],
])('listens for %s', async (redirectUrl, expected) => {
  const { url } = await listener({ redirectUrl });
  expect(url).toMatch(expected);
  expect((await fetch(`${url}?state=right`)).status).toBe(200);
});

test.each([
  ['https://localhost:0/a', 'the redirect URL https://localhost:0/a is not of the scheme http'],
  ['http://0.0.0.0:0/a', 'the redirect URL http://0.0.0.0:0/a does not lead to this machine'],
  ['http://example.com/a', 'the redirect URL http://example.com/a does not lead to this machine'],
  ['http://127.0.0.1.example/a', 'the redirect URL http://127.0.0.1.example/a does not lead to this machine'],
  ['http://localhost:0/a?b=c', 'the redirect URL http://localhost:0/a?… has more than host, port and path'],
  ['http://me:secret@localhost:0/a', 'the redirect URL http://localhost:0/a has more than host, port and path'],
  ['localhost', 'the redirect URL is not a URL: localhost'],
])('refuses to listen for %s', async (redirectUrl, message) => {
  await expect(listener({ redirectUrl })).rejects.toMatchObject({ code: 'NET_LISTEN', message });
});

test('refuses a port that is taken', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  await expect(listener({ redirectUrl: `http://localhost:${port}/a` })).rejects.toMatchObject({
    code: 'NET_LISTEN',
    message: `cannot listen on localhost:${port} (EADDRINUSE)`,
  });
});
