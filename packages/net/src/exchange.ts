/** One request and the start of its response, over sockets: timeouts and abortion live here. */

import type { IncomingMessage } from 'node:http';
import { TrustError } from '@assay/core';
import { networkFailure } from './failure.ts';
import { redactUrl } from './redact.ts';
import type { Hop } from './redirect.ts';
import type { Reach, Transport } from './transport.ts';

export interface ExchangeOptions {
  transport: Transport;
  reach: Reach;
  /** From now until the last header has arrived. */
  headersTimeoutMs: number;
  /** Its `reason` becomes the error. */
  signal: AbortSignal;
}

/**
 * Resolves when the headers have arrived; the body is still to be read (`readBody`) or destroyed.
 * @throws TrustError NET_UNREACHABLE, NET_TIMEOUT, NET_TLS, NET_REDIRECT
 */
export function exchange(hop: Hop, options: ExchangeOptions): Promise<IncomingMessage> {
  const { transport, reach, headersTimeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = transport.request(hop.url, { method: hop.method, headers: { ...hop.headers }, agent: transport.agent(hop.url, reach) });
    const abort = (): void => void request.destroy(signal.reason);
    const timer = setTimeout(() => request.destroy(timeout(hop.url, `no answer within ${headersTimeoutMs} ms`)), headersTimeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    };
    signal.addEventListener('abort', abort);
    // Stays registered after the response: a connection that breaks later is reported through the body.
    request.on('error', (error) => {
      settle();
      reject(signal.aborted ? signal.reason : networkFailure(error, hop.url));
    });
    request.once('response', (response) => {
      settle();
      resolve(response);
    });
    request.end(hop.body);
  });
}

export interface BodyOptions {
  url: URL;
  maxBytes: number;
  /** Longest silence between two chunks. */
  idleTimeoutMs: number;
  signal: AbortSignal;
}

/**
 * The body in chunks, never more than `maxBytes` in total. Leaving the loop early closes the connection.
 * @throws TrustError NET_TOO_LARGE, NET_TIMEOUT, NET_UNREACHABLE (the connection broke before the end)
 */
export async function* readBody(response: IncomingMessage, options: BodyOptions): AsyncGenerator<Uint8Array, void, void> {
  const { url, maxBytes, idleTimeoutMs, signal } = options;
  const abort = (): void => void response.destroy(signal.reason);
  // Counted only while we wait for the server: a slow reader of ours is not the server's fault.
  const watch = (): NodeJS.Timeout => setTimeout(() => response.destroy(timeout(url, `the body stalled for ${idleTimeoutMs} ms`)), idleTimeoutMs);
  let timer = watch();
  let received = 0;
  signal.addEventListener('abort', abort);
  try {
    if (signal.aborted) throw signal.reason;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      clearTimeout(timer);
      received += chunk.length;
      if (received > maxBytes) throw tooLarge(url, maxBytes);
      // Plain bytes: a Buffer's slice() and JSON differ from what a Uint8Array promises.
      yield new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      timer = watch();
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : networkFailure(error, url);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    response.destroy();
  }
}

export function tooLarge(url: URL, maxBytes: number): TrustError {
  return new TrustError('NET_TOO_LARGE', `${redactUrl(url)}: the response is larger than the cap of ${maxBytes} bytes`, { data: { maxBytes } });
}

export function timeout(url: URL, reason: string): TrustError {
  return new TrustError('NET_TIMEOUT', `${redactUrl(url)}: ${reason}`);
}
