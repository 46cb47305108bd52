/** Certificate paths and profiles (verification.md sections 10 and 12). */
import { context, Der, encodeBase64, encodeDer, utf8 } from '@assay/core';
import {
  authorityKeyIdentifier,
  basicConstraints,
  boolean,
  type CertificateFields,
  type Extension,
  extendedKeyUsage,
  generateKey,
  issueIntermediate,
  keyIdentifier,
  keyUsage,
  nameConstraints,
  OID,
  precertificatePoison,
  rootFields,
  sequence,
  signatureAlgorithm,
  signCertificate,
  subjectAltName,
} from '@assay/make';
import { append, flip } from '../byte-edit.ts';
import { createInstance, DEFAULT_NOW, type Instance, impostorOf } from '../instance.ts';
import { change } from '../json-edit.ts';
import type { Alterations } from '../sample.ts';
import { type Base, BOTH_TIMES, type DefectRow } from './defect.ts';

const minutes = (count: number): Date => new Date(DEFAULT_NOW.getTime() + count * 60_000);

type ExtensionsEdit = (extensions: readonly Extension[]) => readonly Extension[];
const extensions =
  (by: ExtensionsEdit) =>
  (fields: CertificateFields): CertificateFields => ({ ...fields, extensions: by(fields.extensions) });

const without =
  (oid: string): ExtensionsEdit =>
  (list) =>
    list.filter((one) => one.oid !== oid);
const replace =
  (extension: Extension): ExtensionsEdit =>
  (list) =>
    list.map((one) => (one.oid === extension.oid ? extension : one));
const add =
  (extension: Extension): ExtensionsEdit =>
  (list) => [...list, extension];

/** A leaf with these changes, genuinely signed and promised. */
const leaf = (by: ExtensionsEdit): Alterations => ({ leaf: extensions(by) });
const intermediate = (by: (fields: CertificateFields) => CertificateFields): NonNullable<DefectRow['instance']> => ({ alter: { intermediate: by } });

const UNKNOWN: Extension = { oid: '1.3.6.1.4.1.99999.1', critical: true, value: boolean(true) };
const ROOT_ONLY: Base = { instance: { caChain: 'root-only' } };
const GENESIS = new Date('2025-01-01T00:00:00Z');

const paths: readonly DefectRow[] = [
  {
    name: 'cert-other-ca',
    code: 'CERT_CHAIN',
    section: 10,
    says: 'Another Sigstore instance issued the certificate.',
    alter: { issuer: () => createInstance({ caChain: 'root-only' }).issuer, leaf: (fields) => ({ ...fields, issuer: sequence() }) },
  },
  {
    name: 'cert-impostor-ca',
    code: 'CERT_CHAIN_SIGNATURE',
    section: 10,
    says: 'A CA with the names and key identifiers of the trusted one, and another key, issued the certificate.',
    alter: ({ issuer }) => ({ issuer: impostorOf, leaf: extensions(replace(authorityKeyIdentifier(keyIdentifier(issuer.key.spki)))) }),
  },
  {
    name: 'cert-signature-flipped',
    code: 'CERT_CHAIN_SIGNATURE',
    section: 10,
    says: 'One bit of the certificate signature is wrong.',
    alter: { certificate: (der) => flip(der) },
  },
  {
    name: 'cert-key-identifier',
    code: 'CERT_CHAIN',
    section: 10,
    says: 'The authority key identifier names another key of the CA.',
    alter: leaf(replace(authorityKeyIdentifier(new Uint8Array(20)))),
  },
  {
    name: 'cert-self-signed',
    code: 'CERT_CHAIN',
    section: 10,
    says: 'The certificate is signed by its own key, with a name of its own as issuer.',
    alter: { leaf: (fields) => ({ ...fields, issuer: fields.subject }) },
  },
  {
    name: 'ca-intermediate-forged',
    code: 'CERT_CHAIN_SIGNATURE',
    section: 10,
    says: 'The intermediate of the trusted root is not signed by the anchor.',
    alter: {
      trustedRoot: change<string>('certificateAuthorities.0.certChain.certificates.0.rawBytes', (base64) => encodeBase64(flip(Buffer.from(base64, 'base64')))),
    },
  },
  {
    name: 'ca-intermediate-of-other-anchor',
    code: 'CERT_CHAIN_SIGNATURE',
    section: 10,
    says: 'The anchor is another certificate of the same name and key identifier.',
    alter: otherAnchor,
  },
  {
    name: 'ca-intermediate-expired',
    code: 'CERT_TIME',
    section: 10,
    says: 'The intermediate had expired when the signature was made.',
    instance: intermediate((fields) => ({ ...fields, notAfter: minutes(-70) })),
  },
  {
    name: 'ca-intermediate-not-yet',
    code: 'CERT_TIME',
    section: 10,
    says: 'The intermediate begins after the signature was made.',
    instance: intermediate((fields) => ({ ...fields, notBefore: minutes(-10) })),
  },
  {
    name: 'ca-root-expired',
    code: 'CERT_TIME',
    section: 10,
    says: 'The root had expired when the signature was made.',
    instance: { alter: { root: (fields) => ({ ...fields, notAfter: minutes(-70) }) } },
  },
  {
    name: 'ca-retired',
    code: 'CERT_CHAIN_WINDOW',
    section: 10,
    says: 'The trusted window of the CA had ended, though its certificates had not expired.',
    instance: { windows: { ca: { start: GENESIS, end: minutes(-65) } } },
  },
  {
    name: 'ca-not-yet',
    code: 'CERT_CHAIN_WINDOW',
    section: 10,
    says: 'The trusted window of the CA begins later.',
    instance: { windows: { ca: { start: minutes(-10) } } },
  },
  {
    name: 'ca-path-length',
    code: 'CERT_CHAIN',
    section: 10,
    says: 'The root allows no authority below it, and there is one.',
    instance: { alter: { root: extensions(replace(basicConstraints({ ca: true, pathLength: 0 }))) } },
  },
  {
    name: 'ca-path-length-deep',
    code: 'CERT_CHAIN',
    section: 10,
    says: 'The intermediate, whose path length is 0, issued another authority, which issued the leaf.',
    alter: deeper,
  },
  {
    name: 'ca-issuer-not-ca',
    code: 'CERT_CHAIN',
    section: 10,
    says: 'The issuer is no authority: a leaf was used to issue.',
    instance: intermediate(extensions(replace(basicConstraints({ ca: false })))),
  },
  {
    name: 'ca-issuer-without-constraints',
    code: 'CERT_CHAIN',
    section: 10,
    says: 'The issuer has no basic constraints.',
    instance: intermediate(extensions(without(OID.basicConstraints))),
  },
  {
    name: 'ca-without-cert-sign',
    code: 'CERT_CHAIN',
    section: 10,
    says: 'The issuer may not sign certificates.',
    instance: intermediate(extensions(replace(keyUsage('digitalSignature')))),
  },
  {
    name: 'ca-other-purpose',
    code: 'CERT_CHAIN',
    section: 10,
    says: 'The intermediate may only issue for timestamping.',
    instance: intermediate(extensions(replace(extendedKeyUsage([OID.timeStamping])))),
  },
  {
    name: 'ca-unknown-critical',
    code: 'CERT_PROFILE_CRITICAL',
    section: 10,
    says: 'The intermediate has a critical extension that nobody knows.',
    instance: intermediate(extensions(add(UNKNOWN))),
  },
  {
    name: 'ca-name-constraints',
    code: 'CERT_PROFILE_CRITICAL',
    section: 10,
    says: 'The intermediate is constrained to names, which are not enforced here and so must reject.',
    instance: intermediate(extensions(add(nameConstraints('allowed.example')))),
  },
];

function otherAnchor({ ca }: Instance): Alterations {
  const real = ca[1] as Instance['issuer'];
  const key = generateKey('p256');
  const fields = rootFields({ name: {}, key, notBefore: GENESIS, notAfter: new Date('2035-01-01T00:00:00Z') });
  const original = Der.parse(real.certificate).children()[0]?.children().at(-1)?.inner('extensions').children() ?? [];
  const identifier = original.map((one) => one.children()).find(([id]) => id?.oid('id') === OID.subjectKeyIdentifier)?.[1]?.content as Uint8Array;
  const renamed = { ...fields, subject: real.subject, issuer: real.subject };
  const same = extensions(replace({ oid: OID.subjectKeyIdentifier, critical: false, value: identifier }))(renamed);
  return { trustedRoot: change('certificateAuthorities.0.certChain.certificates.1.rawBytes', () => encodeBase64(signCertificate(same, { key }))) };
}

/** An authority below the intermediate, also listed in the trusted root. */
function deeper({ issuer }: Instance): Alterations {
  const below = issueIntermediate(issuer, {
    name: { commonName: 'testkit deeper' },
    key: generateKey('p256'),
    notBefore: GENESIS,
    notAfter: new Date('2035-01-01T00:00:00Z'),
    purposes: [OID.codeSigning],
  });
  const listed = change<unknown[]>('certificateAuthorities.0.certChain.certificates', (chain) => [{ rawBytes: encodeBase64(below.certificate) }, ...chain]);
  return { issuer: () => below, trustedRoot: listed };
}

const SAN = { type: 'uri', value: 'https://github.com/assay-testkit/widget/.github/workflows/release.yml@refs/tags/v1.2.3' } as const;
const SECOND_SAN = { type: 'email', value: 'someone@testkit.example' } as const;

const profiles: readonly DefectRow[] = [
  {
    name: 'leaf-without-purpose',
    code: 'CERT_PROFILE_EKU',
    section: 10,
    says: 'The certificate has no extended key usage.',
    alter: leaf(without(OID.extendedKeyUsage)),
  },
  {
    name: 'leaf-tls-purpose',
    code: 'CERT_PROFILE_EKU',
    section: 10,
    says: 'The certificate was made for a TLS server.',
    alter: leaf(replace(extendedKeyUsage([OID.serverAuth]))),
  },
  {
    name: 'leaf-any-purpose',
    code: 'CERT_PROFILE_EKU',
    section: 10,
    says: 'anyExtendedKeyUsage is not codeSigning.',
    alter: leaf(replace(extendedKeyUsage([OID.anyExtendedKeyUsage]))),
  },
  { name: 'leaf-without-usage', code: 'CERT_PROFILE_USAGE', section: 10, says: 'The certificate has no key usage.', alter: leaf(without(OID.keyUsage)) },
  {
    name: 'leaf-other-usage',
    code: 'CERT_PROFILE_USAGE',
    section: 10,
    says: 'The key usage allows certificate signing only.',
    alter: leaf(replace(keyUsage('crlSign'))),
  },
  {
    name: 'leaf-is-ca',
    code: 'CERT_PROFILE_CA',
    section: 10,
    says: 'The signing certificate is an authority.',
    base: ROOT_ONLY,
    alter: leaf(add(basicConstraints({ ca: true }))),
  },
  {
    name: 'leaf-unknown-critical',
    code: 'CERT_PROFILE_CRITICAL',
    section: 10,
    says: 'A critical extension that nobody knows restricts the certificate in some way.',
    alter: leaf(add(UNKNOWN)),
  },
  {
    name: 'leaf-poison',
    code: 'CERT_PROFILE_CRITICAL',
    section: 10,
    says: 'The certificate is a precertificate, issued for the log only.',
    alter: leaf(add(precertificatePoison())),
  },
  {
    name: 'leaf-name-constraints',
    code: 'CERT_PROFILE_CRITICAL',
    section: 10,
    says: 'Name constraints stand in a leaf, critical.',
    alter: leaf(add(nameConstraints('allowed.example'))),
  },
  { name: 'leaf-without-san', code: 'CERT_PROFILE_SAN', section: 12, says: 'The certificate names nobody.', alter: leaf(without(OID.subjectAltName)) },
  {
    name: 'leaf-two-sans',
    code: 'CERT_PROFILE_SAN',
    section: 12,
    says: 'The certificate names two signers, one of them expected.',
    alter: leaf(replace(subjectAltName([SAN, SECOND_SAN]))),
  },
  { name: 'leaf-empty-san', code: 'CERT_PROFILE_SAN', section: 12, says: 'The list of names is empty.', alter: leaf(replace(subjectAltName([]))) },
  {
    name: 'leaf-dns-san',
    code: 'CERT_PROFILE_SAN',
    section: 12,
    says: 'The certificate names a host, as TLS certificates do.',
    alter: leaf(replace({ oid: OID.subjectAltName, critical: true, value: sequence(encodeDer(context(2), utf8('github.com'))) })),
  },
  {
    name: 'leaf-issuers-differ',
    code: 'CERT_PROFILE_ISSUER',
    section: 12,
    says: 'The old and the new issuer extension name two OIDC issuers.',
    alter: leaf(replace({ oid: `${OID.fulcio}.1`, critical: false, value: utf8('https://accounts.google.com') })),
  },
];

const documents: readonly DefectRow[] = [
  {
    name: 'cert-garbage',
    code: 'CERT_PARSE',
    section: 10,
    says: 'The certificate is not DER.',
    base: BOTH_TIMES,
    alter: { certificate: () => utf8('certificate') },
  },
  { name: 'cert-trailing-byte', code: 'CERT_PARSE', section: 10, says: 'A byte follows the certificate.', alter: { certificate: (der) => append(der, 0) } },
  {
    name: 'cert-truncated',
    code: 'CERT_PARSE',
    section: 10,
    says: 'The certificate is cut short.',
    alter: { certificate: (der) => der.subarray(0, der.length - 1) },
  },
  {
    name: 'cert-duplicate-extension',
    code: 'CERT_PARSE',
    section: 10,
    says: 'The subject alternative name is there twice, once as expected.',
    alter: leaf((list) => list.flatMap((one) => (one.oid === OID.subjectAltName ? [one, subjectAltName([SECOND_SAN])] : one))),
  },
  {
    name: 'cert-two-algorithms',
    code: 'CERT_PARSE',
    section: 10,
    says: 'The signed and the outer signature algorithm differ.',
    alter: { certificate: otherOuterAlgorithm },
  },
  {
    name: 'cert-issuer-not-text',
    code: 'CERT_PARSE',
    section: 12,
    says: 'The issuer extension holds no text.',
    alter: leaf(replace({ oid: `${OID.fulcio}.8`, critical: false, value: boolean(true) })),
  },
];

function otherOuterAlgorithm(der: Uint8Array): Uint8Array {
  const [tbs, , signature] = Der.parse(der).children();
  return sequence((tbs as Der).raw, signatureAlgorithm(generateKey('p256'), 'sha512'), (signature as Der).raw);
}

export const certificateDefects: readonly DefectRow[] = [...paths, ...profiles, ...documents];
