/** The socket: one address, graceful to the end. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TrustError } from '@assay/core';
import { getRequestListener } from '@hono/node-server';
import { drainable } from './drain.ts';

export interface Listen {
  /** An address of this machine: loopback, unless the operator says otherwise. */
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
}

/** What one client may take up. */
export interface Limits {
  /** Until the head of a request has arrived: 408 then. */
  readonly headMs: number;
  /** Until all of it has arrived. Layers of gigabytes come over slow lines. */
  readonly requestMs: number;
  /** How often that is looked at. */
  readonly checkEveryMs: number;
  /** Of the head of a request: 431 beyond it. */
  readonly headBytes: number;
}

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** What answers from now on; before that every request is answered 503. */
  serve(fetch: (request: Request) => Response | Promise<Response>): void;
  /** Answers 503 again, until the next `serve`. */
  pause(): void;
  /** Takes no more connections, answers what was asked over those that there are, and after `graceMs` ends them. */
  close(graceMs: number): Promise<void>;
}

/** Errors: `STACK_LISTEN`. */
export async function listen({ host, port }: Listen, limits: Partial<Limits> = {}): Promise<Listening> {
  const wait = (): Response => new Response('starting\n', { status: 503, headers: { 'Retry-After': '1' } });
  let fetch: (request: Request) => Response | Promise<Response> = wait;
  const { headMs, requestMs, checkEveryMs, headBytes } = { ...LIMITS, ...limits };
  const options = { headersTimeout: headMs, requestTimeout: requestMs, connectionsCheckingInterval: checkEveryMs, maxHeaderSize: headBytes };
  const server = createServer(
    options,
    getRequestListener((request) => fetch(request)),
  );
  const close = drainable(server);
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
    close,
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

const LIMITS: Limits = { headMs: 20_000, requestMs: 3_600_000, checkEveryMs: 5000, headBytes: 16 * 1024 };
