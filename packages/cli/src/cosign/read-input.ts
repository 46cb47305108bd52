/** What a flag names as input: a file, or `-` for standard input. */
import { concat, TrustError } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import type { Io } from '../io.ts';

/** Errors: `FILE_…`. */
export async function readInput(path: string, { stdin }: Io): Promise<Uint8Array> {
  if (path !== '-') return readFileCapped(path, MAX_INPUT_BYTES);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stdin()) {
    size += chunk.length;
    if (size > MAX_INPUT_BYTES) throw new TrustError('FILE_TOO_LARGE', `standard input: more than ${MAX_INPUT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return concat(...chunks);
}

/** As much as cosign takes of an attachment. */
const MAX_INPUT_BYTES = 134_217_728;
