import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { otherProcess } from '../test/other-process.ts';
import { copyOf } from '../test/stack-copy.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { rotate } from './rotate.ts';
import { startStack } from './stack.ts';
import { readStatus } from './status.ts';

const START = new Date('2026-03-01T10:00:00Z');
const DAY_MS = 86_400_000;
const after = (days: number): Date => new Date(START.getTime() + days * DAY_MS);
const log = pino({ level: 'silent' });

let made: string;
let folder: string;

beforeAll(async () => {
  made = mkdtempSync(join(tmpdir(), 'assay-stack-'));
  afterAll(() => rmSync(made, { recursive: true, force: true }));
  await (await startStack({ directory: made, clock: () => START, log })).close();
});

beforeEach(() => {
  folder = copyOf(made);
});

const warned = async (now: Date): Promise<string[]> =>
  (await readStatus(folder, now)).warnings.map(({ expired, says }) => `${expired ? 'too late: ' : ''}${says}`);

describe('a stack that was just made', () => {
  test('tells its address, its keys, its logs, and what expires when', async () => {
    const status = await readStatus(folder, START);
    expect(status).toMatchObject({ directory: folder, created: START, running: undefined, warnings: [] });
    expect(status.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(status.generations.map(({ kind, number, start, end }) => [kind, number, start, end])).toEqual(
      ['ca', 'ctlog', 'rekorV1', 'rekorV2', 'tsa', 'tuf', 'oidc'].map((kind) => [kind, 1, START, undefined]),
    );
    const chains = status.generations.filter(({ certificates }) => certificates !== undefined);
    expect(chains.map(({ kind, certificates }) => [kind, certificates?.map(({ notAfter }) => notAfter.getUTCFullYear())])).toEqual([
      ['ca', [2036, 2036]],
      ['tsa', [2036, 2036]],
    ]);
    expect(status.tuf.map(({ role, version, expires }) => [role, version, (expires.getTime() - START.getTime()) / DAY_MS])).toEqual([
      ['root', 1, 730],
      ['targets', 1, 730],
      ['snapshot', 1, 30],
      ['timestamp', 1, 7],
    ]);
    expect(status.logs.map(({ kind, size }) => [kind, size])).toEqual([
      ['ctlog', 0],
      ['rekorV1', 0],
      ['rekorV2', 0],
    ]);
  });

  test('is data: nothing of it is lost in JSON', async () => {
    const status = await readStatus(folder, START);
    expect(JSON.parse(JSON.stringify(status))).toMatchObject({
      created: '2026-03-01T10:00:00.000Z',
      tuf: expect.arrayContaining([expect.objectContaining({ version: 1 })]),
    });
  });
});

test.each<[name: string, days: number, warnings: string[]]>([
  ['nothing, when all is new', 0, []],
  ['nothing, a day and a minute before the timestamp expires', 6 - 1 / 1440, []],
  ['of the timestamp, a day before', 6.5, ['TUF timestamp 1 expires on 2026-03-08T10:00:00Z, in 12 hours']],
  ['of the timestamp, in its last hour', 6.99, ['TUF timestamp 1 expires on 2026-03-08T10:00:00Z, in less than an hour']],
  ['that it is too late, in the moment in which the timestamp expires', 7, ['too late: TUF timestamp 1 expired on 2026-03-08T10:00:00Z']],
  [
    'of the snapshot, a week before; what is too late comes first',
    25,
    ['too late: TUF timestamp 1 expired on 2026-03-08T10:00:00Z', 'TUF snapshot 1 expires on 2026-03-31T10:00:00Z, in 5 days'],
  ],
  [
    'of root and targets, two months before',
    700,
    [
      'too late: TUF snapshot 1 expired on 2026-03-31T10:00:00Z',
      'too late: TUF timestamp 1 expired on 2026-03-08T10:00:00Z',
      'TUF root 1 expires on 2028-02-29T10:00:00Z, in 30 days',
      'TUF targets 1 expires on 2028-02-29T10:00:00Z, in 30 days',
    ],
  ],
])('warns %s', async (_name, days, warnings) => {
  expect(await warned(after(days))).toEqual(warnings);
});

test.each([
  ['30 days and a minute before', new Date('2036-01-31T09:59:00Z'), 0],
  ['29 days before', new Date('2036-02-01T10:00:00Z'), 2],
  ['at its end', new Date('2036-03-01T10:00:00Z'), 2],
])('a chain that ends is told %s', async (_name, now, count) => {
  const { warnings } = await readStatus(folder, now);
  const chains = warnings.filter(({ says }) => says.startsWith('certificate'));
  expect(chains.map(({ hint }) => hint)).toEqual(['assay stack rotate ca', 'assay stack rotate tsa'].slice(0, count));
  expect(chains.every(({ expired }) => expired === now >= new Date('2036-03-01T10:00:00Z'))).toBe(true);
});

test('a chain that was replaced may end', async () => {
  const late = new Date('2036-02-01T10:00:00Z');
  for (const what of ['ca', 'tsa'] as const) await rotate(folder, what, late);
  const later = new Date('2036-02-02T10:00:00Z');
  expect((await warned(later)).filter((says) => says.includes('certificate'))).toEqual([]);
  expect((await readStatus(folder, later)).generations.filter(({ kind }) => kind === 'ca')).toMatchObject([
    { number: 1, end: new Date('2036-02-01T10:15:00Z'), certificates: expect.any(Array) },
    { number: 2, start: late },
  ]);
});

test('what to do about TUF depends on whether the stack runs', async () => {
  const now = after(6.5);
  expect((await readStatus(folder, now)).warnings).toMatchObject([{ hint: 'start the stack: it renews it itself' }]);
  await otherProcess(folder);
  expect((await readStatus(folder, now)).warnings).toMatchObject([{ hint: expect.stringContaining('should have renewed it') }]);
});

describe('the process that has the folder', () => {
  test('is told while it runs, and keeps it', async () => {
    const other = await otherProcess(folder);
    expect(other.said).toBe('locked\n');
    for (let i = 0; i < 2; i++) expect((await readStatus(folder, START)).running).toEqual({ pid: other.child.pid });
  });

  test('may be the one that asks', async () => {
    const stack = await startStack({ directory: folder, clock: () => START, log });
    expect((await readStatus(folder, START)).running).toEqual({ pid: process.pid });
    // Looking did not let go of it.
    expect((await otherProcess(folder)).said).toContain('refused');
    await stack.close();
    expect((await readStatus(folder, START)).running).toBeUndefined();
  });

  test('is told without its id when nobody wrote it down', async () => {
    await otherProcess(folder);
    rmSync(join(folder, 'lock.pid'));
    expect((await readStatus(folder, START)).running).toEqual({});
  });
});

describe('what cannot be read', () => {
  test.each([
    ['ca/chain-1.pem', 'ca/chain-1.pem cannot be read'],
    ['tuf/timestamp.json', 'the TUF repository cannot be read'],
    ['rekor/v2/1/checkpoint', 'rekor/v2/1/checkpoint cannot be read'],
  ])('%s is a warning, and the rest is shown', async (file, part) => {
    writeFileSync(join(folder, file), 'nonsense');
    const { warnings, generations } = await readStatus(folder, START);
    expect(warnings).toEqual([{ expired: false, says: expect.stringContaining(part), hint: 'assay stack check tells all that is wrong' }]);
    expect(generations).toHaveLength(7);
  });

  test('is an error where it is stack.json, or there is no stack', async () => {
    writeFileSync(join(folder, 'stack.json'), '{');
    await expect(readStatus(folder, START)).rejects.toMatchObject({ code: 'STACK_DATA' });
    await expect(readStatus(temporaryFolder(), START)).rejects.toMatchObject({ code: 'STACK_DATA' });
    await expect(readStatus(join(temporaryFolder(), 'absent'), START)).rejects.toMatchObject({ code: 'STACK_DATA' });
  });
});

test('services that were never asked for are not missed', async () => {
  const only = temporaryFolder();
  await (await startStack({ directory: only, clock: () => START, log, only: ['rekor-v2'] })).close();
  expect(await readStatus(only, after(700))).toMatchObject({ tuf: [], warnings: [] });
});
