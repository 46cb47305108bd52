/**
 * The acceptance table (cosign.md section 6), rows 32 to 36, 38 and 39: how a release of pbs-exporter is verified, by the commands of its guide as they are
 * printed. The real cosign and crane play those that are theirs too, where they are there. Rows 35 and 38 in the newer format of signatures: acceptance.test.ts.
 */
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findOnPath, findTool } from './foreign-tools.ts';
import { artifactsOf, LOOK_ALIKE, openReleaseScene, REPOSITORY } from './release-scene.ts';

const missing = ['curl', 'jq', 'base64'].filter((name) => findOnPath(name) === '');
if (missing.length > 0) console.warn(`rows 32 to 39 of the acceptance table are skipped: no ${missing.join(', ')} on PATH`);

const scene = await openReleaseScene();
afterAll(async () => {
  await scene.close();
  // Whatever was played, it asked nobody but those whom the guide names.
  expect(scene.internet.strangers).toEqual([]);
});

const VERSIONS = ['v0.6.0', 'v0.5.0'] as const;
const GITHUB = 'https://token.actions.githubusercontent.com';
const COMMIT = '1f0c6a4f0d7f2c0d5b7e8c9a3b2d1e0f4a5b6c7d';
const PASSED = 'PASSED: Verified SLSA provenance\nPASSED: SLSA verification passed\n';
const builder = (name: string, version: (typeof VERSIONS)[number]): string =>
  `https://github.com/slsa-framework/slsa-github-generator/.github/workflows/${name}@refs/tags/${scene.releases[version].generator}`;
const download = (...names: string[]): string =>
  names.map((name) => `curl -sS -L -O https://github.com/${REPOSITORY}/releases/download/$VERSION/${name}; `).join('');
const playFor = (version: (typeof VERSIONS)[number], script: string, variables: Readonly<Record<string, string>> = {}) =>
  scene.play(script, { VERSION: version, ARTIFACT: artifactsOf(version)[0] ?? '', IMAGE: imageOf(version), ...variables });
const imageOf = (version: (typeof VERSIONS)[number]): string => `ghcr.io/${REPOSITORY}:${version}@${scene.releases[version].digest}`;

test.each(VERSIONS)('the workflow of %s publishes what the guide speaks of', (version) => {
  const { files } = scene.releases[version];
  expect([...files.keys()]).toEqual([...artifactsOf(version), 'checksums.txt', 'checksums.txt.sig', 'checksums.txt.pem', 'multiple.intoto.jsonl']);
  expect(Object.keys(JSON.parse(Buffer.from(files.get('multiple.intoto.jsonl') ?? []).toString()))).toContain(
    version === 'v0.6.0' ? 'dsseEnvelope' : 'payload',
  );
});

describe.skipIf(missing.length > 0)('rows 32 and 33: the provenance is downloaded, and looked at', () => {
  test.each(['github.com', LOOK_ALIKE])('from %s', async (host) => {
    const run = await scene.play(
      `VERSION=$(curl -s "https://api.github.com/repos/${REPOSITORY}/releases/latest" | jq -r '.tag_name')
       curl -L -O https://${host}/${REPOSITORY}/releases/download/$VERSION/multiple.intoto.jsonl; echo $VERSION`,
    );
    expect(run).toMatchObject({ status: 0, stdout: 'v0.6.0\n' });
    expect(Buffer.from(scene.read('multiple.intoto.jsonl'))).toEqual(scene.releases['v0.6.0'].files.get('multiple.intoto.jsonl'));
  });

  // The guide has been printed for both.
  test.each([
    ['v0.5.0', '.payload'],
    ['v0.6.0', '.dsseEnvelope.payload'],
  ] as const)('of %s: %s', async (version, member) => {
    const run = await playFor(version, `${download('multiple.intoto.jsonl')} cat multiple.intoto.jsonl | jq -r '${member}' | base64 -d | jq`);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const source = { uri: `git+https://github.com/${REPOSITORY}@refs/tags/${version}`, digest: { sha1: COMMIT } };
    expect(JSON.parse(run.stdout)).toMatchObject({
      _type: 'https://in-toto.io/Statement/v0.1',
      predicateType: 'https://slsa.dev/provenance/v0.2',
      subject: artifactsOf(version).map((name) => ({ name, digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } })),
      predicate: {
        builder: { id: builder('generator_generic_slsa3.yml', version) },
        buildType: 'https://github.com/slsa-framework/slsa-github-generator/generic@v1',
        invocation: { configSource: { ...source, entryPoint: '.github/workflows/release.yml' } },
        materials: [source],
      },
    });
  });
});

describe.skipIf(missing.length > 0)('row 34: slsa-verifier verify-artifact', () => {
  const verify = `slsa-verifier verify-artifact --provenance-path multiple.intoto.jsonl --source-uri github.com/${REPOSITORY} --source-tag $VERSION $ARTIFACT`;
  const found = (version: string): string => (version === 'v0.6.0' ? '' : `Verified signature against tlog entry index N at URL: ${scene.log}/…\n`);
  const told = (stderr: string): string =>
    stderr.replace(/entry index \d+ (at URL: http:\/\/127\.0\.0\.1:\d+\/)api\/v1\/log\/entries\/[0-9a-f]{80}\n/g, 'entry index N $1…\n');
  const built = (version: (typeof VERSIONS)[number], name = artifactsOf(version)[0]): string =>
    `Verified build using builder "${builder('generator_generic_slsa3.yml', version)}" at commit ${COMMIT}\nVerifying artifact ${name}: PASSED\n\n`;

  test.each(VERSIONS)('an archive of %s', async (version) => {
    const run = await playFor(version, `${download('multiple.intoto.jsonl', '$ARTIFACT')} ${verify}`);
    expect({ ...run, stderr: told(run.stderr) }).toEqual({ status: 0, stdout: '', stderr: `${found(version)}${built(version)}${PASSED}` });
  });

  test.each(VERSIONS)('the archive of %s and its SBOM at once, flags behind them', async (version) => {
    const [archive = '', sbom = ''] = artifactsOf(version);
    const flags = `--source-tag $VERSION --source-uri git+https://github.com/${REPOSITORY} --provenance-path multiple.intoto.jsonl`;
    const run = await playFor(version, `${download('multiple.intoto.jsonl', archive, sbom)} slsa-verifier verify-artifact ${archive} ${sbom} ${flags}`);
    const each = [archive, sbom].map((name) => `${found(version)}${built(version, name)}`).join('');
    expect({ ...run, stderr: told(run.stderr) }).toEqual({ status: 0, stdout: '', stderr: `${each}${PASSED}` });
  });

  test('from a mirror, whose word counts for nothing', async () => {
    const script = `${download('multiple.intoto.jsonl', '$ARTIFACT')} ${verify}`.replaceAll('https://github.com', `https://${LOOK_ALIKE}`);
    expect(await playFor('v0.6.0', script)).toMatchObject({ status: 0, stderr: expect.stringMatching(/PASSED: SLSA verification passed\n$/) });
  });

  test('of older provenance the log is asked where it is said to be', async () => {
    const script = `${download('multiple.intoto.jsonl', '$ARTIFACT')} ${verify} --rekor-url ${scene.log}`;
    expect(await playFor('v0.5.0', script)).toMatchObject({ status: 0 });
    const none = await playFor('v0.5.0', script.replace(scene.log, 'http://127.0.0.1:9'));
    expect(none).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^FAILED: SLSA verification failed: error searching rekor entries: .*127\.0\.0\.1:9/m),
    });
  });

  test.each(VERSIONS)('provenance of %s under the look-alike host is refused, and both hosts are named', async (version) => {
    const script = `${download('multiple.intoto.jsonl', '$ARTIFACT')} ${verify.replace('github.com', LOOK_ALIKE)}`;
    const { status, stdout, stderr } = await playFor(version, script);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(
      `FAILED: SLSA verification failed: source used to generate the binary does not match provenance: expected source '${LOOK_ALIKE}/${REPOSITORY}', got '${REPOSITORY}'\n`,
    );
    expect(stderr).toContain('[SLSA_SOURCE]');
    const [hint = ''] = stderr.split('\n').filter((line) => line.startsWith('  try '));
    expect(hint).toContain(`the host differs: ${LOOK_ALIKE} was demanded, it was built on github.com.`);
    expect(hint).toContain(`name the source as github.com/${REPOSITORY}`);
  });

  test.each<[string, (script: string) => string, string]>([
    [
      'another owner',
      (script) => script.replace('--source-uri github.com/natrontech', '--source-uri github.com/mallory'),
      `expected source 'mallory/pbs-exporter', got '${REPOSITORY}'`,
    ],
    [
      'another tag',
      (script) => script.replace('--source-tag $VERSION', '--source-tag v0.6.1'),
      "expected tag 'v0.6.1', got 'v0.6.0': tag used to generate the binary does not match provenance",
    ],
    ['a tag without its v', (script) => script.replace('--source-tag $VERSION', `--source-tag \${VERSION#v}`), "expected tag '0.6.0', got 'v0.6.0'"],
    [
      'an archive with one byte more',
      (script) => script.replace('slsa-verifier', 'echo >> $ARTIFACT; slsa-verifier'),
      'not found: artifact hash does not match provenance subject',
    ],
    [
      'a statement that was changed',
      (script) => script.replace('slsa-verifier', `sed -i 's/"payload":"eyJ/"payload":"eyK/' multiple.intoto.jsonl; slsa-verifier`),
      'invalid signature',
    ],
    ['an archive that is not there', (script) => script.replace('slsa-verifier', 'ARTIFACT=nofile; slsa-verifier'), 'nofile'],
    [
      'provenance that a download error is in place of',
      (script) => script.replace('multiple.intoto.jsonl;', 'nofile; mv nofile multiple.intoto.jsonl;'),
      'neither a Sigstore bundle nor a DSSE envelope',
    ],
  ])('%s is refused', async (_, edit, reason) => {
    const { status, stdout, stderr } = await playFor('v0.6.0', edit(`${download('multiple.intoto.jsonl', '$ARTIFACT')} ${verify}`));
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    const last = stderr.trimEnd().split('\n').at(-1) ?? '';
    expect(last).toMatch(/^FAILED: SLSA verification failed: /);
    expect(last).toContain(reason);
    expect(stderr).not.toContain('PASSED: ');
  });

  test('older provenance to which an editor added a line end is refused', async () => {
    const script = `${download('multiple.intoto.jsonl', '$ARTIFACT')} echo >> multiple.intoto.jsonl; ${verify}`;
    const { status, stderr } = await playFor('v0.5.0', script);
    expect(status).toBe(1);
    expect(stderr).toContain('FAILED: SLSA verification failed: error searching rekor entries: no matching rekor entries\n');
  });
});

/** Who has the tools of the guide: ours, and where they are there the real ones, which trust the instance since they were initialized with it. */
interface Party {
  readonly name: string;
  readonly isThere: boolean;
  readonly variables: Readonly<Record<string, string>>;
}

const crane = findTool('crane', '0.22.1');
const PARTIES: readonly Party[] = [{ name: 'ours', isThere: true, variables: {} }, ...['3.1.3', '2.6.5'].map(realParty)];

function realParty(version: string): Party {
  const cosign = findTool('cosign', version);
  const isThere = cosign.path !== '' && crane.path !== '';
  if (!isThere) console.warn(`the real cosign ${version} and crane 0.22.1 play no rows: they are neither in ASSAY_TESTBED nor on PATH`);
  const folder = scene.scratch.path(`real-${version}`);
  mkdirSync(folder);
  for (const { name, path } of isThere ? [cosign, crane] : []) symlinkSync(path, `${folder}/${name}`);
  return {
    name: `cosign ${version}`,
    isThere,
    variables: { PATH: [folder, ...['curl', 'jq', 'bash'].map((name) => dirname(findOnPath(name)))].join(':'), HOME: folder },
  };
}

beforeAll(async () => {
  for (const { variables } of PARTIES.filter(({ name, isThere }) => name !== 'ours' && isThere)) {
    const run = await scene.play(`cosign initialize --mirror ${scene.tuf} --root ${scene.tufRoot}`, variables);
    expect(run, run.stderr).toMatchObject({ status: 0 });
  }
});

const PIN = `IMAGE=ghcr.io/natrontech/pbs-exporter:$VERSION; IMAGE="\${IMAGE}@"$(crane digest "\${IMAGE}")`;

describe.skipIf(missing.length > 0)('row 36: slsa-verifier verify-image', () => {
  const flags = `--source-uri github.com/${REPOSITORY} --provenance-repository ghcr.io/natrontech/signatures --source-versioned-tag $VERSION`;
  const verify = `slsa-verifier verify-image ${flags} $IMAGE`;

  test.each(VERSIONS)('%s, pinned as row 35 does it', async (version) => {
    scene.registryRequests();
    const run = await playFor(version, `${PIN}; ${verify}`);
    const line = `Verified build using builder "${builder('generator_container_slsa3.yml', version)}" at commit ${COMMIT}\n`;
    expect(run).toEqual({ status: 0, stdout: '', stderr: `${line}${PASSED}` });
    // After crane's question, nothing of the image's own repository: its provenance lies elsewhere.
    const asked = scene.registryRequests().map(({ method, path }) => `${method} ${path}`);
    expect(asked.filter((one) => one.includes(`/v2/${REPOSITORY}/`))).toEqual([`HEAD /v2/${REPOSITORY}/manifests/${version}`]);
    expect(asked).toContain(`GET /v2/natrontech/signatures/manifests/${scene.releases[version].digest.replace(':', '-')}.att`);
  });

  test('prints the statement when asked to, and nothing else', async () => {
    const run = await playFor('v0.6.0', `${verify} --print-provenance | jq -r .predicateType`);
    expect(run).toMatchObject({ status: 0, stdout: 'https://slsa.dev/provenance/v0.2\n' });
  });

  test.each<[string, string]>([
    ['the minor version alone', '--source-versioned-tag v0.6'],
    ['the major version alone', '--source-versioned-tag v0'],
    ['the exact tag', '--source-tag v0.6.0'],
    ['the branch behind the tag', '--source-branch main'],
    ['the builder by name', '--builder-id https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml'],
    [
      'the builder at its version',
      '--builder-id https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@v2.1.0',
    ],
  ])('with %s', async (_, demand) => {
    expect(await playFor('v0.6.0', verify.replace('--source-versioned-tag $VERSION', demand))).toMatchObject({ status: 0 });
  });

  test.each<[string, (script: string) => string, string]>([
    ['by its tag alone', (script) => script.replace('$IMAGE', `\${IMAGE%@*}`), `the image is mutable: 'ghcr.io/${REPOSITORY}:v0.6.0'`],
    [
      'whose provenance is looked for beside it',
      (script) => script.replace('--provenance-repository ghcr.io/natrontech/signatures ', ''),
      'no matching attestations',
    ],
    ['of another release', (script) => script.replace('$VERSION', 'v0.5.0'), "minor version expected '5', got '6'"],
    ['of a version without its v', (script) => script.replace('$VERSION', `\${VERSION#v}`), '0.6.0: invalid semantic version'],
    [
      'of another repository',
      (script) => script.replace('github.com/natrontech', 'github.com/mallory'),
      `expected source 'mallory/pbs-exporter', got '${REPOSITORY}'`,
    ],
    ['under the look-alike host', (script) => script.replace('github.com', LOOK_ALIKE), `expected source '${LOOK_ALIKE}/${REPOSITORY}', got '${REPOSITORY}'`],
    [
      'of the generator for files',
      (script) => `${script} --builder-id https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml`,
      'untrusted reusable workflow',
    ],
    ['for one platform', (script) => script.replace('$IMAGE', `ghcr.io/${REPOSITORY}@${scene.releases['v0.6.0'].children[0]}`), 'no matching attestations'],
    ['that is no reference', (script) => script.replace('$IMAGE', "'ghcr.io/Natrontech/PBS@x'"), 'crane.ParseReference(): '],
  ])('an image %s is refused', async (_, edit, reason) => {
    const { status, stdout, stderr } = await playFor('v0.6.0', edit(verify));
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).not.toContain('PASSED: ');
    expect(stderr.trimEnd().split('\n').at(-1)).toContain(reason);
  });

  test('the look-alike host: the hint names both', async () => {
    const { stderr } = await playFor('v0.6.0', verify.replace('github.com', LOOK_ALIKE));
    expect(stderr).toMatch(new RegExp(`^  try {7}the host differs: ${LOOK_ALIKE} was demanded, it was built on github\\.com\\.`, 'm'));
  });
});

describe.skipIf(missing.length > 0).each(PARTIES)('with the tools of $name', ({ isThere, variables }) => {
  const play = (script: string) => playFor('v0.6.0', script, variables);
  const signer = (host: string): string =>
    `--certificate-oidc-issuer ${GITHUB} --certificate-identity-regexp '^https://${host}/${REPOSITORY}/.github/workflows/release.yml@refs/tags/v[0-9]+.[0-9]+.[0-9]+(-rc.[0-9]+)?$'`;
  const SUBJECT = `https://github.com/${REPOSITORY}/.github/workflows/release.yml@refs/tags/v0.6.0`;
  const MISMATCH = `none of the expected identities matched what was in the certificate, got subjects [${SUBJECT}] with issuer ${GITHUB}`;

  test.skipIf(!isThere)('row 35: the digest behind the tag', async () => {
    expect(await play(`${PIN}; echo $IMAGE`)).toEqual({ status: 0, stdout: `${imageOf('v0.6.0')}\n`, stderr: '' });
  });

  describe.skipIf(!isThere)('row 38: cosign verify', () => {
    const verify = (host: string): string => `COSIGN_REPOSITORY=ghcr.io/natrontech/signatures cosign verify ${signer(host)} $IMAGE | jq`;

    test('the index is signed', async () => {
      const { status, stdout, stderr } = await play(`${PIN}; ${verify('github.com')}`);
      expect(status).toBe(0);
      expect(stderr).toContain(`\nVerification for ghcr.io/${REPOSITORY}@${scene.releases['v0.6.0'].digest} --\n`);
      const image = { 'docker-manifest-digest': scene.releases['v0.6.0'].digest };
      expect(JSON.parse(stdout)).toEqual([
        {
          critical: { identity: { 'docker-reference': `ghcr.io/${REPOSITORY}` }, image, type: 'cosign container image signature' },
          optional: expect.objectContaining({ Issuer: GITHUB, Subject: SUBJECT, githubWorkflowRef: 'refs/tags/v0.6.0' }),
        },
      ]);
    });

    test('the look-alike host is another', async () => {
      const { status, stdout, stderr } = await play(verify(LOOK_ALIKE));
      expect({ status, stdout }).toEqual({ status: 12, stdout: '' });
      expect(stderr).toContain(`Error: no matching signatures: ${MISMATCH}\n`);
    });

    test('an image of the index is not signed itself', async () => {
      const { status, stdout, stderr } = await play(verify('github.com').replace('$IMAGE', `ghcr.io/${REPOSITORY}@${scene.releases['v0.6.0'].children[0]}`));
      expect({ status, stdout }).toEqual({ status: 10, stdout: '' });
      expect(stderr).toContain('Error: no signatures found\n');
    });

    test('without COSIGN_REPOSITORY nothing is found', async () => {
      expect(await play(verify('github.com').replace(/^COSIGN_REPOSITORY=\S+ /, ''))).toMatchObject({ status: 10, stdout: '' });
    });
  });

  describe.skipIf(!isThere)('row 39: cosign verify-blob, certificate and signature by URL, the entry by search', () => {
    const at = (name: string): string => `https://github.com/${REPOSITORY}/releases/download/$VERSION/${name}`;
    const verify = (host: string): string =>
      `cosign verify-blob --certificate ${at('checksums.txt.pem')} --signature ${at('checksums.txt.sig')} ${signer(host)} checksums.txt`;
    const get = download('checksums.txt');

    test('the checksums are signed', async () => {
      const { status, stdout, stderr } = await play(`${get} ${verify('github.com')}`);
      expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
      expect(stderr.split('\n').filter((line) => !line.startsWith('Flag --'))).toEqual(['Verified OK', '']);
    });

    test.each<[string, string, RegExp]>([
      ['the look-alike host', verify(LOOK_ALIKE), new RegExp(`^Error: ${MISMATCH.replace(/[[\].]/g, '\\$&')}$`, 'm')],
      ['changed checksums', `echo >> checksums.txt; ${verify('github.com')}`, /^Error: searching log query: .*400/m],
      ['a signature that is not there', verify('github.com').replace('txt.sig', 'txt.nosig'), /404|searching log query: .*400/],
    ])('%s: refused', async (_, script, reason) => {
      const { status, stdout, stderr } = await play(`${get} ${script}`);
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).not.toContain('Verified OK');
      expect(stderr).toMatch(reason);
    });
  });
});
