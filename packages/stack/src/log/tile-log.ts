/**
 * An append-only log in tiles (RFC 6962, c2sp.org/tlog-tiles): the store under Rekor v1, Rekor v2 and the CT log.
 *
 *   checkpoint                        the signed size and root: the one truth; everything past it was never promised
 *   tile/<L>/<N>[.p/<W>]              hashes of level L
 *   tile/entries/<N>[.p/<W>]          (or tile/data) what was appended, in the form of the log's `EntryFormat`
 *
 * An append is answered once its entry is in a checkpoint that is on disk. The order is always: entries and hashes, synced; then the
 * checkpoint, synced and renamed; then the answer. A sequence that was once tried to be published is never replaced by another, so that a
 * failure after which nobody knows what is on disk cannot fork the log.
 */
import type { Disk } from '../store/disk.ts';

/** What readers see: never before it is durable. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
  /** The checkpoint, a signed note. */
  readonly checkpoint: string;
}

export interface NewEntry {
  /** SHA-256(00 ‖ leaf). */
  readonly leafHash: Uint8Array;
  /** What is kept and read back. */
  readonly data: Uint8Array;
}

export interface Appended {
  readonly index: number;
  /** An equal leaf was there before; nothing was appended. Only in logs that are `unique`. */
  readonly duplicate: boolean;
  /** A published tree that contains the entry. */
  readonly head: TreeHead;
}

/** How entries lie in a bundle of 256: with a length before each (Rekor), or one after the other (static CT). */
export interface EntryFormat {
  /** The folder in `tile/`: `entries` or `data`. */
  readonly folder: string;
  /** The bundle of several entries is the bundles of each, one after the other. Throws `TypeError` for an entry that does not fit. */
  encode(entries: readonly Uint8Array[]): Uint8Array;
  /** Throws `TypeError` for bytes that are not a bundle. */
  decode(bundle: Uint8Array): Uint8Array[];
}

export interface TileLog {
  readonly head: TreeHead;
  /** Entries that wait for a checkpoint. */
  readonly pending: number;
  /** Why the last publication failed; undefined after one that did not. The next append tries again. */
  readonly problem: string | undefined;
  /** Tries again what could not be published, if there is anything; nobody waits for it. */
  retry(): void;
  /**
   * Appends, and waits for the checkpoint. The entry may depend on its index; what the function throws is thrown, and no index is used. Throws
   * `LogUnavailable` when too many wait, when the disk fails, and after `close`; the entry may have been logged nevertheless.
   * `TypeError` for an entry that does not fit its format.
   */
  append(entry: NewEntry | ((index: number) => NewEntry)): Promise<Appended>;
  /** The index of a published leaf; only in logs that are `unique`. */
  find(leafHash: Uint8Array): Promise<number | undefined>;
  /** `data` of entries [start, end), fewer where the published tree ends. Read from disk as they are: compare the leaf hash where it matters. */
  entries(start: number, end: number): Promise<Uint8Array[]>;
  /** Leaf side first; checked against the root before it is returned. Throws `RangeError` outside the published tree. */
  inclusionProof(index: number, size?: number): Promise<Uint8Array[]>;
  consistencyProof(first: number, second?: number): Promise<Uint8Array[]>;
  root(size: number): Promise<Uint8Array>;
  /** The bytes of a published tile or bundle by its path below the log, e.g. `tile/0/x001/234.p/5`; undefined when there is none. */
  file(path: string): Promise<Uint8Array | undefined>;
  /** Publishes what waits, then refuses. Whoever waits is told how it went; `close` itself does not reject. */
  close(): Promise<void>;
}

/**
 * For whoever watches: why the log cannot be written. To ask is to try again, since nobody sends entries to a log that says it is not ready.
 */
export function readinessProblem(log: Pick<TileLog, 'problem' | 'retry'>): string | undefined {
  log.retry();
  return log.problem;
}

/** 503: try again. */
export class LogUnavailable extends Error {
  override readonly name = 'LogUnavailable';
}

export interface TileLogOptions {
  readonly disk: Disk;
  readonly format: EntryFormat;
  /** The checkpoint for a tree: one signature. Called once for each publication, with sizes that only grow. */
  readonly sign: (size: number, root: Uint8Array) => string;
  /** Whether a checkpoint found on disk is this log's own: origin and signature. */
  readonly isOwn: (checkpoint: string) => boolean;
  /** Equal leaves are one entry. */
  readonly unique?: boolean;
  /** Appends that may wait; beyond it `LogUnavailable`. 4096 when absent. */
  readonly maxPending?: number;
}
