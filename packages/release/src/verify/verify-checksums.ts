/**
 * `sha256sum --check --ignore-missing`, with a proof: the signature of the checksum file first, then every file that it lists and that lies beside it. What is not
 * there is told, and decides nothing; when nothing is there, nothing was verified.
 */
import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Check, fail, group, judged, pass, quote, skip, type Verification } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { hashFile } from '@assay/oci';
import { type Checksum, MAX_CHECKSUMS_BYTES, parseChecksums } from '../checksums.ts';

export interface VerifyChecksumsOptions {
  /** Of the checksum file itself. */
  readonly signature: Verification;
}

/** Errors: `CHECKSUMS_PARSE`, `FILE_…`. */
export function verifyChecksums(file: string, { signature }: VerifyChecksumsOptions): Verification {
  // What nobody signed lists nothing.
  if (signature.verified === undefined) return signature;
  const lines = parseChecksums(readFileCapped(file, MAX_CHECKSUMS_BYTES), file);
  const checks = lines.map((line) => checkLine(line, dirname(file)));
  const present = checks.filter(({ status }) => status !== 'skip');
  if (present.length === 0) {
    const hint = 'download what you want to verify, into the same folder';
    return judged(signature, [
      fail('checksums', 'RELEASE_MISSING', `${file}: no file was verified`, { expected: `one of ${lines.length} files`, found: 'none of them', hint }),
    ]);
  }
  return judged(signature, [
    group('checksums', { pass: `${present.length} of ${lines.length} files are here, and as listed`, fail: 'a file is not as listed' }, checks),
  ]);
}

/** As `sha256sum` says it: NAME: OK. */
function checkLine({ name, algorithm, hex, line }: Checksum, folder: string): Check {
  const id = 'checksums.file';
  if (isElsewhere(name))
    return fail(id, 'CHECKSUMS_PARSE', `line ${line} names a file elsewhere: ${quote(name)}`, {
      expected: 'a file in the folder of the checksums, or below',
      found: quote(name),
    });
  const path = join(folder, name);
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return skip(id, `${quote(name)}: not here`, { optional: true });
  if (!stats.isFile()) return fail(id, 'CHECKSUMS_MISMATCH', `${quote(name)}: is a folder or a link, and no file`);
  const found = hashFile(path, algorithm);
  if (found === hex) return pass(id, `${quote(name)}: OK`);
  return fail(id, 'CHECKSUMS_MISMATCH', `${quote(name)}: FAILED`, { expected: `${algorithm}:${hex}`, found: `${algorithm}:${found}` });
}

function isElsewhere(name: string): boolean {
  return name.startsWith('/') || name.startsWith('\\') || /^[A-Za-z]:/.test(name) || name.split(/[/\\]/).includes('..') || name.includes('\0');
}
