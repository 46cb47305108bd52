/**
 * RFC 3161 timestamps, as a Sigstore authority makes them (services.md section 9).
 *
 *   TimeStampResp  SEQUENCE { SEQUENCE { status INTEGER }, ContentInfo }
 *   ContentInfo    SEQUENCE { signedData, [0] SEQUENCE { 3, SET { hash }, eContent, [0] certificates?, SET { SignerInfo } } }
 *   TSTInfo        SEQUENCE { 1, policy, SEQUENCE { hash, digest }, serial, genTime, accuracy?, nonce?, [0] tsa? }
 *   SignerInfo     SEQUENCE { 1, SEQUENCE { issuer, serial }, hash, [0] attributes, algorithm, OCTET STRING signature }
 *
 * The attributes are signed as a SET (tag 31), although they are stored under the tag A0 (RFC 5652 section 5.4).
 * `issueTimestamp` puts the pieces together; each piece is exported, so that tests can put them together wrongly.
 */
import { contextConstructed, encodeDer, type HashName } from '@assay/core';
import { randomSerial, readCertificateNames } from './certificate.ts';
import { generalizedTime, integer, octetString, oid, sequence, setOf, sortEncodings, utcTime, utf8String } from './der-write.ts';
import { digest } from './hash.ts';
import { hashAlgorithm, type SigningKey, signatureAlgorithm } from './keys.ts';
import { OID } from './oids.ts';

export interface TstFields {
  /** Hash of what is timestamped: in bundles, of the signature bytes. */
  readonly imprint: { readonly algorithm: Uint8Array; readonly digest: Uint8Array };
  readonly genTime: Date;
  readonly policy?: string;
  /** Random when absent. */
  readonly serial?: Uint8Array;
  /** Echo of the request's, unsigned big-endian. */
  readonly nonce?: Uint8Array;
  /** Name DER of the authority. */
  readonly authority?: Uint8Array;
}

/** The imprint of `data`. SHA-1 is refused by verifiers and exists for their tests. */
export function imprintOf(data: Uint8Array, hash: HashName | 'sha1' = 'sha256'): TstFields['imprint'] {
  return { algorithm: hashAlgorithm(hash), digest: digest(hash, data) };
}

const ACCURACY_SECONDS = 1;

export function encodeTstInfo(fields: TstFields): Uint8Array {
  const parts = [
    integer(1),
    oid(fields.policy ?? OID.sigstoreTimestampPolicy),
    sequence(fields.imprint.algorithm, octetString(fields.imprint.digest)),
    integer(fields.serial ?? randomSerial()),
    generalizedTime(fields.genTime),
    sequence(integer(ACCURACY_SECONDS)),
  ];
  // `ordering` FALSE is the default, so DER leaves it out.
  if (fields.nonce !== undefined) parts.push(integer(fields.nonce));
  if (fields.authority !== undefined) parts.push(encodeDer(contextConstructed(0), encodeDer(contextConstructed(4), fields.authority)));
  return sequence(...parts);
}

export interface TimestampSigner {
  readonly key: SigningKey;
  /** The leaf, DER. */
  readonly certificate: Uint8Array;
  /** Of the message digest and of the signature; SHA-256 also for P-384 keys, as the public authority does. */
  readonly hash?: HashName;
}

export interface Attribute {
  readonly oid: string;
  readonly value: Uint8Array;
}

/** contentType, signingTime, messageDigest, signingCertificateV2. */
export function signedAttributes(tstInfo: Uint8Array, signer: TimestampSigner, signingTime: Date): Attribute[] {
  return [
    { oid: OID.contentType, value: oid(OID.tstInfo) },
    { oid: OID.signingTime, value: utcTime(signingTime) },
    { oid: OID.messageDigest, value: octetString(digest(signer.hash ?? 'sha256', tstInfo)) },
    { oid: OID.signingCertificateV2, value: signingCertificateV2(signer.certificate) },
  ];
}

/** RFC 5035: binds the signature to one certificate. SHA-256 is the default hash and so is not written. */
export function signingCertificateV2(certificate: Uint8Array): Uint8Array {
  const { issuer, serial } = readCertificateNames(certificate);
  const issuerSerial = sequence(sequence(encodeDer(contextConstructed(4), issuer)), integer(serial));
  return sequence(sequence(sequence(octetString(digest('sha256', certificate)), issuerSerial)));
}

/** RFC 2634: the same with SHA-1, still produced by old authorities. */
export function signingCertificateV1(certificate: Uint8Array): Uint8Array {
  return sequence(sequence(sequence(octetString(digest('sha1', certificate)))));
}

export function encodeSignerInfo(signer: TimestampSigner, attributes: readonly Attribute[]): Uint8Array {
  const { key, certificate, hash = 'sha256' } = signer;
  const { issuer, serial } = readCertificateNames(certificate);
  const encoded = sortEncodings(attributes.map((attribute) => sequence(oid(attribute.oid), setOf(attribute.value))));
  const signature = key.sign(setOf(...encoded), hash);
  return sequence(
    integer(1),
    sequence(issuer, integer(serial)),
    hashAlgorithm(hash),
    encodeDer(contextConstructed(0), ...encoded),
    signatureAlgorithm(key, hash),
    octetString(signature),
  );
}

export interface TokenParts {
  readonly tstInfo: Uint8Array;
  readonly signerInfos: readonly Uint8Array[];
  /** Empty unless the request asked for them. */
  readonly certificates?: readonly Uint8Array[];
  readonly hash?: HashName;
  /** `id-ct-TSTInfo` unless a test wants another. */
  readonly contentType?: string;
}

export function encodeToken({ tstInfo, signerInfos, certificates = [], hash = 'sha256', contentType = OID.tstInfo }: TokenParts): Uint8Array {
  const signedData = sequence(
    integer(3),
    setOf(hashAlgorithm(hash)),
    sequence(oid(contentType), encodeDer(contextConstructed(0), octetString(tstInfo))),
    ...(certificates.length === 0 ? [] : [encodeDer(contextConstructed(0), ...sortEncodings(certificates))]),
    setOf(...signerInfos),
  );
  return sequence(oid(OID.signedData), encodeDer(contextConstructed(0), signedData));
}

/** A granted response. */
export function encodeTimestampResponse(token: Uint8Array): Uint8Array {
  return sequence(sequence(integer(0)), token);
}

/** A refusal: status 2 and a sentence (RFC 3161 section 2.4.2). */
export function encodeTimestampRefusal(reason: string): Uint8Array {
  return sequence(sequence(integer(2), sequence(utf8String(reason))));
}

export interface IssueTimestampOptions extends Omit<TstFields, 'authority'> {
  readonly signer: TimestampSigner;
  /** Embeds the signer's certificate, as a request with `certReq` wants. */
  readonly embedCertificate?: boolean;
}

/** A complete TimeStampResp. One signature. */
export function issueTimestamp({ signer, embedCertificate = false, ...fields }: IssueTimestampOptions): Uint8Array {
  const tstInfo = encodeTstInfo({ ...fields, authority: readCertificateNames(signer.certificate).subject });
  const signerInfo = encodeSignerInfo(signer, signedAttributes(tstInfo, signer, fields.genTime));
  const certificates = embedCertificate ? [signer.certificate] : [];
  return encodeTimestampResponse(encodeToken({ tstInfo, signerInfos: [signerInfo], certificates, hash: signer.hash ?? 'sha256' }));
}
