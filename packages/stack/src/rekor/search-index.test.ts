/** The index against a plain list of who holds which key: in any order of writing, after any kind of end, on any disk. */
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, test, vi } from 'vitest';
import { failingDisk } from '../../test/rekor-scene.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { type Disk, openDisk } from '../store/disk.ts';
import { openSearchIndex, type SearchIndex, type SearchQuery } from './search-index.ts';
import { type SearchKey, searchKey } from './search-keys.ts';

type Entry = readonly string[];

/** Some entries, of which `read` are read; and an index over them. */
function logOf(all: readonly Entry[]) {
  const state = { size: all.length, reads: 0 };
  const entries = {
    size: () => state.size,
    read: async (start: number, end: number) => {
      state.reads += end - start;
      return all.slice(start, Math.min(end, state.size));
    },
    keys: (entry: Entry): SearchKey[] => entry.map(searchKey),
  };
  const open = (disk: Disk | string): Promise<SearchIndex<Entry>> =>
    openSearchIndex({ disk: typeof disk === 'string' ? openDisk(disk) : disk, entries, log: pino({ level: 'silent' }) });
  return { state, entries, open };
}

const query = (operator: SearchQuery['operator'], ...words: string[]): SearchQuery => ({ operator, terms: words.map((word) => [searchKey(word)]) });

async function indexesOf(index: SearchIndex<Entry>, ...words: string[]): Promise<number[]> {
  return (await index.find(query('or', ...words))).map(({ index: at }) => at);
}

const ENTRIES: readonly Entry[] = Array.from({ length: 30 }, (_, i) => [`own ${i}`, i % 2 === 0 ? 'even' : 'odd', ...(i % 3 === 0 ? ['third'] : [])]);

async function expectAll(index: SearchIndex<Entry>, entries: readonly Entry[] = ENTRIES): Promise<void> {
  for (const word of new Set(entries.flat())) {
    const expected = entries.flatMap((entry, i) => (entry.includes(word) ? [i] : [])).reverse();
    expect([word, await indexesOf(index, word)]).toEqual([word, expected]);
  }
  expect(await indexesOf(index, 'nothing')).toEqual([]);
}

/** All of `ENTRIES`, told and on disk. */
async function written(): Promise<string> {
  const folder = temporaryFolder();
  const log = logOf(ENTRIES);
  const index = await log.open(folder);
  for (const [i, entry] of ENTRIES.entries()) {
    index.add(i, entry.map(searchKey));
  }
  await index.close();
  expect(log.state.reads).toBe(0);
  return folder;
}

describe('finds', () => {
  test('what was told, without reading the log for it', async () => {
    const folder = await written();
    const log = logOf(ENTRIES);
    const index = await log.open(folder);
    expect(index.size).toBe(30);
    expect(await indexesOf(index, 'own 7')).toEqual([7]);
    expect(log.state.reads).toBe(1); // the hit itself
    await expectAll(index);
  });

  test('with or and and, over several terms, each of them of several keys', async () => {
    const index = await logOf(ENTRIES).open(await written());
    const found = async (asked: SearchQuery): Promise<number[]> => (await index.find(asked)).map(({ index: at }) => at);
    expect(await found(query('and', 'even', 'third'))).toEqual([24, 18, 12, 6, 0]);
    expect(await found(query('or', 'own 3', 'own 5', 'own 3'))).toEqual([5, 3]);
    expect(await found(query('and', 'own 3', 'even'))).toEqual([]);
    expect(await found({ operator: 'and', terms: [[searchKey('own 3'), searchKey('own 4')], [searchKey('odd')]] })).toEqual([3]);
    expect(await found({ operator: 'and', terms: [] })).toEqual([]);
    expect(await found({ operator: 'or', terms: [[]] })).toEqual([]);
  });

  test('whatever order it is told in, and whatever it is not told at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...ENTRIES.keys()]), fc.nat({ max: 30 }), async (told, restart) => {
        const folder = temporaryFolder();
        let index = await logOf(ENTRIES).open(folder);
        for (const [i, at] of told.entries()) {
          if (i === restart) {
            await index.close();
            index = await logOf(ENTRIES).open(folder);
          }
          index.add(at, (ENTRIES[at] as Entry).map(searchKey));
        }
        await expectAll(index);
        await index.close();
        await expectAll(await logOf(ENTRIES).open(folder));
      }),
      { numRuns: 30 },
    );
  });

  test('a thousand hits at most, the newest first', async () => {
    const many = Array.from({ length: 1500 }, (_, i) => ['same', `own ${i}`]);
    const found = await indexesOf(await logOf(many).open(temporaryFolder()), 'same');
    expect(found).toEqual(Array.from({ length: 1000 }, (_, i) => 1499 - i));
  });

  test('all of many thousand keys, however often the table grew', async () => {
    const many = Array.from({ length: 9000 }, (_, i) => [`own ${i}`, `group ${i % 100}`]);
    const folder = temporaryFolder();
    const index = await logOf(many).open(folder);
    for (const [i, entry] of many.entries()) index.add(i, entry.map(searchKey));
    for (const one of [index, await index.close().then(() => logOf(many).open(folder))]) {
      for (const at of [0, 1, 4095, 8191, 8999]) expect(await indexesOf(one, `own ${at}`)).toEqual([at]);
      expect(await indexesOf(one, 'group 42')).toHaveLength(90);
    }
  });

  test('nothing in an entry that does not hold the key, whatever the index says', async () => {
    const folder = temporaryFolder();
    const index = await logOf(ENTRIES).open(folder);
    for (const i of ENTRIES.keys()) index.add(i, [searchKey('lie')]);
    expect(await indexesOf(index, 'lie')).toEqual([]);
  });
});

describe('is complete again after', () => {
  test('its file was cut at any byte', async () => {
    const folder = await written();
    const file = join(folder, 'search-index');
    const whole = readFileSync(file);
    for (let length = 0; length <= whole.length; length += 7) {
      writeFileSync(file, whole);
      truncateSync(file, length);
      const index = await logOf(ENTRIES).open(folder);
      await expectAll(index);
      await index.close();
      const log = logOf(ENTRIES);
      const again = await log.open(folder);
      expect([length, again.size]).toEqual([length, 30]);
      await again.close();
      expect(log.state.reads).toBe(0);
    }
  });

  test('any byte of its file was changed', async () => {
    const folder = await written();
    const file = join(folder, 'search-index');
    const whole = readFileSync(file);
    for (let at = 0; at < whole.length; at += 5) {
      writeFileSync(
        file,
        whole.map((byte, i) => (i === at ? byte ^ 0x10 : byte)),
      );
      const index = await logOf(ENTRIES).open(folder);
      await expectAll(index);
      await index.close();
    }
  });

  test('its file was lost, or is one of a longer log', async () => {
    const folder = await written();
    const shorter = ENTRIES.slice(0, 20);
    await expectAll(await logOf(shorter).open(folder), shorter);
    rmSync(join(folder, 'search-index'));
    await expectAll(await logOf(ENTRIES).open(folder));
  });

  test('writing failed, and tore what it wrote', async () => {
    const folder = temporaryFolder();
    let failing = true;
    const real = openDisk(folder);
    const torn: Disk = {
      ...failingDisk(real, () => failing),
      append: async (path, bytes) => {
        if (!failing) return real.append(path, bytes);
        await real.append(path, bytes.subarray(0, 17));
        throw new Error('EIO: i/o error');
      },
    };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const index = await logOf(ENTRIES).open(torn);
      for (const [i, entry] of ENTRIES.entries()) {
        if (i === 20) failing = false;
        index.add(i, entry.map(searchKey));
        await vi.advanceTimersByTimeAsync(1000);
      }
      await expectAll(index);
      await index.close();
    } finally {
      vi.useRealTimers();
    }
    const log = logOf(ENTRIES);
    const again = await log.open(folder);
    expect(again.size).toBe(30);
    expect(log.state.reads).toBe(0);
    await expectAll(again);
  });
});

describe('writes', () => {
  test('once for all that came within a second, and nothing when nothing came', async () => {
    const appended: number[] = [];
    const real = openDisk(temporaryFolder());
    const disk: Disk = {
      ...real,
      append: async (path, bytes) => {
        appended.push(bytes.length);
        await real.append(path, bytes);
      },
    };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const log = logOf(ENTRIES);
      log.state.size = 0;
      const index = await log.open(disk);
      const tell = (from: number, to: number): void => {
        log.state.size = to;
        for (let i = from; i < to; i++) index.add(i, [searchKey(`own ${i}`)]);
      };
      tell(0, 10);
      await vi.advanceTimersByTimeAsync(999);
      expect(appended).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      await vi.waitFor(() => expect(appended).toEqual([11 * 8]));
      tell(10, 12);
      await vi.advanceTimersByTimeAsync(60_000);
      await vi.waitFor(() => expect(appended).toEqual([11 * 8, 3 * 8]));
      await index.close();
      expect(appended).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a log of which much is not in the index', () => {
  test('is not searched before it was read', async () => {
    const many = Array.from({ length: 12_000 }, (_, i) => [`own ${i}`]);
    const index = await logOf(many).open(temporaryFolder());
    await expect(index.find(query('or', 'own 3'))).rejects.toMatchObject({
      status: 503,
      message: expect.stringMatching(/^the search index is being made: \d+ of 12000 entries are in it$/),
      headers: { 'Retry-After': '10' },
    });
    await vi.waitFor(() => expect(index.size).toBe(12_000), { timeout: 10_000 });
    expect(await indexesOf(index, 'own 11999')).toEqual([11_999]);
  });

  test('takes what is told meanwhile', async () => {
    const many = Array.from({ length: 12_000 }, (_, i) => [`own ${i}`]);
    const log = logOf(many);
    log.state.size = 11_000;
    const index = await log.open(temporaryFolder());
    await expect(index.find(query('or', 'own 3'))).rejects.toMatchObject({ status: 503 });
    log.state.size = 12_000;
    for (let i = 11_000; i < 12_000; i++) index.add(i, [searchKey(`own ${i}`)]);
    await vi.waitFor(() => expect(index.size).toBe(12_000), { timeout: 10_000 });
    expect(await indexesOf(index, 'own 11500', 'own 10999')).toEqual([11_500, 10_999]);
  });

  test('that cannot be read says so, and the index goes on when it can be', async () => {
    const { entries } = logOf(ENTRIES);
    let readable = false;
    const read = async (start: number, end: number): Promise<readonly Entry[]> => {
      if (!readable) throw new Error('EIO: i/o error');
      return entries.read(start, end);
    };
    const index = await openSearchIndex({ disk: openDisk(temporaryFolder()), entries: { ...entries, read }, log: pino({ level: 'silent' }) });
    await expect(index.find(query('or', 'even'))).rejects.toThrow('EIO');
    readable = true;
    await expectAll(index);
  });
});
