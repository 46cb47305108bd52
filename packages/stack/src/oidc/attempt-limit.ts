/**
 * How often one may guess: so many attempts in a window that begins with the first. An attempt counts before its outcome is known, or guesses
 * sent side by side would not count; a success clears what was counted.
 */
import type { Clock } from '../service.ts';
import { ShortLived } from './short-lived.ts';

export interface AttemptLimitOptions {
  readonly attempts: number;
  readonly windowMs: number;
  /** Names that are counted at a time; when there are more, new ones wait, which also bounds the work of checking passwords. */
  readonly names: number;
  readonly clock: Clock;
}

export class AttemptLimit {
  readonly #attempts: number;
  readonly #counted: ShortLived<{ attempts: number }>;

  constructor({ attempts, windowMs, names, clock }: AttemptLimitOptions) {
    this.#attempts = attempts;
    this.#counted = new ShortLived({ lifeMs: windowMs, capacity: names, clock });
  }

  /** Counts an attempt; false when there were too many. */
  begin(name: string): boolean {
    const counted = this.#counted.get(name);
    if (counted === undefined) return this.#counted.add(name, { attempts: 1 });
    counted.attempts += 1;
    return counted.attempts <= this.#attempts;
  }

  succeeded(name: string): void {
    this.#counted.take(name);
  }
}
