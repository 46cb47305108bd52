/**
 * Requests to record a signing in Rekor v2, and what is recorded (services.md section 6). All is checked before anything is logged.
 *
 *   hashedRekordRequestV002 { digest, signature { content, verifier } }      hashedrekord 0.0.2: the same, and the name of the hash
 *   dsseRequestV002 { envelope, verifiers [verifier] }                       hashedrekord 0.0.2 too, of the envelope's pre-authentication encoding
 *   verifier { keyDetails, publicKey { rawBytes } | x509Certificate { rawBytes } }
 *
 * The second is what clients sent before an envelope became a digest like any other, and sigstore-js 5 still sends; logs of today refuse it. They
 * once recorded it as dsse 0.0.2, which cosign 3 and sigstore-python no longer verify; what is recorded here, those who ask for it verify too.
 */
import { type Fields, isTrustError, preAuthenticationEncoding, quote, toHex } from '@assay/core';
import { encodeEntryBody, hashedrekord002, digest as hashOf, type RekorEntry } from '@assay/make';
import { Refusal } from '../http/refusal.ts';
import { verifiesDigest } from './digest-signature.ts';
import { parseProtoJson } from './proto-json.ts';
import { type SearchKey, searchKeys } from './search-keys.ts';
import { certificateSigner, keySigner, type Signer, type SigningAlgorithm, signingAlgorithm, verifierOf } from './signer.ts';

export interface AcceptedRequest {
  readonly kind: string;
  readonly version: string;
  /** The canonical body: the leaf of the log. */
  readonly body: Uint8Array;
  readonly keys: readonly SearchKey[];
}

export interface RequestOptions {
  readonly acceptDsse: boolean;
}

/** Throws `Refusal` 400. */
export async function acceptRequest(text: string, { acceptDsse }: RequestOptions): Promise<AcceptedRequest> {
  const request = parseRequest(text);
  const kind = REQUEST_KINDS.find((name) => request.has(name));
  if (kind === undefined || (kind === 'dsseRequestV002' && !acceptDsse)) throw new Refusal(400, 'invalid type, must be hashedrekord');
  const name = kind === 'dsseRequestV002' ? 'dsse' : 'hashedrekord';
  try {
    if (REQUEST_KINDS.every((other) => request.has(other))) request.refuse('', 'expected one request, found two');
    const { entry, keys } = await (name === 'dsse' ? acceptEnvelope : acceptHashedRekord)(request.object(kind));
    const body = encodeEntryBody(entry);
    if (body.length > MAX_BODY_BYTES) request.refuse('', `its entry has ${body.length} bytes, at most ${MAX_BODY_BYTES} are logged`);
    return { kind: entry.kind, version: entry.version, body, keys };
  } catch (error) {
    if (isTrustError(error)) throw new Refusal(400, `invalid ${name} request: ${error.message}`, { cause: error });
    throw error;
  }
}

function parseRequest(text: string): Fields {
  try {
    return parseProtoJson(text, REQUEST, 'request');
  } catch (error) {
    if (isTrustError(error)) throw new Refusal(400, error.message, { cause: error });
    throw error;
  }
}

interface Accepted {
  readonly entry: RekorEntry;
  readonly keys: readonly SearchKey[];
}

interface NamedSigner extends Signer {
  readonly algorithm: SigningAlgorithm;
}

async function acceptHashedRekord(record: Fields): Promise<Accepted> {
  const stated = record.object('signature');
  const signature = stated.nonEmptyBytes('content');
  const digest = record.nonEmptyBytes('digest');
  const signer = readSigner(stated.object('verifier'));
  const { hash } = signer.algorithm;
  if (digest.length !== DIGEST_BYTES[hash]) record.refuse('digest', `a ${hash} digest has ${DIGEST_BYTES[hash]} bytes, found ${digest.length}`);
  if (!(await verifiesDigest(signer.key, digest, signature))) stated.refuse('content', 'is not a signature of this digest by this key');
  return recorded(signature, digest, signer);
}

/** An entry is about one signature. */
async function acceptEnvelope(request: Fields): Promise<Accepted> {
  const envelope = request.object('envelope');
  const [stated = envelope.missing('signatures')] = envelope.objects('signatures', 1);
  const [verifier = request.missing('verifiers')] = request.objects('verifiers', 1);
  const signer = readSigner(verifier);
  const signature = stated.nonEmptyBytes('sig');
  const digest = hashOf(signer.algorithm.hash, preAuthenticationEncoding(envelope.string('payloadType'), envelope.nonEmptyBytes('payload')));
  if (!(await verifiesDigest(signer.key, digest, signature))) stated.refuse('sig', 'is not a signature of this envelope by this key');
  return recorded(signature, digest, signer);
}

function recorded(signature: Uint8Array, digest: Uint8Array, signer: NamedSigner): Accepted {
  const { hash, details } = signer.algorithm;
  return {
    entry: hashedrekord002({ signature, hash, digest, verifier: verifierOf(signer, details) }),
    keys: searchKeys({ signers: [signer], recorded: 'message', digests: [`${hash}:${toHex(digest)}`] }),
  };
}

function readSigner(verifier: Fields): NamedSigner {
  const details = verifier.enumName('keyDetails', KEY_DETAILS_NUMBERS);
  const publicKey = verifier.optionalObject('publicKey');
  const certificate = verifier.optionalObject('x509Certificate');
  if ((publicKey === undefined) === (certificate === undefined)) verifier.refuse('', 'expected either publicKey or x509Certificate');
  const signer =
    publicKey === undefined ? certificateSigner(verifier.object('x509Certificate').nonEmptyBytes('rawBytes')) : keySigner(publicKey.nonEmptyBytes('rawBytes'));
  const algorithm = signingAlgorithm(signer.key);
  if (algorithm === undefined) return verifier.refuse('', 'a key of this type and size is not taken');
  if (details !== algorithm.details) verifier.refuse('keyDetails', `expected ${algorithm.details} for this key, found ${quote(details, 60)}`);
  return { ...signer, algorithm };
}

const VERIFIER = { keyDetails: 'text', publicKey: { rawBytes: 'bytes' }, x509Certificate: { rawBytes: 'bytes' } } as const;
const REQUEST = {
  hashedRekordRequestV002: { digest: 'bytes', signature: { content: 'bytes', verifier: VERIFIER } },
  dsseRequestV002: {
    envelope: { payload: 'bytes', payloadType: 'text', signatures: [{ sig: 'bytes', keyid: 'text' }] },
    verifiers: [VERIFIER],
  },
} as const;
const REQUEST_KINDS = ['hashedRekordRequestV002', 'dsseRequestV002'] as const;

const DIGEST_BYTES = { sha256: 32, sha384: 48, sha512: 64 } as const;
/** The numbers of the names that can be right; of others there is nothing to tell. */
const KEY_DETAILS_NUMBERS: Readonly<Record<number, string>> = {
  5: 'PKIX_ECDSA_P256_SHA_256',
  7: 'PKIX_ED25519',
  8: 'PKIX_ED25519_PH',
  9: 'PKIX_RSA_PKCS1V15_2048_SHA256',
  10: 'PKIX_RSA_PKCS1V15_3072_SHA256',
  11: 'PKIX_RSA_PKCS1V15_4096_SHA256',
  12: 'PKIX_ECDSA_P384_SHA_384',
  13: 'PKIX_ECDSA_P521_SHA_512',
};
/** What fits into a bundle of entries (section 7). */
const MAX_BODY_BYTES = 65_535;
