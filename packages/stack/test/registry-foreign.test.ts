/**
 * The real tools of the field against the registry, over a socket: crane 0.22.1, helm 3.22.0, cosign 3.1.3 and 2.6.5. From the testbed
 * (ASSAY_TESTBED) or PATH; without one its tests skip.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTar } from '@assay/oci/image';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findTool, runTool } from '../../cli/test/foreign-tools.ts';
import { openRegistry } from '../src/registry/registry.ts';
import { openDisk } from '../src/store/disk.ts';
import { digestOf, filesBelow, serveApp } from './registry-scene.ts';

const [crane, helm, ...cosigns] = [findTool('crane', '0.22.1'), findTool('helm', '3.22.0'), findTool('cosign', '3.1.3'), findTool('cosign', '2.6.5')];
for (const { name, version, path } of [crane, helm, ...cosigns]) {
  if (path === '') console.warn(`tests of the registry with ${name} are skipped: no ${name} ${version} in ASSAY_TESTBED or on PATH`);
}

const home = mkdtempSync(join(tmpdir(), 'assay-registry-foreign-'));
const stored = join(home, 'registry');
const here = (path: string): string => join(home, path);
let host = '';
let close: () => Promise<void> = async () => undefined;

beforeAll(async () => {
  const context = { disk: openDisk(stored), clock: () => new Date(), baseUrl: 'http://127.0.0.1', log: pino({ level: 'silent' }) };
  const { app } = await openRegistry(context);
  ({ host, close } = await serveApp(app));
  for (const name of ['one', 'two']) writeFileSync(here(`${name}.tar`), await tarOf(`${name}.txt`, name));
  mkdirSync(here('chart'));
  writeFileSync(here('chart/Chart.yaml'), 'apiVersion: v2\nname: chart\nversion: 1.2.3\n');
  writeFileSync(here('signing-config.json'), JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json' }));
  writeFileSync(here('empty-root.json'), JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' }));
});
afterAll(async () => {
  await close();
  rmSync(home, { recursive: true, force: true });
});

async function tarOf(name: string, content: string): Promise<Buffer> {
  const entries = async function* () {
    yield { header: { name, size: content.length }, content: pieces(content) };
  };
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeTar(entries())) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* pieces(content: string): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.from(content);
}

const ENV = { COSIGN_PASSWORD: 'of the tests', HELM_CACHE_HOME: home };

/** Standard output, and for helm what it says beside it. */
async function run({ path }: { readonly path: string }, ...argv: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runTool(path, argv, { home, env: ENV });
  expect(status, `${argv.join(' ')}: ${stderr}`).toBe(0);
  return stdout.trim();
}

async function fails({ path }: { readonly path: string }, ...argv: readonly string[]): Promise<string> {
  const { status, stderr } = await runTool(path, argv, { home, env: ENV });
  expect(status, argv.join(' ')).not.toBe(0);
  return stderr;
}

/** An image of one layer, by digest. */
function append(repository: string, tag = 'v1', name = 'one'): Promise<string> {
  return run(crane, 'append', '--oci-empty-base', '-f', here(`${name}.tar`), '-t', `${host}/${repository}:${tag}`);
}

describe.skipIf(crane.path === '')('crane', () => {
  test('pushes, and pulls the same', async () => {
    const reference = await append('crane/app');
    expect(reference).toMatch(/^127\.0\.0\.1:\d+\/crane\/app@sha256:[0-9a-f]{64}$/);
    const digest = reference.split('@')[1];
    expect(await run(crane, 'digest', `${host}/crane/app:v1`)).toBe(digest);
    expect(digestOf(await run(crane, 'manifest', `${host}/crane/app:v1`))).toBe(digest);
    expect(await run(crane, 'validate', '--remote', reference)).toContain('PASS');
    await run(crane, 'pull', '--format', 'oci', reference, here('layout'));
    expect(await run(crane, 'push', here('layout'), `${host}/crane/again:v1`)).toBe(`${host}/crane/again@${digest}`);
  });

  test('pushes from an archive of docker', async () => {
    const reference = await append('crane/docker');
    await run(crane, 'pull', reference, here('docker.tar'));
    expect(await run(crane, 'push', here('docker.tar'), `${host}/crane/docker:again`)).toMatch(/@sha256:/);
    expect(await run(crane, 'export', `${host}/crane/docker:again`, '-')).toContain('one.txt');
  });

  test('copies within the registry by mounting, and indexes with their children', async () => {
    for (const name of ['one', 'two']) await append('crane/base', name, name);
    await run(crane, 'index', 'append', '-m', `${host}/crane/base:one`, '-m', `${host}/crane/base:two`, '-t', `${host}/crane/base:index`);
    const blobs = filesBelow(stored).filter((path) => path.startsWith('blobs/'));
    await run(crane, 'copy', `${host}/crane/base:index`, `${host}/crane/copy:index`);
    expect(filesBelow(stored).filter((path) => path.startsWith('blobs/'))).toEqual(blobs);
    expect(await run(crane, 'digest', `${host}/crane/copy:index`)).toBe(await run(crane, 'digest', `${host}/crane/base:index`));
    expect(await run(crane, 'validate', '--remote', `${host}/crane/copy:index`)).toContain('PASS');
  });

  test('tags, lists and deletes', async () => {
    const reference = await append('crane/tags', 'b');
    for (const tag of ['c', 'a']) await run(crane, 'tag', reference, tag);
    expect(await run(crane, 'ls', `${host}/crane/tags`)).toBe('a\nb\nc');
    expect((await run(crane, 'catalog', host)).split('\n')).toContain('crane/tags');
    await run(crane, 'delete', `${host}/crane/tags:a`);
    expect(await run(crane, 'ls', `${host}/crane/tags`)).toBe('b\nc');
    await run(crane, 'delete', reference);
    expect(await run(crane, 'ls', `${host}/crane/tags`)).toBe('');
    expect(await fails(crane, 'manifest', reference)).toContain('MANIFEST_UNKNOWN');
  });

  test('reads a blob, and what is refused', async () => {
    const reference = await append('crane/blob');
    const { layers } = JSON.parse(await run(crane, 'manifest', reference)) as { layers: { digest: string; size: number }[] };
    const [layer] = layers;
    const text = await run(crane, 'blob', `${host}/crane/blob@${layer?.digest}`);
    expect(text.length).toBeGreaterThan(0);
    expect(await fails(crane, 'digest', `${host}/crane/none:v1`)).toContain('404');
  });
});

describe.skipIf(helm.path === '')('helm', () => {
  test('pushes a chart, and pulls the same', async () => {
    await run(helm, 'package', here('chart'), '-d', home);
    const { stderr, stdout, status } = await runTool(helm.path, ['push', here('chart-1.2.3.tgz'), `oci://${host}/charts`, '--plain-http'], { home, env: ENV });
    expect(status, stderr).toBe(0);
    expect(stdout + stderr).toMatch(/Digest: sha256:[0-9a-f]{64}/);
    mkdirSync(here('pulled'));
    await run(helm, 'pull', `oci://${host}/charts/chart`, '--version', '1.2.3', '--plain-http', '-d', here('pulled'));
    expect(readFileSync(here('pulled/chart-1.2.3.tgz'))).toEqual(readFileSync(here('chart-1.2.3.tgz')));
    expect(await run(helm, 'show', 'chart', `oci://${host}/charts/chart`, '--version', '>=1.0.0', '--plain-http')).toContain('name: chart');
  });
});

describe.each(cosigns)('cosign $version', (cosign) => {
  const isNew = cosign.version === '3.1.3';
  const signFlags = isNew
    ? { bundle: ['--signing-config', here('signing-config.json')], layer: ['--use-signing-config=false', '--tlog-upload=false', '--new-bundle-format=false'] }
    : { bundle: ['--tlog-upload=false', '--new-bundle-format'], layer: ['--tlog-upload=false'] };
  const verifyFlags = ['--insecure-ignore-tlog'];
  const bundleFlags = isNew ? verifyFlags : [...verifyFlags, '--new-bundle-format', '--trusted-root', here('empty-root.json')];
  const skip = cosign.path === '' || crane.path === '';
  const key = here(`cosign-${cosign.version}`);

  beforeAll(async () => {
    if (skip) return;
    for (const name of [key, `${key}-other`]) await run(cosign, 'generate-key-pair', '--output-key-prefix', name);
  });

  test.skipIf(skip)('signs as a referrer, and verifies it', async () => {
    const repository = `cosign-${cosign.version}/bundle`;
    const reference = await append(repository);
    await run(cosign, 'sign', '--yes', '--key', `${key}.key`, ...signFlags.bundle, reference);
    expect(await run(cosign, 'verify', '--key', `${key}.pub`, ...bundleFlags, reference)).toContain(reference.split('@')[1]);
    await fails(cosign, 'verify', '--key', `${key}-other.pub`, ...bundleFlags, reference);
    const answer = await fetch(`http://${host}/v2/${repository}/referrers/${reference.split('@')[1]}`);
    expect(((await answer.json()) as { manifests: object[] }).manifests).toHaveLength(1);
    // By the API alone: nothing is kept under a fallback tag.
    expect(await run(crane, 'ls', `${host}/${repository}`)).toBe('v1');
  });

  test.skipIf(skip)('signs under a tag, and verifies it', async () => {
    const repository = `cosign-${cosign.version}/layer`;
    const reference = await append(repository);
    await run(cosign, 'sign', '--yes', '--key', `${key}.key`, ...signFlags.layer, reference);
    expect(await run(cosign, 'verify', '--key', `${key}.pub`, ...verifyFlags, reference)).toContain(reference.split('@')[1]);
    expect(await run(crane, 'ls', `${host}/${repository}`)).toMatch(/^sha256-[0-9a-f]{64}\.sig\nv1$/);
    await run(cosign, 'copy', reference, `${host}/${repository}-copy:v1`);
    expect(await run(cosign, 'verify', '--key', `${key}.pub`, ...verifyFlags, `${host}/${repository}-copy:v1`)).toContain(reference.split('@')[1]);
  });

  test.skipIf(skip)('attests, and verifies it', async () => {
    const reference = await append(`cosign-${cosign.version}/attest`);
    writeFileSync(here('predicate.json'), JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1, components: [] }));
    const made = ['--type', 'cyclonedx', '--predicate', here('predicate.json')];
    await run(cosign, 'attest', '--yes', '--key', `${key}.key`, ...signFlags.bundle, ...made, reference);
    expect(await run(cosign, 'verify-attestation', '--key', `${key}.pub`, '--type', 'cyclonedx', ...bundleFlags, reference)).not.toBe('');
    await fails(cosign, 'verify-attestation', '--key', `${key}-other.pub`, '--type', 'cyclonedx', ...bundleFlags, reference);
  });
});
