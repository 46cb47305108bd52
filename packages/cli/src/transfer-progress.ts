/** How far a transfer of several blobs is, as one line on standard error that rewrites itself; silent when nobody watches. */
import type { BlobEvent } from '@assay/oci';
import type { Io } from './io.ts';
import { progressLine } from './progress.ts';

export interface TransferProgress {
  onBlob(event: BlobEvent): void;
  /** Takes the line away. */
  end(): void;
}

export function transferProgress(io: Io): TransferProgress {
  const seen = new Map<string, { readonly bytes: number; readonly size: number }>();
  const progress = progressLine(io);
  return {
    onBlob({ descriptor, bytes }) {
      seen.set(descriptor.digest, { bytes, size: descriptor.size });
      progress.tell(() => lineOf([...seen.values()]));
    },
    end: progress.end,
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
