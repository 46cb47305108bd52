/**
 * The artifact a command names: a file, standard input, a URL, or a digest. Small ones are held, large ones hashed as they are read, so that memory
 * does not grow with the artifact.
 */

import { existsSync, statSync } from 'node:fs';
import { Artifact, type CryptoProvider, type HashName, parseDigest, TrustError } from '@assay/core';
import type { Io } from './io.ts';

/** Below this, the bytes are held: some signatures (pure Ed25519) need the artifact itself. */
const HELD_BYTES = 16 * 1024 * 1024;

export interface ArtifactSource {
  readonly name: string;
  /** `algorithms` are those verification will ask for; used when the artifact is too large to hold. */
  open(algorithms: readonly HashName[], crypto: CryptoProvider): Promise<Artifact>;
}

/** Errors: `FILE_NOT_FOUND`, `FILE_UNREADABLE`, `USAGE` (a digest of the wrong length). */
export function artifactSource(reference: string, io: Io): ArtifactSource {
  if (reference === '-') return { name: 'standard input', open: (algorithms, crypto) => hashed(io.stdin(), algorithms, crypto) };
  const digest = existsSync(reference) ? undefined : parseDigest(reference);
  if (digest !== undefined) return { name: reference, open: async () => Artifact.fromDigests({ [digest.algorithm]: digest.value }) };
  return { name: reference, open: (algorithms, crypto) => openFile(reference, algorithms, crypto, io) };
}

async function openFile(path: string, algorithms: readonly HashName[], crypto: CryptoProvider, io: Io): Promise<Artifact> {
  const size = fileSize(path);
  if (size !== undefined && size <= HELD_BYTES) {
    const { readFileCapped } = await import('@assay/net/file');
    return Artifact.fromBytes(readFileCapped(path, HELD_BYTES));
  }
  const { createReadStream } = await import('node:fs');
  const { withProgress } = await import('./progress.ts');
  const chunks = createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>;
  return hashed(withProgress(chunks, `hashing ${path}`, size, io), algorithms, crypto);
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
