/**
 * Putting a signing on record in a Rekor v1 log (services.md section 5).
 *
 *   POST /api/v1/log/entries  { apiVersion, kind, spec }  →  201 { "<entry id>": { body, …, verification } }
 *                                                            409 Location: …/<entry id>      an equal entry is there already
 *
 *   message, payload   hashedrekord 0.0.1
 *   envelope           dsse 0.0.1, or intoto 0.0.2: payload and signature are base64 of base64, since the fields are bytes that hold text
 */
import { encodeBase64, type Json, type LogEntry, parseRekorAnswer, proposedDsse, proposedHashedRekord, TrustError, toHex, utf8 } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { below, type HttpResponse } from '@assay/net';
import { type Expected, loggedEntry } from './log-answer.ts';
import { ask, refusal, type Service } from './service.ts';
import { parseVerifier, type Signing, signedDigest, type Verifier } from './signing.ts';

export interface RekorV1Options {
  /** How an envelope is recorded. Default `dsse`. */
  readonly envelopeKind?: EnvelopeKind | undefined;
}

export type EnvelopeKind = 'dsse' | 'intoto';

/**
 * The entry with its promise and inclusion proof. Makes one request, two when the log has an equal entry.
 * Errors: `REKOR_UPLOAD` (refused), `REKOR_RESPONSE` (no entry), `REKOR_ENTRY_MISMATCH` (an entry of something else), `KEY_…`, `CERT_…`, `NET_…`;
 * `TypeError` for an envelope without its text, or a message without its digest.
 */
export async function logToRekorV1(signing: Signing, service: Service, { envelopeKind = 'dsse' }: RekorV1Options = {}): Promise<LogEntry> {
  const verifier = parseVerifier(signing.verifierPem);
  const kind = signing.content.kind === 'dsse' ? ENVELOPE_KINDS[envelopeKind] : 'hashedrekord 0.0.1';
  const url = below(service.url, '/api/v1/log/entries');
  const response = await ask(service, url, { method: 'POST', headers: JSON_HEADERS, body: JSON.stringify(await propose(kind, signing, verifier)) });
  const expected: Expected = { signing, verifier, kind, promise: 'demanded' };
  if (response.status === 409) return loggedEntry(await fetchEqual(response, url, service), parseOne, expected);
  if (response.status !== 201) throw refusal('REKOR_UPLOAD', response);
  return loggedEntry(response, parseOne, expected);
}

async function propose(kind: string, { content, envelope }: Signing, verifier: Verifier): Promise<Json> {
  if (content.kind !== 'dsse') {
    const { algorithm, value } = await signedDigest(content, verifier.publicKey);
    return proposedHashedRekord(content.signature, verifier.pem, algorithm, value);
  }
  const text = envelope ?? content.stored;
  if (text === undefined) throw new TypeError('an envelope without its text cannot be put on record in Rekor v1');
  return kind === ENVELOPE_KINDS.dsse ? proposedDsse(new TextDecoder().decode(text), verifier.pem) : proposedIntoto(content, text, verifier.pem);
}

async function proposedIntoto({ payload, payloadType, signature, keyid }: Signing['content'] & { kind: 'dsse' }, text: Uint8Array, pem: string): Promise<Json> {
  const signatures = [{ sig: encodeTwice(signature), publicKey: encodeBase64(utf8(pem)), ...(keyid !== '' && { keyid }) }];
  const content = {
    envelope: { payloadType, payload: encodeTwice(payload), signatures },
    hash: { algorithm: 'sha256', value: toHex(await nodeCrypto.hash('sha256', text)) },
    payloadHash: { algorithm: 'sha256', value: toHex(await nodeCrypto.hash('sha256', payload)) },
  };
  return { apiVersion: '0.0.2', kind: 'intoto', spec: { content } };
}

function encodeTwice(bytes: Uint8Array): string {
  return encodeBase64(utf8(encodeBase64(bytes)));
}

/** Only the id is taken from `Location`: a log behind a proxy may not know its own address, and nobody is asked but the log that was chosen. */
async function fetchEqual(conflict: HttpResponse, url: string, service: Service): Promise<HttpResponse> {
  const id = ENTRY_ID.exec(conflict.headers['location'] ?? '')?.[1];
  if (id === undefined) throw refusal('REKOR_UPLOAD', conflict, 'the log has an equal entry but does not say which; sign again');
  const response = await ask(service, `${url}/${id}`, { headers: { accept: 'application/json' } });
  if (response.status !== 200) throw refusal('REKOR_UPLOAD', response);
  return response;
}

function parseOne(body: Uint8Array): LogEntry {
  const [entry, ...others] = parseRekorAnswer(body);
  if (entry === undefined || others.length > 0) throw new TrustError('REKOR_RESPONSE', `expected one log entry, found ${others.length + (entry ? 1 : 0)}`);
  return entry;
}

const ENVELOPE_KINDS: Readonly<Record<EnvelopeKind, string>> = { dsse: 'dsse 0.0.1', intoto: 'intoto 0.0.2' };
const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json' };
/** The leaf hash, after the tree id where the log has shards. */
const ENTRY_ID = /\/([0-9a-f]{64}|[0-9a-f]{80})\/?(?:\?.*)?$/;
