import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inOrder } from './in-order.ts';

test('results come in the order of the items, whichever is done first', async () => {
  expect(await inOrder([30, 1, 10, 1], 3, async (ms) => sleep(ms, ms))).toEqual([30, 1, 10, 1]);
});

test.each([1, 3, 8])('no more than %i at once', async (jobs) => {
  let running = 0;
  let most = 0;
  await inOrder(Array.from({ length: 10 }), jobs, async () => {
    running += 1;
    most = Math.max(most, running);
    await sleep(1);
    running -= 1;
  });
  expect(most).toBe(jobs);
});

test('of several errors the one of the first item is thrown, and nothing is begun after it', async () => {
  const begun: string[] = [];
  const fails = { slow: 20, quick: 1, late: 1 };
  const run = inOrder(['slow', 'quick', 'late'] as const, 2, async (name) => {
    begun.push(name);
    await sleep(fails[name]);
    throw new Error(name);
  });
  await expect(run).rejects.toThrow('slow');
  expect(begun).toEqual(['slow', 'quick']);
});
