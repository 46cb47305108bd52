/** Where tests work, for the time of a file or of a `describe`. */
import { afterAll, beforeAll } from 'vitest';

/** Makes it the working folder. */
export function workIn(folder: string): void {
  const before = process.cwd();
  beforeAll(() => process.chdir(folder));
  afterAll(() => process.chdir(before));
}

/** The same, of a scene that is opened before the tests and closed after them. */
export function useScene<T>(folder: string, open: () => Promise<T>, close: (scene: T) => Promise<unknown>): () => T {
  let scene: T | undefined;
  beforeAll(async () => {
    scene = await open();
  });
  workIn(folder);
  afterAll(async () => close(scene as T));
  return () => scene as T;
}
