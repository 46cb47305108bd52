/** `assay release` with a whole private Sigstore: made in a job, continued where it was interrupted, all or nothing; and `assay verify` of what came out. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openStackScene, WORKFLOW_SAN } from './foreign-stack-scene.ts';
import { writeProject } from './release-project.ts';
import { type Run, runCli } from './run-cli.ts';

const scene = await openStackScene();
const { scratch, endpoints } = scene;
const registry = endpoints.registry;
const trust = { ASSAY_TRUST: scene.document('client_trust_config.json') };
const job = { ...trust, ...(await scene.job()), GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: 'v1.2.3' };
const ISSUER = `${endpoints.oidc}/github`;
const WHO = ['--identity', WORKFLOW_SAN, '--issuer', ISSUER];

const assay = async (argv: readonly string[], env: Readonly<Record<string, string>> = trust): Promise<Run> =>
  scratch.relative(await runCli(argv, { network: 'open', now: new Date(), env }));
const released = await writeProject(scratch, { name: 'project', registry });
const made = await assay(['release', released.file], job);
const release = join(released.folder, 'release');

describe('a release', () => {
  test('is made in a job by one command', () => {
    expect(made).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/\/acme\/app@sha256:\w+\n.*\/acme\/charts\/app-chart@sha256:\w+\nproject\/release\/assay.release.json\n$/),
    });
    expect(readdirSync(release).sort()).toEqual([...FILES].sort());
    expect(existsSync(`${release}.partial`)).toBe(false);
  });

  test('leaves the project as it was', () => {
    expect(readdirSync(released.folder).sort()).toEqual(['assay.release.yaml', 'chart', 'dist', 'image', 'release']);
    expect(readFileSync(join(released.folder, 'chart/values.yaml'), 'utf8')).not.toContain('sha256');
  });

  test('says each step before it does it', () => {
    expect(made.stderr).toContain(' 1/');
    expect(made.stderr).toMatch(/sign .*\/acme\/app by digest, with imageRef=refs\/tags\/1\.2\.3/);
    expect(made.stderr.trim().split('\n').at(-1)).toMatch(/point .*\/acme\/charts\/app-chart:1\.2\.3 to it$/);
  });

  test('is verified as a whole, also without a network', async () => {
    const online = await assay(['verify', release, ...WHO]);
    expect(online).toMatchObject({ status: 0, stdout: expect.stringContaining('app 1.2.3') });
    const { run } = await offline(release);
    expect(run).toMatchObject({ status: 0 });
  });

  test('has checksums that sha256sum takes, and that are verified with what they list', async () => {
    expect(execFileSync('sha256sum', ['--check', '--quiet', 'checksums.txt'], { cwd: release }).toString()).toBe('');
    const run = await assay(['verify', join(release, 'checksums.txt'), ...WHO, '--full']);
    expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining('app-linux-amd64: OK') });
  });

  test('has a chart that names the signed image, comments and all', async () => {
    const { images } = JSON.parse(readFileSync(join(release, 'assay.release.json'), 'utf8'));
    const values = execFileSync('tar', ['-xzOf', 'app-chart-1.2.3.tgz', 'app-chart/values.yaml'], { cwd: release }).toString();
    expect(values).toBe(`# who runs what\nimage:\n  repository: ${registry}/acme/app # where it is\n  tag: ""\n  digest: ${images[0].digest}\nreplicas: 2\n`);
  });

  test('has images and charts that assay verify finds signed, with SBOM and provenance', async () => {
    for (const flags of [
      ['-a', 'imageRef=refs/tags/1.2.3'],
      ['--type', 'slsaprovenance1'],
    ]) {
      expect(await assay(['verify', `${registry}/acme/app:1.2.3`, ...WHO, ...flags])).toMatchObject({ status: 0 });
    }
    expect(await assay(['verify', `${registry}/acme/charts/app-chart:1.2.3`, ...WHO, '-a', 'chartVersion=1.2.3'])).toMatchObject({ status: 0 });
    const { images } = JSON.parse(readFileSync(join(release, 'assay.release.json'), 'utf8'));
    const [{ digest }] = images[0].platforms;
    for (const name of [`app@${digest}`, 'app:1.2.3']) {
      expect(await assay(['verify', `${registry}/acme/${name}`, ...WHO, '--type', 'cyclonedx'])).toMatchObject({ status: 0 });
    }
  });

  test('is not made twice', async () => {
    const again = await assay(['release', released.file], job);
    expect(again).toMatchObject({ status: 0, stdout: made.stdout, stderr: expect.stringContaining('released before') });
    const values = join(released.folder, 'chart/values.yaml');
    const before = readFileSync(values);
    writeFileSync(values, `${before}replicas2: 3\n`);
    expect(await assay(['release', released.file], job)).toMatchObject({ status: 1, stderr: expect.stringContaining('RELEASE_OTHER') });
    writeFileSync(values, before);
  });

  test('of other things under the same version is refused: tags do not move', async () => {
    const other = await writeProject(scratch, { name: 'other', registry });
    writeFileSync(join(other.folder, 'chart/templates/pod.yaml'), 'kind: Job\n');
    const run = await assay(['release', other.file], job);
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('RELEASE_EXISTS') });
  });
});

test('SBOMs that are too large for the log are attested by their digests', async () => {
  const large = await writeProject(scratch, { name: 'large', registry, repository: 'large', files: '', more: 'sbom: [cyclonedx-json, spdx-json]' });
  expect(await assay(['release', large.file, '--max-inline', '5000'], job)).toMatchObject({ status: 0 });
  const folder = join(large.folder, 'release');
  expect(await assay(['verify', folder, ...WHO])).toMatchObject({ status: 0 });
  const bundle = JSON.parse(readFileSync(join(folder, 'image-app-linux-amd64.cdx.sigstore.json'), 'utf8'));
  const statement = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString());
  expect(statement.predicateType).toBe('https://in-toto.io/attestation/reference/v0.1');
  edit(join(folder, 'image-app-linux-amd64.cdx.json'), (text) => `${text} `);
  expect(await assay(['verify', folder, ...WHO, '--offline'])).toMatchObject({ status: 1, stdout: expect.stringContaining('is not what was attested') });
});

test.each([
  ['files', "files: ['../secret']", 'leads out of the folder'],
  ['files behind a link', "files: ['link']", 'leads out of the folder'],
  ['images', 'images: [{ from: ../layout, to: x/y }]', 'leads out of the folder'],
  ['charts', 'charts: [{ from: ../chart, to: oci://x/y }]', 'leads out of the folder'],
])('%s from outside of its folder are not released', async (what, text, message) => {
  scratch.write('secret', 'token');
  scratch.write('chart/Chart.yaml', 'name: x');
  scratch.write('layout/oci-layout', '{}');
  const file = scratch.write(`outside ${what}/assay.release.yaml`, `name: app\nversion: 1.0.0\n${text}\n`);
  symlinkSync('../secret', join(file, '../link'));
  expect(await assay(['release', file, '--dry-run'], job)).toMatchObject({ status: 4, stderr: expect.stringContaining(message) });
});

describe('what is wrong with a release is named:', () => {
  const wrong: readonly (readonly [string, (folder: string) => void, string])[] = [
    ['a changed file', (folder) => writeFileSync(join(folder, 'app-linux-amd64'), 'a prograM\n'), 'RELEASE_MISMATCH'],
    ['a missing file', (folder) => rmSync(join(folder, 'app-linux-amd64')), 'RELEASE_MISSING'],
    ['a file that nobody signed', (folder) => writeFileSync(join(folder, 'installer.sh'), 'curl | sh\n'), 'RELEASE_UNSIGNED'],
    ['a missing signature', (folder) => rmSync(join(folder, 'app-linux-arm64.sigstore.json')), 'RELEASE_MISSING'],
    [
      'the signature of another file',
      (folder) => cpSync(join(folder, 'app-linux-amd64.sigstore.json'), join(folder, 'app-linux-arm64.sigstore.json')),
      'SIGNATURE',
    ],
    ['an SBOM that is no JSON', (folder) => writeFileSync(join(folder, 'app-linux-amd64.cdx.json'), 'no JSON'), 'RELEASE_MISMATCH'],
    ['a changed SBOM', (folder) => writeFileSync(join(folder, 'image-app-linux-amd64.cdx.json'), '{}'), 'RELEASE_MISMATCH'],
    ['a changed description', (folder) => edit(join(folder, 'assay.release.json'), (text) => text.replace('1.2.3', '1.2.4')), 'ARTIFACT'],
    [
      'a line for another file in the checksums',
      (folder) => edit(join(folder, 'checksums.txt'), (text) => `${text}${'0'.repeat(64)}  other\n`),
      'RELEASE_MISMATCH',
    ],
    ['another manifest of the image', (folder) => edit(join(folder, 'image-app.manifest.json'), (text) => `${text} `), 'RELEASE_MISMATCH'],
  ];

  test.each(wrong)('%s', async (name, change, code) => {
    const folder = scratch.path(`wrong ${name}`);
    cpSync(release, folder, { recursive: true });
    change(folder);
    const run = await assay(['verify', folder, ...WHO, '--offline']);
    expect(run).toMatchObject({ status: 1, stdout: expect.stringContaining(code) });
  });

  test('somebody else', async () => {
    expect(await assay(['verify', release, '--identity', `${WORKFLOW_SAN}0`, '--issuer', ISSUER])).toMatchObject({ status: 1 });
  });

  const BINARY = ['app-linux-amd64', 'app-linux-amd64.sigstore.json', 'multiple.intoto.jsonl'];
  const CHART = ['app-chart-1.2.3.tgz', 'app-chart-1.2.3.tgz.sigstore.json', 'multiple.intoto.jsonl'];
  const IMAGE = ['image-app.manifest.json', 'image-app.sigstore.json', 'image-app.provenance.sigstore.json'];

  test.each<[string, readonly string[]]>([
    ['all but one file and what is about it', FILES.filter((name) => !name.startsWith('app-linux-arm64'))],
    ['a binary', BINARY],
    ['the archive of a chart', CHART],
    ['an image', IMAGE],
    ['the checksums', ['checksums.txt', 'checksums.txt.sigstore.json']],
  ])('%s alone, when that was asked for', async (name, kept) => {
    const folder = only(kept, `only ${name}`);
    expect(await assay(['verify', folder, ...WHO, '--offline'])).toMatchObject({ status: 1, stdout: expect.stringContaining('RELEASE_MISSING') });
    const run = await assay(['verify', folder, ...WHO, '--offline', '--ignore-missing']);
    expect(run, run.stdout).toMatchObject({ status: 0, stdout: expect.stringContaining('is not here') });
  });

  test.each<[string, readonly string[], string]>([
    ['nothing of it', [], 'nothing of the release is here'],
    ['a binary without its signature', BINARY.filter((name) => !name.endsWith('.sigstore.json')), '"app-linux-amd64.sigstore.json" is missing'],
    ['a binary without provenance', BINARY.slice(0, 2), '"multiple.intoto.jsonl" is missing'],
    ['an image without its signature', IMAGE.filter((name) => name !== 'image-app.sigstore.json'), '"image-app.sigstore.json" is missing'],
    ['an SBOM without its attestation', [...BINARY, 'app-linux-amd64.cdx.json'], '"app-linux-amd64.cdx.sigstore.json" is missing'],
  ])('%s is no part of a release', async (name, kept, says) => {
    const run = await assay(['verify', only(kept, `part ${name}`), ...WHO, '--offline', '--ignore-missing']);
    expect(run).toMatchObject({ status: 1, stdout: expect.stringContaining(says.replaceAll('"', '')) });
    expect(run.stdout).toContain('RELEASE_MISSING');
  });

  /** A folder with the signed description, and with these of what it describes. */
  function only(names: readonly string[], called: string): string {
    const folder = scratch.path(called);
    mkdirSync(folder);
    for (const name of new Set(['assay.release.json', 'assay.release.json.sigstore.json', ...names])) cpSync(join(release, name), join(folder, name));
    return folder;
  }
});

async function offline(folder: string) {
  return { run: await runCli(['verify', folder, ...WHO, '--offline'], { network: 'none', now: new Date(), env: trust }) };
}

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

const FILES = [
  'app-chart-1.2.3.tgz',
  'app-chart-1.2.3.tgz.sigstore.json',
  ...['amd64', 'arm64'].flatMap((arch) => ['', '.sigstore.json', '.cdx.json', '.cdx.sigstore.json'].map((end) => `app-linux-${arch}${end}`)),
  'assay.release.json',
  'assay.release.json.sigstore.json',
  ...['.manifest.json', '.sigstore.json', '.provenance.sigstore.json'].flatMap((end) => [`chart-app-chart${end}`, `image-app${end}`]),
  ...['amd64', 'arm64'].flatMap((arch) => ['.cdx.json', '.cdx.sigstore.json'].map((end) => `image-app-linux-${arch}${end}`)),
  'checksums.txt',
  'checksums.txt.sigstore.json',
  'multiple.intoto.jsonl',
];
