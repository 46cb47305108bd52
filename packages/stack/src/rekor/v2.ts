/**
 * Rekor v2 (services.md sections 6 and 7): one way in, and tiles that everybody reads.
 *
 *   POST /api/v2/log/entries           201 with proof and checkpoint, once the entry is published
 *   GET  /api/v2/checkpoint            GET /api/v2/tile/<L>/<N>[.p/<W>]            GET /api/v2/tile/entries/<N>[.p/<W>]
 *   POST /api/v2/index/retrieve        ours: the body is that of Rekor v1, the answer { "indexes": ["12", …] }, the newest first, 1000 at most
 *
 * The last one proves nothing: who uses it reads the entries from tiles and checks them.
 */
import { leafHash, noteKeyHash, type SigningKey, tlogEntryJson } from '@assay/make';
import { Hono } from 'hono';
import { Refusal, refusalAnswer } from '../http/refusal.ts';
import { LogUnavailable, openTileLog, readinessProblem, rekorEntryFormat } from '../log/index.ts';
import type { Service, ServiceContext } from '../service.ts';
import { checkpointsOf } from './log-key.ts';
import { requestText } from './request-text.ts';
import { openSearchIndex } from './search-index.ts';
import { searchKeysOfBody } from './search-keys.ts';
import { MAX_QUERY_BYTES, parseSearchQuery } from './search-query.ts';
import { acceptRequest } from './v2-request.ts';

export interface RekorV2Options extends ServiceContext {
  /** Ed25519. */
  readonly key: SigningKey;
  /** From then on it takes no entries: 405. */
  readonly frozenFrom?: Date | undefined;
  /** Takes the requests of older clients for envelopes. */
  readonly acceptDsse?: boolean;
}

export interface RekorV2 extends Service {
  /** The id of its key, not cut to four bytes. */
  readonly logId: Uint8Array;
}

/** The host stands for the log: on one host, each shard needs a key of its own (section 1). */
export function rekorV2LogId(baseUrl: string, key: Pick<SigningKey, 'type' | 'spki'>): Uint8Array {
  return noteKeyHash(new URL(baseUrl).hostname, key);
}

/** Errors: `STACK_DATA` when the log on disk is damaged, or another's. */
export async function openRekorV2({ disk, baseUrl, clock, log, key, frozenFrom, acceptDsse = false }: RekorV2Options): Promise<RekorV2> {
  const { hostname } = new URL(baseUrl);
  const checkpoints = checkpointsOf({ origin: hostname, name: hostname, key });
  const tiles = await openTileLog({ disk, format: rekorEntryFormat, unique: true, ...checkpoints });
  const index = await openSearchIndex({
    disk,
    log,
    entries: { size: () => tiles.head.size, read: (start, end) => tiles.entries(start, end), keys: searchKeysOfBody },
  });
  const logId = rekorV2LogId(baseUrl, key);

  const app = new Hono();
  app.post('/api/v2/log/entries', async (c) => {
    if (frozenFrom !== undefined && clock() >= frozenFrom) return c.text(FROZEN, 405, { Allow: 'GET' });
    const { kind, version, body, keys } = await acceptRequest(await requestText(c.req.raw, MAX_REQUEST_BYTES), { acceptDsse });
    const appended = await tiles.append({ leafHash: leafHash(body), data: body });
    const { index: logIndex, duplicate, head } = appended;
    if (duplicate) {
      const message = `an equivalent entry already exists in the transparency log with index ${logIndex}`;
      throw new Refusal(409, message, { headers: { 'x-log-index': String(logIndex) } });
    }
    index.add(logIndex, keys);
    const hashes = await tiles.inclusionProof(logIndex, head.size);
    const proof = { logIndex, treeSize: head.size, rootHash: head.root, hashes, checkpoint: head.checkpoint };
    // As the protobuf library of the log writes it: what is empty is there as well.
    return c.json({ ...tlogEntryJson({ kind, version, body, logId, logIndex, proof }), integratedTime: '0', inclusionPromise: null }, 201);
  });
  app.get('/api/v2/checkpoint', (c) => {
    return c.body(tiles.head.checkpoint, 200, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': BRIEFLY });
  });
  app.get('/api/v2/tile/*', async (c) => {
    const path = c.req.path.slice(c.req.path.indexOf('/api/v2/tile/') + '/api/v2/'.length);
    const bytes = await tiles.file(path);
    if (bytes === undefined) throw new Refusal(404, 'Not Found');
    // A full tile never changes, and never goes.
    return c.body(Uint8Array.from(bytes), 200, { 'Content-Type': 'application/octet-stream', 'Cache-Control': path.includes('.p/') ? BRIEFLY : FOR_EVER });
  });
  app.post('/api/v2/index/retrieve', async (c) => {
    const hits = await index.find(parseSearchQuery(await requestText(c.req.raw, MAX_QUERY_BYTES)));
    return c.json({ indexes: hits.map(({ index: at }) => String(at)) });
  });
  app.onError((error) => {
    if (error instanceof Refusal) return refusalAnswer(error);
    if (error instanceof LogUnavailable) return refusalAnswer(new Refusal(503, 'reached max pushback; retry', { headers: { 'Retry-After': '1' } }));
    log.error({ err: error }, 'a request to Rekor v2 failed');
    return refusalAnswer(new Refusal(500, 'Internal Server Error'));
  });

  return {
    app,
    logId,
    problem: () => readinessProblem(tiles),
    stats: () => ({ tree_size: tiles.head.size, pending: tiles.pending, indexed: index.size }),
    close: async () => {
      await tiles.close();
      await index.close();
    },
  };
}

const FROZEN = 'This log has been frozen, please switch to the latest log.\n';
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
const BRIEFLY = 'public, max-age=2';
const FOR_EVER = 'public, max-age=31536000, immutable';
