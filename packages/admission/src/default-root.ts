/** The trusted root that policies without one of their own use: fetched once, and again every day; the last one stays when that fails. */
import type { TrustedRoot } from '@assay/core';

export interface DefaultRootOptions {
  readonly load: () => Promise<TrustedRoot>;
  /** Default 24 h. */
  readonly resyncMs?: number | undefined;
  readonly onProblem?: ((problem: unknown) => void) | undefined;
  readonly onChange?: (() => void) | undefined;
  readonly now?: (() => number) | undefined;
}

export class DefaultRoot {
  readonly #options: DefaultRootOptions;
  #root: TrustedRoot | undefined;
  #loadedAt = 0;
  #version = 0;
  #loading: Promise<TrustedRoot> | undefined;

  constructor(options: DefaultRootOptions) {
    this.#options = options;
  }

  /** Another one for each root that was loaded. */
  get version(): string {
    return String(this.#version);
  }

  /** Errors: those of `load`, as long as there is none. */
  async get(): Promise<TrustedRoot> {
    const root = this.#root;
    const now = this.#now();
    const isFresh = root !== undefined && now - this.#loadedAt < this.#resyncMs;
    if (isFresh) return root;
    const loading = this.#load();
    if (root === undefined) return loading;
    // Nobody waits for the next one while there is one.
    loading.catch((error: unknown) => this.#options.onProblem?.(error));
    return root;
  }

  #load(): Promise<TrustedRoot> {
    this.#loading ??= this.#attempt().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #attempt(): Promise<TrustedRoot> {
    try {
      this.#root = await this.#options.load();
    } catch (error) {
      // As if it had been loaded so long ago that it is due when it shall be tried again.
      this.#loadedAt = this.#now() - this.#resyncMs + RETRY_MS;
      throw error;
    }
    this.#loadedAt = this.#now();
    this.#version++;
    this.#options.onChange?.();
    return this.#root;
  }

  get #resyncMs(): number {
    return this.#options.resyncMs ?? RESYNC_MS;
  }

  #now(): number {
    return (this.#options.now ?? performance.now.bind(performance))();
  }
}

const RESYNC_MS = 24 * 3_600_000;
const RETRY_MS = 300_000;
