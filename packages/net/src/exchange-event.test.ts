import { expect, test } from 'vitest';
import { caught } from '../test/caught.ts';
import { client } from '../test/client.ts';
import { serve, unusedPort } from '../test/loopback.ts';
import type { ExchangeEvent } from './exchange-event.ts';

test('tells of every exchange: attempts, redirects, the answer', async () => {
  const events: ExchangeEvent[] = [];
  const statuses = [503, 307, 200];
  const server = await serve((_, response) => response.writeHead(statuses.shift() ?? 418, { Location: '/there?token=1' }).end());
  let clock = 0;
  const now = (): number => (clock += 7);
  await client({ onExchange: (event) => events.push(event), now }).request(`${server.url.replace('//', '//user:hunter2@')}/x?sig=hunter2`);
  expect(events.map(({ method, url, status, durationMs }) => [method, url, status, durationMs])).toEqual([
    ['GET', `${server.url}/x?…`, 503, 7],
    ['GET', `${server.url}/x?…`, 307, 7],
    ['GET', `${server.url}/there?…`, 200, 7],
  ]);
  expect(JSON.stringify(events)).not.toContain('hunter2');
});

test('tells why there was no answer', async () => {
  const events: ExchangeEvent[] = [];
  const port = await unusedPort();
  await caught(client({ onExchange: (event) => events.push(event), retries: 0 }).request(`http://127.0.0.1:${port}/`));
  expect(events).toMatchObject([{ status: undefined, headers: {}, failure: `127.0.0.1:${port}: connection refused (ECONNREFUSED)` }]);
});

test('tells of a request that the caller gave up', async () => {
  const events: ExchangeEvent[] = [];
  const abort = new AbortController();
  const server = await serve(() => abort.abort(new Error('enough')));
  await expect(client({ onExchange: (event) => events.push(event) }).request(server.url, { signal: abort.signal })).rejects.toThrow('enough');
  expect(events).toMatchObject([{ failure: 'given up by the caller' }]);
});

test('shows response headers without secrets', async () => {
  const events: ExchangeEvent[] = [];
  const server = await serve((_, response) =>
    response
      .writeHead(401, {
        'Docker-Distribution-Api-Version': 'registry/2.0',
        'WWW-Authenticate': 'Bearer realm="https://auth.test/token",service="registry.test"',
        'Set-Cookie': ['session=hunter2', 'b=hunter2'],
        Authorization: 'hunter2',
        'X-Auth-Token': 'hunter2',
        'X-Amz-Security-Token': 'hunter2',
        'Content-Location': 'https://user:hunter2@store.test/b?X-Amz-Signature=hunter2',
        Link: '</v2/a/referrers/x?last=hunter2>; rel="next"',
        'X-Evil': 'a\u0085b',
      })
      .end(),
  );
  await client({ onExchange: (event) => events.push(event) }).request(server.url);
  const headers = events[0]?.headers;
  expect(headers).toMatchObject({
    'docker-distribution-api-version': 'registry/2.0',
    'www-authenticate': 'Bearer realm="https://auth.test/token",service="registry.test"',
    'content-location': 'https://store.test/b?…',
    link: '</v2/a/referrers/x?…>; rel="next"',
    'x-evil': 'a\\u0085b',
  });
  for (const name of ['set-cookie', 'authorization', 'x-auth-token', 'x-amz-security-token']) expect(headers).not.toHaveProperty(name);
  expect(JSON.stringify(events)).not.toContain('hunter2');
});
