/** `assay sign`, `attest`, `verify` and `copy` with images: a person's way through, and every way in which it ends. */
import { existsSync, readFileSync } from 'node:fs';
import { encodeBase64, encodeSimpleSigning, utf8 } from '@assay/core';
import { OCI_INDEX, OCI_MANIFEST, putBundle, putImage, serveRegistry, type TestRegistry } from '@assay/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { certificatePemOf, instanceAndRoot, legacyBundleOf, NATIVE_SIGNER } from './material.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';

const scratch = new Scratch();
const { instance, root } = instanceAndRoot();
const ROOT = scratch.write('root.json', root);
const KEYS = { env: { COSIGN_PASSWORD: 'secret' }, network: 'open' as const };
const KEY_ONLY = ['--log-threshold', '0'];
let registry: TestRegistry;
let key = '';
let pub = '';

beforeAll(async () => {
  const prefix = scratch.path('k');
  await runCli(['cosign', 'generate-key-pair', '--output-key-prefix', prefix], KEYS);
  [key, pub] = [`${prefix}.key`, `${prefix}.pub`];
  registry = await serveRegistry();
});
afterAll(() => registry.close());
beforeEach(() => registry.reset());

let count = 0;
/** An image of its own for each test. */
function image(tag = '1'): { name: string; repository: string; digest: string; reference: string } {
  count += 1;
  const repository = `app${count}`;
  const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: utf8(`layer ${count}`) };
  const { digest } = putImage(registry.content, repository, { tag, layers: [layer] });
  return { name: `${registry.host}/${repository}`, repository, digest, reference: `${registry.host}/${repository}:${tag}` };
}

const sign = (...argv: string[]): Promise<Run> => runCli(['sign', '--key', key, ...argv], KEYS);
const verify = (...argv: string[]): Promise<Run> => runCli(['verify', '--key', pub, ...KEY_ONLY, ...argv], KEYS);

/** An index over two images. */
function index(): { name: string; repository: string; digest: string; children: string[] } {
  count += 1;
  const repository = `multi${count}`;
  const children = ['amd64', 'arm64'].map((architecture) => {
    const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: utf8(`${repository} ${architecture}`) };
    return { ...putImage(registry.content, repository, { layers: [layer] }), platform: { os: 'linux', architecture } };
  });
  const { digest } = registry.content.putManifest(
    repository,
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests: children },
    { tag: '1', mediaType: OCI_INDEX },
  );
  return { name: `${registry.host}/${repository}`, repository, digest, children: children.map((child) => child.digest) };
}

describe('sign and verify', () => {
  test('an image: the digest is told first, and what was verified can be pulled', async () => {
    const { reference, name, digest } = image();
    const signed = await sign(reference);
    expect(signed).toMatchObject({ status: 0, stdout: `${name}@${digest}\n` });
    expect(signed.stderr).toMatch(/^not recorded in a transparency log: .*\nstored .*@sha256:/);
    const verified = await verify(reference);
    expect(verified).toMatchObject({ status: 0, stderr: '' });
    expect(verified.stdout.split('\n').slice(0, 2)).toEqual([`✔ ${name}@${digest} is verified`, `  digest     ${digest}`]);
    expect(await verify(reference, '--print-ref')).toMatchObject({ status: 0, stdout: `${name}@${digest}\n`, stderr: '' });
  });

  test('a file: the bundle lies beside it, and is not overwritten', async () => {
    const file = scratch.write('release.txt', 'a release');
    expect(await sign(file)).toMatchObject({ status: 0, stdout: '' });
    expect(existsSync(`${file}.sigstore.json`)).toBe(true);
    expect((await verify(file)).status).toBe(0);
    const again = await sign(file);
    expect(again).toMatchObject({ status: 2 });
    expect(again.stderr).toContain('is there already');
    expect((await sign(file, '--force')).status).toBe(0);
    scratch.write('release.txt', 'another release');
    expect((await verify(file)).status).toBe(1);
  });

  test('several things at once: one tree each, and the status of the first that is refused', async () => {
    const [one, two] = [image(), image()];
    const file = scratch.write('several.txt', 'x');
    await sign(one.reference, file);
    const run = await verify(one.reference, two.reference, file);
    expect(run.status).toBe(1);
    expect(run.stdout.match(/^[✔✘].*$/gmu)).toEqual([
      `✔ ${one.name}@${one.digest} is verified`,
      `✘ ${two.name}@${two.digest} is NOT verified: no evidence was found for this image  [EVIDENCE_NOT_FOUND]`,
      `✔ ${file} is verified`,
    ]);
    const lines = (await verify(one.reference, two.reference, '--output', 'json')).stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).ok)).toEqual([true, false]);
  });

  test('annotations that were signed, and others', async () => {
    const { reference } = image();
    await sign('-a', 'stage=prod', '-a', 'x=1=2', reference);
    expect((await verify('-a', 'stage=prod', '-a', 'x=1=2', reference)).status).toBe(0);
    const run = await verify('-a', 'stage=test', reference);
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('[ANNOTATION_MISMATCH]');
    expect((await verify('-a', 'stage', reference)).status).toBe(2);
  });

  test('an attestation of the type that is demanded', async () => {
    const { reference } = image();
    const predicate = scratch.write('sbom.json', { bomFormat: 'CycloneDX' });
    expect((await runCli(['attest', '--key', key, '--type', 'cyclonedx', '--predicate', predicate, reference], KEYS)).status).toBe(0);
    const verified = await verify(reference, '--type', 'cyclonedx', '--output', 'json');
    expect(JSON.parse(JSON.parse(verified.stdout).verified.statement.payload).predicate).toEqual({ bomFormat: 'CycloneDX' });
    const refused = await verify(reference, '--type', 'slsaprovenance1');
    expect(refused.status).toBe(1);
    expect(refused.stdout).toContain('[STATEMENT_PREDICATE_TYPE]');
  });

  test('evidence in a side repository', async () => {
    const { reference, repository } = image();
    const side = `${registry.host}/evidence`;
    expect((await sign(reference, '--side-repository', side)).status).toBe(0);
    expect(registry.content.tags(repository)).toEqual(['1']);
    expect((await verify(reference)).status).toBe(1);
    expect((await verify(reference, '--side-repository', side)).status).toBe(0);
    expect((await runCli(['verify', '--key', pub, ...KEY_ONLY, reference], { ...KEYS, env: { ...KEYS.env, COSIGN_REPOSITORY: side } })).status).toBe(0);
  });

  test('a bundle at hand, for an image in a registry', async () => {
    const { reference } = image();
    const bundle = scratch.path('image.sigstore.json');
    expect(await sign(reference, '--no-store', '--bundle', bundle)).toMatchObject({ status: 0, stdout: '' });
    expect((await verify(reference)).status).toBe(1);
    expect((await verify(reference, '--bundle', bundle)).status).toBe(0);
    expect((await verify(image().reference, '--bundle', bundle)).status).toBe(1);
  });
});

describe('an index', () => {
  test('is verified alone; --recursive wants evidence of every platform', async () => {
    const { name, children } = index();
    await sign(`${name}:1`);
    expect((await verify(`${name}:1`)).status).toBe(0);
    expect((await verify(`${name}:1`, '--recursive')).status).toBe(1);
    await sign(`${name}:1`, '--recursive');
    const run = await verify(`${name}:1`, '--recursive');
    expect(run.status).toBe(0);
    for (const child of children) expect(run.stdout).toContain(`${name}@${child} is verified`);
  });

  test('vouches for the digest of a platform', async () => {
    const { name, children } = index();
    await sign(`${name}:1`);
    expect(await verify(`${name}:1`, '--platform', 'linux/arm64', '--print-ref')).toMatchObject({ status: 0, stdout: `${name}@${children[1]}\n` });
    const unknown = await verify(`${name}:1`, '--platform', 'linux/s390x');
    expect(unknown.status).toBe(2);
    expect(unknown.stderr).toContain('linux/amd64, linux/arm64');
  });

  test('that is signed is named when one of its images is not', async () => {
    const { name, digest, children } = index();
    await sign(`${name}:1`);
    const run = await verify(`${name}@${children[0]}`);
    expect(run.status).toBe(1);
    expect(run.stdout).toContain(`is one platform of the index ${name}@${digest} (tag 1)`);
  });

  test('that is not signed vouches for nothing', async () => {
    const { name } = index();
    expect(await verify(`${name}:1`, '--platform', 'linux/arm64', '--print-ref')).toMatchObject({ status: 1, stdout: '' });
  });
});

describe('evidence of a workflow', () => {
  const keyless = (...argv: string[]): Promise<Run> => runCli(['verify', ...NATIVE_SIGNER, '--trusted-root', ROOT, ...argv], { network: 'open' });
  const bundleFor = (digest: string): Uint8Array => {
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256: digest.slice(7) } }],
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
      predicate: {},
    };
    return instance.sign(utf8('unused'), { content: 'dsse', payload: utf8(JSON.stringify(statement)) }).bundleBytes;
  };
  const attach = (repository: string, digest: string, bundle: Uint8Array): void => {
    putBundle(registry.content, repository, { mediaType: OCI_MANIFEST, digest: digest as `sha256:${string}`, size: 1 }, bundle);
  };

  test('is found as a referrer', async () => {
    const { reference, repository, digest } = image();
    attach(repository, digest, bundleFor(digest));
    expect((await keyless(reference)).status).toBe(0);
  });

  test('one good piece among bad ones suffices, and --all tells the others', async () => {
    const { reference, repository, digest } = image();
    attach(repository, digest, utf8('{"not":"a bundle"}'));
    attach(repository, digest, bundleFor(`sha256:${'0'.repeat(64)}`));
    attach(repository, digest, bundleFor(digest));
    attach(repository, digest, utf8('nor this'));
    expect((await keyless(reference)).status).toBe(0);
    const { root: tree } = JSON.parse((await keyless(reference, '--all', '--output', 'json')).stdout);
    expect(tree.checks.filter(({ id }: { id: string }) => id === 'evidence')).toHaveLength(3);
  });

  test('is found in the older format', async () => {
    const { reference, repository, digest } = image();
    const payload = encodeSimpleSigning({ dockerReference: 'anything', digest });
    const sample = instance.sign(payload);
    const layer = registry.content.putBlob(repository, payload, 'application/vnd.dev.cosign.simplesigning.v1+json');
    const annotations = {
      'dev.cosignproject.cosign/signature': encodeBase64(sample.expected.signature),
      'dev.sigstore.cosign/certificate': certificatePemOf(sample),
      'dev.sigstore.cosign/bundle': JSON.stringify(legacyBundleOf(sample).rekorBundle),
    };
    const config = registry.content.putBlob(repository, utf8('{}'), 'application/vnd.oci.image.config.v1+json');
    const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [{ ...layer, annotations }] };
    registry.content.putManifest(repository, manifest, { tag: `${digest.replace(':', '-')}.sig` });
    expect((await keyless(reference)).status).toBe(0);
    expect((await keyless(reference, '-a', 'x=y')).status).toBe(1);
  });

  test('of another image is refused, wherever it is attached', async () => {
    const { reference, repository, digest } = image();
    const other = image();
    attach(repository, digest, bundleFor(other.digest));
    const run = await keyless(reference);
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('[ARTIFACT_MISMATCH_SUBJECT]');
  });
});

describe('is refused', () => {
  test.each<[string, string[], number, string]>([
    ['a reference that is none', ['UPPER/case:1'], 2, 'OCI_REFERENCE'],
    ['a name without a slash that is no file', ['alpine'], 2, 'an image of that name is docker.io/library/alpine'],
    ['a path that is not there', ['./nothing'], 2, 'FILE_NOT_FOUND'],
    ['a flag for images with a file', ['--platform', 'linux/amd64', 'FILE'], 2, '--platform is for images'],
    ['one bundle for several things', ['--bundle', 'FILE', 'FILE', 'FILE'], 2, '--bundle is the evidence of one thing'],
  ])('%s', async (_, argv, status, text) => {
    const file = scratch.write('some.txt', 'x');
    const run = await verify(...argv.map((word) => (word === 'FILE' ? file : word)));
    expect(run).toMatchObject({ status, stdout: '' });
    expect(run.stderr).toContain(text);
  });

  test('a tag that is not there, in the words of the registry', async () => {
    const run = await verify(`${registry.host}/none:1`);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toContain(`GET http://${registry.host}/v2/none/manifests/1`);
  });

  test('offline: no socket is opened', async () => {
    const run = await runCli(['verify', '--key', pub, ...KEY_ONLY, '--offline', 'registry.example/app:1']);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('NET_OFFLINE');
  });

  test('an image whose places cannot be asked, as unavailable rather than unsigned', async () => {
    const broken = await serveRegistry({ content: registry.content, lies: [{ lie: 'status', status: 500, on: { path: /referrers|sha256-/ } }] });
    try {
      const { repository } = image();
      const run = await verify(`${broken.host}/${repository}:1`);
      expect(run.status).toBe(3);
      expect(run.stdout).toContain('could not be asked');
    } finally {
      await broken.close();
    }
  });
});

describe('copy', () => {
  const copy = (...argv: string[]): Promise<Run> => runCli(['copy', ...argv], KEYS);

  test('carries the evidence along, to another registry and through a folder', async () => {
    const { reference, repository, digest } = image();
    await sign(reference);
    const target = await serveRegistry({ referrers: 'none' });
    try {
      expect(await copy(reference, `${target.host}/copied:1`)).toMatchObject({ status: 0, stdout: `${target.host}/copied@${digest}\n` });
      expect((await verify(`${target.host}/copied:1`)).status).toBe(0);
      const folder = scratch.path('layout');
      expect((await copy(reference, folder)).status).toBe(0);
      expect((await verify(folder)).status).toBe(0);
      expect((await copy(folder, `${target.host}/again:1`)).status).toBe(0);
      expect((await verify(`${target.host}/again:1`)).status).toBe(0);
      expect(readFileSync(`${folder}/oci-layout`, 'utf8')).toContain('1.0.0');
    } finally {
      await target.close();
    }
    expect(registry.content.tags(repository)).toEqual(['1']);
  });

  test('says what it could not carry, and does not call that a success', async () => {
    const { reference, repository } = image();
    await sign(reference);
    const lossy = await serveRegistry({ content: registry.content, lies: [{ lie: 'status', status: 500, on: { path: /\/referrers\// } }] });
    try {
      const run = await copy(`${lossy.host}/${repository}:1`, `${registry.host}/lossy:1`);
      expect(run.status).toBe(1);
      expect(run.stderr).toMatch(/left behind: .*referrers/);
    } finally {
      await lossy.close();
    }
  });

  test('does not move a tag unasked', async () => {
    const [one, two] = [image(), image()];
    await copy(one.reference, `${registry.host}/moved:1`);
    expect(await copy(two.reference, `${registry.host}/moved:1`)).toMatchObject({ status: 2 });
    expect((await copy(two.reference, `${registry.host}/moved:1`, '--force')).status).toBe(0);
  });
});

test('mirrors: requests go elsewhere, names stay', async () => {
  const { repository, digest } = image();
  const mirrors = scratch.write('mirrors.json', { 'ghcr.io': registry.url });
  const name = `ghcr.io/${repository}`;
  expect((await sign('--registry-mirrors', mirrors, `${name}:1`)).stdout).toBe(`${name}@${digest}\n`);
  const run = await runCli(['verify', '--key', pub, ...KEY_ONLY, `${name}:1`, '--print-ref'], {
    ...KEYS,
    env: { ...KEYS.env, ASSAY_REGISTRY_MIRRORS: mirrors },
  });
  expect(run).toMatchObject({ status: 0, stdout: `${name}@${digest}\n` });
});
