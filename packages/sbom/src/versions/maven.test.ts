import { describe, expect, it } from 'vitest';
import { compareMaven } from './maven.ts';

/** Each list is in order (the specification's, and that of Maven's own tests). */
const ORDERS = [
  [
    '1-alpha2snapshot',
    '1-alpha2',
    '1-alpha-123',
    '1-beta-2',
    '1-beta123',
    '1-m2',
    '1-m11',
    '1-rc',
    '1-cr2',
    '1-rc123',
    '1-SNAPSHOT',
    '1',
    '1-sp',
    '1-sp2',
    '1-sp123',
  ],
  ['1', '1.1', '1.2', '1.10', '2'],
  ['1.0-alpha-1', '1.0-alpha-2', '1.0-beta-1', '1.0-SNAPSHOT', '1.0', '1.0-1', '1.0-2', '1.0.1'],
  ['1-sp', '1-abc', '1-def', '1-pom-1', '1-1-snapshot', '1-1', '1-2', '1-123'],
  ['2.0', '2.0-1', '2.0.2', '2.0.123', '2.1'],
  ['20050331', '20050401000000000000000000', '20050401000000000000000001'],
];
const SAME = [
  ['1', '1.0', '1.0.0', '1-0', '1.0-0', '1ga', '1-final', '1.release', '1-GA'],
  ['1a1', '1-alpha-1', '1-Alpha1'],
  ['1x', '1.0.0-x', '1-X', '1.0x'],
  ['1cr1', '1-rc1', '1rc1'],
];

describe('a version of Maven', () => {
  it.each(ORDERS.map((order) => [order]))('is in the order %j', (order) => {
    for (const [i, a] of order.entries()) {
      for (const [j, b] of order.entries()) expect([a, b, Math.sign(compareMaven(a, b))]).toEqual([a, b, Math.sign(i - j)]);
    }
  });

  it.each(SAME.map((same) => [same]))('is the same in %j', (same) => {
    for (const a of same) for (const b of same) expect([a, b, Math.abs(compareMaven(a, b))]).toEqual([a, b, 0]);
  });

  it('is any text', () => {
    const texts = ['', '-', '.', '..', '-.-', '__proto__', 'constructor', '\0', '1..2', '-'.repeat(100_000), 'a1'.repeat(100_000), '0'.repeat(100_000)];
    for (const a of texts) for (const b of texts) expect(compareMaven(a, b) + compareMaven(b, a)).toBe(0);
  });
});
