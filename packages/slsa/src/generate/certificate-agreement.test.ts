import { type CertificateIdentity, isTrustError } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { githubToken } from '../../test/github-token.ts';
import { refuseOtherCertificate } from './certificate-agreement.ts';
import { factsOfGithubJob, readGithubJob } from './github-job.ts';

const FACTS = factsOfGithubJob(readGithubJob(githubToken()));
const EXTENSIONS: CertificateIdentity['extensions'] = {
  buildSignerUri: FACTS.builder,
  sourceRepositoryUri: FACTS.source,
  sourceRepositoryRef: FACTS.ref,
  sourceRepositoryDigest: FACTS.commit,
  buildConfigUri: FACTS.workflow,
  buildTrigger: FACTS.trigger,
  runnerEnvironment: FACTS.runner,
  runInvocationUri: FACTS.run,
};
const identity = (
  extensions: CertificateIdentity['extensions'],
  san: CertificateIdentity['san'] = { kind: 'uri', value: FACTS.builder },
): CertificateIdentity => ({
  san,
  oidcIssuer: 'https://token.actions.githubusercontent.com',
  extensions,
});
const verdict = (given: CertificateIdentity): string => {
  try {
    refuseOtherCertificate(FACTS, given);
  } catch (error) {
    if (isTrustError(error)) return error.code;
    throw error;
  }
  return 'accepted';
};

describe('a certificate', () => {
  test('of the same token is accepted', () => expect(verdict(identity(EXTENSIONS))).toBe('accepted'));
  test('of an older authority is accepted', () => expect(verdict(identity({}))).toBe('accepted'));
  test.each(Object.keys(EXTENSIONS))('with another %s is refused', (name) => {
    expect(verdict(identity({ ...EXTENSIONS, [name]: 'https://other.example' }))).toBe('PROVENANCE_DISAGREEMENT');
  });
  test('of another builder is refused', () => expect(verdict(identity({}, { kind: 'uri', value: 'https://github.com/x/y' }))).toBe('PROVENANCE_DISAGREEMENT'));
  test('of a person is refused', () => expect(verdict(identity({}, { kind: 'email', value: 'a@example.com' }))).toBe('PROVENANCE_ENVIRONMENT'));
});
