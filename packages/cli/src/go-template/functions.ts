/** The functions that every template has, and how others are given. */
import { FunctionError } from './error.ts';
import { plain } from './print.ts';
import { sprintf } from './printf.ts';
import { isList, isMap, isTrue, NilPointer, typeOf, type Value } from './value.ts';

export interface TemplateFunction {
  /** What the first arguments must be. `text` and `integer` refuse other types before the call. */
  readonly params: readonly ('any' | 'text' | 'integer')[];
  /** Whether more may follow. */
  readonly rest?: 'any';
  /** Errors: `FunctionError`. */
  readonly call: (args: readonly Value[]) => Value;
}

/** `and` and `or` evaluate no more than they need: the evaluator knows them itself. */
export const BUILTINS: Readonly<Record<string, TemplateFunction>> = {
  and: { params: ['any'], rest: 'any', call: (args) => args.at(-1) },
  or: { params: ['any'], rest: 'any', call: (args) => args.at(-1) },
  not: { params: ['any'], call: ([value]) => !isTrue(value) },
  len: { params: ['any'], call: ([value]) => BigInt(lengthOf(value)) },
  index: { params: ['any'], rest: 'any', call: ([item, ...keys]) => indexed(item, keys) },
  slice: { params: ['any'], rest: 'any', call: ([item, ...bounds]) => sliced(item, bounds) },
  print: { params: [], rest: 'any', call: (args) => joined(args) },
  println: { params: [], rest: 'any', call: (args) => `${args.map(plain).join(' ')}\n` },
  printf: { params: ['text'], rest: 'any', call: ([format, ...args]) => sprintf(String(format), args) },
  eq: { params: ['any'], rest: 'any', call: ([value, ...others]) => equalsAny(value, others) },
  ne: { params: ['any', 'any'], call: ([a, b]) => !equalsAny(a, [b]) },
  lt: { params: ['any', 'any'], call: ([a, b]) => isLess(a, b) },
  le: { params: ['any', 'any'], call: ([a, b]) => isLess(a, b) || equalsAny(a, [b]) },
  gt: { params: ['any', 'any'], call: ([a, b]) => !isLess(a, b) && !equalsAny(a, [b]) },
  ge: { params: ['any', 'any'], call: ([a, b]) => !isLess(a, b) },
};

/** Between two that are no text stands a space. */
function joined(args: readonly Value[]): string {
  return args.map((value, i) => (i > 0 && typeof value !== 'string' && typeof args[i - 1] !== 'string' ? ` ${plain(value)}` : plain(value))).join('');
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (isList(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  throw new FunctionError(value === undefined || value === null || value instanceof NilPointer ? 'len of nil pointer' : `len of type ${typeOf(value)}`);
}

function indexed(item: Value, keys: readonly Value[]): Value {
  if (item === undefined || item === null) throw new FunctionError('index of untyped nil');
  return keys.reduce(entryOf, item);
}

function entryOf(item: Value, key: Value): Value {
  if (item === undefined || item === null || item instanceof NilPointer) throw new FunctionError('index of nil pointer');
  if (typeof item === 'string') return BigInt(Buffer.from(item)[positionOf(key, Buffer.byteLength(item) - 1)] ?? 0);
  if (isList(item)) return item[positionOf(key, item.length - 1)];
  if (!isMap(item)) throw new FunctionError(`can't index item of type ${typeOf(item)}`);
  if (typeof key === 'string') return Object.hasOwn(item, key) ? item[key] : undefined;
  throw new FunctionError(key === undefined || key === null ? 'value is nil; should be of type string' : `value has type ${typeOf(key)}; should be string`);
}

function sliced(item: Value, bounds: readonly Value[]): Value {
  if (item === undefined || item === null) throw new FunctionError('slice of untyped nil');
  if (bounds.length > 3) throw new FunctionError(`too many slice indexes: ${bounds.length}`);
  if (typeof item === 'string') {
    if (bounds.length === 3) throw new FunctionError('cannot 3-index slice a string');
    const bytes = Buffer.from(item);
    return bytes.subarray(...rangeOf(bounds, bytes.length)).toString();
  }
  if (!isList(item)) throw new FunctionError(`can't slice item of type ${typeOf(item)}`);
  return item.slice(...rangeOf(bounds, item.length));
}

function rangeOf(bounds: readonly Value[], length: number): [number, number] {
  const [start = 0, end = length, capacity = end] = bounds.map((bound) => positionOf(bound, length));
  if (start > end) throw new FunctionError(`invalid slice index: ${start} > ${end}`);
  if (end > capacity) throw new FunctionError(`invalid slice index: ${end} > ${capacity}`);
  return [start, end];
}

function positionOf(key: Value, last: number): number {
  if (key === undefined || key === null) throw new FunctionError('cannot index slice/array with nil');
  if (typeof key !== 'bigint') throw new FunctionError(`cannot index slice/array with type ${typeOf(key)}`);
  if (key < 0n || key > BigInt(last)) throw new FunctionError(`index out of range: ${key}`);
  return Number(key);
}

function equalsAny(value: Value, others: readonly Value[]): boolean {
  if (others.length === 0) throw new FunctionError('missing argument for comparison');
  return others.some((other) => equals(value, other));
}

function equals(a: Value, b: Value): boolean {
  const [first, second] = [kindOf(a), kindOf(b)];
  if (first === 'nil' || second === 'nil') return first === second;
  if (first !== second) throw new FunctionError(`incompatible types for comparison: ${typeOf(a)} and ${typeOf(b)}`);
  if (first === 'other') throw new FunctionError(`non-comparable type ${plain(b)}: ${typeOf(b)}`);
  return a === b;
}

function isLess(a: Value, b: Value): boolean {
  const [first, second] = [kindOf(a), kindOf(b)];
  if (first === 'nil' || first === 'other' || second === 'nil' || second === 'other') throw new FunctionError('invalid type for comparison');
  if (first !== second) throw new FunctionError(`incompatible types for comparison: ${typeOf(a)} and ${typeOf(b)}`);
  if (first === 'boolean') throw new FunctionError('invalid type for comparison');
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string)) < 0;
  return (a as number) < (b as number);
}

/** What may be compared with each other. */
function kindOf(value: Value): string {
  if (value === undefined || value === null || value instanceof NilPointer) return 'nil';
  return typeof value === 'object' ? 'other' : typeof value;
}
