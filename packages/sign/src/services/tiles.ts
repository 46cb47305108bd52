/**
 * Reading an entry back out of a log that publishes tiles (services.md section 7, c2sp.org/tlog-tiles): no call hands out its proof, so
 * that it is computed here.
 *
 *   <base>/checkpoint                       signed size and root
 *   <base>/tile/<L>/<N>[.p/<W>]             up to 256 hashes: roots over 256^L leaves each, from leaf (256·N)·256^L on
 *   <base>/tile/entries/<N>[.p/<W>]         up to 256 entries, each behind its length (u16)
 *
 * `<N>` is in groups of three digits, all but the last behind an `x`: 1234067 is `x001/x234/067`. A tile that is not full yet has its
 * width behind it; such tiles may vanish once full ones are there.
 */
import { type Checkpoint, HASH_SIZE, type LogInclusionProof, nodeHash, parseCheckpoint, TrustError } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { type HttpResponse, redactUrl } from '@assay/net';
import { ask, below, refusal, type Service } from './service.ts';

export interface TiledEntry {
  readonly body: Uint8Array;
  readonly proof: LogInclusionProof;
  readonly checkpoint: Checkpoint;
}

/**
 * The entry at `index` with its proof under the newest checkpoint, which is waited for when it does not reach that far yet. About
 * log256(size) + 2 requests. Nothing is verified: the leaf, the root and the log's signature are for whoever knows the log.
 * Errors: `REKOR_RESPONSE`, `REKOR_UPLOAD` (refused), `NET_…`.
 */
export async function fetchTiledEntry(index: bigint, log: Service): Promise<TiledEntry> {
  const { text, checkpoint } = await checkpointBeyond(index, log);
  const tree = new TiledTree(log, checkpoint.treeSize);
  const [body, hashes] = await Promise.all([tree.entry(index), tree.inclusionPath(index)]);
  const { treeSize, rootHash } = checkpoint;
  return { body, checkpoint, proof: { logIndex: index, treeSize, rootHash, hashes, checkpoint: text } };
}

async function checkpointBeyond(index: bigint, log: Service): Promise<{ text: string; checkpoint: Checkpoint }> {
  for (let attempt = 1; ; attempt++) {
    const url = below(log.url, '/checkpoint');
    const response = await ask(log, url, { maxBytes: MAX_CHECKPOINT_BYTES });
    if (response.status !== 200) throw refusal('REKOR_UPLOAD', response);
    const text = new TextDecoder().decode(response.body);
    const parsed = parseCheckpoint(text);
    if ('problem' in parsed) throw new TrustError('REKOR_RESPONSE', `${redactUrl(url)}: not a checkpoint: ${parsed.problem}`);
    if (parsed.checkpoint.treeSize > index) return { text, checkpoint: parsed.checkpoint };
    if (attempt === CHECKPOINT_ATTEMPTS) {
      throw new TrustError('REKOR_RESPONSE', `${redactUrl(url)}: the checkpoint does not reach the entry`, {
        expected: `more than ${index} entries`,
        found: String(parsed.checkpoint.treeSize),
      });
    }
    await pause(CHECKPOINT_WAIT_MS, log.signal);
  }
}

/** A tree of one size. Each tile is fetched once. */
class TiledTree {
  readonly #log: Service;
  readonly #size: bigint;
  readonly #tiles = new Map<string, Promise<Uint8Array>>();

  constructor(log: Service, size: bigint) {
    this.#log = log;
    this.#size = size;
  }

  async entry(index: bigint): Promise<Uint8Array> {
    const number = index / TILE_WIDTH;
    const { url, body } = await this.#fetch('entries', number, this.#width(0n, number), MAX_ENTRIES_BYTES);
    const wanted = Number(index % TILE_WIDTH);
    for (let at = 0, i = 0; at + 2 <= body.length; i++) {
      const start = at + 2;
      at = start + (((body[at] as number) << 8) | (body[at + 1] as number));
      if (i === wanted && at <= body.length) return body.subarray(start, at);
    }
    throw new TrustError('REKOR_RESPONSE', `${redactUrl(url)}: the tile ends before entry ${index}`);
  }

  /** RFC 6962 section 2.1.1, leaf side first. */
  inclusionPath(index: bigint): Promise<Uint8Array[]> {
    return Promise.all(siblings(index, 0n, this.#size).map(({ start, end }) => this.#root(start, end)));
  }

  /** Over leaves [start, end), of which the first lies where a complete subtree of that width may begin. */
  async #root(start: bigint, end: bigint): Promise<Uint8Array> {
    const width = end - start;
    const split = splitPoint(width);
    if (width === 1n || split * 2n === width) return this.#completeRoot(start, width);
    const [left, right] = await Promise.all([this.#root(start, start + split), this.#root(start + split, end)]);
    return nodeHash(nodeCrypto, left, right);
  }

  /** Tiles hold every eighth level; those between are computed from the one below. */
  async #completeRoot(start: bigint, width: bigint): Promise<Uint8Array> {
    const height = BigInt(width.toString(2).length - 1);
    const level = height / TILE_HEIGHT;
    const first = start >> (level * TILE_HEIGHT);
    const count = width >> (level * TILE_HEIGHT);
    const tile = await this.#tile(level, first / TILE_WIDTH);
    const from = Number(first % TILE_WIDTH) * HASH_SIZE;
    let nodes = Array.from({ length: Number(count) }, (_, i) => tile.subarray(from + i * HASH_SIZE, from + (i + 1) * HASH_SIZE));
    while (nodes.length > 1) nodes = await joinPairs(nodes);
    return nodes[0] as Uint8Array;
  }

  #tile(level: bigint, number: bigint): Promise<Uint8Array> {
    const key = `${level}/${number}`;
    const known = this.#tiles.get(key);
    if (known !== undefined) return known;
    const fetched = this.#hashes(level, number);
    this.#tiles.set(key, fetched);
    return fetched;
  }

  async #hashes(level: bigint, number: bigint): Promise<Uint8Array> {
    const width = this.#width(level, number);
    const needed = Number(width) * HASH_SIZE;
    const { url, body } = await this.#fetch(String(level), number, width, Number(TILE_WIDTH) * HASH_SIZE);
    if (body.length % HASH_SIZE === 0 && body.length >= needed) return body.subarray(0, needed);
    throw new TrustError('REKOR_RESPONSE', `${redactUrl(url)}: a tile of another size`, { expected: `${needed} bytes`, found: String(body.length) });
  }

  #width(level: bigint, number: bigint): bigint {
    const inLevel = this.#size >> (level * TILE_HEIGHT);
    const rest = inLevel - number * TILE_WIDTH;
    return rest < TILE_WIDTH ? rest : TILE_WIDTH;
  }

  /** Partial tiles are let go once the tile is full: then that one begins with what is wanted. */
  async #fetch(kind: string, number: bigint, width: bigint, maxBytes: number): Promise<HttpResponse> {
    const full = below(this.#log.url, `/tile/${kind}/${tilePath(number)}`);
    const partial = width < TILE_WIDTH ? await ask(this.#log, `${full}.p/${width}`, { maxBytes }) : undefined;
    const response = partial === undefined || partial.status === 404 ? await ask(this.#log, full, { maxBytes }) : partial;
    if (response.status !== 200) throw refusal('REKOR_UPLOAD', response);
    return response;
  }
}

interface Range {
  readonly start: bigint;
  readonly end: bigint;
}

/** What hangs beside the way from a leaf up to the root. */
function siblings(index: bigint, start: bigint, end: bigint): Range[] {
  if (end - start === 1n) return [];
  const middle = start + splitPoint(end - start);
  if (index < middle) return [...siblings(index, start, middle), { start: middle, end }];
  return [...siblings(index, middle, end), { start, end: middle }];
}

/** The largest power of two below `width`; 1 for 1. */
function splitPoint(width: bigint): bigint {
  return width <= 2n ? 1n : 1n << BigInt((width - 1n).toString(2).length - 1);
}

function joinPairs(nodes: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const pairs = Array.from({ length: nodes.length / 2 }, (_, i) => [nodes[2 * i], nodes[2 * i + 1]] as [Uint8Array, Uint8Array]);
  return Promise.all(pairs.map(([left, right]) => nodeHash(nodeCrypto, left, right)));
}

function tilePath(number: bigint): string {
  const digits = number.toString();
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? [];
  return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  signal?.throwIfAborted();
}

const TILE_HEIGHT = 8n;
const TILE_WIDTH = 256n;
const MAX_CHECKPOINT_BYTES = 64 * 1024;
const MAX_ENTRIES_BYTES = 256 * (2 + 0xffff);
/** A log says that it knows an entry as soon as it has an index; the checkpoint follows within seconds (services.md section 12). */
const CHECKPOINT_ATTEMPTS = 20;
const CHECKPOINT_WAIT_MS = 500;
