/**
 * The one place that writes verified files to a cache folder, after everything has verified.
 *
 * A lock file is held for the few milliseconds this takes, and what another process committed since we read the folder
 * is never overwritten: it may be newer, and versions must not go back. A process that dies half-way leaves a mixture of
 * verified files; the next update verifies each again and replaces what does not fit.
 */

import { closeSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isTrustError, quote, TrustError } from '@assay/core';
import { readCachedMetadata, rolePath, targetPath } from './folder.ts';
import { type CacheState, writeState } from './state.ts';
import { writeAtomically } from './write.ts';

export interface Update {
  /** Metadata files as they were read before the update. */
  readonly before: ReadonlyMap<string, Uint8Array>;
  /** All metadata files as they are now, verified. Files of roles that are not among them are removed. */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
  readonly targets: ReadonlyMap<string, Uint8Array>;
  readonly state: CacheState;
}

/**
 * @returns false when the folder has changed since `before` was read: nothing was written, update again on top of it
 * @throws TrustError TUF_CACHE when the folder cannot be written
 */
export async function commitUpdate(folder: string, update: Update): Promise<boolean> {
  try {
    mkdirSync(join(folder, 'targets'), { recursive: true });
    return await withLock(folder, () => commitLocked(folder, update));
  } catch (error) {
    if (isTrustError(error)) throw error;
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new TrustError('TUF_CACHE', `the TUF cache ${quote(folder)} cannot be written (${code})`, { cause: error });
  }
}

function commitLocked(folder: string, { before, metadata, targets, state }: Update): boolean {
  const present = readCachedMetadata(folder);
  // The other process may have written exactly what we are about to.
  if (!sameFiles(present, before) && !sameFiles(present, metadata)) return false;
  for (const [name, bytes] of targets) writeAtomically(targetPath(folder, name), bytes);
  for (const [role, bytes] of metadata) {
    if (!sameBytes(present.get(role), bytes)) writeAtomically(rolePath(folder, role), bytes);
  }
  for (const role of present.keys()) {
    if (!metadata.has(role)) rmSync(rolePath(folder, role));
  }
  writeState(folder, state);
  return true;
}

async function withLock<Result>(folder: string, action: () => Result): Promise<Result> {
  const path = join(folder, LOCK_FILE);
  for (let attempt = 1; !tryLock(path); attempt += 1) {
    if (attempt === LOCK_ATTEMPTS) throw locked(folder, path);
    await new Promise((resolve) => setTimeout(resolve, LOCK_WAIT_MS));
  }
  try {
    return action();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryLock(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const lockedAtMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  // Left by a process that died: a commit takes milliseconds.
  if (Date.now() - lockedAtMs > LOCK_STALE_MS) rmSync(path, { force: true });
  return false;
}

function locked(folder: string, path: string): TrustError {
  return new TrustError('TUF_CACHE', `the TUF cache ${quote(folder)} is locked by another process`, {
    hint: `remove ${quote(path)} if no other process uses it`,
  });
}

function sameFiles(a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>): boolean {
  return a.size === b.size && [...a].every(([role, bytes]) => sameBytes(b.get(role), bytes));
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}

const LOCK_FILE = 'assay-lock';
const LOCK_WAIT_MS = 20;
const LOCK_ATTEMPTS = 100;
const LOCK_STALE_MS = 10_000;
