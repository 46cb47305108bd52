/**
 * Reading protobuf JSON (verification.md section 1): every access names its path, so an error says
 * `tlogEntries[0].logIndex: expected a decimal integer, found "x"`, and never a raw exception.
 * `null` and absent mean the same; unknown members are ignored.
 */
import { decodeBase64 } from './base64.ts';
import { fromHex } from './bytes.ts';
import type { ErrorCode } from './catalogue.ts';
import { described, quote, TrustError } from './errors.ts';
import { isJsonObject, type Json, JsonError, type JsonObject, parseJson } from './json.ts';
import { parseRfc3339 } from './time.ts';

/** The codes of one document: when it is not JSON of the right types, and when a value is missing or out of range. */
export interface DocumentCodes {
  readonly what: string;
  readonly parse: ErrorCode;
  readonly shape: ErrorCode;
}

/** Parses `input` as one JSON object. */
export function parseFields(input: Uint8Array | string, codes: DocumentCodes): Fields {
  let value: Json;
  try {
    value = parseJson(input);
  } catch (error) {
    if (error instanceof JsonError) throw new TrustError(codes.parse, `${codes.what} is not valid JSON: ${error.message}`, { cause: error });
    throw error;
  }
  if (!isJsonObject(value)) throw new TrustError(codes.parse, `${codes.what}: expected a JSON object, found ${described(value)}`);
  return new Fields(value, '', codes);
}

export class Fields {
  readonly #object: JsonObject;
  readonly #path: string;
  readonly #codes: DocumentCodes;

  constructor(object: JsonObject, path: string, codes: DocumentCodes) {
    this.#object = object;
    this.#path = path;
    this.#codes = codes;
  }

  /** The object itself, for a document inside a document that another parser reads. */
  get json(): JsonObject {
    return this.#object;
  }

  has(name: string): boolean {
    return (this.#object[name] ?? null) !== null;
  }

  optionalObject(name: string): Fields | undefined {
    const value = this.#object[name] ?? null;
    if (value === null) return undefined;
    if (!isJsonObject(value)) return this.#wrongType(name, 'an object', value);
    return new Fields(value, this.#join(name), this.#codes);
  }

  object(name: string): Fields {
    return this.optionalObject(name) ?? this.missing(name);
  }

  /** The objects of an array; an absent array is empty. */
  objects(name: string, maxItems: number, limitCode: ErrorCode = this.#codes.shape): Fields[] {
    return this.#array(name, maxItems, limitCode).map((item, i) => {
      if (!isJsonObject(item)) return this.#wrongType(`${name}[${i}]`, 'an object', item);
      return new Fields(item, this.#join(`${name}[${i}]`), this.#codes);
    });
  }

  #array(name: string, maxItems: number, limitCode: ErrorCode): Json[] {
    const value = this.#object[name] ?? [];
    if (!Array.isArray(value)) return this.#wrongType(name, 'an array', value);
    if (value.length > maxItems) throw new TrustError(limitCode, `${this.#where(name)}: ${value.length} items, the cap is ${maxItems}`);
    return value;
  }

  optionalString(name: string): string | undefined {
    const value = this.#object[name] ?? null;
    if (value === null) return undefined;
    return typeof value === 'string' ? value : this.#wrongType(name, 'a string', value);
  }

  string(name: string): string {
    const value = this.optionalString(name);
    return value === undefined || value === '' ? this.missing(name) : value;
  }

  optionalBytes(name: string): Uint8Array | undefined {
    const text = this.optionalString(name);
    return text === undefined ? undefined : this.#decode(name, text);
  }

  bytes(name: string): Uint8Array {
    return this.#decode(name, this.string(name));
  }

  /** Bytes that must be there and not be empty. */
  nonEmptyBytes(name: string): Uint8Array {
    const bytes = this.bytes(name);
    return bytes.length > 0 ? bytes : this.missing(name);
  }

  hexBytes(name: string): Uint8Array {
    const text = this.string(name);
    return HEX.test(text) ? fromHex(text) : this.refuse(name, 'is not hex');
  }

  hexArray(name: string, maxItems: number): Uint8Array[] {
    return this.#array(name, maxItems, this.#codes.shape).map((item, i) => {
      if (typeof item !== 'string' || !HEX.test(item)) return this.#wrongType(`${name}[${i}]`, 'hex text', item);
      return fromHex(item);
    });
  }

  /** Every member that is an object, by name: for documents whose names are data. */
  members(): [string, Fields][] {
    return Object.entries(this.#object).map(([name, value]) => {
      if (!isJsonObject(value)) return this.#wrongType(name, 'an object', value);
      return [name, new Fields(value, this.#join(quote(name, 80)), this.#codes)];
    });
  }

  bytesArray(name: string, maxItems: number): Uint8Array[] {
    return this.#array(name, maxItems, this.#codes.shape).map((item, i) => {
      if (typeof item !== 'string') return this.#wrongType(`${name}[${i}]`, 'base64 text', item);
      return this.#decode(`${name}[${i}]`, item);
    });
  }

  #decode(name: string, text: string): Uint8Array {
    const bytes = decodeBase64(text);
    if (bytes !== undefined) return bytes;
    throw new TrustError(this.#codes.parse, `${this.#where(name)}: not standard base64 with padding: "${quote(text, 40)}"`);
  }

  /** A 64-bit integer as decimal text or JSON number; absent is undefined. */
  optionalInt64(name: string): bigint | undefined {
    const value = this.#object[name] ?? null;
    if (value === null) return undefined;
    if (typeof value === 'string' && !/^(?:0|-?[1-9]\d*)$/.test(value)) return this.#wrongType(name, 'a decimal integer', value);
    if (typeof value === 'number' && !Number.isInteger(value)) return this.#wrongType(name, 'a decimal integer', value);
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return this.#wrongType(name, 'a decimal integer', value);
    if (typeof value === 'string' && value.length > 20) return this.#wrongType(name, 'a 64-bit integer', value);
    const integer = BigInt(value);
    if (integer < 0n || integer > MAX_INT64) throw new TrustError(this.#codes.shape, `${this.#where(name)}: ${integer} is out of range`);
    return integer;
  }

  int64(name: string): bigint {
    return this.optionalInt64(name) ?? this.missing(name);
  }

  optionalTime(name: string, rounding: 'down' | 'up' = 'down'): Date | undefined {
    const text = this.optionalString(name);
    if (text === undefined) return undefined;
    return parseRfc3339(text, rounding) ?? this.#wrongType(name, 'an RFC 3339 time', text);
  }

  /** An enum by name; its number is accepted where `numbers` lists the names by number (verification.md section 1). */
  enumName(name: string, numbers: Readonly<Record<number, string>>): string {
    const value = this.#object[name] ?? null;
    if (value === null) return this.missing(name);
    if (typeof value === 'number') return numbers[value] ?? this.#wrongType(name, 'a known enum value', value);
    return typeof value === 'string' ? value : this.#wrongType(name, 'an enum name', value);
  }

  refuse(name: string, problem: string): never {
    throw new TrustError(this.#codes.shape, `${this.#where(name)}: ${problem}`);
  }

  missing(name: string): never {
    return this.refuse(name, 'is missing or empty');
  }

  #wrongType(name: string, expected: string, found: Json): never {
    throw new TrustError(this.#codes.parse, `${this.#where(name)}: expected ${expected}, found ${described(found)}`);
  }

  #join(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  #where(name: string): string {
    return `${this.#codes.what}: ${quote(this.#join(name))}`;
  }
}

const HEX = /^(?:[0-9a-fA-F]{2})+$/;
const MAX_INT64 = 2n ** 63n - 1n;
