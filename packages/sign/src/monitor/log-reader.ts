/**
 * A log as a monitor reads it, by whichever API it has.
 *
 *   Rekor v2    /api/v2/checkpoint, tiles           every proof is computed from tiles
 *   Rekor v1    /api/v1/log, /log/proof, /log/entries/retrieve     the log hands out proofs
 *
 * Entries that come out of a reader were verified against the tree that was asked for. Whether that tree is the log's own is settled before
 * (`verifyCheckpoint`), and whether it extends what was seen earlier apart (`checkConsistency`).
 */

import type { LogInstance, TrustError } from '@assay/core';
import { below } from '@assay/net';
import { ask, refusal, type Service } from '../services/service.ts';
import type { SearchQuery } from './search-query.ts';
import type { RekorVersion, SignedTree } from './signed-tree.ts';

export interface LogPlace extends Service {
  /** The logs of which one is expected there: a checkpoint counts when any of them signed it. */
  readonly logs: readonly LogInstance[];
}

export interface LogReader {
  readonly rekor: RekorVersion;
  /** In the order in which they took entries, the one that takes them last: Rekor v2 has one, Rekor v1 one for each shard. Errors: `LOG_READ`, `NET_…`. */
  trees(): Promise<readonly PublishedTree[]>;
  /** Whether `second` extends `first`, both of one origin. Errors: `LOG_FORK`, `LOG_LIE` (about the tree), `LOG_READ`, `REKOR_RESPONSE`, `NET_…`. */
  checkConsistency(first: SignedTree, second: SignedTree): Promise<void>;
  /** Entries of the tree from `start` on, each verified. Errors: `LOG_LIE`, `LOG_FORK`, `LOG_READ`, `REKOR_RESPONSE`, `NET_…`. */
  entries(tree: LogTree, start: bigint): AsyncGenerator<ReadEntry>;
  /** What the log's index finds, each looked at. Errors: `LOG_SEARCH`, `LOG_READ`, `NET_…`. */
  find(query: SearchQuery): AsyncGenerator<FoundEntry>;
}

export interface PublishedTree {
  /** The newest checkpoint, not verified. */
  readonly text: string;
  /** The index in the whole log of its first entry, by the word of the log. */
  readonly first: bigint;
}

export interface LogTree {
  readonly signed: SignedTree;
  /** As of `PublishedTree`. */
  readonly first: bigint;
}

export interface ReadEntry {
  /** In the whole log. */
  readonly index: bigint;
  readonly body: Uint8Array;
}

/** An entry that a signed tree holds, or why that is not known. */
export type FoundEntry = ReadEntry | { readonly named: string; readonly problem: TrustError };

/** Asks which API is there. Errors: `LOG_READ`, `NET_…`. */
export async function openLog(place: LogPlace): Promise<LogReader> {
  const response = await ask(place, below(place.url, '/api/v2/checkpoint'), {});
  if (response.status === 200) return (await import('./tiled-log.ts')).tiledLog(place);
  if (!NOT_THERE.has(response.status)) throw refusal('LOG_READ', response);
  return (await import('./rekor-v1-log.ts')).rekorV1Log(place);
}

/** Those whose address this is; where none has it, as for a mirror, any may be there. */
export function logsAt(logs: readonly LogInstance[], url: string): readonly LogInstance[] {
  const plain = (text: string): string => text.replace(/\/+$/, '').toLowerCase();
  const here = logs.filter(({ baseUrl }) => plain(baseUrl) === plain(url));
  return here.length > 0 ? here : logs;
}

const NOT_THERE: ReadonlySet<number> = new Set([400, 404, 405, 501]);
