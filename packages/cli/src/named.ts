/** Whose mistake it was: errors of parsers, which know no paths, with the path in front. */
import { isTrustError, quote, TrustError } from '@assay/core';

/** `parse()`; what it refuses is told as `PATH: …`. */
export function named<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!isTrustError(error)) throw error;
    const { code, message, hint, expected, found } = error;
    const details = { hint, ...(expected !== undefined && { expected }), ...(found !== undefined && { found }), cause: error };
    throw new TrustError(code, `${quote(path)}: ${message}`, details);
  }
}
