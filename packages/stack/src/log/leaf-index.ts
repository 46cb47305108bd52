/**
 * From leaf hash to index, for logs that hold equal leaves once: an open-addressing hash table in one typed array.
 *
 *   slot   2 × u32:  first four bytes of the hash │ index + 1        an empty slot is zero
 *
 * The four bytes find candidates; whether one is meant says the whole hash, which lies in its tile. Among a million leaves one new leaf in
 * four thousand is compared in vain; in return they take 16 MiB. The table is not on disk: it is made again from the tiles of level 0 when the
 * log opens. Leaves from 2^32 on would not be found; by then the table would have outgrown every machine.
 */
import { HASH_SIZE } from '@assay/core';

export class LeafIndex {
  #slots: Uint32Array;
  #count = 0;

  /** With room for `leaves` before it has to grow. */
  constructor(leaves = 0) {
    let capacity = MIN_CAPACITY;
    while (capacity * MAX_LOAD < leaves) capacity *= 2;
    this.#slots = new Uint32Array(capacity * SLOT);
  }

  /** `hashes`: one leaf hash after the other, of the leaves from `index` on. */
  add(hashes: Uint8Array, index: number): void {
    const leaves = hashes.length / HASH_SIZE;
    while (this.#count + leaves > (this.#slots.length / SLOT) * MAX_LOAD) this.#grow();
    for (let i = 0; i < leaves; i++) insert(this.#slots, firstBytes(hashes, i * HASH_SIZE), index + i + 1);
    this.#count += leaves;
  }

  /** Indexes whose leaves begin with the same four bytes; usually none or one. */
  candidates(hash: Uint8Array): number[] {
    const found: number[] = [];
    const slots = this.#slots;
    const first = firstBytes(hash, 0);
    for (let at = startOf(slots, first); slots[at + 1] !== 0; at = next(slots, at)) {
      if (slots[at] === first) found.push((slots[at + 1] as number) - 1);
    }
    return found;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += SLOT) {
      if (old[at + 1] !== 0) insert(this.#slots, old[at] as number, old[at + 1] as number);
    }
  }
}

function insert(slots: Uint32Array, first: number, number: number): void {
  let at = startOf(slots, first);
  while (slots[at + 1] !== 0) at = next(slots, at);
  slots[at] = first;
  slots[at + 1] = number;
}

/** Where the search begins; the capacity is a power of two. */
function startOf(slots: Uint32Array, first: number): number {
  return (first % (slots.length / SLOT)) * SLOT;
}

function next(slots: Uint32Array, at: number): number {
  return (at + SLOT) % slots.length;
}

function firstBytes(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
}

const SLOT = 2;
const MIN_CAPACITY = 1024;
const MAX_LOAD = 0.75;
