/** Timestamps, and which times count (verification.md sections 5 and 9). */
import { Der, encodeBase64, utf8 } from '@assay/core';
import {
  type Attribute,
  basicConstraints,
  type CertificateFields,
  encodeSignerInfo,
  encodeTimestampRefusal,
  extendedKeyUsage,
  generateKey,
  hashAlgorithm,
  imprintOf,
  integer,
  issueTimestamp,
  type LogEntry,
  OID,
  octetString,
  oid,
  readCertificateNames,
  sequence,
  sha256,
  signCertificate,
  signedAttributes,
  signingCertificateV1,
  signingCertificateV2,
  timestampingLeafFields,
} from '@assay/make';
import { append, flip } from '../byte-edit.ts';
import { DEFAULT_IDENTITY } from '../claims.ts';
import { createInstance, DEFAULT_NOW, type Instance, type InstanceOptions } from '../instance.ts';
import { change, put } from '../json-edit.ts';
import type { Alterations, TimestampAlterations } from '../sample.ts';
import { ARTIFACT, type Base, BOTH_TIMES, type DefectRow, REKOR_V2 } from './defect.ts';

const minutes = (count: number): Date => new Date(DEFAULT_NOW.getTime() + count * 60_000);
/** The certificate lives from -60 to -50 minutes. */
const DURING = minutes(-59);
const BEFORE = minutes(-75);
const AFTER = minutes(-30);

const EMBEDDED: Base = { sign: { log: 'v2', embedTsaCertificate: true } };

type Row = Omit<DefectRow, 'section'> & { readonly section?: number; readonly timestamp?: TimestampAlterations };

/** Rows about a token; it gives the only time, unless the row says otherwise. */
function tokenRows(rows: readonly Row[]): DefectRow[] {
  return rows.map(({ timestamp, ...row }) => ({ base: REKOR_V2, section: 9, ...(timestamp !== undefined && { alter: { timestamp } }), ...row }));
}

const response = (by: (der: Uint8Array) => Uint8Array): TimestampAlterations => ({ response: by });
const attributes = (by: NonNullable<TimestampAlterations['attributes']>): TimestampAlterations => ({ attributes: by });
const without = (type: string): TimestampAlterations => attributes((list) => list.filter((attribute) => attribute.oid !== type));
const replaced = (
  type: string,
  by: (attribute: Attribute, signer: Parameters<NonNullable<TimestampAlterations['attributes']>>[1]) => Uint8Array,
): TimestampAlterations =>
  attributes((list, signer) => list.map((attribute) => (attribute.oid === type ? { ...attribute, value: by(attribute, signer) } : attribute)));

const parse = tokenRows([
  { name: 'tsa-refused', code: 'TSA_STATUS', says: 'The stored response is a refusal.', timestamp: response(() => encodeTimestampRefusal('no')) },
  {
    name: 'tsa-refused-with-token',
    code: 'TSA_STATUS',
    says: 'The status is "rejection", though a good token follows.',
    timestamp: response((der) => sequence(sequence(integer(2)), tokenOf(der))),
  },
  {
    name: 'tsa-granted-without-token',
    code: 'TSA_PARSE',
    says: 'The status is "granted", and no token follows.',
    timestamp: response(() => sequence(sequence(integer(0)))),
  },
  { name: 'tsa-garbage', code: 'TSA_PARSE', says: 'The response is not DER.', timestamp: response(() => utf8('timestamp')) },
  { name: 'tsa-truncated', code: 'TSA_PARSE', says: 'The response is cut short.', timestamp: response((der) => der.subarray(0, der.length - 5)) },
  { name: 'tsa-trailing-bytes', code: 'TSA_PARSE', says: 'Bytes follow the response.', timestamp: response((der) => append(der, 5, 0)) },
  { name: 'tsa-bare-token', code: 'TSA_PARSE', says: 'The token stands alone, without the response around it.', timestamp: response(tokenOf) },
  {
    name: 'tsa-other-content-type',
    code: 'TSA_PARSE',
    says: 'The signed content is not a TSTInfo: a signature made for another purpose.',
    timestamp: { token: (parts) => ({ ...parts, contentType: '1.2.840.113549.1.7.1' }) },
  },
  { name: 'tsa-tst-garbage', code: 'TSA_PARSE', says: 'The signed content says TSTInfo and is not.', timestamp: resigned(() => sequence(integer(1))) },
  { name: 'tsa-tst-version-2', code: 'TSA_PARSE', says: 'The TSTInfo is of version 2.', timestamp: resigned((tst) => replaceFirst(tst, integer(2))) },
  {
    name: 'tsa-two-signers',
    code: 'TSA_PARSE',
    says: 'Two signers: which one counts differs between verifiers.',
    timestamp: { token: (parts) => ({ ...parts, signerInfos: [parts.signerInfos[0] as Uint8Array, flip(parts.signerInfos[0] as Uint8Array)] }) },
  },
  { name: 'tsa-no-signer', code: 'TSA_PARSE', says: 'Nobody signed the token.', timestamp: { token: (parts) => ({ ...parts, signerInfos: [] }) } },
]);

/** Signs a changed TSTInfo with correct attributes. */
function resigned(by: (tst: Uint8Array) => Uint8Array): TimestampAlterations {
  return {
    token: (parts, signer) => {
      const tstInfo = by(parts.tstInfo);
      return { ...parts, tstInfo, signerInfos: [encodeSignerInfo(signer, signedAttributes(tstInfo, signer, DURING))] };
    },
  };
}

function tokenOf(der: Uint8Array): Uint8Array {
  return Der.parse(der).children()[1]?.raw as Uint8Array;
}

function replaceFirst(der: Uint8Array, first: Uint8Array): Uint8Array {
  const [, ...rest] = Der.parse(der).children();
  return sequence(first, ...rest.map((value) => value.raw));
}

const imprints = tokenRows([
  {
    name: 'tsa-other-signature',
    code: 'TSA_IMPRINT',
    says: 'A genuine timestamp of another signature, to give a late signing an early time.',
    timestamp: { data: (signature) => flip(signature) },
  },
  { name: 'tsa-over-artifact', code: 'TSA_IMPRINT', says: 'The artifact was timestamped, not the signature.', timestamp: { data: () => ARTIFACT } },
  {
    name: 'tsa-sha1-imprint',
    code: 'TSA_IMPRINT',
    says: 'The imprint is SHA-1, for which collisions can be made.',
    timestamp: { tst: (fields, signature) => ({ ...fields, imprint: imprintOf(signature, 'sha1') }) },
  },
  {
    name: 'tsa-short-imprint',
    code: 'TSA_IMPRINT',
    says: 'The imprint is the first 20 bytes of the hash.',
    timestamp: { tst: (fields) => ({ ...fields, imprint: { ...fields.imprint, digest: fields.imprint.digest.subarray(0, 20) } }) },
  },
  {
    name: 'tsa-imprint-algorithm',
    code: 'TSA_IMPRINT',
    says: 'The imprint is the SHA-256 hash under the name of SHA-512.',
    timestamp: { tst: (fields) => ({ ...fields, imprint: { ...fields.imprint, algorithm: hashAlgorithm('sha512') } }) },
  },
]);

const signers = tokenRows([
  {
    name: 'tsa-untrusted',
    code: 'TSA_UNTRUSTED',
    says: 'A genuine authority made the token, but not one of the trusted root.',
    timestamp: { signer: foreignSigner },
  },
  {
    name: 'tsa-untrusted-embedded',
    code: 'TSA_UNTRUSTED',
    says: 'The token brings the certificate of its untrusted authority along.',
    base: EMBEDDED,
    timestamp: { signer: foreignSigner },
  },
  {
    name: 'tsa-not-in-root',
    code: 'TSA_UNTRUSTED',
    says: 'The trusted root lists another authority.',
    alter: { trustedRoot: change('timestampAuthorities', () => createInstance().trustedRoot().timestampAuthorities) },
  },
  {
    name: 'tsa-impostor',
    code: 'TSA_UNTRUSTED',
    says: 'The embedded certificate has issuer and serial of the trusted one, and another key.',
    base: EMBEDDED,
    alter: impostor,
  },
  { name: 'tsa-signature-flipped', code: 'TSA_SIGNATURE', says: 'One bit of the token signature is wrong.', timestamp: { signerInfo: (der) => flip(der) } },
  {
    name: 'tsa-other-key',
    code: 'TSA_SIGNATURE',
    says: 'Another key signed in the name of the trusted certificate.',
    timestamp: { signer: (real) => ({ ...real, key: generateKey('p256') }) },
  },
  { name: 'tsa-attributes-changed', code: 'TSA_SIGNATURE', says: 'signingTime was changed after signing.', timestamp: { signerInfo: changeSigningTime } },
]);

function foreignSigner(): Instance['tsaSigner'] {
  return createInstance().tsaSigner;
}

function impostor({ tsaSigner, tsaIssuer }: Instance): Alterations {
  const key = generateKey('p256');
  const { serial } = readCertificateNames(tsaSigner.certificate);
  const fields = timestampingLeafFields(tsaIssuer, {
    name: { commonName: 'testkit timestamp authority', organization: 'testkit.example' },
    key,
    notBefore: minutes(-600),
    notAfter: minutes(600),
    serial,
  });
  return { timestamp: { signer: () => ({ key, certificate: signCertificate(fields, { key }) }) } };
}

/** UTCTime content lies in the clear: one digit of the minute changes. Looked for behind its OID: two bytes alone may also be part of a random serial. */
function changeSigningTime(der: Uint8Array): Uint8Array {
  const attribute = Buffer.from([0x01, 0x09, 0x05, 0x31, 0x0f, 0x17, 0x0d]); // … pkcs-9 5, SET, UTCTime of 13 bytes
  return flip(der, Buffer.from(der).indexOf(attribute) + attribute.length + 9);
}

const attributeRows = tokenRows([
  { name: 'tsa-without-content-type', code: 'TSA_ATTRIBUTES', says: 'The contentType attribute is missing.', timestamp: without(OID.contentType) },
  {
    name: 'tsa-without-message-digest',
    code: 'TSA_ATTRIBUTES',
    says: 'The messageDigest attribute is missing: the signature covers no TSTInfo.',
    timestamp: without(OID.messageDigest),
  },
  {
    name: 'tsa-without-signing-certificate',
    code: 'TSA_ATTRIBUTES',
    says: 'The signingCertificate attribute is missing.',
    timestamp: without(OID.signingCertificateV2),
  },
  {
    name: 'tsa-other-message-digest',
    code: 'TSA_ATTRIBUTES',
    says: 'The messageDigest is that of another TSTInfo.',
    timestamp: replaced(OID.messageDigest, () => octetString(sha256(utf8('x')))),
  },
  {
    name: 'tsa-tst-changed',
    code: 'TSA_ATTRIBUTES',
    says: 'genTime was moved after signing.',
    timestamp: { token: (parts) => ({ ...parts, tstInfo: changeGenTime(parts.tstInfo) }) },
  },
  {
    name: 'tsa-other-content-type-attribute',
    code: 'TSA_ATTRIBUTES',
    says: 'The contentType attribute names another type than the content has.',
    timestamp: replaced(OID.contentType, () => oid('1.2.840.113549.1.7.1')),
  },
  {
    name: 'tsa-other-certificate-hash',
    code: 'TSA_ATTRIBUTES',
    says: 'signingCertificateV2 names another certificate.',
    timestamp: replaced(OID.signingCertificateV2, () => signingCertificateV2(createInstance().tsaSigner.certificate)),
  },
  {
    name: 'tsa-other-issuer-serial',
    code: 'TSA_ATTRIBUTES',
    says: 'The hash in signingCertificateV2 is right, issuer and serial are those of another certificate.',
    timestamp: replaced(OID.signingCertificateV2, (_, signer) => mixedCertificateId(signer.certificate)),
  },
  {
    name: 'tsa-other-certificate-hash-sha1',
    code: 'TSA_ATTRIBUTES',
    says: 'The older signingCertificate names another certificate.',
    timestamp: attributes((list) => [
      ...list.filter((attribute) => attribute.oid !== OID.signingCertificateV2),
      { oid: OID.signingCertificate, value: signingCertificateV1(createInstance().tsaSigner.certificate) },
    ]),
  },
]);

/** GeneralizedTime lies in the clear: one digit of the seconds changes. */
function changeGenTime(tst: Uint8Array): Uint8Array {
  const at = Buffer.from(tst).lastIndexOf(Buffer.from([0x18, 0x0f]));
  return flip(tst, at + 2 + 13);
}

function mixedCertificateId(certificate: Uint8Array): Uint8Array {
  const other = Der.parse(signingCertificateV2(createInstance().tsaSigner.certificate)).children()[0]?.children()[0]?.children()[1]?.raw as Uint8Array;
  return sequence(sequence(sequence(octetString(sha256(certificate)), other)));
}

const leaf = (by: (fields: CertificateFields) => CertificateFields): InstanceOptions => ({ alter: { tsaLeaf: by } });
const leafPurposes = (extension: ReturnType<typeof extendedKeyUsage> | undefined): InstanceOptions => ({
  alter: { tsaLeaf: (fields) => ({ ...fields, extensions: fields.extensions.flatMap((one) => (one.oid === OID.extendedKeyUsage ? (extension ?? []) : one)) }) },
});

const chains = tokenRows([
  {
    name: 'tsa-leaf-expired',
    code: 'TSA_CHAIN',
    says: 'The authority signed after its certificate had expired.',
    instance: leaf((fields) => ({ ...fields, notAfter: minutes(-70) })),
  },
  {
    name: 'tsa-leaf-not-yet',
    code: 'TSA_CHAIN',
    says: 'The authority signed before its certificate began.',
    instance: leaf((fields) => ({ ...fields, notBefore: minutes(-10) })),
  },
  {
    name: 'tsa-intermediate-expired',
    code: 'TSA_CHAIN',
    says: 'The intermediate had expired at genTime.',
    instance: { alter: { tsaIntermediate: (fields) => ({ ...fields, notAfter: minutes(-70) }) } },
  },
  {
    name: 'tsa-root-expired',
    code: 'TSA_CHAIN',
    says: 'The anchor had expired at genTime.',
    instance: { alter: { tsaRoot: (fields) => ({ ...fields, notAfter: minutes(-70) }) } },
  },
  { name: 'tsa-leaf-without-purpose', code: 'TSA_CHAIN', says: 'The certificate has no extended key usage.', instance: leafPurposes(undefined) },
  {
    name: 'tsa-leaf-purpose-not-critical',
    code: 'TSA_CHAIN',
    says: 'The timeStamping purpose is not critical.',
    instance: leafPurposes(extendedKeyUsage([OID.timeStamping])),
  },
  {
    name: 'tsa-leaf-two-purposes',
    code: 'TSA_CHAIN',
    says: 'The certificate may also sign code.',
    instance: leafPurposes(extendedKeyUsage([OID.timeStamping, OID.codeSigning], { critical: true })),
  },
  {
    name: 'tsa-leaf-other-purpose',
    code: 'TSA_CHAIN',
    says: 'The certificate was made for code signing.',
    instance: leafPurposes(extendedKeyUsage([OID.codeSigning], { critical: true })),
  },
  {
    name: 'tsa-leaf-is-ca',
    code: 'TSA_CHAIN',
    says: 'The signing certificate is an authority.',
    base: { sign: { log: 'v2' }, instance: { tsaChain: 2 } },
    instance: leaf((fields) => ({ ...fields, extensions: [...fields.extensions, basicConstraints({ ca: true })] })),
  },
  {
    name: 'tsa-intermediate-other-purpose',
    code: 'TSA_CHAIN',
    says: 'The intermediate may only issue for code signing.',
    instance: {
      alter: {
        tsaIntermediate: (fields) => ({
          ...fields,
          extensions: fields.extensions.map((one) => (one.oid === OID.extendedKeyUsage ? extendedKeyUsage([OID.codeSigning]) : one)),
        }),
      },
    },
  },
  {
    name: 'tsa-intermediate-not-ca',
    code: 'TSA_CHAIN',
    says: 'The intermediate is no authority.',
    instance: {
      alter: {
        tsaIntermediate: (fields) => ({
          ...fields,
          extensions: fields.extensions.map((one) => (one.oid === OID.basicConstraints ? basicConstraints({ ca: false }) : one)),
        }),
      },
    },
  },
  { name: 'tsa-forged-leaf', code: 'TSA_CHAIN', says: 'The certificate in the root is not signed by its issuer.', alter: { trustedRoot: forgedLeaf } },
]);

/** Damages the signature of the leaf in the trusted root; the signature bytes are the last. */
function forgedLeaf(root: unknown): unknown {
  return change<string>('timestampAuthorities.0.certChain.certificates.1.rawBytes', (base64) => encodeBase64(flip(Buffer.from(base64, 'base64'))))(root);
}

/** A second token over the same signature, one second later. */
function stampedAgain({ tsaSigner }: Instance): Alterations {
  let signed: Uint8Array;
  const again = (): Uint8Array => issueTimestamp({ signer: tsaSigner, imprint: imprintOf(signed), genTime: new Date(DURING.getTime() + 1000) });
  return {
    signature: (signature) => {
      signed = signature;
      return signature;
    },
    timestamps: ([token]) => [token as Uint8Array, again()],
  };
}

const windows = tokenRows([
  {
    name: 'tsa-retired',
    code: 'TSA_WINDOW',
    says: 'The trusted window of the authority had ended.',
    instance: { windows: { tsa: { start: new Date('2025-01-01T00:00:00Z'), end: minutes(-65) } } },
  },
  {
    name: 'tsa-window-just-ended',
    code: 'TSA_WINDOW',
    says: 'The window ended one second before genTime.',
    sign: { timestampedAt: DURING },
    instance: { windows: { tsa: { start: new Date('2025-01-01T00:00:00Z'), end: new Date(DURING.getTime() - 1000) } } },
  },
  {
    name: 'tsa-not-yet',
    code: 'TSA_WINDOW',
    says: 'The trusted window of the authority begins later.',
    instance: { windows: { tsa: { start: minutes(-10) } } },
  },
  { name: 'tsa-future', code: 'TSA_FUTURE', says: 'genTime lies a day ahead.', sign: { timestampedAt: minutes(24 * 60) } },
  {
    name: 'tsa-twice',
    code: 'TSA_DUPLICATE',
    says: 'One token was copied to reach a threshold.',
    alter: { timestamps: ([token]) => [token as Uint8Array, token as Uint8Array] },
  },
  {
    name: 'tsa-threshold',
    code: 'TSA_THRESHOLD',
    section: 5,
    says: 'One timestamp, and two authorities are demanded.',
    policy: { identities: [DEFAULT_IDENTITY], timestampThreshold: 2 },
  },
  {
    name: 'tsa-threshold-none',
    code: 'TSA_THRESHOLD',
    section: 5,
    says: 'A timestamp is demanded; the bundle has only an integrated time.',
    base: {},
    policy: { identities: [DEFAULT_IDENTITY], timestampThreshold: 1 },
  },
  {
    name: 'tsa-threshold-one-authority',
    code: 'TSA_THRESHOLD',
    section: 5,
    says: 'Two timestamps of one authority do not make two authorities.',
    policy: { identities: [DEFAULT_IDENTITY], timestampThreshold: 2 },
    alter: stampedAgain,
  },
  {
    name: 'tsa-second-broken',
    code: 'TSA_PARSE',
    says: 'A good token is followed by a broken one: a timestamp that does not verify aborts.',
    alter: { timestamps: ([token]) => [token as Uint8Array, utf8('x')] },
  },
]);

const dropPromise = (entry: LogEntry): LogEntry => {
  const { signedEntryTimestamp: _, ...rest } = entry;
  return rest;
};

const times: readonly DefectRow[] = [
  {
    name: 'time-missing-v2',
    code: 'TIME_MISSING',
    section: 5,
    says: 'Rekor v2 gives no time, and there is no timestamp.',
    base: REKOR_V2,
    sign: { timestamp: false },
  },
  {
    name: 'time-missing-unsigned',
    code: 'TIME_MISSING',
    section: 5,
    says: "The promise was removed: the integrated time beside the proof is anyone's word.",
    alter: { logged: dropPromise },
  },
  {
    name: 'time-missing-invented',
    code: 'TIME_MISSING',
    section: 5,
    says: 'A Rekor v2 entry states a time that nobody signed.',
    base: REKOR_V2,
    sign: { timestamp: false },
    alter: { bundle: put('verificationMaterial.tlogEntries.0.integratedTime', String(DURING.getTime() / 1000)) },
  },
  {
    name: 'time-integrated-after',
    code: 'CERT_TIME',
    section: 10,
    says: 'The entry was made after the certificate had expired: a stolen key.',
    sign: { integratedAt: AFTER },
  },
  { name: 'time-integrated-before', code: 'CERT_TIME', section: 10, says: 'The entry is older than the certificate.', sign: { integratedAt: BEFORE } },
  {
    name: 'time-integrated-one-second-late',
    code: 'CERT_TIME',
    section: 10,
    says: 'The entry was made one second after notAfter.',
    sign: { integratedAt: new Date(minutes(-50).getTime() + 1000) },
  },
  {
    name: 'time-stamped-after',
    code: 'CERT_TIME',
    section: 10,
    says: 'The timestamp was made after the certificate had expired.',
    base: REKOR_V2,
    sign: { timestampedAt: AFTER },
  },
  {
    name: 'time-stamped-before',
    code: 'CERT_TIME',
    section: 10,
    says: 'The timestamp is older than the certificate.',
    base: REKOR_V2,
    sign: { timestampedAt: BEFORE },
  },
  {
    name: 'time-good-log-bad-timestamp',
    code: 'CERT_TIME',
    section: 5,
    says: 'The integrated time fits, the timestamp does not: both must.',
    base: BOTH_TIMES,
    sign: { timestampedAt: AFTER },
  },
  {
    name: 'time-good-timestamp-bad-log',
    code: 'CERT_TIME',
    section: 5,
    says: 'The timestamp fits, the integrated time does not: both must.',
    base: BOTH_TIMES,
    sign: { integratedAt: AFTER },
  },
  {
    name: 'time-unsigned-outside',
    code: 'CERT_TIME',
    section: 5,
    says: 'A timestamp fits; an integrated time without promise lies outside the certificate all the same.',
    base: BOTH_TIMES,
    sign: { integratedAt: AFTER },
    alter: { logged: dropPromise },
  },
];

export const timestampDefects: readonly DefectRow[] = [...parse, ...imprints, ...signers, ...attributeRows, ...chains, ...windows, ...times];
