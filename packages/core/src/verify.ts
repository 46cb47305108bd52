/**
 * Verification of one bundle: bytes, trust and time in; a proof tree out (verification.md section 5).
 *
 * The stages run in a row and each reports what it checked. Independent stages go on after a failure, so that one run shows
 * everything; what depends on a failed stage is skipped, and a skipped demand counts as a failure. Only when the whole tree passes are
 * verified values made. Nothing here reads a clock, a file or the network.
 */
import type { Artifact } from './artifact.ts';
import { type Bundle, parseBundle } from './bundle.ts';
import { toHex } from './bytes.ts';
import { type CertificateStage, checkCertificate, type ProvenTime } from './certificate-stage.ts';
import { type Check, fail, failFrom, group, pass, skip } from './check.ts';
import type { Witness } from './cosignature.ts';
import type { CryptoProvider, HashName } from './crypto.ts';
import { checkIdentity, type ExpectedIdentity } from './identity.ts';
import { keyFingerprint, keyText, type PublicKey } from './key.ts';
import { type ArtifactStage, checkArtifact, checkSignature } from './signature-stage.ts';
import { type SignedContent, signedContent, timestampedBytes } from './signed-content.ts';
import { type Window, windowContains, windowText } from './time.ts';
import { checkTimestamps, type TimestampStage } from './timestamp.ts';
import { checkLogEntries, type LogStage } from './tlog.ts';
import type { TrustedRoot } from './trusted-root.ts';
import { mint, type VerifiedContent, type VerifiedDigest, type VerifiedIdentity, type VerifiedPayload, type VerifiedStatement } from './verified.ts';
import { Certificate } from './x509.ts';

export const VERIFICATION_MEDIA_TYPE = 'application/vnd.assay.verification.v1+json';

/** Who must have signed. There is no "anyone": a signature by nobody in particular proves nothing. */
export type ExpectedSigner =
  | { readonly identities: readonly ExpectedIdentity[] }
  /** A self-managed key; `window` bounds the times at which it may have signed. */
  | { readonly key: PublicKey; readonly window?: Window; readonly hashes?: readonly HashName[] };

export interface VerifyOptions {
  readonly signer: ExpectedSigner;
  readonly trustedRoot: TrustedRoot;
  readonly crypto: CryptoProvider;
  /** The present, to refuse timestamps of the future; and the signing time itself under `allowCurrentTime`. */
  readonly now: Date;
  /** Logs that must have recorded the signing. Default 1. */
  readonly logThreshold?: number;
  /** Certificate transparency logs that must vouch for the certificate. Default 1. */
  readonly ctLogThreshold?: number;
  /** Signed timestamps of distinct authorities that are demanded. Default 0. */
  readonly timestampThreshold?: number;
  /** Times from either source that are demanded. Default 1 for certificates, 0 for keys. */
  readonly timeThreshold?: number;
  /** For private authorities with long-lived certificates: without any proven time, judge at `now`. Default false. */
  readonly allowCurrentTime?: boolean;
  /**
   * The signed payload is not read here: whoever asks for this judges it, from `verified.content`. For envelopes and payloads; an artifact, a predicate
   * type and annotations are demands on what is read, and a `TypeError` beside it.
   */
  readonly opaqueContent?: true;
  readonly predicateType?: string;
  /** Annotations that must be signed with these texts: of the subject that matched, or of the payload. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Witnesses whose cosignatures on checkpoints count, and prove a time. Default none: trusted roots list none yet. */
  readonly witnesses?: readonly Witness[];
  /** How many of them must have cosigned each entry's checkpoint. Default 0. */
  readonly witnessThreshold?: number;
  /** JSON of an `AddChainResponse`: the SCT that old authorities handed out beside the certificate. */
  readonly detachedSct?: Uint8Array;
  /** Checks of the finding stage (where the evidence and the trusted root came from), told first in the same tree. */
  readonly findings?: readonly Check[];
}

export interface Verified {
  /** Absent when an envelope was verified without an artifact. */
  readonly artifact: VerifiedDigest | undefined;
  /** Absent for self-managed keys. */
  readonly identity: VerifiedIdentity | undefined;
  /** SHA-256 of the signer's SubjectPublicKeyInfo, hex. */
  readonly keyFingerprint: string;
  readonly statement: VerifiedStatement | undefined;
  /** What an image signature older than bundles says. */
  readonly payload: VerifiedPayload | undefined;
  /** The signed bytes as they are, when they were not read (`opaqueContent`). */
  readonly content: VerifiedContent | undefined;
  readonly times: readonly ProvenTime[];
  readonly logEntries: readonly { readonly log: string; readonly logIndex: bigint }[];
}

export interface Verification {
  readonly mediaType: typeof VERIFICATION_MEDIA_TYPE;
  readonly ok: boolean;
  readonly verified: Verified | undefined;
  readonly root: Check;
}

/**
 * Verifies `bundle` (parsed, or the bytes of its JSON) over `artifact`. Pass `undefined` as artifact only for envelopes whose subjects are judged
 * by other means. Evidence that is malformed or refused is a failed check; only misuse throws (`TypeError`).
 */
export async function verify(bundle: Bundle | Uint8Array, artifact: Artifact | undefined, options: VerifyOptions): Promise<Verification> {
  checkOptions(options);
  if (options.opaqueContent === true) checkOpaque(artifact, options);
  const parsed = parse(bundle);
  if (parsed.bundle === undefined)
    return conclude(
      [
        ...(options.findings ?? []),
        parsed.check,
        ...Object.entries(STAGES).map(([id, what]) => skip(id, `${what} was not checked: the bundle cannot be read`)),
      ],
      undefined,
    );
  return verifyParsed(parsed.bundle, parsed.check, artifact, options);
}

/** A threshold of NaN would compare false with everything, and so demand nothing. */
function checkOptions({ now, logThreshold = 1, ctLogThreshold = 1, timestampThreshold = 0, timeThreshold = 0, witnessThreshold = 0 }: VerifyOptions): void {
  for (const [name, value] of Object.entries({ logThreshold, ctLogThreshold, timestampThreshold, timeThreshold, witnessThreshold })) {
    if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`${name}: expected a whole number from 0 on, found ${value}`);
  }
  if (Number.isNaN(now.getTime())) throw new TypeError('now: not a date');
}

/** Demands that nobody would look at. */
function checkOpaque(artifact: Artifact | undefined, { predicateType, annotations }: VerifyOptions): void {
  if (artifact !== undefined || predicateType !== undefined || annotations !== undefined)
    throw new TypeError('opaqueContent: an artifact, a predicate type or annotations cannot be compared with what is not read');
}

const STAGES = {
  artifact: 'the artifact',
  tlog: 'the transparency log',
  time: 'the signing time',
  certificate: 'the certificate',
  identity: 'the signer',
  signature: 'the signature',
};

const CONTENTS = { dsse: 'DSSE envelope', message: 'message signature', payload: 'signature over a payload that names the image' };

function parse(bundle: Bundle | Uint8Array): { check: Check; bundle?: Bundle } {
  try {
    const parsed = bundle instanceof Uint8Array ? parseBundle(bundle) : bundle;
    const form = `${CONTENTS[parsed.content.kind]}, ${parsed.material.kind === 'certificate' ? 'certificate' : 'self-managed key'}`;
    return {
      check: pass('bundle', parsed.mediaType === '' ? `${form}, not in a bundle` : `bundle version ${parsed.version}: ${form}`, {
        spec: 'verification.md section 2',
      }),
      bundle: parsed,
    };
  } catch (error) {
    return { check: failFrom('bundle', error, { spec: 'verification.md section 2' }) };
  }
}

async function verifyParsed(bundle: Bundle, bundleCheck: Check, artifact: Artifact | undefined, options: VerifyOptions): Promise<Verification> {
  const { crypto, trustedRoot, signer, now } = options;
  const leaf = parseLeaf(bundle);
  const signed = signedContent(bundle, artifact, leaf.certificate, 'key' in signer ? signer.key : undefined);

  const artifactStage = await checkArtifact(bundle, artifact, options, crypto);
  const logStage = await checkLogEntries(bundle.entries, signed, {
    logs: trustedRoot.logs,
    threshold: options.logThreshold ?? 1,
    witnesses: options.witnesses ?? [],
    witnessThreshold: options.witnessThreshold ?? 0,
    crypto,
  });
  const timestampStage = await checkTimestamps(
    bundle.timestamps,
    timestampedBytes(signed.content),
    trustedRoot.timestampAuthorities,
    options.timestampThreshold ?? 0,
    now,
    crypto,
  );
  const times = provenTimes(logStage, timestampStage, options);
  const sourceRefused = [logStage.check, timestampStage.check].some((check) => check.status !== 'pass' && check.optional !== true);
  const timeCheck = checkTimes(times, countWitnesses(times, logStage, timestampStage), bundle, sourceRefused, options);
  const certificateStage =
    leaf.certificate === undefined
      ? undefined
      : await checkCertificate(leaf.certificate, bundle.entries, {
          trustedRoot,
          times,
          ctLogThreshold: options.ctLogThreshold ?? 1,
          detachedSct: options.detachedSct,
          crypto,
        });
  const checks = [
    ...(options.findings ?? []),
    bundleCheck,
    artifactStage.check,
    logStage.check,
    timestampStage.check,
    timeCheck,
    ...(leaf.check === undefined ? [] : [leaf.check]),
    ...(certificateStage === undefined ? [] : [certificateStage.check, certificateStage.sct]),
    ...checkSigner(bundle, certificateStage, times, signer),
    await checkSignature(signed, crypto, 'key' in signer ? signer.hashes : undefined),
  ];
  const root = group('verification', 'the evidence', checks);
  if (root.status !== 'pass') return conclude(checks, undefined);
  return conclude(checks, await verifiedFacts(signed, artifactStage, logStage, certificateStage, times, crypto));
}

function conclude(checks: readonly Check[], verified: Verified | undefined): Verification {
  const derived = group('verification', '', checks);
  const ok = derived.status === 'pass' && verified !== undefined;
  const root = { ...derived, says: ok ? 'the evidence holds' : 'the evidence does not hold' };
  return { mediaType: VERIFICATION_MEDIA_TYPE, ok, verified: ok ? verified : undefined, root };
}

/** What could not even be verified: it is no evidence, and the checks say why. */
export function notVerified(checks: readonly Check[]): Verification {
  return conclude(checks, undefined);
}

/** What was judged of verified values joins the tree: the whole holds only when these checks pass too. What did not verify stays unverified. */
export function judged({ root, verified }: Verification, checks: readonly Check[]): Verification {
  return conclude([...(root.checks ?? []), ...checks], verified);
}

/** The leaf, its parse failure as a check, or neither for key bundles. A root among the others gives the bundle away. */
function parseLeaf({ material }: Bundle): { certificate?: Certificate; check?: Check } {
  if (material.kind === 'publicKey') return {};
  try {
    const certificate = Certificate.parse(material.leaf);
    const root = material.others.map((der) => Certificate.parse(der)).find((other) => other.selfIssued);
    if (root === undefined) return { certificate };
    return {
      certificate,
      check: fail('certificate.material', 'BUNDLE_CHAIN', 'the bundle carries a self-signed root certificate', { spec: 'verification.md section 2' }),
    };
  } catch (error) {
    return { check: failFrom('certificate', error) };
  }
}

function provenTimes(logStage: LogStage, timestampStage: TimestampStage, { allowCurrentTime, now }: VerifyOptions): ProvenTime[] {
  const integrated = logStage.entries.flatMap(({ integratedTime }): ProvenTime[] =>
    integratedTime === undefined ? [] : [{ time: integratedTime, source: 'signed entry timestamp' }],
  );
  const signed = timestampStage.timestamps.map(({ time }): ProvenTime => ({ time, source: 'timestamp authority' }));
  const witnessed = logStage.entries.flatMap(({ cosignatures }) => cosignatures.map(({ time }): ProvenTime => ({ time, source: 'witness cosignature' })));
  const times = [...integrated, ...signed, ...witnessed];
  return times.length === 0 && allowCurrentTime === true ? [{ time: now, source: 'current time' }] : times;
}

/** A log or an authority vouches for the time once, however often it says so (verification.md section 5). */
function countWitnesses(times: readonly ProvenTime[], { entries }: LogStage, { timestamps }: TimestampStage): number {
  const logs = entries.filter(({ integratedTime }) => integratedTime !== undefined).map(({ log }) => `log ${log.operator}`);
  const cosigners = entries.flatMap(({ cosignatures }) => cosignatures.map(({ witness }) => `witness ${witness}`));
  const witnesses = new Set([...logs, ...timestamps.map(({ authority }) => `authority ${authority.operator}`), ...cosigners]);
  return witnesses.size === 0 ? times.length : witnesses.size;
}

function checkTimes(times: readonly ProvenTime[], witnesses: number, bundle: Bundle, sourceRefused: boolean, { timeThreshold }: VerifyOptions): Check {
  const id = 'time';
  const spec = 'verification.md section 5';
  const needed = timeThreshold ?? (bundle.material.kind === 'certificate' ? 1 : 0);
  if (witnesses >= needed && witnesses > 0) {
    return pass(id, `signed at ${times.map(({ time, source }) => `${time.toISOString()} (${source})`).join(' and ')}`, { spec });
  }
  if (needed === 0) return skip(id, 'no signing time is proven, and none is demanded for a key', { optional: true });
  if (sourceRefused) return skip(id, 'the signing time is not known: what states it was refused');
  return fail(id, 'TIME_MISSING', 'nothing proves when the signature was made', {
    expected: `at least ${needed} of: signed entry timestamp, timestamp of a trusted authority`,
    found: String(witnesses),
    spec,
  });
}

function checkSigner(bundle: Bundle, stage: CertificateStage | undefined, times: readonly ProvenTime[], signer: ExpectedSigner): Check[] {
  if ('key' in signer) {
    if (bundle.material.kind === 'certificate') return [fail('identity', 'KEY_EXPECTED', 'a key was given, but the bundle carries a certificate')];
    return [pass('identity', `to be checked with the given ${keyText(signer.key)} key`), ...checkKeyWindow(signer.window, times)];
  }
  if (bundle.material.kind === 'publicKey')
    return [fail('identity', 'IDENTITY_MISSING', 'an identity was demanded, but the bundle was made with a self-managed key')];
  if (stage?.identity === undefined) return [skip('identity', 'the signer was not compared: the certificate cannot be read')];
  return [checkIdentity(stage.identity, signer.identities)];
}

function checkKeyWindow(window: Window | undefined, times: readonly ProvenTime[]): Check[] {
  if (window === undefined) return [];
  // Without a proven time the window would bound nothing, and an expired key could sign for ever.
  if (times.length === 0)
    return [
      fail('identity.window', 'TIME_MISSING', 'the key is valid for a time only, and nothing proves when the signature was made', {
        expected: windowText(window),
      }),
    ];
  return times.map(({ time }) => {
    if (windowContains(window, time)) return pass('identity.window', `the key was valid at ${time.toISOString()}`);
    return fail('identity.window', 'KEY_WINDOW', 'the key was not valid when the signature was made', {
      expected: windowText(window),
      found: time.toISOString(),
    });
  });
}

async function verifiedFacts(
  signed: SignedContent,
  artifact: ArtifactStage,
  log: LogStage,
  certificate: CertificateStage | undefined,
  times: readonly ProvenTime[],
  crypto: CryptoProvider,
): Promise<Verified> {
  const { content, key } = signed;
  return {
    artifact: artifact.digest && mint.digest(artifact.digest.algorithm, toHex(artifact.digest.value)),
    identity: certificate?.identity && mint.identity(certificate.identity),
    keyFingerprint: key === undefined ? '' : await keyFingerprint(crypto, key),
    statement: artifact.statement && content.kind === 'dsse' ? mint.statement(artifact.statement, content.payload) : undefined,
    payload: artifact.simpleSigning && content.kind === 'payload' ? mint.payload(artifact.simpleSigning, content.payload) : undefined,
    content: artifact.content && mint.content(artifact.content.type, artifact.content.bytes),
    times,
    logEntries: log.entries.map((entry) => ({ log: entry.log.baseUrl, logIndex: entry.logIndex })),
  };
}
