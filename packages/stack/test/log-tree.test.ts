/** Roots, proofs and tiles of a log against a Merkle tree in memory, for every small size and around the edges of tiles. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concat, rootFromInclusion, toHex, utf8, verifyConsistency } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { MerkleTree } from '@assay/make';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { fullTilePath, openTileLog, parseTilePath, rekorEntryFormat, type TileLog, tilePath } from '../src/log/index.ts';
import { consistencyRanges, inclusionRanges, subtreesOf } from '../src/log/tree-shape.ts';
import { openDisk } from '../src/store/disk.ts';
import { entryOf, logOptions, textOf } from './log-options.ts';
import { temporaryFolder } from './temporary-folder.ts';

const hexes = (hashes: readonly Uint8Array[]): string[] => hashes.map(toHex);

/** The same entries as the log, leaf by leaf. */
function treeOf(size: number): MerkleTree {
  const tree = new MerkleTree();
  for (let i = 0; i < size; i++) tree.append(utf8(`entry ${i}`));
  return tree;
}

async function append(log: TileLog, count: number): Promise<void> {
  const from = log.head.size;
  await Promise.all(Array.from({ length: count }, (_, i) => log.append(entryOf(`entry ${from + i}`))));
}

async function expectProofs(log: TileLog, tree: MerkleTree, index: number, size: number): Promise<void> {
  const hashes = await log.inclusionProof(index, size);
  expect(hexes(hashes)).toEqual(hexes(tree.inclusionProof(index, size)));
  const root = await rootFromInclusion(nodeCrypto, tree.leaf(index), { index: BigInt(index), treeSize: BigInt(size), hashes });
  expect(toHex(root ?? new Uint8Array(0))).toBe(toHex(await log.root(size)));
}

async function expectConsistency(log: TileLog, tree: MerkleTree, first: number, second: number): Promise<void> {
  const hashes = await log.consistencyProof(first, second);
  expect(hexes(hashes)).toEqual(hexes(tree.consistencyProof(first, second)));
  const proof = { firstSize: BigInt(first), secondSize: BigInt(second), hashes };
  expect(await verifyConsistency(nodeCrypto, proof, tree.root(first), tree.root(second))).toBe(true);
}

/** Proofs for the entries and older sizes among these that exist. */
async function expectAllProofs(log: TileLog, tree: MerkleTree, size: number, numbers: readonly number[]): Promise<void> {
  for (const index of numbers.filter((number) => number >= 0 && number < size)) await expectProofs(log, tree, index, size);
  for (const first of numbers.filter((number) => number >= 0 && number <= size)) await expectConsistency(log, tree, first, size);
}

const numbersBy = (step: number, start: number, end: number): number[] => Array.from({ length: Math.ceil((end - start) / step) }, (_, i) => start + i * step);

test('every size from 0 to 600, one entry at a time, opened again now and then', async () => {
  const folder = temporaryFolder();
  const tree = treeOf(600);
  let log = await openTileLog({ disk: openDisk(folder), ...logOptions() });
  for (let size = 0; size <= 600; size++) {
    if (size > 0) expect((await log.append(entryOf(`entry ${size - 1}`))).index).toBe(size - 1);
    expect(log.head.size).toBe(size);
    expect(toHex(log.head.root)).toBe(toHex(tree.root(size)));
    await expectAllProofs(log, tree, size, [0, 1, size >> 1, size - 1, size]);
    if (size % 37 !== 0 && size % 256 > 1) continue;
    await log.close();
    log = await openTileLog({ disk: openDisk(folder), ...logOptions() });
  }
  // Published or not, every size of the past has its root and its proofs.
  for (let size = 1; size <= 600; size++) {
    expect(toHex(await log.root(size))).toBe(toHex(tree.root(size)));
    await expectAllProofs(log, tree, size, numbersBy(11, size % 11, size + 1));
  }
  await log.close();
});

test('reopened after each commit, it goes on where it was', async () => {
  const folder = temporaryFolder();
  const tree = treeOf(1200);
  for (const count of [1, 2, 253, 1, 255, 256, 1, 130, 300]) {
    const log = await openTileLog({ disk: openDisk(folder), ...logOptions() });
    await append(log, count);
    expect(toHex(log.head.root)).toBe(toHex(tree.root(log.head.size)));
    await log.close();
  }
});

describe('70 000 entries', () => {
  const SIZE = 70_000;
  const tree = treeOf(SIZE);
  let folder = '';
  let log: TileLog;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'assay-log-'));
    const filling = await openTileLog({ disk: openDisk(folder), ...logOptions() });
    while (filling.head.size < SIZE) await append(filling, Math.min(4001, SIZE - filling.head.size));
    await filling.close();
    log = await openTileLog({ disk: openDisk(folder), ...logOptions() });
    return async () => {
      await log.close();
      rmSync(folder, { recursive: true });
    };
  });

  /** Full tiles and partial ones in a folder, without going below `.p`. */
  const tiles = (level: string) => {
    const names = readdirSync(join(folder, 'tile', level));
    const partial = names.filter((name) => name.endsWith('.p'));
    return {
      full: names.filter((name) => /^\d{3}$/.test(name)).length,
      partial: partial.map((name) => ({ name, last: Math.max(...readdirSync(join(folder, 'tile', level, name)).map(Number)) })),
    };
  };

  test.each([
    ['0', { full: 273, partial: [{ name: '273.p', last: 112 }] }],
    ['1', { full: 1, partial: [{ name: '001.p', last: 17 }] }],
    ['2', { full: 0, partial: [{ name: '000.p', last: 1 }] }],
    ['entries', { full: 273, partial: [{ name: '273.p', last: 112 }] }],
  ])('level %s lies on disk as tlog-tiles wants it', (level, expected) => {
    expect(tiles(level)).toEqual(expected);
  });

  test('has the root of the tree', () => {
    expect(toHex(log.head.root)).toBe(toHex(tree.root()));
  });

  test.each([255, 256, 257, 65_535, 65_536, 65_537, 65_792, 69_999, SIZE])('roots and proofs at size %i', async (size) => {
    expect(toHex(await log.root(size))).toBe(toHex(tree.root(size)));
    await expectAllProofs(log, tree, size, [0, 1, 255, 256, 1000, 65_535, 65_536, 65_537, size - 1, size]);
  });

  test('any index and any sizes', async () => {
    const size = fc.integer({ min: 1, max: SIZE });
    await fc.assert(
      fc.asyncProperty(size, size, fc.nat(SIZE), async (a, b, index) => {
        await expectProofs(log, tree, index % a, a);
        await expectConsistency(log, tree, Math.min(a, b), Math.max(a, b));
      }),
      { numRuns: 100 },
    );
  });

  test('a tile is the hashes of its leaves, whatever width is asked for', async () => {
    const leaves = concat(...Array.from({ length: 112 }, (_, i) => tree.leaf(273 * 256 + i)));
    expect(await log.file('tile/0/273.p/112')).toEqual(leaves);
    expect(await log.file('tile/0/273.p/7')).toEqual(leaves.subarray(0, 7 * 32));
    expect(await log.file('tile/0/000.p/5')).toEqual((await log.file('tile/0/000'))?.subarray(0, 5 * 32));
    expect(await log.file('tile/1/001.p/17')).toHaveLength(17 * 32);
    expect(await log.file('tile/2/000.p/1')).toEqual(tree.root(65_536));
  });

  test('a bundle is its entries, whatever width is asked for', async () => {
    const bundle = (await log.file('tile/entries/273.p/112')) ?? new Uint8Array(0);
    expect(rekorEntryFormat.decode(bundle).map(textOf)).toEqual(Array.from({ length: 112 }, (_, i) => `entry ${273 * 256 + i}`));
    const cut = (await log.file('tile/entries/000.p/2')) ?? new Uint8Array(0);
    expect(rekorEntryFormat.decode(cut).map(textOf)).toEqual(['entry 0', 'entry 1']);
    expect(rekorEntryFormat.decode((await log.file('tile/entries/001')) ?? new Uint8Array(0))).toHaveLength(256);
  });

  test.each([
    ['a tile that is not full yet', 'tile/0/273'],
    ['a wider tile than published', 'tile/0/273.p/113'],
    ['a tile behind the end', 'tile/0/274.p/1'],
    ['a level that the tree does not reach', 'tile/3/000.p/1'],
    ['a bundle that is not full yet', 'tile/entries/273'],
    ['bundles of another format', 'tile/data/000'],
    ['width 0', 'tile/0/000.p/0'],
    ['width 256', 'tile/0/000.p/256'],
    ['a number that is not in groups of three', 'tile/0/0'],
    ['a number with needless groups', 'tile/0/x000/000'],
    ['a level with a needless zero', 'tile/00/000'],
    ['the checkpoint', 'checkpoint'],
    ['a way out', 'tile/0/../../checkpoint'],
    ['an absolute path', '/tile/0/000'],
    ['nothing', ''],
  ])('has no file for %s', async (_, path) => {
    expect(await log.file(path)).toBeUndefined();
  });

  test('entries come from as many bundles as it takes, and end with the log', async () => {
    expect((await log.entries(254, 514)).map(textOf)).toEqual(Array.from({ length: 260 }, (_, i) => `entry ${254 + i}`));
    expect((await log.entries(69_998, 80_000)).map(textOf)).toEqual(['entry 69998', 'entry 69999']);
    expect(await log.entries(SIZE, SIZE + 5)).toEqual([]);
    expect(await log.entries(5, 5)).toEqual([]);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['a larger tree', () => log.root(SIZE + 1)],
    ['a negative size', () => log.root(-1)],
    ['a fraction of a size', () => log.root(1.5)],
    ['an entry behind the tree', () => log.inclusionProof(SIZE)],
    ['an entry behind an older tree', () => log.inclusionProof(100, 100)],
    ['a negative index', () => log.inclusionProof(-1)],
    ['a proof backwards', () => log.consistencyProof(5, 4)],
    ['a proof to a larger tree', () => log.consistencyProof(5, SIZE + 1)],
    ['entries from a negative index', () => log.entries(-1, 5)],
  ])('refuses %s', async (_, ask) => {
    await expect(ask()).rejects.toThrow(RangeError);
  });
});

test('256 entries are a full tile and one hash on the level above', async () => {
  const folder = temporaryFolder();
  const log = await openTileLog({ disk: openDisk(folder), ...logOptions() });
  await append(log, 256);
  await log.close();
  const files = readdirSync(join(folder, 'tile'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  expect(paths.sort()).toEqual(['tile/0/000', 'tile/1/000.p/1', 'tile/entries/000']);
});

test('every published size has its partial tiles until the tile is full', async () => {
  const folder = temporaryFolder();
  const log = await openTileLog({ disk: openDisk(folder), ...logOptions() });
  for (const count of [1, 2, 4]) await append(log, count);
  expect(readdirSync(join(folder, 'tile/0/000.p')).sort()).toEqual(['1', '3', '7']);
  expect(readdirSync(join(folder, 'tile/entries/000.p')).sort()).toEqual(['1', '3', '7']);
  await append(log, 300);
  await log.close();
  expect(readdirSync(join(folder, 'tile/0')).sort()).toEqual(['000', '001.p']);
});

describe('paths of tiles', () => {
  test.each([
    [5, 'tile/0/005'],
    [999, 'tile/0/999'],
    [1000, 'tile/0/x001/000'],
    [1_234_067, 'tile/0/x001/x234/067'],
  ])('%i is %s', (n, path) => {
    expect(fullTilePath(0, n)).toBe(path);
    expect(parseTilePath(path, 'entries')).toEqual({ level: 0, n, width: 256 });
  });

  test('what is written is read', () => {
    const level = fc.oneof(fc.nat(6), fc.constant('data'));
    fc.assert(
      fc.property(fc.record({ level, n: fc.nat(2 ** 45), width: fc.integer({ min: 1, max: 256 }) }), (tile) => {
        expect(parseTilePath(tilePath(tile), 'data')).toEqual(tile);
      }),
    );
  });
});

describe('the shape of trees that no machine holds', () => {
  const size = fc.bigInt(1n, 2n ** 53n - 1n).map(Number);
  const bits = (n: number): number => n.toString(2).length;

  test('an inclusion proof splits the tree without its leaf, and is as long as RFC 9162 says', () => {
    fc.assert(
      fc.property(size, size, (a, b) => {
        const index = b % a;
        const ranges = inclusionRanges(index, a);
        expect(ranges.reduce((sum, { start, end }) => sum + (end - start), 1)).toBe(a);
        expect(ranges.length).toBeLessThanOrEqual(bits(a - 1));
      }),
    );
  });

  test('subtrees tile their range', () => {
    fc.assert(
      fc.property(size, size, (a, b) => {
        const [first, second] = [Math.min(a, b), Math.max(a, b)];
        for (const { start, end } of [...consistencyRanges(first, second), { start: 0, end: second }]) {
          const subtrees = subtreesOf({ start, end });
          expect(subtrees.every(({ index }) => Number.isSafeInteger(index))).toBe(true);
          expect(subtrees.reduce((sum, { level }) => sum + 2 ** level, start)).toBe(end);
        }
      }),
    );
  });
});
