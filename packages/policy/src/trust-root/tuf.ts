/**
 * TUF repositories of TrustRoots, packed or behind a URL. Verified by `@assay/trust`, whose cache lies in a folder of its own that is removed afterwards:
 * two TrustRoots with one mirror must not share what either trusts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isJsonObject, isTrustError, type JsonObject, quote, TrustError, tryParseJsonObject } from '@assay/core';
import { type HttpClient, readFileCapped } from '@assay/net';
import { fetchTarget, mirrorFolder } from '@assay/trust';
import { unpackRepository } from './archive.ts';
import { DEFAULT_TARGETS } from './parse.ts';
import type { PackedRepository, RemoteRepository } from './types.ts';

export interface TufOptions {
  /** Decides about expiry. */
  readonly now: Date;
  /** Where the folder is made. Default: that of the system for temporary files. */
  readonly workFolder?: string;
  /** For a whole update of a mirror. Default 20 000. */
  readonly waitMs?: number;
}

/** A repository whose metadata verified. Close it. */
export interface TufClient {
  /** Undefined when no such target is stated. Errors: all of `fetchTarget`. */
  target(name: string): Promise<Uint8Array | undefined>;
  /** Name to custom metadata of the targets at the top, as it was verified. */
  readonly custom: ReadonlyMap<string, JsonObject>;
  close(): Promise<void>;
}

/** Errors: `POLICY_INVALID`, with upstream's text: `failed to uncompress: …`, `failed to init TUF client: …`, `failed to update TUF client: …`. */
export async function openPacked(repository: PackedRepository, options: TufOptions): Promise<TufClient> {
  const files = await unpackRepository(repository.mirrorFS ?? new Uint8Array());
  return open(filesClient(files), PACKED_MIRROR, repository, options);
}

/** Errors: those of `openPacked`, and `NET_…` when the mirror cannot be reached. */
export function openRemote(repository: RemoteRepository, http: HttpClient, options: TufOptions): Promise<TufClient> {
  return open(http, repository.mirror.replace(/\/+$/u, ''), repository, options);
}

async function open(http: HttpClient, mirror: string, { root, targets = DEFAULT_TARGETS }: PackedRepository, options: TufOptions): Promise<TufClient> {
  const cacheDir = mkdtempSync(join(options.workFolder ?? tmpdir(), 'assay-tuf-'));
  const close = async () => rmSync(cacheDir, { recursive: true, force: true });
  const fetch = (name: string) =>
    fetchTarget(name, {
      http: withTargetsAt(http, mirror, targets),
      now: options.now,
      cacheDir,
      tufMirror: mirror,
      ...(root !== undefined && { initialRoot: root }),
      requireFresh: true,
      waitMs: options.waitMs ?? WAIT_MS,
    });
  try {
    const stated = await statedTargets(cacheDir, mirror, fetch, await someTarget(http, mirror));
    return { target: async (name) => (stated.has(name) ? (await fetch(name)).bytes : undefined), custom: customOf(stated), close };
  } catch (error) {
    await close();
    throw asInvalid(error);
  }
}

type FetchTarget = (name: string) => Promise<{ readonly bytes: Uint8Array }>;

/** What verified metadata states: it is in the cache once any target was fetched. */
async function statedTargets(cacheDir: string, mirror: string, fetch: FetchTarget, some: string): Promise<Map<string, JsonObject>> {
  await fetch(some);
  const targets = signedTargets(readFileCapped(join(mirrorFolder(cacheDir, mirror), 'targets.json'), MAX_METADATA_BYTES));
  return new Map(Object.entries(targets).flatMap(([name, target]) => (isJsonObject(target) ? [[name, target]] : [])));
}

/** A name to ask for. What unverified metadata says decides nothing else. */
async function someTarget(http: HttpClient, mirror: string): Promise<string> {
  const snapshot = await metadata(http, `${mirror}/timestamp.json`).then((timestamp) => versionOf(timestamp, 'snapshot.json'));
  const version = await metadata(http, `${mirror}/${snapshot}snapshot.json`, `${mirror}/snapshot.json`).then((signed) => versionOf(signed, 'targets.json'));
  const targets = await metadata(http, `${mirror}/${version}targets.json`, `${mirror}/targets.json`);
  const names = Object.keys(isJsonObject(targets['targets']) ? targets['targets'] : {});
  const [name] = names;
  if (name === undefined) throw new TrustError('POLICY_INVALID', 'there are no valid targetfiles in TUF repo');
  return name;
}

/** The signed part of the first that is there. */
async function metadata(http: HttpClient, ...urls: readonly string[]): Promise<JsonObject> {
  for (const url of urls) {
    const { status, body } = await http.request(url, { maxBytes: MAX_METADATA_BYTES });
    if (status === 200) return signedPart(body);
  }
  throw new TrustError('POLICY_INVALID', `failed to update TUF client: ${quote(urls.at(-1) ?? '')}: no such file`);
}

/** `7.`, as a prefix of file names. */
function versionOf(signed: JsonObject, file: string): string {
  const meta = isJsonObject(signed['meta']) ? signed['meta'][file] : undefined;
  const version = isJsonObject(meta) ? meta['version'] : undefined;
  return typeof version === 'number' ? `${version}.` : '';
}

function signedTargets(bytes: Uint8Array): JsonObject {
  const { targets } = signedPart(bytes);
  return isJsonObject(targets) ? targets : {};
}

function signedPart(bytes: Uint8Array): JsonObject {
  const signed = tryParseJsonObject(bytes)?.['signed'];
  return isJsonObject(signed) ? signed : {};
}

function customOf(stated: ReadonlyMap<string, JsonObject>): Map<string, JsonObject> {
  return new Map([...stated].flatMap(([name, { custom }]) => (isJsonObject(custom) ? [[name, custom]] : [])));
}

/** What could not be reached may be there later; everything else is wrong with the repository. */
function asInvalid(error: unknown): unknown {
  if (!isTrustError(error) || error.code === 'POLICY_INVALID') return error;
  const reason = error.code === 'TRUST_ROOT_STALE' && isTrustError(error.cause) ? error.cause : error;
  const step = reason.code === 'TUF_ROOT' ? 'init' : 'update';
  const code = reason.code.startsWith('NET_') ? reason.code : 'POLICY_INVALID';
  return new TrustError(code, `failed to ${step} TUF client: ${reason.message}`, { cause: error });
}

/** The same mirror with its targets in the folder where `@assay/trust` looks for them. */
function withTargetsAt(http: HttpClient, mirror: string, targets: string): HttpClient {
  const usual = `${mirror}/${DEFAULT_TARGETS}/`;
  const folder = targets.replace(/^\/+|\/+$/gu, '');
  if (folder === DEFAULT_TARGETS) return http;
  const place = folder === '' ? `${mirror}/` : `${mirror}/${folder}/`;
  return {
    request: (url, options) => http.request(String(url).startsWith(usual) ? place + String(url).slice(usual.length) : url, options),
    stream: (url, options) => http.stream(url, options),
    close: () => http.close(),
  };
}

/** Files as a mirror would serve them. */
function filesClient(files: ReadonlyMap<string, Uint8Array>): HttpClient {
  return {
    async request(url, { maxBytes = MAX_METADATA_BYTES } = {}) {
      const path = decodeURIComponent(String(url).slice(PACKED_MIRROR.length + 1));
      const body = files.get(path);
      if (body === undefined) return { status: 404, headers: {}, url: String(url), body: new Uint8Array() };
      if (body.length > maxBytes) throw new TrustError('NET_TOO_LARGE', `${quote(path)}: larger than the cap of ${maxBytes} bytes`);
      return { status: 200, headers: {}, url: String(url), body };
    },
    stream() {
      throw new TypeError('files in memory are not streamed');
    },
    close() {},
  };
}

// RFC 2606: a name that never exists, should it ever reach a socket.
const PACKED_MIRROR = 'https://files.invalid';
const MAX_METADATA_BYTES = 5_000_000;
const WAIT_MS = 20_000;
