/**
 * A job on GitHub Actions, as the platform's identity token describes it.
 *
 * Variables and the `github` context say the same to whoever looks, but a step of the build can change variables for those that follow. They are held
 * against the token here, and are not otherwise believed.
 */
import { isJsonObject, JsonError, type JsonObject, parseJson, quote, TrustError } from '@assay/core';
import type { BuildFacts } from '../facts.ts';
import { textIn } from '../text-member.ts';
import { refuseDisagreement } from './disagreement.ts';
import { COMMIT, DIGITS, type JobToken, TokenClaims } from './token-claims.ts';

export interface GithubJob {
  /** `https://github.com`, as the token's issuer has it. */
  readonly server: string;
  /** Of the REST API; undefined for issuers that are not GitHub's. */
  readonly api: string | undefined;
  /** `owner/name`. */
  readonly repository: string;
  readonly repositoryId: string;
  readonly owner: string;
  readonly ownerId: string;
  readonly ref: string;
  readonly refType: string;
  readonly baseRef: string;
  readonly headRef: string;
  readonly commit: string;
  readonly event: string;
  /** The workflow that was started: `owner/name/.github/workflows/release.yml@refs/heads/main`, and its path alone. */
  readonly workflowRef: string;
  readonly workflowPath: string;
  /** The one whose job runs here, which may be another repository's. */
  readonly jobWorkflowRef: string;
  readonly runId: string;
  readonly runNumber: string;
  readonly runAttempt: string;
  readonly runner: string;
  readonly actor: string;
  readonly actorId: string;
}

/** Errors: `PROVENANCE_ENVIRONMENT` for what the token does not say. */
export function readGithubJob(token: JobToken): GithubJob {
  const claims = new TokenClaims(token, 'GitHub Actions');
  const repository = claims.text('repository', REPOSITORY);
  const workflowRef = claims.text('workflow_ref', WORKFLOW_REF);
  return {
    ...placesOf(token.issuer),
    repository,
    repositoryId: claims.text('repository_id', DIGITS),
    owner: claims.text('repository_owner'),
    ownerId: claims.text('repository_owner_id', DIGITS),
    ref: claims.text('ref'),
    refType: claims.text('ref_type'),
    baseRef: claims.optionalText('base_ref') ?? '',
    headRef: claims.optionalText('head_ref') ?? '',
    commit: claims.text('sha', COMMIT),
    event: claims.text('event_name'),
    workflowRef,
    workflowPath: workflowPathOf(workflowRef, repository),
    jobWorkflowRef: claims.text('job_workflow_ref', WORKFLOW_REF),
    runId: claims.text('run_id', DIGITS),
    runNumber: claims.text('run_number', DIGITS),
    runAttempt: claims.text('run_attempt', DIGITS),
    runner: claims.text('runner_environment'),
    actor: claims.text('actor'),
    actorId: claims.text('actor_id', DIGITS),
  };
}

export function factsOfGithubJob(job: GithubJob): Required<BuildFacts> {
  const source = `${job.server}/${job.repository}`;
  return {
    source,
    ref: job.ref,
    commit: job.commit,
    workflow: `${job.server}/${job.workflowRef}`,
    builder: `${job.server}/${job.jobWorkflowRef}`,
    trigger: job.event,
    runner: job.runner,
    run: `${source}/actions/runs/${job.runId}/attempts/${job.runAttempt}`,
  };
}

/** Errors: `PROVENANCE_DISAGREEMENT`. */
export function refuseOtherGithubVariables(variables: Readonly<Record<string, string | undefined>>, job: GithubJob): void {
  refuseDisagreement({ where: 'the variable GITHUB_SERVER_URL', value: variables['GITHUB_SERVER_URL'] }, job.server);
  for (const [name, field] of Object.entries(NAMES)) {
    const variable = `GITHUB_${name.toUpperCase()}`;
    refuseDisagreement({ where: `the variable ${variable}`, value: variables[variable] }, job[field]);
  }
}

export interface GithubContext {
  /** The payload of the event; undefined when the context has none. */
  readonly event: JsonObject | undefined;
  /** Variables of organization, repository and environment: `vars`. */
  readonly vars: JsonObject;
}

/**
 * The `github` and `vars` contexts as JSON, which jobs get as `GITHUB_CONTEXT` and `VARS_CONTEXT`. The first one holds a token: none of it gets into a message.
 * Errors: `PROVENANCE_ENVIRONMENT`, `PROVENANCE_DISAGREEMENT`.
 */
export function readGithubContext(texts: { readonly github: string | undefined; readonly vars: string | undefined }, job: GithubJob): GithubContext {
  const github = contextIn('GITHUB_CONTEXT', texts.github) ?? {};
  const vars = contextIn('VARS_CONTEXT', texts.vars) ?? {};
  for (const [name, field] of Object.entries(NAMES)) {
    refuseDisagreement({ where: `${name} in GITHUB_CONTEXT`, value: textIn(github, name) }, job[field]);
  }
  const event = isJsonObject(github['event']) ? github['event'] : undefined;
  if (event !== undefined) refuseOtherEvent(event, job);
  return { event, vars };
}

function contextIn(name: string, text: string | undefined): JsonObject | undefined {
  if (text === undefined || text === '') {
    throw new TrustError('PROVENANCE_ENVIRONMENT', `${name} environment variable not set`, {
      hint: `set it in the step's env: ${name}: \${{ toJSON(${name === 'VARS_CONTEXT' ? 'vars' : 'github'}) }}, or make provenance v1, which does not need it`,
    });
  }
  try {
    const value = parseJson(text);
    if (value === null || isJsonObject(value)) return value ?? undefined;
    throw new TrustError('PROVENANCE_ENVIRONMENT', `${name} is not a JSON object`);
  } catch (error) {
    if (error instanceof JsonError) throw new TrustError('PROVENANCE_ENVIRONMENT', `${name} is not valid JSON (offset ${error.offset})`);
    throw error;
  }
}

/** What an event says of its own repository and ref. The commit is not held against `after`, which for an annotated tag is the tag. */
function refuseOtherEvent(event: JsonObject, job: GithubJob): void {
  const { repository } = event;
  if (isJsonObject(repository)) {
    refuseDisagreement({ where: 'the repository of the event in GITHUB_CONTEXT', value: textIn(repository, 'full_name') }, job.repository);
  }
  if (job.event === 'push') refuseDisagreement({ where: 'the ref of the event in GITHUB_CONTEXT', value: textIn(event, 'ref') }, job.ref);
}

/** Up to the first `@`. The path would mean nothing if it were another repository's (a required workflow of an organization). */
function workflowPathOf(workflowRef: string, repository: string): string {
  const prefix = `${repository}/`;
  if (!workflowRef.startsWith(prefix)) {
    throw new TrustError('PROVENANCE_ENVIRONMENT', 'the workflow that was started is not one of the repository that was built', {
      expected: `${prefix}PATH@REF`,
      found: quote(workflowRef),
    });
  }
  return workflowRef.slice(prefix.length, workflowRef.indexOf('@'));
}

/** Where GitHub is, by who issues its tokens; never by a variable, which could send the token of the API elsewhere. */
function placesOf(issuer: string): Pick<GithubJob, 'server' | 'api'> {
  if (/^https:\/\/token\.actions\.githubusercontent\.com(?:\/[\w-]+)?$/.test(issuer)) return { server: GITHUB, api: 'https://api.github.com' };
  const tenant = /^https:\/\/token\.actions\.([a-z0-9-]+\.ghe\.com)$/.exec(issuer)?.[1];
  if (tenant !== undefined) return { server: `https://${tenant}`, api: `https://api.${tenant}` };
  const host = /^(https:\/\/[a-z0-9.-]+(?::\d+)?)\/_services\/token$/.exec(issuer)?.[1];
  // An emulation, of which the certificate authority says where it stands for.
  return host === undefined ? { server: GITHUB, api: undefined } : { server: host, api: `${host}/api/v3` };
}

/** By the context's names; the variables' are the same in upper case. */
const NAMES = {
  repository: 'repository',
  repository_id: 'repositoryId',
  repository_owner: 'owner',
  repository_owner_id: 'ownerId',
  ref: 'ref',
  ref_type: 'refType',
  base_ref: 'baseRef',
  head_ref: 'headRef',
  sha: 'commit',
  event_name: 'event',
  workflow_ref: 'workflowRef',
  run_id: 'runId',
  run_number: 'runNumber',
  run_attempt: 'runAttempt',
  actor: 'actor',
  actor_id: 'actorId',
} as const satisfies Record<string, keyof GithubJob>;

const GITHUB = 'https://github.com';
const REPOSITORY = /^[\w.-]+\/[\w.-]+$/;
const WORKFLOW_REF = /^[\w.-]+\/[\w.-]+\/[^@\p{Cc}]+@\P{Cc}+$/u;
