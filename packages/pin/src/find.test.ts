import type { Digest } from '@assay/oci';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { applyEdits, findReferences, isCandidate, type TagStyle } from './index.ts';

const NEW = `sha256:${'a'.repeat(64)}` as Digest;
const OLD = `sha256:${'b'.repeat(64)}`;

/** `<new>` and `<old>` stand for digests. */
const filled = (text: string): string => text.replaceAll('<new>', NEW).replaceAll('<old>', OLD);

/** Everything pinned to the new digest. */
function pinned(text: string, path: string, style: TagStyle = 'keep'): string {
  const { findings, problem } = findReferences(text, path);
  expect(problem).toBeUndefined();
  return applyEdits(
    text,
    findings.flatMap((one) => (one.what === 'site' ? one.edits(NEW, style) : [])),
  );
}

interface Case {
  readonly path: string;
  readonly before: string;
  readonly after: string;
  /** With tags dropped. */
  readonly dropped?: string;
}

const POD = 'apiVersion: v1\nkind: Pod\nspec:\n';

const CASES: Readonly<Record<string, Case>> = {
  'a pod: containers of every kind, and images as volumes': {
    path: 'pod.yaml',
    before: `${POD}  initContainers:\n  - image: a/b:1\n  containers:\n  - name: x\n    image: c:2 # why\n  ephemeralContainers:\n  - image: 'd.e/f:3'\n  volumes:\n  - image:\n      reference: "g.h/i:4"\n`,
    after: `${POD}  initContainers:\n  - image: a/b:1@<new>\n  containers:\n  - name: x\n    image: c:2@<new> # why\n  ephemeralContainers:\n  - image: 'd.e/f:3@<new>'\n  volumes:\n  - image:\n      reference: "g.h/i:4@<new>"\n`,
    dropped: `${POD}  initContainers:\n  - image: a/b@<new>\n  containers:\n  - name: x\n    image: c@<new> # why\n  ephemeralContainers:\n  - image: 'd.e/f@<new>'\n  volumes:\n  - image:\n      reference: "g.h/i@<new>"\n`,
  },
  'a custom workload with the shape of a pod, in a list, in flow style': {
    path: 'x.yaml',
    before: '{apiVersion: v1, kind: List, items: [{apiVersion: x.y/v1, kind: Rollout, spec: {template: {spec: {containers: [{image: a:1}]}}}}]}',
    after: '{apiVersion: v1, kind: List, items: [{apiVersion: x.y/v1, kind: Rollout, spec: {template: {spec: {containers: [{image: a:1@<new>}]}}}}]}',
  },
  'several documents, CRLF, a byte order mark, and no line end at the end': {
    path: 'x.yaml',
    before:
      '\ufeff# first\r\n---\r\napiVersion: v1\r\nkind: Pod\r\nspec: {containers: [{image: "a:1"}]}\r\n---\r\n# nothing\r\n---\r\napiVersion: v1\r\nkind: Pod\r\nspec:\r\n  containers:\r\n  - image: b:1',
    after:
      '\ufeff# first\r\n---\r\napiVersion: v1\r\nkind: Pod\r\nspec: {containers: [{image: "a:1@<new>"}]}\r\n---\r\n# nothing\r\n---\r\napiVersion: v1\r\nkind: Pod\r\nspec:\r\n  containers:\r\n  - image: b:1@<new>',
  },
  'an anchor is edited once, where it stands': {
    path: 'x.yaml',
    before: `${POD}  x: &image nginx:1\n  containers:\n  - &c\n    image: *image\n  - image: *image\n  - <<: *c\n    name: y\n`,
    after: `${POD}  x: &image nginx:1@<new>\n  containers:\n  - &c\n    image: *image\n  - image: *image\n  - <<: *c\n    name: y\n`,
  },
  'no tag means latest, which is then said': {
    path: 'x.yaml',
    before: `${POD}  containers: [{image: nginx}, {image: "127.0.0.1:5000/x"}]\n`,
    after: `${POD}  containers: [{image: nginx:latest@<new>}, {image: "127.0.0.1:5000/x:latest@<new>"}]\n`,
    dropped: `${POD}  containers: [{image: nginx@<new>}, {image: "127.0.0.1:5000/x@<new>"}]\n`,
  },
  'another digest takes the place of the one that was there': {
    path: 'x.yaml',
    before: `${POD}  containers: [{image: nginx:1@<old>}]\n`,
    after: `${POD}  containers: [{image: nginx:1@<new>}]\n`,
  },
  'Tekton and Argo Workflows': {
    path: 'x.yaml',
    before:
      'apiVersion: tekton.dev/v1\nkind: Task\nspec:\n  steps:\n  - image: a:1\n---\napiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n  templates:\n  - container:\n      image: b:1\n',
    after:
      'apiVersion: tekton.dev/v1\nkind: Task\nspec:\n  steps:\n  - image: a:1@<new>\n---\napiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n  templates:\n  - container:\n      image: b:1@<new>\n',
  },
  JSON: {
    path: 'pod.json',
    before: '{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"image":"a:1"}]}}',
    after: '{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"image":"a:1@<new>"}]}}',
  },
  'a kustomization: the digest stands beside the tag, or in its place': {
    path: 'kustomization.yaml',
    before:
      'images:\n- name: a\n  newName: ghcr.io/o/a\n  newTag: "1" # one\n- newTag: v2\n  name: b\n- name: c\n  newTag: v3\n  digest:\n- {name: d, newTag: v4}\n- name: e\n  digest: <old>\n',
    after:
      'images:\n- name: a\n  newName: ghcr.io/o/a\n  newTag: "1" # one\n  digest: "<new>"\n- newTag: v2\n  digest: <new>\n  name: b\n- name: c\n  newTag: v3\n  digest: <new>\n- {name: d, newTag: v4, digest: "<new>"}\n- name: e\n  digest: <new>\n',
    dropped:
      'images:\n- name: a\n  newName: ghcr.io/o/a\n  digest: "<new>" # one\n- digest: <new>\n  name: b\n- name: c\n  newTag: v3\n  digest: <new>\n- {name: d, digest: <new>}\n- name: e\n  digest: <new>\n',
  },
  'a kustomization that says what it is, in a file of any name': {
    path: 'x.yaml',
    before: 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nimages:\n- name: a\n  newTag: v1@<old>\n',
    after: 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nimages:\n- name: a\n  newTag: v1@<new>\n',
  },
  'values: a digest that is empty is filled in, one that is missing is added': {
    path: 'values.yaml',
    before:
      'image:\n  registry: docker.io\n  repository: bitnami/nginx\n  tag: 1.2.3-debian-12-r0\n  digest: ""\n  pullPolicy: Always\nsidecar:\n    image:\n        repository: "ghcr.io/o/s"\n        tag: \'1\'   # the tag\n\n        pullPolicy: Always\nlast:\n  repository: a.b/c\n  tag: v1',
    after:
      'image:\n  registry: docker.io\n  repository: bitnami/nginx\n  tag: 1.2.3-debian-12-r0\n  digest: "<new>"\n  pullPolicy: Always\nsidecar:\n    image:\n        repository: "ghcr.io/o/s"\n        tag: \'1\'   # the tag\n        digest: \'<new>\'\n\n        pullPolicy: Always\nlast:\n  repository: a.b/c\n  tag: v1\n  digest: <new>',
  },
  'values: without a digest key, texts': {
    path: 'values-prod.yaml',
    before:
      'image: a/b:1\nsidecarImage: "c/d:2"\ninit_image: e/f:3@<old>\nimages:\n  proxy: ghcr.io/g/h:4\n  list: [i/j:5]\nold:\n  image: k/l\n  imageTag: v1\nolder:\n  image: m/n\n  tag: v1\n',
    after:
      'image: a/b:1@<new>\nsidecarImage: "c/d:2@<new>"\ninit_image: e/f:3@<new>\nimages:\n  proxy: ghcr.io/g/h:4@<new>\n  list: [i/j:5]\nold:\n  image: k/l\n  imageTag: v1\n  imageDigest: <new>\nolder:\n  image: m/n\n  tag: v1\n  digest: <new>\n',
  },
  'values: images that are the parts of one': {
    path: 'values.yaml',
    before: 'images:\n  repository: a.b/c\n  tag: v1\n',
    after: 'images:\n  repository: a.b/c\n  tag: v1\n  digest: <new>\n',
  },
  'values: the hex digits alone, as charts of Grafana have them, in quotes': {
    path: 'values.yaml',
    before: 'a:\n  image:\n    repository: grafana/grafana\n    tag: "1"\n    sha: ""\nb:\n  image:\n    repository: grafana/grafana\n    tag: "1"\n    sha:\n',
    after: `a:\n  image:\n    repository: grafana/grafana\n    tag: "1"\n    sha: "${'a'.repeat(64)}"\nb:\n  image:\n    repository: grafana/grafana\n    tag: "1"\n    sha: "${'a'.repeat(64)}"\n`,
  },
  'values: CRLF, and null in the place of a digest': {
    path: 'values.yaml',
    before: 'image:\r\n  repository: a.b/c\r\n  tag: v1\r\nx:\r\n  image: {repository: a.b/c, tag: "v1", digest: ~}\r\n',
    after: 'image:\r\n  repository: a.b/c\r\n  tag: v1\r\n  digest: <new>\r\nx:\r\n  image: {repository: a.b/c, tag: "v1", digest: <new>}\r\n',
  },
  'values: a digest that is already in the tag': {
    path: 'values.yaml',
    before: 'image:\n  repository: a.b/c\n  tag: "v1@<old>"\n',
    after: 'image:\n  repository: a.b/c\n  tag: "v1@<new>"\n',
  },
  'values as JSON': {
    path: 'values.json',
    before: '{\n  "image": {\n    "repository": "a.b/c",\n    "tag": "v1"\n  }\n}\n',
    after: '{\n  "image": {\n    "repository": "a.b/c",\n    "tag": "v1", "digest": "<new>"\n  }\n}\n',
  },
  'Compose: services, and images as volumes; what is built here has only a name': {
    path: 'compose.yaml',
    before:
      'x-base: &base\n  image: a/b:1\nservices:\n  web:\n    <<: *base\n  db:\n    image: postgres:15\n    volumes:\n    - {type: image, source: c/d:1, target: /x}\n  app:\n    build: .\n    image: app:1\n  job:\n    build: .\n',
    after:
      'x-base: &base\n  image: a/b:1@<new>\nservices:\n  web:\n    <<: *base\n  db:\n    image: postgres:15@<new>\n    volumes:\n    - {type: image, source: c/d:1@<new>, target: /x}\n  app:\n    build: .\n    image: app:1\n  job:\n    build: .\n',
  },
  'Compose under another name': { path: 'stack.yml', before: 'services:\n  web:\n    image: a:1\n', after: 'services:\n  web:\n    image: a:1@<new>\n' },
  'a GitHub workflow: containers and docker steps; actions are no images': {
    path: '.github/workflows/ci.yml',
    before:
      'on: push\njobs:\n  a:\n    container: node:18\n    services:\n      db: {image: "postgres:15"}\n    steps:\n    - uses: actions/checkout@v4\n    - uses: docker://alpine:3\n  b:\n    container:\n      image: ghcr.io/o/x:1\n  c:\n    uses: o/r/.github/workflows/x.yml@v1\n',
    after:
      'on: push\njobs:\n  a:\n    container: node:18@<new>\n    services:\n      db: {image: "postgres:15@<new>"}\n    steps:\n    - uses: actions/checkout@v4\n    - uses: docker://alpine:3@<new>\n  b:\n    container:\n      image: ghcr.io/o/x:1@<new>\n  c:\n    uses: o/r/.github/workflows/x.yml@v1\n',
  },
  'action.yml': {
    path: 'action.yml',
    before: 'runs:\n  using: docker\n  image: docker://a/b:1\n---\nruns:\n  using: docker\n  image: Dockerfile\n',
    after: 'runs:\n  using: docker\n  image: docker://a/b:1@<new>\n---\nruns:\n  using: docker\n  image: Dockerfile\n',
  },
  'Flux: sources, releases and kustomizations': {
    path: 'flux.yaml',
    before:
      'apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nspec:\n  url: oci://ghcr.io/o/charts/app\n  ref:\n    tag: 1.2.3\n---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  values:\n    image:\n      repository: a.b/c\n      tag: v1\n---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec:\n  images:\n  - name: x\n    newTag: v1\n',
    after:
      'apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nspec:\n  url: oci://ghcr.io/o/charts/app\n  ref:\n    tag: 1.2.3\n    digest: <new>\n---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  values:\n    image:\n      repository: a.b/c\n      tag: v1\n      digest: <new>\n---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec:\n  images:\n  - name: x\n    newTag: v1\n    digest: <new>\n',
  },
  'Argo CD: the revision of an OCI source, images of a kustomization, values': {
    path: 'app.yaml',
    before:
      'apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  sources:\n  - repoURL: oci://ghcr.io/o/charts/app\n    targetRevision: "1.2.3" # x\n    path: .\n    helm:\n      valuesObject:\n        image: a/b:1\n  - repoURL: https://git.example/o/r\n    targetRevision: main\n    kustomize:\n      images: ["nginx=ghcr.io/o/nginx:1"]\n',
    after:
      'apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  sources:\n  - repoURL: oci://ghcr.io/o/charts/app\n    targetRevision: "<new>" # x\n    path: .\n    helm:\n      valuesObject:\n        image: a/b:1@<new>\n  - repoURL: https://git.example/o/r\n    targetRevision: main\n    kustomize:\n      images: ["nginx=ghcr.io/o/nginx:1@<new>"]\n',
  },
  'a template of a chart: lines that are written out, and no others': {
    path: 'templates/x.yaml',
    before:
      '{{- if .Values.x }}\n{{/*\n  image: comment:1\n*/}}\n  - image: "a/b:1" # x\r\n    image: {{ .Values.image }}\n    image: c:2\n# image: d:3\n{{- end }}\n',
    after:
      '{{- if .Values.x }}\n{{/*\n  image: comment:1\n*/}}\n  - image: "a/b:1@<new>" # x\r\n    image: {{ .Values.image }}\n    image: c:2@<new>\n# image: d:3\n{{- end }}\n',
  },
  'a Dockerfile: stages, platforms, copies, mounts, the frontend': {
    path: 'Dockerfile',
    before:
      '# syntax=docker/dockerfile:1\n# FROM comment:1\nFROM --platform=$BUILDPLATFORM golang:1.22 AS Build\nFROM build AS test\nFROM scratch\nCOPY --from=build /a /b\nCOPY --link --from=busybox:1 /a /b\nCOPY --from=0 /a /b\nRUN --mount=type=bind,from=alpine:3,target=/x echo\nONBUILD COPY --from=c:1 /a /b\n',
    after:
      '# syntax=docker/dockerfile:1@<new>\n# FROM comment:1\nFROM --platform=$BUILDPLATFORM golang:1.22@<new> AS Build\nFROM build AS test\nFROM scratch\nCOPY --from=build /a /b\nCOPY --link --from=busybox:1@<new> /a /b\nCOPY --from=0 /a /b\nRUN --mount=type=bind,from=alpine:3@<new>,target=/x echo\nONBUILD COPY --from=c:1@<new> /a /b\n',
  },
  'a Dockerfile: lines that go on, here-documents, another escape, CRLF': {
    path: 'app.Dockerfile',
    before: '# escape=`\r\nfrom `\r\n  # comment\r\n\r\n  debian:13\r\nRUN <<EOF cat <<-"X"\r\nFROM a\r\nEOF\r\nFROM b\r\n\tX\r\nFROM c:1',
    after: '# escape=`\r\nfrom `\r\n  # comment\r\n\r\n  debian:13@<new>\r\nRUN <<EOF cat <<-"X"\r\nFROM a\r\nEOF\r\nFROM b\r\n\tX\r\nFROM c:1@<new>',
  },
  'a Dockerfile: a base that is one argument is pinned at its default': {
    path: 'Containerfile.prod',
    before: `ARG BASE="debian:13" OTHER=a:1\nARG STAGE=x\nFROM \${BASE} AS x\nFROM $OTHER\nFROM \${NONE:-c:1}\nFROM $STAGE\n`,
    after: `ARG BASE="debian:13@<new>" OTHER=a:1@<new>\nARG STAGE=x\nFROM \${BASE} AS x\nFROM $OTHER\nFROM \${NONE:-c:1@<new>}\nFROM $STAGE\n`,
  },
  'a Dockerfile under a name that says nothing': { path: 'image', before: '# x\nFROM a:1\nRUN x\n', after: '# x\nFROM a:1@<new>\nRUN x\n' },
  'other YAML: what looks like an image, with a tag': {
    path: '.gitlab-ci.yml',
    before: 'image: node:18\nlogo:\n  image: /logo.png\n  other_image: http://x.y/z:1\n  repository: https://x.y/z\n  icon_image: logo.png\n',
    after: 'image: node:18@<new>\nlogo:\n  image: /logo.png\n  other_image: http://x.y/z:1\n  repository: https://x.y/z\n  icon_image: logo.png\n',
  },
};

describe('pinned', () => {
  test.each(Object.entries(CASES))('%s', (_, { path, before, after, dropped }) => {
    expect(pinned(filled(before), path)).toBe(filled(after));
    if (dropped !== undefined) expect(pinned(filled(before), path, 'drop')).toBe(filled(dropped));
  });

  test.each(Object.entries(CASES))('a second time changes nothing: %s', (_, { path, after, dropped }) => {
    expect(pinned(filled(after), path)).toBe(filled(after));
    if (dropped !== undefined) expect(pinned(filled(dropped), path, 'drop')).toBe(filled(dropped));
  });
});

describe('not pinned', () => {
  test.each<[string, string, string, string]>([
    ['a variable', 'compose.yaml', `services: {a: {image: "a:\${TAG}"}}`, `unpinnable a:\${TAG}: it holds a variable, which is known only where it is used`],
    [
      'an expression',
      'x.yml',
      `on: x\njobs: {a: {container: "\${{ matrix.x }}"}}`,
      `unpinnable \${{ matrix.x }}: an expression decides it when the workflow runs`,
    ],
    ['a template', 'values.yaml', 'image: "{{ .x }}:1"', 'skipped {{ .x }}:1: a template fills it in'],
    ['a template without quotes', 'x.yaml', `${POD}  containers: \n  - image: {{ .x }}\n`, 'skipped {{ .x }}: a template fills it in'],
    ['a block scalar', 'x.yaml', `${POD}  containers:\n  - image: >-\n      a:1\n`, 'unpinnable a:1: it is written over several lines or with escapes'],
    ['escapes', 'x.yaml', `${POD}  containers: [{image: "a\\x3a1"}]\n`, 'unpinnable a:1: it is written over several lines or with escapes'],
    ['what is no reference', 'x.yaml', `${POD}  containers: [{image: "A B"}]\n`, 'unpinnable A B: could not parse reference: A B: a repository has'],
    [
      'a digest without a name',
      'x.yaml',
      `${POD}  containers: [{image: "sha256:${'0'.repeat(64)}"}]\n`,
      `unpinnable sha256:${'0'.repeat(64)}: a digest without a name`,
    ],
    ['a digest of another kind', 'x.yaml', `${POD}  containers: [{image: "a@sha512:00"}]\n`, 'unpinnable a@sha512:00: could not parse reference'],
    ['values without a tag', 'values.yaml', 'image: {repository: a.b/c, tag: ""}', 'unpinnable a.b/c: it has no tag: the chart decides'],
    ['a text without a tag, in values', 'values.yaml', 'image: a.b/c', 'unpinnable a.b/c: it has no tag: the chart decides'],
    [
      'a tag that is a number',
      'values.yaml',
      'image: {repository: a.b/c, tag: 1.10}',
      'unpinnable a.b/c: its tag 1.10 is a number, which reads as 1.1: put it in quotes',
    ],
    [
      'a tag that is shared',
      'values.yaml',
      'x: &x {tag: v1}\nimage:\n  <<: *x\n  pullPolicy: A\n  repository: |-\n    a.b/c\n',
      'unpinnable a.b/c:v1: there is no place',
    ],
    ['a digest that is none', 'values.yaml', 'image: {repository: a.b/c, tag: v1, digest: "x"}', 'unpinnable a.b/c:v1: its digest is no digest'],
    [
      'an alias in the place of the digest',
      'values.yaml',
      'd: &d ""\nimage: {repository: a.b/c, tag: v1, digest: *d}',
      'unpinnable a.b/c:v1: there is no place',
    ],
    [
      'a dependency of a chart',
      'Chart.yaml',
      'apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies: [{name: d, version: 1.x, repository: "oci://a.b/c"}, {name: e, repository: "https://x"}]',
      'unpinnable oci://a.b/c/d:1.x: dependencies of charts',
    ],
    [
      'helmCharts',
      'kustomization.yaml',
      'helmCharts: [{name: d, version: 1.0.0, repo: "oci://a.b/c"}]',
      'unpinnable oci://a.b/c/d:1.0.0: helmCharts take a version',
    ],
    ['a tag that the manifests have', 'kustomization.yaml', 'images: [{name: d, newName: e}]', 'skipped e: its tag is that of the manifests'],
    [
      'a range of versions',
      'x.yaml',
      'apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nspec: {url: "oci://a.b/c", ref: {semver: ">=1"}}',
      'unpinnable oci://a.b/c: spec.ref names no tag',
    ],
    [
      'a range that goes before its tag',
      'x.yaml',
      'apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nspec: {url: "oci://a.b/c", ref: {tag: v1, semver: ">=1"}}',
      'unpinnable oci://a.b/c: spec.ref names no tag',
    ],
    [
      'a host without a point',
      'x.yaml',
      'apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nspec: {url: "oci://b/c", ref: {tag: v1}}',
      'unpinnable oci://b/c: its host has no point in it',
    ],
    [
      'a version of Argo CD',
      'x.yaml',
      'apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {repoURL: a.b/c, chart: d, targetRevision: 1.0.0}}',
      'unpinnable oci://a.b/c/d:1.0.0: with chart: it is a version',
    ],
    [
      'values in a text',
      'x.yaml',
      'apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {repoURL: "https://x", helm: {values: "image: a:1"}}}',
      'skipped helm.values: values in a text',
    ],
    ['what is built here', 'compose.yaml', 'services: {a: {build: ., image: "x:1"}}', 'skipped x:1: it is built here'],
    ['a base with an argument in it', 'Dockerfile', 'ARG V=1\nFROM a:$V', 'unpinnable a:$V: a part of it is an argument'],
    ['a base of each platform', 'Dockerfile', 'FROM scratch AS x\nFROM a:$TARGETARCH', 'unpinnable a:$TARGETARCH: a part of it is an argument'],
    ['an argument without a default', 'Dockerfile', 'ARG V\nFROM $V', 'unpinnable $V: its argument V has no default'],
    ['an argument of arguments', 'Dockerfile', 'ARG V=1\nARG B=a:$V\nFROM $B', 'unpinnable $B: its argument B is not written out'],
    ['a base over two lines', 'Dockerfile', 'FROM debi\\\nan:13', 'unpinnable debian:13: it is written over several lines'],
  ])('%s', (_, path, text, expected) => {
    const { findings, problem } = findReferences(text, path);
    expect(problem).toBeUndefined();
    const [first] = findings;
    expect(`${first?.what} ${first?.reference}: ${first !== undefined && 'reason' in first ? first.reason : ''}`).toContain(expected);
    expect(findings).toHaveLength(1);
  });

  test.each<[string, string, string]>([
    [
      'a policy, which names images to compare them',
      'x.yaml',
      'apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nspec: {rules: [{validate: {pattern: {spec: {containers: [{image: "a:1"}]}}}}]}',
    ],
    [
      'a definition of custom resources',
      'x.yaml',
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {containers: {type: array, items: {image: {type: string}}}}',
    ],
    ['text in a ConfigMap', 'x.yaml', 'apiVersion: v1\nkind: ConfigMap\ndata: {x: "containers: [{image: a:1}]"}'],
    ['an empty image', 'x.yaml', `${POD}  containers: [{image: ""}, {image: }, {name: x}]`],
    ['comments alone', 'x.yaml', '# image: a:1\n---\n'],
    ['an empty file', 'x.yaml', ''],
    ['a Dockerfile of stages', 'Dockerfile', 'FROM scratch AS a\nFROM a'],
    [
      'a Dockerfile with a stage for each platform',
      'Dockerfile',
      'FROM scratch AS base-linux\nFROM base-$TARGETOS AS x\nFROM scratch AS linux\nFROM $TARGETOS',
    ],
  ])('nothing is found in %s', (_, path, text) => {
    expect(findReferences(text, path)).toEqual({ findings: [], placeholders: [] });
  });

  test.each<[string, string, string, object]>([
    ['YAML that is none', 'x.yaml', 'a: 1\nb: [', { line: 2 }],
    ['a key that is given twice', 'x.yaml', 'a: 1\na: 2', { line: 2 }],
    ['brackets without end', 'x.yaml', '['.repeat(100_000), { line: 1 }],
    ['no instruction', 'Dockerfile', 'FROM a:1\n\nXYZ b', { line: 3, reason: 'it is no instruction of a Dockerfile' }],
    ['a here-document without end', 'Dockerfile', 'FROM a:1\nRUN <<EOF\nx', { line: 2, reason: 'its here-document has no end' }],
  ])('%s is a problem with its line', (_, path, text, expected) => {
    expect(findReferences(text, path)).toMatchObject({ findings: [], problem: expected });
  });

  test('aliases of aliases are walked once', () => {
    const levels = Array.from({ length: 40 }, (_, i) => `l${i + 1}: &l${i + 1} [*l${i}, *l${i}]`);
    const text = `${POD}  containers: &l0 [{image: a:1}]\n${levels.join('\n')}\n`;
    expect(findReferences(text, 'x.yaml').findings).toHaveLength(1);
  });

  test('a map that merges itself ends', () => {
    expect(findReferences(`${POD}  containers:\n  - &a\n    <<: *a\n    name: x\n`, 'x.yaml').findings).toEqual([]);
  });
});

test('which names of files promise references', () => {
  const names = [
    'a.yaml',
    'b.yml',
    'Dockerfile',
    'Dockerfile.dev',
    'x.dockerfile',
    'Containerfile',
    'Kustomization',
    'Dockerfile.dockerignore',
    'a.json',
    'Dockerfiles',
  ];
  expect(names.filter(isCandidate)).toEqual(['a.yaml', 'b.yml', 'Dockerfile', 'Dockerfile.dev', 'x.dockerfile', 'Containerfile', 'Kustomization']);
});

/** Everything that people do to YAML without changing what it says. */
const style = fc.record({
  newline: fc.constantFrom('\n', '\r\n'),
  mark: fc.constantFrom('', '\ufeff'),
  end: fc.constantFrom('', '\n', '\n\n'),
  comment: fc.constantFrom('', ' # é 😀', '\t#x', '   '),
  quote: fc.constantFrom('', '"', "'"),
  indent: fc.integer({ min: 1, max: 5 }),
  flow: fc.boolean(),
});
const reference = fc.tuple(fc.constantFrom('nginx', 'ghcr.io/o/app', 'localhost:5000/a_b/c-d'), fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,20}$/));
type Style = typeof style extends fc.Arbitrary<infer T> ? T : never;

describe('any file', () => {
  test('manifests: without the digests it is the file that it was, and the YAML says the same but for the images', () => {
    const container = fc.tuple(style, reference);
    fc.assert(
      fc.property(fc.array(container, { minLength: 1, maxLength: 6 }), style, (containers, { newline, mark, end }) => {
        const text = `${mark}${['apiVersion: v1', 'kind: Pod', 'spec:', '  containers:', ...containers.map(([one, [name, tag]]) => item(one, `${name}:${tag}`, newline))].join(newline)}${end}`;
        const after = pinned(text, 'x.yaml');
        expect(after.replaceAll(`@${NEW}`, '')).toBe(text);
        expect(after.split(`@${NEW}`)).toHaveLength(containers.length + 1);
        const value = (yaml: string): unknown => parseAllDocuments(yaml).map((document) => document.toJS() as unknown);
        expect(JSON.stringify(value(after)).replaceAll(`@${NEW}`, '')).toBe(JSON.stringify(value(text)));
        expect(pinned(after, 'x.yaml')).toBe(after);
      }),
    );
  });

  test('values: without the lines that were added it is the file that it was, and each image has its digest', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(style, reference), { minLength: 1, maxLength: 6 }), style, (images, { newline, mark, end }) => {
        const text = `${mark}${images.map(([one, [name, tag]], i) => `k${i}:${newline}${parts(one, name, tag, newline)}`).join(newline)}${end}`;
        const after = pinned(text, 'values.yaml');
        const without = after
          .replaceAll(/\r?\n +digest: (["']?)sha256:a{64}\1(?=\r?\n|$)/g, '')
          .replaceAll(`, digest: "${NEW}"`, '')
          .replaceAll(`, digest: '${NEW}'`, '');
        expect(without).toBe(text);
        const [document] = parseAllDocuments(after);
        const values = document?.toJS() as Record<string, { image: Record<string, string> }>;
        expect(Object.values(values).map(({ image }) => image)).toEqual(images.map(([, [repository, tag]]) => ({ repository, tag, digest: NEW })));
        expect(pinned(after, 'values.yaml')).toBe(after);
      }),
    );
  });

  test('any text at all: nothing is thrown, and an edit keeps what is around it', () => {
    const words = fc.constantFrom(
      'image',
      ':',
      ' ',
      '\n',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      'a:1',
      'FROM ',
      '&a ',
      '*a',
      '#',
      '{{',
      '}}',
      'containers',
      '\r\n',
      '|',
      '$',
      'tag',
      'repository',
      ',',
      '\\',
      '<<',
    );
    const path = fc.constantFrom('x.yaml', 'values.yaml', 'Dockerfile', 'x', 'compose.yml', 'kustomization.yaml');
    fc.assert(
      fc.property(fc.array(words, { maxLength: 60 }), path, (parts, file) => {
        const text = parts.join('');
        const { findings } = findReferences(text, file);
        const edits = findings.flatMap((one) => (one.what === 'site' ? one.edits(NEW, 'keep') : []));
        const after = applyEdits(text, edits);
        if (findReferences(after, file).problem === undefined) expect(pinned(after, file)).toBe(after);
      }),
      { numRuns: 2000 },
    );
  });
});

function item({ quote, comment, indent, flow }: Style, image: string, newline: string): string {
  const text = `${quote}${image}${quote}`;
  if (flow) return `  - {name: x, image: ${text}, x: "y"}${comment}`;
  return `  -${' '.repeat(indent)}name: x${comment}${newline}${' '.repeat(indent + 3)}image: ${text}${comment}`;
}

function parts({ quote, comment, indent, flow }: Style, name: string, tag: string, newline: string): string {
  const [before, within] = [' '.repeat(indent), ' '.repeat(2 * indent)];
  const safe = `${quote || '"'}${tag}${quote || '"'}`;
  if (flow) return `${before}image: {repository: ${quote}${name}${quote}, tag: ${safe}}${comment}`;
  return `${before}image:${comment}${newline}${within}repository: ${quote}${name}${quote}${comment}${newline}${within}tag: ${safe}${comment}`;
}
