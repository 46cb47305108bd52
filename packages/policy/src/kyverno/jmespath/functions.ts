/**
 * The functions of JMESPath, and those that Kyverno adds (its documentation, "JMESPath"): about texts, patterns, times, versions, numbers and structures.
 *
 * What asks the network (`is_external_url` of a name), what cannot be repeated (`random`) and `x509_decode` are not here: an expression that calls one of them
 * cannot be evaluated, and what cannot be evaluated does not hold. Unlike Kyverno's, `semver_compare` refuses a version that it cannot read instead of taking
 * it for 0.0.0, which most ranges with an upper bound would let in.
 */
import { createHash } from 'node:crypto';
import { decodeBase64, decodeUtf8, described, encodeBase64, escapeGoJson, isTrustError, quote, tryParseJson, utf8 } from '@assay/core';
import { RE2JS } from 're2js';
import { parseDocuments } from '../../cluster-image-policy/document.ts';
import { matchesWildcard } from '../../judge/text-pattern.ts';
import { imageInfo, imageText } from '../image.ts';
import { durationText, parseDuration, SECOND } from './go-duration.ts';
import { floorDiv, localParts, type Moment, momentOfDate, momentText, parseTime, RFC3339 } from './go-time.ts';
import { cannot, deepEqual, type ExpressionNode, type Functions, isRecord, Reference } from './interpreter.ts';
import { parseQuantity } from './quantity.ts';
import { parseRange, parseVersion } from './semver.ts';

/** `now` is what `time_now` says, and where `time_since` counts to. */
export function kyvernoFunctions(now: Date): Functions {
  return {
    call(name, values, run) {
      const entry = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
      if (entry === undefined) throw cannot(`unknown function: ${quote(name)}`);
      const [least, most] = entry.arity;
      if (values.length < least || values.length > most) throw cannot(`JMESPath function '${name}': incorrect number of args`);
      return limited(name, entry.call(new Arguments(name, values, now, run)));
    },
  };
}

/** Doubling a text twenty times takes twenty steps. */
function limited(name: string, value: unknown): unknown {
  const size = typeof value === 'string' || Array.isArray(value) ? value.length : 0;
  if (size > MAX_RESULT) throw cannot(`JMESPath function '${name}': the result is larger than ${MAX_RESULT}`);
  return value;
}

const MAX_RESULT = 8 * 1024 * 1024;

class Arguments {
  readonly name: string;
  readonly all: readonly unknown[];
  readonly now: Date;
  readonly #run: (reference: ExpressionNode, value: unknown) => unknown;

  constructor(name: string, all: readonly unknown[], now: Date, run: (reference: ExpressionNode, value: unknown) => unknown) {
    this.name = name;
    this.all = all;
    this.now = now;
    this.#run = run;
  }

  fails(says: string): never {
    throw cannot(`JMESPath function '${this.name}': ${says}`);
  }

  text(index: number): string {
    const value = this.all[index];
    return typeof value === 'string' ? value : this.#wrong(index, 'string');
  }

  number(index: number): number {
    const value = this.all[index];
    return typeof value === 'number' ? value : this.#wrong(index, 'float64');
  }

  array(index: number): readonly unknown[] {
    const value = this.all[index];
    return Array.isArray(value) ? value : this.#wrong(index, 'array');
  }

  object(index: number): Readonly<Record<string, unknown>> {
    const value = this.all[index];
    return isRecord(value) ? value : this.#wrong(index, 'Object');
  }

  texts(index: number): readonly string[] {
    const values = this.array(index);
    return values.every((value) => typeof value === 'string') ? values : this.#wrong(index, 'StringArray');
  }

  numbers(index: number): readonly number[] {
    const values = this.array(index);
    return values.every((value) => typeof value === 'number') ? values : this.#wrong(index, 'NumberArray');
  }

  /** A number is taken as its text. */
  textOrNumber(index: number): string {
    const value = this.all[index];
    if (typeof value === 'number') return String(Math.fround(value) === value ? value : Number(value.toPrecision(8)));
    return typeof value === 'string' ? value : this.#wrong(index, 'String or Real');
  }

  time(index: number, layout = RFC3339): Moment {
    const text = this.text(index);
    return parseTime(layout, text) ?? this.fails(`parsing time ${quote(JSON.stringify(text))} as ${quote(JSON.stringify(layout))}: cannot parse`);
  }

  duration(index: number): bigint {
    const text = this.text(index);
    return parseDuration(text) ?? this.fails(`time: invalid duration ${quote(JSON.stringify(text))}`);
  }

  /** RE2, so linear; and even so nothing that takes a second. */
  pattern(index: number, over: string): RE2JS {
    const text = this.text(index);
    if (text.length > MAX_PATTERN || text.length * over.length > MAX_PATTERN_WORK) this.fails('the pattern or the text is too long');
    try {
      return RE2JS.compile(text);
    } catch (error) {
      return this.fails(quote(error instanceof Error ? error.message : String(error)));
    }
  }

  /** The function that an argument is. */
  reference(index: number): (value: unknown) => unknown {
    const value = this.all[index];
    if (!(value instanceof Reference)) return this.#wrong(index, 'expression');
    return (item) => this.#run(value.node, item);
  }

  #wrong(index: number, type: string): never {
    return this.fails(`argument #${index + 1} is not of type ${type}`);
  }
}

const MAX_PATTERN = 4096;
const MAX_PATTERN_WORK = 20_000_000;

interface Entry {
  readonly arity: readonly [number, number];
  readonly call: (args: Arguments) => unknown;
}

const of = (count: number, call: (args: Arguments) => unknown): Entry => ({ arity: [count, count], call });
const many = (least: number, call: (args: Arguments) => unknown): Entry => ({ arity: [least, Number.POSITIVE_INFINITY], call });

const FUNCTIONS: Readonly<Record<string, Entry>> = {
  abs: of(1, (a) => Math.abs(a.number(0))),
  avg: of(1, (a) => (a.array(0).length === 0 ? null : total(a.numbers(0)) / a.array(0).length)),
  ceil: of(1, (a) => Math.ceil(a.number(0))),
  floor: of(1, (a) => Math.floor(a.number(0))),
  contains: of(2, contains),
  starts_with: of(2, (a) => a.text(0).startsWith(a.text(1))),
  ends_with: of(2, (a) => a.text(0).endsWith(a.text(1))),
  length: of(1, lengthOf),
  join: of(2, (a) => a.texts(1).join(a.text(0))),
  keys: of(1, (a) => Object.keys(a.object(0))),
  values: of(1, (a) => Object.values(a.object(0))),
  map: of(2, (a) => a.array(1).map(a.reference(0))),
  max: of(1, (a) => extreme(a, 1)),
  min: of(1, (a) => extreme(a, -1)),
  max_by: of(2, (a) => extremeBy(a, 1)),
  min_by: of(2, (a) => extremeBy(a, -1)),
  merge: many(1, (a) => Object.assign({}, ...a.all.map((_, index) => a.object(index)))),
  not_null: many(1, (a) => a.all.find((value) => value !== null && value !== undefined) ?? null),
  reverse: of(1, (a) => (typeof a.all[0] === 'string' ? [...a.text(0)].reverse().join('') : [...a.array(0)].reverse())),
  sort: of(1, (a) => [...comparable(a, a.array(0))].sort(compareValues)),
  sort_by: of(2, sortBy),
  to_array: of(1, ({ all: [value] }) => (Array.isArray(value) ? value : [value])),
  to_number: of(1, ({ all: [value] }) => toNumber(value)),
  to_string: of(1, ({ all: [value] }) => (typeof value === 'string' ? value : jsonText(value))),
  type: of(1, ({ all: [value] }) => typeName(value)),

  compare: of(2, (a) => Math.sign(Buffer.compare(Buffer.from(a.text(0)), Buffer.from(a.text(1))))),
  equal_fold: of(2, (a) => a.text(0).toLowerCase() === a.text(1).toLowerCase()),
  replace: of(4, (a) => replaced(a.text(0), a.text(1), a.text(2), Math.trunc(a.number(3)))),
  replace_all: of(3, (a) => replaced(a.text(0), a.text(1), a.text(2), -1)),
  to_upper: of(1, (a) => a.text(0).toUpperCase()),
  to_lower: of(1, (a) => a.text(0).toLowerCase()),
  trim: of(2, (a) => trimmed(a.text(0), new Set(a.text(1)))),
  trim_prefix: of(2, (a) => (a.text(0).startsWith(a.text(1)) ? a.text(0).slice(a.text(1).length) : a.text(0))),
  split: of(2, (a) => a.text(0).split(a.text(1))),
  truncate: of(2, (a) => [...a.text(0)].slice(0, Math.max(0, Math.trunc(a.number(1)))).join('')),
  regex_match: of(2, (a) => a.pattern(0, a.textOrNumber(1)).matcher(a.textOrNumber(1)).find()),
  // Of what stands for the matches, `$1` is a group of the pattern; the other function takes it as it is.
  regex_replace_all: of(3, (a) => regexReplaced(a, expanded)),
  regex_replace_all_literal: of(3, (a) => regexReplaced(a, (text) => text)),
  pattern_match: of(2, (a) => matchesWildcard(a.text(0), a.textOrNumber(1))),
  label_match: of(2, (a) => Object.entries(a.object(0)).every(([name, value]) => Object.hasOwn(a.object(1), name) && deepEqual(a.object(1)[name], value))),
  to_boolean: of(1, toBoolean),
  path_canonicalize: of(1, (a) => cleanPath(a.text(0))),

  add: of(2, (a) => arithmetic(a, a.all[0], a.all[1], '+')),
  subtract: of(2, (a) => arithmetic(a, a.all[0], a.all[1], '-')),
  sum: of(1, sum),
  multiply: of(2, multiply),
  divide: of(2, divide),
  modulo: of(2, modulo),
  round: of(2, round),

  base64_decode: of(1, (a) => decodeUtf8(decodeBase64(a.text(0)) ?? a.fails('illegal base64 data')) ?? a.fails('the data is no text')),
  base64_encode: of(1, (a) => encodeBase64(utf8(a.text(0)))),
  sha256: of(1, (a) => createHash('sha256').update(a.text(0)).digest('hex')),
  sha1: of(1, (a) => createHash('sha1').update(a.text(0)).digest('hex')),
  md5: of(1, (a) => createHash('md5').update(a.text(0)).digest('hex')),
  semver_compare: of(2, semverCompare),
  parse_json: of(1, (a) => tryParseJson(a.text(0)) ?? (a.text(0).trim() === 'null' ? null : a.fails('the text is no JSON'))),
  parse_yaml: of(1, parseYaml),
  lookup: of(2, lookup),
  items: of(3, items),
  object_from_lists: of(2, objectFromLists),
  image_normalize: of(1, (a) => imageText(imageInfo(a.text(0)))),

  time_now: of(0, ({ now }) => momentText(momentOfDate(now))),
  time_now_utc: of(0, ({ now }) => momentText(momentOfDate(now))),
  time_since: of(3, timeSince),
  time_add: of(2, (a) => momentText({ ...a.time(0), at: a.time(0).at + a.duration(1) })),
  time_parse: of(2, timeParse),
  time_to_cron: of(1, (a) => cron(localParts(a.time(0)))),
  time_utc: of(1, (a) => momentText({ ...a.time(0), offset: 0 })),
  time_diff: of(2, (a) => durationText(a.time(1).at - a.time(0).at)),
  time_before: of(2, (a) => a.time(0).at < a.time(1).at),
  time_after: of(2, (a) => a.time(0).at > a.time(1).at),
  time_between: of(3, (a) => a.time(0).at > a.time(1).at && a.time(0).at < a.time(2).at),
  time_truncate: of(2, timeTruncate),
};

function contains(a: Arguments): boolean {
  const [where, what] = a.all;
  if (typeof where === 'string') return typeof what === 'string' && where.includes(what);
  return a.array(0).some((item) => (isRecord(item) || Array.isArray(item) ? false : item === what));
}

function objectFromLists(a: Arguments): unknown {
  const [names, values] = [a.array(0), a.array(1)];
  return Object.fromEntries(names.map((name, i) => [isScalar(name) ? String(name) : a.fails(`a name is ${described(name)}`), values[i] ?? null]));
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function lengthOf(a: Arguments): number {
  const [value] = a.all;
  if (typeof value === 'string') return [...value].length;
  return Array.isArray(value) ? value.length : Object.keys(a.object(0)).length;
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

function comparable(a: Arguments, values: readonly unknown[]): readonly (string | number)[] {
  const type = typeof values[0];
  if (values.every((value): value is string | number => typeof value === type && (type === 'string' || type === 'number'))) return values;
  return a.fails('the values are neither all numbers nor all texts');
}

function compareValues(x: string | number, y: string | number): number {
  if (typeof x === 'number' && typeof y === 'number') return x - y;
  return Buffer.compare(Buffer.from(String(x)), Buffer.from(String(y)));
}

function extreme(a: Arguments, sign: 1 | -1): unknown {
  const values = comparable(a, a.array(0));
  return values.length === 0 ? null : values.reduce((best, one) => (compareValues(one, best) * sign > 0 ? one : best));
}

function extremeBy(a: Arguments, sign: 1 | -1): unknown {
  const values = a.array(0);
  const keys = comparable(a, values.map(a.reference(1)));
  let best = 0;
  for (let i = 1; i < keys.length; i++) if (compareValues(keys[i] ?? '', keys[best] ?? '') * sign > 0) best = i;
  return values[best] ?? null;
}

function sortBy(a: Arguments): unknown {
  const values = a.array(0);
  const keys = comparable(a, values.map(a.reference(1)));
  return values
    .map((value, i) => ({ value, key: keys[i] ?? '' }))
    .sort((x, y) => compareValues(x.key, y.key))
    .map(({ value }) => value);
}

function toNumber(value: unknown): number | null {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(value) ? Number(value) : null;
}

/** JSON as Go writes it. */
export function jsonText(value: unknown): string {
  const ordered = (one: unknown): unknown => {
    if (Array.isArray(one)) return one.map(ordered);
    if (!isRecord(one)) return typeof one === 'bigint' ? Number(one) : one;
    return Object.fromEntries(
      Object.keys(one)
        .sort()
        .map((name) => [name, ordered(one[name])]),
    );
  };
  return escapeGoJson(JSON.stringify(ordered(value) ?? null));
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'bigint' ? 'number' : typeof value;
}

function replaced(text: string, old: string, by: string, count: number): string {
  if (count === 0) return text;
  const parts = old === '' ? ['', ...text, ''] : text.split(old);
  const times = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
  // Before it is made: a text of commas may stand for a long one each time.
  if (text.length + times * by.length > MAX_RESULT) throw cannot(`JMESPath function 'replace': the result is larger than ${MAX_RESULT}`);
  return (
    parts.slice(0, times + 1).join(by) +
    parts
      .slice(times + 1)
      .map((part) => `${old}${part}`)
      .join('')
  );
}

function trimmed(text: string, cut: ReadonlySet<string>): string {
  const characters = [...text];
  let [start, end] = [0, characters.length];
  while (start < end && cut.has(characters[start] ?? '')) start++;
  while (end > start && cut.has(characters[end - 1] ?? '')) end--;
  return characters.slice(start, end).join('');
}

/** Every match gives way to what `write` makes of the replacement. */
function regexReplaced(a: Arguments, write: (text: string, matcher: Matcher) => string): string {
  const [text, by] = [a.textOrNumber(1), a.textOrNumber(2)];
  const matcher = a.pattern(0, text).matcher(text);
  let result = '';
  let end = 0;
  while (matcher.find()) {
    result += text.slice(end, matcher.start()) + write(by, matcher);
    end = matcher.end();
    if (result.length > MAX_RESULT) a.fails(`the result is larger than ${MAX_RESULT}`);
  }
  return result + text.slice(end);
}

type Matcher = ReturnType<RE2JS['matcher']>;

/** `$1`, `${1}` and `$$`, as in Go: a name is as long as it can be, and what is no group is nothing. */
function expanded(text: string, matcher: Matcher): string {
  return text.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole, braced: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare;
    if (name === undefined) return whole.slice(1);
    return /^\d{1,4}$/.test(name) && Number(name) <= matcher.groupCount() ? (matcher.group(Number(name)) ?? '') : '';
  });
}

function toBoolean(a: Arguments): boolean {
  const lower = a.text(0).toLowerCase();
  if (lower === 'true' || lower === 'false') return lower === 'true';
  return a.fails(`lowercase argument must be 'true' or 'false' (provided: '${quote(a.text(0))}')`);
}

function cleanPath(path: string): string {
  if (path === '') return '';
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!path.startsWith('/')) parts.push('..');
  }
  const joined = parts.join('/');
  return path.startsWith('/') ? `/${joined}` : joined === '' ? '.' : joined;
}

/** Numbers with numbers, durations with durations. Of quantities there is no canonical text here. */
function arithmetic(a: Arguments, left: unknown, right: unknown, operator: '+' | '-'): unknown {
  if (typeof left === 'number' && typeof right === 'number') return operator === '+' ? left + right : left - right;
  const [x, y] = [durationOf(a, left), durationOf(a, right)];
  if (x === undefined || y === undefined) return a.fails('Types mismatch');
  return durationText(operator === '+' ? x + y : x - y);
}

function durationOf(a: Arguments, value: unknown): bigint | undefined {
  if (typeof value === 'number') return undefined;
  if (typeof value !== 'string') return a.fails('invalid operand');
  if (parseQuantity(value) !== undefined) return a.fails('quantities are not supported');
  return parseDuration(value) ?? a.fails('invalid operand');
}

function sum(a: Arguments): unknown {
  const [first, ...rest] = a.array(0);
  if (first === undefined) return a.fails('at least one element in the array is required');
  return rest.reduce((all, one) => arithmetic(a, all, one, '+'), first);
}

function multiply(a: Arguments): unknown {
  const [left, right] = a.all;
  if (typeof left === 'number' && typeof right === 'number') return left * right;
  const [duration, factor] = typeof left === 'number' ? [durationOf(a, right), left] : [durationOf(a, left), right];
  if (duration === undefined || typeof factor !== 'number') return a.fails('Types mismatch');
  return durationText(scaled(a, duration, factor));
}

function divide(a: Arguments): unknown {
  const [left, right] = a.all;
  if (right === 0) return a.fails('Zero divisor passed');
  if (typeof left === 'number' && typeof right === 'number') return left / right;
  const duration = durationOf(a, left);
  if (duration === undefined) return a.fails('Types mismatch');
  if (typeof right === 'number') return durationText(scaled(a, duration, 1 / right));
  const divisor = durationOf(a, right);
  if (divisor === undefined) return a.fails('Types mismatch');
  if (divisor === 0n) return a.fails('Zero divisor passed');
  return Number(duration) / Number(divisor);
}

function scaled(a: Arguments, duration: bigint, factor: number): bigint {
  const nanoseconds = Number(duration) * factor;
  return Number.isSafeInteger(Math.trunc(nanoseconds)) ? BigInt(Math.trunc(nanoseconds)) : a.fails('the duration is out of range');
}

function modulo(a: Arguments): unknown {
  const [left, right] = a.all;
  if (typeof left === 'number' && typeof right === 'number') {
    if (right === 0) return a.fails('Zero divisor passed');
    return Number.isInteger(left) && Number.isInteger(right) ? left % right : a.fails('Non-integer argument(s) passed for modulo');
  }
  const [x, y] = [durationOf(a, left), durationOf(a, right)];
  if (x === undefined || y === undefined) return a.fails('Types mismatch');
  return y === 0n ? a.fails('Zero divisor passed') : durationText(x % y);
}

function round(a: Arguments): number {
  const digits = a.number(1);
  if (!Number.isInteger(digits)) return a.fails('Non-integer argument(s) passed for round off');
  if (digits < 0 || digits > 15) return a.fails('the number of digits is out of bounds');
  const shift = 10 ** digits;
  return (Math.sign(a.number(0)) * Math.round(Math.abs(a.number(0)) * shift)) / shift;
}

function semverCompare(a: Arguments): boolean {
  const version = parseVersion(a.text(0)) ?? a.fails(`${quote(JSON.stringify(a.text(0)))} is no version`);
  const range = parseRange(a.text(1)) ?? a.fails(`Could not get version from string: ${quote(JSON.stringify(a.text(1)))}`);
  return range(version);
}

function parseYaml(a: Arguments): unknown {
  try {
    return parseDocuments(a.text(0))[0] ?? null;
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return a.fails(error.message);
  }
}

function lookup(a: Arguments): unknown {
  const [where] = a.all;
  if (!Array.isArray(where)) {
    const object = a.object(0);
    return Object.hasOwn(object, a.text(1)) ? (object[a.text(1)] ?? null) : null;
  }
  const index = a.number(1);
  if (!Number.isInteger(index)) return a.fails(`argument #2: expected an integer number but got: ${index}`);
  return index < 0 ? null : (where[index] ?? null);
}

function items(a: Arguments): unknown {
  const [keyName, valueName] = [a.text(1), a.text(2)];
  const [where] = a.all;
  if (Array.isArray(where)) return where.map((value, i) => ({ [keyName]: i, [valueName]: value }));
  const object = a.object(0);
  return Object.keys(object)
    .sort()
    .map((name) => ({ [keyName]: name, [valueName]: object[name] }));
}

function timeSince(a: Arguments): string {
  const layout = a.text(0) === '' ? RFC3339 : a.text(0);
  const end = a.text(2) === '' ? momentOfDate(a.now) : a.time(2, layout);
  return durationText(end.at - a.time(1, layout).at);
}

function timeParse(a: Arguments): string {
  if (!/^[-+]?\d+$/.test(a.text(0))) return momentText(a.time(1, a.text(0)));
  // A layout that is a number stands for seconds since 1970.
  if (!/^[-+]?\d{1,12}$/.test(a.text(1))) return a.fails(`${quote(JSON.stringify(a.text(1)))} is no number of seconds`);
  return momentText({ at: BigInt(a.text(1)) * SECOND, offset: 0 });
}

function cron(date: Date): string {
  return [date.getUTCMinutes(), date.getUTCHours(), date.getUTCDate(), date.getUTCMonth() + 1, date.getUTCDay()].join(' ');
}

function timeTruncate(a: Arguments): string {
  const [time, by] = [a.time(0), a.duration(1)];
  // Go counts from the year 1.
  const since = time.at + YEAR_ONE;
  return momentText({ ...time, at: by <= 0n ? time.at : floorDiv(since, by) * by - YEAR_ONE });
}

const YEAR_ONE = 62_135_596_800n * SECOND;
