/**
 * The right edge of the log: all that has to be in memory to append to it.
 *
 * `grow` is pure. It says which files a longer log has, and what its edge is then; whether that becomes the log is decided by the disk.
 */
import { concat } from '@assay/core';
import { nodeHash, sha256 } from '@assay/make';
import type { DiskFile } from '../store/disk.ts';
import { Tile } from './tile.ts';
import { TILE_WIDTH, tilePath } from './tile-path.ts';
import { type Subtree, subtreesOf } from './tree-shape.ts';

export interface Edge {
  readonly size: number;
  /** By level: the tile that is not full, perhaps empty. */
  readonly tiles: readonly Tile[];
  /** The bundle that is not full, encoded. */
  readonly bundle: Uint8Array;
}

/** An entry as the edge takes it. */
export interface Leaf {
  readonly hash: Uint8Array;
  /** A bundle of this entry alone. */
  readonly bundle: Uint8Array;
}

export interface FullTile {
  readonly level: number;
  readonly n: number;
  readonly tile: Tile;
}

export interface Growth {
  readonly leaves: readonly Leaf[];
  readonly edge: Edge;
  readonly root: Uint8Array;
  /** Everything that must be on disk before the new size may be signed. */
  readonly files: readonly DiskFile[];
  /** The tiles that became full. */
  readonly full: readonly FullTile[];
}

export const EMPTY_EDGE: Edge = { size: 0, tiles: [], bundle: new Uint8Array(0) };

/** The log with these leaves behind it; `folder` is where its bundles lie. */
export function grow(edge: Edge, leaves: readonly Leaf[], folder: string): Growth {
  const tiles = edge.tiles.map((tile) => tile.copy());
  const changed = new Set<number>();
  const full: FullTile[] = [];
  const files: DiskFile[] = [];
  let bundle = [edge.bundle];
  let size = edge.size;

  const push = (level: number, hash: Uint8Array): void => {
    const tile = tiles[level] ?? new Tile();
    tiles[level] = tile;
    changed.add(level);
    const root = tile.push(hash);
    if (root === undefined) return;
    const n = Math.floor((size - 1) / TILE_WIDTH ** (level + 1));
    full.push({ level, n, tile });
    files.push({ path: tilePath({ level, n, width: TILE_WIDTH }), bytes: tile.hashes });
    tiles[level] = new Tile();
    push(level + 1, root);
  };
  for (const leaf of leaves) {
    bundle.push(leaf.bundle);
    size++;
    push(0, leaf.hash);
    if (size % TILE_WIDTH !== 0) continue;
    files.push({ path: tilePath({ level: folder, n: size / TILE_WIDTH - 1, width: TILE_WIDTH }), bytes: concat(...bundle) });
    bundle = [];
  }

  const grown: Edge = { size, tiles, bundle: concat(...bundle) };
  for (const level of changed) {
    const tile = tiles[level] as Tile;
    if (tile.width > 0) files.push({ path: edgeTilePath(level, level, grown), bytes: tile.hashes });
  }
  if (size % TILE_WIDTH !== 0) files.push({ path: edgeTilePath(0, folder, grown), bytes: grown.bundle });
  return { leaves, edge: grown, root: rootOf(grown), files, full };
}

function edgeTilePath(level: number, name: number | string, { size }: Edge): string {
  return tilePath({ level: name, n: Math.floor(size / TILE_WIDTH ** (level + 1)), width: widthAt(level, size) });
}

/** Hashes in the tile of this level that is not full, in a log of `size`: 0..255. */
export function widthAt(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level) % TILE_WIDTH;
}

/** How many levels have tiles in a log of `size`. */
export function levelsAt(size: number): number {
  let levels = 0;
  while (size >= TILE_WIDTH ** levels) levels++;
  return levels;
}

/** The root of the tree. All the subtrees that it is made of are in tiles of the edge. */
export function rootOf({ size, tiles }: Edge): Uint8Array {
  if (size === 0) return sha256(new Uint8Array(0));
  return foldRoot(
    subtreesOf({ start: 0, end: size }).map((subtree) => {
      const { level, row, i } = placeOf(subtree);
      return (tiles[level] as Tile).node(row, i);
    }),
  );
}

/** In which tile a subtree's hash is, and where in it. */
export function placeOf({ level, index }: Subtree): { readonly level: number; readonly n: number; readonly row: number; readonly i: number } {
  const row = level % ROWS;
  const inRow = TILE_WIDTH / 2 ** row;
  return { level: (level - row) / ROWS, n: Math.floor(index / inRow), row, i: index % inRow };
}

/** The hash over neighbouring subtrees that shrink from left to right. */
export function foldRoot(hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.reduceRight((right, left) => nodeHash(left, right));
}

const ROWS = 8;
