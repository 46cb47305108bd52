/**
 * One update of a cache folder from a mirror: from the trusted root, through the metadata, to the targets asked for.
 * All in memory; the folder is written once, at the end (cache/commit.ts). Imported only when a refresh is due, since
 * tuf-js and its models cost start-up time.
 */
import { isTrustError, TrustError } from '@assay/core';
import { commitUpdate } from '../cache/commit.ts';
import { readCachedMetadata, readUncheckedTarget } from '../cache/folder.ts';
import type { CacheState } from '../cache/state.ts';
import type { RepositorySource } from './source.ts';
import { fetchVerifiedTarget } from './target.ts';
import { type OpenUpdater, openUpdater } from './updater.ts';

export interface UpdateOptions {
  source: RepositorySource;
  folder: string;
  /** Where trust starts when the folder holds no root, or none that verifies. */
  initialRoot: Uint8Array | undefined;
  /** Do not build on what the folder holds: the caller names another initial root than before. */
  isStartingOver: boolean;
  now: Date;
  /** Remembered when the update succeeds. */
  state: CacheState;
}

export interface UpdatedTargets {
  readonly targets: ReadonlyMap<string, Uint8Array>;
  /** Why what was verified could not be kept (TUF_CACHE), e.g. on a read-only disk. */
  readonly notKept: TrustError | undefined;
}

/**
 * @throws TrustError TUF_ROOT, TUF_METADATA, TUF_ROLLBACK, TUF_EXPIRED, TUF_MIX, TUF_TARGET, TUF_TOO_LARGE, NET_…, and
 *   TUF_CACHE when there is no root to start from
 */
export async function updateTargets(names: readonly string[], options: UpdateOptions): Promise<UpdatedTargets> {
  for (let attempt = 1; ; attempt += 1) {
    const before = readCachedMetadata(options.folder);
    const updater = openTrusted(before, options);
    await updater.refresh();
    const targets = await fetchTargets(names, updater, options);
    try {
      if (await commitUpdate(options.folder, { before, metadata: updater.metadata, targets, state: options.state })) return { targets, notKept: undefined };
    } catch (error) {
      if (isTrustError(error) && error.code === 'TUF_CACHE') return { targets, notKept: error };
      throw error;
    }
    if (attempt === MAX_ATTEMPTS)
      throw new TrustError('TUF_CACHE', `the TUF cache ${options.folder} was changed by other processes ${MAX_ATTEMPTS} times during an update`);
  }
}

function openTrusted(cached: ReadonlyMap<string, Uint8Array>, { source, initialRoot, isStartingOver, now }: UpdateOptions): OpenUpdater {
  if (cached.has('root') && !isStartingOver) {
    try {
      return openUpdater({ source, trusted: cached, now });
    } catch (error) {
      // A damaged root.json in the cache is no reason to fail when trust can start over.
      if (initialRoot === undefined) throw error;
    }
  }
  if (initialRoot === undefined) throw new TrustError('TUF_CACHE', `no initial root for the TUF mirror ${source.name}: could not find cached root.json`);
  return openUpdater({ source, trusted: new Map([['root', initialRoot]]), now });
}

async function fetchTargets(names: readonly string[], updater: OpenUpdater, { source, folder }: UpdateOptions): Promise<Map<string, Uint8Array>> {
  const targets = new Map<string, Uint8Array>();
  for (const name of names) {
    targets.set(name, await fetchVerifiedTarget(name, updater, source, readUncheckedTarget(folder, name)));
  }
  return targets;
}

const MAX_ATTEMPTS = 3;
