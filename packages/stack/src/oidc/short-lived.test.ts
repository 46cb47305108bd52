import { describe, expect, test } from 'vitest';
import { AttemptLimit } from './attempt-limit.ts';
import { ShortLived } from './short-lived.ts';

const START = Date.UTC(2026, 0, 1);

function clockAt(): { set: (ms: number) => void; clock: () => Date } {
  let now = START;
  return {
    clock: () => new Date(now),
    set: (ms) => {
      now = START + ms;
    },
  };
}

describe('what is short-lived', () => {
  const open = (capacity = 2) => {
    const { clock, set } = clockAt();
    return { items: new ShortLived<string>({ lifeMs: 1000, capacity, clock }), set };
  };

  test('is there until its life is over', () => {
    const { items, set } = open();
    items.add('a', 'A');
    set(999);
    expect(items.get('a')).toBe('A');
    set(1000);
    expect(items.get('a')).toBeUndefined();
  });

  test('can be taken once', () => {
    const { items } = open();
    items.add('a', 'A');
    expect([items.take('a'), items.take('a')]).toEqual(['A', undefined]);
  });

  test('cannot be taken when it has expired', () => {
    const { items, set } = open();
    items.add('a', 'A');
    set(1000);
    expect(items.take('a')).toBeUndefined();
  });

  test('is not pushed out by a flood, and makes room when it expires', () => {
    const { items, set } = open();
    expect([items.add('a', 'A'), items.add('b', 'B'), items.add('c', 'C')]).toEqual([true, true, false]);
    expect(items.get('a')).toBe('A');
    set(1000);
    expect(items.add('c', 'C')).toBe(true);
  });

  test('does not last longer when the clock goes back', () => {
    const { items, set } = open();
    items.add('a', 'A');
    set(-500);
    expect(items.get('a')).toBe('A');
    set(-1000);
    expect(items.get('a')).toBeUndefined();
  });
});

describe('attempts', () => {
  const open = () => {
    const { clock, set } = clockAt();
    return { limit: new AttemptLimit({ attempts: 2, windowMs: 1000, names: 2, clock }), set };
  };

  test('are limited by name, until the window is over', () => {
    const { limit, set } = open();
    expect([limit.begin('a'), limit.begin('a'), limit.begin('a'), limit.begin('b')]).toEqual([true, true, false, true]);
    set(1000);
    expect(limit.begin('a')).toBe(true);
  });

  test('are forgotten when one succeeds', () => {
    const { limit } = open();
    limit.begin('a');
    limit.begin('a');
    limit.succeeded('a');
    expect(limit.begin('a')).toBe(true);
  });

  test('under more names than are counted are refused', () => {
    const { limit } = open();
    expect([limit.begin('a'), limit.begin('b'), limit.begin('c')]).toEqual([true, true, false]);
  });
});
