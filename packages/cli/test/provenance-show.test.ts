/** `assay provenance show`: what is said of a build and who says it, in every form of evidence; and that nothing of it can pass for verified. */
import { writeFileSync } from 'node:fs';
import { utf8 } from '@assay/core';
import { putBundle, putImage, serveRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { olderFile, olderLog, recordOlder } from '../../slsa/test/older-envelope.ts';
import { CONTENT, openBuildScene } from './build-scene.ts';
import { GENERIC, type Statement, sha256Of, signedBy, statementOf, TAGGED } from './provenance-builds.ts';
import { runCli } from './run-cli.ts';
import { findVectors } from './vectors-folder.ts';

const scene = openBuildScene();
const { scratch, instance } = scene;
const show = (argv: readonly string[], options = {}) => scene.assay(['provenance', 'show', ...argv], options);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bundle = text(scene.sign().bundleBytes);
const older = olderFile(instance, { ...signedBy(GENERIC, TAGGED, {}), payload: utf8(JSON.stringify(statementOf(GENERIC, TAGGED, { app: CONTENT }))) });

test('who built it, from what and how: in words, and each fact under who states it', async () => {
  const { status, stdout, stderr } = await show([scratch.write('one.jsonl', bundle)]);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout.split('\n\n')).toEqual([
    expect.stringMatching(
      /^one\.jsonl: SLSA provenance v0\.2, NOT verified\n {2}It says that it was built from https:\/\/github\.com\/example\/app at the tag v1\.4\.2 \(commit 1f0c6a4f0d7f\), by .*generator_generic_slsa3\.yml@refs\/tags\/v2\.0\.0, started by push, on a github-hosted runner\.$/,
    ),
    expect.stringMatching(/^ {2}certificate and provenance say\n {4}source {4}https:\/\/github\.com\/example\/app\n(?: {4}\w+ +\S+\n?)+$/),
    expect.stringMatching(/^ {2}the certificate alone says\n {4}runner {2}github-hosted$/),
    expect.stringMatching(/^ {2}the certificate is of\n {4}signer {2}.*\n {4}issuer {2}https:\/\/token\.actions\.githubusercontent\.com\n {4}valid .*$/),
    expect.stringMatching(/^ {2}its log entry says\n {4}recorded {2}2026-08-24T23:00:03\.000Z$/),
    expect.stringMatching(/^ {2}the provenance says besides\n {4}builder id .*\n {4}build type .*\/generic@v1\n {4}invocation .*-1$/),
    expect.stringMatching(/^ {2}subjects: 1\n {4}app {2}sha256:[0-9a-f]{64}$/),
    expect.stringMatching(/^ {2}made of, by the provenance: 1\n/),
    '  To verify it, if that is where it should be from: assay verify THING --source github.com/example/app --tag v1.4.2\n',
  ]);
});

test('JSON says the same, and that nothing was verified', async () => {
  const { stdout } = await show([scratch.write('two.jsonl', bundle), '--output', 'json']);
  expect(JSON.parse(stdout)).toMatchObject({
    verified: false,
    accounts: [
      {
        form: 'bundle',
        predicateType: 'https://slsa.dev/provenance/v0.2',
        certificate: { san: GENERIC.id, facts: { source: 'https://github.com/example/app', runner: 'github-hosted' } },
        predicate: { source: 'https://github.com/example/app', ref: 'refs/tags/v1.4.2' },
        disagreements: [],
        recorded: ['2026-08-24T23:00:03.000Z'],
        provenance: { builderId: GENERIC.id, subjects: [{ name: 'app', digest: { sha256: sha256Of(CONTENT) } }] },
      },
    ],
  });
});

describe('every form', () => {
  test.each<[string, () => string, RegExp]>([
    ['an envelope with its certificate', () => older.certified, /certificate and provenance say/],
    ['an envelope alone', () => older.bare, /the provenance alone says/],
    ['several lines', () => `${bundle}\n${bundle}\n`, /2 of 2: SLSA provenance/],
    ["the answer of npm's registry", () => JSON.stringify({ attestations: [{ bundle: JSON.parse(bundle) }] }), /SLSA provenance v0\.2/],
    [
      'what gcloud describes',
      () =>
        JSON.stringify({
          provenance_summary: {
            provenance: [
              {
                envelope: {
                  payload: Buffer.from('{"predicateType":"https://slsa.dev/provenance/v0.1","predicate":{"builder":{"id":"B"}}}').toString('base64'),
                },
              },
            ],
          },
        }),
      /a statement of type https:\/\/slsa\.dev\/provenance\/v0\.1[\s\S]*predicate\.builder\.id {2}B/,
    ],
    ['a signature', () => text(instance.sign(utf8(CONTENT)).bundleBytes), /a signature, NOT verified/],
    [
      'an SBOM',
      () => text(scene.sign({ edit: (one) => ({ ...one, predicateType: 'https://spdx.dev/Document' }) }).bundleBytes),
      /a statement of type https:\/\/spdx\.dev\/Document/,
    ],
    [
      'provenance that no verifier takes',
      () => text(scene.sign({ edit: (one) => ({ ...one, surprise: 1 }) }).bundleBytes),
      /cannot be read: .*unknown field "surprise"[\s\S]*what is signed[\s\S]*surprise/,
    ],
  ])('%s', async (name, content, says) => {
    const path = scratch.write(`${name}.json`, content());
    const run = await show([path]);
    expect(run.stdout).toMatch(says);
    expect(run.stdout).toContain('NOT verified');
    expect((await show(['-'], { stdin: content() })).stdout).toMatch(says);
  });

  test('an envelope that was kept with its log entry', async () => {
    const kept = scratch.path('kept.json');
    recordOlder(instance, older.certified, older.pem, older);
    const { serve } = await import('@assay/testkit');
    const log = await serve(olderLog(instance));
    const file = scene.file();
    writeFileSync(`${file}.intoto.jsonl`, older.certified);
    const env = { ASSAY_GITHUB_API: log.url };
    await scene.verify(file, ['--rekor-url', log.url, '--save-bundle', kept], { network: 'open', env });
    await log.close();
    expect((await show([kept])).stdout).toMatch(/certificate and provenance say[\s\S]*recorded/);
  });

  test('beside a file', async () => {
    const file = scene.file();
    writeFileSync(`${file}.intoto.jsonl`, bundle);
    expect((await show([file])).stdout).toContain('app.intoto.jsonl: SLSA provenance');
    const none = await show([scene.file()]);
    expect(none).toMatchObject({ status: 1, stdout: '' });
    expect(none.stderr).toContain('[EVIDENCE_NOT_FOUND]');
  });

  test.each([
    ['a bundle that is broken', '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'],
    ['an envelope that is broken', '{"payload":"","signatures":[]}'],
  ])('%s is told, with its exit status', async (name, content) => {
    const run = await show([scratch.write(name, content)]);
    expect(run.status).toBe(4);
    expect(run.stdout).toContain('cannot be read');
  });
});

describe('images', () => {
  const registry = serveRegistry();
  let reference = '';
  beforeAll(async () => {
    const { content, host } = await registry;
    const subject = putImage(content, 'app', { tag: '1' });
    const sbom = scene.sign({ edit: (one) => ({ ...one, predicateType: 'https://spdx.dev/Document' }) }).bundleBytes;
    for (const bytes of [sbom, utf8(bundle)]) putBundle(content, 'app', subject, bytes);
    putImage(content, 'bare', { tag: '1' });
    reference = `${host}/app:1`;
  });
  afterAll(async () => (await registry).close());

  test('their provenance, and not what else is attached', async () => {
    const { status, stdout } = await show([reference], { network: 'open' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^127\.0\.0\.1:\d+\/app@sha256:[0-9a-f]{64}: SLSA provenance v0\.2, NOT verified\n/);
    expect(stdout).not.toContain('spdx');
  });

  test('without any, and offline', async () => {
    expect((await show([reference.replace('/app:', '/bare:')], { network: 'open' })).stderr).toContain('[EVIDENCE_NOT_FOUND]');
    expect((await show([reference, '--offline'])).stderr).toContain('[NET_OFFLINE]');
  });
});

test('certificate and provenance that disagree stand side by side', async () => {
  const edit = (statement: Statement) => JSON.parse(JSON.stringify(statement).replaceAll(/"sha1":"[0-9a-f]+"/g, `"sha1":"${'f'.repeat(40)}"`)) as object;
  const path = scratch.write('differ.json', scene.sign({ edit }).bundleBytes);
  expect((await show([path])).stdout).toMatch(
    / {2}certificate and provenance disagree\n {4}commit {2}1f0c6a\S+ {2}\(the certificate\)\n {12}f{40} {2}\(the provenance\)\n/,
  );
  expect(JSON.parse((await show([path, '--output', 'json'])).stdout)).toMatchObject({
    accounts: [{ disagreements: [{ fact: 'commit', predicate: 'f'.repeat(40) }] }],
  });
});

test('nothing that is shown can forge a line, and long lists are cut', async () => {
  const edit = (statement: Statement) => {
    const copy = JSON.parse(JSON.stringify(statement).replaceAll('refs/tags/v1.4.2', 'refs/tags/v1\\u001b[2J\\n\\u2714 fake\\u202e')) as { subject: object[] };
    return { ...copy, subject: Array.from({ length: 500 }, (_, i) => ({ name: `\n✔ fake ${i}`, digest: {} })) };
  };
  const { stdout } = await show([scratch.write('hostile.json', scene.sign({ edit }).bundleBytes)]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]|^✔ fake/m);
  expect(stdout).toContain('… and 460 more (see --output json)');
});

const vectors = findVectors();
test.skipIf(vectors === undefined)('real provenance of Cloud Build is shown', async () => {
  const { status, stdout } = await runCli(['provenance', 'show', `${vectors}/slsa/testdata/gcb_container/v0.3/gcloud-container-github-tag.json`]);
  expect(status).toBe(0);
  expect(stdout).toContain('GoogleHostedWorker@v0.3');
});
