import { describe, expect, it } from 'vitest';
import { apk } from './apk.ts';
import { ALPINE, idsOf, runCataloger } from './test/run-cataloger.ts';

const INSTALLED = '/lib/apk/db/installed';

const MUSL = `C:Q1H1vDBtCnuLoO2gjMZGPpPMm+E/c=
P:musl
V:1.2.5-r0
A:x86_64
S:407278
I:667648
T:the musl c library (libc) implementation
U:https://musl.libc.org/
L:MIT
o:musl
m:Timo Teräs <timo.teras@iki.fi>
t:1711533325
c:fb0c1ebb2d2a4d4ba9d5a4d1ab2a7b3d9ba8e8a1
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1pN7bYTp9lmvHxmh9Zj0zmZ4lJ5E=
`;
const BUSYBOX = `P:busybox
V:1.36.1-r29
A:x86_64
L:GPL-2.0-only
o:busybox
D:so:libc.musl-x86_64.so.1
p:cmd:busybox=1.36.1-r29
F:bin
R:busybox
`;
const BINSH = `P:busybox-binsh
V:1.36.1-r29
A:x86_64
L:GPL-2.0-only
o:busybox
D:busybox=1.36.1-r29 !dash-binsh musl>=1.2 absent~3
p:/bin/sh cmd:sh=1.36.1-r29
`;

function database(...packages: readonly string[]): string {
  return packages.map((one) => `${one}\n`).join('');
}

describe('apk', () => {
  it('finds a package with its checksum, licence and supplier', () => {
    const { packages, reports } = runCataloger(apk, [{ path: INSTALLED, content: database(MUSL) }], ALPINE);
    expect(reports).toEqual([]);
    expect(packages).toEqual([
      {
        purl: 'pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20.3',
        type: 'apk',
        name: 'musl',
        version: '1.2.5-r0',
        licenses: ['MIT'],
        hashes: [{ algorithm: 'SHA-1', value: '1f5bc306d0a7b8ba0eda08cc6463e93cc9be13f7' }],
        locations: [{ path: INSTALLED }],
        dependsOn: [],
        supplier: 'Timo Teräs <timo.teras@iki.fi>',
        foundBy: 'apk-db',
      },
    ]);
  });

  it('names the origin of a package that has another', () => {
    const { packages } = runCataloger(apk, [{ path: INSTALLED, content: database(BINSH) }], ALPINE);
    expect(packages.map(({ purl }) => purl)).toEqual(['pkg:apk/alpine/busybox-binsh@1.36.1-r29?arch=x86_64&distro=alpine-3.20.3&upstream=busybox']);
  });

  it('resolves what a package requires: names, libraries and paths, but no conflicts', () => {
    const user = 'P:user\nV:1\nA:x86_64\nD:/bin/sh cmd:sh\n';
    const { packages } = runCataloger(apk, [{ path: INSTALLED, content: database(MUSL, BUSYBOX, BINSH, user, 'P:dash-binsh\nV:1\n') }]);
    const nameOf = new Map(packages.map((one) => [one.purl, one.name]));
    expect(packages.map(({ name, dependsOn }) => [name, dependsOn.map((purl) => nameOf.get(purl))])).toEqual([
      ['musl', []],
      ['busybox', ['musl']],
      ['busybox-binsh', ['busybox', 'musl']],
      ['user', ['busybox-binsh']],
      ['dash-binsh', []],
    ]);
  });

  it.each<[text: string, licenses: readonly string[]]>([
    ['MIT AND (GPL-2.0-or-later OR BSD-3-Clause)', ['MIT AND (GPL-2.0-or-later OR BSD-3-Clause)']],
    ['GPL2+ LGPL2.1 custom', ['GPL2+', 'LGPL2.1', 'custom']],
    ['', []],
  ])('reads the licence "%s"', (text, licenses) => {
    expect(runCataloger(apk, [{ path: INSTALLED, content: `P:a\nV:1\nL:${text}\n\n` }]).packages).toMatchObject([{ licenses }]);
  });

  it.each(['/lib/apk/db/installed', '/usr/lib/apk/db/installed', '/srv/root/lib/apk/db/installed'])('reads %s', (path) => {
    expect(idsOf(runCataloger(apk, [{ path, content: database(BUSYBOX) }]))).toEqual(['busybox 1.36.1-r29']);
  });

  it('knows the files that packages own', () => {
    const files = [
      { path: INSTALLED, content: database(MUSL, 'P:top\nV:1\nF:\nR:file\n') },
      { path: '/srv/usr/lib/apk/db/installed', content: database(BUSYBOX) },
    ];
    expect(runCataloger(apk, files).files).toEqual(['/lib/ld-musl-x86_64.so.1', '/file', '/srv/bin/busybox']);
  });

  it.each<[name: string, content: string, found: readonly string[], report: RegExp]>([
    ['a package without a name', 'V:1\n\nP:b\nV:2\n\n', ['b 2'], /before line 2 has no name/],
    ['a package without a version', 'P:a\n\nP:b\nV:2\n\n', ['a ', 'b 2'], /before line 2 has no version of a/],
    ['a line that is no field', 'P:a\ngarbage\u202e\nV:1\n\n', ['a 1'], /line 2 is no field: garbage\\u202e$/],
    ['a last line that was cut off', 'P:a\nV:1', ['a 1'], /ends within a line/],
  ])('names %s, and has the rest', (_, content, found, report) => {
    const run = runCataloger(apk, [{ path: INSTALLED, content }]);
    expect(idsOf(run)).toEqual(found);
    expect(run.reports).toEqual([expect.stringMatching(report)]);
  });
});
