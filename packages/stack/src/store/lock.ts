/**
 * One process for a folder: the kernel's lock on the file `lock` in it, which ends with the process, however that ends.
 *
 * Node offers no flock, and files with process ids race: after a crash nobody can tell a dead owner from a new process with its number.
 * SQLite locks its files with the kernel, so an empty database that is held in an exclusive transaction serves as the lock. It is nothing
 * but that: no table, no data, not a byte in it. `lock.pid` tells who it is, for messages and signals.
 *
 * The kernel lets go of such a lock when its process closes *any* handle of the file: nobody else in this process may open `lock`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
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
  held.add(database);
  await writeFile(join(root, HOLDER), `${process.pid}\n`).catch(() => undefined);
  return {
    release() {
      if (held.delete(database)) database.close();
    },
  };
}

async function lockFile(root: string): Promise<DatabaseSync> {
  const database = new DatabaseSync(join(root, 'lock'));
  try {
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw new Error(`${root} cannot be locked`, { cause: error });
    throw new TrustError('STACK_IN_USE', `${root} is in use by ${await holderOf(root)}: one process at a time`, { cause: error });
  }
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

/** A lock that its owner forgot must not end with the next garbage collection. */
const held = new Set<DatabaseSync>();
const HOLDER = 'lock.pid';
const SQLITE_BUSY = 5;
