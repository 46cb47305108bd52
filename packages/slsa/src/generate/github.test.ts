import { isTrustError, type JsonObject } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../../../core/test/codes.ts';
import { BUILDER, CLAIMS, COMMIT, contextText, EVENT, githubToken } from '../../test/github-token.ts';
import { ACTIONS_ISSUER } from '../github/hosts.ts';
import { githubProvenanceV1, githubProvenanceV02 } from './github.ts';
import { factsOfGithubJob, type GithubJob, readGithubContext, readGithubJob, refuseOtherGithubVariables } from './github-job.ts';

const job = (claims: JsonObject = {}, issuer?: string): GithubJob => readGithubJob(githubToken(claims, issuer));
const context = (members: JsonObject = {}, vars = '{}') => readGithubContext({ github: contextText(members), vars }, job());

test('provenance v1 is what actions/attest states', () => {
  expect(githubProvenanceV1(job())).toEqual({
    version: 'v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://actions.github.io/buildtypes/workflow/v1',
        externalParameters: { workflow: { ref: 'refs/tags/v14.2', repository: 'https://github.com/example/app', path: '.github/workflows/release.yml' } },
        internalParameters: {
          github: { event_name: 'push', repository_id: '486325809', repository_owner_id: '80431187', runner_environment: 'github-hosted' },
        },
        resolvedDependencies: [{ uri: 'git+https://github.com/example/app@refs/tags/v14.2', digest: { gitCommit: COMMIT } }],
      },
      runDetails: {
        builder: { id: `https://github.com/${BUILDER}` },
        metadata: { invocationId: 'https://github.com/example/app/actions/runs/13530999644/attempts/2' },
      },
    },
  });
});

test('a tag may hold an @', () => {
  const claims = { ref: 'refs/tags/@scope/app@1.0.0', workflow_ref: 'example/app/.github/workflows/release.yml@refs/tags/@scope/app@1.0.0' };
  expect(githubProvenanceV1(job(claims)).predicate).toMatchObject({
    buildDefinition: { externalParameters: { workflow: { ref: 'refs/tags/@scope/app@1.0.0', path: '.github/workflows/release.yml' } } },
  });
});

describe('provenance v0.2', () => {
  const material = { uri: 'git+https://github.com/example/app@refs/tags/v14.2', digest: { sha1: COMMIT } };
  const make = (of: 'generic' | 'container', given = context()) =>
    githubProvenanceV02(job(), { of, context: given, entryPoint: '.github/workflows/release.yml' });

  test('is what the generic generator states', () => {
    expect(make('generic')).toEqual({
      version: 'v0.2',
      predicate: {
        builder: { id: `https://github.com/${BUILDER}` },
        buildType: 'https://github.com/slsa-framework/slsa-github-generator/generic@v1',
        invocation: {
          configSource: { ...material, entryPoint: '.github/workflows/release.yml' },
          environment: {
            github_run_number: '115',
            github_run_id: '13530999644',
            github_run_attempt: '2',
            github_event_name: 'push',
            github_event_payload: EVENT,
            github_ref_type: 'tag',
            github_ref: 'refs/tags/v14.2',
            github_base_ref: '',
            github_head_ref: '',
            github_actor: 'someone',
            github_sha1: COMMIT,
            github_repository_owner: 'example',
            github_repository_id: '486325809',
            github_actor_id: '32398091',
            github_repository_owner_id: '80431187',
          },
        },
        metadata: {
          buildInvocationID: '13530999644-2',
          completeness: { parameters: true, environment: false, materials: false },
          reproducible: false,
        },
        materials: [material],
      },
    });
  });

  test('of an image has the build type of the container generator, and nothing else is different', () => {
    const [files, image] = [make('generic').predicate, make('container').predicate] as [JsonObject, JsonObject];
    expect(image).toEqual({ ...files, buildType: 'https://github.com/slsa-framework/slsa-github-generator/container@v1' });
  });

  const PARAMETERS: readonly [string, JsonObject, string, unknown][] = [
    ['absent without inputs and variables', {}, '{}', undefined],
    ['absent when the event has no inputs and there are no variables at all', { event: { inputs: null } }, 'null', undefined],
    ['what a run was started with', { event: { inputs: { release: 'yes' } } }, '{}', { event_inputs: { release: 'yes' }, vars: {} }],
    ['the variables of the repository', {}, '{"LEVEL":"3"}', { vars: { LEVEL: '3' } }],
    ['both', { event: { inputs: {} } }, '{"A":"b"}', { event_inputs: {}, vars: { A: 'b' } }],
  ];
  test.each(PARAMETERS)('parameters are %s', (_, members, vars, expected) => {
    const { invocation } = make('generic', context(members, vars)).predicate as { invocation: JsonObject };
    expect(invocation['parameters']).toEqual(expected);
  });

  test('does not claim that parameters are complete when the event is unknown', () => {
    expect(make('generic', context({ event: null })).predicate).toMatchObject({ metadata: { completeness: { parameters: false } } });
  });
});

describe('the job', () => {
  const PLACES: readonly [string, string, string | undefined][] = [
    [ACTIONS_ISSUER, 'https://github.com', 'https://api.github.com'],
    [`${ACTIONS_ISSUER}/octo-enterprise`, 'https://github.com', 'https://api.github.com'],
    ['https://token.actions.octo.ghe.com', 'https://octo.ghe.com', 'https://api.octo.ghe.com'],
    ['https://github.example.com/_services/token', 'https://github.example.com', 'https://github.example.com/api/v3'],
    ['http://127.0.0.1:4100/oidc/github', 'https://github.com', undefined],
    [`${ACTIONS_ISSUER}.evil.example`, 'https://github.com', undefined],
  ];
  test.each(PLACES)('of the issuer %s ran on %s', (issuer, server, api) => expect(job({}, issuer)).toMatchObject({ server, api }));

  const EMPTY_AT_TIMES = ['base_ref', 'head_ref'];
  const STATED = Object.keys(CLAIMS).filter(
    (name) => !['sub', 'repository_visibility', 'workflow', 'workflow_sha', 'job_workflow_sha', ...EMPTY_AT_TIMES].includes(name),
  );
  test.each(STATED)('is not stated without the claim %s', (name) => {
    for (const value of [null, '', 7]) expect(codeOf(() => job({ [name]: value }))).toBe('PROVENANCE_ENVIRONMENT');
  });

  test.each<[string, JsonObject]>([
    ['a commit that is none', { sha: 'main' }],
    ['a repository without an owner', { repository: 'app' }],
    ['a workflow without a ref', { job_workflow_ref: 'example/builders/.github/workflows/provenance.yml' }],
    ['a workflow of another repository', { workflow_ref: 'example/policies/.github/workflows/required.yml@refs/heads/main' }],
    ['a run that is no number', { run_id: '1/../2' }],
    ['a line end in a ref', { ref: 'refs/heads/a\nb' }],
  ])('is not stated with %s', (_, claims) => expect(codeOf(() => job(claims))).toBe('PROVENANCE_ENVIRONMENT'));

  test('of a pull request has both refs', () => {
    const facts = factsOfGithubJob(job({ event_name: 'pull_request', ref: 'refs/pull/3/merge', base_ref: 'main', head_ref: 'fix' }));
    expect(facts).toMatchObject({ trigger: 'pull_request', ref: 'refs/pull/3/merge' });
  });
});

describe('variables of the job', () => {
  const VARIABLES: readonly [string, string][] = [
    ['GITHUB_SERVER_URL', 'https://github.example'],
    ['GITHUB_REPOSITORY', 'example/other'],
    ['GITHUB_REPOSITORY_ID', '1'],
    ['GITHUB_REPOSITORY_OWNER', 'other'],
    ['GITHUB_SHA', '0'.repeat(40)],
    ['GITHUB_REF', 'refs/heads/main'],
    ['GITHUB_REF_TYPE', 'branch'],
    ['GITHUB_BASE_REF', 'main'],
    ['GITHUB_EVENT_NAME', 'workflow_dispatch'],
    ['GITHUB_WORKFLOW_REF', 'example/app/.github/workflows/other.yml@refs/heads/main'],
    ['GITHUB_RUN_ID', '1'],
    ['GITHUB_RUN_NUMBER', '1'],
    ['GITHUB_RUN_ATTEMPT', '1'],
    ['GITHUB_ACTOR', 'somebody-else'],
  ];
  test.each(VARIABLES)('%s must be what the token says', (name, value) => {
    expect(codeOf(() => refuseOtherGithubVariables({ [name]: value }, job()))).toBe('PROVENANCE_DISAGREEMENT');
  });

  test('may be as the platform sets them, or not set', () => {
    const variables = { GITHUB_SERVER_URL: 'https://github.com', GITHUB_SHA: COMMIT, GITHUB_REPOSITORY: 'example/app', GITHUB_HEAD_REF: '' };
    for (const env of [variables, {}]) expect(codeOf(() => refuseOtherGithubVariables(env, job()))).toBe('accepted');
  });
});

describe('the contexts of the job', () => {
  test.each<[string, JsonObject]>([
    ['another commit', { sha: '0'.repeat(40) }],
    ['another ref', { ref: 'refs/heads/main' }],
    ['another run', { run_id: '1' }],
    ['another repository of the event', { event: { ...EVENT, repository: { full_name: 'example/other' } } }],
    ['another ref of a push', { event: { ...EVENT, ref: 'refs/heads/main' } }],
  ])('must not have %s', (_, members) => expect(codeOf(() => context(members))).toBe('PROVENANCE_DISAGREEMENT'));

  test('may have the object of an annotated tag as what was pushed', () => {
    expect(codeOf(() => context({ event: { ...EVENT, after: 'f'.repeat(40) } }))).toBe('accepted');
  });

  const refusalOf = (github: string | undefined, vars: string | undefined): string => {
    try {
      readGithubContext({ github, vars }, job());
    } catch (error) {
      if (isTrustError(error) && error.code === 'PROVENANCE_ENVIRONMENT') return error.message;
      throw error;
    }
    return 'accepted';
  };
  test.each<[string, string | undefined, string | undefined, string]>([
    ['the context is not passed on', undefined, '{}', 'GITHUB_CONTEXT environment variable not set'],
    ['the context is empty', '', '{}', 'GITHUB_CONTEXT environment variable not set'],
    ['the variables are not passed on', contextText(), undefined, 'VARS_CONTEXT environment variable not set'],
    ['the context is no object', '[]', '{}', 'GITHUB_CONTEXT is not a JSON object'],
    ['the context says something twice', '{"sha":"a","sha":"b"}', '{}', 'GITHUB_CONTEXT is not valid JSON (offset 11)'],
  ])('say nothing when %s', (_, github, vars, message) => expect(refusalOf(github, vars)).toBe(message));

  test('keep their token to themselves, whatever is wrong with them', () => {
    const broken = [contextText().slice(0, -1), contextText().replace('"token"', '"token":1,"token"'), contextText({ sha: 'other' })];
    for (const github of broken) expect(() => readGithubContext({ github, vars: '{}' }, job())).not.toThrow(/ghs_secret/);
    for (const github of broken) expect(() => readGithubContext({ github, vars: '{}' }, job())).toThrow();
  });
});
