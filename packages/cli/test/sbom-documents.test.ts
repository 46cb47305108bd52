/** `assay sbom make`, `query` and `diff`: documents of images, layouts, folders, files and archives; questions, and differences. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { APPLICATION, node, openSbomScene, SYSTEM } from './sbom-scene.ts';

const { scratch, assay, image, index } = await openSbomScene();

/** A folder with these files. */
function folder(name: string, files: Readonly<Record<string, string>>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(scratch.path(join(name, path))), { recursive: true });
    writeFileSync(scratch.path(join(name, path)), content);
  }
  return scratch.path(name);
}

const TABLE = 'NAME     VERSION   TYPE\ncurl     8.5.0-1   deb\nleft     1.2.3     npm\nlibssl3  3.0.13-1  deb\n';

describe('make', () => {
  test('of an image: CycloneDX on standard output, with its digest, its layers and its distribution', async () => {
    const { reference, name, digest, layers } = await image();
    const { status, stdout, stderr } = await assay(['sbom', 'make', reference]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { bomFormat, specVersion, metadata, components } = JSON.parse(stdout);
    expect({ bomFormat, specVersion, timestamp: metadata.timestamp }).toEqual({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      timestamp: '2024-05-06T07:08:09.000Z',
    });
    expect(metadata.component).toMatchObject({ type: 'container', name, version: '1', hashes: [{ alg: 'SHA-256', content: digest.slice(7) }] });
    const left = components.find((one: { name: string }) => one.name === 'left');
    expect(left.properties).toContainEqual({ name: 'assay:location:0:layerDigest', value: layers[1] });
    expect(components.at(-1)).toMatchObject({ type: 'operating-system', name: 'debian', version: '12' });
  });

  test('the same bytes each time, and of the same image by digest but for the tag', async () => {
    const { reference, name, digest } = await image();
    const [one, two] = [await assay(['sbom', 'make', reference, '-o', 'spdx-json']), await assay(['sbom', 'make', reference, '-o', 'spdx-json'])];
    expect(one.stdout).toBe(two.stdout);
    const byDigest = JSON.parse((await assay(['sbom', 'make', `${name}@${digest}`])).stdout);
    expect(byDigest.metadata.component.version).toBeUndefined();
  });

  test('several documents at once, under the names that syft has for them', async () => {
    const { reference } = await image();
    const [cdx, spdx] = [scratch.path('several.cdx.json'), scratch.path('several.spdx.json')];
    const run = await assay(['sbom', 'make', reference, '-o', `cyclonedx-json@1.6=${cdx}`, '-o', `spdx=${spdx}`, '--output', 'syft-table']);
    expect(run).toEqual({ status: 0, stdout: TABLE, stderr: `wrote ${cdx}\nwrote ${spdx}\n` });
    expect(JSON.parse(readFileSync(cdx, 'utf8')).bomFormat).toBe('CycloneDX');
    expect(JSON.parse(readFileSync(spdx, 'utf8')).spdxVersion).toBe('SPDX-2.3');
  });

  test('at the time that SOURCE_DATE_EPOCH says', async () => {
    const at = folder('dated', APPLICATION);
    const { stdout } = await assay(['sbom', 'make', at], { env: { SOURCE_DATE_EPOCH: '86400' } });
    expect(JSON.parse(stdout).metadata.timestamp).toBe('1970-01-02T00:00:00.000Z');
    expect(await assay(['sbom', 'make', at], { env: { SOURCE_DATE_EPOCH: 'now' } })).toMatchObject({ status: 2 });
    expect(JSON.parse((await assay(['sbom', 'make', at])).stdout).metadata.timestamp).toBeUndefined();
  });

  test('of a folder, an OCI layout, and a file of docker save: the same packages', async () => {
    const { reference } = await image();
    const [layout, archive] = [scratch.path('layout'), scratch.path('saved.tar')];
    expect(await assay(['copy', reference, layout])).toMatchObject({ status: 0 });
    expect(await assay(['crane', 'pull', reference, archive])).toMatchObject({ status: 0 });
    for (const thing of [layout, archive, folder('root', { ...SYSTEM, ...APPLICATION }), `file:${layout}`, `oci://${reference}`]) {
      expect(await assay(['sbom', 'make', thing, '-o', 'table']), thing).toEqual({ status: 0, stdout: TABLE, stderr: '' });
    }
  });

  test('under the name that is given', async () => {
    const at = folder('named', APPLICATION);
    const { stdout } = await assay(['sbom', 'make', at, '--source-name', 'app', '--source-version', '7']);
    expect(JSON.parse(stdout).metadata.component).toMatchObject({ name: 'app', version: '7', properties: [{ name: 'assay:subject:kind', value: 'folder' }] });
  });

  test('what could not be read is told, and is an error with --strict', async () => {
    const broken = { ...APPLICATION, 'app/node_modules/broken/package.json': '{"name": "broken", ' };
    const at = folder('broken', broken);
    const run = await assay(['sbom', 'make', at]);
    expect(run.status).toBe(0);
    expect(run.stderr).toMatch(/^warning: 1 part could not be read; the document names them\n {2}\/app\/node_modules\/broken\/package\.json: /);
    expect(JSON.parse(run.stdout).compositions).toMatchObject([{ aggregate: 'incomplete' }]);
    expect(await assay(['sbom', 'make', at, '--strict'])).toMatchObject({ status: 1, stdout: run.stdout });
  });

  test.each<[what: string, argv: () => readonly string[], status: number, says: string]>([
    ['a format that there is not', () => ['.', '-o', 'xml'], 2, 'there is no format "xml"'],
    ['two documents on standard output', () => ['.', '-o', 'table', '-o', 'spdx-json'], 2, 'standard output takes one document'],
    ['a file without a name', () => ['.', '-o', 'table='], 2, 'the file is not named'],
    ['a file that cannot be written', () => [folder('small', APPLICATION), '-o', `table=${scratch.path('no/such/folder')}`], 2, 'cannot be written: ENOENT'],
    ['a path that is not there', () => ['./no-such-thing'], 2, 'no such file'],
    ['standard input', () => ['-'], 2, 'not of standard input'],
  ])('%s is refused', async (_, argv, status, says) => {
    const run = await assay(['sbom', 'make', ...argv()]);
    expect(run.status).toBe(status);
    expect(run.stderr).toContain(says);
  });

  test('of an index: the image for linux/amd64, or that of the platform that is asked for', async () => {
    const reference = await index({ amd64: [SYSTEM], arm64: [SYSTEM, APPLICATION] });
    const made = (...argv: string[]) => assay(['sbom', 'make', reference, '-o', 'purls', ...argv]);
    expect((await made()).stdout).not.toContain('pkg:npm/left@1.2.3\n');
    expect((await made('--platform', 'linux/arm64')).stdout).toContain('pkg:npm/left@1.2.3\n');
    const none = await made('--platform', 'linux/s390x');
    expect(none.status).not.toBe(0);
    expect(none.stderr).toContain('the index has: linux/amd64, linux/arm64');
  });
});

const sbom = scratch.write('sbom.json', {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  components: [
    { type: 'library', name: 'k8s.io/client-go', version: 'v0.28.4', purl: 'pkg:golang/k8s.io/client-go@v0.28.4', 'bom-ref': '1' },
    { type: 'library', name: 'k8s.io/api', version: 'v0.28.4', purl: 'pkg:golang/k8s.io/api@v0.28.4', licenses: [{ license: { id: 'Apache-2.0' } }] },
    { type: 'library', name: 'k8s.io/client-go', version: 'v0.28.4', purl: 'pkg:golang/k8s.io/client-go@v0.28.4', 'bom-ref': '2' },
    { type: 'library', name: 'left', version: '1.2.3', purl: 'pkg:npm/left@1.2.3', licenses: [{ expression: 'MIT OR GPL-3.0-only' }] },
  ],
});
const query = (...argv: string[]) => assay(['sbom', 'query', ...argv], { network: 'none' });

describe('query', () => {
  test('answers as jq does, in the order of the document, and what stands there twice twice', async () => {
    const { components } = JSON.parse(readFileSync(sbom, 'utf8')) as { components: { name: string; version: string }[] };
    const expected = components.filter(({ name }) => name.includes('k8s.io/client-go')).map(({ name, version }) => `${name}@${version}\n`);
    expect(expected).toHaveLength(2);
    expect(await query(sbom, '--contains', 'k8s.io/client-go')).toEqual({ status: 0, stdout: expected.join(''), stderr: '' });
  });

  test.each<[argv: readonly string[], stdout: string]>([
    [['--name', 'k8s.io/*', '--license', 'apache-2.0'], 'k8s.io/api@v0.28.4\n'],
    [['--type', 'npm', '--version', '^1'], 'left@1.2.3\n'],
    [['--license', 'GPL-*', '--output', 'purl'], 'pkg:npm/left@1.2.3\n'],
    [['--purl', 'pkg:npm/', '--output', 'table'], 'NAME  VERSION  TYPE\nleft  1.2.3    npm\n'],
    [['--version', '<2', '--name', '/^l/'], 'left@1.2.3\n'],
  ])('%j', async (argv, stdout) => {
    expect(await query(sbom, ...argv)).toEqual({ status: 0, stdout, stderr: '' });
  });

  test('as JSON, also when there is nothing', async () => {
    const { stdout } = await query(sbom, '--name', 'left', '--output', 'json');
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'left', type: 'npm', licenses: ['MIT OR GPL-3.0-only'] }]);
    expect(await query(sbom, '--name', 'right', '--output', 'json')).toEqual({ status: 1, stdout: '[]\n', stderr: '' });
  });

  test('ends with 1 when nothing matches, as grep does', async () => {
    expect(await query(sbom, '--name', 'nothing')).toEqual({ status: 1, stdout: '', stderr: '' });
  });

  test('of standard input, and of what an attestation says, which is not verified', async () => {
    const content = readFileSync(sbom, 'utf8');
    const statement = JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', predicateType: 'https://cyclonedx.org/bom', predicate: JSON.parse(content) });
    const envelope = JSON.stringify({ payloadType: 'application/vnd.in-toto+json', payload: Buffer.from(statement).toString('base64'), signatures: [] });
    const ask = (stdin: string) => assay(['sbom', 'query', '-', '--name', 'left'], { stdin, network: 'none' });
    expect(await ask(content)).toEqual({ status: 0, stdout: 'left@1.2.3\n', stderr: '' });
    expect(await ask(statement)).toEqual({ status: 0, stdout: 'left@1.2.3\n', stderr: '' });
    const stderr = 'standard input is an attestation, and its signature was not verified: assay sbom extract does that\n';
    expect(await ask(envelope)).toEqual({ status: 0, stdout: 'left@1.2.3\n', stderr });
    expect((await ask(`${envelope}\n${envelope}\n`)).stdout).toBe('left@1.2.3\nleft@1.2.3\n');
    const bundle = scratch.write('bundle.json', `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","dsseEnvelope":${envelope}}`);
    expect(await query(bundle, '--name', 'left')).toMatchObject({ status: 0, stdout: 'left@1.2.3\n' });
  });

  test('of an image that is looked into: by layer, and by what depends on what', async () => {
    const { reference, layers } = await image();
    const ask = (...argv: string[]) => assay(['sbom', 'query', reference, ...argv]);
    expect(await ask('--layer', layers[1] ?? '')).toEqual({ status: 0, stdout: 'left@1.2.3\n', stderr: '' });
    expect(await ask('--depends-on', 'libssl*')).toEqual({ status: 0, stdout: 'curl@8.5.0-1\n', stderr: '' });
    expect(await ask('--type', 'deb', '--version', '<3.0.14')).toEqual({ status: 0, stdout: 'libssl3@3.0.13-1\n', stderr: '' });
  });

  test.each<[what: string, argv: () => readonly string[], status: number, says: string]>([
    ['a text that is no SBOM', () => [scratch.write('pod.json', { kind: 'Pod' })], 4, 'pod.json: the document is no SBOM of a known format  [SBOM_PARSE]'],
    ['half of one', () => [scratch.write('half.json', readFileSync(sbom, 'utf8').slice(0, 200))], 4, 'the document is not valid JSON'],
    ['XML', () => [scratch.write('bom.xml', '<?xml version="1.0"?><bom/>')], 4, 'the document is XML, not JSON'],
    ['a range that is none', () => [sbom, '--version', '>='], 2, 'not a range of versions: >='],
    ['a pattern that is none', () => [sbom, '--name', '/(/'], 2, 'not an RE2 pattern'],
    ['a digest', () => [`sha256:${'0'.repeat(64)}`], 2, 'a digest does not say what is in it'],
    ['a signer without an attestation', () => [sbom, '--key', 'cosign.pub'], 2, 'add --from-attestation'],
  ])('%s is refused', async (_, argv, status, says) => {
    const run = await query(...argv());
    expect(run.status).toBe(status);
    expect(run.stderr).toContain(says);
    expect(run.stdout).toBe('');
  });
});

describe('diff', () => {
  const older = () =>
    folder('older', {
      ...APPLICATION,
      'app/node_modules/gone/package.json': node('gone', '1.0.0', 'MIT'),
      'app/node_modules/same/package.json': node('same', '1.0.0', 'MIT'),
    });
  const newer = () =>
    folder('newer', {
      'app/node_modules/left/package.json': node('left', '1.10.0', 'MIT'),
      'app/node_modules/come/package.json': node('come', '0.1.0', 'MIT'),
      'app/node_modules/same/package.json': node('same', '1.0.0', 'BUSL-1.1'),
    });

  test('of two folders', async () => {
    const stdout = '+ npm come 0.1.0\n- npm gone 1.0.0\n~ npm left 1.2.3 -> 1.10.0\n~ npm same 1.0.0 license MIT -> BUSL-1.1\n';
    expect(await assay(['sbom', 'diff', older(), newer()])).toEqual({ status: 1, stdout, stderr: '' });
    const back = await assay(['sbom', 'diff', newer(), older()]);
    expect(back.stdout).toContain('~ npm left 1.10.0 -> 1.2.3 (older)\n');
  });

  test('of a document and what it was made of: none, in every format', async () => {
    const { reference } = await image();
    for (const format of ['cyclonedx-json', 'spdx-json']) {
      const file = scratch.path(`same.${format}`);
      await assay(['sbom', 'make', reference, '-o', `${format}=${file}`]);
      expect(await assay(['sbom', 'diff', file, reference]), format).toEqual({ status: 0, stdout: '', stderr: '' });
    }
  });

  test('as JSON', async () => {
    const { status, stdout } = await assay(['sbom', 'diff', older(), newer(), '--output', 'json']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      added: [{ name: 'come' }],
      removed: [{ name: 'gone' }],
      changed: [{ before: { version: '1.2.3' }, after: { version: '1.10.0' }, to: 'newer' }],
      relicensed: [{ package: { name: 'same' }, licenses: { before: ['MIT'], after: ['BUSL-1.1'] } }],
    });
  });

  test('of what cannot be read: no verdict', async () => {
    expect((await assay(['sbom', 'diff', older(), scratch.write('none.json', '{}')])).status).toBe(4);
  });
});

test('every command says how it is used', async () => {
  for (const command of ['make', 'query', 'diff', 'extract', 'attest']) {
    const { status, stdout } = await assay(['sbom', command, '--help'], { network: 'none' });
    expect(status).toBe(0);
    expect(stdout).toContain('\nExamples:\n');
    expect(stdout).toContain('xit status: ');
  }
  expect(existsSync(scratch.path('k.key'))).toBe(true);
});
