import { expect, test } from 'vitest';
import { isRetryableStatus, MAX_WAIT_MS, parseRetryAfter, retryDelayMs } from './retry.ts';

const NOW = Date.parse('2026-08-25T00:00:00Z');

test.each([
  [undefined, undefined],
  ['0', 0],
  ['120', 120_000],
  ['Tue, 25 Aug 2026 00:00:07 GMT', 7000],
  ['Mon, 24 Aug 2026 00:00:00 GMT', 0],
  ['-1', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['2026-08-25', undefined],
])('reads Retry-After: %s', (value, expected) => {
  expect(parseRetryAfter(value, NOW)).toBe(expected);
});

test('doubles the step, takes a random share of it, and never exceeds the cap', () => {
  expect([1, 2, 3].map((attempt) => retryDelayMs(attempt, undefined, () => 0.5))).toEqual([125, 250, 500]);
  expect(retryDelayMs(30, undefined, () => 1)).toBe(MAX_WAIT_MS);
});

test('follows Retry-After up to the cap, and gives up beyond', () => {
  expect(retryDelayMs(1, 7000, () => 0)).toBe(7000);
  expect(retryDelayMs(1, MAX_WAIT_MS + 1, () => 0)).toBeUndefined();
});

test.each([408, 429, 500, 502, 503, 504])('%i is worth another try', (status) => expect(isRetryableStatus(status)).toBe(true));
test.each([200, 301, 400, 401, 404, 501, 505])('%i is not', (status) => expect(isRetryableStatus(status)).toBe(false));
