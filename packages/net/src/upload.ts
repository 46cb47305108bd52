/**
 * Sends the body of a request: one piece after the other, each only when the socket has taken the one before, so that a
 * slow peer slows the source down and memory stays flat.
 */
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { TrustError } from '@assay/core';
import type { BodySource } from './body.ts';

export interface Progress {
  /** Aborted when the exchange is over: answered, failed or given up. */
  readonly settled: AbortSignal;
  /** The source is asked for more: its slowness is not the peer's. */
  onSource(): void;
  /** From here the peer is waited for, `sent` bytes after the start. */
  onPeer(sent: number): void;
  /** All is sent. */
  onEnd(): void;
}

/** @throws TrustError NET_BODY_SIZE, and what the source throws */
export async function sendBody(request: ClientRequest, body: BodySource, progress: Progress): Promise<void> {
  let sent = 0;
  request.once('socket', outliveFailedWrites);
  progress.onSource();
  for await (const chunk of body.open()) {
    if (body.size !== undefined && sent + chunk.length > body.size) throw wrongSize(body.size, 'more');
    for (let at = 0; at < chunk.length; at += MAX_PIECE_BYTES) {
      const piece = chunk.subarray(at, at + MAX_PIECE_BYTES);
      progress.onPeer(sent);
      await write(request, piece, progress.settled);
      if (progress.settled.aborted) return;
      sent += piece.length;
    }
    progress.onSource();
  }
  if (body.size !== undefined && sent < body.size) throw wrongSize(body.size, String(sent));
  if (progress.settled.aborted) return;
  request.end();
  progress.onEnd();
}

function write(request: ClientRequest, piece: Uint8Array, settled: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (settled.aborted) return resolve();
    const done = (): void => {
      settled.removeEventListener('abort', done);
      resolve();
    };
    // A request that ends before it has a socket never calls back, nor does one whose write failed before it was answered.
    settled.addEventListener('abort', done);
    request.write(piece, done);
  });
}

function wrongSize(size: number, found: string): TrustError {
  return new TrustError('NET_BODY_SIZE', `the body to be sent was announced with ${size} bytes, but has ${found}`, { expected: `${size} bytes`, found });
}

/**
 * A server that refuses an upload answers at once, and may close the connection with most of the body unread. Our next
 * write then fails, and Node would destroy the socket together with the answer that waits in it. So a failed write is
 * told only when the socket has been read to its end; a dead connection ends by itself.
 */
function outliveFailedWrites(socket: Socket): void {
  if (outliving.has(socket)) return;
  outliving.add(socket);
  const { _write, _writev } = socket;
  const late =
    (done: Done): Done =>
    (error) =>
      error ? afterReading(socket, () => done(error)) : done();
  socket._write = (chunk, encoding, done) => _write.call(socket, chunk, encoding, late(done));
  if (_writev !== undefined) socket._writev = (chunks, done) => _writev.call(socket, chunks, late(done));
}

type Done = (error?: Error | null) => void;

function afterReading(socket: Socket, then: () => void): void {
  const ended = (): void => {
    socket.off('end', ended);
    socket.off('close', ended);
    then();
  };
  if (socket.readableEnded || socket.destroyed) then();
  else socket.on('end', ended).on('close', ended);
}

/** Sockets are kept for later requests. */
const outliving = new WeakSet<Socket>();

/** What one write hands to the socket. Small enough that a slow peer takes it within the idle timeout. */
const MAX_PIECE_BYTES = 64 * 1024;
