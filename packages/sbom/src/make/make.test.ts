import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TrustError } from '@assay/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cataloger } from './cataloger.ts';
import { fileSource, folderSource } from './folder-source.ts';
import { makeInventory } from './make.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-sbom-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, content: string): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), content);
}

/** One package for each line of each `*.list`. */
const LISTS: Cataloger = {
  name: 'list',
  finds: 'installed',
  open: () => {
    const found: { name: string; path: string }[] = [];
    return {
      wants: ({ path }) => path.endsWith('.list'),
      read: ({ path }, content) => {
        for (const name of new TextDecoder().decode(content).split('\n').filter(Boolean)) {
          if (name === 'corrupt') throw new TrustError('SBOM_UNREADABLE', 'line is corrupt');
          found.push({ name, path });
        }
      },
      packages: () =>
        found.map(({ name, path }) => ({
          purl: `pkg:generic/${name}@1`,
          type: 'other',
          name,
          version: '1',
          licenses: [],
          hashes: [],
          locations: [{ path }],
          dependsOn: ['pkg:generic/a@1', 'pkg:generic/absent@1'],
          foundBy: 'list',
        })),
    };
  },
};

describe('an inventory', () => {
  it('has each purl once, with every location, and dependencies on what is there alone', async () => {
    write('x/one.list', 'b\na\n');
    write('y.list', 'b\n');
    const { packages } = await makeInventory(folderSource(folder), { catalogers: [LISTS] });
    expect(packages.map(({ name, locations, dependsOn }) => ({ name, paths: locations.map(({ path }) => path), dependsOn }))).toEqual([
      { name: 'a', paths: ['/x/one.list'], dependsOn: [] },
      { name: 'b', paths: ['/x/one.list', '/y.list'], dependsOn: ['pkg:generic/a@1'] },
    ]);
  });

  it('names what cannot be read, and has the rest', async () => {
    write('bad.list', 'a\ncorrupt\nnever\n');
    write('good.list', 'c\n');
    const { packages, unreadable } = await makeInventory(folderSource(folder), { catalogers: [LISTS] });
    expect(packages.map(({ name }) => name)).toEqual(['a', 'c']);
    expect(unreadable).toEqual([{ path: '/bad.list', code: 'SBOM_UNREADABLE', message: 'line is corrupt' }]);
  });

  it('follows no links: a loop ends, and what lies outside is not read', async () => {
    write('a.list', 'a\n');
    symlinkSync('.', join(folder, 'loop'));
    symlinkSync('/', join(folder, 'outside'));
    symlinkSync('a.list', join(folder, 'b.list'));
    const { packages } = await makeInventory(folderSource(folder), { catalogers: [LISTS] });
    expect(packages.flatMap(({ locations }) => locations)).toEqual([{ path: '/a.list' }]);
  });

  it('is of a single file too, under its digest', async () => {
    write('a.list', 'a\n');
    const { subject, packages } = await makeInventory(fileSource(join(folder, 'a.list')), { catalogers: [LISTS] });
    expect(subject).toMatchObject({ kind: 'file', name: 'a.list', digest: 'sha256:87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7' });
    expect(packages).toHaveLength(1);
  });

  it('knows the distribution', async () => {
    write('etc/os-release', 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID=\'12\'\nID=debian\n');
    write('usr/lib/os-release', 'ID=other\n');
    const { distro } = await makeInventory(folderSource(folder), { catalogers: [] });
    expect(distro).toEqual({ id: 'debian', versionId: '12', prettyName: 'Debian GNU/Linux 12 (bookworm)' });
  });
});
