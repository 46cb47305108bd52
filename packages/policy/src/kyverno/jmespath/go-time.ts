/**
 * Times as Go reads and writes them: RFC 3339, and layouts that are written by example (`2006-01-02 15:04:05 MST`).
 */
import { SECOND } from './go-duration.ts';

export interface Moment {
  /** Nanoseconds since 1970. */
  readonly at: bigint;
  /** Minutes east of UTC, in which it was written. */
  readonly offset: number;
}

export const RFC3339 = '2006-01-02T15:04:05Z07:00';

/** Undefined when the text is not of that form. */
export function parseTime(layout: string, text: string): Moment | undefined {
  if (layout.length > MAX_LENGTH || text.length > MAX_LENGTH) return undefined;
  const parts: Part[] = [];
  const pattern = layout.replace(TOKEN, (token) => {
    const part = TOKENS[token];
    if (part === undefined) return token.replace(SPECIAL, '\\$&');
    parts.push(part);
    // Go reads a fraction of a second after the seconds whether or not the layout has one.
    return token === '05' || token === '5' ? `(${part.pattern})(?:[.,](\\d{1,9}))?` : `(${part.pattern})`;
  });
  const found = new RegExp(`^${pattern}$`, 'i').exec(text);
  if (found === null) return undefined;
  const date: Fields = { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, nano: 0n, offset: 0, afternoon: undefined };
  let at = 1;
  for (const part of parts) {
    part.read(found[at++] ?? '', date);
    if (part.seconds === true) date.nano = BigInt((found[at++] ?? '').padEnd(9, '0') || '0');
  }
  return momentOf(date);
}

export function momentText({ at, offset }: Moment): string {
  const local = new Date(Number(floorDiv(at, 1_000_000n)) + offset * 60_000);
  if (Number.isNaN(local.getTime())) return '';
  const zone = offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${local.toISOString().slice(0, 19)}${zone}`;
}

/** Its parts as its own zone has them. */
export function localParts({ at, offset }: Moment): Date {
  return new Date(Number(floorDiv(at, 1_000_000n)) + offset * 60_000);
}

export function momentOfDate(date: Date): Moment {
  return { at: BigInt(date.getTime()) * 1_000_000n, offset: 0 };
}

function momentOf({ year, month, day, hour, minute, second, nano, offset, afternoon }: Fields): Moment | undefined {
  const hours = afternoon === undefined ? hour : (hour % 12) + (afternoon ? 12 : 0);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hours > 23 || minute > 59 || second > 59) return undefined;
  date.setUTCHours(hours, minute, second);
  return { at: BigInt(date.getTime()) * 1_000_000n + nano - BigInt(offset) * 60n * SECOND, offset };
}

export function floorDiv(a: bigint, b: bigint): bigint {
  return a / b - (a % b < 0n ? 1n : 0n);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

interface Fields {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  nano: bigint;
  offset: number;
  afternoon: boolean | undefined;
}

interface Part {
  readonly pattern: string;
  readonly seconds?: true;
  read(text: string, fields: Fields): void;
}

const MONTHS = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];
const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

function number(pattern: string, name: 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second'): Part {
  return {
    pattern,
    ...(name === 'second' && { seconds: true as const }),
    read: (text, fields) => {
      fields[name] = Number(text);
    },
  };
}

const ignored = (pattern: string): Part => ({ pattern, read: () => undefined });
const month = (names: readonly string[]): Part => ({
  pattern: names.join('|'),
  read: (text, fields) => {
    fields.month = names.indexOf(text.toLowerCase()) + 1;
  },
});
const zone = (pattern: string): Part => ({
  pattern,
  read: (text, fields) => {
    const [, sign, hours = '0', minutes = '0'] = /^([-+])(\d\d):?(\d\d)?/.exec(text) ?? [];
    fields.offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  },
});

const TOKENS: Readonly<Record<string, Part>> = {
  '2006': number('\\d{4}', 'year'),
  '06': {
    pattern: '\\d{2}',
    read: (text, fields) => {
      fields.year = Number(text) + (Number(text) >= 69 ? 1900 : 2000);
    },
  },
  January: month(MONTHS),
  Jan: month(MONTHS.map((name) => name.slice(0, 3))),
  '01': number('\\d{2}', 'month'),
  '1': number('\\d{1,2}', 'month'),
  '02': number('\\d{2}', 'day'),
  _2: number(' ?\\d{1,2}', 'day'),
  '2': number('\\d{1,2}', 'day'),
  Monday: ignored(DAYS.join('|')),
  Mon: ignored(DAYS.map((name) => name.slice(0, 3)).join('|')),
  '15': number('\\d{2}', 'hour'),
  '03': number('\\d{2}', 'hour'),
  '3': number('\\d{1,2}', 'hour'),
  '04': number('\\d{2}', 'minute'),
  '4': number('\\d{1,2}', 'minute'),
  '05': number('\\d{2}', 'second'),
  '5': number('\\d{1,2}', 'second'),
  PM: {
    pattern: 'AM|PM',
    read: (text, fields) => {
      fields.afternoon = text.toUpperCase() === 'PM';
    },
  },
  // A zone by name says nothing that can be relied on; only UTC is taken.
  MST: ignored('UTC|GMT'),
  'Z07:00': zone('Z|[-+]\\d\\d:\\d\\d'),
  Z0700: zone('Z|[-+]\\d{4}'),
  '-07:00': zone('[-+]\\d\\d:\\d\\d'),
  '-0700': zone('[-+]\\d{4}'),
};

const TOKEN = /2006|January|Jan|Monday|Mon|MST|PM|Z07:00|Z0700|-07:00|-0700|\.0+|\.9+|01|02|03|04|05|06|15|_2|1|2|3|4|5|[\s\S]/g;
const SPECIAL = /[.\\+*?()[\]{}^$|/-]/g;
const MAX_LENGTH = 200;
