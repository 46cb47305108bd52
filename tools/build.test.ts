/** The published package: built, installed into an empty folder, and used. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInstance } from '@assay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Built, buildPackage, coreSize } from './build.ts';
import { version } from './bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-build-'));
const prefix = join(folder, 'prefix');
const assay = join(prefix, 'node_modules/.bin/assay');
let built: Built;

beforeAll(async () => {
  mkdirSync(prefix);
  built = await buildPackage(makeFolder('out'));
  const flags = ['--offline', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', ['install', '--prefix', prefix, ...flags, built.tarball], { stdio: ['ignore', 'ignore', 'inherit'] });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function makeFolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

function run(command: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { ASSAY_TRUST: _, ...env } = process.env;
  return spawnSync(command, args, { cwd: folder, encoding: 'utf8', env: { ...env, HOME: folder, XDG_CACHE_HOME: join(folder, 'cache') } });
}

/** A signed file with its bundle beside it, and how to verify it offline. */
function signed(name: string): { file: string; bundle: string; root: string; san: string; issuer: string } {
  const artifact = new TextEncoder().encode(`content of ${name}`);
  const { bundleBytes, trustedRootBytes, policy } = createInstance().sign(artifact);
  const file = join(folder, name);
  writeFileSync(file, artifact);
  writeFileSync(`${file}.sigstore.json`, bundleBytes);
  writeFileSync(`${file}.root.json`, trustedRootBytes);
  const { san = '', issuer = '' } = policy.identities?.[0] ?? {};
  return { file, bundle: `${file}.sigstore.json`, root: `${file}.root.json`, san, issuer };
}

test('says its version', () => {
  expect(run(assay, '--version')).toMatchObject({ status: 0, stdout: `${version()}\n` });
});

test('verifies a file, and refuses it once it is changed', () => {
  const { file, root, san, issuer } = signed('app.tar');
  const args = ['verify', file, '--trusted-root', root, '--identity', san, '--issuer', issuer];
  expect(run(assay, ...args)).toMatchObject({ status: 0 });
  writeFileSync(file, 'something else');
  expect(run(assay, ...args)).toMatchObject({ status: 1 });
});

test('is cosign under the name of cosign', () => {
  const { file, bundle, root, san, issuer } = signed('app.bin');
  const cosign = join(folder, 'cosign');
  symlinkSync(assay, cosign);
  const args = ['--bundle', bundle, '--trusted-root', root, '--certificate-identity', san, '--certificate-oidc-issuer', issuer, file];
  expect(run(cosign, 'verify-blob', ...args)).toMatchObject({ status: 0, stderr: 'Verified OK\n' });
});

test('has no dependencies, and names the licences of what it contains', () => {
  const manifest = JSON.parse(readFileSync(join(built.folder, 'package.json'), 'utf8')) as object;
  expect(manifest).not.toHaveProperty('dependencies');
  const text = readFileSync(join(built.folder, 'THIRD-PARTY-NOTICES.md'), 'utf8');
  for (const name of ['@sigstore/tuf', 'tuf-js', 're2js', '@noble/curves', 'commander']) expect(text).toContain(`## ${name} `);
});

test('the same sources give the same bytes', async () => {
  const again = await buildPackage(makeFolder('again'));
  const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
  expect(digest(again.tarball)).toBe(digest(built.tarball));
});

test('the engine stays small in a browser, and takes nothing of Node along', async () => {
  const { gzipped } = await coreSize();
  expect(gzipped).toBeLessThanOrEqual(120 * 1024);
});
