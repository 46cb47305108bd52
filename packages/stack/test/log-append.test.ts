/** Order, duplicates, refusals: what an append may rely on. */
import { concat, utf8 } from '@assay/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogUnavailable, openTileLog, rekorEntryFormat, type TileLog, type TileLogOptions } from '../src/log/index.ts';
import { LeafIndex } from '../src/log/leaf-index.ts';
import { type Disk, openDisk } from '../src/store/disk.ts';
import { LogHistory } from './log-history.ts';
import { entryOf, logOptions, textOf } from './log-options.ts';
import { temporaryFolder } from './temporary-folder.ts';

function open(disk: Disk = openDisk(temporaryFolder()), options: Partial<TileLogOptions> = {}): Promise<TileLog> {
  return openTileLog({ disk, ...logOptions(), ...options });
}

/** A disk that writes nothing until it is let go. */
function heldDisk(disk: Disk): { readonly disk: Disk; readonly hold: () => void; readonly letGo: () => void } {
  let held = Promise.resolve();
  let letGo = (): void => undefined;
  return {
    disk: {
      ...disk,
      writeAll: async (files) => {
        await held;
        await disk.writeAll(files);
      },
    },
    hold: () => {
      held = new Promise((resolve) => {
        letGo = resolve;
      });
    },
    letGo: () => letGo(),
  };
}

describe('an append', () => {
  test('is answered with a published tree that contains it', async () => {
    const history = new LogHistory();
    const log = await open();
    for (const count of [1, 5, 300])
      await history.append(
        log,
        Array.from({ length: count }, (_, i) => `${count}: ${i}`),
      );
    expect(history.acknowledged).toBe(306);
    await history.expectHonest(log);
  });

  test('of the same turn is signed once', async () => {
    const signed: number[] = [];
    const log = await open(undefined, {
      sign: (size, root) => {
        signed.push(size);
        return logOptions().sign(size, root);
      },
    });
    await Promise.all(Array.from({ length: 40 }, (_, i) => log.append(entryOf(`${i}`))));
    expect(signed).toEqual([0, 40]);
  });

  test('may depend on its index', async () => {
    const log = await open();
    await log.append(entryOf('first'));
    const results = await Promise.all([1, 2, 3].map(() => log.append((index) => entryOf(`I am ${index}`))));
    expect(results.map(({ index }) => index)).toEqual([1, 2, 3]);
    expect((await log.entries(1, 4)).map(textOf)).toEqual(['I am 1', 'I am 2', 'I am 3']);
  });

  test('is not seen before it is published', async () => {
    const { disk, hold, letGo } = heldDisk(openDisk(temporaryFolder()));
    const log = await open(disk, { unique: true });
    hold();
    const appended = log.append(entryOf('a'));
    await new Promise(setImmediate);
    expect(log.head.size).toBe(0);
    expect(log.pending).toBe(1);
    expect(await log.find(entryOf('a').leafHash)).toBeUndefined();
    expect(await log.file('tile/0/000.p/1')).toBeUndefined();
    expect(await log.entries(0, 1)).toEqual([]);
    letGo();
    await appended;
    expect(log.pending).toBe(0);
    expect(await log.find(entryOf('a').leafHash)).toBe(0);
    expect(await log.file('tile/0/000.p/1')).toEqual(entryOf('a').leafHash);
  });

  test.each<[string, Parameters<TileLog['append']>[0], RegExp]>([
    ['an entry that no bundle holds', { leafHash: new Uint8Array(32), data: new Uint8Array(65_536) }, /65536 bytes/],
    ['a leaf hash of another length', { leafHash: new Uint8Array(31), data: new Uint8Array(1) }, /32 bytes, not 31/],
    ['an entry that is too long once it has its index', () => ({ leafHash: new Uint8Array(32), data: new Uint8Array(65_536) }), /65536 bytes/],
    [
      'an entry whose maker fails',
      () => {
        throw new TypeError('no such entry');
      },
      /no such entry/,
    ],
  ])('of %s is refused alone, and takes no index', async (_, entry, message) => {
    const log = await open();
    const results = await Promise.allSettled([log.append(entryOf('a')), log.append(entry), log.append(entryOf('b'))]);
    expect(results[0]).toMatchObject({ value: { index: 0 } });
    expect(results[1]).toMatchObject({ reason: expect.any(TypeError) });
    expect((results[1] as PromiseRejectedResult).reason.message).toMatch(message);
    expect(results[2]).toMatchObject({ value: { index: 1 } });
    expect(log.head.size).toBe(2);
    expect(log.pending).toBe(0);
  });

  test('beyond what may wait is refused, and those before it are not', async () => {
    const { disk, hold, letGo } = heldDisk(openDisk(temporaryFolder()));
    const log = await open(disk, { maxPending: 3 });
    hold();
    const waiting = [log.append(entryOf('0'))];
    await new Promise(setImmediate); // the first one is being written now, and still counts
    waiting.push(log.append(entryOf('1')), log.append(entryOf('2')));
    await expect(log.append(entryOf('3'))).rejects.toThrow(LogUnavailable);
    letGo();
    expect((await Promise.all(waiting)).map(({ index }) => index)).toEqual([0, 1, 2]);
    expect((await log.append(entryOf('4'))).index).toBe(3);
  });
});

describe('closing', () => {
  test('publishes what waits, and refuses what comes', async () => {
    const disk = openDisk(temporaryFolder());
    const log = await open(disk);
    const waiting = Array.from({ length: 20 }, (_, i) => log.append(entryOf(`${i}`)));
    const closed = log.close();
    await expect(log.append(entryOf('late'))).rejects.toThrow(LogUnavailable);
    await closed;
    expect(log.head.size).toBe(20);
    expect((await Promise.all(waiting)).map(({ index }) => index)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect((await open(disk)).head).toEqual(log.head);
  });

  test('twice is harmless, and what was published stays readable', async () => {
    const log = await open();
    await log.append(entryOf('a'));
    await log.close();
    await log.close();
    expect(await log.inclusionProof(0)).toEqual([]);
  });
});

describe('equal leaves', () => {
  test('are one entry in a log that is unique, also in one batch and after opening again', async () => {
    const disk = openDisk(temporaryFolder());
    let log = await open(disk, { unique: true });
    const texts = ['a', 'b', 'a', 'c', 'b', 'a'];
    const first = await Promise.all(texts.map((text) => log.append(entryOf(text))));
    expect(first.map(({ index, duplicate }) => [index, duplicate])).toEqual([
      [0, false],
      [1, false],
      [0, true],
      [2, false],
      [1, true],
      [0, true],
    ]);
    const [again, fresh] = await Promise.all([log.append(entryOf('c')), log.append(entryOf('d'))]);
    expect([again, fresh]).toMatchObject([
      { index: 2, duplicate: true },
      { index: 3, duplicate: false },
    ]);
    await Promise.all(Array.from({ length: 600 }, (_, i) => log.append(entryOf(`more ${i}`))));
    await log.close();

    log = await open(disk, { unique: true });
    expect(await log.append(entryOf('b'))).toMatchObject({ index: 1, duplicate: true });
    expect(await log.append(entryOf('more 599'))).toMatchObject({ index: 603, duplicate: true });
    expect(await log.find(entryOf('more 300').leafHash)).toBe(304);
    expect(await log.find(entryOf('never').leafHash)).toBeUndefined();
    expect(log.head.size).toBe(604);
  });

  test('that are there already need no new checkpoint', async () => {
    const log = await open(undefined, { unique: true });
    await log.append(entryOf('a'));
    const { head } = log;
    expect((await log.append(entryOf('a'))).head).toBe(head);
  });

  test('are two entries in a log that is not', async () => {
    const log = await open();
    const results = await Promise.all(['a', 'a'].map((text) => log.append(entryOf(text))));
    expect(results.map(({ index, duplicate }) => [index, duplicate])).toEqual([
      [0, false],
      [1, false],
    ]);
    expect(await log.find(entryOf('a').leafHash)).toBeUndefined();
  });

  test('are not those that only begin alike', async () => {
    const log = await open(undefined, { unique: true });
    const alike = [1, 2, 3].map((last) => ({ leafHash: concat(new Uint8Array(31), Uint8Array.of(last)), data: utf8(`${last}`) }));
    for (const [i, entry] of alike.entries()) expect(await log.append(entry)).toMatchObject({ index: i, duplicate: false });
    for (const [i, entry] of alike.entries()) expect(await log.find(entry.leafHash)).toBe(i);
  });
});

test('the leaf index finds what was added, and candidates only where four bytes agree', () => {
  const hash = fc.tuple(fc.nat(50), fc.nat(3)).map(([first, last]) => {
    // Few beginnings, far apart and close together, so that chains of slots grow, meet and wrap around.
    const bytes = new Uint8Array(32).fill(last, 8);
    bytes.set([first % 3 === 0 ? 255 : first, 255, 255, first], 0);
    return bytes;
  });
  fc.assert(
    fc.property(fc.array(hash, { maxLength: 3000, size: 'max' }), fc.nat(2000), (hashes, room) => {
      const index = new LeafIndex(room);
      for (const [i, bytes] of hashes.entries()) index.add(bytes, i);
      const beginning = (bytes: Uint8Array): string => bytes.subarray(0, 4).join();
      for (const bytes of hashes.slice(0, 20)) {
        const alike = [...hashes.keys()].filter((i) => beginning(hashes[i] as Uint8Array) === beginning(bytes));
        expect(index.candidates(bytes).toSorted((a, b) => a - b)).toEqual(alike);
      }
      expect(index.candidates(new Uint8Array(32).fill(7))).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

describe("Rekor's bundles of entries", () => {
  test('what is encoded is decoded, one by one or together', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 20 }), (entries) => {
        const bundle = rekorEntryFormat.encode(entries);
        expect(concat(...entries.map((entry) => rekorEntryFormat.encode([entry])))).toEqual(bundle);
        expect(rekorEntryFormat.decode(bundle)).toEqual(entries);
      }),
    );
  });

  test('have a length of two bytes, the higher one first', () => {
    expect(rekorEntryFormat.encode([new Uint8Array(258).fill(1)]).subarray(0, 3)).toEqual(Uint8Array.of(1, 2, 1));
    expect(rekorEntryFormat.decode(rekorEntryFormat.encode([new Uint8Array(65_535)]))[0]).toHaveLength(65_535);
  });

  test('that are cut off are refused at every byte', () => {
    const bundle = rekorEntryFormat.encode([utf8('abc'), utf8('defg')]);
    for (let end = 1; end < bundle.length; end++) {
      if (end !== 5) expect(() => rekorEntryFormat.decode(bundle.subarray(0, end)), `${end}`).toThrow(TypeError);
    }
  });
});
