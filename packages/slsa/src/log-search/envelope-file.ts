/**
 * The file that generators before 2.1.0 wrote: a bare DSSE envelope, on one line, without any proof that it was logged (slsa.md section 1.4).
 *
 *   { payloadType, payload = b64, signatures [{ sig = b64, keyid?, cert? = PEM }] }
 *
 * `cert` is no part of DSSE. The log committed to the text of the file: to every byte of it, a final newline included.
 */
import { type DsseEnvelope, parseFields, parsePem, TrustError } from '@assay/core';

export type EnvelopeFile = CertifiedEnvelope | UncertifiedEnvelope;

/** One signature, and the certificate beside it: the log is asked for the entry that signing this would have proposed. */
export interface CertifiedEnvelope extends SignedFile {
  readonly lookup: 'entry';
  /** As it stands in the file. */
  readonly pem: string;
  /** DER. */
  readonly certificate: Uint8Array;
}

/** Only the log knows who signed: its index is asked for the digest of the artifact. */
export interface UncertifiedEnvelope extends SignedFile {
  readonly lookup: 'index';
}

interface SignedFile {
  /** The whole file. */
  readonly bytes: Uint8Array;
  /** At least one; the envelope with each of its signatures alone. */
  readonly envelopes: readonly DsseEnvelope[];
}

/** Errors: `SLSA_FORM`. */
export function parseEnvelopeFile(bytes: Uint8Array): EnvelopeFile {
  if (bytes.length > MAX_ENVELOPE_BYTES) throw new TrustError('SLSA_FORM', `envelope: ${bytes.length} bytes, the cap is ${MAX_ENVELOPE_BYTES}`);
  const fields = parseFields(bytes, { what: 'envelope', parse: 'SLSA_FORM', shape: 'SLSA_FORM' });
  const signatures = fields.objects('signatures', MAX_SIGNATURES);
  if (signatures.length === 0) fields.missing('signatures');
  const payload = fields.nonEmptyBytes('payload');
  const payloadType = fields.string('payloadType');
  const envelopes = signatures.map((one): DsseEnvelope => {
    return { kind: 'dsse', payload, payloadType, signature: one.nonEmptyBytes('sig'), keyid: one.optionalString('keyid') ?? '', stored: bytes };
  });
  const [only, ...others] = signatures;
  const pem = only?.optionalString('cert') ?? '';
  if (only === undefined || others.length > 0 || pem === '') return { lookup: 'index', bytes, envelopes };
  return { lookup: 'entry', bytes, envelopes, pem, certificate: onlyCertificate(pem) ?? only.refuse('cert', 'expected one PEM block CERTIFICATE') };
}

/** The bytes of the one certificate in a PEM text that holds nothing else. */
export function onlyCertificate(pem: string): Uint8Array | undefined {
  const { blocks, malformed } = parsePem(pem);
  const [block, ...others] = blocks;
  return block?.label === 'CERTIFICATE' && others.length === 0 && !malformed ? block.der : undefined;
}

/** What a log takes at most. */
const MAX_ENVELOPE_BYTES = 32 * 1024 * 1024;
const MAX_SIGNATURES = 32;
