/**
 * The updater of tuf-js, in memory, at a time of our choosing, with errors that can be told apart.
 *
 * tuf-js 6 offers no options for this, so this file, and no other, reaches into what it keeps private:
 * - `Updater` reads and writes metadata files one by one, not atomically. Overriding its two methods for that keeps
 *   everything in memory until all is verified; cache-folder.ts then writes at once.
 * - The store that verifies takes the time from the clock of the machine. Its `referenceTime` (TUF specification
 *   section 5.1: fix the update start time) is set to ours, so that tests and verifications at a past time are possible.
 * - Its four `update…` methods are watched, to learn why a file was refused (rejection.ts).
 * Each of these is checked to exist: an upgrade of tuf-js that moves them fails at once instead of silently using
 * another clock or another folder.
 */
import { isTrustError, TrustError } from '@assay/core';
import { type Fetcher, type TargetFile, Updater } from 'tuf-js';
import { DownloadHTTPError, EqualVersionError } from 'tuf-js/dist/error.js';
import { refuseRepeatedKeys } from './distinct-keys.ts';
import { rejection, stumble, type UpdateStep } from './rejection.ts';
import type { RepositorySource } from './source.ts';

export interface UpdaterOptions {
  source: RepositorySource;
  /** Role name to metadata that is trusted already: `root` at least. Expired metadata still protects against rollback. */
  trusted: ReadonlyMap<string, Uint8Array>;
  now: Date;
}

export interface OpenUpdater {
  /** Role name to every file verified so far, those of `trusted` that are still in use included. */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
  readonly root: { readonly version: number; readonly expires: Date; readonly isConsistentSnapshot: boolean };
  /** Follows the chain of roots to its end; its expiry is the caller's to check. */
  updateRoots(): Promise<void>;
  /** Roots, timestamp, snapshot and targets. */
  refresh(): Promise<void>;
  /** What the metadata says about a target, through delegations; undefined when nobody vouches for it. Refreshes if need be. */
  findTarget(path: string): Promise<TargetFile | undefined>;
}

/**
 * All methods throw TrustError TUF_ROOT, TUF_METADATA, TUF_ROLLBACK, TUF_EXPIRED, TUF_MIX, TUF_TOO_LARGE, or NET_….
 * @throws TrustError TUF_ROOT when the trusted root does not verify by itself
 */
export function openUpdater({ source, trusted, now }: UpdaterOptions): OpenUpdater {
  const metadata = new Map(trusted);
  const trace: Trace = { mirror: source.name, failure: undefined };
  const updater = createUpdater(metadata, source, trace);
  const store = updater.trustedSet;
  setReferenceTime(store, now);
  watchStore(store, trace);
  const run = async <Result>(action: () => Promise<Result>): Promise<Result> => {
    trace.failure = undefined;
    try {
      return await action();
    } catch (error) {
      throw trace.failure ?? stumble(error, trace.mirror);
    }
  };
  return {
    metadata,
    get root() {
      const { version, expires, consistentSnapshot } = store.root.signed;
      return { version, expires: new Date(expires), isConsistentSnapshot: consistentSnapshot };
    },
    updateRoots: () => run(() => updater.loadRoot()),
    refresh: () => run(() => updater.refresh()),
    findTarget: (path) => run(() => updater.getTargetInfo(path)),
  };
}

/** The last failure: of the two places where one can arise, the one that arose last is what ended the update. */
interface Trace {
  readonly mirror: string;
  failure: TrustError | undefined;
}

// -------------------------------------------------------------------------------------------- the internals of tuf-js

interface Store {
  referenceTime: Date;
  readonly root: { readonly signed: { readonly version: number; readonly expires: string; readonly consistentSnapshot: boolean } };
  readonly snapshot: unknown;
  updateRoot(bytes: Uint8Array): unknown;
  updateTimestamp(bytes: Uint8Array): unknown;
  updateSnapshot(bytes: Uint8Array, trusted?: boolean): unknown;
  updateDelegatedTargets(bytes: Uint8Array, role: string, delegator: string): unknown;
}

interface UpdaterInternals {
  readonly trustedSet: Store;
  loadRoot(): Promise<void>;
  refresh(): Promise<void>;
  getTargetInfo(path: string): Promise<TargetFile | undefined>;
  loadLocalMetadata(role: string): Buffer;
  persistMetadata(role: string, bytes: Uint8Array): void;
}

type UpdaterConstructor = new (options: { metadataDir: string; metadataBaseUrl: string; fetcher: Fetcher }) => UpdaterInternals;

function createUpdater(metadata: Map<string, Uint8Array>, source: RepositorySource, trace: Trace): UpdaterInternals {
  requireMethods(Updater.prototype, ['loadRoot', 'refresh', 'getTargetInfo', 'loadLocalMetadata', 'persistMetadata']);
  // A subclass, because the constructor already reads the trusted root.
  class MemoryUpdater extends (Updater as unknown as UpdaterConstructor) {
    override loadLocalMetadata(role: string): Buffer {
      const bytes = metadata.get(role);
      if (bytes === undefined) throw new Error(`no trusted ${role} metadata`);
      // tuf-js calls toString('utf8'), which only a Buffer understands.
      return Buffer.from(bytes);
    }

    override persistMetadata(role: string, bytes: Uint8Array): void {
      metadata.set(role, new Uint8Array(bytes));
    }
  }
  const root = metadata.get('root');
  if (root === undefined) throw new TypeError('the trusted metadata must hold a root');
  try {
    refuseRepeatedKeys(root);
    return new MemoryUpdater({ metadataDir: NO_FOLDER, metadataBaseUrl: source.baseUrl, fetcher: createFetcher(source, trace) });
  } catch (error) {
    throw rejection(error, { step: 'updateRoot', role: 'root', bytes: root, rootVersion: 0, snapshotTaken: false }, trace.mirror);
  }
}

function setReferenceTime(store: Store, now: Date): void {
  if (!(store.referenceTime instanceof Date)) throw new Error('tuf-js has changed: its store has no referenceTime');
  store.referenceTime = now;
}

function watchStore(store: Store, trace: Trace): void {
  requireMethods(store, STEPS);
  for (const step of STEPS) {
    const original = store[step].bind(store) as (...values: readonly unknown[]) => unknown;
    store[step] = (bytes: Uint8Array, ...rest: readonly unknown[]) => {
      const before = { rootVersion: store.root.signed.version, snapshot: store.snapshot };
      try {
        if (step === 'updateRoot' || step === 'updateDelegatedTargets') refuseRepeatedKeys(bytes);
        const result = original(bytes, ...rest);
        trace.failure = undefined;
        return result;
      } catch (error) {
        const role = step === 'updateDelegatedTargets' ? String(rest[0]) : ROLES[step];
        const snapshotTaken = store.snapshot !== before.snapshot;
        // An unchanged timestamp is no failure, only how tuf-js says "nothing new".
        trace.failure =
          error instanceof EqualVersionError
            ? undefined
            : rejection(error, { step, role, bytes, rootVersion: before.rootVersion, snapshotTaken }, trace.mirror);
        throw error;
      }
    };
  }
}

function requireMethods(object: object, names: readonly string[]): void {
  for (const name of names) {
    if (typeof (object as Record<string, unknown>)[name] !== 'function') throw new Error(`tuf-js has changed: it has no ${name}`);
  }
}

// --------------------------------------------------------------------------------------------------------- downloads

function createFetcher(source: RepositorySource, trace: Trace): Fetcher {
  return {
    async downloadBytes(url, maxLength) {
      try {
        return Buffer.from(await source.get(url, Math.min(maxLength, MAX_METADATA_BYTES)));
      } catch (error) {
        trace.failure = downloadFailure(error, maxLength, trace.mirror);
        // The class that tells tuf-js that the chain of roots has ended.
        const status = isTrustError(error) ? error.data?.['status'] : undefined;
        throw typeof status === 'number' ? new DownloadHTTPError('no such file', status) : error;
      }
    },
    downloadFile() {
      throw new Error('targets are downloaded by target.ts');
    },
  };
}

/** `maxLength` is the cap of a role, or the length that another file states for this one. */
function downloadFailure(error: unknown, maxLength: number, mirror: string): TrustError {
  if (!isTrustError(error)) return stumble(error, mirror);
  if (error.code !== 'NET_TOO_LARGE') return error;
  const isCap = ROLE_CAPS.has(maxLength) || maxLength > MAX_METADATA_BYTES;
  return new TrustError(isCap ? 'TUF_TOO_LARGE' : 'TUF_MIX', error.message, { cause: error });
}

// services.md section 10: root, timestamp, snapshot, targets; the defaults of tuf-js.
const ROLE_CAPS = new Set([512_000, 16_384, 2_000_000, 5_000_000]);
const MAX_METADATA_BYTES = 5_000_000;
const STEPS: readonly UpdateStep[] = ['updateRoot', 'updateTimestamp', 'updateSnapshot', 'updateDelegatedTargets'];
const ROLES = { updateRoot: 'root', updateTimestamp: 'timestamp', updateSnapshot: 'snapshot' } as const;
// Never read or written; if tuf-js came to use it after all, it would fail.
const NO_FOLDER = '/dev/null/assay';
