/** An answer as a value, and the ways it can go over the wire: whole, cut short, without an end, byte by byte, or not at all. */
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { utf8 } from '@assay/core';
import { type Body, bytesBody, EMPTY, sliceBody } from './body.ts';

/** A list sends the header once for each value. */
export type Headers = Readonly<Record<string, string | readonly string[]>>;

export interface Reply {
  readonly status: number;
  /** Without Content-Length, which follows from the body. */
  readonly headers: Headers;
  readonly body: Body;
  /** Default: whole. */
  readonly delivery?: Delivery;
}

export type Delivery =
  /** Content-Length promises the whole body; the connection ends after some of it. */
  | { readonly how: 'cut'; readonly afterBytes: number; readonly by: 'end' | 'reset' }
  /** The body, then `fill` for as long as the client reads. */
  | { readonly how: 'endless'; readonly fill: string }
  | { readonly how: 'drip'; readonly everyMs: number }
  /** The connection is reset without an answer. */
  | { readonly how: 'reset' };

export interface JsonReplyOptions {
  readonly status?: number;
  readonly contentType?: string;
  readonly headers?: Headers;
}

export function jsonReply(value: unknown, { status = 200, contentType = 'application/json', headers = {} }: JsonReplyOptions = {}): Reply {
  return { status, headers: { 'Content-Type': contentType, ...headers }, body: bytesBody(utf8(JSON.stringify(value))) };
}

export function emptyReply(status: number, headers: Headers = {}): Reply {
  return { status, headers, body: EMPTY };
}

export function withHeaders(reply: Reply, headers: Headers): Reply {
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

/** Resolves when everything was sent or the client has gone. */
export async function send(reply: Reply, method: string, outgoing: ServerResponse): Promise<void> {
  const { status, headers, body, delivery } = reply;
  if (delivery?.how === 'reset') return void outgoing.socket?.resetAndDestroy();
  const hasLength = delivery?.how !== 'endless' && status !== 204;
  outgoing.writeHead(status, { ...(headers as Record<string, string | string[]>), ...(hasLength && { 'Content-Length': String(body.size) }) });
  if (method === 'HEAD') return void outgoing.end(); // Node would read the whole body to drop it
  try {
    await deliver(body, delivery, outgoing);
  } catch (error) {
    if (!outgoing.destroyed) throw error; // otherwise the client has gone, as it may
  }
}

async function deliver(body: Body, delivery: Delivery | undefined, outgoing: ServerResponse): Promise<void> {
  if (delivery === undefined) return pipeline(body.read(), outgoing);
  switch (delivery.how) {
    case 'endless':
      return pipeline(endless(body, delivery.fill), outgoing);
    case 'drip':
      return pipeline(byteByByte(body, delivery.everyMs), outgoing);
    case 'cut': {
      const { socket } = outgoing;
      await pipeline(sliceBody(body, 0, delivery.afterBytes).read(), outgoing, { end: false });
      outgoing.flushHeaders();
      await new Promise((resolve) => socket?.write('', resolve)); // what was written has left
      if (delivery.by === 'reset') socket?.resetAndDestroy();
      else socket?.destroySoon();
    }
  }
}

async function* endless(body: Body, fill: string): AsyncGenerator<Uint8Array> {
  yield* body.read();
  const chunk = utf8(fill.repeat(Math.ceil(FILL_BYTES / fill.length)));
  for (;;) yield chunk;
}

async function* byteByByte(body: Body, everyMs: number): AsyncGenerator<Uint8Array> {
  for await (const chunk of body.read()) {
    for (let i = 0; i < chunk.length; i++) {
      yield chunk.subarray(i, i + 1);
      await wait(everyMs, undefined, { ref: false });
    }
  }
}

const FILL_BYTES = 16 * 1024;
