/** Demands that exclude each other: one of them would be ignored. */
import { TrustError } from '@assay/core';
import { refuseDemands } from '../policy/verify.ts';
import type { DemandFlags } from './demands.ts';

/** Flags of `kit export` that choose, and demand nothing. */
interface Choices {
  readonly platform?: string;
  readonly sideRepository?: string;
}

/** Errors: `USAGE`. */
export function refuseContradictions({ platform: _platform, sideRepository: _side, ...demands }: DemandFlags & Choices): void {
  if (demands.policy !== undefined) refuseDemands({ ...demands, output: 'text' });
  else if (demands.trustRoot !== undefined) {
    throw new TrustError('USAGE', '--trust-root goes with --policy', { hint: 'the root of everything else is that of --trusted-root' });
  }
}
