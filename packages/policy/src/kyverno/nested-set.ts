/** A set of attestors within an attestor. It is JSON that nobody has looked at, and may hold another, so that depth is counted. */
import { isTrustError, quote } from '@assay/core';
import { readAs } from './read.ts';
import { type AttestorSet, attestorSetSchema } from './types.ts';

export function nestedSet(value: unknown, depth: number): { readonly set: AttestorSet } | { readonly problem: string } {
  const failed = (problem: string) => ({ problem: `failed to unmarshal attestor set ${quote(JSON.stringify(value))}: ${problem}` });
  if (depth >= MAX_DEPTH) return failed(`nested deeper than ${MAX_DEPTH} levels`);
  try {
    return { set: readAs(attestorSetSchema, value, 'attestor') };
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return failed(error.message);
  }
}

const MAX_DEPTH = 16;
