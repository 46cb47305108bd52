/**
 * A copy of the whole folder, also while the stack works.
 *
 * Stores only add, and say last what holds: a log's checkpoint names tiles that are there already, TUF's timestamp a snapshot, a tag a
 * manifest, and that blobs. So what points is copied first, and what it points at is looked for afterwards; the copy is then one that a crash
 * could have left, and opens as such.
 */
import { copyFile, mkdir, open, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TrustError } from '@assay/core';

export interface Backup {
  readonly files: number;
}

/** `target` must not exist; it appears whole or not at all. Errors: `STACK_DATA` for a folder that holds no stack, `USAGE` for a target that is there. */
export async function backUp(directory: string, target: string): Promise<Backup> {
  if (!(await filesBelow(directory)).includes('stack.json')) throw new TrustError('STACK_DATA', `${directory}: there is no stack in this folder`);
  await makeNew(target);
  try {
    const copied = new Set<string>();
    // Listed anew each time: a list that is as old as what points may lack what it points at. The last one is for what took the place of files
    // while they were copied, as a tile does that became full.
    for (const rank of [...RANKS, 'content']) {
      for (const file of await filesBelow(directory)) {
        if (rankOf(file) !== rank || copied.has(file)) continue;
        await copySynced(join(directory, file), join(target, file));
        copied.add(file);
      }
    }
    return { files: (await filesBelow(target)).length };
  } catch (error) {
    await rm(target, { recursive: true, force: true });
    throw error;
  }
}

async function makeNew(target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await mkdir(target, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    throw new TrustError('USAGE', `${target} exists; a backup is written into a folder of its own`);
  });
}

/** A file points at files of later ranks alone. */
function rankOf(file: string): (typeof RANKS)[number] {
  if (POINTERS.has(basename(file)) || file.includes('/_tags/')) return 'head';
  if (/\/_(?:manifests|referrers)\//.test(file)) return 'manifest';
  return file.includes('/_blobs/') ? 'blob of a repository' : 'content';
}

const RANKS = ['head', 'manifest', 'blob of a repository', 'content'] as const;

/** Permissions go along; keys stay readable by their owner alone. */
async function copySynced(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  try {
    await copyFile(source, target);
  } catch (error) {
    // A partial tile that became a full one, or an upload that ended: nothing that was copied points at it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const copy = await open(target, 'r');
  try {
    await copy.sync();
  } finally {
    await copy.close();
  }
}

/** Relative paths; without what belongs to a running process, or is unfinished. */
async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !LEFT_OUT.some((left) => entry.name.startsWith(left)))
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

const POINTERS: ReadonlySet<string> = new Set(['stack.json', 'checkpoint', 'timestamp.json']);
const LEFT_OUT = ['lock', '.unfinished-'];
