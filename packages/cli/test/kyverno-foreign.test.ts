/** Ours against the real kyverno: the same policies over the same signed images of a registry, and the same test files, tell the same. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newKey, openScene, type Scene, type SceneImage } from '../../policy/test/scene.ts';
import { runOf } from './child-run.ts';
import { findTool } from './foreign-tools.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';
import { findVectors } from './vectors-folder.ts';

const kyverno = findTool('kyverno', '1.19.1');
if (kyverno.path === '') console.warn('tests against the real kyverno are skipped: kyverno 1.19.1 is neither in the testbed nor on PATH');
const vectors = findVectors();
const cases = vectors === undefined ? '' : join(vectors, 'admission/kyverno/cli');

const scratch = new Scratch();
const SBOM = 'https://cyclonedx.org/bom';
const [key, other] = [newKey(), newKey()];
let scene: Scene;
let images: Record<'signed' | 'unsigned' | 'attested', SceneImage>;

beforeAll(async () => {
  mkdirSync(scratch.path('home'));
  scene = await openScene();
  images = { signed: scene.image(), unsigned: scene.image(), attested: scene.image() };
  const offline = { format: 'older', key, log: 'none', timestamp: false } as const;
  images.signed.sign({ ...offline, annotations: { env: 'test' } });
  images.attested.attest(SBOM, { name: 'a' }, offline);
});
afterAll(() => scene.close());

/** Nothing but this machine can be reached. */
function theirs(argv: readonly string[]): Promise<Run> {
  const nowhere = 'http://127.0.0.1:9';
  const env = { HOME: scratch.path('home'), PATH: process.env['PATH'], HTTPS_PROXY: nowhere, HTTP_PROXY: nowhere, NO_PROXY: '127.0.0.1' };
  return runOf(spawn(kyverno.path, argv, { env, timeout: 60_000 }));
}

async function both(argv: readonly string[], asText = (run: Run): unknown => run): Promise<void> {
  const [real, ours] = [await theirs(argv), await runCli(['kyverno', ...argv], { network: 'open' })];
  expect(asText(ours)).toEqual(asText(real));
}

describe.skipIf(kyverno.path === '' || !existsSync(cases))('test files', () => {
  const folder = join(cases, 'test-images-digest');
  test.for([
    [],
    ['--remove-color'],
    ['--detailed-results'],
    ['--fail-only'],
    ['-o', 'json'],
    ['-o', 'yaml'],
    ['-o', 'markdown', '--detailed-results'],
    ['-o', 'junit', '--detailed-results'],
    ['-t', 'policy=other'],
  ])('%j', (flags) => both(['test', folder, ...flags]));

  test.for([[], ['-t'], ['-t', '--detailed-results', '--remove-color'], ['--audit-warn'], ['--audit-warn', '--warn-exit-code', '3']])('apply, %j', (flags) =>
    both(['apply', join(folder, 'policies.yaml'), '-r', join(folder, 'resources.yaml'), ...flags]),
  );

  test.for([['apply'], ['apply', 'x.yaml'], ['test'], ['test', 'nowhere'], ['test', folder, '-o', 'xml'], ['bogus'], ['apply', '--bogus']])(
    'mistakes: %j',
    (argv) => both(argv),
  );
});

describe.skipIf(kyverno.path === '')('signed images', () => {
  const rekor = { rekor: { url: 'https://rekor.sigstore.dev', ignoreTlog: true }, ctlog: { ignoreSCT: true } };
  const by = (publicKeys: string) => ({ keys: { publicKeys, ...rekor } });
  const [mine, wrong] = [by(key.publicPem.trim()), by(other.publicPem.trim())];
  const sbom = (over: object) => ({ attestations: [{ type: SBOM, attestors: [{ entries: [mine] }], ...over }] });
  const named = (value: string, variable = 'name') => ({ conditions: [{ all: [{ key: `{{ ${variable} }}`, operator: 'Equals', value, message: 'no' }] }] });

  const blocks: readonly [string, keyof typeof images, object][] = [
    ['by the key', 'signed', { attestors: [{ entries: [mine] }] }],
    ['by another key', 'signed', { attestors: [{ entries: [wrong] }] }],
    ['by too few', 'signed', { attestors: [{ count: 2, entries: [mine, wrong, wrong] }] }],
    ['by nobody', 'unsigned', { attestors: [{ entries: [mine] }] }],
    ['by a nested set', 'signed', { attestors: [{ entries: [{ attestor: { entries: [wrong] } }] }] }],
    ['with other annotations', 'signed', { annotations: { env: 'prod' }, attestors: [{ entries: [mine] }] }],
    ['with these annotations', 'signed', { annotations: { env: 'test' }, attestors: [{ entries: [mine] }] }],
    ['skipped', 'unsigned', { skipImageReferences: ['*'], attestors: [{ entries: [mine] }] }],
    ['attested', 'attested', sbom(named('a'))],
    ['attested, and not as it must be', 'attested', sbom(named('b'))],
    ['attested, of another type', 'attested', sbom({ type: 'https://example.org/x' })],
    ['attested by nobody', 'unsigned', sbom({})],
    ['attested by another key', 'attested', { attestations: [{ type: SBOM, attestors: [{ entries: [wrong] }] }] }],
    ['pinned', 'unsigned', { verifyDigest: false, required: false }],
  ];

  test.each(blocks)('%s', async (_, image, block) => {
    const rules = [
      { name: 'r', match: { any: [{ resources: { kinds: ['Pod'] } }] }, verifyImages: [{ imageReferences: ['*'], failureAction: 'Enforce', ...block }] },
    ];
    const metadata = { name: 'p', annotations: { 'pod-policies.kyverno.io/autogen-controllers': 'none' } };
    const policy = scratch.write('policy.yaml', { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', metadata, spec: { background: false, rules } });
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x', namespace: 'n' },
      spec: { containers: [{ name: 'c', image: `${images[image].name}:1` }] },
    };
    const resource = scratch.write('pod.yaml', pod);
    // Long messages are wrapped there, so that the list is compared and not the table.
    await both(['apply', policy, '-r', resource]);
    await both(['apply', policy, '-r', resource, '-p', '--output-format', 'json'], ({ status, stdout }) => ({ status, results: resultsOf(stdout) }));
  });
});

function resultsOf(stdout: string): unknown {
  const line = stdout.split('\n').find((one) => one.startsWith('{'));
  if (line === undefined) return stdout;
  const report = JSON.parse(line) as { readonly results: readonly object[]; readonly summary: object };
  // Theirs come in any order.
  const results = report.results.map((result) => ({ ...result, timestamp: undefined }));
  return { summary: report.summary, results: results.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) };
}
