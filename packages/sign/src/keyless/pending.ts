/**
 * A signing that services left unfinished, kept so that it can be completed: signed, certified and checked, but not on record everywhere.
 *
 *   { mediaType = application/vnd.assay.pending-signing.v1+json,
 *     bundle                   what there is: certificate, content, and what services said so far
 *     artifact?                digests as hex, by algorithm
 *     detachedSct?             base64
 *     logs[]                   { url, majorApiVersion, recorded }      the `recorded` ones are the bundle's, in this order
 *     timestampAuthorities[]   { url, recorded }
 *     envelopeKind?            dsse or intoto, for Rekor v1
 *     context }                what the caller needs to publish it
 *
 * There is no secret in it: the key is gone, and is not needed any more.
 */
import {
  Artifact,
  BUNDLE_V03,
  type Bundle,
  type BundleContent,
  Certificate,
  canonicalJson,
  encodeBase64,
  encodeBundle,
  encodePem,
  exactly,
  type Fields,
  type HashName,
  identityOf,
  isTrustError,
  type JsonObject,
  parseBundle,
  parseFields,
  TrustError,
  type TrustedRoot,
  toHex,
  utf8,
  type Verification,
} from '@assay/core';
import type { HttpClient } from '@assay/net';
import { envelopeJson, type Sealed } from '../seal.ts';
import { type LogService, type PartlyRecorded, recordSigning } from '../services/record.ts';
import type { EnvelopeKind } from '../services/rekor-v1.ts';
import { verifyKeyless } from './verify-keyless.ts';

export interface PendingSigning {
  readonly content: BundleContent;
  /** DER of the leaf. */
  readonly certificate: Uint8Array;
  readonly detachedSct: Uint8Array | undefined;
  /** Undefined for envelopes whose subjects are somebody else's. */
  readonly artifact: Readonly<Partial<Record<HashName, Uint8Array>>> | undefined;
  readonly logs: readonly LogService[];
  readonly timestampAuthorities: readonly { readonly url: string }[];
  readonly partly: PartlyRecorded;
  /** How Rekor v1 is to record an envelope. Default `dsse`. */
  readonly envelopeKind?: EnvelopeKind | undefined;
  /** The caller's own. */
  readonly context: JsonObject;
}

/** JSON, to be kept where only its owner reads it. */
export function encodePending(pending: PendingSigning): string {
  const { content, certificate, detachedSct, artifact, logs, timestampAuthorities, partly, envelopeKind, context } = pending;
  const entries = logs.flatMap(({ url }) => partly.entries.get(url) ?? []);
  const timestamps = timestampAuthorities.flatMap(({ url }) => partly.timestamps.get(url) ?? []);
  const material: Bundle['material'] = { kind: 'certificate', leaf: certificate, others: [] };
  return `${JSON.stringify(
    {
      mediaType: MEDIA_TYPE,
      bundle: JSON.parse(encodeBundle({ mediaType: BUNDLE_V03, material, content, entries, timestamps })) as object,
      ...(artifact !== undefined && { artifact: Object.fromEntries(Object.entries(artifact).map(([name, value]) => [name, toHex(value)])) }),
      ...(detachedSct !== undefined && { detachedSct: encodeBase64(detachedSct) }),
      logs: logs.map((log) => ({ ...log, recorded: partly.entries.has(log.url) })),
      timestampAuthorities: timestampAuthorities.map(({ url }) => ({ url, recorded: partly.timestamps.has(url) })),
      ...(envelopeKind !== undefined && { envelopeKind }),
      context,
    },
    null,
    2,
  )}\n`;
}

/** Errors: `PENDING_PARSE`. */
export function parsePending(input: Uint8Array): PendingSigning {
  try {
    return readPending(parseFields(input, CODES));
  } catch (error) {
    if (!isTrustError(error) || error.code === 'PENDING_PARSE') throw error;
    throw new TrustError('PENDING_PARSE', `pending signing: ${error.message}`, { cause: error });
  }
}

function readPending(fields: Fields): PendingSigning {
  const mediaType = fields.string('mediaType');
  if (mediaType !== MEDIA_TYPE) throw new TrustError('PENDING_PARSE', 'pending signing: unknown media type', { expected: MEDIA_TYPE, found: mediaType });
  const bundle = parseBundle(utf8(canonicalJson(fields.object('bundle').json)));
  if (bundle.material.kind !== 'certificate') return fields.refuse('bundle', 'holds no certificate');
  const logs = fields.objects('logs', MAX_SERVICES);
  const authorities = fields.objects('timestampAuthorities', MAX_SERVICES);
  const artifact = fields.optionalObject('artifact');
  return {
    content: bundle.content,
    certificate: Certificate.parse(bundle.material.leaf).der,
    detachedSct: fields.optionalBytes('detachedSct'),
    artifact: artifact && readDigests(artifact),
    logs: logs.map((log) => ({ url: log.string('url'), majorApiVersion: Number(log.int64('majorApiVersion')) })),
    timestampAuthorities: authorities.map((authority) => ({ url: authority.string('url') })),
    partly: { entries: assigned(fields, 'logs', logs, bundle.entries), timestamps: assigned(fields, 'timestampAuthorities', authorities, bundle.timestamps) },
    envelopeKind: ENVELOPE_KINDS.find((kind) => kind === fields.optionalString('envelopeKind')),
    context: fields.object('context').json,
  };
}

function readDigests(artifact: Fields): Partial<Record<HashName, Uint8Array>> {
  const digests = HASHES.flatMap(([name, size]) => {
    if (!artifact.has(name)) return [];
    const digest = artifact.hexBytes(name);
    return digest.length === size ? [[name, digest]] : artifact.refuse(name, `expected ${size} bytes`);
  });
  return digests.length > 0 ? Object.fromEntries(digests) : artifact.refuse('', 'holds no digest');
}

/** What the bundle has, by the services that said it. */
function assigned<Value>(fields: Fields, name: string, services: readonly Fields[], values: readonly Value[]): Map<string, Value> {
  const recorded = services.filter(({ json }) => json['recorded'] === true).map((service) => service.string('url'));
  if (recorded.length !== values.length || new Set(recorded).size !== recorded.length) fields.refuse(name, 'do not fit what the bundle holds');
  return new Map(recorded.map((url, i) => [url, values[i] as Value]));
}

export interface FinishOptions {
  readonly http: HttpClient;
  readonly trustedRoot: TrustedRoot;
  readonly sct?: 'demanded' | 'ignored' | undefined;
  readonly now: Date;
  /** Told what there is now, when services fail once more; the error follows. */
  readonly onIncomplete?: ((partly: PartlyRecorded) => void) | undefined;
}

export interface Finished {
  readonly sealed: Sealed;
  /** What does not pass must not be published. */
  readonly verification: Verification;
}

/**
 * Asks the services that have not answered yet, and verifies the whole.
 * Errors: `PENDING_EXPIRED` when what is missing would state a time after the certificate's end; those of `recordSigning`.
 */
export async function finishPending(pending: PendingSigning, { http, trustedRoot, sct = 'demanded', now, onIncomplete }: FinishOptions): Promise<Finished> {
  const { content, detachedSct, logs, timestampAuthorities, partly, envelopeKind, artifact } = pending;
  const leaf = Certificate.parse(pending.certificate);
  refuseTooLate(pending, leaf, now);
  const envelope = content.kind === 'dsse' ? utf8(envelopeJson(content)) : undefined;
  const signing = { content, verifierPem: encodePem('CERTIFICATE', leaf.der), envelope };
  const recorded = await recordSigning(signing, { logs, timestampAuthorities, http, already: partly, envelopeKind, knownLogs: trustedRoot.logs, onIncomplete });
  const sealed: Sealed = { content, certificate: leaf.der, publicKey: leaf.publicKey, envelope, ...recorded };
  const { san, oidcIssuer } = identityOf(leaf);
  const verification = await verifyKeyless(
    { mediaType: BUNDLE_V03, version: '0.3', material: { kind: 'certificate', leaf: leaf.der, others: [] }, content, ...recorded },
    artifactOf(content, artifact),
    { leaf, detachedSct },
    { trustedRoot, sct, now, identity: { san: exactly(san.value), issuer: exactly(oidcIssuer) } },
  );
  return { sealed, verification };
}

/** Every time that is stated must lie within the certificate, and a Rekor v2 entry states none (verification.md section 5). */
function refuseTooLate({ logs, timestampAuthorities, partly }: PendingSigning, { validity }: Certificate, now: Date): void {
  const statesTime = (log: LogService): boolean => log.majorApiVersion === 1 && !partly.entries.has(log.url);
  const isMissingTime = timestampAuthorities.some(({ url }) => !partly.timestamps.has(url)) || logs.some(statesTime);
  if (!isMissingTime || now <= validity.end) return;
  throw new TrustError('PENDING_EXPIRED', `the certificate ended at ${validity.end.toISOString()}, before its use was on record`, {
    expected: `at the latest ${validity.end.toISOString()}`,
    found: now.toISOString(),
  });
}

function artifactOf(content: BundleContent, digests: PendingSigning['artifact']): Artifact | undefined {
  if (content.kind === 'message' && content.digest !== undefined) return Artifact.fromDigests({ [content.digest.algorithm]: content.digest.value, ...digests });
  return digests && Artifact.fromDigests(digests);
}

const MEDIA_TYPE = 'application/vnd.assay.pending-signing.v1+json';
const CODES = { what: 'pending signing', parse: 'PENDING_PARSE', shape: 'PENDING_PARSE' } as const;
const HASHES = [
  ['sha256', 32],
  ['sha384', 48],
  ['sha512', 64],
] as const;
const ENVELOPE_KINDS: readonly EnvelopeKind[] = ['dsse', 'intoto'];
const MAX_SERVICES = 32;
