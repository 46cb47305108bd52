/**
 * Sigstore bundles, versions 0.1, 0.2 and 0.3 in both spellings (verification.md section 2).
 *
 * Write `0.3` with a single certificate; the other versions exist for tests and for old readers. Integers of 64 bits are
 * decimal strings, bytes are standard base64.
 */
import { encodeBase64, type HashName } from '@assay/core';
import { type DsseEnvelope, type EnvelopeJson, envelopeJson } from './dsse.ts';
import { PROTO_HASH } from './hash.ts';

export type BundleVersion = '0.1' | '0.2' | '0.3' | '0.3-old';

export const BUNDLE_MEDIA_TYPES: Readonly<Record<BundleVersion, string>> = {
  '0.1': 'application/vnd.dev.sigstore.bundle+json;version=0.1',
  '0.2': 'application/vnd.dev.sigstore.bundle+json;version=0.2',
  '0.3-old': 'application/vnd.dev.sigstore.bundle+json;version=0.3',
  '0.3': 'application/vnd.dev.sigstore.bundle.v0.3+json',
};

export interface LogEntry {
  readonly kind: string;
  readonly version: string;
  readonly body: Uint8Array;
  readonly logId: Uint8Array;
  /** Global: over all shards of a Rekor v1 log. */
  readonly logIndex: number | bigint;
  /** Seconds; absent for Rekor v2. */
  readonly integratedTime?: number | bigint;
  readonly signedEntryTimestamp?: Uint8Array;
  readonly proof?: EntryProof;
}

export interface EntryProof {
  /** In the tree of the shard. */
  readonly logIndex: number | bigint;
  readonly treeSize: number | bigint;
  readonly rootHash: Uint8Array;
  readonly hashes: readonly Uint8Array[];
  readonly checkpoint: string;
}

export interface BundleOptions {
  readonly version?: BundleVersion;
  /** Leaf first. Version 0.3 takes exactly one. */
  readonly material: { readonly certificates: readonly Uint8Array[] } | { readonly publicKeyHint: string };
  readonly entries: readonly LogEntry[];
  /** TimeStampResp DER each. */
  readonly timestamps: readonly Uint8Array[];
  readonly content: MessageContent | DsseEnvelope;
}

export interface MessageContent {
  readonly hash: HashName;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
}

export interface BundleJson {
  mediaType: string;
  verificationMaterial: VerificationMaterialJson;
  messageSignature?: { messageDigest: { algorithm: string; digest: string }; signature: string };
  dsseEnvelope?: EnvelopeJson;
}

export interface VerificationMaterialJson {
  certificate?: { rawBytes: string };
  x509CertificateChain?: { certificates: { rawBytes: string }[] };
  publicKey?: { hint: string };
  tlogEntries: TlogEntryJson[];
  timestampVerificationData?: { rfc3161Timestamps: { signedTimestamp: string }[] };
}

export interface TlogEntryJson {
  logIndex: string;
  logId: { keyId: string };
  kindVersion: { kind: string; version: string };
  integratedTime?: string;
  inclusionPromise?: { signedEntryTimestamp: string };
  inclusionProof?: { logIndex: string; rootHash: string; treeSize: string; hashes: string[]; checkpoint: { envelope: string } };
  canonicalizedBody: string;
}

export function makeBundle({ version = '0.3', material, entries, timestamps, content }: BundleOptions): BundleJson {
  return {
    mediaType: BUNDLE_MEDIA_TYPES[version],
    verificationMaterial: {
      ...materialJson(version, material),
      tlogEntries: entries.map(tlogEntryJson),
      ...(timestamps.length > 0 && {
        timestampVerificationData: { rfc3161Timestamps: timestamps.map((token) => ({ signedTimestamp: encodeBase64(token) })) },
      }),
    },
    ...contentJson(content),
  };
}

function materialJson(version: BundleVersion, material: BundleOptions['material']): Omit<VerificationMaterialJson, 'tlogEntries'> {
  if ('publicKeyHint' in material) return { publicKey: { hint: material.publicKeyHint } };
  const certificates = material.certificates.map((certificate) => ({ rawBytes: encodeBase64(certificate) }));
  if (version === '0.1' || version === '0.2') return { x509CertificateChain: { certificates } };
  const [certificate, ...others] = certificates;
  if (certificate === undefined || others.length > 0) throw new TypeError('a 0.3 bundle holds exactly one certificate');
  return { certificate };
}

function contentJson(content: BundleOptions['content']): Pick<BundleJson, 'messageSignature' | 'dsseEnvelope'> {
  if ('payloadType' in content) return { dsseEnvelope: envelopeJson(content) };
  const messageDigest = { algorithm: PROTO_HASH[content.hash], digest: encodeBase64(content.digest) };
  return { messageSignature: { messageDigest, signature: encodeBase64(content.signature) } };
}

export function tlogEntryJson(entry: LogEntry): TlogEntryJson {
  return {
    logIndex: String(entry.logIndex),
    logId: { keyId: encodeBase64(entry.logId) },
    kindVersion: { kind: entry.kind, version: entry.version },
    ...(entry.integratedTime !== undefined && { integratedTime: String(entry.integratedTime) }),
    ...(entry.signedEntryTimestamp !== undefined && { inclusionPromise: { signedEntryTimestamp: encodeBase64(entry.signedEntryTimestamp) } }),
    ...(entry.proof !== undefined && { inclusionProof: proofJson(entry.proof) }),
    canonicalizedBody: encodeBase64(entry.body),
  };
}

function proofJson({ logIndex, treeSize, rootHash, hashes, checkpoint }: EntryProof): NonNullable<TlogEntryJson['inclusionProof']> {
  return {
    logIndex: String(logIndex),
    rootHash: encodeBase64(rootHash),
    treeSize: String(treeSize),
    hashes: hashes.map((hash) => encodeBase64(hash)),
    checkpoint: { envelope: checkpoint },
  };
}
