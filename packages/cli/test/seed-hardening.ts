/** The release of x509-certificate-exporter 4.0.0 that its page on hardening speaks of: in three registries, with a chart, archives and provenance of two kinds. */
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Run } from './run-cli.ts';
import { goProgram, writeImage } from './seed-image.ts';
import type { SeedScene, Workflow } from './seed-scene.ts';

export const REPOSITORY = 'enix/x509-certificate-exporter';
export const HOSTS = ['quay.io', 'ghcr.io', 'index.docker.io'] as const;
export const CHART = 'enix/charts/x509-certificate-exporter';
export const ARCHIVE = 'x509-certificate-exporter-v4.0.0-linux-amd64.tar.gz';
export const CLIENT_GO = 'v0.34.1';
/** The workflow whose jobs publish. */
export const RELEASE: Workflow = {
  repository: REPOSITORY,
  file: 'release.yaml',
  ref: 'refs/tags/v4.0.0',
  commit: '1f0c6a4f0d7f2c0d5b7e8c9a3b2d1e0f4a5b6c7d',
};
const GENERATOR = 'slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@refs/tags/v2.1.0';

export interface PublishedRelease {
  /** What can be downloaded, as `assay release` has left it. */
  readonly folder: string;
  /** Provenance of the archives, of SLSA's generator. */
  readonly generated: string;
  /** Of the image, and of the chart. */
  readonly digest: string;
  readonly chartDigest: string;
}

/** `:4.0.1` of the image at quay.io is there too, and nobody signed it. */
export async function publishHardened({ scratch, job, play }: SeedScene): Promise<PublishedRelease> {
  const project = scratch.path('project');
  for (const [name, content] of Object.entries(PROJECT)) scratch.write(`project/${name}`, content);
  for (const architecture of ['amd64', 'arm64']) scratch.write(`project/build/${architecture}/x509-certificate-exporter`, programFor(architecture));
  const layer = { 'etc/os-release': 'ID=debian\nVERSION_ID="12"\n', 'x509-certificate-exporter': programFor('amd64') };
  await writeImage(join(project, 'build/image'), { amd64: [layer] });
  await writeImage(join(project, 'build/next'), { amd64: [layer, { 'etc/next': '4.0.1' }] });
  const run = async (script: string, called?: string): Promise<Run> => {
    const done = await play(`set -e; ${script}`, { folder: project, env: job({ ...RELEASE, ...(called && { called }) }) });
    expect(done, done.stderr).toMatchObject({ status: 0 });
    return done;
  };
  const archives = `mkdir dist; for arch in amd64 arm64; do
    tar -czf dist/x509-certificate-exporter-v4.0.0-linux-$arch.tar.gz -C build/$arch x509-certificate-exporter
  done`;
  const { stdout } = await run(`${archives}; assay release`);
  const digestIn = (repository: string): string => new RegExp(`^quay\\.io/${repository}@(sha256:[0-9a-f]{64})$`, 'm').exec(stdout)?.[1] ?? '';
  await run(`image=${REPOSITORY}:4.0.0; for to in ghcr.io/$image $image; do assay copy quay.io/$image $to; done`);
  await run(`assay copy build/next quay.io/${REPOSITORY}:4.0.1`);
  await run('assay provenance generate --yes --predicate-version v0.2 --bundle x509-certificate-exporter.intoto.jsonl dist/*.tar.gz', GENERATOR);
  return {
    folder: join(project, 'release'),
    generated: join(project, 'x509-certificate-exporter.intoto.jsonl'),
    digest: digestIn(REPOSITORY),
    chartDigest: digestIn(CHART),
  };
}

function programFor(architecture: string): Uint8Array {
  const modules = { 'k8s.io/api': CLIENT_GO, 'k8s.io/client-go': CLIENT_GO, 'github.com/prometheus/client_golang': 'v1.23.2' };
  return goProgram('github.com/enix/x509-certificate-exporter/v4', modules, architecture);
}

const PROJECT: Readonly<Record<string, string>> = {
  'assay.release.yaml': `name: x509-certificate-exporter
files: [dist/x509-certificate-exporter-v*.tar.gz]
images:
  - { from: build/image, to: quay.io/${REPOSITORY} }
charts:
  - { from: chart, to: oci://quay.io/enix/charts, images: { image: x509-certificate-exporter } }
`,
  'chart/Chart.yaml': 'apiVersion: v2\nname: x509-certificate-exporter\nversion: 0.0.0\ndescription: Metrics of certificates\n',
  'chart/values.yaml': `image:
  repository: quay.io/${REPOSITORY}
  tag: "" # for people
  digest: "" # for the Pod
`,
  'chart/templates/pod.yaml': `apiVersion: v1
kind: Pod
metadata: { name: {{ .Release.Name }} }
spec:
  containers:
    - name: exporter
      image: "{{ .Values.image.repository }}@{{ .Values.image.digest }}"
`,
};
