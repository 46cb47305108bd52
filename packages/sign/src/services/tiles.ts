/**
 * Reading a log that publishes tiles (services.md section 7, c2sp.org/tlog-tiles): no call hands out proofs, so that they are computed
 * here.
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
import { below, type HttpResponse, redactUrl } from '@assay/net';
import { ask, refusal, type Service } from './service.ts';

export interface TiledEntry {
  readonly body: Uint8Array;
  readonly proof: LogInclusionProof;
  readonly checkpoint: Checkpoint;
}

/**
 * The entry at `index` with its proof under the newest checkpoint, which is waited for when it does not reach that far yet. About
 * log256(size) + 2 requests. Nothing is verified: the leaf, the root and the log's signature are for whoever knows the log.
 * Errors: `REKOR_RESPONSE`, `LOG_READ`, `NET_…`.
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
    const text = await fetchCheckpoint(log);
    const parsed = parseCheckpoint(text);
    const where = redactUrl(log.url);
    if ('problem' in parsed) throw new TrustError('REKOR_RESPONSE', `${where}: not a checkpoint: ${parsed.problem}`);
    if (parsed.checkpoint.treeSize > index) return { text, checkpoint: parsed.checkpoint };
    if (attempt === CHECKPOINT_ATTEMPTS) {
      throw new TrustError('REKOR_RESPONSE', `${where}: the checkpoint does not reach the entry`, {
        expected: `more than ${index} entries`,
        found: String(parsed.checkpoint.treeSize),
      });
    }
    await pause(CHECKPOINT_WAIT_MS, log.signal);
  }
}

/** The text of the newest checkpoint, whatever it is. Errors: `LOG_READ`, `NET_…`. */
export async function fetchCheckpoint(log: Service): Promise<string> {
  const response = await ask(log, below(log.url, '/checkpoint'), { maxBytes: MAX_CHECKPOINT_BYTES });
  if (response.status !== 200) throw refusal('LOG_READ', response);
  return new TextDecoder().decode(response.body);
}

/**
 * A tree of one size, as its tiles tell it. Hashes are fetched once, level 0 and entries as often as they are asked for: whoever walks a log
 * reads each once. Errors: `REKOR_RESPONSE` (too short), `LOG_READ`, `NET_…`.
 */
export class TiledTree {
  readonly #log: Service;
  readonly #size: bigint;
  readonly #tiles = new Map<string, Promise<Uint8Array>>();
  /** Roots of complete subtrees, the newest last. */
  readonly #joined = new Map<string, Promise<Uint8Array>>();

  constructor(log: Service, size: bigint) {
    this.#log = log;
    this.#size = size;
  }

  async entry(index: bigint): Promise<Uint8Array> {
    const bodies = await this.entries(index / TILE_WIDTH);
    return bodies[Number(index % TILE_WIDTH)] as Uint8Array;
  }

  /** Entries from 256 · `number` on: 256, or as many as the tree has. */
  async entries(number: bigint): Promise<Uint8Array[]> {
    const width = Number(this.#width(0n, number));
    const { url, body } = await this.#fetch('entries', number, BigInt(width), MAX_ENTRIES_BYTES);
    const bodies: Uint8Array[] = [];
    for (let at = 0; at + 2 <= body.length && bodies.length < width; ) {
      const start = at + 2;
      at = start + (((body[at] as number) << 8) | (body[at + 1] as number));
      if (at <= body.length) bodies.push(body.subarray(start, at));
    }
    if (bodies.length === width) return bodies;
    throw new TrustError('REKOR_RESPONSE', `${redactUrl(url)}: the tile ends before entry ${number * TILE_WIDTH + BigInt(bodies.length)}`);
  }

  /** Hashes of these entries. */
  async leaves(number: bigint): Promise<Uint8Array[]> {
    return hashesOf(await this.#hashes(0n, number));
  }

  /** RFC 6962 section 2.1.1, leaf side first. */
  inclusionPath(index: bigint): Promise<Uint8Array[]> {
    return this.#roots(siblings(index, 0n, this.#size, 1n));
  }

  /** Beside the way from the root over a tile of level 0 up to that of the tree: the path of leaf `number` in a tree whose leaves are these tiles. */
  pathAbove(number: bigint): Promise<Uint8Array[]> {
    return this.#roots(siblings(number * TILE_WIDTH, 0n, this.#size, TILE_WIDTH));
  }

  /** RFC 6962 section 2.1.2: that this tree extends its first `size` leaves. */
  consistencyProof(size: bigint): Promise<Uint8Array[]> {
    return this.#roots(size === 0n ? [] : unshared(size, 0n, this.#size, 'first'));
  }

  /** Over the first `size` leaves. */
  async root(size: bigint): Promise<Uint8Array> {
    return size === 0n ? nodeCrypto.hash('sha256', new Uint8Array(0)) : this.#root(0n, size);
  }

  #roots(ranges: readonly Range[]): Promise<Uint8Array[]> {
    return Promise.all(ranges.map(({ start, end }) => this.#root(start, end)));
  }

  /** Over leaves [start, end), of which the first lies where a complete subtree of that width may begin. */
  async #root(start: bigint, end: bigint): Promise<Uint8Array> {
    const width = end - start;
    const split = splitPoint(width);
    if (width === 1n || split * 2n === width) return this.#completeRoot(start, width);
    const [left, right] = await Promise.all([this.#root(start, start + split), this.#root(start + split, end)]);
    return nodeHash(nodeCrypto, left, right);
  }

  /** Whoever walks a log asks for the same ones again, tile after tile. */
  #completeRoot(start: bigint, width: bigint): Promise<Uint8Array> {
    const key = `${start}/${width}`;
    const known = this.#joined.get(key);
    if (known !== undefined) return known;
    const joined = this.#joinComplete(start, width);
    this.#joined.set(key, joined);
    const [oldest = key] = this.#joined.keys();
    if (this.#joined.size > MAX_JOINED) this.#joined.delete(oldest);
    return joined;
  }

  /** Tiles hold every eighth level; those between are computed from the one below. */
  async #joinComplete(start: bigint, width: bigint): Promise<Uint8Array> {
    const height = BigInt(width.toString(2).length - 1);
    const level = height / TILE_HEIGHT;
    const first = start >> (level * TILE_HEIGHT);
    const count = Number(width >> (level * TILE_HEIGHT));
    const tile = await this.#tile(level, first / TILE_WIDTH);
    const from = Number(first % TILE_WIDTH);
    let nodes = hashesOf(tile.subarray(from * HASH_SIZE, (from + count) * HASH_SIZE));
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
    if (response.status !== 200) throw refusal('LOG_READ', response);
    return response;
  }
}

interface Range {
  readonly start: bigint;
  readonly end: bigint;
}

/** Over the leaves of one tile, which need not be full; at least one. */
export async function rootOverTile(leaves: readonly Uint8Array[]): Promise<Uint8Array> {
  if (leaves.length < 2) return leaves[0] as Uint8Array;
  const split = Number(splitPoint(BigInt(leaves.length)));
  return nodeHash(nodeCrypto, await rootOverTile(leaves.slice(0, split)), await rootOverTile(leaves.slice(split)));
}

/** What hangs beside the way from a leaf, or from the complete subtree of `unit` leaves around it, up to the root. */
function siblings(index: bigint, start: bigint, end: bigint, unit: bigint): Range[] {
  if (end - start <= unit) return [];
  const middle = start + splitPoint(end - start);
  if (index < middle) return [...siblings(index, start, middle, unit), { start: middle, end }];
  return [...siblings(index, middle, end, unit), { start, end: middle }];
}

/** SUBPROOF of RFC 6962 section 2.1.2. The `first` subtree on the left is the old tree itself, which a verifier has. */
function unshared(size: bigint, start: bigint, end: bigint, subtree: 'first' | 'later'): Range[] {
  if (size === end) return subtree === 'first' ? [] : [{ start, end }];
  const middle = start + splitPoint(end - start);
  if (size <= middle) return [...unshared(size, start, middle, subtree), { start: middle, end }];
  return [...unshared(size, middle, end, 'later'), { start, end: middle }];
}

function hashesOf(tile: Uint8Array): Uint8Array[] {
  return Array.from({ length: tile.length / HASH_SIZE }, (_, i) => tile.subarray(i * HASH_SIZE, (i + 1) * HASH_SIZE));
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
export const TILE_WIDTH = 256n;
/**
 * Beside the way to one tile are two subtrees of each width at most, and beside the way to the next tile nearly the same: a walk finds those that
 * are dear here, however long the log is.
 */
const MAX_JOINED = 256;
const MAX_CHECKPOINT_BYTES = 64 * 1024;
const MAX_ENTRIES_BYTES = 256 * (2 + 0xffff);
/** A log says that it knows an entry as soon as it has an index; the checkpoint follows within seconds (services.md section 12). */
const CHECKPOINT_ATTEMPTS = 20;
const CHECKPOINT_WAIT_MS = 500;
