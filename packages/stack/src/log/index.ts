/** Append-only logs in tiles. */
export { rekorEntryFormat } from './entry-format.ts';
export { openTileLog } from './open-tile-log.ts';
export {
  type Appended,
  type EntryFormat,
  LogUnavailable,
  type NewEntry,
  readinessProblem,
  type TileLog,
  type TileLogOptions,
  type TreeHead,
} from './tile-log.ts';
export { fullTilePath, parseTilePath, TILE_WIDTH, type TilePath, tilePath } from './tile-path.ts';
