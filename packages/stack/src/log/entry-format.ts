/**
 * Rekor v2's bundles of entries (services.md section 7): up to 256 times
 *
 *   length, u16 big-endian │ body
 */
import { concat, uint } from '@assay/core';
import type { EntryFormat } from './tile-log.ts';

export const rekorEntryFormat: EntryFormat = {
  folder: 'entries',

  encode(entries) {
    return concat(...entries.flatMap((body) => [lengthOf(body), body]));
  },

  decode(bundle) {
    const entries: Uint8Array[] = [];
    for (let at = 0; at < bundle.length; ) {
      const body = at + LENGTH_SIZE;
      const end = body + ((bundle[at] ?? 0) << 8) + (bundle[at + 1] ?? 0);
      if (end > bundle.length || body > bundle.length) throw new TypeError(`entry ${entries.length} ends at byte ${end}, the bundle at byte ${bundle.length}`);
      entries.push(bundle.subarray(body, end));
      at = end;
    }
    return entries;
  },
};

function lengthOf({ length }: Uint8Array): Uint8Array {
  if (length > MAX_ENTRY_BYTES) throw new TypeError(`an entry of ${length} bytes: at most ${MAX_ENTRY_BYTES} fit into a bundle`);
  return uint(length, LENGTH_SIZE);
}

const LENGTH_SIZE = 2;
const MAX_ENTRY_BYTES = 65_535;
