/**
 * The image: made twice, looked at entry by entry, run, pushed, and read by the tool of the field. What comes from apt needs Debian's tools; running it
 * needs root, since nobody else may change their root folder.
 */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { type Descriptor, Layout } from '@assay/oci';
import { decompressed, type ImageConfig, readConfig, readTar, type TarHeader } from '@assay/oci/image';
import { serveRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { findOnPath, findTool } from '../packages/cli/test/foreign-tools.ts';
import { version } from './bundle.ts';
import { gzip } from './image/gzip.ts';
import { refreshLock } from './image/packages.ts';
import { makeImage } from './image.ts';

const missing = ['apt-get', 'dpkg-deb'].filter((name) => findOnPath(name) === '');
if (missing.length > 0) console.warn(`tests of the image are skipped: no ${missing.join(', ')} on PATH`);
const isRoot = process.geteuid?.() === 0;
if (!isRoot) console.warn('tests that run the image are skipped: only root can change to its folder');
const crane = findTool('crane', '0.22.1').path;
if (crane === '') console.warn('tests of the image with crane are skipped: no crane 0.22.1 on PATH or in ASSAY_TESTBED');

const folder = mkdtempSync(join(tmpdir(), 'assay-image-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(missing.length > 0)('the image', () => {
  const [all, chart] = [join(folder, 'all'), join(folder, 'charts/assay.tgz')];
  let registry: Awaited<ReturnType<typeof serveRegistry>>;
  let reference: string;
  /** Of the one that was made for the registry, on its own. */
  let digest: string;

  /** Undefined: what is committed. Mirrors keep only the newest of Debian, and a mirror that has moved on says nothing of how images are made. */
  let packages: string | undefined;

  beforeAll(async () => {
    try {
      await makeImage({ output: all, platform: 'all' });
    } catch (error) {
      if (!String(error).includes('--refresh-packages')) throw error;
      console.warn('the mirror of Debian has moved on from tools/image/packages.lock: images are made of what it has now');
      packages = join(folder, 'packages.lock');
      await refreshLock(packages);
      await makeImage({ output: all, platform: 'all', packages });
    }
    registry = await serveRegistry();
    reference = `${registry.host}/trust/assay:test`;
    digest = await makeImage({ output: reference, chart, packages });
  }, 600_000);
  afterAll(() => registry?.close());

  async function imageOf(platform: string): Promise<{ readonly config: ImageConfig; readonly layers: string[] }> {
    const layout = Layout.open(all);
    const child = (await children()).find((one) => `${one.platform?.os}/${one.platform?.architecture}` === platform);
    const stored = await layout.manifest(child?.digest ?? '');
    if (stored?.manifest.kind !== 'image') throw new Error(`no image for ${platform}`);
    const { manifest } = stored;
    const layers = manifest.layers.map((layer) => join(all, 'blobs/sha256', layer.digest.slice('sha256:'.length)));
    return { config: await readConfig({ manifest }, layout), layers };
  }

  async function children(): Promise<readonly Descriptor[]> {
    const index = await Layout.open(all).manifest(version());
    if (index?.manifest.kind !== 'index') throw new Error('no index');
    return index.manifest.manifests;
  }

  test('is for both platforms, and the same bytes each time', async () => {
    const [amd64, arm64, ...more] = await children();
    expect([amd64, arm64].map((one) => `${one?.platform?.os}/${one?.platform?.architecture}`)).toEqual(['linux/amd64', 'linux/arm64']);
    expect(more).toEqual([]);
    expect(digest).toBe(amd64?.digest);
  });

  test('says how it is run, by whom, and what it is', async () => {
    const { config } = await imageOf('linux/amd64');
    expect(config).toMatchObject({ os: 'linux', architecture: 'amd64' });
    expect(config.config).toMatchObject({
      User: '65532:65532',
      Entrypoint: ['/nodejs/bin/node', '/app/bin/assay.js'],
      Cmd: null,
      WorkingDir: '/home/nonroot',
      Env: ['PATH=/nodejs/bin', 'HOME=/home/nonroot'],
    });
    expect(config.config.Volumes?.size ?? 0).toBe(0);
    expect(Object.fromEntries(config.config.Labels ?? [])).toEqual({
      'org.opencontainers.image.title': 'assay',
      'org.opencontainers.image.description': expect.any(String),
      'org.opencontainers.image.version': version(),
      'org.opencontainers.image.licenses': 'Apache-2.0',
    });
    expect(config.history?.map(({ created_by }) => created_by)).toEqual([`Node ${process.versions.node} and the libraries it needs`, `assay ${version()}`]);
  });

  test.each(['linux/amd64', 'linux/arm64'])('holds nothing for %s that others may write to, or that gives rights', async (platform) => {
    const { layers } = await imageOf(platform);
    const headers = (await Promise.all(layers.map(headersOf))).flat();
    for (const { name, type, mode, uid, gid, mtime, uname, gname } of headers) {
      const isOwn = ['home/nonroot/', 'tmp/'].includes(name);
      expect({ name, uid, gid, uname, gname, mtime: mtime.getTime() }).toEqual({
        name,
        uid: isOwn ? 65_532 : 0,
        gid: isOwn ? 65_532 : 0,
        uname: '',
        gname: '',
        mtime: 0,
      });
      expect(['file', 'directory', 'symlink']).toContain(type);
      if (type !== 'symlink') expect(mode & ~0o755, name).toBe(0);
    }
    const names = headers.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => /(?:^|\/)(?:s?bin)\/./.test(name))).toEqual(['nodejs/bin/node', 'app/bin/assay.js']);
    for (const list of await Promise.all(layers.map(headersOf))) {
      const sorted = list.map(({ name }) => name.replace(/\/$/, ''));
      expect(sorted).toEqual(sorted.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }
  });

  test('carries the licences of what is in it, and the records that scanners read', async () => {
    const { layers } = await imageOf('linux/amd64');
    const names = (await Promise.all(layers.map(headersOf))).flat().map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'app/LICENSE',
        'app/THIRD-PARTY-NOTICES.md',
        'nodejs/LICENSE',
        'usr/share/doc/libc6/copyright',
        'usr/share/doc/gcc-12-base/copyright',
        'var/lib/dpkg/status.d/libc6',
        'usr/lib/os-release',
      ]),
    );
  });

  describe.skipIf(!isRoot)('as a root folder', () => {
    const root = join(folder, 'root');

    beforeAll(async () => {
      mkdirSync(root);
      const { layers } = await imageOf('linux/amd64');
      for (const layer of layers)
        expect(spawnSync('tar', ['--extract', '--gzip', '--preserve-permissions', '--same-owner', '-f', layer, '-C', root]).status).toBe(0);
    });

    /** Nothing of this machine is in it: neither devices nor processes. Read-only, where we may make it so. */
    function runInside(...args: string[]) {
      const change = ['chroot', '--userspec=65532:65532', root, '/nodejs/bin/node', '/app/bin/assay.js', ...args];
      const readOnly = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"';
      const canMount = spawnSync('unshare', ['--mount', 'sh', '-c', readOnly, root, 'true']).status === 0;
      const [program = '', ...argv] = canMount ? ['unshare', '--mount', 'sh', '-c', readOnly, root, ...change] : change;
      return spawnSync(program, argv, { encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: '/home/nonroot' }, cwd: '/' });
    }

    test('says its version', () => {
      expect(runInside('--version')).toMatchObject({ stderr: '', stdout: `${version()}\n`, status: 0 });
    });

    test('explains how to verify', () => {
      expect(runInside('verify', '--help')).toMatchObject({ stderr: '', stdout: expect.stringContaining('--identity'), status: 0 });
    });

    test('refuses what it cannot find, with the status of that', () => {
      expect(runInside('verify', '/nothing', '--identity', 'a', '--issuer', 'b')).toMatchObject({ stdout: '', status: 2 });
    });
  });

  describe.skipIf(crane === '')('in a registry', () => {
    test('is what crane reads, and the chart names it', async () => {
      const run = async (...argv: string[]): Promise<string> => (await promisify(execFile)(crane, argv, { maxBuffer: 2 ** 26 })).stdout;
      expect(await run('digest', reference)).toBe(`${digest}\n`);
      expect(await run('validate', '--remote', reference)).toBe(`PASS: ${reference}\n`);
      expect(JSON.parse(await run('config', reference))).toMatchObject({ architecture: 'amd64', config: { User: '65532:65532' } });
      expect(parse(await valuesIn(chart))).toMatchObject({ image: { repository: `${registry.host}/trust/assay`, digest } });
    });
  });
});

async function headersOf(layer: string): Promise<TarHeader[]> {
  const headers: TarHeader[] = [];
  for await (const { header } of readTar(decompressed(createReadStream(layer), layer), layer)) headers.push(header);
  return headers;
}

async function valuesIn(chart: string): Promise<string> {
  for await (const { header, content } of readTar(decompressed(createReadStream(chart), chart), chart)) {
    if (header.name === 'assay/values.yaml') return text(content);
  }
  throw new Error(`${chart} holds no values`);
}

test.each([
  ['../x.txt', '--platform is'],
  ['linux/riscv64', '--platform is linux/amd64, linux/arm64 or all, not linux/riscv64'],
])('refuses the platform %s', async (platform, message) => {
  await expect(makeImage({ output: join(folder, 'none'), platform })).rejects.toThrow(message);
});

test('takes no digest for an output', async () => {
  await expect(makeImage({ output: `registry.test/assay@sha256:${'0'.repeat(64)}` })).rejects.toThrow('--output takes no digest');
});

test.each([0, 1, 100_000])('compresses %d bytes to what gzip reads', async (size) => {
  const content = Buffer.alloc(size, 'assay');
  async function* pieces() {
    for (let at = 0; at < size; at += 7000) yield content.subarray(at, at + 7000);
  }
  const packed = await buffer(gzip(pieces()));
  const { stdout, status } = spawnSync('gzip', ['--decompress', '--stdout'], { input: packed });
  expect(status).toBe(0);
  expect(createHash('sha256').update(stdout).digest('hex')).toBe(createHash('sha256').update(content).digest('hex'));
  expect(packed.subarray(4, 8)).toEqual(Buffer.alloc(4));
});
