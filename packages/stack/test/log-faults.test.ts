/** Disks that fail in the middle of a publication: nothing acknowledged is lost, nothing is there twice, no two checkpoints contradict. */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogUnavailable, openTileLog, type TileLog } from '../src/log/index.ts';
import { openDisk } from '../src/store/disk.ts';
import { FAULTS, type Fault, type FaultyDisk, faultAt, faultFrom, faultsWithProbability, faultyDisk, noFaults } from './faulty-disk.ts';
import { LogHistory } from './log-history.ts';
import { logOptions } from './log-options.ts';
import { temporaryFolder } from './temporary-folder.ts';

const texts = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name} ${i}`);

interface Scene {
  readonly folder: string;
  readonly disk: FaultyDisk;
  readonly history: LogHistory;
  readonly log: TileLog;
}

/** A log of 250 entries, on a disk that works. */
async function scene(): Promise<Scene> {
  const folder = temporaryFolder();
  const disk = faultyDisk(openDisk(folder));
  const history = new LogHistory();
  const log = await openTileLog({ disk, ...logOptions(), unique: true });
  await history.append(log, texts('before', 250));
  return { folder, disk, history, log };
}

const reopen = (folder: string): Promise<TileLog> => openTileLog({ disk: openDisk(folder), ...logOptions(), unique: true });

/** Ten entries behind 250: a full tile, a full bundle, a partial of each, one on level 1, the checkpoint. */
const OPERATIONS = 6;

const cases = FAULTS.flatMap((fault) => Array.from({ length: OPERATIONS }, (_, i): [Fault, number] => [fault, i + 1]));

test('a commit across a tile has six operations', async () => {
  const { disk, history, log } = await scene();
  const before = disk.operations();
  await history.append(log, texts('batch', 10));
  expect(disk.operations() - before).toBe(OPERATIONS);
});

describe.each(cases)('%s at operation %i of a commit', (fault, operation) => {
  test('is told to all who wait, and what was published stays', async () => {
    const { disk, history, log } = await scene();
    const { head } = log;
    disk.fail(faultAt(disk.operations() + operation, fault));
    const results = await history.append(log, texts('batch', 10));
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: expect.any(LogUnavailable) });
    expect(log.head).toBe(head);
    expect(log.problem).toMatch(/ENOSPC|EIO/);
    expect(log.pending).toBe(0);
    await history.expectHonest(log);
  });

  test('then a crash: the log opens again without a fork', async () => {
    const { folder, disk, history, log } = await scene();
    disk.fail(faultFrom(disk.operations() + operation, fault));
    await history.append(log, texts('batch', 10));
    const again = await reopen(folder);
    await history.expectHonest(again);
    // Other entries than those that failed, and more and fewer of them.
    for (const count of [3, 1, 20]) await history.append(again, texts(`after ${count}`, count));
    await history.expectHonest(again);
    await again.close();
    await history.expectHonest(await reopen(folder));
  });

  test('then a disk that works: the same batch comes first', async () => {
    const { folder, disk, history, log } = await scene();
    disk.fail(faultAt(disk.operations() + operation, fault));
    await history.append(log, texts('batch', 10));
    const next = await history.append(log, texts('next', 4));
    expect(next.map((result) => result.status === 'fulfilled' && result.value.index)).toEqual([260, 261, 262, 263]);
    expect(log.problem).toBeUndefined();
    // Who was refused asks again, and finds the entry where it was to be.
    const retried = await history.append(log, texts('batch', 10));
    retried.forEach((result, i) => {
      expect(result).toMatchObject({ value: { index: 250 + i, duplicate: true } });
    });
    await history.expectHonest(log);
    await log.close();
    await history.expectHonest(await reopen(folder));
  });

  test('and again at each attempt, then closing: the first batch is published, and nothing else', async () => {
    const { folder, disk, history, log } = await scene();
    disk.fail(faultFrom(disk.operations() + operation, fault));
    for (const name of ['one', 'two', 'three']) {
      const results = await history.append(log, texts(name, 10));
      for (const result of results) expect(result).toMatchObject({ reason: expect.any(LogUnavailable) });
    }
    disk.fail(noFaults);
    await log.close();
    expect(log.head.size).toBe(260); // only `one` ever had indexes
    await history.expectHonest(await reopen(folder));
  });
});

test('a batch is signed once, however often it is tried', async () => {
  const signed: number[] = [];
  const { folder, log: first } = await scene();
  await first.close();
  const disk = faultyDisk(openDisk(folder));
  const { sign, ...options } = logOptions();
  const log = await openTileLog({
    disk,
    ...options,
    sign: (size, root) => {
      signed.push(size);
      return sign(size, root);
    },
  });
  const history = new LogHistory();
  const checkpointFails = (): void => disk.fail(faultAt(disk.operations() + 3, 'failed, but written'));
  for (let i = 0; i < 3; i++) {
    checkpointFails();
    await history.append(log, [`${i}`]);
  }
  disk.fail(noFaults);
  await history.append(log, ['last']);
  expect(signed).toEqual([251, 252]);
  expect(log.head.size).toBe(252);
});

test('what could not be published is, when somebody asks for it, and nobody appends', async () => {
  const { folder, disk, history, log } = await scene();
  log.retry();
  disk.fail(faultAt(disk.operations() + 1, 'full disk'));
  await history.append(log, texts('batch', 3));
  expect(log.problem).toMatch(/ENOSPC/);
  log.retry();
  while (log.problem !== undefined) await sleep(1);
  expect(log.head.size).toBe(253);
  await history.expectHonest(await reopen(folder));
});

test('a signer that fails is as a disk that fails', async () => {
  const { folder, history, log: first } = await scene();
  await first.close();
  let works = false;
  const { sign, ...options } = logOptions();
  const log = await openTileLog({
    disk: openDisk(folder),
    ...options,
    sign: (size, root) => {
      if (!works) throw new Error('no key today');
      return sign(size, root);
    },
  });
  const [refused] = await history.append(log, ['a']);
  expect(refused).toMatchObject({ reason: expect.any(LogUnavailable) });
  expect(log.problem).toBe('no key today');
  works = true;
  const [appended] = await history.append(log, ['b']);
  expect(appended).toMatchObject({ value: { index: 251 } });
  await history.expectHonest(log);
});

test('closing on a disk that does not recover loses nothing that was acknowledged', async () => {
  const { folder, disk, history, log } = await scene();
  disk.fail(faultFrom(0, 'full disk'));
  const waiting = history.append(log, texts('batch', 3));
  await log.close();
  expect((await waiting).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  const again = await reopen(folder);
  expect(again.head.size).toBe(250);
  await history.expectHonest(again);
});

test('a folder of narrower tiles that cannot be removed is nobody’s problem', async () => {
  const folder = temporaryFolder();
  const disk = { ...openDisk(folder), remove: () => Promise.reject(new Error('EACCES')) };
  const history = new LogHistory();
  const log = await openTileLog({ disk, ...logOptions() });
  for (const count of [200, 100]) await history.append(log, texts(`${count}`, count));
  await log.close();
  expect(log.problem).toBeUndefined();
  await history.expectHonest(await reopen(folder));
});

test('a disk that cannot take the first checkpoint opens no log, and then it does', async () => {
  for (const fault of FAULTS) {
    const folder = temporaryFolder();
    await expect(openTileLog({ disk: faultyDisk(openDisk(folder), faultAt(1, fault)), ...logOptions() })).rejects.toThrow(/ENOSPC|EIO/);
    expect((await reopen(folder)).head.size).toBe(0);
  }
});

test('any faults at any time, with restarts in between', async () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ does: fc.constant('append' as const), count: fc.integer({ min: 1, max: 60 }) }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('fail' as const), probability: fc.double({ min: 0, max: 0.5, noNaN: true }) }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('crash' as const) }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('close' as const) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), fc.integer(), async (steps, seed) => {
      const folder = temporaryFolder();
      const disk = faultyDisk(openDisk(folder));
      const history = new LogHistory();
      let log = await openTileLog({ disk, ...logOptions(), unique: true });
      let made = 0;
      for (const next of steps) {
        if (next.does === 'append') {
          // Some of them again: what was refused before may be in the log by now.
          const from = Math.max(0, made - 10);
          made += next.count;
          await history.append(log, texts('entry', made).slice(from));
        } else if (next.does === 'fail') {
          disk.fail(faultsWithProbability(next.probability, seed + made));
        } else {
          disk.fail(noFaults);
          if (next.does === 'close') await log.close();
          log = await openTileLog({ disk, ...logOptions(), unique: true });
        }
      }
      disk.fail(noFaults);
      await history.expectHonest(log);
      await history.append(log, ['last']);
      await history.expectHonest(await reopen(folder));
    }),
    { numRuns: 25 },
  );
});
