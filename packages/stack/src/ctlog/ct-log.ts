/**
 * The certificate transparency log (RFC 6962, c2sp.org/static-ct-api; services.md section 4), on tiles.
 *
 *   chain ─► verified to an accepted root ─► issuers on disk ─► entry in a published tree, on disk ─► SCT
 *
 * There is no merge delay: who holds an SCT finds the entry in the log, at the index that the SCT states.
 */
import { createPublicKey } from 'node:crypto';
import { toHex } from '@assay/core';
import {
  type CtEntry,
  encodeLeafInput,
  encodeTileLeaf,
  encodeTimestampedEntry,
  leafHash,
  type Sct,
  type SctFields,
  type SigningKey,
  sha256,
  signSct,
  staticCtExtensions,
} from '@assay/make';
import { LogUnavailable, openTileLog, readinessProblem } from '../log/index.ts';
import type { Service, ServiceContext } from '../service.ts';
import { openIssuers } from './issuers.ts';
import { LruMap } from './lru-map.ts';
import { remembered } from './remembered.ts';
import { ctRoutes } from './routes.ts';
import { type Submission, submissionCheck } from './submission.ts';
import { readLeaves, tileLeafFormat } from './tile-leaf.ts';
import { encodeTreeHead, openTreeHead, signTreeHead } from './tree-head.ts';

export interface CtLogOptions extends ServiceContext {
  /** P-256. */
  readonly key: SigningKey;
  /** DER of the certificates that chains must lead to. */
  readonly roots: readonly Uint8Array[];
}

export interface CtLog extends Service {
  /** SHA-256 of the key's SPKI. */
  readonly logId: Uint8Array;
  /**
   * Logs a precertificate; `chain` is DER, the precertificate first, its issuers in order after it, with or without the root. Resolves when the
   * entry is in the published log. What is among the last 2048 entries gets its first SCT again, and is not logged again.
   * Throws `Refusal` 400 for what may not be logged, `LogUnavailable` when it cannot be logged now.
   */
  addPrecertificate(chain: readonly Uint8Array[]): Promise<Sct>;
  /** The same for a final certificate. */
  addCertificate(chain: readonly Uint8Array[]): Promise<Sct>;
}

/** Owns `disk` until it is closed. Throws `TypeError` for a key of another type, `TrustError` `CERT_PARSE` for roots that are no certificates. */
export async function openCtLog({ key, roots, ...context }: CtLogOptions): Promise<CtLog> {
  if (key.type !== 'p256') throw new TypeError(`a CT log signs with P-256, not with ${key.type}`);
  const { disk, clock, baseUrl } = context;
  const logId = sha256(key.spki);
  const publicKey = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });
  const origin = baseUrl.replace(/^[a-z]+:\/\//, '');
  const check = submissionCheck(roots);
  const issuers = openIssuers(disk);

  // A clock that goes back: no SCT is older than the one before it, no tree head older than what it contains (RFC 6962 section 3.5).
  let latestMs = 0;
  const nowMs = (): number => {
    latestMs = Math.max(latestMs, clock().getTime());
    return latestMs;
  };

  const log = await openTileLog({
    disk,
    format: tileLeafFormat,
    unique: true, // leaves state their index, so none is equal to another; this is what finds them by hash
    sign: (size, root) => encodeTreeHead(signTreeHead(key, { size, root, timestampMs: nowMs() }), origin, logId),
    isOwn: (checkpoint) => {
      const head = openTreeHead(checkpoint, publicKey, logId);
      latestMs = Math.max(latestMs, head?.timestampMs ?? 0);
      return head !== undefined;
    },
  });

  // What was logged last, so that asking again logs nothing new; signed again after a restart, since SCTs are not kept.
  const recent = new LruMap<Promise<Sct>>(MAX_RECENT);
  const { size } = log.head;
  for (const { entry, timestampMs, index } of await readLeaves(log, Math.max(0, size - MAX_RECENT), size)) {
    recent.set(nameOf(entry), Promise.resolve(signSct(key, fieldsAt(entry, { timestampMs, index }))));
  }

  const add = async (type: CtEntry['type'], chain: readonly Uint8Array[]): Promise<Sct> => {
    const submission = await check(type, chain);
    return remembered(recent, nameOf(submission.entry), () => append(submission));
  };

  const append = async ({ entry, submitted, issuers: chain }: Submission): Promise<Sct> => {
    await issuers.keep(chain).catch((cause: unknown) => {
      throw new LogUnavailable('the issuers cannot be written', { cause });
    });
    const timestampMs = nowMs();
    const { index } = await log.append((at) => {
      const fields = fieldsAt(entry, { timestampMs, index: at });
      return { leafHash: leafHash(encodeLeafInput(fields)), data: encodeTileLeaf(fields, submitted, chain) };
    });
    return signSct(key, fieldsAt(entry, { timestampMs, index }));
  };

  const app = ctRoutes({
    roots,
    add,
    log,
    issuers,
    treeHead: () => {
      const head = openTreeHead(log.head.checkpoint, publicKey, logId);
      if (head === undefined) throw new Error('the published checkpoint is not signed by this log');
      return { ...head, checkpoint: encodeTreeHead(head, origin, logId) };
    },
    logger: context.log,
  });
  return {
    app,
    logId,
    addPrecertificate: (chain) => add('precert', chain),
    addCertificate: (chain) => add('x509', chain),
    problem: () => {
      const problem = readinessProblem(log);
      return problem && `the CT log cannot be written: ${problem}`;
    },
    stats: () => ({ tree_size: log.head.size, pending: log.pending }),
    close: () => log.close(),
  };
}

/** Where and when something was logged: all that its SCT says. */
interface Place {
  readonly timestampMs: number;
  readonly index: number;
}

function fieldsAt(entry: CtEntry, { timestampMs, index }: Place): SctFields {
  return { timestampMs, entry, extensions: staticCtExtensions(index) };
}

/** The same for whatever would get the same SCT. */
function nameOf(entry: CtEntry): string {
  return toHex(sha256(encodeTimestampedEntry({ timestampMs: 0, entry })));
}

/** Authorities ask again within seconds, when they ask again at all. */
const MAX_RECENT = 2048;
