/**
 * `assay sbom make` against syft over three images as people have them, and our documents in the hands of syft and cosign. Needs syft 1.52.0, and what
 * tools/testbed.sh fetches to build the images; without them these tests skip.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { Version } from '@cyclonedx/cyclonedx-library/Spec';
import { JsonStrictValidator } from '@cyclonedx/cyclonedx-library/Validation';
import { beforeAll, describe, expect, test } from 'vitest';
import { IMAGES, type ImageName, missingForImages, openImages } from '../../sbom/test/images/images.ts';
import { COSIGN_VERSION, findCosign, runRealCosign } from './foreign-cosign.ts';
import { findTool, runTool } from './foreign-tools.ts';
import { runCli, Scratch } from './run-cli.ts';

const syft = findTool('syft', '1.52.0');
const cosign = findCosign() ?? '';
const missing = syft.path === '' ? `no syft ${syft.version}` : cosign === '' ? `no cosign ${COSIGN_VERSION}` : missingForImages();
if (missing !== undefined) console.warn(`SBOM tests are skipped: ${missing} on PATH or in ASSAY_TESTBED`);

/** Why we say otherwise than syft, by `TYPE NAME VERSION` as we have it. What is not here is a bug of ours. */
const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [[/^npm \S+ $/, 'no version: syft writes UNKNOWN, which would be one']];

const scratch = new Scratch();
const home = scratch.path('home');
const file = (name: ImageName, kind: string): string => scratch.path(`${name}.${kind}.json`);

describe.skipIf(missing !== undefined)('three images', () => {
  beforeAll(async () => {
    mkdirSync(home);
    const images = await openImages();
    for (const name of IMAGES) {
      const made = await runCli(['sbom', 'make', images[name], '-o', `cyclonedx-json=${file(name, 'cdx')}`, '-o', `spdx-json=${file(name, 'spdx')}`]);
      expect(made, made.stderr).toMatchObject({ status: 0 });
      expect(made.stderr).not.toContain('could not be read');
      await runSyft(['scan', '--quiet', `oci-dir:${images[name]}`, '-o', `syft-json=${file(name, 'theirs')}`]);
    }
  }, 600_000);

  test.each(IMAGES)('%s: what syft finds is found, and nothing more without a reason', (name) => {
    const theirs = packagesOf(readJson(file(name, 'theirs')));
    const ours = new Set((readJson(file(name, 'cdx')) as CycloneDx).components.flatMap(ofComponent));
    const found = [...theirs].filter((one) => ours.has(one));
    expect(theirs.size).toBeGreaterThan(100);
    expect(found.length / theirs.size, `missing: ${[...theirs].filter((one) => !ours.has(one)).join(', ')}`).toBeGreaterThanOrEqual(0.99);
    expect([...ours].filter((one) => !theirs.has(one) && !REASONS.some(([pattern]) => pattern.test(one)))).toEqual([]);
  });

  test('debian: each package has the layer it came with, not the one whose database lists it', () => {
    const { components } = readJson(file('debian', 'cdx')) as CycloneDx;
    const layersOf = (name: string): (string | undefined)[] =>
      components.filter((one) => one.name === name).map((one) => property(one, 'assay:location:0:layerDigest'));
    const [bottom, top] = [layersOf('bash'), layersOf('python3-yaml')];
    expect(bottom).toEqual([expect.stringMatching(/^sha256:/)]);
    expect(top).not.toEqual(bottom);
    expect(layersOf('dpkg')).toEqual(bottom);
    expect(layersOf('curl')).toEqual(top);
    expect(layersOf('e2fsprogs')).toEqual([]);
  });

  test.each(IMAGES)('%s: the CycloneDX document is valid', async (name) => {
    expect(await new JsonStrictValidator(Version.v1dot6).validate(readFileSync(file(name, 'cdx'), 'utf8'))).toBeNull();
  });

  test.each(IMAGES.flatMap((name) => [[name, 'cdx'] as const, [name, 'spdx'] as const]))('%s: syft reads the packages out of our %s', async (name, kind) => {
    const converted = file(name, `${kind}.converted`);
    await runSyft(['convert', '--quiet', file(name, kind), '-o', `syft-json=${converted}`]);
    const ours = (readJson(file(name, 'cdx')) as CycloneDx).components.flatMap(ofComponent).map(withoutType);
    expect([...packagesOf(readJson(converted))].map(withoutType)).toEqual(expect.arrayContaining(ours));
  });

  test('cosign attests them and verifies what it attested', async () => {
    const run = async (argv: readonly string[]): Promise<void> => {
      const made = await runRealCosign(cosign, argv, { home, env: { COSIGN_PASSWORD: '' } });
      expect(made, made.stderr).toMatchObject({ status: 0 });
    };
    const prefix = scratch.path('key');
    await run(['generate-key-pair', '--output-key-prefix', prefix]);
    const blob = scratch.write('blob', 'what it is of');
    for (const name of IMAGES) {
      for (const [kind, type] of [
        ['cdx', 'cyclonedx'],
        ['spdx', 'spdxjson'],
      ] as const) {
        const bundle = scratch.path(`${name}.${kind}.sigstore.json`);
        const offline = ['--use-signing-config=false', '--tlog-upload=false', '--yes'];
        await run(['attest-blob', '--key', `${prefix}.key`, ...offline, '--predicate', file(name, kind), '--type', type, '--bundle', bundle, blob]);
        await run(['verify-blob-attestation', '--key', `${prefix}.pub`, '--insecure-ignore-tlog', '--bundle', bundle, '--type', type, blob]);
      }
    }
  });
});

async function runSyft(argv: readonly string[]): Promise<void> {
  const run = await runTool(syft.path, argv, { home, env: { SYFT_CHECK_FOR_APP_UPDATE: 'false' } });
  expect(run, run.stderr).toMatchObject({ status: 0 });
}

interface Syft {
  readonly artifacts: readonly { readonly type: string; readonly name: string; readonly version: string }[];
}

interface CycloneDx {
  readonly components: readonly Component[];
}

interface Component {
  readonly type: string;
  readonly name: string;
  readonly version?: string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

/** `TYPE NAME VERSION`, each once. */
function packagesOf(document: unknown): Set<string> {
  return new Set((document as Syft).artifacts.map(({ type, name, version }) => `${type} ${name} ${version}`));
}

/** The distribution is a component, but no package. */
function ofComponent(component: Component): string[] {
  return component.type === 'operating-system' ? [] : [`${property(component, 'assay:package:type')} ${component.name} ${component.version ?? ''}`];
}

function property({ properties = [] }: Component, name: string): string | undefined {
  return properties.find((one) => one.name === name)?.value;
}

/** Other documents than its own do not tell syft all kinds. */
function withoutType(one: string): string {
  return one.slice(one.indexOf(' ') + 1);
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
