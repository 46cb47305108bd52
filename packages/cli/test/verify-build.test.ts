/** `assay verify --source`: where provenance is found, in every form and place; what is demanded of it; and how each refusal is told. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { utf8 } from '@assay/core';
import { generateKey } from '@assay/make';
import { putBundle, putImage, type Server, serve, serveRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fakeGithub } from '../../slsa/test/github-api.ts';
import { olderFile, olderLog, recordOlder } from '../../slsa/test/older-envelope.ts';
import { CONTENT, type Made, OWN, openBuildScene, SOURCE } from './build-scene.ts';
import { openGhScene } from './gh-scene.ts';
import { BUILDERS, type Builder, DISPATCHED, GENERIC, type Statement, sha256Of, signedBy, statementOf, TAGGED } from './provenance-builds.ts';
import { runCli, Scratch } from './run-cli.ts';

const scene = openBuildScene();
const { scratch, instance, verify } = scene;
const DIGEST = `sha256:${sha256Of(CONTENT)}`;

/** A file with this evidence beside it, or under a name of its own in the same folder. */
function fileWith(evidence: Readonly<Record<string, string | Uint8Array>>): string {
  const file = scene.file();
  for (const [name, content] of Object.entries(evidence)) writeFileSync(name.startsWith('.') ? `${file}${name}` : join(dirname(file), name), content);
  return file;
}

const provenance = (made?: Made): Uint8Array => scene.sign(made).bundleBytes;
/** The file's own signature by the workflow that built it. */
const signature = (): Uint8Array => instance.sign(utf8(CONTENT), { ...signedBy(OWN, TAGGED, {}), content: 'message' }).bundleBytes;

describe('passes', () => {
  test.each(BUILDERS)('$kind: at its tag, by its name', async (builder) => {
    const file = fileWith({ '.intoto.jsonl': provenance({ builder }) });
    const run = await verify(file, ['--tag', 'v1.4.2', '--builder', builder.id]);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toContain(`built by   ${builder.id}`);
    expect(run.stdout).toContain('supports   SLSA Build level 3');
  });

  test('a workflow of the repository itself, and a branch', async () => {
    const claims = { job_workflow_ref: OWN.signer.replace('refs/tags/v1.4.2', 'refs/heads/main') };
    const edit = (statement: Statement) => JSON.parse(JSON.stringify(statement).replace('refs/tags/v1.4.2', 'refs/heads/main')) as object;
    const file = fileWith({ '.sigstore.json': provenance({ builder: OWN, source: DISPATCHED, edit, sign: { githubClaims: claims } }) });
    const run = await verify(file, ['--branch', 'main', '--trigger', 'workflow_dispatch', '--deny-self-hosted-runners']);
    expect(run.status).toBe(0);
    expect(run.stdout).toContain('supports   SLSA Build level 2');
  });

  test('a signature by a build, with the warning that it is no provenance', async () => {
    const run = await verify(fileWith({ '.sigstore.json': signature() }));
    expect(run.status).toBe(0);
    expect(run.stdout).toContain('warning: a signature and no provenance');
    expect(run.stdout).not.toContain('supports');
  });

  test('with identity and issuer too, all of which must hold', async () => {
    const file = fileWith({ '.intoto.jsonl': provenance() });
    const issuer = ['--issuer', 'https://token.actions.githubusercontent.com'];
    expect((await verify(file, ['--identity', GENERIC.id, ...issuer])).status).toBe(0);
    expect((await verify(file, ['--identity', OWN.id, ...issuer])).status).toBe(1);
    expect((await verify(file, ['--issuer', 'https://other.example'])).status).toBe(1);
  });

  test('of a predicate type that is demanded too', async () => {
    const file = fileWith({ '.intoto.jsonl': provenance() });
    expect((await verify(file, ['--type', 'https://slsa.dev/provenance/v0.2'])).status).toBe(0);
    const run = await verify(file, ['--type', 'https://slsa.dev/provenance/v1']);
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('[STATEMENT_PREDICATE_TYPE]');
  });

  test('JSON states what was verified of the build', async () => {
    const { status, stdout } = await verify(fileWith({ '.intoto.jsonl': provenance() }), ['--output', 'json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      verified: { artifact: { algorithm: 'sha256', digest: sha256Of(CONTENT) }, statement: { predicateType: 'https://slsa.dev/provenance/v0.2' } },
      build: { source: 'https://github.com/example/app', ref: 'refs/tags/v1.4.2', builder: GENERIC.id, runner: 'github-hosted', slsaBuildLevel: 3 },
    });
    expect(await runCli(['explain', '-'], { stdin: stdout })).toMatchObject({ status: 0 });
  });

  test('with a key, its holder says all of it, and must say who built it', async () => {
    const key = generateKey('p256');
    const pub = scratch.write('build.pub', key.publicPem);
    const bundle = scratch.write(
      'key.json',
      instance.sign(utf8(CONTENT), { key, content: 'dsse', payload: utf8(JSON.stringify(statementOf(GENERIC, TAGGED, { app: CONTENT }))) }).bundleBytes,
    );
    const file = scene.file();
    const run = await verify(file, ['--bundle', bundle, '--key', pub, '--builder', GENERIC.id, '--tag', 'v1.4.2']);
    expect(run.status).toBe(0);
    expect(run.stdout).toContain('supports   SLSA Build level 1');
    expect((await verify(file, ['--bundle', bundle, '--key', pub, '--builder', OWN.id])).stdout).toContain('[SLSA_BUILDER]');
    expect((await verify(file, ['--bundle', bundle, '--key', pub])).stderr).toContain('add --builder NAME');
  });
});

describe('provenance is found', () => {
  test.each([
    '.intoto.jsonl',
    '.build.slsa',
    '.provenance.json',
    '.attestation.json',
    '.sigstore.json',
    'multiple.intoto.jsonl',
    `${DIGEST}.jsonl`,
    `${DIGEST.replace(':', '-')}.jsonl`,
  ])('in %s', async (name) => {
    expect((await verify(fileWith({ [name]: provenance() }))).status).toBe(0);
  });

  test('before a signature, whichever lies nearer', async () => {
    const run = await verify(fileWith({ '.sigstore.json': signature(), 'multiple.intoto.jsonl': provenance() }));
    expect(run.status).toBe(0);
    expect(run.stdout).toContain('supports   SLSA Build level 3');
    const behind = await verify(fileWith({ '.sigstore.json': provenance({ builder: OWN }), '.intoto.jsonl': signature() }));
    expect(behind.stdout).toContain('supports   SLSA Build level 2');
  });

  test('in one of several lines, and behind provenance of other files', async () => {
    const other = provenance({ artifacts: { other: 'something else' } });
    const lines = [other, provenance()].map((line) => new TextDecoder().decode(line)).join('\n');
    const run = await verify(fileWith({ '.intoto.jsonl': other, 'multiple.intoto.jsonl': lines }));
    expect(run.status).toBe(0);
    expect(run.stdout).toMatch(/· \S*app\.intoto\.jsonl does not hold/);
  });

  test("in the answer of npm's registry", async () => {
    const document = {
      attestations: [
        { predicateType: 'x', bundle: JSON.parse(new TextDecoder().decode(signature())) },
        { predicateType: 'y', bundle: JSON.parse(new TextDecoder().decode(provenance())) },
      ],
    };
    expect((await verify(scene.file(), ['--bundle', scratch.write('npm.json', document)])).status).toBe(0);
  });

  test('and what was looked at stands in the tree when nothing holds', async () => {
    const run = await verify(fileWith({ '.sigstore.json': provenance({ artifacts: { other: 'x' } }) }));
    expect(run.status).toBe(1);
    expect(run.stdout).toMatch(/✘ \d+\/app\.sigstore\.json does not hold/);
    expect(run.stdout).toMatch(/· no such file: \d+\/app\.intoto\.jsonl, .*multiple\.intoto\.jsonl/);
    const none = await verify(scene.file());
    expect(none).toMatchObject({ status: 1 });
    expect(none.stdout).toContain('[EVIDENCE_NOT_FOUND]');
  });

  test('for a digest and standard input, in a file that is named', async () => {
    const bundle = scratch.write('digest.json', provenance());
    expect((await verify(DIGEST, ['--bundle', bundle])).status).toBe(0);
    expect((await verify('-', ['--bundle', bundle], { stdin: CONTENT })).status).toBe(0);
    expect((await verify(`sha256:${'0'.repeat(64)}`, ['--bundle', bundle])).stdout).toContain('[SLSA_SUBJECT]');
  });
});

describe('is refused, with its code and the near miss', () => {
  const edited = (
    change: (statement: { subject: { digest: Record<string, string> }[]; predicate: Record<string, never> } & Record<string, unknown>) => unknown,
  ) => ({
    edit: (statement: Statement) => {
      const copy = JSON.parse(JSON.stringify(statement));
      return (change(copy) as object | undefined) ?? copy;
    },
  });
  const BRANCH = {
    claims: { job_workflow_ref: GENERIC.signer.replace('refs/tags/v2.0.0', 'refs/heads/main') },
    id: GENERIC.id.replace('refs/tags/v2.0.0', 'refs/heads/main'),
  };
  test.each<[string, Made, readonly string[], string, string]>([
    ['another repository', {}, ['--source', 'github.com/example/other'], 'SLSA_SOURCE', 'the owner is the same, the repository is another'],
    ['a fork', { source: { ...TAGGED, repository: 'fork/app' } }, [], 'SLSA_SOURCE', 'the repository has the same name, its owner is another (a fork?)'],
    ['another case', {}, ['--source', 'github.com/Example/App'], 'SLSA_SOURCE', 'they differ in upper and lower case only'],
    [
      'a look-alike host, with the issuer of the real one',
      {},
      ['--source', 'github.aaakk.us.kg/example/app', '--issuer', 'https://token.actions.githubusercontent.com'],
      'SLSA_SOURCE',
      'github.aaakk.us.kg was demanded, it was built on github.com',
    ],
    ['a tag where a branch was claimed', {}, ['--branch', 'main'], 'SLSA_BRANCH', '--tag v1.4.2'],
    ['a branch where a tag was claimed', { source: DISPATCHED }, ['--tag', 'v1.4.2'], 'SLSA_TAG', '--branch main'],
    ['another commit', {}, ['--commit', '0'.repeat(40)], 'SLSA_COMMIT', 'compare expected and found'],
    ['another builder', {}, ['--builder', `${GENERIC.id.replace('@refs/tags/v2.0.0', '')}@v2.1.0`], 'SLSA_BUILDER', 'at refs/tags/v2.0.0'],
    [
      'a builder at a branch',
      { builder: { ...GENERIC, id: BRANCH.id }, sign: { githubClaims: BRANCH.claims } },
      [],
      'SLSA_BUILDER_REF',
      'it was called at the branch main, which moves',
    ],
    ['a pull request', { source: { ...TAGGED, event: 'pull_request' } }, [], 'SLSA_TRIGGER', '--trigger pull_request'],
    [
      'a self-hosted runner',
      { sign: { githubClaims: { runner_environment: 'self-hosted' } } },
      ['--deny-self-hosted-runners'],
      'SLSA_RUNNER',
      'found      self-hosted',
    ],
    ['an unknown member', edited((statement) => ({ ...statement, surprise: 1 })), [], 'SLSA_STATEMENT', 'unknown field "surprise"'],
    ['a member twice', { edit: (statement) => JSON.stringify(statement).replace('"subject"', '"_type":"x","subject"') }, [], 'SLSA_STATEMENT', 'duplicate'],
    ['two documents in the payload', { edit: (statement) => `${JSON.stringify(statement)}{}` }, [], 'SLSA_STATEMENT', 'decoding provenance'],
    ['a wrong payload type', { sign: { payloadType: 'text/plain' } }, [], 'SLSA_STATEMENT', 'text/plain'],
    ['an SBOM', edited((statement) => ({ ...statement, predicateType: 'https://spdx.dev/Document' })), [], 'SLSA_PREDICATE_TYPE', 'https://spdx.dev/Document'],
    [
      'a subject by another algorithm',
      edited((statement) => ({ ...statement, subject: [{ name: 'app', digest: { sha1: 'a'.repeat(40) } }] })),
      [],
      'SLSA_SUBJECT_ALGORITHM',
      'sha1',
    ],
    ['another subject', { artifacts: { app: 'something else' } }, [], 'SLSA_SUBJECT', 'app'],
    [
      'provenance of another run',
      { sign: { githubClaims: { run_id: '1' } } },
      [],
      'SLSA_DISAGREEMENT',
      'https://github.com/example/app/actions/runs/1/attempts/1 (in the certificate)',
    ],
  ])('%s', async (_, made, flags, code, near) => {
    const run = await verify(fileWith({ '.intoto.jsonl': provenance(made) }), flags);
    expect(run.status).toBe(1);
    const [verdict = ''] = run.stdout.split('\n\n');
    expect(verdict).toContain(`[${code}]`);
    expect(verdict).toContain(near);
  });

  test.each([
    ['two documents on one line', () => `${new TextDecoder().decode(provenance())}${new TextDecoder().decode(provenance())}`, 4, 'SLSA_FORM'],
    ['an HTML page', () => '<!doctype html>', 4, 'SLSA_FORM'],
    ['an empty file', () => '', 4, 'SLSA_FORM'],
    ['a bundle with a member twice', () => new TextDecoder().decode(provenance()).replace('{', '{"mediaType":"x",'), 4, 'SLSA_FORM'],
    ['what Cloud Build says', () => '{"image_summary":{},"provenance_summary":{}}', 2, 'SLSA_UNSUPPORTED'],
  ])('%s', async (_, content, status, code) => {
    const run = await verify(fileWith({ '.intoto.jsonl': content() }));
    expect(run.status).toBe(status);
    expect(run.stdout).toContain(`[${code}]`);
  });

  test.each<[string, readonly string[], string]>([
    ['--tag and --branch', ['--tag', 'v1', '--branch', 'main'], '--tag and --branch exclude each other'],
    ['a short commit', ['--commit', 'abcdef0'], '40 or 64 hex digits'],
    ['a builder with two versions', ['--builder', 'https://x@v1@v2'], 'NAME or NAME@REF'],
    ['a builder without a name', ['--builder', ''], 'the builder has no name'],
    [
      'a host that nobody knows',
      ['--source', 'github.aaakk.us.kg/example/app'],
      'a mirror or a look-alike of github.com, do not trust it and name the source as github.com/example/app',
    ],
    ['a repository without its host', ['--source', 'example/app'], 'name the host too: github.com/example/app'],
    ['a file to keep evidence in that is there', ['--save-bundle', scene.root], 'is there already'],
  ])('usage: %s', async (_, flags, says) => {
    const run = await verify(scene.file(), flags);
    expect(run).toMatchObject({ status: 2, stdout: '' });
    expect(run.stderr).toContain(says);
  });

  test('demands on a build of which the source is not said', async () => {
    const run = await scene.assay(['verify', scene.file(), '--tag', 'v1', '--identity', 'x', '--issuer', 'y']);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('--tag is a demand on a build');
  });
});

describe('thousands of subjects', () => {
  const artifacts = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`file-${i}`, `content ${i}`]));

  test('are more than Sigstore clients take, and are verified all the same', async () => {
    const file = fileWith({ '.intoto.jsonl': provenance({ artifacts: { ...artifacts, app: CONTENT } }) });
    const run = await verify(file);
    expect(run.status).toBe(0);
    expect(run.stdout).toContain(`digest     ${DIGEST}`);
    expect(JSON.parse((await verify(file, ['--output', 'json'])).stdout)).toMatchObject({ ok: true, build: { digest: DIGEST } });
  });

  test('are refused when the artifact is none of them', async () => {
    expect((await verify(fileWith({ '.intoto.jsonl': provenance({ artifacts }) }))).stdout).toContain('[SLSA_SUBJECT]');
  });
});

describe('an envelope without proof', () => {
  let log: Server;
  const payload = utf8(JSON.stringify(statementOf(GENERIC, TAGGED, { app: CONTENT })));
  const older = olderFile(instance, { ...signedBy(GENERIC, TAGGED, {}), payload });
  beforeAll(async () => {
    recordOlder(instance, older.certified, older.pem, { ...older, digest: sha256Of('nothing') });
    recordOlder(instance, older.bare, older.pem, { ...older, digest: sha256Of(CONTENT) });
    log = await serve(olderLog(instance));
  });
  afterAll(() => log.close());

  test('offline, what is missing is told, and how to obtain it', async () => {
    const run = await verify(fileWith({ '.intoto.jsonl': older.certified }));
    expect(run.status).toBe(3);
    expect(run.stdout).toContain('[SLSA_LOG_MISSING]');
    expect(run.stdout).toContain('run this once with network and --save-bundle FILE');
    expect(run.stdout).toContain('built from https://github.com/example/app');
  });

  test.each(['certified', 'bare'] as const)('%s: its entry is found, kept, and needs no network any more', async (form) => {
    const file = fileWith({ '.intoto.jsonl': older[form] });
    const kept = scratch.path(`kept-${form}.json`);
    const online = { network: 'open', env: { ASSAY_GITHUB_API: log.url } } as const;
    const run = await verify(file, ['--rekor-url', log.url, '--save-bundle', kept, '--tag', 'v1.4.2'], online);
    expect(run).toMatchObject({ status: 0 });
    expect(run.stderr).toContain('wrote kept-');
    expect((await verify(file, ['--bundle', kept, '--tag', 'v1.4.2'])).status).toBe(0);
    expect((await verify(file, ['--bundle', kept, '--tag', 'v1.4.3'])).stdout).toContain('[SLSA_TAG]');
  });

  test('is refused when the log does not have it, or when its build is another', async () => {
    const online = { network: 'open', env: { ASSAY_GITHUB_API: `${log.url}/none` } } as const;
    const changed = await verify(fileWith({ '.intoto.jsonl': `${older.certified}\n` }), ['--rekor-url', log.url], online);
    expect(changed.stdout).toContain('[SLSA_LOG_NOT_FOUND]');
    const other = await verify(fileWith({ '.intoto.jsonl': older.certified }), ['--rekor-url', log.url, '--source', 'github.com/o/r'], online);
    expect(other.stdout).toContain('[SLSA_SOURCE]');
    expect([changed.status, other.status]).toEqual([1, 1]);
  });
});

describe("the forge's attestations", () => {
  const scratchGh = new Scratch();
  let gh: Awaited<ReturnType<typeof openGhScene>>;
  const artifact = () => scratchGh.path('widget.tar.gz');
  const attestation = (instanceName: 'publicGood' | 'privateInstance') => gh[instanceName];
  beforeAll(async () => {
    gh = await openGhScene(scratchGh);
  });
  afterAll(() => gh.close());
  const ask = (flags: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runCli(['verify', artifact(), '--source', 'github.com/acme/widget', ...flags], { network: 'open', env: { ASSAY_GITHUB_API: gh.github.url, ...env } });

  test('are asked for when nothing nearer was found, as whoever has a token, and told', async () => {
    gh.github.kept.set(`repos/acme/widget sha256:${sha256Of(readFileSync(artifact(), 'utf8'))}`, [{ bundle: own() }]);
    const kept = scratchGh.path('kept.json');
    const run = await ask(['--trusted-root', scratchGh.path('public-root.json'), '--save-bundle', kept], { GH_TOKEN: 'a-token' });
    expect(run).toMatchObject({ status: 0 });
    expect(run.stdout).toContain('✔ evidence: attestations of github.com/acme/widget, 1 of 1');
    expect(gh.github.authorizations.at(-1)).toBe('token a-token');
    expect(run.stdout + run.stderr).not.toContain('a-token');
    expect(
      (
        await runCli([
          'verify',
          artifact(),
          '--source',
          'github.com/acme/widget',
          '--offline',
          '--bundle',
          kept,
          '--trusted-root',
          scratchGh.path('public-root.json'),
        ])
      ).status,
    ).toBe(0);
  });

  test('are not asked for offline, nor when a file was named', async () => {
    const before = gh.github.requests.length;
    expect((await ask(['--offline', '--trusted-root', scratchGh.path('public-root.json')])).status).toBe(1);
    expect((await ask(['--bundle', scratchGh.path('public.json'), '--trusted-root', scratchGh.path('public-root.json')])).status).toBe(1);
    expect(gh.github.requests).toHaveLength(before);
  });

  test("by GitHub's own instance: its root is fetched, a timestamp stands for the log", async () => {
    gh.github.kept.set(`repos/acme/widget sha256:${sha256Of(readFileSync(artifact(), 'utf8'))}`, [{ bundle: own('privateInstance'), place: 'storage' }]);
    const root = scratchGh.path('tuf-root.json');
    // Its mirror is fixed: here the root that was pinned leads to it.
    const pinned = await runCli(['trust', 'add', 'github', '--root', root, '--mirror', gh.tuf.url], { env: { HOME: scratchGh.folder } });
    expect(pinned.stderr + pinned.stdout, pinned.stderr).not.toContain('unknown');
    const run = await ask([], {
      HOME: scratchGh.folder,
      TUF_MIRROR: `${gh.tuf.url}/public`,
      TUF_ROOT: scratchGh.path('cache'),
      TUF_ROOT_JSON: scratchGh.path('public-tuf-root.json'),
    });
    expect(run, run.stdout + run.stderr).toMatchObject({ status: 0 });
    expect(run.stdout).toContain("certified by GitHub's own instance");
    const unknown = await ask([], {
      HOME: scratchGh.path('nobody'),
      TUF_MIRROR: `${gh.tuf.url}/public`,
      TUF_ROOT: scratchGh.path('cache'),
      TUF_ROOT_JSON: scratchGh.path('public-tuf-root.json'),
    });
    expect(unknown.status).toBe(2);
    expect(unknown.stdout).toContain('[TRUST_ROOT_MISSING]');
  });

  test('of a tenant: by the root of its trust domain', async () => {
    const source = { ...TAGGED, repository: 'acme/widget', ref: 'refs/tags/v1.2.3' };
    gh.github.trustDomain = 'eu';
    const asked = gh.tuf.requests.length;
    const thing = artifact();
    gh.github.kept.set(`repos/acme/widget sha256:${sha256Of(readFileSync(thing, 'utf8'))}`, [{ bundle: own('privateInstance') }]);
    const env = { HOME: scratchGh.folder, ASSAY_GITHUB_API: gh.github.url, TUF_MIRROR: `${gh.tuf.url}/public`, TUF_ROOT: scratchGh.path('cache') };
    const run = await runCli(['verify', thing, '--source', `acme.ghe.com/${source.repository}`], {
      network: 'open',
      env: { ...env, TUF_ROOT_JSON: scratchGh.path('public-tuf-root.json') },
    });
    gh.github.trustDomain = '';
    // The certificate is of github.com: whose root it is judged by, is what is asked here.
    expect(run.stdout, run.stderr).toContain('[IDENTITY_');
    expect(gh.tuf.requests.slice(asked).join(' ')).toContain('eu.trusted_root.json');
  });

  test.each([
    ['none', 404, 1, 'EVIDENCE_NOT_FOUND'],
    ['a refusal', 403, 3, 'ATTESTATION_API'],
  ])('answered with %s', async (_, status, exit, code) => {
    const broken = await fakeGithub();
    broken.answer = () => Response.json({ message: 'no' }, { status });
    const run = await runCli(['verify', artifact(), '--source', 'github.com/acme/other', '--trusted-root', scratchGh.path('public-root.json')], {
      network: 'open',
      env: { ASSAY_GITHUB_API: broken.url },
    });
    await broken.close();
    expect(run.status).toBe(exit);
    expect(run.stdout).toContain(`[${code}]`);
    expect(run.stdout).toContain('asked attestations of github.com/acme/other:');
  });

  /** Provenance by the release workflow of `acme/widget`, as actions/attest makes it. */
  function own(by: 'publicGood' | 'privateInstance' = 'publicGood'): Uint8Array {
    const source = { ...TAGGED, repository: 'acme/widget', ref: 'refs/tags/v1.2.3' };
    const signer = 'acme/widget/.github/workflows/release.yml@refs/tags/v1.2.3';
    const builder: Builder = { ...OWN, signer, id: `https://github.com/${signer}` };
    const content = readFileSync(artifact(), 'utf8');
    const options = signedBy(builder, source, statementOf(builder, source, { 'widget.tar.gz': content }));
    return attestation(by).sign(utf8(content), { ...options, ...(by === 'privateInstance' && { log: 'none', timestamp: true }) }).bundleBytes;
  }
});

describe('images', () => {
  const registry = serveRegistry();
  afterAll(async () => (await registry).close());
  let count = 0;

  async function image(attach: (manifest: string) => readonly Uint8Array[]): Promise<string> {
    const { content, host } = await registry;
    const name = `builds/${count++}`;
    const subject = putImage(content, name, { tag: '1', layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: utf8(name) }] });
    const manifest = new TextDecoder().decode(content.getManifest(name, subject.digest)?.bytes);
    for (const bundle of attach(manifest)) putBundle(content, name, subject, bundle);
    return `${host}/${name}:1`;
  }

  const check = (reference: string, flags: readonly string[] = []) =>
    scene.assay(['verify', reference, ...SOURCE, ...flags], { network: 'open', env: { ASSAY_GITHUB_API: 'http://127.0.0.1:9' } });

  test('carry their provenance in the registry', async () => {
    const reference = await image((manifest) => [provenance({ artifacts: { image: manifest } })]);
    const run = await check(reference, ['--tag', 'v1.4.2']);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toContain('supports   SLSA Build level 3');
    expect((await check(reference, ['--tag', 'v1.4.2', '--print-ref'])).stdout).toMatch(/^127\.0\.0\.1:\d+\/builds\/0@sha256:[0-9a-f]{64}\n$/);
    expect((await check(reference, ['--tag', 'v1.4.2', '--offline'])).stderr).toContain('[NET_OFFLINE]');
  });

  test('provenance counts before a signature, and a refusal names each piece', async () => {
    const both = await image((manifest) => [
      instance.sign(utf8(manifest), { ...signedBy(OWN, TAGGED, {}), content: 'message' }).bundleBytes,
      provenance({ artifacts: { image: manifest } }),
    ]);
    expect((await check(both)).stdout).toContain('supports   SLSA Build level 3');
    const other = await image((manifest) => [provenance({ artifacts: { image: manifest } }), provenance()]);
    const run = await check(other, ['--source', 'github.com/example/other']);
    expect(run.status).toBe(1);
    expect(run.stdout.match(/does not hold/g)).toHaveLength(2);
    expect(run.stdout).toContain('[SLSA_SOURCE]');
  });
});

test('nothing that is signed can forge a line of the output', async () => {
  const hostile = 'refs/tags/v1\u001b[2J\n✔ fake\u202e';
  const edit = (statement: Statement) => JSON.parse(JSON.stringify(statement).replaceAll('refs/tags/v1.4.2', JSON.stringify(hostile).slice(1, -1))) as object;
  const run = await verify(fileWith({ '.intoto.jsonl': provenance({ edit }) }));
  expect(run.status).toBe(1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  expect(run.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]|^✔ fake/m);
});
