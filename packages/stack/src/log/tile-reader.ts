/**
 * Tiles and bundles of a published log. What lies at the right edge comes from memory, full ones from disk, the last used of them kept.
 *
 * Partial tiles on disk are for other readers and for opening: here a narrower tile is cut from the one that holds it, so that it does
 * not matter which sizes were published and what was cleaned up since.
 */
import { HASH_SIZE, TrustError } from '@assay/core';
import type { Disk } from '../store/disk.ts';
import { type Edge, foldRoot, placeOf } from './edge.ts';
import { Tile } from './tile.ts';
import type { EntryFormat } from './tile-log.ts';
import { fullTilePath, parseTilePath, TILE_WIDTH } from './tile-path.ts';
import { type Range, subtreesOf } from './tree-shape.ts';

export class TileReader {
  readonly #disk: Disk;
  readonly #format: EntryFormat;
  /** Full tiles by path, the last used at the end. */
  readonly #kept = new Map<string, Tile>();

  constructor(disk: Disk, format: EntryFormat) {
    this.#disk = disk;
    this.#format = format;
  }

  /** Keeps a full tile at hand. */
  keep(level: number, n: number, tile: Tile): void {
    const path = fullTilePath(level, n);
    this.#kept.delete(path);
    this.#kept.set(path, tile);
    if (this.#kept.size <= MAX_KEPT) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }

  /** The hash over each range; all of them are within the log of this edge. */
  async hashes(edge: Edge, ranges: readonly Range[]): Promise<Uint8Array[]> {
    const places = ranges.map((range) => subtreesOf(range).map(placeOf));
    const tiles = new Map<string, Tile>();
    for (const { level, n } of places.flat()) {
      const key = `${level}/${n}`;
      // Most are at hand, and waiting for what is there costs more than looking it up.
      if (!tiles.has(key)) tiles.set(key, this.#tileAtHand(edge, level, n) ?? (await this.#loadTile(level, n)));
    }
    return places.map((range) => foldRoot(range.map(({ level, n, row, i }) => (tiles.get(`${level}/${n}`) as Tile).node(row, i))));
  }

  async leafHash(edge: Edge, index: number): Promise<Uint8Array> {
    const n = Math.floor(index / TILE_WIDTH);
    const tile = this.#tileAtHand(edge, 0, n) ?? (await this.#loadTile(0, n));
    return tile.node(0, index % TILE_WIDTH);
  }

  #tileAtHand(edge: Edge, level: number, n: number): Tile | undefined {
    if (n === edgeNumber(edge, level)) return edge.tiles[level];
    const tile = this.#kept.get(fullTilePath(level, n));
    if (tile !== undefined) this.keep(level, n, tile);
    return tile;
  }

  async #loadTile(level: number, n: number): Promise<Tile> {
    const tile = Tile.of(await readTile(this.#disk, fullTilePath(level, n), TILE_WIDTH));
    this.keep(level, n, tile);
    return tile;
  }

  /** Entries [start, end) of the log of this edge. */
  async entries(edge: Edge, start: number, end: number): Promise<Uint8Array[]> {
    const entries: Uint8Array[] = [];
    for (let n = Math.floor(start / TILE_WIDTH); n * TILE_WIDTH < end; n++) {
      const first = n * TILE_WIDTH;
      const bundle = await this.#bundle(edge, n);
      entries.push(...bundle.slice(Math.max(0, start - first), end - first));
    }
    return entries;
  }

  async #bundle(edge: Edge, n: number): Promise<Uint8Array[]> {
    if (n === edgeNumber(edge, 0)) return this.#format.decode(edge.bundle);
    return readBundle(this.#disk, this.#format, fullTilePath(this.#format.folder, n), TILE_WIDTH);
  }

  /** The bytes of a tile or bundle by its path; undefined when the log of this edge has none. */
  async file(edge: Edge, path: string): Promise<Uint8Array | undefined> {
    const tile = parseTilePath(path, this.#format.folder);
    if (tile === undefined) return undefined;
    const level = typeof tile.level === 'number' ? tile.level : 0;
    const last = edgeNumber(edge, level);
    const width = tile.n < last ? TILE_WIDTH : (edge.tiles[level]?.width ?? 0);
    if (tile.n > last || tile.width > width) return undefined;
    if (typeof tile.level === 'number') {
      const hashes = this.#tileAtHand(edge, level, tile.n)?.hashes ?? (await readTile(this.#disk, fullTilePath(level, tile.n), TILE_WIDTH));
      return hashes.subarray(0, tile.width * HASH_SIZE);
    }
    if (tile.width < width) return this.#format.encode((await this.#bundle(edge, tile.n)).slice(0, tile.width));
    return tile.n === last ? edge.bundle : readPresent(this.#disk, path);
  }
}

/** Hashes of a tile on disk. Throws `DamagedLog`. */
export async function readTile(disk: Disk, path: string, width: number): Promise<Uint8Array> {
  const bytes = await readPresent(disk, path);
  if (bytes.length !== width * HASH_SIZE) throw damaged(disk, path, `${width} hashes in ${width * HASH_SIZE} bytes`, `${bytes.length} bytes`);
  return bytes;
}

/** The entries of a bundle on disk, one by one. Throws as `readTile`. */
export async function readBundle(disk: Disk, format: EntryFormat, path: string, width: number): Promise<Uint8Array[]> {
  const entries = decode(disk, format, path, await readPresent(disk, path));
  if (entries.length !== width) throw damaged(disk, path, `${width} entries`, `${entries.length} entries`);
  return entries;
}

function decode(disk: Disk, format: EntryFormat, path: string, bytes: Uint8Array): Uint8Array[] {
  try {
    return format.decode(bytes);
  } catch (error) {
    throw damaged(disk, path, 'a bundle of entries', error instanceof Error ? error.message : 'other bytes');
  }
}

async function readPresent(disk: Disk, path: string): Promise<Uint8Array> {
  const bytes = await disk.read(path);
  if (bytes === undefined) throw new DamagedLog(disk, path, { expected: 'a file', found: 'nothing', isMissing: true });
  return bytes;
}

export function damaged(disk: Disk, path: string, expected: string, found: string): DamagedLog {
  return new DamagedLog(disk, path, { expected, found, isMissing: false });
}

/** `STACK_DATA`: a file of a log that is not what it should be. */
export class DamagedLog extends TrustError {
  /** Relative to the log. */
  readonly path: string;
  /** There is no such file. */
  readonly isMissing: boolean;

  constructor({ root }: Disk, path: string, { isMissing, ...details }: { readonly expected: string; readonly found: string; readonly isMissing: boolean }) {
    super('STACK_DATA', `the log in ${root} is damaged: ${path}`, details);
    this.path = path;
    this.isMissing = isMissing;
  }
}

/** The number of the tile that is not full. */
function edgeNumber({ size }: Edge, level: number): number {
  return Math.floor(size / TILE_WIDTH ** (level + 1));
}

/** 16 KiB each. */
const MAX_KEPT = 256;
