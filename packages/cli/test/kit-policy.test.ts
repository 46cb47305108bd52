/** What a policy names comes along in a kit, whatever it is written in; and where the trusted root of a kit came from. */
import { KitFile } from '@assay/kit';
import { keyFor, putImage, type Server, serve, serveRegistry, type TestRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fakeGithub } from '../../slsa/test/github-api.ts';
import { CONTENT, OWN, openBuildScene, SOURCE } from './build-scene.ts';
import { CYCLONEDX, type KitScene, nativePolicy, putKitScene } from './kit-scene.ts';
import { ISSUER, instanceAndRoot, NATIVE_SIGNER, SAN } from './material.ts';
import { sha256Of } from './provenance-builds.ts';
import { type Run, type RunOptions, runCli, Scratch } from './run-cli.ts';
import { writeTufFiles } from './tuf-files.ts';

const scratch = new Scratch();
const { instance, root } = instanceAndRoot();
const ROOT = ['--trusted-root', scratch.write('root.json', root)];
let registry: TestRegistry;
let scene: KitScene;
let kits = 0;

beforeAll(async () => {
  registry = await serveRegistry();
  scene = putKitScene(instance, registry, scratch);
});
afterAll(() => registry.close());

const online = (argv: readonly string[], options: RunOptions = {}): Promise<Run> => runCli(argv, { ...options, network: 'open' });
const image = (): string => `${registry.host}/acme/app:1.0`;

/** Exported by a policy, and then verified where nothing but the kit is. */
async function carried(policy: string, ...more: string[]): Promise<{ exported: Run; verified: Run }> {
  kits += 1;
  const kit = scratch.path(`${kits}.kit`);
  const exported = await online(['kit', 'export', image(), '--policy', policy, ...more, '--output', kit]);
  const verified = exported.status === 0 ? await runCli(['kit', 'verify', kit]) : exported;
  return { exported, verified };
}

const signer = { issuer: ISSUER, subject: SAN };

describe('a policy', () => {
  test('with texts and roots beside it and above it', async () => {
    scratch.write('policies/cue/sbom.cue', 'predicate: bomFormat: "CycloneDX"\n');
    scratch.write('policies/sbom.rego', 'package sigstore\nisCompliant { input.predicate.bomFormat == "CycloneDX" }\n');
    const attestations = [
      { type: CYCLONEDX, cue: 'cue/sbom.cue' },
      { type: CYCLONEDX, rego: 'sbom.rego' },
    ];
    const policy = scratch.write('policies/deep/er/files.yaml', nativePolicy({ signers: [signer], trust: { file: '../../../root.json' } }));
    const beside = scratch.write('policies/engines.yaml', nativePolicy({ signers: [signer], trust: { file: '../root.json' }, attestations }));
    for (const one of [policy, beside]) {
      const { exported, verified } = await carried(one, ...ROOT);
      expect(exported, exported.stderr).toMatchObject({ status: 0 });
      expect(verified.status, verified.stdout + verified.stderr).toBe(0);
    }
    scratch.write('policies/cue/sbom.cue', 'predicate: bomFormat: "SPDX"\n');
    expect((await carried(beside, ...ROOT)).exported).toMatchObject({ status: 1, stdout: '' });
  }, 120_000);

  test('with keys', async () => {
    scratch.write('policies/release.pub', keyFor('another', 'p256').publicPem);
    const keys = scratch.write('policies/keys.yaml', nativePolicy({ any: [{ signers: [{ key: 'release.pub' }] }, { signers: [signer] }] }));
    expect((await carried(keys, ...ROOT)).verified).toMatchObject({ status: 0 });
  });

  test('that names a root of the cluster, which came by --trust-root', async () => {
    const policy = scratch.write('named.yaml', nativePolicy({ signers: [signer], trust: { root: 'mine' } }));
    expect((await carried(policy, ...ROOT)).exported).toMatchObject({ status: 1 });
    expect((await carried(policy, ...ROOT, '--trust-root', `mine=${ROOT[1]}`)).verified).toMatchObject({ status: 0 });
  });

  test('of policy-controller', async () => {
    const cip = (host: string, issuer: string) => ({
      apiVersion: 'policy.sigstore.dev/v1beta1',
      kind: 'ClusterImagePolicy',
      metadata: { name: 'signed' },
      spec: {
        images: [{ glob: `${host}/**` }],
        authorities: [{ keyless: { identities: [{ issuer, subject: SAN }], trustRootRef: 'mine' }, ctlog: { trustRootRef: 'mine' } }],
      },
    });
    const mine = ['--trust-root', `mine=${ROOT[1]}`];
    const run = await carried(scratch.write('cip.yaml', cip(registry.host, ISSUER)), ...ROOT, ...mine);
    expect(run.verified.status, run.exported.stderr + run.verified.stdout).toBe(0);
    expect((await carried(scratch.write('other-cip.yaml', cip(registry.host, 'https://elsewhere.example')), ...ROOT, ...mine)).exported).toMatchObject({
      status: 1,
    });
    expect((await carried(scratch.write('else-cip.yaml', cip('elsewhere.example', ISSUER)), ...ROOT, ...mine)).exported.stderr).toContain('no policy covers');
  });

  test('that names a file of this machine is not packed', async () => {
    const policy = scratch.write('absolute.yaml', nativePolicy({ signers: [signer], trust: { file: scratch.path('root.json') } }));
    const { exported } = await carried(policy, ...ROOT);
    expect(exported).toMatchObject({ status: 2, stderr: expect.stringContaining('by a path of this machine') });
  });

  test('that is not the receiver’s is not mixed with hers', async () => {
    const kit = scratch.path('named.kit');
    const policy = scratch.write('named.yaml', nativePolicy({ signers: [signer], trust: { root: 'mine' } }));
    await online(['kit', 'export', image(), '--policy', policy, ...ROOT, '--trust-root', `mine=${ROOT[1]}`, '--output', kit]);
    // By the name of her root the kit has one too: hers is meant.
    expect(await runCli(['kit', 'verify', kit, '--policy', policy])).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('trustRootRef mine not found'),
    });
    expect(await runCli(['kit', 'verify', kit, '--policy', policy, '--trust-root', `mine=${ROOT[1]}`])).toMatchObject({ status: 0 });
    expect(await runCli(['kit', 'verify', kit, '--policy', policy, '--identity', SAN, '--issuer', ISSUER])).toMatchObject({ status: 2 });
    expect(await runCli(['kit', 'verify', kit, '--trust-root', `mine=${ROOT[1]}`])).toMatchObject({ status: 2 });
  });
});

describe('the trusted root', () => {
  test('of a TUF mirror: its versions and expiry are told, and from when on it should be refreshed', async () => {
    const { files } = writeTufFiles(scratch, instance);
    const server: Server = await serve(async (request) => {
      const [, mirror = '', ...path] = new URL(request.url).pathname.split('/');
      const content = files(mirror, path.join('/'));
      return content === undefined ? new Response('', { status: 404 }) : new Response(content.slice());
    });
    const env = { HOME: scratch.path('tuf-home'), TUF_MIRROR: `${server.url}/tuf`, TUF_ROOT_JSON: scratch.path('tuf-root.json') };
    try {
      for (const source of ['tuf', 'cache']) {
        const kit = scratch.path(`${source}.kit`);
        expect(await online(['kit', 'export', scene.file, ...NATIVE_SIGNER, '--output', kit], { env })).toMatchObject({ status: 0 });
        const { trust } = JSON.parse((await runCli(['kit', 'show', kit, '--output', 'json'])).stdout);
        expect(trust).toMatchObject({
          source,
          location: `${server.url}/tuf`,
          obtainedAt: instance.now.toISOString(),
          refreshAfter: '2199-01-01T00:00:00.000Z',
        });
        expect(Object.keys(trust.tuf)).toEqual(['root', 'targets', 'snapshot', 'timestamp']);
        expect(await runCli(['kit', 'verify', kit, ...NATIVE_SIGNER, '--max-root-age', '0'])).toMatchObject({ status: 0 });
        const late = await runCli(['kit', 'verify', kit, ...NATIVE_SIGNER], { now: new Date('2199-02-01T00:00:00Z') });
        expect(late.stdout).toContain('should have been refreshed from 2199-01-01 on');
      }
    } finally {
      await server.close();
    }
  });

  test('as shipped: it is known as that, and its age is not', async () => {
    const kit = scratch.path('embedded.kit');
    expect(await runCli(['kit', 'export', scene.file, '--unverified', '--offline', '--output', kit])).toMatchObject({ status: 0 });
    const run = await runCli(['kit', 'verify', kit, ...NATIVE_SIGNER, '--max-root-age', '10000', '--full']);
    expect(run.status).toBe(1);
    expect(run.stdout).toContain("it is public Sigstore's, as shipped with Assay");
    expect(run.stdout).toContain('KIT_ROOT_AGE');
    expect(run.stdout).toContain('nobody says when it was current');
  });
});

describe('a build', () => {
  const build = openBuildScene();

  test('whose provenance only its forge has: it comes along', async () => {
    const github = await fakeGithub();
    try {
      const file = build.file();
      const provenance = build.sign({ builder: OWN }).bundleBytes;
      github.kept.set(`repos/example/app sha256:${sha256Of(CONTENT)}`, [{ bundle: provenance }]);
      const kit = build.scratch.path('forge.kit');
      const argv = ['kit', 'export', file, ...SOURCE, '--output', kit];
      expect((await build.assay([...argv, '--offline'])).status).toBe(1);
      const run = await build.assay(argv, { network: 'open', env: { ASSAY_GITHUB_API: github.url } });
      expect(run, run.stderr).toMatchObject({ status: 0 });
      const held = JSON.parse((await build.assay(['kit', 'show', kit, '--output', 'json'])).stdout);
      expect(held.things[0].evidence).toEqual(['files/app.sigstore.json']);
      const opened = KitFile.open(kit);
      const packed = new TextDecoder().decode(await opened.read('files/app.sigstore.json', 1_000_000));
      opened.close();
      expect(JSON.parse(packed)).toEqual(JSON.parse(new TextDecoder().decode(provenance)));
      expect((await build.assay(['kit', 'verify', kit, ...SOURCE])).status).toBe(0);
      expect((await build.assay(['kit', 'verify', kit, '--source', 'github.com/example/other'])).status).toBe(1);
      expect((await build.assay(['kit', 'verify', kit, ...SOURCE, '--tag', 'v9'])).status).toBe(1);
    } finally {
      await github.close();
    }
  });

  test('of an image, whose provenance only its forge has: it becomes a referrer', async () => {
    const github = await fakeGithub();
    const target = await serveRegistry();
    try {
      const { digest } = putImage(registry.content, 'example/app', { tag: '1' });
      const subject = [{ name: 'app', digest: { sha256: digest.slice(7) } }];
      const { bundleBytes } = build.sign({ builder: OWN, edit: (statement) => ({ ...statement, subject }) });
      github.kept.set(`repos/example/app ${digest}`, [{ bundle: bundleBytes }]);
      const kit = build.scratch.path('forge-image.kit');
      const open = { network: 'open', env: { ASSAY_GITHUB_API: github.url } } as const;
      const run = await build.assay(['kit', 'export', `${registry.host}/example/app:1`, ...SOURCE, '--output', kit], open);
      expect(run, run.stderr).toMatchObject({ status: 0 });
      expect((await build.assay(['kit', 'import', kit, target.host, ...SOURCE], { network: 'open' })).status).toBe(0);
      github.kept.clear();
      expect((await build.assay(['verify', `${target.host}/example/app:1`, ...SOURCE], open)).status).toBe(0);
    } finally {
      await Promise.all([github.close(), target.close()]);
    }
  });

  test('with provenance beside the file, under the name that tools give it', async () => {
    const file = build.file();
    build.scratch.write(`${file.slice(build.scratch.folder.length + 1).replace(/[^/]+$/, '')}multiple.intoto.jsonl`, build.sign().bundleBytes);
    const kit = build.scratch.path('beside.kit');
    expect(await build.assay(['kit', 'export', file, ...SOURCE, '--output', kit])).toMatchObject({ status: 0 });
    const folder = build.scratch.path('beside');
    expect((await build.assay(['kit', 'import', kit, folder, ...SOURCE])).status).toBe(0);
    expect((await build.verify(`${folder}/files/app`)).status).toBe(0);
  });
});
