/** Files that appear when they are whole: what fails, or is interrupted, leaves nothing behind that could be taken for the whole. */
import { realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { CommandError } from '../cobra/failure.ts';
import type { Io } from '../io.ts';
import { withProgress } from '../progress.ts';

/** Errors: those of `chunks`; Go's words for what the file system refuses. Devices and pipes are written to as they are. */
export async function writeOutput(path: string, chunks: AsyncIterable<Uint8Array>, io: Io): Promise<void> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) throw new CommandError(`open ${path}: is a directory`);
  const watched = withProgress(chunks, `writing ${path}`, undefined, io);
  if (stats !== undefined && !stats.isFile()) return writeFile(path, path, watched);
  // Behind a link lies the file that is meant.
  const target = stats === undefined ? path : realpathSync(path);
  const partial = `${target}.${process.pid}.partial`;
  const interrupted = (signal: NodeJS.Signals): void => {
    rmSync(partial, { force: true });
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.once(signal, interrupted);
  try {
    await writeFile(partial, path, watched);
    renameSync(partial, target);
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupted);
    rmSync(partial, { force: true });
  }
}

async function writeFile(file: string, path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    // Opened first: a stream that is destroyed while it opens its file makes the file nevertheless, after we have removed it.
    const handle = await open(file, 'w');
    await pipeline(chunks, handle.createWriteStream());
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    const reason = code === undefined ? undefined : REASONS[code];
    if (reason === undefined) throw error;
    throw new CommandError(`${syscall ?? 'write'} ${path}: ${reason}`, 1, { cause: error });
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EACCES: 'permission denied',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on device',
};
