/** A signing as a log records it: the signature, what it is over, and what verifies it. */
import {
  type BundleContent,
  Certificate,
  defaultScheme,
  encodePem,
  type HashName,
  type PublicKey,
  parsePem,
  parsePublicKeyPem,
  preAuthenticationEncoding,
  TrustError,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';

export interface Signing {
  readonly content: BundleContent;
  /** PEM of the certificate, or of the public key. */
  readonly verifierPem: string;
  /** The JSON text of an envelope: Rekor v1 hashes it as it is. */
  readonly envelope?: Uint8Array | undefined;
}

export interface Verifier {
  readonly certificate: Certificate | undefined;
  readonly publicKey: PublicKey;
  /** In its one canonical wrapping: the hash of this text is what people search for. */
  readonly pem: string;
}

/** Errors: `CERT_…`, `KEY_PARSE`, `KEY_UNSUPPORTED`. */
export function parseVerifier(pem: string): Verifier {
  const { blocks, malformed } = parsePem(pem);
  const [block] = blocks;
  if (malformed || blocks.length > 1)
    throw new TrustError('KEY_PARSE', `verifier: expected one PEM block, found ${malformed ? 'malformed PEM' : blocks.length}`);
  if (block?.label === 'CERTIFICATE') {
    const certificate = Certificate.parse(block.der);
    return { certificate, publicKey: certificate.publicKey, pem: encodePem('CERTIFICATE', certificate.der) };
  }
  const publicKey = parsePublicKeyPem(pem);
  return { certificate: undefined, publicKey, pem: encodePem('PUBLIC KEY', publicKey.spki) };
}

/** The hash that a key signs with by default, which is the only one that Rekor v2 takes; Ed25519 signs pre-hashed there. */
export function hashOf(key: PublicKey): HashName {
  const scheme = defaultScheme(key);
  return 'hash' in scheme ? scheme.hash : 'sha512';
}

/** The digest of what is signed: of a message the one it states, of an envelope that of its pre-authentication encoding. */
export async function signedDigest(content: BundleContent, key: PublicKey): Promise<{ algorithm: HashName; value: Uint8Array }> {
  if (content.kind === 'message') {
    if (content.digest === undefined) throw new TypeError('a message without its digest cannot be put on record');
    return content.digest;
  }
  const algorithm = hashOf(key);
  const signed = content.kind === 'payload' ? content.payload : preAuthenticationEncoding(content.payloadType, content.payload);
  return { algorithm, value: await nodeCrypto.hash(algorithm, signed) };
}
