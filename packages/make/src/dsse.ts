/**
 * DSSE envelopes and in-toto statements.
 *
 *   PAE = "DSSEv1" SP len(type) SP type SP len(payload) SP payload        lengths in decimal, of bytes
 *
 * The signature covers the PAE, so that a payload cannot be taken for one of another type.
 */
import { encodeBase64, type HashName, type JsonValue, toHex, utf8 } from '@assay/core';

/** What is signed is the same for who makes it and who verifies it. */
export { IN_TOTO_PAYLOAD_TYPE, preAuthenticationEncoding } from '@assay/core';

export const STATEMENT_V1 = 'https://in-toto.io/Statement/v1';

/** An envelope with one signature, as every document of the field has. */
export interface DsseEnvelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  readonly keyid?: string;
}

export interface EnvelopeJson {
  payload: string;
  payloadType: string;
  signatures: { sig: string; keyid?: string }[];
}

export function envelopeJson({ payload, payloadType, signature, keyid }: DsseEnvelope): EnvelopeJson {
  return { payload: encodeBase64(payload), payloadType, signatures: [{ sig: encodeBase64(signature), ...(keyid !== undefined && { keyid }) }] };
}

/** The JSON text that is submitted to Rekor v1. */
export function encodeEnvelope(envelope: DsseEnvelope): string {
  return JSON.stringify(envelopeJson(envelope));
}

export interface StatementSubject {
  readonly name: string;
  readonly digests: Readonly<Partial<Record<HashName, Uint8Array>>>;
}

export interface StatementOptions {
  readonly subjects: readonly StatementSubject[];
  readonly predicateType: string;
  readonly predicate: JsonValue;
}

/** An in-toto statement v1, as JSON text. */
export function encodeStatement({ subjects, predicateType, predicate }: StatementOptions): Uint8Array {
  const subject = subjects.map(({ name, digests }) => ({
    name,
    digest: Object.fromEntries(Object.entries(digests).map(([algorithm, digest]) => [algorithm, toHex(digest)])),
  }));
  return utf8(JSON.stringify({ _type: STATEMENT_V1, subject, predicateType, predicate }));
}
