/** What inventories, pins, findings, locks, kits and releases are read from. Nothing in a stranger's file may end an inventory. */

import { lintText } from '@assay/lint';
import type { Digest } from '@assay/oci';
import { applyEdits, findReferences } from '@assay/pin';
import { encodeLock, parseLock } from '@assay/policy/lock';
import { encodeRelease, parseChecksums, parseRelease, parseReleaseConfig } from '@assay/release';
import { encodeInventory, type Inventory, parseSbom, SBOM_FORMATS } from '@assay/sbom';
import { HEAD_BYTES, makeInventory, type Source } from '@assay/sbom/make';
import { UNPRINTABLE } from '../../packages/core/test/facts.ts';
import { encodeKitManifest, parseKitManifest } from '../../packages/kit/src/manifest.ts';
import { Finding, same, type Target, text } from './target.ts';

/** A file of each kind that a cataloger reads, by the name of its target. */
const CATALOGED: Readonly<Record<string, string>> = {
  'dpkg-status': '/var/lib/dpkg/status',
  'dpkg-copyright': '/usr/share/doc/bash/copyright',
  'apk-installed': '/lib/apk/db/installed',
  'rpm-sqlite': '/var/lib/rpm/rpmdb.sqlite',
  'rpm-ndb': '/var/lib/rpm/Packages.db',
  'rpm-berkeley': '/var/lib/rpm/Packages',
  executable: '/usr/bin/program',
  jar: '/app/lib.jar',
  pom: '/pom.xml',
  'npm-package': '/node_modules/a/package.json',
  'npm-lock': '/package-lock.json',
  'yarn-lock': '/yarn.lock',
  'pnpm-lock': '/pnpm-lock.yaml',
  'python-metadata': '/lib/a-1.dist-info/METADATA',
  'poetry-lock': '/poetry.lock',
  requirements: '/requirements.txt',
  'cargo-lock': '/Cargo.lock',
  'go-mod': '/go.mod',
  workflow: '/.github/workflows/a.yml',
};

export const RELEASE_TARGETS: readonly Target[] = [
  ...Object.entries(CATALOGED).map(([name, path]): Target => ({ name, run: (input) => fuzzCataloged(path, input) })),
  { name: 'sbom', run: (input) => documented(parseSbom(input)) },
  { name: 'pin-yaml', run: (input) => fuzzPin(text(input), 'a.yaml') },
  { name: 'pin-dockerfile', run: (input) => fuzzPin(text(input), 'Dockerfile') },
  { name: 'lint', run: (input) => fuzzLint(text(input)) },
  { name: 'lock', run: (input) => fuzzLock(input) },
  { name: 'kit-manifest', run: (input) => parseKitManifest(encodeKitManifest(parseKitManifest(input, 'kit')), 'kit') },
  { name: 'release', run: (input) => parseRelease(encodeRelease(parseRelease(input, 'release')), 'release') },
  { name: 'release-config', run: (input) => parseReleaseConfig(text(input), 'config') },
  { name: 'checksums', run: (input) => parseChecksums(input, 'checksums.txt') },
];

/** Whatever is in it, there is an inventory, and documents can be written of it. */
async function fuzzCataloged(path: string, input: Uint8Array): Promise<void> {
  const source: Source = {
    subject: { kind: 'folder', name: 'x', version: '', digest: undefined, created: undefined },
    files: async function* files() {
      yield { path, size: input.length, mode: 0o755, isHidden: false, head: input.subarray(0, HEAD_BYTES), read: async () => input };
    },
  };
  const inventory = await makeInventory(source);
  for (const { message } of inventory.unreadable) if (UNPRINTABLE.test(message)) throw new Finding(`unprintable text: ${JSON.stringify(message)}`);
  documented(inventory);
}

/** Each document of it reads as the same packages. */
function documented(inventory: Inventory): void {
  for (const format of SBOM_FORMATS) {
    const again = parseSbom(encodeInventory(inventory, format));
    same(`${format}: packages`, purls(inventory), purls(again));
  }
}

function purls({ packages }: Inventory): string {
  return packages.map(({ purl }) => purl).join('\n');
}

/** What was pinned is pinned, and stays as it is. */
function fuzzPin(input: string, path: string): void {
  const sites = (of: string) => findReferences(of, path).findings.flatMap((finding) => (finding.what === 'site' ? [finding] : []));
  const pinned = applyEdits(
    input,
    sites(input).flatMap((site) => site.edits(DIGEST, 'keep')),
  );
  const again = sites(pinned).flatMap((site) => site.edits(DIGEST, 'keep'));
  if (again.length > 0) throw new Finding(`pinned once more: ${JSON.stringify(again[0])}`);
}

function fuzzLint(input: string): void {
  for (const { start, end } of lintText('a.md', input)) {
    if (start.line > end.line || (start.line === end.line && start.column > end.column)) throw new Finding('a finding that ends before it starts');
  }
}

function fuzzLock(input: Uint8Array): void {
  const encoded = encodeLock(parseLock(input));
  same('lock', encoded, encodeLock(parseLock(encoded)));
}

const DIGEST = `sha256:${'ab'.repeat(32)}` as Digest;
