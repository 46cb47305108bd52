/** Several things at once, told in the order they were named. */

/**
 * `work` for each item, at most `jobs` at a time; the results in the items' order. After an error nothing more is begun, and of several the one of the
 * first item is thrown: what was in time for what must not show.
 */
export async function inOrder<T, R>(items: readonly T[], jobs: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const errors: { readonly at: number; readonly error: unknown }[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [at, item] of queue) {
      try {
        results[at] = await work(item);
      } catch (error) {
        errors.push({ at, error });
      }
      if (errors.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  const [first] = errors.toSorted((a, b) => a.at - b.at);
  if (first !== undefined) throw first.error;
  return results;
}
