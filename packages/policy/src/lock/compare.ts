/**
 * Whether evidence is by whom the lock has, and no weaker. One check for each property, `lock.signer` and so on, under one group.
 *
 * An exception is the entry with some of its properties replaced, for a time: what is found must agree with the entry, or with it under one exception, as a
 * whole. Exceptions do not add up: what two of them allow apart, nobody has allowed together.
 */
import { type Check, fail, group, pass, quote, skip } from '@assay/core';
import { endOf } from '../native/duration.ts';
import type { LockedArtifact } from './artifact-name.ts';
import type { LockFacts } from './facts.ts';
import { compareLevels, LEVEL_WORDS, namesBuilder } from './level.ts';
import type { Lock, LockEntry, LockException } from './lock.ts';
import { matchesName, matchesRef, nearMiss, refText } from './named-ref.ts';

/** What the evidence is about. */
export interface ComparedArtifact {
  /** Of the thing, for people. */
  readonly name: string;
  /** `sha256:HEX` */
  readonly digest: string | undefined;
  /** The tag of an image. */
  readonly version: string | undefined;
  /** As the lock has it. Undefined: it is not in the lock. */
  readonly locked: LockedArtifact | undefined;
}

/** `sbom`: whether there is an SBOM by the same signer. Undefined: nobody has looked yet, and nothing is said of it. */
export interface ComparedFacts extends LockFacts {
  readonly sbom?: boolean | undefined;
}

export function compareWithLock({ exceptions }: Lock, artifact: ComparedArtifact, facts: ComparedFacts, now: Date): Check {
  const { locked } = artifact;
  if (locked === undefined) return groupOf([unknownArtifact(artifact)]);
  const { name, entry } = locked;
  const seen = entry.firstSeen === undefined ? '' : `, first seen as ${quote(entry.firstSeen.reference)}`;
  const known = pass('lock.entry', `the lock has it as ${quote(name)}${seen}`);
  const about = exceptions.filter((one) => appliesTo(one, artifact));
  const [live, expired] = [about.filter((one) => !hasEnded(one, now)), about.filter((one) => hasEnded(one, now)).map(expiredCheck)];
  const plain = checksOf(entry, facts);
  if (plain.every(hasPassed)) return groupOf([known, ...plain, ...expired]);
  for (const exception of live) {
    const checks = checksOf(under(entry, exception), facts);
    if (checks.every(hasPassed)) return groupOf([known, ...checks, exceptionCheck(exception), ...expired]);
  }
  return groupOf([known, ...plain.map((check) => withExpiry(check, about, facts, entry, now)), ...expired]);
}

/** Deny is where it starts: what nobody has looked at and reviewed is not let in. */
export function unknownArtifact({ name }: Pick<ComparedArtifact, 'name'>): Check {
  return fail('lock.entry', 'LOCK_UNKNOWN', 'the artifact is not in the lock', {
    found: quote(name),
    hint: `look who signed it, and keep that: assay lock add ${quote(name)}`,
  });
}

function groupOf(checks: readonly Check[]): Check {
  return group('lock', { pass: 'signed by whom the lock has, with no less evidence', fail: 'not as the lock has it' }, checks);
}

function appliesTo({ artifact, digest, version }: LockException, { locked, ...thing }: ComparedArtifact): boolean {
  if (artifact !== locked?.name) return false;
  if (digest !== undefined && digest !== thing.digest) return false;
  return version === undefined || version === (locked.version ?? thing.version);
}

/** A date that cannot be read has been refused by `parseLock`; one that was made otherwise has ended. */
function hasEnded({ until }: LockException, now: Date): boolean {
  const end = endOf(until);
  return end === undefined || now >= end;
}

/** Less than provenance names no builder; another kind of signer replaces the one that is locked. */
function under(entry: LockEntry, { allows }: LockException): LockEntry {
  const { source, ref, builder, sbom, ...others } = allows;
  const signer = allows.key === undefined ? (allows.identity === undefined ? {} : { key: undefined }) : { issuer: undefined, identity: undefined };
  const evidence = allows.evidence ?? entry.evidence;
  return {
    ...entry,
    ...signer,
    ...others,
    source: source === undefined ? entry.source : (source ?? undefined),
    ref: ref === undefined ? entry.ref : (ref ?? undefined),
    builder: builder === null || !namesBuilder(evidence) ? undefined : (builder ?? entry.builder),
    sbom: sbom ?? entry.sbom,
  };
}

function checksOf(entry: LockEntry, facts: ComparedFacts): Check[] {
  const { issuer, source, ref, builder, sbom } = entry;
  return [
    checkSigner(entry, facts),
    ...(issuer === undefined ? [] : [checkIssuer(issuer, facts)]),
    ...(source === undefined ? [] : [checkSource(source, facts)]),
    ...(ref === undefined ? [] : [checkRef(ref, facts)]),
    ...(builder === undefined ? [] : [checkBuilder(builder, facts)]),
    checkLevel(entry, facts),
    ...(sbom !== true || facts.sbom === undefined ? [] : [checkSbom(facts.sbom)]),
  ];
}

function checkSigner({ identity, key }: LockEntry, facts: ComparedFacts): Check {
  const id = 'lock.signer';
  const found = facts.key === undefined ? quote(facts.identity ?? '') || 'nobody' : `the key ${facts.key}`;
  const expected = key === undefined ? quote(identity ?? '') || 'nobody' : `the key ${key}`;
  if (isNamed({ identity, key }, facts)) return pass(id, `signed by ${found}, as locked`, { expected, found });
  const says =
    (key === undefined) === (facts.key === undefined) ? 'somebody else has signed than the lock has' : 'it was signed in another way than the lock has';
  const miss = identity === undefined || facts.identity === undefined ? undefined : nearMiss(identity, facts.identity);
  return fail(id, 'LOCK_SIGNER', says, { expected, found, ...(miss !== undefined && { hint: `${miss}; ${REVIEW}` }) });
}

/** Whether it is by whom the entry has, issuer and all. */
export function isLockedSigner(entry: LockEntry, facts: LockFacts): boolean {
  return isNamed(entry, facts) && entry.issuer === facts.issuer;
}

function isNamed({ identity, key }: Pick<LockEntry, 'identity' | 'key'>, facts: LockFacts): boolean {
  if (key !== undefined) return key === facts.key;
  return identity !== undefined && facts.identity !== undefined && matchesName(identity, facts.identity);
}

function checkIssuer(issuer: string, facts: ComparedFacts): Check {
  const id = 'lock.issuer';
  const expected = quote(issuer);
  if (facts.issuer === issuer) return pass(id, `vouched for by ${expected}, as locked`);
  return fail(id, 'LOCK_ISSUER', 'somebody else vouches for the signer than the lock has', { expected, found: quote(facts.issuer ?? '') || 'nobody' });
}

function checkSource(source: string, facts: ComparedFacts): Check {
  const id = 'lock.source';
  const expected = quote(source);
  if (facts.source === source) return pass(id, `from the repository ${expected}, as locked`);
  return fail(id, 'LOCK_SOURCE', 'it is from another repository than the lock has', { expected, found: quote(facts.source ?? '') || 'none is stated' });
}

/** The workflow of another repository has the same name, whatever branch of this one it builds. */
function checkRef(ref: string, facts: ComparedFacts): Check {
  const id = 'lock.ref';
  const [expected, found] = [refText(ref), refText(facts.ref)];
  if (facts.ref !== undefined && matchesRef(ref, facts.ref)) return pass(id, `built from ${found}, as locked`);
  return fail(id, 'LOCK_SOURCE', 'it is from another kind of ref than the lock has', { expected, found });
}

function checkBuilder(builder: string, facts: ComparedFacts): Check {
  const id = 'lock.builder';
  const expected = quote(builder);
  if (facts.builder === undefined) return fail(id, 'LOCK_BUILDER', 'nothing says who built it', { expected, found: 'no provenance' });
  if (matchesName(builder, facts.builder)) return pass(id, `built by ${quote(facts.builder)}, as locked`);
  const miss = nearMiss(builder, facts.builder);
  const details = { expected, found: quote(facts.builder), ...(miss !== undefined && { hint: `${miss}; ${REVIEW}` }) };
  return fail(id, 'LOCK_BUILDER', 'it was built by another builder than the lock has', details);
}

/** Whoever attests an SBOM or the result of a scan, be it a bad one, has not signed the artifact by that. Undefined: it is a signature, or provenance. */
export function checkKind({ kind }: Pick<LockFacts, 'kind'>): Check | undefined {
  if (kind === 'signature' || kind === 'provenance') return undefined;
  const found = kind === 'sbom' ? 'an SBOM' : 'a statement of something else';
  return fail('lock.level', 'LOCK_WEAKER', 'what is stated of an artifact is no signature of it', { expected: 'a signature, or provenance', found });
}

function checkLevel({ evidence }: LockEntry, facts: ComparedFacts): Check {
  const id = 'lock.level';
  const foreign = checkKind(facts);
  if (foreign !== undefined) return foreign;
  const { level } = facts;
  const [expected, found] = [levelText(evidence), levelText(level)];
  const order = compareLevels(level, evidence);
  if (order < 0) return fail(id, 'LOCK_WEAKER', 'the evidence is weaker than the lock has', { expected: `${expected} or better`, found });
  const better = order === 0 ? 'as locked' : `which is more than ${expected} that is locked; to hold later ones to it: assay lock add --update`;
  return pass(id, `${found}, ${better}`);
}

function levelText(level: LockFacts['level']): string {
  return `${level} (${LEVEL_WORDS[level]})`;
}

function checkSbom(isThere: boolean): Check {
  if (isThere) return pass('lock.sbom', 'the signer has attested an SBOM, as locked');
  return fail('lock.sbom', 'LOCK_WEAKER', 'the lock has an attested SBOM, and there is none by this signer', { expected: 'an SBOM', found: 'none' });
}

function exceptionCheck({ until, reason, allows }: LockException): Check {
  const what = Object.entries(allows)
    .map(([name, value]) => `${name} ${value === null ? 'none' : value === false ? 'no' : quote(String(value))}`)
    .join(', ');
  const says = `an exception until ${until} allows it: ${what}`;
  return pass('lock.exception', says, { warning: `${says} (${quote(reason)})` });
}

function expiredCheck({ until, reason }: LockException): Check {
  return skip('lock.exception', `an exception has expired on ${until}, and does not apply: ${quote(reason)}`, { optional: true });
}

/** The failure that an exception would have let pass says that it once did. */
function withExpiry(check: Check, about: readonly LockException[], facts: ComparedFacts, entry: LockEntry, now: Date): Check {
  if (hasPassed(check)) return check;
  const ended = about.find((one) => hasEnded(one, now) && !checksOf(under(entry, one), facts).some(({ id, status }) => id === check.id && status === 'fail'));
  return ended === undefined ? check : { ...check, hint: `the exception that let it pass has expired on ${ended.until}; ${REVIEW}` };
}

function hasPassed({ status }: Check): boolean {
  return status === 'pass';
}

const REVIEW = 'if the change is meant, review it: assay lock add --update';
