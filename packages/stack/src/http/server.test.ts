import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Limits, type Listening, listen } from './server.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const GRACE_MS = 20_000;

async function open(fetch: (request: Request) => Response | Promise<Response>, limits?: Partial<Limits>): Promise<Listening> {
  const listening = await listen(LOOPBACK, limits);
  onTestFinished(() => listening.close(0));
  listening.serve(fetch);
  return listening;
}

interface Told {
  readonly status: number | undefined;
  readonly connection: string | undefined;
  readonly length: number;
  /** Whether all that was announced has arrived. */
  readonly complete: boolean;
}

function ask(port: number, agent: Agent, { readAfter = Promise.resolve() }: { readAfter?: Promise<unknown> } = {}): Promise<Told> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, agent }, (answer) => {
      let length = 0;
      answer.on('error', () => undefined);
      answer.on('close', () => resolve({ status: answer.statusCode, connection: answer.headers.connection, length, complete: answer.complete }));
      void readAfter.then(() =>
        answer.on('data', (chunk: Buffer) => {
          length += chunk.length;
        }),
      );
    });
    asking.on('error', reject);
    asking.end();
  });
}

function keptConnection(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return agent;
}

function later<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolvePromise) => {
    resolve = resolvePromise;
  });
  return { promise, resolve };
}

/** What a client says by the byte, and everything that it hears until the end. */
function speak(port: number, words: string): { readonly socket: Socket; readonly heard: Promise<string> } {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let said = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    said += text;
  });
  const heard = new Promise<string>((resolve) => socket.on('error', () => resolve(said)).on('close', () => resolve(said)));
  socket.write(words);
  return { socket, heard };
}

describe('before anything answers', () => {
  test('clients are told to try again, and so they are during a pause', async () => {
    const listening = await listen(LOOPBACK);
    onTestFinished(() => listening.close(0));
    const status = async (): Promise<number> => (await fetch(`http://127.0.0.1:${listening.port}/`)).status;
    expect(await status()).toBe(503);
    listening.serve(() => new Response('here'));
    expect(await status()).toBe(200);
    listening.pause();
    expect(await status()).toBe(503);
  });

  test('another program on the port is told of', async () => {
    const { port } = await open(() => new Response());
    await expect(listen({ ...LOOPBACK, port })).rejects.toMatchObject({ code: 'STACK_LISTEN', message: expect.stringContaining(String(port)) });
  });
});

describe('closing', () => {
  test('does not wait for connections that are kept open', async () => {
    const { port, close } = await open(() => new Response('done'));
    await ask(port, keptConnection());
    await close(GRACE_MS);
  });

  test('answers what was asked before, and says that it was the last answer', async () => {
    const { promise: asked, resolve: noticeAsked } = later<void>();
    const { promise: answer, resolve: giveAnswer } = later<Response>();
    const { port, close } = await open(() => {
      noticeAsked();
      return answer;
    });
    const told = ask(port, keptConnection());
    await asked;
    const closed = close(GRACE_MS);
    giveAnswer(new Response('done'));
    expect(await told).toEqual({ status: 200, connection: 'close', length: 4, complete: true });
    await closed;
  });

  test('ends while a client asks again and again: no answer is cut off', async () => {
    const { port, close } = await open(async () => {
      await sleep(2);
      return new Response('done');
    });
    const outcomes: (Told | 'refused')[] = [];
    const busy = async (): Promise<void> => {
      const agent = keptConnection();
      for (;;) {
        const told = await ask(port, agent).catch(() => 'refused' as const);
        outcomes.push(told);
        if (told === 'refused') return;
      }
    };
    const clients = Array.from({ length: 8 }, busy);
    await sleep(50);
    await close(GRACE_MS);
    await Promise.all(clients);
    expect(outcomes.length).toBeGreaterThan(16);
    for (const told of outcomes) if (told !== 'refused') expect(told).toMatchObject({ status: 200, length: 4, complete: true });
    expect(outcomes.filter((told) => told === 'refused')).toHaveLength(8);
  });

  test('waits for a client that reads slowly', async () => {
    const length = 32 * 1024 * 1024;
    const { port, close } = await open(() => new Response(new Uint8Array(length)));
    const { promise: readAfter, resolve: read } = later<void>();
    const told = ask(port, keptConnection(), { readAfter });
    await sleep(100);
    const closed = close(GRACE_MS);
    await sleep(100);
    read();
    expect(await told).toMatchObject({ status: 200, length, complete: true });
    await closed;
  });

  test('ends what does not come to its end', async () => {
    const { port, close } = await open(async (asked) => new Response(await asked.text()));
    const { heard } = speak(port, 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nhalf');
    await sleep(50);
    await close(50);
    expect(await heard).toBe('');
  });
});

describe('a client that takes its time', () => {
  const quick = { headMs: 100, requestMs: 300, checkEveryMs: 20 };

  test.each([
    ['never finishes the first line', 'GET / HT'],
    ['never finishes the head', 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: b\r\n'],
    ['never sends the body', 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nhalf'],
  ])('%s, and is told so', async (_, words) => {
    const { port } = await open(async (asked) => new Response(await asked.text()), quick);
    expect(await speak(port, words).heard).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('sends a byte of the head now and then, and does not gain by it', async () => {
    const { port } = await open(() => new Response(), quick);
    const { socket, heard } = speak(port, 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ');
    const dripping = setInterval(() => socket.writable && socket.write('a'), 10);
    onTestFinished(() => clearInterval(dripping));
    expect(await heard).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe('a head', () => {
  const get = (more: string): string => `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${more}\r\n`;

  test('of 15 KiB is read', async () => {
    const { port } = await open(() => new Response());
    expect(await speak(port, get(`X-A: ${'a'.repeat(15 * 1024)}\r\n`)).heard).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each([
    ['with a header beyond 16 KiB', `X-A: ${'a'.repeat(17 * 1024)}\r\n`],
    ['with many headers', Array.from({ length: 3000 }, (_, i) => `X-${i}: a\r\n`).join('')],
  ])('%s is refused', async (_, more) => {
    const { port } = await open(() => new Response());
    expect(await speak(port, get(more)).heard).toMatch(/^HTTP\/1\.1 431 /);
  });

  test.each([
    ['with two lengths', 'Content-Length: 1\r\nContent-Length: 2\r\n'],
    ['with a length and chunks', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n'],
    ['with a header that has no name', ': a\r\n'],
    ['with a line that is folded', 'X-A: a\r\n b\r\n'],
    ['with a bare line feed', 'X-A: a\nX-B: b\r\n'],
    ['with another host in the request line', ''],
  ])('%s never reaches a service', async (name, more) => {
    let reached = 0;
    const { port } = await open(() => {
      reached += 1;
      return new Response();
    });
    const words = name.includes('request line') ? 'GET http://[::1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' : get(more);
    expect(await speak(port, words).heard).toMatch(/^HTTP\/1\.1 400 /);
    expect(reached).toBe(0);
  });
});
