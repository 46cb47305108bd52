import { describe, expect, it } from 'vitest';
import { dpkg } from './dpkg.ts';
import { DEBIAN, idsOf, runCataloger } from './test/run-cataloger.ts';

const STATUS = '/var/lib/dpkg/status';

const LIBC6 = `Package: libc6
Status: install ok installed
Priority: optional
Maintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.36-9+deb12u9
Provides: libc6-virtual (= 2.36)
Depends: libgcc-s1, libcrypt1 (>= 1:4.4.10-10~)
Conffiles:
 /etc/ld.so.conf.d/x86_64-linux-gnu.conf d4e7a7b88a71b5ffd9e2644e71a0cfab
Description: GNU C Library: Shared libraries
 Contains the standard libraries
 that are used by nearly all programs.
`;

function status(...stanzas: readonly string[]): string {
  return stanzas.map((stanza) => `${stanza}\n`).join('');
}

function stanza(name: string, more = ''): string {
  return `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\n${more}`;
}

describe('dpkg', () => {
  it('finds a package with its source, supplier and place', () => {
    const { packages, reports } = runCataloger(dpkg, [{ path: STATUS, content: status(LIBC6) }], DEBIAN);
    expect(reports).toEqual([]);
    expect(packages).toEqual([
      {
        purl: 'pkg:deb/debian/libc6@2.36-9%2Bdeb12u9?arch=amd64&distro=debian-12&upstream=glibc',
        type: 'deb',
        name: 'libc6',
        version: '2.36-9+deb12u9',
        licenses: [],
        hashes: [],
        locations: [{ path: STATUS }],
        dependsOn: [],
        supplier: 'GNU Libc Maintainers <debian-glibc@lists.debian.org>',
        foundBy: 'dpkg-db',
      },
    ]);
  });

  it.each<[name: string, more: string, purl: string]>([
    ['names no source that is its own', '', 'pkg:deb/debian/a@1.0?arch=amd64&distro=debian-12'],
    ['names the version of a source that has another', 'Source: b (2:1-1)\n', 'pkg:deb/debian/a@1.0?arch=amd64&distro=debian-12&upstream=b%402:1-1'],
  ])('%s', (_, more, purl) => {
    const { packages } = runCataloger(dpkg, [{ path: STATUS, content: status(stanza('a', more)) }], DEBIAN);
    expect(packages.map((one) => one.purl)).toEqual([purl]);
  });

  it('names no vendor when nobody knows the distribution', () => {
    const { packages } = runCataloger(dpkg, [{ path: STATUS, content: status(stanza('a')) }]);
    expect(packages.map(({ purl }) => purl)).toEqual(['pkg:deb/a@1.0?arch=amd64']);
  });

  it.each<[state: string, isThere: boolean]>([
    ['install ok installed', true],
    ['hold ok installed', true],
    ['deinstall ok installed', true],
    ['install ok half-configured', true],
    ['install ok triggers-pending', true],
    ['deinstall ok config-files', false],
    ['unknown ok not-installed', false],
  ])('the state "%s" means that the package is there: %s', (state, isThere) => {
    const content = status(`Package: a\nStatus: ${state}\nVersion: 1\n`);
    expect(runCataloger(dpkg, [{ path: STATUS, content }]).packages).toHaveLength(isThere ? 1 : 0);
  });

  it.each<[name: string, path: string, found: readonly string[]]>([
    ['one file for each package, in images without dpkg', '/var/lib/dpkg/status.d/base-files', ['a 1']],
    ['the database of a root within another', '/srv/root/var/lib/dpkg/status', ['a 1']],
    ['the database of opkg', '/usr/lib/opkg/status', ['a 1']],
    ['a control file of opkg', '/usr/lib/opkg/info/a.control', ['a 1']],
    ['no older copy of the database', '/var/lib/dpkg/status-old', []],
    ['no other file of the name', '/srv/status', []],
  ])('reads %s', (_, path, found) => {
    expect(idsOf(runCataloger(dpkg, [{ path, content: 'Package: a\nVersion: 1\n' }]))).toEqual(found);
  });

  it('writes package URLs of opkg for what opkg installed', () => {
    const { packages } = runCataloger(dpkg, [{ path: '/usr/lib/opkg/status', content: 'Package: a\nVersion: 1\nLicense: GPL-2.0 MIT\n' }]);
    expect(packages).toMatchObject([{ purl: 'pkg:opkg/a@1', type: 'deb', licenses: ['GPL-2.0', 'MIT'] }]);
  });

  describe('dependencies', () => {
    function dependenciesOf(name: string, ...stanzas: readonly string[]): string[] {
      const { packages } = runCataloger(dpkg, [{ path: STATUS, content: status(...stanzas) }]);
      const nameOf = new Map(packages.map((one) => [one.purl, `${one.name} ${/arch=(\w+)/.exec(one.purl)?.[1]}`]));
      return packages.filter((one) => one.name === name).flatMap(({ dependsOn }) => dependsOn.map((purl) => nameOf.get(purl) ?? purl));
    }

    it('are what is required before unpacking and to run, without versions and architectures', () => {
      const a = stanza('a', 'Pre-Depends: b (>= 1.0)\nDepends: c:any, d [linux-any],\n e <!nocheck>, absent\n');
      expect(dependenciesOf('a', a, ...['b', 'c', 'd', 'e', 'f'].map((name) => stanza(name)))).toEqual(['b amd64', 'c amd64', 'd amd64', 'e amd64']);
    });

    it('are all alternatives that are installed, and who provides a virtual package', () => {
      const a = stanza('a', 'Depends: exim | postfix | mail-agent, absent | b\n');
      expect(dependenciesOf('a', a, stanza('postfix'), stanza('x', 'Provides: y, mail-agent (= 1)\n'), stanza('b'))).toEqual([
        'postfix amd64',
        'x amd64',
        'b amd64',
      ]);
    });

    it('are of the same architecture where there are several', () => {
      const foreign = (text: string): string => text.replace('amd64', 'i386');
      const libc = [stanza('libc6'), foreign(stanza('libc6'))];
      expect(dependenciesOf('a', stanza('a', 'Depends: libc6\n'), ...libc)).toEqual(['libc6 amd64']);
      expect(dependenciesOf('b', foreign(stanza('b', 'Depends: libc6\n')), ...libc)).toEqual(['libc6 i386']);
    });

    it('reach over the files of an image without dpkg', () => {
      const files = [
        { path: '/var/lib/dpkg/status.d/a', content: 'Package: a\nVersion: 1\nDepends: b\n' },
        { path: '/var/lib/dpkg/status.d/b', content: 'Package: b\nVersion: 2\n' },
        { path: '/other/var/lib/dpkg/status.d/b', content: 'Package: b\nVersion: 3\n' },
      ];
      expect(runCataloger(dpkg, files).packages[0]?.dependsOn).toEqual(['pkg:deb/b@2']);
    });
  });

  describe('licences', () => {
    const copyright = (name: string, license: string, root = '') => ({
      path: `${root}/usr/share/doc/${name}/copyright`,
      content: `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: ${license}\n`,
    });

    it('come from the file of the same root, whichever file comes first', () => {
      const files = [copyright('a', 'Expat'), { path: STATUS, content: status(stanza('a')) }, copyright('a', 'GPL-2', '/other')];
      expect(runCataloger(dpkg, files).packages).toMatchObject([{ licenses: ['MIT'] }]);
    });

    it('are those of the package of one source that a folder links to', () => {
      const content = status(stanza('liba', 'Source: a\nDepends: b, a-base\n'), stanza('b'), stanza('a-base', 'Source: a\n'));
      const { packages } = runCataloger(dpkg, [{ path: STATUS, content }, copyright('a-base', 'ISC'), copyright('b', 'Zlib')]);
      expect(packages.map(({ name, licenses }) => [name, licenses])).toEqual([
        ['liba', ['ISC']],
        ['b', ['Zlib']],
        ['a-base', ['ISC']],
      ]);
    });
  });

  it('knows the files that packages own', () => {
    const { files } = runCataloger(dpkg, [
      { path: '/var/lib/dpkg/info/a.list', content: '/.\n/usr/bin/a\n' },
      { path: '/root2/var/lib/dpkg/status.d/b.md5sums', content: `${'0'.repeat(32)}  usr/bin/b\n` },
      { path: '/usr/lib/opkg/info/c.list', content: '/bin/c\t0100755\n' },
    ]);
    expect(files).toEqual(['/.', '/usr/bin/a', '/root2/usr/bin/b', '/bin/c']);
  });

  describe('a damaged database', () => {
    it.each<[name: string, content: string, found: readonly string[], report: RegExp]>([
      ['a stanza without a package', 'Version: 1\n\nPackage: b\nVersion: 2\n\n', ['b 2'], /line 1 names no package/],
      ['a line that is no field', 'Package: a\nVersion: 1\n\u0001\u0002\u0003\n\n', ['a 1'], /line 3 is no field: \\u0001/],
      ['a package without a version', 'Package: a\n\nPackage: b\nVersion: 2\n\n', ['a ', 'b 2'], /line 1 has no version of a/],
      ['two stanzas that ran together', 'Package: a\nVersion: 1\nPackage: b\nVersion: 2\n\n', ['a 1', 'b 2'], /line 3 has a field a second time/],
      ['a value without a field', ' usr\n\nPackage: b\nVersion: 2\n\n', ['b 2'], /line 1 is no field/],
      ['a name of two words', 'Package: a b\nVersion: 1\n\nPackage: b\nVersion: 2\n\n', ['b 2'], /line 1 names no package/],
      ['bytes that are no text', 'Package: a\uFFFD\nVersion: 1\n\nPackage: b\nVersion: 2\n\n', ['b 2'], /line 1 names no package/],
      ['a last line that was cut off', 'Package: b\nVersion: 2', ['b 2'], /ends within a line/],
    ])('names %s, and has the rest', (_, content, found, report) => {
      const run = runCataloger(dpkg, [{ path: STATUS, content }]);
      expect(idsOf(run)).toEqual(found);
      expect(run.reports).toEqual([expect.stringMatching(report)]);
    });

    it('names 20 broken parts, and how many there are', () => {
      const { reports } = runCataloger(dpkg, [{ path: STATUS, content: `${'garbage\n'.repeat(100)}\nPackage: a\nVersion: 1\n\n` }]);
      expect(reports).toHaveLength(21);
      expect(reports.at(-1)).toBe('80 more parts of it cannot be read');
    });

    it('is left alone when it is garbage', () => {
      const run = runCataloger(dpkg, [{ path: STATUS, content: `Package: a\nVersion: 1\n\n${'garbage\n'.repeat(100_000)}\nPackage: b\nVersion: 1\n\n` }]);
      expect(idsOf(run)).toEqual(['a 1']);
      expect(run.reports.at(-1)).toBe('1000 parts of it cannot be read: the rest was not tried');
    });
  });
});
