/**
 * The images that were opened a moment ago, with what was found of them: a workload of 500 pods asks its registry once. No older than a second, since a tag may
 * move and a signature may come.
 *
 * State: one map, of what is recent.
 */
import type { Subject } from '@assay/policy';

export class RecentSubjects {
  readonly #opened = new Map<string, { readonly subject: Promise<Subject>; readonly at: number }>();
  readonly #now: () => number;

  /** @param now milliseconds of a clock that goes forward */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get(key: string, open: () => Promise<Subject>): Promise<Subject> {
    const now = this.#now();
    // In the order in which they were opened.
    for (const [old, { at }] of this.#opened) {
      if (now - at < RECENT_MS) break;
      this.#opened.delete(old);
    }
    const known = this.#opened.get(key);
    if (known !== undefined) return known.subject;
    const subject = open();
    this.#opened.set(key, { subject, at: now });
    return subject;
  }
}

const RECENT_MS = 1000;
