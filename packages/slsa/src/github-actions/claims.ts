/**
 * What a certificate of a GitHub Actions job says about its build (slsa.md section 1.6). The authority took all of it from the platform's token, so
 * that no step of the build could choose it.
 *
 * Older extensions (.1 to .6) and newer ones (.8 and on) exist beside each other: where both say something, they must say the same.
 */
import { type Check, pass, quote, type VerifiedIdentity } from '@assay/core';
import { type Refusal, refuse } from '../reference-error.ts';

export interface GithubClaims {
  readonly issuer: string;
  /** `https://github.com/owner/repository/.github/workflows/file.yml`: the workflow whose job signed. */
  readonly builderName: string;
  /** `refs/tags/v1.2.3`. */
  readonly builderRef: string;
  /** `owner/repository`, of what was built. */
  readonly repository: string;
  readonly trigger: string;
  /** Hex. */
  readonly commit: string;
  /** The workflow that was started, in `repository`. */
  readonly workflowPath: string | undefined;
  readonly runner: 'github-hosted' | 'self-hosted' | undefined;
  readonly run: { readonly id: string; readonly attempt: string } | undefined;
  /** As the authority wrote it. */
  readonly sourceRef: string | undefined;
  readonly repositoryId: string | undefined;
  readonly ownerId: string | undefined;
  /** Commit of the workflow whose job signed. */
  readonly builderCommit: string | undefined;
}

export type ReadClaims = { readonly check: Check; readonly claims?: GithubClaims };

const ID = 'provenance.claims';
const GITHUB = 'https://github.com/';

export function readGithubClaims(identity: VerifiedIdentity): ReadClaims {
  try {
    const claims = claimsOf(identity);
    return {
      check: pass(ID, `the certificate is of a build of ${quote(claims.repository)}, by ${quote(claims.builderName)}`, { spec: SPEC }),
      claims,
    };
  } catch (error) {
    if (error instanceof ClaimError) return { check: refuse(ID, error.refusal) };
    throw error;
  }
}

function claimsOf({ san, sanKind, oidcIssuer, extensions }: VerifiedIdentity): GithubClaims {
  if (sanKind !== 'uri') throw unformatted('missing URI information from certificate', 'the certificate names no workflow as its owner', san);
  const [builderName, builderRef] = splitRef(san);
  const trigger = either('event that started the build', extensions.githubWorkflowTrigger, extensions.buildTrigger);
  const commit = either('commit of the source', extensions.githubWorkflowSha, extensions.sourceRepositoryDigest);
  if (oidcIssuer === '') throw unformatted('claims are empty', 'the certificate does not say who vouched for the workflow');
  const repository = repositoryOf(extensions.sourceRepositoryUri, extensions.githubWorkflowRepository);
  const config = extensions.buildConfigDigest;
  if (config !== undefined && config !== commit) {
    throw unformatted(`'${commit}' != '${config}'`, 'the workflow that was started is of another commit than the source', config, commit);
  }
  return {
    issuer: oidcIssuer,
    builderName,
    builderRef,
    repository,
    trigger,
    commit,
    workflowPath: workflowPathOf(extensions.buildConfigUri, repository),
    runner: runnerOf(extensions.runnerEnvironment),
    run: runOf(extensions.runInvocationUri, repository),
    sourceRef: extensions.sourceRepositoryRef ?? extensions.githubWorkflowRef,
    repositoryId: extensions.sourceRepositoryIdentifier,
    ownerId: extensions.sourceRepositoryOwnerIdentifier,
    builderCommit: extensions.buildSignerDigest,
  };
}

/** At the last `@`: refs and file names may hold others. */
function splitRef(san: string): [string, string] {
  const at = san.lastIndexOf('@');
  const name = at < 0 ? '' : san.slice(0, at).replace(/\/+$/, '');
  const ref = at < 0 ? '' : san.slice(at + 1).replace(/^\/+|\/+$/g, '');
  if (name !== '' && ref !== '') return [name, ref];
  throw new ClaimError({
    error: 'ErrorMalformedURI',
    detail: `workflow uri: ${JSON.stringify(quote(san))}`,
    code: 'SLSA_CLAIMS',
    says: 'the certificate names a workflow without the ref at which it was called',
    found: quote(san),
    spec: SPEC,
  });
}

/** The newer one wins where only one is there. */
function either(what: string, older: string | undefined, newer: string | undefined): string {
  if (older && newer && older !== newer) {
    throw unformatted(`'${older}' != '${newer}'`, `the certificate states the ${what} twice, and not the same`, newer, older);
  }
  const value = newer || older;
  if (!value) throw unformatted('claims are empty', `the certificate does not state the ${what}`);
  return value;
}

function repositoryOf(uri: string | undefined, older: string | undefined): string {
  if (uri && older && uri !== `${GITHUB}${older}`) {
    throw unformatted(`'${uri}' != '${GITHUB}${older}'`, 'the certificate states the source repository twice, and not the same', uri, `${GITHUB}${older}`);
  }
  if (uri) return uri.startsWith(GITHUB) ? uri.slice(GITHUB.length) : uri;
  if (older) return older;
  throw unformatted('claims are empty', 'the certificate does not state the source repository');
}

function workflowPathOf(uri: string | undefined, repository: string): string | undefined {
  if (!uri) return undefined;
  const prefix = `${GITHUB}${repository}/`;
  const parts = uri.split('@');
  if (parts.length !== 2 || !uri.startsWith(prefix)) {
    throw unformatted(`prefix: ${quote(uri)}`, 'the workflow that was started is not one of the source repository', uri, `${prefix}…@…`);
  }
  return (parts[0] as string).slice(prefix.length);
}

function runOf(uri: string | undefined, repository: string): GithubClaims['run'] {
  if (!uri) return undefined;
  const prefix = `${GITHUB}${repository}/actions/runs/`;
  const [id, word, attempt, ...more] = uri.startsWith(prefix) ? uri.slice(prefix.length).split('/') : [];
  if (id && word === 'attempts' && attempt && more.length === 0) return { id, attempt };
  throw unformatted(quote(uri), 'the run is not one of the source repository', uri, `${prefix}RUN/attempts/ATTEMPT`);
}

function runnerOf(text: string | undefined): GithubClaims['runner'] {
  return text === 'github-hosted' || text === 'self-hosted' ? text : undefined;
}

class ClaimError extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.says);
    this.refusal = refusal;
  }
}

function unformatted(detail: string, says: string, found?: string, expected?: string): ClaimError {
  return new ClaimError({
    error: 'ErrorInvalidFormat',
    detail: quote(detail),
    code: 'SLSA_CLAIMS',
    says,
    spec: SPEC,
    ...(found !== undefined && { found: quote(found) }),
    ...(expected !== undefined && { expected: quote(expected) }),
  });
}

const SPEC = 'slsa.md section 1.6';
