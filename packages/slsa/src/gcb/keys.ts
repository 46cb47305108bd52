/**
 * The keys of Cloud Build: one for each generation of provenance, and before those one for each region (slsa.md section 1.9).
 */
import type { PublicKey } from '@assay/core';
import type { GcbVersion } from './statement.ts';

/** By the name of the key's file without `.key`: a region (`us-west2`, `global`), or `global-pae-…`. */
export type GcbKeys = ReadonlyMap<string, PublicKey>;

export interface GcbKeyUse {
  /** In `GcbKeys`. */
  readonly name: string;
  /** Envelopes are signed by DSSE; regional keys sign the payload alone. */
  readonly signs: 'envelope' | 'payload';
  readonly version: GcbVersion;
}

/** Undefined for key ids that are not Cloud Build's. */
export function gcbKeyUse(keyid: string): GcbKeyUse | undefined {
  const region = REGIONAL.exec(keyid)?.[1];
  return region === undefined ? GLOBAL.get(keyid) : { name: region, signs: 'payload', version: 'v0.1' };
}

const PROJECT = 'projects/verified-builder/locations';

const GLOBAL: ReadonlyMap<string, GcbKeyUse> = new Map([
  [
    `${PROJECT}/global/keyRings/attestor/cryptoKeys/google-hosted-worker/cryptoKeyVersions/1`,
    { name: 'global-pae-google-hosted-worker_1', signs: 'envelope', version: 'v1' },
  ],
  [
    `${PROJECT}/global/keyRings/attestor/cryptoKeys/provenanceSigner/cryptoKeyVersions/1`,
    { name: 'global-pae-provenanceSigner_1', signs: 'envelope', version: 'v0.1' },
  ],
]);

const REGIONAL = /^projects\/verified-builder\/locations\/([^\n]*)\/keyRings\/attestor\/cryptoKeys\/builtByGCB\/cryptoKeyVersions\/1$/;
