/**
 * Keeps a valid certificate served. Every minute: read what is stored, publish its authorities, take the next step if one is due, and serve what is stored then.
 * Every replica does so, without a leader: whoever writes first wins, and the others read what was written.
 */
import { X509Certificate } from 'node:crypto';
import { TrustError } from '@assay/core';
import { type CertificateFiles, isServable, nextGeneration } from './generations.ts';
import type { CertificateStore } from './store.ts';

export interface CertificateKeeperOptions {
  readonly store: CertificateStore;
  readonly names: readonly string[];
  /** Told of all authorities before anything below them is served. */
  readonly publish?: ((authorities: string) => Promise<void>) | undefined;
  /** What to serve from now on. */
  readonly onChange: (pair: ServedPair) => void;
  readonly onProblem?: ((problem: unknown) => void) | undefined;
  /** Default 90 days. */
  readonly lifetimeMs?: number | undefined;
  /** Default 10 min. */
  readonly settleMs?: number | undefined;
  /** Default 1 min. */
  readonly everyMs?: number | undefined;
  readonly now?: (() => Date) | undefined;
}

export interface ServedPair {
  readonly cert: string;
  readonly key: string;
  readonly authorities: string;
  readonly expires: Date;
}

export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  #served: ServedPair | undefined;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> | undefined;

  private constructor(options: CertificateKeeperOptions) {
    this.#options = options;
  }

  /** Resolves when there is a certificate to serve. Errors: `ADMISSION_CERTIFICATE`, and what the store and `publish` throw. */
  static async open(options: CertificateKeeperOptions): Promise<CertificateKeeper> {
    const keeper = new CertificateKeeper(options);
    await keeper.step();
    keeper.#timer = setInterval(() => void keeper.look(), options.everyMs ?? EVERY_MS).unref();
    return keeper;
  }

  get served(): ServedPair | undefined {
    return this.#served;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#work;
  }

  /** One round; problems are told of, and what was served is served on. */
  look(): Promise<void> {
    this.#work ??= this.step()
      .catch((error: unknown) => this.#options.onProblem?.(error))
      .finally(() => {
        this.#work = undefined;
      });
    return this.#work;
  }

  async step(): Promise<void> {
    const { store, names, lifetimeMs = LIFETIME_MS, settleMs = SETTLE_MS, now = () => new Date() } = this.#options;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { files, revision } = await store.read();
      const serves = isServable(files, { names, now: now() });
      if (serves) await this.#publish(files);
      const next = nextGeneration(files, { names, now: now(), lifetimeMs, settleMs });
      if (next !== files && (await store.write(next, revision)) === 'conflict') continue;
      if (next !== files) await this.#publish(next);
      this.#serve(next);
      return;
    }
    throw new TrustError('ADMISSION_CERTIFICATE', `the serving certificate was changed by others ${ATTEMPTS} times in a row`);
  }

  async #publish(files: CertificateFiles): Promise<void> {
    await this.#options.publish?.(files['ca.crt'] ?? '');
  }

  #serve(files: CertificateFiles): void {
    const [cert = '', key = '', authorities = ''] = [files['tls.crt'], files['tls.key'], files['ca.crt']];
    if (this.#served?.cert === cert && this.#served.authorities === authorities) return;
    this.#served = { cert, key, authorities, expires: new X509Certificate(cert).validToDate };
    this.#options.onChange(this.#served);
  }
}

const LIFETIME_MS = 90 * 24 * 3_600_000;
const SETTLE_MS = 600_000;
const EVERY_MS = 60_000;
const ATTEMPTS = 10;
