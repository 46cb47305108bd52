/**
 * Verification summaries of our own (slsa.md section 2.5), of version 1.2. What is not well-formed is refused here: a summary is signed once and
 * read by many.
 */
import { type JsonObject, quote, TrustError, utf8 } from '@assay/core';
import { PROPERTY, parseSlsaLevel } from './levels.ts';
import { VSA_PREDICATE_TYPE } from './summary.ts';

export interface VsaResource {
  readonly uri: string;
  /** By algorithm: hex in lower case. */
  readonly digest: Readonly<Record<string, string>>;
}

export interface VsaContent {
  /** A URI. */
  readonly verifierId: string;
  /** Of the verifier's parts, by name. */
  readonly verifierVersion?: Readonly<Record<string, string>> | undefined;
  readonly timeVerified?: Date | undefined;
  /** What was verified, as users know it: `pkg:…`, `git+https://…`. */
  readonly resourceUri: string;
  /** What it was held against. */
  readonly policy: { readonly uri: string; readonly digest?: Readonly<Record<string, string>> | undefined };
  readonly inputAttestations?: readonly VsaResource[] | undefined;
  readonly result: 'PASSED' | 'FAILED';
  /** At most one level for each track, and properties. None when the verification failed. */
  readonly levels: readonly string[];
  /** How many dependencies have which level. Absent: nothing is claimed; empty: there are none. */
  readonly dependencyLevels?: Readonly<Record<string, number>> | undefined;
}

export interface VsaSubject {
  readonly name?: string | undefined;
  readonly digest: Readonly<Record<string, string>>;
  /** For summaries of source: `sourceRefs`. */
  readonly annotations?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

/** The statement that is to be signed: one line of JSON. Errors: `VSA_DEMAND`. */
export function encodeVsa(subjects: readonly VsaSubject[], content: VsaContent): Uint8Array {
  if (subjects.length === 0) refuse('a subject', 'none: the summary would be about nothing');
  for (const [i, { digest }] of subjects.entries()) checkDigests(`subject ${i + 1}`, digest);
  const subject = subjects.map(({ name, digest, annotations }) => ({ ...(name && { name }), digest, ...(annotations && { annotations }) }));
  return utf8(JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType: VSA_PREDICATE_TYPE, predicate: vsaPredicate(content) }));
}

/** Errors: `VSA_DEMAND`. */
export function vsaPredicate(content: VsaContent): JsonObject {
  const { verifierId, verifierVersion, timeVerified, resourceUri, policy, inputAttestations, result, dependencyLevels } = content;
  checkUri('the id of the verifier', verifierId);
  checkUri('the resource', resourceUri);
  checkUri('the policy', policy.uri);
  if (policy.digest !== undefined) checkDigests('the policy', policy.digest);
  for (const { uri, digest } of inputAttestations ?? []) {
    checkUri('an input attestation', uri);
    checkDigests(`the input attestation ${quote(uri)}`, digest);
  }
  for (const [name, version] of Object.entries(verifierVersion ?? {}))
    if (name === '' || version === '') refuse('names and versions of the verifier', 'an empty one');
  if (timeVerified !== undefined && Number.isNaN(timeVerified.getTime())) refuse('the time of the verification', 'no time');
  return {
    verifier: { id: verifierId, ...(verifierVersion && { version: { ...verifierVersion } }) },
    ...(timeVerified && { timeVerified: timeVerified.toISOString() }),
    resourceUri,
    policy: { uri: policy.uri, ...(policy.digest && { digest: { ...policy.digest } }) },
    ...(inputAttestations && { inputAttestations: inputAttestations.map(({ uri, digest }) => ({ uri, digest: { ...digest } })) }),
    verificationResult: result,
    verifiedLevels: levelsOf(content),
    ...(dependencyLevels && { dependencyLevels: checkedCounts(dependencyLevels) }),
    slsaVersion: '1.2',
  };
}

function levelsOf({ result, levels }: VsaContent): string[] {
  if (result === 'FAILED') {
    if (levels.some((level) => level !== FAILED)) refuse('no level, since the verification failed', levels.map((level) => quote(level, 80)).join(', '));
    return [FAILED];
  }
  if (levels.length === 0) refuse('at least one level or property', 'none');
  if (levels.includes(FAILED)) refuse('levels of a verification that passed', FAILED);
  levels.forEach(checkLevel);
  const tracks = levels.map((level) => TRACK.exec(level)?.[0] ?? level);
  const twice = tracks.find((track, i) => tracks.indexOf(track) !== i);
  if (twice !== undefined)
    refuse(
      'one level for each track, and each property once',
      levels
        .filter((_, i) => tracks[i] === twice)
        .map((level) => quote(level, 80))
        .join(', '),
    );
  return [...levels];
}

/** `SLSA_BUILD_LEVEL_3`, `SLSA_SOURCE_LEVEL_UNEVALUATED`, a property of SLSA 1.2, or a value of one's own that does not look like one of these. */
function checkLevel(level: string): void {
  const parsed = parseSlsaLevel(level);
  const highest = HIGHEST.get(parsed?.track ?? '');
  const isLevel = parsed !== undefined && highest !== undefined && parsed.level <= highest && parsed.level >= 0n && level.endsWith(`_${parsed.level}`);
  if (isLevel || PROPERTY.test(level)) return;
  if (level.startsWith('SLSA_'))
    refuse('a level of the tracks BUILD (0 to 3) or SOURCE (0 to 4); values of your own do not begin with SLSA_', quote(level, 80));
  if (!OWN.test(level)) refuse('a level or property without spaces', `"${quote(level, 80)}"`);
}

function checkedCounts(counts: Readonly<Record<string, number>>): JsonObject {
  for (const [level, count] of Object.entries(counts)) {
    if (level !== FAILED) checkLevel(level);
    if (!Number.isSafeInteger(count) || count < 0) refuse(`a number of dependencies with ${quote(level, 80)}`, String(count));
  }
  return { ...counts };
}

/** Schemes of real resources hold underscores (`gce_image://…`), which RFC 3986 does not know. */
function checkUri(what: string, uri: string): void {
  if (!/^[A-Za-z][A-Za-z0-9+._-]*:[^\s\p{Cc}]+$/u.test(uri)) refuse(`${what} as a URI`, uri === '' ? 'nothing' : quote(uri));
}

function checkDigests(what: string, digest: Readonly<Record<string, string>>): void {
  const entries = Object.entries(digest);
  if (entries.length === 0) refuse(`a digest of ${what}`, 'none');
  for (const [algorithm, value] of entries) {
    const length = HEX_LENGTH.get(algorithm);
    const fits = length === undefined ? OWN.test(value) : /^[0-9a-f]+$/.test(value) && value.length === length;
    if (algorithm === '' || !fits)
      refuse(`a ${quote(algorithm, 40)} digest of ${what}${length === undefined ? '' : `, ${length} hex digits in lower case`}`, quote(value));
  }
}

function refuse(expected: string, found: string): never {
  throw new TrustError('VSA_DEMAND', `verification summary: expected ${expected}, found ${found}`, { expected, found });
}

const FAILED = 'FAILED';
const TRACK = /^SLSA_[A-Z]+_LEVEL_/;
const HIGHEST: ReadonlyMap<string, bigint> = new Map([
  ['BUILD', 3n],
  ['SOURCE', 4n],
]);
const OWN = /^[^\s\p{Cc}]+$/u;
const HEX_LENGTH: ReadonlyMap<string, number> = new Map([
  ['sha1', 40],
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
]);
