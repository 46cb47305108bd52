/**
 * Finding the log entry of a bare envelope (slsa.md section 1.8 C and D). What a log answers is a claim; the caller's `judge`, which is core's `verify` with
 * the caller's demands, decides what it is worth.
 */
import { type Bundle, type Check, failFrom, failures, group, isTrustError, pass, type TrustError, type Verification, type Verified } from '@assay/core';
import { refuse } from '../reference-error.ts';
import { candidatesOf, type LogCandidate } from './candidate.ts';
import type { CertifiedEnvelope, EnvelopeFile } from './envelope-file.ts';
import { entryUrl, fetchEntry, type LogPlace, PUBLIC_LOG, retrieveEntries, searchIndex } from './log-place.ts';
import { proposedEntries } from './possible-entries.ts';

/** `verify` of core with `opaqueContent` and without an artifact, under the caller's demands. */
export type Judge = (bundle: Bundle) => Promise<Verification>;

export interface LogProof {
  /** Passes when an entry was found and the judge accepted it. Its first failure carries slsa-verifier's text, unless it is one of the judge's. */
  readonly check: Check;
  /** What was judged last, so what was accepted when `check` passes. */
  readonly candidate?: LogCandidate;
  readonly verification?: Verification;
}

/**
 * Asks for the very entry that signing this file would have proposed. One request, three when the log knows only one of the two kinds.
 * Whatever the network and the log do is a failed check; only an abort throws.
 */
export async function searchByEntry(file: CertifiedEnvelope, place: LogPlace, judge: Judge): Promise<LogProof> {
  const found = await answered(async () => retrieveEntries(place, await proposedEntries(file, place.crypto)));
  if ('error' in found) return { check: unanswered(found.error) };
  const [named, ...others] = found.value;
  if (named === undefined || others.length > 0) return { check: noEntry(found.value.length, file) };
  const candidates = await answered(() => candidatesOf(file, named, place.crypto));
  if ('error' in candidates) return { check: badEntry(candidates.error) };
  return judgeCandidates(candidates.value, judge);
}

/**
 * Asks for every entry that is about the artifact; the first that is accepted wins. One request, and one for each entry, `MAX_ENTRIES` at most.
 * @param sha256 of the artifact, lower-case hex
 */
export async function searchByDigest(file: EnvelopeFile, sha256: string, place: LogPlace, judge: Judge): Promise<LogProof> {
  if (!SHA256.test(sha256)) throw new TypeError('not the hex of a SHA-256 digest');
  const found = await answered(() => searchIndex(place, sha256));
  if ('error' in found) return { check: unanswered(found.error) };
  if (found.value.length === 0) return { check: noneIndexed(sha256) };
  const refused: Check[] = [];
  for (const uuid of found.value.slice(0, MAX_ENTRIES)) {
    const candidates = await answered(async () => candidatesOf(file, await fetchEntry(place, uuid), place.crypto));
    if ('error' in candidates) {
      refused.push(group('slsa.log.entry', `entry ${uuid}`, [failFrom('slsa.log.answer', candidates.error)]));
    } else {
      const proof = await judgeCandidates(candidates.value, judge);
      if (proof.check.status === 'pass') return proof;
      refused.push(proof.check);
    }
  }
  return { check: noneValid(refused, found.value.length) };
}

/** For what lies in a file instead of a log, and for each signature of an envelope: the first that is accepted, or all refusals. */
export async function judgeCandidates(candidates: readonly LogCandidate[], judge: Judge): Promise<LogProof> {
  const [{ uuid, entry }] = candidates as readonly [LogCandidate];
  const found = pass('slsa.log.found', `the log's entry ${entry.logIndex} claims to be about this envelope`, { evidence: { uuid }, spec: SPEC });
  const told = (roots: readonly Check[]): Check => group('slsa.log.entry', `entry ${uuid}`, [found, ...roots]);
  const refused: Verification[] = [];
  for (const candidate of candidates) {
    const verification = await judge(candidate.bundle);
    if (verification.ok) return { check: told([verification.root]), candidate, verification };
    refused.push(verification);
  }
  const [candidate, verification] = [candidates.at(-1), refused.at(-1)];
  return { check: told(refused.map(({ root }) => root)), ...(candidate && { candidate }), ...(verification && { verification }) };
}

/** slsa-verifier's line about what was found; only a verification has the facts for it. */
export function verifiedLine({ logEntries }: Verified, { uuid }: LogCandidate): string {
  const [entry] = logEntries;
  if (entry === undefined) throw new TypeError('verified without a log');
  return `Verified signature against tlog entry index ${entry.logIndex} at URL: ${entryUrl(entry.log || PUBLIC_LOG, uuid)}`;
}

type Answer<T> = { readonly value: T } | { readonly error: TrustError };

/** Every TrustError is the log's or the network's doing here; an abort is neither, and is thrown on. */
async function answered<T>(ask: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await ask() };
  } catch (error) {
    if (isTrustError(error)) return { error };
    throw error;
  }
}

function unanswered({ code, message, hint }: TrustError): Check {
  return refuse('slsa.log.search', { error: 'ErrorRekorSearch', detail: message, code, says: `the log could not be searched: ${message}`, hint, spec: SPEC });
}

/** Two are as bad as none to slsa-verifier; which of them should count is nobody's to guess. */
function noEntry(found: number, { bytes }: CertifiedEnvelope): Check {
  return refuse('slsa.log.search', {
    error: 'ErrorRekorSearch',
    detail: 'no matching rekor entries',
    code: 'SLSA_LOG_NOT_FOUND',
    says: found === 0 ? 'the log has no entry for this file' : 'the log has more than one entry for this file',
    expected: 'exactly one entry that commits to every byte of the file',
    found: String(found),
    // The near miss: generators end the file without one, editors do not.
    ...(bytes.at(-1) === LINE_END && { hint: 'the file ends in a line end, which generators do not write: fetch it again as it was published' }),
    spec: SPEC,
  });
}

function badEntry({ code, message, hint, expected, found }: TrustError): Check {
  return refuse('slsa.log.answer', {
    error: 'ErrorInvalidRekorEntry',
    text: `error verifying tlog entry: ${message}`,
    code,
    says: `what the log answered is no evidence: ${message}`,
    hint,
    expected,
    found,
    spec: SPEC,
  });
}

function noneIndexed(sha256: string): Check {
  return refuse('slsa.log.search', {
    error: 'ErrorRekorSearch',
    detail: 'no matching entries found',
    code: 'SLSA_LOG_NOT_FOUND',
    says: 'the index of the log names no entry about this artifact',
    expected: `an entry about sha256:${sha256}`,
    hint: 'pass the artifact for which the provenance was made; name another log with --rekor-url',
    spec: SPEC,
  });
}

function noneValid(refused: readonly Check[], indexed: number): Check {
  const problems = refused.map((check) => failures(check)[0]?.says ?? check.says);
  const unseen = indexed - refused.length;
  const none = refuse('slsa.log.search', {
    error: 'ErrorNoValidRekorEntries',
    detail: `got unexpected errors ${problems.join(', ')}`,
    code: 'SLSA_LOG_NOT_FOUND',
    says: 'no entry that the log has about this artifact is evidence for this envelope',
    expected: 'an entry of the signing of this very envelope',
    found: `${refused.length} ${refused.length === 1 ? 'entry' : 'entries'} about the artifact, none of which holds${unseen > 0 ? `; ${unseen} more were not looked at` : ''}`,
    spec: SPEC,
  });
  return group('slsa.log', 'the log', [none, ...refused.slice(0, MAX_TOLD)]);
}

const SPEC = 'slsa.md section 1.8';
const LINE_END = 0x0a;
const SHA256 = /^[\da-f]{64}$/;
/** Anybody can log something about any artifact: whoever floods the index must not keep us busy for ever. */
const MAX_ENTRIES = 256;
/** In the tree: they resemble each other. */
const MAX_TOLD = 10;
