/** The question before something that cannot be undone (cosign.md section 0): one line of standard input answers it. */
import { concat } from '@assay/core';
import { CommandError } from '../cobra/failure.ts';
import type { Io } from '../io.ts';

/** Returns when the answer is yes. Errors: `user declined the prompt`, also at the end of input; `invalid input …`. */
export async function confirm(io: Io): Promise<void> {
  io.stderr('Are you sure you would like to continue? [y/N] ');
  const answer = (await readLine(io)).replace(/[\r\n]+$/, '');
  if (answer === 'y' || answer === 'Y') return;
  if (answer === '' || answer === 'n' || answer === 'N') throw new CommandError('user declined the prompt');
  throw new CommandError(`invalid input ${JSON.stringify(answer)} (allowed values y, n)`);
}

/** Up to the first line feed, and not read beyond it; more than any answer is cut off. */
async function readLine({ stdin }: Io): Promise<string> {
  let line = new Uint8Array(0);
  for await (const chunk of stdin()) {
    const end = chunk.indexOf(LINE_FEED);
    line = concat(line, end < 0 ? chunk : chunk.subarray(0, end));
    if (end >= 0 || line.length > MAX_ANSWER_BYTES) break;
  }
  return new TextDecoder().decode(line.subarray(0, MAX_ANSWER_BYTES));
}

const LINE_FEED = 0x0a;
const MAX_ANSWER_BYTES = 1024;
