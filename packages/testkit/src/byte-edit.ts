/** Small damage to byte strings. */
import { concat, decodeBase64, encodeBase64 } from '@assay/core';

/** A copy with the lowest bit of one byte changed; negative offsets count from the end. */
export function flip(bytes: Uint8Array, offset = -1): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = offset < 0 ? copy.length + offset : offset;
  if (at < 0 || at >= copy.length) throw new RangeError(`no byte ${offset} in ${copy.length}`);
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

export function append(bytes: Uint8Array, ...more: readonly number[]): Uint8Array {
  return concat(bytes, Uint8Array.from(more));
}

/** Applies a change of bytes to base64 text. */
export function onBase64(change: (bytes: Uint8Array) => Uint8Array): (text: string) => string {
  return (text) => encodeBase64(change(decodeBase64(text) as Uint8Array));
}

export const flipBase64 = (text: string): string => onBase64((bytes) => flip(bytes))(text);
