/**
 * An RFC 6962 Merkle tree in memory: append, root, inclusion and consistency proofs for every size it ever had.
 *
 * Only complete subtrees are kept: `levels[l][i]` is the root over leaves [i·2^l, (i+1)·2^l). Every other node hangs on the
 * right edge of some size and is recomputed, at most log2 n hashes. The tree lives in arrays, so indexes are `number`.
 */
import { concat } from '@assay/core';
import { sha256 } from './hash.ts';

const LEAF_PREFIX = Uint8Array.of(0);
const NODE_PREFIX = Uint8Array.of(1);

/** SHA-256(00 ‖ data). */
export function leafHash(data: Uint8Array): Uint8Array {
  return sha256(concat(LEAF_PREFIX, data));
}

/** SHA-256(01 ‖ left ‖ right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(NODE_PREFIX, left, right));
}

export class MerkleTree {
  readonly #levels: Uint8Array[][] = [[]];

  get size(): number {
    return this.#level(0).length;
  }

  /** Appends the leaf for `data`; returns its index. Amortised two hashes. */
  append(data: Uint8Array): number {
    return this.appendHash(leafHash(data));
  }

  appendHash(hash: Uint8Array): number {
    const index = this.size;
    let node = hash;
    for (let level = 0, i = index; ; level++, i >>= 1) {
      const nodes = this.#level(level);
      nodes.push(node);
      if ((i & 1) === 0) return index;
      node = nodeHash(nodes[i - 1] as Uint8Array, node);
    }
  }

  #level(level: number): Uint8Array[] {
    this.#levels[level] ??= [];
    return this.#levels[level] as Uint8Array[];
  }

  leaf(index: number): Uint8Array {
    const hash = this.#level(0)[index];
    if (hash === undefined) throw new RangeError(`no leaf ${index} in a tree of ${this.size}`);
    return hash;
  }

  root(size: number = this.size): Uint8Array {
    this.#checkSize(size);
    return size === 0 ? sha256(new Uint8Array(0)) : this.#range(0, size);
  }

  /** RFC 6962 section 2.1.1, leaf side first. */
  inclusionProof(index: number, size: number = this.size): Uint8Array[] {
    this.#checkSize(size);
    if (!Number.isInteger(index) || index < 0 || index >= size) throw new RangeError(`no leaf ${index} in a tree of ${size}`);
    return this.#path(index, 0, size);
  }

  #path(index: number, start: number, end: number): Uint8Array[] {
    if (end - start === 1) return [];
    const middle = start + splitPoint(end - start);
    if (index < middle) return [...this.#path(index, start, middle), this.#range(middle, end)];
    return [...this.#path(index, middle, end), this.#range(start, middle)];
  }

  /** RFC 6962 section 2.1.2: that the tree of `secondSize` extends the tree of `firstSize`. */
  consistencyProof(firstSize: number, secondSize: number = this.size): Uint8Array[] {
    this.#checkSize(secondSize);
    if (!Number.isInteger(firstSize) || firstSize < 0 || firstSize > secondSize) throw new RangeError(`no tree of ${firstSize} before ${secondSize}`);
    if (firstSize === 0 || firstSize === secondSize) return [];
    return this.#subproof(firstSize, 0, secondSize, true);
  }

  /** `whole` says that the first tree is a complete subtree here, which the verifier knows already. */
  #subproof(first: number, start: number, end: number, whole: boolean): Uint8Array[] {
    if (first === end) return whole ? [] : [this.#range(start, end)];
    const middle = start + splitPoint(end - start);
    if (first <= middle) return [...this.#subproof(first, start, middle, whole), this.#range(middle, end)];
    return [...this.#subproof(first, middle, end, false), this.#range(start, middle)];
  }

  /** The root over leaves [start, end), where start is a multiple of the width rounded up to a power of two. */
  #range(start: number, end: number): Uint8Array {
    const width = end - start;
    const level = Math.log2(width);
    if (Number.isInteger(level)) return this.#level(level)[start / width] as Uint8Array;
    const middle = start + splitPoint(width);
    return nodeHash(this.#range(start, middle), this.#range(middle, end));
  }

  #checkSize(size: number): void {
    if (!Number.isInteger(size) || size < 0 || size > this.size) throw new RangeError(`no tree of ${size}: the size is ${this.size}`);
  }
}

/** The largest power of two below `size`. */
function splitPoint(size: number): number {
  return 2 ** Math.ceil(Math.log2(size) - 1);
}
