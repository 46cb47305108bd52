/** `assay explain RESULT`: the proof tree of a saved result, in full. It shows; it does not verify again. */
import { failures, parseVerificationJson, TrustError } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { named } from '../named.ts';
import { styleFor } from '../render/style.ts';
import { renderTree } from '../render/tree.ts';

const MAX_RESULT_BYTES = 64 * 1024 * 1024;

/** Errors: `RESULT_PARSE`, `FILE_…`. */
export async function runExplain(file: string, io: Io): Promise<number> {
  const content = file === '-' ? await readStdin(io) : readFileCapped(file, MAX_RESULT_BYTES);
  const saved = named(file === '-' ? 'standard input' : file, () => parseVerificationJson(content));
  const style = styleFor(io);
  const failed = failures(saved.root).length;
  const verdict = saved.ok
    ? `${style.good('✔')} the saved result accepted the evidence`
    : `${style.bad('✘')} the saved result rejected the evidence: ${failed} ${failed === 1 ? 'check' : 'checks'} failed`;
  io.stdout(`${verdict}\n\n${renderTree(saved.root, style, 'full')}`);
  return EXIT.accepted;
}

async function readStdin(io: Io): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of io.stdin()) {
    total += chunk.length;
    if (total > MAX_RESULT_BYTES) throw new TrustError('FILE_TOO_LARGE', `standard input: larger than the cap of ${MAX_RESULT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
