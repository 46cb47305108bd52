/** Lengths of time and dates as people write them in policies. */
import { parseRfc3339 } from '@assay/core';

/** `30d`, `12h`, `90m`, `45s`, `2w`. Undefined: anything else. */
export function durationSeconds(text: string): number | undefined {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  const seconds = UNITS[unit];
  return seconds === undefined || Number(count) === 0 ? undefined : Number(count) * seconds;
}

/** In the largest unit that is whole. */
export function durationText(seconds: number): string {
  const [unit = 's', length = 1] = Object.entries(UNITS).findLast(([, size]) => seconds % size === 0) ?? [];
  return `${seconds / length}${unit}`;
}

/** The first moment that is too late: a day is meant as a whole, in UTC. Undefined: not a date. */
export function endOf(text: string): Date | undefined {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const date = parseRfc3339(isDay ? `${text}T00:00:00Z` : text);
  return date === undefined || !isDay ? date : new Date(date.getTime() + DAY_MS);
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const DAY_MS = 86_400_000;
