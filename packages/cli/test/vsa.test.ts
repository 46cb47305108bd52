/** `assay vsa make` and `verify`: summaries in one's own words and of a verification, of files, images and sources, by key and by identity. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { utf8 } from '@assay/core';
import { putBundle, putImage, serveRegistry, type TestRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONTENT, type Made, OWN, openBuildScene } from './build-scene.ts';
import { openStackScene, PERSON, WORKFLOW } from './foreign-stack-scene.ts';
import { sha256Of } from './provenance-builds.ts';
import { runCli } from './run-cli.ts';

const scene = openBuildScene();
const { scratch, root } = scene;
const DIGEST = `sha256:${sha256Of(CONTENT)}`;
const VERIFIER = ['--verifier', 'https://verifier.example/v1', '--resource-uri', 'https://example.org/app'] as const;
const WORDS = [...VERIFIER, '--policy-uri', 'https://example.org/policy'] as const;
const KEYS = { env: { COSIGN_PASSWORD: 'secret' } };
let key = '';
let pub = '';

beforeAll(async () => {
  const prefix = scratch.path('v');
  await runCli(['cosign', 'generate-key-pair', '--output-key-prefix', prefix], KEYS);
  [key, pub] = [`${prefix}.key`, `${prefix}.pub`];
});

const make = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runCli(['vsa', 'make', '--key', key, ...WORDS, ...argv], { network: 'open', env: { ...KEYS.env, ...env } });
const verify = (argv: readonly string[], by: readonly string[] = ['--key', pub]) => runCli(['vsa', 'verify', ...VERIFIER, ...by, ...argv], { network: 'open' });

function fileWith(made: Made | undefined, ending = '.intoto.jsonl'): string {
  const file = scene.file();
  if (made !== undefined) writeFileSync(`${file}${ending}`, scene.sign(made).bundleBytes);
  return file;
}

const SUMMED = ['--source', 'github.com/example/app', '--tag', 'v1.4.2'];
const verified = (file: string, flags: readonly string[] = []) => make([file, ...SUMMED, '--evidence-root', root, ...flags], { ASSAY_OFFLINE: '1' });

function predicateIn(file: string): Record<string, unknown> & { subject: unknown } {
  const { dsseEnvelope, payload } = JSON.parse(readFileSync(file, 'utf8')) as { dsseEnvelope?: { payload: string }; payload?: string };
  const statement = JSON.parse(Buffer.from(dsseEnvelope?.payload ?? payload ?? '', 'base64').toString()) as { predicate: object; subject: unknown };
  return { ...statement.predicate, subject: statement.subject };
}

describe("in one's own words", () => {
  test('a summary says what was told, when, and of which evidence', async () => {
    const file = scene.file();
    const policy = scratch.write('policy.yaml', 'allow: all\n');
    const evidence = scratch.write('scan,1.json', '{}');
    const run = await make([
      file,
      '--result',
      'PASSED',
      '--level',
      'SLSA_BUILD_LEVEL_2',
      '--level',
      'SCANNED',
      '--policy',
      policy,
      '--input-attestation',
      `${policy},https://example.org/p.yaml`,
      '--input-attestation',
      evidence,
    ]);
    expect(run).toMatchObject({ status: 0, stdout: '' });
    expect(run.stderr).toContain(`wrote ${file}.vsa.json`);
    expect(predicateIn(`${file}.vsa.json`)).toEqual({
      subject: [{ name: 'app', digest: { sha256: sha256Of(CONTENT) } }],
      verifier: { id: 'https://verifier.example/v1' },
      timeVerified: '2026-08-25T00:00:00.000Z',
      resourceUri: 'https://example.org/app',
      policy: { uri: 'https://example.org/policy', digest: { sha256: sha256Of('allow: all\n') } },
      inputAttestations: [
        { uri: 'https://example.org/p.yaml', digest: { sha256: sha256Of('allow: all\n') } },
        { uri: 'file:scan%2C1.json', digest: { sha256: sha256Of('{}') } },
      ],
      verificationResult: 'PASSED',
      verifiedLevels: ['SLSA_BUILD_LEVEL_2', 'SCANNED'],
      slsaVersion: '1.2',
    });
    expect(await verify([file, '--level', 'SLSA_BUILD_LEVEL_1', '--level', 'SCANNED'])).toMatchObject({ status: 0, stderr: '' });
    expect((await make([file, '--result', 'PASSED', '--level', 'X'])).stderr).toContain('is there already');
    expect((await make([file, '--result', 'PASSED', '--level', 'X', '--force'])).status).toBe(0);
  });

  test('as an envelope, which slsa-verifier takes too', async () => {
    const file = scene.file();
    const envelope = scratch.path('envelope.json');
    expect((await make([file, '--result', 'PASSED', '--level', 'SLSA_BUILD_LEVEL_3', '--format', 'envelope', '--bundle', envelope])).status).toBe(0);
    expect((await verify([file, '--bundle', envelope, '--level', 'SLSA_BUILD_LEVEL_3'])).status).toBe(0);
    const flags = [
      '--attestation-path',
      envelope,
      '--subject-digest',
      DIGEST,
      '--verifier-id',
      VERIFIER[1],
      '--resource-uri',
      VERIFIER[3],
      '--public-key-path',
      pub,
    ];
    expect((await runCli(['slsa-verifier', 'verify-vsa', ...flags, '--verified-level', 'SLSA_BUILD_LEVEL_3'])).status).toBe(0);
    expect((await verify([file, '--bundle', envelope, '--log-threshold', '1', '--trusted-root', root])).stdout).toContain('[TLOG_THRESHOLD]');
  });

  test('of several files at once, of a digest, and of a revision of source', async () => {
    const [one, two] = [scene.file(), scratch.write('two', 'another\n')];
    const both = scratch.path('both.json');
    expect((await make([one, two, '--result', 'PASSED', '--level', 'X', '--bundle', both])).status).toBe(0);
    for (const thing of [one, two, DIGEST]) expect((await verify([thing, '--bundle', both])).status).toBe(0);
    const commit = `gitCommit:${'a'.repeat(40)}`;
    const source = scratch.path('source.json');
    const words = [
      '--subject-digest',
      commit,
      '--source-ref',
      'refs/heads/main',
      '--result',
      'PASSED',
      '--level',
      'SLSA_SOURCE_LEVEL_2',
      '--level',
      'ORG_SOURCE_REVIEWED',
    ];
    expect((await make([...words, '--bundle', source])).status).toBe(0);
    const of = ['--bundle', source, '--subject-digest', commit];
    expect((await verify([...of, '--source-ref', 'refs/heads/main', '--level', 'SLSA_SOURCE_LEVEL_1'])).status).toBe(0);
    expect((await verify([...of, '--source-ref', 'refs/heads/other'])).status).toBe(1);
  });

  test('a failure is summed up as one, and never passes', async () => {
    const file = scene.file();
    expect((await make([file, '--result', 'FAILED'])).status).toBe(0);
    expect(predicateIn(`${file}.vsa.json`)).toMatchObject({ verificationResult: 'FAILED', verifiedLevels: ['FAILED'] });
    const run = await verify([file]);
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('[VSA_RESULT]');
  });
});

describe('of a verification that it runs itself', () => {
  test.each<[string, Made, number]>([
    ['a builder of the SLSA project', {}, 3],
    ['a hosted workflow of the repository', { builder: OWN }, 2],
    ['a workflow on a machine of its owner', { builder: OWN, sign: { githubClaims: { runner_environment: 'self-hosted' } } }, 1],
    ['a signature alone', { builder: OWN, sign: { content: 'message' } }, 0],
  ])('%s supports as much as it does', async (_, made, level) => {
    const file = fileWith(made, level === 0 ? '.sigstore.json' : '.intoto.jsonl');
    expect(await verified(file)).toMatchObject({ status: 0 });
    expect(predicateIn(`${file}.vsa.json`)).toMatchObject({
      subject: [{ name: 'app', digest: { sha256: sha256Of(CONTENT) } }],
      verifier: { version: { assay: expect.any(String) } },
      verificationResult: 'PASSED',
      verifiedLevels: [`SLSA_BUILD_LEVEL_${level}`],
      inputAttestations: [{ uri: expect.stringMatching(/^file:app\./), digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } }],
    });
    expect((await verify([file, '--level', `SLSA_BUILD_LEVEL_${level}`])).status).toBe(0);
    expect((await verify([file, '--level', `SLSA_BUILD_LEVEL_${level + 1}`])).status).toBe(1);
  });

  test('that fails is told, and nothing is signed', async () => {
    const file = fileWith({});
    const run = await make([file, '--source', 'github.com/example/app', '--tag', 'v9', '--evidence-root', root], { ASSAY_OFFLINE: '1' });
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toContain('[SLSA_TAG]');
    expect(existsSync(`${file}.vsa.json`)).toBe(false);
  });

  test('the evidence may be named, and properties be added', async () => {
    const file = scene.file();
    const evidence = scratch.write('evidence.json', scene.sign().bundleBytes);
    expect((await verified(file, ['--evidence', evidence, '--level', 'SCANNED'])).status).toBe(0);
    expect(predicateIn(`${file}.vsa.json`)).toMatchObject({ verifiedLevels: ['SLSA_BUILD_LEVEL_3', 'SCANNED'] });
  });
});

describe('is refused', () => {
  test.each<[string, readonly string[], string]>([
    ['without anything to sum up', ['--result', 'PASSED', '--level', 'X'], 'what was verified is not named'],
    ['without knowing how it ended', ['FILE', '--level', 'X'], 'how the verification ended is not known'],
    ['with a result beside a verification', ['FILE', ...SUMMED, '--result', 'PASSED'], 'the result is not yours to state'],
    ['with a Build level beside a verification', ['FILE', ...SUMMED, '--level', 'SLSA_BUILD_LEVEL_3'], 'what the evidence supports'],
    ['with demands and no source', ['FILE', '--tag', 'v1', '--result', 'PASSED'], 'demands on a build are for --source'],
    ['with digests that were not verified', ['FILE', ...SUMMED, '--subject-digest', 'x:y'], 'was not verified'],
    ['with a level that is none', ['FILE', '--result', 'PASSED', '--level', 'SLSA_BUILD_LEVEL_9'], '[VSA_DEMAND]'],
    ["with a value of one's own that looks like one", ['FILE', '--result', 'PASSED', '--level', 'SLSA_MINE'], '[VSA_DEMAND]'],
    ['passed, without a level', ['FILE', '--result', 'PASSED'], '[VSA_DEMAND]'],
    ['failed, with a level', ['FILE', '--result', 'FAILED', '--level', 'SLSA_BUILD_LEVEL_1'], '[VSA_DEMAND]'],
    ['with a digest without type', ['--subject-digest', 'abc', '--result', 'PASSED', '--level', 'X', '--bundle', 'x.json'], '[VSA_DEMAND]'],
    ['without a place to write to', [DIGEST, '--result', 'PASSED', '--level', 'X'], 'add --bundle FILE'],
    ['a ref without its commit', ['FILE', '--source-ref', 'refs/heads/main', '--result', 'PASSED', '--level', 'X'], '--source-ref belongs to a commit'],
  ])('%s', async (_, argv, says) => {
    const file = scene.file();
    const run = await make(argv.map((word) => (word === 'FILE' ? file : word)));
    expect(run).toMatchObject({ status: 2, stdout: '' });
    expect(run.stderr).toContain(says);
    expect(existsSync(`${file}.vsa.json`)).toBe(false);
  });

  test.each<[string, readonly string[], string]>([
    ['by another verifier', ['--verifier', 'https://other.example'], 'VSA_VERIFIER'],
    ['of another resource', ['--resource-uri', 'https://other.example'], 'VSA_RESOURCE'],
    ['below the level', ['--level', 'SLSA_BUILD_LEVEL_3'], 'VSA_LEVELS'],
    ['without a property', ['--level', 'SIGNED_OFF'], 'VSA_LEVELS'],
    ['of another track', ['--level', 'SLSA_SOURCE_LEVEL_1'], 'VSA_LEVELS'],
    ['of another digest', ['--subject-digest', `sha256:${'0'.repeat(64)}`], 'VSA_SUBJECT'],
    ['by another key', ['--key', 'OTHER'], 'SIGNATURE_INVALID'],
  ])('%s', async (_, flags, code) => {
    const other = scratch.path('other');
    if (!existsSync(`${other}.pub`)) await runCli(['cosign', 'generate-key-pair', '--output-key-prefix', other], KEYS);
    const file = scene.file();
    await make([file, '--result', 'PASSED', '--level', 'SLSA_BUILD_LEVEL_2']);
    const words = flags.map((word) => (word === 'OTHER' ? `${other}.pub` : word));
    const run = await verify([file, ...words], flags.includes('--key') ? [] : ['--key', pub]);
    expect(run.status).toBe(1);
    expect(run.stdout.split('\n\n')[0]).toContain(`[${code}]`);
    const json = await verify([file, ...words, '--output', 'json'], flags.includes('--key') ? [] : ['--key', pub]);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, root: { status: 'fail' } });
    expect(json.stdout).not.toContain('"summary"');
  });

  test('where there is none, where it is no summary, and where it cannot be read', async () => {
    expect((await verify([scene.file()])).stdout).toContain('[EVIDENCE_NOT_FOUND]');
    expect((await verify([scene.file(), '--bundle', scratch.write('provenance.json', scene.sign().bundleBytes)])).stdout).toContain('[KEY_EXPECTED]');
    const garbage = await verify([scene.file(), '--bundle', scratch.write('garbage.json', '{')]);
    expect(garbage.status).toBe(4);
    expect((await verify([DIGEST])).stderr).toContain('add --bundle FILE');
    expect((await verify([scene.file(), '--key-id', 'x'], ['--identity', 'a', '--issuer', 'b'])).stderr).toContain('--key-id names a key');
  });
});

describe('images', () => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await serveRegistry();
  });
  afterAll(() => registry.close());

  test('get their summary in the registry, and it is found there', async () => {
    const { digest } = putImage(registry.content, 'app', { tag: '1' });
    const reference = `${registry.host}/app:1`;
    const run = await make([reference, '--result', 'PASSED', '--level', 'SLSA_BUILD_LEVEL_2']);
    expect(run).toMatchObject({ status: 0, stdout: `${registry.host}/app@${digest}\n` });
    const found = await verify([reference, '--level', 'SLSA_BUILD_LEVEL_2', '--output', 'json']);
    expect(found.status).toBe(0);
    expect(JSON.parse(found.stdout)).toMatchObject({ ok: true, summary: { subject: [{ name: `${registry.host}/app`, digest: { sha256: digest.slice(7) } }] } });
    const low = await verify([reference, '--level', 'SLSA_BUILD_LEVEL_3']);
    expect(low.status).toBe(1);
    expect(low.stdout).toContain('does not hold');
    putImage(registry.content, 'app', { tag: '2', layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: utf8('2') }] });
    expect((await verify([`${registry.host}/app:2`])).stdout).toContain('[EVIDENCE_NOT_FOUND]');
  });

  test('are asked for their digest alone where the summary lies in a file', async () => {
    putImage(registry.content, 'kept', { tag: '1' });
    const [reference, file] = [`${registry.host}/kept:1`, scratch.path('kept.vsa.json')];
    expect(await make([reference, '--result', 'PASSED', '--level', 'SLSA_BUILD_LEVEL_1', '--bundle', file])).toMatchObject({ status: 0 });
    registry.reset();
    expect(await verify([reference, '--bundle', file])).toMatchObject({ status: 0 });
    expect(registry.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /v2/kept/manifests/1']);
  });

  test('are summed up by the digest that was verified', async () => {
    const subject = putImage(registry.content, 'built', { tag: '1' });
    const manifest = new TextDecoder().decode(registry.content.getManifest('built', subject.digest)?.bytes);
    putBundle(registry.content, 'built', subject, scene.sign({ artifacts: { image: manifest } }).bundleBytes);
    const reference = `${registry.host}/built:1`;
    const run = await make([reference, ...SUMMED, '--evidence-root', root], { ASSAY_GITHUB_API: 'http://127.0.0.1:9' });
    expect(run).toMatchObject({ status: 0, stdout: `${registry.host}/built@${subject.digest}\n` });
    const found = await verify([reference, '--level', 'SLSA_BUILD_LEVEL_3', '--output', 'json']);
    expect(JSON.parse(found.stdout)).toMatchObject({
      ok: true,
      summary: { predicate: { inputAttestations: [{ uri: expect.stringMatching(/^oci:\/\/127\.0\.0\.1:\d+\/built@sha256:/) }] } },
    });
  });
});

describe('with a private Sigstore', async () => {
  const stack = await openStackScene();
  const trust = { ASSAY_TRUST: stack.document('client_trust_config.json') };
  const now = (): { network: 'open'; now: Date; env: Readonly<Record<string, string>> } => ({ network: 'open', now: new Date(), env: trust });

  test('a workflow attests how a file was built, the file is verified as a build, and a person sums that up', async () => {
    const file = stack.scratch.path('a.txt');
    const predicate = stack.scratch.path('predicate.json');
    const attested = await runCli(
      ['attest', '--type', 'slsaprovenance1', '--predicate', predicate, '--identity-token', await stack.token(WORKFLOW), file],
      now(),
    );
    expect(attested, attested.stderr).toMatchObject({ status: 0 });
    const issuer = `${stack.endpoints.oidc}/github`;
    const build = ['--source', 'github.com/example/app', '--tag', 'v1.2.3', '--issuer', issuer];
    const refused = await runCli(['verify', file, ...build], { ...now(), env: { ...trust, ASSAY_OFFLINE: '1' } });
    // The predicate names a builder of its own, which is not the one that signed.
    expect(refused.stdout).toContain('[SLSA_DISAGREEMENT]');

    const honest = stack.scratch.write('honest.json', {
      buildDefinition: { buildType: 'https://stack.example/build/v1', externalParameters: {} },
      runDetails: { builder: { id: 'https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.2.3' } },
    });
    const again = await runCli(
      ['attest', '--force', '--type', 'slsaprovenance1', '--predicate', honest, '--identity-token', await stack.token(WORKFLOW), file],
      now(),
    );
    expect(again, again.stderr).toMatchObject({ status: 0 });
    const accepted = await runCli(['verify', file, ...build], { ...now(), env: { ...trust, ASSAY_OFFLINE: '1' } });
    expect(accepted, accepted.stdout).toMatchObject({ status: 0 });

    const summed = await runCli(
      ['vsa', 'make', file, ...WORDS, '--result', 'PASSED', '--level', 'SLSA_BUILD_LEVEL_2', '--yes', '--identity-token', await stack.token(PERSON)],
      now(),
    );
    expect(summed, summed.stderr).toMatchObject({ status: 0 });
    const by = ['--identity', PERSON.email, '--issuer', stack.endpoints.oidc];
    const found = await runCli(['vsa', 'verify', file, ...VERIFIER, ...by, '--level', 'SLSA_BUILD_LEVEL_2'], now());
    expect(found, found.stdout + found.stderr).toMatchObject({ status: 0 });
    expect((await runCli(['vsa', 'verify', file, ...VERIFIER, '--identity', 'other@stack.example', '--issuer', stack.endpoints.oidc], now())).stdout).toContain(
      '[IDENTITY_MISMATCH]',
    );
  });
});
