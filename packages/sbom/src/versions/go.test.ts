import { describe, expect, it } from 'vitest';
import { compareGo } from './go.ts';

const ORDERS = [
  [
    'v0.0.0-20230101000000-aaaaaaaaaaaa',
    'v0.0.0-20240101000000-000000000000',
    'v0.1.0',
    'v1.0.0-rc1',
    'v1.0.0',
    'v1.0.1-0.20240101000000-aaaaaaaaaaaa',
    'v1.0.1',
    'v2.0.0+incompatible',
    'v10.0.0',
  ],
  ['go1.9', 'go1.26beta1', 'go1.26rc1', 'go1.26rc2', 'go1.26', 'go1.26.1', 'go1.26.10', 'go2'],
];

describe('a version of Go', () => {
  it.each(ORDERS.map((order) => [order]))('is in the order %j', (order) => {
    for (const [i, a] of order.entries()) for (const [j, b] of order.entries()) expect([a, b, Math.sign(compareGo(a, b))]).toEqual([a, b, Math.sign(i - j)]);
  });

  it('is the same with its prefix and without, and whatever its build', () => {
    for (const [a, b] of [
      ['v1.2.3', '1.2.3'],
      ['go1.26.1', '1.26.1'],
      ['v2.0.0+incompatible', 'v2.0.0'],
      ['1.26', 'go1.26'],
    ] as const)
      expect(compareGo(a, b)).toBe(0);
  });

  it('is any text', () => {
    for (const a of ['', 'devel', 'v', '1'.repeat(100_000), '\0'])
      for (const b of ['', 'v1', 'x']) expect(Math.sign(compareGo(a, b)) + Math.sign(compareGo(b, a))).toBe(0);
  });
});
