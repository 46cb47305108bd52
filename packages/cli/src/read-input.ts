/** What a flag names to be read whole: a file, or `-` for standard input. */
import { readFileCapped } from '@assay/net/file';
import type { Io } from './io.ts';

/** Errors: `FILE_…`. */
export async function readInput(path: string, io: Io): Promise<Uint8Array> {
  return path === '-' ? readStandardInput(io) : readFileCapped(path, MAX_INPUT_BYTES);
}

export async function readStandardInput(io: Io): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of io.stdin()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** As large as cosign lets attachments be. */
const MAX_INPUT_BYTES = 134_217_728;
