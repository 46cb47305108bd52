/**
 * The bundle that cosign 2 writes beside a blob (`--bundle`), older than Sigstore bundles (cosign.md section 2.5).
 *
 *   { base64Signature, cert? = b64(PEM certificate or public key), rekorBundle? { SignedEntryTimestamp,
 *     Payload { body = b64, integratedTime, logIndex, logID = hex } } }
 *
 * There is no inclusion proof: the log's promise (SET) stands for it, as in bundle version 0.1. For attestations
 * `base64Signature` holds the whole DSSE envelope.
 */
import { decodeBase64 } from './base64.ts';
import type { Bundle, BundleContent, LogEntry, VerificationMaterial } from './bundle.ts';
import { decodeUtf8 } from './bytes.ts';
import { TrustError } from './errors.ts';
import { type Fields, parseFields } from './fields.ts';

export interface LegacyBundle {
  readonly signature: Uint8Array;
  /** PEM of the certificate or public key, when the bundle carries one. */
  readonly certificatePem: string | undefined;
  readonly entry: LogEntry | undefined;
}

/** Errors: `BUNDLE_PARSE`, `BUNDLE_SHAPE`, `TLOG_BODY_PARSE`. */
export function parseLegacyBundle(input: Uint8Array): LegacyBundle {
  const fields = parseFields(input, { what: 'bundle', parse: 'BUNDLE_PARSE', shape: 'BUNDLE_SHAPE' });
  const certificate = fields.optionalBytes('cert');
  const rekor = fields.optionalObject('rekorBundle');
  return {
    signature: fields.bytes('base64Signature'),
    certificatePem: certificate === undefined || certificate.length === 0 ? undefined : (decodeUtf8(certificate) ?? fields.refuse('cert', 'is not PEM text')),
    entry: rekor === undefined ? undefined : parseRekorBundle(rekor),
  };
}

/** The `rekorBundle` member, also found in image annotations. */
export function parseRekorBundle(rekor: Fields): LogEntry {
  const payload = rekor.object('Payload');
  return logEntryOf({
    body: payload.bytes('body'),
    integratedTime: payload.int64('integratedTime'),
    logIndex: payload.int64('logIndex'),
    logId: payload.hexBytes('logID'),
    signedEntryTimestamp: rekor.bytes('SignedEntryTimestamp'),
    inclusionProof: undefined,
  });
}

/** An entry as logs state it outside bundles: kind and version stand in the body only. Errors: `TLOG_BODY_PARSE`. */
export function logEntryOf(entry: Omit<LogEntry, 'kind' | 'version'>): LogEntry {
  const body = parseFields(entry.body, { what: 'log entry body', parse: 'TLOG_BODY_PARSE', shape: 'TLOG_BODY_PARSE' });
  return { ...entry, kind: body.string('kind'), version: body.string('apiVersion') };
}

export interface LooseEvidence {
  readonly content: BundleContent;
  readonly material: VerificationMaterial;
  readonly entries: readonly LogEntry[];
  readonly timestamps: readonly Uint8Array[];
}

/** Evidence gathered from loose files, as the bundle that the one verification path takes. It is judged by version 0.1: a promise suffices. */
export function bundleOf(evidence: LooseEvidence): Bundle {
  return { mediaType: '', version: '0.1', ...evidence };
}

/** Signature files hold base64 text or the raw bytes; text that is not strict base64 is taken as raw (cosign.md, verify-blob). */
export function parseSignatureFile(content: Uint8Array): Uint8Array {
  if (content.length === 0) throw new TrustError('SIGNATURE_ENCODING', 'the signature is empty');
  const text = decodeUtf8(content)?.trim();
  const decoded = text === undefined || text === '' ? undefined : decodeBase64(text);
  return decoded ?? content;
}
