import type { JsonObject } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../../../core/test/codes.ts';
import { factsOfGitlabJob, type GitlabJob, gitlabProvenance, readGitlabJob } from './gitlab.ts';

const COMMIT = 'a288201509dd9a85da4141e07522bad412938dbe';
const CLAIMS: JsonObject = {
  project_path: 'group/sub/app',
  project_id: '42',
  namespace_id: '7',
  ref: 'v1.0.0',
  ref_type: 'tag',
  sha: COMMIT,
  ci_config_ref_uri: 'gitlab.com/group/sub/app//.gitlab-ci.yml@refs/tags/v1.0.0',
  ci_config_sha: COMMIT,
  pipeline_source: 'push',
  runner_environment: 'gitlab-hosted',
  runner_id: 12270831,
  job_id: '1001',
};
const VARIABLES = {
  CI_PROJECT_URL: 'https://gitlab.com/group/sub/app',
  CI_COMMIT_SHA: COMMIT,
  CI_COMMIT_REF_NAME: 'v1.0.0',
  CI_COMMIT_TAG: 'v1.0.0',
  CI_JOB_ID: '1001',
  CI_JOB_NAME: 'provenance',
  CI_JOB_URL: 'https://gitlab.com/group/sub/app/-/jobs/1001',
  CI_RUNNER_ID: '12270831',
  CI_PIPELINE_SOURCE: 'push',
};
const job = (claims: JsonObject = {}): GitlabJob => readGitlabJob({ issuer: 'https://gitlab.com', claims: { ...CLAIMS, ...claims } });
test('provenance is in the shape that GitLab documents', () => {
  expect(gitlabProvenance(job(), VARIABLES)).toEqual({
    version: 'v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://docs.gitlab.com/ci/pipeline_security/slsa/provenance_v1',
        externalParameters: { source: 'https://gitlab.com/group/sub/app', entryPoint: 'provenance', variables: VARIABLES },
        internalParameters: {
          job: '1001',
          gitlab: {
            project_id: '42',
            namespace_id: '7',
            ci_config_ref_uri: 'gitlab.com/group/sub/app//.gitlab-ci.yml@refs/tags/v1.0.0',
            ci_config_sha: COMMIT,
            pipeline_source: 'push',
            runner_environment: 'gitlab-hosted',
          },
        },
        resolvedDependencies: [{ uri: 'https://gitlab.com/group/sub/app', digest: { gitCommit: COMMIT } }],
      },
      runDetails: {
        builder: { id: 'https://gitlab.com/group/sub/app/-/runners/12270831' },
        metadata: { invocationId: 'https://gitlab.com/group/sub/app/-/jobs/1001' },
      },
    },
  });
});

test('variables that are not set are stated from the token, and a tag only where there is one', () => {
  const branch = { ref: 'main', ref_type: 'branch', ci_config_ref_uri: 'gitlab.com/group/sub/app//.gitlab-ci.yml@refs/heads/main' };
  const { predicate } = gitlabProvenance(job(branch), { CI_JOB_NAME: 'provenance' });
  const { CI_COMMIT_TAG: _, ...others } = VARIABLES;
  expect(predicate).toMatchObject({ buildDefinition: { externalParameters: { variables: { ...others, CI_COMMIT_REF_NAME: 'main' } } } });
  expect(JSON.stringify(predicate)).not.toContain('CI_COMMIT_TAG');
});

test('an instance of one’s own is where its configuration is', () => {
  const own = job({ ci_config_ref_uri: 'git.example.com:8443/lab/group/sub/app//ci/build.yml@refs/heads/main' });
  expect(factsOfGitlabJob(own)).toMatchObject({
    source: 'https://git.example.com:8443/lab/group/sub/app',
    builder: 'https://git.example.com:8443/lab/group/sub/app//ci/build.yml@refs/heads/main',
  });
});

describe('nothing is stated', () => {
  test.each(Object.keys(CLAIMS).filter((name) => name !== 'ci_config_sha'))('without the claim %s', (name) => {
    expect(codeOf(() => job({ [name]: null }))).toBe('PROVENANCE_ENVIRONMENT');
  });
  test.each<[string, JsonObject]>([
    ['when the configuration is another project’s', { ci_config_ref_uri: 'gitlab.com/group/templates//ci.yml@refs/heads/main' }],
    ['of a ref that is neither branch nor tag', { ref_type: 'merge_request' }],
    ['of a project that is no path', { project_path: 'app' }],
  ])('%s', (_, claims) => expect(codeOf(() => job(claims))).toBe('PROVENANCE_ENVIRONMENT'));
  test('without the name of the job', () => expect(codeOf(() => gitlabProvenance(job(), {}))).toBe('PROVENANCE_ENVIRONMENT'));
  test.each(Object.keys(VARIABLES).filter((name) => name !== 'CI_JOB_NAME'))('when the variable %s is not what the token says', (name) => {
    expect(codeOf(() => gitlabProvenance(job(), { ...VARIABLES, [name]: 'other' }))).toBe('PROVENANCE_DISAGREEMENT');
  });
});
