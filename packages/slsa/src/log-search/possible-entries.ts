/**
 * The entries that a log may hold of an envelope with its certificate: what to ask for, and under which hashes it would be filed (slsa.md section 1.8 C, F).
 *
 *   intoto 0.0.1   spec { content { hash, payloadHash? }, publicKey = b64(PEM) }                    entries of the first year lack payloadHash
 *   dsse 0.0.1     spec { envelopeHash, payloadHash, signatures [{ signature = b64, verifier = b64(PEM) }] }
 *
 *   leaf hash = SHA-256(00 ‖ RFC 8785 text of { apiVersion, kind, spec })        entry id = tree id (16 hex digits) ‖ leaf hash (64 hex digits)
 *
 * `hash` and `envelopeHash` are of the file, byte by byte: whoever changes one of them cannot find the entry any more.
 */
import {
  type CryptoProvider,
  canonicalJson,
  certificatePem,
  decodeUtf8,
  encodeBase64,
  type Json,
  type JsonValue,
  leafHash,
  proposedDsse,
  toHex,
  utf8,
} from '@assay/core';
import type { CertifiedEnvelope } from './envelope-file.ts';

/** What to send to a log, which answers with its equal of each. */
export async function proposedEntries({ bytes, pem }: CertifiedEnvelope, crypto: CryptoProvider): Promise<Json[]> {
  const text = decodeUtf8(bytes) ?? '';
  const content = { envelope: text, hash: await sha256Json(bytes, crypto) };
  return [{ apiVersion: '0.0.1', kind: 'intoto', spec: { content, publicKey: encodeBase64(utf8(pem)) } }, proposedDsse(text, pem)];
}

export interface PossibleEntry {
  /** For people. */
  readonly kind: string;
  /** The leaf of the log. */
  readonly body: Uint8Array;
  /** Hex; logs take it for the entry's id, too. */
  readonly leafHash: string;
}

/** The likely ones first. */
export async function possibleEntries({ bytes, envelopes, certificate }: CertifiedEnvelope, crypto: CryptoProvider): Promise<PossibleEntry[]> {
  const hash = await sha256Json(bytes, crypto);
  // Logs wrap PEM in their own way, whatever they were sent.
  const verifier = encodeBase64(utf8(certificatePem(certificate)));
  const entries: PossibleEntry[] = [];
  for (const { payload, signature } of envelopes) {
    const payloadHash = await sha256Json(payload, crypto);
    const signatures = [{ signature: encodeBase64(signature), verifier }];
    entries.push(
      await possible('intoto 0.0.1', 'intoto', { content: { hash, payloadHash }, publicKey: verifier }, crypto),
      await possible('dsse 0.0.1', 'dsse', { envelopeHash: hash, payloadHash, signatures }, crypto),
      await possible('intoto 0.0.1 without payload hash', 'intoto', { content: { hash }, publicKey: verifier }, crypto),
    );
  }
  return entries;
}

async function possible(name: string, kind: string, spec: JsonValue, crypto: CryptoProvider): Promise<PossibleEntry> {
  const body = utf8(canonicalJson({ apiVersion: '0.0.1', kind, spec }));
  return { kind: name, body, leafHash: toHex(await leafHash(crypto, body)) };
}

async function sha256Json(data: Uint8Array, crypto: CryptoProvider): Promise<{ algorithm: string; value: string }> {
  return { algorithm: 'sha256', value: toHex(await crypto.hash('sha256', data)) };
}
