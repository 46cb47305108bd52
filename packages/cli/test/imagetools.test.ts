/** `assay imagetools inspect` as docker buildx prints it: texts are those of its documentation and of its printer. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Descriptor, digestOf, OCI_INDEX, putImage, type RegistryContent, serveRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Run, type RunOptions, runCli } from './run-cli.ts';

const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
const IN_TOTO = 'application/vnd.in-toto+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

let registry: Awaited<ReturnType<typeof serveRegistry>>;
let children: Record<'amd64' | 'arm' | 'attestation', Descriptor>;
let index: Descriptor;
let single: Descriptor;

beforeAll(async () => {
  registry = await serveRegistry();
  const { content } = registry;
  children = { amd64: putApp(content, 'amd64'), arm: putApp(content, 'arm', 'v7'), attestation: putAttestation(content) };
  const manifests = [
    { ...children.amd64, platform: { os: 'linux', architecture: 'amd64' } },
    { ...children.arm, platform: { os: 'linux', architecture: 'arm', variant: 'v7' } },
  ];
  index = content.putManifest(
    'app',
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests, annotations: { of: 'the index' } },
    { tag: '1', mediaType: OCI_INDEX },
  );
  const annotations = { 'vnd.docker.reference.digest': children.amd64.digest, 'vnd.docker.reference.type': 'attestation-manifest' };
  const attested = [manifests[0], { ...children.attestation, annotations, platform: { os: 'unknown', architecture: 'unknown' } }];
  content.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests: attested }, { tag: 'attested', mediaType: OCI_INDEX });
  single = putApp(content, 'amd64', undefined, 'single');
});
afterAll(() => registry.close());

function putApp(content: RegistryContent, architecture: string, variant?: string, tag?: string): Descriptor {
  const config = {
    created: '2024-05-06T07:08:09Z',
    author: 'someone',
    architecture,
    os: 'linux',
    ...(variant !== undefined && { variant }),
    config: { Env: ['A=<b>'], Labels: { team: 'web' }, ExposedPorts: { '80/tcp': {} }, Hostname: 'not shown' },
    rootfs: { type: 'layers', diff_ids: [] },
    history: [{ created_by: 'RUN x', empty_layer: true }],
  };
  return putImage(content, 'app', { ...(tag !== undefined && { tag }), config: { mediaType: OCI_CONFIG, bytes: Buffer.from(JSON.stringify(config)) } });
}

/** As BuildKit keeps what it attests: an image whose layers are statements. */
function putAttestation(content: RegistryContent): Descriptor {
  const statement = (predicateType: string, predicate: object) => ({
    ...content.putBlob('app', Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v0.1', predicateType, predicate })), IN_TOTO),
    annotations: { 'in-toto.io/predicate-type': predicateType },
  });
  const layers = [
    statement('https://slsa.dev/provenance/v0.2', { builder: { id: 'https://example.com/builder' } }),
    statement('https://spdx.dev/Document', { name: 'the sbom' }),
  ];
  return content.putManifest('app', { schemaVersion: 2, mediaType: MANIFEST, config: content.putBlob('app', Buffer.from('{}'), OCI_CONFIG), layers });
}

function inspect(argv: readonly string[], options: RunOptions = {}): Promise<Run> {
  return runCli(['imagetools', 'inspect', ...argv], { network: 'open', ...options });
}

const name = (tag: string) => `${registry.host}/app:${tag}`;
const formatted = (tag: string, format: string) => inspect([name(tag), '--format', format]);

describe('without a template', () => {
  test('an index shows its entries, in columns as Go makes them', async () => {
    expect((await inspect([name('1')])).stdout.replaceAll(registry.host, 'R').split('\n')).toEqual([
      'Name:      R/app:1',
      'MediaType: application/vnd.oci.image.index.v1+json',
      `Digest:    ${index.digest}`,
      '           ',
      'Manifests: ',
      `  Name:      R/app:1@${children.amd64.digest}`,
      '  MediaType: application/vnd.oci.image.manifest.v1+json',
      '  Platform:  linux/amd64',
      '             ',
      `  Name:      R/app:1@${children.arm.digest}`,
      '  MediaType: application/vnd.oci.image.manifest.v1+json',
      '  Platform:  linux/arm/v7',
      '',
    ]);
  });

  test('annotations of an entry follow it, and widen its column', async () => {
    expect((await inspect([name('attested')])).stdout.replaceAll(registry.host, 'R').split('\n').slice(5)).toEqual([
      `  Name:        R/app:attested@${children.amd64.digest}`,
      '  MediaType:   application/vnd.oci.image.manifest.v1+json',
      '  Platform:    linux/amd64',
      '               ',
      `  Name:        R/app:attested@${children.attestation.digest}`,
      '  MediaType:   application/vnd.oci.image.manifest.v1+json',
      '  Platform:    unknown/unknown',
      '  Annotations: ',
      `    vnd.docker.reference.digest: ${children.amd64.digest}`,
      '    vnd.docker.reference.type:   attestation-manifest',
      '',
    ]);
  });

  test('an entry shows version, features and addresses when it has them', async () => {
    const platform = { os: 'windows', architecture: 'amd64', 'os.version': '10.0.1', 'os.features': ['a', 'b'] };
    const manifests = [{ ...children.amd64, platform, urls: ['https://a.example', 'https://b.example'] }, { ...children.arm }];
    registry.content.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, { tag: 'windows', mediaType: OCI_INDEX });
    expect((await inspect([name('windows')])).stdout.split('\n').slice(6, 13)).toEqual([
      '  MediaType:  application/vnd.oci.image.manifest.v1+json',
      '  Platform:   windows/amd64',
      '  OSVersion:  10.0.1',
      '  OSFeatures: a, b',
      '  URLs:       https://a.example, https://b.example',
      '              ',
      `  Name:       ${name('windows')}@${children.arm.digest}`,
    ]);
  });

  test('features that are no texts are left out', async () => {
    const manifests = [{ ...children.amd64, platform: { os: 'windows', architecture: 'amd64', 'os.features': [{}, 'a'] } }];
    registry.content.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, { tag: 'odd', mediaType: OCI_INDEX });
    expect((await inspect([name('odd')])).stdout).toMatch(/OSFeatures: a$/m);
  });

  test('an image is three lines', async () => {
    expect((await inspect([name('single')])).stdout).toBe(`Name:      ${name('single')}\nMediaType: ${MANIFEST}\nDigest:    ${single.digest}\n`);
  });

  test('control characters do not reach the terminal', async () => {
    const manifests = [{ ...children.amd64, platform: { os: 'linux', architecture: '\u001b[2J' }, annotations: { 'a\nb': '\u0007' } }];
    registry.content.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, { tag: 'hostile', mediaType: OCI_INDEX });
    expect((await inspect([name('hostile')])).stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  test('{{.Manifest}} alone means the same', async () => {
    expect(await formatted('1', ' {{ .Manifest }}\n')).toEqual(await inspect([name('1')]));
  });
});

describe('row 11 (cosign.md section 6): the digest alone', () => {
  const IMAGE = 'quay.io/enix/x509-certificate-exporter:4.0.0';

  async function mirrored() {
    const folder = mkdtempSync(join(tmpdir(), 'assay-imagetools-'));
    const scene = await serveRegistry();
    onTestFinished(async () => {
      await scene.close();
      rmSync(folder, { recursive: true });
    });
    writeFileSync(join(folder, 'mirrors'), `quay.io = ${scene.url}\ndocker.io = ${scene.url}\n`);
    return { ...scene, env: { ASSAY_REGISTRY_MIRRORS: join(folder, 'mirrors') } };
  }

  test('with the name as it is written, and as crane has it', async () => {
    const { content, env, requests } = await mirrored();
    const { digest } = putImage(content, 'enix/x509-certificate-exporter', { tag: '4.0.0' });
    expect(await inspect([IMAGE, '--format', '{{ .Manifest.Digest }}'], { env })).toEqual({ status: 0, stdout: digest, stderr: '' });
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /v2/enix/x509-certificate-exporter/manifests/4.0.0']);
    expect((await runCli(['crane', 'digest', IMAGE], { env, network: 'open' })).stdout).toBe(`${digest}\n`);
  });

  test('on a terminal the line has an end', async () => {
    const { content, env } = await mirrored();
    const { digest } = putImage(content, 'enix/x509-certificate-exporter', { tag: '4.0.0' });
    expect((await inspect([IMAGE, '--format', '{{ .Manifest.Digest }}'], { env, terminal: true })).stdout).toBe(`${digest}\n`);
  });

  test('Docker Hub has the name that Docker gives it', async () => {
    const { content, env } = await mirrored();
    const { digest } = putImage(content, 'library/alpine', { tag: 'latest' });
    expect((await inspect(['alpine'], { env })).stdout).toContain('Name:      docker.io/library/alpine:latest\n');
    expect((await inspect([`alpine:latest@${digest}`], { env })).stdout).toContain(`Name:      docker.io/library/alpine:latest@${digest}\n`);
    expect((await inspect(['nothing'], { env })).stderr).toBe('ERROR: docker.io/library/nothing:latest: not found\n');
  });
});

test('--raw is the manifest, byte for byte', async () => {
  const { stdout } = await inspect(['--raw', name('1')]);
  expect(digestOf(Buffer.from(stdout))).toBe(index.digest);
});

describe('templates', () => {
  test.each([
    ['{{.Name}}', '1', 'R/app:1'],
    ['{{.Manifest.MediaType}} {{.Manifest.Size}}', 'single', () => `${MANIFEST} ${single.size}`],
    [
      '{{range .Manifest.Manifests}}{{.Platform.OS}}/{{.Platform.Architecture}}{{if .Platform.Variant}}/{{.Platform.Variant}}{{end}} {{end}}',
      '1',
      'linux/amd64 linux/arm/v7 ',
    ],
    ['{{range .Manifest.Manifests}}{{if eq .Platform.Architecture "arm"}}{{.Digest}}{{end}}{{end}}', '1', () => children.arm.digest],
    ['{{len .Manifest.Manifests}} {{(index .Manifest.Manifests 0).Digest}}', '1', () => `2 ${children.amd64.digest}`],
    ['{{.Manifest.Annotations.of}} {{index .Manifest.Annotations "of"}}', '1', 'the index the index'],
    ['{{range $p, $i := .Image}}{{$p}}: {{$i.Config.Env}} {{end}}', '1', 'linux/amd64: [A=<b>] linux/arm/v7: [A=<b>] '],
    ['{{(index .Image "linux/arm/v7").Variant}}', '1', 'v7'],
    [
      '{{.Image.OS}}/{{.Image.Architecture}} {{.Image.Config.Labels.team}} {{.Image.Author}} {{(index .Image.History 0).CreatedBy}}',
      'single',
      'linux/amd64 web someone RUN x',
    ],
    [
      '{{json .Image.Config}}',
      'single',
      '{\n  "ExposedPorts": {\n    "80/tcp": {}\n  },\n  "Env": [\n    "A=\\u003cb\\u003e"\n  ],\n  "Labels": {\n    "team": "web"\n  }\n}',
    ],
    ['{{ (json .Provenance.SLSA) }}', 'attested', '{\n  "builder": {\n    "id": "https://example.com/builder"\n  }\n}'],
    ['{{ .SBOM.SPDX.name }}', 'attested', 'the sbom'],
    ['{{json .SBOM}} {{json .Provenance}}', 'single', '{} {}'],
    ['{{.Image.Architecture}} {{ (index .Manifest.Manifests 1).Platform.OS }}', 'attested', 'amd64 unknown'],
  ] as const)('%s of %s', async (format, tag, expected) => {
    const { status, stdout, stderr } = await formatted(tag, format);
    expect({ status, stdout: stdout.replaceAll(registry.host, 'R'), stderr }).toEqual({
      status: 0,
      stdout: typeof expected === 'string' ? expected : expected(),
      stderr: '',
    });
  });

  test('{{json .}} has name, manifest and images under the names of the specification', async () => {
    const whole = JSON.parse((await formatted('1', '{{json .}}')).stdout);
    expect(Object.keys(whole)).toEqual(['name', 'manifest', 'image']);
    expect(whole.manifest).toMatchObject({ schemaVersion: 2, mediaType: OCI_INDEX, digest: index.digest, size: index.size, annotations: { of: 'the index' } });
    expect(Object.keys(whole.image)).toEqual(['linux/amd64', 'linux/arm/v7']);
    expect(whole.image['linux/arm/v7']).toEqual({
      created: '2024-05-06T07:08:09Z',
      author: 'someone',
      architecture: 'arm',
      os: 'linux',
      variant: 'v7',
      config: { ExposedPorts: { '80/tcp': {} }, Env: ['A=<b>'], Labels: { team: 'web' } },
      rootfs: { type: 'layers', diff_ids: [] },
      history: [{ created_by: 'RUN x', empty_layer: true }],
    });
  });

  test.each([
    ['{{.Manifest.Digest', 'template: :1: unclosed action'],
    ['{{.Nothing}}', 'template: :1:2: executing "" at <.Nothing>: can\'t evaluate field Nothing in type imagetools.tplInput'],
    ['{{.Manifest.digest}}', 'template: :1:11: executing "" at <.Manifest.digest>: can\'t evaluate field digest in type interface {}'],
    ['{{nothing .}}', 'template: :1: function "nothing" not defined'],
    ['{{.Manifest.Platform.OS}}', 'template: :1:11: executing "" at <.Manifest.Platform.OS>: nil pointer evaluating *v1.Platform.OS'],
  ])('%s is an error', async (format, message) => {
    expect(await formatted('single', format)).toEqual({ status: 1, stdout: '', stderr: `ERROR: ${message}\n` });
  });
});

test.each([
  [['a', 'b'], '"imagetools inspect" requires exactly 1 argument.\nSee \'imagetools inspect --help\'.'],
  [['a', '--raw', '--format', 'x'], 'format and raw cannot be used together'],
  [['UPPER'], 'invalid reference format: UPPER'],
  [['a', '--nothing'], 'unknown flag: --nothing'],
])('imagetools inspect %j is a mistake', async (argv, message) => {
  expect(await inspect(argv)).toEqual({ status: 1, stdout: '', stderr: `ERROR: ${message}\n` });
});

test('--help has examples', async () => {
  expect((await runCli(['imagetools', 'inspect', '--help'])).stdout).toContain("imagetools inspect ghcr.io/owner/app:1.0 --format '{{ .Manifest.Digest }}'");
});
