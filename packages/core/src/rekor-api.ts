/**
 * Answers of the Rekor v1 API (services.md section 5), as evidence: what `POST /api/v1/log/entries/retrieve` and its siblings return.
 *
 *   { "<entry id>": { body = b64, integratedTime, logID = hex, logIndex,
 *     verification { signedEntryTimestamp, inclusionProof { logIndex, treeSize, rootHash = hex, hashes = hex[], checkpoint } } } }
 */
import { encodeBase64 } from './base64.ts';
import type { LogEntry, LogInclusionProof } from './bundle.ts';
import { toHex, utf8 } from './bytes.ts';
import type { HashName } from './crypto.ts';
import { type Fields, parseFields } from './fields.ts';
import type { Json } from './json.ts';
import { logEntryOf } from './legacy-bundle.ts';
import { encodePem } from './pem.ts';

const CODES = { what: 'log answer', parse: 'REKOR_RESPONSE', shape: 'REKOR_RESPONSE' } as const;

export interface NamedLogEntry {
  /** As the log names it: 64 hex digits of the leaf hash, behind 16 of the tree where the log has several. Not compared with the entry. */
  readonly id: string;
  readonly entry: LogEntry;
}

/** Every entry of one answer: an object by entry id, or an array of such. Errors: `REKOR_RESPONSE`, `TLOG_BODY_PARSE`. */
export function parseRekorAnswer(input: Uint8Array): LogEntry[] {
  return parseRekorEntries(input).map(({ entry }) => entry);
}

/** The same, with the ids. */
export function parseRekorEntries(input: Uint8Array): NamedLogEntry[] {
  const text = new TextDecoder().decode(input).trim();
  // Arrays are wrapped, so that one strict parser reads both forms.
  const wrapped = parseFields(`{"answer":${text === '' ? 'null' : text}}`, CODES);
  const answers = text.startsWith('[') ? wrapped.objects('answer', MAX_ANSWERS) : [wrapped.object('answer')];
  return answers.flatMap(readRekorEntries);
}

/** The same of an object by entry id that stands in another document. */
export function readRekorEntries(answer: Fields): NamedLogEntry[] {
  return answer.members().map(([id, entry]) => ({ id, entry: parseEntry(entry) }));
}

function parseEntry(entry: Fields): LogEntry {
  const verification = entry.optionalObject('verification');
  const proof = verification?.optionalObject('inclusionProof');
  return logEntryOf({
    body: entry.nonEmptyBytes('body'),
    integratedTime: entry.int64('integratedTime'),
    logIndex: entry.int64('logIndex'),
    logId: entry.hexBytes('logID'),
    signedEntryTimestamp: verification?.optionalBytes('signedEntryTimestamp'),
    inclusionProof: proof === undefined ? undefined : parseProof(proof),
  });
}

function parseProof(proof: Fields): LogInclusionProof {
  return {
    logIndex: proof.int64('logIndex'),
    treeSize: proof.int64('treeSize'),
    rootHash: proof.hexBytes('rootHash'),
    hashes: proof.hexArray('hashes', MAX_HASHES),
    checkpoint: proof.string('checkpoint'),
  };
}

/** The entry that signing this artifact would have proposed: the log finds its equal, whoever uploaded it. */
export function proposedHashedRekord(signature: Uint8Array, verifierPem: string, algorithm: HashName, digest: Uint8Array): Json {
  return {
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm, value: toHex(digest) } },
      signature: { content: encodeBase64(signature), publicKey: { content: encodeBase64(utf8(verifierPem)) } },
    },
  };
}

/** The proposed dsse entry of an envelope, by the JSON text that was stored. */
export function proposedDsse(envelope: string, verifierPem: string): Json {
  return { apiVersion: '0.0.1', kind: 'dsse', spec: { proposedContent: { envelope, verifiers: [encodeBase64(utf8(verifierPem))] } } };
}

export function certificatePem(der: Uint8Array): string {
  return encodePem('CERTIFICATE', der);
}

const MAX_ANSWERS = 100;
const MAX_HASHES = 64;
