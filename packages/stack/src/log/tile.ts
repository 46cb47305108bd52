/**
 * A tile in memory: up to 256 hashes of one level, and all the complete subtrees above them.
 *
 *   row 0   256 hashes, what lies on disk      row r   256 / 2^r hashes, each over 2^r of row 0      up to row 7
 *
 * The rows above the first are computed as hashes arrive, one for each on average; a proof then only looks them up. The root over all 256
 * belongs to the tile above. A tile that was handed out is never written again: who extends it works on a copy.
 */
import { HASH_SIZE } from '@assay/core';
import { nodeHash } from '@assay/make';
import { TILE_WIDTH } from './tile-path.ts';

export class Tile {
  readonly #rows: Uint8Array;
  #width: number;

  constructor(rows: Uint8Array = new Uint8Array(HASHES * HASH_SIZE), width = 0) {
    this.#rows = rows;
    this.#width = width;
  }

  /** From what lies on disk: the hashes one after the other. */
  static of(hashes: Uint8Array): Tile {
    const tile = new Tile();
    for (let offset = 0; offset < hashes.length; offset += HASH_SIZE) tile.push(hashes.subarray(offset, offset + HASH_SIZE));
    return tile;
  }

  copy(): Tile {
    return new Tile(this.#rows.slice(), this.#width);
  }

  get width(): number {
    return this.#width;
  }

  /** What lies on disk. */
  get hashes(): Uint8Array {
    return this.#rows.subarray(0, this.#width * HASH_SIZE);
  }

  /** The hash over [i·2^row, (i+1)·2^row) of row 0. */
  node(row: number, i: number): Uint8Array {
    if ((i + 1) * 2 ** row > this.#width) throw new RangeError(`no node ${i} in row ${row} of a tile of ${this.#width}`);
    return this.#at(row, i);
  }

  /** The root over all 256 when the tile is full now. */
  push(hash: Uint8Array): Uint8Array | undefined {
    let i = this.#width;
    let node = hash;
    this.#width++;
    for (let row = 0; row < ROWS; row++, i >>= 1) {
      this.#at(row, i).set(node);
      if ((i & 1) === 0) return undefined;
      node = nodeHash(this.#at(row, i - 1), node);
    }
    return node;
  }

  #at(row: number, i: number): Uint8Array {
    const offset = (2 * TILE_WIDTH - ((2 * TILE_WIDTH) >> row) + i) * HASH_SIZE;
    return this.#rows.subarray(offset, offset + HASH_SIZE);
  }
}

/** Rows 0 to 7: 256 + 128 + … + 2. */
const ROWS = 8;
const HASHES = 510;
