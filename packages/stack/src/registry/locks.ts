/** One at a time for each name; others go on. */
export class Locks {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` when nobody who came before under `name` is at work any more. */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name);
    const mine = (before ?? Promise.resolve()).then(work);
    const settled = mine.catch(() => undefined);
    this.#last.set(name, settled);
    try {
      return await mine;
    } finally {
      if (this.#last.get(name) === settled) this.#last.delete(name);
    }
  }

  /** When all that is at work now is done. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
