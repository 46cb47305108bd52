import { isTrustError } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { type LocalBuild, localProvenance } from './local.ts';

const BUILD: LocalBuild = { builderId: 'https://example.com/builder', buildType: 'https://example.com/make', parameters: {} };
const COMMIT = 'a'.repeat(40);

test('states what its owner says, and no more', () => {
  expect(localProvenance(BUILD)).toEqual({
    version: 'v1',
    predicate: {
      buildDefinition: { buildType: 'https://example.com/make', externalParameters: {} },
      runDetails: { builder: { id: 'https://example.com/builder' } },
    },
  });
  expect(localProvenance({ ...BUILD, parameters: { target: 'all' }, source: 'git+https://example.com/app@refs/heads/main', commit: COMMIT })).toMatchObject({
    predicate: {
      buildDefinition: {
        externalParameters: { target: 'all' },
        resolvedDependencies: [{ uri: 'git+https://example.com/app@refs/heads/main', digest: { gitCommit: COMMIT } }],
      },
    },
  });
});

describe('is refused', () => {
  test.each<[string, Partial<LocalBuild>, RegExp]>([
    ['without a builder', { builderId: undefined }, /builder of a local build is not known/],
    ['with a builder that is no URI', { builderId: 'my laptop' }, /not a URI/],
    ['without a kind of build', { buildType: undefined }, /kind of build/],
    ['with a commit of nothing', { commit: COMMIT }, /without the repository/],
    ['with a shortened commit', { source: 'git+https://example.com/app', commit: 'abc1234' }, /whole object name/],
  ])('%s', (_, changes, message) => {
    expect(() => localProvenance({ ...BUILD, ...changes })).toThrow(message);
    expect(() => localProvenance({ ...BUILD, ...changes })).toThrow(
      expect.toSatisfy((error) => isTrustError(error) && error.code === 'PROVENANCE_ENVIRONMENT'),
    );
  });
});
