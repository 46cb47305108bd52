/**
 * Layers are compressed in the way their first bytes say: media types are wrong often enough that no tool relies on them.
 *
 *   gzip  1f 8b
 *   zstd  28 b5 2f fd
 */
import { pipeline, Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { isTrustError, TrustError } from '@assay/core';

export type Compression = 'gzip' | 'zstd' | 'none';

/** Reads no more than it needs. */
export async function compressionOf(chunks: AsyncIterable<Uint8Array>): Promise<Compression> {
  let head = Buffer.alloc(0);
  for await (const chunk of chunks) {
    head = Buffer.concat([head, chunk]);
    if (head.length >= MAGIC_BYTES) break;
  }
  return named(head);
}

/** The tar in whatever it came. Errors: `OCI_LAYER` for broken or cut compression, and those of `chunks`. */
export async function* decompressed(chunks: AsyncIterable<Uint8Array>, what: string): AsyncGenerator<Uint8Array, void, void> {
  const iterator = chunks[Symbol.asyncIterator]();
  const head = await readHead(iterator);
  const rest = resumed(head, iterator);
  const compression = named(head);
  if (compression === 'none') return yield* rest;
  try {
    yield* through(rest, compression === 'gzip' ? createGunzip(OPTIONS) : createZstdDecompress(OPTIONS));
  } catch (error) {
    throw isTrustError(error) ? error : broken(error, compression, what);
  }
}

/** What comes out of `transform`. Ending early ends the source too, and an error of the source comes out as it is. */
export async function* through(chunks: AsyncIterable<Uint8Array>, transform: Transform): AsyncGenerator<Uint8Array, void, void> {
  // The error reaches the reader through the transform, which the pipeline destroys with it.
  pipeline(Readable.from(chunks, { objectMode: true }), transform, () => undefined);
  yield* transform as AsyncIterable<Uint8Array>;
}

async function readHead(iterator: AsyncIterator<Uint8Array>): Promise<Buffer> {
  let head = Buffer.alloc(0);
  while (head.length < MAGIC_BYTES) {
    const { value, done } = await iterator.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
  }
  return head;
}

async function* resumed(head: Uint8Array, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  try {
    if (head.length > 0) yield head;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

function named(head: Buffer): Compression {
  if (head.subarray(0, 2).equals(GZIP)) return 'gzip';
  return head.subarray(0, MAGIC_BYTES).equals(ZSTD) ? 'zstd' : 'none';
}

/** zlib's errors have codes of their own; everything else comes from the source or is a bug. */
function broken(error: unknown, compression: Compression, what: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!/^Z(?:STD)?_/.test(code)) return error;
  return new TrustError('OCI_LAYER', `${what}: ${code === 'Z_BUF_ERROR' ? 'unexpected EOF' : `the ${compression} compression is broken`}`, { cause: error });
}

/**
 * Each piece is a trip to another thread and back: with the 16 KiB that are the default, a large layer spends most of its time on the way. And what
 * comes out waits for its reader, up to the mark, so that both work at once.
 */
const OPTIONS = { chunkSize: 512 * 1024, readableHighWaterMark: 2 * 1024 * 1024 };
const MAGIC_BYTES = 4;
const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
