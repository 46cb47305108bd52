/**
 * Following a log: whether it keeps to what it signed, and what was put on record since (services.md section 6).
 *
 *   newest checkpoint ─► the log's signature ─► consistent with the stored one ─► new entries, each in the tree ─► stored
 *
 * What is stored is a checkpoint below which everything was verified and told. Whoever is interrupted tells some entries twice the next
 * time, and never misses one.
 */
import { type Checkpoint, isTrustError, parseCheckpoint, quote, TrustError } from '@assay/core';
import { redactUrl } from '@assay/net';
import { checkExtension } from './check-extension.ts';
import type { LogPlace, LogReader, LogTree, PublishedTree } from './log-reader.ts';
import { type RecordedEntry, readRecorded } from './recorded.ts';
import { type SignedTree, verifyCheckpoint } from './signed-tree.ts';
import { keepEvidence, loadCheckpoint, storeCheckpoint } from './state-file.ts';
import { type Watch, type WatchReason, watchReasons } from './watch.ts';

export interface FollowOptions {
  /** Where the last verified checkpoint is kept. */
  readonly stateFile: string;
  readonly watch: Watch;
  /** The index in the whole log to begin at when nothing is stored. Default: after the newest entry. */
  readonly from?: bigint | undefined;
  /** Seam for tests. */
  readonly sleep?: ((ms: number) => Promise<void>) | undefined;
}

export type LogEvent =
  /** A watched entry, which the log's signed tree holds. */
  | { readonly kind: 'entry'; readonly origin: string; readonly index: bigint; readonly entry: RecordedEntry; readonly reasons: readonly WatchReason[] }
  /** Now and then on long ways; `next` is the index in the whole log. */
  | { readonly kind: 'progress'; readonly origin: string; readonly next: bigint; readonly end: bigint }
  /** The tree that is stored now. */
  | {
      readonly kind: 'verified';
      readonly origin: string;
      /** Entries in the tree that was stored before; undefined for the first. */
      readonly from: bigint | undefined;
      readonly treeSize: bigint;
      /** Entries that were read, and how many of them say something that is not read here. */
      readonly read: number;
      readonly unread: number;
    };

/**
 * One round, up to the newest checkpoint. A Rekor v1 log is followed from one shard into the next.
 * Errors: `LOG_FORK` and `LOG_ROLLBACK` (both checkpoints are kept beside the state), `LOG_LIE`, `LOG_STATE`, `TLOG_CHECKPOINT_…`, `TLOG_UNKNOWN_LOG`;
 * `LOG_READ`, `REKOR_RESPONSE` and `NET_…`, which may pass; `FILE_…`. After any of them the state is what it was.
 */
export async function* followLog(place: LogPlace, log: LogReader, options: FollowOptions): AsyncGenerator<LogEvent> {
  try {
    yield* followOnce(place, log, options);
  } catch (error) {
    throw await withEvidence(error, place, options.stateFile);
  }
}

async function* followOnce(place: LogPlace, log: LogReader, options: FollowOptions): AsyncGenerator<LogEvent> {
  const where = redactUrl(place.url);
  const stored = await loadStored(place, log, options.stateFile);
  const trees = await publishedTrees(log, stored, options.sleep ?? pause);
  const at = stored === undefined ? startingTree(trees, options.from) : trees.findIndex(({ text }) => originOf(text) === stored.checkpoint.origin);
  if (at < 0) throw await otherLog(stored, trees, options.stateFile, (text) => verifyCheckpoint(text, place.logs, log.rekor, where));
  for (const [i, { text, first }] of trees.slice(at).entries()) {
    const signed = await verifyCheckpoint(text, place.logs, log.rekor, where);
    const before = i === 0 ? stored : undefined;
    if (before !== undefined) await checkExtension(before, signed, where, log.checkConsistency);
    const start = i > 0 ? 0n : (before?.checkpoint.treeSize ?? startIn({ signed, first }, options.from));
    yield* walk({ signed, first }, { start, before, log, options });
  }
}

/** What proves that the log contradicts itself is kept, and named in the message. */
async function withEvidence(error: unknown, { url }: LogPlace, file: string): Promise<unknown> {
  if (!isTrustError(error)) return error;
  const { code, message, expected, found, hint, data: { stored, shown } = {} } = error;
  if (typeof stored !== 'string' || typeof shown !== 'string') return error;
  const kept = await keepEvidence(file, { code, message, log: redactUrl(url), stored, shown });
  const details = { hint, cause: error, ...(expected !== undefined && { expected }), ...(found !== undefined && { found }) };
  return new TrustError(code, `${message}; both signed checkpoints are kept in ${kept}`, details);
}

/** The stored checkpoint is verified again: a file proves nothing. */
async function loadStored({ logs, url }: LogPlace, { rekor }: LogReader, file: string): Promise<SignedTree | undefined> {
  const text = loadCheckpoint(file);
  if (text === undefined) return undefined;
  try {
    return await verifyCheckpoint(text, logs, rekor, quote(file));
  } catch (error) {
    if (!isTrustError(error)) throw error;
    throw new TrustError('LOG_STATE', `${error.message} (${redactUrl(url)})`, {
      cause: error,
      ...(error.expected !== undefined && { expected: error.expected }),
      ...(error.found !== undefined && { found: error.found }),
    });
  }
}

/** Caches and replicas show a tree of some seconds ago: a smaller one than is stored is looked at again before it is believed. */
async function publishedTrees(log: LogReader, stored: SignedTree | undefined, sleep: (ms: number) => Promise<void>): Promise<readonly PublishedTree[]> {
  for (let attempt = 1; ; attempt++) {
    const trees = await log.trees();
    const isBehind = trees.some(({ text }) => stored !== undefined && isSmaller(text, stored.checkpoint));
    if (!isBehind || attempt === ATTEMPTS) return trees;
    await sleep(CACHED_FOR_MS);
  }
}

function isSmaller(text: string, { origin, treeSize }: Checkpoint): boolean {
  const parsed = parseCheckpoint(text);
  return 'checkpoint' in parsed && parsed.checkpoint.origin === origin && parsed.checkpoint.treeSize < treeSize;
}

/** Without an index the last one: what was there before is not looked at. */
function startingTree(trees: readonly PublishedTree[], from: bigint | undefined): number {
  return from === undefined ? trees.length - 1 : trees.findLastIndex(({ first }) => first <= from);
}

function startIn({ signed, first }: LogTree, from: bigint | undefined): bigint {
  const { treeSize } = signed.checkpoint;
  return from === undefined || from - first > treeSize ? treeSize : from - first;
}

function originOf(text: string): string | undefined {
  const parsed = parseCheckpoint(text);
  return 'checkpoint' in parsed ? parsed.checkpoint.origin : undefined;
}

/** What is shown has to be signed before anything is made of it. */
async function otherLog(
  stored: SignedTree | undefined,
  trees: readonly PublishedTree[],
  file: string,
  verify: (text: string) => Promise<SignedTree>,
): Promise<TrustError> {
  const shown = await verify(trees.at(-1)?.text ?? '');
  return new TrustError('LOG_STATE', `${quote(file)}: the stored checkpoint is of another log than the one at this address`, {
    expected: quote(shown.checkpoint.origin, 100),
    found: quote(stored?.checkpoint.origin ?? '', 100),
  });
}

interface Walk {
  readonly start: bigint;
  readonly before: SignedTree | undefined;
  readonly log: LogReader;
  readonly options: FollowOptions;
}

async function* walk(tree: LogTree, { start, before, log, options }: Walk): AsyncGenerator<LogEvent> {
  const { origin, treeSize } = tree.signed.checkpoint;
  let read = 0;
  let unread = 0;
  for await (const { index, body } of log.entries(tree, start)) {
    const entry = await readRecorded(body);
    const reasons = watchReasons(entry, options.watch);
    if (reasons.length > 0) yield { kind: 'entry', origin, index, entry, reasons };
    read++;
    if (entry.unread) unread++;
    if (read % PROGRESS_EVERY === 0) yield { kind: 'progress', origin, next: index + 1n, end: tree.first + treeSize };
  }
  if (before === undefined || before.checkpoint.treeSize !== treeSize) await storeCheckpoint(options.stateFile, tree.signed.text);
  yield { kind: 'verified', origin, from: before?.checkpoint.treeSize, treeSize, read, unread };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const ATTEMPTS = 3;
const CACHED_FOR_MS = 1500;
const PROGRESS_EVERY = 1000;
