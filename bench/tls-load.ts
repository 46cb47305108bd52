/** Requests over TLS connections that stay open, one at a time on each: what an API server does, with as little of a client as possible. */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

export interface Target {
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  readonly path: string;
}

export interface Answered {
  readonly status: number;
  readonly body: string;
}

/** One connection; answers come in the order of the requests. */
export class KeptConnection {
  readonly #socket: TLSSocket;
  readonly #target: Target;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { resolve: (answer: Answered) => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: TLSSocket, target: Target) {
    this.#socket = socket;
    this.#target = target;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')));
  }

  static async open(target: Target): Promise<KeptConnection> {
    const socket = connect({ host: target.host, port: target.port, ca: target.ca, servername: '', checkServerIdentity: () => undefined });
    await once(socket, 'secureConnect');
    socket.setNoDelay(true);
    return new KeptConnection(socket, target);
  }

  post(body: string): Promise<Answered> {
    const { host, path } = this.#target;
    const bytes = Buffer.byteLength(body);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(`POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n${body}`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#received.toString('latin1', 0, end);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) return void this.#socket.destroy(new Error(`an answer without a length: ${head}`));
    if (this.#received.length < end + 4 + length) return;
    const body = this.#received.toString('utf8', end + 4, end + 4 + length);
    this.#received = this.#received.subarray(end + 4 + length);
    const { resolve } = this.#waiting ?? {};
    this.#waiting = undefined;
    resolve?.({ status: Number(head.slice(9, 12)), body });
  }
}

export interface Load {
  readonly seconds: number;
  /** Milliseconds, sorted. */
  readonly latencies: readonly number[];
}

/** `count` requests in a closed loop on so many connections. Throws for an answer that does not let in. */
export async function closedLoop(connections: readonly KeptConnection[], count: number, bodyOf: (i: number) => string): Promise<Load> {
  const latencies: number[] = [];
  let next = 0;
  const begun = performance.now();
  await Promise.all(
    connections.map(async (connection) => {
      for (let i = next++; i < count; i = next++) {
        const sent = performance.now();
        requireAllowed(await connection.post(bodyOf(i)));
        latencies.push(performance.now() - sent);
      }
    }),
  );
  return { seconds: (performance.now() - begun) / 1000, latencies: latencies.sort((a, b) => a - b) };
}

export function requireAllowed({ status, body }: Answered): void {
  if (status !== 200 || !body.includes('"allowed":true')) throw new Error(`not let in: ${status} ${body}`);
}

/** The latency that so many of a hundred do not exceed. */
export function percentile(latencies: readonly number[], of: number): number {
  return latencies[Math.min(latencies.length - 1, Math.ceil((latencies.length * of) / 100) - 1)] ?? 0;
}
