/**
 * The time for an answer. The API server says how long it waits (`?timeout=25s`) and then goes by its failure policy, without a word on why; so we answer before
 * that, with the reason. Work that goes on after the deadline may still fill the caches, for the next attempt.
 */
import { TrustError } from '@assay/core';

export interface DeadlineOptions {
  /** Kept for the way back. Default: a tenth of the time, at most a second. */
  readonly marginMs?: number | undefined;
  /** Where the API server does not say. Default 10 s, as for the API server. */
  readonly defaultMs?: number | undefined;
}

/** How long a review may take, in milliseconds. */
export function reviewBudgetMs(timeout: string | null, { marginMs, defaultMs = DEFAULT_MS }: DeadlineOptions = {}): number {
  const stated = timeout === null ? undefined : parseGoDuration(timeout);
  const ms = stated === undefined || stated <= 0 ? defaultMs : Math.min(stated, LONGEST_MS);
  return Math.max(1, ms - (marginMs ?? Math.min(1000, ms / 10)));
}

/** The outcome of `work`, or `ADMISSION_DEADLINE`. */
export async function withDeadline<Value>(work: Promise<Value>, ms: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TrustError('ADMISSION_DEADLINE', `there was no verdict within ${(ms / 1000).toFixed(1)} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `25s`, `1m30s`, `500ms` in milliseconds; undefined when it is none. */
export function parseGoDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let ms = 0;
  for (const [, number, unit] of text.matchAll(PART)) ms += Number(number) * (UNIT_MS[unit as string] as number);
  return ms;
}

const DEFAULT_MS = 10_000;
/** The most that a webhook configuration may ask for. */
const LONGEST_MS = 30_000;
const UNIT_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const PART = /(\d{1,12}(?:\.\d{1,12})?)(ns|us|µs|ms|s|m|h)/gu;
const DURATION = /^(?:\d{1,12}(?:\.\d{1,12})?(?:ns|us|µs|ms|s|m|h)){1,8}$/u;
