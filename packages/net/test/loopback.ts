/** Real servers on the loopback interface for tests, closed when the test ends. */
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Loopback {
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Every request so far, e.g. `GET /path`. */
  readonly requests: string[];
  /** The headers of every request so far. */
  readonly headers: http.IncomingHttpHeaders[];
}

export interface LoopbackOptions {
  /** Any of 127.0.0.0/8; default 127.0.0.1. */
  host?: string;
  tls?: https.ServerOptions;
}

export async function serve(handler: http.RequestListener, { host = '127.0.0.1', tls }: LoopbackOptions = {}): Promise<Loopback> {
  const requests: string[] = [];
  const headers: http.IncomingHttpHeaders[] = [];
  const listener: http.RequestListener = (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    headers.push(request.headers);
    handler(request, response);
  };
  const server = tls === undefined ? http.createServer(listener) : https.createServer(tls, listener);
  const port = await listen(server, host);
  onTestFinished(() => close(server));
  return { url: `${tls === undefined ? 'http' : 'https'}://${host}:${port}`, port, requests, headers };
}

/** A port on which nothing listens (any more). */
export async function unusedPort(): Promise<number> {
  const server = http.createServer();
  const port = await listen(server, '127.0.0.1');
  await close(server);
  return port;
}

export function listen(server: Server, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function close(server: http.Server | https.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
