/** A SPIFFE Workload API on a socket of its own, speaking gRPC as the standard has it. */
import { createServer, type IncomingHttpHeaders } from 'node:http2';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { scratchFolder } from './key-context.ts';

export interface WorkloadApi {
  readonly socketPath: string;
  readonly calls: { readonly headers: IncomingHttpHeaders; readonly message: Buffer }[];
}

export interface WorkloadAnswer {
  /** The JWTSVIDResponse. */
  readonly message?: Uint8Array;
  /** Instead of a message. */
  readonly refusal?: { readonly status: number; readonly message: string };
}

export async function workloadApi({ message = new Uint8Array(0), refusal }: WorkloadAnswer): Promise<WorkloadApi> {
  const socketPath = join(scratchFolder(), 'api.sock');
  const calls: WorkloadApi['calls'] = [];
  const server = createServer();
  server.on('session', (session) => onTestFinished(() => session.destroy()));
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      calls.push({ headers, message: Buffer.concat(chunks).subarray(5) });
      const head = { ':status': 200, 'content-type': 'application/grpc' };
      if (refusal !== undefined) {
        stream.respond({ ...head, 'grpc-status': String(refusal.status), 'grpc-message': encodeURIComponent(refusal.message) }, { endStream: true });
        return;
      }
      stream.respond(head, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      const length = Buffer.alloc(5);
      length.writeUInt32BE(message.length, 1);
      stream.end(Buffer.concat([length, message]));
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  onTestFinished(() => void server.close());
  return { socketPath, calls };
}

/** JWTSVIDResponse with these tokens. */
export function svids(...tokens: readonly string[]): Uint8Array {
  return Buffer.concat(tokens.map((token) => field(1, Buffer.concat([field(1, Buffer.from('spiffe://example.org/me')), field(2, Buffer.from(token))]))));
}

export function field(number: number, value: Uint8Array): Buffer {
  const length: number[] = [];
  for (let rest = value.length; ; rest >>>= 7) {
    length.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
    if (rest < 0x80) return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), value]);
  }
}
