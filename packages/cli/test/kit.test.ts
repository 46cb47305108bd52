/** `assay kit`: out of one registry, over a gap without any network, into another one; and whatever may happen to a kit on the way. */
import { execFileSync } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { utf8 } from '@assay/core';
import { KitFile } from '@assay/kit';
import { createInstance, putImage, serveRegistry, type TestRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCosign, runRealCosign } from './foreign-cosign.ts';
import { findTool, runTool } from './foreign-tools.ts';
import { CYCLONEDX, type KitScene, putKitScene, putOldSignature } from './kit-scene.ts';
import { COSIGN_SIGNER, instanceAndRoot, NATIVE_SIGNER } from './material.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';

const cosign = findCosign() ?? '';
if (cosign === '') console.warn('the real cosign does not verify what is imported: it is neither on PATH nor in ASSAY_TESTBED');
const scratch = new Scratch();
const { instance, root } = instanceAndRoot();
const ROOT = ['--trusted-root', scratch.write('root.json', root)];
const KIT = scratch.path('release.kit');
let registry: TestRegistry;
let scene: KitScene;
let exported: Run;
let digest = '';

const online = (...argv: string[]): Promise<Run> => runCli(argv, { network: 'open' });
/** No socket: `runCli` fails a run that tries. */
const offline = (...argv: string[]): Promise<Run> => runCli(['kit', ...argv]);
const things = (): string[] => [`${registry.host}/acme/app:1.0`, `oci://${registry.host}/acme/charts/app:1.0.0`, scene.file];

beforeAll(async () => {
  registry = await serveRegistry();
  scene = putKitScene(instance, registry, scratch);
  exported = await online('kit', 'export', ...things(), '--policy', scene.policy, ...ROOT, '--output', KIT);
  digest = exported.stdout.split(' ')[0] ?? '';
});
afterAll(() => registry.close());

describe('export', () => {
  test('prints the digest of the kit, and what was verified', () => {
    expect(exported).toMatchObject({ status: 0, stdout: `${digest}  ${KIT}\n` });
    expect(execFileSync('sha256sum', [KIT], { encoding: 'utf8' }).split(' ')[0]).toBe(digest.slice(7));
    expect(exported.stderr.split('\n')).toEqual([
      `verified: ${registry.host}/acme/app:1.0@${scene.index.digest}`,
      `verified: ${registry.host}/acme/charts/app:1.0.0@${scene.chart.digest}`,
      'verified: app.tar.gz',
      '',
    ]);
  });

  test('the same things at the same time are the same kit', async () => {
    const again = await online('kit', 'export', ...things(), '--policy', scene.policy, ...ROOT, '--output', scratch.path('again.kit'));
    expect(again.stdout.split(' ')[0]).toBe(digest);
  });

  test('what does not verify is not exported, unless that is said', async () => {
    putImage(registry.content, 'acme/unsigned', { tag: '1' });
    const argv = ['kit', 'export', `${registry.host}/acme/unsigned:1`, '--policy', scene.policy, ...ROOT, '--output', scratch.path('unsigned.kit')];
    const run = await online(...argv);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toContain('nothing is exported');
    expect(readdirSync(scratch.folder).filter((name) => name.startsWith('unsigned.kit'))).toEqual([]);
    expect(await online(...argv, '--unverified')).toMatchObject({ status: 0, stderr: expect.stringContaining('NOT verified: ') });
    expect((await offline('show', scratch.path('unsigned.kit'))).stdout).toContain('NOT verified when the kit was made');
    expect(await offline('verify', scratch.path('unsigned.kit'))).toMatchObject({ status: 1 });
  });

  test.each<[string, string[], number, string]>([
    ['without a word on who must have signed', [], 2, 'who must have signed is not said'],
    ['by another signer', ['--identity', 'mallory@example.org', '--issuer', 'https://accounts.google.com'], 1, 'nothing is exported'],
    ['by another root', [...NATIVE_SIGNER, '--trusted-root', 'OTHER'], 1, 'nothing is exported'],
    ['twice, by two names', [...NATIVE_SIGNER, 'file:TWICE'], 2, 'two files have one name in the kit'],
    ['over a file that is there', [...NATIVE_SIGNER, '--output', 'THERE'], 2, 'overwrite it with --force'],
  ])('%s: refused', async (_, argv, status, says) => {
    const names = {
      'file:TWICE': `file:${scene.file}`,
      OTHER: scratch.write('other.json', createInstance().trustedRoot()),
      THERE: scratch.write('there', 'x'),
    };
    const words = argv.map((word) => names[word as keyof typeof names] ?? word);
    const run = await online('kit', 'export', scene.file, '--output', scratch.path('none.kit'), ...ROOT, ...words);
    expect(run).toMatchObject({ status, stdout: '' });
    expect(run.stderr).toContain(says);
    expect(existsSync(scratch.path('none.kit'))).toBe(false);
  });

  test('evidence of a side repository comes along, and so does a bundle at hand', async () => {
    const image = putImage(registry.content, 'acme/aside', { tag: '1', layers: [{ mediaType: 'text/plain', bytes: utf8('aside') }] });
    putOldSignature(instance, registry, 'acme/evidence', image);
    const kit = scratch.path('aside.kit');
    const argv = ['kit', 'export', `${registry.host}/acme/aside:1`, ...NATIVE_SIGNER, ...ROOT, '--output', kit];
    expect((await online(...argv)).status).toBe(1);
    expect(await online(...argv, '--side-repository', `${registry.host}/acme/evidence`)).toMatchObject({ status: 0 });
    expect(await offline('verify', kit, ...NATIVE_SIGNER, ...ROOT)).toMatchObject({ status: 0 });
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256: image.digest.slice(7) } }],
      predicateType: CYCLONEDX,
      predicate: {},
    };
    const bundle = scratch.write('aside.json', instance.sign(utf8('unused'), { content: 'dsse', payload: utf8(JSON.stringify(statement)) }).bundleBytes);
    expect(await online(...argv, '--force', '--bundle', bundle)).toMatchObject({ status: 0 });
    expect(await offline('verify', kit, ...NATIVE_SIGNER, ...ROOT, '--type', 'cyclonedx')).toMatchObject({ status: 0 });
  });

  test('evidence that cannot be read stops it: nobody could fetch it later', async () => {
    const broken = await serveRegistry({ content: registry.content, lies: [{ lie: 'status', status: 500, on: { path: /referrers/ } }] });
    try {
      const run = await online('kit', 'export', `${broken.host}/acme/app:1.0`, '--unverified', '--output', scratch.path('broken.kit'), ...ROOT);
      expect(run).toMatchObject({ status: 3, stdout: '' });
      expect(run.stderr).toContain('it cannot come along, and nothing is exported');
    } finally {
      await broken.close();
    }
  });

  test('a connection that breaks in the middle leaves nothing', async () => {
    const broken = await serveRegistry({ content: registry.content, lies: [{ lie: 'truncated', on: { path: /\/blobs\// } }] });
    try {
      mkdirSync(scratch.path('partial'));
      const run = await online('kit', 'export', `${broken.host}/acme/charts/app:1.0.0`, '--unverified', '--output', scratch.path('partial/x.kit'), ...ROOT);
      expect(run.status).not.toBe(0);
      expect(readdirSync(scratch.path('partial'))).toEqual([]);
    } finally {
      await broken.close();
    }
  });

  test('one platform: the signature of the index vouches for it', async () => {
    const kit = scratch.path('arm64.kit');
    const run = await online('kit', 'export', `${registry.host}/acme/app:1.0`, '--platform', 'linux/arm64', ...NATIVE_SIGNER, ...ROOT, '--output', kit);
    expect(run).toMatchObject({ status: 0, stderr: `verified: ${registry.host}/acme/app:1.0@${scene.platforms[1]?.digest}\n` });
    for (const demand of [[...NATIVE_SIGNER], ['--policy', scene.policy]]) {
      const verified = await offline('verify', kit, ...demand, ...ROOT, '--full');
      expect(verified).toMatchObject({ status: 0 });
      expect(verified.stdout).toContain(`the verified index names ${scene.platforms[1]?.digest}`);
    }
    const opened = KitFile.open(kit);
    const held = opened.manifest.entries.map(({ path }) => path);
    opened.close();
    expect(held).not.toContain(`blobs/${scene.platforms[0]?.digest.replace(':', '/')}`);
    const target = await serveRegistry();
    try {
      expect(await online('kit', 'import', kit, `${target.host}`, ...NATIVE_SIGNER, ...ROOT)).toMatchObject({
        status: 0,
        stdout: `${target.host}/acme/app@${scene.platforms[1]?.digest}\n`,
      });
    } finally {
      await target.close();
    }
  });

  test('a layout, under the name that it says', async () => {
    const folder = scratch.path('chart-layout');
    await online('copy', `${registry.host}/acme/charts/app:1.0.0`, folder);
    const kit = scratch.path('layout.kit');
    expect(await offline('export', folder, ...NATIVE_SIGNER, ...ROOT, '--output', kit)).toMatchObject({
      status: 0,
      stderr: `verified: localhost/chart-layout@${scene.chart.digest}\n`,
    });
    expect(await offline('verify', kit, ...NATIVE_SIGNER, ...ROOT)).toMatchObject({ status: 0 });
  });
});

describe('verify, without a socket', () => {
  test('by what the kit says itself: said plainly', async () => {
    const run = await offline('verify', KIT);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toContain(`${KIT} is verified: 3 things`);
    expect(run.stdout).toContain('the trusted root came with the kit: sha256:');
    expect(run.stdout).toContain('whoever made the kit chose the trusted root');
    expect(run.stdout).toContain('whoever made the kit chose the policy');
  });

  test('by its digest: then its root and policy are those that were meant', async () => {
    const run = await offline('verify', KIT, '--kit-digest', digest, '--full');
    expect(run).toMatchObject({ status: 0 });
    expect(run.stdout).not.toContain('whoever made the kit');
    expect(run.stdout).toContain("it is not public Sigstore's");
    expect(await offline('verify', KIT, '--kit-digest', `sha256:${'0'.repeat(64)}`)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('KIT_MISMATCH'),
    });
    expect(await offline('verify', KIT, '--kit-digest', 'sha256:0')).toMatchObject({ status: 2 });
  });

  test.each<[string, () => string[], number]>([
    ['my policy and my root', () => ['--policy', scene.policy, ...ROOT], 0],
    ['my signer and my root', () => [...NATIVE_SIGNER, ...ROOT], 0],
    ['my signer, and the root of the kit', () => [...NATIVE_SIGNER], 0],
    ['another signer', () => ['--identity', 'mallory@example.org', '--issuer', 'https://accounts.google.com', ...ROOT], 1],
    ['another root', () => [...NATIVE_SIGNER, '--trusted-root', scratch.write('other.json', createInstance().trustedRoot())], 1],
    [
      'a policy about other images',
      () => [
        '--policy',
        scratch.write('else.yaml', readFileSync(scene.policy, 'utf8').replace('spec:', 'spec:\n  images: [elsewhere.example/**]').replace('../root', 'root')),
        ...ROOT,
      ],
      1,
    ],
    ['a root that must be young', () => [...NATIVE_SIGNER, '--max-root-age', '0'], 0],
    ['a key that would have to be fetched', () => ['--key', 'https://example.org/key', ...ROOT], 2],
  ])('by %s', async (_, flags, status) => {
    const run = await offline('verify', KIT, ...flags());
    expect(run.status, run.stdout + run.stderr).toBe(status);
  });

  test('as one tree', async () => {
    const run = await offline('verify', KIT, ...NATIVE_SIGNER, ...ROOT, '--output', 'json');
    const { ok, root: tree, things: told } = JSON.parse(run.stdout);
    expect(ok).toBe(true);
    expect(told.map(({ kind }: { kind: string }) => kind)).toEqual(['image', 'chart', 'file']);
    expect(tree.checks.map(({ id, status }: { id: string; status: string }) => `${id} ${status}`)).toEqual([
      'kit.content pass',
      'trust pass',
      'kit.thing pass',
      'kit.thing pass',
      'kit.thing pass',
    ]);
  });

  test('the age of its root is told, and bounded', async () => {
    const later = { now: new Date(instance.now.getTime() + 40 * 86_400_000) };
    const verify = (...argv: string[]): Promise<Run> => runCli(['kit', 'verify', KIT, ...NATIVE_SIGNER, ...argv], later);
    expect((await verify()).stdout).toContain('40 days old');
    expect(await verify('--max-root-age', '40')).toMatchObject({ status: 0 });
    expect(await verify('--max-root-age', '39')).toMatchObject({ status: 1, stdout: expect.stringContaining('KIT_ROOT_AGE') });
    expect(await verify('--max-root-age', '39', ...ROOT)).toMatchObject({ status: 0 });
    const earlier = await runCli(['kit', 'verify', KIT, ...NATIVE_SIGNER, '--max-root-age', '39'], { now: new Date(instance.now.getTime() - 86_400_000) });
    expect(earlier).toMatchObject({ status: 1, stdout: expect.stringContaining('still to come') });
  });

  test('without a policy in it, and without demands, is no verification', async () => {
    const kit = scratch.path('plain.kit');
    await offline('export', scene.file, ...NATIVE_SIGNER, ...ROOT, '--output', kit);
    expect(await offline('verify', kit)).toMatchObject({ status: 2, stderr: expect.stringContaining('there is no policy in it') });
    expect(await offline('verify', kit, ...NATIVE_SIGNER)).toMatchObject({ status: 0 });
  });
});

describe('show', () => {
  test('tells what is in it', async () => {
    const run = await offline('show', KIT);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toContain(`image  ${registry.host}/acme/app:1.0@${scene.index.digest}, verified when the kit was made`);
    expect(run.stdout).toContain('demanded  policy release.yaml');
    const json = JSON.parse((await offline('show', KIT, '--output', 'json')).stdout);
    expect(json.entries.map(({ path }: { path: string }) => path).filter((path: string) => !path.startsWith('blobs/'))).toEqual([
      'files/app.tar.gz',
      'files/app.tar.gz.sigstore.json',
      'index.json',
      'oci-layout',
      'policy/policies/release.yaml',
      'policy/root.json',
      'trust/trusted_root.json',
    ]);
  });
});

describe.each([['api'], ['none']] as const)('import into a registry, referrers: %s', (referrers) => {
  test('tags, signatures of both kinds, attestations and SBOMs; verified there', async () => {
    const target = await serveRegistry({ referrers });
    try {
      const run = await online('kit', 'import', KIT, `${target.host}/mirror`, '--kit-digest', digest, '--files', scratch.path(`files-${referrers}`));
      expect(run, run.stderr).toMatchObject({ status: 0, stderr: '' });
      expect(run.stdout.split('\n')).toEqual([
        `${target.host}/mirror/acme/app@${scene.index.digest}`,
        `${target.host}/mirror/acme/charts/app@${scene.chart.digest}`,
        scratch.path(`files-${referrers}/files/app.tar.gz`),
        '',
      ]);
      const image = `${target.host}/mirror/acme/app:1.0`;
      expect((await online('verify', image, `${target.host}/mirror/acme/charts/app:1.0.0`, ...NATIVE_SIGNER, ...ROOT)).status).toBe(0);
      expect((await online('verify', image, ...NATIVE_SIGNER, ...ROOT, '--type', 'cyclonedx')).status).toBe(0);
      expect((await online('verify', image, '--policy', scene.policy)).status).toBe(0);
      expect((await offlineVerify(scratch.path(`files-${referrers}/files/app.tar.gz`))).status).toBe(0);
      expect(target.content.tags('mirror/acme/app')).toContain(`${scene.index.digest.replace(':', '-')}.sig`);
      if (cosign !== '') {
        for (const more of [[], ['--new-bundle-format=false']]) {
          const foreign = await runRealCosign(cosign, ['verify', image, ...COSIGN_SIGNER, ...ROOT, ...more], { home: scratch.path('home') });
          expect(foreign, foreign.stderr).toMatchObject({ status: 0 });
        }
      }
    } finally {
      await target.close();
    }
  });
});

const offlineVerify = (file: string): Promise<Run> => runCli(['verify', file, ...NATIVE_SIGNER, ...ROOT]);

describe('import', () => {
  test('sets tags last: a run that broke off shows nothing, and the next one goes on', async () => {
    const lies = [{ lie: 'status', status: 500, on: { method: 'PUT', path: /charts\/app\/manifests\/sha256/, times: 100 } }] as const;
    const broken = await serveRegistry({ lies });
    try {
      const run = await online('kit', 'import', KIT, `${broken.host}/m`, '--kit-digest', digest);
      expect(run).toMatchObject({ status: 3, stdout: '' });
      expect(broken.content.tags('m/acme/app').filter((tag) => !tag.startsWith('sha256-'))).toEqual([]);
      const mended = await serveRegistry({ content: broken.content });
      try {
        expect((await online('kit', 'import', KIT, `${mended.host}/m`, '--kit-digest', digest)).status).toBe(0);
        expect(mended.requests.filter(({ method, path }) => method !== 'HEAD' && method !== 'GET' && path.includes('m/acme/app/blobs'))).toEqual([]);
        expect(mended.content.tags('m/acme/app')).toContain('1.0');
      } finally {
        await mended.close();
      }
    } finally {
      await broken.close();
    }
  });

  test('moves no tag that is somebody else’s, unless that is said', async () => {
    const target = await serveRegistry();
    try {
      const other = putImage(target.content, 'acme/app', { tag: '1.0' });
      const run = await online('kit', 'import', KIT, target.host, '--kit-digest', digest);
      expect(run).toMatchObject({ status: 2, stdout: '' });
      expect(run.stderr).toContain(other.digest);
      expect(target.requests.filter(({ method }) => method === 'PUT' || method === 'POST')).toEqual([]);
      expect((await online('kit', 'import', KIT, target.host, '--kit-digest', digest, '--force')).status).toBe(0);
    } finally {
      await target.close();
    }
  });

  test('into a folder: a layout and files, with trusted root and policy where that is asked for', async () => {
    const folder = scratch.path('unpacked');
    const run = await offline('import', KIT, folder, '--kit-digest', digest, '--trust');
    expect(run, run.stderr).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(folder).toSorted()).toEqual(['blobs', 'files', 'index.json', 'oci-layout', 'policy', 'trust']);
    expect((await offlineVerify(join(folder, 'files/app.tar.gz'))).status).toBe(0);
    expect(await runCli(['verify', join(folder, 'files/app.tar.gz'), '--policy', join(folder, 'policy/policies/release.yaml')])).toMatchObject({ status: 0 });
    expect(await offline('import', KIT, folder, '--kit-digest', digest)).toMatchObject({ status: 2, stderr: expect.stringContaining('is there already') });
    expect(await offline('import', KIT, folder, '--kit-digest', digest, '--force', '--trust')).toMatchObject({ status: 0 });
  });

  test('writes nothing that does not verify', async () => {
    const folder = scratch.path('refused');
    expect(await offline('import', KIT, folder, '--identity', 'mallory@example.org', '--issuer', 'https://accounts.google.com', ...ROOT)).toMatchObject({
      status: 1,
      stdout: '',
    });
    expect(existsSync(folder)).toBe(false);
  });

  test('of a kit that is altered between verification and upload: no tag is set', async () => {
    const kit = scratch.path('swapped.kit');
    copyFileSync(KIT, kit);
    const at = readFileSync(kit).indexOf('a chart');
    const target = await serveRegistry();
    try {
      const run = online('kit', 'import', kit, `${target.host}/m`, '--kit-digest', digest);
      // The first request comes when everything is verified, and long before the chart is sent.
      while (target.requests.length === 0) await new Promise(setImmediate);
      const file = openSync(kit, 'r+');
      writeSync(file, 'a CHART', at);
      closeSync(file);
      expect(await run).toMatchObject({ status: 1, stderr: expect.stringContaining('OCI_DIGEST_MISMATCH') });
      expect(target.content.tags('m/acme/app').filter((tag) => !tag.startsWith('sha256-'))).toEqual([]);
    } finally {
      await target.close();
    }
  });

  test.each([['mirror'], ['acme/mirror'], ['registry.example/UPPER']])('%s is no registry', async (target) => {
    expect(await offline('import', KIT, target, '--kit-digest', digest)).toMatchObject({ status: 2, stdout: '' });
  });
});

describe('a hostile kit', () => {
  test('cut off: said with how far it goes', async () => {
    const cut = scratch.write('cut.kit', readFileSync(KIT).subarray(0, -2000));
    const run = await offline('verify', cut);
    expect(run).toMatchObject({ status: 4, stdout: '' });
    expect(run.stderr).toContain('KIT_INCOMPLETE');
  });

  test.each(['verify', 'import', 'show'])('some other file: %s', async (command) => {
    const file = scratch.write('other.kit', 'x'.repeat(2000));
    const run = await offline(command, file, ...(command === 'import' ? [scratch.path('nowhere')] : []));
    expect(run).toMatchObject({ status: 4, stdout: '' });
    expect(existsSync(scratch.path('nowhere'))).toBe(false);
  });

  /** Made anew by hand: everything is as listed, and still it does not hang together. */
  test.each<[string, (folder: string) => void, string]>([
    [
      'an index that names what is not there',
      (folder) => edit(folder, 'index.json', (text) => text.replace(/sha256:[0-9a-f]{64}/, `sha256:${'1'.repeat(64)}`)),
      'which is not there',
    ],
    ['another image under the tag', (folder) => edit(folder, 'index.json', (text) => text.replace(scene.index.digest, scene.chart.digest)), 'index.json names'],
    [
      'a name for a referrer',
      (folder) =>
        edit(folder, 'index.json', (text) => text.replace(/"artifactType":/, '"annotations":{"org.opencontainers.image.ref.name":"latest"},"artifactType":')),
      'gives a name to something else',
    ],
    ['an image with a part missing', (folder) => rmSync(join(folder, `blobs/${scene.platforms[0]?.digest.replace(':', '/')}`)), 'which is not there'],
  ])('%s', async (_, change, says) => {
    const folder = scratch.path(`hostile-${says.length}`);
    mkdirSync(folder, { recursive: true });
    execFileSync('tar', ['xf', KIT, '-C', folder]);
    change(folder);
    const kit = scratch.path('hostile.kit');
    await packAnew(folder, kit);
    const run = await offline('verify', kit);
    expect(run.status, run.stdout + run.stderr).toBe(1);
    expect(run.stdout).toContain('KIT_MISMATCH');
    expect(run.stdout).toContain(says);
    rmSync(folder, { recursive: true });
  });
});

function edit(folder: string, path: string, change: (text: string) => string): void {
  const before = readFileSync(join(folder, path), 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(join(folder, path), after);
}

/** With a list that is right about every entry. */
async function packAnew(folder: string, path: string): Promise<void> {
  const { writeKit } = await import('@assay/kit');
  const { digestOf, sourceOf } = await import('@assay/oci');
  const original = KitFile.open(KIT);
  const { entries, ...head } = original.manifest;
  original.close();
  const pieces = entries.flatMap(({ path: one }) => {
    if (!existsSync(join(folder, one))) return [];
    const bytes = readFileSync(join(folder, one));
    return [[one, { digest: digestOf(bytes), size: bytes.length, open: () => sourceOf(bytes).open() }] as const];
  });
  await writeKit(head, new Map(pieces), path, { existing: 'replace' });
}

const crane = findTool('crane', '0.22.1');
describe.skipIf(crane.path === '')('the real crane', () => {
  test('reads the unpacked kit as a layout, and pushes all of it', async () => {
    const kit = scratch.path('one.kit');
    await online('kit', 'export', `${registry.host}/acme/app:1.0`, ...NATIVE_SIGNER, ...ROOT, '--output', kit);
    const folder = scratch.path('for-crane');
    mkdirSync(folder);
    execFileSync('tar', ['xf', kit, '-C', folder]);
    const target = await serveRegistry();
    try {
      const home = scratch.path('home');
      const pushed = await runTool(crane.path, ['push', folder, `${target.host}/x:1`, '--index', '--insecure'], { home });
      expect(pushed, pushed.stderr).toMatchObject({ status: 0 });
      const digestRun = await runTool(crane.path, ['manifest', `${target.host}/x@${scene.index.digest}`, '--insecure'], { home });
      expect(digestRun).toMatchObject({ status: 0 });
    } finally {
      await target.close();
    }
    // One image, whatever else lies there.
    expect((await runCli(['verify', folder, ...NATIVE_SIGNER, ...ROOT])).status).toBe(0);
  });
});
