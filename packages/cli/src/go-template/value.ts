/**
 * Values of templates. JSON is data as it is: objects are maps, numbers are float64. Integers of Go are `bigint`, structs and nil pointers have classes
 * of their own, since templates tell them from maps and from nothing.
 */

/** `undefined` is Go's invalid value, what a map gives for a key it has not; `null` is nil. */
export type Value = undefined | null | boolean | bigint | number | string | readonly Value[] | GoStruct | NilPointer | ValueMap;

/** A map with string keys. Only own members count. */
export interface ValueMap {
  readonly [key: string]: Value;
}

export interface StructField {
  readonly name: string;
  /** In JSON. Empty for a struct that is embedded: its members are those of the outer one. */
  readonly json: string;
  /** Whether JSON leaves it out when it is empty. */
  readonly omitEmpty: boolean;
  readonly value: Value;
  /** Whether the struct says nothing of its type. */
  readonly keptAsInterface?: boolean;
}

export class GoStruct {
  /** As Go names it, e.g. `v1.Descriptor`. */
  readonly type: string;
  readonly fields: readonly StructField[];
  /** Called without arguments where their names are used as fields. */
  readonly methods: Readonly<Record<string, () => Value>>;

  constructor(type: string, fields: readonly StructField[], methods: Readonly<Record<string, () => Value>> = {}) {
    this.type = type;
    this.fields = fields;
    this.methods = methods;
  }

  /** Of an embedded struct too, as Go promotes them. */
  field(name: string): StructField | undefined {
    const own = this.fields.find((field) => field.name === name);
    if (own !== undefined) return own;
    for (const { json, value } of this.fields) {
      const promoted = json === '' && value instanceof GoStruct ? value.field(name) : undefined;
      if (promoted !== undefined) return promoted;
    }
    return undefined;
  }
}

/** A pointer to a struct that is not there. */
export class NilPointer {
  /** Of the struct. */
  readonly type: string;
  readonly fieldNames: readonly string[];

  constructor(type: string, fieldNames: readonly string[]) {
    this.type = type;
    this.fieldNames = fieldNames;
  }
}

export function isMap(value: Value): value is ValueMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof GoStruct) && !(value instanceof NilPointer);
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** Entries of a map in the order in which Go ranges over it: by the bytes of their keys. */
export function sortedEntries(map: ValueMap): [string, Value][] {
  return Object.entries(map).toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** What `if` makes of it: false, 0, nil and empty are false; structs are true. */
export function isTrue(value: Value): boolean {
  if (value === null || value instanceof NilPointer) return false;
  if (isList(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  return value instanceof GoStruct || Boolean(value);
}

/** The name of its type, as Go's messages have it. */
export function typeOf(value: Value): string {
  if (value === undefined || value === null) return 'interface {}';
  if (value instanceof GoStruct) return value.type;
  if (value instanceof NilPointer) return `*${value.type}`;
  if (isList(value)) return '[]interface {}';
  return TYPES[typeof value] ?? 'map[string]interface {}';
}

const TYPES: Readonly<Record<string, string>> = { string: 'string', number: 'float64', bigint: 'int', boolean: 'bool' };
