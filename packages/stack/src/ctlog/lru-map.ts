/** A map with room for `capacity` entries, which forgets the one that was not asked for longest. */
export class LruMap<Value> {
  readonly #capacity: number;
  /** The last used at the end: a `Map` keeps the order in which its keys were set. */
  readonly #entries = new Map<string, Value>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    const [oldest] = this.#entries.size > this.#capacity ? this.#entries.keys() : [];
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  /** Unless another value was set meanwhile. */
  forget(key: string, value: Value): void {
    if (this.#entries.get(key) === value) this.#entries.delete(key);
  }
}
