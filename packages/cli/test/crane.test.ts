/** What transcripts cannot show of crane: bytes, files, registries that lie, names that lead elsewhere, platforms, and how much memory it takes. */
import { spawn } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip, gunzipSync, gzipSync } from 'node:zlib';
import { readTar } from '@assay/oci/image';
import { digestOf, OCI_INDEX, putImage, type RegistryContent, type RegistryOptions, serveRegistry, type TestRegistry } from '@assay/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { COMMANDS } from '../src/crane/commands.ts';
import { crane } from '../src/crane/program.ts';
import { storedGzip, tarOf } from './crane-scene.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';

const GZIP_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';

const scratch = new Scratch();
const tar = await tarOf({ 'srv/': '', 'srv/app': 'the application' });
const layer = storedGzip(tar);
const layerFile = scratch.write('layer.tar.gz', layer);

interface Scene {
  readonly registry: TestRegistry;
  readonly content: RegistryContent;
  readonly host: string;
  /** A folder of this test alone. */
  readonly folder: string;
}

async function open(options: RegistryOptions = {}): Promise<Scene> {
  const registry = await serveRegistry(options);
  const folder = mkdtempSync(join(tmpdir(), 'assay-crane-'));
  onTestFinished(async () => {
    await registry.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { registry, content: registry.content, host: registry.host, folder };
}

function run(...argv: readonly string[]): Promise<Run> {
  return runCli(['crane', ...argv], { network: 'open' });
}

/** An image for a platform, of one layer. */
function putApp(
  content: RegistryContent,
  repository: string,
  { tag, os = 'linux', architecture = 'amd64', bytes = layer }: { tag?: string; os?: string; architecture?: string; bytes?: Buffer } = {},
) {
  const config = { architecture, os, config: {}, rootfs: { type: 'layers', diff_ids: [digestOf(gunzipSync(bytes))] } };
  return putImage(content, repository, {
    ...(tag !== undefined && { tag }),
    config: { mediaType: OCI_CONFIG, bytes: Buffer.from(JSON.stringify(config)) },
    layers: [{ mediaType: GZIP_LAYER, bytes }],
  });
}

describe('names as they are written, through a mirror (cosign.md section 6)', () => {
  const IMAGE = 'quay.io/enix/x509-certificate-exporter:4.0.0';

  async function mirrored(hosts: readonly string[]) {
    const scene = await open();
    const mirrors = join(scene.folder, 'mirrors');
    writeFileSync(mirrors, hosts.map((host) => `${host} = ${scene.registry.url}\n`).join(''));
    const env = { ASSAY_REGISTRY_MIRRORS: mirrors };
    return { ...scene, play: (...argv: readonly string[]) => runCli(['crane', ...argv], { network: 'open', env }) };
  }

  test('row 10: crane digest quay.io/enix/x509-certificate-exporter:4.0.0', async () => {
    const { content, play } = await mirrored(['quay.io']);
    const { digest } = putApp(content, 'enix/x509-certificate-exporter', { tag: '4.0.0' });
    expect(await play('digest', IMAGE)).toEqual({ status: 0, stdout: `${digest}\n`, stderr: '' });
    expect((await play('digest', '--full-ref', IMAGE)).stdout).toBe(`quay.io/enix/x509-certificate-exporter@${digest}\n`);
  });

  test('row 21: crane manifest of what cosign triangulate names', async () => {
    const { content, play } = await mirrored(['docker.io']);
    const { digest } = putApp(content, 'knabben/netshoot', { tag: 'latest' });
    const tag = `${digest.replace(':', '-')}.sig`;
    putImage(content, 'knabben/netshoot', { tag, annotations: { 'dev.cosignproject.cosign/signature': 'MEUC' } });
    const { status, stdout } = await play('manifest', `index.docker.io/knabben/netshoot:${tag}`);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 2, annotations: { 'dev.cosignproject.cosign/signature': 'MEUC' } });
  });

  test('row 35: IMAGE@$(crane digest IMAGE) is an image for every command', async () => {
    const { content, play } = await mirrored(['ghcr.io']);
    const image = 'ghcr.io/natrontech/pbs-exporter:0.6.1';
    const { digest } = putApp(content, 'natrontech/pbs-exporter', { tag: '0.6.1' });
    const pinned = `${image}@${(await play('digest', image)).stdout.trim()}`;
    expect(pinned).toBe(`${image}@${digest}`);
    expect((await play('digest', pinned)).stdout).toBe(`${digest}\n`);
    expect(digestOf(Buffer.from((await play('manifest', pinned)).stdout))).toBe(digest);
    expect((await play('validate', '--remote', pinned)).stdout).toBe(`PASS: ${pinned}\n`);
  });

  test('what is not there is told under the name that was written', async () => {
    const { content, play } = await mirrored(['quay.io']);
    putApp(content, 'enix/x509-certificate-exporter', { tag: '3.0.0' });
    const { status, stderr } = await play('manifest', IMAGE);
    expect(status).toBe(1);
    expect(stderr).toContain('GET https://quay.io/v2/enix/x509-certificate-exporter/manifests/4.0.0: MANIFEST_UNKNOWN');
  });
});

describe('a registry that asks who is there', () => {
  test.each(['bearer', 'basic'] as const)('is told by the Docker configuration (%s)', async (kind) => {
    const { content, host, folder } = await open({ auth: { kind, username: 'someone', password: 'a secret' } });
    const stored = { auths: { [host]: { auth: Buffer.from('someone:a secret').toString('base64') } } };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(stored));
    const play = (...argv: readonly string[]) => runCli(['crane', ...argv], { network: 'open', env: { DOCKER_CONFIG: folder } });
    expect(await play('append', '-f', layerFile, '-t', `${host}/team/app:1`)).toMatchObject({ status: 0 });
    expect(await play('copy', `${host}/team/app:1`, `${host}/other/app:2`)).toMatchObject({ status: 0 });
    expect(await play('ls', `${host}/other/app`)).toMatchObject({ status: 0, stdout: '2\n' });
    expect(content.getManifest('other/app', '2')?.digest).toBe(content.getManifest('team/app', '1')?.digest);
  });

  test.each(['bearer', 'basic'] as const)('refuses a wrong password (%s), and does not tell it', async (kind) => {
    const { content, host, folder } = await open({ auth: { kind, username: 'someone', password: 'a secret' } });
    putApp(content, 'team/app', { tag: '1' });
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [host]: { username: 'someone', password: 'mistaken' } } }));
    const argv = ['crane', 'digest', '--verbose', `${host}/team/app:1`];
    const { status, stdout, stderr } = await runCli(argv, { network: 'open', env: { DOCKER_CONFIG: folder } });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^Error: .*(401|UNAUTHORIZED)/m);
    expect(stderr).not.toContain('mistaken');
    expect(stderr).not.toContain(Buffer.from('someone:mistaken').toString('base64'));
  });
});

describe('bytes go out as they are', () => {
  /** Standard output as bytes. */
  async function bytesOf(...argv: readonly string[]): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    const io = { env: { HOME: scratch.folder }, now: new Date(), terminal: false, stderr: () => undefined, stdin: () => createReadStream('/dev/null') };
    const stdout = (content: string | Uint8Array) => void chunks.push(Buffer.from(content));
    expect(await crane(argv, { ...io, stdout })).toBe(0);
    return Buffer.concat(chunks);
  }

  test('of a manifest, whatever white space it has', async () => {
    const { content, host } = await open();
    const { digest } = putApp(content, 'app', { tag: '1' });
    const pretty = JSON.stringify(JSON.parse(Buffer.from(content.getManifest('app', digest)?.bytes ?? '').toString()), null, '\t');
    content.putManifest('app', `${pretty}\n\n`, { tag: '2' });
    expect((await bytesOf('manifest', `${host}/app:2`)).toString()).toBe(`${pretty}\n\n`);
  });

  test('of a blob', async () => {
    const { content, host } = await open();
    putApp(content, 'app', { tag: '1' });
    expect(await bytesOf('blob', `${host}/app@${digestOf(layer)}`)).toEqual(layer);
  });

  test('of a filesystem', async () => {
    const { content, host } = await open();
    putApp(content, 'app', { tag: '1' });
    const exported = await bytesOf('export', `${host}/app:1`);
    const names: string[] = [];
    for await (const { header } of readTar(once(exported), 'exported')) names.push(header.name);
    expect(names).toEqual(['srv', 'srv/app']);
    expect(exported.length % 512).toBe(0);
  });
});

describe('an index', () => {
  async function openIndex() {
    const scene = await open();
    const { content } = scene;
    const children = ['amd64', 'arm64'].map((architecture) => ({ ...putApp(content, 'app', { architecture }), platform: { os: 'linux', architecture } }));
    const index = content.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests: children }, { tag: '1', mediaType: OCI_INDEX });
    return { ...scene, children, index, name: `${scene.host}/app:1` };
  }

  test('is meant as a whole, but by commands of one image', async () => {
    const { name, children, index } = await openIndex();
    expect((await run('digest', name)).stdout).toBe(`${index.digest}\n`);
    expect((await run('digest', name, '--platform', 'all')).stdout).toBe(`${index.digest}\n`);
    expect(JSON.parse((await run('config', name)).stdout)).toMatchObject({ architecture: 'amd64' });
    expect((await run('digest', name, '--platform', 'linux/arm64')).stdout).toBe(`${children[1]?.digest}\n`);
    expect(JSON.parse((await run('--platform=linux/arm64', 'config', name)).stdout)).toMatchObject({ architecture: 'arm64' });
  });

  test('is copied with its images, or one of them', async () => {
    const { content, host, name, children, index } = await openIndex();
    expect((await run('copy', name, `${host}/all:1`)).status).toBe(0);
    expect(content.getManifest('all', '1')?.digest).toBe(index.digest);
    expect(children.every(({ digest }) => content.getManifest('all', digest) !== undefined)).toBe(true);
    expect((await run('copy', name, `${host}/one:1`, '--platform', 'linux/arm64')).status).toBe(0);
    expect(content.getManifest('one', '1')?.digest).toBe(children[1]?.digest);
  });

  test('is saved as a whole in a layout, and as one image in a tarball', async () => {
    const { host, folder, name, index } = await openIndex();
    expect(await run('pull', '--format', 'oci', '--annotate-ref', name, join(folder, 'layout'))).toMatchObject({ status: 0, stderr: '' });
    const { manifests } = JSON.parse(readFileSync(join(folder, 'layout/index.json'), 'utf8'));
    expect(manifests).toEqual([expect.objectContaining({ digest: index.digest, annotations: { 'org.opencontainers.image.ref.name': name } })]);
    expect((await run('push', join(folder, 'layout'), `${host}/again:1`)).stdout).toBe(`${host}/again@${index.digest}\n`);
    expect(await run('pull', name, join(folder, 'app.tar'))).toMatchObject({ status: 0, stderr: '' });
    expect((await run('validate', '--tarball', join(folder, 'app.tar'))).stdout).toContain('PASS');
  });

  test('is validated with what it says of its images', async () => {
    const { content, host, children } = await openIndex();
    const lying = children.map((child) => ({ ...child, platform: { os: 'linux', architecture: 's390x' } }));
    content.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests: lying }, { tag: 'lying', mediaType: OCI_INDEX });
    const { status, stdout } = await run('validate', '--remote', `${host}/app:lying`);
    expect(status).toBe(1);
    expect(stdout).toContain(
      `FAIL: ${host}/app:lying: validating children: failed to validate image platform[0](${children[0]?.digest}): mismatched Architecture: amd64 != s390x`,
    );
  });

  test('without the platform that is asked for is told so', async () => {
    const { name } = await openIndex();
    expect((await run('digest', name, '--platform', 'linux/s390x')).stderr).toBe(`Error: no child with platform linux/s390x in index ${name}\n`);
  });
});

describe('a registry that lies', () => {
  test.each([
    ['other bytes', { lie: 'other-bytes' }],
    ['a connection that ends early', { lie: 'truncated' }],
    ['too little', { lie: 'wrong-size', by: -1 }],
    ['too much', { lie: 'endless' }],
  ] as const)('with %s of a layer: nothing is left of the file', async (_, lie) => {
    const { content, host, folder } = await open({ lies: [{ ...lie, on: { method: 'GET', path: new RegExp(`/blobs/${digestOf(layer)}`) } }] });
    putApp(content, 'app', { tag: '1' });
    for (const argv of [
      ['pull', `${host}/app:1`, join(folder, 'app.tar')],
      ['export', `${host}/app:1`, join(folder, 'app.tar')],
    ]) {
      expect(await run(...argv)).toMatchObject({ status: 1 });
      expect(readdirSync(folder)).toEqual([]);
    }
    expect(await run('validate', '--remote', `${host}/app:1`)).toMatchObject({ status: 1, stdout: expect.stringContaining('FAIL: ') });
  });

  test('leaves the file of before as it was', async () => {
    const { content, host, folder } = await open({ lies: [{ lie: 'other-bytes', on: { path: /\/blobs\// } }] });
    putApp(content, 'app', { tag: '1' });
    const file = join(folder, 'app.tar');
    writeFileSync(file, 'the old one');
    expect(await run('pull', `${host}/app:1`, file)).toMatchObject({ status: 1 });
    expect(readdirSync(folder)).toEqual(['app.tar']);
    expect(readFileSync(file, 'utf8')).toBe('the old one');
  });

  test('with another manifest than the digest says', async () => {
    const { content, host } = await open({ lies: [{ lie: 'other-bytes', on: { path: /\/manifests\// } }] });
    const { digest } = putApp(content, 'app');
    expect(await run('manifest', `${host}/app@${digest}`)).toMatchObject({ status: 1, stdout: '' });
  });

  test('that stores something else than was pushed', async () => {
    const { host } = await open({ lies: [{ lie: 'digest-header', on: { method: 'PUT', path: /\/manifests\// } }] });
    expect(await run('append', '-f', layerFile, '-t', `${host}/app:1`)).toMatchObject({ status: 1, stdout: '' });
  });

  test.each(['../../other/manifests/x', 'a/b', 'a b', ''])('a tag %j is none', async (tag) => {
    const { registry, content, host } = await open();
    putApp(content, 'app', { tag: '1' });
    expect(await run('tag', `${host}/app:1`, tag)).toMatchObject({ status: 1, stdout: '' });
    expect(registry.requests.filter(({ method }) => method === 'PUT')).toEqual([]);
  });
});

describe('validation tells what is wrong', () => {
  const good = { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [digestOf(tar)] } };
  const other = digestOf(Buffer.from('something else'));

  test.each<[string, object, Buffer, string]>([
    [
      'a diff ID of something else',
      { ...good, rootfs: { type: 'layers', diff_ids: [other] } },
      layer,
      `validating layers: mismatched layer[0] diffid: DiffID()=${other}, SHA256(Uncompressed())=${digestOf(tar)}`,
    ],
    [
      'a diff ID too many',
      { ...good, rootfs: { type: 'layers', diff_ids: [digestOf(tar), other] } },
      layer,
      'validating layers: mismatched number of diffids: len(ConfigFile.RootFS.DiffIDs)=2, len(layers)=1',
    ],
    [
      'an unknown kind of root',
      { ...good, rootfs: { type: 'other', diff_ids: [digestOf(tar)] } },
      layer,
      'validating config: invalid ConfigFile.RootFS.Type: "other" != "layers"',
    ],
    ['a file that is there twice', good, storedGzip(Buffer.concat([tar.subarray(0, -1024), tar])), 'validating layers: duplicate file path: srv/'],
    ['a layer that ends too early', good, layer.subarray(0, -600), 'validating layers: layer[0]: unexpected EOF'],
    ['a configuration that is none', { rootfs: 5 }, layer, 'expected an object'],
  ])('%s', async (_, config, bytes, problem) => {
    const { content, host } = await open();
    putImage(content, 'app', {
      tag: '1',
      layers: [{ mediaType: GZIP_LAYER, bytes }],
      config: { mediaType: OCI_CONFIG, bytes: Buffer.from(JSON.stringify(config)) },
    });
    const { status, stdout, stderr } = await run('validate', '--remote', `${host}/app:1`);
    expect(status).toBe(1);
    expect(stdout).toContain(`FAIL: ${host}/app:1: `);
    expect(stdout).toContain(problem);
    expect(stderr).toContain(problem);
  });

  test('a missing layer, also without downloading any', async () => {
    const { content, host } = await open();
    putApp(content, 'app', { tag: '1' });
    content.repositories.get('app')?.blobs.delete(digestOf(layer));
    expect((await run('validate', '--remote', `${host}/app:1`, '--fast')).stdout).toBe(`FAIL: ${host}/app:1: validating layers: layer does not exist\n`);
    expect((await run('validate', '--remote', `${host}/app:1`)).stdout).toContain('BLOB_UNKNOWN');
  });
});

describe('layers that are appended', () => {
  test('come from standard input, compressed or not', async () => {
    const { content, host } = await open();
    for (const stdin of [tar, layer]) {
      const { status, stdout } = await runCli(['crane', 'append', '-f', '-', '-t', `${host}/app:1`], { network: 'open', stdin });
      expect(status).toBe(0);
      expect(stdout).toMatch(/^127\.0\.0\.1:\d+\/app@sha256:[0-9a-f]{64}\n$/);
      expect((await run('validate', '--remote', `${host}/app:1`)).status).toBe(0);
    }
    expect(content.getBlob('app', digestOf(layer))).toEqual(layer);
  });

  test('to an image of Windows are made for it', async () => {
    const { content, host } = await open();
    putApp(content, 'base', { tag: '1', os: 'windows' });
    expect(await run('append', '-b', `${host}/base:1`, '-f', layerFile, '-t', `${host}/app:1`)).toMatchObject({ status: 0 });
    const { layers } = JSON.parse(Buffer.from(content.getManifest('app', '1')?.bytes ?? '').toString());
    const names: string[] = [];
    for await (const { header } of readTar(once(gunzipSync(content.getBlob('app', layers[1].digest) ?? '')), 'layer')) names.push(header.name);
    expect(names).toEqual(['Files', 'Hives', 'Files/srv/', 'Files/srv/app']);
  });

  test('that are broken are refused, and nothing is pushed', async () => {
    const { registry, host } = await open();
    const { status, stderr } = await run('append', '-f', scratch.write('cut.tar.gz', gzipSync(tar).subarray(0, 40)), '-t', `${host}/app:1`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/Error: appending \[.*cut\.tar\.gz\]: reading layer ".*cut\.tar\.gz": .*unexpected EOF\n$/);
    expect(registry.requests).toEqual([]);
  });
});

test('layers that registries do not hold are pushed only when asked', async () => {
  const { content, host } = await open();
  const foreign = {
    ...content.putBlob('from', layer),
    mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    urls: ['https://example.com/layer'],
  };
  const config = content.putBlob('from', Buffer.from('{}'), OCI_CONFIG);
  content.putManifest('from', { schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers: [foreign] }, { tag: '1' });
  // Whoever copies must not mount it either.
  const { content: other, host: target } = await open({ checkReferences: false });
  expect((await run('copy', `${host}/from:1`, `${target}/to:1`)).status).toBe(0);
  expect(other.getBlob('to', foreign.digest)).toBeUndefined();
  expect((await run('copy', `${host}/from:1`, `${target}/all:1`, '--allow-nondistributable-artifacts')).status).toBe(0);
  expect(other.getBlob('all', foreign.digest)).toEqual(layer);
});

test('layers are kept in --cache_path and not asked for again', async () => {
  const { registry, content, host, folder } = await open();
  putApp(content, 'app', { tag: '1' });
  const pull = () => run('pull', '-c', join(folder, 'cache'), `${host}/app:1`, join(folder, 'app.tar'));
  const layerRequests = () => registry.requests.filter(({ path }) => path.endsWith(digestOf(layer))).length;
  expect((await pull()).status).toBe(0);
  expect([layerRequests(), readdirSync(join(folder, 'cache'))]).toEqual([1, [digestOf(layer)]]);
  expect((await pull()).status).toBe(0);
  expect(layerRequests()).toBe(1);
  writeFileSync(join(folder, 'cache', digestOf(layer)), Buffer.alloc(layer.length));
  expect(await pull()).toMatchObject({ status: 1, stderr: expect.stringContaining('the content is not what its digest says') });
});

test('--verbose shows the requests', async () => {
  const { content, host } = await open();
  putApp(content, 'app', { tag: '1' });
  expect((await run('-v', 'digest', `${host}/app:1`)).stderr).toMatch(
    /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d HEAD http:\/\/127\.0\.0\.1:\d+\/v2\/app\/manifests\/1 200 \(\d+ ms\)\n$/,
  );
});

test.each(COMMANDS.map(({ name }) => name))('crane %s --help has examples', async (name) => {
  const { status, stdout } = await runCli(['crane', name, '--help']);
  expect(status).toBe(0);
  expect(stdout).toContain('Examples:\n');
});

test('an interrupted pull leaves nothing behind', async () => {
  const { content, host, folder } = await open({ lies: [{ lie: 'drip', everyMs: 20, on: { path: new RegExp(digestOf(layer)) } }] });
  putApp(content, 'app', { tag: '1' });
  const child = spawn(process.execPath, [launcher, 'crane', 'pull', `${host}/app:1`, join(folder, 'app.tar')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal)));
  while (readdirSync(folder).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  child.kill('SIGINT');
  expect(await ended).toBe('SIGINT');
  expect(readdirSync(folder)).toEqual([]);
});

test('large layers pass through without being held', async () => {
  const { content, host, folder } = await open({ blobFolder: mkdtempSync(join(scratch.folder, 'blobs-')) });
  const bytes = 384 * MEBIBYTE;
  const large = join(folder, 'large.tar.gz');
  const zeros = async function* () {
    for (let at = 0; at < bytes; at += MEBIBYTE) yield Buffer.alloc(MEBIBYTE);
  };
  await pipeline(zeros, createGzip({ level: 0 }), createWriteStream(large));
  expect(await peakMemory('append', '-f', large, '-t', `${host}/app:1`)).toBeLessThan(bytes / 2);
  expect(content.tags('app')).toEqual(['1']);
  const saved = join(folder, 'app.tar');
  expect(await peakMemory('pull', `${host}/app:1`, saved)).toBeLessThan(bytes / 2);
  expect(existsSync(saved)).toBe(true);
}, 240_000);

/** In bytes, of a process of its own; the system's own figure would begin with ours. */
function peakMemory(...argv: readonly string[]): Promise<number> {
  const script = `import { main } from ${JSON.stringify(mainModule)};
    let peak = 0;
    setInterval(() => { peak = Math.max(peak, process.memoryUsage.rss()); }, 10).unref();
    const status = await main(${JSON.stringify(['crane', ...argv])}, 'assay');
    process.stdout.write('\\n' + JSON.stringify({ status, peak }));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.on('close', () => {
      const { status, peak } = JSON.parse(output.split('\n').at(-1) ?? '{}');
      if (status === 0) resolve(peak);
      else reject(new Error(`exit status ${status}`));
    });
  });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}

const MEBIBYTE = 1024 * 1024;
const launcher = fileURLToPath(new URL('../bin/assay.js', import.meta.url));
const mainModule = new URL('../src/main.ts', import.meta.url).href;
