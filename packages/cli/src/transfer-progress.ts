/** How far a transfer of several blobs is, as one line on standard error that rewrites itself; silent when nobody watches. */
import type { BlobEvent } from '@assay/oci';
import type { Io } from './io.ts';

export interface TransferProgress {
  onBlob(event: BlobEvent): void;
  /** Takes the line away. */
  end(): void;
}

export function transferProgress(io: Io): TransferProgress {
  if (!process.stderr.isTTY) return { onBlob: () => undefined, end: () => undefined };
  const seen = new Map<string, { readonly bytes: number; readonly size: number }>();
  let next = performance.now() + FIRST_AFTER_MS;
  let shown = false;
  return {
    onBlob({ descriptor, bytes }) {
      seen.set(descriptor.digest, { bytes, size: descriptor.size });
      if (performance.now() < next) return;
      next = performance.now() + EVERY_MS;
      shown = true;
      io.stderr(`\r\u001b[K${lineOf([...seen.values()])}`);
    },
    end() {
      if (shown) io.stderr('\r\u001b[K');
      shown = false;
    },
  };
}

function lineOf(blobs: readonly { readonly bytes: number; readonly size: number }[]): string {
  const done = blobs.filter(({ bytes, size }) => bytes >= size).length;
  const [bytes, size] = blobs.reduce(([b, s], one) => [b + one.bytes, s + one.size], [0, 0]);
  return `${done} of ${blobs.length} blobs, ${mebibytes(bytes)} of ${mebibytes(size)} MiB`;
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}

const FIRST_AFTER_MS = 1000;
const EVERY_MS = 200;
