/** Exit statuses of all native commands (architecture.md section 4). */
import type { ErrorKind } from '@assay/core';

export const EXIT = { accepted: 0, rejected: 1, usage: 2, unavailable: 3, malformed: 4 } as const;

export function exitOf(kind: ErrorKind): number {
  return EXIT[kind];
}
