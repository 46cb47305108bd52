import { describe, expect, it } from 'vitest';
import { bash, berkeleyDatabase, headerOf, ndbDatabase, sqliteDatabase, type Tag } from '../test/rpm-databases.ts';
import { FEDORA, idsOf, runCataloger } from '../test/run-cataloger.ts';
import { TAG } from './header.ts';
import { rpm } from './rpm.ts';

const PATH = '/usr/lib/sysimage/rpm/rpmdb.sqlite';

const FORMATS: readonly [name: string, write: (headers: readonly Buffer[]) => Buffer][] = [
  ['SQLite', sqliteDatabase],
  ['SQLite of small pages', (headers) => sqliteDatabase(headers, { pageSize: 512 })],
  ['SQLite of the largest pages', (headers) => sqliteDatabase(headers, { pageSize: 65536 })],
  ['Berkeley DB', berkeleyDatabase],
  ['Berkeley DB of a big-endian machine', (headers) => berkeleyDatabase(headers, { endian: 'BE' })],
  ['Berkeley DB that keeps headers inline', (headers) => berkeleyDatabase(headers, { pageSize: 16_384 })],
  ['ndb', ndbDatabase],
];

function named(name: string, ...more: readonly Tag[]): Buffer {
  return headerOf([TAG.name, name], [TAG.version, '1'], [TAG.release, '2'], [TAG.arch, 'x86_64'], ...more);
}

/** Of one package. */
function packageOf(...more: readonly Tag[]) {
  const run = runCataloger(rpm, [{ path: PATH, content: ndbDatabase([bash(...more)]) }], FEDORA);
  expect(run.reports).toEqual([]);
  return run.packages[0];
}

describe.each(FORMATS)('rpm over %s', (_, write) => {
  it('finds every package, small and large', () => {
    const large = ['some', 'more'].map((name) => named(name, [TAG.provideName, Array.from({ length: 500 }, (_one, i) => `lib${name}.so.${i}`)]));
    const run = runCataloger(rpm, [{ path: PATH, content: write([bash(), ...large, named('last')]) }]);
    expect(run.reports).toEqual([]);
    expect(idsOf(run)).toEqual(['bash 5.2.26-3.fc40', 'some 1-2', 'more 1-2', 'last 1-2']);
  });

  it('finds none in a new database', () => {
    expect(runCataloger(rpm, [{ path: PATH, content: write([]) }])).toMatchObject({ packages: [], reports: [] });
  });

  it('names a header that is broken, and has the rest', () => {
    const cut = Buffer.concat([named('cut').subarray(0, 60), Buffer.alloc(2)]);
    const run = runCataloger(rpm, [{ path: PATH, content: write([named('a'), headerOf([TAG.version, '1']), cut, named('b')]) }]);
    expect(idsOf(run)).toEqual(['a 1-2', 'b 1-2']);
    expect(run.reports).toEqual(['a header is cut off', 'a header has no name, version or release']);
  });
});

it('reads a table of many pages, and of pages that lead to pages', () => {
  const names = Array.from({ length: 3000 }, (_, i) => `package-${i}`);
  const run = runCataloger(rpm, [
    {
      path: PATH,
      content: sqliteDatabase(
        names.map((name) => named(name)),
        { pageSize: 512 },
      ),
    },
  ]);
  expect(run.reports).toEqual([]);
  expect(run.packages.map(({ name }) => name)).toEqual(names);
});

it.each([
  '/var/lib/rpm/Packages',
  '/var/lib/rpm/Packages.db',
  '/var/lib/rpm/rpmdb.sqlite',
  '/usr/lib/sysimage/rpm/Packages.db',
  '/usr/share/rpm/rpmdb.sqlite',
  '/srv/root/var/lib/rpm/rpmdb.sqlite',
])('reads %s in whichever format it is', (path) => {
  for (const [, write] of FORMATS) expect(idsOf(runCataloger(rpm, [{ path, content: write([bash()]) }]))).toEqual(['bash 5.2.26-3.fc40']);
});

describe('a package of rpm', () => {
  it('has its licence, vendor, hashes, source and epoch', () => {
    const found = packageOf(
      [TAG.epoch, [2]],
      [TAG.license, 'GPL-3.0-or-later'],
      [TAG.vendor, 'Fedora Project'],
      [TAG.sourceRpm, 'bash-5.2.26-3.fc40.src.rpm'],
      [TAG.sigMd5, Buffer.alloc(16, 0xab)],
      [TAG.sha1Header, 'c'.repeat(40)],
      [TAG.sha256Header, 'd'.repeat(64)],
    );
    expect(found).toEqual({
      purl: 'pkg:rpm/fedora/bash@5.2.26-3.fc40?arch=x86_64&distro=fedora-40&epoch=2&upstream=bash-5.2.26-3.fc40.src.rpm',
      type: 'rpm',
      name: 'bash',
      version: '2:5.2.26-3.fc40',
      licenses: ['GPL-3.0-or-later'],
      hashes: [
        { algorithm: 'MD5', value: 'ab'.repeat(16) },
        { algorithm: 'SHA-1', value: 'c'.repeat(40) },
        { algorithm: 'SHA-256', value: 'd'.repeat(64) },
      ],
      locations: [{ path: PATH }],
      dependsOn: [],
      supplier: 'Fedora Project',
      foundBy: 'rpm-db',
    });
  });

  it('has an epoch of 0 when it says so, and none when it does not', () => {
    expect(packageOf([TAG.epoch, [0]])).toMatchObject({ version: '0:5.2.26-3.fc40', purl: expect.stringContaining('&epoch=0') });
    expect(packageOf()).toMatchObject({ version: '5.2.26-3.fc40', purl: expect.not.stringContaining('epoch') });
  });

  it('may be a key, which is of no architecture and from no source', () => {
    const key = headerOf([TAG.name, 'gpg-pubkey'], [TAG.version, 'fd431d51'], [TAG.release, '4ae0493b'], [TAG.license, 'pubkey'], [TAG.sourceRpm, '(none)']);
    const { packages } = runCataloger(rpm, [{ path: PATH, content: ndbDatabase([key]) }], FEDORA);
    expect(packages).toMatchObject([{ purl: 'pkg:rpm/fedora/gpg-pubkey@fd431d51-4ae0493b?distro=fedora-40', licenses: ['pubkey'] }]);
  });

  it.each<[id: string, vendor: string]>([
    ['rhel', 'redhat'],
    ['opensuse-leap', 'opensuse'],
    ['sles', 'sles'],
  ])('of %s is of the vendor %s', (id, vendor) => {
    const { packages } = runCataloger(rpm, [{ path: PATH, content: ndbDatabase([bash()]) }], { id, versionId: '1', prettyName: '' });
    expect(packages[0]?.purl).toBe(`pkg:rpm/${vendor}/bash@5.2.26-3.fc40?arch=x86_64&distro=${id}-1`);
  });

  it('has the later of two values, which is what the installation added', () => {
    expect(packageOf([TAG.license, 'old'], [TAG.license, 'new'])).toMatchObject({ licenses: ['new'] });
  });

  it('depends on those that provide a name or own a file that it requires', () => {
    const content = ndbDatabase([
      named('app', [TAG.requireName, ['libc.so.6()(64bit)', '/usr/bin/sh', 'rpmlib(PayloadIsZstd)', '(foo if bar)', '/absent']]),
      named('glibc', [TAG.provideName, ['glibc', 'libc.so.6()(64bit)']]),
      bash([TAG.baseNames, ['bash', 'sh', 'os']], [TAG.dirNames, ['/usr/bin/', '/etc/']], [TAG.dirIndexes, [0, 0, 1]]),
    ]);
    const { packages, files } = runCataloger(rpm, [{ path: `/srv${PATH}`, content }]);
    expect(packages.map(({ dependsOn }) => dependsOn.map((purl) => packages.find((one) => one.purl === purl)?.name))).toEqual([['glibc', 'bash'], [], []]);
    expect(files).toEqual(['/srv/usr/bin/bash', '/srv/usr/bin/sh', '/srv/etc/os']);
  });
});

it('reads the manifest of images without rpm', () => {
  const line = (...fields: readonly string[]): string => `${fields.join('\t')}\n`;
  const content = [
    line('glibc', '2.35-7.cm2', '1701', '1700', 'Microsoft Corporation', '(none)', '1000', 'x86_64', '0', 'glibc-2.35-7.cm2.src.rpm'),
    line('openssl', '1.1.1k-28.cm2', '1701', '1700', 'Microsoft Corporation', '1', '1000', 'x86_64', '1', 'openssl-1.1.1k-28.cm2.src.rpm'),
    'no line of a package\n',
  ].join('');
  const run = runCataloger(rpm, [{ path: '/var/lib/rpmmanifest/container-manifest-2', content }], { id: 'mariner', versionId: '2.0', prettyName: '' });
  expect(run.packages.map(({ purl, version, supplier }) => [purl, version, supplier])).toEqual([
    ['pkg:rpm/mariner/glibc@2.35-7.cm2?arch=x86_64&distro=mariner-2.0&upstream=glibc-2.35-7.cm2.src.rpm', '2.35-7.cm2', 'Microsoft Corporation'],
    [
      'pkg:rpm/mariner/openssl@1.1.1k-28.cm2?arch=x86_64&distro=mariner-2.0&epoch=1&upstream=openssl-1.1.1k-28.cm2.src.rpm',
      '1:1.1.1k-28.cm2',
      'Microsoft Corporation',
    ],
  ]);
  expect(run.reports).toEqual(['is no line of a package: no line of a package']);
});
