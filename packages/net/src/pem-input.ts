/** PEM as callers have it: the text, its bytes, or a file. */
import { readFileCapped } from './file.ts';

export type PemInput = string | Uint8Array | { file: string };

/** @throws TrustError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_TOO_LARGE */
export function readPem(input: PemInput | undefined): string | undefined {
  if (input === undefined || typeof input === 'string') return input;
  const bytes = input instanceof Uint8Array ? input : readFileCapped(input.file, MAX_PEM_BYTES);
  return new TextDecoder().decode(bytes);
}

const MAX_PEM_BYTES = 4 * 1024 * 1024;
