/**
 * cosign's older evidence taken apart: signature, certificate, log entry and timestamp lie in the annotations of a layer (cosign.md section 2.1).
 *
 *   dev.cosignproject.cosign/signature       base64 of the signature; empty for attestations, whose envelope holds it
 *   dev.sigstore.cosign/certificate          PEM of the leaf; absent when a key signed
 *   dev.sigstore.cosign/bundle               JSON of the log entry with its signed entry timestamp
 *   dev.sigstore.cosign/rfc3161timestamp     JSON around the timestamp response
 */
import { type BundleContent, decodeBase64, type LogEntry, parseEnvelope, parseFields, parsePem, parseRekorBundle, TrustError } from '@assay/core';
import type { Evidence } from './evidence.ts';

export interface LooseParts {
  readonly content: BundleContent;
  /** DER. */
  readonly certificate: Uint8Array | undefined;
  readonly entry: LogEntry | undefined;
  readonly timestamps: readonly Uint8Array[];
}

export const ANNOTATION = {
  signature: 'dev.cosignproject.cosign/signature',
  certificate: 'dev.sigstore.cosign/certificate',
  chain: 'dev.sigstore.cosign/chain',
  bundle: 'dev.sigstore.cosign/bundle',
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
} as const;

/** Errors: `SIGNATURE_ENCODING`, `CERT_PARSE`, `BUNDLE_PARSE`, `BUNDLE_SHAPE`, `TLOG_BODY_PARSE`, `TSA_PARSE`. */
export function looseParts(evidence: Evidence): LooseParts {
  const { annotations } = evidence;
  return { content: contentOf(evidence), certificate: certificateOf(annotations), entry: entryOf(annotations), timestamps: timestampsOf(annotations) };
}

function contentOf({ format, content, annotations, digest }: Evidence): BundleContent {
  if (format === 'envelope') return parseEnvelope(content);
  const text = annotations[ANNOTATION.signature];
  if (text === undefined) throw new TrustError('SIGNATURE_ENCODING', `signature layer ${digest} is missing "${ANNOTATION.signature}" annotation`);
  const signature = decodeBase64(text);
  if (signature === undefined || signature.length === 0) throw new TrustError('SIGNATURE_ENCODING', `signature layer ${digest}: the signature is not base64`);
  return { kind: 'payload', payload: content, signature };
}

function certificateOf(annotations: Evidence['annotations']): Uint8Array | undefined {
  const pem = annotations[ANNOTATION.certificate];
  if (pem === undefined || pem === '') return undefined;
  const [block] = parsePem(pem).blocks;
  if (block?.label !== 'CERTIFICATE') throw new TrustError('CERT_PARSE', `annotation ${ANNOTATION.certificate}: holds no PEM certificate`);
  return block.der;
}

function entryOf(annotations: Evidence['annotations']): LogEntry | undefined {
  const json = annotations[ANNOTATION.bundle];
  if (json === undefined || json === '' || json === 'null') return undefined;
  return parseRekorBundle(parseFields(json, { what: `annotation ${ANNOTATION.bundle}`, parse: 'BUNDLE_PARSE', shape: 'BUNDLE_SHAPE' }));
}

function timestampsOf(annotations: Evidence['annotations']): Uint8Array[] {
  const json = annotations[ANNOTATION.timestamp];
  if (json === undefined || json === '' || json === 'null') return [];
  return [parseFields(json, { what: `annotation ${ANNOTATION.timestamp}`, parse: 'TSA_PARSE', shape: 'TSA_PARSE' }).bytes('SignedRFC3161Timestamp')];
}
