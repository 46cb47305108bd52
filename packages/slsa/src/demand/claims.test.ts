/** Certificates that state one fact twice: the same, or not. */
import type { CertificateIdentity, VerifiedIdentity } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { checkClaims } from './claims.ts';

type Extensions = CertificateIdentity['extensions'];

const SAN = 'https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1';
const OLD: Extensions = {
  githubWorkflowTrigger: 'push',
  githubWorkflowSha: 'c0ffee',
  githubWorkflowRepository: 'acme/widget',
  githubWorkflowRef: 'refs/tags/v1',
};
const NEW: Extensions = {
  buildSignerUri: SAN,
  buildTrigger: 'push',
  sourceRepositoryUri: 'https://github.com/acme/widget',
  sourceRepositoryDigest: 'c0ffee',
  sourceRepositoryRef: 'refs/tags/v1',
  buildConfigUri: SAN,
  buildConfigDigest: 'c0ffee',
};

function check(extensions: Extensions, { san = SAN, sanKind = 'uri' } = {}) {
  return checkClaims({ san, sanKind, oidcIssuer: 'https://token.actions.githubusercontent.com', extensions } as unknown as VerifiedIdentity);
}

test.each<[string, Extensions, { san?: string }]>([
  ['older ones alone', OLD, {}],
  ['newer ones alone', NEW, {}],
  ['both', { ...OLD, ...NEW }, {}],
  ['of a tenant, whose host only the newer one knows', { ...OLD, ...NEW, sourceRepositoryUri: 'https://acme.ghe.com/acme/widget' }, {}],
  [
    'of a workflow of another repository, at a commit of its own',
    { ...NEW, buildConfigUri: 'https://github.com/o/r/.github/workflows/x.yml@v1', buildConfigDigest: 'd' },
    {},
  ],
  ['of Codefresh, whose signer is no workflow', { ...NEW, buildSignerUri: 'https://g.codefresh.io/build/1' }, { san: 'https://g.codefresh.io/acme/p:1/2' }],
])('pass: %s', (_, extensions, options) => {
  expect(check(extensions, options)).toMatchObject({ status: 'pass' });
});

describe('fail', () => {
  test.each<[string, Extensions, Parameters<typeof check>[1]]>([
    ['the event', { ...OLD, ...NEW, buildTrigger: 'release' }, {}],
    ['the commit', { ...OLD, ...NEW, githubWorkflowSha: 'd' }, {}],
    ['the ref', { ...OLD, ...NEW, githubWorkflowRef: 'refs/heads/main' }, {}],
    ['the repository', { ...OLD, ...NEW, githubWorkflowRepository: 'evil/widget' }, {}],
    ['the repository, by a part of its path', { ...OLD, ...NEW, githubWorkflowRepository: 'widget' }, {}],
    ['the signer', { ...NEW, buildSignerUri: SAN.replace('v1', 'v2') }, {}],
    ['the commit of the workflow', { ...NEW, buildConfigDigest: 'd' }, {}],
    ['a source that is no URL', { ...OLD, sourceRepositoryUri: 'widget' }, {}],
    ['no source', { buildTrigger: 'push' }, {}],
    ['an e-mail address', NEW, { san: 'a@example.org', sanKind: 'email' }],
  ])('%s', (_, extensions, options) => {
    expect(check(extensions, options)).toMatchObject({ status: 'fail', code: 'SLSA_CLAIMS' });
  });
});
