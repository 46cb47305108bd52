import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { property } from '../test/random.ts';
import { fromUnixSeconds, parseRfc3339, windowContains, windowText } from './time.ts';

describe('RFC 3339', () => {
  test.each([
    ['2022-12-31T23:59:59.999Z', '2022-12-31T23:59:59.999Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2024-01-01T00:00:00.5Z', '2024-01-01T00:00:00.500Z'],
    ['2024-01-01T00:30:00+01:00', '2023-12-31T23:30:00.000Z'],
    ['2024-01-01T00:00:00-23:59', '2024-01-01T23:59:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000Z'],
  ])('%s is %s', (text, iso) => {
    expect(parseRfc3339(text)?.toISOString()).toBe(iso);
  });

  test.each([
    '2023-02-29T00:00:00Z',
    '2024-02-30T00:00:00Z',
    '2024-04-31T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-00-01T00:00:00Z',
    '2024-01-00T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    '2024-01-01T23:59:60Z',
    '2024-01-01T00:00:00',
    '2024-01-01 00:00:00Z',
    '2024-01-01',
    '2024-01-01T00:00Z',
    '2024-1-1T00:00:00Z',
    '24-01-01T00:00:00Z',
    '+002024-01-01T00:00:00Z',
    '2024-01-01T00:00:00.Z',
    '2024-01-01T00:00:00,5Z',
    '2024-01-01T00:00:00.1234567890Z',
    '2024-01-01T00:00:00+24:00',
    '2024-01-01T00:00:00+0100',
    ' 2024-01-01T00:00:00Z',
    '2024-01-01T00:00:00Z\n',
    '1704067200',
    '',
  ])('%j is refused', (text) => {
    expect(parseRfc3339(text)).toBeUndefined();
  });

  test('round trips every millisecond', () => {
    property(fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }), (date) => {
      expect(parseRfc3339(date.toISOString())?.getTime()).toBe(date.getTime());
    });
  });

  test.each([
    ['2024-01-01T00:00:00.1239Z', '.123Z', '.124Z'],
    ['2024-01-01T00:00:00.123000001Z', '.123Z', '.124Z'],
    ['2024-01-01T00:00:00.123000000Z', '.123Z', '.123Z'],
    ['2024-01-01T00:00:00.9999Z', '00.999Z', '01.000Z'],
  ])('cuts %s down for a start and rounds it up for an end, so that no window narrows', (text, down, up) => {
    expect(parseRfc3339(text, 'down')?.toISOString()).toContain(down);
    expect(parseRfc3339(text, 'up')?.toISOString()).toContain(up);
  });
});

describe('a window', () => {
  const at = (millis: number) => new Date(millis);
  const closed = { start: at(1000), end: at(2000) };

  test.each([
    [999, false],
    [1000, true],
    [1500, true],
    [2000, true],
    [2001, false],
    [Number.NaN, false],
  ])('from 1000 to 2000 contains %i: %s', (millis, inside) => {
    expect(windowContains(closed, at(millis))).toBe(inside);
  });

  test('without an end is open, and never contains a time that is none', () => {
    expect(windowContains({ start: at(1000), end: undefined }, at(8.64e15))).toBe(true);
    expect(windowContains({ start: at(1000), end: undefined }, at(Number.NaN))).toBe(false);
    expect(windowText({ start: at(0), end: undefined })).toBe('from 1970-01-01T00:00:00.000Z on');
    expect(windowText(closed)).toBe('1970-01-01T00:00:01.000Z to 1970-01-01T00:00:02.000Z');
  });
});

test.each([
  [0n, 0],
  [1689177396n, 1689177396000],
  [8_640_000_000_000n, 8.64e15],
])('%s seconds are a time', (seconds, millis) => {
  expect(fromUnixSeconds(seconds)?.getTime()).toBe(millis);
});

test.each([-1n, 8_640_000_000_001n, 2n ** 63n - 1n])('%s seconds are no calendar date', (seconds) => {
  expect(fromUnixSeconds(seconds)).toBeUndefined();
});
