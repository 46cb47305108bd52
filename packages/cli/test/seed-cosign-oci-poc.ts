/** The project of the cosign-oci-poc seed: what its developers commit, and the base image that somebody else signs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Run } from './run-cli.ts';
import { goProgram, writeImage } from './seed-image.ts';
import type { SeedScene } from './seed-scene.ts';

export const REPOSITORY = 'michaelvl/cosign-oci-poc';
export const IMAGE = `ghcr.io/${REPOSITORY}`;
export const CHART = `${IMAGE}-helm`;
export const BASE = 'gcr.io/distroless/static-debian11:latest';
export const BASE_SIGNER = 'keyless@distroless.iam.gserviceaccount.com';

/** As its maintainers do it: whoever pulls `latest` gets what their service account signed. */
export async function publishBase({ scratch, document, serviceAccount, play }: SeedScene): Promise<Run> {
  await writeImage(scratch.path('base'), { amd64: [BASE_LAYER], arm64: [BASE_LAYER] });
  const env = { ASSAY_TRUST: document('client_trust_config.json') };
  return play(`assay copy ${scratch.path('base')} ${BASE} && assay sign --yes --identity-token ${serviceAccount(BASE_SIGNER)} ${BASE}`, { env });
}

/** A repository with one commit, and beside it what a build leaves behind, where git does not look. */
export async function writeSource({ play }: SeedScene, folder: string): Promise<Run> {
  for (const [name, content] of Object.entries(SOURCE)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  const layers = (architecture: string) => [BASE_LAYER, { 'usr/bin/service': goProgram(`github.com/${REPOSITORY}`, MODULES, architecture) }];
  await writeImage(join(folder, 'build/image'), { amd64: layers('amd64'), arm64: layers('arm64') });
  const commit = "git -c user.name=developer -c user.email=developer@example.com commit --quiet --message 'A service and its chart'";
  return play(`git init --quiet --initial-branch main && git add . && ${commit}`, { folder });
}

/** Distroless keeps its package database in one file for each package. */
const BASE_LAYER = {
  'etc/os-release': 'PRETTY_NAME="Distroless"\nNAME="Debian GNU/Linux"\nID="debian"\nVERSION_ID="11"\n',
  'var/lib/dpkg/status.d/base-files': 'Package: base-files\nVersion: 11.1+deb11u11\nArchitecture: amd64\nMaintainer: Debian\nDescription: base\n',
};
const MODULES = { 'github.com/prometheus/client_golang': 'v1.20.5' };
const SOURCE: Readonly<Record<string, string>> = {
  '.gitignore': '/build/\n',
  'main.go': 'package main\n\nfunc main() {}\n',
  'build.release.yaml': `name: cosign-oci-poc
baseImages:
  - { image: '${BASE}', identity: ${BASE_SIGNER}, issuer: https://accounts.google.com }
images:
  - { from: build/image, to: ${IMAGE}, tags: [] }
`,
  'helm.release.yaml': `name: cosign-oci-poc-helm
images:
  - { from: build/image, to: ${IMAGE}, name: service, tags: [] }
charts:
  - { from: charts/cosign-oci-poc, to: oci://ghcr.io/michaelvl, images: { image: service } }
`,
  'charts/cosign-oci-poc/Chart.yaml': 'apiVersion: v2\nname: cosign-oci-poc-helm\nversion: 0.0.0\ndescription: A service over HTTP\n',
  'charts/cosign-oci-poc/values.yaml': `image:\n  repository: ${IMAGE} # by digest only\n`,
  'charts/cosign-oci-poc/templates/pod.yaml': `apiVersion: v1
kind: Pod
metadata: { name: {{ .Release.Name }} }
spec:
  containers:
    - name: service
      image: "{{ .Values.image.repository }}@{{ .Values.image.digest }}"
`,
};
