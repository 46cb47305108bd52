/** Checkpoints whose signature was verified: what a log stands for. */
import { type Checkpoint, checkCheckpoint, failures, type LogInstance, quote, TrustError, toHex } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';

export type RekorVersion = 'v1' | 'v2';

export interface SignedTree {
  /** The note, as the log signed it. */
  readonly text: string;
  readonly checkpoint: Checkpoint;
}

/**
 * The tree of a checkpoint that one of these logs signed. `where` begins the message.
 * Errors: `TLOG_CHECKPOINT_PARSE`, `TLOG_CHECKPOINT_UNSIGNED`, `TLOG_CHECKPOINT_SIGNATURE`, `TLOG_CHECKPOINT_ORIGIN`, `TLOG_UNKNOWN_LOG` (no log is given).
 */
export async function verifyCheckpoint(text: string, logs: readonly LogInstance[], rekor: RekorVersion, where: string): Promise<SignedTree> {
  let nearest: TrustError | undefined;
  for (const log of logs) {
    const { check, checkpoint } = await checkCheckpoint(text, log, rekor, nodeCrypto);
    if (checkpoint !== undefined) return { text, checkpoint };
    // A log whose line is there comes nearer than one whose line is not.
    if (nearest === undefined || nearest.code === 'TLOG_CHECKPOINT_UNSIGNED') {
      const [{ code = 'TLOG_CHECKPOINT_PARSE', says, expected, found }] = failures(check) as [ReturnType<typeof failures>[number]];
      nearest = new TrustError(code, `${where}: ${says}`, { hint: HINT, ...(expected !== undefined && { expected }), ...(found !== undefined && { found }) });
    }
  }
  throw nearest ?? new TrustError('TLOG_UNKNOWN_LOG', `${where}: no key of a log is known to verify its checkpoint with`);
}

/** Two trees that one log signed and that do not go together. The notes come along as `data`: they prove it to anybody. */
export function contradiction(code: 'LOG_FORK' | 'LOG_ROLLBACK', says: string, first: SignedTree, second: SignedTree): TrustError {
  return new TrustError(code, says, {
    expected: treeText(first.checkpoint),
    found: treeText(second.checkpoint),
    data: { stored: first.text, shown: second.text },
  });
}

export function treeText({ origin, treeSize, rootHash }: Checkpoint): string {
  return `${quote(origin, 100)}: ${treeSize} entries, root ${toHex(rootHash)}`;
}

const HINT = 'check the address, and that the trusted root is of the instance that runs this log';
