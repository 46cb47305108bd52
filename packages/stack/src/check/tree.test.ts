import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { utf8 } from '@assay/core';
import { leafHash } from '@assay/make';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { EMPTY_EDGE, grow, type Leaf } from '../log/edge.ts';
import { rekorEntryFormat, TILE_WIDTH, tilePath } from '../log/index.ts';
import { partialTilesFolder } from '../log/tile-path.ts';
import { type Disk, type DiskFile, openDisk } from '../store/disk.ts';
import { type Finding, Report } from './finding.ts';
import { checkTree } from './tree.ts';

interface Log {
  readonly files: readonly DiskFile[];
  readonly root: Uint8Array;
}

/** The files of a log of this size, published at once. */
function logOf(size: number): Log {
  return grow(EMPTY_EDGE, leavesOf(0, size), rekorEntryFormat.folder);
}

function leavesOf(start: number, end: number): Leaf[] {
  return Array.from({ length: end - start }, (_, i) => ({ hash: leafHash(dataOf(start + i)), bundle: rekorEntryFormat.encode([dataOf(start + i)]) }));
}

const dataOf = (index: number): Uint8Array => utf8(`entry ${index}`);

interface Checked {
  readonly findings: readonly Finding[];
  readonly paths: readonly string[];
  /** How many entries were there and in the tree. */
  readonly good: number;
}

async function check(disk: Disk, size: number, root: Uint8Array | undefined): Promise<Checked> {
  const report = new Report();
  let good = 0;
  let next = 0;
  await checkTree({
    disk,
    report,
    format: rekorEntryFormat,
    leafHash,
    size,
    root,
    onBundle: (_path, first, entries) => {
      expect(first).toBe(next);
      next += entries.length;
      good += entries.filter((entry) => entry !== undefined).length;
    },
  });
  expect(next).toBe(size);
  return { findings: report.findings, paths: report.findings.map(({ path }) => path).sort(), good };
}

/** Without fsync: these tests are about what is read. */
async function written({ files }: Log): Promise<Disk> {
  const disk = openDisk(temporaryFolder());
  await disk.writeAll(files);
  return disk;
}

describe('a log that is whole', () => {
  test.each([0, 1, 2, 255, 256, 257, 511, 512, 513, 1000])('of %i entries has nothing wrong, and every entry is seen once', async (size) => {
    const log = logOf(size);
    expect(await check(await written(log), size, log.root)).toEqual({ findings: [], paths: [], good: size });
  });

  test('may have grown since its checkpoint was read, and dropped the narrow tiles', async () => {
    const disk = openDisk(temporaryFolder());
    const sizes = [1, 255, 256, 300, 512, 600];
    let edge = EMPTY_EDGE;
    for (const size of sizes) {
      const grown = grow(edge, leavesOf(edge.size, size), rekorEntryFormat.folder);
      await disk.writeAll(grown.files);
      for (const { level, n } of grown.full) {
        await disk.remove(partialTilesFolder(level, n));
        if (level === 0) await disk.remove(partialTilesFolder(rekorEntryFormat.folder, n));
      }
      edge = grown.edge;
    }
    for (const size of sizes) expect(await check(disk, size, logOf(size).root), `${size}`).toMatchObject({ findings: [], good: size });
  });
});

describe('a damaged file is found, and no other is blamed', () => {
  const size = 600;
  let log: Log;
  beforeAll(() => {
    log = logOf(size);
  });

  test('whichever it is, whether altered, cut short or removed', async () => {
    const disk = await written(log);
    expect(log.files.length).toBeGreaterThan(6);
    for (const { path, bytes } of log.files) {
      const file = join(disk.root, path);
      const altered = Uint8Array.from(bytes);
      altered[bytes.length - 1] = (altered[bytes.length - 1] ?? 0) ^ 1;
      for (const damaged of [altered, bytes.subarray(0, bytes.length - 1), undefined]) {
        if (damaged === undefined) rmSync(file);
        else writeFileSync(file, damaged);
        expect((await check(disk, size, log.root)).paths, path).toEqual([path]);
      }
      writeFileSync(file, bytes);
    }
    expect((await check(disk, size, log.root)).findings).toEqual([]);
  });

  test('by the indexes of the entries that are not those in the tree', async () => {
    const disk = await written(log);
    const path = tilePath({ level: 'entries', n: 1, width: TILE_WIDTH });
    const entries = Array.from({ length: TILE_WIDTH }, (_, i) => dataOf(i === 4 ? 9999 : TILE_WIDTH + i));
    writeFileSync(join(disk.root, path), rekorEntryFormat.encode(entries));
    const { findings, good } = await check(disk, size, log.root);
    expect(findings).toMatchObject([{ severity: 'error', path, problem: 'entry 260 is not the one in the tree' }]);
    expect(good).toBe(size - 1);
  });

  test('also when a tile and a bundle are damaged that have nothing to do with each other', async () => {
    const disk = await written(log);
    const damaged = [tilePath({ level: 0, n: 0, width: TILE_WIDTH }), tilePath({ level: 'entries', n: 1, width: TILE_WIDTH })];
    for (const path of damaged) flip(join(disk.root, path), 100);
    expect((await check(disk, size, log.root)).paths).toEqual(damaged);
  });

  test('also when a tile and what is below it are damaged; then nobody can say which of the two it is', async () => {
    const disk = await written(log);
    const damaged = [tilePath({ level: 0, n: 0, width: TILE_WIDTH }), tilePath({ level: 'entries', n: 0, width: TILE_WIDTH })];
    flip(join(disk.root, damaged[0] ?? ''), 100);
    flip(join(disk.root, damaged[1] ?? ''), 1000);
    expect((await check(disk, size, log.root)).paths).toEqual(damaged);
  });
});

describe('the root that was signed', () => {
  test('of another tree is found at the checkpoint, with the hint that the log must not go on', async () => {
    const { findings } = await check(await written(logOf(600)), 600, leafHash(utf8('another')));
    expect(findings).toMatchObject([{ path: 'checkpoint', problem: expect.stringContaining('the root that was signed') }]);
  });

  test('of an empty log is that of no entries', async () => {
    expect((await check(openDisk(temporaryFolder()), 0, leafHash(utf8('another')))).paths).toEqual(['checkpoint']);
  });

  test('may be unknown: tiles and entries are then compared with each other', async () => {
    const disk = await written(logOf(600));
    expect((await check(disk, 600, undefined)).findings).toEqual([]);
    flip(join(disk.root, 'tile/entries/001'), 1000);
    expect((await check(disk, 600, undefined)).paths).toEqual(['tile/entries/001']);
  });
});

test('a log with three levels of tiles is checked to its last leaf', async () => {
  const size = TILE_WIDTH ** 2 + TILE_WIDTH + 3;
  const log = logOf(size);
  const disk = await written(log);
  expect(await check(disk, size, log.root)).toMatchObject({ findings: [], good: size });
  const damaged = ['tile/0/100', 'tile/1/000', 'tile/1/001.p/1', 'tile/2/000.p/1', 'tile/entries/017', 'tile/entries/257.p/3'];
  for (const path of damaged) flip(join(disk.root, path), 7);
  const { paths } = await check(disk, size, log.root);
  for (const path of damaged) expect(paths).toContain(path);
});

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}
