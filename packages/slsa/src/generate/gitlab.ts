/**
 * Provenance of GitLab CI, in the v1 shape that GitLab documents (slsa.md section 2.3). What is compared comes from the job's id token; the variables
 * that are stated were held against it, all but the job's name, which the token does not have.
 *
 *   id_tokens: { SIGSTORE_ID_TOKEN: { aud: sigstore } }
 */
import { quote, TrustError } from '@assay/core';
import type { BuildFacts } from '../facts.ts';
import { refuseDisagreement } from './disagreement.ts';
import type { ProvenancePredicate } from './statement.ts';
import { COMMIT, DIGITS, type JobToken, TokenClaims } from './token-claims.ts';

export interface GitlabJob {
  /** `https://gitlab.com/group/project`. */
  readonly project: string;
  readonly projectId: string;
  readonly namespaceId: string;
  /** A name without `refs/…`, and of which kind it is. */
  readonly ref: string;
  readonly refType: 'branch' | 'tag';
  readonly commit: string;
  /** `gitlab.com/group/project//.gitlab-ci.yml@refs/heads/main`. */
  readonly configRef: string;
  readonly configCommit: string | undefined;
  readonly pipelineSource: string;
  readonly runner: string;
  readonly runnerId: string;
  readonly jobId: string;
}

/** Errors: `PROVENANCE_ENVIRONMENT` for what the token does not say. */
export function readGitlabJob(token: JobToken): GitlabJob {
  const claims = new TokenClaims(token, 'GitLab CI');
  const path = claims.text('project_path', PROJECT);
  const configRef = claims.text('ci_config_ref_uri');
  return {
    project: `https://${hostOf(configRef, path)}/${path}`,
    projectId: claims.text('project_id', DIGITS),
    namespaceId: claims.text('namespace_id', DIGITS),
    ref: claims.text('ref'),
    refType: claims.text('ref_type', /^(?:branch|tag)$/) as GitlabJob['refType'],
    commit: claims.text('sha', COMMIT),
    configRef,
    configCommit: claims.optionalText('ci_config_sha'),
    pipelineSource: claims.text('pipeline_source'),
    runner: claims.text('runner_environment'),
    runnerId: claims.number('runner_id'),
    jobId: claims.text('job_id', DIGITS),
  };
}

export function factsOfGitlabJob(job: GitlabJob): Required<BuildFacts> {
  const config = `https://${job.configRef}`;
  return {
    source: job.project,
    ref: `refs/${job.refType === 'tag' ? 'tags' : 'heads'}/${job.ref}`,
    commit: job.commit,
    workflow: config,
    builder: config,
    trigger: job.pipelineSource,
    runner: job.runner,
    run: `${job.project}/-/jobs/${job.jobId}`,
  };
}

/** Errors: `PROVENANCE_DISAGREEMENT`; `PROVENANCE_ENVIRONMENT` without the job's name. */
export function gitlabProvenance(job: GitlabJob, variables: Readonly<Record<string, string | undefined>>): ProvenancePredicate {
  const stated = variablesOf(job);
  for (const [name, expected] of Object.entries(stated)) refuseDisagreement({ where: `the variable ${name}`, value: variables[name] }, expected);
  const name = variables['CI_JOB_NAME'];
  if (!name) throw new TrustError('PROVENANCE_ENVIRONMENT', 'the name of the job is not known: the variable CI_JOB_NAME is not set');
  const predicate = {
    buildDefinition: {
      buildType: 'https://docs.gitlab.com/ci/pipeline_security/slsa/provenance_v1',
      externalParameters: { source: job.project, entryPoint: name, variables: { ...stated, CI_JOB_NAME: name } },
      internalParameters: {
        job: job.jobId,
        gitlab: {
          project_id: job.projectId,
          namespace_id: job.namespaceId,
          ci_config_ref_uri: job.configRef,
          ...(job.configCommit !== undefined && { ci_config_sha: job.configCommit }),
          pipeline_source: job.pipelineSource,
          runner_environment: job.runner,
        },
      },
      resolvedDependencies: [{ uri: job.project, digest: { gitCommit: job.commit } }],
    },
    runDetails: {
      builder: { id: `${job.project}/-/runners/${job.runnerId}` },
      metadata: { invocationId: factsOfGitlabJob(job).run },
    },
  };
  return { version: 'v1', predicate };
}

/** GitLab's names for what the token says. */
function variablesOf(job: GitlabJob): Readonly<Record<string, string>> {
  return {
    CI_PROJECT_URL: job.project,
    CI_COMMIT_SHA: job.commit,
    CI_COMMIT_REF_NAME: job.ref,
    ...(job.refType === 'tag' && { CI_COMMIT_TAG: job.ref }),
    CI_JOB_ID: job.jobId,
    CI_JOB_URL: factsOfGitlabJob(job).run,
    CI_RUNNER_ID: job.runnerId,
    CI_PIPELINE_SOURCE: job.pipelineSource,
  };
}

/** The one place of the token that names the instance as certificates do: before the project, which the configuration always lies in. */
function hostOf(configRef: string, path: string): string {
  const at = configRef.indexOf(`/${path}//`);
  const host = at < 0 ? '' : configRef.slice(0, at);
  if (HOST.test(host)) return host;
  throw new TrustError('PROVENANCE_ENVIRONMENT', 'the pipeline is not defined in the project that was built', {
    expected: `HOST/${path}//PATH@REF`,
    found: quote(configRef),
  });
}

const PROJECT = /^[\w.-]+(?:\/[\w.-]+)+$/;
/** With the path of an instance that is not at the root. */
const HOST = /^[a-z0-9.-]+(?::\d+)?(?:\/[\w.-]+)*$/;
