/**
 * The API server, as plain JSON over our own HTTP client. No generated classes: what is asked for here are four kinds and two subresources.
 *
 * Credentials are looked up for each request, since tokens of pods and of plugins are renewed; the files of a kubeconfig are read once.
 */
import { decodeUtf8, isJsonObject, isTrustError, type Json, type JsonObject, quote, TrustError } from '@assay/core';
import { createHttpClient, type Environment, type HttpClient, type RequestOptions, readFileCapped } from '@assay/net';
import type { User } from '@kubernetes/client-node/dist/config_types.js';
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js';
import { FileAuth } from '@kubernetes/client-node/dist/file_auth.js';
import type { KubeConfig } from './kube-config.ts';

/** Errors of all methods: `ADMISSION_API` with `data.status` where the server answered, `NET_…`. */
export interface KubernetesClient {
  get(path: string, options?: AskOptions): Promise<JsonObject>;
  create(path: string, object: JsonObject): Promise<JsonObject>;
  /** With `metadata.resourceVersion`: 409 when somebody else was faster. */
  replace(path: string, object: JsonObject): Promise<JsonObject>;
  patch(path: string, patch: Json, kind: PatchKind): Promise<JsonObject>;
  /** Ends when the server ends it. The first line may be long in coming. */
  watch(path: string, options: WatchOptions): AsyncGenerator<WatchEvent, void, void>;
  close(): void;
}

export interface AskOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

export interface WatchOptions {
  readonly query: Readonly<Record<string, string>>;
  /** The longest silence. */
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
}

export interface WatchEvent {
  /** ADDED, MODIFIED, DELETED, BOOKMARK or ERROR. */
  readonly type: string;
  readonly object: JsonObject;
}

export type PatchKind = 'merge' | 'json';

export interface KubernetesClientOptions {
  readonly config: KubeConfig;
  /** Read for proxies. */
  readonly env: Environment;
  readonly userAgent: string;
}

export function createKubernetesClient({ config, env, userAgent }: KubernetesClientOptions): KubernetesClient {
  const identity = new Identity(config.user);
  const ca = pemOf(config.cluster.caFile, config.cluster.caData);
  let opened: { readonly http: HttpClient; readonly certificate: string | undefined } | undefined;
  const open = ({ certificate, key }: Login): HttpClient => {
    if (opened !== undefined && opened.certificate === certificate) return opened.http;
    opened?.http.close();
    const http = createHttpClient({
      userAgent,
      env: config.cluster.proxyUrl === undefined ? env : { HTTPS_PROXY: config.cluster.proxyUrl, HTTP_PROXY: config.cluster.proxyUrl },
      insecureSkipVerify: config.cluster.skipTLSVerify === true,
      ...(ca !== undefined && { ca }),
      ...(config.cluster.tlsServerName !== undefined && { serverName: config.cluster.tlsServerName }),
      ...(certificate !== undefined && key !== undefined && { clientCertificate: certificate, clientKey: key }),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_LIST_BYTES,
      retries: 1,
    });
    opened = { http, certificate };
    return http;
  };
  const prepare = async (path: string, { query = {} }: AskOptions): Promise<{ http: HttpClient; url: string; headers: Record<string, string> }> => {
    const login = await identity.login();
    const text = new URLSearchParams(query).toString();
    return { http: open(login), url: `${config.server}${path}${text === '' ? '' : `?${text}`}`, headers: { accept: 'application/json', ...login.headers } };
  };
  const ask = async (method: string, path: string, options: AskOptions, body?: { readonly json: Json; readonly type: string }): Promise<JsonObject> => {
    const { http, url, headers } = await prepare(path, options);
    const request: RequestOptions = {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': body.type }) },
      ...(body !== undefined && { body: JSON.stringify(body.json) }),
      ...(options.maxBytes !== undefined && { maxBytes: options.maxBytes }),
      ...(options.signal !== undefined && { signal: options.signal }),
    };
    const response = await http.request(url, request);
    const answer = parseObject(response.body);
    if (response.status >= 200 && response.status < 300 && answer !== undefined) return answer;
    throw refusal(`${method} ${path}`, response.status, answer);
  };
  return {
    get: (path, options = {}) => ask('GET', path, options),
    create: (path, json) => ask('POST', path, {}, { json, type: JSON_TYPE }),
    replace: (path, json) => ask('PUT', path, {}, { json, type: JSON_TYPE }),
    patch: (path, json, kind) => ask('PATCH', path, {}, { json, type: PATCH_TYPES[kind] }),
    async *watch(path, { query, idleTimeoutMs, signal }) {
      const { http, url, headers } = await prepare(path, { query: { ...query, watch: 'true' } });
      const response = await http.stream(url, {
        headers,
        signal,
        idleTimeoutMs,
        headersTimeoutMs: idleTimeoutMs,
        retries: 0,
        maxBytes: Number.MAX_SAFE_INTEGER,
      });
      try {
        if (response.status !== 200) throw refusal(`WATCH ${path}`, response.status, undefined);
        for await (const line of linesOf(response.body)) yield readEvent(line, path);
      } finally {
        response.cancel();
      }
    },
    close: () => opened?.http.close(),
  };
}

/** The status that an API server has answered with; undefined for other errors. */
export function apiStatus(error: unknown): number | undefined {
  return isTrustError(error) && error.code === 'ADMISSION_API' && typeof error.data?.['status'] === 'number' ? error.data['status'] : undefined;
}

interface Login {
  readonly headers: Readonly<Record<string, string>>;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

class Identity {
  readonly #user: User;
  readonly #provider: ExecAuth | FileAuth | undefined;
  readonly #certificate: string | undefined;
  readonly #key: string | undefined;

  constructor(user: User) {
    this.#user = user;
    this.#provider = [new ExecAuth(), new FileAuth()].find((one) => one.isAuthProvider(user));
    this.#certificate = pemOf(user.certFile, user.certData);
    this.#key = pemOf(user.keyFile, user.keyData);
  }

  async login(): Promise<Login> {
    const user = this.#user;
    const provided: { headers: Record<string, string>; cert?: string; key?: string } = { headers: {} };
    await this.#provider?.applyAuthentication(user, provided as never);
    const headers: Record<string, string> = {};
    // A token file ends in a line break now and then.
    const bearer = user.token ? `Bearer ${user.token}` : provided.headers['Authorization']?.trim();
    if (bearer) headers['authorization'] = bearer;
    else if (user.username) headers['authorization'] = `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}`;
    if (user.impersonateUser) headers['impersonate-user'] = user.impersonateUser;
    return { headers, certificate: provided.cert ?? this.#certificate, key: provided.key ?? this.#key };
  }
}

function pemOf(file: string | undefined, data: string | undefined): string | undefined {
  if (data) return Buffer.from(data, 'base64').toString();
  return file ? decodeUtf8(readFileCapped(file, MAX_PEM_BYTES)) : undefined;
}

/** What Kubernetes answers with: it does not repeat members, so that the strict parser has nothing to find, and lists are long. */
function parseObject(body: Uint8Array): JsonObject | undefined {
  try {
    const value = JSON.parse(decodeUtf8(body) ?? '') as Json;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function readEvent(line: Uint8Array, path: string): WatchEvent {
  const event = parseObject(line);
  const [type, object] = [event?.['type'], event?.['object']];
  if (typeof type === 'string' && isJsonObject(object)) return { type, object };
  throw new TrustError('ADMISSION_API', `WATCH ${path}: a line that is no event`);
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    let rest = chunk;
    for (let end = rest.indexOf(LINE_FEED); end >= 0; end = rest.indexOf(LINE_FEED)) {
      const line = Buffer.concat([...parts, rest.subarray(0, end)]);
      [parts, size] = [[], 0];
      rest = rest.subarray(end + 1);
      if (line.length > 0) yield line;
    }
    if (rest.length > 0) parts.push(rest);
    size += rest.length;
    if (size > MAX_LINE_BYTES) throw new TrustError('ADMISSION_API', `an event is larger than the cap of ${MAX_LINE_BYTES} bytes`);
  }
}

function refusal(what: string, status: number, answer: JsonObject | undefined): TrustError {
  const message = answer?.['message'];
  const says = typeof message === 'string' ? `: ${quote(message, 500)}` : '';
  return new TrustError('ADMISSION_API', `${quote(what, 500)}: the API server answered ${status}${says}`, { data: { status } });
}

const JSON_TYPE = 'application/json';
const PATCH_TYPES: Readonly<Record<PatchKind, string>> = { merge: 'application/merge-patch+json', json: 'application/json-patch+json' };
const TIMEOUT_MS = 30_000;
const MAX_LIST_BYTES = 64 * 1024 * 1024;
/** Objects are 1.5 MiB at most in etcd, and somewhat more as JSON. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const MAX_PEM_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;
