/** The TrustError that a promise or a function fails with, so that a test can look at code, message and data. */
import { isTrustError, type TrustError } from '@assay/core';

export async function caught(action: Promise<unknown> | (() => unknown)): Promise<TrustError> {
  try {
    await (typeof action === 'function' ? action() : action);
  } catch (error) {
    if (isTrustError(error)) return error;
    throw error;
  }
  throw new Error('expected a TrustError, nothing was thrown');
}
