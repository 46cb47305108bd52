/**
 * The operators of conditions, with the readings that Kyverno gives to texts: a duration, else a quantity, else a pattern with `*` and `?`.
 *
 * Values of types that do not fit make a comparison false, and a `Not…` of equality true, as upstream has it.
 */
import { matchesWildcard } from '../judge/text-pattern.ts';
import { parseDuration } from './jmespath/go-duration.ts';
import { cannot, deepEqual, isRecord } from './jmespath/interpreter.ts';
import { parseQuantity } from './jmespath/quantity.ts';
import { compareVersions, parseVersion } from './jmespath/semver.ts';

/** Errors: `POLICY_EXPRESSION` for an operator that nobody knows. */
export function compare(operator: string, key: unknown, value: unknown): boolean {
  const test = OPERATORS[operator.toLowerCase()];
  if (test === undefined) throw cannot('failed to create handler for condition operator');
  return test(plain(key), plain(value));
}

/** Integers that fit no double are as good as those next to them. */
function plain(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

type Test = (key: unknown, value: unknown) => boolean;

const OPERATORS: Readonly<Record<string, Test>> = {
  equal: equals,
  equals,
  notequal: notEquals,
  notequals: notEquals,
  in: (key, value) => isIn(key, value, 'in'),
  notin: (key, value) => isIn(key, value, 'notIn'),
  anyin: (key, value) => among(key, value, 'anyIn'),
  allin: (key, value) => among(key, value, 'allIn'),
  anynotin: (key, value) => among(key, value, 'anyNotIn'),
  allnotin: (key, value) => among(key, value, 'allNotIn'),
  greaterthan: (key, value) => ordered(key, value, (difference) => difference > 0),
  greaterthanorequals: (key, value) => ordered(key, value, (difference) => difference >= 0),
  lessthan: (key, value) => ordered(key, value, (difference) => difference < 0),
  lessthanorequals: (key, value) => ordered(key, value, (difference) => difference <= 0),
  durationgreaterthan: (key, value) => durations(key, value, (difference) => difference > 0),
  durationgreaterthanorequals: (key, value) => durations(key, value, (difference) => difference >= 0),
  durationlessthan: (key, value) => durations(key, value, (difference) => difference < 0),
  durationlessthanorequals: (key, value) => durations(key, value, (difference) => difference <= 0),
};

function equals(key: unknown, value: unknown): boolean {
  switch (typeof key) {
    case 'boolean':
      return key === value;
    case 'number':
      return typeof value === 'string' ? NUMBER.test(value) && Number(value) === key : key === value;
    case 'string':
      return textEquals(key, value);
    default:
      if (Array.isArray(key)) return Array.isArray(value) && deepEqual(key, value);
      return isRecord(key) && isRecord(value) && deepEqual(key, value);
  }
}

/** Of null nothing is known, not even that it differs. */
function notEquals(key: unknown, value: unknown): boolean {
  if (key === null || key === undefined) return false;
  if (typeof key === 'string' && value === '' && parseQuantity(key) !== undefined) return key !== '';
  return !equals(key, value);
}

function textEquals(key: string, value: unknown): boolean {
  const pair = durationPair(key, value);
  if (pair !== undefined) return pair[0] === pair[1];
  if (typeof value !== 'string') return false;
  const quantity = parseQuantity(key);
  if (quantity !== undefined) return parseQuantity(value) === quantity;
  return matchesWildcard(value, key);
}

/** Both as durations, where one of them at least is written as one; the other may be a number of seconds. */
function durationPair(key: unknown, value: unknown): readonly [bigint, bigint] | undefined {
  const [x, y] = [writtenDuration(key), writtenDuration(value)];
  if (x === undefined && y === undefined) return undefined;
  const [a, b] = [x ?? secondsOf(key), y ?? secondsOf(value)];
  return a === undefined || b === undefined ? undefined : [a, b];
}

function writtenDuration(value: unknown): bigint | undefined {
  return typeof value === 'string' && value !== '0' ? parseDuration(value) : undefined;
}

function secondsOf(value: unknown): bigint | undefined {
  return typeof value === 'number' && Number.isSafeInteger(Math.trunc(value)) ? BigInt(Math.trunc(value)) * 1_000_000_000n : undefined;
}

function ordered(key: unknown, value: unknown, test: (difference: number) => boolean): boolean {
  if (typeof key !== 'number' && typeof key !== 'string') return false;
  const difference = differenceOf(key, value);
  return difference !== undefined && test(difference);
}

/** As durations, else as quantities, numbers or versions. Undefined: they cannot be compared. */
function differenceOf(key: string | number, value: unknown): number | undefined {
  const pair = durationPair(key, value) ?? (typeof key === 'string' && typeof value === 'string' ? quantityPair(key, value) : undefined);
  if (pair !== undefined) return signOf(pair[0], pair[1]);
  const number = numberOf(key);
  if (number !== undefined) {
    const other = numberOf(value);
    return other === undefined ? undefined : signOf(number, other);
  }
  const [a, b] = [parseVersion(String(key)), typeof value === 'string' ? parseVersion(value) : undefined];
  return a === undefined || b === undefined ? undefined : compareVersions(a, b);
}

function signOf<T extends number | bigint>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && NUMBER.test(value) ? Number(value) : undefined;
}

function durations(key: unknown, value: unknown, test: (difference: number) => boolean): boolean {
  const of = (one: unknown) => (typeof one === 'string' ? parseDuration(one) : secondsOf(one));
  const [x, y] = [of(key), of(value)];
  return x !== undefined && y !== undefined && test(signOf(x, y));
}

type Membership = 'anyIn' | 'allIn' | 'anyNotIn' | 'allNotIn';

function among(key: unknown, value: unknown, how: Membership): boolean {
  if (isScalar(key)) {
    const found = scalarAmong(scalarText(key), value);
    return found === undefined ? false : how.endsWith('NotIn') ? !found : found;
  }
  return Array.isArray(key) && listAmong(key.map(scalarText), value, how);
}

/** Undefined: a value of a type that nothing can be in. */
function scalarAmong(key: string, value: unknown): boolean | undefined {
  if (Array.isArray(value)) return value.some((one) => alike(key, scalarText(one)));
  if (typeof value !== 'string') return undefined;
  if (matchesWildcard(value, key)) return true;
  if (RANGE.test(value)) return inRange(key, value);
  return textList(value)?.includes(key);
}

function listAmong(keys: readonly string[], value: unknown, how: Membership): boolean {
  if (typeof value === 'string') {
    if (keys.length === 1 && keys[0] === value) return !how.endsWith('NotIn');
    if (RANGE.test(value)) return quantified(keys, (key) => inRange(key, value), how);
    const texts = textList(value);
    return texts !== undefined && quantified(keys, (key) => texts.some((text) => alike(key, text)), how);
  }
  // A single value is a list of one for two of the four operators alone.
  const list = Array.isArray(value) ? value : isScalar(value) && how.startsWith('any') ? [value] : undefined;
  if (list === undefined) return false;
  const texts = list.map(scalarText);
  return quantified(keys, (key) => texts.some((text) => alike(key, text)), how);
}

function quantified(keys: readonly string[], isThere: (key: string) => boolean, how: Membership): boolean {
  switch (how) {
    case 'anyIn':
      return keys.some(isThere);
    case 'allIn':
      return keys.every(isThere);
    case 'anyNotIn':
      return keys.some((key) => !isThere(key));
    case 'allNotIn':
      return !keys.some(isThere);
  }
}

/** Either may be a pattern. */
function alike(a: string, b: string): boolean {
  return matchesWildcard(a, b) || matchesWildcard(b, a);
}

/** A JSON list of texts, or one text. Undefined: other JSON. */
function textList(text: string): readonly string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [text];
  }
  if (value === null) return [];
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined;
}

/** The operators of old: patterns for a single key only. */
function isIn(key: unknown, value: unknown, how: 'in' | 'notIn'): boolean {
  if (isScalar(key)) {
    const found = Array.isArray(value) ? value.some((one) => alike(scalarText(key), scalarText(one))) : inOldText(scalarText(key), value);
    return found === undefined ? false : how === 'in' ? found : !found;
  }
  if (!Array.isArray(key) || !key.every((one) => typeof one === 'string')) return false;
  if (key.length === 1 && key[0] === value) return how === 'in';
  const list = Array.isArray(value) ? value : typeof value === 'string' ? strictTextList(value) : undefined;
  if (list?.every((one) => typeof one === 'string') !== true) return false;
  return how === 'in' ? key.every((one) => list.includes(one)) : key.some((one) => !list.includes(one));
}

function inOldText(key: string, value: unknown): boolean | undefined {
  if (typeof value !== 'string') return undefined;
  return matchesWildcard(value, key) || strictTextList(value)?.includes(key);
}

function strictTextList(text: string): readonly string[] | undefined {
  const list = textList(text);
  return list?.length === 1 && list[0] === text ? undefined : list;
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** As Go prints values. */
function scalarText(value: unknown): string {
  if (typeof value === 'number') return numberText(value);
  if (value === null || value === undefined) return '<nil>';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The shortest that is exact; with an exponent from a million on, and below a ten-thousandth. */
function numberText(value: number): string {
  const [digits = '0', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** `1-10`, `1Mi-1Gi`, `10m-1h`: from one quantity or duration to another, both included. */
function inRange(key: string, range: string): boolean {
  const [, low = '', high = ''] = RANGE.exec(range) ?? [];
  const pair = (a: string, b: string) => durationPair(a, b) ?? quantityPair(a, b);
  const [below, above] = [pair(low, key), pair(key, high)];
  return below !== undefined && above !== undefined && below[0] <= below[1] && above[0] <= above[1];
}

function quantityPair(a: string, b: string): readonly [bigint, bigint] | undefined {
  const [x, y] = [parseQuantity(a), parseQuantity(b)];
  return x === undefined || y === undefined ? undefined : [x, y];
}

const RANGE = /^([-|+]?\d+(?:\.\d+)?[A-Za-z]*)-([-|+]?\d+(?:\.\d+)?[A-Za-z]*)$/;
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
