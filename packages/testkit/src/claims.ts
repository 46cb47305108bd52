/** The GitHub workflow that signs when a sample names no other identity. */
import type { GithubClaims } from '@assay/make';

export const DEFAULT_CLAIMS: GithubClaims = {
  iss: 'https://token.actions.githubusercontent.com',
  sub: 'repo:assay-testkit/widget:ref:refs/tags/v1.2.3',
  job_workflow_ref: 'assay-testkit/widget/.github/workflows/release.yml@refs/tags/v1.2.3',
  job_workflow_sha: '1f0c6a4f0d7f2c0d5b7e8c9a3b2d1e0f4a5b6c7d',
  sha: '1f0c6a4f0d7f2c0d5b7e8c9a3b2d1e0f4a5b6c7d',
  ref: 'refs/tags/v1.2.3',
  event_name: 'push',
  repository: 'assay-testkit/widget',
  repository_id: '100200300',
  repository_owner: 'assay-testkit',
  repository_owner_id: '400500',
  repository_visibility: 'public',
  workflow: 'Release',
  workflow_ref: 'assay-testkit/widget/.github/workflows/release.yml@refs/tags/v1.2.3',
  workflow_sha: '1f0c6a4f0d7f2c0d5b7e8c9a3b2d1e0f4a5b6c7d',
  run_id: '7788990011',
  run_attempt: '1',
  runner_environment: 'github-hosted',
};

/** Who signs unless a sample says otherwise. */
export const DEFAULT_IDENTITY = { san: `https://github.com/${DEFAULT_CLAIMS.job_workflow_ref}`, issuer: DEFAULT_CLAIMS.iss } as const;
