import { isTrustError, utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { current, GENERATION_KINDS, newInstance, nextGeneration, readInstance, requireInstance, writeInstance } from './instance.ts';
import { openDisk } from './store/disk.ts';

const START = new Date('2026-03-01T10:00:00Z');
const LATER = new Date('2026-09-01T10:00:00Z');

describe('stack.json', () => {
  test('comes back as it was written', async () => {
    const disk = openDisk(temporaryFolder());
    const instance = nextGeneration(newInstance('http://127.0.0.1:4100', START), 'rekorV1', { start: LATER, end: LATER });
    await writeInstance(disk, instance);
    expect(await readInstance(disk)).toEqual(instance);
  });

  test('is absent in a new folder, which is an error only where a stack is needed', async () => {
    const disk = openDisk(temporaryFolder());
    expect(await readInstance(disk)).toBeUndefined();
    await expect(requireInstance(disk)).rejects.toMatchObject({ code: 'STACK_DATA', message: expect.stringContaining(disk.root) });
  });

  test.each([
    ['no JSON', 'x', 'not valid JSON'],
    ['of a newer release', '{"version":2}', 'newer release'],
    ['without generations', '{"version":1,"origin":"http://127.0.0.1:1","created":"2026-03-01T10:00:00Z"}', 'generations'],
    ['with a kind missing', '{"version":1,"origin":"http://127.0.0.1:1","created":"2026-03-01T10:00:00Z","generations":{}}', 'generations.ca'],
    [
      'with a gap in the numbers',
      '{"version":1,"origin":"http://127.0.0.1:1","created":"2026-03-01T10:00:00Z","generations":{"ca":[{"number":2,"start":"2026-03-01T10:00:00Z"}]}}',
      'without a gap',
    ],
  ])('%s is refused', async (_name, text, part) => {
    const disk = openDisk(temporaryFolder());
    await disk.write('stack.json', utf8(text));
    const error: unknown = await readInstance(disk).catch((caught: unknown) => caught);
    expect(isTrustError(error) && error.code).toBe('STACK_DATA');
    expect(String(error)).toContain(part);
  });
});

describe('a rotation', () => {
  test.each(GENERATION_KINDS)('of %s ends the last generation and begins the next, and leaves the others alone', (kind) => {
    const before = newInstance('http://127.0.0.1:4100', START);
    const after = nextGeneration(before, kind, { start: LATER, end: LATER });
    expect(after.generations[kind].map(({ number, start, end }) => ({ number, start, end }))).toEqual([
      { number: 1, start: START, end: LATER },
      { number: 2, start: LATER, end: undefined },
    ]);
    expect(current(after, kind).number).toBe(2);
    for (const other of GENERATION_KINDS) if (other !== kind) expect(after.generations[other]).toEqual(before.generations[other]);
  });

  test('begins with a whole second, as a new instance does: sigstore-js drops the fraction of times that it compares with it', () => {
    const [first, second] = [new Date('2026-03-01T10:00:00.900Z'), new Date('2026-09-01T10:00:00.900Z')];
    const { generations } = nextGeneration(newInstance('http://127.0.0.1:1', first), 'tsa', { start: second, end: second });
    expect(generations.tsa.map(({ start }) => start)).toEqual([START, LATER]);
  });

  test('does not move the end of one that has ended', () => {
    const twice = nextGeneration(nextGeneration(newInstance('http://127.0.0.1:1', START), 'tsa', { start: START, end: START }), 'tsa', {
      start: LATER,
      end: LATER,
    });
    expect(twice.generations.tsa.map(({ end }) => end)).toEqual([START, LATER, undefined]);
  });

  test('gives each shard of Rekor v1 a tree id of its own', () => {
    const { generations } = nextGeneration(newInstance('http://127.0.0.1:1', START), 'rekorV1', { start: LATER, end: LATER });
    const [first, second] = generations.rekorV1.map(({ treeId }) => treeId);
    expect(first).not.toBe(second);
    for (const id of [first, second]) expect(id).toBeLessThan(2n ** 63n);
  });
});
