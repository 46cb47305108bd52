/**
 * A target of a TUF repository, as fresh as it must be (architecture.md section 6).
 *
 * 1. A copy that the mirror confirmed less than a day ago is used as it is: no socket, nothing of TUF is loaded.
 * 2. Otherwise the mirror is asked, for at most 3 s, and not again for 10 minutes after it failed.
 * 3. When it cannot be reached, or its metadata has expired, the last good copy is used (cached, else embedded) with a
 *    warning that names its age. Expiry limits how long a mirror may hide news, not how long a root is true.
 * 4. Metadata that does not verify is never passed over like that: it is an attack or a broken mirror, and is thrown.
 */

import { createHash } from 'node:crypto';
import { type ErrorCode, isTrustError, TrustError } from '@assay/core';
import { type HttpClient, readFileCapped } from '@assay/net';
import { type CachedTarget, mirrorFolder, readCachedRole, readCachedTarget } from './cache/folder.ts';
import { type CacheState, readState, recordFailure } from './cache/state.ts';
import { type EmbeddedRepository, embeddedRepository, PUBLIC_MIRROR } from './embedded.ts';
import { type Mirror, parseMirror } from './mirror.ts';

export interface TargetOptions {
  http: HttpClient;
  /** Decides about freshness and expiry. */
  now: Date;
  /** Holds one folder per mirror; see `trustSettings`. */
  cacheDir: string;
  /** Default: public Sigstore. */
  tufMirror?: string;
  /** Where trust in the mirror starts. Default: the cached root, or for public Sigstore the embedded one. */
  initialRoot?: Uint8Array | { file: string };
  /** Open no socket. Default false. */
  offline?: boolean;
  /** Refuse (TRUST_ROOT_STALE) instead of step 3. Default false. */
  requireFresh?: boolean;
  /** Default one day. */
  maxAgeMs?: number;
  /** Default 3000. */
  waitMs?: number;
  /** Told each warning as it arises; they are also in the result. */
  warn?: (warning: string) => void;
}

export interface TrustSource {
  /** `file` named by the user, `tuf` asked the mirror just now, `cache` confirmed earlier, `embedded` shipped with us. */
  readonly kind: 'file' | 'tuf' | 'cache' | 'embedded';
  /** Path, mirror, or package. */
  readonly location: string;
  /** When the mirror confirmed it. Unknown for files and embedded data. */
  readonly obtainedAt?: Date;
  readonly ageMs?: number;
}

export interface LoadedTarget {
  readonly bytes: Uint8Array;
  readonly source: TrustSource;
  readonly warnings: readonly string[];
}

/**
 * @param name e.g. `signing_config.v0.2.json`, or `<npm registry host>/keys.json`
 * @throws TrustError TRUST_ROOT_STALE (`requireFresh`), TRUST_ROOT_MISSING (offline, and no copy at hand), FILE_… (initial
 *   root), TUF_… when what the mirror serves does not verify, NET_… when there is no copy to fall back on
 */
export async function fetchTarget(name: string, options: TargetOptions): Promise<LoadedTarget> {
  const request = prepare(name, options);
  const cached = request.isStartingOver ? undefined : readCachedTarget(request.folder, name);
  if (cached !== undefined && isWithin(cached.obtainedAt, options.now, options.maxAgeMs ?? MAX_AGE_MS)) return fromCache(cached, options.now);
  if (options.offline === true) return fallBack(request, cached, offlineError(request));
  const failure = recentFailure(request);
  if (failure !== undefined) {
    const copy = await lastGoodCopy(request, cached);
    if (copy !== undefined) return useCopy(request, copy, failure);
  }
  try {
    return await refresh(request);
  } catch (error) {
    if (!isTrustError(error) || !mayFallBack(error)) throw error;
    recordFailure(request.folder, options.now, `${error.code}: ${error.message}`);
    return fallBack(request, cached, error);
  }
}

// ---------------------------------------------------------------------------------------------------------- request

interface Request {
  readonly name: string;
  readonly options: TargetOptions;
  readonly mirror: Mirror;
  readonly folder: string;
  readonly state: CacheState;
  /** Named by the caller, and its SHA-256. */
  readonly namedRoot: { readonly bytes: Uint8Array; readonly sha256: string } | undefined;
  /** The caller now names another initial root than the one the cache began with, e.g. of an instance made anew. */
  readonly isStartingOver: boolean;
}

function prepare(name: string, options: TargetOptions): Request {
  const mirror = parseMirror(options.tufMirror ?? PUBLIC_MIRROR);
  const folder = mirrorFolder(options.cacheDir, mirror.name);
  const state = readState(folder);
  if (state.mirror !== undefined && state.mirror !== mirror.name) {
    throw new TrustError('TUF_CACHE', `the TUF cache ${folder} belongs to ${state.mirror}, not to ${mirror.name}`, {
      hint: 'use another cache folder for one of them, with TUF_ROOT',
    });
  }
  const namedRoot = readNamedRoot(options.initialRoot);
  const isStartingOver = namedRoot !== undefined && state.initialRoot !== undefined && namedRoot.sha256 !== state.initialRoot;
  return { name, options, mirror, folder, state, namedRoot, isStartingOver };
}

function readNamedRoot(root: TargetOptions['initialRoot']): Request['namedRoot'] {
  if (root === undefined) return undefined;
  const bytes = root instanceof Uint8Array ? root : readFileCapped(root.file, MAX_ROOT_BYTES);
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

// ---------------------------------------------------------------------------------------------------------- refresh

async function refresh(request: Request): Promise<LoadedTarget> {
  const { name, options, mirror, folder, state, namedRoot, isStartingOver } = request;
  const [{ updateTargets }, { httpSource }] = await Promise.all([import('./tuf/update.ts'), import('./tuf/source.ts')]);
  const initialRoot = namedRoot?.bytes ?? (await embeddedRepository(mirror.name))?.root;
  const initialRootHash = namedRoot?.sha256 ?? state.initialRoot;
  const { targets, notKept } = await withDeadline(request, (signal) =>
    updateTargets([name], {
      source: httpSource(mirror, options.http, signal),
      folder,
      initialRoot,
      isStartingOver,
      now: options.now,
      state: { mirror: mirror.name, refreshedAt: options.now, ...(initialRootHash !== undefined && { initialRoot: initialRootHash }) },
    }),
  );
  const warnings = notKept === undefined ? [] : [`${notKept.message}: every run will ask ${mirror.name} again`];
  return loaded(
    request,
    { bytes: targets.get(name) as Uint8Array, source: { kind: 'tuf', location: mirror.name, obtainedAt: options.now, ageMs: 0 } },
    warnings,
  );
}

async function withDeadline<Result>({ options, mirror }: Request, run: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const { waitMs = WAIT_MS } = options;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new TrustError('NET_TIMEOUT', `${mirror.name}: no update within ${waitMs} ms`)), waitMs);
  try {
    return await run(abort.signal);
  } finally {
    clearTimeout(timer);
  }
}

// ---------------------------------------------------------------------------------------------------------- fallback

type Copy = Omit<LoadedTarget, 'warnings'>;

/** Unreachable, expired, or a cache without a root: nothing speaks against the last good copy. */
function mayFallBack(error: TrustError): boolean {
  return error.kind === 'unavailable' || FALL_BACK_CODES.has(error.code);
}

async function fallBack(request: Request, cached: CachedTarget | undefined, reason: TrustError): Promise<LoadedTarget> {
  const copy = await lastGoodCopy(request, cached);
  if (copy !== undefined) return useCopy(request, copy, reason);
  if (reason.code === 'NET_OFFLINE')
    throw new TrustError('TRUST_ROOT_MISSING', `${request.mirror.name}: no copy of ${request.name} at hand, and offline was demanded`);
  throw reason;
}

function useCopy(request: Request, copy: Copy, reason: TrustError): LoadedTarget {
  const { name, options, mirror } = request;
  const age = describeAge(copy.source);
  if (options.requireFresh === true) {
    throw new TrustError('TRUST_ROOT_STALE', `${mirror.name}: ${name} is not fresh (${age}): ${reason.message}`, { cause: reason });
  }
  // Who demands offline knows that nothing is refreshed.
  if (options.offline === true) return loaded(request, copy, []);
  return loaded(request, copy, [`${name} could not be refreshed, using the copy ${age}: ${reason.message}`]);
}

async function lastGoodCopy(request: Request, cached: CachedTarget | undefined): Promise<Copy | undefined> {
  const { name, options, mirror, folder, namedRoot } = request;
  // Who names an initial root decides what is trusted; what we ship does not replace it.
  const embedded = namedRoot === undefined ? await embeddedRepository(mirror.name) : undefined;
  const bytes = embedded?.targets.get(name);
  if (cached !== undefined && (bytes === undefined || !isNewer(embedded, folder))) return fromCache(cached, options.now);
  return bytes === undefined ? undefined : { bytes, source: { kind: 'embedded', location: embedded?.packageVersion ?? '' } };
}

/** A new release of Assay may embed what an old cache has never seen. */
function isNewer(embedded: EmbeddedRepository | undefined, folder: string): boolean {
  return rootVersion(embedded?.root) > rootVersion(readCachedRole(folder, 'root'));
}

function rootVersion(root: Uint8Array | undefined): number {
  try {
    return JSON.parse(new TextDecoder().decode(root)).signed.version;
  } catch {
    return 0;
  }
}

function recentFailure({ state, options }: Request): TrustError | undefined {
  const { failedAt, failure = '' } = state;
  if (options.requireFresh === true || failedAt === undefined || !isWithin(failedAt, options.now, RETRY_AFTER_MS)) return undefined;
  return new TrustError('NET_UNREACHABLE', `${failure} (${describeDuration(options.now.getTime() - failedAt.getTime())} ago)`);
}

function offlineError({ mirror }: Request): TrustError {
  return new TrustError('NET_OFFLINE', `${mirror.name} was not asked: offline`);
}

// ----------------------------------------------------------------------------------------------------------- results

function fromCache({ bytes, path, obtainedAt }: CachedTarget, now: Date): LoadedTarget {
  return { bytes, source: { kind: 'cache', location: path, obtainedAt, ageMs: now.getTime() - obtainedAt.getTime() }, warnings: [] };
}

function loaded({ options }: Request, { bytes, source }: Copy, warnings: readonly string[]): LoadedTarget {
  for (const warning of warnings) options.warn?.(warning);
  return { bytes, source, warnings };
}

/** A moment in the future counts as outside: a clock that went back must not make a copy fresh for ever. */
function isWithin(moment: Date, now: Date, spanMs: number): boolean {
  const ageMs = now.getTime() - moment.getTime();
  return ageMs >= 0 && ageMs < spanMs;
}

function describeAge({ kind, location, ageMs = 0 }: TrustSource): string {
  return kind === 'embedded' ? `embedded in ${location}` : `confirmed ${describeDuration(ageMs)} ago`;
}

function describeDuration(ms: number): string {
  const [unit, length] = UNITS.find(([, size]) => Math.abs(ms) >= size) ?? ['second', 1000];
  const count = Math.floor(ms / length);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;
const MAX_AGE_MS = 86_400_000;
const WAIT_MS = 3000;
const RETRY_AFTER_MS = 600_000;
const MAX_ROOT_BYTES = 512_000;
const FALL_BACK_CODES = new Set<ErrorCode>(['TUF_EXPIRED', 'TUF_CACHE', 'NET_OFFLINE']);
