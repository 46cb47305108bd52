/** What is made here, read as verifiers read it: strictly, and for the facts that they hold against the certificate. */
import { IN_TOTO_PAYLOAD_TYPE, parseJson } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { contextText, githubToken } from '../../test/github-token.ts';
import { type BuildFacts, predicateFacts, provenanceOf, readStatement } from '../index.ts';
import { githubProvenanceV1, githubProvenanceV02 } from './github.ts';
import { factsOfGithubJob, readGithubContext, readGithubJob } from './github-job.ts';
import { factsOfGitlabJob, gitlabProvenance, readGitlabJob } from './gitlab.ts';
import { localProvenance } from './local.ts';
import { encodeProvenance, type ProvenancePredicate } from './statement.ts';

const SUBJECT = { name: 'app', digest: { sha256: 'a'.repeat(64) } };
const job = readGithubJob(githubToken());
const context = readGithubContext({ github: contextText({ event: { inputs: { release: 'yes' } } }), vars: '{"A":"b"}' }, job);
const gitlab = readGitlabJob({
  issuer: 'https://gitlab.com',
  claims: parseJson(
    `{"project_path":"group/app","project_id":"42","namespace_id":"7","ref":"main","ref_type":"branch","sha":"${'a'.repeat(40)}",
      "ci_config_ref_uri":"gitlab.com/group/app//.gitlab-ci.yml@refs/heads/main","ci_config_sha":null,"pipeline_source":"push",
      "runner_environment":"gitlab-hosted","runner_id":1,"job_id":"1001"}`,
  ) as never,
});

function factsIn(made: ProvenancePredicate): BuildFacts {
  const statement = readStatement({ type: IN_TOTO_PAYLOAD_TYPE, bytes: encodeProvenance([SUBJECT], made) });
  const provenance = provenanceOf(statement);
  expect(provenance.subjects.map(({ name }) => name)).toEqual(['app']);
  return predicateFacts(provenance);
}

describe('verifiers read out of', () => {
  const facts = factsOfGithubJob(job);
  const { runner: _, ...withoutRunner } = facts;
  const { builder: __, ...ofGitlab } = factsOfGitlabJob(gitlab);
  test.each<[string, ProvenancePredicate, BuildFacts]>([
    ['provenance v1 of GitHub what went into it', githubProvenanceV1(job), facts],
    [
      'provenance v0.2 of files what went into it, the runner aside',
      githubProvenanceV02(job, { of: 'generic', context, entryPoint: job.workflowPath }),
      withoutRunner,
    ],
    ['provenance v0.2 of images the same', githubProvenanceV02(job, { of: 'container', context, entryPoint: job.workflowPath }), withoutRunner],
    ['provenance of GitLab what went into it, the runner as builder aside', gitlabProvenance(gitlab, { CI_JOB_NAME: 'provenance' }), ofGitlab],
  ])('%s', (_name, made, expected) => expect(factsIn(made)).toEqual(expected));

  test('provenance of a local build no more than its owner has said', () => {
    const made = localProvenance({ builderId: 'https://example.com/builder', buildType: 'https://example.com/make', parameters: {} });
    expect(factsIn(made)).toEqual({ builder: 'https://example.com/builder' });
  });
});
