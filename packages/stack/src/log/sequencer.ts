/**
 * Puts entries into their order, and publishes them batch by batch.
 *
 *   append ─► queue ─► batch: indexes are given, hashes computed ─► publish ─► answers
 *              ▲                                                      │
 *              └── one batch at a time; meanwhile the queue fills ────┘
 *
 * After a publication that failed nobody knows what is on disk: nothing, some files, or the checkpoint itself. So the batch stays first in
 * line with the same entries at the same indexes and is published again, whole, before anything else: then it cannot matter. Those who waited
 * for it, and those behind them, are told at once; nothing is retried before the next append (or `retry`, or `close`) asks for it.
 */
import { HASH_SIZE } from '@assay/core';
import { type Edge, type Growth, grow, type Leaf } from './edge.ts';
import { type Appended, type EntryFormat, LogUnavailable, type NewEntry, type TreeHead } from './tile-log.ts';

export type EntrySource = NewEntry | ((index: number) => NewEntry);

export interface Batch extends Growth {
  /** The signed checkpoint, once it was made: a batch is signed once, however often it is tried. */
  checkpoint?: string;
}

export interface SequencerOptions {
  readonly format: EntryFormat;
  /** The index of an equal leaf that is published; absent in logs that may hold leaves twice. */
  readonly find: ((leafHash: Uint8Array) => Promise<number | undefined> | undefined) | undefined;
  /** What is published now. */
  readonly published: () => { readonly edge: Edge; readonly head: TreeHead };
  /** Resolves when the batch is durable and readers see it. */
  readonly publish: (batch: Batch) => Promise<void>;
  readonly maxPending: number;
}

/** An append that waits. */
interface Waiting {
  readonly leafAt: (index: number) => Leaf;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

interface Answer {
  readonly waiting: Waiting;
  readonly index: number;
  readonly duplicate: boolean;
}

export class Sequencer {
  readonly #options: SequencerOptions;
  #queue: Waiting[] = [];
  #pending = 0;
  /** Was tried and is not published: the only one that may be next. */
  #tried: Batch | undefined;
  #running: Promise<void> | undefined;
  #closed = false;
  #problem: string | undefined;

  constructor(options: SequencerOptions) {
    this.#options = options;
  }

  /** Appends without an answer. */
  get pending(): number {
    return this.#pending;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  async append(entry: EntrySource): Promise<Appended> {
    if (this.#closed) throw new LogUnavailable('the log is closed');
    if (this.#pending >= this.#options.maxPending) throw new LogUnavailable(`${this.#pending} entries wait already; try again`);
    const leafAt = this.#leafAt(entry);
    this.#pending++;
    try {
      return await new Promise((resolve, reject) => {
        this.#queue.push({ leafAt, resolve, reject });
        this.#start();
      });
    } finally {
      this.#pending--;
    }
  }

  /** What does not fit is refused here, or when it gets its index: in a batch it would be in everybody's way for ever. */
  #leafAt(entry: EntrySource): (index: number) => Leaf {
    const encode = ({ leafHash, data }: NewEntry): Leaf => {
      if (leafHash.length !== HASH_SIZE) throw new TypeError(`a leaf hash has ${HASH_SIZE} bytes, not ${leafHash.length}`);
      return { hash: leafHash, bundle: this.#options.format.encode([data]) };
    };
    if (typeof entry === 'function') return (index) => encode(entry(index));
    const leaf = encode(entry);
    return () => leaf;
  }

  retry(): void {
    if (this.#tried !== undefined) this.#start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#tried !== undefined) this.#start();
    await this.#running;
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    await undefined; // what is appended in the same turn belongs to the same batch
    while (this.#tried !== undefined || this.#queue.length > 0) {
      if (!(await this.#publishNext())) break;
    }
    this.#running = undefined; // in the same turn as the look at the queue: nobody may be added and not be seen
  }

  /** Whether it succeeded. */
  async #publishNext(): Promise<boolean> {
    const { published, publish } = this.#options;
    const answers: Answer[] = [];
    try {
      const batch = this.#tried ?? (await this.#nextBatch(answers));
      if (batch !== undefined) {
        this.#tried = batch;
        await publish(batch);
        this.#tried = undefined;
      }
    } catch (error) {
      this.#fail(answers, error);
      return false;
    }
    this.#problem = undefined;
    const { head } = published();
    for (const { waiting, index, duplicate } of answers) waiting.resolve({ index, duplicate, head });
    return true;
  }

  #fail(answers: readonly Answer[], cause: unknown): void {
    this.#problem = cause instanceof Error ? cause.message : String(cause);
    const behind = this.#queue;
    this.#queue = [];
    for (const { reject } of [...answers.map(({ waiting }) => waiting), ...behind]) {
      reject(new LogUnavailable('the log could not be written; try again', { cause }));
    }
  }

  /** Gives all that wait their indexes. Undefined when nothing of it is new. */
  async #nextBatch(answers: Answer[]): Promise<Batch | undefined> {
    const { format, published, find } = this.#options;
    const queue = this.#queue;
    this.#queue = [];
    const { edge } = published();
    const leaves: Leaf[] = [];
    const inBatch = new Map<string, number>();
    for (const waiting of queue) {
      try {
        const index = edge.size + leaves.length;
        const leaf = waiting.leafAt(index);
        const key = keyOf(leaf.hash);
        const finding = find?.(leaf.hash); // usually nothing, and then there is nothing to wait for
        const equal = find && (inBatch.get(key) ?? (finding && (await finding)));
        answers.push({ waiting, index: equal ?? index, duplicate: equal !== undefined });
        if (equal !== undefined) continue;
        leaves.push(leaf);
        inBatch.set(key, index);
      } catch (error) {
        waiting.reject(error);
      }
    }
    return leaves.length === 0 ? undefined : grow(edge, leaves, format.folder);
  }
}

function keyOf({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}
