import { describe, expect, it } from 'vitest';
import { LAYER, packageOf } from '../../test/inventories.ts';
import { type Query, queryPackages } from './query.ts';

const PACKAGES = [
  packageOf('pkg:golang/k8s.io/client-go@v0.28.4', { type: 'go-module', name: 'k8s.io/client-go', licenses: ['Apache-2.0'] }),
  packageOf('pkg:golang/k8s.io/api@v0.28.4', { type: 'go-module', name: 'k8s.io/api', dependsOn: ['pkg:golang/k8s.io/client-go@v0.28.4'] }),
  packageOf('pkg:npm/%40scope/left@1.2.3', { name: '@scope/left', licenses: ['MIT', 'GPL-3.0-only OR ISC'] }),
  packageOf('pkg:deb/debian/libssl3@3.0.13-1', { type: 'deb', licenses: ['public domain'], locations: [{ path: '/x', layer: LAYER }] }),
  packageOf('pkg:golang/k8s.io/client-go@v0.28.4', { type: 'go-module', name: 'k8s.io/client-go' }),
  packageOf('pkg:pypi/nothing', { type: 'python' }),
];

describe('packages are found', () => {
  it.each<[by: string, query: Query, found: string[]]>([
    ['by nothing: all of them, in their order', {}, ['k8s.io/client-go', 'k8s.io/api', '@scope/left', 'libssl3', 'k8s.io/client-go', 'nothing']],
    ['by name', { names: ['libssl3'] }, ['libssl3']],
    ['by a glob, over slashes', { names: ['k8s*o'] }, ['k8s.io/client-go', 'k8s.io/client-go']],
    ['by a glob of one', { names: ['libssl?'] }, ['libssl3']],
    ['by what looks like a pattern and is none', { names: ['k8s.io.api', '[l]ibssl3'] }, []],
    ['by a pattern anywhere', { names: ['/client|ssl/'] }, ['k8s.io/client-go', 'libssl3', 'k8s.io/client-go']],
    ['by a pattern in any case', { names: ['/^LIBSSL/i'] }, ['libssl3']],
    ['by one of several names', { names: ['libssl3', 'nothing'] }, ['libssl3', 'nothing']],
    ['by a part of the name', { contains: ['k8s.io/client-go'] }, ['k8s.io/client-go', 'k8s.io/client-go']],
    ['by version', { versions: ['>=0.28, <1'] }, ['k8s.io/client-go', 'k8s.io/api', 'k8s.io/client-go']],
    ['by what must hold together', { versions: ['>=0.28, <1'], names: ['*/api'] }, ['k8s.io/api']],
    ['by licence in an expression, in any case', { licenses: ['gpl-3.0-ONLY'] }, ['@scope/left']],
    ['by licence with a glob', { licenses: ['*GPL-*'] }, ['@scope/left']],
    ['by licences together', { licenses: ['MIT AND ISC'] }, ['@scope/left']],
    ['by licences of which one is missing', { licenses: ['MIT AND Zlib'] }, []],
    ['by one of several licences', { licenses: ['Zlib', 'Apache-2.0'] }, ['k8s.io/client-go']],
    ['by words of their own', { licenses: ['Public Domain'] }, ['libssl3']],
    ['by no licence', { licenses: ['none'] }, ['k8s.io/api', 'k8s.io/client-go', 'nothing']],
    ['by a part of a licence: not', { licenses: ['GPL'] }, []],
    ['by the beginning of their package URL', { purls: ['pkg:golang/'] }, ['k8s.io/client-go', 'k8s.io/api', 'k8s.io/client-go']],
    ['by a scope as people write it', { purls: ['pkg:npm/@scope/'] }, ['@scope/left']],
    ['by a pattern of package URLs', { purls: ['pkg:*/debian/*'] }, ['libssl3']],
    ['by kind', { types: ['deb', 'python'] }, ['libssl3', 'nothing']],
    ['by kind as package URLs have it', { types: ['golang'] }, ['k8s.io/client-go', 'k8s.io/api', 'k8s.io/client-go']],
    ['by what they depend on', { dependsOn: ['k8s.io/client-*'] }, ['k8s.io/api']],
    ['by their layer', { layers: [LAYER] }, ['libssl3']],
    ['by the beginning of its digest', { layers: ['b2b2'] }, ['libssl3']],
  ])('%s', async (_, query, found) => {
    expect((await queryPackages(PACKAGES, query)).map(({ name }) => name)).toEqual(found);
  });

  it.each<[query: Query, problem: RegExp]>([
    [{ names: ['/(/'] }, /not an RE2 pattern/],
    [{ names: ['/(?=x)/'] }, /not an RE2 pattern/],
    [{ versions: ['>='] }, /not a range of versions/],
  ])('%j is no question', async (query, problem) => {
    await expect(queryPackages(PACKAGES, query)).rejects.toThrow(problem);
  });
});
