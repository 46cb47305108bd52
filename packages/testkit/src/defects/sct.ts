/** Signed certificate timestamps (verification.md section 11). */
import { concat, uint } from '@assay/core';
import { type CertificateFields, encodeSct, encodeSctList, generateKey, OID, octetString, type Sct, subjectAltName, withLength } from '@assay/make';
import { append, flip } from '../byte-edit.ts';
import { DEFAULT_IDENTITY } from '../claims.ts';
import { createInstance } from '../instance.ts';
import { drop } from '../json-edit.ts';
import type { Alterations } from '../sample.ts';
import type { Base, DefectRow } from './defect.ts';

/** Changes the SCT that the log made. */
const sct = (by: (sct: Sct) => Sct): Alterations => ({ scts: ([one]) => [by(one as Sct)] });

/** Changes the bytes of the list inside the certificate. */
const list = (by: (scts: readonly Uint8Array[]) => Uint8Array): Alterations => {
  let made: readonly Uint8Array[] = [];
  return {
    scts: (scts) => {
      made = scts.map(encodeSct);
      return scts;
    },
    certified: (fields) => withList(fields, by(made)),
  };
};

function withList(fields: CertificateFields, bytes: Uint8Array): CertificateFields {
  const extension = { oid: OID.sctList, critical: false, value: octetString(bytes) };
  return { ...fields, extensions: fields.extensions.map((one) => (one.oid === OID.sctList ? extension : one)) };
}

const STATIC_CT: Base = { instance: { staticCt: true } };
const TWO_LOGS = { ctlogThreshold: 2 };
const identities = [DEFAULT_IDENTITY];

const rows: readonly Omit<DefectRow, 'section'>[] = [
  { name: 'sct-missing', code: 'SCT_MISSING', says: 'The certificate was never promised to a CT log.', alter: { scts: () => [] } },
  { name: 'sct-unknown-log', code: 'SCT_UNKNOWN_LOG', says: 'The CT log is not in the trusted root.', alter: { trustedRoot: drop('ctlogs.0') } },
  {
    name: 'sct-log-id-changed',
    code: 'SCT_UNKNOWN_LOG',
    says: 'The promise names a log that nobody knows.',
    alter: sct((one) => ({ ...one, logId: flip(one.logId) })),
  },
  {
    name: 'sct-foreign-log',
    code: 'SCT_UNKNOWN_LOG',
    says: 'A genuine CT log of somebody else made the promise.',
    alter: { scts: () => [createInstance().ctLog.issue({ type: 'x509', certificate: new Uint8Array(1) }, new Date('2026-08-24T23:00:00Z'))] },
  },
  {
    name: 'sct-signature-flipped',
    code: 'SCT_SIGNATURE',
    says: 'One bit of the promise signature is wrong.',
    alter: sct((one) => ({ ...one, signature: flip(one.signature) })),
  },
  {
    name: 'sct-other-key',
    code: 'SCT_SIGNATURE',
    says: 'Another key signed under the id of the log.',
    alter: sct((one) => ({ ...one, signature: generateKey('p256').sign(new Uint8Array(1)) })),
  },
  {
    name: 'sct-timestamp-changed',
    code: 'SCT_SIGNATURE',
    says: 'The time of the promise was changed.',
    alter: sct((one) => ({ ...one, timestampMs: one.timestampMs + 1 })),
  },
  {
    name: 'sct-extensions-changed',
    code: 'SCT_SIGNATURE',
    says: 'The extension bytes were changed.',
    base: STATIC_CT,
    alter: sct((one) => ({ ...one, extensions: flip(one.extensions) })),
  },
  {
    name: 'sct-extensions-dropped',
    code: 'SCT_SIGNATURE',
    says: 'The extension bytes were dropped.',
    base: STATIC_CT,
    alter: sct((one) => ({ ...one, extensions: new Uint8Array(0) })),
  },
  {
    name: 'sct-extensions-added',
    code: 'SCT_SIGNATURE',
    says: 'Extension bytes were added.',
    alter: sct((one) => ({ ...one, extensions: Uint8Array.of(1, 2, 3) })),
  },
  {
    name: 'sct-other-certificate',
    code: 'SCT_SIGNATURE',
    says: 'The promise is for a certificate with another name.',
    alter: {
      scts: (_, again) => [
        again((fields) => ({
          ...fields,
          extensions: fields.extensions.map((one) => (one.oid === OID.subjectAltName ? subjectAltName([{ type: 'uri', value: 'https://evil.example' }]) : one)),
        })),
      ],
    },
  },
  {
    name: 'sct-other-serial',
    code: 'SCT_SIGNATURE',
    says: 'The promise is for a certificate with another serial number.',
    alter: { scts: (_, again) => [again((fields) => ({ ...fields, serial: flip(fields.serial) }))] },
  },
  {
    name: 'sct-extension-order',
    code: 'SCT_SIGNATURE',
    says: 'The promise is for the same extensions in another order.',
    alter: { scts: (_, again) => [again((fields) => ({ ...fields, extensions: [...fields.extensions].reverse() }))] },
  },
  {
    name: 'sct-other-issuer-key',
    code: 'SCT_SIGNATURE',
    says: 'The promise is for a certificate of another issuer key.',
    alter: { scts: (_, again) => [again((fields) => fields, generateKey('p256').spki)] },
  },
  {
    name: 'sct-root-as-issuer',
    code: 'SCT_SIGNATURE',
    says: 'The promise hashes the key of the root, where the intermediate issued.',
    alter: ({ ca }) => ({ scts: (_, again) => [again((fields) => fields, ca[1]?.key.spki)] }),
  },
  {
    name: 'sct-algorithm-of-other-key',
    code: 'SCT_SIGNATURE',
    says: 'The promise claims RSA, the log key is ECDSA.',
    alter: sct((one) => ({ ...one, signatureAlgorithm: 1 })),
  },
  {
    name: 'sct-log-retired',
    code: 'SCT_WINDOW',
    says: 'The CT log key had been retired before the promise.',
    instance: { windows: { ct: { start: new Date('2025-01-01T00:00:00Z'), end: new Date('2026-01-01T00:00:00Z') } } },
  },
  {
    name: 'sct-log-not-yet',
    code: 'SCT_WINDOW',
    says: 'The promise is older than the CT log key.',
    instance: { windows: { ct: { start: new Date('2026-08-24T23:30:00Z') } } },
  },
  {
    name: 'sct-version-2',
    code: 'SCT_PARSE',
    says: 'The promise is of a version that RFC 6962 does not define.',
    alter: sct((one) => ({ ...one, version: 1 })),
  },
  { name: 'sct-hash-sha1', code: 'SCT_PARSE', says: 'The promise claims SHA-1.', alter: sct((one) => ({ ...one, hashAlgorithm: 2 })) },
  { name: 'sct-algorithm-dsa', code: 'SCT_PARSE', says: 'The promise claims DSA.', alter: sct((one) => ({ ...one, signatureAlgorithm: 2 })) },
  {
    name: 'sct-trailing-byte',
    code: 'SCT_PARSE',
    says: 'A byte follows the signature inside the promise.',
    alter: list((scts) => encodeSctList(scts.map((one) => append(one, 0)))),
  },
  { name: 'sct-list-trailing-byte', code: 'SCT_PARSE', says: 'A byte follows the list.', alter: list((scts) => append(encodeSctList(scts), 0)) },
  {
    name: 'sct-list-length',
    code: 'SCT_PARSE',
    says: 'The list claims to be longer than it is.',
    alter: list((scts) => concat(uint(60_000, 2), encodeSctList(scts).subarray(2))),
  },
  {
    name: 'sct-truncated',
    code: 'SCT_PARSE',
    says: 'The promise ends inside its signature.',
    alter: list((scts) => encodeSctList(scts.map((one) => one.subarray(0, one.length - 1)))),
  },
  { name: 'sct-empty', code: 'SCT_PARSE', says: 'A promise of no bytes is in the list.', alter: list((scts) => encodeSctList([...scts, new Uint8Array(0)])) },
  {
    name: 'sct-not-octet-string',
    code: 'SCT_PARSE',
    says: 'The extension holds the list without its OCTET STRING.',
    alter: {
      certified: (fields) => ({
        ...fields,
        extensions: fields.extensions.map((one) => (one.oid === OID.sctList ? { ...one, value: withLength(new Uint8Array(3), 2) } : one)),
      }),
    },
  },
  { name: 'sct-threshold', code: 'SCT_THRESHOLD', says: 'One log promised, two are demanded.', policy: { identities, ...TWO_LOGS } },
  {
    name: 'sct-same-log-twice',
    code: 'SCT_THRESHOLD',
    says: 'Two promises of one log do not make two logs.',
    policy: { identities, ...TWO_LOGS },
    alter: { scts: ([one]) => [one as Sct, one as Sct] },
  },
  {
    name: 'sct-second-broken',
    code: 'SCT_SIGNATURE',
    says: 'A good promise is followed by a broken one of the same log.',
    alter: { scts: ([one]) => [one as Sct, { ...(one as Sct), signature: flip((one as Sct).signature) }] },
  },
];

export const sctDefects: readonly DefectRow[] = rows.map((row) => ({ section: 11, ...row }));
