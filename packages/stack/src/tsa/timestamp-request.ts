/**
 * What a timestamp authority is asked, in its two forms (RFC 3161 section 2.4.1; services.md section 9).
 *
 *   TimeStampReq   SEQUENCE { 1, SEQUENCE { SEQUENCE { hash OID, NULL? }, OCTET STRING digest }, policy OID?, nonce INTEGER?, certReq BOOLEAN?, [0] extensions? }
 *   JSON           { "artifactHash": "<base64 digest>", "hashAlgorithm": "sha256", "certificates"?: true, "nonce"?: 1234, "tsaPolicyOID"?: "1.2.3" }
 *
 * Refusals have the texts of Sigstore's own authority, followed by a reason where that one only says that something failed.
 */
import { contextConstructed, Der, DerError, type Fields, fromHex, type HashName, isTrustError, parseFields, TAG } from '@assay/core';
import { hashAlgorithm, OID, type TstFields } from '@assay/make';
import { Refusal } from '../http/refusal.ts';

export interface TimestampRequest {
  /** With the AlgorithmIdentifier as the request has it: clients compare it with the token's byte by byte. */
  readonly imprint: TstFields['imprint'];
  /** Dotted; an accepted one. */
  readonly policy: string | undefined;
  /** Unsigned, big-endian, of any length. */
  readonly nonce: Uint8Array | undefined;
  /** The token is to carry the signer's certificate. */
  readonly certificateWanted: boolean;
}

/** Throws `Refusal` 400 for everything but one sound DER request without extensions, for a policy among `policies`. */
export function parseTimestampQuery(bytes: Uint8Array, policies: ReadonlySet<string>): TimestampRequest {
  return refusing(() => {
    const request = Der.parse(bytes).sequence('request');
    const version = request.next('version').smallInteger('version');
    if (version !== 1) throw new DerError(`version ${version}, expected 1`);
    const imprint = parseImprint(request.next('message imprint'));
    const policy = request.optional(TAG.oid)?.oid('policy');
    const nonce = request.optional(TAG.integer)?.integerBytes('nonce');
    const certificateWanted = request.optional(TAG.boolean)?.boolean('certReq') ?? false;
    const extensions = request.optional(contextConstructed(0));
    request.end();
    checkPolicy(policy, policies);
    if (extensions !== undefined) throw new Refusal(400, UNACCEPTED_EXTENSION);
    if (nonce !== undefined && (nonce[0] as number) >= 0x80) throw new DerError('the nonce is negative');
    return { imprint, policy, nonce, certificateWanted };
  });
}

function parseImprint(value: Der): TstFields['imprint'] {
  const fields = value.sequence('message imprint');
  const algorithm = fields.next('hash algorithm');
  const digest = fields.next('digest').octets('digest');
  fields.end();
  const identifier = algorithm.sequence('hash algorithm');
  const hash = HASH_OF_OID.get(identifier.next('hash algorithm').oid('hash algorithm'));
  // RFC 5754 section 2: parameters are absent, or NULL as older clients write. Other bytes would be signed unread.
  const parameters = identifier.optional(TAG.null);
  if (parameters !== undefined && parameters.content.length > 0) throw new DerError('hash algorithm: malformed NULL');
  identifier.end();
  checkDigest(hash, digest);
  return { algorithm: algorithm.raw, digest };
}

/** The same for JSON, as sigstore-js asks. */
export function parseTimestampJson(bytes: Uint8Array, policies: ReadonlySet<string>): TimestampRequest {
  return refusing(() => {
    const request = parseFields(bytes, { what: 'request', parse: 'USAGE', shape: 'USAGE' });
    const hash = HASH_OF_NAME.get((request.optionalString('hashAlgorithm') ?? '').toLowerCase());
    const policy = request.optionalString('tsaPolicyOID') || undefined;
    if (policy !== undefined && !OBJECT_IDENTIFIER.test(policy)) throw new Refusal(400, MALFORMED_OID);
    const digest = request.nonEmptyBytes('artifactHash');
    checkDigest(hash, digest);
    checkPolicy(policy, policies);
    return { imprint: { algorithm: hashAlgorithm(hash), digest }, policy, nonce: jsonNonce(request), certificateWanted: jsonCertificates(request) };
  });
}

function jsonNonce(request: Fields): Uint8Array | undefined {
  const value = request.json['nonce'] ?? null;
  if (value === null) return undefined;
  if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isSafeInteger(value))) return request.refuse('nonce', 'is not an integer');
  if (value < 0) return request.refuse('nonce', 'is negative');
  const digits = value.toString(16);
  return fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
}

function jsonCertificates(request: Fields): boolean {
  const value = request.json['certificates'] ?? false;
  return typeof value === 'boolean' ? value : request.refuse('certificates', 'is neither true nor false');
}

function checkDigest(hash: HashName | 'sha1' | undefined, digest: Uint8Array): asserts hash is HashName {
  if (hash === undefined) throw new Refusal(400, `${FAILED}: unsupported hash algorithm`);
  if (hash === 'sha1') throw new Refusal(400, WEAK_HASH);
  if (digest.length !== DIGEST_BYTES[hash]) throw new Refusal(400, WRONG_LENGTH);
}

function checkPolicy(policy: string | undefined, policies: ReadonlySet<string>): void {
  if (policy !== undefined && !policies.has(policy)) throw new Refusal(400, UNACCEPTED_POLICY);
}

function refusing<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof DerError || isTrustError(error)) throw new Refusal(400, `${FAILED}: ${error.message}`, { cause: error });
    throw error;
  }
}

export const FAILED = 'Error generating timestamp response';
const WEAK_HASH = 'Weak hash algorithm in timestamp request';
const WRONG_LENGTH = 'Message digest has incorrect length for specified algorithm';
const UNACCEPTED_POLICY = 'unaccepted policy: requested TSA policy is not supported by the TSA';
const UNACCEPTED_EXTENSION = 'unaccepted extension: requested extensions are not supported by the TSA';
const MALFORMED_OID = 'OID should be comprised of at most 128 components';

const HASH_NAMES = ['sha1', 'sha256', 'sha384', 'sha512'] as const;
const HASH_OF_NAME: ReadonlyMap<string, HashName | 'sha1'> = new Map(HASH_NAMES.map((name) => [name, name]));
const HASH_OF_OID: ReadonlyMap<string, HashName | 'sha1'> = new Map(HASH_NAMES.map((name) => [OID[name], name]));
const DIGEST_BYTES: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48, sha512: 64 };
const OBJECT_IDENTIFIER = /^\d{1,10}(?:\.\d{1,10}){1,127}$/;
