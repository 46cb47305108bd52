/**
 * A copy of a resource of the cluster that follows it: a list, then a watch from where the list ended, again and again.
 *
 *   list (pages of 500) ─► watch from its version ─► events, bookmarks ─► the server ends it ─► watch from the last version
 *        ▲                                                                      │ 410: too old
 *        └──────────────────────── after a pause that grows ◄───────────────────┴ errors, and every 10 h
 *
 * An API server that is away is no reason to forget what it said: the copy stays, and `stalenessMs` tells how old it may be.
 *
 * State: a map, written by the one loop that `start` begins and `close` ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type JsonObject, TrustError } from '@assay/core';
import { deferred } from '../deferred.ts';
import { apiStatus, type KubernetesClient } from './client.ts';
import { listPages } from './list.ts';
import { metadataText, nameOf, versionOf } from './object.ts';

export interface InformerOptions {
  readonly client: KubernetesClient;
  /** Of the collection: `/apis/policy.sigstore.dev/v1alpha1/clusterimagepolicies`. */
  readonly path: string;
  /** For messages and metrics. */
  readonly resource: string;
  readonly query?: Readonly<Record<string, string>>;
  /** The copy has changed. Called once after each list, and after each event. */
  readonly onChange: (change: InformerChange) => void;
  /** Why the copy grows old. The loop goes on. */
  readonly onProblem?: (problem: unknown) => void;
  /** A resource that the cluster does not know (404) is taken for an empty one. */
  readonly optional?: boolean;
  readonly relistMs?: number;
  /** Seams for tests. */
  readonly now?: () => number;
  readonly random?: () => number;
  readonly backOffMs?: number;
  readonly watchSeconds?: number;
}

export interface InformerChange {
  /** Undefined: everything may have. */
  readonly object: JsonObject | undefined;
}

export class Informer {
  readonly resource: string;
  readonly #options: InformerOptions;
  readonly #objects = new Map<string, JsonObject>();
  readonly #stop = new AbortController();
  readonly #synced = deferred<void>();
  #isSynced = false;
  #failures = 0;
  #heardAt: number | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: InformerOptions) {
    this.#options = options;
    this.resource = options.resource;
    // Nobody need wait for it.
    this.#synced.promise.catch(() => undefined);
  }

  start(): this {
    this.#loop ??= this.#run();
    return this;
  }

  /** Resolves with the first list; rejects when it was closed before. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  objects(): readonly JsonObject[] {
    return [...this.#objects.values()];
  }

  /** `namespace` is '' for what has none. */
  object(namespace: string, name: string): JsonObject | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  /** Since the server was last heard of. Infinite before the first list. */
  get stalenessMs(): number {
    return this.#heardAt === undefined ? Number.POSITIVE_INFINITY : this.#now() - this.#heardAt;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#synced.reject(new TrustError('ADMISSION_API', `${this.resource}: closed before it was read`));
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        const version = await this.#list();
        if (version === undefined) await this.#pause(ABSENT_MS);
        else await this.#follow(version);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#options.onProblem?.(error);
        await this.#backOff();
      }
    }
  }

  /** Replaces the copy when the whole list has been read. Undefined: the cluster knows no such resource. */
  async #list(): Promise<string | undefined> {
    const found = new Map<string, JsonObject>();
    let version = '';
    try {
      const { client, path, query } = this.#options;
      for await (const page of listPages(client, path, { resource: this.resource, ...(query !== undefined && { query }), signal: this.#stop.signal })) {
        for (const object of page.objects) found.set(keyOf(object), object);
        version = page.version;
      }
    } catch (error) {
      if (this.#options.optional !== true || apiStatus(error) !== 404) throw error;
      version = '';
    }
    this.#objects.clear();
    for (const [key, object] of found) this.#objects.set(key, object);
    this.#heard();
    this.#isSynced = true;
    this.#options.onChange({ object: undefined });
    this.#synced.resolve();
    return version === '' ? undefined : version;
  }

  /** Until the version is too old, or it is time for another list. */
  async #follow(from: string): Promise<void> {
    let version = from;
    const end = this.#now() + (this.#options.relistMs ?? RELIST_MS) * (0.9 + 0.2 * this.#random());
    while (!this.#stop.signal.aborted && this.#now() < end) {
      const begun = this.#now();
      try {
        await this.#watch(version, (reached) => {
          version = reached;
        });
        // One that ends at once, over and over, must not keep both of us busy.
        if (this.#now() - begun < SHORT_MS) await this.#backOff();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        const status = apiStatus(error);
        // Too old a version, and what the server no longer allows or knows: the next list will tell.
        if (status !== undefined && status < 500) throw error;
        this.#options.onProblem?.(error);
        await this.#backOff();
      }
    }
  }

  async #watch(from: string, reached: (version: string) => void): Promise<void> {
    const { client, path, query, watchSeconds = WATCH_SECONDS } = this.#options;
    const timeoutSeconds = String(Math.ceil(watchSeconds * (1 + this.#random())));
    const options = {
      query: { ...query, resourceVersion: from, allowWatchBookmarks: 'true', timeoutSeconds },
      idleTimeoutMs: Number(timeoutSeconds) * 1000 + SILENCE_MS,
      signal: this.#stop.signal,
    };
    for await (const { type, object } of client.watch(path, options)) {
      this.#heard();
      if (type === 'ERROR') throw errorEvent(object, this.resource);
      this.#failures = 0;
      const version = versionOf(object);
      if (version !== '') reached(version);
      if (type === 'BOOKMARK') continue;
      if (type === 'DELETED') this.#objects.delete(keyOf(object));
      else this.#objects.set(keyOf(object), object);
      this.#options.onChange({ object });
    }
    this.#heard();
  }

  #heard(): void {
    this.#heardAt = this.#now();
  }

  /** Longer each time, until an event comes. */
  async #backOff(): Promise<void> {
    const ms = Math.min((this.#options.backOffMs ?? BACK_OFF_MS) * 2 ** Math.min(this.#failures++, 10), LONGEST_BACK_OFF_MS);
    await this.#pause(ms * (0.5 + this.#random() / 2));
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined);
  }

  #now(): number {
    return (this.#options.now ?? performance.now.bind(performance))();
  }

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }
}

function keyOf(object: JsonObject): string {
  return `${metadataText(object, 'namespace')}/${nameOf(object)}`;
}

function errorEvent(status: JsonObject, resource: string): TrustError {
  const code = typeof status['code'] === 'number' ? status['code'] : 500;
  return new TrustError('ADMISSION_API', `${resource}: the watch ended with status ${code}`, { data: { status: code } });
}

const RELIST_MS = 10 * 3_600_000;
const WATCH_SECONDS = 60;
const SILENCE_MS = 15_000;
const SHORT_MS = 1000;
const ABSENT_MS = 30_000;
const BACK_OFF_MS = 500;
const LONGEST_BACK_OFF_MS = 30_000;
