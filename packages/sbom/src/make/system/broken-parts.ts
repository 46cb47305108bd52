/** Files of many parts, some of which may be broken: what can be read is kept, and what cannot is named, as far as that helps. */
import { isTrustError, TrustError } from '@assay/core';

export type Report = (message: string) => void;

/**
 * All parts that `read` yields. It is given a report of its own, which stops it when the file is garbage.
 * Errors: those of `read`, when they come before the first part.
 */
export function collect<T>(report: Report, read: (report: Report) => Iterable<T>): T[] {
  let broken = 0;
  const found: T[] = [];
  try {
    const parts = read((message) => {
      broken++;
      if (broken <= MAX_NAMED) report(message);
      if (broken === MAX_BROKEN) throw unreadable(`${MAX_BROKEN} parts of it cannot be read: the rest was not tried`);
    });
    for (const part of parts) {
      if (found.length === MAX_PARTS) throw new TrustError('SBOM_LIMIT', `more than ${MAX_PARTS} packages: the rest was not read`);
      found.push(part);
    }
  } catch (error) {
    if (!isTrustError(error) || found.length === 0) throw error;
    report(error.message);
  }
  if (broken > MAX_NAMED && broken < MAX_BROKEN) report(`${broken - MAX_NAMED} more parts of it cannot be read`);
  return found;
}

/** What `read` returns; undefined, and a report, when it finds its part broken. */
export function attempt<T>(report: Report, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    // A Buffer throws RangeError when something points out of it.
    if (!isTrustError(error) && !(error instanceof RangeError)) throw error;
    report(isTrustError(error) ? error.message : 'something points to where nothing is');
    return undefined;
  }
}

export function unreadable(message: string): TrustError {
  return new TrustError('SBOM_UNREADABLE', message);
}

const MAX_NAMED = 20;
const MAX_BROKEN = 1000;
const MAX_PARTS = 100_000;
