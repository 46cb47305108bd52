/**
 * RFC 3161 timestamp responses, read strictly (RFC 3161 section 2.4.2, RFC 5652 section 5).
 *
 *   TimeStampResp SEQUENCE { PKIStatusInfo { status }, ContentInfo { signedData, [0] SignedData }? }
 *   SignedData    SEQUENCE { version 3, digestAlgorithms, { id-ct-TSTInfo, [0] OCTET STRING TSTInfo }, [0] certificates?, [1] crls?, SET { SignerInfo } }
 *   SignerInfo    SEQUENCE { version, issuer and serial | [0] key id, digestAlgorithm, [0] signedAttrs, signatureAlgorithm, OCTET STRING }
 *   TSTInfo       SEQUENCE { version 1, policy, { hash algorithm, hash }, serial, genTime, accuracy?, ordering?, nonce?, [0] tsa?, [1] extensions? }
 */
import { concat, toHex } from './bytes.ts';
import type { HashName } from './crypto.ts';
import { context, contextConstructed, Der, DerError, TAG, withDerErrors } from './der.ts';
import { TrustError } from './errors.ts';

export interface TimestampToken {
  readonly imprint: { readonly algorithm: HashName; readonly value: Uint8Array };
  readonly genTime: Date;
  readonly policy: string;
  /** INTEGER content of the request's nonce: only meaningful to the client that asked. */
  readonly nonce: Uint8Array | undefined;
  /** What `messageDigest` must be the hash of. */
  readonly content: Uint8Array;
  readonly signer: SignerIdentifier;
  readonly digestAlgorithm: HashName;
  readonly signatureAlgorithm: string;
  /** As a SET: what the signature covers. */
  readonly signedAttributes: Uint8Array;
  readonly attributes: ReadonlyMap<string, Der>;
  readonly signature: Uint8Array;
  /** Embedded certificates, DER: they may help to find the signer, never to trust it. */
  readonly certificates: readonly Uint8Array[];
}

export type SignerIdentifier =
  | { readonly kind: 'serial'; readonly issuer: Uint8Array; readonly serial: Uint8Array }
  | { readonly kind: 'keyId'; readonly keyId: Uint8Array };

export const ATTRIBUTE = {
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
} as const;

export const OID_TST_INFO = '1.2.840.113549.1.9.16.1.4';
const OID_SIGNED_DATA = '1.2.840.113549.1.7.2';

export const MAX_TIMESTAMP_BYTES = 256 * 1024;

/** Errors: `TSA_PARSE`, `TSA_STATUS`, `TSA_IMPRINT` (hash not supported), `TSA_ATTRIBUTES` (none, or one twice). */
export function parseTimestampResponse(bytes: Uint8Array): TimestampToken {
  if (bytes.length > MAX_TIMESTAMP_BYTES) throw new TrustError('TSA_PARSE', `timestamp: ${bytes.length} bytes, the cap is ${MAX_TIMESTAMP_BYTES}`);
  return withDerErrors('TSA_PARSE', 'timestamp', () => {
    const response = Der.parse(bytes).sequence('response');
    const status = response.next('status').sequence('status').next('status').smallInteger('status');
    if (status > 1)
      throw new TrustError('TSA_STATUS', `the timestamp authority answered with status ${status}`, {
        expected: '0 (granted) or 1 (granted with changes)',
        found: String(status),
      });
    const contentInfo = response.next('token').sequence('token');
    response.end();
    expectOid(contentInfo.next('content type'), OID_SIGNED_DATA, 'content type');
    const signedData = contentInfo.next('content').expect(contextConstructed(0), 'content').inner('content');
    contentInfo.end();
    return parseSignedData(signedData);
  });
}

function parseSignedData(signedData: Der): TimestampToken {
  const fields = signedData.sequence('signed data');
  const version = fields.next('version').smallInteger('version');
  if (version !== 3) throw new DerError(`signed data version ${version}, expected 3`);
  fields.next('digest algorithms').expect(TAG.set, 'digest algorithms');
  const encapsulated = fields.next('content').sequence('content');
  expectOid(encapsulated.next('type'), OID_TST_INFO, 'content type');
  const content = encapsulated.next('content').expect(contextConstructed(0), 'content').inner('content').octets('content');
  encapsulated.end();
  const certificates =
    fields
      .optional(contextConstructed(0))
      ?.children()
      .map((certificate) => certificate.raw) ?? [];
  fields.optional(contextConstructed(1));
  const signers = fields.next('signer infos').expect(TAG.set, 'signer infos').children();
  fields.end();
  const [signer] = signers;
  if (signer === undefined || signers.length !== 1) throw new DerError(`expected exactly one signer, found ${signers.length}`);
  return { ...parseTstInfo(content), content, certificates, ...parseSignerInfo(signer) };
}

function parseTstInfo(content: Uint8Array): Pick<TimestampToken, 'imprint' | 'genTime' | 'policy' | 'nonce'> {
  const info = Der.parse(content).sequence('TSTInfo');
  const version = info.next('version').smallInteger('version');
  if (version !== 1) throw new DerError(`TSTInfo version ${version}, expected 1`);
  const policy = info.next('policy').oid('policy');
  const imprint = info.next('message imprint').sequence('message imprint');
  const algorithm = hashOf(imprint.next('hash algorithm'), 'message imprint');
  const value = imprint.next('hash').octets('hash');
  imprint.end();
  info.next('serial').integerBytes('serial');
  const genTime = info.next('genTime').expect(TAG.generalizedTime, 'genTime').time('genTime');
  info.optional(TAG.sequence); // accuracy: no client of the field applies it
  info.optional(TAG.boolean); // ordering
  const nonce = info.optional(TAG.integer)?.content;
  info.optional(contextConstructed(0)); // tsa: a name, the certificate decides
  info.optional(contextConstructed(1)); // extensions
  info.end();
  return { imprint: { algorithm, value }, genTime, policy, nonce };
}

type SignerInfo = Pick<TimestampToken, 'signer' | 'digestAlgorithm' | 'signedAttributes' | 'attributes' | 'signatureAlgorithm' | 'signature'>;

function parseSignerInfo(signerInfo: Der): SignerInfo {
  const fields = signerInfo.sequence('signer info');
  fields.next('version').smallInteger('version');
  const signer = parseSignerIdentifier(fields.next('signer identifier'));
  const digestAlgorithm = hashOf(fields.next('digest algorithm'), 'digest algorithm');
  const attributes = fields.optional(contextConstructed(0));
  if (attributes === undefined) throw new TrustError('TSA_ATTRIBUTES', 'the timestamp has no signed attributes');
  const signatureAlgorithm = fields.next('signature algorithm').sequence('signature algorithm').next('algorithm').oid('signature algorithm');
  const signature = fields.next('signature').octets('signature');
  fields.optional(contextConstructed(1)); // unsigned attributes
  fields.end();
  // RFC 5652 section 5.4: signed as an explicit SET OF, so the leading tag becomes 0x31 and every other byte stays.
  const signedAttributes = concat(Uint8Array.of(TAG.set), attributes.raw.subarray(1));
  return { signer, digestAlgorithm, signedAttributes, attributes: parseAttributes(attributes), signatureAlgorithm, signature };
}

function parseSignerIdentifier(identifier: Der): SignerIdentifier {
  if (identifier.tag === context(0)) return { kind: 'keyId', keyId: identifier.content };
  const fields = identifier.sequence('signer identifier');
  const issuer = fields.next('issuer').raw;
  const serial = fields.next('serial').integerBytes('serial');
  fields.end();
  return { kind: 'serial', issuer, serial };
}

/** Each attribute once, with exactly one value. */
function parseAttributes(attributes: Der): Map<string, Der> {
  const values = new Map<string, Der>();
  for (const attribute of attributes.children()) {
    const fields = attribute.sequence('attribute');
    const oid = fields.next('type').oid('attribute type');
    const value = fields.next('values').expect(TAG.set, 'attribute values').inner('attribute value');
    fields.end();
    if (values.has(oid)) throw new TrustError('TSA_ATTRIBUTES', `signed attribute ${oid} appears twice`);
    values.set(oid, value);
  }
  return values;
}

/** The hash an AlgorithmIdentifier names. SHA-1 and the rest are refused. */
export function hashOf(algorithm: Der, what: string): HashName {
  const oid = algorithm.sequence(what).next('algorithm').oid(what);
  const name = HASHES.get(oid);
  if (name === undefined)
    throw new TrustError('TSA_IMPRINT', `the ${what} of the timestamp uses hash ${oid}`, {
      expected: 'SHA-256, SHA-384 or SHA-512',
      found: oid === '1.3.14.3.2.26' ? 'SHA-1' : oid,
    });
  return name;
}

function expectOid(value: Der, expected: string, what: string): void {
  const found = value.oid(what);
  if (found !== expected) throw new DerError(`${what}: expected ${expected}, found ${found}`);
}

export function signerText(signer: SignerIdentifier): string {
  return signer.kind === 'keyId' ? `key id ${toHex(signer.keyId)}` : `serial ${toHex(signer.serial)}`;
}

const HASHES: ReadonlyMap<string, HashName> = new Map([
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);
