/**
 * One process for a folder: the kernel's lock on the file `lock` in it, which ends with the process, however that ends.
 *
 * Node offers no flock, and files with process ids race: after a crash nobody can tell a dead owner from a new process with its number.
 * SQLite locks its files with the kernel, so an empty database that is held in an exclusive transaction serves as the lock. It is nothing
 * but that: no table, no data, not a byte in it. `lock.pid` tells who it is, for messages and signals.
 *
 * The kernel lets go of such a lock when its process closes *any* handle of the file: nobody else in this process may open `lock`.
 */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TrustError } from '@assay/core';

export interface FolderLock {
  /** Again is harmless. */
  release(): void;
}

/** Locks `root`, an absolute path, and makes it when it is absent. Errors: `STACK_IN_USE`, also when this process has it. */
export async function lockFolder(root: string): Promise<FolderLock> {
  await mkdir(root, { recursive: true });
  const database = await lockFile(root);
  held.set(database, await fileId(root));
  await writeFile(join(root, HOLDER), `${process.pid}\n`).catch(() => undefined);
  return {
    release() {
      if (held.delete(database)) database.close();
    },
  };
}

async function lockFile(root: string): Promise<DatabaseSync> {
  const database = new DatabaseSync(join(root, LOCK), { timeout: PATIENCE_MS });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw new Error(`${root} cannot be locked`, { cause: error });
    throw new TrustError('STACK_IN_USE', `${root} is in use by ${await holderOf(root)}: one process at a time`, { cause: error });
  }
}

/**
 * Whether any process has it, this one included. Nothing but trying tells: the kernel shows a lock to who wants it. What is tried is a lock that
 * several may have, it is let go of at once, and who locks the folder waits that long; nothing is written.
 */
export async function isFolderLocked(root: string): Promise<boolean> {
  const id = await fileId(root);
  if (id === undefined) return false;
  // To open the file here and to close it again would end our own lock.
  if ([...held.values()].includes(id)) return true;
  const database = new DatabaseSync(join(root, LOCK), { readOnly: true });
  try {
    database.exec('SELECT 1 FROM sqlite_schema');
    return false;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return true;
    throw new Error(`${root}/${LOCK} cannot be looked at`, { cause: error });
  } finally {
    database.close();
  }
}

/** The same for every name that leads to the file; undefined when there is none. */
async function fileId(root: string): Promise<string | undefined> {
  const file = await stat(join(root, LOCK)).catch(() => undefined);
  return file && `${file.dev}:${file.ino}`;
}

async function holderOf(root: string): Promise<string> {
  const pid = await holdingProcess(root);
  return pid === undefined ? 'another process' : `process ${pid}`;
}

/** Who locked the folder last, also when he has let go of it since. */
export async function holdingProcess(root: string): Promise<number | undefined> {
  const text = await readFile(join(root, HOLDER), 'utf8').catch(() => '');
  return /^\d{1,10}\n$/.test(text) ? Number(text) : undefined;
}

/** A lock that its owner forgot must not end with the next garbage collection. With the identity of its file. */
const held = new Map<DatabaseSync, string | undefined>();
const LOCK = 'lock';
/** Who only looks has the lock for less than a millisecond. */
const PATIENCE_MS = 100;
const HOLDER = 'lock.pid';
const SQLITE_BUSY = 5;
