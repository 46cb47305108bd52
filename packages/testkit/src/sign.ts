/**
 * Signing with a virtual instance, step by step: certificate, SCT, signature, log entry, timestamp, bundle.
 *
 * Every step can be altered (`Alterations`), and all later steps build on what it made. So a defect stays one defect: an
 * altered log body is genuinely logged, promised and proven, an altered certificate is genuinely signed.
 */
import { encodeBase64, toHex, utf8 } from '@assay/core';
import {
  type BundleJson,
  type CertificateFields,
  type DsseEnvelope,
  digest,
  dsse001,
  dsse002,
  encodeEntryBody,
  encodeStatement,
  type FulcioExtensions,
  githubIdentity,
  hashedrekord001,
  hashedrekord002,
  IN_TOTO_PAYLOAD_TYPE,
  intoto002,
  type LogEntry,
  leafFields,
  type MessageContent,
  makeBundle,
  preAuthenticationEncoding,
  precertEntry,
  precertificateTbs,
  type RekorEntry,
  type Sct,
  type SigningKey,
  type SubjectName,
  sctListExtension,
  sha256,
  signCertificate,
  type TrustedRootJson,
  type Verifier,
} from '@assay/make';
import { DEFAULT_CLAIMS } from './claims.ts';
import type { Instance } from './instance.ts';
import { keyFor } from './key-pool.ts';
import { type AnyRekorLog, RekorV1Log } from './logs.ts';
import type { Alterations, Sample, SigningContext, SignOptions } from './sample.ts';
import { makeTimestamp } from './stamp.ts';

const HOUR_SECONDS = 3600;

export function signWith(instance: Instance, artifact: Uint8Array, options: SignOptions): Sample {
  const { alter = {}, version = '0.3' } = options;
  const context = contextOf(instance, artifact, options);
  const identity = identityOf(options);
  const certificate = options.key === undefined ? certify(context, identity, alter) : undefined;
  const content = signContent(context, options);
  const verifier = verifierOf(context, content, certificate);
  const logged = context.logs.map((log) => logEntry(context, log, content, verifier, options));
  const entries = (alter.entries ?? same)(logged, instance);
  const stamped = context.timestampedAt === undefined ? [] : [makeTimestamp(instance, content.signature, context.timestampedAt, options)];
  const timestamps = (alter.timestamps ?? same)(stamped);

  const chain = alter.chain?.(instance) ?? [];
  const material = certificate === undefined ? { publicKeyHint: hintOf(context.key) } : { certificates: [certificate, ...chain] };
  return {
    ...documents(makeBundle({ version, material, entries, timestamps, content }), instance.trustedRoot(), alter),
    artifact,
    policy: certificate === undefined ? { key: context.key.publicPem } : { identities: [{ san: identity.san.value, issuer: identity.fulcio.issuer }] },
    now: instance.now,
    expected: expectations(context, content, certificate, entries),
  };
}

/** Everything that is decided before the first step. */
function contextOf(instance: Instance, artifact: Uint8Array, options: SignOptions): SigningContext {
  const key = options.key ?? keyFor('signer', options.signerKey ?? 'p256');
  const signedAt = options.signedAt ?? later(instance.now, -HOUR_SECONDS);
  const logs = logsOf(instance, options.log ?? 'v1');
  const wantsTimestamp = options.timestamp ?? !logs.includes(instance.rekorV1);
  return {
    instance,
    artifact,
    key,
    hash: options.hash ?? key.hash,
    signedAt,
    integratedAt: options.integratedAt ?? later(signedAt, 3),
    timestampedAt: wantsTimestamp ? (options.timestampedAt ?? later(signedAt, 2)) : undefined,
    logs,
  };
}

function logsOf({ rekorV1, rekorV2 }: Instance, log: NonNullable<SignOptions['log']>): readonly AnyRekorLog[] {
  return { none: [], v1: [rekorV1], v2: [rekorV2], both: [rekorV1, rekorV2] }[log];
}

function expectations(context: SigningContext, content: Content, certificate: Uint8Array | undefined, entries: readonly LogEntry[]): Sample['expected'] {
  const { instance, logs, integratedAt, timestampedAt } = context;
  return {
    ...(certificate !== undefined && { certificate }),
    signature: content.signature,
    ...('payload' in content && { payload: content.payload }),
    ...(logs.includes(instance.rekorV1) && { integratedTime: Math.floor(integratedAt.getTime() / 1000) }),
    ...(timestampedAt !== undefined && { timestamp: Math.floor(timestampedAt.getTime() / 1000) }),
    logIndexes: entries.map((entry) => BigInt(entry.logIndex)),
  };
}

function documents(
  bundle: BundleJson,
  trustedRoot: TrustedRootJson,
  alter: Alterations,
): Pick<Sample, 'bundle' | 'bundleBytes' | 'trustedRoot' | 'trustedRootBytes'> {
  const bundleJson = (alter.bundle ?? same)(bundle) as BundleJson;
  const rootJson = (alter.trustedRoot ?? same)(trustedRoot) as TrustedRootJson;
  return {
    bundle: bundleJson,
    bundleBytes: bytesOf((alter.bundleText ?? same)(JSON.stringify(bundleJson))),
    trustedRoot: rootJson,
    trustedRootBytes: bytesOf((alter.trustedRootText ?? same)(JSON.stringify(rootJson))),
  };
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? utf8(text) : text;
}

interface SignerIdentity {
  readonly san: SubjectName;
  readonly fulcio: FulcioExtensions;
}

function identityOf(options: SignOptions): SignerIdentity {
  const issuer = options.oidcIssuer ?? (options.identity === undefined ? DEFAULT_CLAIMS.iss : 'https://accounts.testkit.example');
  if (options.identity !== undefined) return { san: options.identity, fulcio: { issuer, tokenSubject: options.identity.value } };
  return githubIdentity({ ...DEFAULT_CLAIMS, iss: issuer, ...options.githubClaims });
}

function certify({ instance, key, signedAt }: SigningContext, { san, fulcio }: SignerIdentity, alter: Alterations): Uint8Array {
  const issuer = (alter.issuer ?? same)(instance.issuer);
  const fields = (alter.leaf ?? same)(leafFields(issuer, { spki: key.spki, san, fulcio, notBefore: signedAt }));
  const promise = (of: CertificateFields, issuerSpki: Uint8Array = issuer.key.spki): Sct =>
    instance.ctLog.issue(precertEntry(issuerSpki, precertificateTbs(of, issuer)), signedAt);

  const scts = (alter.scts ?? same)([promise(fields)], (change, issuerSpki) => promise(change(fields), issuerSpki));
  const extensions = scts.length === 0 ? fields.extensions : [...fields.extensions, sctListExtension(scts)];
  const certificate = signCertificate((alter.certified ?? same)({ ...fields, extensions }), issuer);
  return (alter.certificate ?? same)(certificate);
}

type Content = MessageContent | DsseEnvelope;

function signContent(context: SigningContext, options: SignOptions): Content {
  const { key, hash, artifact } = context;
  const { alter = {} } = options;
  const altered = (signature: Uint8Array): Uint8Array => (alter.signature ?? same)(signature, context);
  if (options.content !== 'dsse') {
    const signature = altered(key.signMessage((alter.signedBytes ?? same)(artifact), hash));
    return { hash, digest: digest(hash, artifact), signature };
  }
  const payload = options.payload ?? statementAbout(artifact);
  const payloadType = options.payloadType ?? IN_TOTO_PAYLOAD_TYPE;
  const signed = (alter.signedBytes ?? same)(preAuthenticationEncoding(payloadType, payload));
  return (alter.envelope ?? same)({ payload, payloadType, signature: altered(key.sign(signed, hash)) });
}

/** A statement whose one subject is the artifact, by SHA-256. */
export function statementAbout(artifact: Uint8Array, name = 'artifact'): Uint8Array {
  return encodeStatement({
    subjects: [{ name, digests: { sha256: sha256(artifact) } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: { buildType: 'https://testkit.example/build', externalParameters: {} },
      runDetails: { builder: { id: 'https://testkit.example/builder' } },
    },
  });
}

function verifierOf({ key }: SigningContext, content: Content, certificate: Uint8Array | undefined): Verifier {
  // Clients sign artifacts with the pre-hashed form of Ed25519, and the log names it so.
  const keyDetails = key.type === 'ed25519' && !('payload' in content) ? 'PKIX_ED25519_PH' : key.keyDetails;
  return certificate === undefined ? { type: 'publicKey', spki: key.spki, keyDetails } : { type: 'certificate', certificate, keyDetails };
}

function logEntry(context: SigningContext, log: AnyRekorLog, content: Content, verifier: Verifier, options: SignOptions): LogEntry {
  const { alter = {} } = options;
  const entry = (alter.entry ?? same)(rekorEntry(context, log, content, verifier, options.entryKind), context);
  const body = (alter.body ?? same)(encodeEntryBody(entry));
  const searchKeys = 'payload' in content ? [`sha256:${toHex(sha256(context.artifact))}`] : [];
  const index = log.append({ body, kind: entry.kind, version: entry.version, searchKeys }, context.integratedAt);
  return (alter.logged ?? same)(log.entry(index), log);
}

function rekorEntry({ hash }: SigningContext, log: AnyRekorLog, content: Content, verifier: Verifier, kind: SignOptions['entryKind']): RekorEntry {
  const v1 = log instanceof RekorV1Log;
  if (!('payload' in content)) return (v1 ? hashedrekord001 : hashedrekord002)({ ...content, verifier });
  if (v1) return (kind === 'intoto' ? intoto002 : dsse001)({ envelope: content, verifier });
  if (kind === 'dsse') return dsse002({ envelope: content, verifier });
  const pae = preAuthenticationEncoding(content.payloadType, content.payload);
  return hashedrekord002({ signature: content.signature, hash, digest: digest(hash, pae), verifier });
}

/** What cosign writes as the hint of a self-managed key. */
function hintOf(key: SigningKey): string {
  return encodeBase64(sha256(key.spki));
}

function later(date: Date, seconds: number): Date {
  return new Date(date.getTime() + seconds * 1000);
}

function same<T>(value: T): T {
  return value;
}
