/** Digests of files, read in pieces: memory does not grow with them. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import type { Digest } from './digest.ts';

/** Errors: those of the file system. */
export function digestOfFile(path: string): Digest {
  return `sha256:${hashFile(path, 'sha256')}` as Digest;
}

/** Hex. Errors: those of the file system. */
export function hashFile(path: string, algorithm: 'sha256' | 'sha384' | 'sha512'): string {
  const hash = createHash(algorithm);
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) hash.update(chunk.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}

const CHUNK_BYTES = 1024 * 1024;
