/** `assay sbom attest` and `extract`: an SBOM that is signed and comes out as it went in, and every way in which it does not. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { instanceAndRoot } from './material.ts';
import { APPLICATION, openSbomScene, type SbomImage } from './sbom-scene.ts';

const { scratch, registry, key, pub, assay, image } = await openSbomScene();

const CDX = { bomFormat: 'CycloneDX', specVersion: '1.5', components: [{ type: 'library', name: 'left', version: '1.2.3', purl: 'pkg:npm/left@1.2.3' }] };
const SPDX = { spdxVersion: 'SPDX-2.3', SPDXID: 'SPDXRef-DOCUMENT', name: 'x', packages: [{ SPDXID: 'SPDXRef-a', name: 'left', versionInfo: '1.2.3' }] };
const REFERENCE = 'https://in-toto.io/attestation/reference/v0.1';
const cdx = scratch.write('app.cdx.json', CDX);
const spdx = scratch.write('app.spdx.json', SPDX);
const KEY_ONLY = ['--key', pub, '--log-threshold', '0'];

const attest = (...argv: string[]) => assay(['sbom', 'attest', '--key', key, ...argv]);
const extract = (...argv: string[]) => assay(['sbom', 'extract', ...KEY_ONLY, ...argv]);
const attested = async (...argv: string[]): Promise<SbomImage> => {
  const one = await image();
  expect(await attest(...argv, one.reference)).toMatchObject({ status: 0, stdout: `${one.name}@${one.digest}\n` });
  return one;
};

let files = 0;
const artifact = (): string => scratch.write(`artifact-${++files}.bin`, `content ${files}`);

describe('an image', () => {
  test.each([
    ['CycloneDX', cdx, CDX, 'cyclonedx'],
    ['SPDX', spdx, SPDX, 'spdxjson'],
  ])('with an SBOM in %s: it comes out as it went in, and our cosign face verifies it', async (_, file, document, type) => {
    const { reference } = await attested('--sbom', file);
    for (const argv of [[], ['--type', type]]) {
      const { status, stdout, stderr } = await extract(...argv, reference);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(JSON.parse(stdout)).toEqual(document);
    }
    const cosign = await assay(['cosign', 'verify-attestation', '--key', pub, '--insecure-ignore-tlog', '--type', type, reference]);
    expect(cosign.status).toBe(0);
    const statement = JSON.parse(Buffer.from(JSON.parse(cosign.stdout).payload, 'base64').toString());
    expect(statement.predicate).toEqual(document);
    expect((await extract('--type', type === 'cyclonedx' ? 'spdxjson' : 'cyclonedx', reference)).status).toBe(1);
  });

  test('that is made of the very digest that is attested', async () => {
    const { reference, name } = await attested('--make');
    const file = scratch.path('made.json');
    expect(await extract('-o', file, reference)).toEqual({ status: 0, stdout: '', stderr: `wrote ${file}\n` });
    expect(JSON.parse(readFileSync(file, 'utf8')).metadata.component.name).toBe(name);
    expect(await assay(['sbom', 'diff', file, reference])).toMatchObject({ status: 0 });
    expect(JSON.parse((await extract((await attested('--make', '--format', 'spdx-json')).reference)).stdout)).toMatchObject({ spdxVersion: 'SPDX-2.3' });
  });

  test('that cosign has attested, in either of its formats', async () => {
    for (const format of [[], ['--new-bundle-format=false']]) {
      const { reference } = await image();
      const flags = ['--key', key, '--tlog-upload=false', '--use-signing-config=false', '--yes', ...format];
      expect(await assay(['cosign', 'attest', ...flags, '--predicate', cdx, '--type', 'cyclonedx', reference])).toMatchObject({ status: 0 });
      expect(JSON.parse((await extract('--type', 'cyclonedx', reference)).stdout)).toEqual(CDX);
    }
  });

  test('in a layout, with its evidence', async () => {
    const { reference } = await attested('--sbom', cdx);
    const layout = scratch.path('layout');
    await assay(['copy', reference, layout]);
    expect(JSON.parse((await extract(layout)).stdout)).toEqual(CDX);
  });

  test('in a side repository', async () => {
    const { reference } = await image();
    const side = `${registry.host}/evidence`;
    expect(await attest('--sbom', cdx, '--side-repository', side, '--by-reference', reference)).toMatchObject({ status: 0 });
    expect((await extract(reference)).status).toBe(1);
    expect((await extract('--side-repository', side, reference)).stdout).toBe(readFileSync(cdx, 'utf8'));
    expect((await assay(['sbom', 'extract', ...KEY_ONLY, reference], { env: { COSIGN_REPOSITORY: side } })).status).toBe(0);
  });

  test('with several: how many there are is said', async () => {
    const { reference } = await attested('--sbom', cdx);
    await attest('--sbom', scratch.write('other.cdx.json', { ...CDX, version: 2 }), reference);
    const { status, stderr } = await extract(reference);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '2 SBOMs are attested; this is the first\n' });
  });

  test('without any, or signed by somebody else: nothing comes out, and the tree says why', async () => {
    const { reference } = await image();
    const none = await extract(reference);
    expect(none).toMatchObject({ status: 1, stdout: '' });
    expect(none.stderr).toContain('no evidence was found for this image');
    await assay(['cosign', 'generate-key-pair', '--output-key-prefix', scratch.path('other')]);
    await assay(['sbom', 'attest', '--key', scratch.path('other.key'), '--sbom', cdx, reference]);
    const other = await extract(reference);
    expect(other).toMatchObject({ status: 1, stdout: '' });
    expect(other.stderr).toContain('the signature over the envelope does not verify');
  });

  test('with another statement: it is no SBOM, whatever it says', async () => {
    const { reference } = await image();
    await assay(['attest', '--key', key, '--type', 'https://example.org/p/v1', '--predicate', cdx, reference]);
    const run = await extract(reference);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toContain('https://example.org/p/v1');
  });

  test('under a policy: what it was shown comes out; one that looks at no SBOM has shown none', async () => {
    const { reference } = await attested('--sbom', cdx);
    await assay(['sign', '--key', key, reference]);
    const policy = (name: string, more: object) => {
      const spec = { signers: [{ key: 'k.pub' }], trust: { file: 'root.json', log: 'ignored' }, ...more };
      return scratch.write(`${name}.yaml`, { apiVersion: 'assay.dev/v1alpha1', kind: 'ImagePolicy', metadata: { name }, spec });
    };
    scratch.write('root.json', instanceAndRoot().root);
    const by = (file: string, ...argv: string[]) => assay(['sbom', 'extract', '--policy', file, ...argv, reference]);
    const run = await by(policy('sbom', { attestations: [{ type: 'cyclonedx' }] }));
    expect(run.stderr).toBe('');
    expect(JSON.parse(run.stdout)).toEqual(CDX);
    const blind = await by(policy('signature', {}));
    expect(blind).toMatchObject({ status: 1, stdout: '' });
    expect(blind.stderr).toContain('what verifies holds no SBOM of type cyclonedx or spdxjson');
    const other = await by(policy('spdx', { attestations: [{ type: 'spdxjson' }] }));
    expect(other).toMatchObject({ status: 1, stdout: '' });
    expect(other.stderr).toContain('is refused by ImagePolicy spdx');
    expect(await by(scratch.path('sbom.yaml'), '--key', pub)).toMatchObject({ status: 2, stdout: '' });
  });
});

describe('by reference', () => {
  test('an image: the SBOM lies beside it, and comes out byte for byte', async () => {
    const { reference, repository, digest } = await image();
    const run = await attest('--sbom', cdx, '--by-reference', reference);
    expect(run.status).toBe(0);
    expect(run.stderr.match(/^stored /gm)).toHaveLength(2);
    expect((await extract(reference)).stdout).toBe(readFileSync(cdx, 'utf8'));
    expect((await extract('--type', 'cyclonedx', reference)).status).toBe(0);
    const manifests = [...(registry.content.repositories.get(repository)?.manifests.values() ?? [])].map(({ bytes }) =>
      JSON.parse(new TextDecoder().decode(bytes)),
    );
    const carrier = manifests.find(({ artifactType }) => artifactType === 'application/vnd.cyclonedx+json');
    expect(carrier).toMatchObject({ subject: { digest }, config: { mediaType: 'application/vnd.oci.empty.v1+json' } });
    const cosign = await assay(['cosign', 'verify-attestation', '--key', pub, '--insecure-ignore-tlog', '--type', REFERENCE, reference]);
    const { predicate } = JSON.parse(Buffer.from(JSON.parse(cosign.stdout).payload, 'base64').toString());
    expect(predicate.references).toEqual([
      {
        name: 'app.cdx.json',
        digest: { sha256: carrier.layers[0].digest.slice(7) },
        mediaType: 'application/vnd.cyclonedx+json',
        downloadLocation: `http://${registry.host}/v2/${repository}/blobs/${carrier.layers[0].digest}`,
        annotations: { size: readFileSync(cdx).length },
      },
    ]);
  });

  test('when it is too large, with the cap named; and not at all with --inline', async () => {
    const { reference } = await image();
    const refused = await attest('--sbom', cdx, '--inline', '--max-inline', '100', reference);
    expect(refused.status).toBe(4);
    expect(refused.stderr).toMatch(/^assay: an attestation of about \d+ bytes is more than 100, what --max-inline says {2}\[SBOM_LIMIT\]/m);
    expect((await extract(reference)).status).toBe(1);
    const run = await attest('--sbom', cdx, '--max-inline', '100', reference);
    expect(run.stderr).toMatch(/is more than 100, what --max-inline says: attested by reference\n/);
    expect(JSON.parse((await extract(reference)).stdout)).toEqual(CDX);
  });

  test('a copy of the image elsewhere has it, too', async () => {
    const { reference } = await attested('--sbom', spdx, '--by-reference');
    const layout = scratch.path('copied');
    await assay(['copy', reference, layout]);
    expect((await extract('--type', 'spdxjson', layout)).stdout).toBe(readFileSync(spdx, 'utf8'));
  });

  test('what lies there with another content is refused, and so is what is not there', async () => {
    const { reference, repository } = await attested('--sbom', cdx, '--by-reference');
    const blobs = registry.content.repositories.get(repository)?.blobs;
    const { createHash } = await import('node:crypto');
    const digest = `sha256:${createHash('sha256').update(readFileSync(cdx)).digest('hex')}`;
    const kept = blobs?.get(digest);
    blobs?.delete(digest);
    expect((await extract(reference)).status).not.toBe(0);
    const changed = scratch.write('changed.json', { ...CDX, version: 9 });
    const given = await extract('--sbom', changed, reference);
    expect(given).toMatchObject({ status: 1, stdout: '' });
    expect(given.stderr).toContain('changed.json: is not the SBOM that was attested  [SBOM_REFERENCE]');
    expect((await extract('--sbom', cdx, reference)).stdout).toBe(readFileSync(cdx, 'utf8'));
    if (kept !== undefined) blobs?.set(digest, kept);
  });

  test('a reference that leads elsewhere is not followed on its own', async () => {
    const { reference } = await image();
    const argv = ['--sbom', cdx, '--by-reference', '--no-store', '--bundle', scratch.path('ref.json')];
    expect(await attest(...argv, reference)).toMatchObject({ status: 2 });
    expect(await attest(...argv, '--force', '--download-location', 'https://127.0.0.1:9/sbom.json', reference)).toMatchObject({ status: 0 });
    const run = await extract('--bundle', scratch.path('ref.json'), reference);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toContain('https://127.0.0.1:9/sbom.json');
    expect(run.stderr).toContain('fetch it from there with --download');
  });

  test('a file: the SBOM lies beside it', async () => {
    const file = artifact();
    expect(await attest('--sbom', cdx, '--by-reference', file)).toMatchObject({ status: 0 });
    expect((await extract(file)).stdout).toBe(readFileSync(cdx, 'utf8'));
    writeFileSync(cdx, JSON.stringify({ ...CDX, version: 3 }));
    expect((await extract(file)).stderr).toContain('is not the SBOM that was attested');
    rmSync(cdx);
    expect((await extract(file)).stderr).toContain('name a copy with --sbom FILE');
    scratch.write('app.cdx.json', CDX);
  });
});

describe('a file', () => {
  test('with an SBOM in its bundle', async () => {
    const file = artifact();
    expect(await attest('--sbom', spdx, file)).toMatchObject({ status: 0, stdout: '' });
    expect(existsSync(`${file}.sigstore.json`)).toBe(true);
    expect(JSON.parse((await extract(file)).stdout)).toEqual(SPDX);
    expect(await assay(['verify', ...KEY_ONLY, '--type', 'spdxjson', file])).toMatchObject({ status: 0 });
    expect((await extract('--bundle', `${file}.sigstore.json`, artifact())).status).toBe(1);
  });

  test('with an SBOM that is made of it, also by reference, which is not overwritten', async () => {
    const file = artifact();
    expect(await attest('--make', '--by-reference', file)).toMatchObject({ status: 0 });
    expect(JSON.parse(readFileSync(`${file}.cdx.json`, 'utf8')).metadata.component.type).toBe('file');
    expect((await extract(file)).stdout).toBe(readFileSync(`${file}.cdx.json`, 'utf8'));
    expect((await attest('--make', '--by-reference', file)).stderr).toContain('is there already');
    expect(await attest('--make', '--by-reference', '--force', file)).toMatchObject({ status: 0 });
  });
});

test('a question to the SBOM that its maker has signed', async () => {
  const { reference } = await attested('--sbom', cdx);
  const ask = (...argv: string[]) => assay(['sbom', 'query', reference, '--from-attestation', ...KEY_ONLY, ...argv]);
  expect(await ask('--contains', 'ef')).toEqual({ status: 0, stdout: 'left@1.2.3\n', stderr: '' });
  expect(await ask('--name', 'curl')).toEqual({ status: 1, stdout: '', stderr: '' });
  const unsigned = await image(APPLICATION);
  expect(await assay(['sbom', 'query', unsigned.reference, '--from-attestation', ...KEY_ONLY])).toMatchObject({ status: 1, stdout: '' });
});

test.each<[what: string, argv: () => readonly string[], status: number, says: string]>([
  ['no SBOM at all', () => [artifact()], 2, 'which SBOM is attested is not said'],
  ['two of them', () => ['--sbom', cdx, '--make', artifact()], 2, '--sbom and --make exclude each other'],
  ['both ways', () => ['--sbom', cdx, '--inline', '--by-reference', artifact()], 2, '--by-reference and --inline exclude each other'],
  ['another document', () => ['--sbom', scratch.write('pod.json', { kind: 'Pod' }), artifact()], 4, 'the document is no SBOM of a known format'],
  ["syft's own format", () => ['--sbom', scratch.write('s.json', { schema: { url: 'x/syft' }, artifacts: [] }), artifact()], 4, 'syft convert'],
  ['a size that is none', () => ['--sbom', cdx, '--max-inline', 'big', artifact()], 2, 'a number of bytes was expected'],
  ['a layout', () => ['--sbom', cdx, layoutFolder()], 2, 'images in layouts are not signed in place'],
])('attest: %s is refused', async (_, argv, status, says) => {
  const run = await attest(...argv());
  expect(run.status).toBe(status);
  expect(run.stderr).toContain(says);
});

function layoutFolder(): string {
  scratch.write('empty-layout/oci-layout', utf8('{"imageLayoutVersion":"1.0.0"}'));
  return scratch.path('empty-layout');
}
