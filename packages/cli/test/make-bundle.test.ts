/** `cosign bundle create` and `bundle upgrade` where logs and files are hostile, and what they make in the hands of verifiers. */
import { existsSync } from 'node:fs';
import { generateKey } from '@assay/make';
import { rekorV1Stub, type StubFault, serve } from '@assay/testkit';
import { afterAll, describe, expect, test } from 'vitest';
import { writeBlobFiles } from './blob-files.ts';
import { hostileDocuments } from './hostile-files.ts';
import { ARTIFACT, COSIGN_SIGNER, legacyBundleOf } from './material.ts';
import { withoutProofs } from './odd-bundles.ts';
import { type Run, runCosign, Scratch } from './run-cli.ts';

const scratch = new Scratch();
const { instance } = writeBlobFiles(scratch);
const oldBundle = scratch.path('old.json');
const artifact = scratch.path('a.txt');
const root = scratch.path('root.json');
const v01 = instance.sign(ARTIFACT, { version: '0.1' }).bundle;
const noProof = scratch.write('noproof.json', withoutProofs(v01));
const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

async function log(fault?: StubFault): Promise<string> {
  const server = await serve(rekorV1Stub(instance, fault === undefined ? {} : { fault }));
  closing.push(server.close);
  return server.url;
}

const create = (argv: readonly string[]) => runCosign(['bundle', 'create', '--artifact', artifact, ...argv], { network: 'open' });
const upgrade = (argv: readonly string[]) => runCosign(['bundle', 'upgrade', ...argv], { network: 'open' });

describe('a log that answers wrongly', () => {
  test.each<[StubFault, RegExp]>([
    ['status-500', /^Error: .*(?:HTTP 500|answered 500)/m],
    ['malformed', /^Error: log answer is not valid JSON/m],
    ['html', /^Error: log answer is not valid JSON/m],
    ['other-artifact', /^Error: unable to find tlog entry$/m],
  ])('gives no bundle (%s)', async (fault, reason) => {
    const out = scratch.path(`out-${fault}.json`);
    for (const evidence of [
      ['--bundle', oldBundle],
      ['--signature', scratch.path('a.sig'), '--certificate', scratch.path('a.pem')],
    ]) {
      const run = await create([...evidence, '--rekor-url', await log(fault), '--out', out]);
      expect(run).toMatchObject({ status: 1, stdout: '' });
      expect(run.stderr).toMatch(reason);
      expect(existsSync(out)).toBe(false);
    }
  });

  test('gives no proof for another entry', async () => {
    const run = await upgrade([noProof, '--rekor-url', await log('other-artifact')]);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toMatch(/^Error: upgrading bundle: the log has another entry at index \d+ than the bundle$/m);
  });

  test.each([
    ['that is not there', 'http://127.0.0.1:9'],
    ['without a URL', 'rekor'],
  ])('%s', async (_, url) => {
    for (const run of [await create(['--bundle', oldBundle, '--rekor-url', url]), await upgrade([noProof, '--rekor-url', url])]) {
      expect(run).toMatchObject({ status: 1, stdout: '' });
      expect(run.stderr).not.toContain('internal error');
    }
  });
});

describe.each(['p256', 'p384', 'p521', 'rsa2048', 'ed25519'] as const)('of a signature by a %s key', (type) => {
  const key = generateKey(type);
  const pub = scratch.write(`${type}.pub`, key.publicPem);
  const legacy = legacyBundleOf(instance.sign(ARTIFACT, { key }), key);
  const old = scratch.write(`${type}.json`, legacy);
  const oldNoLog = scratch.write(`${type}.nolog.json`, { ...legacy, rekorBundle: undefined });
  const out = scratch.path(`${type}.made.json`);
  const verify = (...flags: string[]) => runCosign(['verify-blob', '--bundle', out, '--key', pub, '--trusted-root', root, ...flags, artifact]);

  test('comes a bundle that is verified', async () => {
    expect(await create(['--bundle', oldNoLog, '--key', pub, '--ignore-tlog', '--out', out])).toMatchObject({ status: 0, stderr: '' });
    expect(await verify('--insecure-ignore-tlog')).toMatchObject({ status: 0 });
    expect(await verify()).toMatchObject({ status: 1 });
  });

  // The log is asked for SHA-256, as cosign asks; the other keys sign something longer there.
  if (type !== 'p256' && type !== 'rsa2048') return;
  test('comes one with its place in the log', async () => {
    expect(await create(['--bundle', old, '--rekor-url', await log(), '--out', out])).toMatchObject({ status: 0 });
    expect(await verify()).toMatchObject({ status: 0 });
  });
});

test('what is made of a certificate is not accepted for another artifact', async () => {
  const out = scratch.path('other.made.json');
  expect(await create(['--bundle', oldBundle, '--rekor-url', await log(), '--out', out])).toMatchObject({ status: 0 });
  const verify = (file: string) => runCosign(['verify-blob', '--bundle', out, ...COSIGN_SIGNER, '--trusted-root', root, file]);
  expect(await verify(artifact)).toMatchObject({ status: 0 });
  expect(await verify(scratch.path('b.txt'))).toMatchObject({ status: 1 });
});

describe('a bundle that is', () => {
  test.each(hostileDocuments(JSON.stringify(v01), 128))('$name', async ({ name, write }) => {
    const path = write(scratch, `hostile-${name}`);
    for (const run of [await upgrade([path]), await create(['--bundle', path, '--ignore-tlog']), await runCosign(['bundle', 'inspect', path])]) {
      // Only inspecting copes with objects that are no bundle.
      if (run.status === 0) expect(run.stdout).toContain('[!] WARNING: Missing Verification Material');
      else expect(run.stdout).toBe('');
      expectReadable(run);
    }
  });

  const text = JSON.stringify(withoutProofs(instance.sign(ARTIFACT, { content: 'dsse', timestamp: true }).bundle));
  test.each([
    'certificate',
    'rawBytes',
    'tlogEntries',
    'logId',
    'logIndex',
    'integratedTime',
    'payload',
    'signatures',
    'sig',
    'rfc3161Timestamps',
    'signedTimestamp',
  ])('of the wrong type at %s', async (name) => {
    for (const value of [1, null, [], {}, false, '?', 'AAAA', -1, '99999999999999999999', '\u001b[2J']) {
      const path = scratch.write('wrong-type.json', JSON.parse(text, (key, old: unknown) => (key === name ? value : old)) as object);
      expectReadable(await runCosign(['bundle', 'inspect', path]));
      expectReadable(await upgrade([path]));
    }
  });
});

/** Nothing of our inside shows, and nothing that a terminal would obey. */
function expectReadable({ stdout, stderr }: Run): void {
  const text = stdout + stderr;
  expect(text).not.toMatch(/\n\s+at |\[object |undefined|(?<![\w+/])NaN(?![\w+/])|internal error|node:|TypeError/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
}
