/**
 * The artifact a command names: a file, standard input, a URL, or a digest. Small ones are held, large ones hashed as they are read, so that memory
 * does not grow with the artifact.
 */

import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { Artifact, type CryptoProvider, type HashName, parseDigest, TrustError } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import type { Io } from './io.ts';
import { withProgress } from './progress.ts';

/** Below this, the bytes are held: some signatures (pure Ed25519) need the artifact itself. */
const HELD_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

export interface ArtifactSource {
  readonly name: string;
  /** `algorithms` are those verification will ask for; used when the artifact is too large to hold. */
  open(algorithms: readonly HashName[], crypto: CryptoProvider): Promise<Artifact>;
}

/** Nothing is read yet, but a missing file is told now. Errors: `FILE_NOT_FOUND`, `FILE_UNREADABLE`, `USAGE` (a digest of the wrong length). */
export function artifactSource(reference: string, io: Io): ArtifactSource {
  if (reference === '-') return { name: 'standard input', open: (algorithms, crypto) => hashed(io.stdin(), algorithms, crypto) };
  const digest = existsSync(reference) ? undefined : parseDigest(reference);
  if (digest !== undefined) return { name: reference, open: async () => Artifact.fromDigests({ [digest.algorithm]: digest.value }) };
  fileSize(reference);
  return { name: reference, open: (algorithms, crypto) => openFile(reference, algorithms, crypto, io) };
}

async function openFile(path: string, algorithms: readonly HashName[], crypto: CryptoProvider, io: Io): Promise<Artifact> {
  const size = fileSize(path);
  if (size !== undefined && size <= HELD_BYTES) {
    return Artifact.fromBytes(readFileCapped(path, HELD_BYTES));
  }
  return hashed(withProgress(readChunks(path), `hashing ${path}`, size, io), algorithms, crypto);
}

/**
 * The file in pieces, all in one buffer: each is valid until the next is asked for. Read streams make a buffer for every piece, and hashing is
 * faster than the collector, so a large artifact would cost its garbage.
 */
async function* readChunks(path: string): AsyncIterable<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    const buffer = new Uint8Array(CHUNK_BYTES);
    for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer)) yield buffer.subarray(0, count);
  } finally {
    closeSync(file);
  }
}

function hashed(chunks: AsyncIterable<Uint8Array>, algorithms: readonly HashName[], crypto: CryptoProvider): Promise<Artifact> {
  return Artifact.fromStream(chunks, algorithms, crypto);
}

/** Undefined for pipes and devices, whose size says nothing. */
function fileSize(path: string): number | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new TrustError('FILE_NOT_FOUND', `${path}: no such file`);
  if (stats.isDirectory()) throw new TrustError('FILE_UNREADABLE', `${path}: is a folder, a file was expected`);
  return stats.isFile() ? stats.size : undefined;
}
