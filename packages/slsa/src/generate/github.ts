/**
 * Provenance of GitHub Actions: v1 in the shape of actions/attest (slsa.md section 2.3), v0.2 in that of the generic and the container generator
 * (section 2.2). All that is compared with a certificate comes from the token that the certificate is made of.
 */
import type { JsonValue } from '@assay/core';
import { factsOfGithubJob, type GithubContext, type GithubJob } from './github-job.ts';
import type { ProvenancePredicate } from './statement.ts';

export function githubProvenanceV1(job: GithubJob): ProvenancePredicate {
  const { source, builder, run } = factsOfGithubJob(job);
  const predicate = {
    buildDefinition: {
      buildType: 'https://actions.github.io/buildtypes/workflow/v1',
      externalParameters: {
        workflow: { ref: job.workflowRef.slice(job.workflowRef.indexOf('@') + 1), repository: source, path: job.workflowPath },
      },
      internalParameters: {
        github: {
          event_name: job.event,
          repository_id: job.repositoryId,
          repository_owner_id: job.ownerId,
          runner_environment: job.runner,
        },
      },
      resolvedDependencies: [{ uri: `git+${source}@${job.ref}`, digest: { gitCommit: job.commit } }],
    },
    runDetails: { builder: { id: builder }, metadata: { invocationId: run } },
  };
  return { version: 'v1', predicate };
}

export interface GithubV02 {
  /** Files, or an image. */
  readonly of: 'generic' | 'container';
  readonly context: GithubContext;
  /** Path of the workflow that was started. */
  readonly entryPoint: string;
}

export function githubProvenanceV02(job: GithubJob, { of, context, entryPoint }: GithubV02): ProvenancePredicate {
  const { source, builder } = factsOfGithubJob(job);
  const { event } = context;
  const material = { uri: `git+${source}@${job.ref}`, digest: { sha1: job.commit } };
  const parameters = parametersOf(context);
  const predicate = {
    builder: { id: builder },
    buildType: `https://github.com/slsa-framework/slsa-github-generator/${of}@v1`,
    invocation: {
      configSource: { ...material, entryPoint },
      ...(parameters !== undefined && { parameters }),
      environment: { ...environmentOf(job), ...(event !== undefined && { github_event_payload: event }) },
    },
    metadata: {
      buildInvocationID: `${job.runId}-${job.runAttempt}`,
      // Without the event, what the run was started with is not known.
      completeness: { parameters: event !== undefined, environment: false, materials: false },
      reproducible: false,
    },
    materials: [material],
  };
  return { version: 'v0.2', predicate };
}

function parametersOf({ event, vars }: GithubContext): JsonValue | undefined {
  const inputs = event?.['inputs'] ?? null;
  if (inputs === null && Object.keys(vars).length === 0) return undefined;
  return { ...(inputs !== null && { event_inputs: inputs }), vars };
}

/** Empty ones are kept: what they mean is for the verifier. */
function environmentOf(job: GithubJob): Readonly<Record<string, string>> {
  return {
    github_run_number: job.runNumber,
    github_run_id: job.runId,
    github_run_attempt: job.runAttempt,
    github_event_name: job.event,
    github_ref_type: job.refType,
    github_ref: job.ref,
    github_base_ref: job.baseRef,
    github_head_ref: job.headRef,
    github_actor: job.actor,
    github_sha1: job.commit,
    github_repository_owner: job.owner,
    github_repository_id: job.repositoryId,
    github_actor_id: job.actorId,
    github_repository_owner_id: job.ownerId,
  };
}
