/** Targets: what clients come for. A file lies under its hash, so that an old one stays for those who still read older metadata. */
import { createHash } from 'node:crypto';
import type { DiskFile } from '../store/disk.ts';

export interface TufTarget {
  /** E.g. `trusted_root.json`; parts are joined by `/`. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Of older clients, which find keys by `{ sigstore: { usage: 'Fulcio', status: 'Active', uri } }`. Whole numbers only. */
  readonly custom?: Readonly<Record<string, unknown>>;
}

/** The `targets` of targets metadata. Throws `TypeError` for a name that is none, or is there twice. */
export function listTargets(targets: readonly TufTarget[]): Record<string, unknown> {
  for (const { name } of targets) if (!NAME.test(name)) throw new TypeError(`not a name of a target: ${name}`);
  if (new Set(targets.map(({ name }) => name)).size < targets.length) throw new TypeError('two targets have one name');
  return Object.fromEntries(targets.map(({ name, bytes, custom }) => [name, { ...stateOf(bytes), ...(custom !== undefined && { custom }) }]));
}

export function targetFile({ name, bytes }: TufTarget): DiskFile {
  return { path: targetPath(name, sha256(bytes)), bytes };
}

/** Where a target with this hash (hex) lies, relative to the repository. */
export function targetPath(name: string, hash: string): string {
  return `targets/${name.replace(/[^/]*$/u, `${hash}.$&`)}`;
}

/** Whether it is the path of a target's file below `targets/`. */
export function isTargetPath(path: string): boolean {
  return /^(?:.*\/)?[0-9a-f]{64}\.[^/]+$/.test(path) && NAME.test(path);
}

export function stateOf(bytes: Uint8Array): { length: number; hashes: { sha256: string } } {
  return { length: bytes.length, hashes: { sha256: sha256(bytes) } };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;
