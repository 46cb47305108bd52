/** A judge who remembers all that a log ever showed or promised. */
import { parseCheckpoint, parseSpki, rootFromInclusion, signaturesOf, toHex, utf8, verifyConsistency, verifySignature } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { leafHash, MerkleTree, noteKeyId, type SigningKey } from '@assay/make';
import { expect } from 'vitest';
import type { Appended, NewEntry, TileLog } from '../src/log/index.ts';
import { entryOf, logKey, ORIGIN } from './log-options.ts';

/** Every promise of a log, kept across its restarts. */
export class LogHistory {
  readonly #key: SigningKey;
  /** Hex of the leaf hash by index. */
  readonly #acknowledged = new Map<number, string>();
  readonly #checkpoints = new Set<string>();

  constructor(key: SigningKey = logKey) {
    this.#key = key;
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  get checkpoints(): number {
    return this.#checkpoints.size;
  }

  show(checkpoint: string): void {
    this.#checkpoints.add(checkpoint);
  }

  /** An append was answered. Fails when the index was given to another leaf before. */
  acknowledge(leaf: Uint8Array, { index, head }: Pick<Appended, 'index' | 'head'>): void {
    this.acknowledgeIndex(toHex(leaf), index);
    expect(head.size).toBeGreaterThan(index);
    this.show(head.checkpoint);
  }

  acknowledgeIndex(leaf: string, index: number): void {
    expect(this.#acknowledged.get(index) ?? leaf, `index ${index}`).toBe(leaf);
    this.#acknowledged.set(index, leaf);
  }

  /** Appends and remembers what comes of it; a refusal is no promise. */
  async append(log: TileLog, texts: readonly string[]): Promise<PromiseSettledResult<Appended>[]> {
    const entries = texts.map(entryOf);
    const results = await Promise.allSettled(entries.map((entry) => log.append(entry)));
    results.forEach((result, i) => {
      if (result.status === 'fulfilled') this.acknowledge((entries[i] as NewEntry).leafHash, result.value);
    });
    this.show(log.head.checkpoint);
    return results;
  }

  /** Every acknowledged entry is at its index and proven, and the log extends every checkpoint it ever showed. All judged by core. */
  async expectHonest(log: TileLog): Promise<void> {
    this.show(log.head.checkpoint);
    const { size, root } = log.head;
    const entries = await log.entries(0, size);
    expect(entries).toHaveLength(size);
    const leaves = entries.map((data) => leafHash(data));
    expect(new Set(leaves.map(toHex)).size, 'an entry is in the log twice').toBe(size);
    for (const [index, leaf] of this.#acknowledged) expect(toHex(leaves[index] ?? new Uint8Array(0)), `entry ${index}`).toBe(leaf);
    const tree = new MerkleTree();
    for (const leaf of leaves) tree.appendHash(leaf);
    expect(toHex(tree.root())).toBe(toHex(root));
    for (const index of [...this.#acknowledged.keys()].filter((_, i) => i % PROOF_EVERY === 0)) {
      const hashes = await log.inclusionProof(index);
      const found = await rootFromInclusion(nodeCrypto, leaves[index] as Uint8Array, { index: BigInt(index), treeSize: BigInt(size), hashes });
      expect(found).toEqual(root);
    }
    for (const text of this.#checkpoints) await this.#expectPast(log, text);
  }

  async #expectPast(log: TileLog, text: string): Promise<void> {
    const parsed = parseCheckpoint(text);
    if ('problem' in parsed) throw new Error(parsed.problem);
    const { origin, treeSize, rootHash, note } = parsed.checkpoint;
    expect(origin).toBe(ORIGIN);
    const [line] = signaturesOf(note, ORIGIN, noteKeyId(ORIGIN, this.#key));
    const signed = line && (await verifySignature(nodeCrypto, parseSpki(this.#key.spki), { name: 'ed25519' }, utf8(note.body), line.signature));
    expect(signed, 'the signature of a checkpoint').toBe(true);
    expect(treeSize <= BigInt(log.head.size), `a checkpoint of ${treeSize} was shown, the log has ${log.head.size}`).toBe(true);
    const hashes = await log.consistencyProof(Number(treeSize));
    const proof = { firstSize: treeSize, secondSize: BigInt(log.head.size), hashes };
    expect(await verifyConsistency(nodeCrypto, proof, rootHash, log.head.root), `a fork after ${treeSize}`).toBe(true);
  }
}

const PROOF_EVERY = 7;
