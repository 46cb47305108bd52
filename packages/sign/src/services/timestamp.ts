/**
 * Asking an RFC 3161 timestamp authority when a signature was seen (services.md section 9).
 *
 *   TimeStampReq  SEQUENCE { 1, SEQUENCE { SEQUENCE { hash }, digest }, nonce INTEGER, certReq TRUE }      application/timestamp-query
 *   TimeStampResp as in timestamp-token.ts of core                                                       application/timestamp-reply
 *
 * The nonce is what tells an answer to this request from one that was recorded earlier.
 */
import { randomBytes } from 'node:crypto';
import { encodeDer, equalBytes, fromHex, isTrustError, parseTimestampResponse, TAG, type TimestampToken, TrustError, toHex } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { redactUrl } from '@assay/net';
import { ask, refusal, type Service } from './service.ts';

/**
 * A DER TimeStampResp over `data`, in bundles the raw signature. One request. Whether its signer is to be trusted is for verification.
 * Errors: `TSA_REQUEST` (refused), `TSA_PARSE`, `TSA_STATUS`, `TSA_ATTRIBUTES`, `TSA_IMPRINT`, `TSA_NONCE`, `NET_…`.
 */
export async function requestTimestamp(data: Uint8Array, service: Service): Promise<Uint8Array> {
  const digest = await nodeCrypto.hash('sha256', data);
  const nonce = createNonce();
  const response = await ask(service, service.url, {
    method: 'POST',
    headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
    body: encodeRequest(digest, nonce),
    maxBytes: MAX_ANSWER_BYTES,
  });
  if (response.status !== 200 && response.status !== 201) throw refusal('TSA_REQUEST', response);
  checkToken(redactUrl(response.url), response.body, digest, nonce);
  return response.body;
}

/** INTEGER content of eight bytes, always positive and minimal. */
function createNonce(): Uint8Array {
  const nonce = new Uint8Array(randomBytes(NONCE_BYTES));
  nonce[0] = ((nonce[0] as number) & 0x7f) | 0x40;
  return nonce;
}

function encodeRequest(digest: Uint8Array, nonce: Uint8Array): Uint8Array {
  const imprint = encodeDer(TAG.sequence, encodeDer(TAG.sequence, SHA256), encodeDer(TAG.octetString, digest));
  const certificateWanted = encodeDer(TAG.boolean, Uint8Array.of(0xff));
  return encodeDer(TAG.sequence, encodeDer(TAG.integer, Uint8Array.of(1)), imprint, encodeDer(TAG.integer, nonce), certificateWanted);
}

function checkToken(where: string, response: Uint8Array, digest: Uint8Array, nonce: Uint8Array): void {
  const token = parseToken(where, response);
  const { algorithm, value } = token.imprint;
  if (algorithm !== 'sha256' || !equalBytes(value, digest)) {
    throw new TrustError('TSA_IMPRINT', `${where}: the timestamp is about something else`, {
      expected: `sha256:${toHex(digest)}`,
      found: `${algorithm}:${toHex(value)}`,
    });
  }
  if (token.nonce === undefined || !equalBytes(token.nonce, nonce)) {
    throw new TrustError('TSA_NONCE', `${where}: the timestamp ${token.nonce === undefined ? 'has no nonce' : 'has the nonce of another request'}`);
  }
}

/** Says which authority it was. */
function parseToken(where: string, response: Uint8Array): TimestampToken {
  try {
    return parseTimestampResponse(response);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    const { code, message, hint, expected, found } = error;
    throw new TrustError(code, `${where}: ${message}`, { hint, cause: error, ...(expected && { expected }), ...(found && { found }) });
  }
}

const NONCE_BYTES = 8;
const MAX_ANSWER_BYTES = 256 * 1024;
/** 2.16.840.1.101.3.4.2.1, without parameters (RFC 5754 section 2). */
const SHA256 = encodeDer(TAG.oid, fromHex('608648016503040201'));
