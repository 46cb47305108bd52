/**
 * Asking a Fulcio-compatible authority for a certificate (services.md section 3).
 *
 *   POST /api/v2/signingCert        Authorization: Bearer TOKEN
 *     { publicKeyRequest { publicKey { algorithm, content = PEM }, proofOfPossession = signature over the token's subject } }
 *     { certificateSigningRequest = PEM of a PKCS#10 request }
 *   → 200 { signedCertificateEmbeddedSct { chain { certificates = PEM, leaf first } } }
 *         { signedCertificateDetachedSct { chain, signedCertificateTimestamp = AddChainResponse } }
 *
 * The answer is held against what was asked for: the key is ours. Whose name is in it, and whether the authority and its log are to be
 * trusted, is for verification, before anything goes on record.
 */
import {
  Certificate,
  decodeUtf8,
  encodeBase64,
  encodePem,
  equalBytes,
  type Fields,
  isTrustError,
  parseFields,
  parsePem,
  quote,
  TrustError,
  utf8,
} from '@assay/core';
import { below, type HttpResponse, redactUrl } from '@assay/net';
import type { IdentityToken } from '../identity/index.ts';
import type { Signer } from '../keys/signer.ts';
import { ask, type Service } from './service.ts';

export interface CertificateRequest {
  /** By its base URL. */
  readonly service: Service;
  readonly token: Pick<IdentityToken, 'raw' | 'subject'>;
  /** Proves its possession, and is certified. */
  readonly key: Signer;
  /** A public key with a proof, or a certificate signing request. Default `key`. */
  readonly by?: 'key' | 'csr' | undefined;
}

export interface IssuedCertificate {
  /** Of our key. */
  readonly leaf: Certificate;
  /** The direct issuer first; at least one. */
  readonly issuers: readonly Certificate[];
  /** JSON of an `AddChainResponse`, from authorities that do not embed it. */
  readonly detachedSct: Uint8Array | undefined;
}

/**
 * One request, and one more after 429 or 5xx.
 * Errors: `FULCIO_REFUSED` and `FULCIO_REQUEST` in cosign's words (`Fulcio returned N: BODY`), `FULCIO_RESPONSE` (no chain), `FULCIO_MISMATCH`
 * (another key), `KEY_UNSUPPORTED` for pre-hashed Ed25519, those of the key's place, `NET_…`.
 */
export async function requestCertificate({ service, token, key, by = 'key' }: CertificateRequest): Promise<IssuedCertificate> {
  if (key.scheme.name === 'ed25519ph') throw new TrustError('KEY_UNSUPPORTED', 'ed25519ph unsupported by Fulcio');
  const response = await ask(service, below(service.url, '/api/v2/signingCert'), {
    method: 'POST',
    headers: { authorization: `Bearer ${token.raw}`, 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(by === 'csr' ? await csrRequest(key) : await keyRequest(key, token.subject)),
    maxBytes: MAX_ANSWER_BYTES,
    retries: 1,
  });
  if (response.status !== 200) throw refusal(response, token.raw);
  return checked(parseAnswer(response), key, redactUrl(response.url));
}

async function keyRequest(key: Signer, subject: string): Promise<object> {
  const publicKey = { algorithm: ALGORITHMS[key.publicKey.type], content: encodePem('PUBLIC KEY', key.publicKey.spki) };
  return { publicKeyRequest: { publicKey, proofOfPossession: encodeBase64(await key.sign(utf8(subject))) } };
}

async function csrRequest(key: Signer): Promise<object> {
  const { makeCsr } = await import('@assay/make');
  const { spki, type } = key.publicKey;
  const der = await makeCsr({ spki, type, hash: key.hash ?? 'sha512', sign: (message) => key.sign(message) });
  return { certificateSigningRequest: encodeBase64(utf8(encodePem('CERTIFICATE REQUEST', der))) };
}

/** A body may repeat what was sent, and messages end in logs. */
function refusal({ status, body }: HttpResponse, token: string): TrustError {
  const said = (decodeUtf8(body) ?? '').trim().replaceAll(token, '(the token)');
  const code = status >= 400 && status < 500 && status !== 408 && status !== 429 ? 'FULCIO_REFUSED' : 'FULCIO_REQUEST';
  return new TrustError(code, `Fulcio returned ${status}: ${quote(said, MAX_SAID)}`, { data: { status } });
}

/** Whatever is wrong with an answer, the authority is to blame for it. */
function parseAnswer({ url, body }: HttpResponse): IssuedCertificate {
  const where = redactUrl(url);
  try {
    const answer = parseFields(body, { what: 'answer', parse: 'FULCIO_RESPONSE', shape: 'FULCIO_RESPONSE' });
    const detached = answer.optionalObject('signedCertificateDetachedSct');
    const signed = answer.optionalObject('signedCertificateEmbeddedSct') ?? detached;
    const [leaf, ...issuers] = signed === undefined ? [] : parseChain(signed.object('chain'));
    if (leaf === undefined) throw new TrustError('FULCIO_RESPONSE', 'Fulcio returned no certificates');
    if (issuers.length === 0) throw new TrustError('FULCIO_RESPONSE', 'the chain holds no issuer of the certificate');
    return { leaf, issuers, detachedSct: signed === detached ? detached?.nonEmptyBytes('signedCertificateTimestamp') : undefined };
  } catch (error) {
    if (isTrustError(error)) throw new TrustError('FULCIO_RESPONSE', `${where}: ${error.message}`, { cause: error });
    throw error;
  }
}

function parseChain(chain: Fields): Certificate[] {
  const { certificates } = chain.json;
  if (!Array.isArray(certificates) || certificates.length > MAX_CHAIN) return chain.refuse('certificates', `expected a list of at most ${MAX_CHAIN}`);
  return certificates.map((pem) => (typeof pem === 'string' ? parseCertificate(pem) : chain.refuse('certificates', 'expected PEM texts')));
}

function parseCertificate(pem: string): Certificate {
  const { blocks, malformed } = parsePem(pem);
  const [block] = blocks;
  if (malformed || blocks.length !== 1 || block?.label !== 'CERTIFICATE') throw new TrustError('FULCIO_RESPONSE', 'unable to parse Fulcio certificate');
  return Certificate.parse(block.der);
}

function checked(answer: IssuedCertificate, key: Signer, where: string): IssuedCertificate {
  if (equalBytes(answer.leaf.publicKey.spki, key.publicKey.spki)) return answer;
  throw new TrustError('FULCIO_MISMATCH', `${where}: the certificate is of another key`);
}

const ALGORITHMS = { ec: 'ECDSA', rsa: 'RSA', ed25519: 'ED25519' } as const;
/** A leaf, intermediates, a root, and perhaps a timestamp. */
const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_CHAIN = 16;
const MAX_SAID = 1000;
