/**
 * The trees of a Rekor v1 log: one takes entries, the ones before it were ended by a change of the key and are read for ever
 * (services.md section 5). Each has its own key, tree id and checkpoint; the index of an entry counts through all of them.
 *
 *   shard   41: entries 0 … 9      42: entries 0 … 4      43, active: entries 0 …
 *   index             0 … 9                  10 … 14                  15 …
 */
import { encodeBase64, toHex, uint } from '@assay/core';
import { leafHash, type RekorV1EntryJson, type SigningKey, sha256, signEntryTimestamp } from '@assay/make';
import { openTileLog, rekorEntryFormat, type TileLog, type TreeHead } from '../log/index.ts';
import type { Disk } from '../store/disk.ts';
import { checkpointsOf } from './log-key.ts';
import { decodeRecord, encodeRecord, type V1Record } from './v1-record.ts';

export interface ShardKey {
  /** P-256. */
  readonly key: SigningKey;
  /** Below 2^63; names its folder. */
  readonly treeId: bigint;
}

export interface Shard extends ShardKey {
  readonly logId: Uint8Array;
  readonly log: TileLog;
  /** Entries of the shards before it. */
  readonly first: number;
}

/** Where an entry is. */
export interface Place {
  readonly shard: Shard;
  /** In the tree. */
  readonly index: number;
}

/** An entry as the API gives it, and what it is called. */
export interface V1Entry {
  readonly id: string;
  readonly json: RekorV1EntryJson;
}

export async function openShards(disk: Disk, keys: readonly ShardKey[], host: string): Promise<Shards> {
  const shards: Shard[] = [];
  let first = 0;
  for (const { key, treeId } of keys) {
    const checkpoints = checkpointsOf({ origin: `${host} - ${treeId}`, name: host, key });
    const log = await openTileLog({ disk: disk.at(String(treeId)), format: rekorEntryFormat, unique: true, ...checkpoints });
    shards.push({ key, treeId, logId: sha256(key.spki), log, first });
    first += log.head.size;
  }
  const [last] = shards.slice(-1);
  if (last === undefined) throw new TypeError('a Rekor v1 log has at least one shard');
  const records = new Shards(shards, last);
  await records.readLastTime();
  return records;
}

export class Shards {
  readonly all: readonly Shard[];
  readonly active: Shard;
  /** No entry is older than the one before it, also when the clock went back. */
  #lastTime = 0;

  constructor(all: readonly Shard[], active: Shard) {
    this.all = all;
    this.active = active;
  }

  async readLastTime(): Promise<void> {
    const [last] = this.size === 0 ? [] : await this.read(this.size - 1, this.size);
    this.#lastTime = last?.integratedTime ?? 0;
  }

  /** Of all shards. */
  get size(): number {
    return this.active.first + this.active.log.head.size;
  }

  /** Throws `LogUnavailable`. */
  async append({ body, attested }: Pick<V1Record, 'body' | 'attested'>, now: Date) {
    const hash = leafHash(body);
    this.#lastTime = Math.max(this.#lastTime, Math.floor(now.getTime() / 1000));
    const record = { integratedTime: this.#lastTime, attested, body };
    const { index, duplicate, head } = await this.active.log.append({ leafHash: hash, data: encodeRecord(record) });
    const place = { shard: this.active, index };
    return { place, duplicate, id: idOf(this.active, hash), entry: () => entryOf(place, record, head) };
  }

  /** By the index that counts through all shards. */
  place(index: number): Place | undefined {
    const shard = this.all.findLast(({ first }) => first <= index);
    return shard !== undefined && index - shard.first < shard.log.head.size ? { shard, index: index - shard.first } : undefined;
  }

  shard(treeId: bigint): Shard | undefined {
    return this.all.find((shard) => shard.treeId === treeId);
  }

  /** By the hash of the leaf, the active shard first. */
  async find(hash: Uint8Array, shards: readonly Shard[] = this.all.toReversed()): Promise<Place | undefined> {
    for (const shard of shards) {
      const index = await shard.log.find(hash);
      if (index !== undefined) return { shard, index };
    }
    return undefined;
  }

  async entry(place: Place): Promise<V1Entry> {
    const { shard, index } = place;
    const { head } = shard.log;
    const [data] = await shard.log.entries(index, index + 1);
    const record = decodeRecord(data ?? new Uint8Array(0));
    const hash = leafHash(record.body);
    if ((await shard.log.find(hash)) !== index) throw new Error(`entry ${index} of shard ${shard.treeId} is damaged: the tree holds another`);
    return { id: idOf(shard, hash), json: await entryOf(place, record, head) };
  }

  /** Entries [start, end) over all shards, as they are kept. */
  async read(start: number, end: number): Promise<V1Record[]> {
    const parts = await Promise.all(this.all.map(({ first, log }) => log.entries(Math.max(0, start - first), Math.max(0, end - first))));
    return parts.flat().map(decodeRecord);
  }

  id({ shard }: Place, body: Uint8Array): string {
    return idOf(shard, leafHash(body));
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map(({ log }) => log.close()));
  }
}

/** 80 hex digits: the tree, and the leaf in it. */
function idOf({ treeId }: Shard, hash: Uint8Array): string {
  return toHex(uint(treeId, 8)) + toHex(hash);
}

async function entryOf({ shard, index }: Place, { body, integratedTime }: V1Record, head: TreeHead): Promise<RekorV1EntryJson> {
  const { key, logId, log, first } = shard;
  const logIndex = first + index;
  const hashes = await log.inclusionProof(index, head.size);
  return {
    body: encodeBase64(body),
    integratedTime,
    logID: toHex(logId),
    logIndex,
    verification: {
      inclusionProof: { checkpoint: head.checkpoint, hashes: hashes.map(toHex), logIndex: index, rootHash: toHex(head.root), treeSize: head.size },
      signedEntryTimestamp: encodeBase64(signEntryTimestamp(key, { body, integratedTime, logId, logIndex })),
    },
  };
}
