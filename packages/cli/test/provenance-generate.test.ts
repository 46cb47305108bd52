/** Provenance, made in jobs beside a private Sigstore, and judged by our own verification; where it is there, by the real cosign too. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Certificate,
  encodePem,
  exactly,
  type JsonObject,
  parseBundle,
  parseEnvelope,
  parseJson,
  parsePem,
  parseRekorAnswer,
  parseTrustedRoot,
  proposedDsse,
  utf8,
  verify,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { serve } from '@assay/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import { findTool, runTool } from './foreign-tools.ts';
import { BUILDER_SAN, EVENT, openProvenanceScene } from './provenance-scene.ts';
import { type Run, runCosign } from './run-cli.ts';

const scene = await openProvenanceScene();
const { endpoints, folder } = scene;
const ISSUER = `${endpoints.oidc}/github`;
const V1 = 'https://slsa.dev/provenance/v1';
const V02 = 'https://slsa.dev/provenance/v0.2';
const cosign = findTool('cosign', '3.1.3');
if (cosign.path === '') console.warn('provenance is not shown to cosign 3.1.3: it is neither in ASSAY_TESTBED nor on PATH');

let count = 0;
/** A new file in the folder: its name, and its digest. */
function newFile(name = `app-${count++}.tar.gz`): { name: string; path: string; sha256: string } {
  const path = join(folder, name);
  writeFileSync(path, `content of ${name}`);
  return { name, path, sha256: createHash('sha256').update(`content of ${name}`).digest('hex') };
}
const listOf = (...files: { name: string; sha256: string }[]): string => files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const ok = (run: Run): Run => {
  expect(run, run.stderr).toMatchObject({ status: 0 });
  return run;
};

interface Statement {
  readonly _type: string;
  readonly subject: readonly { readonly name: string; readonly digest: JsonObject }[];
  readonly predicateType: string;
  readonly predicate: JsonObject;
}
function statementIn(name: string): Statement {
  const { content } = parseBundle(utf8(scene.read(name)));
  return parseJson(content.kind === 'dsse' ? content.payload : utf8('{}')) as unknown as Statement;
}

const verifyFile = (path: string, bundle: string, type: string, signer = ['--identity', BUILDER_SAN, '--issuer', ISSUER]): Promise<Run> =>
  scene.assay(['verify', '--type', type, '--bundle', join(folder, bundle), ...signer, path]);

describe('in a job of a reusable workflow', () => {
  test('a file gets a bundle that names the workflow as its signer', async () => {
    const file = newFile();
    const job = await scene.githubJob();
    const output = scene.scratch.write('output', 'earlier=1\n');
    const run = ok(await scene.generate([file.path], { ...job, GITHUB_OUTPUT: output }));
    const name = `${file.name}.intoto.jsonl`;
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain(`wrote ${name}\n`);
    expect(run.stderr).not.toContain('Build L2');
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    const sha256 = createHash('sha256').update(scene.read(name)).digest('hex');
    expect(readFileSync(output, 'utf8')).toBe(`earlier=1\nprovenance-name=${name}\nprovenance-sha256=${sha256}\n`);

    expect(statementIn(name)).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: file.name, digest: { sha256: file.sha256 } }],
      predicateType: V1,
      predicate: {
        buildDefinition: {
          externalParameters: {
            workflow: { ref: 'refs/tags/v1.2.3', repository: 'https://github.com/example/app', path: '.github/workflows/release.yml' },
          },
        },
        runDetails: { builder: { id: BUILDER_SAN } },
      },
    });
    ok(await verifyFile(file.path, name, V1));
    expect((await verifyFile(newFile().path, name, V1)).status).toBe(1);
    const caller = ['--identity', 'https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.2.3', '--issuer', ISSUER];
    expect((await verifyFile(file.path, name, V1, caller)).status).toBe(1);
  });

  test('it is on record in Rekor v1, whose promise other verifiers demand', async () => {
    const file = newFile();
    ok(await scene.generate([file.path], await scene.githubJob()));
    const { entries } = parseBundle(utf8(scene.read(`${file.name}.intoto.jsonl`)));
    expect(entries).toMatchObject([{ kind: 'dsse', version: '0.0.1' }]);
    expect(entries[0]?.signedEntryTimestamp).toBeDefined();
    expect(entries[0]?.inclusionProof).toBeDefined();
  });

  test('a list as the generators take it becomes provenance as the generators make it', async () => {
    const files = [newFile(), newFile()];
    const list = scene.scratch.write('list', base64(listOf(...files)));
    const job = await scene.githubJob();
    ok(await scene.generate(['--predicate-version', 'v0.2', '-f', list], job));
    expect(statementIn('multiple.intoto.jsonl')).toMatchObject({
      _type: 'https://in-toto.io/Statement/v0.1',
      subject: files.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
      predicateType: V02,
      predicate: {
        builder: { id: BUILDER_SAN },
        buildType: 'https://github.com/slsa-framework/slsa-github-generator/generic@v1',
        invocation: { configSource: { entryPoint: '.github/workflows/release.yml' }, environment: { github_event_payload: EVENT } },
      },
    });
    for (const { path } of files) ok(await verifyFile(path, 'multiple.intoto.jsonl', V02));
    expect(scene.read('multiple.intoto.jsonl')).not.toContain(base64('ghs_secret').slice(0, 12));
  });

  test('the lists and files of one command are one statement', async () => {
    const [a, b, c, d] = [newFile(), newFile(), newFile(), newFile()];
    const list = scene.scratch.write('sums', listOf(b));
    const encoded = scene.scratch.write('sums.base64', `${base64(listOf(c))}\n`);
    const argv = ['--subjects', base64(listOf(a)), '--subjects-filename', encoded, '--subjects-file', list, '--bundle', 'all.intoto.jsonl', d.path];
    ok(await scene.generate(argv, await scene.githubJob()));
    expect(statementIn('all.intoto.jsonl').subject.map(({ name }) => name)).toEqual([a, c, b, d].map(({ name }) => name));
  });

  test('ten thousand files are warned about, and signed all the same', async () => {
    const list = scene.scratch.write('many', Array.from({ length: 10_000 }, (_, i) => `${'a'.repeat(64)}  file-${i}\n`).join(''));
    const run = ok(await scene.generate(['--subjects-file', list, '--bundle', 'many.intoto.jsonl'], await scene.githubJob()));
    expect(run.stderr).toContain('warning: 10000 subjects: Sigstore clients refuse statements with more than 1024\n');
    expect(statementIn('many.intoto.jsonl').subject).toHaveLength(10_000);
    const bundle = utf8(scene.read('many.intoto.jsonl'));
    expect((await verify(bundle, undefined, { ...(await policy()), opaqueContent: true })).ok).toBe(true);
  });

  test('1024 files are the most that is not warned about', async () => {
    const list = scene.scratch.write('some', Array.from({ length: 1024 }, (_, i) => `${'a'.repeat(64)}  file-${i}\n`).join(''));
    const run = ok(await scene.generate(['--subjects-file', list, '--bundle', 'some.intoto.jsonl'], await scene.githubJob()));
    expect(run.stderr).not.toContain('warning');
  });
});

test('a job of the workflow itself is told that it reaches Build L2 at most', async () => {
  const own = { job_workflow_ref: 'example/app/.github/workflows/release.yml@refs/tags/v1.2.3' };
  const run = ok(await scene.generate([newFile().path], await scene.githubJob(own)));
  expect(run.stderr).toContain('Build L2 at most');
});

async function policy(san = BUILDER_SAN, issuer = ISSUER) {
  const trustedRoot = parseTrustedRoot(readFileSync(scene.document('trusted_root.json')));
  return { trustedRoot, signer: { identities: [{ san: exactly(san), issuer: exactly(issuer) }] }, crypto: nodeCrypto, now: new Date() };
}

describe('the envelope of older generators', () => {
  test('is found in the log by its very bytes, and by no others', async () => {
    const file = newFile();
    ok(await scene.generate(['--format', 'envelope', file.path], await scene.githubJob()));
    const text = scene.read(`${file.name}.intoto.jsonl`);
    expect(text.endsWith('}')).toBe(true);
    const { signatures } = JSON.parse(text) as { signatures: { keyid: string; cert: string }[] };
    const [{ keyid, cert = '' } = {}] = signatures;
    expect(keyid).toBe('');

    const found = await retrieve(text, cert);
    expect(found).toHaveLength(1);
    expect(await retrieve(`${text}\n`, cert)).toHaveLength(0);
    const leaf = parsePem(cert).blocks[0]?.der ?? new Uint8Array(0);
    const bundle = {
      mediaType: '',
      version: '0.3',
      material: { kind: 'certificate', leaf, others: [] },
      content: parseEnvelope(utf8(text)),
      entries: found,
      timestamps: [],
    } as const;
    expect((await verify(bundle, undefined, await policy())).ok).toBe(true);
    expect(encodePem('CERTIFICATE', Certificate.parse(leaf).der)).toBe(cert);
  });

  async function retrieve(envelope: string, cert: string) {
    const body = JSON.stringify({ entries: [proposedDsse(envelope, cert)] });
    const answer = await fetch(`${endpoints.rekor}/api/v1/log/entries/retrieve`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    return parseRekorAnswer(new Uint8Array(await answer.arrayBuffer()));
  }
});

describe('an image', () => {
  const demand = ['--identity', BUILDER_SAN, '--issuer', ISSUER];
  const certified = ['--certificate-identity', BUILDER_SAN, '--certificate-oidc-issuer', ISSUER];
  const root = ['--trusted-root', scene.document('trusted_root.json')];
  const older = ['--new-bundle-format=false'];
  const named = (reference: string): { name: string; digest: string } => {
    const [name = '', digest = ''] = reference.split('@');
    return { name, digest };
  };

  test('has it beside it, as a bundle', async () => {
    const { reference, sibling } = await scene.place();
    const run = ok(await scene.generate(['--plain-http', reference], await scene.githubJob()));
    expect(run.stdout).toBe(`${reference}\n`);
    ok(await scene.assay(['verify', '--plain-http', '--type', V1, ...demand, reference]));
    expect((await scene.assay(['verify', '--plain-http', '--type', V1, ...demand, sibling])).status).not.toBe(0);
    const theirs = await runCosign(['verify-attestation', '--type', 'slsaprovenance1', ...certified, ...root, reference], { network: 'open', now: new Date() });
    expect(theirs, theirs.stderr).toMatchObject({ status: 0 });
    expect(subjectsOf(theirs)).toEqual([{ name: named(reference).name, digest: { sha256: named(reference).digest.slice('sha256:'.length) } }]);
  });

  test('named by a tag has it for the digest of today', async () => {
    const { reference } = await scene.place();
    const { name } = named(reference);
    const run = ok(await scene.generate(['--plain-http', `${name}:image`], await scene.githubJob()));
    expect(run.stdout).toBe(`${reference}\n`);
  });

  test('has it in the .att tag where slsa-verifier looks, with certificate, chain and promise', async () => {
    const { reference, repository } = await scene.place();
    ok(await scene.generate(['--plain-http', '--predicate-version', 'v0.2', '--attach', 'att', reference], await scene.githubJob()));
    const { manifest } = await repository.requireManifest(`${named(reference).digest.replace(':', '-')}.att`);
    const layers = manifest.kind === 'image' ? manifest.layers : [];
    expect(layers).toMatchObject([{ mediaType: 'application/vnd.dsse.envelope.v1+json' }]);
    expect(Object.keys(layers[0]?.annotations ?? {})).toEqual(
      expect.arrayContaining(['certificate', 'chain', 'bundle'].map((name) => `dev.sigstore.cosign/${name}`)),
    );
    const judged = await runCosign(['verify-attestation', ...older, '--type', 'slsaprovenance', ...certified, ...root, reference], {
      network: 'open',
      now: new Date(),
    });
    expect(judged, judged.stderr).toMatchObject({ status: 0 });
    expect(judged.stdout).not.toBe('');
  });

  describe.skipIf(cosign.path === '')('with cosign 3.1.3', () => {
    const theirs = (argv: readonly string[]): Promise<Run> => runTool(cosign.path, argv, { home: scene.scratch.path('home') });

    test('is accepted, in either form', async () => {
      const { reference } = await scene.place();
      const job = await scene.githubJob();
      ok(await scene.generate(['--plain-http', reference], job));
      ok(await scene.generate(['--plain-http', '--predicate-version', 'v0.2', '--attach', 'att', reference], job));
      ok(await theirs(['verify-attestation', '--type', 'slsaprovenance1', ...certified, ...root, reference]));
      ok(await theirs(['verify-attestation', ...older, '--type', 'slsaprovenance', ...certified, ...root, reference]));
      const wrong = certified.map((text) => text.replace('v1.0.0', 'v1.0.1'));
      expect((await theirs(['verify-attestation', '--type', 'slsaprovenance1', ...wrong, ...root, reference])).status).not.toBe(0);
    });

    test('a file is accepted, and a predicate that was made apart can be signed', async () => {
      const file = newFile();
      const job = await scene.githubJob();
      ok(await scene.generate([file.path], job));
      const bundle = ['--bundle', join(folder, `${file.name}.intoto.jsonl`)];
      ok(await theirs(['verify-blob-attestation', '--type', 'slsaprovenance1', ...bundle, ...certified, ...root, file.path]));
      expect((await theirs(['verify-blob-attestation', '--type', 'slsaprovenance1', ...bundle, ...certified, ...root, newFile().path])).status).not.toBe(0);

      const { reference } = await scene.place();
      ok(await scene.generate(['--predicate-only', 'signed-elsewhere.json', '--predicate-version', 'v0.2', '--oidc-issuer', ISSUER], job));
      const sign = ['attest', '--yes', '--predicate', join(folder, 'signed-elsewhere.json'), '--type', 'slsaprovenance', '--signing-config', scene.olderConfig];
      const token = ['--identity-token', await scene.token()];
      ok(await theirs([...sign, ...root, ...token, reference]));
    });
  });

  function subjectsOf({ stdout }: Run): unknown {
    const { payload = '' } = JSON.parse(stdout.split('\n')[0] ?? '') as { payload?: string };
    return (JSON.parse(Buffer.from(payload, 'base64').toString()) as { subject: unknown }).subject;
  }
});

describe('where no authority vouches for the token', () => {
  const KEY = scene.scratch.path('own');
  const signed = ['--key', `${KEY}.key`];
  const password = { COSIGN_PASSWORD: 'secret' };
  beforeEach(async () => {
    if (existsSync(`${KEY}.key`)) return;
    const made = await runCosign(['generate-key-pair', '--output-key-prefix', KEY], { env: password });
    expect(made, made.stderr).toMatchObject({ status: 0 });
  });

  test('a predicate alone is made of a token whose signature we have verified', async () => {
    const job = await scene.githubJob();
    const refused = await scene.generate(['--predicate-only', 'predicate.json'], job);
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('of another issuer') });
    expect(existsSync(join(folder, 'predicate.json'))).toBe(false);
    ok(await scene.generate(['--predicate-only', 'predicate.json', '--oidc-issuer', ISSUER], job));
    expect(JSON.parse(scene.read('predicate.json'))).toMatchObject({ runDetails: { builder: { id: BUILDER_SAN } } });
  });

  test('a token that nobody signed is believed by nobody', async () => {
    const job = await scene.githubJob();
    const { value } = (await (
      await fetch(`${job['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience=sigstore`, { headers: { authorization: `bearer ${job['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}` } })
    ).json()) as { value: string };
    const [header, payload = '', signature] = value.split('.');
    const claims = {
      ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object),
      job_workflow_ref: 'example/trusted/.github/workflows/x.yml@refs/tags/v1.0.0',
    };
    const forged = { ...job, SIGSTORE_ID_TOKEN: [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.') };
    const before = await scene.logged();
    const file = newFile();
    for (const flags of [[], [...signed, '--oidc-issuer', ISSUER]])
      expect((await scene.generate([...flags, file.path], { ...forged, ...password })).status).not.toBe(0);
    expect(await scene.logged()).toEqual(before);
    expect(existsSync(join(folder, `${file.name}.intoto.jsonl`))).toBe(false);
  });

  test('a job signs with a key', async () => {
    const file = newFile();
    ok(await scene.generate([...signed, '--oidc-issuer', ISSUER, file.path], { ...(await scene.githubJob()), ...password }));
    ok(await verifyFile(file.path, `${file.name}.intoto.jsonl`, V1, ['--key', `${KEY}.pub`]));
  });

  test('a machine of one’s own states what its owner says', async () => {
    const file = newFile();
    const stated = [
      '--builder',
      'local',
      '--builder-id',
      'https://example.com/builder',
      '--build-type',
      'https://example.com/make',
      '--parameter',
      'target=all',
    ];
    ok(await scene.generate([...stated, ...signed, file.path], password));
    expect(statementIn(`${file.name}.intoto.jsonl`).predicate).toEqual({
      buildDefinition: { buildType: 'https://example.com/make', externalParameters: { target: 'all' } },
      runDetails: { builder: { id: 'https://example.com/builder' } },
    });
    ok(await verifyFile(file.path, `${file.name}.intoto.jsonl`, V1, ['--key', `${KEY}.pub`]));
  });
});

test('what a log has interrupted is completed later, without the job', async () => {
  let isDown = true;
  const log = await serve((request) => (isDown ? Promise.resolve(new Response('', { status: 503, headers: { 'Retry-After': '0' } })) : forward(request)));
  const config = JSON.parse(readFileSync(scene.olderConfig, 'utf8')) as { rekorTlogUrls: object[] };
  const flaky = scene.scratch.write('flaky.json', { ...config, rekorTlogUrls: config.rekorTlogUrls.map((service) => ({ ...service, url: log.url })) });
  const file = newFile();
  const name = `${file.name}.intoto.jsonl`;
  const run = await scene.generate(['--signing-config', flaky, file.path], await scene.githubJob());
  expect(run).toMatchObject({ status: 3, stderr: expect.stringContaining('SIGNING_INCOMPLETE') });
  expect(existsSync(join(folder, name))).toBe(false);
  isDown = false;
  ok(await scene.assay(['sign', '--resume', join(folder, `${name}.pending.json`)]));
  await log.close();
  expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  ok(await verifyFile(file.path, name, V1));

  async function forward(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const body = method === 'POST' ? { body: await request.arrayBuffer() } : {};
    const answer = await fetch(`${endpoints.rekor}${pathname}${search}`, { method, headers: { 'content-type': headers.get('content-type') ?? '' }, ...body });
    return new Response(await answer.arrayBuffer(), { status: answer.status, headers: { 'content-type': 'application/json' } });
  }
});

test('in a job of GitLab CI a file gets provenance as GitLab documents it', async () => {
  const file = newFile();
  ok(await scene.generate([file.path], await scene.gitlabJob()));
  expect(statementIn(`${file.name}.intoto.jsonl`)).toMatchObject({
    predicate: {
      buildDefinition: { externalParameters: { source: 'https://gitlab.com/group/app', entryPoint: 'provenance' } },
      runDetails: { builder: { id: 'https://gitlab.com/group/app/-/runners/1' } },
    },
  });
  const san = 'https://gitlab.com/group/app//.gitlab-ci.yml@refs/heads/main';
  ok(await verifyFile(file.path, `${file.name}.intoto.jsonl`, V1, ['--identity', san, '--issuer', `${endpoints.oidc}/gitlab`]));
});

describe('nothing is signed, logged or written', () => {
  interface Refusal {
    readonly argv?: readonly string[];
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly claims?: Readonly<Record<string, string>>;
    readonly status: number;
    readonly says: RegExp;
  }
  const HEX = 'a'.repeat(64);
  const REFUSALS: readonly (Refusal & { readonly when: string })[] = [
    { when: 'outside of jobs', env: { GITHUB_ACTIONS: undefined }, status: 2, says: /no job of GitHub Actions or GitLab CI.*PROVENANCE_ENVIRONMENT/ },
    {
      when: 'without the permission to ask for a token',
      env: { ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined },
      status: 2,
      says: /no identity token.*PROVENANCE_ENVIRONMENT[\s\S]*id-token: write/,
    },
    {
      when: 'when a variable names another repository',
      env: { GITHUB_REPOSITORY: 'example/other' },
      status: 1,
      says: /PROVENANCE_DISAGREEMENT[\s\S]*expected +example\/app\n +found +example\/other/,
    },
    {
      when: 'when the context names another commit',
      argv: ['--predicate-version', 'v0.2'],
      env: { GITHUB_CONTEXT: `{"sha":"${'0'.repeat(40)}"}` },
      status: 1,
      says: /PROVENANCE_DISAGREEMENT/,
    },
    {
      when: 'when v0.2 lacks the context',
      argv: ['--predicate-version', 'v0.2'],
      env: { GITHUB_CONTEXT: undefined },
      status: 2,
      says: /GITHUB_CONTEXT environment variable not set/,
    },
    { when: 'when a claim has another form', claims: { run_id: 'x' }, status: 2, says: /run_id.*PROVENANCE_ENVIRONMENT/ },
    { when: 'when the job is called one of GitLab', argv: ['--builder', 'gitlab'], status: 2, says: /not one of a job on GitLab CI/ },
    { when: 'when v0.2 is asked for elsewhere', argv: ['--builder', 'gitlab', '--predicate-version', 'v0.2'], status: 2, says: /USAGE/ },
    {
      when: 'when the file is to have another ending',
      argv: ['--bundle', 'provenance.json'],
      status: 2,
      says: /invalid suffix: "provenance.json". Must be .intoto.jsonl.*PROVENANCE_OUTPUT/,
    },
    { when: 'when the file is to be above the folder', argv: ['--bundle', '../x.intoto.jsonl'], status: 2, says: /invalid path.*PROVENANCE_OUTPUT/ },
    { when: 'when the file is to be anywhere', argv: ['--bundle', '/tmp/x.intoto.jsonl'], status: 2, says: /invalid path.*PROVENANCE_OUTPUT/ },
    { when: 'when a link leads out of the folder', argv: ['--bundle', 'link/x.intoto.jsonl'], status: 2, says: /invalid path.*PROVENANCE_OUTPUT/ },
    { when: 'when the folder is not there', argv: ['--bundle', 'nowhere/x.intoto.jsonl'], status: 2, says: /no such folder.*PROVENANCE_OUTPUT/ },
    { when: 'when the file is there', argv: ['--bundle', 'there.intoto.jsonl'], status: 2, says: /is there already.*PROVENANCE_OUTPUT/ },
    { when: 'when a list is not base64', argv: ['--subjects', 'no base64'], status: 4, says: /base64: error decoding subjects.*PROVENANCE_SUBJECTS/ },
    {
      when: 'when a list names something twice',
      argv: ['--subjects', base64(`${HEX}  a\n${HEX}  a\n`)],
      status: 4,
      says: /duplicate subject: "a".*PROVENANCE_SUBJECTS/,
    },
    { when: 'when files and images are mixed', argv: ['localhost:1/app@sha256:…'], status: 2, says: /USAGE/ },
    { when: 'when an old envelope is to be signed with a key', argv: ['--format', 'envelope', '--key', 'k'], status: 2, says: /USAGE/ },
    { when: 'when a thing has no name', argv: [`sha256:${HEX}`], status: 2, says: /has a name/ },
  ];
  mkdirSync(join(folder, 'inside'));
  symlinkSync(scene.scratch.folder, join(folder, 'link'));
  writeFileSync(join(folder, 'there.intoto.jsonl'), 'precious');

  test.each(REFUSALS)('$when', async ({ argv = [], env = {}, claims = {}, status, says }) => {
    const before = await scene.logged();
    const file = newFile();
    const run = await scene.generate([...argv, file.path], { ...(await scene.githubJob(claims)), ...env });
    expect(run).toMatchObject({ status, stderr: expect.stringMatching(says) });
    expect(run.stderr).not.toContain('ghs_secret');
    expect(await scene.logged()).toEqual(before);
    expect(existsSync(join(folder, `${file.name}.intoto.jsonl`))).toBe(false);
    expect(scene.read('there.intoto.jsonl')).toBe('precious');
  });

  test('without a subject', async () => {
    expect(await scene.generate([], await scene.githubJob())).toMatchObject({ status: 4, stderr: expect.stringContaining('expected at least one subject') });
    const empty = await scene.generate(['--subjects-file', scene.scratch.write('empty', '\n')], await scene.githubJob());
    expect(empty).toMatchObject({ status: 4, stderr: expect.stringContaining('expected at least one subject') });
  });

  test('when the log is one that older forms cannot be found in', async () => {
    const config = JSON.parse(readFileSync(scene.document('signing_config.json'), 'utf8')) as { rekorTlogUrls: { majorApiVersion: number }[] };
    const newer = scene.scratch.write('newer.json', { ...config, rekorTlogUrls: config.rekorTlogUrls.filter(({ majorApiVersion }) => majorApiVersion === 2) });
    const run = await scene.generate(['--signing-config', newer, '--format', 'envelope', newFile().path], await scene.githubJob());
    expect(run).toMatchObject({ stderr: expect.stringContaining('SIGNING_CONFIG_SERVICES') });
    ok(await scene.generate(['--signing-config', newer, newFile().path], await scene.githubJob()));
  });
});
