/**
 * JSON as a Go program writes it that has read it into structs: the known members alone, in the order of the struct, empty ones left out where the
 * struct says so, maps sorted by the bytes of their keys.
 *
 * Tools that change images do exactly this to manifests and configurations. So an image that we change has the digest that theirs has, and a member
 * that nobody knows does not travel on into something that was made anew.
 */
import { encodeGoJson, isJsonObject, type Json, TrustError } from '@assay/core';
import { isDigest } from '../digest.ts';

export interface Shape<T> {
  /** Absent and null are the zero value of Go. Errors: `OCI_CONFIG` for another type. */
  read(json: Json | undefined, where: string): T;
  write(value: T): string;
  /** What `omitempty` leaves out; structs never are. */
  isEmpty(value: T): boolean;
}

export type ShapeType<S> = S extends Shape<infer T> ? T : never;

interface Field<T> extends Shape<T> {
  readonly omitEmpty: true;
}

/** The member is left out when it is empty. */
export function optional<T>(shape: Shape<T>): Field<T> {
  return { ...shape, omitEmpty: true };
}

/** Members in the order that Go writes them. */
export function struct<T extends object>(members: { readonly [Name in keyof T]: Shape<T[Name]> | Field<T[Name]> }): Shape<T> {
  const fields = Object.entries(members) as [keyof T & string, Shape<unknown> | Field<unknown>][];
  return {
    read(json, where) {
      const object = json ?? {};
      if (!isJsonObject(object)) return refuse(where, 'an object');
      return Object.fromEntries(fields.map(([name, shape]) => [name, shape.read(object[name], `${where}.${name}`)])) as T;
    },
    write(value) {
      const written = fields.filter(([name, shape]) => !('omitEmpty' in shape && shape.isEmpty(value[name])));
      return `{${written.map(([name, shape]) => `${encodeGoJson(name)}:${shape.write(value[name])}`).join(',')}}`;
    },
    isEmpty: () => false,
  };
}

/** Null when absent, as Go tells an absent list from an empty one. */
export function list<T>(item: Shape<T>): Shape<readonly T[] | null> {
  return {
    read(json, where) {
      if ((json ?? null) === null) return null;
      if (!Array.isArray(json)) return refuse(where, 'an array');
      return json.map((one, i) => item.read(one, `${where}[${i}]`));
    },
    write: (value) => (value === null ? 'null' : `[${value.map((one) => item.write(one)).join(',')}]`),
    isEmpty: (value) => value === null || value.length === 0,
  };
}

/** A `Map`: objects would put keys like "80" in another order, and know names of their own. */
export function map<T>(item: Shape<T>): Shape<ReadonlyMap<string, T> | null> {
  return {
    read(json, where) {
      if ((json ?? null) === null) return null;
      if (!isJsonObject(json)) return refuse(where, 'an object');
      return new Map(Object.entries(json).map(([key, one]) => [key, item.read(one, `${where}.${key}`)]));
    },
    write(value) {
      if (value === null) return 'null';
      const sorted = [...value].toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      return `{${sorted.map(([key, one]) => `${encodeGoJson(key)}:${item.write(one)}`).join(',')}}`;
    },
    isEmpty: (value) => value === null || value.size === 0,
  };
}

/** A pointer to a struct. */
export function pointer<T>(shape: Shape<T>): Shape<T | null> {
  return {
    read: (json, where) => ((json ?? null) === null ? null : shape.read(json, where)),
    write: (value) => (value === null ? 'null' : shape.write(value)),
    isEmpty: (value) => value === null,
  };
}

function scalar<T extends string | number | boolean>(zero: T, expected: string, check: (value: T) => boolean = () => true): Shape<T> {
  return {
    read(json, where) {
      const value = json ?? zero;
      return typeof value === typeof zero && check(value as T) ? (value as T) : refuse(where, expected);
    },
    write: encodeGoJson,
    isEmpty: (value) => value === zero,
  };
}

export const text: Shape<string> = scalar<string>('', 'a string');
export const flag: Shape<boolean> = scalar<boolean>(false, 'true or false');
/** Those that a double holds exactly; sizes and durations in nanoseconds are. */
export const integer: Shape<number> = scalar<number>(0, 'an integer', Number.isSafeInteger);
export const digest: Shape<string> = scalar<string>('', 'a digest', isDigest);
/** Bytes in base64, kept as they are written. */
export const base64: Shape<string> = text;

/** `time.Time`: written as RFC 3339 with the fraction as short as it can be, and never left out. */
export const time: Shape<string> = {
  read(json, where) {
    const value = json ?? ZERO_TIME;
    const [, seconds, fraction = '', offset] = (typeof value === 'string' && TIME.exec(value)) || refuse(where, 'an RFC 3339 time');
    const digits = fraction.slice(0, NANOSECOND_DIGITS).replace(/0+$/, '');
    return `${seconds}${digits && `.${digits}`}${offset === '+00:00' || offset === '-00:00' ? 'Z' : offset}`;
  },
  write: encodeGoJson,
  isEmpty: () => false,
};

export const ZERO_TIME = '0001-01-01T00:00:00Z';
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/;
const NANOSECOND_DIGITS = 9;

function refuse(where: string, expected: string): never {
  throw new TrustError('OCI_CONFIG', `${where}: expected ${expected}`);
}
