/** `assay kyverno apply` and `test`: their files, texts and exit statuses (admission.md section 8). */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHttpClient } from '@assay/net';
import { copyWithEvidence, Layout, openRegistries, parseReference } from '@assay/oci';
import { beforeAll, describe, expect, test } from 'vitest';
import { newKey, openScene, type Scene, type SceneImage } from '../../policy/test/scene.ts';
import { runCli, Scratch } from './run-cli.ts';
import { findVectors } from './vectors-folder.ts';

const vectors = findVectors();
const cases = vectors === undefined ? '' : join(vectors, 'admission/kyverno/cli');
const present = existsSync(cases);
if (!present) console.warn('vectors of kyverno test are skipped (set ASSAY_VECTORS)');

const key = newKey();
let scene: Scene;
let layout: string;
let unsigned: string;
const work = new Scratch().folder;

/** `ghcr.io/kyverno/test-verify-image` in a layout: one image that the key has signed, and one that nobody has. */
beforeAll(async () => {
  scene = await openScene();
  layout = join(work, 'images');
  const target = Layout.openOrCreate(layout);
  const http = createHttpClient({});
  for (const tag of ['signed', 'unsigned']) {
    const image: SceneImage = scene.image({ repository: 'kyverno/test-verify-image', tag });
    if (tag === 'unsigned') unsigned = image.digest;
    if (tag === 'signed') image.sign({ format: 'older', key, log: 'none', timestamp: false });
    const from = openRegistries({ http }).repository(parseReference(image.reference));
    const stored = await from.requireManifest(image.digest);
    await copyWithEvidence(stored, `ghcr.io/kyverno/test-verify-image:${tag}`, { from, to: target });
  }
  http.close();
  await scene.close();
});

/** A folder of the vectors, with the key that we have in the place of the one that nobody here has. */
function copied(name: string, change = (text: string) => text): string {
  const folder = join(work, `${name}-${readdirSync(work).length}`);
  cpSync(join(cases, name), folder, { recursive: true });
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), 'utf8');
    const indented = text.replace(/( *)-----BEGIN PUBLIC KEY-----[\s\S]*?-----END PUBLIC KEY-----/g, (_, space: string) =>
      key.publicPem
        .trim()
        .split('\n')
        .map((line) => `${space}${line}`)
        .join('\n'),
    );
    writeFileSync(join(folder, file), change(indented), { mode: 0o600 });
  }
  return folder;
}

function written(name: string, text: string): string {
  const path = join(work, name);
  writeFileSync(path, text);
  return path;
}

const DEPRECATED =
  'kyverno.io/v1 ClusterPolicy is deprecated and will be removed in a future release; migrate to ValidatingPolicy, MutatingPolicy, GeneratingPolicy or ImageValidatingPolicy (policies.kyverno.io), see https://kyverno.io/docs/guides/migration-to-cel/';

describe.skipIf(!present)('test', () => {
  test.for(['test-images-digest', 'test-images-secure-images', 'test-images-verify-signature'])('%s: every result is as expected', async (name) => {
    const folder = copied(name);
    const { status, stdout, stderr } = await runCli(['kyverno', 'test', folder, '--registry-fixture', layout, '--detailed-results', '--remove-color']);
    expect({ status, stderr, stdout }).toMatchObject({ status: 0, stderr: '' });
    expect(stdout).toMatch(/\nTest Summary: \d+ tests passed and 0 tests failed\n/);
    expect(stdout).not.toContain('Not found');
  });

  test('what is printed', async () => {
    const folder = copied('test-images-digest');
    const { stdout } = await runCli(['kyverno', 'test', folder, '--remove-color']);
    const rows = [
      ['1', 'require-image-digest', 'check-digest', 'v1/Pod/test/no-digest  ', 'Pass  ', 'Excluded'],
      ['2', 'require-image-digest', 'check-digest', 'v1/Pod/test/no-digest  ', 'Pass  ', 'Ok      '],
      ['3', 'require-image-digest', 'check-digest', 'v1/Pod/test/with-digest', 'Pass  ', 'Excluded'],
      ['4', 'require-image-digest', 'check-digest', 'v1/Pod/test/with-digest', 'Pass  ', 'Ok      '],
    ].map(([id, ...rest]) => `│ ${id}  │ ${rest.join(' │ ')} │`);
    const border = '│────│──────────────────────│──────────────│─────────────────────────│────────│──────────│';
    expect(stdout).toBe(
      [
        `Loading test  ( ${folder}/kyverno-test.yaml ) ...`,
        '  Loading values/variables ...',
        '  Loading policies ...',
        `  Warning: ${folder}/policies.yaml: ${DEPRECATED}`,
        '  Loading resources ...',
        '  Loading exceptions ...',
        '  Applying 1 policy to 2 resources with 0 exceptions ...',
        '  Checking results ...',
        '',
        border,
        '│ ID │ POLICY               │ RULE         │ RESOURCE                │ RESULT │ REASON   │',
        border,
        ...rows,
        border,
        '',
        '',
        'Test Summary: 4 tests passed and 0 tests failed',
        '',
        '',
      ].join('\n'),
    );
  });

  test('a result that differs fails, and is told in every form', async () => {
    const folder = copied('test-images-digest', (text) => text.replace('result: fail', 'result: pass'));
    const run = (...flags: string[]) => runCli(['kyverno', 'test', folder, ...flags]);
    const table = await run();
    expect(table).toMatchObject({ status: 1, stderr: 'Error: 1 tests failed\n' });
    expect(table.stdout).toContain('│ Want pass, got fail │');
    expect(table.stdout).toContain('\u001b[40;32mID\u001b[0m');
    expect(table.stdout).toContain('\nTest Summary: 3 tests passed and 1 tests failed\n');
    expect((await run('--fail-only')).stdout).toContain('\nTest Summary: 1 out of 4 tests failed\n\nAggregated Failed Test Cases : \n');
    expect((await run('-o', 'markdown')).stdout).toContain(
      '| 2 | require-image-digest | check-digest | v1/Pod/test/no-digest | Fail | Want pass, got fail |\n',
    );
    const json = (await run('-o', 'json')).stdout;
    expect(JSON.parse(json.slice(json.indexOf('['), json.lastIndexOf(']') + 1))[1]).toEqual({
      ID: 2,
      POLICY: 'require-image-digest',
      REASON: 'Want pass, got fail',
      RESOURCE: 'v1/Pod/test/no-digest',
      RESULT: 'Fail',
      RULE: 'check-digest',
    });
    expect((await run('-o', 'yaml')).stdout).toContain('- ID: 2\n  POLICY: require-image-digest\n  REASON: Want pass, got fail\n');
    expect((await run('-o', 'junit')).stdout).toContain('<testsuite name="require-image-digest" tests="4" failures="1">');
    expect((await run('-t', 'policy=other')).stdout).toBe('\nTest Summary: 0 tests passed and 0 tests failed\n\n');
  });

  test('resources and policies that nobody knows are not found', async () => {
    const folder = copied('test-images-digest', (text) => text.replaceAll('policy: require-image-digest', 'policy: other'));
    const { status, stdout } = await runCli(['kyverno', 'test', folder]);
    expect(status).toBe(1);
    expect(stdout).toContain('│ Fail   │ Not found │');
  });

  test.for<[string, string[], string, string]>([
    ['without a folder', [], '', 'Error: requires at least 1 arg(s), only received 0\n'],
    [
      'a folder that is not there',
      ['nowhere'],
      '\nError loading tests: open nowhere: no such file or directory\n',
      'Error: open nowhere: no such file or directory\n',
    ],
    ['an unknown form', ['.', '-o', 'xml'], '', 'Error: invalid format, expected (json, yaml, markdown, junit)\n'],
  ])('%s', async ([, argv, stdout, stderr]) => {
    expect(await runCli(['kyverno', 'test', ...argv])).toEqual({ status: 1, stdout, stderr });
  });

  test('a folder without tests, and a file of the older schema', async () => {
    const empty = join(work, 'empty');
    mkdirSync(empty);
    expect(await runCli(['kyverno', 'test', empty])).toEqual({ status: 0, stdout: '\nNo test yamls available\n', stderr: '' });
    expect(await runCli(['kyverno', 'test', empty, '--require-tests'])).toMatchObject({ status: 1, stderr: 'Error: no tests found\n' });
    writeFileSync(join(empty, 'kyverno-test.yaml'), 'name: x\npolicies: []\nresources: []\nresults: []\n');
    expect(await runCli(['kyverno', 'test', empty])).toMatchObject({
      status: 1,
      stderr: `Error: test file ${empty}/kyverno-test.yaml uses a deprecated schema — please migrate to the latest format\n`,
    });
  });
});

const POLICY = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: { name: signed }
spec:
  rules:
    - name: by-key
      match: { any: [{ resources: { kinds: [Pod] } }] }
      verifyImages:
        - imageReferences: ['ghcr.io/*']
          failureAction: Enforce
          attestors: [{ entries: [{ keys: { publicKeys: "${key.publicPem.trim().replaceAll('\n', '\\n')}", rekor: { url: 'https://rekor.sigstore.dev', ignoreTlog: true } } }] }]
`;
const pod = (tag: string) => `apiVersion: v1
kind: Pod
metadata: { name: ${tag}, namespace: team }
spec: { containers: [{ name: c, image: 'ghcr.io/kyverno/test-verify-image:${tag}' }] }
`;

describe('apply', () => {
  const apply = (policy: string, resource: string, ...flags: string[]) =>
    runCli(['kyverno', 'apply', policy, '-r', resource, '--registry-fixture', layout, ...flags]);

  test('a signed image passes, an unsigned one is told with its reason', async () => {
    const policy = written('policy.yaml', POLICY);
    const resources = written('pods.yaml', `${pod('signed')}---\n${pod('unsigned')}`);
    expect(await apply(policy, resources)).toEqual({
      status: 1,
      stderr: '',
      stdout: [
        `Warning: ${policy}: ${DEPRECATED}`,
        '',
        'Applying 3 policy rule(s) to 2 resource(s)...',
        'policy signed -> resource team/Pod/unsigned failed:',
        '1 - by-key failed to verify image ghcr.io/kyverno/test-verify-image:unsigned: .attestors[0].entries[0].keys: no signatures found',
        'policy signed -> resource team/Pod/unsigned failed:',
        `1 - by-key unverified image ghcr.io/kyverno/test-verify-image@${unsigned}`,
        '',
        'pass: 2, fail: 2, warn: 0, error: 0, skip: 0 ',
        '',
      ].join('\n'),
    });
    const changed = join(work, 'changed.yaml');
    expect((await apply(policy, written('signed.yaml', pod('signed')), '-o', changed)).status).toBe(0);
    expect(readFileSync(changed, 'utf8')).toMatch(/image: ghcr.io\/kyverno\/test-verify-image:signed@sha256:[0-9a-f]{64}\n/);
  });

  test('an image that the fixture does not have is refused', async () => {
    const { status, stdout } = await apply(written('policy.yaml', POLICY), written('other.yaml', pod('other')));
    expect(status).toBe(1);
    expect(stdout).toContain('no image is named ghcr.io/kyverno/test-verify-image:other there');
  });

  test('warnings: of policies that are not scored, and of those that audit; with an exit status of their own', async () => {
    const resource = written('unsigned.yaml', pod('unsigned'));
    const unscored = written('unscored.yaml', POLICY.replace('{ name: signed }', "{ name: signed, annotations: { policies.kyverno.io/scored: 'false' } }"));
    expect(await apply(unscored, resource)).toMatchObject({ status: 0, stdout: expect.stringContaining('\npass: 0, fail: 0, warn: 2, error: 0, skip: 0 \n') });
    const audit = written(
      'audit.yaml',
      POLICY.replace('failureAction: Enforce', 'failureAction: Audit\n          mutateDigest: false\n          verifyDigest: false'),
    );
    expect((await apply(audit, resource)).status).toBe(1);
    const warned = await apply(audit, resource, '--audit-warn', '--warn-exit-code', '3');
    expect(warned.status).toBe(3);
    expect(warned.stdout).toContain('policy signed -> resource team/Pod/unsigned failed as audit warning:\n');
    expect(warned.stdout).toMatch(/\nexit as warnExitCode is 3$/);
  });

  test('as a table, and as a report', async () => {
    const policy = written('policy.yaml', POLICY);
    const signed = written('signed.yaml', pod('signed'));
    expect((await apply(policy, signed, '-t', '--remove-color')).stdout).toContain('│ 1  │ signed │ by-key │ team/Pod/signed │ Pass   │        │\n');
    const { stdout } = await apply(policy, signed, '-p', '--output-format', 'json');
    expect(JSON.parse(stdout.split('\n')[1] ?? '')).toMatchObject({
      kind: 'ClusterReport',
      summary: { pass: 2, fail: 0 },
      results: [{ policy: 'signed', rule: 'by-key', result: 'pass' }, {}],
    });
  });

  test('policies that are not valid are not applied, and that is an error', async () => {
    const policy = written('invalid.yaml', POLICY.replace('[{ entries:', '[{ count: 2, entries:'));
    const { status, stdout } = await apply(policy, written('signed.yaml', pod('signed')));
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /\n-{70}\nPolicies Skipped:\n1\. signed: spec\.rules\[0\]\.verifyImages\[0\]\.attestors\[0\]: Invalid value: \{.*\}: Count cannot exceed length of entries\n-{70}\n/,
    );
    expect(stdout).toContain('\npass: 0, fail: 0, warn: 0, error: 1, skip: 0 \n');
  });

  test('rules of other kinds are named, not passed', async () => {
    const validate =
      '    - { name: labels, match: { any: [{ resources: { kinds: [Pod] } }] }, validate: { message: x, pattern: { metadata: { labels: { a: b } } } } }\n';
    const { stdout } = await apply(written('mixed.yaml', POLICY + validate), written('signed.yaml', pod('signed')));
    expect(stdout).toContain('rule labels (validate) of signed is not evaluated: only rules that verify images are\n');
    expect(stdout).toContain('\npass: 2, fail: 0,');
  });

  test.for<[string, string]>([
    ['a field that nobody knows', POLICY.replace('failureAction:', 'attestor: []\n          failureAction:')],
    ['another version', POLICY.replace('kyverno.io/v1', 'kyverno.io/v9')],
    ['no YAML', '{'],
  ])('%s ends with what is wrong, and applies nothing', async ([, text]) => {
    const { status, stderr } = await apply(written('broken.yaml', text), written('signed.yaml', pod('signed')));
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Error: failed to load policies \(.*broken\.yaml: .*\)\n$/);
  });

  test('values stand in for what a cluster would say', async () => {
    const policy = written(
      'context.yaml',
      POLICY.replace(
        '      match:',
        "      context: [{ name: cm, configMap: { name: keys, namespace: x } }]\n      preconditions: { all: [{ key: '{{ cm.data.go }}', operator: Equals, value: 'yes' }] }\n      match:",
      ),
    );
    const signed = written('signed.yaml', pod('signed'));
    const missing = await apply(policy, signed);
    expect(missing.status).toBe(1);
    expect(missing.stdout).toContain('failed to get configmap x/keys');
    expect((await apply(policy, signed, '--set', 'cm.data.go=yes')).stdout).toContain('\npass: 2,');
    const values = written(
      'values.yaml',
      'apiVersion: cli.kyverno.io/v1alpha1\nkind: Values\npolicies: [{ name: signed, resources: [{ name: signed, values: { cm.data.go: "no" } }] }]\n',
    );
    expect((await apply(policy, signed, '-f', values)).stdout).toContain('skip: 2');
    const cluster = written(
      'cluster.yaml',
      `${pod('signed')}---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: keys, namespace: x }\ndata: { go: 'yes' }\n`,
    );
    expect((await apply(policy, cluster)).stdout).toContain('\npass: 2,');
  });

  test.each(['{', '[]'])('a payload that is %s', async (content) => {
    const run = await runCli(['kyverno', 'apply', written('p.yaml', POLICY), '--json', written('payload.json', content)]);
    expect(run).toMatchObject({ status: 1, stderr: expect.stringMatching(/failed to load JSON payload .*payload\.json: must be a top-level object/) });
  });

  test.for<[string, string[], string]>([
    ['no policy', [], 'Error: require policy\n'],
    ['no resource', ['p.yaml'], 'Error: resource file(s) or cluster required\n'],
    ['an unknown flag', ['--bogus'], 'Error: unknown flag: --bogus\n'],
  ])('%s', async ([, argv, stderr]) => {
    expect(await runCli(['kyverno', 'apply', ...argv])).toEqual({ status: 1, stdout: '', stderr });
  });
});
