import { describe, expect, test } from 'vitest';
import { anyTag, matchesName, nearMiss } from './named-ref.ts';

const WORKFLOW = 'https://github.com/owner/app/.github/workflows/release.yml';
const GITLAB = 'https://gitlab.com/group/app//.gitlab-ci.yml';

describe('the name that is locked', () => {
  test.each([
    ['a workflow at a tag, at any tag', `${WORKFLOW}@refs/tags/v1.2.3`, `${WORKFLOW}@refs/tags/*`],
    ['a pipeline at a tag', `${GITLAB}@refs/tags/v1`, `${GITLAB}@refs/tags/*`],
    ['a tag with slashes and an @', `${WORKFLOW}@refs/tags/release/v1@2`, `${WORKFLOW}@refs/tags/*`],
    ['a branch as it is', `${WORKFLOW}@refs/heads/main`, `${WORKFLOW}@refs/heads/main`],
    ['a branch that looks like a tag, as it is', `${WORKFLOW}@refs/heads/a@refs/tags/b`, `${WORKFLOW}@refs/heads/a@refs/tags/b`],
    ['a commit as it is', `${WORKFLOW}@${'a'.repeat(40)}`, `${WORKFLOW}@${'a'.repeat(40)}`],
    ['an address as it is', 'alice@example.org', 'alice@example.org'],
    ['no tag at all, as it is', `${WORKFLOW}@refs/tags/`, `${WORKFLOW}@refs/tags/`],
  ])('%s', (_, name, locked) => {
    expect(anyTag(name)).toBe(locked);
    if (!name.endsWith('/')) expect(matchesName(locked, name)).toBe(true);
  });

  test.each([
    ['of another branch', `${WORKFLOW}@refs/heads/main`, `${WORKFLOW}@refs/heads/next`],
    ['of a branch', `${WORKFLOW}@refs/tags/*`, `${WORKFLOW}@refs/heads/main`],
    ['of a branch that looks like a tag', `${WORKFLOW}@refs/tags/*`, `${WORKFLOW}@refs/heads/a@refs/tags/b`],
    ['of no tag', `${WORKFLOW}@refs/tags/*`, `${WORKFLOW}@refs/tags/`],
    ['with more before it', `${WORKFLOW}@refs/tags/*`, `https://evil.example/${WORKFLOW}@refs/tags/v1`],
    ['of another workflow', `${WORKFLOW}@refs/tags/*`, `${WORKFLOW}2@refs/tags/v1`],
    ['in other letters', 'alice@example.org', 'Alice@example.org'],
  ])('matches none %s', (_, locked, found) => {
    expect(matchesName(locked, found)).toBe(false);
  });
});

test.each([
  [`${WORKFLOW}@refs/tags/*`, `${WORKFLOW}@refs/heads/main`, 'the workflow matches; the branch main was found, any tag was locked'],
  [`${WORKFLOW}@refs/heads/main`, `${WORKFLOW}@refs/tags/v1`, 'the workflow matches; the tag v1 was found, the branch main was locked'],
  [`${WORKFLOW}@refs/heads/main`, WORKFLOW, 'the workflow matches; no ref was found, the branch main was locked'],
  [
    `${WORKFLOW}@${'a'.repeat(40)}`,
    `${WORKFLOW}@${'b'.repeat(40)}`,
    `the workflow matches; the commit ${'b'.repeat(40)} was found, the commit ${'a'.repeat(40)} was locked`,
  ],
  [`${WORKFLOW}@refs/tags/*`, `${WORKFLOW.replace('release', 'build')}@refs/tags/v1`, 'the repository matches, the workflow is another'],
  [`${WORKFLOW}@refs/tags/*`, `${WORKFLOW.replace('owner', 'fork')}@refs/tags/v1`, 'a workflow of the same name, in another repository (a fork?)'],
  [`${GITLAB}@refs/tags/*`, `${GITLAB.replace('group', 'other')}@refs/tags/v1`, 'a workflow of the same name, in another repository (a fork?)'],
  ['alice@example.org', 'Alice@Example.org', 'they differ in upper and lower case only'],
  ['alice@example.org', 'bob@example.org', undefined],
])('a near miss: %s, %s', (locked, found, hint) => {
  expect(nearMiss(locked, found)).toBe(hint);
});
