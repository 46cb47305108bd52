/** Things that are worth something for a short while: at most so many of them, and none beyond its life. In memory alone. */
import type { Clock } from '../service.ts';

export interface ShortLivedOptions {
  readonly lifeMs: number;
  readonly capacity: number;
  readonly clock: Clock;
}

export class ShortLived<T> {
  /** In the order of their birth, so that the expired ones come first. */
  readonly #items = new Map<string, { readonly value: T; readonly bornMs: number }>();
  readonly #options: ShortLivedOptions;

  constructor(options: ShortLivedOptions) {
    this.#options = options;
  }

  /** False when there is no room: a flood of newcomers does not push out what was promised to others. */
  add(key: string, value: T): boolean {
    this.#dropExpired();
    if (this.#items.size >= this.#options.capacity) return false;
    this.#items.set(key, { value, bornMs: this.#now() });
    return true;
  }

  get(key: string): T | undefined {
    const item = this.#items.get(key);
    return item !== undefined && this.#isAlive(item.bornMs) ? item.value : undefined;
  }

  /** The item, which is gone with this: of two who ask, one gets it. */
  take(key: string): T | undefined {
    const value = this.get(key);
    this.#items.delete(key);
    return value;
  }

  clear(): void {
    this.#items.clear();
  }

  #dropExpired(): void {
    for (const [key, { bornMs }] of this.#items) {
      if (this.#isAlive(bornMs)) return;
      this.#items.delete(key);
    }
  }

  /** A clock that went back by more than a life must not make anything last longer. */
  #isAlive(bornMs: number): boolean {
    return Math.abs(this.#now() - bornMs) < this.#options.lifeMs;
  }

  #now(): number {
    return this.#options.clock().getTime();
  }
}
