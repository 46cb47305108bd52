/**
 * An API server of a few lines: collections of JSON objects with versions, lists in pages, watches with bookmarks, conflicts, and the failures that a test asks
 * for. It checks nothing that an API server would check.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isJsonObject, type Json, type JsonObject } from '@assay/core';
import { createKubernetesClient, type KubernetesClient } from '../src/kubernetes/client.ts';

export interface FakeApi {
  readonly client: KubernetesClient;
  readonly url: string;
  /** Sets an object at its own path, e.g. `/api/v1/namespaces/a/secrets/b`. */
  put(path: string, object: JsonObject): JsonObject;
  remove(path: string): void;
  object(path: string): JsonObject | undefined;
  /** METHOD and path of each request, without the query. */
  readonly asked: string[];
  /** Statuses to answer with before anything else, for requests whose path holds `part`. */
  fail(part: string, ...statuses: number[]): void;
  /** Forgets the past: watches from before now are answered 410. */
  compact(): void;
  /** Ends all watches, without a word. */
  disconnect(): void;
  bookmark(): void;
  readonly watches: number;
  /** No longer there, and there again on the same port. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

interface Event {
  readonly version: number;
  readonly path: string;
  readonly type: string;
  readonly object: JsonObject;
}

interface Watch {
  readonly path: string;
  readonly response: ServerResponse;
}

export async function fakeApi({ pageSize = 500 }: { readonly pageSize?: number } = {}): Promise<FakeApi> {
  const objects = new Map<string, JsonObject>();
  const failures: { part: string; statuses: number[] }[] = [];
  const asked: string[] = [];
  const watches = new Set<Watch>();
  let events: Event[] = [];
  let version = 100;
  let oldest = 0;
  let port = 0;
  let server: Server | undefined;

  const tell = (type: string, path: string, object: JsonObject): void => {
    const event = { version, path, type, object };
    events.push(event);
    for (const watch of watches) if (path.startsWith(`${watch.path}/`)) write(watch.response, event);
  };
  const put = (path: string, object: JsonObject): JsonObject => {
    version++;
    const before = objects.get(path);
    const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
    const own = isJsonObject(before?.['metadata']) ? before['metadata'] : {};
    const sameSpec = before !== undefined && JSON.stringify(before['spec']) === JSON.stringify(object['spec']);
    const generation = before === undefined ? 1 : Number(own['generation']) + (sameSpec ? 0 : 1);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const namespace = /\/namespaces\/([^/]+)\//.exec(path)?.[1];
    const stored = {
      ...object,
      metadata: {
        uid: own['uid'] ?? `uid-${version}`,
        ...metadata,
        name,
        ...(namespace !== undefined && { namespace }),
        generation,
        resourceVersion: String(version),
      },
    };
    objects.set(path, stored);
    tell(before === undefined ? 'ADDED' : 'MODIFIED', path, stored);
    return stored;
  };
  const remove = (path: string): void => {
    const object = objects.get(path);
    if (object === undefined) return;
    version++;
    objects.delete(path);
    tell('DELETED', path, { ...object, metadata: { ...(object['metadata'] as JsonObject), resourceVersion: String(version) } });
  };

  const answer = (request: IncomingMessage, response: ServerResponse, body: Json) => {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://api');
    const method = request.method ?? 'GET';
    asked.push(`${method} ${path}`);
    const status = takeFailure(failures, path);
    if (status !== undefined) return refuse(response, status);
    if (method === 'GET') return read(path, query, response);
    if (!isJsonObject(body) && !Array.isArray(body)) return refuse(response, 400);
    return method === 'POST' ? create(path, body as JsonObject, response) : change(path.replace(/\/status$/, ''), body, response);
  };
  const read = (path: string, query: URLSearchParams, response: ServerResponse) => {
    if (query.get('watch') === 'true') return watch(path, Number(query.get('resourceVersion')), response);
    const object = objects.get(path);
    if (object !== undefined) return send(response, 200, object);
    return isCollection(path) ? list(path, query, response) : refuse(response, 404);
  };
  const change = (path: string, body: JsonObject | Json[], response: ServerResponse) => {
    const known = objects.get(path);
    if (known === undefined) return refuse(response, 404);
    if (Array.isArray(body)) {
      const patched = jsonPatched(known, body as JsonObject[]);
      return patched === undefined ? refuse(response, 422) : send(response, 200, put(path, patched));
    }
    const wanted = versionOf(body);
    if (wanted !== undefined && wanted !== versionOf(known)) return refuse(response, 409);
    // Members that stay as they were need not be said again, as in a merge patch.
    return send(response, 200, put(path, { ...known, ...body }));
  };
  const create = (path: string, body: JsonObject, response: ServerResponse) => {
    const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {};
    const name = metadata['name'] ?? `${metadata['generateName']}${version}`;
    if (objects.has(`${path}/${name}`)) return refuse(response, 409);
    send(response, 201, put(`${path}/${name}`, body));
  };
  const list = (path: string, query: URLSearchParams, response: ServerResponse) => {
    const all = [...objects].filter(([key]) => key.startsWith(`${path}/`)).map(([, object]) => object);
    const from = Number(query.get('continue') ?? 0);
    const next = from + pageSize < all.length ? { continue: String(from + pageSize) } : {};
    send(response, 200, { kind: 'List', metadata: { resourceVersion: String(version), ...next }, items: all.slice(from, from + pageSize) });
  };
  const watch = (path: string, from: number, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (from < oldest) {
      response.end(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410 } })}\n`);
      return;
    }
    for (const event of events) if (event.version > from && event.path.startsWith(`${path}/`)) write(response, event);
    const own = { path, response };
    watches.add(own);
    response.on('close', () => watches.delete(own));
  };

  const start = async (): Promise<void> => {
    const started = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => answer(request, response, chunks.length === 0 ? null : JSON.parse(Buffer.concat(chunks).toString())));
    });
    server = started;
    await new Promise<void>((resolve) => started.listen(port, '127.0.0.1', resolve));
    port = (started.address() as AddressInfo).port;
  };
  const stop = (): Promise<void> => {
    const stopped = server;
    return new Promise((resolve) => {
      stopped?.close(() => resolve());
      stopped?.closeAllConnections();
    });
  };
  await start();
  const url = `http://127.0.0.1:${port}`;
  const config = { server: url, cluster: { name: 'fake', server: url, skipTLSVerify: false }, user: { name: 'admin', token: 'secret' }, namespace: 'default' };
  const client = createKubernetesClient({ config, env: {}, userAgent: 'test' });
  return {
    client,
    url,
    put,
    remove,
    object: (path) => objects.get(path),
    asked,
    fail: (part, ...statuses) => void failures.push({ part, statuses }),
    compact() {
      oldest = ++version;
      events = [];
    },
    disconnect() {
      for (const { response } of watches) response.destroy();
    },
    bookmark() {
      for (const { response } of watches) write(response, { version, path: '', type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version) } } });
    },
    get watches() {
      return watches.size;
    },
    stop,
    start,
    async close() {
      client.close();
      await stop();
    },
  };
}

function takeFailure(failures: { part: string; statuses: number[] }[], path: string): number | undefined {
  return failures.find(({ part, statuses }) => path.includes(part) && statuses.length > 0)?.statuses.shift();
}

/** The names of resources are plural here. Of the group `policies.kyverno.io` there is an older version alone. */
function isCollection(path: string): boolean {
  return COLLECTIONS.test(path) || /\/kyverno\.io\/v[12]\/\w+$/.test(path) || /\/policies\.kyverno\.io\/v1beta1\/\w+$/.test(path);
}

const COLLECTIONS = /\/(?:secrets|configmaps|clusterimagepolicies|imagepolicies|trustroots|things|namespaces|rolebindings|clusterrolebindings)$/;

function versionOf(object: JsonObject): Json | undefined {
  return isJsonObject(object['metadata']) ? object['metadata']['resourceVersion'] : undefined;
}

/** As much of RFC 6902 as is asked for: `test`, and `add` to members of objects. */
function jsonPatched(object: JsonObject, patch: readonly JsonObject[]): JsonObject | undefined {
  const copy = JSON.parse(JSON.stringify(object)) as JsonObject;
  for (const { op, path, value } of patch) {
    const parts = String(path).split('/').slice(1);
    const last = parts.pop() as string;
    const parent = parts.reduce<Json>((at, part) => (at as JsonObject)[part] as Json, copy) as JsonObject;
    if (op === 'test' && parent[last] !== value) return undefined;
    if (op === 'add') parent[last] = value as Json;
  }
  return copy;
}

function write(response: ServerResponse, { type, object }: Event): void {
  response.write(`${JSON.stringify({ type, object })}\n`);
}

function send(response: ServerResponse, status: number, body: JsonObject): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, code: number): void {
  send(response, code, { kind: 'Status', status: 'Failure', message: `refused with ${code}`, code });
}
