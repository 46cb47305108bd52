/** What a signing certificate says, for `bundle inspect`: labels and order as cosign has them. */
import {
  Certificate,
  Der,
  DerError,
  decodeUtf8,
  type Extension,
  fromUnixSeconds,
  isTrustError,
  OID,
  type PublicKey,
  parseSctList,
  quote,
  type SignedCertificateTimestamp,
  signatureSchemeOf,
  toHex,
} from '@assay/core';
import { type DistinguishedName, NAME, nameInGo, readName } from './distinguished-name.ts';
import type { KnownServices } from './known-services.ts';
import { heading, type Item, item, present } from './outline.ts';
import { protoTime } from './service-spec.ts';

export function certificateItems(der: Uint8Array, services: KnownServices): Item[] {
  try {
    return itemsOf(Certificate.parse(der), services);
  } catch (error) {
    if (isTrustError(error)) return [item('Error', `parsing certificate: ${error.message}`)];
    throw error;
  }
}

function itemsOf(certificate: Certificate, services: KnownServices): Item[] {
  const [subject, issuer] = [readName(certificate.subject), readName(certificate.issuer)];
  const subjectText = nameInGo(subject);
  const issuerItems = optional([
    ['Common Name', issuer.get(NAME.commonName)?.at(-1)],
    ['Organization', issuer.get(NAME.organization)?.[0]],
    ['Country', issuer.get(NAME.country)?.[0]],
  ]);
  return [
    item('Signature Algorithm', signatureAlgorithmName(certificate.signatureAlgorithm)),
    ...(subjectText === '' ? [] : [item('Subject', subjectText)]),
    ...(issuerItems.length === 0 ? [] : [heading('Issuer', issuerItems)]),
    heading('Validity', [item('Not Before', protoTime(certificate.validity.start)), item('Not After', protoTime(certificate.validity.end))]),
    heading('Subject Public Key Info', keyItems(certificate.publicKey)),
    heading('Extensions', extensionItems(certificate, subject, services)),
    present('Signature', certificate.signature),
  ];
}

function keyItems(key: PublicKey): Item[] {
  switch (key.type) {
    case 'ec':
      return [item('Algorithm', 'ECDSA'), item('Curve', key.curve), item('Public Key', keyText(key.point))];
    case 'ed25519':
      return [item('Algorithm', 'Ed25519'), item('Public Key', keyText(key.raw))];
    case 'rsa':
      return [item('Algorithm', 'RSA'), item('Key Size', `${key.bits} bits`)];
  }
}

function keyText(bytes: Uint8Array): string {
  const hex = toHex(bytes);
  return `${hex.slice(0, 8)}...${hex.slice(-8)} (${bytes.length} bytes)`;
}

function extensionItems(certificate: Certificate, subject: DistinguishedName, services: KnownServices): Item[] {
  const { subjectKeyId, authorityKeyId } = certificate;
  const identity = identityItems(certificate, subject);
  const authority = authorityKeyId && services.authority(authorityKeyId);
  const usages = certificate.extendedKeyUsage ?? [];
  return [
    ...(identity.length === 0 ? [] : [heading('Identity (Subject Alternative Name)', identity)]),
    ...optional([
      ['Key Usage', keyUsages(certificate).join(', ')],
      ['Extended Key Usage', usages.flatMap((oid) => EXTENDED_KEY_USAGES.get(oid) ?? []).join(', ')],
      ['Unknown Extended Key Usage', usages.filter((oid) => !EXTENDED_KEY_USAGES.has(oid)).join(', ')],
      ['Subject Key ID', subjectKeyId && toHex(subjectKeyId)],
      ['Authority URL', authority],
      ['Authority Key ID', authority === undefined ? authorityKeyId && toHex(authorityKeyId) : undefined],
    ]),
    ...certificate.extensions.filter(({ oid }) => !TOLD_ABOVE.has(oid)).map((extension) => extensionItem(extension, services)),
  ];
}

function identityItems({ subjectAlternativeNames: names }: Certificate, subject: DistinguishedName): Item[] {
  const ofKind = (kind: string) => names.filter((name) => name.kind === kind).map(({ value }) => quote(value, MAX_VALUE));
  return [
    ...optional([['Common Name', subject.get(NAME.commonName)?.at(-1)]]),
    ...ofKind('email').map((email) => item('Email', email)),
    ...ofKind('uri').map((uri) => item('URI', uri)),
  ];
}

function keyUsages(certificate: Certificate): string[] {
  const value = certificate.extension(OID.keyUsage)?.value;
  const bits = value === undefined ? undefined : unlessMalformed(() => Der.parse(value).namedBits('keyUsage'));
  return KEY_USAGES.filter((_, bit) => (((bits?.[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1);
}

function extensionItem(extension: Extension, services: KnownServices): Item {
  const { oid, critical, value } = extension;
  const timestamps = oid === OID.sctList ? parseSctList(value) : [];
  if (typeof timestamps !== 'string' && timestamps.length > 0) {
    const items = timestamps.map((timestamp, i) => heading(`Signed Certificate Timestamp [${i}]`, timestampItems(timestamp, services)));
    return item('Signed Certificate Timestamps', items.length, items);
  }
  const name = FULCIO_EXTENSIONS[Number(oid.startsWith(`${OID.fulcio}.`) ? oid.slice(OID.fulcio.length + 1) : 0)];
  if (name === undefined) return item(`OID: ${oid}`, `(Critical: ${critical}) [${value.length} bytes]`);
  return item(name, quote(extensionText(value), MAX_VALUE));
}

/** The older extensions hold bare text, the newer ones DER. */
function extensionText(value: Uint8Array): string {
  return unlessMalformed(() => Der.parse(value).text('extension')) ?? decodeUtf8(value) ?? toHex(value);
}

function timestampItems({ logId, timestamp, extensions, signature }: SignedCertificateTimestamp, services: KnownServices): Item[] {
  const url = services.ctLog(logId);
  const time = fromUnixSeconds(timestamp / 1000n);
  return [
    item('Version', 'v1'),
    url === undefined ? item('Log ID', toHex(logId)) : item('Log URL', quote(url)),
    item('Timestamp', time === undefined ? `${timestamp} ms` : protoTime(time)),
    item('Extensions', extensions.length === 0 ? 'none' : `${extensions.length} bytes`),
    present('Signature', signature),
  ];
}

function signatureAlgorithmName(oid: string): string {
  const scheme = signatureSchemeOf(oid);
  if (scheme === undefined) return oid;
  if (!('hash' in scheme)) return 'Ed25519';
  const hash = scheme.hash.toUpperCase();
  return scheme.name === 'ecdsa' ? `ECDSA-${hash}` : `${hash}-RSA`;
}

function optional(pairs: readonly (readonly [string, string | undefined])[]): Item[] {
  return pairs.flatMap(([label, value]) => (value ? [item(label, value)] : []));
}

/** This shows; it does not judge. */
function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

const MAX_VALUE = 1000;
/** By bit (RFC 5280 section 4.2.1.3). */
const KEY_USAGES = [
  'Digital Signature',
  'Content Commitment',
  'Key Encipherment',
  'Data Encipherment',
  'Key Agreement',
  'Cert Sign',
  'CRL Sign',
  'Encipher Only',
  'Decipher Only',
];
const EXTENDED_KEY_USAGES: ReadonlyMap<string, string> = new Map([
  [OID.anyExtendedKeyUsage, 'Any'],
  ['1.3.6.1.5.5.7.3.1', 'Server Auth'],
  ['1.3.6.1.5.5.7.3.2', 'Client Auth'],
  [OID.codeSigning, 'Code Signing'],
  ['1.3.6.1.5.5.7.3.4', 'Email Protection'],
  ['1.3.6.1.5.5.7.3.5', 'IPSEC End System'],
  ['1.3.6.1.5.5.7.3.6', 'IPSEC Tunnel'],
  ['1.3.6.1.5.5.7.3.7', 'IPSEC User'],
  [OID.timeStamping, 'Time Stamping'],
  ['1.3.6.1.5.5.7.3.9', 'OCSP Signing'],
]);
const TOLD_ABOVE: ReadonlySet<string> = new Set([OID.keyUsage, OID.extendedKeyUsage, OID.subjectKeyId, OID.authorityKeyId, OID.subjectAlternativeName]);
/** By the last number of their OID (verification.md section 12); there is no 0. */
const FULCIO_EXTENSIONS: readonly (string | undefined)[] = [
  undefined,
  'OIDC Issuer',
  'GitHub Workflow Trigger',
  'GitHub Workflow SHA',
  'GitHub Workflow Name',
  'GitHub Workflow Repository',
  'GitHub Workflow Ref',
  'OtherName SAN',
  'Issuer (V2)',
  'Build Signer URI',
  'Build Signer Digest',
  'Runner Environment',
  'Source Repository URI',
  'Source Repository Digest',
  'Source Repository Ref',
  'Source Repository Identifier',
  'Source Repository Owner URI',
  'Source Repository Owner Identifier',
  'Build Config URI',
  'Build Config Digest',
  'Build Trigger',
  'Run Invocation URI',
  'Source Repository Visibility At Signing',
  'Deployment Environment',
  'Token Subject',
];
