import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { join } from 'node:path';
import { utf8 } from '@assay/core';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { callGrpc, type GrpcCall } from './grpc.ts';

type Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** A server on a socket of its own that answers every call so. */
async function served(answer: Answer): Promise<string> {
  const socketPath = join(temporaryFolder(), 'api.sock');
  const server = createServer();
  server.on('session', (session) => onTestFinished(() => session.destroy()));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    answer(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  onTestFinished(() => void server.close());
  return socketPath;
}

function call(socketPath: string, options: Partial<GrpcCall> = {}): Promise<Uint8Array> {
  return callGrpc({ socketPath, method: '/Greeter/Greet', message: utf8('hello'), ...options });
}

function frame(text: string, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(Buffer.byteLength(text), 1);
  return Buffer.concat([head, Buffer.from(text)]);
}

/** Headers, chunks, and then the outcome in trailers. */
function answering(chunks: readonly Buffer[], trailers: OutgoingHttpHeaders = { 'grpc-status': '0' }): Answer {
  return (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
  };
}

test('sends one message with its metadata, and returns the answer', async () => {
  const seen: IncomingHttpHeaders[] = [];
  const received: Buffer[] = [];
  const socketPath = await served((stream, headers) => {
    seen.push(headers);
    stream.on('data', (chunk: Buffer) => received.push(chunk));
    stream.on('end', () => answering([frame('hello back')])(stream, headers));
  });
  expect(Buffer.from(await call(socketPath, { metadata: { 'who.asks': 'true' } })).toString()).toBe('hello back');
  expect(seen).toMatchObject([{ ':method': 'POST', ':path': '/Greeter/Greet', 'content-type': 'application/grpc', te: 'trailers', 'who.asks': 'true' }]);
  expect(Buffer.concat(received)).toEqual(frame('hello'));
});

test('puts an answer in pieces together', async () => {
  const bytes = frame('in pieces');
  const socketPath = await served(answering([bytes.subarray(0, 3), bytes.subarray(3, 7), bytes.subarray(7)]));
  expect(Buffer.from(await call(socketPath)).toString()).toBe('in pieces');
});

const onlyHeaders =
  (headers: OutgoingHttpHeaders): Answer =>
  (stream) =>
    stream.respond(headers, { endStream: true });

test.each<[string, Answer, string, object?]>([
  [
    'an outcome in the headers',
    onlyHeaders({ ':status': 200, 'grpc-status': '7', 'grpc-message': 'no%20identity issued' }),
    'rpc error: code = PermissionDenied desc = no identity issued',
    { grpcStatus: 7 },
  ],
  [
    'an outcome in the trailers, after a message',
    answering([frame('half')], { 'grpc-status': '13', 'grpc-message': '100% broken' }),
    'rpc error: code = Internal desc = 100% broken',
    { grpcStatus: 13 },
  ],
  ['an outcome that has no name', onlyHeaders({ ':status': 200, 'grpc-status': '99' }), 'rpc error: code = Code(99) desc = ', { grpcStatus: 99 }],
  ['no outcome', answering([frame('x')], {}), 'the answer has no gRPC status'],
  ['an outcome that is no number', onlyHeaders({ ':status': 200, 'grpc-status': 'fine' }), 'the answer has no gRPC status'],
  ['another HTTP status', onlyHeaders({ ':status': 404 }), 'server returned HTTP 404', { status: 404 }],
  ['a compressed message', answering([frame('x', 1)]), 'the answer is not one uncompressed message'],
  ['two messages', answering([frame('x'), frame('y')]), 'the answer is not one uncompressed message'],
  ['a message that is cut', answering([frame('longer').subarray(0, 8)]), 'the answer is not one uncompressed message'],
  ['no message', answering([]), 'the answer is not one uncompressed message'],
])('refuses %s', async (_, answer, problem, data) => {
  const socketPath = await served(answer);
  await expect(call(socketPath)).rejects.toMatchObject({ code: 'NET_STATUS', message: `${socketPath}: /Greeter/Greet: ${problem}`, data });
});

test('a text of the server cannot forge lines of ours', async () => {
  const socketPath = await served(onlyHeaders({ ':status': 200, 'grpc-status': '2', 'grpc-message': 'a%0Ab%1B[31m' }));
  await expect(call(socketPath)).rejects.toMatchObject({ message: `${socketPath}: /Greeter/Greet: rpc error: code = Unknown desc = a\\u000ab\\u001b[31m` });
});

test('stops at the cap', async () => {
  const socketPath = await served(answering([frame('x'.repeat(2000))]));
  await expect(call(socketPath, { maxBytes: 1999 })).rejects.toMatchObject({
    code: 'NET_TOO_LARGE',
    message: expect.stringContaining('the cap of 1999 bytes'),
  });
  expect(await call(socketPath, { maxBytes: 2000 })).toHaveLength(2000);
});

test('does not wait for ever', async () => {
  const socketPath = await served(() => undefined);
  await expect(call(socketPath, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'NET_TIMEOUT', message: `${socketPath}: not finished within 20 ms` });
});

test.each<[string, Answer]>([
  ['the stream', (stream) => stream.close(2)],
  ['the connection', (stream) => stream.session?.destroy()],
])('says so when the server breaks %s', async (_, answer) => {
  const socketPath = await served(answer);
  await expect(call(socketPath)).rejects.toMatchObject({ code: 'NET_UNREACHABLE', message: expect.stringContaining(`${socketPath}: the connection failed (`) });
});

test('says so when nobody listens', async () => {
  const socketPath = join(temporaryFolder(), 'nobody.sock');
  await expect(call(socketPath)).rejects.toMatchObject({ code: 'NET_UNREACHABLE', message: `${socketPath}: the connection failed (ENOENT)` });
});
