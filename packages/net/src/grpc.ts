/**
 * One unary gRPC call over a unix socket, as agents on the same machine offer them (SPIFFE Workload API).
 *
 * gRPC over HTTP/2: POST /package.Service/Method, `content-type: application/grpc`, `te: trailers`; each message is framed as
 * compressed(1 byte, 0) | length(4 bytes, big-endian) | message, both ways. The outcome is in the trailers, or in the headers when there is no
 * message: `grpc-status` (decimal, 0 is success) and `grpc-message` (percent-encoded).
 */
import type { ClientHttp2Session, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import { quote, TrustError } from '@assay/core';
import { joinChunks } from './file.ts';

export interface GrpcCall {
  /** Of the socket, a file of this machine. */
  readonly socketPath: string;
  /** `/Service/Method`. */
  readonly method: string;
  /** The request, encoded. */
  readonly message: Uint8Array;
  /** Sent as headers. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** For everything. Default 10 000. */
  readonly timeoutMs?: number;
  /** Cap of the answer. Default 1 MiB. */
  readonly maxBytes?: number;
}

/**
 * The answer's message, to be decoded by the caller.
 *
 * @throws TrustError NET_UNREACHABLE; NET_TIMEOUT; NET_TOO_LARGE; NET_STATUS for another outcome than success, with `data.grpcStatus` when it was one of gRPC
 */
export async function callGrpc(call: GrpcCall): Promise<Uint8Array> {
  const { socketPath, timeoutMs = DEFAULT_TIMEOUT_MS } = call;
  const session = process.getBuiltinModule('node:http2').connect('http://localhost', {
    createConnection: () => process.getBuiltinModule('node:net').connect(socketPath),
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TrustError('NET_TIMEOUT', `${quote(socketPath)}: not finished within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return messageIn(await Promise.race([exchange(session, call), late]), call);
  } finally {
    clearTimeout(timer);
    session.destroy();
  }
}

interface Answer {
  readonly headers: IncomingHttpHeaders & IncomingHttpStatusHeader;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

function exchange(session: ClientHttp2Session, { socketPath, method, message, metadata, maxBytes = DEFAULT_MAX_BYTES }: GrpcCall): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(unreachable(socketPath, error));
    session.on('error', fail);
    const stream = session.request({ ...metadata, ':method': 'POST', ':path': method, 'content-type': 'application/grpc', te: 'trailers' });
    let headers: Answer['headers'] = {};
    let trailers: IncomingHttpHeaders = {};
    const chunks: Uint8Array[] = [];
    let total = 0;
    stream.on('error', fail);
    stream.on('response', (received) => (headers = received));
    stream.on('trailers', (received) => (trailers = received));
    stream.on('data', (chunk: Buffer) => {
      total += chunk.length;
      chunks.push(chunk);
      if (total > maxBytes + FRAME_HEADER_BYTES) reject(tooLarge(socketPath, maxBytes));
    });
    // After an error this says nothing new.
    stream.on('close', () => resolve({ headers, trailers, body: joinChunks(chunks, total) }));
    stream.end(frame(message));
  });
}

function messageIn({ headers, trailers, body }: Answer, { socketPath, method, maxBytes = DEFAULT_MAX_BYTES }: GrpcCall): Uint8Array {
  const where = `${quote(socketPath)}: ${method}`;
  const status = headers[':status'];
  if (status === undefined) throw unreachable(socketPath, { code: 'ECONNRESET' });
  if (status !== 200) throw new TrustError('NET_STATUS', `${where}: server returned HTTP ${status}`, { data: { status } });
  const outcome = trailers['grpc-status'] ?? headers['grpc-status'];
  if (outcome !== '0') throw failure(where, outcome, trailers['grpc-message'] ?? headers['grpc-message']);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (body.length < FRAME_HEADER_BYTES || body[0] !== 0 || view.getUint32(1) !== body.length - FRAME_HEADER_BYTES) {
    throw new TrustError('NET_STATUS', `${where}: the answer is not one uncompressed message`);
  }
  if (body.length > maxBytes + FRAME_HEADER_BYTES) throw tooLarge(socketPath, maxBytes);
  return body.subarray(FRAME_HEADER_BYTES);
}

/** In the words of the clients of the field. */
function failure(where: string, outcome: unknown, message: unknown): TrustError {
  const code = typeof outcome === 'string' && /^\d{1,3}$/u.test(outcome) ? Number(outcome) : undefined;
  if (code === undefined) throw new TrustError('NET_STATUS', `${where}: the answer has no gRPC status`);
  const description = quote(percentDecoded(typeof message === 'string' ? message : ''));
  return new TrustError('NET_STATUS', `${where}: rpc error: code = ${STATUS_NAMES[code] ?? `Code(${code})`} desc = ${description}`, {
    data: { grpcStatus: code },
  });
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(FRAME_HEADER_BYTES + message.length);
  new DataView(framed.buffer).setUint32(1, message.length);
  framed.set(message, FRAME_HEADER_BYTES);
  return framed;
}

function unreachable(socketPath: string, error: unknown): TrustError {
  // A stream that ends because its connection does says why in its cause.
  const { code, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
  return new TrustError('NET_UNREACHABLE', `${quote(socketPath)}: the connection failed (${cause?.code ?? code ?? 'unknown'})`, { cause: error });
}

function tooLarge(socketPath: string, maxBytes: number): TrustError {
  return new TrustError('NET_TOO_LARGE', `${quote(socketPath)}: the response is larger than the cap of ${maxBytes} bytes`, { data: { maxBytes } });
}

const FRAME_HEADER_BYTES = 5;
const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_BYTES = 1024 * 1024;
const STATUS_NAMES = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];
