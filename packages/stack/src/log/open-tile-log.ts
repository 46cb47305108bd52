/**
 * Opens a log of tiles: what is on disk is checked against its own checkpoint, and only then anything is shown or appended.
 *
 *   publish    tiles and bundles, synced ─► sign ─► checkpoint, synced ─► readers see it ─► answers
 */
import { equalBytes, HASH_SIZE, parseCheckpoint, toHex, utf8 } from '@assay/core';
import type { Disk } from '../store/disk.ts';
import { type Edge, EMPTY_EDGE, levelsAt, rootOf, widthAt } from './edge.ts';
import { LeafIndex } from './leaf-index.ts';
import { Proofs, type Published } from './proofs.ts';
import { type Batch, Sequencer } from './sequencer.ts';
import { Tile } from './tile.ts';
import type { EntryFormat, TileLog, TileLogOptions } from './tile-log.ts';
import { fullTilePath, partialTilesFolder, TILE_WIDTH, tilePath } from './tile-path.ts';
import { damaged, readBundle, readTile, TileReader } from './tile-reader.ts';

/**
 * Opens the log on `disk`; an empty disk becomes an empty log. The caller holds the lock of the folder: two writers fork a log.
 * Throws an Error that names the file when what is there is not a log of `isOwn`, or not whole.
 */
export async function openTileLog(options: TileLogOptions): Promise<TileLog> {
  const { disk, format } = options;
  let published = await openPublished(options);
  const reader = new TileReader(disk, format);
  const proofs = new Proofs(reader);
  const leaves = options.unique === true ? await indexLeaves(disk, published.edge) : undefined;
  const cleaning = new Set<Promise<void>>();

  const publish = async (batch: Batch): Promise<void> => {
    const { edge, root, files, full } = batch;
    await disk.writeAll(files);
    batch.checkpoint ??= options.sign(edge.size, root);
    await disk.write(CHECKPOINT, utf8(batch.checkpoint));

    proofs.remember(published.head.size, published.head.root);
    for (const { level, n, tile } of full) reader.keep(level, n, tile);
    for (const [i, { hash }] of batch.leaves.entries()) leaves?.add(hash, published.edge.size + i);
    published = { head: { size: edge.size, root, checkpoint: batch.checkpoint }, edge };
    for (const { level, n } of full) clean(level, n);
  };

  /** A tile that is full needs its narrower ones no longer. Nobody waits for it, and it does not matter when it fails. */
  const clean = (level: number, n: number): void => {
    const folders = [partialTilesFolder(level, n), ...(level === 0 ? [partialTilesFolder(format.folder, n)] : [])];
    for (const folder of folders) {
      const removing = disk.remove(folder).catch(() => undefined);
      cleaning.add(removing);
      void removing.then(() => cleaning.delete(removing));
    }
  };

  const find = (leafHash: Uint8Array): Promise<number | undefined> | undefined => {
    const candidates = leaves?.candidates(leafHash) ?? [];
    return candidates.length === 0 ? undefined : confirm(reader, published.edge, candidates, leafHash);
  };

  const sequencer = new Sequencer({
    format,
    find: leaves && find,
    published: () => published,
    publish,
    maxPending: options.maxPending ?? DEFAULT_MAX_PENDING,
  });

  return {
    get head() {
      return published.head;
    },
    get pending() {
      return sequencer.pending;
    },
    get problem() {
      return sequencer.problem;
    },
    retry: () => sequencer.retry(),
    append: (entry) => sequencer.append(entry),
    find: async (leafHash) => find(leafHash),
    entries: async (start, end) => reader.entries(published.edge, checkIndex(start), Math.min(checkIndex(end), published.head.size)),
    inclusionProof: (index, size = published.head.size) => proofs.inclusion(published, index, size),
    consistencyProof: (first, second = published.head.size) => proofs.consistency(published, first, second),
    root: (size) => proofs.root(published, size),
    file: async (path) => reader.file(published.edge, path),
    close: async () => {
      await sequencer.close();
      await Promise.all(cleaning);
    },
  };
}

async function openPublished(options: TileLogOptions): Promise<Published> {
  const { disk, format, isOwn } = options;
  const bytes = await disk.read(CHECKPOINT);
  if (bytes === undefined) return createEmpty(options);
  const checkpoint = new TextDecoder().decode(bytes);
  const { size, root } = readCheckpoint(disk, checkpoint);
  if (!isOwn(checkpoint)) throw damaged(disk, CHECKPOINT, 'signed by this log, under its origin', 'another checkpoint');

  const edge = size === 0 ? EMPTY_EDGE : await readEdge(disk, format, size);
  const found = rootOf(edge);
  if (!equalBytes(found, root)) throw damaged(disk, 'tile', `a tree of ${size} with the root ${toHex(root)} of its checkpoint`, toHex(found));
  // A process that was killed may have renamed the file and not synced it. What is shown must not vanish with the power.
  await disk.write(CHECKPOINT, bytes);
  return { head: { size, root, checkpoint }, edge };
}

/** An absent checkpoint is an empty log, unless entries say that there was one: a log never becomes shorter. */
async function createEmpty({ disk, sign }: TileLogOptions): Promise<Published> {
  const tiles = await disk.list('tile');
  if (tiles.length > 0) throw damaged(disk, CHECKPOINT, 'the checkpoint of the tiles beside it', 'no file');
  const root = rootOf(EMPTY_EDGE);
  const checkpoint = sign(0, root);
  await disk.write(CHECKPOINT, utf8(checkpoint));
  return { head: { size: 0, root, checkpoint }, edge: EMPTY_EDGE };
}

/** Size and root that a checkpoint states, whoever signed it. Throws `DamagedLog`. */
export function readCheckpoint(disk: Disk, text: string): { readonly size: number; readonly root: Uint8Array } {
  const parsed = parseCheckpoint(text);
  if ('problem' in parsed) throw damaged(disk, CHECKPOINT, 'a signed checkpoint', parsed.problem);
  const { treeSize, rootHash } = parsed.checkpoint;
  if (treeSize > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(disk, CHECKPOINT, 'a checkpoint with at most 2^53 entries', String(treeSize));
  return { size: Number(treeSize), root: rootHash };
}

async function readEdge(disk: Disk, format: EntryFormat, size: number): Promise<Edge> {
  const tiles: Tile[] = [];
  for (let level = 0; level < levelsAt(size); level++) tiles.push(await readEdgeTile(disk, level, size));
  return { size, tiles, bundle: await readEdgeBundle(disk, format, size) };
}

async function readEdgeTile(disk: Disk, level: number, size: number): Promise<Tile> {
  const width = widthAt(level, size);
  if (width === 0) return new Tile();
  const { path, found } = await findEdgeFile(disk, level, { n: Math.floor(size / TILE_WIDTH ** (level + 1)), width });
  return Tile.of((await readTile(disk, path, found)).subarray(0, width * HASH_SIZE));
}

async function readEdgeBundle(disk: Disk, format: EntryFormat, size: number): Promise<Uint8Array> {
  const width = widthAt(0, size);
  if (width === 0) return EMPTY_EDGE.bundle;
  const { path, found } = await findEdgeFile(disk, format.folder, { n: Math.floor(size / TILE_WIDTH), width });
  return format.encode((await readBundle(disk, format, path, found)).slice(0, width));
}

/** The tile of this width, or the full one that a longer log left: by the rules of tlog-tiles it holds the same. */
export async function findEdgeFile(disk: Disk, level: number | string, tile: { n: number; width: number }): Promise<{ path: string; found: number }> {
  const path = tilePath({ level, ...tile });
  const full = fullTilePath(level, tile.n);
  if ((await disk.size(path)) === undefined && (await disk.size(full)) !== undefined) return { path: full, found: TILE_WIDTH };
  return { path, found: tile.width };
}

/** Every leaf of the log, from the tiles of level 0; some of them read at a time. */
async function indexLeaves(disk: Disk, { size, tiles }: Edge): Promise<LeafIndex> {
  const leaves = new LeafIndex(size * ROOM_TO_GROW);
  const full = Math.floor(size / TILE_WIDTH);
  let next = 0;
  const readTiles = async (): Promise<void> => {
    while (next < full) {
      const n = next++;
      leaves.add(await readTile(disk, fullTilePath(0, n), TILE_WIDTH), n * TILE_WIDTH);
    }
  };
  await Promise.all(Array.from({ length: READS_AT_A_TIME }, readTiles));
  leaves.add(tiles[0]?.hashes ?? new Uint8Array(0), full * TILE_WIDTH);
  return leaves;
}

async function confirm(reader: TileReader, edge: Edge, candidates: readonly number[], leafHash: Uint8Array): Promise<number | undefined> {
  for (const index of candidates) {
    if (equalBytes(await reader.leafHash(edge, index), leafHash)) return index;
  }
  return undefined;
}

function checkIndex(index: number): number {
  if (!Number.isSafeInteger(index) || index < 0) throw new RangeError(`no entry ${index}`);
  return index;
}

export const CHECKPOINT = 'checkpoint';
const DEFAULT_MAX_PENDING = 4096;
const READS_AT_A_TIME = 16;
/** So that a log that was just opened does not have to move its table at once. */
const ROOM_TO_GROW = 1.2;
