/** Whether a log keeps its word, and what it has on record. */
export { checkExtension } from './check-extension.ts';
export { type FollowOptions, followLog, type LogEvent } from './follow.ts';
export { type LogPlace, type LogReader, logsAt, openLog } from './log-reader.ts';
export type { RecordedEntry, RecordedSigner } from './recorded.ts';
export { type SearchHit, searchLog } from './search.ts';
export type { SearchQuery } from './search-query.ts';
export { type RekorVersion, type SignedTree, verifyCheckpoint } from './signed-tree.ts';
export type { Watch, WatchReason } from './watch.ts';
