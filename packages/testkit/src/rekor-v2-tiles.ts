/**
 * The reading half of the Rekor v2 API (services.md sections 6 and 7) over a virtual instance, in front of the writing half.
 *
 *   GET /api/v2/tile/<L>/<N>[.p/<W>]            up to 256 hashes of 32 bytes
 *   GET /api/v2/tile/entries/<N>[.p/<W>]        up to 256 entries, each behind its length (u16)
 */
import { concat } from '@assay/core';
import { MerkleTree, withLength } from '@assay/make';
import { flip } from './byte-edit.ts';
import type { Instance } from './instance.ts';
import type { RekorV2Log } from './logs.ts';
import type { Handler } from './rekor-v1-stub.ts';

export type TileFault =
  /** Every tile is 404. */
  | 'no-tiles'
  /** Partial tiles are gone, full ones hold more than was asked for. */
  | 'no-partial-tiles'
  /** Tiles that end in the middle of a hash. */
  | 'cut-tiles'
  /** Tiles with a hash changed. */
  | 'wrong-tiles'
  /** An entry bundle whose last entry is longer than it. */
  | 'cut-entries'
  /** The entries of a bundle in another order. */
  | 'other-entries'
  /** A checkpoint that is none. */
  | 'no-checkpoint'
  /** A checkpoint that stays behind. */
  | 'old-checkpoint';

export function rekorV2Tiles(instance: Instance, writes: Handler, fault?: TileFault): Handler {
  const log = instance.rekorV2;
  const first = log.tree.size;
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === '/api/v2/checkpoint' && fault === 'no-checkpoint') return new Response('under construction\n');
    if (pathname === '/api/v2/checkpoint' && fault === 'old-checkpoint') return new Response(log.checkpoint(first));
    const tile = TILE.exec(pathname)?.groups;
    if (request.method !== 'GET' || tile === undefined) return writes(request);
    const { level = '', number = '', width = '256' } = tile;
    const at = { number: Number(number.replace(/[x/]/g, '')), width: Number(width) };
    if (fault === 'no-tiles' || (fault === 'no-partial-tiles' && at.width < 256)) return new Response('not found', { status: 404 });
    const wanted = fault === 'no-partial-tiles' ? { ...at, width: 256 } : at;
    const bytes = level === 'entries' ? entriesOf(log, wanted, fault) : hashesOf(log, Number(level), wanted, fault);
    return bytes === undefined ? new Response('not found', { status: 404 }) : new Response(new Uint8Array(bytes));
  };
}

interface Wanted {
  readonly number: number;
  readonly width: number;
}

function hashesOf(log: RekorV2Log, level: number, { number, width }: Wanted, fault: TileFault | undefined): Uint8Array | undefined {
  const span = 256 ** level;
  const hashes = Array.from({ length: width }, (_, i) => (number * 256 + i) * span)
    .filter((start) => start + span <= log.tree.size)
    .map((start) => subtreeRoot(log, start, span));
  if (hashes.length < width && fault !== 'no-partial-tiles') return undefined;
  const bytes = concat(...hashes, ...Array.from({ length: width - hashes.length }, () => new Uint8Array(32)));
  if (fault === 'cut-tiles') return bytes.subarray(0, -1);
  return fault === 'wrong-tiles' ? concat(...hashes.map((hash) => flip(hash))) : bytes;
}

function subtreeRoot({ tree }: RekorV2Log, start: number, span: number): Uint8Array {
  const subtree = new MerkleTree();
  for (let i = 0; i < span; i++) subtree.appendHash(tree.leaf(start + i));
  return subtree.root();
}

function entriesOf(log: RekorV2Log, { number, width }: Wanted, fault: TileFault | undefined): Uint8Array | undefined {
  const bodies = log.entries.slice(number * 256, number * 256 + width).map(({ body }) => withLength(body, 2));
  if (bodies.length < width && fault !== 'no-partial-tiles') return undefined;
  if (fault === 'other-entries') bodies.reverse();
  const bytes = concat(...bodies);
  return fault === 'cut-entries' ? bytes.subarray(0, -1) : bytes;
}

/** c2sp.org/tlog-tiles: `x001/x234/067` is tile 1234067. */
const TILE = /^\/api\/v2\/tile\/(?<level>\d+|entries)\/(?<number>(?:x\d{3}\/)*\d{3})(?:\.p\/(?<width>\d+))?$/;
