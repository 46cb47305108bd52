/** One fuzz run: kept inputs, mutated by a seeded generator, judged by the target. Deterministic for a seed and a count. */
import { isTrustError } from '@assay/core';
import { UNPRINTABLE } from '../../packages/core/test/facts.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import { Finding, type Target } from './target.ts';

export interface Crash {
  readonly target: string;
  readonly input: Uint8Array;
  readonly problem: string;
}

export interface Run {
  readonly seed: number;
  /** Asked before each execution, with how many were made. */
  readonly more: (executions: number) => boolean;
}

/** Generous: inputs are at most 64 KiB, and everything here is linear. */
const MAX_MILLIS = 5000;
const MAX_MESSAGE = 4000;

/** The kept inputs as they are, then mutations of them, until the first crash or until `more` says no. */
export async function fuzz(target: Target, seeds: readonly Uint8Array[], { seed, more }: Run): Promise<{ executions: number; crash?: Crash }> {
  const random = new Random(seed);
  const pool = seeds.length === 0 ? [new Uint8Array(0)] : [...seeds];
  for (let executions = 0; ; executions++) {
    if (executions >= pool.length && !more(executions)) return { executions };
    const input = executions < pool.length ? (pool[executions] as Uint8Array) : mutate(random.pick(pool), pool, random);
    const problem = await judge(target, input);
    if (problem !== undefined) return { executions, crash: { target: target.name, input, problem } };
  }
}

/** What is wrong with how the target answered, or undefined. */
export async function judge(target: Target, input: Uint8Array): Promise<string | undefined> {
  const start = performance.now();
  try {
    await target.run(input);
  } catch (error) {
    if (error instanceof Finding) return error.message;
    if (!isTrustError(error)) return error instanceof Error ? `${error.name}: ${error.stack ?? error.message}` : String(error);
    const texts = [error.message, error.hint, error.expected, error.found].join(' ');
    if (UNPRINTABLE.test(texts)) return `unprintable text in the error: ${JSON.stringify(texts)}`;
    if (texts.length > MAX_MESSAGE) return `an error text of ${texts.length} characters`;
  }
  return performance.now() - start > MAX_MILLIS ? `took more than ${MAX_MILLIS} ms` : undefined;
}
