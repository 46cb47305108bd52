import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { idsOf, runCataloger } from '../system/test/run-cataloger.ts';
import { cargoAuditable } from './cargo-auditable.ts';
import { packageNote } from './package-note.ts';
import { peVersion } from './pe-version.ts';
import { elf, machO, pe, versionResource } from './test/executables.ts';

const CRATES = {
  packages: [
    { name: 'app', version: '0.1.0', source: 'local', root: true, dependencies: [1, 2, 99] },
    { name: 'serde', version: '1.0.200', source: 'crates.io', dependencies: [1] },
    { name: 'cc', version: '1.0.0', source: 'crates.io', kind: 'build' },
    { name: '__proto__', version: '1.0.0', source: 'crates.io' },
  ],
};

describe('crates of an auditable executable', () => {
  const section = deflateSync(JSON.stringify(CRATES));
  it.each([
    ['ELF', elf([{ name: '.dep-v0', content: section }])],
    ['Mach-O', machO([{ name: '.dep-v0', content: section }])],
    ['PE', pe([{ name: '.dep-v0', content: section }])],
    ['ELF of before version 0.5', elf([{ name: '.rust-deps-v0', content: section }])],
  ])('are found in %s, without those that only built it', (_, content) => {
    const { packages, reports } = runCataloger(cargoAuditable, [{ path: '/app', content }]);
    expect(packages.map(({ purl }) => purl)).toEqual(['pkg:cargo/app@0.1.0', 'pkg:cargo/serde@1.0.200', 'pkg:cargo/__proto__@1.0.0']);
    expect(packages[0]?.dependsOn).toEqual(['pkg:cargo/serde@1.0.200']);
    expect(reports).toEqual([]);
  });

  it.each([
    ['a bomb', deflateSync(Buffer.alloc(64 * 1024 * 1024)), /zlib data/],
    ['no zlib', Buffer.from('nothing of the kind'), /zlib data/],
    ['no JSON', deflateSync('{'), /JSON/],
    ['JSON nested a million deep', deflateSync('['.repeat(1_000_000)), /JSON/],
    ['a list', deflateSync('[]'), /not an object/],
  ])('that are %s are reported', (_, content, message) => {
    const { packages, reports } = runCataloger(cargoAuditable, [{ path: '/app', content: elf([{ name: '.dep-v0', content }]) }]);
    expect(packages).toEqual([]);
    expect(reports).toEqual([expect.stringMatching(/^SBOM_UNREADABLE: /)]);
    expect(reports[0]).toMatch(message);
  });
});

describe('a package note', () => {
  const note = (json: string) =>
    elf([{ name: '.note.package', content: Buffer.concat([Buffer.alloc(12, 4), Buffer.from('FDO\0'), Buffer.from(`${json}\0\0`)]) }]);
  it('says which package of which system a file is of', () => {
    const run = runCataloger(packageNote, [
      { path: '/usr/bin/a', content: note('{"type":"rpm","os":"fedora","osVersion":"40","name":"coreutils","version":"9.4-6.fc40","architecture":"x86_64"}') },
      { path: '/usr/bin/b', content: note('{"name":"b","version":"1"}') },
      { path: '/usr/bin/c', content: note('{"name":"c"}') },
    ]);
    expect(run.packages.map(({ type, purl }) => [type, purl])).toEqual([
      ['rpm', 'pkg:rpm/fedora/coreutils@9.4-6.fc40?distro=fedora-40'],
      ['binary', 'pkg:generic/b@1'],
    ]);
  });
});

describe('a Windows program', () => {
  const program = (strings: Record<string, string>, options = {}) =>
    pe([{ name: '.rsrc', content: Buffer.concat([Buffer.alloc(64), versionResource(strings)]) }], options);
  const found = (path: string, content: Buffer): string[] => idsOf(runCataloger(peVersion, [{ path, content }]));

  it.each([
    [
      'is called like its product',
      program({ CompanyName: 'A', FileDescription: 'Does things', ProductName: ' Simple\u00a0 Launcher ', ProductVersion: '1.1.0.14' }),
      'Simple Launcher 1.1.0.14',
    ],
    [
      'of Microsoft is called by its description',
      program({ CompanyName: 'Microsoft Corporation', FileDescription: 'Tool', ProductName: 'Windows', FileVersion: '10.0 (WinBuild)' }),
      'Tool 10.0',
    ],
    ['has the version of the file when the product has none', program({ ProductName: 'P', FileVersion: '2, 0' }), 'P 2, 0'],
    ['without strings is called like the file', pe([{ name: '.text', content: 'x' }]), 'gui-64 '],
  ])('%s', (_, content, expected) => {
    expect(found('/site-packages/gui-64.exe', content)).toEqual([expected]);
  });

  it('of .NET is none, nor is what is called otherwise', () => {
    expect(found('/app/a.dll', program({ ProductName: 'P' }, { isManaged: true }))).toEqual([]);
    expect(found('/app/a.bin', program({ ProductName: 'P' }))).toEqual([]);
  });

  it('whose strings never end, or contain themselves, has a name still', () => {
    const content = program({ ProductName: 'P', ProductVersion: '1' });
    for (let length = 0; length < content.length; length += 7) expect(() => found('/a.exe', content.subarray(0, length))).not.toThrow();
  });
});
