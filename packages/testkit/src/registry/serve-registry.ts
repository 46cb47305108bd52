/**
 * A registry on a socket of this machine, for tests of clients: honest by the OCI distribution specification 1.1, or lying in named ways.
 *
 * What it holds is arranged and inspected through `content`; what arrived is in `requests`.
 */
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { listen } from '../serve.ts';
import { answerBlob } from './answer-blob.ts';
import { answerReferrers, answerTags } from './answer-lists.ts';
import { answerManifest } from './answer-manifest.ts';
import { answerUpload, answerUploads } from './answer-upload.ts';
import { RegistryContent } from './content.ts';
import { createGuard, type Guard } from './guard.ts';
import { createLiar, type Liar } from './liar.ts';
import type { Lie } from './lie.ts';
import type { RegistryOptions } from './options.ts';
import { Refused, refusal } from './refusal.ts';
import type { Registry } from './registry.ts';
import { jsonReply, type Reply, send, withHeaders } from './reply.ts';
import { type Asked, parseRoute, TOKEN_PATH } from './route.ts';

export interface TestRegistry {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  /** `127.0.0.1:PORT`, as image references begin. */
  readonly host: string;
  /** Where tokens come from with `auth.kind` `bearer`. */
  readonly tokenUrl: string;
  readonly content: RegistryContent;
  /** In the order of arrival. */
  readonly requests: readonly RecordedRequest[];
  /** Forgets the requests, and how often each lie was told. */
  reset(): void;
  /** Breaks off whatever is under way. A second call does nothing. */
  close(): Promise<void>;
}

export interface RecordedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Of a form. */
  readonly form?: URLSearchParams;
  /** 0 until it is answered, and for good when it is not. */
  status: number;
}

/**
 * @example
 * const registry = await serveRegistry({ lies: [{ lie: 'truncated', on: { path: /\/blobs\//, times: 1 } }] });
 * const { digest } = putImage(registry.content, 'app', { tag: 'v1' });
 */
export async function serveRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const registry: Registry = { content: options.content ?? new RegistryContent(options.blobFolder), options };
  const { auth, now = Date.now } = options;
  const lies = liesOf(options);
  let liar = createLiar(lies, registry);
  const requests: RecordedRequest[] = [];

  const ownPort = auth?.kind === 'bearer' && auth.tokenServer === 'own-port';
  let tokenOrigin: string | undefined;
  let closing: Promise<unknown> | undefined;
  const guard = createGuard(auth, { realm: ({ url }) => `${tokenOrigin ?? url.origin}${TOKEN_PATH}`, now });
  const respond =
    (serves: (asked: Asked) => boolean): RequestListener =>
    (incoming, outgoing) => {
      const answer = async (): Promise<void> => {
        const asked = await parseRequest(incoming);
        const { method, path, headers, form } = asked;
        const recorded: RecordedRequest = { method, path, headers, ...(form && { form }), status: 0 };
        requests.push(recorded);
        const reply = await decide(serves(asked) ? asked : { ...asked, route: { kind: 'unknown' } }, { guard, liar, registry });
        recorded.status = reply.status;
        await send(withHeaders(reply, API_VERSION), method, outgoing);
      };
      answer().catch((error: unknown) => breakOff(error, incoming, outgoing));
    };

  const tokens = ownPort ? await listen(respond(({ route }) => route.kind === 'token')) : undefined;
  tokenOrigin = tokens?.url;
  const server = await listen(respond(({ route }) => route.kind !== 'token' || !ownPort));
  return {
    url: server.url,
    host: server.url.slice('http://'.length),
    tokenUrl: `${tokenOrigin ?? server.url}${TOKEN_PATH}`,
    content: registry.content,
    requests,
    reset() {
      requests.length = 0;
      liar = createLiar(lies, registry);
    },
    async close() {
      closing ??= Promise.all([server.close(), tokens?.close()]);
      await closing;
    },
  };
}

/** A rate limit is a lie that is true. */
function liesOf({ lies = [], rateLimit }: RegistryOptions): readonly Lie[] {
  if (rateLimit === undefined) return lies;
  const { path, requests: times, retryAfter } = rateLimit;
  return [{ lie: 'status', status: 429, headers: { 'Retry-After': retryAfter }, on: { times, ...(path && { path }) } }, ...lies];
}

async function parseRequest(incoming: IncomingMessage): Promise<Asked> {
  const { method = 'GET', url: path = '/', headers } = incoming;
  const url = new URL(`http://${headers.host ?? '127.0.0.1'}${path}`);
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  return { method, path, url, route: parseRoute(url.pathname), headers, body: incoming, form: isForm ? await readForm(incoming) : undefined };
}

async function readForm(incoming: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

interface Parties {
  readonly guard: Guard;
  readonly liar: Liar;
  readonly registry: Registry;
}

async function decide(asked: Asked, { guard, liar, registry }: Parties): Promise<Reply> {
  const isOpen = asked.route.kind === 'token' || asked.route.kind === 'unknown';
  const refused = liar.instead(asked) ?? (isOpen ? undefined : guard.refuses(asked));
  if (refused !== undefined) return refused;
  return liar.change(liar.insteadOfContent(asked) ?? (await answer(asked, guard, registry)), asked);
}

async function answer(asked: Asked, guard: Guard, registry: Registry): Promise<Reply> {
  const { route } = asked;
  try {
    switch (route.kind) {
      case 'version':
        return jsonReply({});
      case 'token':
        return guard.grant(asked);
      case 'manifest':
        return await answerManifest(asked, route, registry);
      case 'blob':
        return answerBlob(asked, route, registry);
      case 'uploads':
        return await answerUploads(asked, route, registry);
      case 'upload':
        return await answerUpload(asked, route, registry);
      case 'tags':
        return answerTags(asked, route, registry);
      case 'referrers':
        return answerReferrers(asked, route, registry);
      case 'invalid-name':
        return refusal('NAME_INVALID', 'invalid repository name');
      case 'unknown':
        return refusal('UNSUPPORTED', 'no such endpoint', { status: 404 });
    }
  } catch (error) {
    if (error instanceof Refused) return error.reply;
    throw error;
  }
}

/** A client that goes in the middle of its own request is no failure of ours; anything else is, and shows. */
function breakOff(error: unknown, incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (incoming.socket.destroyed || outgoing.headersSent) outgoing.destroy();
  else outgoing.writeHead(500).end(String(error));
}

const API_VERSION = { 'Docker-Distribution-Api-Version': 'registry/2.0' };
