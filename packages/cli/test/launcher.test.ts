/** The program as a whole process: its names, the Node that runs it, its streams. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { ARTIFACT, COSIGN_SIGNER, instanceAndRoot, NATIVE_SIGNER } from './material.ts';
import { Scratch, spawnCli } from './run-cli.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const launcher = join(repository, 'packages/cli/bin/assay.js');
const scratch = new Scratch();
const { instance, root } = instanceAndRoot();
scratch.write('root.json', root);
scratch.write('app', ARTIFACT);
scratch.write('app.sigstore.json', instance.sign(ARTIFACT).bundleBytes);
const inScratch = { cwd: scratch.folder, env: { HOME: scratch.path('home'), ASSAY_TRUST: undefined, ASSAY_OFFLINE: undefined } };

// The clock of the process is the real one: bundles of the testkit are of the past for it, as they should be.
const VERIFY = ['verify', 'app', ...NATIVE_SIGNER, '--trusted-root', 'root.json'];
const VERIFY_BLOB = ['verify-blob', '--bundle', 'app.sigstore.json', ...COSIGN_SIGNER, '--trusted-root', 'root.json', 'app'];

describe('assay', () => {
  test('prints its version', async () => {
    expect(await spawnCli(['--version'])).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  test('verifies, and its status is the verdict', async () => {
    expect(await spawnCli(VERIFY, inScratch)).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^✔ app is verified\n/) });
    expect(await spawnCli(['verify', 'nofile', ...NATIVE_SIGNER], inScratch)).toMatchObject({ status: 2, stdout: '' });
  });

  test('reads the artifact from standard input', async () => {
    const argv = ['verify', '-', '--bundle', 'app.sigstore.json', ...NATIVE_SIGNER, '--trusted-root', 'root.json'];
    expect(await spawnCli(argv, { ...inScratch, stdin: Buffer.from(ARTIFACT).toString() })).toMatchObject({ status: 0 });
  });

  test('is found by npx in the checkout', async () => {
    const bin = join(repository, 'node_modules/.bin/assay');
    expect(existsSync(bin)).toBe(true);
    expect(await spawnCli(['--version'], { command: [bin] })).toMatchObject({ status: 0, stdout: `${manifest.version}\n` });
  });

  test('ends quietly when its reader goes away', async () => {
    const child = spawn(process.execPath, [launcher, 'verify', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    await new Promise((resolve) => child.on('close', resolve));
    expect(stderr).toBe('');
  });
});

describe('under the name cosign', () => {
  const link = scratch.path('bin/cosign');
  mkdirSync(scratch.path('bin'), { recursive: true });
  symlinkSync(launcher, link);

  test('a symlink is that tool', async () => {
    expect(await spawnCli(VERIFY_BLOB, { ...inScratch, command: [process.execPath, link] })).toEqual({ status: 0, stdout: '', stderr: 'Verified OK\n' });
  });

  test('and so is the first argument', async () => {
    expect(await spawnCli(['cosign', ...VERIFY_BLOB], inScratch)).toEqual({ status: 0, stdout: '', stderr: 'Verified OK\n' });
  });

  test('--output-file holds standard output, and help is shown with status 0', async () => {
    const run = await spawnCli(['verify-blob', '--help'], { ...inScratch, command: [process.execPath, link] });
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toMatch(/Usage:\n {2}cosign verify-blob \[flags\] BLOB\n[\s\S]*Examples:\n[\s\S]*--bundle string/);
    expect(run.stdout).not.toContain('--rekor-url');
  });
});

describe('under the name crane', () => {
  const link = scratch.path('bin/crane');
  symlinkSync(launcher, link);
  const version = { status: 0, stdout: `${manifest.version}\n`, stderr: '' };

  test('a symlink is that tool', async () => {
    expect(await spawnCli(['version'], { ...inScratch, command: [process.execPath, link] })).toEqual(version);
  });

  test('and so is the first argument', async () => {
    expect(await spawnCli(['crane', 'version'], inScratch)).toEqual(version);
  });

  test('what is no command is refused in its words', async () => {
    expect(await spawnCli(['verify'], { ...inScratch, command: [process.execPath, link] })).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^Error: unknown command "verify" for "crane"\n/),
    });
  });
});

describe('with a Node on PATH that is too old', () => {
  const old = oldNode();
  test.skipIf(old === undefined)(`${old ?? 'no such Node here'}: the pinned one takes over, with the same name, streams and status`, async () => {
    const link = scratch.path('bin/cosign');
    const env = { ...inScratch.env, PATH: `${old}${delimiter}/usr/bin${delimiter}/bin` };
    chmodSync(launcher, 0o755);
    const bad = VERIFY_BLOB.map((word) => (word === 'app' ? 'root.json' : word));
    const [good, refused] = await Promise.all([
      spawnCli(VERIFY_BLOB, { cwd: scratch.folder, env, command: [link] }),
      spawnCli(bad, { cwd: scratch.folder, env, command: [link] }),
    ]);
    expect(good).toEqual({ status: 0, stdout: '', stderr: 'Verified OK\n' });
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    const crane = await spawnCli(['version'], { cwd: scratch.folder, env, command: [scratch.path('bin/crane')] });
    expect(crane).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });
});

/** The first folder of PATH, apart from ours, whose Node cannot run us. */
function oldNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules') && existsSync(join(folder, 'node')));
  return folders.find((folder) => {
    const version = execFileSync(join(folder, 'node'), ['--version'], { encoding: 'utf8' });
    return Number(/^v(\d+)/.exec(version)?.[1]) < 22;
  });
}
