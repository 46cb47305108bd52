/** Where helm's commands play: a working folder with charts, and a registry that holds one. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { serveRegistry, type TestRegistry } from '@assay/testkit';
import { afterAll } from 'vitest';
import { type Run, Scratch } from './run-cli.ts';

export interface HelmScene {
  readonly scratch: Scratch;
  readonly registry: TestRegistry;
  /** For transcripts. */
  readonly values: Readonly<Record<string, string>>;
  /** Output as someone reads it who stands in the folder. */
  shown(run: Run): Run;
}

export async function openHelmScene(): Promise<HelmScene> {
  const scratch = new Scratch();
  const registry = await serveRegistry();
  for (const [path, content] of Object.entries(CHARTS)) scratch.write(path, content);
  mkdirSync(scratch.path('empty'));
  symlinkSync('values.yaml', scratch.path('linked/copy.yaml'));
  const before = process.cwd();
  process.chdir(scratch.folder);
  afterAll(async () => {
    process.chdir(before);
    await registry.close();
  });
  const clean = (text: string) =>
    text
      .replaceAll(process.cwd(), 'FOLDER')
      .replaceAll(scratch.folder, 'FOLDER')
      .replaceAll(registry.host, '$HOST')
      .replace(/[0-9a-f]{64}/g, 'HEX')
      // Go's logger puts the place in its source in front.
      .replace(/^\w+\.go:\d+: /gm, '');
  return {
    scratch,
    registry,
    values: { HOST: registry.host },
    shown: ({ status, stdout, stderr }) => ({ status, stdout: clean(stdout), stderr: clean(stderr) }),
  };
}

/** Every file below a folder, with its content. */
export function filesOf(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'latin1')]));
}

const minimal = (name: string, more = '') => `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n${more}`;

/** Paths of files to their content: charts by what is special about them. */
const CHARTS: Readonly<Record<string, string>> = {
  'demo/Chart.yaml':
    '# A comment that packaging drops.\napiVersion: v2\nname: demo\nversion: 1.2.3\nappVersion: 1.10\n' +
    'description: A chart with a rather long description that goes beyond eighty characters, so that it is folded\n' +
    'home: https://example.com\nsources: [https://example.com/src]\nmaintainers: [{name: team, email: team@example.com}]\n' +
    'keywords: [yes, 017, "a: b"]\nannotations:\n  z10: ten\n  z9: nine\n  lines: |\n    one\n    two\n',
  'demo/values.yaml': 'replicas: 1 # a comment that stays\n',
  'demo/README.md': '# Demo\n',
  'demo/.helmignore': '*.bak\nsecret/\n',
  'demo/old.bak': 'old',
  'demo/secret/key': 'secret',
  'demo/crds/thing.yaml': 'kind: CustomResourceDefinition\n',
  'demo/templates/deployment.yaml': 'replicas: {{ .Values.replicas }}\n',
  'demo/templates/.hidden': 'hidden',
  'demo/charts/inner/Chart.yaml': 'apiVersion: v1\nname: inner\nversion: 0.1.0\n',
  'plus/Chart.yaml': minimal('plus').replace('1.0.0', '1.0.0+build.1'),
  'old/Chart.yaml': 'name: old\nversion: 0.1.0\n',
  'old/requirements.yaml': 'dependencies:\n- name: inner\n  version: 0.1.x\n  repository: ""\n',
  'old/charts/inner/Chart.yaml': 'name: inner\nversion: 0.1.0\n',
  'locked/Chart.yaml': minimal('locked'),
  'locked/Chart.lock':
    'dependencies:\n- name: inner\n  repository: https://example.com\n  version: 0.1.0\ndigest: sha256:00\ngenerated: 2026-08-25T00:00:00.100Z\n',
  'locked/values.schema.json': '{"type": "object"}\n',
  'linked/Chart.yaml': minimal('linked'),
  'linked/values.yaml': 'a: 1\n',
  'names/Chart.yaml': minimal('names'),
  [`names/${'d'.repeat(120)}/${'f'.repeat(90)}`]: 'split',
  [`names/${'d'.repeat(120)}/${'g'.repeat(130)}`]: 'pax',
  'names/ünï': 'letters',
  'noname/Chart.yaml': 'apiVersion: v2\nversion: 1.0.0\n',
  'noversion/Chart.yaml': 'apiVersion: v2\nname: noversion\n',
  'badversion/Chart.yaml': 'apiVersion: v2\nname: badversion\nversion: latest\n',
  'badname/Chart.yaml': 'apiVersion: v2\nname: ../badname\nversion: 1.0.0\n',
  'badtype/Chart.yaml': minimal('badtype', 'type: thing\n'),
  'badshape/Chart.yaml': 'apiVersion: v2\nname: [a]\nversion: 1.0.0\n',
  'badschema/Chart.yaml': minimal('badschema'),
  'badschema/values.schema.json': '{',
  'badvalues/Chart.yaml': minimal('badvalues'),
  'badvalues/values.yaml': '- a\n',
  'missing/Chart.yaml': minimal('missing', 'dependencies: [{name: inner, version: 0.1.0, repository: ""}]\n'),
  'notes.yaml': 'a: b\n',
  'notes.tgz': 'some notes\n',
};
