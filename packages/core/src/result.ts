/**
 * A verification as JSON, and back: what `--output json` prints and `assay explain` reads.
 *
 *   { mediaType, ok, verified? { artifact, identity?, key, statement?, payload?, content?, times[], logEntries[] }, root: Check }
 *
 * A result read from a file is only shown, never believed: verified values are not made from it.
 */

import { decodeUtf8 } from './bytes.ts';
import { catalogue } from './catalogue.ts';
import type { Check } from './check.ts';
import { isConsistent } from './check.ts';
import { TrustError } from './errors.ts';
import { isJsonObject, type Json, JsonError, parseJson } from './json.ts';
import { VERIFICATION_MEDIA_TYPE, type Verification, type Verified } from './verify.ts';

export interface SavedVerification {
  readonly mediaType: string;
  readonly ok: boolean;
  readonly root: Check;
}

/** Plain data for `JSON.stringify`. */
export function verificationJson({ mediaType, ok, verified, root }: Verification): object {
  return { mediaType, ok, ...(verified && { verified: verifiedJson(verified) }), root };
}

function verifiedJson({ artifact, identity, keyFingerprint, statement, payload, content, times, logEntries }: Verified): object {
  return {
    ...(artifact && { artifact: { algorithm: artifact.algorithm, digest: artifact.hex } }),
    ...(identity && { identity: { san: identity.san, sanKind: identity.sanKind, oidcIssuer: identity.oidcIssuer, extensions: identity.extensions } }),
    key: { sha256: keyFingerprint },
    // The payload as it was signed: a statement parsed and printed again could differ from it.
    ...(statement && { statement: { predicateType: statement.predicateType, payload: decodeUtf8(statement.payload) ?? '' } }),
    ...(payload && { payload: decodeUtf8(payload.bytes) ?? '' }),
    ...(content && { content: { type: content.type, payload: decodeUtf8(content.bytes) ?? '' } }),
    times: times.map(({ time, source }) => ({ time: time.toISOString(), source })),
    logEntries: logEntries.map(({ log, logIndex }) => ({ log, logIndex: logIndex.toString() })),
  };
}

/** Errors: `RESULT_PARSE` for other documents, and for trees whose statuses contradict each other. */
export function parseVerificationJson(input: Uint8Array): SavedVerification {
  const document = parse(input);
  if (!isJsonObject(document) || document['mediaType'] !== VERIFICATION_MEDIA_TYPE) {
    throw new TrustError('RESULT_PARSE', 'not a saved verification result', { expected: VERIFICATION_MEDIA_TYPE });
  }
  const root = document['root'];
  if (!isCheck(root)) throw new TrustError('RESULT_PARSE', 'the proof tree is incomplete');
  const ok = document['ok'] === true;
  if (!isConsistent(root) || ok !== (root.status === 'pass')) {
    throw new TrustError('RESULT_PARSE', 'the proof tree contradicts itself: a status is not what its checks say', {
      hint: 'the file was edited; run the verification again',
    });
  }
  return { mediaType: VERIFICATION_MEDIA_TYPE, ok, root };
}

function parse(input: Uint8Array): Json {
  try {
    return parseJson(input);
  } catch (error) {
    if (error instanceof JsonError) throw new TrustError('RESULT_PARSE', `not a saved verification result: ${error.message}`, { cause: error });
    throw error;
  }
}

function isCheck(value: unknown): value is Check {
  const check = value as Record<string, unknown>;
  if (typeof value !== 'object' || value === null || typeof check['id'] !== 'string' || typeof check['says'] !== 'string') return false;
  if (!STATUSES.has(check['status'] as string)) return false;
  if (TEXTS.some((name) => check[name] !== undefined && typeof check[name] !== 'string')) return false;
  if (check['code'] !== undefined && !Object.hasOwn(catalogue, check['code'] as string)) return false;
  return check['checks'] === undefined || (Array.isArray(check['checks']) && check['checks'].every(isCheck));
}

const STATUSES: ReadonlySet<string> = new Set(['pass', 'fail', 'skip']);
const TEXTS = ['code', 'expected', 'found', 'hint', 'spec', 'warning'];
