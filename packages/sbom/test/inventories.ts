/** Inventories for tests: one with everything, and any. */
import fc from 'fast-check';
import { type Hash, type HashAlgorithm, type Inventory, mergePackages, type Package, type PackageType } from '../src/index.ts';

export const DIGEST = `sha256:${'a1'.repeat(32)}`;
export const LAYER = `sha256:${'b2'.repeat(32)}`;

export function packageOf(purl: string, more: Partial<Package> = {}): Package {
  const [, name = '', version = ''] = /([^/@]+)(?:@([^?]+))?(?:\?.*)?$/.exec(purl) ?? [];
  const base = { purl, type: 'npm', name, version, licenses: [], hashes: [], locations: [{ path: `/app/${name}` }], dependsOn: [], foundBy: 'test' } as const;
  return { ...base, ...more };
}

/** An image of which one layer is broken, with packages of several kinds. */
export const SAMPLE: Inventory = {
  subject: { kind: 'image', name: 'registry.example/team/app', version: '1.2.3', digest: DIGEST, created: '2024-05-06T07:08:09.000Z' },
  distro: { id: 'debian', versionId: '12', prettyName: 'Debian GNU/Linux 12 (bookworm)' },
  packages: mergePackages([
    packageOf('pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-12', {
      type: 'deb',
      name: 'libc6',
      version: '2.36-9+deb12u14',
      licenses: ['GPL-2+', 'LGPL-2.1-only', 'public domain, mostly'],
      locations: [
        { path: '/var/lib/dpkg/status', layer: LAYER },
        { path: '/usr/share/doc/libc6/copyright', layer: LAYER },
      ],
      supplier: 'Aurel Person <aurel@example.org>',
    }),
    packageOf('pkg:npm/%40scope/lib@1.0.0', { name: '@scope/lib', licenses: ['(MIT OR Apache-2.0)'], dependsOn: ['pkg:npm/left@2.0.0'] }),
    packageOf('pkg:npm/left@2.0.0', { licenses: ['MIT', 'ISC AND (BSD-2-Clause OR Zlib)'], dependsOn: ['pkg:npm/%40scope/lib@1.0.0'] }),
    packageOf('pkg:maven/org.example/core@1.0', {
      type: 'java-archive',
      licenses: ['Apache-2.0'],
      hashes: [
        { algorithm: 'SHA-1', value: 'c3'.repeat(20) },
        { algorithm: 'SHA-1', value: 'd4'.repeat(20) },
        { algorithm: 'SHA-512', value: 'e5'.repeat(64) },
      ],
    }),
    packageOf('pkg:generic/tool', { type: 'binary' }),
  ]),
  unreadable: [
    { path: '/var/lib/rpm/rpmdb.sqlite', layer: LAYER, code: 'SBOM_UNREADABLE', message: 'page 3 is cut off' },
    { path: '/srv/app.jar', code: 'SBOM_LIMIT', message: '2 bytes are more than 1, the cap' },
  ],
};

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((one) => !/\p{Cs}/u.test(one) && one.trim() !== '');
const word = fc.stringMatching(/^[a-z][a-z0-9.-]{0,10}$/);
const license = fc.oneof(fc.constantFrom('MIT', 'GPL-2.0-or-later WITH Classpath-exception-2.0', 'MIT OR Apache-2.0', 'Apache-2.0+', 'LicenseRef-x'), text);
const LENGTHS: Readonly<Record<HashAlgorithm, number>> = { MD5: 32, 'SHA-1': 40, 'SHA-256': 64, 'SHA-512': 128 };
const hash = fc.constantFrom<HashAlgorithm>('MD5', 'SHA-1', 'SHA-256', 'SHA-512').chain((algorithm): fc.Arbitrary<Hash> => {
  const length = LENGTHS[algorithm];
  return fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length }).map((value) => ({ algorithm, value }));
});
const location = fc.record({ path: text.map((one) => `/${one}`), layer: fc.constant(LAYER) }, { requiredKeys: ['path'] });
const PURLS: readonly (readonly [PackageType, string])[] = [
  ['npm', 'pkg:npm/'],
  ['deb', 'pkg:deb/debian/'],
  ['go-module', 'pkg:golang/example.org/'],
  ['java-archive', 'pkg:maven/org.example/'],
  ['binary', 'pkg:generic/'],
  ['other', 'pkg:generic/'],
];
const anyPackage: fc.Arbitrary<Package> = fc
  .record(
    {
      of: fc.constantFrom(...PURLS),
      id: word,
      version: fc.oneof(word, fc.constant('')),
      name: text,
      licenses: fc.uniqueArray(license, { maxLength: 3 }),
      hashes: fc.uniqueArray(hash, { maxLength: 3, selector: ({ value }) => value }),
      locations: fc.uniqueArray(location, { minLength: 1, maxLength: 3, selector: (one) => JSON.stringify(one) }),
      supplier: fc.oneof(
        word,
        fc.tuple(word, word).map(([name, host]) => `${name} <x@${host}>`),
      ),
      foundBy: word,
    },
    { requiredKeys: ['of', 'id', 'version', 'name', 'licenses', 'hashes', 'locations', 'foundBy'] },
  )
  .map(({ of: [type, prefix], id, ...rest }) => ({ ...rest, type, purl: `${prefix}${id}${rest.version === '' ? '' : `@${rest.version}`}`, dependsOn: [] }));

/** Any that could be made. */
export const anyInventory: fc.Arbitrary<Inventory> = fc
  .record({
    kind: fc.constantFrom('image' as const, 'folder' as const, 'file' as const),
    name: word,
    version: fc.oneof(word, fc.constant('')),
    digest: fc.constantFrom(DIGEST, undefined),
    created: fc.constantFrom('2024-05-06T07:08:09.000Z', undefined),
    packages: fc.uniqueArray(anyPackage, { maxLength: 8, selector: ({ purl }) => purl }),
    edges: fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 12 }),
    isSystem: fc.boolean(),
    broken: fc.array(location, { maxLength: 2 }),
  })
  .map(({ packages, edges, isSystem, broken, kind, name, version, digest, created }) => ({
    subject: { kind, name, version, digest, created },
    distro: isSystem ? { id: 'alpine', versionId: '3.22', prettyName: 'Alpine Linux' } : undefined,
    packages: mergePackages(packages.map((one, i) => ({ ...one, dependsOn: edges.flatMap(([from, to]) => (from === i ? (packages[to]?.purl ?? []) : [])) }))),
    unreadable: broken.map((one) => ({ ...one, code: 'SBOM_UNREADABLE' as const, message: 'broken' })),
  }));
