/**
 * Writing ASN.1 DER (X.690): the values that certificates, timestamps and keys are made of.
 *
 *   sequence(integer(5))        30 03 02 01 05
 *   oid('1.2.840.10045.4.3.2')  06 08 2a 86 48 ce 3d 04 03 02
 *
 * Why ours and not a certificate library: the precertificate flow (RFC 6962 section 3.1) signs the TBSCertificate with and
 * without one extension, every other byte equal, and the stack issues hundreds of certificates a second; both want the
 * bytes in our hands. Reading is `Der` of core; this file is its mirror.
 */
import { encodeDer, TAG, uint, utf8 } from '@assay/core';

export type Bytes = Uint8Array<ArrayBuffer>;

export function sequence(...values: readonly Uint8Array[]): Bytes {
  return encodeDer(TAG.sequence, ...values);
}

/** SET OF: DER wants the encodings in ascending order (X.690 section 11.6). */
export function setOf(...values: readonly Uint8Array[]): Bytes {
  return encodeDer(TAG.set, ...sortEncodings(values));
}

export function sortEncodings(values: readonly Uint8Array[]): Uint8Array[] {
  return [...values].sort(compareBytes);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** A non-negative INTEGER from a number, or from big-endian unsigned bytes as serial numbers and ECDSA values come. */
export function integer(value: bigint | number | Uint8Array): Bytes {
  const bytes = value instanceof Uint8Array ? value : uint(value, byteLength(BigInt(value)));
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start === -1 ? Uint8Array.of(0) : bytes.subarray(start);
  // A leading bit of one would mean a negative number.
  return (digits[0] as number) >= 0x80 ? encodeDer(TAG.integer, Uint8Array.of(0), digits) : encodeDer(TAG.integer, digits);
}

function byteLength(value: bigint): number {
  if (value < 0n) throw new TypeError('negative integers are not written');
  return Math.max(1, Math.ceil(value.toString(16).length / 2));
}

export function boolean(value: boolean): Bytes {
  return encodeDer(TAG.boolean, Uint8Array.of(value ? 0xff : 0));
}

export function nullValue(): Bytes {
  return encodeDer(TAG.null);
}

export function octetString(bytes: Uint8Array): Bytes {
  return encodeDer(TAG.octetString, bytes);
}

export function bitString(bytes: Uint8Array): Bytes {
  return encodeDer(TAG.bitString, Uint8Array.of(0), bytes);
}

/** A BIT STRING of named bits (bit 0 first), trailing zero bits dropped as X.690 section 11.2.2 demands. */
export function namedBits(...bits: readonly number[]): Bytes {
  if (bits.length === 0) return encodeDer(TAG.bitString, Uint8Array.of(0));
  const last = Math.max(...bits);
  const bytes = new Uint8Array(Math.floor(last / 8) + 1);
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] as number) | (0x80 >> (bit & 7));
  return encodeDer(TAG.bitString, Uint8Array.of(7 - (last & 7)), bytes);
}

export function utf8String(text: string): Bytes {
  return encodeDer(TAG.utf8String, utf8(text));
}

export function printableString(text: string): Bytes {
  return encodeDer(TAG.printableString, utf8(text));
}

const oidCache = new Map<string, Bytes>();

/** An OBJECT IDENTIFIER from its dotted form. Few different ones exist, so each is encoded once. */
export function oid(dotted: string): Bytes {
  const known = oidCache.get(dotted);
  if (known !== undefined) return known;
  if (!/^[012](?:\.\d+)+$/.test(dotted)) throw new TypeError(`not an object identifier: ${dotted}`);
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const encoded = encodeDer(TAG.oid, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
  oidCache.set(dotted, encoded);
  return encoded;
}

function base128(value: number): number[] {
  const digits = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift(0x80 | (rest % 128));
  return digits;
}

/** RFC 5280 section 4.1.2.5: UTCTime until 2049, GeneralizedTime after. Seconds only. */
export function time(date: Date): Bytes {
  return date.getUTCFullYear() < 2050 ? utcTime(date) : generalizedTime(date, { fraction: false });
}

export function utcTime(date: Date): Bytes {
  return encodeDer(TAG.utcTime, utf8(`${compactTime(date).slice(2)}Z`));
}

/** RFC 3161 section 2.4.2: a fraction, when there is one, has no trailing zeros. */
export function generalizedTime(date: Date, { fraction = true }: { fraction?: boolean } = {}): Bytes {
  const millis = String(date.getUTCMilliseconds()).padStart(3, '0').replace(/0+$/, '');
  const suffix = fraction && millis !== '' ? `.${millis}` : '';
  return encodeDer(TAG.generalizedTime, utf8(`${compactTime(date)}${suffix}Z`));
}

function compactTime(date: Date): string {
  return date.toISOString().slice(0, 19).replace(/[-:T]/g, '');
}
