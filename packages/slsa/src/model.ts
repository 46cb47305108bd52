/**
 * JSON taken by a model, as Go takes it into a struct: names compare without case, null is as good as absent, and a value of another type is an error.
 * Members that the model does not know are ignored, or an error where the caller says so. What is read can be compared over the modelled members alone,
 * and be written again as Go would.
 *
 * A list that is absent is null and differs from an empty one, since Go's comparison (reflect.DeepEqual) tells a nil slice from an empty one; the same
 * goes for maps. Two members whose names fold to one modelled name are an error: Go lets the last win, so that two readers could see two documents.
 */
import {
  canonicalJson,
  decodeBase64,
  described,
  encodeBase64,
  escapeGoJson,
  isJsonObject,
  type Json,
  JsonError,
  type JsonObject,
  parseJson,
  parseRfc3339,
  quote,
} from '@assay/core';

/**
 * `text`, `flag`: '' and false when absent. Null when absent: `texts`, `counts` (by name), `time` (RFC 3339), `bytes` (base64), `object` and `free`
 * (anything, its integers rounded to doubles), lists `[model]` and `['optional', model]`. An object: its members, when absent as if each were.
 * A name that ends in `?` is left out of what is written when its value is empty.
 */
export type Model =
  | 'text'
  | 'flag'
  | 'texts'
  | 'counts'
  | 'time'
  | 'bytes'
  | 'object'
  | 'free'
  | readonly [Model]
  | readonly ['optional', Model]
  | { readonly [name: string]: Model };

export type Modelled<M> = M extends 'text'
  ? string
  : M extends 'flag'
    ? boolean
    : M extends 'texts'
      ? Readonly<Record<string, string>> | null
      : M extends 'counts'
        ? Readonly<Record<string, number>> | null
        : M extends 'time' | 'bytes'
          ? string | null
          : M extends 'object'
            ? JsonObject | null
            : M extends 'free'
              ? Json
              : M extends readonly ['optional', infer Inner]
                ? Modelled<Inner> | null
                : M extends readonly [infer Item]
                  ? readonly Modelled<Item>[] | null
                  : { readonly [Name in keyof M as Name extends `${infer Bare}?` ? Bare : Name]: Modelled<M[Name]> };

/** Where a document is not of its model, and how. */
export class ModelError extends Error {}

/** What is made of members that the model does not know. */
export type UnknownMembers = 'ignored' | 'refused';

/** The bytes of one JSON document. Errors: `ModelError`. */
export function parseModel<const M extends Model>(document: Uint8Array, model: M): Modelled<M> {
  try {
    return readModel(parseJson(document), model);
  } catch (error) {
    if (error instanceof JsonError) throw new ModelError(`not valid JSON: ${error.message}`);
    throw error;
  }
}

/** Errors: `ModelError`. */
export function readModel<const M extends Model>(value: Json | undefined, model: M, unknown: UnknownMembers = 'ignored'): Modelled<M> {
  return read(value ?? null, model, '', unknown) as Modelled<M>;
}

function read(value: Json, model: Model, path: string, unknown: UnknownMembers): Json {
  if (typeof model === 'string') return value === null ? ZERO[model] : readScalar(value, model, path);
  if (isOptional(model)) return value === null ? null : read(value, model[1], path, unknown);
  if (isList(model)) return value === null ? null : readList(value, model[0], path, unknown);
  return readMembers(value, model, path, unknown);
}

const ZERO = { text: '', flag: false, texts: null, counts: null, time: null, bytes: null, object: null, free: null } as const;

function readScalar(value: Json, model: keyof typeof ZERO, path: string): Json {
  switch (model) {
    case 'text':
      return typeof value === 'string' ? value : refuse(path, 'a text', value);
    case 'flag':
      return typeof value === 'boolean' ? value : refuse(path, 'true or false', value);
    case 'texts':
      return readMap(value, path, (text, at) => (typeof text === 'string' ? text : text === null ? '' : refuse(at, 'a text', text)));
    case 'counts':
      return readMap(value, path, (count, at) => (Number.isSafeInteger(count) ? count : count === null ? 0 : refuse(at, 'a whole number', count)));
    case 'time':
      return typeof value === 'string' ? (shortTime(value) ?? refuse(path, 'a time (RFC 3339)', value)) : refuse(path, 'a time (RFC 3339)', value);
    case 'bytes':
      return typeof value === 'string' ? (sameBase64(value) ?? refuse(path, 'base64', value)) : refuse(path, 'base64', value);
    case 'object':
      return isJsonObject(value) ? rounded(value, path) : refuse(path, 'an object', value);
    case 'free':
      return rounded(value, path);
  }
}

function isOptional(model: Exclude<Model, string>): model is readonly ['optional', Model] {
  return Array.isArray(model) && model.length === 2;
}

function isList(model: Exclude<Model, string>): model is readonly [Model] {
  return Array.isArray(model) && model.length === 1;
}

function readList(value: Json, item: Model, path: string, unknown: UnknownMembers): Json[] {
  return Array.isArray(value) ? value.map((one, i) => read(one, item, `${path}[${i}]`, unknown)) : refuse(path, 'a list', value);
}

function readMap(value: Json, path: string, readItem: (item: Json, path: string) => Json): JsonObject {
  if (!isJsonObject(value)) return refuse(path, 'an object', value);
  const map: JsonObject = Object.create(null);
  for (const [name, item] of Object.entries(value)) map[name] = readItem(item, `${path}.${quote(name, 40)}`);
  return map;
}

function readMembers(value: Json, model: { readonly [name: string]: Model }, path: string, unknown: UnknownMembers): JsonObject {
  if (value !== null && !isJsonObject(value)) return refuse(path, 'an object', value);
  const stated = byFoldedName(value ?? {}, model, path, unknown);
  const members: JsonObject = Object.create(null);
  for (const [key, its] of Object.entries(model)) {
    const name = bare(key);
    members[name] = read(stated.get(fold(name)) ?? null, its, path === '' ? name : `${path}.${name}`, unknown);
  }
  return members;
}

function byFoldedName(value: JsonObject, model: { readonly [name: string]: Model }, path: string, unknown: UnknownMembers): Map<string, Json> {
  const known = new Set(Object.keys(model).map((key) => fold(bare(key))));
  const stated = new Map<string, Json>();
  for (const [name, member] of Object.entries(value)) {
    const folded = fold(name);
    if (!known.has(folded) && unknown === 'refused') throw new ModelError(`json: unknown field ${JSON.stringify(quote(name, 100))}`);
    if (!known.has(folded)) continue;
    if (stated.has(folded)) throw new ModelError(`${path === '' ? '' : `${path}: `}two members are named ${quote(name, 40)} but for letter case`);
    stated.set(folded, member);
  }
  return stated;
}

/** Go's: of all letters beyond ASCII, the long s and the Kelvin sign alone fold to one of ASCII. */
function fold(name: string): string {
  return name.replaceAll('\u017f', 's').toLowerCase();
}

function bare(key: string): string {
  return key.endsWith('?') ? key.slice(0, -1) : key;
}

/** The fraction without trailing zeros: one instant in one zone has one text. */
function shortTime(text: string): string | undefined {
  if (parseRfc3339(text) === undefined) return undefined;
  return text.replace(/\.(\d*?)0*(?=Z|[+-])/, (_, digits: string) => (digits === '' ? '' : `.${digits}`));
}

/** Without the line ends that are tolerated inside. */
function sameBase64(text: string): string | undefined {
  const bytes = decodeBase64(text);
  return bytes && encodeBase64(bytes);
}

/** Go keeps numbers of unknown meaning as doubles. */
function rounded(value: Json, path: string): Json {
  if (typeof value === 'bigint') return Number.isFinite(Number(value)) ? Number(value) : refuse(path, 'numbers in the range of doubles', value);
  if (Array.isArray(value)) return value.map((item) => rounded(item, path));
  if (!isJsonObject(value)) return value;
  const object: JsonObject = Object.create(null);
  for (const [name, member] of Object.entries(value)) object[name] = rounded(member, path);
  return object;
}

function refuse(path: string, expected: string, found: Json): never {
  throw new ModelError(`${path === '' ? 'the document' : path}: expected ${expected}, found ${described(found)}`);
}

/** The path of the first member, in the order of the model, in which two values differ. Undefined when they are equal. */
export function firstDifference(a: unknown, b: unknown, path = ''): string | undefined {
  if (a === b) return undefined;
  if (!isContainer(a) || !isContainer(b) || Array.isArray(a) !== Array.isArray(b)) return path;
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const at = Array.isArray(a) ? `${path}[${name}]` : `${path === '' ? '' : `${path}.`}${quote(name, 40)}`;
    const [left, right] = [a[name], b[name]];
    if (left === undefined || right === undefined) return at;
    const difference = firstDifference(left, right, at);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** Lists have their indexes for names. */
function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** As Go's `encoding/json` writes the struct: one line, members in the order of the model, those of free objects sorted, `<`, `>` and `&` escaped. */
export function writeModel(value: object, model: Model): string {
  return escapeGoJson(write(value as Json, model));
}

function write(value: Json, model: Model): string {
  if (value === null || typeof model === 'string') return canonicalJson(value);
  if (isOptional(model)) return write(value, model[1]);
  if (isList(model)) return `[${(value as Json[]).map((item) => write(item, model[0])).join(',')}]`;
  const members = Object.entries(model).flatMap(([key, its]) => {
    const member = (value as JsonObject)[bare(key)] ?? null;
    return key.endsWith('?') && isEmpty(member, its) ? [] : [`${JSON.stringify(bare(key))}:${write(member, its)}`];
  });
  return `{${members.join(',')}}`;
}

/** What `omitempty` leaves out: anything of a free form counts as something. */
function isEmpty(value: Json, model: Model): boolean {
  if (value === null || model === 'free') return value === null;
  if (value === '' || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return (model === 'texts' || model === 'counts' || model === 'object') && Object.keys(value).length === 0;
}
