/**
 * Every case of the published slsa-verifier tables, through the command line: the verdict, and the error that the reference gives. Files that the
 * vectors leave out are given by their digest. Cases that need the public log must fail, and say how to get the proof once.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Artifact, parseTrustedRoot } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { parseNpmAttestations, parseNpmKeys, refusalText, verifyNpm, verifyProvenanceBundle } from '@assay/slsa';
import { serveRegistry, type TestRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { argumentsOf, readSlsaCases, type SlsaCase, slsaPath, trustOf } from './slsa-cases.ts';
import { findVectors } from './vectors-folder.ts';

const vectors = findVectors();
const ours = readSlsaCases().filter(({ tool }) => tool === 'slsa-verifier');
const named = (some: readonly SlsaCase[]): [string, SlsaCase][] => some.map((one) => [one.name, one]);

/** Stands in the cases for the host of a registry that serves their layouts. */
const REGISTRY = '$' + '{REGISTRY}';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await serveRegistry();
});
afterAll(() => registry.close());

test.runIf(vectors !== undefined)('all cases are there', () => {
  expect([ours.length, ours.filter(({ needs }) => needs === 'rekor').length, ours.filter(({ needs }) => needs === 'registry-stub').length]).toEqual([
    518, 89, 34,
  ]);
});

describe('offline, by the command line', () => {
  test.each(named(ours.filter(({ needs, level }) => needs === 'none' && level !== 'api')))('%s', async (_, one) => {
    const run = await runCli(['slsa-verifier', ...argumentsOf(one), ...trustOf(one)], { env: one.env ?? {} });
    expectVerdict(one, run);
  });
});

describe('an image with its provenance beside it', () => {
  test.each(named(ours.filter(({ needs }) => needs === 'registry-stub')))('%s', async (_, one) => {
    serveLayout(one);
    const asked = argumentsOf(one).map((argument) => argument.replace(REGISTRY, registry.host));
    const args = ['slsa-verifier', ...asked, '--trusted-root', slsaPath('trust/trusted_root.json')];
    expectVerdict(one, await runCli(args, { env: one.env ?? {}, network: 'open' }));
  });
});

test.runIf(vectors !== undefined)('a package is verified with the keys of npm that are embedded', async () => {
  const one = ours.find(({ subcommand, expect: its, level }) => subcommand === 'verify-npm-package' && its === 'accept' && level !== 'api') as SlsaCase;
  const args = ['slsa-verifier', ...argumentsOf(one), '--offline', '--trusted-root', slsaPath('trust/trusted_root.json')];
  expectVerdict(one, await runCli(args, { env: one.env ?? {} }));
});

describe('what needs the log fails without it, and says what is missing', () => {
  test.each(named(ours.filter(({ needs }) => needs === 'rekor')))('%s', async (_, one) => {
    const args = ['slsa-verifier', ...argumentsOf(one), '--offline', '--trusted-root', slsaPath('trust/trusted_root.json')];
    const { status, stdout, stderr } = await runCli(args, { env: one.env ?? {} });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/FAILED: SLSA verification failed: error searching rekor entries: .*\n$/);
    expect(stderr).toContain('--save-bundle FILE');
  });
});

describe('what the command line cannot express', () => {
  const rows = ours.filter(({ level }) => level === 'api');
  const trust = () => ({ trustedRoot: parseTrustedRoot(readFileSync(slsaPath('trust/trusted_root.json'))), crypto: nodeCrypto, now: new Date() });

  test.each(named(rows.filter(({ subcommand }) => subcommand === 'verify-npm-package')))('%s', async (_, one) => {
    const flag = (name: string) => (one.args.includes(name) ? one.args[one.args.indexOf(name) + 1] : undefined);
    const tarball = await Artifact.fromBytes(readFileSync(slsaPath(one.args.at(-1) as string))).digest('sha512', nodeCrypto);
    const demands = {
      source: flag('--source-uri') ?? '',
      builderId: flag('--builder-id'),
      packageName: flag('--package-name'),
      packageVersion: flag('--package-version'),
      digest: Buffer.from(tarball as Uint8Array).toString('hex'),
      testing: false,
    };
    const attestations = parseNpmAttestations(readFileSync(slsaPath(flag('--attestations-path') as string)));
    const keys = parseNpmKeys(readFileSync(slsaPath('trust/npm-keys.json')));
    const { verification } = await verifyNpm(attestations, demands, { ...trust(), keys });
    expect([verification.ok, verification.ok ? '' : refusalText(verification.root)]).toEqual([
      one.expect === 'accept',
      one.expect === 'accept' ? '' : expect.stringContaining(one.error?.text ?? ''),
    ]);
  });

  test.each(named(rows.filter(({ subcommand }) => subcommand.startsWith('(bundle'))))('%s', async (_, one) => {
    const verification = await verifyProvenanceBundle(readFileSync(slsaPath(one.files[0] as string)), trust());
    expect(verification.ok).toBe(one.expect === 'accept');
    if (one.expect === 'reject') expect(refusalText(verification.root)).toContain(one.error?.text);
  });
});

function expectVerdict(one: SlsaCase, { status, stderr, stdout }: { readonly status: number; readonly stderr: string; readonly stdout: string }): void {
  if (one.expect === 'accept') {
    expect([status, stderr]).toEqual([0, expect.stringMatching(/PASSED: SLSA verification passed\n$/)]);
    return;
  }
  expect([status, stdout]).toEqual([1, '']);
  const last = stderr.trimEnd().split('\n').at(-1);
  expect(last).toMatch(/^FAILED: SLSA verification failed: /);
  expect(last).toContain(one.error?.text);
}

/** The image by its digest, and its attestations under their tag. */
function serveLayout({ oci_layout: layout = '', image_digest: digest = '', args }: SlsaCase): void {
  const [, name = ''] = /\/([^@]*)@/.exec(args.find((argument) => argument.startsWith(REGISTRY)) ?? '') ?? [];
  const repository = name.replace(/:[^/]*$/, '');
  const blob = (its: string) => readFileSync(join(slsaPath(layout), 'blobs', its.replace(':', '/')));
  const { manifests } = JSON.parse(readFileSync(join(slsaPath(layout), 'index.json'), 'utf8')) as {
    manifests: { digest: string; mediaType: string; annotations?: Record<string, string> }[];
  };
  for (const manifest of manifests) {
    const isAttestation = manifest.annotations?.['kind'] === 'dev.cosignproject.cosign/atts';
    const bytes = blob(manifest.digest);
    registry.content.putManifest(repository, bytes, {
      mediaType: manifest.mediaType,
      ...(isAttestation && { tag: `${digest.replace(':', '-')}.att` }),
    });
    if (!isAttestation) continue;
    const { layers } = JSON.parse(bytes.toString()) as { layers: { digest: string }[] };
    for (const layer of layers) registry.content.putBlob(repository, blob(layer.digest));
  }
}
