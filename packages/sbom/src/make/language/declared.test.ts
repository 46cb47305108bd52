import { describe, expect, it } from 'vitest';
import type { Cataloger } from '../cataloger.ts';
import { idsOf, runCataloger, type TestFile } from '../system/test/run-cataloger.ts';
import { cargoLock } from './cargo-lock.ts';
import { githubActions } from './github-actions.ts';
import { goMod } from './go-mod.ts';
import { gradleLock } from './gradle-lock.ts';
import { mavenPom } from './maven-pom.ts';
import { pnpmLock } from './pnpm-lock.ts';
import { pythonLock } from './python-lock.ts';
import { yarnLock } from './yarn-lock.ts';

const HEX = 'ab'.repeat(32);

describe('Cargo.lock', () => {
  it.each([
    ['1', `[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+x"\n\n[metadata]\n"checksum a 1.0.0 (registry+x)" = "${HEX}"\n`],
    ['3', `version = 3\n[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+x"\nchecksum = "${HEX}"\n`],
  ])('of version %s has checksums', (_, content) => {
    expect(runCataloger(cargoLock, [{ path: '/Cargo.lock', content }]).packages).toMatchObject([
      { purl: 'pkg:cargo/a@1.0.0', type: 'rust-crate', hashes: [{ algorithm: 'SHA-256', value: HEX }] },
    ]);
  });

  it('tells packages of one name apart, and its own are not of crates.io', () => {
    const content = `version = 4
[[package]]
name = "app"
version = "0.1.0"
dependencies = ["a 1.0.0", "a 2.0.0 (git+https://example.org/a)", "b"]

[[package]]
name = "a"
version = "1.0.0"
source = "registry+x"

[[package]]
name = "a"
version = "2.0.0"
source = "git+https://example.org/a#abc"

[[package]]
name = "b"
version = "1.0.0"
source = "registry+x"
`;
    const [app] = runCataloger(cargoLock, [{ path: '/Cargo.lock', content }]).packages;
    expect([app?.purl, app?.dependsOn]).toEqual(['pkg:generic/app@0.1.0', ['pkg:cargo/a@1.0.0', 'pkg:cargo/a@2.0.0', 'pkg:cargo/b@1.0.0']]);
  });
});

describe('go.mod', () => {
  it('has what it requires, as it is replaced, without what it excludes', () => {
    const content = `module example.com/app // name

go 1.26
toolchain go1.26.1

require example.org/one v1.0.0
require (
	example.org/two v1.2.0 // indirect
	example.org/three v0.1.0
	example.org/four/v4 v4.0.0+incompatible
	"example.org/quoted" v1.0.0
)
replace example.org/two => example.org/fork v1.2.1
replace (
	example.org/three v0.1.0 => ./three
)
exclude example.org/one v1.0.0
retract v0.0.1
`;
    expect(idsOf(runCataloger(goMod, [{ path: '/go.mod', content }]))).toEqual([
      'example.org/three ',
      'example.org/four/v4 v4.0.0+incompatible',
      'example.org/quoted v1.0.0',
      'example.org/fork v1.2.1',
    ]);
  });
});

describe('workflows of GitHub', () => {
  it('use actions and workflows, whose versions may be in comments', () => {
    const content = `on: push
jobs:
  build:
    runs-on: x
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
      - uses: "github/codeql-action/init@v3"
      - uses: ./.github/actions/own
      - uses: docker://alpine:3.20
      - run: |
          uses: none/of@these
      - uses: actions/setup-node@11bd71901bbe5b1630ceea73d27597364c9af683
  call:
    uses: org/shared/.github/workflows/ci.yml@main
`;
    const run = runCataloger(githubActions, [
      { path: '/.github/workflows/ci.yml', content },
      { path: '/.github/actions/own/action.yaml', content: 'runs:\n  using: composite\n  steps:\n    - uses: actions/cache@v3\n' },
      { path: '/workflows/ci.yml', content },
    ]);
    expect(run.packages.map(({ type, name, version, purl }) => [type, name, version, purl])).toEqual([
      ['github-action', 'actions/checkout', 'v4.2.2', 'pkg:github/actions/checkout@v4.2.2'],
      ['github-action', 'github/codeql-action/init', 'v3', 'pkg:github/github/codeql-action@v3#init'],
      ['github-action', './.github/actions/own', '', 'pkg:generic/.github%2Factions%2Fown'],
      ['github-action', 'docker://alpine:3.20', '', 'pkg:generic/docker:%2F%2Falpine:3.20'],
      [
        'github-action',
        'actions/setup-node',
        '11bd71901bbe5b1630ceea73d27597364c9af683',
        'pkg:github/actions/setup-node@11bd71901bbe5b1630ceea73d27597364c9af683',
      ],
      ['github-action-workflow', 'org/shared/.github/workflows/ci.yml', 'main', 'pkg:github/org/shared@main#.github/workflows/ci.yml'],
      ['github-action', 'actions/cache', 'v3', 'pkg:github/actions/cache@v3'],
    ]);
  });
});

describe('pom.xml', () => {
  it('has what it is and asks for, with versions of its parents', () => {
    const parent = `<project><groupId>org.example</groupId><artifactId>parent</artifactId><version>1.0</version>
      <properties><lib.version>2.\${minor}</lib.version><minor>5</minor></properties>
      <dependencyManagement><dependencies><dependency><groupId>\${project.groupId}</groupId><artifactId>managed</artifactId><version>\${lib.version}</version></dependency></dependencies></dependencyManagement>
      </project>`;
    const child = `<?xml version="1.0"?><project xmlns="http://maven.apache.org/POM/4.0.0"><parent><groupId>org.example</groupId><artifactId>parent</artifactId><version>1.0</version></parent>
      <artifactId>child</artifactId><licenses><license><name>MIT &amp; more</name></license></licenses>
      <dependencies>
        <dependency><groupId>org.example</groupId><artifactId>managed</artifactId></dependency>
        <dependency><groupId>g</groupId><artifactId>own</artifactId><version>\${project.version}</version></dependency>
        <dependency><groupId>g</groupId><artifactId>unknown</artifactId><version>\${nowhere}</version></dependency>
      </dependencies></project>`;
    const run = runCataloger(mavenPom, [
      { path: '/p/child/pom.xml', content: child },
      { path: '/p/pom.xml', content: parent },
    ]);
    expect(run.packages.map(({ purl }) => purl)).toEqual([
      'pkg:maven/org.example/child@1.0',
      'pkg:maven/org.example/managed@2.5',
      'pkg:maven/g/own@1.0',
      'pkg:maven/g/unknown',
      'pkg:maven/org.example/parent@1.0',
    ]);
    expect(run.packages[0]).toMatchObject({
      licenses: ['MIT & more'],
      dependsOn: ['pkg:maven/org.example/managed@2.5', 'pkg:maven/g/own@1.0', 'pkg:maven/g/unknown'],
    });
  });

  it.each([
    [
      'is its own parent',
      '<project><parent><groupId>g</groupId><artifactId>a</artifactId><version>1</version><relativePath>pom.xml</relativePath></parent><artifactId>a</artifactId></project>',
    ],
    ['has properties of themselves', `<project><artifactId>a</artifactId><version>\${v}</version><properties><v>\${v}\${v}</v></properties></project>`],
    [
      'has properties that multiply',
      `<project><artifactId>a</artifactId><version>\${p0}</version><properties>${Array.from({ length: 30 }, (_, i) => `<p${i}>\${p${i + 1}}\${p${i + 1}}</p${i}>`).join('')}<p30>x</p30></properties></project>`,
    ],
  ])('that %s ends', (_, content) => {
    expect(runCataloger(mavenPom, [{ path: '/pom.xml', content }]).packages.map(({ name }) => name)).toEqual(['a']);
  });

  it.each([
    [
      'entities that multiply',
      `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">${Array.from({ length: 20 }, (_, i) => `<!ENTITY a${i} "${'&a;'.repeat(10)}">`).join('')}]><project><artifactId>&a19;</artifactId></project>`,
    ],
    ['elements a million deep', '<a>'.repeat(1_000_000)],
    ['nothing', ''],
    ['no XML', '}{'],
  ])('with %s ends in packages or a report', (_, content) => {
    const { packages, reports } = runCataloger(mavenPom, [{ path: '/pom.xml', content }]);
    expect(packages.every(({ name }) => name.length < 200)).toBe(true);
    expect(reports.every((report) => report.startsWith('SBOM_UNREADABLE: '))).toBe(true);
  });
});

describe('gradle.lockfile', () => {
  it('has a dependency on each line', () => {
    const content = '# header\norg.example:lib:1.2=compileClasspath,runtimeClasspath\nio.jenkins.plugins:x:3=a\nempty=annotationProcessor\na:b:c:d=x\n';
    expect(runCataloger(gradleLock, [{ path: '/gradle.lockfile', content }]).packages.map(({ type, purl }) => [type, purl])).toEqual([
      ['java-archive', 'pkg:maven/org.example/lib@1.2'],
      ['jenkins-plugin', 'pkg:maven/io.jenkins.plugins/x@3'],
    ]);
  });
});

const SAMPLES: readonly [cataloger: Cataloger, file: TestFile][] = [
  [cargoLock, { path: '/Cargo.lock', content: 'version = 4\n[[package]]\nname = "a"\nversion = "1"\ndependencies = ["b 1"]\n' }],
  [yarnLock, { path: '/yarn.lock', content: '__metadata:\n  version: 8\n"a@npm:1":\n  version: 1\n  dependencies: {"b": "npm:1"}\n' }],
  [
    pnpmLock,
    {
      path: '/pnpm-lock.yaml',
      content: 'lockfileVersion: "9.0"\npackages:\n  a@1: {resolution: {integrity: x}}\nsnapshots:\n  a@1: {dependencies: {b: "1"}}\n',
    },
  ],
  [pythonLock, { path: '/pdm.lock', content: '[[package]]\nname = "a"\nversion = "1"\ndependencies = ["b>=1"]\nfiles = [{hash = "sha256:ab"}]\n' }],
  [pythonLock, { path: '/Pipfile.lock', content: '{"default": {"a": {"version": "==1", "hashes": ["sha256:ab"]}}}' }],
  [goMod, { path: '/go.mod', content: 'module a\nrequire (\n\tb.org/c v1.0.0\n)\nreplace b.org/c => ../c\n' }],
  [
    githubActions,
    { path: '/.github/workflows/a.yml', content: 'jobs:\n  a: {steps: [{uses: a/b@v1}, *x]}\n  b: &x\n    uses: a/b/.github/workflows/c@v2 # v3\n' },
  ],
  [mavenPom, { path: '/pom.xml', content: `<project><!-- x --><artifactId>a</artifactId><version>\${a}</version><properties><a>1</a></properties></project>` }],
  [gradleLock, { path: '/gradle.lockfile', content: 'a:b:1=x\n' }],
];

describe.each(SAMPLES)('$name', (cataloger, { path, content }) => {
  const bytes = Buffer.from(content as string);
  it('ends in packages and reports when its file is cut anywhere, or any byte is changed', () => {
    for (let at = 0; at < bytes.length; at++) {
      runCataloger(cataloger, [{ path, content: bytes.subarray(0, at) }]);
      for (const change of [0xff, 0x20, 0x01]) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ change;
        runCataloger(cataloger, [{ path, content: changed }]);
      }
    }
  });

  it('and when any of its values is of another kind', () => {
    const text = bytes.toString();
    for (const { index, 0: value } of text.matchAll(/"[^"\n]*"|(?<=[:=] ?)[\w.^~-]+/g)) {
      for (const other of ['{}', '[{}]', '1', 'null']) {
        const content = text.slice(0, index) + other + text.slice(index + value.length);
        runCataloger(cataloger, [{ path, content }]);
      }
    }
  });
});
