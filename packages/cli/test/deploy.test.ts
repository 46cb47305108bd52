/**
 * What `deploy/` hands out: that its files have the properties which docs/slsa-levels.md speaks of, and that their steps do what they say, in jobs of the
 * emulated GitHub Actions beside a private Sigstore.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { CiRunner } from './ci-runner.ts';
import { BUILDER_SAN, openProvenanceScene } from './provenance-scene.ts';
import type { Run } from './run-cli.ts';
import { deployFile, type Job, parseYaml, type Step, type Workflow } from './workflow-file.ts';

const WORKFLOW = deployFile('github/provenance.yml');
const ACTION = deployFile('github/action.yml');
const GITLAB = deployFile('gitlab/provenance.yml');
const workflow = parseYaml<Workflow>(WORKFLOW);
const action = parseYaml<{ readonly runs: { readonly steps: readonly Step[] } }>(ACTION);
const { sign, upload } = workflow.jobs as { readonly sign: Job; readonly upload: Job };
const steps = [...sign.steps, ...upload.steps, ...action.runs.steps];
const stepOf = (among: readonly Step[], name: string): Step => {
  const found = among.find((step) => step.name === name);
  if (found === undefined) throw new Error(`no step is called ${name}`);
  return found;
};

describe('the workflow', () => {
  test('is called, and starts by itself on nothing', () => expect(Object.keys(workflow.on)).toEqual(['workflow_call']));

  test('gives an identity to the job that signs alone, and to it nothing else', () => {
    expect(workflow.permissions).toEqual({});
    expect(sign.permissions).toEqual({ 'id-token': 'write' });
    expect(upload.permissions).toEqual({ contents: 'write' });
    expect(Object.keys(workflow.jobs)).toEqual(['sign', 'upload']);
  });

  test('uploads after it has signed, in a job of its own', () => expect(upload.needs).toEqual(['sign']));

  test('runs where GitHub runs it, whatever its caller says', () => {
    for (const job of Object.values(workflow.jobs)) expect(job['runs-on']).toBe('ubuntu-24.04');
    expect(WORKFLOW).not.toMatch(/^\s+(?:container|services|strategy|environment):/m);
  });

  test('runs no step of a build: it installs assay, and signs', () => {
    expect(sign.steps.map(({ name, uses }) => name ?? uses?.split('@')[0])).toEqual([
      'actions/setup-node',
      'Install assay',
      'Fetch the list of subjects',
      'Sign',
      'actions/upload-artifact',
    ]);
    expect(WORKFLOW).not.toContain('actions/checkout');
    const commands = sign.steps.flatMap(({ run = '' }) => run.match(/^\s*(?!(?:set|if|fi|then|else|exit|echo|lists|mkdir|cd)\b)[a-z]\S*/gm) ?? []);
    expect(commands.map((command) => command.trim())).toEqual(['curl', 'npm', 'assay']);
  });

  test('takes from its caller nothing but what is stated and where it goes', () => {
    expect(Object.keys(workflow.on.workflow_call.inputs)).toEqual([
      'base64-subjects',
      'base64-subjects-as-file',
      'provenance-name',
      'predicate-version',
      'upload-assets',
      'upload-tag-name',
    ]);
    expect(WORKFLOW).not.toContain('secrets');
  });
});

describe('every file', () => {
  test('hands variables to the shell, and never text to be run', () => {
    for (const { run = '' } of steps) expect(run).not.toContain('${{');
    for (const { uses = '', shell = 'bash' } of steps) expect(uses + shell).not.toContain('${{');
    expect(workflow.defaults.run.shell).toBe('bash');
    for (const { run, shell } of action.runs.steps) if (run !== undefined) expect(shell).toBe('bash');
  });

  test('names actions by commit, and says which version that is', () => {
    for (const text of [WORKFLOW, ACTION]) {
      const uses = text.match(/^(?!#).*\buses: (.*)$/gm) ?? [];
      expect(uses.length).toBeGreaterThan(0);
      for (const line of uses) expect(line).toMatch(/uses: actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  test('names no release of assay until somebody has looked at one', () => {
    for (const step of [stepOf(sign.steps, 'Install assay'), stepOf(action.runs.steps, 'Install assay')]) {
      expect(step.env).toEqual({ ASSAY_URL: '', ASSAY_SHA256: '' });
    }
  });
});

describe('the template for GitLab', () => {
  const [header, template] = parseAllDocuments(GITLAB).map((document) => document.toJS() as object);
  test('gives an identity to its own job, which fetches no source', () => {
    expect(template).toMatchObject({ provenance: { id_tokens: { SIGSTORE_ID_TOKEN: { aud: 'sigstore' } }, variables: { GIT_STRATEGY: 'none' } } });
    expect(header).toMatchObject({ spec: { inputs: { 'build-job': {}, 'subjects-file': {} } } });
  });
  test('hands variables to the shell, and never text to be run', () => {
    const { script } = (template as { provenance: { script: readonly string[] } }).provenance;
    for (const line of script) expect(line).not.toContain('$[[');
    // Whoever starts a pipeline can override variables.
    expect(JSON.stringify((template as { provenance: { variables: object } }).provenance.variables)).not.toContain('ASSAY');
  });
});

const scene = await openProvenanceScene();
const ISSUER = `${scene.endpoints.oidc}/github`;
let count = 0;

/** A runner for a job of the reusable workflow; with other claims, of another. */
async function openRunner(claims?: Readonly<Record<string, string>>): Promise<CiRunner> {
  const { GITHUB_CONTEXT: context = '', VARS_CONTEXT: _, ...job } = await scene.githubJob(claims);
  return new CiRunner(scene.scratch.path(`runner-${count++}`), {
    env: { ...job, ASSAY_TRUST: scene.document('client_trust_config.json') },
    contexts: { github: { ...(JSON.parse(context) as object), token: 'ghs_secret', ref_name: 'v1.2.3' } },
  });
}

const INPUTS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(workflow.on.workflow_call.inputs).map(([name, input]) => [name, String(input.default)]),
);
const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');
const subjects = (...names: string[]): string => Buffer.from(names.map((name) => `${sha256(`content of ${name}`)}  ${name}\n`).join('')).toString('base64');
const built = (name: string): string => scene.scratch.write(`built/${name}`, `content of ${name}`);

describe('the job that signs', () => {
  const step = stepOf(sign.steps, 'Sign');
  const verify = (file: string, bundle: string, type = 'https://slsa.dev/provenance/v1', identity = BUILDER_SAN): Promise<Run> =>
    scene.assay(['verify', '--type', type, '--bundle', bundle, '--identity', identity, '--issuer', ISSUER, file]);

  test('makes provenance whose signer is the workflow that was called', async () => {
    const runner = await openRunner();
    runner.installAssay();
    const run = await runner.run(step, { inputs: { ...INPUTS, 'base64-subjects': subjects('a.tgz', 'b.tgz') } });
    expect(run, run.stderr).toMatchObject({ status: 0 });
    const bundle = join(runner.temp, 'provenance/multiple.intoto.jsonl');
    expect(runner.outputs()).toEqual({ 'provenance-name': 'multiple.intoto.jsonl', 'provenance-sha256': sha256(readFileSync(bundle)) });
    for (const name of ['a.tgz', 'b.tgz']) expect((await verify(built(name), bundle)).status).toBe(0);
    const caller = 'https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.2.3';
    expect((await verify(built('a.tgz'), bundle, undefined, caller)).status).toBe(1);
  });

  test('makes v0.2 with the contexts that it needs, and keeps their token', async () => {
    const runner = await openRunner();
    runner.installAssay();
    const inputs = { ...INPUTS, 'base64-subjects': subjects('a.tgz'), 'predicate-version': 'v0.2', 'provenance-name': 'release.intoto.jsonl' };
    const run = await runner.run(step, { inputs });
    expect(run, run.stderr).toMatchObject({ status: 0 });
    const bundle = join(runner.temp, 'provenance/release.intoto.jsonl');
    expect((await verify(built('a.tgz'), bundle, 'https://slsa.dev/provenance/v0.2')).status).toBe(0);
    const { dsseEnvelope } = JSON.parse(readFileSync(bundle, 'utf8')) as { dsseEnvelope: { payload: string } };
    expect(Buffer.from(dsseEnvelope.payload, 'base64').toString() + run.stderr + run.stdout).not.toContain('ghs_secret');
  });

  test('takes the list from an artifact', async () => {
    const runner = await openRunner();
    runner.installAssay();
    mkdirSync(join(runner.temp, 'subjects'));
    writeFileSync(join(runner.temp, 'subjects/whatever'), subjects('a.tgz'));
    expect(await runner.run(step, { inputs: INPUTS })).toMatchObject({ status: 0 });
    expect(runner.outputs()['provenance-name']).toBe('a.tgz.intoto.jsonl');
  });

  test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ['no list', {}, []],
    ['two lists', { 'base64-subjects': subjects('a.tgz') }, ['one']],
    ['an artifact with two files', {}, ['one', 'two']],
    ['a name outside of its folder', { 'base64-subjects': subjects('a.tgz'), 'provenance-name': '../x.intoto.jsonl' }, []],
    ['a version that there is not', { 'base64-subjects': subjects('a.tgz'), 'predicate-version': 'v9' }, []],
    ['a list that is no base64', { 'base64-subjects': 'a.tgz' }, []],
  ])('refuses %s', async (_, inputs, files) => {
    const runner = await openRunner();
    runner.installAssay();
    mkdirSync(join(runner.temp, 'subjects'));
    for (const name of files) writeFileSync(join(runner.temp, 'subjects', name), subjects('a.tgz'));
    const before = await scene.logged();
    expect((await runner.run(step, { inputs: { ...INPUTS, ...inputs } })).status).not.toBe(0);
    expect(runner.outputs()).toEqual({});
    expect(await scene.logged()).toEqual(before);
  });

  test('runs nothing of what its caller hands in', async () => {
    const attacks = [
      '$(touch pwned)',
      '`touch pwned`',
      '"; touch pwned; "',
      "'; touch pwned; '",
      '--key=x',
      '-f pwned',
      '\n touch pwned\n',
      'a\nprovenance-name=b',
    ];
    for (const attack of attacks) {
      for (const name of ['base64-subjects', 'provenance-name', 'predicate-version']) {
        const runner = await openRunner();
        runner.installAssay();
        const run = await runner.run(step, { inputs: { ...INPUTS, 'base64-subjects': subjects('a.tgz'), [name]: attack } });
        expect(run.status, `${name}: ${attack}`).not.toBe(0);
        expect(runner.outputs()).toEqual({});
        const files = [runner.workspace, runner.temp, join(runner.temp, 'provenance')].flatMap((folder) => readdirSync(folder));
        expect(files.filter((file) => file.includes('pwned'))).toEqual([]);
      }
    }
  });

  test('may sign what has a strange name', async () => {
    const runner = await openRunner();
    runner.installAssay();
    expect(await runner.run(step, { inputs: { ...INPUTS, 'base64-subjects': subjects('$(touch pwned) -f') } })).toMatchObject({ status: 0 });
    expect(runner.outputs()['provenance-name']).toBe('$(touch pwned) -f.intoto.jsonl');
    expect(existsSync(join(runner.temp, 'provenance/pwned'))).toBe(false);
  });
});

describe('the release of assay', () => {
  const step = stepOf(sign.steps, 'Install assay');
  /** A package that is called assay and says so. */
  function release(): { file: string; digest: string } {
    const folder = scene.scratch.path(`release-${count++}`);
    mkdirSync(join(folder, 'package'), { recursive: true });
    writeFileSync(
      join(folder, 'package/package.json'),
      JSON.stringify({ name: 'assay', version: '0.0.1', bin: { assay: 'assay.js' }, scripts: { postinstall: 'touch ran' } }),
    );
    writeFileSync(join(folder, 'package/assay.js'), '#!/usr/bin/env node\nconsole.log("the released one");\n');
    const file = join(folder, 'assay.tgz');
    execFileSync('tar', ['-czf', file, '-C', folder, 'package']);
    return { file, digest: sha256(readFileSync(file)) };
  }
  /** Serves a file in place of the network, which a test has none of. */
  const fetches = (file: string): string => `while [ $# -gt 0 ]; do [ "$1" = --output ] && out=$2; shift; done; cp "${file}" "$out"`;
  const pinned = (digest: string): Step => ({ ...step, env: { ASSAY_URL: 'https://example.com/assay.tgz', ASSAY_SHA256: digest } });
  const hello: Step = { run: 'assay' };

  test('is installed when it is the one that was looked at', async () => {
    const { file, digest } = release();
    const runner = await openRunner();
    runner.program('curl', fetches(file));
    const run = await runner.run(pinned(digest));
    expect(run, run.stderr).toMatchObject({ status: 0 });
    expect(await runner.run(hello)).toMatchObject({ status: 0, stdout: 'the released one\n' });
  });

  test('is not installed when it is another one, or none was named', async () => {
    const { file } = release();
    const runner = await openRunner();
    runner.program('curl', fetches(file));
    expect((await runner.run(pinned('0'.repeat(64)))).status).not.toBe(0);
    const unnamed = await runner.run(step);
    expect(unnamed).toMatchObject({ status: 1, stdout: expect.stringContaining('::error::') });
    expect(existsSync(join(runner.workspace, '../prefix'))).toBe(false);
  });
});

describe('the job that uploads', () => {
  const step = stepOf(upload.steps, 'Upload to the release');
  const contexts = (digest: string, tag = '') => ({
    inputs: { ...INPUTS, 'upload-tag-name': tag },
    needs: { sign: { outputs: { 'provenance-name': 'a.intoto.jsonl', 'provenance-sha256': digest } } },
  });
  async function uploader() {
    const runner = await openRunner();
    runner.program('gh', 'printf "%s\\n" "$@"');
    mkdirSync(join(runner.temp, 'provenance'));
    writeFileSync(join(runner.temp, 'provenance/a.intoto.jsonl'), 'provenance');
    return runner;
  }

  test('uploads what was signed to the release of the tag', async () => {
    const runner = await uploader();
    const expected = (tag: string) => ['release', 'upload', '--repo', 'example/app', '--', tag, './a.intoto.jsonl', ''].join('\n');
    expect(await runner.run(step, contexts(sha256('provenance')))).toMatchObject({ status: 0, stdout: expected('v1.2.3') });
    expect(await runner.run(step, contexts(sha256('provenance'), 'v2'))).toMatchObject({ status: 0, stdout: expected('v2') });
  });

  test('uploads nothing else', async () => {
    const runner = await uploader();
    expect(await runner.run(step, contexts(sha256('something else')))).toMatchObject({ status: 1, stdout: '' });
  });
});

test('the action signs files as the job that built them, and says what that is worth', async () => {
  const runner = await openRunner({ job_workflow_ref: 'example/app/.github/workflows/release.yml@refs/tags/v1.2.3' });
  runner.installAssay();
  const names = ['a b.tgz', 'c.tgz'];
  for (const name of names) writeFileSync(join(runner.workspace, name), `content of ${name}`);
  const run = await runner.run(stepOf(action.runs.steps, 'Sign'), { inputs: { files: `${names.join('\n')}\n`, 'provenance-name': '' } });
  expect(run, run.stderr).toMatchObject({ status: 0, stderr: expect.stringContaining('Build L2 at most') });
  const bundle = join(runner.workspace, 'multiple.intoto.jsonl');
  const signer = ['--identity', 'https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.2.3', '--issuer', ISSUER];
  for (const name of names) {
    const judged = await scene.assay(['verify', '--type', 'https://slsa.dev/provenance/v1', '--bundle', bundle, ...signer, join(runner.workspace, name)]);
    expect(judged.status).toBe(0);
  }
});
