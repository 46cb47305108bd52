import { describe, expect, it } from 'vitest';
import { idsOf, runCataloger, type TestFile } from '../system/test/run-cataloger.ts';
import { npmLock } from './npm-lock.ts';
import { npmPackage } from './npm-package.ts';
import { pnpmLock } from './pnpm-lock.ts';
import { yarnLock } from './yarn-lock.ts';

const SHA512 = `sha512-${Buffer.alloc(64, 7).toString('base64')}`;
const HASH = { algorithm: 'SHA-512', value: '07'.repeat(64) };

function json(path: string, value: unknown): TestFile {
  return { path, content: JSON.stringify(value) };
}

/** `name version -> names it depends on`. */
function graph({ packages }: ReturnType<typeof runCataloger>): string[] {
  return packages.map(
    ({ name, version, dependsOn }) => `${name} ${version} -> ${dependsOn.map((purl) => decodeURIComponent(purl.slice('pkg:npm/'.length))).join(' ')}`,
  );
}

describe('packages of npm that lie there', () => {
  it('have what they say, and depend on what Node would load', () => {
    const run = runCataloger(npmPackage, [
      json('/app/package.json', {
        name: 'app',
        version: '1.0.0',
        license: 'MIT',
        author: 'Ann <ann@example.org> (https://example.org)',
        dependencies: { a: '1', '@s/b': '2', absent: '1' },
      }),
      json('/app/node_modules/a/package.json', {
        name: 'a',
        version: '1.1.0',
        licenses: [{ type: 'ISC' }, { type: 'MIT' }],
        dependencies: { c: '1' },
        author: { name: 'Bo' },
      }),
      json('/app/node_modules/a/node_modules/c/package.json', { name: 'c', version: '1.0.0', license: { type: 'BSD' } }),
      json('/app/node_modules/@s/b/package.json', { name: '@s/b', version: '2.0.0', peerDependencies: { c: '*' } }),
      json('/node_modules/c/package.json', { name: 'c', version: '3.0.0' }),
    ]);
    expect(graph(run)).toEqual(['app 1.0.0 -> a@1.1.0 @s/b@2.0.0', 'a 1.1.0 -> c@1.0.0', 'c 1.0.0 -> ', '@s/b 2.0.0 -> c@3.0.0', 'c 3.0.0 -> ']);
    expect(run.packages.map(({ licenses, supplier }) => [licenses, supplier])).toEqual([
      [['MIT'], 'Ann <ann@example.org>'],
      [['ISC', 'MIT'], 'Bo'],
      [['BSD'], undefined],
      [[], undefined],
      [[], undefined],
    ]);
    expect(run.packages[3]?.purl).toBe('pkg:npm/%40s/b@2.0.0');
  });

  it('without a name are none, and those below another layer are gone', () => {
    expect(
      idsOf(
        runCataloger(npmPackage, [json('/a/package.json', { type: 'module' }), { ...json('/b/package.json', { name: 'b', version: '1' }), isHidden: true }]),
      ),
    ).toEqual([]);
  });

  it('below more folders than there can be depend on nothing, soon', () => {
    const folder = '/node_modules/a'.repeat(20_000);
    const dependencies = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`d${i}`, '1']));
    expect(graph(runCataloger(npmPackage, [json(`${folder}/package.json`, { name: 'a', version: '1', dependencies })]))).toEqual(['a 1 -> ']);
  });

  it('are called what they like', () => {
    const names = ['__proto__', 'constructor', 'toString', '.hidden', 'a/b/c', "it's", 'a@b'];
    const run = runCataloger(
      npmPackage,
      names.map((name, i) => json(`/n${i}/package.json`, { name, version: '1.0.0', dependencies: { __proto__: '1' } })),
    );
    expect(idsOf(run)).toEqual(names.map((name) => `${name} 1.0.0`));
    expect(run.packages.map(({ purl }) => purl)).toContain('pkg:npm/__proto__@1.0.0');
  });

  it.each<[why: string, content: string | Buffer, report: RegExp]>([
    ['cut', '{"name":"a"', /^SBOM_UNREADABLE: not JSON/],
    ['a list', '[]', /^SBOM_UNREADABLE: the document is not an object/],
    ['nested a million deep', `${'{"a":'.repeat(500_000)}`, /^SBOM_UNREADABLE/],
    ['called so that lines are forged', '{"name":"a\\nb","version":"1"}', /^package a\\u000ab 1: name or version is not one/],
    ['called with half a character', '{"name":"a\\ud800","version":"1"}', /^package a\\ud800 1/],
    ['called at length', JSON.stringify({ name: 'a'.repeat(600), version: '1' }), /^package a+…/],
  ])('that are %s are reported', (_, content, report) => {
    const run = runCataloger(npmPackage, [{ path: '/package.json', content }]);
    expect([run.packages.length, run.reports]).toEqual([0, [expect.stringMatching(report)]]);
  });
});

describe('package-lock.json', () => {
  it('of version 3 has packages by folder, with links, and without those of development', () => {
    const run = runCataloger(npmLock, [
      json('/package-lock.json', {
        lockfileVersion: 3,
        packages: {
          '': { name: 'root', version: '1.0.0', dependencies: { a: '^1', lib: '*' }, devDependencies: { d: '1' } },
          'packages/lib': { name: 'lib', version: '0.1.0', dependencies: { a: '^2' } },
          'packages/lib/node_modules/a': { version: '2.0.0', integrity: SHA512 },
          'node_modules/lib': { resolved: 'packages/lib', link: true },
          'node_modules/a': { version: '1.0.0', integrity: SHA512, license: 'MIT', optionalDependencies: { b: '1' } },
          'node_modules/b': { name: 'other', version: '1.5.0' },
          'node_modules/d': { version: '9.0.0', dev: true },
        },
      }),
    ]);
    expect(graph(run)).toEqual(['root 1.0.0 -> a@1.0.0 lib@0.1.0', 'lib 0.1.0 -> a@2.0.0', 'a 2.0.0 -> ', 'a 1.0.0 -> other@1.5.0', 'other 1.5.0 -> ']);
    expect(run.packages[3]).toMatchObject({ hashes: [HASH], licenses: ['MIT'] });
  });

  it('of version 1 is a tree, with aliases', () => {
    const run = runCataloger(npmLock, [
      json('/package-lock.json', {
        lockfileVersion: 1,
        dependencies: {
          a: { version: '1.0.0', requires: { b: '1', c: '1' }, dependencies: { b: { version: '1.0.0', requires: { c: '1' } } } },
          b: { version: '2.0.0' },
          c: { version: 'npm:@real/c@3.0.0', integrity: 'sha1-AQEBAQEBAQEBAQEBAQEBAQEBAQE=' },
          d: { version: '1.0.0', dev: true },
        },
      }),
    ]);
    expect(graph(run).sort()).toEqual(['@real/c 3.0.0 -> ', 'a 1.0.0 -> b@1.0.0 @real/c@3.0.0', 'b 1.0.0 -> @real/c@3.0.0', 'b 2.0.0 -> ']);
    expect(run.packages.find(({ name }) => name === '@real/c')?.hashes).toEqual([{ algorithm: 'SHA-1', value: '01'.repeat(20) }]);
  });

  it('in node_modules is of others', () => {
    expect(
      idsOf(runCataloger(npmLock, [json('/node_modules/a/package-lock.json', { lockfileVersion: 3, packages: { 'node_modules/x': { version: '1' } } })])),
    ).toEqual([]);
  });

  it('that nests a tree ten thousand deep is read', () => {
    const depth = 10_000;
    const content = `{"dependencies":{"a":{"version":"1","dependencies":{${'"a":{"version":"1","dependencies":{'.repeat(depth)}${'}}'.repeat(depth)}}}}}`;
    expect(runCataloger(npmLock, [{ path: '/package-lock.json', content }]).packages.length).toBe(depth + 1);
  });
});

describe('yarn.lock', () => {
  const MANIFEST = json('/package.json', { dependencies: { a: '^1.0.0' }, devDependencies: { d: '^1.0.0' } });

  it('of version 1 has what others ask for, by ranges', () => {
    const content = `# yarn lockfile v1

"@s/b@^2.0.0", "@s/b@^2.1.0":
  version "2.1.0"
  resolved "https://registry.yarnpkg.com/@s/b/-/b-2.1.0.tgz#abc"
  integrity ${SHA512}

a@^1.0.0:
  version "1.0.0"
  dependencies:
    "@s/b" "^2.1.0"
    c "npm:real@3"

"c@npm:real@3":
  version "3.0.0"

d@^1.0.0:
  version "1.0.0"
`;
    const run = runCataloger(yarnLock, [{ path: '/yarn.lock', content }, MANIFEST]);
    expect(graph(run)).toEqual(['@s/b 2.1.0 -> ', 'a 1.0.0 -> @s/b@2.1.0 real@3.0.0', 'real 3.0.0 -> ']);
    expect(run.packages[0]?.hashes).toEqual([HASH]);
  });

  it('of later versions is YAML', () => {
    const content = `__metadata:
  version: 8

"a@npm:^1.0.0":
  version: 1.0.0
  resolution: "a@npm:1.0.0"
  dependencies:
    "@s/b": "npm:^2.0.0"
  checksum: 10c0/abc
  languageName: node

"@s/b@npm:^2.0.0":
  version: 2.1.0

"d@npm:^1.0.0":
  version: 1.0.0
`;
    expect(graph(runCataloger(yarnLock, [MANIFEST, { path: '/yarn.lock', content }]))).toEqual(['a 1.0.0 -> @s/b@2.1.0', '@s/b 2.1.0 -> ']);
  });
});

describe('pnpm-lock.yaml', () => {
  it.each([
    [
      '5.4',
      `lockfileVersion: 5.4\npackages:\n  /a/1.0.0_b@2.0.0:\n    resolution: {integrity: ${SHA512}}\n    dependencies:\n      '@s/b': 2.0.0\n  /@s/b/2.0.0:\n    dev: false\n  /d/1.0.0:\n    dev: true\n`,
    ],
    [
      '6.0',
      `lockfileVersion: '6.0'\npackages:\n  /a@1.0.0(x@1.0.0):\n    resolution: {integrity: ${SHA512}}\n    dependencies:\n      '@s/b': 2.0.0(x@1.0.0)\n  /@s/b@2.0.0:\n    dev: false\n  /d@1.0.0:\n    dev: true\n`,
    ],
    [
      '9.0',
      `lockfileVersion: '9.0'\npackages:\n  a@1.0.0:\n    resolution: {integrity: ${SHA512}}\n  '@s/b@2.0.0': {}\nsnapshots:\n  a@1.0.0(x@1.0.0):\n    dependencies:\n      '@s/b': 2.0.0\n  '@s/b@2.0.0': {}\n`,
    ],
  ])('of version %s has packages and what they depend on', (_, content) => {
    const run = runCataloger(pnpmLock, [{ path: '/pnpm-lock.yaml', content }]);
    expect(run.reports).toEqual([]);
    expect(graph(run)).toEqual(['a 1.0.0 -> @s/b@2.0.0', '@s/b 2.0.0 -> ']);
    expect(run.packages[0]?.hashes).toEqual([HASH]);
  });

  it('may begin with a document about pnpm itself', () => {
    const content = "---\nlockfileVersion: '9.0'\npackages:\n  pnpm@10.0.0: {}\n---\nlockfileVersion: '9.0'\npackages:\n  a@1.0.0: {}\n";
    expect(idsOf(runCataloger(pnpmLock, [{ path: '/pnpm-lock.yaml', content }]))).toEqual(['pnpm 10.0.0', 'a 1.0.0']);
  });

  it.each([
    [
      'aliases that multiply',
      `lockfileVersion: 9\na: &a [x,x,x,x,x,x,x,x,x]\n${Array.from(
        { length: 20 },
        (_, i) =>
          `${String.fromCharCode(98 + i)}: &${String.fromCharCode(98 + i)} [${Array(9)
            .fill(`*${String.fromCharCode(97 + i)}`)
            .join(',')}]`,
      ).join('\n')}\n`,
    ],
    ['lists in lists', '['.repeat(100_000)],
    ['a cut', "lockfileVersion: '9.0'\npackages: {a@1"],
  ])('with %s is reported', (_, content) => {
    expect(runCataloger(pnpmLock, [{ path: '/pnpm-lock.yaml', content }]).reports).toEqual([expect.stringMatching(/^SBOM_UNREADABLE: /)]);
  });
});
