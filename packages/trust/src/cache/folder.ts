/**
 * The folder that keeps what was verified of one TUF mirror. The layout is cosign's (services.md section 10), so that a
 * cache made by `cosign initialize` can be used, and the other way round:
 *
 *     <cache>/<mirror>/root.json timestamp.json snapshot.json targets.json <role>.json
 *     <cache>/<mirror>/targets/<percent-encoded name>
 *     <cache>/<mirror>/assay-state        ours (state.ts); no role's file can be named so
 *
 * Reading is the fast path of every run: plain files, one hash, nothing of TUF. A target counts only together with the
 * role file that states its length and hash, so a torn or edited file is noticed. That is no defence against someone
 * who may write to the folder: who can do that can replace Assay too.
 */

import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readFileCapped } from '@assay/net';
import { readState } from './state.ts';

/** Folder name of a mirror: scheme removed, `/` and `:` to `-`, lower case. */
export function mirrorFolder(cacheDir: string, mirror: string): string {
  return join(
    cacheDir,
    mirror
      .replace(/^https?:\/\//u, '')
      .replace(/[/:]/gu, '-')
      .toLowerCase(),
  );
}

export interface CachedTarget {
  readonly bytes: Uint8Array;
  readonly path: string;
  /** When the mirror last confirmed it; for a cache of another tool, when the file was written. */
  readonly obtainedAt: Date;
}

/** A target whose length and hashes are those that a cached role file states; undefined for any other. */
export function readCachedTarget(folder: string, name: string): CachedTarget | undefined {
  const path = targetPath(folder, name);
  const bytes = readIfPresent(path);
  if (bytes === undefined || !isStated(folder, name, bytes)) return undefined;
  return { bytes, path, obtainedAt: readState(folder).refreshedAt ?? statSync(path).mtime };
}

/** A cached target, whatever it holds; the caller compares it with metadata. */
export function readUncheckedTarget(folder: string, name: string): Uint8Array | undefined {
  return readIfPresent(targetPath(folder, name));
}

/** Role name to content of the cached metadata files, unverified. */
export function readCachedMetadata(folder: string): Map<string, Uint8Array> {
  const metadata = new Map<string, Uint8Array>();
  for (const role of cachedRoles(folder)) {
    const bytes = readCachedRole(folder, role);
    if (bytes !== undefined) metadata.set(role, bytes);
  }
  return metadata;
}

export function readCachedRole(folder: string, role: string): Uint8Array | undefined {
  return readIfPresent(rolePath(folder, role));
}

export function targetPath(folder: string, name: string): string {
  return join(folder, 'targets', encodeURIComponent(name));
}

export function rolePath(folder: string, role: string): string {
  return join(folder, `${encodeURIComponent(role)}.json`);
}

function cachedRoles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => decodeRole(file.slice(0, -'.json'.length)));
  } catch {
    return [];
  }
}

function decodeRole(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** targets.json first: it states nearly everything, and delegated roles need not be read then. */
function isStated(folder: string, name: string, bytes: Uint8Array): boolean {
  if (isStatedBy(readCachedRole(folder, 'targets'), name, bytes)) return true;
  const delegated = cachedRoles(folder).filter((role) => !TOP_LEVEL.has(role));
  return delegated.some((role) => isStatedBy(readCachedRole(folder, role), name, bytes));
}

interface TargetsFile {
  readonly signed?: { readonly targets?: Readonly<Record<string, { length?: number; hashes?: { sha256?: string; sha512?: string } }>> };
}

function isStatedBy(roleFile: Uint8Array | undefined, name: string, bytes: Uint8Array): boolean {
  try {
    const { signed } = JSON.parse(new TextDecoder().decode(roleFile)) as TargetsFile;
    const target = Object.hasOwn(signed?.targets ?? {}, name) ? signed?.targets?.[name] : undefined;
    const { sha256, sha512 } = target?.hashes ?? {};
    if (target?.length !== bytes.length || (sha256 === undefined && sha512 === undefined)) return false;
    return (sha256 === undefined || sha256 === digest('sha256', bytes)) && (sha512 === undefined || sha512 === digest('sha512', bytes));
  } catch {
    // Not JSON, or not of this shape: it states nothing.
    return false;
  }
}

function digest(algorithm: 'sha256' | 'sha512', bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

function readIfPresent(path: string): Uint8Array | undefined {
  try {
    return readFileCapped(path, MAX_FILE_BYTES);
  } catch {
    // Missing, unreadable or too large: none of them is a cached file; the mirror or the embedded data stand in.
    return undefined;
  }
}

const MAX_FILE_BYTES = 16 * 1024 * 1024;
const TOP_LEVEL = new Set(['root', 'timestamp', 'snapshot', 'targets']);
