/**
 * Answers that are kept for a while, and asked for once however many want them at the same time.
 *
 * An answer is given to nobody after its time, nor after something that it depends on was said to have changed (`forget`), even when it was being made at that
 * moment. What throws is kept by nobody. A clock that goes back makes entries old, not young.
 *
 * State: one map, in order of last use, and one of what is being made. No locks: everything between two `await`s is one step.
 */
import { deferred } from './deferred.ts';

export interface KeptOptions<Value> {
  /** The least recently used go first beyond it. 0 keeps nothing, and still asks once for many. */
  readonly maxEntries: number;
  readonly lifetimeMs: (value: Value) => number;
  /** Milliseconds of a clock that goes forward. */
  readonly now: () => number;
}

/** The parts of a key, each at its own place. */
export type KeyParts = readonly string[];

/** How an answer was come by. */
export type Source = 'hit' | 'miss' | 'coalesced';

interface Entry<Value> {
  readonly parts: KeyParts;
  readonly value: Value;
  readonly madeAt: number;
}

interface Flight<Value> {
  readonly parts: KeyParts;
  readonly promise: Promise<Value>;
}

export class Kept<Value> {
  readonly #options: KeptOptions<Value>;
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #flights = new Map<string, Flight<Value>>();

  constructor(options: KeptOptions<Value>) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** `told` learns where the answer comes from, before it is there. */
  get(parts: KeyParts, make: () => Promise<Value>, told?: (source: Source) => void): Promise<Value> | Value {
    const key = JSON.stringify(parts);
    const entry = this.#fresh(key);
    if (entry !== undefined) {
      told?.('hit');
      return entry.value;
    }
    const flight = this.#flights.get(key);
    if (flight !== undefined) {
      told?.('coalesced');
      return flight.promise;
    }
    told?.('miss');
    return this.#make(key, parts, make);
  }

  /** Whatever depends on parts that `changed` holds of. */
  forget(changed: (parts: KeyParts) => boolean): void {
    for (const [key, { parts }] of this.#entries) if (changed(parts)) this.#entries.delete(key);
    // Whoever waits for one gets it; nobody else does.
    for (const [key, { parts }] of this.#flights) if (changed(parts)) this.#flights.delete(key);
  }

  #fresh(key: string): Entry<Value> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    const age = this.#options.now() - entry.madeAt;
    if (!(age >= 0 && age < this.#options.lifetimeMs(entry.value))) return undefined;
    this.#entries.set(key, entry);
    return entry;
  }

  #make(key: string, parts: KeyParts, make: () => Promise<Value>): Promise<Value> {
    // From the start: what is being looked at may change meanwhile.
    const madeAt = this.#options.now();
    const { promise, resolve, reject } = deferred<Value>();
    const flight = { parts, promise };
    const land = (): boolean => this.#flights.get(key) === flight && this.#flights.delete(key);
    const made = make();
    this.#flights.set(key, flight);
    made.then(
      (value) => {
        if (land()) this.#keep(key, { parts, value, madeAt });
        resolve(value);
      },
      (error) => {
        land();
        reject(error);
      },
    );
    return promise;
  }

  #keep(key: string, entry: Entry<Value>): void {
    if (this.#options.maxEntries < 1) return;
    this.#entries.set(key, entry);
    if (this.#entries.size <= this.#options.maxEntries) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
