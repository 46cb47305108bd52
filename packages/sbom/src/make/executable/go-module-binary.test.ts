import { describe, expect, it } from 'vitest';
import { idsOf, runCataloger } from '../system/test/run-cataloger.ts';
import { mainVersion } from './go-main-version.ts';
import { goModuleBinary } from './go-module-binary.ts';
import { elf, fat, goBuildInfo, machO, olderGoBuildInfo, pe } from './test/executables.ts';

const LINES = [
  'path\texample.com/app/cmd',
  'mod\texample.com/app\tv1.2.3\th1:AAAA=',
  'dep\texample.org/a\tv0.1.0\th1:BBBB=',
  'dep\texample.org/b\tv1.0.0\th1:CCCC=',
  '=>\texample.org/fork\tv1.0.1\th1:DDDD=',
  'dep\texample.org/c\tv2.0.0',
  '=>\t./c\t(devel)\t',
  'build\t-compiler=gc',
];
const FOUND = ['example.com/app v1.2.3', 'example.org/a v0.1.0', 'example.org/fork v1.0.1', 'example.org/c ', 'stdlib go1.26.0'];
const INFO = goBuildInfo('go1.26.0', LINES);

function modules(content: Uint8Array): string[] {
  return idsOf(runCataloger(goModuleBinary, [{ path: '/usr/bin/app', content }]));
}

describe('modules of a Go executable', () => {
  it.each([
    [
      'ELF of 64 bits',
      elf([
        { name: '.text', content: 'x' },
        { name: '.go.buildinfo', content: INFO },
      ]),
    ],
    ['ELF of 32 bits', elf([{ name: '.go.buildinfo', content: INFO }], { bits: 32 })],
    ['big-endian ELF of 64 bits', elf([{ name: '.go.buildinfo', content: INFO }], { endian: 'BE' })],
    ['big-endian ELF of 32 bits', elf([{ name: '.go.buildinfo', content: INFO }], { bits: 32, endian: 'BE' })],
    ['ELF without that section, in its data', elf([{ name: '.data', content: Buffer.concat([Buffer.alloc(64), INFO]) }])],
    ['Mach-O of 64 bits', machO([{ name: '__go_buildinfo', content: INFO }])],
    ['Mach-O of 32 bits', machO([{ name: '__go_buildinfo', content: INFO }], { bits: 32 })],
    ['big-endian Mach-O', machO([{ name: '__go_buildinfo', content: INFO }], { endian: 'BE' })],
    ['Mach-O without that section, in its data', machO([{ name: '__data', content: INFO }])],
    ['PE', pe([{ name: '.data', content: INFO }])],
    ['a fat Mach-O', fat([machO([{ name: '__text', content: 'x' }]), machO([{ name: '__go_buildinfo', content: INFO }])])],
    ['ELF of Go 1.17, with pointers', elf([{ name: '.go.buildinfo', content: olderGoBuildInfo('go1.26.0', LINES, 0x400000) }])],
    [
      'big-endian ELF of 32 bits, with pointers',
      elf([{ name: '.go.buildinfo', content: olderGoBuildInfo('go1.26.0', LINES, 0x400000, { bits: 32, endian: 'BE' }) }], { bits: 32, endian: 'BE' }),
    ],
  ])('are found in %s', (_, content) => {
    expect(modules(content)).toEqual(FOUND);
  });

  it('have purls whose names keep their case, and the main module depends on the rest', () => {
    const { packages } = runCataloger(goModuleBinary, [{ path: '/app', content: elf([{ name: '.go.buildinfo', content: INFO }]), layer: 'sha256:aa' }]);
    expect(packages[0]).toEqual({
      purl: 'pkg:golang/example.com/app@v1.2.3',
      type: 'go-module',
      name: 'example.com/app',
      version: 'v1.2.3',
      licenses: [],
      hashes: [],
      locations: [{ path: '/app', layer: 'sha256:aa' }],
      dependsOn: ['pkg:golang/example.org/a@v0.1.0', 'pkg:golang/example.org/fork@v1.0.1', 'pkg:golang/example.org/c', 'pkg:golang/stdlib@1.26.0'],
      foundBy: 'go-module-binary',
    });
  });

  it('are a main module by its path when Go knew none, and the only module without a version when it was a file that was built', () => {
    const withoutMain = goBuildInfo('go1.20', ['path\tcmd/go']);
    expect(modules(elf([{ name: '.go.buildinfo', content: withoutMain }]))).toEqual(['cmd/go ', 'stdlib go1.20']);
    const ofFile = goBuildInfo('go1.20', [
      'path\tcommand-line-arguments',
      'mod\tcommand-line-arguments\t\t',
      'dep\texample.com/m\t(devel)\t',
      'dep\tx.org/a\tv1.0.0\t',
    ]);
    expect(modules(elf([{ name: '.go.buildinfo', content: ofFile }]))).toEqual(['example.com/m ', 'x.org/a v1.0.0', 'stdlib go1.20']);
  });

  it('have no standard library of a Go that is no release, and experiments are no part of a version', () => {
    expect(modules(elf([{ name: '.go.buildinfo', content: goBuildInfo('devel abc', LINES) }]))).not.toContain('stdlib devel');
    expect(modules(elf([{ name: '.go.buildinfo', content: goBuildInfo('go1.21.1 X:boringcrypto', LINES) }]))).toContain('stdlib go1.21.1');
  });

  it('are not looked for in what was not built by Go, nor in objects and scripts', () => {
    expect(modules(elf([{ name: '.text', content: 'x' }]))).toEqual([]);
    const object = elf([{ name: '.go.buildinfo', content: INFO }]);
    object.writeUInt16LE(1, 16);
    expect(modules(object)).toEqual([]);
    expect(modules(Buffer.concat([Buffer.from('#!/bin/sh\n'), INFO]))).toEqual([]);
  });

  it('with names that forge lines are reported and left out', () => {
    const forged = elf([
      { name: '.go.buildinfo', content: goBuildInfo('go1.20', ['path\ta', 'mod\ta\tv1.0.0\t', 'dep\tb\u001b[2J\tv1.0.0\t', 'dep\tc\tv1\u2028\t']) },
    ]);
    const run = runCataloger(goModuleBinary, [{ path: '/app', content: forged }]);
    expect(idsOf(run)).toEqual(['a v1.0.0', 'stdlib go1.20']);
    expect(run.reports).toEqual(['package b\\u001b[2J v1.0.0: name or version is not one', 'package c v1\\u2028: name or version is not one']);
  });
});

describe('the version of a main module', () => {
  const version = (settings: Record<string, string>, path = 'example.com/app'): string =>
    mainVersion({ path, version: '(devel)' }, new Map(Object.entries(settings)));
  const VCS = { 'vcs.revision': '0123456789abcdef0123456789abcdef01234567', 'vcs.time': '2024-05-06T07:08:09Z' };
  const CASES: [says: string, settings: Record<string, string>, version: string][] = [
    ['that the build sets in main', { '-ldflags': '-s -w -X main.version=1.2.3', ...VCS }, 'v1.2.3'],
    ['with its pre-release', { '-ldflags': '-X main.Version=v1.2.3-rc1' }, 'v1.2.3-rc1'],
    ['in a package of the module', { '-ldflags': '-X=example.com/app/internal/build.gitVersion=v2.0.0' }, 'v2.0.0'],
    ['after the path of a release', { '-ldflags': '-X main.version=release/v0.4.1' }, 'v0.4.1'],
    ['as a tag, when nothing is called version', { '-ldflags': '-X main.commit=abc -X main.gitTag=v3.1.4' }, 'v3.1.4'],
    ['of another module says nothing', { '-ldflags': '-X example.org/other.version=v9.9.9', ...VCS }, 'v0.0.0-20240506070809-0123456789ab'],
    ['that is none says nothing', { '-ldflags': '-X main.version=nightly', ...VCS }, 'v0.0.0-20240506070809-0123456789ab'],
    ['of a commit without a time is unknown', { 'vcs.revision': 'abc' }, ''],
    ['of a commit at a time that is none is that of year 1', { 'vcs.revision': 'abcdef', 'vcs.time': 'noon' }, 'v0.0.0-00010101000000-abcdef'],
    ['is unknown when nothing says it', {}, ''],
  ];
  it.each(CASES)('%s', (_, settings, expected) => {
    expect(version(settings)).toBe(expected);
  });

  it('is what Go knew, when it knew one', () => {
    expect(mainVersion({ path: 'example.com/app', version: 'v1.0.0+dirty' }, new Map([['-ldflags', '-X main.version=2.0.0']]))).toBe('v1.0.0+dirty');
  });

  it('is found in flags that would take a naive pattern years', () => {
    expect(version({ '-ldflags': `-X main.version=${'a/'.repeat(30_000)}` })).toBe('');
    expect(version({ '-ldflags': `-X ${'main.'.repeat(10_000)}version=${'1'.repeat(50_000)}` })).toBe('');
  });
});
