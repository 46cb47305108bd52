import dns from 'node:dns';
import { writeFileSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { caught } from '../test/caught.ts';
import { client, drain, text } from '../test/client.ts';
import { listen, serve, unusedPort } from '../test/loopback.ts';
import { selfSigned } from '../test/self-signed.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { requireOk } from './client.ts';

describe('requests', () => {
  test('sends method, headers and body, and returns status, headers and body', async () => {
    const bodies: string[] = [];
    const server = await serve((request, response) => {
      request.on('data', (chunk: Buffer) => bodies.push(chunk.toString()));
      request.on('end', () => response.writeHead(201, { 'X-Two': ['a', 'b'] }).end('made'));
    });
    const answer = await client({ userAgent: 'assay/1' }).request(`${server.url}/x?y#z`, {
      method: 'post',
      headers: { 'Content-Type': 'text/plain' },
      body: 'näh',
    });
    expect({ ...answer, body: text(answer.body) }).toMatchObject({ status: 201, url: `${server.url}/x?y`, body: 'made', headers: { 'x-two': 'a, b' } });
    expect(server.requests).toEqual(['POST /x?y']);
    expect(server.headers[0]).toMatchObject({ 'user-agent': 'assay/1', 'content-type': 'text/plain', 'content-length': '4' });
    expect(bodies.join('')).toBe('näh');
  });

  test('any status is an answer; requireOk makes it an error', async () => {
    const server = await serve((_, response) => response.writeHead(401, { 'Retry-After': '3' }).end('who are you'));
    const answer = await client().request(`${server.url}/a?token=1`);
    expect(answer.status).toBe(401);
    expect(await caught(() => requireOk(answer))).toMatchObject({
      code: 'NET_STATUS',
      message: `${server.url}/a?…: server returned HTTP 401`,
      data: { status: 401, retryAfterMs: 3000 },
    });
  });

  test('turns URL credentials into a header', async () => {
    const server = await serve((_, response) => response.end());
    await client().request(server.url.replace('//', '//user:p%40ss@'));
    expect(server.headers[0]?.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
  });

  test.each(['ftp://host/', 'file:///etc/passwd', 'nonsense', 'http://user:%zz@host/'])('refuses %s', async (url) => {
    const error = await caught(client().request(url));
    expect(error.code).toBe('NET_URL');
    expect(error.message).not.toContain('user');
  });

  test('asks for bytes as they are, and hands out what comes unchanged', async () => {
    const zipped = gzipSync('layer');
    const server = await serve((_, response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(zipped));
    const { body, headers } = await client().request(server.url);
    expect(server.headers[0]?.['accept-encoding']).toBe('identity');
    expect(headers['content-encoding']).toBe('gzip');
    expect(Buffer.from(body)).toEqual(zipped);
  });

  test('keeps connections for later requests', async () => {
    const sockets = new Set<unknown>();
    const server = await serve((request, response) => {
      sockets.add(request.socket);
      response.end('x');
    });
    const http = client();
    for (let i = 0; i < 3; i += 1) await http.request(server.url);
    expect(sockets.size).toBe(1);
  });
});

describe('sizes', () => {
  const endless = (_: unknown, response: ServerResponse): void => {
    const more = (): void => {
      if (response.destroyed) return;
      if (response.write(Buffer.alloc(65_536))) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  };

  test('refuses a stated length beyond the cap before reading', async () => {
    const server = await serve((_, response) => response.writeHead(200, { 'Content-Length': '1000' }).write('x'));
    expect(await caught(client().request(server.url, { maxBytes: 999 }))).toMatchObject({
      code: 'NET_TOO_LARGE',
      message: `${server.url}/: the response is larger than the cap of 999 bytes`,
    });
    expect(server.requests).toHaveLength(1);
  });

  test('stops an endless body at the cap', async () => {
    const server = await serve(endless);
    expect((await caught(client().request(server.url, { maxBytes: 1_000_000 }))).code).toBe('NET_TOO_LARGE');
    expect((await caught(client().request(server.url))).message).toContain('10485760 bytes');
  });

  test('stops an endless stream at the cap, after having handed out what fits', async () => {
    const server = await serve(endless);
    const { body } = await client().stream(server.url, { maxBytes: 1_000_000 });
    let received = 0;
    const error = await caught(async () => {
      for await (const chunk of body) received += chunk.length;
    });
    expect(error.code).toBe('NET_TOO_LARGE');
    expect(received).toBeGreaterThan(0);
    expect(received).toBeLessThanOrEqual(1_000_000);
  });

  test('accepts a body of exactly the cap, and a HEAD that states more', async () => {
    const server = await serve((_, response) => response.writeHead(200, { 'Content-Length': '4' }).end('abcd'));
    expect(text((await client().request(server.url, { maxBytes: 4 })).body)).toBe('abcd');
    expect((await client().request(server.url, { method: 'HEAD', maxBytes: 3 })).headers['content-length']).toBe('4');
  });

  test('a body that ends early is an error, not a short file', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('half', () => response.destroy());
    });
    const http = client();
    expect((await caught(http.request(server.url))).code).toBe('NET_UNREACHABLE');
    expect(server.requests).toHaveLength(3);
    const { body } = await http.stream(server.url);
    expect((await caught(drain(body))).code).toBe('NET_UNREACHABLE');
  });
});

describe('time', () => {
  test('gives up when no headers come', async () => {
    const server = await serve(() => undefined);
    expect(await caught(client({ headersTimeoutMs: 30, retries: 0 }).request(server.url))).toMatchObject({
      code: 'NET_TIMEOUT',
      message: `${server.url}/: no answer within 30 ms`,
    });
  });

  test('takes the patience of one request from its options', async () => {
    const server = await serve((request, response) => void (request.url === '/silent' || response.write('a bit')));
    const http = client({ retries: 0 });
    expect((await caught(http.request(`${server.url}/silent`, { headersTimeoutMs: 30 }))).message).toContain('no answer within 30 ms');
    expect((await caught(http.request(server.url, { idleTimeoutMs: 40 }))).message).toContain('the body stalled for 40 ms');
  });

  test('an endless deadline is none', async () => {
    const server = await serve((_, response) => response.end());
    expect((await client().request(server.url, { timeoutMs: Number.POSITIVE_INFINITY })).status).toBe(200);
  });

  test('gives up when the body stalls', async () => {
    const server = await serve((_, response) => void response.write('a bit'));
    expect((await caught(client({ idleTimeoutMs: 30, retries: 0 }).request(server.url))).message).toContain('the body stalled for 30 ms');
  });

  test('gives up on a body that drips for ever', async () => {
    const server = await serve((_, response) => {
      const timer = setInterval(() => response.write('.'), 5);
      response.on('close', () => clearInterval(timer));
    });
    const error = await caught(client({ idleTimeoutMs: 5000 }).request(server.url, { timeoutMs: 100 }));
    expect(error).toMatchObject({ code: 'NET_TIMEOUT', message: `${server.url}/: not finished within 100 ms` });
    expect(server.requests).toHaveLength(1);
  });

  test('the deadline of a stream covers its body', async () => {
    const server = await serve((_, response) => void response.write('.'));
    const { body } = await client().stream(server.url, { timeoutMs: 50 });
    expect((await caught(drain(body))).message).toContain('not finished within 50 ms');
  });

  test('ends with the reason of the caller, also while it waits between attempts', async () => {
    const server = await serve((_, response) => response.writeHead(503).end());
    const abort = new AbortController();
    const sleep = (): Promise<void> => new Promise(() => abort.abort(new Error('enough')));
    await expect(client({ sleep }).request(server.url, { signal: abort.signal })).rejects.toThrow('enough');
    await expect(client().request(server.url, { signal: abort.signal })).rejects.toThrow('enough');
    expect(server.requests).toHaveLength(1);
  });

  test('a cancelled stream closes its connection', async () => {
    let closed: (() => void) | undefined;
    const end = new Promise<void>((resolve) => (closed = resolve));
    const server = await serve((_, response) => {
      response.on('close', () => closed?.());
      response.write('.');
    });
    (await client().stream(server.url)).cancel();
    await end;
  });
});

describe('retries', () => {
  test.each([
    ['GET', 3],
    ['PUT', 3],
    ['POST', 1],
    ['PATCH', 1],
  ])('%s is sent %i times to a server that is down for a while', async (method, times) => {
    const server = await serve((_, response) => response.writeHead(503).end('later'));
    const http = client();
    expect((await http.request(server.url, { method })).status).toBe(503);
    expect(server.requests).toHaveLength(times);
    expect(http.waits).toEqual([250, 500].slice(0, times - 1));
  });

  test.each(['POST', 'PATCH'])('%s is repeated when the caller says so', async (method) => {
    const statuses = [503, 202];
    const server = await serve((_, response) => response.writeHead(statuses.shift() ?? 418).end());
    expect((await client({ retries: 0 }).request(server.url, { method, retries: 1 })).status).toBe(202);
  });

  test('returns the first good answer', async () => {
    const statuses = [429, 500, 200];
    const server = await serve((_, response) => response.writeHead(statuses.shift() ?? 418).end('body'));
    expect((await client().request(server.url)).status).toBe(200);
  });

  test('tries again when the connection breaks', async () => {
    let count = 0;
    const server = await serve((_, response) => void (++count < 3 ? response.destroy() : response.end('at last')));
    expect(text((await client().request(server.url)).body)).toBe('at last');
  });

  test('waits as long as the server says, in seconds or until a date', async () => {
    const values = ['7', 'Tue, 25 Aug 2026 00:00:09 GMT'];
    const server = await serve((_, response) => response.writeHead(429, { 'Retry-After': values.shift() ?? '1' }).end());
    const http = client({ now: () => Date.parse('2026-08-25T00:00:00Z') });
    await http.request(server.url);
    expect(http.waits).toEqual([7000, 9000]);
  });

  test('does not wait longer than the cap: the answer is returned', async () => {
    const server = await serve((_, response) => response.writeHead(429, { 'Retry-After': '86400' }).end());
    const http = client();
    expect((await http.request(server.url)).headers['retry-after']).toBe('86400');
    expect(http.waits).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  test('an unreachable port', async () => {
    const port = await unusedPort();
    const http = client();
    expect(await caught(http.request(`http://user:pw@127.0.0.1:${port}/`))).toMatchObject({
      code: 'NET_UNREACHABLE',
      message: `127.0.0.1:${port}: connection refused (ECONNREFUSED)`,
      kind: 'unavailable',
    });
    expect(http.waits).toHaveLength(2);
  });

  test('an unknown host', async () => {
    const lookup = ((_host: string, _options: unknown, callback: (error: Error) => void) =>
      callback(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))) as never;
    expect((await caught(client({ lookup, retries: 0 }).request('http://nowhere.test/'))).message).toBe('nowhere.test: no such host (ENOTFOUND)');
  });

  test('something that is not HTTP', async () => {
    const server = net.createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    const port = await listen(server, '127.0.0.1');
    onTestFinished(() => void server.close());
    expect((await caught(client({ retries: 0 }).request(`http://127.0.0.1:${port}/`))).code).toBe('NET_UNREACHABLE');
  });
});

describe('redirects', () => {
  const redirect =
    (location: string, status = 302) =>
    (_: unknown, response: ServerResponse): void =>
      void response.writeHead(status, { Location: location }).end();

  test('are followed, relative ones too, and the final URL is told', async () => {
    const server = await serve((request, response) => (request.url === '/a/b' ? response.writeHead(301, { Location: '../c' }).end() : response.end('there')));
    expect(await client().request(`${server.url}/a/b`)).toMatchObject({ status: 200, url: `${server.url}/c` });
  });

  test('end after ten', async () => {
    let count = 0;
    const server = await serve((_, response) => response.writeHead(302, { Location: `/${++count}` }).end());
    expect(await caught(client().request(server.url))).toMatchObject({ code: 'NET_REDIRECT', message: `${server.url}/: more than 10 redirects` });
    expect(server.requests).toHaveLength(11);
  });

  test('carry no credentials and no header marked secret to another port; the same origin keeps them', async () => {
    const other = await serve((_, response) => response.end());
    const server = await serve((request, response) => response.writeHead(307, { Location: request.url === '/1' ? '/2' : other.url }).end());
    const headers = { Authorization: 'Bearer t', Cookie: 'c=1', 'X-Registry-Key': 'k', 'X-Plain': 'p' };
    await client().request(`${server.url}/1`, { headers, secretHeaders: ['x-registry-KEY'] });
    expect(server.headers[1]).toMatchObject({ authorization: 'Bearer t', cookie: 'c=1', 'x-registry-key': 'k', 'x-plain': 'p' });
    expect(other.headers[0]).toMatchObject({ 'x-plain': 'p' });
    for (const name of ['authorization', 'cookie', 'x-registry-key']) expect(other.headers[0]).not.toHaveProperty(name);
  });

  test('do not give credentials back after a detour', async () => {
    const seen: unknown[] = [];
    const home = await serve((request, response) => {
      seen.push(request.headers.authorization);
      if (request.url === '/') response.writeHead(302, { Location: detour.url }).end();
      else response.end();
    });
    const detour = await serve((_, response) => response.writeHead(302, { Location: `${home.url}/end` }).end());
    await client().request(home.url, { headers: { Authorization: 'secret' } });
    expect(seen).toEqual(['secret', undefined]);
  });

  test('drop credentials that the Location brings along', async () => {
    const other = await serve((_, response) => response.end());
    const server = await serve(redirect(other.url.replace('//', '//eve:pw@')));
    await client().request(server.url);
    expect(other.headers[0]).not.toHaveProperty('authorization');
  });

  test('never lead from https to http', async () => {
    const tls = selfSigned();
    const plain = await serve((_, response) => response.end());
    const server = await serve(redirect(`${plain.url}/x?token=1`), { tls });
    expect(await caught(client({ ca: tls.cert }).request(server.url))).toMatchObject({
      code: 'NET_REDIRECT',
      message: `${server.url}/ redirects to ${plain.url}/x?…: only https may follow https`,
    });
    expect(plain.requests).toHaveLength(0);
  });

  test.each(['file:///etc/passwd', 'http://[bad', 'javascript:1'])('to %s are refused', async (location) => {
    const server = await serve(redirect(location));
    expect((await caught(client().request(server.url))).code).toBe('NET_REDIRECT');
  });

  test.each([
    [303, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [301, 'PUT', 'PUT'],
    [307, 'POST', 'POST'],
    [308, 'PUT', 'PUT'],
    [303, 'HEAD', 'HEAD'],
  ])('%i after %s continues as %s', async (status, method, then) => {
    const server = await serve((request, response) => {
      request.resume();
      if (request.url === '/1') response.writeHead(status, { Location: '/2' }).end();
      else response.end();
    });
    await client().request(`${server.url}/1`, { method, ...(method !== 'HEAD' && { body: 'x' }) });
    expect(server.requests[1]).toBe(`${then} /2`);
    expect(server.headers[1]?.['content-length']).toBe(then === 'POST' || then === 'PUT' ? '1' : undefined);
  });

  test('without a Location, and 304, are answers', async () => {
    const server = await serve((request, response) => response.writeHead(request.url === '/304' ? 304 : 302).end());
    expect((await client().request(server.url)).status).toBe(302);
    expect((await client().request(`${server.url}/304`)).status).toBe(304);
  });

  describe('from a public host', () => {
    // For these tests 127.0.0.1 plays the Internet, and the rest of 127.0.0.0/8 plays the private network.
    const isPrivateAddress = (address: string): boolean => address !== '127.0.0.1';
    const lookup = ((host: string, _options: unknown, callback: (error: null, found: unknown) => void) =>
      callback(null, [{ address: host.startsWith('private') ? '127.0.0.2' : '127.0.0.1', family: 4 }])) as never;

    test.each(['http://127.0.0.2:PORT/', 'http://localhost:PORT/', 'http://private.test:PORT/', 'http://[::1]:PORT/'])('to %s are refused', async (pattern) => {
      const target = await serve((_, response) => response.end('metadata'), { host: '127.0.0.2' });
      const server = await serve(redirect(pattern.replace('PORT', String(target.port))));
      const http = client({ lookup, isPrivateAddress });
      const error = await caught(http.request(server.url));
      expect(error.code).toBe('NET_REDIRECT');
      expect(error.message).toContain('private address');
      expect(target.requests).toHaveLength(0);
    });

    test('are refused even when the client holds a connection that the user asked for', async () => {
      const target = await serve((_, response) => response.end('mine'), { host: '127.0.0.2' });
      const server = await serve(redirect(`http://private.test:${target.port}/`));
      const http = client({ lookup, isPrivateAddress });
      expect((await http.request(`http://private.test:${target.port}/`)).status).toBe(200);
      expect((await caught(http.request(`http://public.test:${server.port}/`))).code).toBe('NET_REDIRECT');
      expect(target.requests).toHaveLength(1);
    });

    test('to another public host are followed', async () => {
      const target = await serve((_, response) => response.end());
      const server = await serve(redirect(`http://other.test:${target.port}/`));
      expect((await client({ lookup, isPrivateAddress }).request(`http://public.test:${server.port}/`)).status).toBe(200);
    });

    test('back into the private network they came from are refused', async () => {
      const target = await serve((_, response) => response.end(), { host: '127.0.0.2' });
      const middle = await serve(redirect(`http://private.test:${target.port}/`));
      const server = await serve(redirect(`http://public.test:${middle.port}/`), { host: '127.0.0.2' });
      expect((await caught(client({ lookup, isPrivateAddress }).request(`http://private.test:${server.port}/`))).code).toBe('NET_REDIRECT');
      expect(target.requests).toHaveLength(0);
    });

    test('a private network may redirect inside itself', async () => {
      const target = await serve((_, response) => response.end('internal'), { host: '127.0.0.2' });
      const server = await serve(redirect(`http://127.0.0.2:${target.port}/`), { host: '127.0.0.2' });
      expect((await client({ lookup, isPrivateAddress }).request(`http://private.test:${server.port}/`)).status).toBe(200);
    });
  });
});

describe('TLS', () => {
  test('refuses an unknown authority, and is not retried', async () => {
    const server = await serve((_, response) => response.end(), { tls: selfSigned() });
    const http = client();
    expect(await caught(http.request(server.url))).toMatchObject({ code: 'NET_TLS', message: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT') });
    expect(http.waits).toEqual([]);
  });

  test('trusts an extra authority given as text, bytes or file', async () => {
    const tls = selfSigned();
    const server = await serve((_, response) => response.end('ok'), { tls });
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'ca.pem'), tls.cert);
    for (const ca of [tls.cert, new TextEncoder().encode(tls.cert), { file: join(folder, 'ca.pem') }]) {
      expect((await client({ ca }).request(server.url)).status).toBe(200);
    }
    expect((await caught(client({ ca: { file: join(folder, 'none.pem') } }).request(server.url))).code).toBe('FILE_NOT_FOUND');
  });

  test('refuses a certificate for another name', async () => {
    const tls = selfSigned();
    const server = await serve((_, response) => response.end(), { tls });
    const lookup = ((_host: string, _options: unknown, callback: (error: null, found: unknown) => void) =>
      callback(null, [{ address: '127.0.0.1', family: 4 }])) as never;
    const error = await caught(client({ ca: tls.cert, lookup }).request(`https://other.test:${server.port}/`));
    expect(error).toMatchObject({ code: 'NET_TLS', message: expect.stringContaining('ALTNAME') });
  });

  test('accepts any certificate when told to, and only then: not by NODE_TLS_REJECT_UNAUTHORIZED', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    onTestFinished(() => void vi.unstubAllEnvs());
    const server = await serve((_, response) => response.end(), { tls: selfSigned() });
    expect((await caught(client().request(server.url))).code).toBe('NET_TLS');
    expect((await client({ insecureSkipVerify: true }).request(server.url)).status).toBe(200);
  });

  test('asks for the name it is told, and finds it in the certificate', async () => {
    const tls = selfSigned();
    const asked: unknown[] = [];
    const server = await serve(
      (request, response) => {
        asked.push((request.socket as TLSSocket).servername);
        response.end();
      },
      { tls, host: '127.0.0.2' },
    );
    expect((await caught(client({ ca: tls.cert }).request(server.url))).code).toBe('NET_TLS');
    expect((await caught(client({ ca: tls.cert, serverName: 'other.test' }).request(server.url))).code).toBe('NET_TLS');
    expect((await client({ ca: tls.cert, serverName: 'localhost' }).request(server.url)).status).toBe(200);
    expect(asked).toEqual(['localhost']);
  });

  describe('with a client certificate', () => {
    const mine = selfSigned();
    const theirs = selfSigned();
    const subject = (request: IncomingMessage): unknown => (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
    const identity = { ca: theirs.cert, clientCertificate: mine.cert, clientKey: mine.key };

    test('given as text, bytes or file', async () => {
      const tls = { ...theirs, ca: mine.cert, requestCert: true };
      const server = await serve((request, response) => response.end(subject(request)), { tls });
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'cert.pem'), mine.cert);
      writeFileSync(join(folder, 'key.pem'), mine.key);
      for (const pair of [
        { clientCertificate: mine.cert, clientKey: mine.key },
        { clientCertificate: new TextEncoder().encode(mine.cert), clientKey: new TextEncoder().encode(mine.key) },
        { clientCertificate: { file: join(folder, 'cert.pem') }, clientKey: { file: join(folder, 'key.pem') } },
      ]) {
        expect(text((await client({ ...identity, ...pair }).request(server.url)).body)).toBe('loopback');
      }
      expect((await caught(client({ ca: theirs.cert, retries: 0 }).request(server.url))).kind).toBe('unavailable');
    });

    test.each([
      ['without its key', { clientCertificate: mine.cert }, 'the key is missing'],
      ['that is a key alone', { clientKey: mine.key }, 'the certificate is missing'],
      ['with the key of another', { clientCertificate: mine.cert, clientKey: theirs.key }, 'is refused (ERR_OSSL'],
      ['that is not PEM', { clientCertificate: 'x', clientKey: mine.key }, 'is refused (ERR_OSSL'],
    ])('%s fails before a socket opens', async (_, pair, message) => {
      const server = await serve((_request, response) => response.end(), { tls: theirs });
      const error = await caught(client({ ca: theirs.cert, ...pair }).request(server.url));
      expect(error).toMatchObject({ code: 'NET_CLIENT_CERTIFICATE', kind: 'usage', message: expect.stringContaining(message) });
      expect(server.requests).toHaveLength(0);
    });

    test('neither it nor the name goes where a redirect leads, nor comes back after a detour', async () => {
      const tls = { ...theirs, ca: mine.cert, requestCert: true, rejectUnauthorized: false };
      const seen: unknown[] = [];
      const note = (request: IncomingMessage): void => void seen.push([request.url, subject(request), (request.socket as TLSSocket).servername]);
      const blobs = await serve(
        (request, response) => {
          note(request);
          response.writeHead(307, { Location: `${registry.url}/3` }).end();
        },
        { tls },
      );
      const registry = await serve(
        (request, response) => {
          note(request);
          if (request.url === '/3') response.end();
          else response.writeHead(307, { Location: request.url === '/1' ? '/2' : `${blobs.url}/blob` }).end();
        },
        { tls },
      );
      await client({ ...identity, serverName: 'localhost' }).request(`${registry.url}/1`);
      expect(seen).toEqual([
        ['/1', 'loopback', 'localhost'],
        ['/2', 'loopback', 'localhost'],
        ['/blob', undefined, false],
        ['/3', undefined, false],
      ]);
    });

    test('through the tunnel of a proxy', async () => {
      const server = await serve((request, response) => response.end(subject(request)), { tls: { ...theirs, ca: mine.cert, requestCert: true } });
      const tunnels: unknown[] = [];
      const proxy = http.createServer().on('connect', (request, socket) => {
        tunnels.push(request.url);
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        const through = net.connect(server.port, '127.0.0.1', () => void socket.pipe(through).pipe(socket));
        for (const end of [socket, through]) end.on('error', () => undefined);
      });
      const port = await listen(proxy, '127.0.0.1');
      onTestFinished(() => void proxy.close());
      const caller = client({ ...identity, serverName: 'localhost', env: { HTTPS_PROXY: `http://127.0.0.1:${port}` } });
      expect(text((await caller.request('https://registry.test/')).body)).toBe('loopback');
      expect(tunnels).toEqual(['registry.test:443']);
    });
  });

  test('refuses a server that speaks no TLS', async () => {
    const server = await serve((_, response) => response.end());
    expect((await caught(client({ retries: 0 }).request(server.url.replace('http:', 'https:')))).code).toBe('NET_TLS');
  });
});

describe('proxy', () => {
  test.each(['HTTP_PROXY', 'http_proxy'])('of %s carries requests, except for hosts of NO_PROXY', async (name) => {
    const proxy = await serve((_, response) => response.end('by proxy'));
    const direct = await serve((_, response) => response.end('direct'));
    const http = client({ env: { [name]: proxy.url.replace('//', '//user:pw@'), NO_PROXY: '127.0.0.1' } });
    expect(text((await http.request('http://elsewhere.test/a')).body)).toBe('by proxy');
    expect(proxy.requests).toEqual(['GET http://elsewhere.test/a']);
    expect(text((await http.request(direct.url)).body)).toBe('direct');
  });

  test('of HTTPS_PROXY is asked for a tunnel; its refusal names no password', async () => {
    const proxy = await serve((_, response) => response.end());
    const error = await caught(client({ env: { https_proxy: proxy.url.replace('//', '//user:pw@') }, retries: 0 }).request('https://elsewhere.test/'));
    expect(error.code).toBe('NET_UNREACHABLE');
    expect(error.message).not.toContain('pw');
  });

  test('that is not a URL is a mistake of the user, told without its value', async () => {
    const error = await caught(client({ env: { HTTP_PROXY: 'http://user:pw@bad port' } }).request('http://elsewhere.test/'));
    expect(error.code).toBe('NET_URL');
    expect(error.message).not.toContain('pw');
  });

  test('of this process is not used unless handed in', async () => {
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1');
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    onTestFinished(() => void vi.unstubAllEnvs());
    const server = await serve((_, response) => response.end());
    expect((await client().request(server.url)).status).toBe(200);
  });
});

describe('offline', () => {
  test('opens no socket and looks up no name', async () => {
    const forbidden = (): never => {
      throw new Error('the network was touched');
    };
    vi.spyOn(net.Socket.prototype, 'connect').mockImplementation(forbidden);
    vi.spyOn(dns, 'lookup').mockImplementation(forbidden as never);
    vi.spyOn(dns.promises, 'lookup').mockImplementation(forbidden);
    onTestFinished(() => void vi.restoreAllMocks());
    const http = client({ offline: true });
    for (const call of [http.request('https://user:pw@example.com/a?t=1'), http.stream('https://user:pw@example.com/a?t=1')]) {
      expect(await caught(call)).toMatchObject({ code: 'NET_OFFLINE', message: 'GET https://example.com/a?… was not sent: offline', kind: 'usage' });
    }
    // The stubs work: without `offline` the same request does touch the network.
    await expect(client({ retries: 0 }).request('http://127.0.0.1:1/')).rejects.toThrow();
    expect(net.Socket.prototype.connect).toHaveBeenCalled();
  });
});
