/**
 * What an entry of a log says, whatever its kind: who signed, and what.
 *
 * Anyone may put anything on record, also entries that no verifier accepts; and whoever watches a log wants to hear of those first. So nothing
 * is expected to be in its place. Taken are
 *
 *   certificates and keys     base64 of PEM anywhere, and `rawBytes` (DER) of `x509Certificate` and `publicKey`
 *   digests                   objects with `algorithm`, and `value` (hex) or `digest` (base64)
 */
import {
  Certificate,
  Der,
  DerError,
  decodeBase64,
  decodeUtf8,
  isJsonObject,
  isTrustError,
  type Json,
  type JsonObject,
  keyFingerprint,
  OID,
  type PublicKey,
  parsePem,
  parseSpki,
  toHex,
  tryParseJson,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';

export interface RecordedEntry {
  /** Such as `hashedrekord 0.0.2`; empty when the entry does not say. */
  readonly kind: string;
  readonly signers: readonly RecordedSigner[];
  /** `sha256:<hex>` and the like. */
  readonly digests: readonly string[];
  /** Some signer, or all of the entry, is in a form that is not read here: an OpenPGP key, a malformed certificate. */
  readonly unread: boolean;
}

export interface RecordedSigner {
  /** SHA-256 of the SubjectPublicKeyInfo, hex. */
  readonly key: string;
  /** All names in its certificate; a log does not ask who issued that. */
  readonly names: readonly string[];
  /** The OIDC issuers that the certificate names: one, unless it is malformed. */
  readonly issuers: readonly string[];
}

export async function readRecorded(body: Uint8Array): Promise<RecordedEntry> {
  const found: Found = { certificates: [], keys: [], digests: new Set(), unread: false };
  const json = tryParseJson(body) ?? null;
  collect(json, found);
  const signers = [
    ...(await Promise.all(found.certificates.map(async (certificate) => certifiedSigner(certificate, found)))),
    ...(await Promise.all(found.keys.map(async (key) => ({ key: await keyFingerprint(nodeCrypto, key), names: [], issuers: [] })))),
  ];
  return { kind: kindOf(json), signers, digests: [...found.digests], unread: found.unread || signers.length === 0 };
}

interface Found {
  readonly certificates: Certificate[];
  readonly keys: PublicKey[];
  readonly digests: Set<string>;
  unread: boolean;
}

function kindOf(json: Json): string {
  if (!isJsonObject(json)) return '';
  return [json['kind'], json['apiVersion']].filter((part) => typeof part === 'string').join(' ');
}

function collect(value: Json, found: Found): void {
  if (typeof value === 'string') collectPem(value, found);
  else if (Array.isArray(value)) for (const item of value) collect(item, found);
  else if (isJsonObject(value)) collectObject(value, found);
}

function collectObject(object: JsonObject, found: Found): void {
  const digest = digestOf(object);
  if (digest !== undefined) found.digests.add(digest);
  for (const [name, value] of Object.entries(object)) {
    const raw = isJsonObject(value) && typeof value['rawBytes'] === 'string' ? decodeBase64(value['rawBytes']) : undefined;
    if (raw !== undefined && name === 'x509Certificate') attempt(() => found.certificates.push(Certificate.parse(raw)), found);
    else if (raw !== undefined && name === 'publicKey') attempt(() => found.keys.push(parseSpki(raw)), found);
    else collect(value, found);
  }
}

function digestOf({ algorithm, value, digest }: JsonObject): string | undefined {
  if (typeof algorithm !== 'string') return undefined;
  const name = algorithm.toLowerCase().replace('sha2_', 'sha');
  if (typeof value === 'string' && HEX.test(value)) return `${name}:${value.toLowerCase()}`;
  const bytes = typeof digest === 'string' ? decodeBase64(digest) : undefined;
  return bytes === undefined ? undefined : `${name}:${toHex(bytes)}`;
}

function collectPem(text: string, found: Found): void {
  if (!text.startsWith(PEM_BEGINNING)) return;
  const { blocks, malformed } = parsePem(decodeUtf8(decodeBase64(text) ?? new Uint8Array(0)) ?? '');
  if (malformed || blocks.length === 0) found.unread = true;
  for (const { label, der } of blocks) {
    if (label === 'CERTIFICATE') attempt(() => found.certificates.push(Certificate.parse(der)), found);
    else if (label === 'PUBLIC KEY') attempt(() => found.keys.push(parseSpki(der)), found);
    else found.unread = true;
  }
}

async function certifiedSigner(certificate: Certificate, found: Found): Promise<RecordedSigner> {
  const names: string[] = [];
  const issuers = new Set<string>();
  attempt(() => names.push(...certificate.subjectAlternativeNames.map(({ value }) => value)), found);
  attempt(() => {
    for (const issuer of issuersIn(certificate)) issuers.add(issuer);
  }, found);
  return { key: await keyFingerprint(nodeCrypto, certificate.publicKey), names, issuers: [...issuers] };
}

/** .1 holds the raw text, .8 a DER UTF8String (services.md section 3). */
function issuersIn(certificate: Certificate): string[] {
  const raw = certificate.extension(`${OID.fulcio}.1`)?.value;
  const der = certificate.extension(`${OID.fulcio}.8`)?.value;
  return [...(raw === undefined ? [] : [decodeUtf8(raw) ?? '']), ...(der === undefined ? [] : [Der.parse(der).text('issuer')])];
}

/** What is malformed is told as not read, and does not hide the rest. */
function attempt(read: () => unknown, found: Found): void {
  try {
    read();
  } catch (error) {
    if (!isTrustError(error) && !(error instanceof DerError)) throw error;
    found.unread = true;
  }
}

const HEX = /^(?:[\da-f]{2})+$/i;
/** Base64 of `-----BEGIN `. */
const PEM_BEGINNING = 'LS0tLS1CRUdJTi';
