/** Tile leaves: what make writes is read back, and nothing else is read. */
import { concat } from '@assay/core';
import { type CtEntry, encodeLeafInput, encodeTileLeaf, type SctFields, sha256, staticCtExtensions } from '@assay/make';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { property } from '../../../core/test/random.ts';
import { parseTileLeaf, tileLeafFormat } from './tile-leaf.ts';

interface Leaf {
  readonly fields: SctFields;
  readonly submitted: Uint8Array;
  readonly chain: readonly Uint8Array[];
}

const bytes = fc.uint8Array({ maxLength: 400 });
const entries: fc.Arbitrary<{ entry: CtEntry; submitted: Uint8Array }> = fc.oneof(
  bytes.map((certificate) => ({ entry: { type: 'x509' as const, certificate }, submitted: certificate })),
  fc
    .tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), bytes, bytes)
    .map(([issuerKeyHash, tbs, submitted]) => ({ entry: { type: 'precert' as const, issuerKeyHash, tbs }, submitted })),
);
const leaves: fc.Arbitrary<Leaf> = fc
  .record({ what: entries, timestampMs: fc.maxSafeNat(), index: fc.nat(), chain: fc.array(bytes, { maxLength: 4 }) })
  .map(({ what: { entry, submitted }, timestampMs, index, chain }) => ({
    fields: { timestampMs, entry, extensions: staticCtExtensions(index) },
    submitted,
    chain,
  }));
const encode = ({ fields, submitted, chain }: Leaf): Uint8Array => encodeTileLeaf(fields, submitted, chain);

describe('a tile', () => {
  test('gives back the leaves that were put into it', () => {
    property(
      fc.array(leaves, { maxLength: 5 }),
      (all) => {
        const read = tileLeafFormat.decode(tileLeafFormat.encode(all.map(encode))).map(parseTileLeaf);
        expect(read).toEqual(
          all.map(({ fields, submitted, chain }) => ({
            leafInput: encodeLeafInput(fields),
            timestampMs: fields.timestampMs,
            entry: fields.entry,
            submitted,
            issuers: chain.map(sha256),
          })),
        );
      },
      200,
    );
  });

  test('is the tiles of its parts, one after the other', () => {
    property(fc.array(leaves, { maxLength: 5 }), (all) => {
      const encoded = all.map(encode);
      expect(tileLeafFormat.encode(encoded)).toEqual(concat(...encoded.map((leaf) => tileLeafFormat.encode([leaf]))));
    });
  });

  test('that is cut anywhere inside a leaf is refused', () => {
    property(
      leaves,
      (leaf) => {
        const whole = encode(leaf);
        for (let length = 1; length < whole.length; length++) expect(() => tileLeafFormat.decode(whole.slice(0, length))).toThrow(TypeError);
      },
      20,
    );
  });

  test('of hostile bytes is refused with a TypeError, or is leaves that encode to the same bytes', () => {
    property(fc.oneof(bytes, leaves.map(encode).chain(mutated)), (tile) => {
      let read: Uint8Array[];
      try {
        read = tileLeafFormat.decode(tile);
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        return;
      }
      expect(tileLeafFormat.encode(read)).toEqual(concat(tile));
      for (const leaf of read) parseTileLeaf(leaf);
    });
  });

  const mutated = (tile: Uint8Array): fc.Arbitrary<Uint8Array> =>
    fc.tuple(fc.nat(tile.length - 1), fc.nat(255)).map(([at, value]) => tile.map((byte, i) => (i === at ? value : byte)));
});

describe('refused:', () => {
  const whole = encodeTileLeaf({ timestampMs: 5, entry: { type: 'x509', certificate: Uint8Array.of(1) } }, Uint8Array.of(1), [Uint8Array.of(2)]);
  test.each<[string, Uint8Array, string]>([
    ['an unknown entry type', whole.map((byte, i) => (i === 9 ? 2 : byte)), 'entry type 2 is not known'],
    ['a time beyond 2^53', whole.map((byte, i) => (i === 0 ? 1 : byte)), 'out of range'],
    ['a fingerprint that is cut', concat(whole.slice(0, -33), Uint8Array.of(31), whole.slice(-31)), '32 bytes each'],
    ['a byte after the leaf', concat(whole, Uint8Array.of(0)), 'bytes follow'],
    ['nothing', new Uint8Array(0), 'ends early'],
  ])('%s', (_, leaf, message) => {
    expect(() => parseTileLeaf(leaf)).toThrow(message);
    expect(() => parseTileLeaf(leaf)).toThrow(TypeError);
  });
});
