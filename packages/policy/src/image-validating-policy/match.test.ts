import type { JsonObject } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { matchesConstraints, type RequestFacts } from './match.ts';
import type { MatchConstraints } from './types.ts';

const REQUEST: RequestFacts = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  resource: 'deployments',
  subresource: '',
  operation: 'CREATE',
  name: 'web',
  namespace: 'shop',
  object: { metadata: { labels: { app: 'web' } } },
  oldObject: undefined,
  namespaceLabels: { team: 'a' },
};
const RULE = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] };

describe('constraints match', () => {
  test.each<[string, MatchConstraints, Partial<RequestFacts>, boolean]>([
    ['a rule that names all of it', { resourceRules: [RULE] }, {}, true],
    ['no rules at all', {}, {}, true],
    ['one of several rules', { resourceRules: [{ ...RULE, resources: ['pods'] }, RULE] }, {}, true],
    ['an empty rule', { resourceRules: [{}] }, {}, false],
    ['another group', { resourceRules: [RULE] }, { group: '' }, false],
    ['another version', { resourceRules: [RULE] }, { version: 'v2' }, false],
    ['another operation', { resourceRules: [RULE] }, { operation: 'UPDATE' }, false],
    ['stars', { resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }] }, {}, true],
    ['a subresource that is not named', { resourceRules: [RULE] }, { subresource: 'scale' }, false],
    ['a subresource that is named', { resourceRules: [{ ...RULE, resources: ['deployments/scale'] }] }, { subresource: 'scale' }, true],
    ['any subresource', { resourceRules: [{ ...RULE, resources: ['deployments/*'] }] }, { subresource: 'scale' }, true],
    ['a star without a slash, and a subresource', { resourceRules: [{ ...RULE, resources: ['*'] }] }, { subresource: 'scale' }, false],
    ['its name', { resourceRules: [{ ...RULE, resourceNames: ['web'] }] }, {}, true],
    ['another name', { resourceRules: [{ ...RULE, resourceNames: ['db'] }] }, {}, false],
    [
      'the beginning of a name that is to be generated',
      { resourceRules: [{ ...RULE, resourceNames: ['web'] }] },
      { name: '', object: { metadata: { generateName: 'web-' } } },
      true,
    ],
    ['what is excluded', { resourceRules: [RULE], excludeResourceRules: [RULE] }, {}, false],
    ['what lies in a namespace', { resourceRules: [{ ...RULE, scope: 'Namespaced' }] }, {}, true],
    ['what lies in none', { resourceRules: [{ ...RULE, scope: 'Cluster' }] }, {}, false],
    ['labels of the namespace', { resourceRules: [RULE], namespaceSelector: { matchLabels: { team: 'a' } } }, {}, true],
    ['other labels of the namespace', { resourceRules: [RULE], namespaceSelector: { matchLabels: { team: 'b' } } }, {}, false],
    [
      'the name of the namespace',
      { resourceRules: [RULE], namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['shop'] }] } },
      {},
      true,
    ],
    [
      'a namespace selector, and an object without namespace',
      { resourceRules: [RULE], namespaceSelector: { matchLabels: { team: 'b' } } },
      { namespace: '' },
      true,
    ],
    ['labels of the object', { resourceRules: [RULE], objectSelector: { matchLabels: { app: 'web' } } }, {}, true],
    ['other labels of the object', { resourceRules: [RULE], objectSelector: { matchLabels: { app: 'db' } } }, {}, false],
    [
      'labels that the object had',
      { resourceRules: [RULE], objectSelector: { matchLabels: { app: 'db' } } },
      { oldObject: { metadata: { labels: { app: 'db' } } } },
      true,
    ],
    ['a label that is to be absent', { resourceRules: [RULE], objectSelector: { matchExpressions: [{ key: 'x', operator: 'DoesNotExist' }] } }, {}, true],
  ])('%s', (_, constraints, over, matches) => {
    expect(matchesConstraints(constraints, { ...REQUEST, ...over })).toBe(matches);
  });

  test('a selector that cannot be read stops what would match, and nothing else', () => {
    const broken = { resourceRules: [RULE], objectSelector: { matchExpressions: [{ key: 'x', operator: 'Sometimes' }] } };
    expect(() => matchesConstraints(broken, REQUEST)).toThrow(expect.objectContaining({ code: 'POLICY_MATCH' }));
    expect(matchesConstraints(broken, { ...REQUEST, group: '' })).toBe(false);
  });

  test('labels that are no text are none', () => {
    const object = { metadata: { labels: { app: 1 } } } as JsonObject;
    expect(matchesConstraints({ objectSelector: { matchLabels: { app: '1' } } }, { ...REQUEST, object })).toBe(false);
  });
});
