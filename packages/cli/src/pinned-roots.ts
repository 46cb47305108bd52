/**
 * TUF roots that the user has decided to trust, each for one mirror, under a name of its own: `assay trust add`. The roots of some instances ship with
 * nobody whom we could depend on; those are pinned once, with their fingerprint shown, and kept fresh over TUF from then on.
 *
 *     ~/.config/assay/trust/NAME.json      { "mirror", "sha256", "from", "pinnedAt", "root": base64 of root.json }
 */
import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isTrustError, parseFields, quote, TrustError } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import type { Io } from './io.ts';
import { writePrivateFile } from './private-file.ts';
import { userFolder } from './user-folder.ts';

export interface PinnedRoot {
  readonly name: string;
  /** URL of the TUF repository. */
  readonly mirror: string;
  /** The bytes of the initial `root.json`. */
  readonly root: Uint8Array;
  /** Of these bytes: hex. */
  readonly sha256: string;
  /** Where the root came from, as it was given. */
  readonly from: string;
  readonly pinnedAt: Date;
}

/** Undefined when nothing is pinned under this name. Errors: `TUF_ROOT` when the file was changed by others, `FILE_…`. */
export function pinnedRoot(name: string, env: Io['env']): PinnedRoot | undefined {
  const path = pathOf(name, env);
  try {
    return read(name, path);
  } catch (error) {
    if (isTrustError(error) && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** All, by name. Errors: those of `pinnedRoot`. */
export function pinnedRoots(env: Io['env']): PinnedRoot[] {
  return namesIn(folder(env)).flatMap((name) => pinnedRoot(name, env) ?? []);
}

/** Errors: `FILE_UNREADABLE` when it cannot be written. */
export function keepRoot({ name, mirror, root, from, pinnedAt }: Omit<PinnedRoot, 'sha256'>, env: Io['env']): PinnedRoot {
  const path = pathOf(name, env);
  const sha256 = fingerprint(root);
  const document = { mirror, sha256, from, pinnedAt: pinnedAt.toISOString(), root: Buffer.from(root).toString('base64') };
  try {
    writePrivateFile(path, `${JSON.stringify(document, null, 2)}\n`);
  } catch (error) {
    throw new TrustError('FILE_UNREADABLE', `${quote(path)}: cannot be written (${(error as NodeJS.ErrnoException).code ?? ''})`, { cause: error });
  }
  return { name, mirror, root, sha256, from, pinnedAt };
}

/** Whether there was one. */
export function forgetRoot(name: string, env: Io['env']): boolean {
  try {
    rmSync(pathOf(name, env));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

export function fingerprint(root: Uint8Array): string {
  return createHash('sha256').update(root).digest('hex');
}

/** Errors: `USAGE`. */
export function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw new TrustError('USAGE', `not a name for a root: ${quote(name)}`, { hint: 'a name has 1 to 64 lower-case letters, digits, dots and dashes' });
}

function read(name: string, path: string): PinnedRoot {
  const fields = parseFields(readFileCapped(path, MAX_FILE_BYTES), { what: quote(path), parse: 'TUF_ROOT', shape: 'TUF_ROOT' });
  const root = fields.bytes('root');
  const sha256 = fields.string('sha256');
  if (sha256 !== fingerprint(root)) {
    const details = { expected: quote(sha256), found: fingerprint(root), hint: `remove it and pin the right one: assay trust remove ${name}` };
    throw new TrustError('TUF_ROOT', `${quote(path)}: is not the root that was pinned`, details);
  }
  return { name, mirror: fields.string('mirror'), root, sha256, from: fields.string('from'), pinnedAt: new Date(fields.string('pinnedAt')) };
}

function namesIn(path: string): string[] {
  try {
    const files = readdirSync(path).filter((file) => file.endsWith('.json'));
    return files.map((file) => file.slice(0, -'.json'.length)).toSorted();
  } catch {
    // Nothing was ever pinned.
    return [];
  }
}

function pathOf(name: string, env: Io['env']): string {
  return join(folder(env), `${name}.json`);
}

function folder(env: Io['env']): string {
  return join(userFolder('config', env), 'trust');
}

const NAME = /^[a-z0-9][a-z0-9.-]{0,63}$/;
const MAX_FILE_BYTES = 1024 * 1024;
