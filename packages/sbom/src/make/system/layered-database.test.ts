/** Which layer brought a package, told through the catalogers that ask. */
import { describe, expect, it } from 'vitest';
import { apk } from './apk.ts';
import { dpkg } from './dpkg.ts';
import { rpm } from './rpm/rpm.ts';
import { bash, ndbDatabase, sqliteDatabase } from './test/rpm-databases.ts';
import { runCataloger, type TestFile } from './test/run-cataloger.ts';

const STATUS = '/var/lib/dpkg/status';

function status(...packages: readonly string[]): string {
  return packages
    .map((one) => `Package: ${one.split('=')[0]}\nVersion: ${one.split('=')[1] ?? '1'}\nArchitecture: ${one.split('=')[2] ?? 'amd64'}\n\n`)
    .join('');
}

/** @param layers the databases of one path, from the top layer down: `3`, `2`, `1` */
function layersOf(...layers: readonly string[]): Record<string, string | undefined> {
  const files = layers.map((content, i): TestFile => ({ path: STATUS, content, layer: `${layers.length - i}`, ...(i > 0 && { isHidden: true }) }));
  return Object.fromEntries(runCataloger(dpkg, files).packages.map(({ name, locations }) => [name, locations[0]?.layer]));
}

describe('the layer of a package', () => {
  it('is the lowest whose database lists it', () => {
    expect(layersOf(status('base', 'app', 'new'), status('base', 'app'), status('base'))).toEqual({ base: '1', app: '2', new: '3' });
  });

  it('is the one that upgraded it', () => {
    expect(layersOf(status('a=2', 'b'), status('a=1', 'b'))).toEqual({ a: '2', b: '1' });
  });

  it('is the one that installed it again after it was removed', () => {
    expect(layersOf(status('a'), status('b'), status('a'))).toEqual({ a: '3' });
  });

  it('tells architectures apart', () => {
    expect(layersOf(status('a=1=amd64'), status('a=1=i386'))).toEqual({ a: '2' });
  });

  it('says nothing of packages that the top database does not list', () => {
    expect(layersOf(status('a'), status('a', 'removed'))).toEqual({ a: '1' });
  });

  it('is not told by a database that cannot be read', () => {
    const databases: TestFile[] = [
      { path: '/var/lib/rpm/rpmdb.sqlite', content: sqliteDatabase([bash()]), layer: '3' },
      { path: '/var/lib/rpm/rpmdb.sqlite', content: 'garbage', layer: '2', isHidden: true },
      { path: '/var/lib/rpm/rpmdb.sqlite', content: ndbDatabase([bash()]), layer: '1', isHidden: true },
    ];
    const { packages, reports } = runCataloger(rpm, databases);
    expect(packages.map(({ locations }) => locations)).toEqual([[{ path: '/var/lib/rpm/rpmdb.sqlite', layer: '1' }]]);
    expect(reports).toEqual([expect.stringMatching(/^SBOM_UNREADABLE: is no database of rpm/)]);
  });

  it('is that of each file where every package has its own', () => {
    const files: TestFile[] = [
      { path: '/var/lib/dpkg/status.d/a', content: status('a'), layer: '2' },
      { path: '/var/lib/dpkg/status.d/b', content: status('b'), layer: '1' },
      { path: '/var/lib/dpkg/status.d/a', content: status('a=0'), layer: '1', isHidden: true },
    ];
    expect(runCataloger(dpkg, files).packages.map(({ name, version, locations }) => [name, version, locations[0]?.layer])).toEqual([
      ['a', '1', '2'],
      ['b', '1', '1'],
    ]);
  });
});

describe('a database that a layer above removed', () => {
  it.each([
    [dpkg, STATUS, status('a')],
    [apk, '/lib/apk/db/installed', 'P:a\nV:1\n\n'],
    [rpm, '/usr/lib/sysimage/rpm/Packages.db', ndbDatabase([bash()])],
  ] as const)('of $name is not of the image', (cataloger, path, content) => {
    expect(runCataloger(cataloger, [{ path, content, layer: '1', isHidden: true }])).toMatchObject({ packages: [], reports: [] });
  });
});
