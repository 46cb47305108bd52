/** What `gh attestation` answers to attestations of all kinds, as scripts read it. What people see: gh-transcripts. */
import { existsSync, readFileSync } from 'node:fs';
import { toHex, utf8 } from '@assay/core';
import { digest, encodeStatement, generateKey } from '@assay/make';
import { serve, serveRegistry } from '@assay/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ARTIFACT, attest, DIGEST, instanceOf, PRIVATE, PROVENANCE, REPO, WORKFLOW } from '../../slsa/test/attestations.ts';
import { openGhScene } from './gh-scene.ts';
import { type Run, type RunOptions, runCli, Scratch } from './run-cli.ts';
import { workIn } from './work-in.ts';

const scratch = new Scratch();
const scene = await openGhScene(scratch);
afterAll(() => scene.close());
workIn(scratch.folder);
beforeEach(() => {
  scene.github.requests.length = 0;
  scene.github.stumbles.length = 0;
});

const KEY = `repos/${REPO} ${DIGEST}`;
const ROOTS = ['--custom-trusted-root', 'trusted_root.jsonl'];
/** Besides the ends of lines. */
const STEERING = /[^\P{C}\n]/u;
const accepted = { status: 0, stdout: '', stderr: '' };
const refused = (says: string): Run => ({ status: 1, stdout: '', stderr: `\nError: ${says}\n` });

function gh(argv: readonly string[], { env, ...options }: RunOptions = {}): Promise<Run> {
  return runCli(['gh', 'attestation', ...argv], { network: 'open', env: { ASSAY_GITHUB_API: scene.github.url, GH_TOKEN: 'T', ...env }, ...options });
}
/** From a file, without network. */
const judge = (bundle: string, ...more: string[]): Promise<Run> =>
  runCli(['gh', 'at', 'verify', 'widget.tar.gz', '--repo', REPO, '--bundle', bundle, ...ROOTS, ...more]);
const jsonOf = (run: Run): unknown => JSON.parse(run.stdout);

describe('the JSON', () => {
  let text = '';
  beforeAll(async () => {
    const run = await judge('both.jsonl', '--format', 'json');
    expect(run).toMatchObject({ status: 0, stderr: '' });
    text = run.stdout;
  });

  test('is one line, and escapes no HTML', () => {
    expect(text.indexOf('\n')).toBe(text.length - 1);
    expect(text).toContain('"alpha":"<&>"');
  });

  test('has its members in the order that is known', () => {
    const [first, second] = JSON.parse(text) as Record<string, Record<string, unknown>>[];
    expect([Object.keys(first ?? {}), Object.keys(first?.['attestation'] ?? {}), Object.keys(first?.['verificationResult'] ?? {})]).toEqual([
      ['attestation', 'verificationResult'],
      ['bundle', 'bundle_url', 'initiator'],
      ['mediaType', 'statement', 'signature', 'verifiedTimestamps', 'verifiedIdentity'],
    ]);
    const { certificate } = (first?.['verificationResult']?.['signature'] ?? {}) as { certificate?: object };
    expect(Object.keys(certificate ?? {})).toEqual([
      'certificateIssuer',
      'subjectAlternativeName',
      'issuer',
      'githubWorkflowTrigger',
      'githubWorkflowSHA',
      'githubWorkflowName',
      'githubWorkflowRepository',
      'githubWorkflowRef',
      'buildSignerURI',
      'buildSignerDigest',
      'runnerEnvironment',
      'sourceRepositoryURI',
      'sourceRepositoryDigest',
      'sourceRepositoryRef',
      'sourceRepositoryIdentifier',
      'sourceRepositoryOwnerURI',
      'sourceRepositoryOwnerIdentifier',
      'buildConfigURI',
      'buildConfigDigest',
      'buildTrigger',
      'runInvocationURI',
      'sourceRepositoryVisibilityAtSigning',
    ]);
    expect(second).toMatchObject({
      attestation: { bundle_url: '', initiator: '' },
      verificationResult: {
        statement: { predicateType: PROVENANCE },
        verifiedTimestamps: [{ type: 'TimestampAuthority', timestamp: '2026-08-24T23:00:02Z' }],
        verifiedIdentity: { subjectAlternativeName: { regexp: '(?i)^https://github\\.com/acme/widget/' }, issuer: { regexp: '.*' } },
      },
    });
  });

  test('holds the bundle, of which nothing is lost', () => {
    const [{ attestation }] = JSON.parse(text) as [{ attestation: { bundle: object } }];
    scratch.write('again.json', attestation.bundle);
    const given = JSON.parse(readFileSync('public.json', 'utf8')) as object;
    expect(attestation.bundle).toEqual(given);
    return expect(judge('again.json')).resolves.toEqual(accepted);
  });

  test('says who made what GitHub keeps', async () => {
    const run = await gh(['verify', 'widget.tar.gz', '--repo', REPO, ...ROOTS, '--format', 'json', '--jq', '.[].attestation | .initiator, .bundle_url'], {});
    expect(run).toMatchObject({ status: 0, stdout: 'user\n\nuser\n\n' });
  });

  test('says what was demanded exactly', async () => {
    const run = await judge('public.json', '--cert-identity', `https://github.com/${WORKFLOW}@refs/tags/v1.2.3`, '--deny-self-hosted-runners', '--format=json');
    expect(jsonOf(run)).toMatchObject([
      {
        verificationResult: {
          verifiedIdentity: {
            subjectAlternativeName: { subjectAlternativeName: `https://github.com/${WORKFLOW}@refs/tags/v1.2.3` },
            issuer: { issuer: '', regexp: '.*' },
            runnerEnvironment: 'github-hosted',
          },
        },
      },
    ]);
  });

  test('on a terminal is the same', async () => {
    const run = await runCli(['gh', 'at', 'verify', 'widget.tar.gz', '-R', REPO, '-b', 'both.jsonl', ...ROOTS, '--format', 'json'], { terminal: true });
    expect(run.stdout).toBe(text);
  });

  test.each([
    ['.[0].verificationResult.nope.x', '\n'],
    ['.[] | .verificationResult.statement.subject[].digest.sha256', `${DIGEST.slice(7)}\n`.repeat(2)],
    ['.[0] | {b: 1, a: "<é>"}', '{"a":"<é>","b":1}\n'],
    ['1.5, 2, true, null, [1]', '1.50\n2\ntrue\n\n[1]\n'],
    ['empty', ''],
    ['$ENV.HOME | length > 0', 'true\n'],
  ])('--jq %s', async (expression, stdout) => expect(await judge('both.jsonl', '--format', 'json', '--jq', expression)).toEqual({ ...accepted, stdout }));

  test('is not printed of what is refused', async () =>
    expect(await judge('both.jsonl', '--signer-repo', 'o/r', '--format', 'json')).toMatchObject({ status: 1, stdout: '' }));
});

describe('what GitHub keeps', () => {
  const verify = (...more: string[]): Promise<Run> => gh(['verify', 'widget.tar.gz', '--repo', REPO, ...ROOTS, ...more]);
  const keeping = async (kept: NonNullable<ReturnType<typeof scene.github.kept.get>>, work: () => Promise<void>): Promise<void> => {
    const usual = scene.github.kept.get(KEY) ?? [];
    scene.github.kept.set(KEY, kept);
    try {
      await work();
    } finally {
      scene.github.kept.set(KEY, usual);
    }
  };

  test('is asked by digest and predicate', async () => {
    expect(await verify()).toEqual(accepted);
    expect(await verify('--limit', '5', '--predicate-type', 'https://spdx.dev/Document')).toMatchObject({ status: 1 });
    expect(scene.github.requests.filter((request) => request.includes('/repos/'))).toEqual([
      `GET /${KEY.replace(' ', '/attestations/')}?per_page=30&predicate_type=https%3A%2F%2Fslsa.dev%2Fprovenance%2Fv1`,
      `GET /${KEY.replace(' ', '/attestations/')}?per_page=5&predicate_type=https%3A%2F%2Fspdx.dev%2FDocument`,
    ]);
  });

  test('of an owner', async () => {
    scene.github.kept.set(`orgs/acme ${DIGEST}`, [{ bundle: scene.sign().bundleBytes }]);
    expect(await gh(['verify', 'widget.tar.gz', '--owner', 'acme', ...ROOTS])).toEqual(accepted);
    scene.github.kept.delete(`orgs/acme ${DIGEST}`);
  });

  test('is nothing', () =>
    keeping([], async () => {
      expect(await verify()).toEqual(refused('failed to fetch attestations from acme/widget: no attestations found'));
      const seen = await gh(['verify', 'widget.tar.gz', '--repo', REPO], { terminal: true, env: { NO_COLOR: '1' } });
      expect(seen.stderr).toContain(`✗ No attestations found for subject ${DIGEST}\n`);
      expect(await gh(['download', 'widget.tar.gz', '--repo', REPO])).toEqual({ ...accepted, stdout: 'No attestations found for widget.tar.gz\n' });
    }));

  test('of its own about releases says nothing of builds', async () => {
    const bundle = scene.sign().bundleBytes;
    await keeping([{ bundle, initiator: 'github' }], async () => {
      expect(await verify()).toMatchObject({ status: 1, stderr: expect.stringContaining('no attestations found') as string });
      expect(await gh(['download', 'widget.tar.gz', '--repo', REPO])).toMatchObject({ status: 0, stdout: expect.stringContaining('Wrote') as string });
    });
    await keeping([{ bundle, initiator: 'github' }, { bundle }], async () => expect(await verify()).toEqual(accepted));
  });

  test('is nowhere', () =>
    keeping([{ bundle: utf8('{}'), place: 'nowhere' }], async () =>
      expect(await verify()).toEqual(refused('failed to fetch attestations from acme/widget: attestation has no bundle or bundle URL')),
    ));

  test('is found again after a stumble', async () => {
    scene.github.stumbles.push(502, 500, 503);
    expect(await verify()).toEqual(accepted);
  });

  test.each([
    [[500, 500, 500, 500], 'HTTP 500: stumbled'],
    [[401], 'HTTP 401: stumbled'],
    [[403], 'HTTP 403: stumbled'],
  ])('is not to be had: %j', async (stumbles, says) => {
    scene.github.stumbles.push(...stumbles);
    const { status, stderr } = await verify();
    expect(status).toBe(1);
    expect(stderr).toMatch(`\nError: failed to fetch attestations from acme/widget: ${says} (${scene.github.url}/repos/`);
  });

  test('is not asked for where the network is forbidden', async () => {
    const run = await gh(['verify', 'widget.tar.gz', '--repo', REPO], { env: { ASSAY_OFFLINE: '1' }, network: 'none' });
    expect(run).toMatchObject({ status: 1, stderr: expect.stringMatching(/^\nError: failed to fetch attestations from acme\/widget: .*offline/) as string });
  });
});

describe('one of several is enough', () => {
  const other = () => scene.sign({ githubClaims: { repository: 'acme/other' } }).bundleBytes;
  const line = (bytes: Uint8Array): string => `${new TextDecoder().decode(bytes)}\n`;

  test('and the others are left out', async () => {
    scratch.write('some.jsonl', line(other()) + line(scene.sign().bundleBytes) + line(other()));
    expect(jsonOf(await judge('some.jsonl', '--format', 'json'))).toHaveLength(1);
  });

  test('without any the last refusal is told', async () => {
    scratch.write('none.jsonl', line(other()) + line(scene.sign({ githubClaims: { repository: 'acme/last' } }).bundleBytes));
    expect(await judge('none.jsonl')).toEqual(refused('expected SourceRepositoryURI to be https://github.com/acme/widget, got https://github.com/acme/last'));
  });

  test('those about other things do not count', async () => {
    scratch.write('sbom.jsonl', line(scene.sign({ predicateType: 'https://spdx.dev/Document' }).bundleBytes) + line(scene.sign().bundleBytes));
    expect(jsonOf(await judge('sbom.jsonl', '--format', 'json'))).toHaveLength(1);
    expect(jsonOf(await judge('sbom.jsonl', '--format', 'json', '--predicate-type', 'https://spdx.dev/Document'))).toHaveLength(1);
    expect(await judge('sbom.jsonl', '--predicate-type', 'x')).toEqual(refused('no matching predicate found: no attestations found with predicate type: x'));
  });
});

describe('artifacts', () => {
  test.each([
    ['a path', 'widget.tar.gz'],
    ['a path with detours', './x/../widget.tar.gz'],
    ['a URL', () => `file://${scratch.path('widget.tar.gz')}`],
    ['a URL with escapes', () => `file://${scratch.path('widget%2etar.gz')}`],
  ])('%s', async (_, artifact) => {
    const given = typeof artifact === 'string' ? artifact : artifact();
    expect(await runCli(['gh', 'at', 'verify', given, '-R', REPO, '-b', 'public.json', ...ROOTS])).toEqual(accepted);
  });

  test('by another digest', async () => {
    const subjects = [{ name: 'widget.tar.gz', digests: { sha512: digest('sha512', ARTIFACT) } }];
    const bundle = scene.sign({ payload: encodeStatement({ subjects, predicateType: PROVENANCE, predicate: {} }) }).bundleBytes;
    scratch.write('sha512.json', bundle);
    expect(await judge('sha512.json', '--digest-alg', 'sha512')).toEqual(accepted);
    expect(await judge('sha512.json')).toEqual(refused('verifying with issuer "sigstore.dev"'));
    expect(await judge('public.json', '-d', 'sha512')).toEqual(refused('verifying with issuer "sigstore.dev"'));

    const named = `sha512:${toHex(digest('sha512', ARTIFACT))}`;
    scene.github.kept.set(`repos/${REPO} ${named}`, [{ bundle }]);
    expect(await gh(['verify', 'widget.tar.gz', '-R', REPO, '-d', 'sha512', ...ROOTS])).toEqual(accepted);
    expect(await gh(['download', 'widget.tar.gz', '-R', REPO, '-d', 'sha512'])).toMatchObject({ status: 0 });
    expect(existsSync(`${named}.jsonl`)).toBe(true);
  });

  test('a folder is none', async () =>
    expect(await runCli(['gh', 'at', 'verify', '.', '-R', REPO, '-b', 'public.json', ...ROOTS])).toEqual(
      refused('failed to get open local artifact: read .: is a directory'),
    ));

  test('in a registry that wants a login', async () => {
    const closed = await serveRegistry({ auth: { kind: 'basic', username: 'u', password: 'p' }, content: scene.registry.content });
    const image = `oci://${closed.host}/acme/widget:1`;
    const says = 'failed to digest artifact';
    expect(await gh(['verify', image, '-R', REPO, '--bundle-from-oci', ...ROOTS])).toEqual(
      refused('remote registry authorization failed, please authenticate with the registry and try again'),
    );
    expect(await gh(['download', image, '-R', REPO])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`${says}: remote registry authorization failed`) as string,
    });
    scratch.write('docker/config.json', { auths: { [closed.host]: { auth: Buffer.from('u:p').toString('base64') } } });
    expect(await gh(['verify', image, '-R', REPO, '--bundle-from-oci', ...ROOTS], { env: { DOCKER_CONFIG: scratch.path('docker') } })).toEqual(accepted);
    await closed.close();
  });

  test('in a registry that refuses', async () => {
    const server = await serve(async () => Response.json({ errors: [{ code: 'DENIED', message: 'no' }] }, { status: 403 }));
    expect(await gh(['verify', `oci://${server.url.slice('http://'.length)}/a:1`, '-R', REPO])).toEqual(
      refused("the provided token was denied access to the requested resource, please check the token's expiration and repository access"),
    );
    await server.close();
  });
});

describe('files of bundles', () => {
  test.each([
    ['without a newline at the end', 'a.jsonl', () => read('both.jsonl').trimEnd(), accepted],
    ['one behind the other', 'b.jsonl', () => read('both.jsonl').replaceAll('\n', ''), accepted],
    ['with blank lines', 'c.jsonl', () => `\n${read('both.jsonl').replace('\n', '\n\n')}`, accepted],
    ['empty', 'd.jsonl', () => '', refused('provided bundle file is empty')],
    ['of two bundles that should be one', 'e.json', () => read('both.jsonl'), 'bundle content could not be parsed: '],
    ['cut off', 'f.jsonl', () => read('both.jsonl').slice(0, -20), 'bundle content could not be parsed: '],
    ['of something else', 'g.json', () => '{"a":1}', 'bundle content could not be parsed: '],
    ['of bytes that are no text', 'h.jsonl', () => new Uint8Array([0xff, 0xfe]), 'bundle content could not be parsed: '],
  ])('%s', async (_, name, content, expected) => {
    scratch.write(name, content());
    const run = await judge(name);
    if (typeof expected !== 'string') expect(run).toEqual(expected);
    else expect(run).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(`^\\nError: ${expected}`) as string });
  });

  test('that a key signed', async () => {
    scratch.write('key.json', scene.sign({ key: generateKey('p256') }).bundleBytes);
    expect(await judge('key.json')).toEqual(refused('failed to get bundle issuer: leaf cert not found'));
  });

  test('of another version', async () => {
    scratch.write('old.json', scene.sign({ version: '0.1' }).bundleBytes);
    expect((await judge('old.json')).stderr).toContain('unsupported bundle version: application/vnd.dev.sigstore.bundle+json;version=0.1');
  });

  const read = (name: string): string => readFileSync(name, 'utf8');
});

describe('whose instance', () => {
  test('another one, with its root', async () => {
    const acme = instanceOf('Acme');
    const logged = attest(acme);
    scratch.write('acme.json', logged.bundleBytes);
    scratch.write('acme-unlogged.json', attest(acme, PRIVATE).bundleBytes);
    scratch.write('acme-root.jsonl', `${new TextDecoder().decode(logged.trustedRootBytes)}\n`);
    const verify = (bundle: string, ...more: string[]) => runCli(['gh', 'at', 'verify', 'widget.tar.gz', '-R', REPO, '-b', bundle, ...more]);
    expect(await verify('acme.json', '--custom-trusted-root', 'acme-root.jsonl')).toEqual(accepted);
    // A root that names logs wants entries.
    expect(await verify('acme-unlogged.json', '--custom-trusted-root', 'acme-root.jsonl')).toEqual(refused('verifying with issuer "Acme"'));
    expect(await verify('acme.json', ...ROOTS)).toEqual(refused('failed to find recognized issuer from bundle content: unable to use provided trusted roots'));
    expect(await verify('acme.json')).toEqual(refused('failed to find recognized issuer from bundle content: leaf certificate issuer is not recognized'));
  });

  test('another one that calls itself public Sigstore', async () => {
    scratch.write('fake.json', attest(instanceOf('sigstore.dev')).bundleBytes);
    expect(await judge('fake.json')).toEqual(refused('verifying with issuer "sigstore.dev"'));
  });

  test('not the public one', async () => {
    expect(await judge('public.json', '--no-public-good')).toEqual(
      refused('failed to find recognized issuer from bundle content: detected public good instance but requested verification without public good instance'),
    );
    expect(jsonOf(await judge('both.jsonl', '--no-public-good', '--format', 'json'))).toHaveLength(1);
  });
});

describe('names that would steer a terminal', () => {
  const steering = `${REPO}/.github/workflows/re\u001b[31mlease\u202e.yml@refs/heads/\u0007main`;
  const bundle = () => scene.sign({ githubClaims: { workflow_ref: steering, ref: 'refs/\u001b]0;x\u0007' } }).bundleBytes;

  test('are told without what steers', async () => {
    scratch.write('steer.json', bundle());
    const run = await runCli(['gh', 'at', 'verify', 'widget.tar.gz', '-R', REPO, '-b', 'steer.json', ...ROOTS], { terminal: true, env: { NO_COLOR: '1' } });
    expect(run).toMatchObject({ status: 0, stdout: '' });
    expect(run.stderr).toContain('  - Build workflow:. .github/workflows/re[31mlease.yml@refs/heads/main\n');
    expect(run.stderr).not.toMatch(STEERING);
  });

  test('are whole in JSON', async () => {
    const run = await judge('steer.json', '--format', 'json', '--jq', '.[].verificationResult.signature.certificate.buildConfigURI | tojson');
    expect(run.stdout).toContain('re\\u001b[31mlease');
  });

  test('are harmless in a refusal', async () => {
    const run = await runCli(['gh', 'at', 'verify', 'widget.tar.gz', '-R', REPO, '-b', 'steer.json', ...ROOTS, '--source-ref', 'x'], {
      terminal: true,
      env: { NO_COLOR: '1' },
    });
    expect(run.stderr).not.toMatch(STEERING);
  });
});

describe('download', () => {
  test('writes one bundle on each line, over what was there', async () => {
    scratch.write(`${DIGEST}.jsonl`, 'what was there, which is longer than nothing\n');
    const run = await gh(['download', 'widget.tar.gz', '--repo', REPO]);
    expect(run).toEqual({
      status: 0,
      stdout: `Wrote attestations to file ${DIGEST}.jsonl.\nAny previous content has been overwritten\n\nThe trusted metadata is now available at ${DIGEST}.jsonl\n`,
      stderr: '',
    });
    const lines = readFileSync(`${DIGEST}.jsonl`, 'utf8').split('\n');
    expect(lines.at(-1)).toBe('');
    expect(lines.slice(0, -1).map((line) => JSON.parse(line) as unknown)).toMatchObject(
      ['public.json', 'private.json'].map((name) => ({ dsseEnvelope: (JSON.parse(readFileSync(name, 'utf8')) as { dsseEnvelope: object }).dsseEnvelope })),
    );
    expect(await judge(`${DIGEST}.jsonl`)).toEqual(accepted);
  });

  test('of one predicate', async () => {
    expect(await gh(['download', 'widget.tar.gz', '--repo', REPO, '--predicate-type', 'x'])).toMatchObject({
      status: 1,
      stderr: "Failed to download the artifact's bundle(s): no attestations found with predicate type: x\n",
    });
    expect(scene.github.requests[0]).toContain('&predicate_type=x');
  });

  test.each([
    ['a file that is not there', ['nothing'], 'failed to digest artifact: failed to get open local artifact: open nothing: no such file or directory'],
    ['an image that is none', ['oci://Nope/x'], 'failed to digest artifact: artifact Nope/x is not a valid registry reference: '],
  ])('of %s', async (_, argv, says) => {
    const { status, stderr } = await gh(['download', ...argv, '--repo', REPO]);
    expect(status).toBe(1);
    expect(stderr).toContain(`Failed to download the artifact's bundle(s): ${says}`);
  });
});

describe('inspect', () => {
  test('in JSON', async () => {
    const run = await runCli(['gh', 'at', 'inspect', 'both.jsonl', '--format', 'json'], { env: { ASSAY_TRUST: scratch.path('public-root.json') } });
    expect(run).toMatchObject({ status: 0, stderr: expect.stringMatching(/^WARNING: the root of GitHub's own Sigstore instance is not known here/) as string });
    const { inspectedBundles } = jsonOf(run) as { inspectedBundles: Record<string, unknown>[] };
    expect(inspectedBundles.map(Object.keys)).toEqual([
      ['authentic', 'certificate', 'transparencyLogEntries', 'signedTimestamps', 'statement'],
      ['authentic', 'certificate', 'transparencyLogEntries', 'signedTimestamps', 'statement'],
    ]);
    expect(inspectedBundles).toMatchObject([
      {
        authentic: true,
        certificate: { sourceRepositoryURI: 'https://github.com/acme/widget', notBefore: '2026-08-24T23:00:00Z', notAfter: '2026-08-24T23:10:00Z' },
        transparencyLogEntries: [{ IntegratedTime: '2026-08-24T23:00:03Z', LogID: expect.stringMatching(/^[0-9a-f]{64}$/) as string }],
        signedTimestamps: [],
        statement: { predicateType: PROVENANCE },
      },
      { authentic: false, transparencyLogEntries: [], signedTimestamps: ['2026-08-24T23:00:02Z'] },
    ]);
  });

  test('says what is not authentic, and whose it claims to be', async () => {
    scratch.write('fake.json', attest(instanceOf('sigstore.dev')).bundleBytes);
    const run = await runCli(['gh', 'at', 'inspect', 'fake.json'], { env: { ASSAY_TRUST: scratch.path('public-root.json') } });
    expect(run.stdout).toMatch(/^Authentic:\.{13} false \(Sigstore PGI\)\n/);
    const unknown = attest(instanceOf('Acme'));
    scratch.write('unknown.json', unknown.bundleBytes);
    expect((await runCli(['gh', 'at', 'inspect', 'unknown.json'])).stdout).toMatch(/^Authentic:\.{13} false \(Unknown\)\n/);
  });

  test('of a bundle that signs what is no JSON', async () => {
    const bundle = JSON.parse(Buffer.from(attest(instanceOf('sigstore.dev')).bundleBytes).toString()) as { dsseEnvelope: { payload: string } };
    bundle.dsseEnvelope.payload = Buffer.from('{').toString('base64');
    scratch.write('odd.json', JSON.stringify(bundle));
    expect(await runCli(['gh', 'at', 'inspect', 'odd.json'], { env: { ASSAY_TRUST: scratch.path('public-root.json') } })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('the payload of the envelope is no JSON'),
    });
  });

  test('of a bundle that a key signed', async () => {
    scratch.write('key.json', scene.sign({ key: generateKey('p256') }).bundleBytes);
    const run = await runCli(['gh', 'at', 'inspect', 'key.json', '--format', 'json']);
    expect(jsonOf(run)).toMatchObject({ inspectedBundles: [{ authentic: false, certificate: { notBefore: '0001-01-01T00:00:00Z' } }] });
  });

  test('what is not there', async () =>
    expect(await runCli(['gh', 'at', 'inspect', 'nothing.json'])).toEqual({
      status: 1,
      stdout: '',
      stderr: 'Failed to inspect the artifact and bundle: failed to read attestations: bundle could not be loaded from JSON file at nothing.json\n',
    }));
});
