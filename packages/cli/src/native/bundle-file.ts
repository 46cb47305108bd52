/** The file that a bundle is written to. */
import { existsSync, writeFileSync } from 'node:fs';
import { TrustError } from '@assay/core';
import type { Io } from '../io.ts';
import type { Publication } from '../keep-pending.ts';

export type BundleFile = NonNullable<Publication['bundleFile']>;

export interface OverwriteFlags {
  readonly force?: boolean;
}

export function bundleFileOf(path: string, { force }: OverwriteFlags): BundleFile {
  return { path, mode: 0o644, overwrite: force === true };
}

/** Errors: `USAGE`. */
export function refuseOverwriting(file: string, { force }: OverwriteFlags): void {
  if (force === true || !existsSync(file)) return;
  throw new TrustError('USAGE', `${file}: is there already`, { hint: 'overwrite it with --force, or write elsewhere with --bundle FILE' });
}

export function writeBundle({ path, mode }: BundleFile, bundle: string, io: Io): void {
  writeFileSync(path, `${bundle}\n`, { mode });
  io.stderr(`wrote ${path}\n`);
}
