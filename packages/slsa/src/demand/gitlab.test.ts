/** Builds of GitLab CI: what its certificates say, what our own generator states, and that both are judged by the same rules. */
import { type Check, failures, parseBundle, parseTrustedRoot, utf8, verify } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { type FulcioExtensions, fulcioExtensions, OID } from '@assay/make';
import { createInstance } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { factsOfGitlabJob, type GitlabJob, gitlabProvenance } from '../generate/gitlab.ts';
import { encodeProvenance } from '../generate/statement.ts';
import type { BuildDemands } from './demands.ts';
import { judgeBuild } from './judge-build.ts';
import { parseSourceRepository } from './source-repository.ts';

const DIGEST = 'ab'.repeat(32);
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const JOB: GitlabJob = {
  project: 'https://gitlab.com/group/sub/app',
  projectId: '7',
  namespaceId: '8',
  ref: 'v1.2.3',
  refType: 'tag',
  commit: COMMIT,
  configRef: 'gitlab.com/group/sub/app//.gitlab-ci.yml@refs/tags/v1.2.3',
  configCommit: COMMIT,
  pipelineSource: 'push',
  runner: 'gitlab-hosted',
  runnerId: '42',
  jobId: '99',
};
const VARIABLES = { CI_JOB_NAME: 'build' };
const instance = createInstance();

/** As Fulcio certifies a job of GitLab (slsa.md section 4). */
function certified(job: GitlabJob, change: Partial<FulcioExtensions>): FulcioExtensions {
  const { source, ref, commit, workflow, trigger, runner, run } = factsOfGitlabJob(job);
  return {
    issuer: 'https://gitlab.com',
    buildSignerUri: workflow,
    buildSignerDigest: commit,
    runnerEnvironment: runner,
    sourceRepositoryUri: source,
    sourceDigest: commit,
    sourceRef: ref,
    buildConfigUri: workflow,
    buildConfigDigest: commit,
    buildTrigger: trigger,
    runInvocationUri: run,
    tokenSubject: `project_path:group/sub/app:ref_type:${job.refType}:ref:${job.ref}`,
    ...change,
  };
}

interface Made {
  readonly job?: Partial<GitlabJob>;
  /** What the certificate says otherwise than the provenance. */
  readonly certificate?: Partial<FulcioExtensions>;
}

async function judge({ job = {}, certificate = {} }: Made = {}, demands: Partial<Omit<BuildDemands, 'source'>> & { source?: string } = {}): Promise<Check[]> {
  const whole = { ...JOB, ...job };
  const fulcio = certified(whole, certificate);
  const san = fulcio.buildSignerUri ?? '';
  const sample = instance.sign(utf8('app'), {
    content: 'dsse',
    payload: encodeProvenance([{ name: 'app', digest: { sha256: DIGEST } }], gitlabProvenance(whole, VARIABLES)),
    identity: { type: 'uri', value: san },
    oidcIssuer: 'https://gitlab.com',
    alter: {
      leaf: (fields) => ({ ...fields, extensions: [...fields.extensions.filter(({ oid }) => !oid.startsWith(`${OID.fulcio}.`)), ...fulcioExtensions(fulcio)] }),
    },
  });
  const any = { kind: 'pattern', pattern: '.*', mode: 'search', matches: () => true } as const;
  const { verified, root } = await verify(parseBundle(sample.bundleBytes), undefined, {
    signer: { identities: [{ san: any, issuer: any }] },
    trustedRoot: parseTrustedRoot(sample.trustedRootBytes),
    crypto: nodeCrypto,
    now: sample.now,
    opaqueContent: true,
  });
  if (verified === undefined) throw new Error(JSON.stringify(root));
  const { source = 'gitlab.com/group/sub/app', ...others } = demands;
  return judgeBuild(verified, { source: parseSourceRepository(source), ...others }, new Map([['sha256', DIGEST]])).checks.flatMap(failures);
}

describe('provenance that our generator makes', () => {
  test.each<[string, Made, Parameters<typeof judge>[1]]>([
    ['of a tag', {}, { ref: { kind: 'tag', name: 'v1.2.3' }, commit: COMMIT, trigger: 'push', selfHosted: 'refused' }],
    [
      'of a branch',
      { job: { ref: 'main', refType: 'branch', configRef: JOB.configRef.replace('tags/v1.2.3', 'heads/main') } },
      { ref: { kind: 'branch', name: 'main' } },
    ],
    ['by its builder', {}, { builder: 'https://gitlab.com/group/sub/app//.gitlab-ci.yml' }],
  ])('%s is accepted', async (_, made, demands) => {
    expect(await judge(made, demands)).toEqual([]);
  });
});

describe('is refused', () => {
  test.each<[string, Made, Parameters<typeof judge>[1], string]>([
    ['another project', {}, { source: 'gitlab.com/group/app' }, 'SLSA_SOURCE'],
    ['a project below', {}, { source: 'gitlab.com/group/sub' }, 'SLSA_SOURCE'],
    ['a merge request', { job: { pipelineSource: 'merge_request_event' } }, {}, 'SLSA_TRIGGER'],
    ['a runner of their own', { job: { runner: 'self-hosted' } }, { selfHosted: 'refused' }, 'SLSA_RUNNER'],
    [
      'a pipeline that another project defines',
      {
        certificate: {
          buildSignerUri: 'https://gitlab.com/evil/ci//.gitlab-ci.yml@refs/heads/main',
          buildConfigUri: 'https://gitlab.com/evil/ci//.gitlab-ci.yml@refs/heads/main',
        },
      },
      {},
      'SLSA_BUILDER_UNTRUSTED',
    ],
    [
      'a pipeline of a project below',
      { certificate: { buildSignerUri: 'https://gitlab.com/group/sub/app/.github/workflows//x.yml@refs/heads/main', buildConfigUri: '' } },
      {},
      'SLSA_BUILDER_UNTRUSTED',
    ],
    ['another commit in the certificate', { certificate: { sourceDigest: 'f'.repeat(40), buildConfigDigest: '' } }, {}, 'SLSA_DISAGREEMENT'],
    ['another job in the certificate', { certificate: { runInvocationUri: 'https://gitlab.com/group/sub/app/-/jobs/1' } }, {}, 'SLSA_DISAGREEMENT'],
    ['no trigger in the certificate', { certificate: { buildTrigger: '' } }, {}, 'SLSA_CLAIMS'],
    ['a configuration of another commit', { certificate: { buildConfigDigest: 'e'.repeat(40) } }, {}, 'SLSA_CLAIMS'],
    ['no source in the certificate', { certificate: { sourceRepositoryUri: '' } }, {}, 'SLSA_CLAIMS'],
  ])('%s', async (_, made, demands, code) => {
    expect((await judge(made, demands)).map((check) => check.code)).toContain(code);
  });
});
