/** What GitHub's issuer says of a job of a reusable workflow, and the contexts that such a job is given. */
import type { JsonObject } from '@assay/core';
import type { JobToken } from '../src/generate/token-claims.ts';
import { ACTIONS_ISSUER } from '../src/github/hosts.ts';

export const COMMIT = '4d329c75e7ec1725f7c9ce917a8799d408d06be3';
export const BUILDER = 'example/builders/.github/workflows/provenance.yml@refs/tags/v1.2.0';

export const CLAIMS: Readonly<Record<string, string>> = {
  sub: 'repo:example/app:ref:refs/tags/v14.2',
  repository: 'example/app',
  repository_id: '486325809',
  repository_owner: 'example',
  repository_owner_id: '80431187',
  repository_visibility: 'public',
  ref: 'refs/tags/v14.2',
  ref_type: 'tag',
  base_ref: '',
  head_ref: '',
  sha: COMMIT,
  event_name: 'push',
  workflow: 'release',
  workflow_ref: 'example/app/.github/workflows/release.yml@refs/tags/v14.2',
  workflow_sha: COMMIT,
  job_workflow_ref: BUILDER,
  job_workflow_sha: '0'.repeat(40),
  run_id: '13530999644',
  run_number: '115',
  run_attempt: '2',
  runner_environment: 'github-hosted',
  actor: 'someone',
  actor_id: '32398091',
};

export function githubToken(claims: JsonObject = {}, issuer = ACTIONS_ISSUER): JobToken {
  return { issuer, claims: { ...CLAIMS, ...claims } };
}

export const EVENT: JsonObject = { ref: 'refs/tags/v14.2', base_ref: 'refs/heads/main', repository: { full_name: 'example/app', id: 486325809 } };

/** `toJSON(github)`, with the secret that it holds. */
export function contextText(members: JsonObject = {}): string {
  const { repository, ref, sha, run_id, run_attempt, event_name, actor } = CLAIMS;
  return JSON.stringify({ token: 'ghs_secret', repository, ref, sha, run_id, run_attempt, event_name, actor, event: EVENT, ...members });
}
