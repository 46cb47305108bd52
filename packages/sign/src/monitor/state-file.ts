/**
 * How far a log was followed, on disk: the last checkpoint of which everything was verified, as the log signed it.
 *
 * The file is replaced as a whole (written beside it, synced, renamed), so that whoever is interrupted leaves a checkpoint that was
 * verified. What proves a misbehaviour of the log goes into a file of its own, and never into its place.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isTrustError, quote, TrustError } from '@assay/core';
import { readFileCapped } from '@assay/net';

/** Undefined when there is none yet. Errors: `FILE_UNREADABLE`, `FILE_TOO_LARGE`. */
export function loadCheckpoint(file: string): string | undefined {
  try {
    return new TextDecoder().decode(readFileCapped(file, MAX_STATE_BYTES));
  } catch (error) {
    if (isTrustError(error) && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** Errors: `FILE_UNREADABLE`. */
export async function storeCheckpoint(file: string, text: string): Promise<void> {
  const draft = join(dirname(file), `.${basename(file)}.${randomBytes(8).toString('hex')}`);
  await writing(file, async () => {
    await mkdir(dirname(file), { recursive: true });
    try {
      await writeSynced(draft, text);
      await rename(draft, file);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    await syncFolder(dirname(file));
  });
}

export interface Evidence {
  readonly code: string;
  readonly message: string;
  readonly log: string;
  /** Signed notes: what was verified earlier, and what the log shows now. */
  readonly stored: string;
  readonly shown: string;
}

/** Beside the state; what is there already stays. Returns the file. Errors: `FILE_UNREADABLE`. */
export async function keepEvidence(file: string, evidence: Evidence): Promise<string> {
  const name = createHash('sha256').update(evidence.shown).digest('hex').slice(0, 16);
  const kept = `${file}.evidence-${name}.json`;
  await writing(kept, async () => {
    await mkdir(dirname(kept), { recursive: true });
    await writeSynced(kept, `${JSON.stringify(evidence, null, 2)}\n`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await syncFolder(dirname(kept));
  });
  return kept;
}

async function writeSynced(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx', 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writing(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw new TrustError('FILE_UNREADABLE', `${quote(path)}: cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, { cause: error });
  }
}

const MAX_STATE_BYTES = 64 * 1024;
