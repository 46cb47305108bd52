/** A short run of every fuzz target with a fixed seed; and the kept inputs, each of which once broke something or may. */
import { expect, test } from 'vitest';
import { keptInputs } from './fuzz/corpus.ts';
import { fuzz } from './fuzz/engine.ts';
import { Random } from './fuzz/random.ts';
import { TARGETS } from './fuzz/targets.ts';

const SEED = 20260825;
const EXECUTIONS = 800;

test.each(TARGETS)('$name: nothing but its own errors comes out', async (target) => {
  const seeds = keptInputs(target.name);
  expect(seeds.length).toBeGreaterThan(0);
  const { crash } = await fuzz(target, seeds, { seed: SEED, more: (executions) => executions < EXECUTIONS });
  expect(crash && `seed ${SEED}: ${crash.problem}`).toBeUndefined();
});

test('a seed repeats its run', () => {
  const numbers = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 20 }, () => random.next(1000));
  };
  expect(numbers(7)).toEqual(numbers(7));
  expect(numbers(7)).not.toEqual(numbers(8));
});
