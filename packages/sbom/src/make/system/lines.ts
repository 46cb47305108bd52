/** Lines of a database, one at a time: as one text or one list, a large one would not fit into memory. */
import { TrustError } from '@assay/core';
import type { Report } from './broken-parts.ts';

/** Bytes that are no UTF-8 become U+FFFD. Lines that are too long are reported, and empty. Errors: `SBOM_LIMIT`. */
export function* linesOf(content: Uint8Array, report: Report): Generator<string, void, void> {
  if (content.length > MAX_BYTES) throw new TrustError('SBOM_LIMIT', `${content.length} bytes are more than ${MAX_BYTES}, the cap`);
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
  for (let start = 0, number = 1; start < bytes.length; number++) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    if (end - start <= MAX_LINE_BYTES) yield bytes.toString('utf8', start, bytes[end - 1] === 0x0d && end > start ? end - 1 : end);
    else {
      report(`line ${number} has ${end - start} bytes, the cap is ${MAX_LINE_BYTES}`);
      yield '';
    }
    start = end + 1;
  }
}

/** Writers end each line: one that does not end was cut off, and what it says may be cut too. */
export function reportCutLine(content: Uint8Array, report: Report): void {
  if (content.length > 0 && content.at(-1) !== 0x0a) report('ends within a line: it was cut off');
}

/** The largest have some ten megabytes. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_LINE_BYTES = 1024 * 1024;
