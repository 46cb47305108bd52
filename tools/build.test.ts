/** The published package: built, installed into an empty folder, and used. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInstance, putImage, serveRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { GENERIC, signedBy, statementOf, TAGGED } from '../packages/cli/test/provenance-builds.ts';
import { instanceOf } from '../packages/slsa/test/attestations.ts';
import { type Built, buildPackage, coreSize } from './build.ts';
import { ROOT, version } from './bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-build-'));
const prefix = join(folder, 'prefix');
const assay = join(prefix, 'node_modules/.bin/assay');
let built: Built;

beforeAll(async () => {
  mkdirSync(prefix);
  built = await buildPackage(makeFolder('out'));
  const flags = ['--offline', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', ['install', '--prefix', prefix, ...flags, built.tarball], { stdio: ['ignore', 'ignore', 'inherit'] });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function makeFolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, ...args: string[]): Run {
  return spawnSync(command, args, { encoding: 'utf8', ...environment() });
}

/** The same while this process goes on, which may be the registry it talks to. */
function runBeside(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(assay, args, environment(), (error, stdout, stderr) => resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }));
  });
}

function environment() {
  const { ASSAY_TRUST: _, ...env } = process.env;
  return { cwd: folder, env: { ...env, HOME: folder, XDG_CACHE_HOME: join(folder, 'cache'), COSIGN_PASSWORD: 'secret' } };
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

test('says from what a file was built: under its own name, as slsa-verifier, and as gh with jq', () => {
  const provenance = signedBy(GENERIC, TAGGED, statementOf(GENERIC, TAGGED, { app: 'built' }));
  const { bundleBytes, trustedRootBytes } = instanceOf('sigstore.dev').sign(new Uint8Array(), provenance);
  const [file, bundle, root] = ['built', 'built.provenance.json', 'built.root.json'].map((name) => join(folder, name)) as [string, string, string];
  writeFileSync(file, 'built');
  writeFileSync(bundle, bundleBytes);
  writeFileSync(root, trustedRootBytes);
  const [repository, another] = ['example/app', 'example/another'];
  const offline = ['--offline', '--trusted-root', root];

  const verify = (from: string): Run => run(assay, 'verify', file, '--bundle', bundle, '--source', `github.com/${from}`, ...offline);
  expect(verify(repository)).toMatchObject({ status: 0, stdout: expect.stringContaining('supports   SLSA Build level 3') });
  expect(verify(another)).toMatchObject({ status: 1 });

  const link = join(folder, 'slsa-verifier');
  symlinkSync(assay, link);
  const slsaVerifier = (from: string): Run => run(link, 'verify-artifact', file, '--provenance-path', bundle, '--source-uri', `github.com/${from}`, ...offline);
  expect(slsaVerifier(repository)).toMatchObject({ status: 0, stderr: expect.stringContaining('PASSED: SLSA verification passed') });
  expect(slsaVerifier(another)).toMatchObject({ status: 1, stderr: expect.stringContaining('FAILED: SLSA verification failed') });

  const known = ['--signer-repo', 'slsa-framework/slsa-github-generator', '--predicate-type', GENERIC.predicateType, '--custom-trusted-root', root];
  const query = ['--format', 'json', '--jq', '.[].verificationResult.statement.predicateType'];
  const gh = (from: string): Run => run(assay, 'gh', 'attestation', 'verify', file, '--bundle', bundle, '--repo', from, ...known, ...query);
  expect(gh(repository)).toMatchObject({ status: 0, stdout: `${GENERIC.predicateType}\n` });
  expect(gh(another)).toMatchObject({ status: 1, stdout: '' });
});

test.each([
  [['cosign', 'version'], /^GitVersion: +v3\.1\.3$/m],
  [['crane', 'version'], new RegExp(`^${version().replaceAll('.', '\\.')}\n$`)],
  [['imagetools', '--help'], /^ {2}imagetools \[command\]$/m],
  [['helm', '--help'], /^ {2}helm \[command\]$/m],
  [['chart', 'package', '--help'], /^ {2}assay chart package /m],
])('%j answers', (args, expected) => {
  expect(run(assay, ...args)).toMatchObject({ status: 0, stdout: expect.stringMatching(expected) });
});

test('signs an image in a registry, verifies and copies it, and refuses another', async () => {
  const registry = await serveRegistry();
  onTestFinished(() => registry.close());
  putImage(registry.content, 'app', { tag: 'signed' });
  putImage(registry.content, 'app', { tag: 'other', annotations: { signed: 'no' } });
  const [signed, other] = [`${registry.host}/app:signed`, `${registry.host}/app:other`];
  expect(await runBeside('cosign', 'generate-key-pair')).toMatchObject({ status: 0 });
  const none = ['--use-signing-config=false', '--tlog-upload=false'];
  expect(await runBeside('cosign', 'sign', '--yes', '--key', 'cosign.key', ...none, signed)).toMatchObject({ status: 0 });
  const args = ['--key', 'cosign.pub', '--insecure-ignore-tlog'];
  expect(await runBeside('cosign', 'verify', ...args, signed)).toMatchObject({ status: 0, stdout: expect.stringContaining('docker-manifest-digest') });
  expect(await runBeside('cosign', 'verify', ...args, other)).toMatchObject({ status: 10, stdout: '' });
  expect(await runBeside('verify', '--key', 'cosign.pub', '--log-threshold', '0', signed, other)).toMatchObject({ status: 1 });
  expect(await runBeside('copy', signed, `${registry.host}/copy:signed`)).toMatchObject({ status: 0 });
  expect(await runBeside('cosign', 'verify', ...args, `${registry.host}/copy:signed`)).toMatchObject({ status: 0 });
  const { digest } = registry.content.getManifest('copy', 'signed') ?? {};
  expect(await runBeside('crane', 'digest', signed)).toEqual({ status: 0, stdout: `${digest}\n`, stderr: '' });
});

test('holds an attestation against CUE and Rego', async () => {
  const registry = await serveRegistry();
  onTestFinished(() => registry.close());
  putImage(registry.content, 'app', { tag: 'attested' });
  const image = `${registry.host}/app:attested`;
  const files = {
    'predicate.json': '{"tool":"syft"}',
    'ok.cue': 'predicate: tool: "syft"',
    'bad.cue': 'predicate: tool: "trivy"',
    'ok.rego': 'package signature\nallow { true }',
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const type = ['--type', 'https://example.org/scan'];
  const none = ['--use-signing-config=false', '--tlog-upload=false'];
  expect(await runBeside('cosign', 'generate-key-pair', '--output-key-prefix', 'policy')).toMatchObject({ status: 0 });
  const attest = ['--yes', '--key', 'policy.key', '--predicate', 'predicate.json', ...type, ...none];
  expect(await runBeside('cosign', 'attest', ...attest, image)).toMatchObject({ status: 0 });
  const verify = ['cosign', 'verify-attestation', '--key', 'policy.pub', '--insecure-ignore-tlog', ...type];
  expect(await runBeside(...verify, '--policy', 'ok.cue,ok.rego', image)).toMatchObject({ status: 0, stdout: expect.stringContaining('"payload"') });
  const refused = { status: 1, stdout: '', stderr: expect.stringContaining('- predicate.tool: conflicting values "syft" and "trivy"') };
  expect(await runBeside(...verify, '--policy', 'bad.cue', image)).toMatchObject(refused);
  const notices = readFileSync(join(built.folder, 'engine/THIRD-PARTY-NOTICES.md'), 'utf8');
  for (const name of ['Go', 'cuelang.org/go', 'github.com/open-policy-agent/opa']) expect(notices).toContain(`\n## ${name} `);
});

test('an error from one part is understood in another', async () => {
  const registry = await serveRegistry();
  onTestFinished(() => registry.close());
  expect(await runBeside('crane', 'manifest', `${registry.host}/app:1`)).toMatchObject({ status: 1, stderr: expect.stringContaining('NAME_UNKNOWN') });
  expect(await runBeside('sign', '--key', 'no.key', `${registry.host}/app:1`)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('[FILE_NOT_FOUND]'),
  });
});

describe('keys on tokens', () => {
  const native = join(ROOT, 'node_modules/pkcs11js');
  const key = (): string => `pkcs11:token=t;object=o?module-path=${signed('module').file}`;
  const verify = (): Run => run(assay, 'verify', '--key', key(), signed('module').file);

  test('need pkcs11js, and its absence is told', () => {
    expect(verify()).toMatchObject({ stderr: expect.stringMatching(/^assay: pkcs11: keys need the package pkcs11js, .* {2}\[KEY_PROVIDER_MISSING\]\n/) });
  });

  test.skipIf(!existsSync(join(native, 'build')))('use it where it is installed beside assay', () => {
    const installed = join(prefix, 'node_modules/pkcs11js');
    symlinkSync(native, installed);
    onTestFinished(() => rmSync(installed));
    expect(verify()).toMatchObject({ stderr: expect.stringContaining('cannot be loaded as a PKCS11 module') });
  });
});

test('the launcher holds no command: each face of the command line is a file of its own', () => {
  const { length } = readFileSync(join(prefix, 'node_modules/assay/bin/assay.js'));
  expect(length).toBeLessThan(16 * 1024);
});

describe('compiled code', () => {
  const kept = (): string => {
    const [build = ''] = readdirSync(join(folder, 'cache/assay/compile'));
    return join(folder, 'cache/assay/compile', build, 'cosign-version');
  };
  const isGood = (): boolean => run(assay, 'cosign', 'version').status === 0;

  test('is kept, and made anew when it is no such code', () => {
    expect(isGood()).toBe(true);
    const file = join(kept(), 'cosign');
    const { length } = readFileSync(file);
    writeFileSync(file, 'not compiled code');
    expect(isGood()).toBe(true);
    expect(readFileSync(file).length).toBeGreaterThan(length / 2);
    expect(readdirSync(kept())).toEqual(['cosign']);
  });

  test('is done without where there is no place for it', () => {
    expect(run(assay, 'x'.repeat(300))).toMatchObject({ status: 2, stderr: expect.stringContaining('[USAGE]') });
  });

  // Only root can give a folder away.
  test.skipIf(process.geteuid?.() !== 0)('is not taken from a folder of another user', () => {
    expect(isGood()).toBe(true);
    chownSync(kept(), 65534, 65534);
    writeFileSync(join(kept(), 'cosign'), 'not compiled code');
    expect(isGood()).toBe(true);
    expect(readFileSync(join(kept(), 'cosign'), 'utf8')).toBe('not compiled code');
  });
});

test('needs no package besides, and names the licences of what it contains', () => {
  const manifest = JSON.parse(readFileSync(join(built.folder, 'package.json'), 'utf8')) as object;
  expect(manifest).not.toHaveProperty('dependencies');
  expect(manifest).toHaveProperty('optionalDependencies', { pkcs11js: expect.any(String) });
  const text = readFileSync(join(built.folder, 'THIRD-PARTY-NOTICES.md'), 'utf8');
  for (const name of ['@sigstore/tuf', 'tuf-js', 're2js', '@noble/curves', 'commander', 'tar-stream', 'yaml', 'openpgp']) expect(text).toContain(`## ${name} `);
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
