/** The action in `deploy/`: its steps, run in jobs as GitHub Actions would run them, with a private Sigstore as the world outside. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CiRunner, LAUNCHER } from './ci-runner.ts';
import { ARTIFACT, openStackScene, PERSON } from './foreign-stack-scene.ts';
import { type Run, runCli } from './run-cli.ts';
import { deployFile, parseYaml, type Step } from './workflow-file.ts';

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  readonly runs: { readonly steps: readonly Step[] };
}

const action = parseYaml<Action>(deployFile('action.yml'));
const { steps } = action.runs;
const INPUTS = Object.fromEntries(Object.entries(action.inputs).map(([name, input]) => [name, input.default ?? '']));

const scene = await openStackScene();
const { scratch, endpoints } = scene;
const env = { ASSAY_TRUST: scene.document('client_trust_config.json') };
const WHO = { identity: PERSON.email, issuer: endpoints.oidc };
const archive = packageArchive();
const digest = createHash('sha256').update(readFileSync(archive)).digest('hex');

/** A package that is the checkout's assay. */
function packageArchive(): string {
  const path = scratch.write('package/bin/assay.js', `#!/usr/bin/env node\nimport(${JSON.stringify(LAUNCHER)});\n`);
  scratch.write('package/package.json', { name: 'assay', type: 'module' });
  const file = scratch.path('assay.tgz');
  execFileSync('tar', ['-czf', file, '-C', dirname(dirname(dirname(path))), 'package']);
  return file;
}

let count = 0;
function openRunner(more: Readonly<Record<string, string>> = {}): CiRunner {
  const github = { action_repository: 'example/assay', server_url: 'https://github.com' };
  return new CiRunner(scratch.path(`runner-${count++}`), { env: { ...env, ...more }, contexts: { github } });
}

const use = (runner: CiRunner, inputs: Readonly<Record<string, string>>): Promise<Run> => runner.runAll(steps, { inputs: { ...INPUTS, ...inputs } });
const install = { path: archive, digest };

/** What is left of an attempt. */
const left = (runner: CiRunner): readonly string[] => [...readdirSync(runner.temp), ...runner.told('GITHUB_PATH').split('\n')].filter(Boolean);

describe('the file', () => {
  test('hands variables to the shell, and never text to be run', () => {
    for (const { run = '', shell, uses } of steps) {
      expect(run).toMatch(/^set -euo pipefail\n/);
      expect(run).not.toContain('${{');
      expect(shell).toBe('bash');
      expect(uses).toBeUndefined();
    }
  });

  test('names no release of assay until somebody has looked at one', async () => {
    expect(INPUTS).toMatchObject({ version: '', digest: '' });
    expect(await use(openRunner(), {})).toMatchObject({ status: 1, stdout: expect.stringContaining('::error::digest:') });
  });
});

describe('assay', () => {
  test.each([
    ['in hex', digest],
    ['as a digest', `sha256:${digest}`],
  ])('is installed when it is the one that was named %s', async (_, named) => {
    const runner = openRunner();
    expect(await use(runner, { path: archive, digest: named })).toMatchObject({ status: 0, stdout: expect.stringContaining(digest) });
    const run = await runner.run({ run: 'assay --version' });
    expect(run).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  test('is fetched from the release of the repository that the action is from', async () => {
    const runner = openRunner();
    runner.program('curl', `printf '%s\\n' "$@"; while [ "$1" != --output ]; do shift; done; cp "${archive}" "$2"`);
    const run = await use(runner, { version: '1.2.3', digest });
    expect(run).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('\n--proto\n=https\n'),
    });
    expect(run.stdout).toContain('\n--\nhttps://github.com/example/assay/releases/download/v1.2.3/assay-1.2.3.tgz\n');
    const elsewhere = await use(runner, { 'package-url': 'https://mirror.example/assay.tgz', digest });
    expect(elsewhere.stdout).toContain('\n--\nhttps://mirror.example/assay.tgz\n');
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ['another one', { path: archive, digest: '0'.repeat(64) }],
    ['named by no digest', { path: archive }],
    ['named by half a digest', { path: archive, digest: digest.slice(1) }],
    ['named by two', { path: archive, digest: `${digest}\n${digest}` }],
    ['not there', { path: '/nonexistent/assay.tgz', digest }],
    ['of no version', { digest }],
    ['of a version that is a path', { version: '1/../../evil', digest }],
    ['of a version that is a command', { version: '$(touch pwned)', digest }],
    ['not to be had', { version: '1.2.3', digest }],
  ])('is not installed when it is %s', async (_, inputs) => {
    const runner = openRunner();
    runner.program('curl', 'exit 22');
    const run = await use(runner, inputs);
    expect(run).toMatchObject({ status: 1, stdout: expect.stringMatching(/^::error::.+\n$/) });
    expect(left(runner)).toEqual([]);
    expect(existsSync(join(runner.workspace, 'pwned'))).toBe(false);
  });

  test('runs with a Node of the tool cache, where the one on PATH is too old', async () => {
    const tools = scratch.path('tools');
    for (const [version, target] of [
      ['20.1.0', '/bin/false'],
      ['24.21.0', process.execPath],
    ] as const) {
      mkdirSync(join(tools, 'node', version, 'x64/bin'), { recursive: true });
      symlinkSync(target, join(tools, 'node', version, 'x64/bin/node'));
    }
    const runner = openRunner({ RUNNER_TOOL_CACHE: tools });
    runner.program('node', 'echo "too old" >&2; exit 2');
    expect(await use(runner, install)).toMatchObject({ status: 0 });
    expect(await runner.run({ run: 'assay --version' })).toMatchObject({ status: 0 });
  });

  test('is not installed without a Node that can run it', async () => {
    const runner = openRunner({ RUNNER_TOOL_CACHE: '/nonexistent' });
    runner.program('node', 'exit 2');
    expect(await use(runner, install)).toMatchObject({ status: 1, stdout: expect.stringContaining('actions/setup-node') });
    expect(left(runner)).toEqual([]);
  });
});

describe('what was signed', async () => {
  const file = scratch.path(ARTIFACT);
  const bundle = `${file}.sigstore.json`;
  await scene.sign({ content: 'message', rekor: 2 }, bundle);
  const { reference, sibling } = await scene.place();
  const assay = async (argv: readonly string[]): Promise<Run> => runCli(argv, { network: 'open', now: new Date(), env });
  await assay(['sign', '--identity-token', await scene.token(), reference]);
  const policy = scratch.write('assay.policy.yaml', {
    apiVersion: 'assay.dev/v1alpha1',
    kind: 'ImagePolicy',
    metadata: { name: 'person' },
    spec: { signers: [{ subject: WHO.identity, issuer: WHO.issuer }] },
  });

  test('is verified, with the proof on the summary page', async () => {
    const runner = openRunner();
    const run = await use(runner, { ...install, ...WHO, verify: `${file}\n${reference}\n` });
    expect(run, run.stderr).toMatchObject({ status: 0, stdout: expect.stringContaining('the saved result accepted the evidence') });
    expect(JSON.parse(runner.outputs()['verified'] ?? '')).toEqual([reference]);
    expect(
      readFileSync(runner.outputs()['result'] ?? '', 'utf8')
        .trim()
        .split('\n'),
    ).toHaveLength(2);
    const page = runner.told('GITHUB_STEP_SUMMARY');
    expect(page).toMatch(/^## Assay: 2 of 2 verified\n/);
    for (const text of [`<code>${file}</code> is verified`, `<code>${reference}</code>`, PERSON.email, endpoints.oidc, '<summary>proof</summary>']) {
      expect(page).toContain(text);
    }
  });

  test('and what was not fails the step, and is told with what to do', async () => {
    const runner = openRunner();
    const run = await use(runner, { ...install, ...WHO, verify: [reference, sibling].join('\n') });
    expect(run).toMatchObject({ status: 1 });
    expect(JSON.parse(runner.outputs()['verified'] ?? '')).toEqual([reference]);
    const page = runner.told('GITHUB_STEP_SUMMARY');
    expect(page).toMatch(/^## Assay: 1 of 2 verified\n/);
    expect(page).toContain(`<h3>✘ <code>${sibling}</code> is NOT verified</h3>`);
    expect(page).toMatch(/<th align="left">because<\/th>.*\n(?:.*\n)*.*<th align="left">try<\/th>/);
  });

  test('by somebody else is refused, with who was expected and found', async () => {
    const runner = openRunner();
    expect(await use(runner, { ...install, ...WHO, identity: 'other@stack.example', verify: file })).toMatchObject({ status: 1 });
    const page = runner.told('GITHUB_STEP_SUMMARY');
    expect(page).toMatch(/<th align="left">expected<\/th><td><code>.*other@stack\.example/);
    expect(page).toMatch(/<th align="left">found<\/th><td><code>.*someone@stack\.example/);
    expect(runner.outputs()).toMatchObject({ verified: '[]' });
  });

  test.each<[string, Readonly<Record<string, string>>, number]>([
    ['a policy', { policy }, 0],
    ['a lock without it', { lock: scratch.write('empty.lock', '{"version":1,"artifacts":{}}') }, 1],
    ['more arguments, one a line', { ...WHO, args: '--log-threshold\n2\n' }, 1],
    ['the source of a build', { source: 'github.com/example/app' }, 1],
  ])('is held against %s', async (_, inputs, status) => {
    const runner = openRunner();
    const run = await use(runner, { ...install, ...inputs, verify: reference });
    expect(run, run.stderr).toMatchObject({ status });
    expect(runner.told('GITHUB_STEP_SUMMARY')).toMatch(status === 0 ? /^## Assay: 1 of 1 verified/ : /^## Assay: 0 of 1 verified/);
    expect(runner.outputs()['verified']).toBe(status === 0 ? JSON.stringify([reference]) : '[]');
  });

  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['there is none', { ...WHO, verify: './no-such.file' }, 'FILE_NOT_FOUND'],
    ['nobody is demanded', { verify: file }, 'USAGE'],
    ['it is only blank lines', { ...WHO, verify: '\n\n' }, 'missing required argument'],
  ])('is not verified when %s', async (_, inputs, says) => {
    const runner = openRunner();
    const run = await use(runner, { ...install, ...inputs });
    expect(run.status).not.toBe(0);
    expect(runner.told('GITHUB_STEP_SUMMARY')).toMatch(new RegExp(`^## Assay: nothing could be verified\n\n(?:    .*\n)*    .*${says}`));
    expect(runner.outputs()).toEqual({ verified: '[]' });
  });

  test('may have a strange name', async () => {
    const runner = openRunner();
    const name = 'a b\' " $(touch pwned) <b>&amp;`-;\u202e.txt';
    for (const [end, from] of [
      ['', file],
      ['.sigstore.json', bundle],
    ] as const) {
      writeFileSync(join(runner.workspace, name + end), readFileSync(from));
    }
    const run = await use(runner, { ...install, ...WHO, verify: name });
    expect(run, run.stderr).toMatchObject({ status: 0 });
    const page = runner.told('GITHUB_STEP_SUMMARY');
    expect(page).toContain('<code>a b&#39; &#34; $(touch pwned) &#60;b&#62;&#38;amp;`-;\\u202e.txt</code>');
    expect(page).not.toContain('<b>');
    expect(run.stdout).not.toMatch(/^\s*::/m);
    expect(readdirSync(runner.workspace)).not.toContain('pwned');
  });

  const ATTACKS = ['$(touch pwned)', '`touch pwned`', '"; touch pwned; "', "'; touch pwned; '", '--key=pwned', '\n-f\n*\n', 'a\nresult=b'];
  test.each(ATTACKS)('runs nothing of %j, wherever it is handed in', async (attack) => {
    for (const name of ['verify', 'identity', 'issuer', 'policy', 'source', 'lock', 'args']) {
      const runner = openRunner();
      runner.program('assay', 'printf "<%s>" "$@" >> calls; exit 1');
      const verifyStep = steps.find(({ id }) => id === 'verify') as Step;
      expect((await runner.run(verifyStep, { inputs: { ...INPUTS, verify: 'thing', [name]: attack } })).status).toBe(1);
      expect(readdirSync(runner.workspace)).toEqual(['calls']);
      const calls = readFileSync(join(runner.workspace, 'calls'), 'utf8');
      const lines = attack.split('\n').filter(Boolean);
      // A flag's value stays with it; lines are words of their own; and what is to be verified comes after all flags.
      const expected = name === 'verify' || name === 'args' ? lines.map((line) => `<${line}>`).join('') : `<--${name}=${attack}>`;
      expect(calls).toContain(expected);
      expect(calls).toMatch(/<--output><json><-->/);
      if (name === 'verify') expect(calls.indexOf('<-->')).toBeLessThan(calls.indexOf(expected));
      expect(runner.outputs()).toEqual({ verified: '[]' });
    }
  });
});
