/**
 * Why tuf-js refused a file, as one of our codes. tuf-js has few error classes, and its updater turns most errors into
 * text, so the reason is taken where it arises: at the store that verifies, whose state before the attempt tells e.g.
 * a rollback from mixed files (TUF specification sections 5.3 to 5.6).
 */
import { type ErrorCode, isTrustError, quote, TrustError } from '@assay/core';
import { BadVersionError, ExpiredMetadataError, RepositoryError } from 'tuf-js/dist/error.js';

export type UpdateStep = 'updateRoot' | 'updateTimestamp' | 'updateSnapshot' | 'updateDelegatedTargets';

export interface RejectedFile {
  readonly step: UpdateStep;
  /** Role name, from the repository: untrusted text. */
  readonly role: string;
  readonly bytes: Uint8Array;
  /** Version of the root that was trusted before. */
  readonly rootVersion: number;
  /** Whether the store took the snapshot as its own before it found fault with it. */
  readonly snapshotTaken: boolean;
}

export function rejection(error: unknown, file: RejectedFile, mirror: string): TrustError {
  const code = codeOf(error, file);
  const reason = error instanceof Error ? error.message : String(error);
  return new TrustError(code, `${mirror}: ${quote(file.role)}.json: ${quote(reason)}`, { cause: error });
}

function codeOf(error: unknown, file: RejectedFile): ErrorCode {
  if (error instanceof ExpiredMetadataError) return 'TUF_EXPIRED';
  switch (file.step) {
    case 'updateRoot':
      return error instanceof BadVersionError && statedVersion(file.bytes) <= file.rootVersion ? 'TUF_ROLLBACK' : 'TUF_ROOT';
    case 'updateTimestamp':
      return error instanceof BadVersionError ? 'TUF_ROLLBACK' : 'TUF_METADATA';
    case 'updateSnapshot':
      return snapshotCode(error, file);
    case 'updateDelegatedTargets':
      return error instanceof BadVersionError || isLengthOrHash(error) ? 'TUF_MIX' : 'TUF_METADATA';
  }
}

/** §5.5.5 (a role's version went back, or the role is gone) comes before the store takes the snapshot, §5.5.4 after it. */
function snapshotCode(error: unknown, file: RejectedFile): ErrorCode {
  if (isLengthOrHash(error)) return 'TUF_MIX';
  if (error instanceof BadVersionError) return file.snapshotTaken ? 'TUF_MIX' : 'TUF_ROLLBACK';
  return error instanceof RepositoryError ? 'TUF_ROLLBACK' : 'TUF_METADATA';
}

/** A class of @tufjs/models, which is not a dependency of ours. */
function isLengthOrHash(error: unknown): boolean {
  return error instanceof Error && error.constructor.name === 'LengthOrHashMismatchError';
}

function statedVersion(root: Uint8Array): number {
  return JSON.parse(new TextDecoder().decode(root)).signed.version;
}

/** An error that came neither from a download nor from the store: metadata of a shape that the updater stumbles over. */
export function stumble(error: unknown, mirror: string): TrustError {
  if (isTrustError(error)) return error;
  return new TrustError('TUF_METADATA', `${mirror}: ${quote(error instanceof Error ? error.message : String(error))}`, { cause: error });
}
