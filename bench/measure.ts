/** Timing on a machine that is not quiet: short batches in turn, and the median of each. */

export type Work = () => unknown;

/** Milliseconds for one call, as the mean of `count` calls. */
export type Batch = (count: number) => Promise<number>;

/** Milliseconds for one call, as the mean of a batch. */
export async function timeBatch(work: Work, count: number): Promise<number> {
  const start = performance.now();
  for (let done = 0; done < count; done += 1) await work();
  return (performance.now() - start) / count;
}

/** Takes all figures in turn, so that a slow moment hits all of them. Returns the median of each. */
export async function interleave<Name extends string>(
  figures: Readonly<Record<Name, () => number | Promise<number>>>,
  rounds: number,
): Promise<Record<Name, number>> {
  const names = Object.keys(figures) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) samples[name].push(await figures[name]());
  }
  return Object.fromEntries(Object.entries<number[]>(samples).map(([name, values]) => [name, median(values)])) as Record<Name, number>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
