/** Replacing ranges of a text. What lies outside of them is not touched, so that it stays the same to the byte. */
import { TrustError } from '@assay/core';
import type { Edit } from './model.ts';

/** Edits in any order. Overlapping ones are a bug of ours. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, text: inserted } of edits.toSorted((a, b) => a.start - b.start)) {
    if (start < at || end < start || end > text.length) throw new TrustError('INTERNAL', `an edit from ${start} to ${end} lies across another`);
    parts.push(text.slice(at, start), inserted);
    at = end;
  }
  return parts.join('') + text.slice(at);
}
