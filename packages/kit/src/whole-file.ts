/** Files that appear whole or not at all. */
import { randomUUID } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { isTrustError, quote, TrustError } from '@assay/core';

/**
 * In its place when all of it is on disk, instead of whatever was there: a link is replaced, not followed.
 * @param approve asked before it appears; what it throws keeps the file away
 * Errors: `FILE_UNREADABLE` when it cannot be written; those of `content`.
 */
export async function writeWhole(path: string, content: AsyncIterable<Uint8Array>, approve: () => void = () => undefined): Promise<void> {
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    const file = await open(partial, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    approve();
    renameSync(partial, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (isTrustError(error) || code === undefined) throw error;
    throw new TrustError('FILE_UNREADABLE', `${quote(path)}: cannot be written: ${code}`, { cause: error });
  } finally {
    rmSync(partial, { force: true });
  }
}
