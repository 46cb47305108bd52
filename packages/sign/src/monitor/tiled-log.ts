/** A log that publishes tiles, read (services.md sections 6 and 7). */
import { equalBytes, isTrustError, leafHash, parseFields, rootFromInclusion, TrustError, toHex, verifyConsistency } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { below, redactUrl } from '@assay/net';
import { ask, refusal, type Service } from '../services/service.ts';
import { fetchCheckpoint, rootOverTile, TILE_WIDTH, TiledTree } from '../services/tiles.ts';
import type { FoundEntry, LogPlace, LogReader, LogTree, PublishedTree, ReadEntry } from './log-reader.ts';
import { type SearchQuery, searchJson } from './search-query.ts';
import { contradiction, type SignedTree, treeText, verifyCheckpoint } from './signed-tree.ts';

export function tiledLog(place: LogPlace): LogReader {
  const tiles: Service = { ...place, url: below(place.url, '/api/v2') };
  const where = redactUrl(place.url);

  async function trees(): Promise<PublishedTree[]> {
    return [{ text: await fetchCheckpoint(tiles), first: 0n }];
  }

  /** That the tiles are those of `second` is shown first: only then is what they say about `first` the log's own word. */
  async function checkConsistency(first: SignedTree, second: SignedTree): Promise<void> {
    const [firstSize, secondSize] = [first.checkpoint.treeSize, second.checkpoint.treeSize];
    const tree = new TiledTree(tiles, secondSize);
    const [shown, hashes] = await Promise.all([tree.root(firstSize), tree.consistencyProof(firstSize)]);
    if (!(await verifyConsistency(nodeCrypto, { firstSize, secondSize, hashes }, shown, second.checkpoint.rootHash))) {
      throw new TrustError('LOG_LIE', `${where}: the tiles do not lead to the root that the log signed`, { expected: treeText(second.checkpoint) });
    }
    if (equalBytes(shown, first.checkpoint.rootHash)) return;
    throw contradiction(
      'LOG_FORK',
      `${where}: the tree of ${secondSize} entries does not begin with the one of ${firstSize} that the log signed`,
      first,
      second,
    );
  }

  async function* entries({ signed, first }: LogTree, start: bigint): AsyncGenerator<ReadEntry> {
    const { treeSize } = signed.checkpoint;
    const tree = new TiledTree(tiles, treeSize);
    for (let number = start / TILE_WIDTH; number * TILE_WIDTH < treeSize; number++) {
      const bodies = await verifiedTile(tree, signed, number);
      for (const [i, body] of bodies.entries()) {
        const index = number * TILE_WIDTH + BigInt(i);
        if (index >= start) yield { index: first + index, body };
      }
    }
  }

  /** Entries, whose hashes are the tile's; the tile, whose root is in the tree; the tree, which the log signed. */
  async function verifiedTile(tree: TiledTree, { checkpoint }: SignedTree, number: bigint): Promise<Uint8Array[]> {
    const [bodies, leaves, hashes] = await Promise.all([tree.entries(number), tree.leaves(number), tree.pathAbove(number)]);
    const proof = { index: number, treeSize: (checkpoint.treeSize + TILE_WIDTH - 1n) / TILE_WIDTH, hashes };
    const root = await rootFromInclusion(nodeCrypto, await rootOverTile(leaves), proof);
    if (root === undefined || !equalBytes(root, checkpoint.rootHash)) {
      throw new TrustError('LOG_LIE', `${where}: tile ${number} of level 0 is not in the tree that the log signed`, { expected: treeText(checkpoint) });
    }
    for (const [i, body] of bodies.entries()) {
      if (equalBytes(await leafHash(nodeCrypto, body), leaves[i] as Uint8Array)) continue;
      throw new TrustError('LOG_LIE', `${where}: entry ${number * TILE_WIDTH + BigInt(i)} is not the one that the log recorded there`, {
        expected: `leaf ${toHex(leaves[i] as Uint8Array)}`,
        found: `leaf ${toHex(await leafHash(nodeCrypto, body))}`,
      });
    }
    return bodies;
  }

  /** Only our own shards have an index; its answer is a hint, and proves nothing. */
  async function* find(query: SearchQuery): AsyncGenerator<FoundEntry> {
    const indexes = await askIndex(tiles, query);
    if (indexes.length === 0) return;
    const signed = await verifyCheckpoint(await fetchCheckpoint(tiles), place.logs, 'v2', where);
    const tree = new TiledTree(tiles, signed.checkpoint.treeSize);
    for (const index of indexes) {
      try {
        yield { index, body: await provenEntry(tree, signed, index) };
      } catch (error) {
        if (!isTrustError(error)) throw error;
        yield { named: String(index), problem: error };
      }
    }
  }

  async function provenEntry(tree: TiledTree, { checkpoint }: SignedTree, index: bigint): Promise<Uint8Array> {
    const { treeSize, rootHash } = checkpoint;
    if (index >= treeSize) throw new TrustError('LOG_LIE', `${where}: entry ${index} is beyond the ${treeSize} entries that the log signed`);
    const [body, hashes] = await Promise.all([tree.entry(index), tree.inclusionPath(index)]);
    const root = await rootFromInclusion(nodeCrypto, await leafHash(nodeCrypto, body), { index, treeSize, hashes });
    if (root !== undefined && equalBytes(root, rootHash)) return body;
    throw new TrustError('LOG_LIE', `${where}: entry ${index} is not in the tree that the log signed`, { expected: treeText(checkpoint) });
  }

  return { rekor: 'v2', trees, checkConsistency, entries, find };
}

async function askIndex(tiles: Service, query: SearchQuery): Promise<bigint[]> {
  const response = await ask(tiles, below(tiles.url, '/index/retrieve'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(searchJson(query)),
  });
  if (response.status !== 200) throw refusal('LOG_SEARCH', response);
  const answer = parseFields(response.body, { what: 'answer of the index', parse: 'LOG_SEARCH', shape: 'LOG_SEARCH' });
  const indexes = answer.json['indexes'];
  if (!Array.isArray(indexes)) return answer.refuse('indexes', 'expected an array');
  return indexes.map((text) => (typeof text === 'string' && /^\d{1,18}$/.test(text) ? BigInt(text) : answer.refuse('indexes', 'expected decimal numbers')));
}
