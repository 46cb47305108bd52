/** One request, its body, and the start of its response, over sockets: timeouts and abortion live here. */

import type { IncomingMessage } from 'node:http';
import { TrustError } from '@assay/core';
import { networkFailure } from './failure.ts';
import { redactUrl } from './redact.ts';
import type { Hop } from './redirect.ts';
import type { Reach, Transport } from './transport.ts';
import { sendBody } from './upload.ts';

export interface ExchangeOptions {
  transport: Transport;
  reach: Reach;
  /** From now until the last header has arrived, or until the peer has taken the first piece of the body. */
  headersTimeoutMs: number;
  /** From the end of the body that is sent until the last header has arrived. */
  answerTimeoutMs: number;
  /** Longest time in which the peer takes nothing of the body that is sent. */
  idleTimeoutMs: number;
  /** Its `reason` becomes the error. */
  signal: AbortSignal;
}

/**
 * Resolves when the headers have arrived. A refusal or redirect that comes before the request's body is sent whole ends the
 * sending; a success counts once the body is sent. The response's body is still to be read (`readBody`) or destroyed.
 * @throws TrustError NET_UNREACHABLE, NET_TIMEOUT, NET_TLS, NET_REDIRECT, NET_BODY_SIZE, and what the source of the body throws
 */
export function exchange(hop: Hop, options: ExchangeOptions): Promise<IncomingMessage> {
  const { transport, reach, headersTimeoutMs, answerTimeoutMs, idleTimeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = transport.request(hop.url, {
      method: hop.method,
      headers: { ...hop.headers },
      agent: transport.agent(hop.url, reach),
      ...(hop.origin === 'own' && transport.identity),
    });
    const settled = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const wait = (ms: number, reason: string): void => {
      clearTimeout(timer);
      if (settled.signal.aborted) return;
      timer = setTimeout(() => request.destroy(timeout(hop.url, reason)), ms);
    };
    const waitForAnswer = (ms: number): void => wait(ms, `no answer within ${ms} ms`);
    const abort = (): void => void request.destroy(signal.reason);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      settled.abort();
    };
    const fail = (error: unknown): void => {
      settle();
      reject(signal.aborted ? signal.reason : error);
    };
    const succeed = (response: IncomingMessage): void => {
      settle();
      // The rest of a body that was not wanted stays unsent, so the connection is of no further use.
      if (!request.writableEnded) response.once('close', () => request.destroy());
      resolve(response);
    };
    let early: IncomingMessage | undefined;
    signal.addEventListener('abort', abort);
    // Stay registered after the response: a connection that breaks later is reported through the body.
    request.on('error', (error) => fail(networkFailure(error, hop.url)));
    request.once('close', () => fail(networkFailure({ code: 'ECONNRESET' }, hop.url)));
    request.once('response', (response) => {
      if (request.writableEnded || (response.statusCode ?? 0) >= 300) succeed(response);
      else early = response;
    });
    waitForAnswer(headersTimeoutMs);
    if (hop.body === undefined) return void request.end();
    const progress = {
      settled: settled.signal,
      onSource: () => clearTimeout(timer),
      onPeer: (sent: number) => (sent === 0 ? waitForAnswer(headersTimeoutMs) : wait(idleTimeoutMs, `the upload stalled for ${idleTimeoutMs} ms`)),
      onEnd: () => (early === undefined ? waitForAnswer(answerTimeoutMs) : succeed(early)),
    };
    sendBody(request, hop.body, progress).catch((error) => {
      if (settled.signal.aborted) return;
      fail(error);
      request.destroy();
    });
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
