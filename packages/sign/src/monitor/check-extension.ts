/** Whether a log that signed one tree may sign another. */
import { equalBytes } from '@assay/core';
import type { LogReader } from './log-reader.ts';
import { contradiction, type SignedTree } from './signed-tree.ts';

/**
 * That `second`, which the log shows later, extends `first`; both of one origin. `where` begins the message.
 * Errors: `LOG_FORK`, `LOG_ROLLBACK`, `LOG_LIE`, `LOG_READ`, `REKOR_RESPONSE`, `NET_…`.
 */
export async function checkExtension(first: SignedTree, second: SignedTree, where: string, prove: LogReader['checkConsistency']): Promise<void> {
  const [before, after] = [first.checkpoint, second.checkpoint];
  if (before.treeSize > after.treeSize) throw contradiction('LOG_ROLLBACK', `${where}: the log shows a smaller tree than it signed before`, first, second);
  if (before.treeSize < after.treeSize) return prove(first, second);
  // Two signed roots of one size need no further proof.
  if (!equalBytes(before.rootHash, after.rootHash)) throw contradiction('LOG_FORK', `${where}: the log signed two trees of one size`, first, second);
}
