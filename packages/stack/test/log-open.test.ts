/** What a log finds on disk when it opens: its own, damaged, another's, or left behind by a crash. */
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TrustError } from '@assay/core';
import { generateKey, signCheckpoint } from '@assay/make';
import { describe, expect, test } from 'vitest';
import { openTileLog, type TileLog, type TileLogOptions } from '../src/log/index.ts';
import { openDisk } from '../src/store/disk.ts';
import { LogHistory } from './log-history.ts';
import { entryOf, logKey, logOptions, ORIGIN, textOf } from './log-options.ts';
import { temporaryFolder } from './temporary-folder.ts';

function open(folder: string, options: Partial<TileLogOptions> = {}): Promise<TileLog> {
  return openTileLog({ disk: openDisk(folder), ...logOptions(), ...options });
}

/** A log of 600 entries: two full tiles and one of width 88; a level-1 tile of width 2. Each published on its own from 590 on. */
/** What it throws, as one sentence. */
async function failure(opening: Promise<TileLog>): Promise<string> {
  const error: TrustError = await opening.then(
    () => Promise.reject(new Error('it opened')),
    (reason) => reason,
  );
  expect(error).toMatchObject({ code: 'STACK_DATA' });
  return `${error.message} should be ${error.expected}, found ${error.found}`;
}

async function filledLog(history = new LogHistory()): Promise<string> {
  const folder = temporaryFolder();
  const log = await open(folder);
  await history.append(
    log,
    Array.from({ length: 590 }, (_, i) => `entry ${i}`),
  );
  for (let i = 590; i < 600; i++) await history.append(log, [`entry ${i}`]);
  await log.close();
  return folder;
}

test('an absent checkpoint is an empty log, which is signed and published at once', async () => {
  const folder = temporaryFolder();
  const log = await open(folder);
  expect(log.head.size).toBe(0);
  expect(readFileSync(join(folder, 'checkpoint'), 'utf8')).toBe(log.head.checkpoint);
  expect(log.head.checkpoint.split('\n').slice(0, 3)).toEqual([ORIGIN, '0', '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=']);
});

test('a log that was closed opens with the same head, byte for byte', async () => {
  const history = new LogHistory();
  const folder = await filledLog(history);
  const checkpoint = readFileSync(join(folder, 'checkpoint'), 'utf8');
  const log = await open(folder);
  expect(log.head.checkpoint).toBe(checkpoint);
  expect(readFileSync(join(folder, 'checkpoint'), 'utf8')).toBe(checkpoint);
  await history.expectHonest(log);
});

describe('refuses to open', () => {
  const edit = (file: string, change: (bytes: Buffer) => Uint8Array | string) => (folder: string) => {
    writeFileSync(join(folder, file), change(readFileSync(join(folder, file))));
  };
  const flip = (at: number) => (bytes: Buffer) => bytes.with(at, (bytes[at] as number) ^ 1);
  const checkpointOf = (size: number | bigint, origin: string, key = logKey) =>
    signCheckpoint({ origin, size, rootHash: new Uint8Array(32) }, [{ name: origin, key }]);

  test.each<[string, (folder: string) => void, RegExp]>([
    [
      'a flipped bit in the last tile of level 0',
      edit('tile/0/002.p/88', flip(100)),
      /a tree of 600 with the root [0-9a-f]{64} of its checkpoint, found [0-9a-f]{64}/,
    ],
    ['a flipped bit in the last tile of level 1', edit('tile/1/000.p/2', flip(1)), /a tree of 600/],
    [
      'a tile that was cut',
      (folder) => truncateSync(join(folder, 'tile/0/002.p/88'), 87 * 32),
      /tile\/0\/002\.p\/88 should be 88 hashes in 2816 bytes, found 2784 bytes/,
    ],
    ['a tile that grew', edit('tile/0/002.p/88', (bytes) => Buffer.concat([bytes, bytes.subarray(0, 32)])), /002\.p\/88 should be 88 hashes/],
    ['an empty tile', edit('tile/1/000.p/2', () => ''), /tile\/1\/000\.p\/2 should be 2 hashes in 64 bytes, found 0 bytes/],
    ['a missing tile', (folder) => rmSync(join(folder, 'tile/0/002.p/88')), /tile\/0\/002\.p\/88 should be a file, found nothing/],
    ['a missing bundle', (folder) => rmSync(join(folder, 'tile/entries/002.p/88')), /tile\/entries\/002\.p\/88 should be a file, found nothing/],
    ['a bundle that was cut', (folder) => truncateSync(join(folder, 'tile/entries/002.p/88'), 100), /entries\/002\.p\/88 should be a bundle of entries/],
    [
      'a bundle with fewer entries',
      edit('tile/entries/002.p/88', (bytes) => bytes.subarray(0, bytes.readUInt16BE(0) + 2)),
      /should be 88 entries, found 1 entries/,
    ],
    ['a checkpoint that is no note', edit('checkpoint', () => 'garbage'), /checkpoint should be a signed checkpoint, found/],
    ['an empty checkpoint', edit('checkpoint', () => ''), /checkpoint should be a signed checkpoint/],
    ['a checkpoint that was cut', edit('checkpoint', (bytes) => bytes.subarray(0, bytes.length - 5)), /checkpoint should be a signed checkpoint/],
    [
      'a flipped bit in the signature',
      edit('checkpoint', (bytes) => bytes.toString().replace(/(.)(.{6})\n$/, (_, c, rest) => `${c === 'A' ? 'B' : 'A'}${rest}\n`)),
      /checkpoint should be signed by this log/,
    ],
    ['a checkpoint of another origin', edit('checkpoint', () => checkpointOf(600, 'other.test')), /checkpoint should be signed by this log/],
    ['a checkpoint of another key', edit('checkpoint', () => checkpointOf(600, ORIGIN, generateKey('ed25519'))), /checkpoint should be signed by this log/],
    ['a checkpoint of a longer log', edit('checkpoint', () => checkpointOf(601, ORIGIN)), /tile\/0\/002\.p\/89 should be a file, found nothing/],
    ['a checkpoint of a shorter log with another root', edit('checkpoint', () => checkpointOf(595, ORIGIN)), /a tree of 595/],
    ['an empty log in the place of a longer one', edit('checkpoint', () => checkpointOf(0, ORIGIN)), /a tree of 0/],
    ['a size that is no number here', edit('checkpoint', () => checkpointOf(2n ** 60n, ORIGIN)), /at most 2\^53 entries/],
    ['tiles without a checkpoint', (folder) => rmSync(join(folder, 'checkpoint')), /checkpoint should be the checkpoint of the tiles beside it, found no file/],
  ])('with %s', async (_, damage, message) => {
    const folder = await filledLog();
    damage(folder);
    const before = readFileSync(join(folder, 'tile/0/000'));
    await expect(failure(open(folder))).resolves.toMatch(message);
    await expect(open(folder)).rejects.toThrow(folder);
    expect(readFileSync(join(folder, 'tile/0/000'))).toEqual(before);
  });

  test('a unique log with a full tile missing or cut, since it reads them all', async () => {
    const folder = await filledLog();
    truncateSync(join(folder, 'tile/0/001'), 100);
    await expect(failure(open(folder, { unique: true }))).resolves.toMatch(/tile\/0\/001 should be 256 hashes in 8192 bytes, found 100 bytes/);
    rmSync(join(folder, 'tile/0/001'));
    await expect(failure(open(folder, { unique: true }))).resolves.toMatch(/tile\/0\/001 should be a file, found nothing/);
  });

  test('with a disk that cannot be read', async () => {
    const folder = await filledLog();
    const disk = openDisk(folder);
    const broken = { ...disk, read: () => Promise.reject(new Error('EIO: i/o error')) };
    await expect(openTileLog({ disk: broken, ...logOptions() })).rejects.toThrow(/EIO/);
  });
});

describe('garbage behind the checkpoint', () => {
  test('is not seen, and overwritten', async () => {
    const history = new LogHistory();
    const folder = await filledLog(history);
    const disk = openDisk(folder);
    // As a batch of 200 leaves it whose checkpoint was never written.
    const hashes = new Uint8Array(8192).fill(9);
    await disk.writeAll([
      { path: 'tile/0/002', bytes: hashes },
      { path: 'tile/0/003.p/32', bytes: hashes.subarray(0, 1024) },
      { path: 'tile/1/000.p/3', bytes: hashes.subarray(0, 96) },
      { path: 'tile/entries/002', bytes: hashes },
    ]);
    const log = await open(folder);
    expect(log.head.size).toBe(600);
    expect(await log.file('tile/0/002')).toBeUndefined();
    expect((await log.entries(599, 601)).map(textOf)).toEqual(['entry 599']);
    for (let i = 0; i < 12; i++) {
      await history.append(
        log,
        Array.from({ length: 17 }, (_, k) => `after ${i} ${k}`),
      );
    }
    await log.close();
    const again = await open(folder, { unique: true });
    expect(again.head.size).toBe(804);
    await history.expectHonest(again);
  });

  test('does not stand for a partial tile that is there', async () => {
    const folder = await filledLog();
    await openDisk(folder).write('tile/0/002', new Uint8Array(8192));
    expect((await open(folder)).head.size).toBe(600);
  });
});

test('a partial tile that was cleaned up is cut from the full one', async () => {
  // A backup that copied the checkpoint before, and the tiles after, a tile became full.
  const folder = await filledLog();
  const checkpoint = readFileSync(join(folder, 'checkpoint'));
  let log = await open(folder);
  await Promise.all(Array.from({ length: 200 }, (_, i) => log.append(entryOf(`later ${i}`))));
  await log.close();
  writeFileSync(join(folder, 'checkpoint'), checkpoint);
  log = await open(folder);
  expect(log.head.size).toBe(600);
  expect((await log.entries(599, 700)).map(textOf)).toEqual(['entry 599']);
  expect(await log.inclusionProof(599)).toHaveLength(6);
});

describe('garbage in full tiles', () => {
  const damages: [string, (folder: string) => void][] = [
    ['flipped', (folder) => writeFileSync(join(folder, 'tile/0/000'), readFileSync(join(folder, 'tile/0/000')).with(40, 1))],
    ['cut', (folder) => truncateSync(join(folder, 'tile/0/000'), 8191)],
    ['missing', (folder) => rmSync(join(folder, 'tile/0/000'))],
  ];
  test.each(damages)('that are %s makes proofs fail, and never wrong', async (_, damage) => {
    const folder = await filledLog();
    damage(folder);
    const log = await open(folder);
    await expect(log.inclusionProof(3)).rejects.toThrow(/damaged/);
    await expect(log.root(3)).rejects.toThrow(/damaged/);
    await expect(log.consistencyProof(3)).rejects.toThrow(/damaged/);
    expect(await log.inclusionProof(599)).toHaveLength(6); // what needs no damaged tile goes on
    expect((await log.append(entryOf('next'))).index).toBe(600);
  });

  test('of a bundle makes reading it fail', async () => {
    const folder = await filledLog();
    truncateSync(join(folder, 'tile/entries/000'), 1000);
    const log = await open(folder);
    await expect(log.entries(0, 1)).rejects.toThrow(/tile\/entries\/000$/);
    expect((await log.entries(256, 257)).map(textOf)).toEqual(['entry 256']);
  });
});

test('a clock that goes back makes no difference to the order of checkpoints', async () => {
  const folder = temporaryFolder();
  let time = 1_700_000_000;
  const sign: TileLogOptions['sign'] = (size, rootHash) => {
    time -= 3600;
    return signCheckpoint({ origin: ORIGIN, size, rootHash, extensions: [`Timestamp: ${time}`] }, [{ name: ORIGIN, key: logKey }]);
  };
  const history = new LogHistory();
  for (let i = 0; i < 4; i++) {
    const log = await open(folder, { sign });
    for (let k = 0; k < 5; k++) await history.append(log, [`${i} ${k}`]);
    await log.close();
  }
  const log = await open(folder, { sign });
  expect(history.checkpoints).toBe(20);
  await history.expectHonest(log);
});
