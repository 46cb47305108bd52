/**
 * What a bundle claims was signed, by whom: the things that every later check compares with. Gathered once, before anything is
 * verified; nothing in here is believed.
 */
import { Artifact } from './artifact.ts';
import type { Bundle, BundleContent } from './bundle.ts';
import type { HashName } from './crypto.ts';
import { preAuthenticationEncoding } from './dsse.ts';
import { isTrustError } from './errors.ts';
import type { PublicKey } from './key.ts';
import { Certificate } from './x509.ts';

export interface SignedContent {
  readonly content: BundleContent;
  readonly signature: Uint8Array;
  /** The message: the artifact itself, the payload that names it, or the envelope's PAE. Undefined when a message's artifact was not given. */
  readonly message: Artifact | undefined;
  readonly certificate: Certificate | undefined;
  /** The leaf's key, or the key given by the caller. Undefined when neither is known. */
  readonly key: PublicKey | undefined;
}

export function signedContent(
  { content }: Pick<Bundle, 'content'>,
  artifact: Artifact | undefined,
  certificate: Certificate | undefined,
  key: PublicKey | undefined,
): SignedContent {
  return {
    content,
    signature: content.signature,
    message: signedMessage(content, artifact),
    certificate,
    key: certificate?.publicKey ?? key,
  };
}

function signedMessage(content: BundleContent, artifact: Artifact | undefined): Artifact | undefined {
  if (content.kind === 'message') return artifact;
  if (content.kind === 'payload') return Artifact.fromBytes(content.payload);
  return Artifact.fromBytes(preAuthenticationEncoding(content.payloadType, content.payload));
}

/** What a signed timestamp covers: the signature; outside bundles, an attestation's is over the stored envelope (cosign.md section 4.2). */
export function timestampedBytes(content: BundleContent): Uint8Array {
  return (content.kind === 'dsse' ? content.stored : undefined) ?? content.signature;
}

/**
 * The digest algorithms that verifying `bundle` needs of an artifact that cannot be held in memory: those a signature, a log entry or a
 * subject may name. `key` is the caller's key, for bundles without a certificate.
 */
export function digestsNeeded(bundle: Bundle, key: PublicKey | undefined): HashName[] {
  if (bundle.content.kind === 'dsse') return ['sha256', 'sha384', 'sha512'];
  if (bundle.content.kind === 'payload') return ['sha256'];
  const algorithms = new Set<HashName>(['sha256']);
  const signer = bundle.material.kind === 'certificate' ? leafKey(bundle.material.leaf) : key;
  if (bundle.content.digest !== undefined) algorithms.add(bundle.content.digest.algorithm);
  if (signer?.type === 'ec' && signer.curve === 'P-384') algorithms.add('sha384');
  if (signer?.type === 'ec' && signer.curve === 'P-521') algorithms.add('sha512');
  if (signer?.type === 'ed25519') algorithms.add('sha512');
  return [...algorithms];
}

/** Undefined for a certificate that cannot be read: verification will say so. */
function leafKey(leaf: Uint8Array): PublicKey | undefined {
  try {
    return Certificate.parse(leaf).publicKey;
  } catch (error) {
    if (isTrustError(error)) return undefined;
    throw error;
  }
}
