/**
 * The real crane as a judge of ours: what both make of the same image has the same digest, and holds the same files. Needs crane 0.22.1 in the testbed or
 * on PATH, and for one test the registry that comes with it; without them these tests skip. More of it: crane-transcripts.test.ts.
 */
import { spawn } from 'node:child_process';
import { createReadStream, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { readTar } from '@assay/oci/image';
import { digestOf, putImage, serveRegistry, type TestRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CRANE_VERSION, findCrane, findRegistry, runRealCrane, storedGzip, tarOf } from './crane-scene.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';

const crane = findCrane();
if (crane === '') console.warn(`tests against the real crane are skipped: no crane ${CRANE_VERSION} on PATH or in ASSAY_TESTBED`);

const scratch = new Scratch();
const layer = storedGzip(await tarOf({ 'srv/': '', 'srv/app': 'the application' }));
const layerFile = scratch.write('layer.tar.gz', layer);

let registry: TestRegistry;
beforeAll(async () => {
  registry = await serveRegistry();
});
afterAll(() => registry.close());

const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';
const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';

/** Configurations as builders write them, and as none does. */
const CONFIGS: readonly (readonly [name: string, mediaType: string, config: string])[] = [
  ['an empty one', OCI_CONFIG, '{}'],
  [
    'one of Docker',
    DOCKER_CONFIG,
    JSON.stringify({
      architecture: 'amd64',
      config: {
        Hostname: '',
        Domainname: '',
        User: '',
        AttachStdin: false,
        Tty: false,
        Env: ['PATH=/bin', 'A=b=c'],
        Cmd: ['sh'],
        Image: 'sha256:abc',
        Volumes: null,
        WorkingDir: '',
        Entrypoint: null,
        OnBuild: null,
        Labels: null,
      },
      container: 'abc',
      container_config: { Cmd: ['x'] },
      created: '2022-11-22T22:19:29.008562326Z',
      docker_version: '20.10.12',
      history: [
        { created: '2022-11-22T22:19:28.87Z', created_by: '/bin/sh -c #(nop) ADD file' },
        { created: '2022-11-22T22:19:29.000Z', created_by: 'CMD ["sh"]', empty_layer: true },
      ],
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [`sha256:${'1'.repeat(64)}`] },
    }),
  ],
  [
    'one of BuildKit, with members of its own',
    OCI_CONFIG,
    JSON.stringify({
      created: '2024-05-01T10:00:00+02:00',
      architecture: 'arm64',
      variant: 'v8',
      os: 'linux',
      'os.features': ['f'],
      config: {
        Env: ['X=<&>'],
        Labels: { '10': 'ten', '9': 'nine', z: '\u2028', 'org.example': 'é' },
        Healthcheck: { Test: ['CMD', 'x'], Interval: 30000000000, StartInterval: 5, Retries: 3 },
        ArgsEscaped: true,
        StopSignal: 'SIGTERM',
        Shell: ['sh', '-c'],
        Unknown: 1,
      },
      rootfs: { type: 'layers', diff_ids: [] },
      history: [],
      'moby.buildkit.buildinfo.v1': 'x',
      'moby.buildkit.cache.v0': {},
    }),
  ],
  [
    'one with ports and volumes',
    OCI_CONFIG,
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {
        ExposedPorts: { '8080/tcp': {}, '443': {}, '80': {} },
        Volumes: { '/b': {}, '/a': {} },
        MacAddress: 'x',
        NetworkDisabled: true,
        OnBuild: ['RUN x'],
      },
      rootfs: { type: 'layers', diff_ids: null },
    }),
  ],
  [
    'one of Windows',
    OCI_CONFIG,
    JSON.stringify({
      architecture: 'amd64',
      os: 'windows',
      'os.version': '10.0.17763.1',
      config: { Env: ['PATH=C:\\'] },
      rootfs: { type: 'layers', diff_ids: [] },
    }),
  ],
  [
    'one with nulls everywhere',
    OCI_CONFIG,
    JSON.stringify({ architecture: null, os: null, created: null, config: null, rootfs: null, history: null, author: null }),
  ],
  ['one that is of an artifact', 'application/vnd.cncf.helm.config.v1+json', JSON.stringify({ name: 'chart', version: '1.0.0' })],
];

const CHANGES: readonly (readonly [name: string, ...args: string[]])[] = [
  ['nothing', 'mutate', 'BASE', '-t', 'NEW'],
  ['labels', 'mutate', 'BASE', '-l', 'a=b', '-l', 'c=d,e=f', '-l', '"g=h"', '-t', 'NEW'],
  ['environment', 'mutate', 'BASE', '-e', 'PATH=/new', '-e', 'new=1', '-e', 'new=2', '-t', 'NEW'],
  ['an entry point', 'mutate', 'BASE', '--entrypoint', '/app,"a,b"', '-t', 'NEW'],
  ['a command, a user and a folder', 'mutate', 'BASE', '--cmd', 'x', '--cmd', 'y', '-u', 'me', '-w', '/w', '-t', 'NEW'],
  ['ports and platform', 'mutate', 'BASE', '--exposed-ports', '90,80', '--set-platform', 'linux/arm/v7:1', '-t', 'NEW'],
  ['annotations', 'mutate', 'BASE', '-a', 'z=<1>', '-a', 'a=é', '-t', 'NEW'],
];

describe.skipIf(crane === '')('the same digest', () => {
  describe.each(CONFIGS)('of %s', (_, mediaType, config) => {
    test.each(CHANGES)('with %s', async (__, ...args) => {
      await expectSameDigest({ mediaType, config }, args);
    });
  });

  test.each(CONFIGS.filter(([name]) => !name.includes('Windows')))('of %s with a layer more', async (_, mediaType, config) => {
    await expectSameDigest({ mediaType, config }, ['append', '-b', 'BASE', '-f', layerFile, '-t', 'NEW']);
    await expectSameDigest({ mediaType, config }, ['mutate', 'BASE', '--append', layerFile, '-l', 'a=b', '-t', 'NEW']);
  });

  test('of a base that is named in annotations', async () => {
    const args = ['append', '-b', `${registry.host}/named:base`, '-f', layerFile, '--set-base-image-annotations', '-t', 'NEW'];
    putImage(registry.content, 'named', { tag: 'base' });
    await expectSameDigest({ mediaType: OCI_CONFIG, config: '{}' }, args);
  });

  test('of an image that refers to another, which the changed one no longer does', async () => {
    const subject = putImage(registry.content, 'subject');
    await expectSameDigest({ mediaType: OCI_CONFIG, config: '{}', subject }, ['mutate', 'BASE', '-l', 'a=b', '-t', 'NEW']);
  });
});

interface Base {
  readonly mediaType: string;
  readonly config: string;
  readonly subject?: NonNullable<Parameters<typeof putImage>[2]>['subject'];
}

/** Both change an image of the same content, each in a repository of its own. */
async function expectSameDigest({ mediaType, config, subject }: Base, args: readonly string[]): Promise<void> {
  const digests = await Promise.all(
    ['ours', 'theirs'].map(async (repository) => {
      const layers = [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', bytes: layer }];
      putImage(registry.content, repository, { tag: 'base', config: { mediaType, bytes: Buffer.from(config) }, layers, ...(subject && { subject }) });
      const words = args.map((word) =>
        word === 'BASE' ? `${registry.host}/${repository}:base` : word === 'NEW' ? `${registry.host}/${repository}:new` : word,
      );
      const run = repository === 'ours' ? await ours(...words) : await theirs(...words);
      expect(run.status, run.stderr).toBe(0);
      return run.stdout.replace(/^.*@/, '');
    }),
  );
  expect(digests[0]).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect(digests[0]).toBe(digests[1]);
}

describe.skipIf(crane === '')('the same files', () => {
  test('of layers that hide, replace and link', async () => {
    const layers = [
      { 'etc/': '', 'etc/a': 'a', 'etc/b': 'b', 'opt/': '', 'opt/x/': '', 'opt/x/y': 'y', keep: 'kept', './dotted': 'dotted' },
      { 'etc/.wh.a': '', 'opt/': '', 'opt/.wh..wh..opq': '', 'opt/new': 'new' },
      { 'etc/': '', 'etc/b': 'other', [`${'long/'.repeat(40)}name`]: 'deep', ünï: 'code' },
    ];
    const blobs = await Promise.all(
      layers.map(async (files) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', bytes: gzipSync(await tarOf(files)) })),
    );
    putImage(registry.content, 'files', { tag: '1', layers: blobs });
    const paths = [scratch.path('ours.tar'), scratch.path('theirs.tar')] as const;
    expect((await ours('export', `${registry.host}/files:1`, paths[0])).stderr).toBe('');
    expect((await theirs('export', `${registry.host}/files:1`, paths[1])).stderr).toBe('');
    const [listed, expected] = [await listing(paths[0]), await listing(paths[1])];
    expect(listed).toEqual(expected);
    expect(listed.map(({ name }) => name)).toContain('opt/new');
  });

  test.each(['tarball', 'legacy'])('of a pulled image, as %s', async (format) => {
    const bytes = gzipSync(await tarOf({ a: 'a', b: 'b' }));
    const config = {
      created: '2024-01-02T03:04:05Z',
      architecture: 'amd64',
      os: 'linux',
      config: { Env: ['A=B'] },
      history: [{ created: '2024-01-02T03:04:05Z', created_by: 'RUN x', comment: 'c' }],
      rootfs: { type: 'layers', diff_ids: [digestOf(await tarOf({ a: 'a', b: 'b' }))] },
    };
    putImage(registry.content, 'pulled', {
      tag: '1',
      layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', bytes }],
      config: { mediaType: DOCKER_CONFIG, bytes: Buffer.from(JSON.stringify(config)) },
    });
    const paths = [scratch.path(`ours-${format}.tar`), scratch.path(`theirs-${format}.tar`)] as const;
    expect((await ours('pull', '--format', format, `${registry.host}/pulled:1`, paths[0])).stderr).toBe('');
    expect((await theirs('pull', '--format', format, `${registry.host}/pulled:1`, paths[1])).stderr).toBe('');
    expect(await listing(paths[0])).toEqual(await listing(paths[1]));
    for (const path of paths) {
      expect(await ours('validate', '--tarball', path)).toMatchObject({ status: 0 });
      expect(await theirs('validate', '--tarball', path)).toMatchObject({ status: 0 });
    }
    const digests = await Promise.all([
      ours('digest', '--tarball', paths[1]),
      format === 'tarball' ? theirs('digest', '--tarball', paths[0]) : ours('digest', '--tarball', paths[0]),
    ]);
    expect(digests[0]?.stdout).toBe(digests[1]?.stdout);
  });

  test('of a layout, which each reads of the other', async () => {
    putImage(registry.content, 'layout', { tag: '1', layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', bytes: layer }] });
    const [mine, other] = [scratch.path('our-layout'), scratch.path('their-layout')];
    await ours('pull', '--format', 'oci', '--annotate-ref', `${registry.host}/layout:1`, mine);
    await theirs('pull', '--format', 'oci', '--annotate-ref', `${registry.host}/layout:1`, other);
    const pushed = [await theirs('push', mine, `${registry.host}/from:ours`), await ours('push', other, `${registry.host}/from:theirs`)];
    expect(pushed.map(({ stdout }) => stdout)).toEqual(Array(2).fill(`${registry.host}/from@${registry.content.getManifest('layout', '1')?.digest}\n`));
    // As a whole index the digest is of index.json, whoever pushes it.
    const indexes = [
      await ours('push', '--index', other, `${registry.host}/index:ours`),
      await theirs('push', '--index', other, `${registry.host}/index:theirs`),
    ];
    expect(indexes[0]?.stdout).toBe(indexes[1]?.stdout);
    expect(indexes[0]?.stdout).toContain(digestOf(readFileSync(`${other}/index.json`)));
  });
});

describe.skipIf(crane === '')('the same verdict', () => {
  const tar = tarOf({ a: 'a' });
  test.each<[string, (tar: Buffer) => { bytes: Buffer; diffId: string }]>([
    ['a good image', (bytes) => ({ bytes: gzipSync(bytes), diffId: digestOf(bytes) })],
    ['a diff ID of something else', (bytes) => ({ bytes: gzipSync(bytes), diffId: digestOf(Buffer.from('else')) })],
    ['a layer that is no tar', () => ({ bytes: gzipSync(Buffer.from('x'.repeat(2000))), diffId: digestOf(Buffer.from('x'.repeat(2000))) })],
    ['a layer that is cut', (bytes) => ({ bytes: gzipSync(bytes).subarray(0, 30), diffId: digestOf(bytes) })],
  ])('on %s', async (name, make) => {
    const { bytes, diffId } = make(await tar);
    const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [diffId] }, config: {} };
    putImage(registry.content, 'judged', {
      tag: '1',
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', bytes }],
      config: { mediaType: OCI_CONFIG, bytes: Buffer.from(JSON.stringify(config)) },
    });
    const runs = [await ours('validate', '--remote', `${registry.host}/judged:1`), await theirs('validate', '--remote', `${registry.host}/judged:1`)];
    expect(runs.map(({ status }) => status)).toEqual(name === 'a good image' ? [0, 0] : [1, 1]);
  });
});

test.skipIf(crane === '' || findRegistry() === '')('against the registry of go-containerregistry: push, list, read, delete', async () => {
  const port = await freePort();
  const server = spawn(findRegistry(), ['-port', String(port)], { stdio: 'ignore' });
  try {
    const name = `127.0.0.1:${port}/app`;
    await waitFor(`http://127.0.0.1:${port}/v2/`);
    const { stdout } = await ours('append', '-f', layerFile, '-t', `${name}:1`);
    expect((await theirs('digest', '--full-ref', `${name}:1`)).stdout).toBe(stdout);
    expect((await ours('catalog', `127.0.0.1:${port}`)).stdout).toBe('app\n');
    expect((await ours('ls', name)).stdout).toBe('1\n');
    expect((await ours('validate', '--remote', `${name}:1`)).stdout).toBe(`PASS: ${name}:1\n`);
    expect((await ours('blob', `${name}@${digestOf(layer)}`)).status).toBe(0);
    expect((await ours('delete', `${name}:1`)).status).toBe(0);
    expect((await theirs('digest', `${name}:1`)).status).toBe(1);
  } finally {
    server.kill();
  }
});

function ours(...argv: readonly string[]): Promise<Run> {
  return runCli(['crane', ...argv], { network: 'open' });
}

function theirs(...argv: readonly string[]): Promise<Run> {
  return runRealCrane(crane, argv, scratch.folder);
}

/** Everything that a tar says of its files but how it says it; in order, since links follow what they link to. */
async function listing(path: string) {
  const entries = [];
  for await (const { header, content } of readTar(createReadStream(path), path)) {
    const { name, type, linkname, mode, uid, gid, size, mtime } = header;
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    entries.push({ name, type, linkname, mode: mode & 0o7777, uid, gid, size, mtime, digest: digestOf(Buffer.concat(chunks)) });
  }
  return entries;
}

async function freePort(): Promise<number> {
  const probe = await serveRegistry();
  await probe.close();
  return Number(probe.host.split(':')[1]);
}

async function waitFor(url: string): Promise<void> {
  for (;;) {
    try {
      await fetch(url);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
