import { describe, expect, test } from 'vitest';
import { parseGoDuration, reviewBudgetMs, withDeadline } from './deadline.ts';

test.each<[string | null, number]>([
  ['25s', 24_000],
  ['5s', 4500],
  ['1s', 900],
  ['30s', 29_000],
  ['10m0s', 29_000],
  [null, 9000],
  ['', 9000],
  ['soon', 9000],
  ['0s', 9000],
  ['-5s', 9000],
])('of a timeout of %s there are %i ms', (timeout, ms) => {
  expect(reviewBudgetMs(timeout)).toBe(ms);
});

test.each<[string, number | undefined]>([
  ['1m30s', 90_000],
  ['1.5s', 1500],
  ['500ms', 500],
  ['100µs', 0.1],
  ['1h', 3_600_000],
  ['10', undefined],
  ['s', undefined],
  [' 1s', undefined],
])('%s', (text, ms) => {
  expect(parseGoDuration(text)).toBe(ms);
});

describe('work', () => {
  test('in time', async () => expect(await withDeadline(Promise.resolve(1), 10_000)).toBe(1));

  test('that fails', async () => {
    await expect(withDeadline(Promise.reject(new Error('it')), 10_000)).rejects.toThrow('it');
  });

  test('that takes too long, and goes on', async () => {
    let finish: (value: string) => void = () => undefined;
    let done = '';
    const work = new Promise<string>((resolve) => (finish = resolve)).then((value) => (done = value));
    await expect(withDeadline(work, 1)).rejects.toMatchObject({ code: 'ADMISSION_DEADLINE' });
    finish('later');
    await work;
    expect(done).toBe('later');
  });
});
