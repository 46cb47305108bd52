/**
 * Signed certificate timestamps (RFC 6962 section 3.2).
 *
 *   SCT          version u8 = 0 | log id 32 | timestamp u64 ms | extensions u16+bytes | hash u8 = 4 | alg u8 (1 RSA, 3 ECDSA) | signature u16+bytes
 *   list         u16 total | per SCT u16 length + SCT; inside a certificate an OCTET STRING in the extension 11129.2.4.2
 *   signed text  00 | 00 | timestamp | entry type u16 | entry | extensions u16+bytes
 *   entry        type 0: u24 certificate;   type 1: issuer key hash 32 | u24 TBS without poison
 *
 * A static CT log puts its leaf index into the extensions: type 0, u16 length 5, 40-bit index.
 */
import { concat, uint } from '@assay/core';
import { octetString } from './der-write.ts';
import type { Extension } from './extension.ts';
import { sha256 } from './hash.ts';
import type { SigningKey } from './keys.ts';
import { OID } from './oids.ts';

export interface Sct {
  /** 0 is version 1. */
  readonly version: number;
  readonly logId: Uint8Array;
  readonly timestampMs: number;
  readonly extensions: Uint8Array;
  /** TLS HashAlgorithm, 4 is SHA-256. */
  readonly hashAlgorithm: number;
  /** TLS SignatureAlgorithm: 1 RSA, 3 ECDSA. */
  readonly signatureAlgorithm: number;
  readonly signature: Uint8Array;
}

export type CtEntry =
  | { readonly type: 'x509'; readonly certificate: Uint8Array }
  | { readonly type: 'precert'; readonly issuerKeyHash: Uint8Array; readonly tbs: Uint8Array };

/** The entry for a precertificate: `issuerSpki` is the key of the certificate that signs the leaf. */
export function precertEntry(issuerSpki: Uint8Array, tbs: Uint8Array): CtEntry {
  return { type: 'precert', issuerKeyHash: sha256(issuerSpki), tbs };
}

export interface SctFields {
  readonly timestampMs: number;
  readonly entry: CtEntry;
  readonly extensions?: Uint8Array;
}

/** The TimestampedEntry: what an SCT signs and what a Merkle leaf holds, after two bytes of their own. */
export function encodeTimestampedEntry({ timestampMs, entry, extensions = NONE }: SctFields): Uint8Array {
  const body = entry.type === 'x509' ? [uint(0, 2), withLength(entry.certificate, 3)] : [uint(1, 2), entry.issuerKeyHash, withLength(entry.tbs, 3)];
  return concat(uint(timestampMs, 8), ...body, withLength(extensions, 2));
}

/** version v1 ‖ signature_type certificate_timestamp ‖ TimestampedEntry. */
export function sctSignedText(fields: SctFields): Uint8Array {
  return concat(Uint8Array.of(0, 0), encodeTimestampedEntry(fields));
}

export function signSct(key: SigningKey, fields: SctFields): Sct {
  return {
    version: 0,
    logId: sha256(key.spki),
    timestampMs: fields.timestampMs,
    extensions: fields.extensions ?? NONE,
    hashAlgorithm: 4,
    signatureAlgorithm: key.isEcdsa ? 3 : 1,
    signature: key.sign(sctSignedText(fields), 'sha256'),
  };
}

/** hash, algorithm and signature: the DigitallySigned of TLS 1.2. */
export function encodeDigitallySigned(sct: Pick<Sct, 'hashAlgorithm' | 'signatureAlgorithm' | 'signature'>): Uint8Array {
  return concat(Uint8Array.of(sct.hashAlgorithm, sct.signatureAlgorithm), withLength(sct.signature, 2));
}

export function encodeSct(sct: Sct): Uint8Array {
  return concat(Uint8Array.of(sct.version), sct.logId, uint(sct.timestampMs, 8), withLength(sct.extensions, 2), encodeDigitallySigned(sct));
}

export function encodeSctList(scts: readonly Uint8Array[]): Uint8Array {
  return withLength(concat(...scts.map((sct) => withLength(sct, 2))), 2);
}

export function sctListExtension(scts: readonly Sct[]): Extension {
  return { oid: OID.sctList, critical: false, value: octetString(encodeSctList(scts.map(encodeSct))) };
}

/** c2sp.org/static-ct-api: the leaf_index extension. */
export function staticCtExtensions(leafIndex: number): Uint8Array {
  return concat(uint(0, 1), uint(5, 2), uint(leafIndex, 5));
}

/** A TLS vector: a big-endian length of `width` bytes, then the bytes. */
export function withLength(bytes: Uint8Array, width: number): Uint8Array {
  return concat(uint(bytes.length, width), bytes);
}

const NONE = new Uint8Array(0);
