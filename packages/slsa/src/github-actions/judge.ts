/**
 * Provenance of GitHub Actions under slsa-verifier's rules: what a verified certificate and a verified envelope say, against what was demanded
 * (slsa.md sections 1.5 to 1.7). In the order in which the reference asks, so that the first failure is the one it would name; independent checks go on.
 */
import { type Check, IN_TOTO_PAYLOAD_TYPE, isVerified, pass, quote, skip, type VerifiedContent, type VerifiedIdentity } from '@assay/core';
import { checkAgreement } from '../agreement.ts';
import { certificateFacts } from '../certificate-facts.ts';
import { predicateFacts } from '../predicate-facts.ts';
import { BUILD_TYPES } from '../provenance/build-types.ts';
import { type Provenance, provenanceOf } from '../provenance/provenance.ts';
import { PROVENANCE_V1, PROVENANCE_V02, readStatement, StatementError } from '../provenance/statement.ts';
import { refuse } from '../reference-error.ts';
import { checkCertifiedBuilder, checkStatedBuilder, type Subject } from './builder.ts';
import { tellCircumstances } from './circumstances.ts';
import { readGithubClaims } from './claims.ts';
import { checkInputs } from './inputs.ts';
import { checkRefs, type RefDemands } from './ref.ts';
import { checkCertifiedSource, checkStatedSource } from './source.ts';
import { checkSubject } from './subject.ts';

interface CommonDemands extends RefDemands {
  /** As the user names it. */
  readonly source: string;
  readonly inputs?: ReadonlyMap<string, string> | undefined;
  /** Of the artifact: hex, its algorithm told by its length. */
  readonly digest: string;
}

export interface GithubDemands extends CommonDemands {
  readonly subject: Subject;
  /** As it was given, '' too. */
  readonly builderId?: string | undefined;
  /** `SLSA_VERIFIER_TESTING`. */
  readonly testing: boolean;
}

/** What core has verified. */
export interface VerifiedEnvelope {
  readonly identity: VerifiedIdentity | undefined;
  readonly content: VerifiedContent | undefined;
}

export interface GithubJudgement {
  readonly checks: readonly Check[];
  /** `NAME@REF` of the builder: of the tool behind a delegator. */
  readonly builderId?: string;
  readonly commit?: string;
}

/** Throws `TypeError` for values that were not verified. */
export function judgeGithub({ identity, content }: VerifiedEnvelope, demands: GithubDemands): GithubJudgement {
  if (!isVerified(identity) || !isVerified(content)) throw new TypeError('provenance is judged only after its signature was verified');
  const { check, claims } = readGithubClaims(identity);
  if (claims === undefined) return { checks: [check, skip('provenance.statement', 'the provenance was not judged: nobody knows who made it')] };
  const { subject, builderId, source, testing } = demands;
  const refs = { testing };
  const certified = checkCertifiedBuilder(claims, { subject, builderId, refs });
  const before = [check, ...certified.checks, checkCertifiedSource(claims, source)];
  const read = readProvenance(content);
  if (read.provenance === undefined) return { checks: [...before, read.check] };
  const { provenance } = read;
  const checks = [
    ...before,
    read.check,
    checkBuildType(provenance, claims.builderName),
    certified.delegated === undefined
      ? skip('provenance.builder.stated', 'the builder in the provenance was not compared: the one that signed is refused')
      : checkStatedBuilder(provenance.builderId, claims, { subject, builderId, refs }, certified.delegated ? 'delegated' : 'direct'),
    ...checkCommon(provenance, demands),
    ...agreement(identity, provenance),
    ...tellCircumstances(claims),
  ];
  return {
    checks,
    builderId: certified.delegated === true ? provenance.builderId : `${claims.builderName}@${claims.builderRef}`,
    commit: claims.commit,
  };
}

/** What is asked of every build, whoever made it (section 1.7 F to K). */
export function checkCommon(provenance: Provenance, { source, digest, inputs = new Map(), ...refs }: CommonDemands): Check[] {
  return [...checkStatedSource(provenance, source), checkSubject(provenance, digest), ...checkRefs(provenance, refs), ...checkInputs(provenance, inputs)];
}

/** Told, and decided by nothing here: the reference compares less, and what it accepts stays accepted. */
function agreement(identity: VerifiedIdentity, provenance: Provenance): Check[] {
  return checkAgreement(certificateFacts(identity), predicateFacts(provenance)).map((check) => ({
    ...check,
    optional: true as const,
    ...(check.status === 'fail' && { warning: check.says }),
  }));
}

export type ReadProvenance = { readonly check: Check; readonly provenance?: Provenance };

export function readProvenance(content: VerifiedContent): ReadProvenance {
  const id = 'provenance.statement';
  try {
    const provenance = provenanceOf(readStatement(content));
    return { check: pass(id, `the envelope holds provenance ${provenance.version}`, { spec: SPEC }), provenance };
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    return {
      check: refuse(id, {
        error: 'ErrorInvalidDssePayload',
        detail: error.message,
        code: error.what === 'predicate type' ? 'SLSA_PREDICATE_TYPE' : 'SLSA_STATEMENT',
        says: SAYS[error.what],
        ...(error.what !== 'shape' && { expected: EXPECTED[error.what] }),
        found: error.found ?? error.message,
      }),
    };
  }
}

const SAYS = {
  'payload type': 'the envelope does not hold a statement',
  'predicate type': 'the statement is no provenance',
  shape: 'the statement is not of the shape of provenance',
} as const;

const EXPECTED = {
  'payload type': IN_TOTO_PAYLOAD_TYPE,
  'predicate type': `${PROVENANCE_V02} or ${PROVENANCE_V1}`,
} as const;

/** Which kinds of builds a builder makes is known; one that says otherwise is not what it seems (section 1.7 D). */
export function checkBuildType({ version, buildType }: Pick<Provenance, 'version' | 'buildType'>, builderName: string): Check {
  const id = 'provenance.buildType';
  const types = BUILD_TYPES.get(builderName)?.[version] ?? [];
  if (types.includes(buildType)) return pass(id, `a build of type ${quote(buildType)}`, { spec: SPEC });
  const isUnknown = types.length === 0;
  const name = JSON.stringify(quote(builderName));
  return refuse(id, {
    error: isUnknown ? 'ErrorInvalidBuilderID' : 'ErrorInvalidBuildType',
    text: isUnknown
      ? `invalid DSSE envelope payload: builderID is invalid: ${name}`
      : `invalid DSSE envelope payload: buildType is invalid: ${JSON.stringify(quote(buildType))} for builder ID ${name}`,
    code: 'SLSA_BUILD_TYPE',
    says: isUnknown
      ? `what builds of ${quote(builderName)} look like in provenance ${version} is not known here`
      : 'this builder does not make builds of this type',
    expected: types.join(', ') || 'a builder that is known',
    found: quote(buildType),
  });
}

const SPEC = 'slsa.md section 1.7';
