/** A clock for what waits on people and services. `io.now` stands still; this goes on from there. */
import type { Io } from './io.ts';

export function clockFrom({ now }: Io): () => Date {
  const begun = Date.now();
  return () => new Date(now.getTime() + Date.now() - begun);
}
