/**
 * Roots and proofs of a published log, none of them handed out unverified: each root is tied to the head by a consistency proof, each
 * proof to its root. So a damaged tile is an error here and not a bad proof at a client.
 */
import { equalBytes, rootFromInclusion, verifyConsistency } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { sha256 } from '@assay/make';
import type { Edge } from './edge.ts';
import type { TreeHead } from './tile-log.ts';
import type { TileReader } from './tile-reader.ts';
import { consistencyRanges, inclusionRanges } from './tree-shape.ts';

/** What is published: the head, and the edge that belongs to it. */
export interface Published {
  readonly head: TreeHead;
  readonly edge: Edge;
}

export class Proofs {
  readonly #reader: TileReader;
  /** Verified roots by size, the last ones. */
  readonly #roots = new Map<number, Uint8Array>();

  constructor(reader: TileReader) {
    this.#reader = reader;
  }

  /** Takes note of a root that is known to be right: a published one. */
  remember(size: number, root: Uint8Array): void {
    this.#roots.set(size, root);
    if (this.#roots.size <= MAX_ROOTS) return;
    for (const oldest of this.#roots.keys()) {
      this.#roots.delete(oldest);
      return;
    }
  }

  async root(published: Published, size: number): Promise<Uint8Array> {
    const { head, edge } = published;
    checkSize(size, head.size);
    if (size === head.size) return head.root;
    if (size === 0) return sha256(new Uint8Array(0));
    const known = this.#roots.get(size);
    if (known !== undefined) return known;
    const [root] = await this.#reader.hashes(edge, [{ start: 0, end: size }]);
    if (root === undefined || !(await this.#extends(size, root, head, await this.#reader.hashes(edge, consistencyRanges(size, head.size))))) {
      throw new Error(`the log is damaged: the tiles of ${size} entries do not belong to its checkpoint of ${head.size}`);
    }
    this.remember(size, root);
    return root;
  }

  async inclusion(published: Published, index: number, size: number): Promise<Uint8Array[]> {
    checkSize(size, published.head.size);
    if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw new RangeError(`no entry ${index} in a log of ${size}`);
    const root = await this.root(published, size);
    const [leaf, ...hashes] = await this.#reader.hashes(published.edge, [{ start: index, end: index + 1 }, ...inclusionRanges(index, size)]);
    const found = leaf && (await rootFromInclusion(nodeCrypto, leaf, { index: BigInt(index), treeSize: BigInt(size), hashes }));
    if (found === undefined || !equalBytes(found, root)) throw new Error(`the log is damaged: the tiles do not prove entry ${index} in the tree of ${size}`);
    return hashes;
  }

  async consistency(published: Published, first: number, second: number): Promise<Uint8Array[]> {
    checkSize(second, published.head.size);
    checkSize(first, second);
    const root = await this.root(published, second);
    const hashes = await this.#reader.hashes(published.edge, consistencyRanges(first, second));
    if (await this.#extends(first, await this.root(published, first), { size: second, root }, hashes)) return hashes;
    throw new Error(`the log is damaged: the tiles do not prove that the tree of ${second} extends that of ${first}`);
  }

  #extends(first: number, firstRoot: Uint8Array, { size, root }: Pick<TreeHead, 'size' | 'root'>, hashes: readonly Uint8Array[]): Promise<boolean> {
    return verifyConsistency(nodeCrypto, { firstSize: BigInt(first), secondSize: BigInt(size), hashes }, firstRoot, root);
  }
}

function checkSize(size: number, largest: number): void {
  if (!Number.isSafeInteger(size) || size < 0 || size > largest) throw new RangeError(`no tree of ${size}: the size is ${largest}`);
}

const MAX_ROOTS = 1024;
