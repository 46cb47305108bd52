/**
 * RFC 6962 Merkle trees: hashes and the two proofs.
 *
 *   leaf  H(00 ‖ data)      node  H(01 ‖ left ‖ right)      empty tree  H("")
 *
 * A tree of n leaves splits at the largest power of two below n. Indexes and sizes are `bigint`: public logs have passed
 * 2^30 entries and nothing stops them at 2^53.
 */
import { concat, equalBytes } from './bytes.ts';
import type { CryptoProvider } from './crypto.ts';

const LEAF_PREFIX = Uint8Array.of(0);
const NODE_PREFIX = Uint8Array.of(1);
export const HASH_SIZE = 32;

export async function leafHash(crypto: CryptoProvider, data: Uint8Array): Promise<Uint8Array> {
  return crypto.hash('sha256', concat(LEAF_PREFIX, data));
}

export async function nodeHash(crypto: CryptoProvider, left: Uint8Array, right: Uint8Array): Promise<Uint8Array> {
  return crypto.hash('sha256', concat(NODE_PREFIX, left, right));
}

export interface InclusionProof {
  readonly index: bigint;
  readonly treeSize: bigint;
  readonly hashes: readonly Uint8Array[];
}

/**
 * The root that a leaf and its path lead to, or undefined when the path cannot belong to this index and size.
 * RFC 9162 section 2.1.3.2: index and size fix the path length; any other is refused before hashing.
 */
export async function rootFromInclusion(crypto: CryptoProvider, leaf: Uint8Array, proof: InclusionProof): Promise<Uint8Array | undefined> {
  const { index, treeSize, hashes } = proof;
  if (index < 0n || index >= treeSize) return undefined;
  if (hashes.some((hash) => hash.length !== HASH_SIZE)) return undefined;
  // Below `inner` the path follows the index bits; above it the leaf's subtree hangs on the right edge of the tree.
  const inner = bitLength(index ^ (treeSize - 1n));
  const border = popCount(index >> BigInt(inner));
  if (hashes.length !== inner + border) return undefined;

  let hash = leaf;
  let path = index;
  const node = new Uint8Array(1 + 2 * HASH_SIZE); // one buffer for the whole way up
  node.set(NODE_PREFIX);
  for (let level = 0; level < hashes.length; level++) {
    const siblingIsLeft = level >= inner || (path & 1n) === 1n;
    node.set(siblingIsLeft ? (hashes[level] as Uint8Array) : hash, 1);
    node.set(siblingIsLeft ? hash : (hashes[level] as Uint8Array), 1 + HASH_SIZE);
    hash = await crypto.hash('sha256', node);
    path >>= 1n;
  }
  return hash;
}

export interface ConsistencyProof {
  readonly firstSize: bigint;
  readonly secondSize: bigint;
  readonly hashes: readonly Uint8Array[];
}

/** True when the tree of `secondSize` with `secondRoot` extends the tree of `firstSize` with `firstRoot`. RFC 9162 section 2.1.4.2. */
export async function verifyConsistency(crypto: CryptoProvider, proof: ConsistencyProof, firstRoot: Uint8Array, secondRoot: Uint8Array): Promise<boolean> {
  const { firstSize, secondSize, hashes } = proof;
  if (firstSize < 0n || firstSize > secondSize || hashes.some((hash) => hash.length !== HASH_SIZE)) return false;
  if (firstSize === secondSize) return hashes.length === 0 && equalBytes(firstRoot, secondRoot);
  if (firstSize === 0n) return hashes.length === 0;

  // When the first tree is a full subtree, its root is the start of the walk and is left out of the proof.
  const path = isPowerOfTwo(firstSize) ? [firstRoot, ...hashes] : [...hashes];
  const [start, ...rest] = path;
  if (start === undefined) return false;

  let node = firstSize - 1n;
  let last = secondSize - 1n;
  while ((node & 1n) === 1n) {
    node >>= 1n;
    last >>= 1n;
  }
  let first = start;
  let second = start;
  for (const hash of rest) {
    if (last === 0n) return false;
    if ((node & 1n) === 1n || node === last) {
      first = await nodeHash(crypto, hash, first);
      second = await nodeHash(crypto, hash, second);
      while ((node & 1n) === 0n && node !== 0n) {
        node >>= 1n;
        last >>= 1n;
      }
    } else {
      second = await nodeHash(crypto, second, hash);
    }
    node >>= 1n;
    last >>= 1n;
  }
  return last === 0n && equalBytes(first, firstRoot) && equalBytes(second, secondRoot);
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

function popCount(value: bigint): number {
  let count = 0;
  for (let rest = value; rest > 0n; rest >>= 1n) if ((rest & 1n) === 1n) count++;
  return count;
}

function isPowerOfTwo(value: bigint): boolean {
  return value > 0n && (value & (value - 1n)) === 0n;
}
