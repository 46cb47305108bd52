/**
 * A JWT-SVID of the SPIFFE Workload API, which knows the caller by its socket (SPIFFE Workload API, section 6).
 *
 *   /SpiffeWorkloadAPI/FetchJWTSVID with metadata `workload.spiffe.io: true`
 *   request   message { repeated string audience = 1 }
 *   response  message { repeated message { string spiffe_id = 1; string svid = 2 } svids = 1 }, the preferred one first
 *
 * Protocol buffers: each field is a varint key, number << 3 | type; strings and messages (type 2) are a varint length and so many bytes.
 */
import { existsSync } from 'node:fs';
import { concat, decodeUtf8, utf8 } from '@assay/core';
import { callGrpc } from '@assay/net';
import { type AmbientProvider, refuse } from './provider.ts';
import { audienceOf, placesOf, type TokenContext } from './token-context.ts';

export const spiffe: AmbientProvider = {
  isHere: (context) => existsSync(socketOf(context)),

  async token(context) {
    const audience = utf8(audienceOf(context));
    const answer = await callGrpc({
      socketPath: socketOf(context),
      method: '/SpiffeWorkloadAPI/FetchJWTSVID',
      metadata: { 'workload.spiffe.io': 'true' },
      message: concat(Uint8Array.of(AUDIENCE_KEY), varint(audience.length), audience),
    });
    const [first] = fieldsIn(answer, SVIDS) ?? [];
    const [svid] = (first && fieldsIn(first, SVID)) ?? [];
    return (svid && decodeUtf8(svid)) || refuse('spiffe: the answer has no JWT-SVID');
  },
};

/** cosign takes a bare path; the SPIFFE standard writes `unix:///path`. */
function socketOf(context: TokenContext): string {
  const named = context.environment['SPIFFE_ENDPOINT_SOCKET'] || placesOf(context).spiffeSocket;
  return named.replace(/^unix:(?:\/\/)?(?=\/)/u, '');
}

/** The values of the fields of type 2 with this number; undefined when the message is malformed. */
function fieldsIn(message: Uint8Array, number: number): Uint8Array[] | undefined {
  const values: Uint8Array[] = [];
  for (let at = 0; at < message.length; ) {
    const key = readVarint(message, at);
    const start = key && readVarint(message, key.next);
    if (key === undefined || start === undefined) return undefined;
    // The API has no fields of other types; a varint (type 0) at least has an end that one can find.
    const end = key.value % 8 === 2 ? start.next + start.value : start.next;
    if (end > message.length || (key.value % 8 !== 2 && key.value % 8 !== 0)) return undefined;
    if (key.value === number * 8 + 2) values.push(message.subarray(start.next, end));
    at = end;
  }
  return values;
}

function readVarint(bytes: Uint8Array, start: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let at = start; at < Math.min(bytes.length, start + MAX_VARINT_BYTES); at += 1) {
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * 2 ** (7 * (at - start));
    if (byte < 0x80) return { value, next: at + 1 };
  }
  return undefined;
}

function varint(value: number): Uint8Array {
  return value < 0x80 ? Uint8Array.of(value) : concat(Uint8Array.of((value & 0x7f) | 0x80), varint(value >>> 7));
}

const AUDIENCE_KEY = (1 << 3) | 2;
const SVIDS = 1;
const SVID = 2;
/** 35 bits: more than any length here, less than a double holds. */
const MAX_VARINT_BYTES = 5;
