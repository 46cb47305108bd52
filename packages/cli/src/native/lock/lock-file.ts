/** `assay.lock` on disk. */
import { lstatSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { quote, TrustError } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { type Lock, MAX_LOCK_BYTES, parseLock } from '@assay/policy/lock';
import { named } from '../../named.ts';

export const LOCK_FILE = 'assay.lock';

export interface LockFile {
  readonly path: string;
  readonly lock: Lock;
  /** As it is on disk; '' when there is none. */
  readonly text: string;
}

/** What things are held to: it has to be there. Errors: `FILE_…`, `LOCK_PARSE`. */
export function loadLock(path: string): Lock {
  const content = contentOf(path);
  if (content !== undefined) return named(path, () => parseLock(content));
  throw new TrustError('FILE_NOT_FOUND', `${quote(path)}: no such file`, {
    hint: 'make it with assay lock add THING; a name right behind --lock is that of the lock',
  });
}

/** To be written: none is an empty one. Errors: as for `loadLock`. */
export function openLock(path: string): LockFile {
  const content = contentOf(path);
  if (content === undefined) return { path, lock: { artifacts: new Map(), exceptions: [] }, text: '' };
  return { path, lock: named(path, () => parseLock(content)), text: new TextDecoder().decode(content) };
}

/** Of a link that leads nowhere nobody knows what was in it. */
function contentOf(path: string): Uint8Array | undefined {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined ? undefined : readFileCapped(path, MAX_LOCK_BYTES);
}

/** As a whole or not at all, behind a link in the file that is meant. Errors: `LOCK_CHANGED`, `FILE_UNREADABLE`. */
export function writeLock({ path, text: before }: LockFile, text: string): void {
  const now = contentOf(path);
  if ((now === undefined ? '' : new TextDecoder().decode(now)) !== before) throw new TrustError('LOCK_CHANGED', `${quote(path)}: was changed meanwhile`);
  const target = now === undefined ? path : realpathSync(path);
  const draft = `${target}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, text, { flag: 'wx', mode: now === undefined ? 0o644 : statSync(target).mode & 0o777 });
    renameSync(draft, target);
  } catch (error) {
    throw new TrustError('FILE_UNREADABLE', `${quote(path)}: cannot be written: ${(error as NodeJS.ErrnoException).code ?? ''}`, { cause: error });
  } finally {
    rmSync(draft, { force: true });
  }
}
