import { matching } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { type CriteriaOptions, criteriaOf, criteriaProblem } from './criteria.ts';
import { ACTIONS_ISSUER } from './hosts.ts';

const given = (more: Partial<CriteriaOptions>): CriteriaOptions => ({ host: 'github.com', predicateType: 'type', issuer: ACTIONS_ISSUER, ...more });
const pattern = (more: Partial<CriteriaOptions>) => criteriaOf(given(more)).san.pattern;

describe('the rule for the signer', () => {
  test.each([
    ['the owner', { owner: 'acme' }, '(?i)^https://github\\.com/acme/'],
    ['the repository before the owner', { repo: 'acme/widget', owner: 'other' }, '(?i)^https://github\\.com/acme/widget/'],
    ['the signer repository before both', { repo: 'acme/widget', signerRepo: 'other/builder' }, '(?i)^https://github\\.com/other/builder/'],
    ['dots in names are dots', { repo: 'my.org/my.repo' }, '(?i)^https://github\\.com/my\\.org/my\\.repo/'],
    ['a tenant', { repo: 'o/r', tenant: 'acme' }, '(?i)^https://acme\\.ghe\\.com/o/r/'],
    ['a pattern as it is', { owner: 'acme', sanPattern: 'x.y' }, 'x.y'],
    [
      'a workflow without a host',
      { owner: 'acme', signerWorkflow: 'o/b/.github/workflows/w.yml' },
      '^https://github\\.com/o/b/\\.github/workflows/w\\.yml(@(refs/.*|[0-9a-fA-F]+))?$',
    ],
    [
      'a workflow with one',
      { owner: 'acme', signerWorkflow: 'acme.ghe.com/o/b/.github/workflows/w.yml' },
      '^https://acme\\.ghe\\.com/o/b/\\.github/workflows/w\\.yml(@(refs/.*|[0-9a-fA-F]+))?$',
    ],
    ['a workflow with a ref', { owner: 'acme', signerWorkflow: 'o/b/w.yml@refs/heads/main' }, '^https://github\\.com/o/b/w\\.yml@refs/heads/main$'],
  ] as const)('%s', (_, more, expected) => {
    expect(pattern(more)).toBe(expected);
  });

  test('an exact name stands alone', () => {
    expect(criteriaOf(given({ owner: 'acme', san: 'https://x' })).san).toEqual({ exact: 'https://x' });
  });
});

describe('a signer workflow', () => {
  const base = 'https://github.com/owner/builder/.github/workflows/';
  const matches = async (workflow: string, san: string) => {
    const { kind, ...rest } = await matching(pattern({ owner: 'owner', signerWorkflow: workflow }) ?? '', 'search');
    return kind === 'pattern' && 'matches' in rest && rest.matches(san);
  };

  test.each([
    ['at a branch', 'release.yml@refs/heads/main', true],
    ['at a commit', 'release.yml@09b495c3f12c7881b3cc17209a327792065c1a1d', true],
    ['at a tag with an @', 'release.yml@refs/tags/pkg@1.2.3', true],
    ['without a ref', 'release.yml', true],
    ['is not one whose file name goes on', 'release.yml.evil.yml@refs/heads/main', false],
    ['is not one whose file name has an @', 'release.yml@evil.yml@refs/heads/main', false],
    ['is not another', 'other.yml@refs/heads/main', false],
  ])('%s', async (_, found, expected) => {
    expect(await matches('owner/builder/.github/workflows/release.yml', `${base}${found}`)).toBe(expected);
  });

  test('is not one in a repository whose name goes on', async () => {
    const found = 'https://github.com/owner/builder-evil/.github/workflows/release.yml@refs/heads/main';
    expect(await matches('owner/builder/.github/workflows/release.yml', found)).toBe(false);
  });

  test.each([
    ['the ref itself', 'release.yml@refs/heads/main', true],
    ['no longer one', 'release.yml@refs/heads/mainly', false],
    ['no second one behind it', 'release.yml@refs/heads/main@refs/heads/other', false],
    ['no commit behind it', 'release.yml@refs/heads/main@09b495c3f12c7881b3cc17209a327792065c1a1d', false],
  ])('with a ref allows %s', async (_, found, expected) => {
    expect(await matches('owner/builder/.github/workflows/release.yml@refs/heads/main', `${base}${found}`)).toBe(expected);
  });
});

describe('the source', () => {
  test('of a repository is the repository and its owner, of an owner only that', () => {
    expect(criteriaOf(given({ repo: 'acme/widget' }))).toMatchObject({
      ownerUri: 'https://github.com/acme',
      repositoryUri: 'https://github.com/acme/widget',
    });
    expect(criteriaOf(given({ owner: 'acme' }))).toMatchObject({ ownerUri: 'https://github.com/acme', repositoryUri: undefined });
  });

  test.each([
    ['the default becomes the issuer of the tenant', ACTIONS_ISSUER, 'https://token.actions.acme.ghe.com'],
    ['another one stays', 'https://issuer.example', 'https://issuer.example'],
  ])('of a tenant: %s', (_, issuer, expected) => {
    expect(criteriaOf(given({ repo: 'o/r', tenant: 'acme', issuer })).issuer).toBe(expected);
  });

  test.each([
    ['an empty issuer', { owner: 'acme', issuer: '' }, 'Issuer must be set'],
    ['an empty predicate type', { owner: 'acme', predicateType: '' }, 'PredicateType must be set'],
    ['nothing empty', { owner: 'acme' }, undefined],
  ])('%s', (_, more, problem) => {
    expect(criteriaProblem(criteriaOf(given(more)))).toBe(problem);
  });
});
