/**
 * Putting a signing on record in a Rekor v2 log (services.md section 6).
 *
 *   POST /api/v2/log/entries  { hashedRekordRequestV002 { digest, signature { content, verifier { keyDetails, x509Certificate | publicKey } } } }
 *     → 201 TransparencyLogEntry, with proof and checkpoint, without a time
 *
 *     → 409, x-log-index: n                  it has this very entry: what is wanted then lies in its tiles
 *
 * Everything is a hashedrekord here: for an envelope, the digest is that of its pre-authentication encoding.
 */
import {
  type Checkpoint,
  encodeBase64,
  equalBytes,
  type Json,
  keyDetails,
  keyText,
  type LogEntry,
  type LogInstance,
  originNames,
  parseFields,
  parseLogEntry,
  TrustError,
  tryParseJsonObject,
} from '@assay/core';
import { below, type HttpResponse } from '@assay/net';
import { type Expected, loggedEntry } from './log-answer.ts';
import { ask, refusal, type Service } from './service.ts';
import { hashOf, parseVerifier, type Signing, signedDigest, type Verifier } from './signing.ts';

export interface RekorV2Options {
  /** The logs of the trusted root: an entry that a log has already is read out of its tiles, which do not say whose they are. Default none. */
  readonly knownLogs?: readonly LogInstance[] | undefined;
}

/**
 * The entry with its inclusion proof. One request, answered when the next checkpoint is published; a few more when the log has it already.
 * Errors: `REKOR_UPLOAD` (refused), `REKOR_RESPONSE` (no entry), `REKOR_ENTRY_MISMATCH` (an entry of something else), `KEY_UNSUPPORTED` (a digest of
 * another hash than the key's), `KEY_…`, `CERT_…`, `LOG_READ`, `NET_…`; `TypeError` for a message without its digest.
 */
export async function logToRekorV2(signing: Signing, service: Service, { knownLogs = [] }: RekorV2Options = {}): Promise<LogEntry> {
  const verifier = parseVerifier(signing.verifierPem);
  const response = await ask(service, below(service.url, '/api/v2/log/entries'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(await request(signing, verifier)),
  });
  const expected: Expected = { signing, verifier, kind: 'hashedrekord 0.0.2', promise: 'forbidden' };
  if (response.status === 409) return equalEntry(response, service, knownLogs, expected);
  if (response.status !== 201) throw refusal('REKOR_UPLOAD', response);
  return loggedEntry(response, parseEntry, expected);
}

/** As happens when an answer was lost on its way: what was sent again is on record already. */
async function equalEntry(conflict: HttpResponse, service: Service, knownLogs: readonly LogInstance[], expected: Expected): Promise<LogEntry> {
  const index = conflict.headers['x-log-index'] ?? '';
  if (!/^(?:0|[1-9]\d{0,18})$/.test(index)) throw refusal('REKOR_UPLOAD', conflict, SIGN_AGAIN);
  const { fetchTiledEntry } = await import('./tiles.ts');
  const { body, proof, checkpoint } = await fetchTiledEntry(BigInt(index), { ...service, url: below(service.url, '/api/v2') });
  const log = knownLogs.find((one) => isOf(checkpoint, one));
  if (log === undefined) throw refusal('REKOR_UPLOAD', conflict, UNKNOWN_LOG);
  const entry: LogEntry = {
    logIndex: BigInt(index),
    logId: log.logId,
    ...kindOf(body),
    integratedTime: 0n,
    signedEntryTimestamp: undefined,
    inclusionProof: proof,
    body,
  };
  return loggedEntry(conflict, () => entry, expected);
}

/** A signature line of a note names its key by the first four bytes of the log's id. */
function isOf({ note }: Checkpoint, { baseUrl, logId, checkpointKeyId = logId }: LogInstance): boolean {
  const names = originNames(baseUrl);
  return note.signatures.some(({ name, keyId }) => names.includes(name) && equalBytes(keyId, checkpointKeyId.subarray(0, keyId.length)));
}

/** What is not JSON is of no kind, and refused as that. */
function kindOf(body: Uint8Array): Pick<LogEntry, 'kind' | 'version'> {
  const { kind, apiVersion } = tryParseJsonObject(body) ?? {};
  return { kind: typeof kind === 'string' ? kind : '', version: typeof apiVersion === 'string' ? apiVersion : '' };
}

async function request({ content }: Signing, { certificate, publicKey }: Verifier): Promise<Json> {
  const { algorithm, value } = await signedDigest(content, publicKey);
  if (algorithm !== hashOf(publicKey)) {
    throw new TrustError('KEY_UNSUPPORTED', `Rekor v2 takes signatures of a ${keyText(publicKey)} key with its own hash only`, {
      expected: hashOf(publicKey),
      found: algorithm,
    });
  }
  const verifier =
    certificate === undefined ? { publicKey: { rawBytes: encodeBase64(publicKey.spki) } } : { x509Certificate: { rawBytes: encodeBase64(certificate.der) } };
  // Ed25519 is taken in its pre-hashed form only.
  const details = publicKey.type === 'ed25519' ? 'PKIX_ED25519_PH' : keyDetails(publicKey);
  const signature = { content: encodeBase64(content.signature), verifier: { ...verifier, keyDetails: details } };
  return { hashedRekordRequestV002: { digest: encodeBase64(value), signature } };
}

function parseEntry(body: Uint8Array): LogEntry {
  return parseLogEntry(parseFields(body, { what: 'log answer', parse: 'REKOR_RESPONSE', shape: 'REKOR_RESPONSE' }), '0.3');
}

const SIGN_AGAIN = 'the log has this very signature, but does not say where; a new ECDSA signature is another one';
const UNKNOWN_LOG = 'the log has this very signature; pass the trusted root that knows the log, with --trusted-root, and its entry is used';
