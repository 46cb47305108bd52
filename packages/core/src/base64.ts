/**
 * Standard base64 with padding (RFC 4648 section 4), strict and the same in every runtime.
 *
 * `Buffer.from(x, 'base64')` skips foreign characters and `atob` differs between runtimes, so an attacker could find text
 * that two verifiers read differently. Here: the alphabet, full padding, no stray bits. CR and LF inside are tolerated,
 * as Go's decoder does (verification.md section 1); a real bundle with wrapped lines exists.
 */
import { utf8 } from './bytes.ts';

const ALPHABET = utf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const PAD = 0x3d;
/** The sign bit survives every shift by up to 18 bits. */
const FOREIGN = -1;

const VALUES = new Int32Array(256).fill(FOREIGN);
ALPHABET.forEach((char, value) => {
  VALUES[char] = value;
});

export function encodeBase64(bytes: Uint8Array): string {
  return asciiDecoder.decode(encodeBase64Bytes(bytes));
}

/** The same as ASCII bytes, for texts that are hashed or signed and never read. */
export function encodeBase64Bytes(bytes: Uint8Array): Uint8Array {
  const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  const whole = bytes.length - (bytes.length % 3);
  let offset = 0;
  for (let i = 0; i < whole; i += 3) {
    const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
    text[offset] = ALPHABET[group >> 18] as number;
    text[offset + 1] = ALPHABET[(group >> 12) & 63] as number;
    text[offset + 2] = ALPHABET[(group >> 6) & 63] as number;
    text[offset + 3] = ALPHABET[group & 63] as number;
    offset += 4;
  }
  if (whole < bytes.length) encodeLast(bytes, whole, text, offset);
  return text;
}

/** The last one or two bytes, padded. */
function encodeLast(bytes: Uint8Array, at: number, text: Uint8Array, offset: number): void {
  const group = ((bytes[at] as number) << 16) | ((bytes[at + 1] ?? 0) << 8);
  text[offset] = ALPHABET[group >> 18] as number;
  text[offset + 1] = ALPHABET[(group >> 12) & 63] as number;
  text[offset + 2] = at + 1 < bytes.length ? (ALPHABET[(group >> 6) & 63] as number) : PAD;
  text[offset + 3] = PAD;
}

const asciiDecoder = new TextDecoder();

/**
 * Text is decoded from its bytes, since indexing those is several times faster than asking a sliced string for each character. Short texts, and
 * there are dozens in a bundle, share one buffer: making one for each would cost more than decoding.
 */
const SCRATCH = new Uint8Array(32 * 1024);
const encoder = new TextEncoder();

/** The bytes, or undefined when `text` is not strict base64. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  const joined = text.includes('\n') ? text.replaceAll('\n', '').replaceAll('\r', '') : text.replaceAll('\r', '');
  const short = joined.length * 3 <= SCRATCH.length;
  const chars = short ? SCRATCH : utf8(joined);
  const length = short ? encoder.encodeInto(joined, SCRATCH).written : chars.length;
  if (length % 4 !== 0) return undefined;
  if (length === 0) return new Uint8Array(0);

  const padding = chars[length - 1] !== PAD ? 0 : chars[length - 2] !== PAD ? 1 : 2;
  const whole = padding === 0 ? length : length - 4;
  const bytes = new Uint8Array((length / 4) * 3 - padding);
  let offset = 0;
  let seen = 0;
  for (let i = 0; i < whole; i += 4) {
    const high = ((VALUES[chars[i] as number] as number) << 18) | ((VALUES[chars[i + 1] as number] as number) << 12);
    const group = high | ((VALUES[chars[i + 2] as number] as number) << 6) | (VALUES[chars[i + 3] as number] as number);
    seen |= group;
    bytes[offset] = group >> 16;
    bytes[offset + 1] = group >> 8;
    bytes[offset + 2] = group;
    offset += 3;
  }
  if (seen < 0) return undefined;
  return padding === 0 || decodeLast(chars, whole, padding, bytes, offset) ? bytes : undefined;
}

/** The last, padded group. Bits beyond the last byte must be zero, or several texts would mean the same bytes. */
function decodeLast(chars: Uint8Array, at: number, padding: 1 | 2, bytes: Uint8Array, offset: number): boolean {
  const group = (digit(chars, at) << 18) | (digit(chars, at + 1) << 12) | (padding === 1 ? digit(chars, at + 2) << 6 : 0);
  const stray = padding === 1 ? group & 0xff : group & 0xffff;
  if (group < 0 || stray !== 0) return false;
  bytes[offset] = group >> 16;
  if (padding === 1) bytes[offset + 1] = group >> 8;
  return true;
}

/** The value of one character; negative, also after shifting, for a foreign one. */
function digit(chars: Uint8Array, at: number): number {
  return VALUES[chars[at] as number] as number;
}
