/**
 * X.509 certificates (RFC 5280), read strictly and without judgement: what a certificate says, not whether to believe it.
 *
 *   Certificate    SEQUENCE { tbsCertificate, signatureAlgorithm, BIT STRING signature }
 *   tbsCertificate SEQUENCE { [0] version, serial, signatureAlgorithm, issuer, validity, subject, publicKey,
 *                             [1] issuerId?, [2] subjectId?, [3] extensions? }
 *   Extension      SEQUENCE { OID, critical BOOLEAN DEFAULT FALSE, OCTET STRING value }
 */
import { decodeUtf8, equalBytes, toHex } from './bytes.ts';
import type { SignatureScheme } from './crypto.ts';
import { context, contextConstructed, Der, DerError, oidText, TAG, withDerErrors } from './der.ts';
import { quote, TrustError } from './errors.ts';
import { type PublicKey, parseSpki } from './key.ts';
import { parsePem } from './pem.ts';
import type { Window } from './time.ts';

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** The content of the OCTET STRING. */
  readonly value: Uint8Array;
  /** The whole extension, for rebuilding a TBSCertificate without it. */
  readonly raw: Uint8Array;
}

export interface SubjectAlternativeName {
  readonly kind: 'email' | 'uri' | 'dns' | 'ip' | 'otherName' | 'other';
  readonly value: string;
}

export interface BasicConstraints {
  readonly ca: boolean;
  readonly pathLength: number | undefined;
}

export class Certificate {
  readonly der: Uint8Array;
  readonly tbs: Der;
  readonly serial: Uint8Array;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly validity: Window & { readonly end: Date };
  readonly publicKey: PublicKey;
  readonly signatureAlgorithm: string;
  readonly signature: Uint8Array;
  readonly extensions: readonly Extension[];
  readonly #extensionByOid: ReadonlyMap<string, Extension>;
  #subjectText: string | undefined;

  private constructor(der: Uint8Array) {
    const outer = Der.parse(der).sequence('certificate');
    this.der = der;
    this.tbs = outer.next('tbsCertificate');
    const outerAlgorithm = outer.next('signatureAlgorithm');
    this.signature = outer.next('signature').bitStringBytes('signature');
    outer.end();

    const tbs = this.tbs.sequence('tbsCertificate');
    const version = tbs.optional(contextConstructed(0))?.inner('version').smallInteger('version') ?? 0;
    this.serial = tbs.next('serial number').integerBytes('serial number');
    const innerAlgorithm = tbs.next('signature algorithm');
    this.issuer = tbs.next('issuer').expect(TAG.sequence, 'issuer').raw;
    this.validity = parseValidity(tbs.next('validity'));
    this.subject = tbs.next('subject').expect(TAG.sequence, 'subject').raw;
    this.publicKey = parseSpki(tbs.next('public key').raw, 'CERT_PARSE');
    tbs.optional(context(1));
    tbs.optional(context(2));
    this.extensions = parseExtensions(tbs.optional(contextConstructed(3)));
    this.#extensionByOid = new Map(this.extensions.map((extension) => [extension.oid, extension]));
    tbs.end();

    if (this.extensions.length > 0 && version !== 2) throw new DerError('extensions in a certificate that is not version 3');
    // RFC 5280 section 4.1.1.2: both must be equal, or the algorithm would not be covered by the signature.
    if (!equalBytes(outerAlgorithm.raw, innerAlgorithm.raw)) throw new DerError('two different signature algorithms');
    this.signatureAlgorithm = outerAlgorithm.sequence('signatureAlgorithm').next('algorithm').oid('algorithm');
  }

  /** Errors: `CERT_PARSE`, `KEY_UNSUPPORTED`. */
  static parse(der: Uint8Array): Certificate {
    if (der.length > MAX_CERTIFICATE_BYTES) throw new TrustError('CERT_PARSE', `certificate: ${der.length} bytes, the cap is ${MAX_CERTIFICATE_BYTES}`);
    return withDerErrors('CERT_PARSE', 'certificate', () => new Certificate(der));
  }

  extension(oid: string): Extension | undefined {
    return this.#extensionByOid.get(oid);
  }

  get selfIssued(): boolean {
    return equalBytes(this.issuer, this.subject);
  }

  /** The subject for messages. */
  get subjectText(): string {
    this.#subjectText ??= nameText(this.subject);
    return this.#subjectText;
  }

  get basicConstraints(): BasicConstraints | undefined {
    return this.#read(OID.basicConstraints, 'basicConstraints', (value) => {
      const fields = value.sequence('basicConstraints');
      const ca = fields.optional(TAG.boolean)?.boolean('cA') ?? false;
      const pathLength = fields.optional(TAG.integer)?.smallInteger('pathLenConstraint');
      fields.end();
      return { ca, pathLength };
    });
  }

  get isCa(): boolean {
    return this.basicConstraints?.ca === true;
  }

  /** Whether key usage allows the bit; true when the extension is absent (RFC 5280 section 4.2.1.3). */
  allowsUsage(bit: keyof typeof KEY_USAGE_BIT): boolean {
    const usage = this.#read(OID.keyUsage, 'keyUsage', (value) => value.namedBits('keyUsage'));
    if (usage === undefined) return true;
    const index = KEY_USAGE_BIT[bit];
    return (((usage[index >> 3] ?? 0) >> (7 - (index & 7))) & 1) === 1;
  }

  get hasKeyUsage(): boolean {
    return this.extension(OID.keyUsage) !== undefined;
  }

  /** Extended key usages as OIDs, or undefined when the extension is absent. */
  get extendedKeyUsage(): readonly string[] | undefined {
    return this.#read(OID.extendedKeyUsage, 'extendedKeyUsage', (value) => value.children().map((usage) => usage.oid('extendedKeyUsage')));
  }

  get subjectKeyId(): Uint8Array | undefined {
    return this.#read(OID.subjectKeyId, 'subjectKeyIdentifier', (value) => value.octets('subjectKeyIdentifier'));
  }

  get authorityKeyId(): Uint8Array | undefined {
    return this.#read(OID.authorityKeyId, 'authorityKeyIdentifier', (value) => value.sequence('authorityKeyIdentifier').optional(context(0))?.content);
  }

  get subjectAlternativeNames(): readonly SubjectAlternativeName[] {
    return (
      this.#read(OID.subjectAlternativeName, 'subjectAltName', (value) => value.expect(TAG.sequence, 'subjectAltName').children().map(parseGeneralName)) ?? []
    );
  }

  #read<T>(oid: string, what: string, read: (value: Der) => T): T | undefined {
    const extension = this.extension(oid);
    if (extension === undefined) return undefined;
    return withDerErrors('CERT_PARSE', what, () => read(Der.parse(extension.value)));
  }
}

/** Every `CERTIFICATE` block of a PEM text. Errors: `CERT_PARSE` when there is none or one is malformed. */
export function parseCertificatesPem(text: string): Certificate[] {
  const { blocks, malformed } = parsePem(text);
  const certificates = blocks.filter((block) => block.label === 'CERTIFICATE').map((block) => Certificate.parse(block.der));
  if (malformed || certificates.length === 0) throw new TrustError('CERT_PARSE', 'certificate: no well-formed PEM block CERTIFICATE found');
  return certificates;
}

/** The scheme that a signature algorithm OID stands for, or undefined when it is not supported. */
export function signatureSchemeOf(oid: string): SignatureScheme | undefined {
  return SIGNATURE_SCHEMES.get(oid);
}

/** A distinguished name as `CN=…, O=…`, escaped for messages; attributes with other types are left out. */
export function nameText(name: Uint8Array): string {
  try {
    const attributes = Der.parse(name)
      .children()
      .flatMap((set) => set.children())
      .map((attribute) => {
        const fields = attribute.sequence('attribute');
        return { oid: fields.next('type').oid('type'), value: fields.next('value') };
      });
    const parts = attributes.flatMap(({ oid, value }) => (oid in NAME_ATTRIBUTES ? [`${NAME_ATTRIBUTES[oid]}=${quote(value.text('name'), 100)}`] : []));
    return parts.length > 0 ? parts.reverse().join(', ') : '(empty name)';
  } catch (error) {
    if (error instanceof DerError) return '(unreadable name)';
    throw error;
  }
}

function parseValidity(value: Der): Window & { readonly end: Date } {
  const fields = value.sequence('validity');
  const start = fields.next('notBefore').time('notBefore');
  const end = fields.next('notAfter').time('notAfter');
  fields.end();
  return { start, end };
}

function parseExtensions(wrapper: Der | undefined): Extension[] {
  if (wrapper === undefined) return [];
  const seen = new Set<string>();
  const items = wrapper.inner('extensions').expect(TAG.sequence, 'extensions').children();
  return items.map((item) => {
    const fields = item.sequence('extension');
    const oid = fields.next('extension id').oid('extension id');
    const critical = fields.optional(TAG.boolean)?.boolean('critical') ?? false;
    const value = fields.next('extension value').octets('extension value');
    fields.end();
    // RFC 5280 section 4.2: at most one of each; two would let readers disagree.
    if (seen.has(oid)) throw new DerError(`extension ${oid} appears twice`);
    seen.add(oid);
    return { oid, critical, value, raw: item.raw };
  });
}

function parseGeneralName(name: Der): SubjectAlternativeName {
  switch (name.tag) {
    case context(1):
      return { kind: 'email', value: nameValue(name) };
    case context(2):
      return { kind: 'dns', value: nameValue(name) };
    case context(6):
      return { kind: 'uri', value: nameValue(name) };
    case context(7):
      return { kind: 'ip', value: toHex(name.content) };
    case contextConstructed(0): {
      const [type, value] = name.children();
      if (type === undefined || value === undefined) throw new DerError('otherName: incomplete');
      // Fulcio's user names, verification.md section 12; any other type is nothing we could compare.
      if (type.oid('otherName type') !== OID.fulcioUsername) return { kind: 'other', value: oidText(type.content) };
      return { kind: 'otherName', value: value.inner('otherName').text('otherName') };
    }
    default:
      return { kind: 'other', value: `tag 0x${name.tag.toString(16)}` };
  }
}

function nameValue(name: Der): string {
  // Not String.fromCharCode(...bytes): a name of a megabyte would overflow the stack.
  const value = decodeUtf8(name.content);
  // IA5String: a byte above 0x7f is not text that could be compared.
  if (value === undefined || /[^\x20-\x7e]/.test(value)) throw new DerError('subjectAltName: not printable ASCII');
  return value;
}

export const OID = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  anyExtendedKeyUsage: '2.5.29.37.0',
  sctList: '1.3.6.1.4.1.11129.2.4.2',
  ctPoison: '1.3.6.1.4.1.11129.2.4.3',
  precertificateSigning: '1.3.6.1.4.1.11129.2.4.4',
  fulcio: '1.3.6.1.4.1.57264.1',
  fulcioUsername: '1.3.6.1.4.1.57264.1.7',
} as const;

/** SCTs cover certificates with a length of three bytes; nothing of the field comes near. */
const MAX_CERTIFICATE_BYTES = 8 * 1024 * 1024;

const KEY_USAGE_BIT = { digitalSignature: 0, keyCertSign: 5, crlSign: 6 } as const;

const SIGNATURE_SCHEMES: ReadonlyMap<string, SignatureScheme> = new Map([
  ['1.2.840.10045.4.3.2', { name: 'ecdsa', hash: 'sha256' }],
  ['1.2.840.10045.4.3.3', { name: 'ecdsa', hash: 'sha384' }],
  ['1.2.840.10045.4.3.4', { name: 'ecdsa', hash: 'sha512' }],
  ['1.2.840.113549.1.1.11', { name: 'rsa-pkcs1', hash: 'sha256' }],
  ['1.2.840.113549.1.1.12', { name: 'rsa-pkcs1', hash: 'sha384' }],
  ['1.2.840.113549.1.1.13', { name: 'rsa-pkcs1', hash: 'sha512' }],
  ['1.3.101.112', { name: 'ed25519' }],
]);

const NAME_ATTRIBUTES: Readonly<Record<string, string>> = { '2.5.4.3': 'CN', '2.5.4.10': 'O', '2.5.4.11': 'OU', '2.5.4.6': 'C' };
