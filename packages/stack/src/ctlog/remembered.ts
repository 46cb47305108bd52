/** Work whose outcome is worth keeping: asked for again, also while it is under way, it is not done again. What fails is forgotten. */
import type { LruMap } from './lru-map.ts';

export function remembered<T>(known: LruMap<Promise<T>>, key: string, work: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before !== undefined) return before;
  const promise = work();
  known.set(key, promise);
  promise.catch(() => known.forget(key, promise));
  return promise;
}
