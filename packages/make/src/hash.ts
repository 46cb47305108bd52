/** Hashing, synchronous: makers run in Node only. */
import { hash } from 'node:crypto';
import type { HashName } from '@assay/core';

export function digest(name: HashName | 'sha1', data: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hash(name, data, 'buffer'));
}

export const sha256 = (data: Uint8Array): Uint8Array<ArrayBuffer> => digest('sha256', data);

/** The names that bundles, trusted roots and Rekor v2 use for a hash. */
export const PROTO_HASH = { sha256: 'SHA2_256', sha384: 'SHA2_384', sha512: 'SHA2_512' } as const satisfies Record<HashName, string>;
