/**
 * Whose signature it is that a log records: a certificate or a public key, and the one algorithm that such a key may sign with.
 *
 * The pairs of key and hash are those of the public instances; RSA-PSS, P-384 with SHA-256 and the like are not among them. Whether a
 * certificate is valid or trusted is nothing to a log: it records, others judge.
 */
import { Certificate, decodeUtf8, encodePem, type HashName, isTrustError, keyDetails, type PublicKey, parsePem, parseSpki, toHex, utf8 } from '@assay/core';
import { sha256, type Verifier } from '@assay/make';

export interface Signer {
  readonly key: PublicKey;
  /** The certificate it came in. */
  readonly certificate: Certificate | undefined;
}

export interface SigningAlgorithm {
  /** As `PublicKeyDetails` names it. */
  readonly details: string;
  readonly hash: HashName;
}

/** Over a digest, as messages are signed; undefined for keys that no log takes. */
export function signingAlgorithm(key: PublicKey): SigningAlgorithm | undefined {
  switch (key.type) {
    case 'ec':
      return { details: keyDetails(key), hash: CURVE_HASHES[key.curve] };
    case 'rsa':
      return RSA_BITS.has(key.bits) ? { details: keyDetails(key), hash: 'sha256' } : undefined;
    case 'ed25519':
      return { details: 'PKIX_ED25519_PH', hash: 'sha512' };
  }
}

export function certificateSigner(der: Uint8Array): Signer {
  const certificate = Certificate.parse(der);
  return { key: certificate.publicKey, certificate };
}

export function keySigner(spki: Uint8Array): Signer {
  return { key: parseSpki(spki), certificate: undefined };
}

/** Exactly one PEM block, CERTIFICATE or PUBLIC KEY. Undefined for anything else; errors: `CERT_PARSE`, `KEY_PARSE`, `KEY_UNSUPPORTED`. */
export function parseSignerPem(pem: Uint8Array): Signer | undefined {
  const { blocks, malformed } = parsePem(decodeUtf8(pem) ?? '');
  const [block] = blocks;
  if (block === undefined || malformed || blocks.length > 1) return undefined;
  if (block.label === 'CERTIFICATE') return certificateSigner(block.der);
  return block.label === 'PUBLIC KEY' ? keySigner(block.der) : undefined;
}

/** What the entry keeps of it. */
export function verifierOf({ key, certificate }: Signer, details = ''): Verifier {
  if (certificate !== undefined) return { type: 'certificate', certificate: certificate.der, keyDetails: details };
  return { type: 'publicKey', spki: key.spki, keyDetails: details };
}

/** SHA-256 of the PEM in its one canonical wrapping, hex: what Rekor finds a key or a certificate by. */
export function signerDigest({ key, certificate }: Signer): string {
  return toHex(sha256(utf8(certificate === undefined ? encodePem('PUBLIC KEY', key.spki) : encodePem('CERTIFICATE', certificate.der))));
}

/** The names in the certificate; none when they cannot be read, since nobody could ask for them. */
export function signerNames({ certificate }: Signer): string[] {
  try {
    return certificate?.subjectAlternativeNames.map(({ value }) => value) ?? [];
  } catch (error) {
    if (isTrustError(error)) return [];
    throw error;
  }
}

const CURVE_HASHES = { 'P-256': 'sha256', 'P-384': 'sha384', 'P-521': 'sha512' } as const;
const RSA_BITS: ReadonlySet<number> = new Set([2048, 3072, 4096]);
