/** Databases that were damaged, or made to hurt who reads them. `runCataloger` lets every error pass that is no `TrustError`. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cataloger } from '../cataloger.ts';
import { apk } from './apk.ts';
import { dpkg } from './dpkg.ts';
import { TAG } from './rpm/header.ts';
import { rpm } from './rpm/rpm.ts';
import { bash, berkeleyDatabase, headerOf, ndbDatabase, sqliteDatabase } from './test/rpm-databases.ts';
import { idsOf, runCataloger } from './test/run-cataloger.ts';

const RPM = '/var/lib/rpm/Packages';
const HEADERS = [
  bash([TAG.epoch, [1]], [TAG.provideName, ['bash', 'sh']], [TAG.baseNames, ['sh']], [TAG.dirNames, ['/bin/']], [TAG.dirIndexes, [0]]),
  headerOf([TAG.name, 'coreutils'], [TAG.version, '9.4'], [TAG.release, '6'], [TAG.requireName, Array.from({ length: 80 }, (_, i) => `required${i}`)]),
];

const DATABASES: readonly [name: string, cataloger: Cataloger, path: string, content: Buffer][] = [
  [
    'dpkg',
    dpkg,
    '/var/lib/dpkg/status',
    Buffer.from('Package: a\nStatus: install ok installed\nVersion: 1\nDepends: b\n\nPackage: b\nVersion: 2\nSource: c (3)\n\n'),
  ],
  ['apk', apk, '/lib/apk/db/installed', Buffer.from('C:Q1H1vDBtCnuLoO2gjMZGPpPMm+E/c=\nP:a\nV:1\nL:MIT\nF:bin\nR:sh\n\nP:b\nV:2\nD:a>1\np:so:c=1\n\n')],
  ['a copyright file', dpkg, '/usr/share/doc/a/copyright', Buffer.from('Format: https://www.debian.org/doc/\n\nLicense: GPL-2+ or MIT\n')],
  ['rpm on SQLite', rpm, RPM, sqliteDatabase(HEADERS, { pageSize: 512 })],
  ['rpm on Berkeley DB', rpm, RPM, berkeleyDatabase(HEADERS)],
  ['rpm on big-endian Berkeley DB', rpm, RPM, berkeleyDatabase(HEADERS, { endian: 'BE' })],
  ['rpm on ndb', rpm, RPM, ndbDatabase(HEADERS)],
  ['a manifest of rpm', rpm, '/var/lib/rpmmanifest/container-manifest-2', Buffer.from('a\t1-2\t0\t0\tv\t1\t9\tx86_64\t1\ta.src.rpm\n')],
];

describe.each(DATABASES)('%s', (_, cataloger, path, content) => {
  const whole = idsOf(runCataloger(cataloger, [{ path, content }]));

  it('cut off anywhere, has what comes before or says that something is missing', () => {
    for (let length = 0; length < content.length; length++) {
      const run = runCataloger(cataloger, [{ path, content: content.subarray(0, length) }]);
      const found = idsOf(run);
      const isBeginning = found.every((id, i) => id === whole[i]);
      if (!isBeginning || (cataloger === rpm && found.length < whole.length && length > 0)) expect(run.reports, `${length} bytes`).not.toEqual([]);
      expect(found.length, `${length} bytes`).toBeLessThanOrEqual(whole.length);
    }
  });

  it('with any byte changed, is read to its end', () => {
    for (let at = 0; at < content.length; at++) {
      for (const mask of [0x01, 0x80]) {
        const changed = Buffer.from(content);
        changed.writeUInt8(changed.readUInt8(at) ^ mask, at);
        expect(runCataloger(cataloger, [{ path, content: changed }]).packages.length).toBeLessThanOrEqual(whole.length + 1);
      }
    }
  });

  it('with random bytes in it, is read to its end', () => {
    fc.assert(
      fc.property(fc.nat(content.length), fc.uint8Array({ maxLength: 300 }), (at, bytes) => {
        const changed = Buffer.concat([content.subarray(0, at), bytes, content.subarray(at + bytes.length)]);
        runCataloger(cataloger, [{ path, content: changed }]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a database made to hurt', () => {
  it('by slots that all lead to one large header ends with what fits into the file', () => {
    const content = ndbDatabase([bash([TAG.provideName, Array.from({ length: 1000 }, (_, i) => `lib${i}`)])]);
    for (let at = 64; at < 4096; at += 16) content.copy(content, at, 48, 64);
    const run = runCataloger(rpm, [{ path: RPM, content }]);
    expect(run.packages).toHaveLength(1);
    expect(run.reports).toEqual(['its headers are larger than the file']);
  });

  it('by overflow pages in a circle ends', () => {
    const content = berkeleyDatabase([bash([TAG.provideName, Array.from({ length: 300 }, (_, i) => `lib${i}`)])]);
    content.writeUInt32LE(2, 3 * 512 + 16);
    const run = runCataloger(rpm, [{ path: RPM, content }]);
    expect(run).toMatchObject({ packages: [], reports: ['page 2 is in two headers'] });
  });

  it('by a table whose pages are their own children ends', () => {
    const content = sqliteDatabase(
      Array.from({ length: 400 }, () => bash()),
      { pageSize: 512 },
    );
    const root = 1 * 512;
    expect(content.readUInt8(root)).toBe(5);
    content.writeUInt32BE(2, root + 8);
    expect(runCataloger(rpm, [{ path: RPM, content }]).reports).toContain('page 2 is in two places');
  });

  it('by a view that never ends is not run', () => {
    const folder = mkdtempSync(join(tmpdir(), 'assay-rpmdb-'));
    const file = join(folder, 'rpmdb.sqlite');
    const database = new DatabaseSync(file);
    database.exec("CREATE VIEW Packages AS WITH RECURSIVE r(hnum, blob) AS (SELECT 1, x'00' UNION ALL SELECT hnum + 1, x'00' FROM r) SELECT * FROM r");
    database.close();
    const content = readFileSync(file);
    rmSync(folder, { recursive: true });
    expect(runCataloger(rpm, [{ path: RPM, content }])).toMatchObject({ packages: [], reports: [expect.stringContaining('no table Packages')] });
  });

  it('by file names that share one long folder keeps as many as memory allows', () => {
    const names = Array.from({ length: 2000 }, (_, i) => `${i}`);
    const content = ndbDatabase([bash([TAG.baseNames, names], [TAG.dirNames, [`/${'x'.repeat(1_000_000)}/`]], [TAG.dirIndexes, names.map(() => 0)])]);
    const { packages, files } = runCataloger(rpm, [{ path: RPM, content }]);
    expect(packages).toHaveLength(1);
    expect(files.length).toBeLessThan(300);
  });

  it('by more files than memory allows keeps as many as it does', () => {
    const content = Buffer.alloc(16 * 1024 * 1024, '/a\n');
    expect(runCataloger(dpkg, [{ path: '/var/lib/dpkg/info/a.list', content }]).files.length).toBeLessThan(4_100_000);
  });

  it('by packages that all require each other has no dependencies, and says so', () => {
    const headers = Array.from({ length: 250 }, (_, i) =>
      headerOf([TAG.name, `p${i}`], [TAG.version, '1'], [TAG.release, '1'], [TAG.provideName, ['x']], [TAG.requireName, Array.from({ length: 20 }, () => 'x')]),
    );
    const run = runCataloger(rpm, [{ path: RPM, content: ndbDatabase(headers) }]);
    expect(run.packages.every(({ dependsOn }) => dependsOn.length === 0)).toBe(true);
    expect(run.reports).toEqual([expect.stringContaining('more dependencies than any system')]);
  });
});

it('a database that is larger than any is not read', () => {
  const content = Buffer.alloc(64 * 1024 * 1024 + 1, '\n');
  expect(runCataloger(dpkg, [{ path: '/var/lib/dpkg/status', content }]).reports).toEqual(['SBOM_LIMIT: 67108865 bytes are more than 67108864, the cap']);
});

it('a line without an end is not taken into memory as one', () => {
  const content = Buffer.concat([
    Buffer.from('Package: a\nVersion: 1\nDescription: '),
    Buffer.alloc(3_000_000, 0x61),
    Buffer.from('\n\nPackage: b\nVersion: 1\n\n'),
  ]);
  const run = runCataloger(dpkg, [{ path: '/var/lib/dpkg/status', content }]);
  expect(idsOf(run)).toEqual(['a 1', 'b 1']);
  expect(run.reports).toEqual(['line 3 has 3000013 bytes, the cap is 1048576']);
});
