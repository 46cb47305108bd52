/**
 * What a Rekor v1 log keeps of an entry. The leaf of the tree is the body alone; the rest belongs to the answer.
 *
 *   integrated time, seconds (8) │ n (2) │ n search keys of the statement (8 each) │ body
 */
import { concat, fromHex, toHex, uint } from '@assay/core';
import { SEARCH_KEY_BYTES, type SearchKey } from './search-keys.ts';

export interface V1Record {
  readonly integratedTime: number;
  readonly attested: readonly SearchKey[];
  readonly body: Uint8Array;
}

export function encodeRecord({ integratedTime, attested, body }: V1Record): Uint8Array {
  return concat(uint(integratedTime, TIME_BYTES), uint(attested.length, COUNT_BYTES), fromHex(attested.join('')), body);
}

/** Throws `TypeError` for bytes that are not a record. */
export function decodeRecord(bytes: Uint8Array): V1Record {
  if (bytes.length < KEYS_AT) throw new TypeError(`a record has ${KEYS_AT} bytes at least, found ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const bodyAt = KEYS_AT + view.getUint16(TIME_BYTES) * SEARCH_KEY_BYTES;
  if (bodyAt > bytes.length) throw new TypeError(`the body of a record begins at byte ${bodyAt}, the record ends at ${bytes.length}`);
  const attested: SearchKey[] = [];
  for (let at = KEYS_AT; at < bodyAt; at += SEARCH_KEY_BYTES) attested.push(toHex(bytes.subarray(at, at + SEARCH_KEY_BYTES)));
  return { integratedTime: Number(view.getBigUint64(0)), attested, body: bytes.subarray(bodyAt) };
}

const TIME_BYTES = 8;
const COUNT_BYTES = 2;
const KEYS_AT = TIME_BYTES + COUNT_BYTES;
