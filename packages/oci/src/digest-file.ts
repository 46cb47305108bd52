/** The digest of a file, read in pieces: memory does not grow with it. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import type { Digest } from './digest.ts';

/** Errors: those of the file system. */
export function digestOfFile(path: string): Digest {
  const hash = createHash('sha256');
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) hash.update(chunk.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return `sha256:${hash.digest('hex')}` as Digest;
}

const CHUNK_BYTES = 1024 * 1024;
