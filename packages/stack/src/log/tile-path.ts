/**
 * Where tiles and bundles lie (c2sp.org/tlog-tiles; services.md section 7).
 *
 *   tile/<L>/<N>[.p/<W>]             hashes, L in 0..6
 *   tile/<folder>/<N>[.p/<W>]        bundles of entries; they count like level 0
 *
 * N has groups of three digits, all but the last behind an `x`: 5 is `005`, 1234067 is `x001/x234/067`. W in 1..255 is the width of a
 * tile that is not full. Each tile has one path: any other spelling is refused.
 */

/** Hashes in a full tile, and entries in a full bundle. */
export const TILE_WIDTH = 256;

export interface TilePath {
  /** The level, or the folder of the bundles. */
  readonly level: number | string;
  readonly n: number;
  /** 1..256. */
  readonly width: number;
}

export function tilePath({ level, n, width }: TilePath): string {
  return width === TILE_WIDTH ? fullTilePath(level, n) : `${partialTilesFolder(level, n)}/${width}`;
}

export function fullTilePath(level: number | string, n: number): string {
  const groups = [String(n % 1000).padStart(3, '0')];
  for (let rest = Math.floor(n / 1000); rest > 0; rest = Math.floor(rest / 1000)) groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`);
  return `tile/${level}/${groups.join('/')}`;
}

export function partialTilesFolder(level: number | string, n: number): string {
  return `${fullTilePath(level, n)}.p`;
}

/** The tile with this path, in a log whose bundles lie in `folder`; undefined for any other text. */
export function parseTilePath(path: string, folder: string): TilePath | undefined {
  const [, level, groups, width] = TILE_PATH.exec(path) ?? [];
  if (level === undefined || groups === undefined) return undefined;
  const tile = { level: level === folder ? folder : Number(level), n: Number(groups.replace(/[x/]/g, '')), width: Number(width ?? TILE_WIDTH) };
  if (Number.isNaN(tile.level) || !Number.isSafeInteger(tile.n) || tile.width > TILE_WIDTH || tilePath(tile) !== path) return undefined;
  return tile;
}

const TILE_PATH = /^tile\/([a-z]{1,16}|[0-6])\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;
