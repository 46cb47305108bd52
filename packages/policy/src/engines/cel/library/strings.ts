/** The strings library of CEL, version 2. Strings are counted in code points. Searching pays for the worst case, which is the product of both lengths. */
import type { Environment } from '@marcbachmann/cel-js';
import { charge } from '../meter.ts';
import { refuse, register } from '../register.ts';
import { formatText, textOf } from './format-text.ts';

export function registerStrings(environment: Environment): void {
  register(environment, {
    'string.charAt(int): string': charAt,
    'string.contains(string): bool': (text: string, part: string) => find(text, part, 0) >= 0,
    'string.indexOf(string): int': (text: string, part: string) => indexOf(text, part, 0n),
    'string.indexOf(string, int): int': indexOf,
    'string.lastIndexOf(string): int': (text: string, part: string) => lastIndexOf(text, part, undefined),
    'string.lastIndexOf(string, int): int': lastIndexOf,
    'string.lowerAscii(): string': (text: string) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
    'string.upperAscii(): string': (text: string) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
    'string.trim(): string': (text: string) => text.trim(),
    'string.replace(string, string): string': (text: string, part: string, by: string) => replace(text, part, by, -1n),
    'string.replace(string, string, int): string': replace,
    'string.split(string): list<string>': (text: string, separator: string) => split(text, separator, -1n),
    'string.split(string, int): list<string>': split,
    'string.substring(int): string': (text: string, start: bigint) => substring(text, start, undefined),
    'string.substring(int, int): string': substring,
    'string.format(list): string': formatText,
    'list<string>.join(): string': (texts: readonly string[]) => join(texts, ''),
    'list<string>.join(string): string': join,
    'string(google.protobuf.Timestamp): string': textOf,
    'string(google.protobuf.Duration): string': textOf,
  });
}

function charAt(text: string, index: bigint): string {
  const points = Points.of(text);
  if (index < 0n || index > points.length) refuse(`index out of range: ${index}`);
  return points.slice(Number(index), Number(index) + 1);
}

function indexOf(text: string, part: string, from: bigint): bigint {
  const points = Points.of(text);
  if (from < 0n || from > points.length) refuse(`index out of range: ${from}`);
  const found = find(text, part, points.unit(Number(from)));
  return found < 0 ? -1n : BigInt(points.point(found));
}

function lastIndexOf(text: string, part: string, from: bigint | undefined): bigint {
  const points = Points.of(text);
  if (from !== undefined && (from < 0n || from > points.length)) refuse(`index out of range: ${from}`);
  chargeSearch(text, part);
  const found = text.lastIndexOf(part, from === undefined ? Number.POSITIVE_INFINITY : points.unit(Number(from)));
  return found < 0 ? -1n : BigInt(points.point(found));
}

function find(text: string, part: string, from: number): number {
  chargeSearch(text, part);
  return text.indexOf(part, from);
}

function chargeSearch(text: string, part: string): void {
  charge(1 + Math.ceil((text.length * part.length) / 256));
}

/** As `strings.Replace` of Go: nothing is found before every character and at the end. */
function replace(text: string, part: string, by: string, limit: bigint): string {
  chargeSearch(text, part);
  const pieces = part === '' ? ['', ...text, ''].slice(0, text === '' ? 1 : undefined) : text.split(part);
  const times = Math.min(limit < 0n ? Number.POSITIVE_INFINITY : Number(limit), part === '' && text === '' ? 1 : pieces.length - 1);
  charge(Math.ceil((text.length + times * by.length) / 8));
  if (part === '' && text === '') return times > 0 ? by : text;
  const replaced = pieces.slice(0, times + 1).join(by);
  const rest = pieces.slice(times + 1);
  return rest.length === 0 ? replaced : [replaced, ...rest].join(part);
}

/** As `strings.SplitN` of Go. */
function split(text: string, separator: string, limit: bigint): string[] {
  chargeSearch(text, separator);
  if (limit === 0n) return [];
  const parts = separator === '' ? [...text] : text.split(separator);
  charge(parts.length);
  if (limit < 0n || parts.length <= Number(limit)) return parts;
  const last = Number(limit) - 1;
  return [...parts.slice(0, last), parts.slice(last).join(separator)];
}

function substring(text: string, start: bigint, end: bigint | undefined): string {
  const points = Points.of(text);
  const to = end ?? BigInt(points.length);
  if (start < 0n || start > points.length) refuse(`index out of range: ${start}`);
  if (to < 0n || to > points.length) refuse(`index out of range: ${to}`);
  if (start > to) refuse(`invalid substring range. start: ${start}, end: ${to}`);
  return points.slice(Number(start), Number(to));
}

function join(texts: readonly string[], separator: string): string {
  let length = 0;
  for (const text of texts) {
    if (typeof text !== 'string') refuse('join is for lists of strings');
    length += text.length + separator.length;
  }
  charge(texts.length + (length >> 3));
  return texts.join(separator);
}

/** A text by code points. Nearly all are of one unit each. */
class Points {
  readonly #text: string;
  readonly #points: readonly string[] | undefined;

  private constructor(text: string) {
    this.#text = text;
    charge(1 + (text.length >> 4));
    this.#points = /[\ud800-\udfff]/.test(text) ? [...text] : undefined;
    if (this.#points !== undefined) charge(this.#points.length);
  }

  static of(text: string): Points {
    return new Points(text);
  }

  get length(): number {
    return this.#points?.length ?? this.#text.length;
  }

  slice(start: number, end: number): string {
    return this.#points?.slice(start, end).join('') ?? this.#text.slice(start, end);
  }

  /** Where the point begins in the text. */
  unit(point: number): number {
    return this.#points?.slice(0, point).join('').length ?? point;
  }

  /** Which point begins there. */
  point(unit: number): number {
    return this.#points === undefined ? unit : [...this.#text.slice(0, unit)].length;
  }
}
