/** Why one reference cannot be pinned now; others are looked at nevertheless. */
import { type ErrorKind, isTrustError } from '@assay/core';

export interface Problem {
  readonly kind: ErrorKind;
  readonly code?: string;
  readonly says: string;
}

/** Bugs of ours are thrown on. */
export function problemOf(error: unknown): Problem {
  if (!isTrustError(error)) throw error;
  return { kind: error.kind, code: error.code, says: error.message };
}
