import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Kept } from './kept.ts';

interface Answer {
  readonly key: string;
  /** Counts how often it was made. */
  readonly number: number;
  readonly ok: boolean;
}

const LIFETIME = { pass: 100, refusal: 10 };

describe('with random keys, clocks and orders', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('get' as const), key: fc.constantFrom('a', 'b', 'c'), ok: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: -50, max: 120 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('land' as const), which: fc.nat(5), fails: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), key: fc.constantFrom('a', 'b', 'c') }) },
  );

  test('nobody gets an answer past its time, of another key, from before a change, or of a failure', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), fc.integer({ min: 0, max: 4 }), async (steps, maxEntries) => {
        let now = 1000;
        let count = 0;
        const kept = new Kept<Answer>({ maxEntries, now: () => now, lifetimeMs: ({ ok }) => (ok ? LIFETIME.pass : LIFETIME.refusal) });
        const begun = new Map<number, number>();
        const changedAt = new Map<string, number>();
        const flying: { land: (fails: boolean) => void }[] = [];
        const answers: Promise<unknown>[] = [];
        for (const one of steps) {
          if (one.do === 'wait') now += one.ms;
          else if (one.do === 'forget') {
            kept.forget(([key]) => key === one.key);
            changedAt.set(one.key, count);
          } else if (one.do === 'land') {
            flying.splice(one.which, 1)[0]?.land(one.fails);
            await new Promise((settle) => setImmediate(settle));
          } else {
            const asked = { now, count: changedAt.get(one.key) ?? 0 };
            const make = (): Promise<Answer> => {
              const number = ++count;
              begun.set(number, now);
              return new Promise((settle, refuse) => {
                flying.push({ land: (fails) => (fails ? refuse(new Error('failed')) : settle({ key: one.key, number, ok: one.ok })) });
              });
            };
            let source = '';
            const answer = kept.get([one.key, 'x'], make, (told) => {
              source = told;
            });
            answers.push(
              Promise.resolve(answer).then(
                ({ key, number, ok }) => {
                  expect(key).toBe(one.key);
                  // Made after the last change that was known when it was asked for.
                  expect(number).toBeGreaterThan(asked.count);
                  if (source !== 'hit') return;
                  const age = asked.now - (begun.get(number) as number);
                  expect(age).toBeGreaterThanOrEqual(0);
                  expect(age).toBeLessThan(ok ? LIFETIME.pass : LIFETIME.refusal);
                },
                (error: Error) => {
                  if (error.message !== 'failed') throw error;
                  expect(source).not.toBe('hit');
                },
              ),
            );
          }
          expect(kept.size).toBeLessThanOrEqual(maxEntries);
        }
        for (const one of flying) one.land(false);
        await Promise.all(answers);
      }),
      { numRuns: 500 },
    );
  });
});

const keep =
  (value: string): (() => Promise<string>) =>
  async () =>
    value;

test('500 who ask at the same time cause one question', async () => {
  const kept = new Kept<string>({ maxEntries: 10, now: () => 0, lifetimeMs: () => 1 });
  let asked = 0;
  const make = async (): Promise<string> => {
    asked++;
    await new Promise((settle) => setImmediate(settle));
    return 'answer';
  };
  const sources: string[] = [];
  const answers = await Promise.all(Array.from({ length: 500 }, () => kept.get(['image'], make, (source) => sources.push(source))));
  expect(new Set(answers)).toEqual(new Set(['answer']));
  expect(asked).toBe(1);
  expect(sources.filter((source) => source === 'coalesced')).toHaveLength(499);
});

test('the least recently used goes first', async () => {
  const kept = new Kept<string>({ maxEntries: 2, now: () => 0, lifetimeMs: () => 1 });
  await kept.get(['a'], keep('a1'));
  await kept.get(['b'], keep('b1'));
  await kept.get(['a'], keep('a2'));
  await kept.get(['c'], keep('c1'));
  expect(await kept.get(['a'], keep('a3'))).toBe('a1');
  expect(await kept.get(['b'], keep('b2'))).toBe('b2');
});

test('parts are not run together: a|bc is not ab|c', async () => {
  const kept = new Kept<string>({ maxEntries: 10, now: () => 0, lifetimeMs: () => 1 });
  await kept.get(['a', 'bc'], keep('first'));
  expect(await kept.get(['ab', 'c'], keep('second'))).toBe('second');
  expect(await kept.get(['a","bc'], keep('third'))).toBe('third');
});

test('100,000 keys leave no more than are kept', async () => {
  const kept = new Kept<string>({ maxEntries: 1000, now: () => 0, lifetimeMs: () => 1 });
  for (let i = 0; i < 100_000; i++) await kept.get([String(i)], keep('x'));
  expect(kept.size).toBe(1000);
});
