/** What the commands that move, show and remove images do, beyond what they print: between registries with the referrers API and without, and against hostile ones. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { utf8 } from '@assay/core';
import { attachmentTag, toDigest } from '@assay/oci';
import { OCI_INDEX, putImage, type RegistryOptions, serveRegistry, type TestRegistry } from '@assay/testkit';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BUNDLE_TYPE, bundleJson, PREDICATE } from './cosign-image-scene.ts';
import { type Run, type RunOptions, runCli, runCosign, Scratch } from './run-cli.ts';

const scratch = new Scratch();
const KEY = scratch.path('k.key');
const PUB = scratch.path('k.pub');
const FORMATS = [
  { format: 'bundles', flags: ['--new-bundle-format=true'] },
  { format: 'the older format', flags: ['--new-bundle-format=false'] },
] as const;
const REGISTRIES: readonly { readonly registry: string; readonly serve: RegistryOptions }[] = [
  { registry: 'with the referrers API', serve: {} },
  { registry: 'without it', serve: { referrers: 'none' } },
  {
    registry: 'that deletes by digest alone',
    serve: { referrers: 'none', lies: [{ lie: 'status', status: 400, on: { method: 'DELETE', path: /\/manifests\/sha256-/ } }] },
  },
];

beforeAll(async () => {
  await done(cosign(['generate-key-pair', '--output-key-prefix', scratch.path('k')]));
});

const cosign = (argv: readonly string[], options: RunOptions = {}): Promise<Run> =>
  runCosign(argv, { network: 'open', ...options, env: { COSIGN_PASSWORD: '', ...options.env } });
const verify = (reference: string, ...more: string[]): Promise<Run> => cosign(['verify', '--key', PUB, '--insecure-ignore-tlog', ...more, reference]);
const sign = (reference: string, flags: readonly string[] = [], options: RunOptions = {}): Promise<Run> =>
  done(cosign(['sign', '--key', KEY, '--yes', '--use-signing-config=false', '--tlog-upload=false', ...flags, reference], options));

async function done(running: Promise<Run>): Promise<Run> {
  const run = await running;
  expect(run, run.stderr).toMatchObject({ status: 0 });
  return run;
}

async function serve(options: RegistryOptions = {}): Promise<TestRegistry> {
  const registry = await serveRegistry(options);
  onTestFinished(() => registry.close());
  return registry;
}

describe.each(REGISTRIES.slice(0, 2))('from a registry $registry', ({ serve: from }) => {
  describe.each(REGISTRIES.slice(0, 2))('to one $registry', ({ serve: to }) => {
    test.each(FORMATS)('a copy verifies, signed in $format', async ({ flags }) => {
      const [source, target] = [await serve(from), await serve(to)];
      putImage(source.content, 'app', { tag: '1' });
      await sign(`${source.host}/app:1`, flags);
      await done(cosign(['copy', `${source.host}/app:1`, `${target.host}/copy:1`]));
      await done(verify(`${target.host}/copy:1`));
      // Where cosign copies to, it cannot sign any more: the image lies under the tag of the referrers.
      await sign(`${target.host}/copy:1`, ['-a', 'again=true']);
      await done(verify(`${target.host}/copy:1`, '-a', 'again=true'));
    });

    test.each(FORMATS)('so does what was saved and loaded, signed in $format', async ({ flags }) => {
      const [source, target] = [await serve(from), await serve(to)];
      putImage(source.content, 'app', { tag: '1' });
      await sign(`${source.host}/app:1`, flags);
      const folder = scratch.path(`saved-${target.host}`);
      await done(cosign(['save', '--dir', folder, `${source.host}/app:1`]));
      await done(verify(folder, '--local-image'));
      await done(cosign(['load', '--dir', folder, `${target.host}/loaded:1`]));
      await done(verify(`${target.host}/loaded:1`));
    });
  });
});

describe('cosign copy', () => {
  test('takes evidence from the side repository, and all of it to the destination', async () => {
    const { host, content } = await serve();
    putImage(content, 'app', { tag: '1' });
    const side = { env: { COSIGN_REPOSITORY: `${host}/side` } };
    for (const { flags } of FORMATS) await sign(`${host}/app:1`, flags, side);
    await done(cosign(['copy', `${host}/app:1`, `${host}/copy:1`], side));
    for (const flag of ['--new-bundle-format=false', '--new-bundle-format=true']) await done(verify(`${host}/copy:1`, flag));
  });

  test('looks for conflicts before it writes anything', async () => {
    const { host, content } = await serve();
    const { digest } = putImage(content, 'app', { tag: '1' });
    const tag = attachmentTag(toDigest(digest), 'att');
    putImage(content, 'app', { tag });
    putImage(content, 'copy', { tag, annotations: { other: 'attestations' } });
    const before = content.open('copy').manifests.size;
    const refused = await cosign(['copy', `${host}/app:1`, `${host}/copy:1`]);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining(`image "${host}/copy:${tag}" already exists. Use \`-f\` to overwrite`) });
    expect([content.open('copy').manifests.size, content.tags('copy')]).toEqual([before, [tag]]);
    await done(cosign(['copy', '-f', `${host}/app:1`, `${host}/copy:1`]));
  });

  test('to a digest wants that digest', async () => {
    const { host, content } = await serve();
    const { digest } = putImage(content, 'app', { tag: '1' });
    const other = `sha256:${'1'.repeat(64)}`;
    const refused = await cosign(['copy', `${host}/app:1`, `${host}/copy@${other}`]);
    expect(refused.stderr).toContain(`manifest digest: "${digest}" does not match requested digest: "${other}"`);
    expect(content.repositories.has('copy')).toBe(false);
    await done(cosign(['copy', `${host}/app:1`, `${host}/copy@${digest}`]));
    expect(content.getManifest('copy', digest)).toBeDefined();
  });

  test('warns of what is listed and gone, and goes on', async () => {
    const { host, content } = await serve({ referrers: 'none' });
    const { digest } = putImage(content, 'app', { tag: '1' });
    const gone = `sha256:${'2'.repeat(64)}`;
    const manifests = [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: gone, size: 1 }];
    content.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, { tag: digest.replace(':', '-'), mediaType: OCI_INDEX });
    const run = await done(cosign(['copy', `${host}/app:1`, `${host}/copy:1`]));
    expect(run.stderr).toContain(`WARNING: left behind: ${host}/app@${gone}: is listed in `);
  });

  test.each([
    ['a signature whose content is not what its digest says', { lie: 'other-bytes' }, 1],
    ['a list of referrers that cannot be read', { lie: 'status', status: 403 }, 0],
  ] as const)('%s: the rest is copied, and this is said', async (_, lie, status) => {
    const on = lie.lie === 'status' ? /\/referrers\// : /\/manifests\/sha256-[0-9a-f]{64}\.sig/;
    const source = await serve({ lies: [{ ...lie, on: { method: 'GET', path: on } }] });
    const target = await serve();
    const { digest } = putImage(source.content, 'app', { tag: '1' });
    for (const suffix of ['sig', 'att'] as const) putImage(source.content, 'app', { tag: attachmentTag(toDigest(digest), suffix) });
    const run = await cosign(['copy', `${source.host}/app:1`, `${target.host}/copy:1`]);
    expect(run).toMatchObject({ status, stdout: '', stderr: expect.stringContaining('WARNING: left behind: ') });
    expect(target.content.tags('copy')).toEqual(expect.arrayContaining(['1', attachmentTag(toDigest(digest), 'att')]));
  });

  test('a layer that is not what its digest says: no tag', async () => {
    const source = await serve({ lies: [{ lie: 'other-bytes', on: { path: /\/blobs\// } }] });
    const target = await serve();
    putImage(source.content, 'app', { tag: '1' });
    expect(await cosign(['copy', `${source.host}/app:1`, `${target.host}/copy:1`])).toMatchObject({ status: 1 });
    expect(target.content.tags('copy')).toEqual([]);
  });
});

describe('cosign clean', () => {
  test.each(REGISTRIES)('leaves nothing to verify in a registry $registry, and lets others’ referrers be', async ({ serve: options }) => {
    const { host, content } = await serve(options);
    const subject = putImage(content, 'app', { tag: '1' });
    for (const { flags } of FORMATS) await sign(`${host}/app:1`, flags);
    const foreign = putImage(content, 'app', { subject, artifactType: 'application/vnd.somebody.else' });
    if (options.referrers === 'none') {
      const tag = subject.digest.replace(':', '-');
      const listed = JSON.parse(new TextDecoder().decode(content.getManifest('app', tag)?.bytes)) as { manifests: object[] };
      content.putManifest('app', { ...listed, manifests: [...listed.manifests, foreign] }, { tag, mediaType: OCI_INDEX });
    }
    await done(verify(`${host}/app:1`));
    await done(cosign(['clean', '-f', `${host}/app:1`]));
    expect(await verify(`${host}/app:1`)).toMatchObject({ status: 10 });
    const tree = await done(cosign(['tree', `${host}/app:1`]));
    expect(tree.stdout.match(/via OCI referrer: .*/g)).toEqual([`via OCI referrer: ${host}/app@${foreign.digest}`]);
    expect(await cosign(['clean', '-f', `${host}/app:1`])).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test.each([400, 405] as const)('goes on when the registry refuses with %d, and says so', async (deletes) => {
    const { host, content } = await serve({ deletes });
    const { digest } = putImage(content, 'app', { tag: '1' });
    putImage(content, 'app', { tag: attachmentTag(toDigest(digest), 'sig') });
    const run = await done(cosign(['clean', '-f', `${host}/app:1`]));
    expect(run.stderr).toContain(`could not delete ${host}/app:${attachmentTag(toDigest(digest), 'sig')} from ${host}/app:1:\n`);
  });

  test('never looks at the side repository', async () => {
    const { host, content } = await serve();
    putImage(content, 'app', { tag: '1' });
    const side = { env: { COSIGN_REPOSITORY: `${host}/side` } };
    for (const { flags } of FORMATS) await sign(`${host}/app:1`, flags, side);
    const before = content.open('side').manifests.size;
    await done(cosign(['clean', '-f', `${host}/app:1`], side));
    expect(content.open('side').manifests.size).toBe(before);
  });
});

describe('cosign attach', () => {
  test('a signature made with another tool verifies', async () => {
    const { host, content } = await serve();
    putImage(content, 'app', { tag: '1' });
    const payload = scratch.write('payload.json', (await done(cosign(['generate', '-a', 'stage=prod', `${host}/app:1`]))).stdout);
    const flags = ['--use-signing-config=false', '--tlog-upload=false', '--new-bundle-format=false', '--yes'];
    const signature = await done(cosign(['sign-blob', '--key', KEY, ...flags, payload]));
    const file = scratch.write('payload.sig', `${signature.stdout.trim()}\n`);
    await done(cosign(['attach', 'signature', '--payload', payload, '--signature', file, `${host}/app:1`]));
    await done(verify(`${host}/app:1`, '-a', 'stage=prod'));
  });

  test.each(FORMATS)('what was downloaded somewhere else verifies here, stored in $format', async ({ flags }) => {
    const { host, content } = await serve();
    for (const name of ['app', 'copy']) putImage(content, name, { tag: '1' });
    const predicate = scratch.write('predicate.json', '{"a":1}');
    const signing = ['--key', KEY, '--yes', '--use-signing-config=false', '--tlog-upload=false'];
    await done(cosign(['attest', ...signing, ...flags, '--type', 'https://example.com/p', '--predicate', predicate, `${host}/app:1`]));
    const downloaded = await done(cosign(['download', 'attestation', `${host}/app:1`]));
    await done(cosign(['attach', 'attestation', '--attestation', scratch.write('attestation.json', downloaded.stdout), `${host}/copy:1`]));
    const verified = ['verify-attestation', '--key', PUB, '--insecure-ignore-tlog', '--type', 'https://example.com/p', `${host}/copy:1`];
    await done(cosign(verified));
  });

  test('certificates, timestamps and log entries lie beside the signature', async () => {
    const { host, content } = await serve();
    const { digest } = putImage(content, 'app', { tag: '1' });
    const entry = { kind: 'hashedrekord', apiVersion: '0.0.1', spec: {} };
    const Payload = { body: Buffer.from(JSON.stringify(entry)).toString('base64'), integratedTime: 7, logIndex: 8, logID: 'ab'.repeat(32) };
    const rekorBundle = { Payload, SignedEntryTimestamp: 'c2V0' };
    const file = scratch.write('loose.sig', Buffer.from('signature').toString('base64'));
    const more = ['--tsr', scratch.write('tsr', 'a response'), '--rekor-response', scratch.write('entry.json', { base64Signature: 'eA==', rekorBundle })];
    await done(cosign(['attach', 'signature', '--signature', file, ...more, `${host}/app:1`]));
    const downloaded = JSON.parse((await done(cosign(['download', 'signature', `${host}/app:1`]))).stdout) as object;
    expect(downloaded).toEqual({
      Base64Signature: Buffer.from('signature').toString('base64'),
      Payload: expect.any(String),
      Cert: null,
      Chain: null,
      Bundle: rekorBundle,
      RFC3161Timestamp: { SignedRFC3161Timestamp: Buffer.from('a response').toString('base64') },
    });
    expect(content.tags('app')).toEqual(['1', attachmentTag(toDigest(digest), 'sig')]);
    const bad = await cosign(['attach', 'signature', '--signature', file, '--certificate', file, `${host}/app:1`]);
    expect(bad).toMatchObject({ status: 1, stderr: expect.stringContaining('certificate') });
  });

  test('of several envelopes none is stored when one is bad', async () => {
    const { host, content } = await serve();
    putImage(content, 'app', { tag: '1' });
    const good = { payloadType: 'application/vnd.in-toto+json', payload: 'e30=', signatures: [{ sig: 'eA==' }] };
    const file = scratch.write('mixed.jsonl', `${JSON.stringify(good)}\n${JSON.stringify({ ...good, payloadType: 'x' })}\n`);
    expect(await cosign(['attach', 'attestation', '--attestation', file, `${host}/app:1`])).toMatchObject({ status: 1 });
    expect(content.tags('app')).toEqual(['1']);
  });
});

describe('cosign download', () => {
  test('gives an SBOM byte by byte, whatever it is', async () => {
    const { host, content } = await serve();
    putImage(content, 'app', { tag: '1' });
    const bytes = Uint8Array.of(0xff, 0xfe, 0x00, 0x3c, 0x0a, 0x80);
    await done(cosign(['attach', 'sbom', '--sbom', scratch.write('odd.xml', bytes), '--type', 'cyclonedx', `${host}/app:1`]));
    const file = scratch.path('odd.out');
    await done(cosign(['download', 'sbom', '--output-file', file, `${host}/app:1`]));
    expect([...readFileSync(file)]).toEqual([...bytes]);
  });

  test('an SBOM larger than wanted is refused', async () => {
    const { host, content } = await serve();
    putImage(content, 'app', { tag: '1' });
    await done(cosign(['attach', 'sbom', '--sbom', scratch.write('big', 'x'.repeat(100)), `${host}/app:1`]));
    const refused = await cosign(['download', 'sbom', `${host}/app:1`], { env: { COSIGN_MAX_ATTACHMENT_SIZE: '99' } });
    expect(refused).toMatchObject({ status: 1, stdout: '' });
  });

  test('tells which bundle is none, and gives the others', async () => {
    const { host, content } = await serve();
    const subject = putImage(content, 'app', { tag: '1' });
    for (const bytes of [utf8('{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'), bundleJson('https://example.com/p')]) {
      putImage(content, 'app', { subject, artifactType: BUNDLE_TYPE, layers: [{ mediaType: BUNDLE_TYPE, bytes }], annotations: { [PREDICATE]: 'x' } });
    }
    const run = await done(cosign(['download', 'signature', `${host}/app:1`]));
    expect(run.stdout).toBe(`${new TextDecoder().decode(bundleJson('https://example.com/p'))}\n`);
    expect(run.stderr).toMatch(/^found .*: .*verificationMaterial/);
  });

  test('more than a hundred signatures', async () => {
    const { host, content } = await serve();
    const { digest } = putImage(content, 'app', { tag: '1' });
    const layers = Array.from({ length: 101 }, (_, i) => ({ mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json', bytes: utf8(`payload ${i}`) }));
    putImage(content, 'app', { tag: attachmentTag(toDigest(digest), 'sig'), layers });
    const refused = await cosign(['download', 'signature', `${host}/app:1`]);
    expect(refused).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('maximum number of signatures on an image is 100, found 101') });
  });

  test('names in a tree are escaped', async () => {
    const { host, content } = await serve();
    const subject = putImage(content, 'app', { tag: '1' });
    putImage(content, 'app', { subject, artifactType: 'application/x\u001b[2K\nok' });
    const { stdout } = await done(cosign(['tree', `${host}/app:1`]));
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toContain('\nok');
  });
});

describe('the seeds', () => {
  test('row 21: crane manifest $(cosign triangulate $IMAGE) | jq .', async () => {
    const { host, content } = await serve();
    const { digest } = putImage(content, 'knabben/netshoot', { tag: 'latest' });
    const image = `${host}/knabben/netshoot`;
    await sign(image, ['--new-bundle-format=false', '-a', 'real=true']);
    const located = await done(cosign(['triangulate', image]));
    expect(located.stdout).toBe(`${image}:${attachmentTag(toDigest(digest), 'sig')}\n`);
    const { stdout } = await done(runCli(['crane', 'manifest', located.stdout.trim()], { network: 'open' }));
    const manifest = JSON.parse(stdout) as { layers: { mediaType: string; annotations: Record<string, string> }[] };
    expect(manifest).toMatchObject({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json' });
    expect(manifest.layers).toEqual([
      expect.objectContaining({
        mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
        annotations: { 'dev.cosignproject.cosign/signature': expect.stringMatching(/^[A-Za-z0-9+/]+=*$/) },
      }),
    ]);
  });

  test('row 35: IMAGE="$IMAGE@"$(crane digest "$IMAGE"), usable everywhere', async () => {
    const { host, content } = await serve();
    const { digest } = putImage(content, 'app', { tag: 'v1.0.0' });
    const tagged = `${host}/app:v1.0.0`;
    await sign(tagged);
    const image = `${tagged}@${(await done(runCli(['crane', 'digest', tagged], { network: 'open' }))).stdout.trim()}`;
    expect(image).toBe(`${tagged}@${digest}`);
    await done(verify(image));
    expect((await done(cosign(['tree', image]))).stdout).toContain(`via OCI referrer: ${host}/app@`);
    expect((await done(cosign(['triangulate', image]))).stdout).toContain(attachmentTag(toDigest(digest), 'sig'));
    expect((await done(cosign(['generate', image]))).stdout).toContain(digest);
    await done(cosign(['download', 'signature', image]));
    await done(cosign(['copy', image, `${host}/copy:1`]));
    await done(cosign(['save', '--dir', scratch.path('row35'), image]));
    await done(cosign(['attach', 'sbom', '--sbom', scratch.write('s', 'x'), image]));
    await done(cosign(['clean', '-f', image]));
    expect(content.tags('app')).toEqual(['v1.0.0']);
  });
});

describe('cosign save and load', () => {
  test('a folder in which somebody changed a blob is not loaded', async () => {
    const { host, content } = await serve();
    const { digest } = putImage(content, 'app', { tag: '1' });
    const folder = scratch.path('changed');
    await done(cosign(['save', '--dir', folder, `${host}/app:1`]));
    const path = join(folder, 'blobs/sha256', digest.slice('sha256:'.length));
    writeFileSync(path, readFileSync(path, 'utf8').replace('"layers"', '"Layers"'));
    const refused = await cosign(['load', '--dir', folder, `${host}/loaded:1`]);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('the content is not what its digest says') });
    expect(content.repositories.has('loaded')).toBe(false);
  });

  test('a folder whose index names nothing that is there', async () => {
    const { host } = await serve();
    const folder = scratch.path('hollow');
    scratch.write('hollow/oci-layout', { imageLayoutVersion: '1.0.0' });
    const entry = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: `sha256:${'3'.repeat(64)}`, size: 1 };
    scratch.write('hollow/index.json', { schemaVersion: 2, manifests: [{ ...entry, annotations: { kind: 'dev.cosignproject.cosign/image' } }] });
    const refused = await cosign(['load', '--dir', folder, `${host}/loaded:1`]);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('which its index names') });
  });

  test('a save that fails leaves what was saved before', async () => {
    const { host, content } = await serve();
    putImage(content, 'app', { tag: '1' });
    const folder = scratch.path('kept');
    await done(cosign(['save', '--dir', folder, `${host}/app:1`]));
    const before = readFileSync(join(folder, 'index.json'), 'utf8');
    const broken = putImage(content, 'app', { tag: '2', layers: [{ mediaType: 'text/plain', bytes: utf8('gone') }] });
    const [layer] = (JSON.parse(new TextDecoder().decode(content.getManifest('app', broken.digest)?.bytes)) as { layers: { digest: string }[] }).layers;
    content.open('app').blobs.delete(layer?.digest ?? '');
    expect(await cosign(['save', '--dir', folder, `${host}/app:2`])).toMatchObject({ status: 1 });
    expect(readFileSync(join(folder, 'index.json'), 'utf8')).toBe(before);
    expect(readdirSync(join(folder, 'blobs/sha256')).filter((name) => name.includes('partial'))).toEqual([]);
  });
});

describe('cosign login', () => {
  test('the next command is logged in, and COSIGN_PASSWORD is no password of a registry', async () => {
    const { host, content } = await serve({ auth: { kind: 'basic', username: 'robot', password: 'secret' } });
    putImage(content, 'app', { tag: '1' });
    const home = scratch.path('home');
    const env = { HOME: home, COSIGN_PASSWORD: 'of a key' };
    expect(await cosign(['tree', `${host}/app:1`], { env })).toMatchObject({ status: 1 });
    const login = await done(cosign(['login', host, '-u', 'robot', '--password-stdin'], { env, stdin: 'secret\n' }));
    expect(login).toEqual({ status: 0, stdout: '', stderr: `logged in via ${join(home, '.docker/config.json')}\n` });
    await done(cosign(['tree', `${host}/app:1`], { env }));
    expect(await cosign(['login', host], { env })).toMatchObject({ status: 1, stderr: expect.stringContaining('username and password required') });
    expect(existsSync(join(home, '.docker/config.json'))).toBe(true);
  });
});
