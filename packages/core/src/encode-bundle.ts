/**
 * A version 0.3 bundle as protobuf JSON (cosign.md sections 0 and 2.5): lowerCamelCase, 64-bit integers as text, bytes as base64, nothing that is empty.
 * What `parseBundle` read, written again: one certificate, without the chain that older versions carried.
 */
import { encodeBase64 } from './base64.ts';
import { type Bundle, type BundleContent, type LogEntry, type LogInclusionProof, parseBundle } from './bundle.ts';
import { utf8 } from './bytes.ts';
import type { HashName } from './crypto.ts';

/** `mediaType` decides the version. */
export type BundleToWrite = Pick<Bundle, 'mediaType' | 'material' | 'content' | 'entries' | 'timestamps'>;

export const BUNDLE_V03 = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** One line of JSON that `parseBundle` takes. Errors: those of `parseBundle`, `TypeError` for content that bundles cannot hold. */
export function encodeBundle(bundle: BundleToWrite): string {
  const json = JSON.stringify({
    mediaType: bundle.mediaType,
    verificationMaterial: {
      ...materialJson(bundle.material),
      ...(bundle.entries.length > 0 && { tlogEntries: bundle.entries.map(entryJson) }),
      ...(bundle.timestamps.length > 0 && {
        timestampVerificationData: { rfc3161Timestamps: bundle.timestamps.map((timestamp) => ({ signedTimestamp: encodeBase64(timestamp) })) },
      }),
    },
    ...contentJson(bundle.content),
  });
  parseBundle(utf8(json));
  return json;
}

function materialJson(material: Bundle['material']): object {
  if (material.kind === 'certificate') return { certificate: { rawBytes: encodeBase64(material.leaf) } };
  return { publicKey: material.hint === '' ? {} : { hint: material.hint } };
}

function contentJson(content: BundleContent): object {
  if (content.kind === 'dsse') {
    const { payload, payloadType, signature, keyid } = content;
    const signatures = [{ sig: encodeBase64(signature), ...(keyid !== '' && { keyid }) }];
    return { dsseEnvelope: { payload: encodeBase64(payload), payloadType, signatures } };
  }
  if (content.kind !== 'message') throw new TypeError('a Sigstore bundle has no place for the signature of a payload');
  const { digest, signature } = content;
  return {
    messageSignature: {
      ...(digest !== undefined && { messageDigest: { algorithm: PROTO_HASH[digest.algorithm], digest: encodeBase64(digest.value) } }),
      signature: encodeBase64(signature),
    },
  };
}

/** The index is written even when it is 0: readers in Python demand it. */
function entryJson({ logIndex, logId, kind, version, integratedTime, signedEntryTimestamp, inclusionProof, body }: LogEntry): object {
  return {
    logIndex: String(logIndex),
    logId: { keyId: encodeBase64(logId) },
    kindVersion: { kind, version },
    ...(integratedTime !== 0n && { integratedTime: String(integratedTime) }),
    ...(signedEntryTimestamp !== undefined && { inclusionPromise: { signedEntryTimestamp: encodeBase64(signedEntryTimestamp) } }),
    ...(inclusionProof !== undefined && { inclusionProof: proofJson(inclusionProof) }),
    canonicalizedBody: encodeBase64(body),
  };
}

/** The first entry of a log has index 0 and no hashes: readers in Python demand both nevertheless. */
function proofJson({ logIndex, rootHash, treeSize, hashes, checkpoint }: LogInclusionProof): object {
  return {
    logIndex: String(logIndex),
    ...(rootHash.length > 0 && { rootHash: encodeBase64(rootHash) }),
    ...(treeSize !== 0n && { treeSize: String(treeSize) }),
    hashes: hashes.map((hash) => encodeBase64(hash)),
    checkpoint: { envelope: checkpoint },
  };
}

const PROTO_HASH: Readonly<Record<HashName, string>> = { sha256: 'SHA2_256', sha384: 'SHA2_384', sha512: 'SHA2_512' };
