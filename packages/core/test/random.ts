/** Property tests and their seeds: a failure prints the seed, and `ASSAY_SEED` repeats it. Runs in Node and in browsers. */
import fc from 'fast-check';

const environment = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env;

/** A new seed for every run, so that runs differ; fast-check names it when a property fails. */
export const SEED = Number(environment?.['ASSAY_SEED'] ?? Math.floor(Math.random() * 0x7fffffff));

export function property<T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => void, runs = 1000): void {
  fc.assert(
    fc.property(arbitrary, (value) => {
      holds(value);
    }),
    { seed: SEED, numRuns: runs },
  );
}

export async function asyncProperty<T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => Promise<void>, runs = 200): Promise<void> {
  await fc.assert(fc.asyncProperty(arbitrary, holds), { seed: SEED, numRuns: runs });
}
