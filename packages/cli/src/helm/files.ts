/** Files that appear whole or not at all, and what the system refuses in Go's words. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { CommandError } from '../cobra/failure.ts';

/** Replaces what is there. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  await withFileErrors(path, () => {
    try {
      writeFileSync(partial, content);
      renameSync(partial, path);
    } finally {
      rmSync(partial, { force: true });
    }
  });
}

/** `action()`; what the system refuses is told with the path that was meant. */
export async function withFileErrors<T>(path: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const { code = '', syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new CommandError(`open ${path}: ${REASONS[code] ?? code}`, 1, { cause: error });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EEXIST: 'file exists',
  EISDIR: 'is a directory',
  EACCES: 'permission denied',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on device',
};
