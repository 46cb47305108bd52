/** Text of others (evidence, saved results, file names) made fit for a terminal: what could forge lines or colours is escaped. */
import { quote } from '@assay/core';

const MAX_CHARACTERS = 4096;

export function printable(text: string): string {
  return quote(text, MAX_CHARACTERS);
}
