/** All trees up to 64 leaves: every root, every inclusion and consistency proof, verified by core; every damaged proof refused. */
import { rootFromInclusion, toHex, utf8, verifyConsistency } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { describe, expect, test } from 'vitest';
import { leafHash, MerkleTree, nodeHash } from './merkle-tree.ts';

const MAX = 64;
const leaves = Array.from({ length: MAX }, (_, i) => utf8(`leaf ${i}`));

/** RFC 6962 section 2.1, word for word. */
function referenceRoot(data: readonly Uint8Array[]): Uint8Array {
  if (data.length === 1) return leafHash(data[0] as Uint8Array);
  let split = 1;
  while (split * 2 < data.length) split *= 2;
  return nodeHash(referenceRoot(data.slice(0, split)), referenceRoot(data.slice(split)));
}

const tree = new MerkleTree();
const indexes = leaves.map((leaf) => tree.append(leaf));

test('append returns the index', () => {
  expect(indexes).toEqual(leaves.map((_, i) => i));
});

test('the empty tree hashes nothing', () => {
  expect(toHex(new MerkleTree().root())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

test('every root is that of RFC 6962', () => {
  for (let size = 1; size <= MAX; size++) expect(toHex(tree.root(size))).toBe(toHex(referenceRoot(leaves.slice(0, size))));
});

test('every inclusion proof verifies, and no shorter, longer or damaged one', async () => {
  for (let size = 1; size <= MAX; size++) {
    const root = toHex(tree.root(size));
    for (let index = 0; index < size; index++) {
      const hashes = tree.inclusionProof(index, size);
      const rootOf = async (path: readonly Uint8Array[]): Promise<string> =>
        toHex((await rootFromInclusion(nodeCrypto, tree.leaf(index), { index: BigInt(index), treeSize: BigInt(size), hashes: path })) ?? new Uint8Array(0));
      expect(await rootOf(hashes)).toBe(root);
      expect(await rootOf([...hashes, new Uint8Array(32)])).not.toBe(root);
      if (hashes.length > 0) expect(await rootOf(hashes.slice(1))).not.toBe(root);
      for (const i of hashes.keys()) expect(await rootOf(hashes.with(i, new Uint8Array(32)))).not.toBe(root);
    }
  }
});

test('every consistency proof verifies, and no damaged one', async () => {
  for (let second = 1; second <= MAX; second++) {
    for (let first = 1; first <= second; first++) {
      const hashes = tree.consistencyProof(first, second);
      const holds = (path: readonly Uint8Array[], firstRoot = tree.root(first)): Promise<boolean> =>
        verifyConsistency(nodeCrypto, { firstSize: BigInt(first), secondSize: BigInt(second), hashes: path }, firstRoot, tree.root(second));
      expect(await holds(hashes)).toBe(true);
      expect(await holds(hashes, new Uint8Array(32))).toBe(false);
      for (const i of hashes.keys()) expect(await holds(hashes.with(i, new Uint8Array(32)))).toBe(false);
    }
  }
});

describe('refuses what it does not hold', () => {
  test.each([
    ['a leaf beyond the tree', () => tree.leaf(MAX)],
    ['a larger tree', () => tree.root(MAX + 1)],
    ['a proof beyond the size', () => tree.inclusionProof(5, 5)],
    ['a negative index', () => tree.inclusionProof(-1)],
    ['a fraction', () => tree.inclusionProof(0.5)],
    ['a proof backwards', () => tree.consistencyProof(5, 4)],
  ])('%s', (_, act) => {
    expect(act).toThrow(RangeError);
  });
});
