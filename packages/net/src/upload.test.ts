import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { caught } from '../test/caught.ts';
import { client, text } from '../test/client.ts';
import { listen, serve } from '../test/loopback.ts';
import { selfSigned } from '../test/self-signed.ts';
import type { BodySource } from './body.ts';
import type { RequestOptions } from './client.ts';

const MIB = 1024 * 1024;

interface CountedSource extends BodySource {
  opened: number;
  /** Bytes asked for by the client, over all openings. */
  pulled: number;
  /** How many openings were ended, read to the end or not. */
  closed: number;
}

/** `count` chunks of `chunkBytes` zero bytes. `turns` between them let the event loop go round, as reading a file does. */
function zeros(count: number, chunkBytes: number, { size = count * chunkBytes, turns = 0 } = {}): CountedSource {
  const chunk = new Uint8Array(chunkBytes);
  const source: CountedSource = {
    size,
    opened: 0,
    pulled: 0,
    closed: 0,
    async *open() {
      source.opened += 1;
      try {
        for (let i = 0; i < count; i += 1) {
          for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
          source.pulled += chunk.length;
          yield chunk;
        }
      } finally {
        source.closed += 1;
      }
    },
  };
  return source;
}

function pieces(...texts: readonly string[]): BodySource {
  return {
    size: undefined,
    async *open() {
      for (const piece of texts) yield new TextEncoder().encode(piece);
    },
  };
}

/** A server that takes everything and answers with size and framing of what it got. */
async function receiver() {
  return serve(async (request, response) => response.end(JSON.stringify(await received(request))));
}

async function received(request: IncomingMessage): Promise<unknown> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    hash.update(chunk);
  }
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  return { size, sha256: hash.digest('hex'), length, encoding };
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('a body', () => {
  test.each(['PUT', 'POST', 'PATCH', 'DELETE'])('of a known size is sent with %s and its length', async (method) => {
    const server = await receiver();
    const answer = await client().request(server.url, { method, body: zeros(3, MIB + 1) });
    expect(JSON.parse(text(answer.body))).toEqual({ size: 3 * MIB + 3, sha256: sha256(new Uint8Array(3 * MIB + 3)), length: String(3 * MIB + 3) });
  });

  test.each(['PUT', 'POST', 'PATCH', 'DELETE'])('of unknown size is sent with %s in chunks', async (method) => {
    const server = await receiver();
    const answer = await client().request(server.url, { method, body: pieces('all ', '', 'of ', 'it') });
    expect(JSON.parse(text(answer.body))).toEqual({ size: 9, sha256: sha256(new TextEncoder().encode('all of it')), encoding: 'chunked' });
  });

  test.each([
    ['bytes', new Uint8Array(5 * MIB)],
    ['a source', zeros(5, MIB)],
    ['a source without chunks', zeros(0, 0)],
    ['no bytes', new Uint8Array(0)],
  ])('that is %s arrives whole over TLS', async (_, body) => {
    const identity = selfSigned();
    const server = await serve(async (request, response) => response.end(JSON.stringify(await received(request))), { tls: identity });
    const size = body instanceof Uint8Array ? body.length : (body.size ?? 0);
    const answer = await client({ ca: identity.cert }).request(server.url, { method: 'PUT', body });
    expect(JSON.parse(text(answer.body))).toMatchObject({ size, length: String(size) });
  });

  test('leaves other headers to the caller', async () => {
    const server = await receiver();
    await client().request(server.url, { method: 'PATCH', body: zeros(1, 10), headers: { 'Content-Range': '5-14', 'Content-Length': '9' } });
    expect(server.headers[0]).toMatchObject({ 'content-range': '5-14', 'content-length': '10' });
  });

  test.each([
    ['more', 4, 'the body to be sent was announced with 4 bytes, but has more'],
    ['fewer', 11, 'the body to be sent was announced with 11 bytes, but has 10'],
  ])('of %s bytes than its size is an error, and is not tried again', async (_, size, message) => {
    const server = await serve((request) => void request.resume());
    const body = zeros(2, 5, { size });
    expect(await caught(client().request(server.url, { method: 'PUT', body }))).toMatchObject({ code: 'NET_BODY_SIZE', message });
    expect(body).toMatchObject({ opened: 1, closed: 1 });
  });

  test('whose source fails is the error of the source, and the server sees no end of it', async () => {
    let aborted: ((value: unknown) => void) | undefined;
    const end = new Promise((resolve) => (aborted = resolve));
    const server = await serve((request) => void request.on('error', (error) => aborted?.(error)).resume());
    const failing = (async function* () {
      yield new Uint8Array(MIB);
      throw new Error('the disk is gone');
    })();
    await expect(client().request(server.url, { method: 'PUT', body: { size: 2 * MIB, open: () => failing } })).rejects.toThrow('the disk is gone');
    expect(await end).toMatchObject({ code: 'ECONNRESET' });
    expect(server.requests).toHaveLength(1);
  });

  test('whose source cannot be opened is the error of the source', async () => {
    const server = await receiver();
    const open = (): never => {
      throw new Error('no such blob');
    };
    await expect(client().request(server.url, { method: 'PUT', body: { size: 1, open } })).rejects.toThrow('no such blob');
  });

  test('ends with the reason of the caller, and ends its source', async () => {
    const abort = new AbortController();
    const server = await serve((request) => void request.once('data', () => abort.abort(new Error('enough'))));
    const body = zeros(100_000, MIB);
    await expect(client().request(server.url, { method: 'PUT', body, signal: abort.signal })).rejects.toThrow('enough');
    await expect.poll(() => body.closed).toBe(1);
  });
});

describe('a slow peer', () => {
  test('holds the source back, and is given up when it takes nothing any more', async () => {
    const server = await serve(() => undefined);
    const body = zeros(1024, MIB);
    const error = await caught(client({ idleTimeoutMs: 200, retries: 0 }).request(server.url, { method: 'PUT', body }));
    expect(error).toMatchObject({ code: 'NET_TIMEOUT', message: `${server.url}/: the upload stalled for 200 ms` });
    // What the kernel buffers on a loopback connection, and one chunk; of 1024 MiB.
    expect(body.pulled).toBeLessThan(32 * MIB);
    await expect.poll(() => body.closed).toBe(1);
  });

  test('may pause for longer than the time to the headers, and gets everything when it goes on', async () => {
    const server = await serve((request, response) => {
      request.pause();
      setTimeout(async () => response.end(JSON.stringify(await received(request))), 1000);
    });
    const http = client({ headersTimeoutMs: 500, idleTimeoutMs: 60_000, retries: 0 });
    const answer = await http.request(server.url, { method: 'PUT', body: zeros(64, MIB) });
    expect(JSON.parse(text(answer.body))).toMatchObject({ size: 64 * MIB });
  });

  test('a slow source is not the fault of the peer', async () => {
    const server = await receiver();
    const body: BodySource = {
      size: 2,
      async *open() {
        for (let i = 0; i < 2; i += 1) {
          await new Promise((resolve) => setTimeout(resolve, 600));
          yield new Uint8Array(1);
        }
      },
    };
    expect((await client({ headersTimeoutMs: 500, idleTimeoutMs: 500, retries: 0 }).request(server.url, { method: 'PUT', body })).status).toBe(200);
  });

  test('is given up when it does not answer after the last byte', async () => {
    const server = await serve((request) => void request.resume());
    const http = client({ headersTimeoutMs: 50, retries: 0 });
    const due = async (options: RequestOptions): Promise<string> => (await caught(http.request(server.url, { method: 'PUT', ...options }))).message;
    expect(await due({ body: 'bytes at hand' })).toContain('no answer within 50 ms');
    // A source is mostly large: what lies in buffers, and the registry's own work, need their time.
    expect(await due({ body: zeros(3, 100) })).toContain('no answer within 300 ms');
    expect(await due({ body: zeros(3, 100), headersTimeoutMs: 40 })).toContain('no answer within 40 ms');
  });

  test('is not given up for the whole: only bodies at hand have a default deadline', async () => {
    const server = await serve((request, response) => void request.resume().on('end', () => setTimeout(() => response.end(), 100)));
    const http = client({ timeoutMs: 50, retries: 0 });
    expect((await http.request(server.url, { method: 'PUT', body: zeros(1, 1) })).status).toBe(200);
    expect((await caught(http.request(server.url, { method: 'PUT', body: 'x' }))).message).toContain('not finished within 50 ms');
    expect((await caught(http.request(server.url, { method: 'PUT', body: zeros(1, 1), timeoutMs: 50 }))).message).toContain('not finished within 50 ms');
  });
});

describe('an answer before the end of the body', () => {
  const ANSWER = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large';

  /** Answers after the first bytes, of which it reads no more than those. */
  async function refusing(finish: (socket: net.Socket) => void, identity?: { key: string; cert: string }): Promise<string> {
    const answer = (socket: net.Socket): void => {
      socket.on('error', () => undefined);
      socket.once('data', () => finish(socket.pause()));
    };
    const server = identity === undefined ? net.createServer(answer) : tls.createServer(identity, answer);
    const port = await listen(server, '127.0.0.1');
    onTestFinished(() => void server.close());
    return `${identity === undefined ? 'http' : 'https'}://127.0.0.1:${port}/`;
  }

  // Whether the refusal or a failing write comes first is chance; so several times, and with sources of different pace.
  const PACES = Array.from({ length: 12 }, (_, i) => i % 4);

  test.each([
    ['closes its side', (socket: net.Socket) => void socket.end(ANSWER)],
    ['closes the connection', (socket: net.Socket) => void socket.write(ANSWER, () => socket.destroy())],
    ['resets the connection', (socket: net.Socket) => void socket.write(ANSWER, () => socket.resetAndDestroy())],
  ])('is returned when the server %s', async (_, finish) => {
    const url = await refusing(finish);
    const http = client({ retries: 0 });
    for (const turns of PACES) {
      const body = zeros(4096, 64 * 1024, { turns });
      const answer = await http.request(url, { method: 'PUT', body });
      expect({ ...answer, body: text(answer.body) }).toMatchObject({ status: 413, body: 'too large' });
      expect(body.pulled).toBeLessThan(64 * MIB);
      await expect.poll(() => body.closed).toBe(1);
    }
  });

  test('is returned over TLS', async () => {
    const identity = selfSigned();
    const url = await refusing((socket) => void socket.write(ANSWER, () => socket.destroy()), identity);
    const http = client({ ca: identity.cert, retries: 0 });
    for (const turns of PACES) expect((await http.request(url, { method: 'PUT', body: zeros(4096, 64 * 1024, { turns }) })).status).toBe(413);
  });

  test('is returned for bytes at hand', async () => {
    const url = await refusing((socket) => void socket.write(ANSWER, () => socket.destroy()));
    expect((await client({ retries: 0 }).request(url, { method: 'POST', body: new Uint8Array(64 * MIB) })).status).toBe(413);
  });

  test('that is a success does not end the upload', async () => {
    const server = await serve(async (request, response) => {
      response.writeHead(201).flushHeaders();
      response.end(JSON.stringify(await received(request)));
    });
    const answer = await client().request(server.url, { method: 'PUT', body: zeros(64, MIB) });
    expect(JSON.parse(text(answer.body))).toMatchObject({ size: 64 * MIB });
  });

  test.each([
    ['breaks', (socket: net.Socket) => socket.destroy()],
    ['is closed', (socket: net.Socket) => socket.end().resume()],
  ])('that is a success is none when the connection %s before the end', async (_, close) => {
    const url = await refusing((socket) => void socket.write('HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n', () => close(socket)));
    for (const turns of PACES) {
      const body = zeros(4096, 64 * 1024, { turns });
      expect((await caught(client({ retries: 0 }).request(url, { method: 'PUT', body }))).code).toBe('NET_UNREACHABLE');
      await expect.poll(() => body.closed).toBe(1);
    }
  });

  test('is an error when there is none: the connection broke', async () => {
    const url = await refusing((socket) => void socket.destroy());
    const body = zeros(256, MIB);
    expect((await caught(client({ retries: 0 }).request(url, { method: 'PUT', body }))).code).toBe('NET_UNREACHABLE');
    await expect.poll(() => body.closed).toBe(1);
  });

  test.each([401, 403])('%i of a server that keeps the connection open ends the upload and the connection', async (status) => {
    let closed: ((value: unknown) => void) | undefined;
    const end = new Promise((resolve) => (closed = resolve));
    const challenge = 'WWW-Authenticate: Bearer realm="https://auth.test/token"';
    const url = await refusing((socket) => {
      socket.on('close', closed as () => void);
      // Goes on reading: only the client can end this.
      socket.write(`HTTP/1.1 ${status} No\r\n${challenge}\r\nContent-Length: 11\r\n\r\nwho are you`, () => socket.resume());
    });
    const body = zeros(4096, 64 * 1024, { turns: 1 });
    const answer = await client().request(url, { method: 'POST', body });
    expect({ ...answer, body: text(answer.body) }).toMatchObject({ status, body: 'who are you', headers: { 'www-authenticate': expect.any(String) } });
    expect(body.pulled).toBeLessThan(64 * MIB);
    await end;
  });
});

describe('another attempt', () => {
  test('opens the source again', async () => {
    const answers = [503, 429, 201];
    const bodies: unknown[] = [];
    const server = await serve(async (request, response) => {
      bodies.push(await received(request));
      response.writeHead(answers.shift() ?? 418).end();
    });
    const body = zeros(5, 1000);
    expect((await client().request(server.url, { method: 'PUT', body })).status).toBe(201);
    expect(body).toMatchObject({ opened: 3, closed: 3 });
    expect(bodies).toEqual(Array.from({ length: 3 }, () => ({ size: 5000, sha256: sha256(new Uint8Array(5000)), length: '5000' })));
  });

  test('after the connection broke within the body', async () => {
    let attempts = 0;
    const server = await serve(async (request, response) => {
      attempts += 1;
      if (attempts === 1) request.once('data', () => request.destroy());
      else response.end(JSON.stringify(await received(request)));
    });
    const body = zeros(256, MIB);
    const answer = await client().request(server.url, { method: 'PUT', body });
    expect(JSON.parse(text(answer.body))).toMatchObject({ size: 256 * MIB });
    expect(body.opened).toBe(2);
  });

  test('of POST and PATCH is made only when the caller says so', async () => {
    for (const [method, retries, opened] of [
      ['POST', undefined, 1],
      ['PATCH', undefined, 1],
      ['POST', 1, 2],
      ['PATCH', 2, 3],
      ['PUT', 0, 1],
    ] as const) {
      const server = await serve((request, response) => void request.resume().on('end', () => response.writeHead(503).end()));
      const body = zeros(2, 10);
      expect((await client().request(server.url, { method, body, ...(retries !== undefined && { retries }) })).status).toBe(503);
      expect(body.opened, `${method} with retries ${retries}`).toBe(opened);
    }
  });
});

describe('a redirect', () => {
  test.each([
    [307, 'PUT', { size: 3000, sha256: sha256(new Uint8Array(3000)), length: '3000' }],
    [308, 'PATCH', { size: 3000, sha256: sha256(new Uint8Array(3000)), length: '3000' }],
    [307, 'POST', { size: 3000, sha256: sha256(new Uint8Array(3000)), length: '3000' }],
    [303, 'PUT', { size: 0, sha256: sha256(new Uint8Array(0)) }],
    [302, 'POST', { size: 0, sha256: sha256(new Uint8Array(0)) }],
  ])('%i after %s to a blob store sends what is due there, without credentials', async (status, method, expected) => {
    const store = await receiver();
    const registry = await serve(
      (request, response) => void request.resume().on('end', () => response.writeHead(status, { Location: `${store.url}/blob` }).end()),
    );
    const body = zeros(3, 1000);
    const headers = { Authorization: 'Bearer t', 'Content-Range': '0-2999' };
    const answer = await client().request(registry.url, { method, body, headers });
    expect(answer.url).toBe(`${store.url}/blob`);
    expect(JSON.parse(text(answer.body))).toEqual(expected);
    expect(store.headers[0]).not.toHaveProperty('authorization');
    expect(store.headers[0]?.['content-range']).toBe('length' in expected ? '0-2999' : undefined);
    expect(registry.headers[0]).toHaveProperty('authorization');
  });

  test('before the body is read is followed, and the source opened again', async () => {
    const store = await receiver();
    const redirect = (_: IncomingMessage, response: ServerResponse): void => void response.writeHead(307, { Location: store.url }).end();
    const registry = await serve(redirect);
    const body = zeros(256, MIB);
    const answer = await client().request(registry.url, { method: 'PUT', body });
    expect(JSON.parse(text(answer.body))).toMatchObject({ size: 256 * MIB });
    expect(body.opened).toBe(2);
    await expect.poll(() => body.closed).toBe(2);
  });

  test('of unknown size is sent in chunks again', async () => {
    const store = await receiver();
    const registry = await serve((request, response) => void request.resume().on('end', () => response.writeHead(307, { Location: store.url }).end()));
    const answer = await client().request(registry.url, { method: 'POST', body: pieces('a', 'b') });
    expect(JSON.parse(text(answer.body))).toMatchObject({ size: 2, encoding: 'chunked' });
  });
});

test('a stream answers an upload, too', async () => {
  const server = await receiver();
  const { status, body } = await client().stream(server.url, { method: 'PUT', body: zeros(4, MIB) });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  expect(status).toBe(200);
  expect(JSON.parse(text(Buffer.concat(chunks)))).toMatchObject({ size: 4 * MIB });
});

test('a connection is kept after an upload that was sent whole', async () => {
  const sockets = new Set<unknown>();
  const server = await serve((request, response) => {
    sockets.add(request.socket);
    request.resume().on('end', () => response.end());
  });
  const http = client();
  for (let i = 0; i < 4; i += 1) await http.request(server.url, { method: 'PUT', body: zeros(3, MIB) });
  expect(sockets.size).toBe(1);
});
