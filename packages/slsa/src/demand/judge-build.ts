/**
 * Whether something was built as it was demanded: rules of our own, over facts. What the platform has told the certificate authority decides; what the
 * predicate says of the same build must agree with it, fact by fact. Without a certificate, whoever holds the key has said all of it.
 *
 * Everything is told in one run: a check does not wait for another, and the first that fails is the one nearest to what was demanded.
 */
import {
  type Check,
  fail,
  group,
  IN_TOTO_PAYLOAD_TYPE,
  isVerified,
  pass,
  quote,
  type VerifiedContent,
  type VerifiedDigest,
  type VerifiedIdentity,
  type VerifiedPayload,
  type VerifiedStatement,
} from '@assay/core';
import { checkAgreement } from '../agreement.ts';
import { certificateFacts } from '../certificate-facts.ts';
import type { BuildFacts } from '../facts.ts';
import { predicateFacts } from '../predicate-facts.ts';
import { type Provenance, provenanceOf } from '../provenance/provenance.ts';
import { PROVENANCE_V1, PROVENANCE_V02, readStatement, StatementError } from '../provenance/statement.ts';
import { checkBuilder, type JudgedBuilder } from './builder.ts';
import { checkCircumstances, HOSTED } from './circumstances.ts';
import { checkClaims } from './claims.ts';
import type { BuildDemands } from './demands.ts';
import { checkRevision } from './revision.ts';
import { checkSource } from './source.ts';
import { checkStated } from './stated.ts';
import { checkSubject } from './subject.ts';

/** What core has verified: `Verified` fits. */
export interface VerifiedBuild {
  readonly identity: VerifiedIdentity | undefined;
  /** The artifact that core has found in what was signed. Undefined: it was not looked for, and `content` is judged here. */
  readonly artifact: VerifiedDigest | undefined;
  readonly statement: VerifiedStatement | undefined;
  readonly payload: VerifiedPayload | undefined;
  readonly content: VerifiedContent | undefined;
}

export interface BuildJudgement {
  readonly checks: readonly Check[];
  /** Of the certificate; where it says nothing, of the predicate. To be believed only when all checks pass. */
  readonly facts: BuildFacts;
  /** As `facts` has it; the tool, where a delegator signed for one. */
  readonly builder: string | undefined;
  /** The Build level of SLSA that the evidence supports, when all checks pass. */
  readonly level: 0 | 1 | 2 | 3;
}

/**
 * `digests`: of the artifact, lower-case hex by algorithm, for a statement that core has not compared with it.
 * Throws `TypeError` for values that were not verified. Errors: `SLSA_UNSUPPORTED` for a builder that is not named as one can be.
 */
export function judgeBuild(verified: VerifiedBuild, demands: BuildDemands, digests: ReadonlyMap<string, string>): BuildJudgement {
  const { identity, artifact, statement, payload, content } = verified;
  for (const value of [identity, artifact, statement, payload, content]) {
    if (value !== undefined && !isVerified(value)) throw new TypeError('a build is judged only after its signature was verified');
  }
  const signed = readSigned(verified);
  const { provenance } = signed;
  const stated = provenance === undefined ? {} : predicateFacts(provenance);
  const certified = identity === undefined ? undefined : certificateFacts(identity);
  const known = checkFacts(
    certified ?? keyFacts(stated, provenance),
    provenance?.builderId,
    demands,
    certified === undefined ? 'by the signer' : 'by the platform',
  );
  const agreed = certified === undefined || provenance === undefined ? [] : agreement(certified, stated, provenance, known.delegated);
  const checks = [
    ...(identity === undefined ? [] : [checkClaims(identity)]),
    group('build', { pass: `built from ${quote(demands.source.uri)}, as it was demanded`, fail: 'it was not built as it was demanded' }, known.checks),
    signed.check,
    ...(artifact === undefined && provenance !== undefined ? [checkSubject(provenance, digests)] : []),
    ...agreed,
  ];
  const facts = { ...stated, ...certified };
  return {
    checks,
    facts,
    builder: known.delegated ? provenance?.builderId : facts.builder,
    level: levelOf(provenance, certified, known.isolated),
  };
}

function agreement(certified: BuildFacts, stated: BuildFacts, provenance: Provenance, delegated: boolean): Check[] {
  const checks = [...checkAgreement(certified, stated), ...checkStated(provenance, certified, delegated)];
  if (checks.length === 0) return [];
  const passed = `certificate and provenance agree on ${checks.length === 1 ? 'the one fact' : `all ${checks.length} facts`} that both state`;
  return [group('agreement', { pass: passed, fail: 'the provenance says something else of the build than the certificate' }, checks)];
}

/** The demands against facts, whoever states them. `stated`: the builder by the predicate. */
export function checkFacts(facts: BuildFacts, stated: string | undefined, demands: BuildDemands, vouched: 'by the platform' | 'by the signer'): JudgedBuilder {
  const { checks, delegated, isolated } = checkBuilder(facts, stated, demands);
  return {
    checks: [checkSource(facts, demands.source), ...checkRevision(facts, demands), ...checks, ...checkCircumstances(facts, demands, vouched)],
    delegated,
    isolated,
  };
}

/** The tool that a delegator would name is the builder, when nobody else is there to name one. */
function keyFacts(stated: BuildFacts, provenance: Provenance | undefined): BuildFacts {
  return provenance === undefined ? stated : { ...stated, builder: provenance.builderId };
}

/** The builder is part of no level: whether it can be trusted, whoever demands it has decided. */
function levelOf(provenance: Provenance | undefined, certified: BuildFacts | undefined, isolated: boolean): BuildJudgement['level'] {
  if (provenance === undefined) return 0;
  if (certified === undefined) return 1;
  if (isolated) return 3;
  return certified.runner !== undefined && HOSTED.has(certified.runner) ? 2 : 1;
}

interface Signed {
  readonly check: Check;
  readonly provenance?: Provenance;
}

/** Provenance, or a signature over the thing itself; any other statement says something else of it than how it was built. */
function readSigned({ identity, artifact, statement, content }: VerifiedBuild): Signed {
  const id = 'build.statement';
  const type = statement?.predicateType;
  if (content !== undefined || type === PROVENANCE_V02 || type === PROVENANCE_V1) {
    return readProvenance(content ?? { type: IN_TOTO_PAYLOAD_TYPE, bytes: (statement as VerifiedStatement).payload });
  }
  if (type !== undefined && !SIGNATURES.has(type))
    return { check: fail(id, 'SLSA_PREDICATE_TYPE', 'the statement is no provenance', { expected: PROVENANCE, found: quote(type) }) };
  if (identity === undefined || artifact === undefined) {
    return { check: fail(id, 'SLSA_PREDICATE_TYPE', 'a signature of a key says nothing of the build', { expected: PROVENANCE, found: 'a signature' }) };
  }
  return {
    check: pass(id, 'signed by the build that is certified', {
      warning: 'a signature and no provenance: which build has signed it is certified, not which one has made it',
    }),
  };
}

function readProvenance(signed: Pick<VerifiedContent, 'type' | 'bytes'>): Signed {
  const id = 'build.statement';
  try {
    const provenance = provenanceOf(readStatement(signed));
    const { statementType } = provenance;
    if (!STATEMENTS.includes(statementType)) {
      const details = { expected: STATEMENTS.join(' or '), found: quote(statementType) || 'nothing' };
      return { check: fail(id, 'SLSA_STATEMENT', 'the statement is of no known type', details), provenance };
    }
    return { check: pass(id, `provenance ${provenance.version}: a build of type ${quote(provenance.buildType)}`), provenance };
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    const says = error.what === 'predicate type' ? 'the statement is no provenance' : 'the statement cannot be read as provenance';
    const code = error.what === 'predicate type' ? 'SLSA_PREDICATE_TYPE' : 'SLSA_STATEMENT';
    return { check: fail(id, code, says, { ...(error.what === 'predicate type' && { expected: PROVENANCE }), found: error.found ?? error.message }) };
  }
}

const STATEMENTS = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'];
const PROVENANCE = `${PROVENANCE_V02} or ${PROVENANCE_V1}`;
/** Of cosign: a statement that says nothing but that this was signed. */
const SIGNATURES: ReadonlySet<string> = new Set(['https://sigstore.dev/cosign/sign/v1']);
