/**
 * What we remember about a mirror besides its files: one JSON object in `assay-state`, all members optional, dates as
 * ISO 8601. What cannot be read counts as unknown: the worst that follows is one refresh too many.
 *
 *     {"mirror":"https://tuf-repo-cdn.sigstore.dev","refreshedAt":"2026-08-25T00:00:00.000Z"}
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readFileCapped } from '@assay/net';
import { writeAtomically } from './write.ts';

export interface CacheState {
  /** Two URLs may share a folder name; this tells whose it is. */
  mirror?: string;
  /** When everything was last confirmed by the mirror. */
  refreshedAt?: Date;
  /** SHA-256 of the initial root that the caller named, if one was named. */
  initialRoot?: string;
  /** The last attempt, when it failed. */
  failedAt?: Date;
  failure?: string;
}

export function readState(folder: string): CacheState {
  const state = parse(folder);
  const initialRoot = text(state['initialRoot']);
  const mirror = text(state['mirror']);
  const failure = text(state['failure']);
  const refreshedAt = date(state['refreshedAt']);
  const failedAt = date(state['failedAt']);
  return {
    ...(mirror && { mirror }),
    ...(refreshedAt && { refreshedAt }),
    ...(initialRoot && { initialRoot }),
    ...(failedAt && { failedAt }),
    ...(failure && { failure }),
  };
}

export function writeState(folder: string, state: CacheState): void {
  writeAtomically(join(folder, STATE_FILE), new TextEncoder().encode(`${JSON.stringify(state)}\n`));
}

/** Remembers that an attempt failed. Best effort: a folder that cannot be written is no worse than before. */
export function recordFailure(folder: string, failedAt: Date, failure: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeState(folder, { ...readState(folder), failedAt, failure });
  } catch {
    return;
  }
}

function parse(folder: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(readFileCapped(join(folder, STATE_FILE), MAX_STATE_BYTES)));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function date(value: unknown): Date | undefined {
  const parsed = new Date(text(value) ?? Number.NaN);
  return Number.isNaN(parsed.getTime()) ? undefined : parsed;
}

const STATE_FILE = 'assay-state';
const MAX_STATE_BYTES = 65_536;
