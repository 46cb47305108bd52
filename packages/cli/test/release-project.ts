/** A project that is released: a binary, an image for two platforms, a chart that names it; and where its releases go. */
import { utf8 } from '@assay/core';
import { digestOf, encodeImage, encodeIndex, Layout, OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, sourceOf } from '@assay/oci';
import { writeTar } from '@assay/oci/image';
import type { Scratch } from './run-cli.ts';

export interface Project {
  /** The description of the release. */
  readonly file: string;
  readonly folder: string;
}

export interface ProjectOptions {
  readonly name: string;
  readonly registry: string;
  /** More of the description, as YAML. */
  readonly more?: string;
  /** Below the registry; default `acme`. */
  readonly repository?: string;
  readonly files?: string;
}

export async function writeProject(
  scratch: Scratch,
  { name, registry, more = '', repository = 'acme', files = 'files: [dist/app-*]' }: ProjectOptions,
): Promise<Project> {
  scratch.write(`${name}/dist/app-linux-amd64`, 'a program\n');
  scratch.write(`${name}/dist/app-linux-arm64`, 'another program\n');
  scratch.write(`${name}/dist/notes.txt`, 'not released\n');
  await writeLayout(scratch.path(`${name}/image`));
  scratch.write(`${name}/chart/Chart.yaml`, 'apiVersion: v2\nname: app-chart\nversion: 0.0.0\ndescription: An app\n');
  scratch.write(`${name}/chart/values.yaml`, `# who runs what\nimage:\n  repository: ${registry}/${repository}/app # where it is\n  tag: ""\nreplicas: 2\n`);
  scratch.write(`${name}/chart/templates/pod.yaml`, 'kind: Pod\n');
  const file = scratch.write(
    `${name}/assay.release.yaml`,
    `name: app
${files}
images:
  - { from: image, to: ${registry}/${repository}/app }
charts:
  - { from: chart, to: oci://${registry}/${repository}/charts, images: { image: app } }
${more}`,
  );
  return { file, folder: scratch.path(name) };
}

async function writeLayout(folder: string): Promise<void> {
  const layout = Layout.openOrCreate(folder);
  const children = [];
  for (const architecture of ['amd64', 'arm64']) {
    const put = async (mediaType: string, bytes: Uint8Array) => {
      const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
      await layout.putBlob(descriptor, sourceOf(bytes));
      return descriptor;
    };
    const config = await put(OCI_CONFIG, utf8(JSON.stringify({ architecture, os: 'linux', rootfs: { type: 'layers', diff_ids: [] } })));
    const layer = await put(OCI_LAYER, await layerFor(architecture));
    const bytes = encodeImage({ mediaType: OCI_MANIFEST, config, layers: [layer] });
    await layout.putManifest({ bytes, mediaType: OCI_MANIFEST });
    children.push({ mediaType: OCI_MANIFEST, digest: digestOf(bytes), size: bytes.length, platform: { os: 'linux', architecture } });
  }
  await layout.putManifest({ bytes: encodeIndex({ mediaType: OCI_INDEX, manifests: children }), mediaType: OCI_INDEX, tag: 'built' });
}

async function layerFor(architecture: string): Promise<Uint8Array> {
  const files = {
    'etc/os-release': 'ID=alpine\nVERSION_ID=3.20\n',
    'lib/apk/db/installed': `P:musl\nV:1.2.5-r0\nA:${architecture}\nL:MIT\n\n`,
  };
  const entries = async function* () {
    for (const [name, text] of Object.entries(files)) yield { header: { name, size: text.length }, content: chunk(text) };
  };
  const chunks: Uint8Array[] = [];
  for await (const one of writeTar(entries())) chunks.push(one);
  return Buffer.concat(chunks);
}

async function* chunk(text: string) {
  yield utf8(text);
}
