/** Every tree up to 64 leaves, every leaf, every pair of sizes, every proof hash changed: against a naive reading of RFC 9162. */
import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { NaiveTree } from '../test/merkle-reference.ts';
import { equalBytes, fromHex, toHex, utf8 } from './bytes.ts';
import type { CryptoProvider } from './crypto.ts';
import { leafHash, rootFromInclusion, verifyConsistency } from './merkle.ts';
import { webCrypto } from './webcrypto.ts';

const SIZES = Array.from({ length: 64 }, (_, i) => i + 1);
/** Synchronous: there are half a million hashes to make. */
const crypto: CryptoProvider = { ...webCrypto, hash: (_, data) => sha256(data) };
const tree = new NaiveTree(
  SIZES.map((i) => utf8(`leaf ${i}`)),
  async (data) => sha256(data),
);

function flipped(hashes: readonly Uint8Array[], at: number): Uint8Array[] {
  return hashes.map((hash, i) => (i === at ? Uint8Array.from(hash, (byte, offset) => (offset === i % 32 ? byte ^ 1 : byte)) : hash));
}

describe('inclusion', () => {
  test('of every leaf of every tree leads to its root', async () => {
    const wrong: string[] = [];
    for (const size of SIZES) {
      for (let index = 0; index < size; index++) {
        const hashes = await tree.inclusion(index, size);
        const root = await rootFromInclusion(crypto, await tree.leaf(index), { index: BigInt(index), treeSize: BigInt(size), hashes });
        if (root === undefined || !equalBytes(root, await tree.root(size))) wrong.push(`${index} of ${size}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('with any hash changed, dropped, added or swapped leads elsewhere', async () => {
    const wrong: string[] = [];
    for (const size of SIZES) {
      for (let index = 0; index < size; index++) {
        const hashes = await tree.inclusion(index, size);
        const root = await tree.root(size);
        const variants = hashes.flatMap((hash, i) => [
          flipped(hashes, i),
          hashes.toSpliced(i, 1),
          hashes.toSpliced(i, 0, hash),
          hashes.with(i, hash.subarray(1)),
        ]);
        variants.push([...hashes, root]);
        if (hashes.length > 1) variants.push([...hashes].reverse());
        for (const [i, variant] of variants.entries()) {
          const found = await rootFromInclusion(crypto, await tree.leaf(index), { index: BigInt(index), treeSize: BigInt(size), hashes: variant });
          if (found !== undefined && equalBytes(found, root)) wrong.push(`${index} of ${size}, variant ${i}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test('holds for no other index and no other size with the same root', async () => {
    const wrong: string[] = [];
    for (const size of SIZES.filter((one) => one % 7 === 0)) {
      const root = await tree.root(size);
      for (let index = 0; index < size; index++) {
        const hashes = await tree.inclusion(index, size);
        for (let other = -1; other <= size + 1; other++) {
          if (other === index) continue;
          const found = await rootFromInclusion(crypto, await tree.leaf(index), { index: BigInt(other), treeSize: BigInt(size), hashes });
          if (found !== undefined && equalBytes(found, root)) wrong.push(`${index} as ${other} of ${size}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test.each([
    ['an index beyond the tree', 4n, 4n, 2],
    ['a negative index', -1n, 4n, 2],
    ['an empty tree', 0n, 0n, 0],
    ['a negative size', 0n, -1n, 0],
    ['a path for another size', 0n, 2n ** 62n, 2],
  ])('refuses %s before hashing', async (_, index, treeSize, count) => {
    let hashed = 0;
    const counting: CryptoProvider = {
      ...crypto,
      hash: (name, data) => {
        hashed++;
        return crypto.hash(name, data);
      },
    };
    const hashes = Array.from({ length: count }, () => new Uint8Array(32));
    expect(await rootFromInclusion(counting, new Uint8Array(32), { index, treeSize, hashes })).toBeUndefined();
    expect(hashed).toBe(0);
  });

  test('works beyond 2^53 leaves', async () => {
    const treeSize = 2n ** 60n + 1n;
    const hashes = [new Uint8Array(32)];
    // The last leaf of 2^60 + 1 hangs alone beside a full tree: one hash, on the left.
    const root = await rootFromInclusion(crypto, new Uint8Array(32), { index: 2n ** 60n, treeSize, hashes });
    expect(root && toHex(root)).toBe(toHex(sha256(Uint8Array.of(1, ...new Uint8Array(64)))));
    expect(await rootFromInclusion(crypto, new Uint8Array(32), { index: 2n ** 60n - 1n, treeSize, hashes })).toBeUndefined();
  });
});

describe('consistency', () => {
  test('of every pair of sizes holds', async () => {
    const wrong: string[] = [];
    for (const second of SIZES) {
      for (let first = 0; first <= second; first++) {
        const proof = { firstSize: BigInt(first), secondSize: BigInt(second), hashes: await tree.consistency(first, second) };
        if (!(await verifyConsistency(crypto, proof, await tree.root(first), await tree.root(second)))) wrong.push(`${first} to ${second}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('with any hash changed, dropped or added fails, and so it does for another root', async () => {
    const wrong: string[] = [];
    for (const second of SIZES) {
      for (let first = 1; first <= second; first++) {
        const hashes = await tree.consistency(first, second);
        const [from, to] = [await tree.root(first), await tree.root(second)];
        const holds = (variant: readonly Uint8Array[], a: Uint8Array, b: Uint8Array) =>
          verifyConsistency(crypto, { firstSize: BigInt(first), secondSize: BigInt(second), hashes: variant }, a, b);
        const changed = (root: Uint8Array) => flipped([root], 0)[0] as Uint8Array;
        const claims: [string, readonly Uint8Array[], Uint8Array, Uint8Array][] = [
          ...hashes.flatMap((_, i): typeof claims => [
            [`hash ${i} changed`, flipped(hashes, i), from, to],
            [`hash ${i} dropped`, hashes.toSpliced(i, 1), from, to],
          ]),
          ['a hash more', [...hashes, to], from, to],
          ['another first root', hashes, changed(from), to],
          ['another second root', hashes, from, changed(to)],
        ];
        for (const [name, ...claim] of claims) if (await holds(...claim)) wrong.push(`${first} to ${second}, ${name}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('never holds for a tree that forgot or changed a leaf', async () => {
    const forked = new NaiveTree(
      SIZES.map((i) => utf8(i === 3 ? 'forged' : `leaf ${i}`)),
      async (data) => sha256(data),
    );
    for (const second of SIZES.filter((size) => size >= 3)) {
      for (let first = 3; first <= second; first++) {
        const proof = { firstSize: BigInt(first), secondSize: BigInt(second), hashes: await forked.consistency(first, second) };
        expect(await verifyConsistency(crypto, proof, await tree.root(first), await forked.root(second))).toBe(false);
      }
    }
  });

  test('of a shrinking tree fails', async () => {
    expect(await verifyConsistency(crypto, { firstSize: 4n, secondSize: 3n, hashes: [] }, await tree.root(4), await tree.root(3))).toBe(false);
    expect(await verifyConsistency(crypto, { firstSize: -1n, secondSize: 3n, hashes: [] }, await tree.root(1), await tree.root(3))).toBe(false);
  });
});

// RFC 6962 section 2.1 fixes the prefixes; these are the hashes of certificate-transparency-go's well-known empty inputs.
test('hashes leaves with 00 and nodes with 01', async () => {
  expect(toHex(await leafHash(webCrypto, new Uint8Array(0)))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  expect(toHex(await tree.root(0))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(
    await rootFromInclusion(webCrypto, fromHex('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'), { index: 0n, treeSize: 1n, hashes: [] }),
  ).toEqual(await leafHash(webCrypto, new Uint8Array(0)));
});
