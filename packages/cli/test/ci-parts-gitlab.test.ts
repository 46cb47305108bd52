/** The jobs to extend in `deploy/gitlab/`: their scripts, run in a POSIX shell as a runner of GitLab would, with a private Sigstore as the world outside. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { runOf } from './child-run.ts';
import { LAUNCHER } from './ci-runner.ts';
import { ARTIFACT, PERSON } from './foreign-stack-scene.ts';
import { openProvenanceScene } from './provenance-scene.ts';
import { writeProject } from './release-project.ts';
import type { Run } from './run-cli.ts';
import { deployFile } from './workflow-file.ts';

interface Template {
  readonly extends?: string;
  readonly image?: string;
  readonly before_script?: readonly string[];
  readonly script?: readonly string[];
  readonly id_tokens?: object;
  readonly rules?: object;
}

const [header, jobs] = parseAllDocuments(deployFile('gitlab/assay.yml')).map((document) => document.toJS() as unknown) as [
  { readonly spec: { readonly inputs: Readonly<Record<string, { readonly regex: string; readonly default?: string }>> } },
  Readonly<Record<string, Template>>,
];
const { inputs } = header.spec;
const base = jobs['.assay'] as Template;

const scene = await openProvenanceScene();
const { scratch, endpoints } = scene;
const archive = packageArchive();
const INPUTS: Readonly<Record<string, string>> = {
  image: `node:24.21.0@sha256:${'1'.repeat(64)}`,
  'package-url': 'https://mirror.example/assay-1.2.3.tgz',
  'package-sha256': createHash('sha256').update(readFileSync(archive)).digest('hex'),
};

/** A package that is the checkout's assay. */
function packageArchive(): string {
  const path = scratch.write('package/bin/assay.js', `#!/usr/bin/env node\nimport(${JSON.stringify(LAUNCHER)});\n`);
  chmodSync(path, 0o755);
  scratch.write('package/package.json', { name: 'assay', type: 'module' });
  const file = scratch.path('assay.tgz');
  execFileSync('tar', ['-czf', file, '-C', scratch.folder, 'package']);
  return file;
}

let count = 0;
/** The checkout of a job: a folder of its own. */
function checkout(): string {
  const folder = scratch.path(`checkout-${count++}`);
  mkdirSync(folder);
  return folder;
}

/** Runs a job in its checkout, with `curl` in place of the network. */
function run(name: string, cwd: string, variables: Readonly<Record<string, string>>, given = INPUTS): Promise<Run> {
  const { script = [] } = jobs[name] as Template;
  const text = [...(base.before_script ?? []), ...script].join('\n').replace(/\$\[\[ inputs\.([\w-]+) \]\]/g, (_, input: string) => given[input] ?? '');
  const bin = scratch.path(`bin-${count++}`);
  mkdirSync(bin);
  writeFileSync(join(bin, 'curl'), `#!/bin/sh\nwhile [ "$1" != --output ]; do shift; done; cp "${archive}" "$2"\n`, { mode: 0o755 });
  const env = {
    HOME: bin,
    TMPDIR: bin,
    PATH: [bin, dirname(process.execPath), process.env['PATH'] ?? ''].join(':'),
    ASSAY_TRUST: scene.document('client_trust_config.json'),
    ...variables,
  };
  return runOf(spawn('sh', ['-c', `set -e\n${text}`], { cwd, env }));
}

describe('the template', () => {
  test('has jobs to extend, and none that runs by itself', () => {
    expect(Object.keys(jobs)).toEqual(['.assay', '.assay-verify', '.assay-release', '.assay-lint', '.assay-pin']);
    for (const [name, job] of Object.entries(jobs)) if (name !== '.assay') expect(job.extends).toBe('.assay');
  });

  test('gives an identity to the release alone', () => {
    for (const [name, job] of Object.entries(jobs)) expect(job.id_tokens !== undefined, name).toBe(name === '.assay-release');
    expect(jobs['.assay-release']).toMatchObject({ id_tokens: { SIGSTORE_ID_TOKEN: { aud: 'sigstore' } }, rules: [{ if: '$CI_COMMIT_TAG' }] });
  });

  test('takes what is run from inputs that must be given, and that no variable overrides', () => {
    expect(base.image).toBe('$[[ inputs.image ]]');
    for (const input of Object.values(inputs)) expect(input.default).toBeUndefined();
    for (const job of Object.values(jobs)) expect(job).not.toHaveProperty('variables');
    for (const { script = [] } of Object.values(jobs)) expect(script.join('')).not.toContain('$[[');
  });

  test.each(Object.entries(INPUTS))('takes no %s that leaves room for a command', (name, good) => {
    const form = new RegExp(inputs[name]?.regex ?? '');
    expect(form.test(good)).toBe(true);
    const bad = ['', `${good}'`, `${good}\n`, `\n${good}`, `${good} x`, `$(x)${good}`, `${good}\`x\``, `${good}"; x`, `${good}$x`];
    for (const text of bad) expect(form.test(text), JSON.stringify(text)).toBe(false);
  });

  test('takes no image by tag, and no package without encryption', () => {
    const takes = (name: string, value: string) => new RegExp(inputs[name]?.regex ?? '').test(value);
    expect(takes('image', 'node:24.21.0')).toBe(false);
    expect(takes('package-url', 'http://mirror.example/assay.tgz')).toBe(false);
  });
});

test.each(['.assay-verify', '.assay-release', '.assay-lint', '.assay-pin'])('%s runs no other package', async (name) => {
  const cwd = checkout();
  const ended = await run(name, cwd, { ASSAY_VERIFY: 'x' }, { ...INPUTS, 'package-sha256': '0'.repeat(64) });
  expect(ended).toMatchObject({ status: 1, stdout: expect.stringContaining('FAILED') });
  expect(readdirSync(cwd)).toEqual([]);
});

describe('.assay-verify', async () => {
  const file = scratch.path(ARTIFACT);
  await scene.sign({ content: 'message', rekor: 2 }, `${file}.sigstore.json`);
  const who = { ASSAY_IDENTITY: PERSON.email, ASSAY_ISSUER: endpoints.oidc };

  test('verifies, and leaves the proof', async () => {
    const cwd = checkout();
    const ended = await run('.assay-verify', cwd, { ...who, ASSAY_VERIFY: `${file}\n`, ASSAY_ARGS: '--log-threshold\n1' });
    expect(ended, ended.stderr).toMatchObject({ status: 0, stdout: expect.stringContaining('the saved result accepted the evidence') });
    expect(readFileSync(join(cwd, 'assay-verify.md'), 'utf8')).toMatch(/^## Assay: 1 of 1 verified/);
    expect(JSON.parse(readFileSync(join(cwd, 'assay-verify.json'), 'utf8'))).toMatchObject({ ok: true, subject: file });
  });

  test('fails for what does not hold, and leaves the proof of that', async () => {
    const cwd = checkout();
    expect(await run('.assay-verify', cwd, { ...who, ASSAY_IDENTITY: 'other@stack.example', ASSAY_VERIFY: file })).toMatchObject({ status: 1 });
    expect(readFileSync(join(cwd, 'assay-verify.md'), 'utf8')).toMatch(/^## Assay: 0 of 1 verified/);
  });

  test.each(['ASSAY_VERIFY', 'ASSAY_IDENTITY', 'ASSAY_ARGS'])('runs nothing of what %s says', async (name) => {
    for (const attack of ['$(touch pwned)', '`touch pwned`', '"; touch pwned; "', "'; touch pwned; '", '*']) {
      const cwd = checkout();
      expect((await run('.assay-verify', cwd, { ...who, ASSAY_VERIFY: file, [name]: attack })).status).not.toBe(0);
      expect(readdirSync(cwd).filter((one) => !one.startsWith('assay-verify.'))).toEqual([]);
    }
  });

  test('fails when nothing is named', async () => {
    for (const variables of [who, { ...who, ASSAY_VERIFY: '' }]) expect((await run('.assay-verify', checkout(), variables)).status).not.toBe(0);
  });
});

test('.assay-release releases as the pipeline of the project', async () => {
  const { folder } = await writeProject(scratch, { name: 'project', registry: endpoints.registry });
  const job = { ...(await scene.gitlabJob()), CI_COMMIT_TAG: 'v1.2.3', CI_COMMIT_TIMESTAMP: '2026-03-01T12:00:00+01:00' };
  const login = { CI_REGISTRY: 'registry.example', CI_REGISTRY_USER: 'u', CI_REGISTRY_PASSWORD: '$(touch pwned)"' };
  const ended = await run('.assay-release', folder, { ...job, ...login });
  expect(ended, ended.stderr).toMatchObject({ status: 0 });
  expect(existsSync(join(folder, 'pwned'))).toBe(false);
  const verified = await scene.assay(['verify', join(folder, 'release'), '--identity', GITLAB_SAN, '--issuer', `${endpoints.oidc}/gitlab`]);
  expect(verified, verified.stdout).toMatchObject({ status: 0 });
});
const GITLAB_SAN = 'https://gitlab.com/group/app//.gitlab-ci.yml@refs/heads/main';

describe('.assay-lint', () => {
  test('fails for what weakens verification', async () => {
    const cwd = checkout();
    writeFileSync(join(cwd, 'good.sh'), 'echo\n');
    expect(await run('.assay-lint', cwd, {})).toMatchObject({ status: 0 });
    writeFileSync(join(cwd, 'a b.sh'), "cosign verify --certificate-identity-regexp '.*' --certificate-oidc-issuer-regexp '.*' ghcr.io/o/a:1\n");
    expect(await run('.assay-lint', cwd, {})).toMatchObject({ status: 1, stdout: expect.stringContaining('a b.sh:1:') });
    expect(await run('.assay-lint', cwd, { ASSAY_PATHS: 'good.sh' })).toMatchObject({ status: 0 });
    expect(await run('.assay-lint', cwd, { ASSAY_PATHS: 'good.sh\na b.sh' })).toMatchObject({ status: 1 });
  });
});

describe('.assay-pin', async () => {
  const { reference } = await scene.place();
  await scene.assay(['sign', '--identity-token', await scene.token(), reference]);
  const policy = {
    apiVersion: 'assay.dev/v1alpha1',
    kind: 'ImagePolicy',
    metadata: { name: 'person' },
    spec: { signers: [{ subject: PERSON.email, issuer: endpoints.oidc }] },
  };

  test('fails for what is not pinned', async () => {
    const cwd = checkout();
    writeFileSync(join(cwd, 'policy.json'), JSON.stringify(policy));
    writeFileSync(join(cwd, 'compose.yaml'), `services:\n  app:\n    image: ${reference}\n`);
    const variables = { ASSAY_POLICY: 'policy.json', ASSAY_PATHS: 'compose.yaml' };
    const pinned = await run('.assay-pin', cwd, variables);
    expect(pinned, pinned.stdout + pinned.stderr).toMatchObject({ status: 0 });
    writeFileSync(join(cwd, 'compose.yaml'), `services:\n  app:\n    image: ${reference.replace(/@.*/, ':image')}\n`);
    expect(await run('.assay-pin', cwd, variables)).toMatchObject({ status: 1 });
    expect((await run('.assay-pin', cwd, { ASSAY_PATHS: 'compose.yaml' })).status).not.toBe(0);
  });
});
