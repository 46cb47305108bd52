/**
 * Whether the tiles and bundles of a log are those of its checkpoint, every one of them, in memory that does not grow with the log.
 *
 *   checkpoint ─► tiles at the right edge ─► full tiles, level by level ─► leaves ─► entries
 *
 * What is above vouches for what is below, so each damaged file is found by itself: a tile whose root is not the hash in the tile above is damaged,
 * and a bundle whose entries do not hash to a good tile. Below a damaged tile the check goes on with the one that its children make, when that is
 * the one which was signed.
 */
import { equalBytes, HASH_SIZE, toHex } from '@assay/core';
import { type Edge, levelsAt, rootOf, widthAt } from '../log/edge.ts';
import { CHECKPOINT, findEdgeFile } from '../log/open-tile-log.ts';
import { Tile } from '../log/tile.ts';
import type { EntryFormat } from '../log/tile-log.ts';
import { TILE_WIDTH } from '../log/tile-path.ts';
import { DamagedLog, readBundle, readTile } from '../log/tile-reader.ts';
import type { Disk } from '../store/disk.ts';
import type { Report } from './finding.ts';

export interface TreeToCheck {
  /** The folder of the log. */
  readonly disk: Disk;
  readonly report: Report;
  readonly format: EntryFormat;
  /** Of what is kept. Throws `TypeError` for what is no entry. */
  readonly leafHash: (data: Uint8Array) => Uint8Array;
  readonly size: number;
  /** The one that was signed; undefined when nobody did. */
  readonly root: Uint8Array | undefined;
  /** Each bundle in order, with its path and the index of its first entry; undefined stands for what is not in the tree. */
  readonly onBundle: (path: string, first: number, entries: readonly (Uint8Array | undefined)[]) => void | Promise<void>;
}

export async function checkTree(tree: TreeToCheck): Promise<void> {
  await new TreeCheck(tree).run();
}

/** One for each entry of a tile; undefined for what nobody knows. */
type Hashes = readonly (Uint8Array | undefined)[];

interface Place {
  readonly level: number;
  readonly n: number;
  readonly width: number;
}

/** A tile as it lies on disk. */
interface Stored {
  readonly path: string;
  readonly hashes?: Hashes;
  readonly problem?: DamagedLog;
}

class TreeCheck {
  readonly #tree: TreeToCheck;

  constructor(tree: TreeToCheck) {
    this.#tree = tree;
  }

  async run(): Promise<void> {
    const { size } = this.#tree;
    const places = Array.from({ length: levelsAt(size) }, (_, level) => ({
      level,
      n: Math.floor(size / TILE_WIDTH ** (level + 1)),
      width: widthAt(level, size),
    }));
    const edge = await this.#edge(places);
    // From the left: what is highest covers the first entries.
    for (const [i, place] of [...places.entries()].reverse()) await this.#below(place, edge[i] ?? []);
  }

  /** The tiles that are not full: together they make the root. */
  async #edge(places: readonly Place[]): Promise<Hashes[]> {
    const stored = await Promise.all(places.map((place) => this.#stored(place)));
    const asStored = stored.map(({ hashes }) => hashes ?? []);
    if (this.#makesRoot(places, asStored)) return asStored;
    const below: Hashes[] = [];
    for (const place of places) below.push(await this.#fromBelow(place));

    const isSuspect = (i: number): boolean => stored[i]?.hashes === undefined || differ(stored[i].hashes, below[i] ?? []);
    const suspects = places.flatMap((_, i) => (isSuspect(i) ? [i] : []));
    const mended = (chosen: readonly number[]): Hashes[] => asStored.map((hashes, i) => (chosen.includes(i) ? (below[i] ?? []) : hashes));
    // Few at a time: of all the ways to mend it, the one that blames least.
    const right = subsets(suspects).find((chosen) => this.#makesRoot(places, mended(chosen)));
    const isWithoutRoot = this.#tree.root === undefined;
    for (const i of right ?? suspects) this.#wrongTile(stored[i] as Stored, 'the tile does not hold the hashes of what is below it');
    if (right === undefined && !isWithoutRoot) this.#wrongRoot();
    return right === undefined ? mended(suspects.filter((i) => stored[i]?.hashes === undefined)) : mended(right);
  }

  #makesRoot(places: readonly Place[], tiles: readonly Hashes[]): boolean {
    const { size, root } = this.#tree;
    if (root === undefined || places.some(({ width }, i) => !isComplete(tiles[i] ?? [], width))) return false;
    const edge: Edge = { size, tiles: tiles.map((hashes) => tileOf(hashes)), bundle: NOTHING };
    return equalBytes(rootOf(edge), root);
  }

  #wrongRoot(): void {
    const { root, report } = this.#tree;
    report.error(CHECKPOINT, 'the root that was signed is not that of the tiles and entries', { expected: root && toHex(root), hint: FORKED });
  }

  /** What is under a tile whose hashes are as good as they can be. */
  async #below({ level, n, width }: Place, hashes: Hashes): Promise<void> {
    if (width === 0) return;
    if (level === 0) return this.#bundle({ level, n, width }, hashes);
    for (let i = 0; i < width; i++) {
      const child: Place = { level: level - 1, n: n * TILE_WIDTH + i, width: TILE_WIDTH };
      await this.#below(child, await this.#settle(child, hashes[i]));
    }
  }

  /** The hashes of a full tile: as stored, or else from below, whichever has this root. */
  async #settle(place: Place, root: Uint8Array | undefined): Promise<Hashes> {
    const stored = await this.#stored(place);
    const isRight = (hashes: Hashes): boolean => isComplete(hashes, TILE_WIDTH) && (root === undefined || equalBytes(tileRoot(hashes), root));
    if (stored.hashes !== undefined && isRight(stored.hashes)) return stored.hashes;
    const below = await this.#fromBelow(place);
    if (isRight(below)) {
      this.#wrongTile(stored, 'the tile is not the one that the tile above it vouches for');
      return below;
    }
    if (stored.hashes === undefined || differ(stored.hashes, below))
      this.#wrongTile(stored, 'the tile and what is below it do not fit together, nor to the tile above');
    return stored.hashes ?? below;
  }

  #wrongTile({ path, problem }: Stored, says: string): void {
    const { report } = this.#tree;
    if (problem === undefined) report.error(path, says);
    else report.error(path, problem.isMissing ? 'the tile is missing' : 'the tile is damaged', problem);
  }

  async #stored({ level, n, width }: Place): Promise<Stored> {
    if (width === 0) return { path: '', hashes: [] };
    const { disk } = this.#tree;
    return readSteady(async () => {
      const { path, found } = await findEdgeFile(disk, level, { n, width });
      return { path, hashes: split((await readTile(disk, path, found)).subarray(0, width * HASH_SIZE)) };
    });
  }

  /** What the children make it. */
  async #fromBelow({ level, n, width }: Place): Promise<Hashes> {
    if (level === 0) {
      const { entries = [] } = await this.#entries({ level, n, width });
      return Array.from({ length: width }, (_, i) => this.#leafHash(entries[i]));
    }
    const roots: (Uint8Array | undefined)[] = [];
    for (let i = 0; i < width; i++) {
      const { hashes } = await this.#stored({ level: level - 1, n: n * TILE_WIDTH + i, width: TILE_WIDTH });
      roots.push(hashes && tileRoot(hashes));
    }
    return roots;
  }

  async #bundle(place: Place, hashes: Hashes): Promise<void> {
    const { report, onBundle } = this.#tree;
    const first = place.n * TILE_WIDTH;
    const { path, entries, problem } = await this.#entries(place);
    if (problem !== undefined) report.error(path, problem.isMissing ? 'the entries are missing' : 'the entries are damaged', problem);
    const wrong = (entries ?? []).flatMap((entry, i) => (isSame(this.#leafHash(entry), hashes[i]) ? [] : [i]));
    if (wrong.length > 0) report.error(path, wrongEntries(wrong.map((i) => first + i)));
    const isWrong = new Set(wrong);
    await onBundle(
      path,
      first,
      Array.from({ length: place.width }, (_, i) => (isWrong.has(i) ? undefined : entries?.[i])),
    );
  }

  async #entries({ n, width }: Place): Promise<{ path: string; entries?: Uint8Array[]; problem?: DamagedLog }> {
    const { disk, format } = this.#tree;
    if (width === 0) return { path: '', entries: [] };
    return readSteady(async () => {
      const { path, found } = await findEdgeFile(disk, format.folder, { n, width });
      return { path, entries: (await readBundle(disk, format, path, found)).slice(0, width) };
    });
  }

  #leafHash(data: Uint8Array | undefined): Uint8Array | undefined {
    try {
      return data && this.#tree.leafHash(data);
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  }
}

/** A log that grows replaces a narrow tile by the full one: what has just vanished is looked for once more. */
async function readSteady<T extends { path: string }>(read: () => Promise<T>): Promise<T | { path: string; problem: DamagedLog }> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof DamagedLog)) throw error;
      if (attempt > 1 || !error.isMissing) return { path: error.path, problem: error };
    }
  }
}

function wrongEntries(indexes: readonly number[]): string {
  const [first, ...others] = indexes;
  return others.length === 0 ? `entry ${first} is not the one in the tree` : `entries ${first} and ${others.length} others are not those in the tree`;
}

/** Where the tree does not say, nothing is wrong. */
function isSame(found: Uint8Array | undefined, expected: Uint8Array | undefined): boolean {
  return expected === undefined || (found !== undefined && equalBytes(found, expected));
}

function differ(a: Hashes, b: Hashes): boolean {
  return a.some((hash, i) => hash !== undefined && !isSame(hash, b[i]));
}

function isComplete(hashes: Hashes, width: number): boolean {
  return hashes.length === width && hashes.every((hash) => hash !== undefined);
}

function split(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / HASH_SIZE }, (_, i) => bytes.subarray(i * HASH_SIZE, (i + 1) * HASH_SIZE));
}

function tileOf(hashes: Hashes): Tile {
  const tile = new Tile();
  for (const hash of hashes) if (hash !== undefined) tile.push(hash);
  return tile;
}

/** Of a full one. */
function tileRoot(hashes: Hashes): Uint8Array {
  const tile = new Tile();
  let root: Uint8Array | undefined;
  for (const hash of hashes) root = hash && tile.push(hash);
  return root ?? NOTHING;
}

/** The small ones first. There are as many levels as a log has digits in base 256: few. */
function subsets(items: readonly number[]): number[][] {
  const all: number[][] = [[]];
  for (const item of items) all.push(...all.map((set) => [...set, item]));
  return all.sort((a, b) => a.length - b.length);
}

const NOTHING = new Uint8Array(0);
const FORKED = 'restore the whole log from a backup, checkpoint and tiles; the log must not go on from here';
