import { describe, expect, it } from 'vitest';
import { packageOf, SAMPLE } from '../../test/inventories.ts';
import { type Inventory, mergePackages, type Package } from '../inventory.ts';
import { diffInventories, isSame } from './diff.ts';

const inventory = (...packages: Package[]): Inventory => ({ ...SAMPLE, packages: mergePackages(packages) });
const npm = (name: string, version: string, ...licenses: string[]): Package => packageOf(`pkg:npm/${name}@${version}`, { licenses });
const purls = (packages: readonly Package[]): string[] => packages.map(({ purl }) => purl);

describe('between two inventories', () => {
  it('nothing differs when they are the same, wherever the packages lie', () => {
    const diff = diffInventories(SAMPLE, {
      ...SAMPLE,
      packages: SAMPLE.packages.map((one) => ({ ...one, locations: [{ path: '/elsewhere' }], foundBy: 'other' })),
    });
    expect(diff).toEqual({ added: [], removed: [], changed: [], relicensed: [] });
    expect(isSame(diff)).toBe(true);
  });

  it('packages come, go and change', () => {
    const diff = diffInventories(inventory(npm('a', '1.0.0'), npm('gone', '1.0.0')), inventory(npm('a', '1.1.0'), npm('new', '1.0.0')));
    expect(purls(diff.added)).toEqual(['pkg:npm/new@1.0.0']);
    expect(purls(diff.removed)).toEqual(['pkg:npm/gone@1.0.0']);
    expect(diff.changed.map(({ before, after, to }) => [before.version, after.version, to])).toEqual([['1.0.0', '1.1.0', 'newer']]);
    expect(isSame(diff)).toBe(false);
  });

  it('a version may be older, by the rules of its ecosystem', () => {
    const deb = (version: string) => packageOf(`pkg:deb/debian/curl@${version}`, { type: 'deb' });
    expect(diffInventories(inventory(deb('8.0-1')), inventory(deb('8.0~rc1-1'))).changed).toMatchObject([{ to: 'older' }]);
    expect(diffInventories(inventory(npm('a', '1.9.0')), inventory(npm('a', '1.10.0'))).changed).toMatchObject([{ to: 'newer' }]);
  });

  it('of several versions those that both have cancel out', () => {
    const diff = diffInventories(inventory(npm('a', '1.0.0'), npm('a', '2.0.0')), inventory(npm('a', '2.0.0'), npm('a', '3.0.0'), npm('a', '4.0.0')));
    expect([purls(diff.removed), purls(diff.added), diff.changed]).toEqual([['pkg:npm/a@1.0.0'], ['pkg:npm/a@3.0.0', 'pkg:npm/a@4.0.0'], []]);
  });

  it('the same name of another kind, and of another group, is another package', () => {
    const java = (group: string) => packageOf(`pkg:maven/${group}/core@1`, { type: 'java-archive' });
    expect(diffInventories(inventory(npm('x', '1')), inventory(packageOf('pkg:pypi/x@1', { type: 'python' }))).added).toHaveLength(1);
    expect(diffInventories(inventory(java('org.a')), inventory(java('org.b'))).removed).toHaveLength(1);
  });

  it('licences change, with the version or without', () => {
    const diff = diffInventories(inventory(npm('a', '1.0.0', 'MIT'), npm('b', '1.0.0', 'MIT')), inventory(npm('a', '1.0.0', 'BUSL-1.1'), npm('b', '2.0.0')));
    expect(diff.relicensed).toMatchObject([{ package: { name: 'a' }, licenses: { before: ['MIT'], after: ['BUSL-1.1'] } }]);
    expect(diff.changed).toMatchObject([{ before: { name: 'b' }, licenses: { before: ['MIT'], after: [] } }]);
  });

  it('licences in another order, or as one expression, are the same', () => {
    expect(isSame(diffInventories(inventory(npm('a', '1', 'MIT', 'ISC')), inventory(npm('a', '1', 'ISC AND MIT'))))).toBe(true);
  });
});
