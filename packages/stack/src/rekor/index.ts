/** Rekor, both versions of its API. */
export { openRekorV1, type RekorV1, type RekorV1LogId, type RekorV1Options } from './v1.ts';
export type { ShardKey } from './v1-shards.ts';
export { openRekorV2, type RekorV2, type RekorV2Options, rekorV2LogId } from './v2.ts';
