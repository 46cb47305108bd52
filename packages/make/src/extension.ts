/**
 * X.509 v3 extensions (RFC 5280 section 4.2): `SEQUENCE { extnID, critical DEFAULT FALSE, extnValue OCTET STRING }`.
 *
 * Extensions are values, listed in the order in which they are written, so that a caller can change a profile before it
 * is signed.
 */
import { context, contextConstructed, encodeDer, utf8 } from '@assay/core';
import { boolean, integer, namedBits, nullValue, octetString, oid, sequence, utf8String } from './der-write.ts';
import { OID } from './oids.ts';

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** What the OCTET STRING holds; DER for all but the old Fulcio extensions. */
  readonly value: Uint8Array;
}

export function encodeExtension({ oid: id, critical, value }: Extension): Uint8Array {
  return critical ? sequence(oid(id), boolean(true), octetString(value)) : sequence(oid(id), octetString(value));
}

/** Bit numbers of RFC 5280 section 4.2.1.3. */
export const KEY_USAGE = { digitalSignature: 0, keyCertSign: 5, crlSign: 6 } as const;

export function keyUsage(...uses: readonly (keyof typeof KEY_USAGE)[]): Extension {
  return { oid: OID.keyUsage, critical: true, value: namedBits(...uses.map((use) => KEY_USAGE[use])) };
}

export function extendedKeyUsage(purposes: readonly string[], { critical = false }: { critical?: boolean } = {}): Extension {
  return { oid: OID.extendedKeyUsage, critical, value: sequence(...purposes.map(oid)) };
}

export function basicConstraints({ ca, pathLength }: { ca: boolean; pathLength?: number | undefined }): Extension {
  const parts = [...(ca ? [boolean(true)] : []), ...(pathLength === undefined ? [] : [integer(pathLength)])];
  return { oid: OID.basicConstraints, critical: true, value: sequence(...parts) };
}

export function subjectKeyIdentifier(keyId: Uint8Array): Extension {
  return { oid: OID.subjectKeyIdentifier, critical: false, value: octetString(keyId) };
}

export function authorityKeyIdentifier(keyId: Uint8Array): Extension {
  return { oid: OID.authorityKeyIdentifier, critical: false, value: sequence(encodeDer(context(0), keyId)) };
}

/** Who signed: `username` is Fulcio's otherName (services.md section 3). */
export interface SubjectName {
  readonly type: 'email' | 'uri' | 'username';
  readonly value: string;
}

/** Critical, because the subject of a signing certificate is empty (RFC 5280 section 4.2.1.6). */
export function subjectAltName(names: readonly SubjectName[], { critical = true }: { critical?: boolean } = {}): Extension {
  return { oid: OID.subjectAltName, critical, value: sequence(...names.map(encodeGeneralName)) };
}

function encodeGeneralName({ type, value }: SubjectName): Uint8Array {
  switch (type) {
    case 'email':
      return encodeDer(context(1), utf8(value));
    case 'uri':
      return encodeDer(context(6), utf8(value));
    case 'username':
      return encodeDer(contextConstructed(0), oid(OID.fulcioOtherName), encodeDer(contextConstructed(0), utf8String(value)));
  }
}

/** Permits only names below `dnsName`: for tests of verifiers that do not know name constraints. */
export function nameConstraints(dnsName: string): Extension {
  const subtree = sequence(encodeDer(context(2), utf8(dnsName)));
  return { oid: OID.nameConstraints, critical: true, value: sequence(encodeDer(contextConstructed(0), subtree)) };
}

/** RFC 6962 section 3.1: makes a precertificate useless as a certificate. */
export function precertificatePoison(): Extension {
  return { oid: OID.precertificatePoison, critical: true, value: nullValue() };
}
