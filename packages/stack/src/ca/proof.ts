/**
 * Whether who asks for a certificate has the private key: a signature over the challenge, or a certificate signing request that signs itself
 * (services.md section 3). Only the key comes from the request: names and extensions in it are not looked at.
 *
 * Keys that are certified: P-256, P-384, P-521, Ed25519, RSA with 2048, 3072 or 4096 bits and e = 65537.
 */
import {
  Der,
  DerError,
  decodeBase64,
  defaultScheme,
  isTrustError,
  keyText,
  type PublicKey,
  parsePem,
  parsePublicKeyPem,
  parseSpki,
  type SignatureScheme,
  signatureSchemeOf,
  utf8,
  verifySignature,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { INSECURE_PUBLIC_KEY, INVALID_CSR, INVALID_PUBLIC_KEY, INVALID_SIGNATURE, refuseRequest } from './refusals.ts';
import { modulusWeakness } from './rsa-key.ts';

export type Proof =
  /** `publicKey` PEM, or base64 of DER. */
  | { readonly kind: 'key'; readonly publicKey: string; readonly signature: Uint8Array }
  /** PEM. */
  | { readonly kind: 'csr'; readonly csr: string };

/** The key to be certified. Throws `Refusal`. */
export function verifyProof(proof: Proof, challenge: string): Promise<PublicKey> {
  return proof.kind === 'key' ? verifyPossession(proof, challenge) : verifyRequest(proof.csr);
}

async function verifyPossession(proof: Extract<Proof, { kind: 'key' }>, challenge: string): Promise<PublicKey> {
  const key = parseKey(() => readKey(proof.publicKey));
  checkKey(key);
  if (await verifySignature(nodeCrypto, key, defaultScheme(key), utf8(challenge), proof.signature)) return key;
  return refuseRequest(INVALID_SIGNATURE, `the proof of possession is not a ${keyText(key)} signature over the challenge`);
}

function readKey(text: string): PublicKey {
  if (text.includes('-----BEGIN ')) return parsePublicKeyPem(text);
  const der = decodeBase64(text);
  return der === undefined || der.length === 0 ? refuseRequest(INVALID_PUBLIC_KEY, 'public key: neither PEM nor base64 of DER') : parseSpki(der);
}

/** Of a type that we know nothing of, we cannot say more than that it is not secure. */
function parseKey(parse: () => PublicKey): PublicKey {
  try {
    return parse();
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return refuseRequest(error.code === 'KEY_UNSUPPORTED' ? INSECURE_PUBLIC_KEY : INVALID_PUBLIC_KEY, error.message, error);
  }
}

function checkKey(key: PublicKey): void {
  // A point that is not on its curve, which OpenSSL does not even import.
  if (!nodeCrypto.isUsable(key)) refuseRequest(INVALID_PUBLIC_KEY, 'public key: unusable');
  if (key.type !== 'rsa') return;
  const problem = rsaProblem(key);
  if (problem !== undefined) refuseRequest(INSECURE_PUBLIC_KEY, problem);
}

function rsaProblem({ bits, exponent, modulus }: Extract<PublicKey, { type: 'rsa' }>): string | undefined {
  if (!RSA_BITS.has(bits)) return `key size not supported: ${bits}`;
  return exponent === 65_537n ? modulusWeakness(modulus) : 'key exponent must be 65537';
}

/** RFC 2986: `SEQUENCE { info { version 0, subject, SPKI, [0] attributes }, algorithm, BIT STRING signature }`, the signature over `info`. */
async function verifyRequest(pem: string): Promise<PublicKey> {
  const { info, spki, scheme, signature } = parseRequest(pem);
  const key = parseKey(() => parseSpki(spki));
  checkKey(key);
  if (!(await verifySignature(nodeCrypto, key, scheme, info, signature))) refuseRequest(INVALID_SIGNATURE, "the request's own signature does not verify");
  const expected = schemeText(defaultScheme(key));
  if (schemeText(scheme) === expected) return key;
  const text = `signing algorithm not permitted: ${keyText(key)} with ${schemeText(scheme)}`;
  return refuseRequest(text, `${text}, expected ${expected}`);
}

interface CertificationRequest {
  readonly info: Uint8Array;
  readonly spki: Uint8Array;
  readonly scheme: SignatureScheme;
  readonly signature: Uint8Array;
}

function parseRequest(pem: string): CertificationRequest {
  const [block] = parsePem(pem).blocks;
  if (block === undefined || !REQUEST_LABELS.has(block.label)) return refuseRequest(INVALID_CSR, 'no PEM block CERTIFICATE REQUEST');
  try {
    const outer = Der.parse(block.der).sequence('request');
    const info = outer.next('info');
    const algorithm = outer.next('algorithm').sequence('algorithm').next('identifier').oid('algorithm');
    const signature = outer.next('signature').bitStringBytes('signature');
    outer.end();
    const fields = info.sequence('info');
    if (fields.next('version').smallInteger('version') !== 0) throw new DerError('version is not 0');
    fields.next('subject').sequence('subject');
    const spki = fields.next('key').raw;
    const scheme = signatureSchemeOf(algorithm);
    if (scheme === undefined) return refuseRequest(`unrecognized signature algorithm: ${algorithm}`, 'not ECDSA, RSA PKCS#1 v1.5 or Ed25519');
    return { info: info.raw, spki, scheme, signature };
  } catch (error) {
    if (error instanceof DerError) return refuseRequest(INVALID_CSR, error.message, error);
    throw error;
  }
}

function schemeText(scheme: SignatureScheme): string {
  return 'hash' in scheme ? `${scheme.name} ${scheme.hash}` : scheme.name;
}

const RSA_BITS: ReadonlySet<number> = new Set([2048, 3072, 4096]);
const REQUEST_LABELS: ReadonlySet<string> = new Set(['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST']);
