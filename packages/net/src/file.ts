/**
 * Reads a local file with a cap on its size.
 *
 * Synchronous on purpose: the command line reads a handful of small files before it can do anything else, and the
 * synchronous calls need no further module at start-up. Pipes (`<(…)`, `/dev/stdin`) work: size is counted while reading.
 */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { isTrustError, quote, TrustError } from '@assay/core';

/**
 * The whole content of a file of at most `maxBytes` bytes.
 *
 * @throws TrustError FILE_NOT_FOUND, FILE_UNREADABLE (a folder, missing permission), FILE_TOO_LARGE
 */
export function readFileCapped(path: string, maxBytes: number): Uint8Array {
  const file = open(path);
  try {
    return readAll(file, path, maxBytes);
  } catch (error) {
    throw fileError(path, error);
  } finally {
    closeSync(file);
  }
}

/** The beginning of a file, at most `bytes` of it: what kind of file it is. Errors: as above, but for the size. */
export function readFileHead(path: string, bytes: number): Uint8Array {
  const file = open(path);
  try {
    const head = new Uint8Array(bytes);
    return head.subarray(0, readSync(file, head));
  } catch (error) {
    throw fileError(path, error);
  } finally {
    closeSync(file);
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw fileError(path, error);
  }
}

function readAll(file: number, path: string, maxBytes: number): Uint8Array {
  const { size } = fstatSync(file);
  if (size > maxBytes) throw tooLarge(path, maxBytes);
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    // One byte more than the size stated: the last read then returns 0 at once, and a growing file is noticed.
    const chunk = new Uint8Array(Math.max(size - total, MIN_CHUNK_BYTES) + 1);
    const count = readSync(file, chunk);
    if (count === 0) return joinChunks(chunks, total);
    total += count;
    if (total > maxBytes) throw tooLarge(path, maxBytes);
    chunks.push(chunk.subarray(0, count));
  }
}

/** Joins chunks; a single one is returned as it is. A list, not a spread: a hostile server decides how many there are. */
export function joinChunks(chunks: readonly Uint8Array[], total: number): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return first;
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

function tooLarge(path: string, maxBytes: number): TrustError {
  return new TrustError('FILE_TOO_LARGE', `${quote(path)}: larger than the cap of ${maxBytes} bytes`, { data: { maxBytes } });
}

function fileError(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined || isTrustError(error)) return error;
  if (code === 'ENOENT' || code === 'ENOTDIR') return new TrustError('FILE_NOT_FOUND', `${quote(path)}: no such file`, { cause: error });
  const reason = code === 'EISDIR' ? 'is a folder, a file was expected' : `cannot be read (${code})`;
  return new TrustError('FILE_UNREADABLE', `${quote(path)}: ${reason}`, { cause: error });
}

const MIN_CHUNK_BYTES = 4096;
