/**
 * What every service of the stack is: requests to answers over a small store, and nothing global. The process around them (`stack.ts`) has the
 * socket, the clock, the folder and the metrics, and hands each service its own part of them.
 */
import type { Hono } from 'hono';
import type { Logger } from 'pino';
import type { Disk } from './store/disk.ts';

/** The time; tests have their own. It may go back, as real ones do. */
export type Clock = () => Date;

export interface ServiceContext {
  /** The folder of this service alone. */
  readonly disk: Disk;
  readonly clock: Clock;
  /** Where clients reach it, without a slash at the end: `http://127.0.0.1:4100`, or with a path below it. */
  readonly baseUrl: string;
  readonly log: Logger;
}

export interface Service {
  /** Routes relative to the path of `baseUrl`. What it does not know is left to others: no catch-all route. */
  readonly app: Hono;
  /**
   * Why it cannot work now, in one sentence; undefined when it can. Asking makes it try again what failed: nobody sends requests to what says that
   * it is not ready, so it would not find out otherwise.
   */
  problem?(): string | undefined;
  /** Numbers for the metrics: `{ tree_size: 12 }` becomes `assay_<service>_tree_size`. */
  stats?(): Readonly<Record<string, number>>;
  /** Finishes what was accepted, and lets go of everything. */
  close(): Promise<void>;
}
