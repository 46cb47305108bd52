/** Bytes to be answered, in memory or in a file: a blob of gigabytes is never in memory. */
import { createReadStream, readFileSync } from 'node:fs';

export interface Body {
  readonly size: number;
  /** From `start` up to, without, `end`. */
  read(start?: number, end?: number): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Everything at once, for what is known to be small. */
  bytes(): Uint8Array;
}

export function bytesBody(bytes: Uint8Array): Body {
  return {
    size: bytes.length,
    read: (start = 0, end = bytes.length) => [bytes.subarray(start, end)],
    bytes: () => bytes,
  };
}

export function fileBody(path: string, size: number): Body {
  return {
    size,
    // The end of a read stream is inclusive, so it cannot say "nothing".
    read: (start = 0, end = size) => (start === end ? [] : createReadStream(path, { start, end: end - 1 })),
    bytes: () => readFileSync(path),
  };
}

export function sliceBody(body: Body, start: number, end: number): Body {
  return {
    size: end - start,
    read: (from = 0, to = end - start) => body.read(start + from, start + to),
    bytes: () => body.bytes().subarray(start, end),
  };
}

export const EMPTY: Body = bytesBody(new Uint8Array(0));
