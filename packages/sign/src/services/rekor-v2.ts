/**
 * Putting a signing on record in a Rekor v2 log (services.md section 6).
 *
 *   POST /api/v2/log/entries  { hashedRekordRequestV002 { digest, signature { content, verifier { keyDetails, x509Certificate | publicKey } } } }
 *     → 201 TransparencyLogEntry, with proof and checkpoint, without a time
 *
 * Everything is a hashedrekord here: for an envelope, the digest is that of its pre-authentication encoding.
 */
import { encodeBase64, type Json, keyDetails, keyText, type LogEntry, parseFields, parseLogEntry, TrustError } from '@assay/core';
import { loggedEntry } from './log-answer.ts';
import { ask, below, refusal, type Service } from './service.ts';
import { hashOf, parseVerifier, type Signing, signedDigest, type Verifier } from './signing.ts';

/**
 * The entry with its inclusion proof. One request, answered when the next checkpoint is published.
 * Errors: `REKOR_UPLOAD` (refused), `REKOR_RESPONSE` (no entry), `REKOR_ENTRY_MISMATCH` (an entry of something else), `KEY_UNSUPPORTED` (a digest of
 * another hash than the key's), `KEY_…`, `CERT_…`, `NET_…`; `TypeError` for a message without its digest.
 */
export async function logToRekorV2(signing: Signing, service: Service): Promise<LogEntry> {
  const verifier = parseVerifier(signing.verifierPem);
  const response = await ask(service, below(service.url, '/api/v2/log/entries'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(await request(signing, verifier)),
  });
  if (response.status === 409) throw refusal('REKOR_UPLOAD', response, ALREADY_LOGGED);
  if (response.status !== 201) throw refusal('REKOR_UPLOAD', response);
  return loggedEntry(response, parseEntry, { signing, verifier, kind: 'hashedrekord 0.0.2', promise: 'forbidden' });
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

// No call gives an entry back, so that its proof cannot be had again (services.md section 6).
const ALREADY_LOGGED = 'the log has this very signature, and does not hand out its proof again; a new ECDSA signature is another one';
