/**
 * The plain files that a store is made of: one folder, whole files, nothing half-written.
 *
 * Everything that changes goes through here, so that tests can put a disk in its place that is full, tears writes, or fails after having
 * written. What a caller may rely on is said at each method; above all: **when a write rejects, the file is the old one or the new one.**
 *
 *   write    temporary file beside it ─► fsync ─► rename ─► fsync of the folder
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface DiskFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface WriteOptions {
  /** Permission bits of a new file; 0644 when absent. Secrets are 0600. */
  readonly mode?: number;
}

export interface Disk {
  /** The folder, absolute; for messages, and for files that are streamed. */
  readonly root: string;
  /** The file, or undefined when there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Durable when it resolves. When it rejects, the file is the old one or the new one. */
  write(path: string, bytes: Uint8Array, options?: WriteOptions): Promise<void>;
  /** As `write` for each, in no order, and each folder synced once. When it rejects, any of them may be written. */
  writeAll(files: readonly DiskFile[]): Promise<void>;
  /** Durable when it resolves. When it rejects, any prefix of `bytes` may be at the end of the file. */
  append(path: string, bytes: Uint8Array): Promise<void>;
  /** Names in a folder, sorted by code unit; none when it is absent. Unfinished files are not listed. */
  list(folder: string): Promise<string[]>;
  /** Size in bytes, or undefined when there is no such file. */
  size(path: string): Promise<number | undefined>;
  /** Removes a file or a folder with all in it; nothing happens when it is absent. */
  remove(path: string): Promise<void>;
  /** The same disk, rooted in a folder of it. */
  at(folder: string): Disk;
}

/** The disk below `root`, an absolute path. Folders are made as files need them. */
export function openDisk(root: string): Disk {
  const absolute = (path: string): string => join(root, path);
  return {
    root,
    read: (path) => unlessAbsent(readFile(absolute(path))),
    write: async (path, bytes, options) => {
      await replaceFile(absolute(path), bytes, options);
      await syncFolder(dirname(absolute(path)));
    },
    writeAll: async (files) => {
      await settled(files.map(({ path, bytes }) => replaceFile(absolute(path), bytes)));
      await settled([...new Set(files.map(({ path }) => dirname(absolute(path))))].map(syncFolder));
    },
    append: (path, bytes) => appendFile(absolute(path), bytes),
    list: async (folder) => {
      const names = (await unlessAbsent(readdir(absolute(folder)))) ?? [];
      return names.filter((name) => !name.startsWith(UNFINISHED)).sort();
    },
    size: async (path) => (await unlessAbsent(stat(absolute(path))))?.size,
    remove: (path) => rm(absolute(path), { recursive: true, force: true }),
    at: (folder) => openDisk(absolute(folder)),
  };
}

/** Waits for all of them also when one fails: nobody may still be writing when the caller hears of it. */
async function settled(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function replaceFile(path: string, bytes: Uint8Array, { mode = 0o644 }: WriteOptions = {}): Promise<void> {
  const folder = dirname(path);
  const unfinished = join(folder, `${UNFINISHED}${randomBytes(8).toString('hex')}`);
  try {
    await writeSynced(await openMakingFolder(unfinished, 'wx', mode), bytes);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function appendFile(path: string, bytes: Uint8Array): Promise<void> {
  const isNew = (await unlessAbsent(stat(path))) === undefined;
  await writeSynced(await openMakingFolder(path, 'a', 0o644), bytes);
  if (isNew) await syncFolder(dirname(path));
}

async function writeSynced(file: FileHandle, bytes: Uint8Array): Promise<void> {
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function openMakingFolder(path: string, flags: string, mode: number): Promise<FileHandle> {
  const file = await unlessAbsent(open(path, flags, mode));
  if (file !== undefined) return file;
  await makeFolder(dirname(path));
  return open(path, flags, mode);
}

/** A new folder is as durable as its entry in the folder above it. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  return reading.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}

/** What a process that was killed leaves behind begins with this. */
const UNFINISHED = '.unfinished-';
