/**
 * The npm command writes its predicate in a step of the build, which could have written anything: so every value in it must be one that the certificate
 * has too, and a value that nobody can verify is refused (slsa.md section 1.10 step 4).
 */
import { type Check, isJsonObject, type Json, pass, quote } from '@assay/core';
import type { GithubClaims } from '../github-actions/claims.ts';
import type { Provenance } from '../provenance/provenance.ts';
import { refuse } from '../reference-error.ts';

export function checkNpmClaims(provenance: Provenance, claims: GithubClaims): Check[] {
  return [
    ...(provenance.version === 'v0.2' ? checkEnvironment(provenance, claims) : checkGithub(provenance, claims)),
    ...checkV02(provenance, 'parameters'),
    checkRun(provenance, claims),
    ...checkUnverifiable(provenance),
    checkOneSubject(provenance),
    compare('the workflow that was started', 'trigger workflow', claims.workflowPath, provenance.entryPoint ?? ''),
    checkOneDependency(provenance),
    ...checkV02(provenance, 'buildConfig'),
  ];
}

/** Every variable by its name; each is optional. */
function checkEnvironment({ environment }: Provenance, claims: GithubClaims): Check[] {
  const { builderName, builderRef, run } = claims;
  const certified: Readonly<Record<string, string | undefined>> = {
    GITHUB_EVENT_NAME: claims.trigger,
    GITHUB_REPOSITORY: claims.repository,
    GITHUB_REF: claims.sourceRef,
    GITHUB_REPOSITORY_ID: claims.repositoryId,
    GITHUB_REPOSITORY_OWNER_ID: claims.ownerId,
    GITHUB_SHA: claims.commit,
    GITHUB_WORKFLOW_REF: `${builderName.replace(/^https:\/\/[^/]*\//, '')}@${builderRef}`,
    GITHUB_WORKFLOW_SHA: claims.builderCommit,
    GITHUB_RUN_ID: run?.id,
    GITHUB_RUN_ATTEMPT: run?.attempt,
  };
  const stated = environment.names().map((name): [string, Json | undefined] => [name, environment.get(name)]);
  return compareAll(stated, certified);
}

function checkGithub({ environment }: Provenance, { trigger, repositoryId, ownerId }: GithubClaims): Check[] {
  const github = environment.get('github');
  const others = environment.names().filter((name) => name !== 'github');
  const certified = { event_name: trigger, repository_id: repositoryId, repository_owner_id: ownerId };
  return [...others.map(unknown), ...compareAll(isJsonObject(github) ? Object.entries(github) : [], certified)];
}

function compareAll(stated: readonly (readonly [string, Json | undefined])[], certified: Readonly<Record<string, string | undefined>>): Check[] {
  return stated.map(([name, value]) => {
    if (!Object.hasOwn(certified, name)) return unknown(name);
    if (typeof value === 'string') return compare(name, name, certified[name], value);
    return refuse(ID, {
      error: 'ErrorInvalidDssePayload',
      detail: `environment type string '${quote(name)}'`,
      code: 'SLSA_STATEMENT',
      says: `${quote(name)} is not a text`,
      spec: SPEC,
    });
  });
}

function unknown(name: string): Check {
  return refuse(ID, {
    error: 'ErrorMismatchCertificate',
    detail: `unknown '${quote(name)}' parameter`,
    code: 'SLSA_DISAGREEMENT',
    says: `the provenance states ${quote(name)}, which no certificate could confirm`,
    found: quote(name),
    spec: SPEC,
  });
}

function compare(what: string, name: string, certified: string | undefined, stated: string): Check {
  if (certified === stated) return pass(ID, `the certificate confirms ${quote(what)}: ${quote(stated)}`, { spec: SPEC });
  return refuse(ID, {
    error: 'ErrorMismatchCertificate',
    detail: certified === undefined ? `empty certificate value to verify '${quote(name)}'` : `${quote(name)}: '${quote(stated)}' != '${quote(certified)}'`,
    code: 'SLSA_DISAGREEMENT',
    says: certified === undefined ? `the certificate cannot confirm ${quote(what)}` : `certificate and provenance disagree on ${quote(what)}`,
    expected: certified === undefined ? 'a certificate that states it' : `${quote(certified)} (in the certificate)`,
    found: `${quote(stated)} (in the provenance)`,
    spec: SPEC,
  });
}

/** v0.2 keeps room for what npm never fills. */
function checkV02({ statement }: Provenance, where: 'parameters' | 'buildConfig'): Check[] {
  if (statement.version !== 'v0.2') return [];
  const value = where === 'parameters' ? statement.predicate.invocation.parameters : statement.predicate.buildConfig;
  if (value === undefined || value === null || (isJsonObject(value) && Object.keys(value).length === 0)) return [];
  return [unverifiable(where, 'there is something in it')];
}

/** Of the run only the number and the attempt; empty says nothing. */
function checkRun({ version, invocationId }: Provenance, { run }: GithubClaims): Check {
  if (invocationId === '') return pass(ID, 'the provenance names no run', { spec: SPEC });
  return compare('the run', 'invocation ID', run && `${run.id}-${run.attempt}`, version === 'v0.2' ? invocationId : shortRun(invocationId));
}

/** `https://github.com/owner/repository/actions/runs/RUN/attempts/ATTEMPT` has seven parts behind the host. */
function shortRun(url: string): string {
  const parts = url.replace(/^https:\/\/[^/]*\//, '').split('/');
  return parts.length === 7 ? `${parts[4]}-${parts[6]}` : url;
}

function checkUnverifiable({ startedOn, finishedOn, statement }: Provenance): Check[] {
  const metadata = statement.version === 'v0.2' ? statement.predicate.metadata : undefined;
  const { parameters, environment, materials } = metadata?.completeness ?? {};
  return [
    ...(startedOn === undefined ? [] : [unverifiable('build start time', quote(startedOn))]),
    ...(finishedOn === undefined ? [] : [unverifiable('build finish time', quote(finishedOn))]),
    ...(metadata?.reproducible === true ? [unverifiable('reproducible', 'true')] : []),
    ...(parameters || environment || materials ? [unverifiable('completeness', 'claimed')] : []),
  ];
}

function unverifiable(what: string, found: string): Check {
  return refuse(ID, {
    error: 'ErrorNonVerifiableClaim',
    detail: `${what}: ${found}`,
    code: 'SLSA_DISAGREEMENT',
    says: `the provenance claims what nobody can verify: ${what}`,
    expected: 'nothing',
    found,
    spec: SPEC,
  });
}

function checkOneSubject({ subjects }: Provenance): Check {
  const [subject, ...others] = subjects;
  if (subject === undefined || others.length > 0) return unverifiable('number of subjects', String(subjects.length));
  return subject.digest.has('sha512') ? pass(ID, 'one subject, named by its sha512 digest', { spec: SPEC }) : unverifiable("digest 'sha512'", 'not present');
}

function checkOneDependency({ dependencies }: Provenance): Check {
  if (dependencies.length === 1) return pass(ID, 'one dependency, the source', { spec: SPEC });
  return unverifiable('number of resolved dependencies', String(dependencies.length));
}

const ID = 'provenance.npm';
const SPEC = 'slsa.md section 1.10';
