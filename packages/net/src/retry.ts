/**
 * When to try again, and how long to wait before.
 *
 * Exponential back-off with full jitter (a random share of the step, so that many build machines do not return in
 * step), unless the server names a time in `Retry-After` (RFC 9110 section 10.2.3: seconds, or an HTTP date).
 */
import { isTrustError } from '@assay/core';

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** First step of the back-off, and the most that a server may make us wait. */
const BASE_MS = 250;
export const MAX_WAIT_MS = 30_000;

export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

/** Too many requests, one that came too slowly, or a trouble of the server that may pass. 501 and 505 will not. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/** A connection that failed or stalled may succeed next time; a refused certificate, redirect or size will not. */
export function isRetryableError(error: unknown): boolean {
  return isTrustError(error) && (error.code === 'NET_UNREACHABLE' || error.code === 'NET_TIMEOUT');
}

/**
 * Milliseconds to wait before attempt `attempt + 1` (the first attempt is 1).
 * @returns undefined when the server asks for more than `MAX_WAIT_MS`: then it is not worth waiting
 */
export function retryDelayMs(attempt: number, retryAfterMs: number | undefined, random: () => number): number | undefined {
  if (retryAfterMs !== undefined) return retryAfterMs <= MAX_WAIT_MS ? retryAfterMs : undefined;
  return Math.min(MAX_WAIT_MS, random() * BASE_MS * 2 ** (attempt - 1));
}

/** `Retry-After` as milliseconds from `nowMs`; undefined when absent or not understood. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/u.test(value)) return Number(value) * 1000;
  if (!HTTP_DATE.test(value)) return undefined;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

// IMF-fixdate, the one form that RFC 9110 section 5.6.7 lets servers write.
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/u;
