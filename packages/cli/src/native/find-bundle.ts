/** Finding the evidence of a file: the flag, or the places beside it (verification.md section 1). Every answer is kept for the proof tree. */

import { existsSync } from 'node:fs';
import { type Check, fail, MAX_BUNDLE_BYTES, pass, TrustError } from '@assay/core';
import { readFileCapped } from '@assay/net/file';

export interface FoundBundles {
  readonly check: Check;
  /** One document each; a `.jsonl` file holds several. */
  readonly bundles: readonly Uint8Array[];
}

/** Errors: `USAGE` for standard input and digests without the flag; `FILE_…` when a file that was named or found cannot be read. */
export function findBundles(file: string, flag: string | undefined): FoundBundles {
  if (flag === undefined && !existsSync(file)) {
    throw new TrustError('USAGE', `evidence is found by itself only beside a file, and ${file === '-' ? 'standard input' : file} is none`, {
      hint: 'add --bundle FILE',
    });
  }
  const places = flag === undefined ? [`${file}.sigstore.json`, `${file}.sigstore`, `${file}.sigstore.jsonl`] : [flag];
  const found = places.find((place) => flag !== undefined || existsSync(place));
  if (found === undefined) {
    const looked = places.map((place) => `${place} (absent)`).join(', ');
    return {
      check: fail('find', 'EVIDENCE_NOT_FOUND', `no evidence was found beside ${file}`, { found: looked, hint: 'name the bundle with --bundle FILE' }),
      bundles: [],
    };
  }
  const bundles = bundlesIn(found, readFileCapped(found, MAX_BUNDLE_BYTES));
  const many = bundles.length > 1 ? ` (${bundles.length} bundles)` : '';
  return { check: pass('find', `evidence: ${found}${many}`), bundles };
}

/** By its name a file holds one document, or one a line. */
export function bundlesIn(name: string, content: Uint8Array): readonly Uint8Array[] {
  const lines = name.endsWith('.jsonl') ? splitLines(content) : [];
  // A file of blank lines is judged as it stands, so that its emptiness is what is refused.
  return lines.length === 0 ? [content] : lines;
}

function splitLines(content: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0; start < content.length; ) {
    const end = content.indexOf(0x0a, start);
    const line = content.subarray(start, end < 0 ? content.length : end);
    if (line.some((byte) => byte !== 0x20 && byte !== 0x0d && byte !== 0x09)) lines.push(line);
    start = end < 0 ? content.length : end + 1;
  }
  return lines;
}
