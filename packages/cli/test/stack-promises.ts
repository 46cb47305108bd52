/**
 * All that a stack ever promised its clients, over all its restarts, and a judge who asks for it over HTTP.
 *
 * Logs are judged by their leaves: the judge builds the tree itself, so that one root per checkpoint says that everything before it is still
 * there, in its place and unchanged. That is what inclusion and consistency proofs are made of, and it leaves out no pair of sizes.
 */
import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { concat, decodeBase64, parseCheckpoint, parseSpki, rootFromInclusion, signaturesOf, toHex, uint, utf8, verifyConsistency } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { leafHash, MerkleTree, noteKeyId, sha256 } from '@assay/make';
import { createHttpClient } from '@assay/net';
import type { Endpoints } from '@assay/stack';
import { fetchTarget } from '@assay/trust';
import { expect } from 'vitest';

/** What one log promised. */
export class LogPromises {
  /** Hex of the leaf hash by index. */
  readonly entries = new Map<number, string>();
  /** Hex of the root by size: of every tree that was signed for. */
  readonly trees = new Map<number, string>();

  /** Fails when the index was given to another entry before. */
  entry(index: number, leaf: Uint8Array): void {
    expect(this.entries.get(index) ?? toHex(leaf), `entry ${index} was promised to somebody else`).toBe(toHex(leaf));
    this.entries.set(index, toHex(leaf));
  }

  /** Fails when another tree of this size was signed before: a fork. */
  tree(size: number, root: Uint8Array): void {
    expect(this.trees.get(size) ?? toHex(root), `two trees of ${size}`).toBe(toHex(root));
    this.trees.set(size, toHex(root));
  }
}

export class StackPromises {
  readonly logs = { rekorV1: new LogPromises(), rekorV2: new LogPromises(), ctLog: new LogPromises() };
  /** Digests of manifests by tag, and the digests of their content. */
  readonly tags = new Map<string, { readonly manifest: string; readonly blobs: readonly string[] }>();
  timestamps = 0;
  /** The latest time that was stated. */
  stated = new Date(0);

  /** As they are now. */
  copy(): StackPromises {
    const copy = new StackPromises();
    for (const name of LOG_NAMES) {
      for (const [index, leaf] of this.logs[name].entries) copy.logs[name].entries.set(index, leaf);
      for (const [size, root] of this.logs[name].trees) copy.logs[name].trees.set(size, root);
    }
    for (const [tag, pushed] of this.tags) copy.tags.set(tag, pushed);
    return copy;
  }

  get total(): number {
    return Object.values(this.counts()).reduce((sum, count) => sum + count, 0);
  }

  /** How much of each; for tests that must not be about nothing. */
  counts(): Record<string, number> {
    const { rekorV1, rekorV2, ctLog } = this.logs;
    return { rekorV1: rekorV1.entries.size, rekorV2: rekorV2.entries.size, ctLog: ctLog.entries.size, tags: this.tags.size, timestamps: this.timestamps };
  }
}

export type LogName = keyof StackPromises['logs'];

const LOG_NAMES = ['rekorV1', 'rekorV2', 'ctLog'] as const;

/** Asks over HTTP; the folder is read for trust alone, as clients do. */
export class StackJudge {
  readonly #promises: StackPromises;
  readonly #data: string;
  readonly #caches: string;
  /** What was read of each log and found to be true. */
  #trees = newTrees();

  /** @param caches a folder for the TUF cache of a client that has followed the stack from the beginning */
  constructor(promises: StackPromises, data: string, caches: string) {
    this.#promises = promises;
    this.#data = data;
    this.#caches = caches;
  }

  /** Reads what is new since the last time; with `everything`, all of it again. */
  async expectHonest(endpoints: Endpoints, { everything = false } = {}): Promise<void> {
    if (everything) this.#trees = newTrees();
    const { rekorV1, rekorV2, ctLog } = this.#servedLogs(endpoints);
    await this.#judgeLog('rekorV1', rekorV1);
    await this.#judgeLog('rekorV2', rekorV2);
    await this.#judgeLog('ctLog', ctLog);
    await this.#judgeProofs(endpoints);
    await this.#judgeRegistry(endpoints, everything ? Number.POSITIVE_INFINITY : 20);
    await this.#judgeTuf(endpoints);
  }

  async #judgeLog(name: LogName, log: ServedLog): Promise<void> {
    const promises = this.#promises.logs[name];
    const tree = this.#trees[name];
    const { size, root } = await log.head();
    promises.tree(size, root);
    expect(size, `${name} became shorter`).toBeGreaterThanOrEqual(tree.size);
    for (const leaf of await log.leaves(tree.size, size)) tree.appendHash(leaf);
    expect(tree.size, `${name} does not hold all entries`).toBe(size);
    for (const [signed, signedRoot] of promises.trees) {
      expect(signed, `${name} is shorter than a tree that it signed`).toBeLessThanOrEqual(size);
      expect(toHex(tree.root(signed)), `${name} is no continuation of its tree of ${signed}`).toBe(signedRoot);
    }
    for (const [index, leaf] of promises.entries) expect(toHex(tree.leaf(index)), `${name} lost entry ${index}`).toBe(leaf);
    const leaves = Array.from({ length: size }, (_, index) => toHex(tree.leaf(index)));
    expect(new Set(leaves).size, `${name} has an entry twice`).toBe(size);
  }

  /** The proofs that the logs serve, for the last entries and trees. */
  async #judgeProofs({ rekor, ctlog }: Endpoints): Promise<void> {
    const { rekorV1, ctLog } = this.#promises.logs;
    for (const index of [...rekorV1.entries.keys()].slice(-3)) {
      const [entry] = Object.values(await json<Record<string, V1Entry>>(`${rekor}/api/v1/log/entries?logIndex=${index}`)) as [V1Entry];
      const { logIndex, treeSize, rootHash, hashes } = entry.verification.inclusionProof;
      expect(await provenRoot(leafHash(bytes(entry.body)), logIndex, treeSize, hashes.map(fromHexText))).toBe(rootHash);
    }
    for (const [index, leaf] of [...ctLog.entries].slice(-3)) {
      const size = this.#trees.ctLog.size;
      const hash = encodeURIComponent(Buffer.from(leaf, 'hex').toString('base64'));
      const proof = await json<{ leaf_index: number; audit_path: string[] }>(`${ctlog}/ct/v1/get-proof-by-hash?hash=${hash}&tree_size=${size}`);
      expect(proof.leaf_index).toBe(index);
      expect(await provenRoot(fromHexText(leaf), index, size, proof.audit_path.map(bytes))).toBe(toHex(this.#trees.ctLog.root(size)));
    }
    for (const first of [...rekorV1.trees.keys()].filter((size) => size > 0).slice(-3)) {
      const last = this.#trees.rekorV1.size;
      const { hashes } = await json<{ hashes: string[] }>(`${rekor}/api/v1/log/proof?firstSize=${first}&lastSize=${last}`);
      await this.#expectConsistent('rekorV1', first, last, hashes.map(fromHexText));
    }
    for (const first of [...ctLog.trees.keys()].filter((size) => size > 0).slice(-3)) {
      const last = this.#trees.ctLog.size;
      const { consistency } = await json<{ consistency: string[] }>(`${ctlog}/ct/v1/get-sth-consistency?first=${first}&second=${last}`);
      await this.#expectConsistent('ctLog', first, last, consistency.map(bytes));
    }
  }

  async #expectConsistent(name: LogName, first: number, last: number, hashes: Uint8Array[]): Promise<void> {
    const tree = this.#trees[name];
    const proof = { firstSize: BigInt(first), secondSize: BigInt(last), hashes };
    expect(await verifyConsistency(nodeCrypto, proof, tree.root(first), tree.root(last)), `${name}: the proof from ${first} to ${last}`).toBe(true);
  }

  async #judgeRegistry({ registry }: Endpoints, newest: number): Promise<void> {
    const repository = `http://${registry}/v2/app`;
    for (const [tag, { manifest, blobs }] of [...this.#promises.tags].slice(-newest)) {
      expect(await digestAt(`${repository}/manifests/${tag}`), tag).toBe(manifest);
      for (const blob of blobs) expect(await digestAt(`${repository}/blobs/${blob}`), tag).toBe(blob);
    }
  }

  /** By our own client, which remembers all versions that it has seen, and refuses older ones. */
  async #judgeTuf({ tuf = '' }: Endpoints): Promise<void> {
    const http = createHttpClient();
    try {
      const options = { http, now: new Date(), tufMirror: tuf, cacheDir: this.#caches, initialRoot: { file: join(this.#data, 'root.json') }, maxAgeMs: 0 };
      const { bytes: found, source, warnings } = await fetchTarget('trusted_root.json', options);
      expect({ kind: source.kind, warnings }).toEqual({ kind: 'tuf', warnings: [] });
      expect(JSON.parse(Buffer.from(found).toString())).toEqual(JSON.parse(readFileSync(join(this.#data, 'trusted_root.json'), 'utf8')));
    } finally {
      http.close();
    }
  }

  #servedLogs({ rekor = '', rekorV2 = '', ctlog = '' }: Endpoints): Record<LogName, ServedLog> {
    const { tlogs, ctlogs } = JSON.parse(readFileSync(join(this.#data, 'trusted_root.json'), 'utf8')) as TrustedLogs;
    const keyOf = (logs: TrustedLogs['tlogs'], url: string): Uint8Array => {
      const log = logs.find(({ baseUrl }) => baseUrl === url);
      if (log === undefined) throw new Error(`the trusted root has no log ${url}`);
      return bytes(log.publicKey.rawBytes);
    };
    const host = new URL(rekor).hostname;
    return {
      rekorV1: {
        head: async () => {
          const { signedTreeHead, treeID } = await json<{ signedTreeHead: string; treeID: string }>(`${rekor}/api/v1/log`);
          return openCheckpoint(signedTreeHead, { origin: `${host} - ${treeID}`, name: host, spki: keyOf(tlogs, rekor) });
        },
        leaves: (start, end) => v1Leaves(rekor, start, end),
      },
      rekorV2: {
        head: async () => openCheckpoint(await text(`${rekorV2}/api/v2/checkpoint`), { origin: host, name: host, spki: keyOf(tlogs, rekorV2) }),
        leaves: async (start, end) => {
          const [hashes, entries] = [await hashTiles(`${rekorV2}/api/v2`, start, end), await bundles(`${rekorV2}/api/v2`, start, end)];
          entries.forEach((entry, i) => {
            expect(toHex(leafHash(entry)), `entry ${start + i} of Rekor v2 is not the one in its tile`).toBe(toHex(hashes[i] ?? new Uint8Array(0)));
          });
          return hashes;
        },
      },
      ctLog: {
        head: async () => openTreeHead(await json<TreeHeadJson>(`${ctlog}/ct/v1/get-sth`), keyOf(ctlogs, ctlog)),
        leaves: async (start, end) => {
          const [hashes, entries] = [await hashTiles(ctlog, start, end), await ctLeaves(ctlog, start, end)];
          expect(entries.map(toHex), 'entries of the CT log are not those in its tiles').toEqual(hashes.map(toHex));
          return hashes;
        },
      },
    };
  }
}

interface ServedLog {
  /** Throws when the signature does not verify. */
  head(): Promise<{ readonly size: number; readonly root: Uint8Array }>;
  /** Hashes of the leaves [start, end), each checked against the entry itself. */
  leaves(start: number, end: number): Promise<Uint8Array[]>;
}

interface TrustedLogs {
  readonly tlogs: readonly { readonly baseUrl: string; readonly publicKey: { readonly rawBytes: string } }[];
  readonly ctlogs: TrustedLogs['tlogs'];
}

interface V1Entry {
  readonly body: string;
  readonly logIndex: number;
  readonly verification: {
    readonly inclusionProof: { readonly logIndex: number; readonly treeSize: number; readonly rootHash: string; readonly hashes: string[] };
  };
}

interface TreeHeadJson {
  readonly tree_size: number;
  readonly timestamp: number;
  readonly sha256_root_hash: string;
  readonly tree_head_signature: string;
}

function newTrees(): Record<LogName, MerkleTree> {
  return { rekorV1: new MerkleTree(), rekorV2: new MerkleTree(), ctLog: new MerkleTree() };
}

/** A checkpoint of Rekor, judged by the key of the trusted root. */
function openCheckpoint(note: string, { origin, name, spki }: { origin: string; name: string; spki: Uint8Array }): { size: number; root: Uint8Array } {
  const parsed = parseCheckpoint(note);
  if ('problem' in parsed) throw new Error(parsed.problem);
  const { checkpoint } = parsed;
  expect(checkpoint.origin).toBe(origin);
  const type = parseSpki(spki).type === 'ed25519' ? 'ed25519' : 'p256';
  const [line] = signaturesOf(checkpoint.note, name, noteKeyId(name, { type, spki: new Uint8Array(spki) }));
  const isSigned = line !== undefined && verify(type === 'ed25519' ? null : 'sha256', utf8(checkpoint.note.body), publicKeyOf(spki), line.signature);
  expect(isSigned, `the signature of ${JSON.stringify(note)}`).toBe(true);
  return { size: Number(checkpoint.treeSize), root: checkpoint.rootHash };
}

/** RFC 6962 section 3.5. */
function openTreeHead({ tree_size, timestamp, sha256_root_hash, tree_head_signature }: TreeHeadJson, spki: Uint8Array): { size: number; root: Uint8Array } {
  const root = bytes(sha256_root_hash);
  const signed = concat(Uint8Array.of(0, 1), uint(timestamp, 8), uint(tree_size, 8), root);
  expect(verify('sha256', signed, publicKeyOf(spki), bytes(tree_head_signature).subarray(4)), 'the signature of a tree head').toBe(true);
  return { size: tree_size, root };
}

function publicKeyOf(spki: Uint8Array) {
  return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
}

/** Rekor v1 has no tiles: ten entries at a time. */
async function v1Leaves(rekor: string, start: number, end: number): Promise<Uint8Array[]> {
  const leaves: Uint8Array[] = [];
  for (let first = start; first < end; first += 10) {
    const logIndexes = Array.from({ length: Math.min(10, end - first) }, (_, i) => first + i);
    const answer = await fetch(`${rekor}/api/v1/log/entries/retrieve`, { method: 'POST', body: JSON.stringify({ logIndexes }) });
    expect(answer.status, `entries ${first} to ${end} of Rekor v1`).toBe(200);
    const entries = ((await answer.json()) as Record<string, V1Entry>[]).flatMap((entry) => Object.values(entry));
    expect(entries.map(({ logIndex }) => logIndex)).toEqual(logIndexes);
    leaves.push(...entries.map(({ body }) => leafHash(bytes(body))));
  }
  return leaves;
}

async function hashTiles(log: string, start: number, end: number): Promise<Uint8Array[]> {
  const tiles = await tilesOf(start, end, (n, width) => binary(`${log}/tile/0/${tilePath(n, width)}`));
  return tiles.flatMap((tile) => Array.from({ length: tile.length / 32 }, (_, i) => tile.slice(32 * i, 32 * i + 32))).slice(start % 256);
}

async function bundles(log: string, start: number, end: number): Promise<Uint8Array[]> {
  const found = await tilesOf(start, end, (n, width) => binary(`${log}/tile/entries/${tilePath(n, width)}`));
  return found.flatMap(splitBundle).slice(start % 256);
}

function splitBundle(bundle: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bundle.length; at += 2 + Buffer.from(bundle).readUInt16BE(at)) {
    entries.push(bundle.slice(at + 2, at + 2 + Buffer.from(bundle).readUInt16BE(at)));
  }
  return entries;
}

async function ctLeaves(log: string, start: number, end: number): Promise<Uint8Array[]> {
  const leaves: Uint8Array[] = [];
  while (start + leaves.length < end) {
    const { entries } = await json<{ entries: { leaf_input: string }[] }>(`${log}/ct/v1/get-entries?start=${start + leaves.length}&end=${end - 1}`);
    leaves.push(...entries.map(({ leaf_input }) => leafHash(bytes(leaf_input))));
  }
  return leaves;
}

/** Every tile that holds some of [start, end), the last one as wide as the log of `end` entries has it. */
async function tilesOf(start: number, end: number, read: (n: number, width: number) => Promise<Uint8Array>): Promise<Uint8Array[]> {
  const tiles: Uint8Array[] = [];
  for (let n = Math.floor(start / 256); n * 256 < end; n++) tiles.push(await read(n, Math.min(256, end - n * 256)));
  return tiles;
}

/** For less than a million entries. */
function tilePath(n: number, width: number): string {
  const name = n < 1000 ? String(n).padStart(3, '0') : `x${String(Math.floor(n / 1000)).padStart(3, '0')}/${String(n % 1000).padStart(3, '0')}`;
  return width === 256 ? name : `${name}.p/${width}`;
}

async function provenRoot(leaf: Uint8Array, index: number, treeSize: number, hashes: Uint8Array[]): Promise<string> {
  return toHex((await rootFromInclusion(nodeCrypto, leaf, { index: BigInt(index), treeSize: BigInt(treeSize), hashes })) ?? new Uint8Array(0));
}

async function digestAt(url: string): Promise<string> {
  return `sha256:${toHex(sha256(await binary(url)))}`;
}

async function binary(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await fetch(url);
  const body = new Uint8Array(await answer.arrayBuffer());
  expect(answer.status, `${url}: ${Buffer.from(body)}`).toBe(200);
  return body;
}

async function text(url: string): Promise<string> {
  return Buffer.from(await binary(url)).toString();
}

async function json<T>(url: string): Promise<T> {
  return JSON.parse(await text(url)) as T;
}

function bytes(base64: string): Uint8Array {
  return decodeBase64(base64) ?? new Uint8Array(0);
}

function fromHexText(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}
