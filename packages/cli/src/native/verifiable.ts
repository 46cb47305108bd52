/**
 * What `assay verify` takes besides what every command takes (`thing.ts`), architecture.md section 5:
 *
 *   a folder with assay.release.json, or that file     a whole release
 *   a file that is called and looks like checksums     its signature, then what it lists
 */
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readFileHead } from '@assay/net/file';
import { type Thing, thingOf } from './thing.ts';

export type Verifiable = Thing | { readonly kind: 'release' | 'checksums'; readonly name: string };

/** Errors: those of `thingOf`. */
export function verifiableOf(argument: string): Verifiable {
  const path = argument.replace(/^file:/, '');
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true && existsSync(join(path, RELEASE_FILE))) return { kind: 'release', name: path };
  if (stats?.isFile() !== true) return thingOf(argument);
  if (basename(path) === RELEASE_FILE) return { kind: 'release', name: path };
  return CHECKSUMS_NAME.test(basename(path)) && CHECKSUM.test(Buffer.from(readFileHead(path, HEAD_BYTES)).toString('latin1'))
    ? { kind: 'checksums', name: path }
    : thingOf(argument);
}

/** Written out, since the package that knows it is read only when one is there. */
const RELEASE_FILE = 'assay.release.json';
const CHECKSUMS_NAME = /(?:^|[._-])(?:checksums?|sha\d+sums?)(?:[._-]|$)/i;
/** A line of theirs, behind comments. */
const CHECKSUM = /^(?:(?:#.*)?\r?\n)*\\?(?:[0-9a-f]{64,128} [ *]|SHA\d+ ?\()/i;
const HEAD_BYTES = 16 * 1024;
