/**
 * Where the commands play that show, move and remove what belongs to images: two registries, $R with the referrers API and $S without, each with an image `app:1`
 * (linux/amd64) that has evidence of every kind, and an index `app:multi` that holds it and an image with nothing. Evidence is fixed, so that digests are; what is
 * to be verified lies in `signed:1`, signed by us in both formats with the key `k.pub`.
 */
import { encodeBase64, encodeSimpleSigning, utf8 } from '@assay/core';
import { attachmentTag, toDigest } from '@assay/oci';
import { OCI_INDEX, OCI_MANIFEST, putImage, type RegistryContent, serveRegistry, type TestRegistry } from '@assay/testkit';
import { type Run, runCosign, type Scratch } from './run-cli.ts';

export interface ImageScene {
  /** With the referrers API, and without. */
  readonly registries: { readonly R: TestRegistry; readonly S: TestRegistry };
  /** Of `app:1`. */
  readonly digest: string;
}

export async function openImageScene(scratch: Scratch): Promise<ImageScene> {
  const registries = { R: await serveRegistry(), S: await serveRegistry({ referrers: 'none' }) };
  writeFiles(scratch);
  writeNamingFiles(scratch, registries.R.host);
  const digests = Object.values(registries).map(({ content }) => arrange(content, content === registries.S.content));
  await makeKeys(scratch);
  for (const { host } of Object.values(registries)) await signBoth(`${host}/signed:1`, scratch);
  return { registries, digest: digests[0] as string };
}

export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
export const PREDICATE = 'dev.sigstore.bundle.predicateType';

/** A bundle that reads, whose signature verifies with no key. */
export function bundleJson(predicateType: string): Uint8Array {
  const payload = encodeBase64(
    utf8(
      JSON.stringify({
        _type: 'https://in-toto.io/Statement/v1',
        subject: [{ name: 'app', digest: { sha256: '0'.repeat(64) } }],
        predicateType,
        predicate: {},
      }),
    ),
  );
  const signatures = [{ sig: encodeBase64(utf8('signature')) }];
  return utf8(
    JSON.stringify({
      mediaType: BUNDLE_TYPE,
      verificationMaterial: { publicKey: { hint: 'aGludA==' } },
      dsseEnvelope: { payload, payloadType: 'application/vnd.in-toto+json', signatures },
    }),
  );
}

/** Returns the digest of `app:1`. */
function arrange(content: RegistryContent, hasNoApi: boolean): string {
  const platforms = ['amd64', 'arm64'].map((architecture) => {
    const bytes = utf8(JSON.stringify({ architecture, os: 'linux', rootfs: { type: 'layers', diff_ids: [] }, config: {} }));
    const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: utf8(`layer for ${architecture}`) };
    const tag = architecture === 'amd64' ? '1' : 'bare';
    const config = { mediaType: 'application/vnd.oci.image.config.v1+json', bytes };
    return { ...putImage(content, 'app', { tag, config, layers: [layer] }), platform: { architecture, os: 'linux' } };
  });
  content.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests: platforms }, { tag: 'multi', mediaType: OCI_INDEX });
  putImage(content, 'signed', { tag: '1' });
  const [image] = platforms;
  if (image === undefined) throw new Error('no image');
  const { platform: _, ...subject } = image;
  const digest = toDigest(subject.digest);
  const put = (suffix: 'sig' | 'att' | 'sbom', mediaType: string, bytes: Uint8Array, annotations?: Record<string, string>): void => {
    const descriptor = { ...content.putBlob('app', bytes, mediaType), ...(annotations && { annotations }) };
    const config = content.putBlob('app', utf8('{}'), 'application/vnd.oci.image.config.v1+json');
    content.putManifest('app', { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [descriptor] }, { tag: attachmentTag(digest, suffix) });
  };
  const payload = encodeSimpleSigning({ dockerReference: 'registry.example/app', digest, annotations: { stage: 'prod' } });
  put('sig', 'application/vnd.dev.cosign.simplesigning.v1+json', payload, { 'dev.cosignproject.cosign/signature': encodeBase64(utf8('signature')) });
  put('att', 'application/vnd.dsse.envelope.v1+json', utf8(ENVELOPE), { 'dev.cosignproject.cosign/signature': '', predicateType: 'https://spdx.dev/Document' });
  put('sbom', 'text/spdx+json', utf8('{"spdxVersion":"SPDX-2.3"}'));
  const referrers = ['https://sigstore.dev/cosign/sign/v1', 'https://cyclonedx.org/bom'].map((predicateType) =>
    content.putManifest('app', {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: BUNDLE_TYPE,
      config: { ...content.putBlob('app', utf8('{}'), 'application/vnd.oci.empty.v1+json'), artifactType: BUNDLE_TYPE },
      layers: [content.putBlob('app', bundleJson(predicateType), BUNDLE_TYPE)],
      subject,
      annotations: { [PREDICATE]: predicateType },
    }),
  );
  if (hasNoApi) {
    const manifests = referrers.map((one) => ({ ...one, artifactType: BUNDLE_TYPE })).toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
    content.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, { tag: digest.replace(':', '-'), mediaType: OCI_INDEX });
  }
  return digest;
}

const STATEMENT = '{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document","subject":[],"predicate":{}}';
const ENVELOPE = JSON.stringify({
  payloadType: 'application/vnd.in-toto+json',
  payload: encodeBase64(utf8(STATEMENT)),
  signatures: [{ keyid: '', sig: encodeBase64(utf8('signature')) }],
});

function writeFiles(scratch: Scratch): void {
  scratch.write('hello.txt', 'hello\n');
  scratch.write('page.html', '<!DOCTYPE html>\n');
  scratch.write('module.wasm', Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  scratch.write('sbom.json', '{"bomFormat":"CycloneDX"}');
  scratch.write('sbom.xml', '<bom/>');
  scratch.write('envelopes.jsonl', `${ENVELOPE}\n${ENVELOPE}\n`);
  scratch.write('unsigned.json', ENVELOPE.replace(/"signatures":.*/, '"signatures":[]}'));
  scratch.write('other-type.json', ENVELOPE.replace('application/vnd.in-toto+json', 'text/plain'));
  scratch.write('bundle.json', bundleJson('https://cyclonedx.org/bom'));
  scratch.write('payload.json', encodeSimpleSigning({ dockerReference: 'registry.example/app', digest: `sha256:${'0'.repeat(64)}` }));
  scratch.write('app.sig', encodeBase64(utf8('another signature')));
  scratch.write('empty', '');
  scratch.write('yes', 'y\n');
  scratch.write('no', 'n\n');
  scratch.write('maybe', 'maybe\n');
}

/** Files that name images. */
function writeNamingFiles(scratch: Scratch, host: string): void {
  const signed = `${host}/signed`;
  scratch.write(
    'Dockerfile',
    `ARG TAG=1\nFROM ${signed}:\${TAG} AS build\nRUN --mount=type=bind,from=${signed}:1,target=/x true\nFROM scratch\nCOPY --from=build / /\nFROM build\n`,
  );
  scratch.write('Dockerfile.unsigned', `FROM ${host}/app:bare\n`);
  scratch.write('Dockerfile.scratch', 'FROM scratch\n');
  scratch.write('Dockerfile.args', 'FROM $NOT_GIVEN\n');
  const pod = (image: string) => ({ containers: [{ image }] });
  const documents = [
    { kind: 'Pod', spec: { ...pod(`${signed}:1`), initContainers: [{ image: `${signed}:1` }] } },
    { kind: 'List', items: [{ kind: 'Job', spec: { template: { spec: pod(`${signed}:1`) } } }] },
  ];
  scratch.write('pods.yaml', documents.map((document) => JSON.stringify(document)).join('\n---\n'));
  scratch.write('pods.json', JSON.stringify(documents[0]));
  scratch.write('unsigned.yaml', JSON.stringify({ kind: 'Deployment', spec: { template: { spec: pod(`${host}/app:bare`) } } }));
  scratch.write('nothing.yaml', 'kind: ConfigMap\n');
  scratch.write('broken.yaml', 'a: [b');
}

async function makeKeys(scratch: Scratch): Promise<void> {
  const done = await runCosign(['generate-key-pair', '--output-key-prefix', scratch.path('k')], { env: { COSIGN_PASSWORD: '' } });
  if (done.status !== 0) throw new Error(done.stderr);
}

async function signBoth(reference: string, scratch: Scratch): Promise<void> {
  const sign = ['sign', '--key', scratch.path('k.key'), '--yes', '--use-signing-config=false', '--tlog-upload=false'];
  for (const format of ['--new-bundle-format=false', '--new-bundle-format=true']) {
    const done = await runCosign([...sign, format, reference], { env: { COSIGN_PASSWORD: '' }, network: 'open' });
    if (done.status !== 0) throw new Error(done.stderr);
  }
}

/** What changes from run to run, and the order in which cosign happens to tell things that stand beside each other. */
export function steadyImages({ status, stdout, stderr }: Run, { registries, digest }: ImageScene, folder: string): Run {
  const clean = (text: string) =>
    text
      .replaceAll(registries.R.host, '$R')
      .replaceAll(registries.S.host, '$S')
      .replaceAll(digest, '$D')
      .replaceAll(digest.replace(':', '-'), '$T')
      .replaceAll(folder, '$HOME');
  const sections = clean(stdout).split(/^(?=└── )/m);
  const lines = clean(stderr).split('\n');
  const copied = lines.filter((line) => line.startsWith('Copying ')).toSorted();
  const told = lines.map((line) => (line.startsWith('Copying ') ? (copied.shift() ?? '') : line));
  // A transcript cannot say that the last line has no end.
  const out = [sections[0], ...sections.slice(1).toSorted()].join('').replace(/([^\n])$/, '$1\n');
  return { status, stdout: out, stderr: told.join('\n').replace(/([^\n])$/, '$1\n') };
}
