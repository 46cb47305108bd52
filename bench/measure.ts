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

/** Batches of all works in turn, so that a slow moment hits all of them. Returns the median of each. */
export async function interleave<Name extends string>(
  works: Readonly<Record<Name, { work: Batch; batch: number }>>,
  rounds: number,
): Promise<Record<Name, number>> {
  const samples = Object.fromEntries(Object.keys(works).map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of Object.keys(works) as Name[]) samples[name].push(await works[name].work(works[name].batch));
  }
  return Object.fromEntries(Object.entries<number[]>(samples).map(([name, values]) => [name, median(values)])) as Record<Name, number>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
