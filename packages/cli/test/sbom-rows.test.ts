/**
 * Rows 2, 3, 25 to 27, 40 and 41 of the acceptance table (cosign.md section 6): an SBOM of the real syft, attested and verified by our cosign face and by the
 * real cosign, taken out and asked; and ours in the hands of the two. Needs syft 1.52.0 and cosign 3.1.3; without them these tests skip.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COSIGN_VERSION, findCosign, runRealCosign } from './foreign-cosign.ts';
import { findOnPath, findTool, runTool } from './foreign-tools.ts';
import { type Run, runCosign } from './run-cli.ts';
import { dpkg, node, openSbomScene } from './sbom-scene.ts';

const syft = findTool('syft', '1.52.0');
const cosign = findCosign() ?? '';
const jq = findOnPath('jq');
const missing = syft.path === '' ? `no syft ${syft.version}` : cosign === '' ? `no cosign ${COSIGN_VERSION}` : jq === '' ? 'no jq' : undefined;
if (missing !== undefined) console.warn(`tests of SBOMs with foreign tools are skipped: ${missing} on PATH or in ASSAY_TESTBED`);

const { scratch, assay, image, key, pub, registry } = await openSbomScene();
const home = scratch.path('home');
const theirs = scratch.path('netshoot.sbom.json');
const spdxOfTheirs = scratch.path('netshoot.spdx.json');
const VERIFY = ['verify-attestation', '--key', pub, '--insecure-ignore-tlog'];
const KEY_ONLY = ['--key', pub, '--log-threshold', '0'];

/** Both of them, in the same words. */
const COSIGNS: readonly (readonly [string, (argv: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Run>])[] = [
  ['the real cosign', (argv, env = {}) => runRealCosign(cosign, argv, { home, env: { COSIGN_PASSWORD: 'secret', ...env } })],
  ['our cosign face', (argv, env = {}) => runCosign(argv, { network: 'open', now: new Date(), env: { COSIGN_PASSWORD: 'secret', ...env } })],
];

const jqOf = (filter: string, input: string): string => execFileSync(jq, ['-r', filter], { input, encoding: 'utf8' });
const predicateIn = (envelope: string): string => jqOf('.payload | @base64d | fromjson | .predicate', envelope);

async function done(run: Promise<Run>): Promise<Run> {
  const ended = await run;
  expect(ended, ended.stderr).toMatchObject({ status: 0 });
  return ended;
}

describe.skipIf(missing !== undefined)('an SBOM of syft', () => {
  // syft passes over what lies below /dev, where temporary files may be.
  let netshoot: string;
  afterAll(() => rmSync(netshoot, { recursive: true }));

  function write(name: string, content: string): void {
    const path = join(netshoot, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }

  beforeAll(async () => {
    mkdirSync(home);
    netshoot = mkdtempSync('/var/tmp/assay-netshoot-');
    write('var/lib/dpkg/status', [dpkg('libssl3', '3.0.13-1'), dpkg('curl', '8.5.0-1', 'Depends: libssl3\n')].join('\n'));
    write('etc/os-release', 'ID=debian\nVERSION_ID=12\n');
    write('app/node_modules/left/package.json', node('left', '1.2.3', 'MIT'));
    write('other/node_modules/left/package.json', node('left', '1.2.3', 'MIT'));
    const args = [`dir:${netshoot}`, '-o', `cyclonedx-json=${theirs}`, '-o', `spdx-json=${spdxOfTheirs}`, '--override-default-catalogers', 'all'];
    await done(runTool(syft.path, ['scan', '--quiet', ...args], { home, env: QUIET }));
  }, 60_000);

  test('row 25: is read and asked as jq would ask it', async () => {
    const filter = '.components[] | select(.version != null) | select(.name | contains("l")) | "\\(.name)@\\(.version)"';
    const expected = jqOf(filter, readFileSync(theirs, 'utf8'));
    expect(expected.match(/left@1\.2\.3/g)?.length).toBeGreaterThan(0);
    expect(await assay(['sbom', 'query', theirs, '--contains', 'l', '--version', '>=0'])).toEqual({ status: 0, stdout: expected, stderr: '' });
    expect(await assay(['sbom', 'diff', theirs, spdxOfTheirs])).toMatchObject({ status: 0, stdout: '' });
  });

  test.each(COSIGNS)('rows 26, 27, 2, 3 and 41: attested by %s, it is verified by both, taken out, and asked', async (_, run) => {
    const { reference } = await image();
    const attest = ['attest', '--key', key, '--use-signing-config=false', '--tlog-upload=false', '--yes', '--predicate', theirs, '--type', 'cyclonedx'];
    await done(run([...attest, reference]));
    const expected = JSON.parse(readFileSync(theirs, 'utf8'));
    for (const [, verify] of COSIGNS) {
      const { stdout } = await done(verify([...VERIFY, '--type', 'cyclonedx', reference]));
      expect(JSON.parse(predicateIn(stdout))).toEqual(expected);
      const asked = await assay(['sbom', 'query', '-', '--contains', 'left'], { stdin: stdout });
      const lines = jqOf(
        '.payload | @base64d | fromjson | .predicate.components[] | select(.name | contains("left")) | select(.version) | "\\(.name)@\\(.version)"',
        stdout,
      );
      expect(asked.stdout.split('\n').filter((line) => line.includes('@'))).toEqual(lines.split('\n').filter(Boolean));
    }
    const { stdout } = await done(assay(['sbom', 'extract', '--type', 'cyclonedx', ...KEY_ONLY, reference]));
    expect(JSON.parse(stdout)).toEqual(expected);
    expect(stdout).toBe(predicateIn((await COSIGNS[1]?.[1]([...VERIFY, '--type', 'cyclonedx', reference]))?.stdout ?? ''));
  });

  test('row 40: in a repository of its own, under a policy in CUE', async () => {
    const { reference } = await image();
    const env = { COSIGN_REPOSITORY: `${registry.host}/natrontech/sbom` };
    const policy = scratch.write('policy-sbom.cue', `predicateType: "https://cyclonedx.org/bom"\npredicate: bomFormat: "CycloneDX"\n`);
    await done(assay(['sbom', 'attest', '--key', key, '--sbom', theirs, reference], { env }));
    for (const [name, run] of COSIGNS) {
      const { stdout } = await done(run([...VERIFY, '--type', 'cyclonedx', '--policy', policy, reference], env));
      expect(JSON.parse(jqOf('.payload | @base64d', stdout)).predicateType, name).toBe('https://cyclonedx.org/bom');
    }
    expect((await done(assay(['sbom', 'extract', ...KEY_ONLY, reference], { env }))).stdout).toContain('"CycloneDX"');
  }, 60_000);
});

describe.skipIf(missing !== undefined)('an SBOM of ours', () => {
  test.each([
    ['cyclonedx-json', 'cyclonedx'],
    ['spdx-json', 'spdxjson'],
  ])(
    'as %s: syft reads what is in it, and cosign attests and verifies it',
    async (format, type) => {
      const { reference } = await image();
      const ours = scratch.path(`ours.${format}`);
      await done(assay(['sbom', 'make', reference, '-o', `${format}=${ours}`]));
      const { stdout } = await done(runTool(syft.path, ['convert', '--quiet', ours, '-o', 'syft-json'], { home, env: QUIET }));
      const { artifacts, distro } = JSON.parse(stdout) as {
        artifacts: { name: string; version: string; type: string; purl: string }[];
        distro: { id: string };
      };
      // Of SPDX syft takes every package for one, the system too.
      const found = artifacts.filter(({ name }) => name !== 'debian').map(({ name, version, type: kind }) => [name, version, kind]);
      expect(found.sort()).toEqual([
        ['curl', '8.5.0-1', 'deb'],
        ['left', '1.2.3', 'npm'],
        ['libssl3', '3.0.13-1', 'deb'],
      ]);
      if (type === 'cyclonedx') expect(distro.id).toBe('debian');
      await done(assay(['sbom', 'attest', '--key', key, '--sbom', ours, reference]));
      for (const [, run] of COSIGNS) {
        const { stdout: envelope } = await done(run([...VERIFY, '--type', type, reference]));
        expect(JSON.parse(predicateIn(envelope))).toEqual(JSON.parse(readFileSync(ours, 'utf8')));
      }
    },
    60_000,
  );
});

const QUIET = { SYFT_CHECK_FOR_APP_UPDATE: 'false' };
