/** A line that a person types, or that a pipe brings. */
import { concat } from '@assay/core';
import type { Io } from './io.ts';

/** Up to the first line feed, and not read beyond it; more than any answer is cut off. */
export async function readLine({ stdin }: Io): Promise<string> {
  let line = new Uint8Array(0);
  for await (const chunk of stdin()) {
    const end = chunk.indexOf(LINE_FEED);
    line = concat(line, end < 0 ? chunk : chunk.subarray(0, end));
    if (end >= 0 || line.length > MAX_ANSWER_BYTES) break;
  }
  return new TextDecoder().decode(line.subarray(0, MAX_ANSWER_BYTES));
}

const LINE_FEED = 0x0a;
const MAX_ANSWER_BYTES = 4096;
