/** SBOMs attested with an identity of the private instance: the log's cap, and of several SBOMs the newest. */
import { describe, expect, test } from 'vitest';
import { openStackScene, PERSON } from './foreign-stack-scene.ts';
import { type Run, runCli } from './run-cli.ts';

const scene = await openStackScene();
const { scratch } = scene;

const assay = (argv: readonly string[], now = new Date()): Promise<Run> =>
  runCli(argv, { network: 'open', now, env: { ASSAY_TRUST: scene.document('client_trust_config.json') } });
const attest = async (sbom: string, reference: string, ...argv: string[]): Promise<Run> =>
  assay(['sbom', 'attest', '--sbom', sbom, '--identity-token', await scene.token(), ...argv, reference]);
const extract = (reference: string, ...argv: string[]): Promise<Run> =>
  assay(['sbom', 'extract', '--identity', PERSON.email, '--issuer', scene.endpoints.oidc, ...argv, reference]);

const sbom = (name: string, components: readonly object[]): string => scratch.write(name, { bomFormat: 'CycloneDX', specVersion: '1.6', components });
const small = sbom('small.cdx.json', [{ type: 'library', name: 'left', version: '1.2.3' }]);
/** Of 5 MB. */
const large = sbom(
  'large.cdx.json',
  Array.from({ length: 5000 }, (_, i) => ({ type: 'library', name: `package-${i}`, version: '1.0.0', description: 'x'.repeat(1000) })),
);
const OLDER = ['--signing-config', scene.olderConfig];

describe('with an identity', () => {
  test('it is attested whole, and taken out by whoever names the identity', async () => {
    const { reference } = await scene.place();
    expect(await attest(small, reference)).toMatchObject({ status: 0 });
    const { status, stdout } = await extract(reference);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).components).toMatchObject([{ name: 'left' }]);
    expect(await extract(reference, '--issuer', 'https://other.example')).toMatchObject({ status: 1, stdout: '' });
  });

  test('of several SBOMs the newest comes out, and their number is told', async () => {
    const { reference } = await scene.place();
    await attest(small, reference, ...OLDER);
    // The log's times are whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await attest(sbom('newer.cdx.json', [{ type: 'library', name: 'right', version: '2' }]), reference, ...OLDER);
    const { stdout, stderr } = await extract(reference);
    expect(JSON.parse(stdout).components).toMatchObject([{ name: 'right' }]);
    expect(stderr).toMatch(/^2 SBOMs are attested; this is the newest, of \d{4}-/);
  });
});

describe('an SBOM of 5 MB', () => {
  test('is more than a log of Rekor v1 takes: by reference, and it comes out byte for byte', async () => {
    const { reference } = await scene.place();
    const run = await attest(large, reference, ...OLDER);
    expect(run.status).toBe(0);
    expect(run.stderr).toMatch(/an attestation of about \d{7} bytes is more than 4194304, what public logs of Rekor v1 take: attested by reference\n/);
    const file = scratch.path('out.json');
    expect(await extract(reference, '-o', file)).toMatchObject({ status: 0 });
    expect(await assay(['sbom', 'diff', file, large])).toMatchObject({ status: 0 });
    expect((await assay(['sbom', 'query', file, '--name', 'package-4999'])).stdout).toBe('package-4999@1.0.0\n');
  });

  test('is refused with --inline, and goes into a log that is known to take it', async () => {
    const { reference } = await scene.place();
    const refused = await attest(large, reference, ...OLDER, '--inline');
    expect(refused.status).toBe(4);
    expect(refused.stderr).toContain('what public logs of Rekor v1 take  [SBOM_LIMIT]');
    expect(await attest(large, reference, ...OLDER, '--inline', '--max-inline', '16000000')).toMatchObject({ status: 0 });
    expect(JSON.parse((await extract(reference)).stdout).components).toHaveLength(5000);
  });

  test('goes whole to a log of Rekor v2, which gets its digest alone', async () => {
    const { reference } = await scene.place();
    const run = await attest(large, reference);
    expect(run.status).toBe(0);
    expect(run.stderr).not.toContain('by reference');
    expect(JSON.parse((await extract(reference)).stdout).components).toHaveLength(5000);
  });
});
