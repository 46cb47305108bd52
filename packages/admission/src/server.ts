/**
 * The two sockets of the webhook: HTTPS for the API server, and plain HTTP, on loopback unless told otherwise, for probes and metrics.
 *
 * A client may be slow, large or silent, and must not take more than its share: heads and bodies have caps and times, bodies a cap in bytes. Closing takes no
 * more connections, answers what was asked, and ends what does not come to its end.
 */
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { TrustError } from '@assay/core';

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export interface HttpAsk {
  readonly path: string;
  readonly body: Buffer;
  readonly query: URLSearchParams;
}

export type Route = (ask: HttpAsk) => Promise<HttpAnswer>;

/** By path, or by its beginning where that ends in `/*`. What throws is answered 500 without its text. */
export type Routes = ReadonlyMap<string, Route>;

export interface Listen {
  /** An address of this machine. */
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
}

export interface WebhookServerOptions {
  readonly listen: Listen;
  readonly cert: string;
  readonly key: string;
  readonly routes: Routes;
  readonly onProblem?: ((problem: unknown) => void) | undefined;
  /** Of a body. Default 10 MiB: two objects of 3 MiB, and what is around them. */
  readonly maxBodyBytes?: number | undefined;
  /** Until a request has arrived whole. Default 30 s. */
  readonly requestTimeoutMs?: number | undefined;
}

export interface WebhookServer {
  readonly host: string;
  readonly port: number;
  /** From the next handshake on; connections that there are stay. */
  serve(pair: { readonly cert: string; readonly key: string }): void;
  /** Ends what has not ended after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** Errors: `ADMISSION_LISTEN`. */
export async function listenForReviews(options: WebhookServerOptions): Promise<WebhookServer> {
  const { cert, key, requestTimeoutMs = REQUEST_MS } = options;
  const limits = { ...LIMITS, requestTimeout: requestTimeoutMs, headersTimeout: Math.min(HEAD_MS, requestTimeoutMs) };
  const server = createHttpsServer({ ...limits, cert, key, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_MS }, reviewListener(options));
  const close = drainable(server);
  await bind(server, options.listen);
  return {
    host: options.listen.host,
    port: portOf(server),
    serve: (pair) => server.setSecureContext({ cert: pair.cert, key: pair.key, minVersion: 'TLSv1.2' }),
    close,
  };
}

export interface ProbeOptions {
  readonly listen: Listen;
  /** Why no review can be answered; undefined when one can. */
  readonly notReady: () => string | undefined;
  readonly metrics: () => Promise<{ readonly text: string; readonly type: string }>;
}

/** `/healthz`, `/readyz` and `/metrics`. Errors: `ADMISSION_LISTEN`. */
export async function listenForProbes({ listen, notReady, metrics }: ProbeOptions): Promise<Pick<WebhookServer, 'host' | 'port' | 'close'>> {
  const answer = async (path: string): Promise<HttpAnswer> => {
    if (path === '/healthz') return plain(200, 'ok\n');
    if (path === '/readyz') {
      const reason = notReady();
      return reason === undefined ? plain(200, 'ok\n') : plain(503, `${reason}\n`);
    }
    if (path !== '/metrics') return plain(404, 'not found\n');
    const { text, type } = await metrics();
    return { status: 200, type, body: text };
  };
  const server = createHttpServer(LIMITS, (request, response) => {
    request.resume();
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, plain(405, 'only GET\n'));
    answer(pathOf(request)).then(
      (one) => send(response, one),
      () => send(response, plain(500, 'internal error\n')),
    );
  });
  const close = drainable(server);
  await bind(server, listen);
  return { host: listen.host, port: portOf(server), close };
}

function reviewListener({ routes, onProblem, maxBodyBytes = MAX_BODY_BYTES }: WebhookServerOptions): RequestListener {
  const find = routeFinder(routes);
  return (request, response) => {
    // The kubelet's probe, whatever the path (admission.md 4.1).
    if (request.method === 'GET' && request.headers['k-kubelet-probe'] === 'webhook') {
      request.resume();
      return send(response, plain(200, ''));
    }
    const url = request.url ?? '/';
    const question = url.indexOf('?');
    const path = question < 0 ? url : url.slice(0, question);
    const route = find(path);
    if (route === undefined || request.method !== 'POST') {
      request.resume();
      return send(response, route === undefined ? plain(404, 'not found\n') : plain(405, 'only POST\n'));
    }
    readBody(request, maxBodyBytes, (body) => {
      if (body === undefined) {
        response.shouldKeepAlive = false;
        return send(response, plain(413, `the body is larger than the cap of ${maxBodyBytes} bytes\n`));
      }
      route({ path, body, query: new URLSearchParams(question < 0 ? '' : url.slice(question + 1)) }).then(
        (answer) => send(response, answer),
        (error) => {
          onProblem?.(error);
          send(response, plain(500, 'internal error\n'));
        },
      );
    });
  };
}

function routeFinder(routes: Routes): (path: string) => Route | undefined {
  const beginnings = [...routes].flatMap(([path, route]) => (path.endsWith('/*') ? [[path.slice(0, -1), route] as const] : []));
  return (path) => routes.get(path) ?? beginnings.find(([beginning]) => path.startsWith(beginning))?.[1];
}

/** Undefined when it is too large. Nothing is told when the client goes away: there is nobody to answer. */
function readBody(request: IncomingMessage, maxBytes: number, done: (body: Buffer | undefined) => void): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
    request.resume();
    done(undefined);
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
    else if (size - chunk.length <= maxBytes) {
      chunks.length = 0;
      done(undefined);
    }
  });
  request.on('end', () => size <= maxBytes && done(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
  request.on('error', () => undefined);
}

function send(response: ServerResponse, { status, type, body }: HttpAnswer): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), 'x-content-type-options': 'nosniff' });
  response.end(body);
}

function plain(status: number, body: string): HttpAnswer {
  return { status, type: 'text/plain; charset=utf-8', body };
}

function pathOf({ url = '/' }: IncomingMessage): string {
  const question = url.indexOf('?');
  return question < 0 ? url : url.slice(0, question);
}

function portOf(server: Server | HttpsServer): number {
  return (server.address() as AddressInfo).port;
}

function bind(server: Server | HttpsServer, { host, port }: Listen): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const found = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message;
      reject(new TrustError('ADMISSION_LISTEN', `cannot listen on ${host}:${port}`, { found, cause: error }));
    });
    server.listen(port, host, () => {
      // A handshake that fails, and a client that goes away, are no reason to end.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

/**
 * Node's own `close` goes on serving a connection for as long as its client asks. So every answer from then on says that it is the last, and connections on
 * which nobody waits for an answer are ended.
 */
function drainable(server: Server | HttpsServer): (graceMs: number) => Promise<void> {
  const sockets = new Set<Socket>();
  const busy = new Map<Socket, ServerResponse>();
  let isClosing = false;
  server.on('setSecureContext' in server ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      busy.delete(socket);
    });
  });
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    busy.set(socket, response);
    if (isClosing) response.shouldKeepAlive = false;
    response.once('close', () => {
      busy.delete(socket);
      if (isClosing) socket.destroySoon();
    });
  });
  return (graceMs) =>
    new Promise((resolve) => {
      isClosing = true;
      for (const response of busy.values()) response.shouldKeepAlive = false;
      const late = setTimeout(() => server.closeAllConnections(), graceMs);
      server.close(() => {
        clearTimeout(late);
        resolve();
      });
      for (const socket of sockets) if (!busy.has(socket)) socket.destroySoon();
    });
}

const MAX_BODY_BYTES = 10 * 1024 * 1024;
const REQUEST_MS = 30_000;
const HEAD_MS = 10_000;
const HANDSHAKE_MS = 10_000;
const LIMITS: ServerOptions = {
  headersTimeout: HEAD_MS,
  requestTimeout: REQUEST_MS,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16 * 1024,
  keepAliveTimeout: 120_000,
};
