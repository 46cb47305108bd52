/** `assay policy-tester`: the cases of the vectors, and the words of the real one over images that real policies judge. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseTrustedRoot, utf8 } from '@assay/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newKey, openScene, type Scene, type SceneImage } from '../../policy/test/scene.ts';
import { findTool } from './foreign-tools.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';
import { findVectors } from './vectors-folder.ts';

const vectors = findVectors();
const scratch = new Scratch();

interface TesterCase {
  readonly name: string;
  readonly kind: string;
  readonly expect: { readonly args: readonly string[]; readonly exit: number; readonly stdout: object | null; readonly stderrContains?: string };
}

describe.skipIf(vectors === undefined)('the cases of the vectors', () => {
  const folder = join(vectors ?? '', 'admission');
  const cases = vectors === undefined ? [] : (JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as { cases: TesterCase[] }).cases;
  const inFolder = (word: string) => (/\.yaml$/.test(word) ? join(folder, word) : word);

  test.each(cases.filter(({ kind }) => kind === 'policy-tester'))('$name', async ({ expect: expected }) => {
    const { status, stdout, stderr } = await runCli(['policy-tester', ...expected.args.map(inFolder)]);
    expect(status).toBe(expected.exit);
    expect(stdout).toBe(expected.stdout === null ? '' : `${JSON.stringify(expected.stdout)}\n`);
    if (expected.stderrContains !== undefined) expect(stderr).toContain(expected.stderrContains);
  });
});

describe('the command line', () => {
  test.each<[string, readonly string[], number, string]>([
    ['without an image', ['--policy', 'x'], 1, 'Usage of policy-tester:'],
    ['an unknown flag', ['--nope'], 2, 'flag provided but not defined: -nope'],
    ['a flag without its value', ['-policy'], 2, 'flag needs an argument: -policy'],
    ['an unknown level', ['-policy=a', '-image=b', '-log-level=loud'], 1, 'Usage of policy-tester:'],
    ['a file that is not there', ['--policy', 'nope.yaml', '--image', 'a'], 1, 'CIP is invalid: open nope.yaml: no such file or directory: policies[0].path'],
    ['help', ['-h'], 0, 'policy-tester --policy policy.yaml --image'],
  ])('%s', async (_, args, status, says) => {
    const run = await runCli(['policy-tester', ...args]);
    expect(run.status).toBe(status);
    expect(run.stderr).toContain(says);
  });

  test('says the version it stands in for', async () => {
    expect((await runCli(['policy-tester', '--version'])).stdout).toContain('GitVersion:    v0.13.1\n');
  });

  test('refuses what is no reference, and a resource without its parts', async () => {
    const policy = scratch.write('pass.yaml', policyText([{ static: { action: 'pass' } }]));
    expect((await runCli(['policy-tester', '--policy', policy, '--image', 'NGINX'])).stderr).toContain('could not parse reference: NGINX');
    const resource = scratch.write('pod.yaml', 'kind: Pod\nmetadata: {}\n');
    expect((await runCli(['policy-tester', '--policy', policy, '--image', 'nginx', '--resource', resource])).stderr).toContain(
      'kubernetes resource is missing spec key',
    );
    const odd = scratch.write('odd.yaml', 'kind: {a: b}\napiVersion: v1\nmetadata: {}\nspec: {}\n');
    expect((await runCli(['policy-tester', '--policy', policy, '--image', 'nginx', '--resource', odd])).stderr).toContain(
      'the kind of the kubernetes resource is an object',
    );
  });
});

function policyText(authorities: readonly object[], spec: object = {}): string {
  return JSON.stringify({
    apiVersion: 'policy.sigstore.dev/v1beta1',
    kind: 'ClusterImagePolicy',
    metadata: { name: 'p' },
    spec: { images: [{ glob: '**' }], authorities, ...spec },
  });
}

/** Images that were signed in cosign's older format, which is what that release reads. */
const tester = findTool('policy-tester', '0.13.1');
if (tester.path === '') process.stderr.write('policy-tester 0.13.1 is not there: tests against it are skipped\n');

describe('like the real one', () => {
  let scene: Scene;
  let image: SceneImage;
  let trustRoot: string;
  const [key, other] = [newKey(), newKey()];
  beforeAll(async () => {
    scene = await openScene();
    image = scene.image();
    image.sign({ format: 'older', key, log: 'none', timestamp: false });
    image.attest('https://cyclonedx.org/bom', { metadata: { tools: [{ name: 'syft' }] } }, { format: 'older', key, log: 'none', timestamp: false });
    trustRoot = scratch.write('trusted_root.json', scene.instance.trustedRoot());
    parseTrustedRoot(utf8(readFileSync(trustRoot, 'utf8')));
  });
  afterAll(() => scene.close());

  const cue = (text: string) => ({ type: 'cue', data: text });
  const attested = (attestation: object) => [
    { key: { data: key.publicPem }, attestations: [{ name: 'sbom', predicateType: 'https://cyclonedx.org/bom', ...attestation }] },
  ];
  const cases: readonly [string, readonly object[], object?][] = [
    ['a key that has signed', [{ key: { data: key.publicPem } }]],
    ['another key', [{ key: { data: other.publicPem } }]],
    ['one of two authorities', [{ static: { action: 'fail', message: 'no' } }, { key: { data: key.publicPem } }]],
    ['none of two', [{ static: { action: 'fail', message: 'no' } }, { key: { data: other.publicPem } }]],
    ['an attestation', attested({})],
    ['an attestation of another key', [{ ...attested({})[0], key: { data: other.publicPem } }]],
    ['an attestation of another type', attested({ predicateType: 'https://spdx.dev/Document' })],
    ['CUE that holds', attested({ policy: cue('predicate: metadata: tools: [{name: "syft"}]') })],
    ['CUE that does not', attested({ policy: cue('predicate: metadata: tools: [{name: "trivy"}]') })],
    ['CUE that is none', attested({ policy: cue('predicate: {') })],
    ['Rego that holds', attested({ policy: { type: 'rego', data: 'package sigstore\nisCompliant { input.predicate.metadata.tools[0].name == "syft" }' } })],
    ['Rego that does not', attested({ policy: { type: 'rego', data: 'package sigstore\ndefault isCompliant = false' } })],
    ['Rego that is none', attested({ policy: { type: 'rego', data: 'package sigstore\nisCompliant {' } })],
    [
      'a policy over all, in CUE',
      attested({}),
      { policy: cue('authorityMatches: "authority-0": attestations: sbom: [...{predicateType: "https://cyclonedx.org/bom"}]') },
    ],
    [
      'a policy over all that does not hold',
      attested({}),
      { policy: cue('authorityMatches: "authority-0": attestations: sbom: [...{predicateType: "other"}]') },
    ],
    ['the configuration of the image', [{ static: { action: 'pass' } }], { policy: { ...cue('config: "linux/amd64": os: "windows"'), fetchConfigFile: true } }],
    ['a trusted root that is not there', [{ keyless: { identities: [{ issuer: 'a', subject: 'b' }], trustRootRef: 'mine' } }]],
    ['a match that nothing fits', [{ static: { action: 'pass' } }], { match: [{ resource: 'pods', version: 'v1' }] }],
    ['a tag that is not there', [{ key: { data: key.publicPem } }]],
  ];

  test.skipIf(tester.path === '').each<[string, readonly object[], object?]>(cases)('%s', async (name, authorities, spec) => {
    const policy = scratch.write('policy.json', policyText(authorities, spec));
    const args = ['--policy', policy, '--image', name.includes('tag') ? `${image.name}:gone` : image.reference];
    const [ours, theirs] = [await runCli(['policy-tester', ...args], { network: 'open' }), await runReal(args)];
    expect(ours.status).toBe(theirs.status);
    expect(steady(ours.stdout)).toBe(steady(theirs.stdout));
  });
});

/** policy-controller's conversion loses a `ctlog` without a URL, and with it the demand for a log. */
test('a log that v1beta1 demands by its trusted root alone is demanded', async () => {
  const policy = scratch.write('policy.json', policyText([{ key: { data: newKey().publicPem }, ctlog: { trustRootRef: 'mine' } }]));
  const run = await runCli(['policy-tester', '--policy', policy, '--image', `127.0.0.1:1/x@sha256:${'0'.repeat(64)}`]);
  expect(run.stdout).toContain('getting Rekor public keys: authority-0: fetching keys for trustRootRef: getting SigstoreKeys: trustRootRef mine not found');
  expect(run.status).toBe(1);
});

async function runReal(args: readonly string[]): Promise<Run> {
  try {
    const { stdout, stderr } = await promisify(execFile)(tester.path, args, { env: { HOME: scratch.folder } });
    return { status: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, stdout, stderr };
  }
}

/** Without the words of a registry's client. */
function steady(text: string): string {
  return text.replace(/image tag not found: .*"\]/, 'image tag not found"]');
}
