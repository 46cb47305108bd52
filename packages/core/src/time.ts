/**
 * RFC 3339 times of protobuf JSON (`2022-12-31T23:59:59.999Z`) and closed validity windows.
 *
 * Fractions finer than a millisecond are cut for a start and for an instant, and rounded up for an end, so that a closed
 * window never becomes narrower than written.
 */

/** Closed on both ends (verification.md section 3); `end` absent means open. */
export interface Window {
  readonly start: Date;
  readonly end: Date | undefined;
}

export function windowContains(window: Window, time: Date): boolean {
  return time >= window.start && (window.end === undefined || time <= window.end);
}

export function windowText({ start, end }: Window): string {
  return end === undefined ? `from ${start.toISOString()} on` : `${start.toISOString()} to ${end.toISOString()}`;
}

/** The instant, or undefined when `text` is not RFC 3339. */
export function parseRfc3339(text: string, rounding: 'down' | 'up' = 'down'): Date | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, seconds = '', fraction = '', zone = ''] = match;
  const base = Date.parse(`${seconds}${zone}`);
  // Date.parse turns 30 February into March, and hour 24 into the next day; the round trip of the zoneless part tells.
  if (Number.isNaN(base) || new Date(`${seconds}Z`).toISOString().slice(0, 19) !== seconds || !isOffset(zone)) return undefined;
  const millis = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const finer = rounding === 'up' && /[1-9]/.test(fraction.slice(3));
  return new Date(base + millis + (finer ? 1 : 0));
}

function isOffset(zone: string): boolean {
  return zone === 'Z' || (Number(zone.slice(1, 3)) <= 23 && Number(zone.slice(4)) <= 59);
}

/** Seconds since the epoch, as logs state them; undefined when no calendar date. */
export function fromUnixSeconds(seconds: bigint): Date | undefined {
  return seconds >= 0n && seconds <= MAX_SECONDS ? new Date(Number(seconds) * 1000) : undefined;
}

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;
const MAX_SECONDS = 8_640_000_000_000n;

/** As Go prints times in JSON: to the second, unless there is more to say. */
export function rfc3339(time: Date): string {
  return time.toISOString().replace(/\.?0*Z$/, 'Z');
}
