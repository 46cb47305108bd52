/** The compatible commands beyond their transcripts: what must never happen, and what no transcript can show. */
import { generateKey } from '@assay/make';
import { DEFAULT_NOW } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import type { Io } from '../src/io.ts';
import { main } from '../src/main.ts';
import { writeBlobFiles } from './blob-files.ts';
import { ARTIFACT, COSIGN_SIGNER, legacyBundleOf } from './material.ts';
import { runCli, runCosign, Scratch } from './run-cli.ts';

const scratch = new Scratch();
const { instance, looseTrust } = writeBlobFiles(scratch);
const root = scratch.path('root.json');
const artifact = scratch.path('a.txt');
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/;

describe('-d', () => {
  const verify = ['verify-blob', '--bundle', scratch.path('v1.json'), ...COSIGN_SIGNER, '--trusted-root', root];

  test.each([['-d'], ['--verbose']])('%s shows the proof tree on standard error, and nothing on standard output', async (flag) => {
    const { status, stdout, stderr } = await runCosign([...verify, flag, artifact]);
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/ {2}✔ recorded in 1 transparency log entry\n[\s\S]*\nVerified OK\n$/);
  });

  test('shows it of what is refused too', async () => {
    const { status, stderr } = await runCosign([...verify, '-d', scratch.path('b.txt')]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/✘ this is not the artifact that was signed {2}\[ARTIFACT_MISMATCH_DIGEST\][\s\S]*\nError: failed to verify signature/);
  });
});

describe('--help', () => {
  test.each([
    [[], /Available Commands:[\s\S]*\n {2}verify-blob /],
    [['--help'], /Available Commands:[\s\S]*\n {2}verify-blob /],
    [['help'], /Available Commands:[\s\S]*\n {2}verify-blob /],
    [['verify-blob', '--help'], /cosign verify-blob \[flags\] BLOB/],
    [['verify-blob', '-h'], /Examples:\n/],
    [['verify-blob-attestation', '--help'], /--digestAlg string/],
  ])('%j', async (argv, text) => {
    const run = await runCosign(argv);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toMatch(text);
  });

  test('hides deprecated flags', async () => {
    const { stdout } = await runCosign(['verify-blob', '--help']);
    for (const name of ['signature', 'certificate', 'rekor-url', 'offline']) expect(stdout).not.toMatch(new RegExp(`^ +--${name} `, 'm'));
  });
});

test('assay cosign and cosign are the same', async () => {
  const argv = ['verify-blob', '--bundle', scratch.path('v1.json'), ...COSIGN_SIGNER, '--trusted-root', root, artifact];
  expect(await runCli(['cosign', ...argv])).toEqual(await runCosign(argv));
});

describe('a key in a variable', () => {
  const key = generateKey('p256');
  const bundle = scratch.write('envkey.json', instance.sign(ARTIFACT, { key }).bundleBytes);
  const verify = ['verify-blob', '--bundle', bundle, '--key', 'env://PUB', '--trusted-root', root, artifact];

  test('is used', async () => {
    expect(await runCosign(verify, { env: { PUB: key.publicPem } })).toEqual({ status: 0, stdout: '', stderr: 'Verified OK\n' });
  });

  test('that is not set is named', async () => {
    expect((await runCosign(verify)).stderr).toContain('env var $PUB not found');
  });
});

test.each(['P-384', 'P-521', 'RSA', 'Ed25519'])('a signature by a %s key is verified, as message and as loose file', async (name) => {
  const type = ({ 'P-384': 'p384', 'P-521': 'p521', RSA: 'rsa2048', Ed25519: 'ed25519' } as const)[name as 'RSA'];
  const key = generateKey(type);
  const sample = instance.sign(ARTIFACT, { key });
  const pub = scratch.write(`${name}.pub`, key.publicPem);
  const bundle = scratch.write(`${name}.json`, sample.bundleBytes);
  const signature = Buffer.from(sample.expected.signature).toString('base64');
  expect(await runCosign(['verify-blob', '--bundle', bundle, '--key', pub, '--trusted-root', root, artifact])).toMatchObject({ status: 0 });
  const loose = ['verify-blob', '--key', pub, '--signature', signature, '--insecure-ignore-tlog'];
  expect(await runCosign([...loose, artifact])).toMatchObject({ status: 0 });
  expect(await runCosign([...loose, scratch.path('b.txt')])).toMatchObject({ status: 1 });
});

test('names in a refused certificate are escaped', async () => {
  const sample = instance.sign(ARTIFACT, { identity: { type: 'username', value: 'me\u001b[2K\nVerified OK\u202e' } });
  const old = scratch.write('hostile.bundle', legacyBundleOf(sample));
  const run = await runCosign(['verify-blob', '--bundle', old, ...COSIGN_SIGNER, artifact], { env: looseTrust });
  expect(run).toMatchObject({ status: 1, stdout: '' });
  expect(run.stderr).not.toMatch(CONTROL);
  expect(run.stderr).not.toMatch(/^Verified OK/m);
});

test('a timeout of more than 24 days does not fire at once', async () => {
  const run = await runCosign([
    'verify-blob',
    '--timeout',
    '1000h',
    '--bundle',
    scratch.path('key.json'),
    '--key',
    scratch.path('key.pub'),
    '--trusted-root',
    root,
    artifact,
  ]);
  expect(run).toEqual({ status: 0, stdout: '', stderr: 'Verified OK\n' });
});

test('an output file that cannot be made is one error', async () => {
  const run = await runCosign([
    'verify-blob',
    '--output-file',
    scratch.path('nofolder/x'),
    '--key',
    scratch.path('key.pub'),
    '--bundle',
    scratch.path('key.json'),
    artifact,
  ]);
  const message = `error creating output file ${scratch.path('nofolder/x')}: open ${scratch.path('nofolder/x')}: no such file or directory`;
  expect(run).toEqual({ status: 1, stdout: '', stderr: `Error: ${message}\nerror during command execution: ${message}\n` });
});

describe('a bug of ours', () => {
  const broken = (env: Record<string, string>): Io & { text: string } => ({
    text: '',
    env,
    now: DEFAULT_NOW,
    terminal: false,
    stdout() {},
    stderr(text) {
      this.text += text;
    },
    stdin() {
      throw new Error('a bug');
    },
  });
  const native = ['verify', '-', '--bundle', scratch.path('v1.json'), '--identity', 'x', '--issuer', 'y', '--trusted-root', root];
  const cosign = ['verify-blob', '--bundle', scratch.path('v1.json'), ...COSIGN_SIGNER, '--trusted-root', root, '-'];

  test.each([
    ['assay', native, 3],
    ['cosign', cosign, 1],
  ])('of %s asks for a report, and shows the trace only when asked', async (program, argv, status) => {
    const quiet = broken({});
    expect(await main(argv, program, withOwnStderr(quiet))).toBe(status);
    expect(quiet.text).toMatch(/internal error.*report/s);
    expect(quiet.text).toContain('a bug');
    expect(quiet.text).not.toMatch(/\n\s+at /);
    const loud = broken({ ASSAY_DEBUG: '1' });
    await main(argv, program, withOwnStderr(loud));
    expect(loud.text).toMatch(/\n\s+at /);
  });
});

/** Commands take `stderr` off the object. */
function withOwnStderr(io: Io): Io {
  return { ...io, stderr: io.stderr.bind(io) };
}
