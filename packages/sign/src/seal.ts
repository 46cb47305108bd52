/**
 * Signing something: the signature, what services say about it, and both as a bundle or as the parts that older formats keep apart.
 *
 * Nothing is stored here. What comes back is whole: when a log or an authority that was asked for fails, there is nothing to publish.
 */
import {
  BUNDLE_V03,
  type Bundle,
  type BundleContent,
  encodeBase64,
  encodeBundle,
  encodePem,
  IN_TOTO_PAYLOAD_TYPE,
  type LogEntry,
  type PublicKey,
  preAuthenticationEncoding,
  TrustError,
  utf8,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import type { Signer } from './keys/signer.ts';

/** What is signed: an artifact by its digest, a payload that names an image, or a statement in an envelope. */
export type Signable =
  /** `bytes` are needed by keys that do not sign digests. */
  | { readonly kind: 'message'; readonly digest: (hash: 'sha256' | 'sha384' | 'sha512') => Promise<Uint8Array>; readonly bytes: Uint8Array | undefined }
  | { readonly kind: 'payload'; readonly payload: Uint8Array }
  | { readonly kind: 'dsse'; readonly payload: Uint8Array; readonly payloadType?: string };

/** Puts a signing on record. Throws when a service that was chosen does not answer. */
export type Record = (signing: { readonly content: BundleContent; readonly verifierPem: string; readonly envelope: Uint8Array | undefined }) => Promise<{
  readonly entries: readonly LogEntry[];
  readonly timestamps: readonly Uint8Array[];
}>;

export interface SealOptions {
  readonly signer: Signer;
  /** DER of the leaf that certifies the signer's key; or where it comes from once the signature is made. */
  readonly certificate?: Uint8Array | ((content: BundleContent) => Promise<Uint8Array>) | undefined;
  /** Absent: nothing is put on record. */
  readonly record?: Record | undefined;
}

export interface Sealed {
  readonly content: BundleContent;
  readonly certificate: Uint8Array | undefined;
  readonly publicKey: PublicKey;
  readonly entries: readonly LogEntry[];
  readonly timestamps: readonly Uint8Array[];
  /** The envelope as it was put on record: stores of older formats keep these bytes. */
  readonly envelope: Uint8Array | undefined;
}

/** Errors: `KEY_UNSUPPORTED` for keys that cannot sign a digest when only that is known; those of the key's place, of `certificate` and of `record`. */
export async function seal(signable: Signable, { signer, certificate: given, record }: SealOptions): Promise<Sealed> {
  const content = await contentOf(signable, signer);
  const certificate = typeof given === 'function' ? await given(content) : given;
  const envelope = content.kind === 'dsse' ? utf8(envelopeJson(content)) : undefined;
  const verifierPem = certificate === undefined ? encodePem('PUBLIC KEY', signer.publicKey.spki) : encodePem('CERTIFICATE', certificate);
  const recorded = (await record?.({ content, verifierPem, envelope })) ?? { entries: [], timestamps: [] };
  return { content, certificate, publicKey: signer.publicKey, envelope, ...recorded };
}

async function contentOf(signable: Signable, signer: Signer): Promise<BundleContent> {
  switch (signable.kind) {
    case 'payload':
      return { kind: 'payload', payload: signable.payload, signature: await signer.sign(signable.payload) };
    case 'dsse': {
      const { payload, payloadType = IN_TOTO_PAYLOAD_TYPE } = signable;
      return { kind: 'dsse', payload, payloadType, signature: await signer.sign(preAuthenticationEncoding(payloadType, payload)), keyid: '' };
    }
    case 'message':
      return signMessage(signable, signer);
  }
}

async function signMessage({ digest, bytes }: Signable & { kind: 'message' }, signer: Signer): Promise<BundleContent> {
  const algorithm = signer.hash ?? 'sha256';
  const value = await digest(algorithm);
  if (signer.hash === undefined && bytes === undefined) {
    throw new TrustError('KEY_UNSUPPORTED', 'an Ed25519 key signs the artifact itself, and this one is too large to hold', {
      hint: 'sign it with a log, which takes the pre-hashed form, or with another key',
    });
  }
  // What signs over digests is slow to load, and not needed while the bytes are at hand.
  const signature = bytes === undefined || signer.scheme.name === 'ed25519ph' ? await signer.signDigest(value) : await signer.sign(bytes);
  return { kind: 'message', digest: { algorithm, value }, signature };
}

/** A version 0.3 bundle, one line of JSON. */
export async function bundleOfSealed({ content, certificate, publicKey, entries, timestamps }: Sealed): Promise<string> {
  const material: Bundle['material'] =
    certificate === undefined
      ? { kind: 'publicKey', hint: encodeBase64(await nodeCrypto.hash('sha256', publicKey.spki)) }
      : { kind: 'certificate', leaf: certificate, others: [] };
  return encodeBundle({ mediaType: BUNDLE_V03, material, content, entries, timestamps });
}

/** `{"payload":…,"payloadType":…,"signatures":[{"keyid":"","sig":…}]}`, in the order of Go's type. */
export function envelopeJson({ payload, payloadType, signature }: BundleContent & { kind: 'dsse' }): string {
  return JSON.stringify({ payloadType, payload: encodeBase64(payload), signatures: [{ sig: encodeBase64(signature) }] });
}

/** The log entry as older formats keep it, `{"SignedEntryTimestamp":…,"Payload":{…}}`; undefined for entries that carry no promise. */
export function rekorBundleJson(entry: LogEntry | undefined): string | undefined {
  if (entry?.signedEntryTimestamp === undefined) return undefined;
  return JSON.stringify({
    SignedEntryTimestamp: encodeBase64(entry.signedEntryTimestamp),
    Payload: {
      body: encodeBase64(entry.body),
      integratedTime: Number(entry.integratedTime),
      logIndex: Number(entry.logIndex),
      logID: Buffer.from(entry.logId).toString('hex'),
    },
  });
}

/** `{"SignedRFC3161Timestamp":…}`; undefined without a timestamp. */
export function timestampJson([timestamp]: readonly Uint8Array[]): string | undefined {
  return timestamp && JSON.stringify({ SignedRFC3161Timestamp: encodeBase64(timestamp) });
}
