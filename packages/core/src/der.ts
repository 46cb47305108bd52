/**
 * ASN.1 DER (X.690), read strictly.
 *
 * A value is `tag | length | content`. Only what DER allows is read: definite, minimal lengths; tag numbers below 31;
 * no bytes left over. BER leniency is how one certificate comes to mean two things, so there is none.
 *
 *   30 03 02 01 05        SEQUENCE { INTEGER 5 }
 *
 * `Der` is a view into the original bytes: `raw` is what signatures cover, `content` is what the value says.
 */

import { concat, decodeUtf8, toHex } from './bytes.ts';
import type { ErrorCode } from './catalogue.ts';
import { TrustError } from './errors.ts';

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Context-specific tag `[n]`, primitive or constructed. */
export const context = (n: number): number => 0x80 | n;
export const contextConstructed = (n: number): number => 0xa0 | n;

/** Certificates and tokens of the field stay below ten levels. */
const MAX_DEPTH = 32;

/** Malformed DER. Parsers of whole documents turn it into their own code with `derError`. */
export class DerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DerError';
  }
}

/** Runs `parse`; malformed DER becomes a `TrustError` with `code`. */
export function withDerErrors<T>(code: ErrorCode, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof DerError) throw new TrustError(code, `${what} is not well-formed: ${error.message}`, { cause: error });
    throw error;
  }
}

export class Der {
  readonly tag: number;
  // Offsets into the whole document: a certificate has some 150 values, and most are never looked at as bytes.
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #contentStart: number;
  readonly #end: number;
  readonly #depth: number;

  private constructor(bytes: Uint8Array, start: number, contentStart: number, end: number, depth: number) {
    this.tag = bytes[start] as number;
    this.#bytes = bytes;
    this.#start = start;
    this.#contentStart = contentStart;
    this.#end = end;
    this.#depth = depth;
  }

  /** Tag, length and content: the bytes that signatures cover. A view, as `content` is. */
  get raw(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  get content(): Uint8Array {
    return this.#bytes.subarray(this.#contentStart, this.#end);
  }

  /** The one value that `bytes` hold; bytes left over are an error. */
  static parse(bytes: Uint8Array): Der {
    const value = Der.#read(bytes, 0, bytes.length, 0);
    if (value.#end !== bytes.length) throw new DerError(`${bytes.length - value.#end} bytes follow the value`);
    return value;
  }

  /** The value at `start`, which must end by `limit`. */
  static #read(bytes: Uint8Array, start: number, limit: number, depth: number): Der {
    if (depth > MAX_DEPTH) throw new DerError(`nested deeper than ${MAX_DEPTH} levels`);
    if (start + 2 > limit) throw new DerError('truncated');
    const tag = bytes[start] as number;
    if ((tag & 0x1f) === 0x1f) throw new DerError('multi-byte tag');

    let length = bytes[start + 1] as number;
    let offset = start + 2;
    if (length >= 0x80) {
      const width = length & 0x7f;
      if (width === 0) throw new DerError('indefinite length');
      if (width > 4) throw new DerError('length of more than four bytes');
      if (offset + width > limit) throw new DerError('truncated');
      length = 0;
      for (let i = 0; i < width; i++) length = length * 256 + (bytes[offset++] as number);
      if (length < 0x80 || length < 256 ** (width - 1)) throw new DerError('length is not minimal');
    }
    if (offset + length > limit) throw new DerError('truncated');
    return new Der(bytes, start, offset, offset + length, depth);
  }

  expect(tag: number, what: string): Der {
    if (this.tag === tag) return this;
    throw new DerError(`${what}: expected tag 0x${tag.toString(16)}, found 0x${this.tag.toString(16)}`);
  }

  /** The values inside a constructed value. */
  children(): Der[] {
    if ((this.tag & 0x20) === 0) throw new DerError(`tag 0x${this.tag.toString(16)} holds no values`);
    return this.#contentValues();
  }

  /** A reader over the values inside a SEQUENCE, for structures with optional members. */
  sequence(what: string): DerSequence {
    return new DerSequence(this.expect(TAG.sequence, what).#contentValues(), what);
  }

  reader(what: string): DerSequence {
    return new DerSequence(this.children(), what);
  }

  /** The one value wrapped in the content, whatever the tag says: EXPLICIT tags, OCTET STRINGs that hold DER. */
  inner(what: string): Der {
    const values = this.#contentValues();
    if (values.length !== 1) throw new DerError(`${what}: expected one value, found ${values.length}`);
    return values[0] as Der;
  }

  #contentValues(): Der[] {
    const values: Der[] = [];
    for (let offset = this.#contentStart; offset < this.#end; ) {
      const value = Der.#read(this.#bytes, offset, this.#end, this.#depth + 1);
      values.push(value);
      offset = value.#end;
    }
    return values;
  }

  boolean(what: string): boolean {
    const [value, ...rest] = this.expect(TAG.boolean, what).content;
    if (rest.length > 0 || (value !== 0 && value !== 0xff)) throw new DerError(`${what}: malformed BOOLEAN`);
    return value === 0xff;
  }

  /** INTEGER content bytes, checked to be minimal; two's complement, big-endian. */
  integerBytes(what: string): Uint8Array {
    const bytes = this.expect(TAG.integer, what).content;
    const first = bytes[0];
    const second = bytes[1] ?? 0;
    if (first === undefined) throw new DerError(`${what}: empty INTEGER`);
    const padded = bytes.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
    if (padded) throw new DerError(`${what}: INTEGER is not minimal`);
    return bytes;
  }

  /** A small non-negative INTEGER, as versions and path lengths are. */
  smallInteger(what: string): number {
    const bytes = this.integerBytes(what);
    if (bytes.length > 4 || (bytes[0] as number) >= 0x80) throw new DerError(`${what}: INTEGER out of range`);
    return bytes.reduce((value, byte) => value * 256 + byte, 0);
  }

  /** A BIT STRING of whole bytes, as keys and signatures are. */
  bitStringBytes(what: string): Uint8Array {
    const { content } = this.expect(TAG.bitString, what);
    if (content[0] !== 0) throw new DerError(`${what}: BIT STRING with unused bits`);
    return content.subarray(1);
  }

  /** The bytes of a BIT STRING of flags, as key usage is: unused bits are at most seven, and zero (X.690 section 11.2.1). */
  namedBits(what: string): Uint8Array {
    this.expect(TAG.bitString, what);
    const unused = this.content[0];
    const bytes = this.content.subarray(1);
    const last = bytes.at(-1) ?? 0;
    const sound = unused !== undefined && unused <= 7 && (unused === 0 || bytes.length > 0) && (last & ((1 << unused) - 1)) === 0;
    if (!sound) throw new DerError(`${what}: malformed BIT STRING`);
    return bytes;
  }

  octets(what: string): Uint8Array {
    return this.expect(TAG.octetString, what).content;
  }

  /** Dotted form, e.g. `1.2.840.10045.4.3.3`. */
  oid(what: string): string {
    this.expect(TAG.oid, what);
    return oidText(this.content, what);
  }

  /** UTF8String, PrintableString or IA5String. */
  text(what: string): string {
    if (this.tag !== TAG.utf8String && this.tag !== TAG.printableString && this.tag !== TAG.ia5String) {
      throw new DerError(`${what}: not a string type (tag 0x${this.tag.toString(16)})`);
    }
    return textOf(this.content, what);
  }

  /** UTCTime or GeneralizedTime, in the forms RFC 5280 and RFC 3161 allow: UTC, seconds present, fraction without trailing zero. */
  time(what: string): Date {
    const text = textOf(this.content, what);
    const match = this.tag === TAG.utcTime ? UTC_TIME.exec(text) : this.tag === TAG.generalizedTime ? GENERALIZED_TIME.exec(text) : null;
    if (match === null) throw new DerError(`${what}: malformed time`);
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
    // RFC 5280 section 4.1.2.5.1: two-digit years from 50 on belong to the last century.
    const fullYear = this.tag === TAG.generalizedTime ? year : year + (year >= 50 ? 1900 : 2000);
    const time = new Date(Date.UTC(fullYear, month - 1, day, hour, minute, second, Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))));
    // Date.UTC turns 30 February into March, and years below 100 into the last century; reading back tells.
    const same = time.getUTCFullYear() === fullYear && time.getUTCMonth() === month - 1 && time.getUTCDate() === day;
    if (!same || hour > 23 || minute > 59 || second > 59) throw new DerError(`${what}: no such time`);
    return time;
  }
}

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d*[1-9]))?Z$/;

/** Reads the members of one structure in order. */
export class DerSequence {
  readonly #values: readonly Der[];
  readonly #what: string;
  #next = 0;

  constructor(values: readonly Der[], what: string) {
    this.#values = values;
    this.#what = what;
  }

  next(what: string): Der {
    const value = this.#values[this.#next++];
    if (value === undefined) throw new DerError(`${this.#what}: ${what} is missing`);
    return value;
  }

  optional(tag: number): Der | undefined {
    const value = this.#values[this.#next];
    if (value?.tag !== tag) return undefined;
    this.#next++;
    return value;
  }

  /** The next member, whatever it is, or undefined at the end. */
  optionalAny(): Der | undefined {
    return this.#next < this.#values.length ? this.#values[this.#next++] : undefined;
  }

  /** Every member has been read. */
  end(): void {
    const left = this.#values.length - this.#next;
    if (left > 0) throw new DerError(`${this.#what}: ${left} unexpected values`);
  }
}

/** Encodes a value: for the few structures that must be rebuilt byte for byte. */
export function encodeDer(tag: number, ...contents: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = contents.reduce((total, part) => total + part.length, 0);
  return concat(Uint8Array.of(tag, ...encodeLength(length)), ...contents);
}

function encodeLength(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

export function oidText(content: Uint8Array, what = 'object identifier'): string {
  if (content.length === 0 || (content[content.length - 1] as number) >= 0x80) throw new DerError(`${what}: malformed object identifier`);
  let text = '';
  let value = 0;
  let fresh = true;
  for (let i = 0; i < content.length; i++) {
    const byte = content[i] as number;
    if (fresh && byte === 0x80) throw new DerError(`${what}: object identifier is not minimal`);
    value = value * 128 + (byte & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER / 128) throw new DerError(`${what}: object identifier arc out of range`);
    fresh = byte < 0x80;
    if (!fresh) continue;
    // The first number holds two arcs: 40 times the first (at most 2), plus the second.
    const root = Math.min(Math.floor(value / 40), 2);
    text += text === '' ? `${root}.${value - 40 * root}` : `.${value}`;
    value = 0;
  }
  return text;
}

function textOf(content: Uint8Array, what: string): string {
  const text = decodeUtf8(content);
  if (text === undefined) throw new DerError(`${what}: ${toHex(content.subarray(0, 16))}… is not text`);
  return text;
}
