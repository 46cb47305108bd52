/** Downloads a target and compares it with what the metadata states (TUF specification section 5.7). */

import { Readable } from 'node:stream';
import { isTrustError, quote, TrustError } from '@assay/core';
import { TargetFile } from 'tuf-js';
import type { RepositorySource } from './source.ts';
import type { OpenUpdater } from './updater.ts';

/**
 * @param cached content that may be the target already, from an earlier download
 * @throws TrustError TUF_TARGET when nobody vouches for it, it is missing, or it is not what the metadata states;
 *   TUF_TOO_LARGE; NET_…; and all of `OpenUpdater`
 */
export async function fetchVerifiedTarget(name: string, updater: OpenUpdater, source: RepositorySource, cached?: Uint8Array): Promise<Uint8Array> {
  const target = await updater.findTarget(name);
  // By class: tuf-js looks names up in plain objects, where `toString` is found too.
  if (!(target instanceof TargetFile)) throw new TrustError('TUF_TARGET', `${source.name}: no target ${quote(name)}`);
  if (cached !== undefined && (await isTarget(target, cached))) return cached;
  if (target.length > MAX_TARGET_BYTES) throw new TrustError('TUF_TOO_LARGE', `target ${quote(name)}: ${target.length} bytes, the cap is ${MAX_TARGET_BYTES}`);
  const bytes = await download(target, updater.root.isConsistentSnapshot, source);
  if (await isTarget(target, bytes)) return bytes;
  throw new TrustError('TUF_TARGET', `${source.name}: target ${quote(name)} has another length or hash than the metadata states`);
}

async function download(target: TargetFile, isConsistentSnapshot: boolean, source: RepositorySource): Promise<Uint8Array> {
  const [hash = ''] = Object.values(target.hashes);
  const path = isConsistentSnapshot ? target.path.replace(/[^/]*$/u, (name) => `${hash}.${name}`) : target.path;
  try {
    return await source.get(`${source.baseUrl}/targets/${path.split('/').map(encodeURIComponent).join('/')}`, target.length);
  } catch (error) {
    throw downloadFailure(error, target);
  }
}

function downloadFailure(error: unknown, target: TargetFile): unknown {
  if (!isTrustError(error)) return error;
  if (error.code === 'NET_TOO_LARGE')
    return new TrustError('TUF_TARGET', `target ${quote(target.path)} is longer than the stated ${target.length} bytes`, { cause: error });
  const isMissing = error.data?.['status'] === 404 || error.data?.['status'] === 403;
  return isMissing ? new TrustError('TUF_TARGET', `target ${quote(target.path)} is missing: ${error.message}`, { cause: error }) : error;
}

async function isTarget(target: TargetFile, bytes: Uint8Array): Promise<boolean> {
  // An empty list of hashes would compare nothing but the length.
  if (Object.keys(target.hashes).length === 0) return false;
  try {
    await target.verify(Readable.from([bytes]));
    return true;
  } catch {
    return false;
  }
}

const MAX_TARGET_BYTES = 16 * 1024 * 1024;
