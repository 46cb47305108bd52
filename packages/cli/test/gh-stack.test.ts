/** `gh attestation` with a private Sigstore of our own: its trusted root over TUF, and what its workflows attest, in files and beside images. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { openStackScene, PREDICATE, PREDICATE_TYPE, type StackScene, WORKFLOW } from './foreign-stack-scene.ts';
import { type Run, runCli } from './run-cli.ts';

const scene: StackScene = await openStackScene();
const { scratch, endpoints } = scene;
const FILE = scratch.write('widget.tar.gz', 'widget');
const ROOTS = scratch.path('trusted_root.jsonl');
const ISSUER = ['--cert-oidc-issuer', `${endpoints.oidc}/github`];
const accepted = { status: 0, stdout: '', stderr: '' };

const gh = (...argv: string[]): Promise<Run> => runCli(['gh', 'attestation', ...argv], { network: 'open', now: new Date(), env: { GH_TOKEN: 'T' } });
const trustedRoot = (...more: string[]): Promise<Run> => gh('trusted-root', '--tuf-url', endpoints.tuf, '--tuf-root', scene.document('root.json'), ...more);
const attest = async (...argv: string[]): Promise<Run> => {
  const env = { ASSAY_TRUST: scene.document('client_trust_config.json') };
  const token = await scene.token(WORKFLOW);
  return runCli(['attest', '--type', PREDICATE_TYPE, '--predicate', scratch.path(PREDICATE), '--identity-token', token, ...argv], {
    network: 'open',
    now: new Date(),
    env,
  });
};

beforeAll(async () => {
  const run = await trustedRoot();
  expect(run).toMatchObject({ status: 0, stderr: '' });
  scratch.write('trusted_root.jsonl', run.stdout);
});

describe('the trusted root over TUF', () => {
  test('is one line, and the document of the instance', () => {
    const text = readFileSync(ROOTS, 'utf8');
    expect(text.indexOf('\n')).toBe(text.length - 1);
    expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(scene.document('trusted_root.json'), 'utf8')));
  });

  test('can be verified alone', async () =>
    expect(await trustedRoot('--verify-only')).toEqual({ ...accepted, stdout: `Local TUF repository for ${endpoints.tuf} updated and verified\n` }));

  test('is refused under the root of somebody else', async () => {
    const other = scratch.write('other-root.json', readFileSync(scene.document('root.json'), 'utf8').replace(/"sig":\s*"..../, '"sig":"0000'));
    const run = await gh('trusted-root', '--tuf-url', endpoints.tuf, '--tuf-root', other);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toMatch(/^Failed to verify the TUF repository: failed to retrieve trusted root trusted_root\.json via TUF: /);
  });

  test('is pinned', async () => {
    const env = { HOME: scratch.path('pinned') };
    const pinned = await runCli(['trust', 'add', 'github', '--root', scene.document('root.json'), '--mirror', endpoints.tuf], { env, now: new Date() });
    expect(pinned).toMatchObject({ status: 0, stdout: expect.stringContaining('is pinned') as string });
  });
});

describe.each([2, 1] as const)('what is in a log of Rekor v%d', (version) => {
  const services = version === 2 ? [] : ['--signing-config', scene.olderConfig];

  test('in a file', async () => {
    const bundle = scratch.path(`v${version}.json`);
    expect(await attest(...services, '--bundle', bundle, FILE)).toMatchObject({ status: 0 });
    const verify = (...more: string[]): Promise<Run> => gh('verify', FILE, '--bundle', bundle, '--custom-trusted-root', ROOTS, ...ISSUER, ...more);
    expect(await verify('--repo', 'example/app')).toEqual(accepted);
    expect(await verify('--owner', 'example', '--signer-workflow', 'example/app/.github/workflows/release.yml', '--source-ref', 'refs/tags/v1.2.3')).toEqual(
      accepted,
    );
    expect(await verify('--owner', 'other', '-i', '.')).toMatchObject({ stderr: expect.stringContaining('expected SourceRepositoryOwnerURI to be') as string });
    const shown = await verify('--repo', 'example/app', '--format', 'json', '--jq', '.[].verificationResult.verifiedTimestamps[].type');
    expect(shown.stdout).toContain(version === 2 ? 'TimestampAuthority' : 'Tlog');
  });

  test('beside an image', async () => {
    const { reference } = await scene.place();
    expect(await attest(...services, '--plain-http', reference)).toMatchObject({ status: 0 });
    const verify = (...more: string[]): Promise<Run> =>
      gh('verify', `oci://${reference}`, '--bundle-from-oci', '--custom-trusted-root', ROOTS, ...ISSUER, ...more);
    expect(await verify('--repo', 'example/app')).toEqual(accepted);
    expect(await verify('--repo', 'example/other')).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^\nError: verifying with issuer "/) as string,
    });
  });
});
