/** Whether a summary that is signed says what is demanded (slsa.md section 1.11). Every demand is told; the first that fails is the reference's error. */
import { type Check, fail, isJsonObject, pass, quote, type VerifiedContent } from '@assay/core';
import { ModelError } from '../model.ts';
import { refuse } from '../reference-error.ts';
import { checkLevels, type VsaRules } from './levels.ts';
import { readSummary, type VerificationSummary } from './summary.ts';

export interface VsaDemands {
  /** `sha256:HEX`, `gitCommit:HEX`, `gce_image_id:123`: each must be a digest of some subject. At least one. */
  readonly digests: readonly string[];
  readonly verifierId: string;
  readonly resourceUri: string;
  /** Default none. */
  readonly levels?: readonly string[] | undefined;
  /** A ref in full that a subject with one of the digests must be annotated with: for summaries of source (slsa.md section 2.5). */
  readonly sourceRef?: string | undefined;
  /** What counts as a level. */
  readonly rules: VsaRules;
}

export interface VsaJudgement {
  readonly checks: readonly Check[];
  /** Undefined when what is signed is no summary. Not to be believed unless every check passed. */
  readonly summary: VerificationSummary | undefined;
}

export function judgeVsa(content: VerifiedContent, demands: VsaDemands): VsaJudgement {
  const id = 'vsa.statement';
  let summary: VerificationSummary;
  try {
    summary = readSummary(content);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const says = `what is signed is not a verification summary: ${error.message}`;
    const check = refuse(id, { error: 'ErrorInvalidDssePayload', detail: error.message, code: 'VSA_STATEMENT', says, spec: SPEC });
    return { checks: [check], summary: undefined };
  }
  const { verifier, resourceUri, verificationResult, verifiedLevels } = summary.predicate;
  const levels = verifiedLevels ?? [];
  const checks = [
    pass(id, `a verification summary of ${quote(resourceUri) || 'nothing that is named'}`, { spec: SPEC }),
    ...checkDigests(summary, demands.digests),
    checkName('verifier', verifier.id, demands.verifierId),
    checkName('resource', resourceUri, demands.resourceUri),
    checkResult(verificationResult, levels, demands.rules),
    checkLevels(levels, demands.levels ?? [], demands.rules),
    ...(demands.sourceRef === undefined ? [] : [checkSourceRef(summary, demands.digests, demands.sourceRef)]),
  ];
  return { checks, summary };
}

function checkDigests({ subject }: VerificationSummary, digests: readonly string[]): Check[] {
  const id = 'vsa.subject';
  const stated = new Set((subject ?? []).flatMap(({ digest }) => Object.entries(digest ?? {}).map(([type, value]) => `${type}:${value}`)));
  if (digests.length === 0) {
    const says = 'no digest is demanded, so that the summary could be about anything';
    return [
      refuse(id, {
        error: 'ErrorEmptyRequiredField',
        detail: 'no subject digests provided',
        code: 'VSA_DEMAND',
        says,
        hint: 'name the digest: TYPE:VALUE',
        spec: SPEC,
      }),
    ];
  }
  if (stated.size === 0) {
    const says = 'the summary names no subject by digest';
    return [refuse(id, { error: 'ErrorInvalidDssePayload', detail: 'no subject digests found in the VSA', code: 'VSA_STATEMENT', says, spec: SPEC })];
  }
  return digests.map((digest) => checkDigest(id, digest, subject ?? [], stated));
}

function checkDigest(id: string, digest: string, subjects: NonNullable<VerificationSummary['subject']>, stated: ReadonlySet<string>): Check {
  if (!digest.includes(':')) {
    return refuse(id, {
      error: 'ErrorInvalidDssePayload',
      detail: `expected digest ${quote(digest)} is not in the format <digest type>:<digest value>`,
      code: 'VSA_DEMAND',
      says: 'a digest that is demanded has no type',
      expected: 'TYPE:VALUE, such as sha256:HEX',
      found: quote(digest),
      spec: SPEC,
    });
  }
  if (isDigestOf(subjects, digest)) return pass(id, `the summary is about ${quote(digest)}`, { spec: SPEC });
  return refuse(id, {
    error: 'ErrorMissingSubjectDigest',
    detail: `expected digest not found: ${quote(digest)}`,
    code: 'VSA_SUBJECT',
    says: 'the summary is about something else',
    expected: quote(digest),
    found:
      [...stated]
        .slice(0, 3)
        .map((one) => quote(one))
        .join(', ') + (stated.size > 3 ? ` and ${stated.size - 3} more` : ''),
    ...(stated.has(digest.toLowerCase()) && { hint: 'digests are compared as they are written: in lower case' }),
    spec: SPEC,
  });
}

/** Types may hold no colon here, whatever a summary says: the first one ends the type. */
function isDigestOf(subjects: NonNullable<VerificationSummary['subject']>, digest: string): boolean {
  const colon = digest.indexOf(':');
  const [type, value] = [digest.slice(0, colon), digest.slice(colon + 1)];
  return subjects.some((subject) => subject.digest?.[type] === value);
}

function checkName(what: 'verifier' | 'resource', found: string, expected: string): Check {
  const id = `vsa.${what}`;
  const { name, error, mismatch, code } = NAMES[what];
  if (found === '') {
    const says = `the summary does not name its ${what}`;
    return refuse(id, {
      error: 'ErrorEmptyRequiredField',
      detail: `no ${name} in the VSA`,
      code: 'VSA_STATEMENT',
      says,
      expected: quote(expected),
      found: 'none',
      spec: SPEC,
    });
  }
  if (found === expected) return pass(id, `the ${what} is ${quote(found)}`, { spec: SPEC });
  return refuse(id, {
    error,
    detail: `${mismatch}: wanted ${quote(expected)}, got ${quote(found)}`,
    code,
    says: what === 'verifier' ? 'another verifier made the summary' : 'the summary is about another resource',
    expected: quote(expected),
    found: quote(found),
    spec: SPEC,
  });
}

const NAMES = {
  verifier: { name: 'verifier id', error: 'ErrorMismatchVerifierID', mismatch: 'verifier ID mismatch', code: 'VSA_VERIFIER' },
  resource: { name: 'resource URI', error: 'ErrorMismatchResourceURI', mismatch: 'resource URI mismatch', code: 'VSA_RESOURCE' },
} as const;

function checkResult(result: string, levels: readonly string[], rules: VsaRules): Check {
  const id = 'vsa.result';
  // A level of its own since SLSA 1.0, which says the same as the result; where they differ, one of them lies.
  const contradicts = rules !== 'slsa-verifier' && levels.includes('FAILED');
  if (result === 'PASSED' && !contradicts) return pass(id, 'the verification passed', { spec: SPEC });
  return refuse(id, {
    error: 'ErrorInvalidVerificationResult',
    detail: `verification result is not Passed: ${quote(result)}`,
    code: 'VSA_RESULT',
    says: result === 'PASSED' ? 'the result is PASSED, but the levels say that the verification failed' : 'the verification that is summarised did not pass',
    expected: 'PASSED',
    found: result === 'PASSED' ? 'the level FAILED' : quote(result) || 'nothing',
    spec: SPEC,
  });
}

function checkSourceRef({ subject }: VerificationSummary, digests: readonly string[], ref: string): Check {
  const id = 'vsa.sourceRef';
  const about = (subject ?? []).filter((one) => digests.some((digest) => isDigestOf([one], digest)));
  const refs = about.flatMap(({ annotations }) => {
    const stated = isJsonObject(annotations) ? annotations['sourceRefs'] : undefined;
    return Array.isArray(stated) ? stated.filter((one) => typeof one === 'string') : [];
  });
  if (refs.includes(ref)) return pass(id, `the revision is on ${quote(ref)}`, { spec: 'slsa.md section 2.5' });
  return fail(id, 'VSA_SUBJECT', 'the summary does not say that the revision is on this ref', {
    expected: quote(ref),
    found:
      refs
        .slice(0, 3)
        .map((one) => quote(one))
        .join(', ') || 'none',
    ...(!ref.startsWith('refs/') && { hint: `refs are named in full: refs/heads/${quote(ref)}` }),
    spec: 'slsa.md section 2.5',
  });
}

const SPEC = 'slsa.md section 1.11';
