/** The socket: one address, graceful to the end. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TrustError } from '@assay/core';
import { getRequestListener } from '@hono/node-server';

export interface Listen {
  /** An address of this machine: loopback, unless the operator says otherwise. */
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
}

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** What answers from now on; before that every request is answered 503. */
  serve(fetch: (request: Request) => Response | Promise<Response>): void;
  /** Answers 503 again, until the next `serve`. */
  pause(): void;
  /** Takes no more requests, finishes those that it has, and after `graceMs` ends them. */
  close(graceMs: number): Promise<void>;
}

/** Errors: `STACK_LISTEN`. */
export async function listen({ host, port }: Listen): Promise<Listening> {
  const wait = (): Response => new Response('starting\n', { status: 503, headers: { 'Retry-After': '1' } });
  let fetch: (request: Request) => Response | Promise<Response> = wait;
  const server = createServer(getRequestListener((request) => fetch(request)));
  await bind(server, { host, port });
  return {
    host,
    port: (server.address() as AddressInfo).port,
    serve: (serving) => {
      fetch = serving;
    },
    pause: () => {
      fetch = wait;
    },
    close: (graceMs) =>
      new Promise((resolve) => {
        const late = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(late);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function bind(server: Server, { host, port }: Listen): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const found = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message;
      reject(new TrustError('STACK_LISTEN', `cannot listen on ${host}:${port}`, { found, cause: error }));
    });
    server.listen(port, host, resolve);
  });
}
