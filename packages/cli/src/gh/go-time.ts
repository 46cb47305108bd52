/** Times by Go's reference layout, `Mon Jan 2 15:04:05 2006 -0700`. In UTC, as evidence states them. */
export function goTime(time: Date, layout: string): string {
  return layout.replace(TOKENS, (token) => PARTS[token]?.(time) ?? token);
}

const two = (value: number): string => String(value).padStart(2, '0');
const named = (time: Date, options: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', ...options }).format(time);
const twelve = (time: Date): number => time.getUTCHours() % 12 || 12;

/** The longest first: `January` before `Jan`, `2006` before `2`. */
const TOKENS = /January|Jan|Monday|Mon|MST|2006|Z07:00|-07:00|-0700|15|01|02|03|04|05|06|_2|PM|pm|1|2|3|4|5/g;
const PARTS: Readonly<Record<string, (time: Date) => string>> = {
  January: (time) => named(time, { month: 'long' }),
  Jan: (time) => named(time, { month: 'short' }),
  Monday: (time) => named(time, { weekday: 'long' }),
  Mon: (time) => named(time, { weekday: 'short' }),
  MST: () => 'UTC',
  '2006': (time) => String(time.getUTCFullYear()).padStart(4, '0'),
  'Z07:00': () => 'Z',
  '-07:00': () => '+00:00',
  '-0700': () => '+0000',
  '15': (time) => two(time.getUTCHours()),
  '01': (time) => two(time.getUTCMonth() + 1),
  '02': (time) => two(time.getUTCDate()),
  '03': (time) => two(twelve(time)),
  '04': (time) => two(time.getUTCMinutes()),
  '05': (time) => two(time.getUTCSeconds()),
  '06': (time) => two(time.getUTCFullYear() % 100),
  _2: (time) => String(time.getUTCDate()).padStart(2),
  PM: (time) => (time.getUTCHours() < 12 ? 'AM' : 'PM'),
  pm: (time) => (time.getUTCHours() < 12 ? 'am' : 'pm'),
  '1': (time) => String(time.getUTCMonth() + 1),
  '2': (time) => String(time.getUTCDate()),
  '3': (time) => String(twelve(time)),
  '4': (time) => String(time.getUTCMinutes()),
  '5': (time) => String(time.getUTCSeconds()),
};
