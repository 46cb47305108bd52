/** What the attestations of an image say. */
import { isTrustError } from '@assay/core';
import type { Evidence, Unreadable } from '@assay/oci';
import type { Io } from '../../io.ts';
import { findAttestations, type ImageFlags, withImage } from '../attestations.ts';
import type { Thing } from '../thing.ts';
import { bundleFrom } from '../verify-image.ts';
import { type Account, accountOfBundle } from './account.ts';

/** Errors: `OCI_…`, `NET_…`. */
export async function accountsOfImage(thing: Thing, flags: ImageFlags, io: Io): Promise<Account[]> {
  return withImage(thing, flags, io, async (where) => {
    const accounts: Account[] = [];
    for await (const event of findAttestations(where)) if (event.kind === 'evidence') accounts.push(accountOf(event.evidence));
    return accounts;
  });
}

function accountOf(evidence: Evidence | Unreadable): Account {
  const { reference: place } = evidence;
  const form = evidence.format === 'bundle' ? 'bundle' : 'image layer';
  if (evidence.format === undefined) return { place, form, recorded: [], problem: evidence.problem.message };
  try {
    return { place, form, ...accountOfBundle(bundleFrom(evidence)) };
  } catch (error) {
    if (isTrustError(error)) return { place, form, recorded: [], problem: error.message };
    throw error;
  }
}
