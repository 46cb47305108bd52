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
import { dirname, join, resolve } from 'node:path';

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

/** The disk below `root`, an absolute path. Folders are made as files need them. Paths lead nowhere above it: `TypeError`. */
export function openDisk(root: string): Disk {
  const path = resolve(root);
  return diskBelow(path, new DurableNames(path));
}

function diskBelow(root: string, names: DurableNames): Disk {
  const absolute = (path: string): string => {
    if (path.split('/').includes('..')) throw new TypeError('a path on a disk leads upwards');
    return join(root, path);
  };
  return {
    root,
    read: async (path) => unlessAbsent(readFile(absolute(path))),
    write: async (path, bytes, options) => {
      await replaceFile(names, absolute(path), bytes, options);
      await syncFolder(dirname(absolute(path)));
    },
    writeAll: async (files) => {
      await settled(files.map(({ path, bytes }) => replaceFile(names, absolute(path), bytes)));
      await settled([...new Set(files.map(({ path }) => dirname(absolute(path))))].map(syncFolder));
    },
    append: async (path, bytes) => appendFile(names, absolute(path), bytes),
    list: async (folder) => {
      const found = (await unlessAbsent(readdir(absolute(folder)))) ?? [];
      return found.filter((name) => !name.startsWith(UNFINISHED)).sort();
    },
    size: async (path) => (await unlessAbsent(stat(absolute(path))))?.size,
    remove: async (path) => {
      names.forget(absolute(path));
      await rm(absolute(path), { recursive: true, force: true });
    },
    at: (folder) => diskBelow(absolute(folder), names),
  };
}

/**
 * A folder is as durable as its name in the folder above it, and so on upwards. That it is there does not say that it is: the sync may
 * have failed, or its process been killed before. So each is synced once in each process, however it came to be.
 */
class DurableNames {
  readonly #root: string;
  readonly #folders = new Map<string, Promise<void>>();
  readonly #files = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Makes it when it is absent. */
  make(folder: string): Promise<void> {
    const made = this.#folders.get(folder) ?? this.#make(folder);
    this.#folders.set(folder, made);
    made.catch(() => this.#folders.delete(folder));
    return made;
  }

  async #make(folder: string): Promise<void> {
    if (!folder.startsWith(`${this.#root}/`)) return makeSynced(this.#root);
    await this.make(dirname(folder));
    // Clients get what lies in here over the services, and keys not at all.
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await syncFolder(dirname(folder));
  }

  /** The same for the name of a file that is not renamed into its place. */
  async nameFile(file: string): Promise<void> {
    if (this.#files.has(file)) return;
    await syncFolder(dirname(file));
    this.#files.add(file);
  }

  /** The folder or file, and all below it, is about to be removed. */
  forget(path: string): void {
    for (const known of [this.#folders, this.#files]) {
      for (const name of known.keys()) if (`${name}/`.startsWith(`${path}/`)) known.delete(name);
    }
  }
}

/** What is above the root is the administrator's, unless we make it. */
async function makeSynced(root: string): Promise<void> {
  const first = await mkdir(root, { recursive: true });
  if (first === undefined) return;
  for (let made = root; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** Waits for all of them also when one fails: nobody may still be writing when the caller hears of it. */
async function settled(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function replaceFile(names: DurableNames, path: string, bytes: Uint8Array, { mode = 0o644 }: WriteOptions = {}): Promise<void> {
  const folder = dirname(path);
  const unfinished = join(folder, `${UNFINISHED}${randomBytes(8).toString('hex')}`);
  try {
    await writeSynced(await openMakingFolder(names, unfinished, 'wx', mode), bytes);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function appendFile(names: DurableNames, path: string, bytes: Uint8Array): Promise<void> {
  await writeSynced(await openMakingFolder(names, path, 'a', 0o644), bytes);
  await names.nameFile(path);
}

async function writeSynced(file: FileHandle, bytes: Uint8Array): Promise<void> {
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function openMakingFolder(names: DurableNames, path: string, flags: string, mode: number): Promise<FileHandle> {
  const folder = dirname(path);
  await names.make(folder);
  const file = await unlessAbsent(open(path, flags, mode));
  if (file !== undefined) return file;
  names.forget(folder); // somebody else removed it
  await names.make(folder);
  return open(path, flags, mode);
}

/** The names in it are durable when it resolves. */
export async function syncFolder(folder: string): Promise<void> {
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
