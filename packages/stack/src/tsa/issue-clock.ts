/**
 * The time that timestamps state: the clock's, but never before the last one that was stated.
 *
 * A token says `accuracy 1 s`: by that, what was stamped later never states a time that is more than a second earlier. So a clock that is
 * behind by up to a second, as corrections of clocks are, is waited for by repeating the last time, which is still true; with one that is
 * further behind nothing is issued, since all that is known then is that some time was wrong.
 *
 *   last-issued      the last time stated, RFC 3339: written once a second while timestamps are issued, and at the end
 *
 * After a crash the file is at most that second old, which is again the accuracy.
 */
import { decodeUtf8, parseRfc3339, TrustError, utf8 } from '@assay/core';
import type { ServiceContext } from '../service.ts';

export interface IssueClock {
  /** The time to state, or why there is none. */
  next(): { readonly time: Date } | { readonly problem: string };
  problem(): string | undefined;
  /** Writes what is not written yet. */
  close(): Promise<void>;
}

/** Errors: `STACK_DATA` when the file says no time. */
export async function openIssueClock({ disk, clock, log }: Pick<ServiceContext, 'disk' | 'clock' | 'log'>): Promise<IssueClock> {
  let last = await readLastIssued(disk);
  let written = last;
  let writing = Promise.resolve();

  const write = async (): Promise<void> => {
    const time = last;
    if (time === written) return;
    await disk.write(FILE, utf8(`${new Date(time).toISOString()}\n`));
    written = time;
  };
  /** What fails is tried again with the next timestamp: until then a restart knows an older time. */
  const writeSoon = (): void => {
    writing = writing.then(write).catch((error: unknown) => log.error({ err: error }, `${disk.root}/${FILE} cannot be written`));
  };
  const problemAt = (now: number): string | undefined => {
    if (last - now <= ACCURACY_MS) return undefined;
    const lag = `${((last - now) / 1000).toFixed(1)} s behind the last timestamp, ${new Date(last).toISOString()}`;
    return `the clock is ${lag}: set the clock, or, if that timestamp was wrong, remove ${disk.root}/${FILE} and start again`;
  };
  let due = 0;

  return {
    next: () => {
      const now = clock().getTime();
      const problem = problemAt(now);
      if (problem !== undefined) return { problem };
      last = Math.max(last, now);
      if (last >= due) {
        due = last + ACCURACY_MS;
        writeSoon();
      }
      return { time: new Date(last) };
    },
    problem: () => problemAt(clock().getTime()),
    close: async () => {
      await writing;
      await write();
    },
  };
}

/** The last time stated, in milliseconds; 0 when there was none. Errors: `STACK_DATA`. */
export async function readLastIssued(disk: ServiceContext['disk']): Promise<number> {
  const bytes = await disk.read(FILE);
  if (bytes === undefined) return 0;
  const time = parseRfc3339((decodeUtf8(bytes) ?? '').trimEnd());
  if (time === undefined) throw new TrustError('STACK_DATA', `${disk.root}/${FILE}: there is no time in it`);
  return time.getTime();
}

const FILE = 'last-issued';
const ACCURACY_MS = 1000;
