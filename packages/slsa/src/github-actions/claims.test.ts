/** What certificates say of a build: old and new extensions beside each other, and every way in which they contradict. */
import type { CertificateIdentity, VerifiedIdentity } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { referenceText } from '../reference-error.ts';
import { readGithubClaims } from './claims.ts';

type Extensions = CertificateIdentity['extensions'];

const SAN = 'https://github.com/slsa-framework/gen/.github/workflows/x.yml@refs/tags/v1.0.0';
const OLD: Extensions = {
  githubWorkflowTrigger: 'push',
  githubWorkflowSha: 'c0ffee',
  githubWorkflowRepository: 'acme/widget',
  githubWorkflowRef: 'refs/tags/v1',
};
const NEW: Extensions = {
  buildTrigger: 'push',
  sourceRepositoryDigest: 'c0ffee',
  sourceRepositoryUri: 'https://github.com/acme/widget',
  buildConfigUri: 'https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1',
  buildConfigDigest: 'c0ffee',
  runInvocationUri: 'https://github.com/acme/widget/actions/runs/77/attempts/2',
  runnerEnvironment: 'github-hosted',
};

function read(extensions: Extensions, { san = SAN, sanKind = 'uri', oidcIssuer = 'https://token.actions.githubusercontent.com' } = {}) {
  return readGithubClaims({ san, sanKind, oidcIssuer, extensions } as unknown as VerifiedIdentity);
}

test.each<[string, Extensions]>([
  ['older ones alone', OLD],
  ['newer ones alone', NEW],
  ['both', { ...OLD, ...NEW }],
])('extensions are understood: %s', (_, extensions) => {
  expect(read(extensions).claims).toMatchObject({
    builderName: 'https://github.com/slsa-framework/gen/.github/workflows/x.yml',
    builderRef: 'refs/tags/v1.0.0',
    repository: 'acme/widget',
    trigger: 'push',
    commit: 'c0ffee',
  });
});

test('of newer ones there is more', () => {
  expect(read(NEW).claims).toMatchObject({ workflowPath: '.github/workflows/release.yml', run: { id: '77', attempt: '2' }, runner: 'github-hosted' });
});

test('the ref begins behind the last @: a file may have one in its name', () => {
  expect(read(NEW, { san: 'https://github.com/o/r/.github/workflows/a@b.yml@refs/heads/x' }).claims).toMatchObject({
    builderName: 'https://github.com/o/r/.github/workflows/a@b.yml',
    builderRef: 'refs/heads/x',
  });
});

describe('is refused', () => {
  test.each<[string, Extensions, Parameters<typeof read>[1], string]>([
    ['an e-mail address', NEW, { san: 'a@example.com', sanKind: 'email' }, 'invalid format: missing URI information from certificate'],
    ['a workflow without ref', NEW, { san: 'https://github.com/o/r/x.yml' }, 'URI is malformed: workflow uri: "https://github.com/o/r/x.yml"'],
    ['a workflow with an empty ref', NEW, { san: 'https://github.com/o/r/x.yml@' }, 'URI is malformed: workflow uri: "https://github.com/o/r/x.yml@"'],
    ['no trigger', { ...NEW, buildTrigger: '' }, {}, 'invalid format: claims are empty'],
    ['no commit', { ...NEW, sourceRepositoryDigest: '' }, {}, 'invalid format: claims are empty'],
    ['no issuer', NEW, { oidcIssuer: '' }, 'invalid format: claims are empty'],
    ['no repository', { ...NEW, sourceRepositoryUri: '' }, {}, 'invalid format: claims are empty'],
    ['two triggers', { ...OLD, ...NEW, githubWorkflowTrigger: 'schedule' }, {}, "invalid format: 'schedule' != 'push'"],
    ['two commits', { ...OLD, ...NEW, githubWorkflowSha: 'beef' }, {}, "invalid format: 'beef' != 'c0ffee'"],
    [
      'two repositories',
      { ...OLD, ...NEW, githubWorkflowRepository: 'evil/widget' },
      {},
      "invalid format: 'https://github.com/acme/widget' != 'https://github.com/evil/widget'",
    ],
    ['a workflow called from another commit', { ...NEW, buildConfigDigest: 'beef' }, {}, "invalid format: 'c0ffee' != 'beef'"],
    [
      'a workflow of another repository',
      { ...NEW, buildConfigUri: 'https://github.com/evil/widget/x.yml@refs/tags/v1' },
      {},
      'invalid format: prefix: https://github.com/evil/widget/x.yml@refs/tags/v1',
    ],
    [
      'a run of another repository',
      { ...NEW, runInvocationUri: 'https://github.com/evil/widget/actions/runs/1/attempts/1' },
      {},
      'invalid format: https://github.com/evil/widget/actions/runs/1/attempts/1',
    ],
    [
      'a run of another form',
      { ...NEW, runInvocationUri: 'https://github.com/acme/widget/actions/runs/1' },
      {},
      'invalid format: https://github.com/acme/widget/actions/runs/1',
    ],
  ])('%s', (_, extensions, certificate, text) => {
    const { check, claims } = read(extensions, certificate);
    expect([claims, check.code, referenceText(check)]).toEqual([undefined, 'SLSA_CLAIMS', text]);
  });
});
