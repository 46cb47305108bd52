/**
 * A Rekor v1 log, read through its API (services.md section 5).
 *
 * Every entry comes with its proof under the checkpoint of that moment, which is later than the one that is being read when the log has grown
 * meanwhile. So each such checkpoint must be the log's, and consistent with the one that is being read.
 */
import {
  type Checkpoint,
  equalBytes,
  isTrustError,
  type JsonObject,
  type LogEntry,
  leafHash,
  parseFields,
  parseRekorAnswer,
  quote,
  rootFromInclusion,
  TrustError,
  toHex,
  tryParseJson,
  verifyConsistency,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { below, redactUrl } from '@assay/net';
import { ask, refusal } from '../services/service.ts';
import { checkExtension } from './check-extension.ts';
import type { FoundEntry, LogPlace, LogReader, LogTree, PublishedTree, ReadEntry } from './log-reader.ts';
import { type SearchQuery, searchJson } from './search-query.ts';
import { contradiction, type SignedTree, treeText, verifyCheckpoint } from './signed-tree.ts';

export function rekorV1Log(place: LogPlace): LogReader {
  const where = redactUrl(place.url);

  /** Shards in their order; each begins where the one before ended. */
  async function trees(): Promise<PublishedTree[]> {
    const response = await ask(place, below(place.url, '/api/v1/log'), { headers: ACCEPT });
    if (response.status !== 200) throw refusal('LOG_READ', response);
    const log = parseFields(response.body, ANSWER);
    let first = 0n;
    return [...log.objects('inactiveShards', MAX_SHARDS), log].map((shard) => {
      const tree = { text: shard.string('signedTreeHead'), first };
      first += shard.optionalInt64('treeSize') ?? 0n;
      return tree;
    });
  }

  async function checkConsistency(first: SignedTree, second: SignedTree): Promise<void> {
    const [firstSize, secondSize] = [first.checkpoint.treeSize, second.checkpoint.treeSize];
    // There is no proof from the empty tree, and none is needed.
    if (firstSize === 0n) return;
    const query = `firstSize=${firstSize}&lastSize=${secondSize}&treeID=${treeIdOf(second.checkpoint)}`;
    const response = await ask(place, below(place.url, `/api/v1/log/proof?${query}`), { headers: ACCEPT });
    if (response.status !== 200) throw refusal('LOG_READ', response);
    const proof = { firstSize, secondSize, hashes: parseFields(response.body, ANSWER).hexArray('hashes', MAX_HASHES) };
    if (await verifyConsistency(nodeCrypto, proof, first.checkpoint.rootHash, second.checkpoint.rootHash)) return;
    throw contradiction('LOG_FORK', `${where}: the log does not prove that its tree of ${secondSize} entries extends the one of ${firstSize}`, first, second);
  }

  async function* entries({ signed, first }: LogTree, start: bigint): AsyncGenerator<ReadEntry> {
    const { treeSize } = signed.checkpoint;
    const known = new Set<string>();
    for (let at = start; at < treeSize; at += BATCH) {
      const wanted = Array.from({ length: Number(at + BATCH < treeSize ? BATCH : treeSize - at) }, (_, i) => at + BigInt(i));
      const answers = await retrieve({ logIndexes: wanted.map((index) => Number(first + index)) });
      for (const index of wanted) {
        const entry = answers.find(({ logIndex }) => logIndex === first + index);
        if (entry === undefined) throw new TrustError('LOG_READ', `${where}: the log does not hand out entry ${first + index}`);
        const later = await checkIncluded(entry, index);
        await checkRelated(signed, later, known);
        yield { index: first + index, body: entry.body };
      }
    }
  }

  /** Under the checkpoint that came with it, which is returned. */
  async function checkIncluded({ body, logIndex, inclusionProof }: LogEntry, index: bigint): Promise<SignedTree> {
    if (inclusionProof === undefined) throw new TrustError('LOG_READ', `${where}: entry ${logIndex} comes without an inclusion proof`);
    const signed = await verifyCheckpoint(inclusionProof.checkpoint, place.logs, 'v1', `${where}: entry ${logIndex}`);
    const { treeSize, rootHash } = signed.checkpoint;
    const root = await rootFromInclusion(nodeCrypto, await leafHash(nodeCrypto, body), { index, treeSize, hashes: inclusionProof.hashes });
    if (root !== undefined && equalBytes(root, rootHash)) return signed;
    throw new TrustError('LOG_LIE', `${where}: entry ${logIndex} is not in the tree that the log signed`, { expected: treeText(signed.checkpoint) });
  }

  /** A log that has many servers may also show an earlier tree. `known` are those that were proven already. */
  async function checkRelated(signed: SignedTree, other: SignedTree, known: Set<string>): Promise<void> {
    const [one, two] = [signed.checkpoint, other.checkpoint];
    const tree = treeText(two);
    if (known.has(tree)) return;
    if (one.origin !== two.origin) {
      throw new TrustError('LOG_LIE', `${where}: an entry comes with a checkpoint of another tree`, { expected: quote(one.origin), found: quote(two.origin) });
    }
    await (one.treeSize <= two.treeSize ? checkExtension(signed, other, where, checkConsistency) : checkExtension(other, signed, where, checkConsistency));
    known.add(tree);
  }

  async function retrieve(query: JsonObject): Promise<LogEntry[]> {
    const response = await ask(place, below(place.url, '/api/v1/log/entries/retrieve'), { method: 'POST', headers: JSON_HEADERS, body: JSON.stringify(query) });
    if (response.status !== 200) throw refusal('LOG_READ', response);
    return parseRekorAnswer(response.body);
  }

  async function* find(query: SearchQuery): AsyncGenerator<FoundEntry> {
    const ids = await askIndex(place, query);
    for (let at = 0; at < ids.length; at += Number(BATCH)) yield* lookUp(ids.slice(at, at + Number(BATCH)));
  }

  /** Ids end with the hash of the leaf: an entry that has it is the one that was named. */
  async function* lookUp(ids: readonly string[]): AsyncGenerator<FoundEntry> {
    const entries = new Map<string, LogEntry>();
    for (const entry of await retrieve({ entryUUIDs: [...ids] })) entries.set(toHex(await leafHash(nodeCrypto, entry.body)), entry);
    for (const id of ids) {
      try {
        const entry = entries.get(id.slice(-LEAF_DIGITS).toLowerCase());
        if (entry?.inclusionProof === undefined) throw new TrustError('LOG_READ', `${where}: the log does not hand out the entry that its index names`);
        await checkIncluded(entry, entry.inclusionProof.logIndex);
        yield { index: entry.logIndex, body: entry.body };
      } catch (error) {
        if (!isTrustError(error)) throw error;
        yield { named: id, problem: error };
      }
    }
  }

  return { rekor: 'v1', trees, checkConsistency, entries, find };
}

async function askIndex(place: LogPlace, query: SearchQuery): Promise<string[]> {
  const options = { method: 'POST', headers: JSON_HEADERS, body: JSON.stringify(searchJson(query)) };
  const response = await ask(place, below(place.url, '/api/v1/index/retrieve'), options);
  if (response.status !== 200) throw refusal('LOG_SEARCH', response);
  const ids = tryParseJson(response.body);
  if (Array.isArray(ids) && ids.every((id) => typeof id === 'string' && ENTRY_ID.test(id))) return ids as string[];
  throw new TrustError('LOG_SEARCH', `${redactUrl(response.url)}: the index answered something that is not a list of entry ids`);
}

/** `<host> - <tree id>` */
function treeIdOf({ origin }: Checkpoint): string {
  return origin.slice(origin.lastIndexOf(' ') + 1);
}

const ANSWER = { what: 'answer of the log', parse: 'LOG_READ', shape: 'LOG_READ' } as const;
const ACCEPT = { accept: 'application/json' };
const JSON_HEADERS = { 'content-type': 'application/json', ...ACCEPT };
const ENTRY_ID = /^(?:[\da-f]{64}|[\da-f]{80})$/i;
const LEAF_DIGITS = 64;
/** As many as the log hands out at once. */
const BATCH = 10n;
const MAX_SHARDS = 1000;
const MAX_HASHES = 128;
