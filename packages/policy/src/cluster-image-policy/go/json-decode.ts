/**
 * JSON into typed values as Go's `encoding/json` does it, since its texts are what users see:
 *
 * - null and absent are the zero value; a member of another type is refused, with Go's name of the type;
 * - names match exactly, or else in any case;
 * - unknown members are refused where the caller is strict: `json: unknown field "x"`.
 *
 * Stricter than Go: one field under two spellings is refused, where Go lets the last one win.
 */
import { decodeBase64, isJsonObject, type Json, type JsonObject, TrustError } from '@assay/core';
import { goQuote } from './quote.ts';
import { parseGoUrl } from './url.ts';

/** Reads one type of Go. */
export interface Decoder<T> {
  /** As Go prints it; `~` stands for the package of the version that is read. */
  readonly goType: string;
  /** null also for what is absent. */
  decode(value: Json, at: Place): T;
}

export interface DecodeOptions {
  /** For messages: the package of the types, e.g. `v1beta1`. */
  readonly goPackage: string;
  readonly unknownFields: 'refuse' | 'ignore';
}

interface Place extends DecodeOptions {
  readonly struct: string;
  readonly path: readonly string[];
}

/** Errors: `POLICY_PARSE`, with Go's text as the message. */
export function decodeGo<T>(decoder: Decoder<T>, value: Json, options: DecodeOptions): T {
  return decoder.decode(value, { ...options, struct: '', path: [] });
}

/** '' when absent. */
export const text: Decoder<string> = {
  goType: 'string',
  decode(value, at) {
    if (value === null) return '';
    return typeof value === 'string' ? value : mismatch(value, this.goType, at);
  },
};

/** Undefined when absent or empty: what Go calls `omitempty`. */
export const optionalText: Decoder<string | undefined> = { goType: 'string', decode: (value, at) => text.decode(value, at) || undefined };

/** A pointer to text: '' is not the same as absent. */
export const textPointer: Decoder<string | undefined> = { goType: 'string', decode: (value, at) => (value === null ? undefined : text.decode(value, at)) };

export const flag: Decoder<boolean | undefined> = {
  goType: 'bool',
  decode(value, at) {
    if (value === null) return undefined;
    return typeof value === 'boolean' ? value : mismatch(value, this.goType, at);
  },
};

export const integer: Decoder<number | undefined> = {
  goType: 'int64',
  decode(value, at) {
    if (value === null) return undefined;
    if (typeof value === 'number' && Number.isInteger(value)) return value;
    return mismatch(value, this.goType, at, typeof value === 'number' || typeof value === 'bigint' ? `number ${value}` : undefined);
  },
};

/** Whatever there is. */
export const anything: Decoder<Json> = { goType: 'interface {}', decode: (value) => value };

/** Standard base64; undefined when absent. */
export const bytes: Decoder<Uint8Array | undefined> = {
  goType: '[]uint8',
  decode(value, at) {
    if (value === null) return undefined;
    if (typeof value !== 'string') return mismatch(value, this.goType, at);
    // As Go, which passes over line breaks: documents wrap long values.
    const decoded = decodeBase64(value.replace(/[\r\n]/g, ''));
    return decoded ?? refuse(`illegal base64 data at input byte ${illegalAt(value)}`);
  },
};

/** A URL by Go's rules, as it was written. '' is a URL too, the empty one. */
export const url: Decoder<string | undefined> = {
  goType: 'apis.URL',
  decode(value, at) {
    if (value === null) return undefined;
    const written = text.decode(value, at);
    const parsed = parseGoUrl(written);
    return typeof parsed === 'string' ? refuse(parsed) : written;
  },
};

/** The members of a map keep the order of the document; any name is one like any other. */
export function mapOf<T>(item: Decoder<T>): Decoder<ReadonlyMap<string, T>> {
  const goType = `map[string]${item.goType}`;
  return {
    goType,
    decode(value, at) {
      if (value === null) return new Map();
      if (!isJsonObject(value)) return mismatch(value, goType, at);
      return new Map(Object.entries(value).map(([name, member]) => [name, item.decode(member, at)]));
    },
  };
}

export function list<T>(item: Decoder<T>): Decoder<readonly T[]> {
  const goType = `[]${item.goType}`;
  return {
    goType,
    decode(value, at) {
      if (value === null) return [];
      return Array.isArray(value) ? value.map((member) => item.decode(member, at)) : mismatch(value, goType, at);
    },
  };
}

/** A pointer: undefined when absent. */
export function pointer<T>(target: Decoder<T>): Decoder<T | undefined> {
  return { goType: target.goType, decode: (value, at) => (value === null ? undefined : target.decode(value, at)) };
}

/** Passes over unknown members. */
export function leniently<T>(decoder: Decoder<T>): Decoder<T> {
  return { goType: decoder.goType, decode: (value, at) => decoder.decode(value, { ...at, unknownFields: 'ignore' }) };
}

/** One decoder for each member of `T`, under the name it has in JSON. */
export type FieldDecoders<T> = { readonly [Name in keyof T]-?: Decoder<T[Name]> };

/** @param goName with its package: `~.KeyRef`, `v1.SecretReference` */
export function struct<T extends object>(goName: string, fields: FieldDecoders<T>): Decoder<T> {
  const decoders = new Map<string, Decoder<unknown>>(Object.entries(fields));
  const folded = new Map([...decoders.keys()].map((name) => [name.toLowerCase(), name]));
  const nameOf = (written: string) => (decoders.has(written) ? written : folded.get(written.toLowerCase()));
  const decodeMembers = (members: JsonObject, at: Place): Map<string, unknown> => {
    const read = new Map<string, unknown>();
    for (const [written, member] of Object.entries(members)) {
      const name = nameOf(written);
      if (name === undefined && at.unknownFields === 'ignore') continue;
      if (name === undefined) return refuse(`json: unknown field ${goQuote(written)}`);
      if (read.has(name)) refuse(`json: field ${goQuote(name)} is given twice`);
      read.set(name, decoders.get(name)?.decode(member, { ...at, struct: goName.slice(goName.indexOf('.') + 1), path: [...at.path, name] }));
    }
    return read;
  };
  return {
    goType: goName,
    decode(value, at) {
      if (value !== null && !isJsonObject(value)) return mismatch(value, goName, at);
      const read = decodeMembers(value ?? {}, at);
      const members = [...decoders].map(([name, decoder]) => [name, read.has(name) ? read.get(name) : decoder.decode(null, at)] as const);
      return Object.fromEntries(members.filter(([, member]) => member !== undefined)) as T;
    },
  };
}

function mismatch(value: Json, goType: string, { struct: owner, path, goPackage }: Place, found = kindOf(value)): never {
  const type = goType.replaceAll('~', goPackage);
  refuse(`json: cannot unmarshal ${found} into Go ${path.length === 0 ? 'value' : `struct field ${owner}.${path.join('.')}`} of type ${type}`);
}

function kindOf(value: Json): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'bigint' ? 'number' : typeof value;
}

/** The first character that base64 does not have; else the group of four that is not whole. */
function illegalAt(written: string): number {
  const odd = written.search(/[^A-Za-z0-9+/\r\n]/);
  return odd < 0 ? written.length - (written.length % 4) : odd;
}

function refuse(problem: string): never {
  throw new TrustError('POLICY_PARSE', problem);
}
