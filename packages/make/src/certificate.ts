/**
 * X.509 certificates (RFC 5280).
 *
 *   Certificate  SEQUENCE { TBSCertificate, AlgorithmIdentifier, BIT STRING signature }
 *   TBS          SEQUENCE { [0] version 2, serial, AlgorithmIdentifier, issuer, validity, subject, SPKI, [3] extensions }
 *
 * We write the DER ourselves and not with a certificate library: the precertificate flow needs the TBS byte for byte with
 * and without one extension, and the stack makes more than 150 certificates a second on one core.
 *
 * A certificate is `CertificateFields` until it is signed: change the fields, then sign.
 */
import { randomBytes } from 'node:crypto';
import { contextConstructed, Der, encodeDer, type HashName } from '@assay/core';
import { bitString, integer, oid, sequence, setOf, time, utf8String } from './der-write.ts';
import { type Extension, encodeExtension } from './extension.ts';
import { digest } from './hash.ts';
import { type SigningKey, signatureAlgorithm } from './keys.ts';
import { OID } from './oids.ts';

export interface CertificateFields {
  /** Big-endian, unsigned. */
  readonly serial: Uint8Array;
  /** Name DER, see `encodeName`. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: Uint8Array;
  readonly extensions: readonly Extension[];
}

export interface CertificateSigner {
  readonly key: SigningKey;
  /** The key's own hash when absent. ECDSA certificates with another hash than the curve's exist. */
  readonly hash?: HashName;
}

/** The bytes that the issuer signs. */
export function encodeTbs(fields: CertificateFields, { key, hash }: CertificateSigner): Uint8Array {
  return sequence(
    encodeDer(contextConstructed(0), integer(2)),
    integer(fields.serial),
    signatureAlgorithm(key, hash),
    fields.issuer,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    fields.spki,
    encodeDer(contextConstructed(3), sequence(...fields.extensions.map(encodeExtension))),
  );
}

/** The certificate, DER. One signature. */
export function signCertificate(fields: CertificateFields, signer: CertificateSigner): Uint8Array {
  const tbs = encodeTbs(fields, signer);
  return sequence(tbs, signatureAlgorithm(signer.key, signer.hash), bitString(signer.key.sign(tbs, signer.hash)));
}

export interface NameParts {
  readonly organization?: string | undefined;
  readonly commonName?: string | undefined;
}

/** A distinguished name; without parts the empty one of signing certificates. */
export function encodeName({ organization, commonName }: NameParts = {}): Uint8Array {
  const attributes: Uint8Array[] = [];
  if (organization !== undefined) attributes.push(setOf(sequence(oid(OID.organization), utf8String(organization))));
  if (commonName !== undefined) attributes.push(setOf(sequence(oid(OID.commonName), utf8String(commonName))));
  return sequence(...attributes);
}

/** A random positive serial number of 160 bits at most (RFC 5280 section 4.1.2.2). */
export function randomSerial(): Uint8Array {
  const serial = new Uint8Array(randomBytes(20));
  // The leading bit is clear so that 20 bytes suffice, the next is set so that the length never varies.
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40;
  return serial;
}

/** RFC 5280 section 4.2.1.2 method 1: SHA-1 over the public key bits. An identifier, not a protection. */
export function keyIdentifier(spki: Uint8Array): Uint8Array {
  const [, key] = Der.parse(spki).children();
  if (key === undefined) throw new TypeError('not a SubjectPublicKeyInfo');
  return digest('sha1', key.bitStringBytes('public key'));
}

/** What a timestamp names its signer by. */
export interface CertificateNames {
  readonly serial: Uint8Array;
  /** Name DER. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
}

export function readCertificateNames(certificate: Uint8Array): CertificateNames {
  const tbs = Der.parse(certificate).sequence('certificate').next('TBSCertificate').sequence('TBSCertificate');
  tbs.optional(contextConstructed(0));
  const serial = tbs.next('serial').integerBytes('serial');
  tbs.next('signature');
  const issuer = tbs.next('issuer').raw;
  tbs.next('validity');
  return { serial, issuer, subject: tbs.next('subject').raw };
}
