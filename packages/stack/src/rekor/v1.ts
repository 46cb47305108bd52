/**
 * The API of Rekor v1 (services.md section 5), over a log of tiles for each of its shards.
 *
 *   POST /api/v1/log/entries              GET /api/v1/log/entries?logIndex=n      GET /api/v1/log
 *   POST /api/v1/log/entries/retrieve     GET /api/v1/log/entries/{id}            GET /api/v1/log/proof?firstSize&lastSize[&treeID]
 *   POST /api/v1/index/retrieve                                                   GET /api/v1/log/publicKey[?treeID]
 *
 * An upload is answered when its entry is in a published tree. Refusals are `{code, message}`.
 */
import { canonicalJson, fromHex, isJsonObject, type Json, JsonError, type JsonObject, type JsonValue, parseJson, quote, toHex, utf8 } from '@assay/core';
import { leafHash, type SigningKey } from '@assay/make';
import { type Context, Hono } from 'hono';
import { Refusal } from '../http/refusal.ts';
import { LogUnavailable, readinessProblem } from '../log/index.ts';
import type { Service, ServiceContext } from '../service.ts';
import { requestText } from './request-text.ts';
import { openSearchIndex, type SearchIndex } from './search-index.ts';
import { searchKeysOfBody } from './search-keys.ts';
import { MAX_QUERY_BYTES, parseSearchQuery } from './search-query.ts';
import { acceptProposal } from './v1-proposal.ts';
import type { V1Record } from './v1-record.ts';
import { openShards, type Place, type Shard, type ShardKey, type Shards, type V1Entry } from './v1-shards.ts';

export interface RekorV1Options extends ServiceContext {
  /** The trees since the first, at least one: the last takes entries. P-256 keys. */
  readonly shards: readonly ShardKey[];
}

export interface RekorV1 extends Service {
  /** Of each shard what clients must know to trust it. */
  readonly logs: readonly RekorV1LogId[];
}

export interface RekorV1LogId {
  readonly treeId: bigint;
  readonly key: SigningKey;
  /** SHA-256 of the key. */
  readonly logId: Uint8Array;
}

/** Errors: `STACK_DATA` when a shard on disk is damaged, or another log's. */
export async function openRekorV1({ disk, clock, baseUrl, log, shards: keys }: RekorV1Options): Promise<RekorV1> {
  const { hostname, pathname } = new URL(baseUrl);
  const shards = await openShards(disk, keys, hostname);
  const index = await openSearchIndex({
    disk,
    log,
    entries: { size: () => shards.size, read: (start, end) => shards.read(start, end), keys: keysOf },
  });
  const location = (id: string): string => `${pathname.replace(/\/$/, '')}/api/v1/log/entries/${id}`;

  const app = new Hono();
  app.post('/api/v1/log/entries', async (c) => {
    const { body, keys: found, attested } = await acceptProposal(await readObject(c.req.raw, MAX_PROPOSAL_BYTES));
    const { place, duplicate, id, entry } = await shards.append({ body, attested }, clock());
    if (duplicate) {
      const message = `an equivalent entry already exists in the transparency log with UUID ${id}`;
      throw new Refusal(409, message, { headers: { Location: location(id) } });
    }
    index.add(place.shard.first + place.index, [...found, ...attested]);
    return c.json({ [id]: await entry() }, 201, { ETag: id, Location: location(id) });
  });
  app.get('/api/v1/log/entries', async (c) => {
    const place = shards.place(integerIn(c, 'logIndex', 0));
    return place === undefined ? notFound(c) : c.json(named(await shards.entry(place)));
  });
  app.get('/api/v1/log/entries/:id', async (c) => {
    const place = await findById(shards, c.req.param('id'), 'entryUUID in path');
    return place === undefined ? notFound(c) : c.json(named(await shards.entry(place)));
  });
  app.post('/api/v1/log/entries/retrieve', async (c) => {
    const places = await findAll(shards, await readObject(c.req.raw, MAX_PROPOSAL_BYTES));
    return c.json(await Promise.all(places.map(async (place) => named(await shards.entry(place)))));
  });
  app.post('/api/v1/index/retrieve', async (c) => c.json(await search(shards, index, await requestText(c.req.raw, MAX_QUERY_BYTES))));
  app.get('/api/v1/log', (c) => {
    const inactive = shards.all.filter((shard) => shard !== shards.active);
    return c.json({ ...state(shards.active), inactiveShards: inactive.map(state) });
  });
  app.get('/api/v1/log/proof', async (c) => {
    const shard = shardIn(c, shards);
    return c.json(await consistency(shard, integerIn(c, 'firstSize', 1, 1), integerIn(c, 'lastSize', 1)));
  });
  app.get('/api/v1/log/publicKey', (c) => c.body(shardIn(c, shards).key.publicPem, 200, { 'Content-Type': 'application/x-pem-file' }));
  app.onError((error) => {
    if (error instanceof Refusal) return failure(error);
    if (error instanceof LogUnavailable) return failure(new Refusal(503, 'the log does not take entries now; try again', { headers: { 'Retry-After': '1' } }));
    log.error({ err: error }, 'a request to Rekor v1 failed');
    return failure(new Refusal(500, 'Internal Server Error'));
  });

  return {
    app,
    logs: shards.all.map(({ treeId, key, logId }) => ({ treeId, key, logId })),
    problem: () => readinessProblem(shards.active.log),
    stats: () => ({ tree_size: shards.active.log.head.size, entries: shards.size, pending: shards.active.log.pending, indexed: index.size }),
    close: async () => {
      await shards.close();
      await index.close();
    },
  };
}

export function keysOf({ body, attested }: V1Record): string[] {
  return [...searchKeysOfBody(body), ...attested];
}

function named({ id, json }: V1Entry): Record<string, V1Entry['json']> {
  return { [id]: json };
}

async function readObject(request: Request, limit: number): Promise<JsonObject> {
  const value = parseBody(await requestText(request, limit));
  if (!isJsonObject(value)) throw new Refusal(400, 'the request body is not a JSON object');
  return value;
}

function parseBody(text: string): Json {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) throw new Refusal(400, `the request body is not JSON: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Of 80 hex digits in that tree, of 64 in any. Throws `Refusal` 422 for other texts. */
async function findById(shards: Shards, id: string, what: string): Promise<Place | undefined> {
  if (!ENTRY_ID.test(id)) throw new Refusal(422, `${what} should be 64 or 80 hex digits, found ${quote(id, 100)}`);
  const hash = fromHex(id.slice(-64));
  if (id.length === 64) return shards.find(hash);
  const shard = shards.shard(BigInt(`0x${id.slice(0, 16)}`));
  return shard && shards.find(hash, [shard]);
}

async function findAll(shards: Shards, body: JsonObject): Promise<Place[]> {
  const [ids, proposals, indexes] = ['entryUUIDs', 'entries', 'logIndexes'].map((name) => listIn(body, name)) as [Json[], Json[], Json[]];
  if (ids.length + proposals.length + indexes.length > MAX_RETRIEVED) throw new Refusal(422, `more than max allowed ${MAX_RETRIEVED} entries in request`);
  const found: (Place | undefined)[] = [];
  for (const id of ids) found.push(await findById(shards, typeof id === 'string' ? id : typeof id, 'entryUUIDs in body'));
  for (const proposal of proposals) found.push(await findProposal(shards, proposal));
  for (const index of indexes) found.push(shards.place(checkIndex(index)));
  return found.filter((place) => place !== undefined);
}

function listIn(body: JsonObject, name: string): Json[] {
  const value = body[name] ?? [];
  if (!Array.isArray(value)) throw new Refusal(422, `${name} in body must be an array`);
  return value;
}

function checkIndex(index: Json): number {
  if (typeof index === 'number' && Number.isSafeInteger(index) && index >= 0) return index;
  throw new Refusal(422, 'logIndexes in body must be integers from 0');
}

/** As it is recorded, or as it was proposed. */
async function findProposal(shards: Shards, proposal: Json): Promise<Place | undefined> {
  if (!isJsonObject(proposal)) throw new Refusal(422, 'entries in body must be objects');
  const recorded = await shards.find(leafHash(utf8(canonicalJson(proposal as JsonValue))));
  return recorded ?? shards.find(leafHash((await acceptProposal(proposal)).body));
}

/** Ids of entries, the newest first. */
async function search(shards: Shards, index: SearchIndex<V1Record>, text: string): Promise<string[]> {
  const hits = await index.find(parseSearchQuery(text));
  return hits.flatMap(({ index: at, entry }) => {
    const place = shards.place(at);
    return place === undefined ? [] : [shards.id(place, entry.body)];
  });
}

function state({ log, treeId }: Shard): { rootHash: string; treeSize: number; signedTreeHead: string; treeID: string } {
  const { size, root, checkpoint } = log.head;
  return { rootHash: toHex(root), treeSize: size, signedTreeHead: checkpoint, treeID: String(treeId) };
}

async function consistency({ log }: Shard, first: number, last: number): Promise<{ rootHash: string; hashes: string[] }> {
  const { size } = log.head;
  if (first > last) throw new Refusal(400, `firstSize(${first}) must be less than lastSize(${last})`);
  if (last > size) throw new Refusal(400, `the tree size requested(${last}) was greater than what is currently observable(${size})`);
  return { rootHash: toHex(await log.root(last)), hashes: (await log.consistencyProof(first, last)).map(toHex) };
}

function shardIn(c: Context, shards: Shards): Shard {
  const treeId = c.req.query('treeID') ?? '';
  if (treeId === '') return shards.active;
  if (!/^\d{1,20}$/.test(treeId)) throw new Refusal(422, `treeID in query should be decimal digits, found ${quote(treeId, 40)}`);
  const shard = shards.shard(BigInt(treeId));
  if (shard === undefined) throw new Refusal(400, `no log range found for tree ID ${treeId}`);
  return shard;
}

function integerIn(c: Context, name: string, minimum: number, missing?: number): number {
  const text = c.req.query(name);
  if (text === undefined && missing !== undefined) return missing;
  if (text === undefined) throw new Refusal(422, `${name} in query is required`);
  if (!/^\d{1,15}$/.test(text) || Number(text) < minimum) {
    throw new Refusal(422, `${name} in query should be an integer greater than or equal to ${minimum}, found ${quote(text, 40)}`);
  }
  return Number(text);
}

function notFound(c: Context): Response {
  return c.json({ code: 404, message: 'Not Found' }, 404);
}

function failure({ status, message, headers }: Refusal): Response {
  return Response.json({ code: status, message }, { status, headers });
}

const ENTRY_ID = /^(?:[\da-f]{64}|[\da-f]{80})$/i;
const MAX_RETRIEVED = 10;
/** Envelopes hold their payload, twice in base64 as intoto. */
const MAX_PROPOSAL_BYTES = 32 * 1024 * 1024;
