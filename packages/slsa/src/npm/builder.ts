/**
 * Who may have built a package (slsa.md section 1.10 step 2): a tool behind one of the SLSA project's delegators, or the npm command in any workflow.
 * Of the latter nobody can say more than on whose machine it ran.
 */
import { type Check, pass, quote } from '@assay/core';
import { type BuilderId, parseBuilderId } from '../builder-id.ts';
import { checkIssuer, DELEGATORS, looseMismatch } from '../github-actions/builder.ts';
import type { GithubClaims } from '../github-actions/claims.ts';
import { checkReleaseTag, type RefRule } from '../github-actions/release-tag.ts';
import { RUNNER } from '../provenance/build-types.ts';
import { refuse } from '../reference-error.ts';

export interface NpmBuilder {
  readonly checks: readonly Check[];
  readonly kind: 'delegated' | 'cli';
  /** Under which name the kinds of builds are known. */
  readonly name: string;
}

export function checkNpmBuilder(claims: GithubClaims, builderId: string | undefined, refs: RefRule): NpmBuilder {
  const issuer = checkIssuer(claims);
  const { builderName, builderRef, repository } = claims;
  if (!DELEGATORS.includes(builderName)) return { kind: 'cli', name: builderId ?? '', checks: [issuer, checkRunner(claims, builderId)] };
  const ref = checkReleaseTag('provenance.builder.ref', builderRef, repository, refs);
  return { kind: 'delegated', name: builderName, checks: [issuer, ref, checkHosted(claims), ...checkGiven(builderId)] };
}

function checkGiven(builderId: string | undefined): Check[] {
  return builderId === undefined ? [missing()] : [];
}

function missing(): Check {
  return refuse(ID, {
    error: 'ErrorInvalidBuilderID',
    detail: 'no expected builder ID',
    code: 'SLSA_BUILDER',
    says: 'nobody said which builder must have made the package',
    expected: 'a builder, with --builder-id',
    spec: SPEC,
  });
}

function checkHosted({ runner, builderName }: GithubClaims): Check {
  const id = 'provenance.runner';
  if (runner !== 'self-hosted') return pass(id, `${quote(builderName)} did not run on a machine of the project's own`, { spec: SPEC });
  return refuse(id, {
    error: 'ErrorMismatchBuilderID',
    detail: 'self hosted re-usable workflow',
    code: 'SLSA_RUNNER',
    says: 'the builder ran on a machine whose owner can alter the build',
    expected: 'github-hosted',
    found: 'self-hosted',
    spec: SPEC,
  });
}

/** The name that a user gives decides on whose machine it must have run. */
function checkRunner({ runner }: GithubClaims, builderId: string | undefined): Check {
  if (builderId === undefined) return missing();
  if (runner === undefined) {
    return refuse(ID, {
      error: 'ErrorNotSupported',
      detail: 'the certificate does not state the hosted status',
      code: 'SLSA_UNSUPPORTED',
      says: 'the certificate does not say on whose machine the npm command ran: it is too old',
      expected: 'github-hosted or self-hosted',
      found: 'nothing',
      spec: SPEC,
    });
  }
  const wanted = RUNNERS.get(builderId);
  if (wanted === undefined) {
    return refuse(ID, {
      error: 'ErrorNotSupported',
      detail: `builder: ${quote(builderId)}`,
      code: 'SLSA_UNSUPPORTED',
      says: 'a package that the npm command built has another builder',
      expected: [...RUNNERS.keys()].join(', '),
      found: quote(builderId),
      spec: SPEC,
    });
  }
  if (wanted === runner) return pass(ID, `the npm command ran on a ${runner} machine`, { spec: SPEC });
  return refuse(ID, {
    error: 'ErrorMismatchBuilderID',
    detail: `expected '${wanted}', got '${runner}'`,
    code: 'SLSA_RUNNER',
    says: 'the npm command ran on a machine of another kind than was demanded',
    expected: wanted,
    found: runner,
    spec: SPEC,
  });
}

/** The predicate's builder against the one that was demanded: npm has called one thing by two names. */
export function checkNpmStated(stated: string, demanded: string): Check {
  const id = 'provenance.builder.stated';
  const [actual, given] = [parseBuilderId(stated), parseBuilderId(demanded)];
  if ('refusal' in actual) return refuse(id, actual.refusal);
  if ('refusal' in given) return refuse(id, given.refusal);
  const mismatch = looseMismatch(actual, given, 'refs/tags/ too');
  if (mismatch === undefined || looseMismatch(actual, otherName(demanded), 'refs/tags/ too') === undefined) {
    return pass(id, `the provenance names the builder ${quote(stated)}`, { spec: SPEC });
  }
  return refuse(id, {
    error: 'ErrorMismatchBuilderID',
    detail: mismatch.detail,
    code: 'SLSA_BUILDER',
    says: 'the provenance names another builder than was demanded',
    expected: quote(demanded),
    found: quote(stated),
    spec: SPEC,
  });
}

/** With its last part appended, or removed. */
function otherName(demanded: string): BuilderId {
  const other = demanded.endsWith(HOSTED) ? demanded.slice(0, -HOSTED.length) : `${demanded}${HOSTED}`;
  const parsed = parseBuilderId(other);
  return 'refusal' in parsed ? { name: other, version: undefined } : parsed;
}

const HOSTED = '/github-hosted';
const RUNNERS: ReadonlyMap<string, 'github-hosted' | 'self-hosted'> = new Map([
  [RUNNER, 'github-hosted'],
  [`${RUNNER}${HOSTED}`, 'github-hosted'],
  [`${RUNNER}/self-hosted`, 'self-hosted'],
]);
const ID = 'provenance.builder';
const SPEC = 'slsa.md section 1.10';
