/**
 * Rekor v1 entries as its API gives them (services.md section 5): hashes in hex, integers as numbers, one member named by
 * the entry id.
 *
 *   { "<80 hex>": { body, integratedTime, logID, logIndex, verification { inclusionProof {…}, signedEntryTimestamp } } }
 */
import { encodeBase64, toHex } from '@assay/core';
import type { LogEntry } from './bundle.ts';
import { entryId } from './rekor-entry.ts';

export interface RekorV1EntryJson {
  body: string;
  integratedTime: number;
  logID: string;
  logIndex: number;
  verification: {
    inclusionProof: { checkpoint: string; hashes: string[]; logIndex: number; rootHash: string; treeSize: number };
    signedEntryTimestamp: string;
  };
}

/** Throws `TypeError` for entries without promise, time and proof: Rekor v1 answers only with all three. */
export function rekorV1EntryJson(treeId: bigint, entry: LogEntry): Record<string, RekorV1EntryJson> {
  const { body, integratedTime, logId, logIndex, signedEntryTimestamp, proof } = entry;
  if (integratedTime === undefined || signedEntryTimestamp === undefined || proof === undefined) throw new TypeError('not a complete Rekor v1 entry');
  const inclusionProof = {
    checkpoint: proof.checkpoint,
    hashes: proof.hashes.map(toHex),
    logIndex: Number(proof.logIndex),
    rootHash: toHex(proof.rootHash),
    treeSize: Number(proof.treeSize),
  };
  const json: RekorV1EntryJson = {
    body: encodeBase64(body),
    integratedTime: Number(integratedTime),
    logID: toHex(logId),
    logIndex: Number(logIndex),
    verification: { inclusionProof, signedEntryTimestamp: encodeBase64(signedEntryTimestamp) },
  };
  return { [entryId(treeId, body)]: json };
}
