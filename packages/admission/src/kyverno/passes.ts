/**
 * What was verified, kept for whoever asks the same again (admission.md 6.8): passes alone, for an hour, the least recently used going first.
 *
 * Rules keep the digest that was verified. Policies in CEL keep payloads of attestations, which may be large: so there is a cap on bytes too, and what is larger
 * than a share of it is not kept at all.
 *
 * State: one map in order of last use, and the sum of what is in it.
 */
import { Kept, type Source } from '../kept.ts';

export interface PassesOptions {
  /** Default 1000. 0: nothing is kept. */
  readonly maxEntries?: number | undefined;
  /** Default 1 h. */
  readonly passMs?: number | undefined;
  /** Of keys and payloads together. Default 32 MiB. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds of a clock that goes forward. */
  readonly now?: (() => number) | undefined;
  readonly told?: ((source: Source) => void) | undefined;
}

/** Of a verification of a policy in CEL. */
export interface Pass {
  readonly payload?: string;
}

interface Entry {
  readonly pass: Pass;
  readonly size: number;
  readonly madeAt: number;
}

export class Passes {
  readonly #entries = new Map<string, Entry>();
  readonly #maxEntries: number;
  readonly #passMs: number;
  readonly #maxBytes: number;
  readonly #now: () => number;
  readonly #told: (source: Source) => void;
  readonly #verdicts: Kept<string | undefined>;
  #bytes = 0;

  constructor({ maxEntries = 1000, passMs = HOUR_MS, maxBytes = MAX_BYTES, now = () => performance.now(), told = () => undefined }: PassesOptions = {}) {
    this.#maxEntries = maxEntries;
    this.#passMs = passMs;
    this.#maxBytes = maxBytes;
    this.#now = now;
    this.#told = told;
    this.#verdicts = new Kept({ maxEntries, now, lifetimeMs: (digest) => (digest === undefined ? 0 : passMs) });
  }

  get size(): number {
    return this.#entries.size + this.#verdicts.size;
  }

  /** Of a rule: the digest that was verified, now or before. `verify` is asked once however many want to know at the same time. */
  verdict(key: string, verify: () => Promise<string | undefined>): Promise<string | undefined> | string | undefined {
    return this.#verdicts.get([key], verify, this.#told);
  }

  get(key: string): Pass | undefined {
    const entry = this.#entries.get(key);
    const age = entry === undefined ? Number.NaN : this.#now() - entry.madeAt;
    const isFresh = age >= 0 && age < this.#passMs;
    if (entry !== undefined) this.#remove(key, entry);
    if (entry !== undefined && isFresh) this.#put(key, entry);
    this.#told(isFresh ? 'hit' : 'miss');
    return isFresh ? entry?.pass : undefined;
  }

  set(key: string, pass: Pass): void {
    const size = 2 * (key.length + (pass.payload?.length ?? 0));
    if (size > this.#maxBytes / 16) return;
    const before = this.#entries.get(key);
    if (before !== undefined) this.#remove(key, before);
    this.#put(key, { pass, size, madeAt: this.#now() });
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) return;
      this.#remove(oldest, entry);
    }
  }

  #put(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.size;
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= entry.size;
  }
}

const HOUR_MS = 3_600_000;
const MAX_BYTES = 32 * 1024 * 1024;
