import { describe, expect, test } from 'vitest';
import { Passes } from './passes.ts';

const payload = (bytes: number) => ({ payload: 'x'.repeat(bytes) });

describe('what was verified', () => {
  test('is known for its time, and not when the clock has gone back', () => {
    let now = 10;
    const passes = new Passes({ passMs: 100, now: () => now });
    passes.set('a', {});
    now = 109;
    expect(passes.get('a')).toEqual({});
    now = 110;
    expect(passes.get('a')).toBeUndefined();
    passes.set('b', {});
    now = 0;
    expect(passes.get('b')).toBeUndefined();
  });

  test('gives way when there are too many, the least recently used first', () => {
    const passes = new Passes({ maxEntries: 2 });
    passes.set('a', {});
    passes.set('b', {});
    passes.get('a');
    passes.set('c', {});
    expect(['a', 'b', 'c'].map((key) => passes.get(key) !== undefined)).toEqual([true, false, true]);
    expect(passes.size).toBe(2);
  });

  test('is no larger than its share of the memory', () => {
    const passes = new Passes({ maxBytes: 16_000 });
    passes.set('large', payload(500));
    expect(passes.get('large')).toBeUndefined();
    for (let i = 0; i < 100; i++) passes.set(`k${i}`, payload(400));
    expect(passes.size).toBe(19);
    expect(passes.get('k99')).toEqual(payload(400));
  });

  test('is not kept at all where nothing is to be', async () => {
    const passes = new Passes({ maxEntries: 0 });
    passes.set('a', {});
    await passes.verdict('k', async () => 'sha256:a');
    expect([passes.get('a'), passes.size]).toEqual([undefined, 0]);
  });
});

describe('a verdict', () => {
  test('is made once for many, kept when it is a pass, and counted', async () => {
    const told: string[] = [];
    const passes = new Passes({ told: (source) => told.push(source) });
    let made = 0;
    const verify = async () => {
      made++;
      return 'sha256:a';
    };
    expect(await Promise.all([passes.verdict('k', verify), passes.verdict('k', verify)])).toEqual(['sha256:a', 'sha256:a']);
    expect(await passes.verdict('k', verify)).toBe('sha256:a');
    expect([made, told]).toEqual([1, ['miss', 'coalesced', 'hit']]);
  });

  test('that is a refusal is kept for nobody', async () => {
    const passes = new Passes();
    let made = 0;
    const verify = async () => {
      made++;
      return undefined;
    };
    for (let i = 0; i < 3; i++) await passes.verdict('k', verify);
    expect(made).toBe(3);
  });
});
