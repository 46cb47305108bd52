/** Sends a call: retries around redirects around exchanges, and the body at the end. */
import type { IncomingMessage } from 'node:http';
import type { HttpResponse, HttpStreamResponse, SendContext } from './client.ts';
import { exchange, readBody, tooLarge } from './exchange.ts';
import { observed } from './exchange-event.ts';
import { joinChunks } from './file.ts';
import { plainHeaders } from './headers.ts';
import { type Hop, MAX_REDIRECTS, nextHop, tooManyRedirects } from './redirect.ts';
import { isRetryableError, isRetryableStatus, parseRetryAfter, retryDelayMs } from './retry.ts';
import type { Reach } from './transport.ts';

export function sendCollected(context: SendContext): Promise<HttpResponse> {
  return retried(context, async (answer) => ({ ...head(answer), body: await collect(answer, context) }));
}

/** @param release called once the body has ended, broken or been cancelled */
export function sendStreamed(context: SendContext, release: () => void): Promise<HttpStreamResponse> {
  return retried(context, async (answer) => ({
    ...head(answer),
    body: releasing(bodyOf(answer, context), release),
    cancel() {
      answer.response.destroy();
      release();
    },
  }));
}

interface Answer {
  readonly response: IncomingMessage;
  readonly url: URL;
}

async function retried<Result>(context: SendContext, read: (answer: Answer) => Promise<Result>): Promise<Result> {
  const { call, settings } = context;
  for (let attempt = 1; ; attempt += 1) {
    const last = attempt > call.retries;
    let delayMs = retryDelayMs(attempt, undefined, settings.random);
    try {
      const answer = await follow(context);
      const { statusCode = 0, headers } = answer.response;
      if (last || !isRetryableStatus(statusCode)) return await read(answer);
      delayMs = retryDelayMs(attempt, parseRetryAfter(headers['retry-after'], settings.now()), settings.random);
      if (delayMs === undefined) return await read(answer);
      answer.response.destroy();
    } catch (error) {
      if (last || call.abort.signal.aborted || !isRetryableError(error)) throw error;
    }
    await abortable(settings.sleep(delayMs ?? 0), call.abort.signal);
  }
}

function abortable(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

async function follow({ call, settings, transport }: SendContext): Promise<Answer> {
  const { headersTimeoutMs, answerTimeoutMs, idleTimeoutMs } = call;
  const { signal } = call.abort;
  let hop = call.first;
  let reach: Reach = 'named';
  for (let redirects = 0; ; redirects += 1) {
    const response = await observed(hop, settings, exchange(hop, { transport, reach, headersTimeoutMs, answerTimeoutMs, idleTimeoutMs, signal }));
    const next = redirectOf(response, hop, call.secretHeaders);
    if (next === undefined) return { response, url: hop.url };
    if (redirects === MAX_REDIRECTS) throw tooManyRedirects(call.first.url);
    // From the first public host on, every further hop must be public too.
    if (!transport.isPrivate(hop.url)) {
      reach = 'public';
      transport.refusePrivate(next.url);
    }
    hop = next;
  }
}

/** The body of a redirect is of no use, and may be endless: the connection is closed rather than drained. */
function redirectOf(response: IncomingMessage, hop: Hop, secretHeaders: ReadonlySet<string>): Hop | undefined {
  let next: Hop | undefined;
  try {
    next = nextHop(hop, response.statusCode ?? 0, response.headers.location, secretHeaders);
  } catch (error) {
    response.destroy();
    throw error;
  }
  if (next !== undefined) response.destroy();
  return next;
}

async function collect(answer: Answer, context: SendContext): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of bodyOf(answer, context)) {
    chunks.push(chunk);
    total += chunk.length;
  }
  return joinChunks(chunks, total);
}

/** A stated length beyond the cap is refused before a byte is read. A HEAD states the length of what it does not send. */
function bodyOf({ response, url }: Answer, { call }: SendContext): AsyncIterable<Uint8Array> {
  const stated = call.first.method === 'HEAD' ? 0 : Number(response.headers['content-length'] ?? 0);
  if (stated > call.maxBytes) {
    response.destroy();
    throw tooLarge(url, call.maxBytes);
  }
  return readBody(response, { url, maxBytes: call.maxBytes, idleTimeoutMs: call.idleTimeoutMs, signal: call.abort.signal });
}

async function* releasing(body: AsyncIterable<Uint8Array>, release: () => void): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* body;
  } finally {
    release();
  }
}

function head({ response, url }: Answer): Pick<HttpResponse, 'status' | 'headers' | 'url'> {
  return { status: response.statusCode ?? 0, headers: plainHeaders(response.headers), url: url.href };
}
