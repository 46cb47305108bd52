/** Writing a kit: the list, then every entry as it comes, checked while it passes; whole, or not at all. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { quote, TrustError } from '@assay/core';
import { type Digest, verified } from '@assay/oci';
import { encodeKitManifest, type KitEntry, type KitHead, MANIFEST_PATH, MAX_MANIFEST_BYTES } from './manifest.ts';
import type { Piece } from './plan.ts';
import { END_BYTES, entryHeader, paddingOf } from './tar-header.ts';
import { writeWhole } from './whole-file.ts';

export interface WriteOptions {
  /** Default `refuse`. */
  readonly existing?: 'refuse' | 'replace';
  /** Bytes so far, and in all. */
  readonly onBytes?: (bytes: number, total: number) => void;
}

export interface WrittenKit {
  /** Of the file. */
  readonly digest: Digest;
  readonly size: number;
}

/**
 * The same head and pieces make the same file.
 * Errors: `OCI_EXISTS`; `OCI_DIGEST_MISMATCH`, `OCI_SIZE_MISMATCH` for a piece that is not what it was said to be; those of the pieces.
 */
export async function writeKit(head: KitHead, pieces: ReadonlyMap<string, Piece>, path: string, options: WriteOptions = {}): Promise<WrittenKit> {
  refuseExisting(path, options);
  const hash = createHash('sha256');
  let size = 0;
  const onChunk = (chunk: Uint8Array, total: number): void => {
    hash.update(chunk);
    size += chunk.length;
    options.onBytes?.(size, total);
  };
  await writeWhole(path, inLargeChunks(archiveOf(head, pieces), onChunk), () => refuseExisting(path, options));
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

function refuseExisting(path: string, { existing = 'refuse' }: WriteOptions): void {
  if (existing === 'refuse' && existsSync(path))
    throw new TrustError('OCI_EXISTS', `${quote(path)}: is there already`, { hint: 'name another file, or overwrite it with --force' });
}

interface Archive {
  readonly total: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

function archiveOf(head: KitHead, pieces: ReadonlyMap<string, Piece>): Archive {
  const sorted = [...pieces].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const entries = sorted.map(([path, { size, digest }]): KitEntry => ({ path, size, digest }));
  const manifest = encodeKitManifest({ ...head, entries });
  if (manifest.length > MAX_MANIFEST_BYTES)
    throw new TrustError('KIT_FORMAT', `the list of entries has ${manifest.length} bytes, the cap is ${MAX_MANIFEST_BYTES}`);
  const all = [{ path: MANIFEST_PATH, size: manifest.length }, ...entries];
  const total = all.reduce((sum, { path, size }) => sum + entryHeader(path, size).length + size + paddingOf(size), END_BYTES);
  return { total, chunks: chunksOf(manifest, sorted) };
}

async function* chunksOf(manifest: Uint8Array, pieces: readonly [string, Piece][]): AsyncGenerator<Uint8Array, void, void> {
  yield entryHeader(MANIFEST_PATH, manifest.length);
  yield manifest;
  yield new Uint8Array(paddingOf(manifest.length));
  for (const [path, { digest, size, open: openPiece }] of pieces) {
    yield entryHeader(path, size);
    yield* verified(openPiece(), { digest, size }, path);
    yield new Uint8Array(paddingOf(size));
  }
  yield new Uint8Array(END_BYTES);
}

/** Each is written at once: a kit may have many small entries. */
async function* inLargeChunks({ chunks, total }: Archive, tap: (chunk: Uint8Array, total: number) => void): AsyncGenerator<Uint8Array, void, void> {
  let held: Uint8Array[] = [];
  let size = 0;
  const taken = (): Uint8Array => {
    const chunk = Buffer.concat(held);
    [held, size] = [[], 0];
    tap(chunk, total);
    return chunk;
  };
  for await (const chunk of chunks) {
    held.push(chunk);
    size += chunk.length;
    if (size >= CHUNK_BYTES) yield taken();
  }
  yield taken();
}

const CHUNK_BYTES = 256 * 1024;
