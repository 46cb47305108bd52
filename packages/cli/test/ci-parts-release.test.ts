/**
 * The reusable release workflow in `deploy/`: its jobs, run step by step as GitHub Actions would run them, with a private Sigstore and a `gh` that keeps the
 * releases of a repository in a folder. Whatever goes wrong, nobody sees more than a draft.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CiRunner } from './ci-runner.ts';
import { openProvenanceScene } from './provenance-scene.ts';
import { writeProject } from './release-project.ts';
import type { Run } from './run-cli.ts';
import { deployFile, type Job, parseYaml, type Step, type Workflow } from './workflow-file.ts';

const WORKFLOW = deployFile('github/release.yml');
const workflow = parseYaml<Workflow>(WORKFLOW);
const { sign, publish } = workflow.jobs as { readonly sign: Job; readonly publish: Job };
const steps = [...sign.steps, ...publish.steps];
const install = steps.filter(({ name }) => name === 'Install assay');
/** Of the release that was looked at; `deploy.test.ts` is about how that is installed, by the same steps. */
const installed = (job: Job): readonly Step[] => job.steps.filter((step) => !install.includes(step));
const stepOf = (name: string): Step => steps.find((step) => step.name === name) as Step;

describe('the workflow', () => {
  test('is called, and starts by itself on nothing', () => expect(Object.keys(workflow.on)).toEqual(['workflow_call']));

  test('gives an identity to the job that signs, and the repository to the one that publishes', () => {
    expect(workflow.permissions).toEqual({});
    expect(sign.permissions).toEqual({ 'id-token': 'write', packages: 'write' });
    expect(publish.permissions).toEqual({ contents: 'write', packages: 'read' });
    expect(publish.needs).toEqual(['sign']);
    expect(Object.keys(workflow.jobs)).toEqual(['sign', 'publish']);
  });

  test('runs where GitHub runs it, whatever its caller says, and no step of a build', () => {
    for (const job of Object.values(workflow.jobs)) expect(job['runs-on']).toBe('ubuntu-24.04');
    expect(WORKFLOW).not.toMatch(/^\s+(?:container|services|strategy|environment):/m);
    expect(WORKFLOW).not.toContain('actions/checkout');
    expect(Object.keys(workflow.on.workflow_call.inputs)).toEqual(['artifact-name', 'registry', 'registry-user']);
  });

  test('hands variables to the shell, and never text to be run', () => {
    expect(workflow.defaults.run.shell).toBe('bash');
    for (const { run, uses = '' } of steps) {
      expect(`${run ?? 'set -euo pipefail\n'}`).toMatch(/^set -euo pipefail\n/);
      expect((run ?? '') + uses).not.toContain('${{');
    }
  });

  test('names actions by commit, and says which version that is', () => {
    for (const line of WORKFLOW.match(/^(?!#).*\buses: (.*)$/gm) ?? []) expect(line).toMatch(/uses: actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('installs assay as provenance.yml does, of which no release is named either', () => {
    const ours = parseYaml<Workflow>(deployFile('github/provenance.yml')).jobs['sign']?.steps.find(({ name }) => name === 'Install assay');
    expect(install).toEqual([ours, ours]);
  });
});

const scene = await openProvenanceScene();
const { scratch, endpoints } = scene;
const ISSUER = `${endpoints.oidc}/github`;
const SIGNER = 'example/builders/.github/workflows/release.yml@refs/tags/v1.0.0';
const project = await writeProject(scratch, { name: 'project', registry: endpoints.registry });
const commit = { head_commit: { timestamp: '2026-03-01T12:00:00+01:00' } };
let count = 0;

interface Attempt {
  readonly runner: CiRunner;
  readonly run: Run;
}

async function openRunner(more: Readonly<Record<string, string>> = {}): Promise<CiRunner> {
  const { GITHUB_CONTEXT: _, VARS_CONTEXT: __, ...job } = await scene.githubJob({ job_workflow_ref: SIGNER });
  const github = { actor: 'octocat', token: 'ghs_secret', ref_name: 'v1.2.3', event: commit };
  const runner = new CiRunner(scratch.path(`runner-${count++}`), {
    env: { ...job, GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: 'v1.2.3', ASSAY_TRUST: scene.document('client_trust_config.json'), ...more },
    contexts: {
      github,
      inputs: { 'artifact-name': 'to-release', registry: endpoints.registry, 'registry-user': '' },
      secrets: { 'registry-password': 'the-password-of-the-registry' },
    },
  });
  runner.installAssay();
  return runner;
}

/** The job that signs, with what the build has handed over. */
async function signs(prepare: (artifact: string) => void = () => undefined, more: Readonly<Record<string, string>> = {}): Promise<Attempt> {
  const runner = await openRunner(more);
  const artifact = join(runner.temp, 'to-release');
  cpSync(project.folder, artifact, { recursive: true });
  prepare(artifact);
  return { runner, run: await runner.runAll(installed(sign)) };
}

/** The releases of a repository, in which `gh` fails as it is told. */
class Releases {
  readonly folder: string;

  constructor() {
    this.folder = scratch.path(`releases-${count++}`);
    mkdirSync(join(this.folder, 'assets'), { recursive: true });
  }

  get state(): 'none' | 'draft' | 'published' {
    const file = join(this.folder, 'is-draft');
    return existsSync(file) ? (readFileSync(file, 'utf8') === 'true\n' ? 'draft' : 'published') : 'none';
  }

  get assets(): readonly string[] {
    return readdirSync(join(this.folder, 'assets')).sort();
  }

  calls(): readonly string[] {
    return readFileSync(join(this.folder, 'calls'), 'utf8').trim().split('\n');
  }

  /** `fails`: a command of `gh release`. */
  program(fails = ''): string {
    return `
cd ${JSON.stringify(this.folder)} && home=$PWD && cd "$OLDPWD"
printf '%s\\n' "$*" >> "$home/calls"
[ "$1" = release ] && [ "$GH_TOKEN" = ghs_secret ] || exit 9
verb=$2; while [ "$1" != -- ]; do if [ "$1" = --dir ]; then dir=$2; fi; shift; done; shift
[ "$1" = v1.2.3 ] || exit 9
shift
case $verb in
  view) [ -f "$home/is-draft" ] || { echo 'release not found' >&2; exit 1; }; cat "$home/is-draft" ;;
  create) echo true > "$home/is-draft" ;;
  upload) if [ "${fails}" = upload ]; then cp "$1" "$home/assets/"; exit 1; fi; cp "$@" "$home/assets/" ;;
  download) mkdir -p "$dir"; cp "$home"/assets/* "$dir/" ;;
  edit) [ "${fails}" != edit ] || exit 1; echo false > "$home/is-draft" ;;
  *) exit 9 ;;
esac`;
  }
}

/** The job that publishes, with what the one before has handed over. */
async function publishes({ runner: signer }: Attempt, releases: Releases, fails?: string): Promise<Attempt> {
  const runner = await openRunner();
  runner.program('gh', releases.program(fails));
  cpSync(join(signer.temp, 'release'), join(runner.temp, 'release'), { recursive: true });
  return { runner, run: await runner.runAll(installed(publish), { needs: { sign: { outputs: signer.outputs() } } }) };
}

const signed = await signs();

describe('what is signed', () => {
  test('names the workflow that was called, and not the one that calls', async () => {
    expect(signed.run, signed.run.stderr).toMatchObject({ status: 0 });
    const outputs = signed.runner.outputs();
    expect(outputs).toMatchObject({ identity: `https://github.com/${SIGNER}`, issuer: ISSUER, 'release-sha256': expect.stringMatching(/^[0-9a-f]{64}$/) });
    const verify = (identity: string): Promise<Run> => scene.assay(['verify', join(signed.runner.temp, 'release'), '--identity', identity, '--issuer', ISSUER]);
    expect(await verify(`https://github.com/${SIGNER}`)).toMatchObject({ status: 0 });
    expect(await verify('https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.2.3')).toMatchObject({ status: 1 });
  });

  test('is the same in every attempt, so that one begun anew finds its tags as it would set them', async () => {
    const { run, runner } = await signs();
    expect(run, run.stderr).toMatchObject({ status: 0 });
    const digests = (folder: string) => {
      const { files, images, charts } = JSON.parse(readFileSync(join(folder, 'release/assay.release.json'), 'utf8'));
      return [...files, ...images, ...charts].map(({ sha256, digest }) => sha256 ?? digest);
    };
    expect(digests(runner.temp)).toEqual(digests(signed.runner.temp));
  });

  const none: readonly (readonly [string, Parameters<typeof signs>[0], Readonly<Record<string, string>>, string])[] = [
    ['not of a tag', undefined, { GITHUB_REF_TYPE: 'branch', GITHUB_REF_NAME: 'main' }, 'made of a tag'],
    ['with links', (artifact) => symlinkSync('/proc/self/environ', join(artifact, 'dist/app-environ')), {}, 'links'],
    ['without a description', (artifact) => rmSync(join(artifact, 'assay.release.yaml')), {}, 'FILE_NOT_FOUND'],
  ];
  test.each(none)('is nothing %s', async (_, prepare, more, says) => {
    const before = await scene.logged();
    const { run, runner } = await signs(prepare, more);
    expect(run.status).not.toBe(0);
    expect(run.stdout + run.stderr).toContain(says);
    expect(runner.outputs()).toEqual({});
    expect(existsSync(join(runner.temp, 'release'))).toBe(false);
    expect(await scene.logged()).toEqual(before);
  });

  test('holds no secret of the job, whatever the description names', async () => {
    for (const [name, path] of [
      ['environ', '../../../../../../../../../../proc/self/environ'],
      ['config.json', '../docker/config.json'],
    ] as const) {
      const { run, runner } = await signs((artifact) =>
        edit(join(artifact, 'assay.release.yaml'), (text) => text.replace('files: [dist/app-*]', `files: ['${path}']`).replace(/images:[\s\S]*/, '')),
      );
      expect(run.status, name).not.toBe(0);

      expect(runner.outputs(), name).toEqual({});
    }
  });

  test('runs no program that a repository in the artifact names', async () => {
    const { run, runner } = await signs((artifact) => {
      const git = (...argv: readonly string[]): string => execFileSync('git', ['-C', artifact, ...argv], { encoding: 'utf8' });
      git('init', '--quiet');
      const content = scratch.write('commit', `tree ${git('write-tree').trim()}\n${COMMIT}`);
      const commit = git('hash-object', '-t', 'commit', '-w', content);
      git('update-ref', 'HEAD', commit.trim());
      git('config', 'log.showSignature', 'true');
      writeFileSync(join(artifact, 'evil'), '#!/bin/sh\ntouch "$RUNNER_TEMP/pwned"\n', { mode: 0o755 });
      git('config', 'gpg.program', join(artifact, 'evil'));
    });
    expect(run, run.stderr).toMatchObject({ status: 0 });
    expect(existsSync(join(runner.temp, 'pwned'))).toBe(false);
    // The trap is a real one.
    execFileSync('git', ['-C', join(runner.temp, 'to-release'), 'show', '--no-patch', 'HEAD'], {
      env: { PATH: process.env['PATH'], RUNNER_TEMP: runner.temp },
    });
    expect(existsSync(join(runner.temp, 'pwned'))).toBe(true);
  });

  const COMMIT = `author A <a@stack.example> 0 +0000
committer A <a@stack.example> 0 +0000
gpgsig -----BEGIN PGP SIGNATURE-----
 
 AAAA
 -----END PGP SIGNATURE-----

message
`;
});

describe('the login', () => {
  const login = stepOf('Log in');
  const secret = '$(touch pwned)"; \'`';

  test('is kept for the registry alone, and where nobody else reads it', async () => {
    const runner = await openRunner();
    const inputs = { registry: 'registry.example:5000', 'registry-user': '$(touch pwned)"' };
    expect(await runner.run(login, { inputs, secrets: { 'registry-password': secret } })).toMatchObject({ status: 0, stdout: '' });
    const file = join(runner.temp, 'docker/config.json');
    const auth = Buffer.from(`${inputs['registry-user']}:${secret}`).toString('base64');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ auths: { 'registry.example:5000': { auth } } });
    expect(execFileSync('stat', ['-c', '%a', file]).toString()).toBe('600\n');
    expect(runner.told('GITHUB_ENV')).toBe(`DOCKER_CONFIG=${join(runner.temp, 'docker')}\n`);
    expect(readdirSync(runner.workspace)).toEqual([]);
  });

  test("is the job's own for GitHub's registry, and nothing for another, unless one is given", async () => {
    for (const [registry, user] of [
      ['ghcr.io', 'octocat'],
      ['registry.example', undefined],
    ] as const) {
      const runner = await openRunner();
      expect(await runner.run(login, { inputs: { registry, 'registry-user': '' }, secrets: {} })).toMatchObject({ status: 0, stdout: '' });
      const file = join(runner.temp, 'docker/config.json');
      if (user === undefined) expect(existsSync(file)).toBe(false);
      else expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ auths: { [registry]: { auth: Buffer.from(`${user}:ghs_secret`).toString('base64') } } });
    }
  });

  test.each(['', 'a"b', '$(touch pwned)', 'ghcr.io\nevil.example', 'ghcr.io/owner'])('is for a host, and not for %j', async (registry) => {
    const runner = await openRunner();
    expect(await runner.run(login, { inputs: { registry, 'registry-user': 'u' } })).toMatchObject({ status: 1 });
    expect(readdirSync(runner.temp)).toEqual([]);
    expect(readdirSync(runner.workspace)).toEqual([]);
  });
});

describe('what is published', () => {
  const folder = join(signed.runner.temp, 'release');

  test('is all of it, verified as it was downloaded, with the proof on the summary page', async () => {
    const releases = new Releases();
    const { run, runner } = await publishes(signed, releases);
    expect(run, run.stderr).toMatchObject({ status: 0 });
    expect(releases.state).toBe('published');
    expect(releases.assets).toEqual(readdirSync(folder).sort());
    expect(releases.calls().map((call) => call.split(' ')[1])).toEqual(['view', 'create', 'upload', 'download', 'edit']);
    expect(releases.calls()[1]).toBe('release create --repo example/app --draft --verify-tag --title v1.2.3 --notes  -- v1.2.3');
    expect(releases.calls().at(-1)).toBe('release edit --repo example/app --draft=false --verify-tag -- v1.2.3');
    expect(runner.told('GITHUB_STEP_SUMMARY')).toMatch(/^## Assay: 1 of 1 verified\n\n<h3>✔ <code>published<\/code> is verified<\/h3>/);
  });

  test.each(['upload', 'edit'])('is a draft when its %s fails, and is completed by another attempt', async (fails) => {
    const releases = new Releases();
    expect((await publishes(signed, releases, fails)).run.status).not.toBe(0);
    expect(releases.state).toBe('draft');
    expect((await publishes(signed, releases)).run).toMatchObject({ status: 0 });
    expect(releases.state).toBe('published');
    expect(releases.assets).toEqual(readdirSync(folder).sort());
    expect(releases.calls().filter((call) => call.startsWith('release create'))).toHaveLength(1);
  });

  test('is a draft when something in it is not what was signed, or nobody signed it', async () => {
    for (const [name, content] of [
      ['app-linux-amd64', 'a prograM\n'],
      ['installer.sh', 'curl | sh\n'],
    ] as const) {
      const releases = new Releases();
      const upload = releases
        .program()
        .replace('upload) ', `upload) cp "$@" "$home/assets/"; printf '${content.replace('\n', '\\n')}' > "$home/assets/${name}"; exit 0;\n`);
      const runner = await openRunner();
      runner.program('gh', upload);
      cpSync(folder, join(runner.temp, 'release'), { recursive: true });
      const run = await runner.runAll(installed(publish), { needs: { sign: { outputs: signed.runner.outputs() } } });
      expect(run).toMatchObject({ status: 1 });
      expect(releases.state).toBe('draft');
      expect(runner.told('GITHUB_STEP_SUMMARY')).toContain('<code>published</code> is NOT verified');
    }
  });

  test('is nothing when it is not what the job before has signed', async () => {
    const releases = new Releases();
    const runner = await openRunner();
    runner.program('gh', releases.program());
    cpSync(folder, join(runner.temp, 'release'), { recursive: true });
    edit(join(runner.temp, 'release/assay.release.json'), (text) => `${text} `);
    expect((await runner.runAll(installed(publish), { needs: { sign: { outputs: signed.runner.outputs() } } })).status).toBe(1);
    expect(releases.state).toBe('none');
  });

  test('is not touched again', async () => {
    const releases = new Releases();
    await publishes(signed, releases);
    const calls = releases.calls().length;
    const { run } = await publishes(signed, releases);
    expect(run).toMatchObject({ status: 1, stdout: expect.stringContaining('::error::this tag has a release already') });
    expect(
      releases
        .calls()
        .slice(calls)
        .map((call) => call.split(' ')[1]),
    ).toEqual(['view']);
  });

  test('is a prerelease when its version is one', async () => {
    const releases = new Releases();
    const runner = await openRunner();
    runner.program('gh', releases.program().replaceAll('v1.2.3', 'v1.2.3-rc.1'));
    cpSync(folder, join(runner.temp, 'release'), { recursive: true });
    const contexts = { github: { token: 'ghs_secret', ref_name: 'v1.2.3-rc.1' }, needs: { sign: { outputs: signed.runner.outputs() } } };
    expect(await runner.run(stepOf('Draft'), contexts)).toMatchObject({ status: 0 });
    expect(releases.calls()[1]).toContain(' --prerelease -- v1.2.3-rc.1');
  });
});

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}
