/**
 * The entries of a static CT log (c2sp.org/static-ct-api, RFC 6962 section 3.4), one after the other in a data tile:
 *
 *   TimestampedEntry    timestamp u64 ms | type u16 | 0: certificate u24+n; 1: issuer key hash 32, TBS u24+n | extensions u16+n
 *   only for type 1     precertificate as submitted u24+n
 *   issuers             u16 total | SHA-256 of each, 32 bytes, the direct one first
 *
 * The Merkle leaf hashes 00 00 and the TimestampedEntry alone.
 */
import { concat } from '@assay/core';
import { type CtEntry, leafHash } from '@assay/make';
import type { EntryFormat, TileLog } from '../log/index.ts';

export interface TileLeaf {
  /** What the Merkle leaf hashes, after its 00. */
  readonly leafInput: Uint8Array;
  readonly timestampMs: number;
  readonly entry: CtEntry;
  /** The certificate or precertificate as it came. */
  readonly submitted: Uint8Array;
  /** Fingerprints, up to the root. */
  readonly issuers: readonly Uint8Array[];
}

export const tileLeafFormat: EntryFormat = {
  folder: 'data',
  encode: (entries) => concat(...entries),
  decode: (tile) => {
    const reader = new TlsReader(tile);
    const entries: Uint8Array[] = [];
    while (!reader.done) {
      const start = reader.offset;
      readTileLeaf(reader);
      entries.push(tile.subarray(start, reader.offset));
    }
    return entries;
  },
};

/**
 * Entries [start, end) of a log that is `unique`, fewer where it ends. Each is compared with its leaf in the tree, so that nothing is told of
 * an entry that the log does not vouch for. Throws an Error that names the entry which was altered on disk.
 */
export async function readLeaves(log: TileLog, start: number, end: number): Promise<(TileLeaf & { readonly index: number })[]> {
  const leaves: (TileLeaf & { readonly index: number })[] = [];
  for (const [i, bytes] of (await log.entries(start, end)).entries()) {
    const index = start + i;
    const leaf = parseTileLeaf(bytes);
    if ((await log.find(leafHash(leaf.leafInput))) !== index) throw new Error(`the CT log is damaged: entry ${index} is not what its leaf says`);
    leaves.push({ ...leaf, index });
  }
  return leaves;
}

/** Throws `TypeError` for bytes that are not one entry. */
export function parseTileLeaf(bytes: Uint8Array): TileLeaf {
  const reader = new TlsReader(bytes);
  const leaf = readTileLeaf(reader);
  if (!reader.done) throw new TypeError('bytes follow the tile leaf');
  return leaf;
}

function readTileLeaf(reader: TlsReader): TileLeaf {
  const start = reader.offset;
  const timestampMs = reader.uint(8);
  const entry = readEntry(reader);
  reader.vector(2); // extensions: they state the index, which is known from where the entry lies
  const leafInput = concat(V1_TIMESTAMPED_ENTRY, reader.since(start));
  const submitted = entry.type === 'x509' ? entry.certificate : reader.vector(3);
  const fingerprints = reader.vector(2);
  if (fingerprints.length % FINGERPRINT_BYTES !== 0) throw new TypeError('the fingerprints of a tile leaf have 32 bytes each');
  const issuers: Uint8Array[] = [];
  for (let at = 0; at < fingerprints.length; at += FINGERPRINT_BYTES) issuers.push(fingerprints.subarray(at, at + FINGERPRINT_BYTES));
  return { leafInput, timestampMs, entry, submitted, issuers };
}

function readEntry(reader: TlsReader): CtEntry {
  const type = reader.uint(2);
  if (type === 0) return { type: 'x509', certificate: reader.vector(3) };
  if (type === 1) return { type: 'precert', issuerKeyHash: reader.take(FINGERPRINT_BYTES), tbs: reader.vector(3) };
  throw new TypeError(`entry type ${type} is not known`);
}

/** Reads TLS presentation language (RFC 8446 section 3); throws `TypeError` when the bytes end early. */
class TlsReader {
  readonly #bytes: Uint8Array;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.offset === this.#bytes.length;
  }

  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.offset);
  }

  take(length: number): Uint8Array {
    const start = this.offset;
    if (start + length > this.#bytes.length) throw new TypeError('a tile leaf ends early');
    this.offset += length;
    return this.since(start);
  }

  /** Timestamps fit: 2^53 milliseconds are 285 thousand years. */
  uint(width: number): number {
    const value = this.take(width).reduce((sum, byte) => sum * 256 + byte, 0);
    if (!Number.isSafeInteger(value)) throw new TypeError('a number in a tile leaf is out of range');
    return value;
  }

  vector(width: number): Uint8Array {
    return this.take(this.uint(width));
  }
}

const V1_TIMESTAMPED_ENTRY = Uint8Array.of(0, 0);
const FINGERPRINT_BYTES = 32;
