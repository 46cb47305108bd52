/**
 * Sigstore bundles, versions 0.1 to 0.3 (verification.md section 2).
 *
 *   { mediaType, verificationMaterial { one of publicKey | x509CertificateChain | certificate;
 *     tlogEntries[]; timestampVerificationData { rfc3161Timestamps[] } }, one of messageSignature | dsseEnvelope }
 *
 * Parsing decides shape only, by version; nothing here is believed yet.
 */
import type { HashName } from './crypto.ts';
import { readEnvelope } from './envelope.ts';
import { quote, TrustError } from './errors.ts';
import { type Fields, parseFields } from './fields.ts';

export type BundleVersion = '0.1' | '0.2' | '0.3';

export interface Bundle {
  readonly mediaType: string;
  readonly version: BundleVersion;
  readonly material: VerificationMaterial;
  readonly content: BundleContent;
  readonly entries: readonly LogEntry[];
  /** DER TimeStampResp each. */
  readonly timestamps: readonly Uint8Array[];
}

export type VerificationMaterial =
  /** `others` are untrusted: never anchors, not used for building paths. */
  { readonly kind: 'certificate'; readonly leaf: Uint8Array; readonly others: readonly Uint8Array[] } | { readonly kind: 'publicKey'; readonly hint: string };

export type BundleContent = MessageSignature | DsseEnvelope | PayloadSignature;

export interface MessageSignature {
  readonly kind: 'message';
  /** Stated by the signer: compared with the artifact, never verified in its place. Absent only in evidence older than bundles. */
  readonly digest: { readonly algorithm: HashName; readonly value: Uint8Array } | undefined;
  readonly signature: Uint8Array;
}

export interface DsseEnvelope {
  readonly kind: 'dsse';
  readonly payload: Uint8Array;
  readonly payloadType: string;
  readonly signature: Uint8Array;
  readonly keyid: string;
  /** The envelope's own bytes, where it lies outside a bundle: older log entries and timestamps cover these. */
  readonly stored?: Uint8Array;
}

/** Evidence older than bundles: a payload is signed, and names the image (simple-signing.ts). */
export interface PayloadSignature {
  readonly kind: 'payload';
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

export interface LogEntry {
  /** Position in the whole log (all shards of Rekor v1). */
  readonly logIndex: bigint;
  readonly logId: Uint8Array;
  readonly kind: string;
  readonly version: string;
  /** Seconds; 0 means no time. */
  readonly integratedTime: bigint;
  readonly signedEntryTimestamp: Uint8Array | undefined;
  readonly inclusionProof: LogInclusionProof | undefined;
  readonly body: Uint8Array;
}

export interface LogInclusionProof {
  readonly logIndex: bigint;
  readonly rootHash: Uint8Array;
  readonly treeSize: bigint;
  readonly hashes: readonly Uint8Array[];
  readonly checkpoint: string;
}

export const MAX_BUNDLE_BYTES = 128 * 1024 * 1024;
export const MAX_LOG_ENTRIES = 32;
export const MAX_TIMESTAMPS = 32;

export interface BundleOptions {
  /** Accept `x509CertificateChain` in version 0.3 too, as cosign does when told so. */
  readonly allowCertificateChain?: boolean;
  /** Accept a single certificate and a chain in every version, as slsa-verifier does. */
  readonly anyCertificateForm?: boolean;
}

/** Errors: `BUNDLE_PARSE`, `BUNDLE_TOO_LARGE`, `BUNDLE_VERSION`, `BUNDLE_SHAPE`, `BUNDLE_LIMIT`, `BUNDLE_CHAIN`, `BUNDLE_PROOF_MISSING`, `BUNDLE_PROMISE_MISSING`. */
export function parseBundle(input: Uint8Array, options: BundleOptions = {}): Bundle {
  if (input.length > MAX_BUNDLE_BYTES) throw new TrustError('BUNDLE_TOO_LARGE', `bundle: ${input.length} bytes, the cap is ${MAX_BUNDLE_BYTES}`);
  const fields = parseFields(input, { what: 'bundle', parse: 'BUNDLE_PARSE', shape: 'BUNDLE_SHAPE' });
  const mediaType = fields.optionalString('mediaType') ?? '';
  const version = MEDIA_TYPES.get(mediaType);
  if (version === undefined) {
    throw new TrustError('BUNDLE_VERSION', 'bundle: unknown media type', {
      expected: [...MEDIA_TYPES.keys()].join(' or '),
      found: quote(mediaType || '(none)'),
    });
  }
  const material = fields.object('verificationMaterial');
  const bundle: Bundle = {
    mediaType,
    version,
    material: parseMaterial(material, version, options),
    content: parseContent(fields),
    entries: material.objects('tlogEntries', MAX_LOG_ENTRIES, 'BUNDLE_LIMIT').map((entry) => parseLogEntry(entry, version)),
    timestamps: (material.optionalObject('timestampVerificationData')?.objects('rfc3161Timestamps', MAX_TIMESTAMPS, 'BUNDLE_LIMIT') ?? []).map((item) =>
      item.bytes('signedTimestamp'),
    ),
  };
  if (bundle.material.kind === 'publicKey' && bundle.content.kind === 'dsse') checkKeyid(bundle.material.hint, bundle.content.keyid);
  return bundle;
}

function parseMaterial(
  material: Fields,
  version: BundleVersion,
  { allowCertificateChain = false, anyCertificateForm = false }: BundleOptions,
): VerificationMaterial {
  const present = ['publicKey', 'x509CertificateChain', 'certificate'].filter((name) => material.has(name));
  if (present.length !== 1) material.refuse('', `expected one of publicKey, x509CertificateChain and certificate, found ${present.join(' and ') || 'none'}`);

  const publicKey = material.optionalObject('publicKey');
  if (publicKey !== undefined) return { kind: 'publicKey', hint: publicKey.optionalString('hint') ?? '' };

  const certificate = material.optionalObject('certificate');
  if (certificate !== undefined) {
    if (version === '0.3' || anyCertificateForm) return { kind: 'certificate', leaf: certificate.bytes('rawBytes'), others: [] };
    throw new TrustError('BUNDLE_CHAIN', `bundle: a version ${version} bundle holds x509CertificateChain, found certificate`);
  }
  if (version === '0.3' && !allowCertificateChain && !anyCertificateForm)
    throw new TrustError('BUNDLE_CHAIN', 'bundle: a version 0.3 bundle holds a single certificate, found x509CertificateChain');
  const [leaf, ...others] = material
    .object('x509CertificateChain')
    .objects('certificates', MAX_CHAIN)
    .map((item) => item.bytes('rawBytes'));
  if (leaf === undefined) return material.missing('x509CertificateChain.certificates');
  return { kind: 'certificate', leaf, others };
}

function parseContent(fields: Fields): BundleContent {
  const message = fields.optionalObject('messageSignature');
  const envelope = fields.optionalObject('dsseEnvelope');
  if (message !== undefined && envelope !== undefined) return fields.refuse('messageSignature', 'stands beside dsseEnvelope; a bundle holds one of them');
  if (message !== undefined) return parseMessage(message);
  if (envelope !== undefined) return readEnvelope(envelope);
  return fields.refuse('messageSignature', 'is missing, and so is dsseEnvelope');
}

function parseMessage(message: Fields): MessageSignature {
  const digest = message.object('messageDigest');
  const name = digest.enumName('algorithm', { 1: 'SHA2_256', 2: 'SHA2_384', 3: 'SHA2_512', 4: 'SHA3_256', 5: 'SHA3_384' });
  const algorithm = HASHES.get(name);
  if (algorithm === undefined) return digest.refuse('algorithm', `${quote(name, 40)} is not supported`);
  const value = digest.nonEmptyBytes('digest');
  if (value.length !== HASH_BYTES[algorithm]) return digest.refuse('digest', `a ${algorithm} digest has ${HASH_BYTES[algorithm]} bytes, found ${value.length}`);
  return { kind: 'message', digest: { algorithm, value }, signature: message.nonEmptyBytes('signature') };
}

export function parseLogEntry(entry: Fields, version: BundleVersion): LogEntry {
  const kindVersion = entry.object('kindVersion');
  const proof = entry.optionalObject('inclusionProof');
  // Go writes no zero: the first entry of a log has no index.
  const logIndex = entry.optionalInt64('logIndex') ?? 0n;
  if (proof === undefined && version !== '0.1') {
    throw new TrustError('BUNDLE_PROOF_MISSING', `bundle: the log entry at index ${logIndex} has no inclusion proof, which version ${version} requires`);
  }
  const signedEntryTimestamp = entry.optionalObject('inclusionPromise')?.optionalBytes('signedEntryTimestamp');
  const hasPromise = signedEntryTimestamp !== undefined && signedEntryTimestamp.length > 0;
  if (!hasPromise && version === '0.1') {
    throw new TrustError('BUNDLE_PROMISE_MISSING', `bundle: the log entry at index ${logIndex} has no signed entry timestamp, which version 0.1 requires`);
  }
  return {
    logIndex,
    logId: entry.object('logId').nonEmptyBytes('keyId'),
    kind: kindVersion.string('kind'),
    version: kindVersion.string('version'),
    integratedTime: entry.optionalInt64('integratedTime') ?? 0n,
    signedEntryTimestamp: hasPromise ? signedEntryTimestamp : undefined,
    inclusionProof: proof === undefined ? undefined : parseInclusionProof(proof),
    body: entry.nonEmptyBytes('canonicalizedBody'),
  };
}

/** A proof without its checkpoint proves nothing: an error in every version. Index, size and root may be absent (Rekor v2 signs them). */
function parseInclusionProof(proof: Fields): LogInclusionProof {
  const checkpoint = proof.optionalObject('checkpoint')?.optionalString('envelope') ?? '';
  if (checkpoint === '') throw new TrustError('BUNDLE_PROOF_MISSING', 'bundle: an inclusion proof has no checkpoint');
  return {
    logIndex: proof.optionalInt64('logIndex') ?? 0n,
    rootHash: proof.optionalBytes('rootHash') ?? new Uint8Array(0),
    treeSize: proof.optionalInt64('treeSize') ?? 0n,
    hashes: proof.bytesArray('hashes', MAX_PROOF_HASHES),
    checkpoint,
  };
}

function checkKeyid(hint: string, keyid: string): void {
  if (keyid === '' || keyid === hint) return;
  throw new TrustError('KEY_HINT_MISMATCH', 'bundle: the envelope names another key than the verification material', {
    expected: quote(hint),
    found: quote(keyid),
  });
}

// Maps, not objects: the names come from the bundle, and 'constructor' must not be one of them.
const MEDIA_TYPES: ReadonlyMap<string, BundleVersion> = new Map([
  ['application/vnd.dev.sigstore.bundle+json;version=0.1', '0.1'],
  ['application/vnd.dev.sigstore.bundle+json;version=0.2', '0.2'],
  ['application/vnd.dev.sigstore.bundle+json;version=0.3', '0.3'],
  ['application/vnd.dev.sigstore.bundle.v0.3+json', '0.3'],
]);

const HASHES: ReadonlyMap<string, HashName> = new Map([
  ['SHA2_256', 'sha256'],
  ['SHA2_384', 'sha384'],
  ['SHA2_512', 'sha512'],
]);
const HASH_BYTES: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48, sha512: 64 };
const MAX_CHAIN = 32;
/** A tree of 2^64 leaves has paths of 64 hashes. */
const MAX_PROOF_HASHES = 64;
