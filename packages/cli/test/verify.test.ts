/** `assay verify` beyond its transcripts: where evidence is found, what is demanded, what is printed, and every exit status. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey, makeTufRepository } from '@assay/make';
import type { SignOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { ARTIFACT, ISSUER, instanceAndRoot, NATIVE_SIGNER, SAN } from './material.ts';
import { runCli, Scratch } from './run-cli.ts';
import { findVectors } from './vectors-folder.ts';

const scratch = new Scratch();
const { instance, root } = instanceAndRoot();
const rootFile = scratch.write('root.json', root);
const ROOT = ['--trusted-root', rootFile] as const;
const good = instance.sign(ARTIFACT).bundleBytes;
const bundleFile = scratch.write('good.json', good);
const artifact = scratch.write('plain', ARTIFACT);

const vectors = findVectors();
if (vectors === undefined) console.warn('tests of real bundles are skipped: no vectors (set ASSAY_VECTORS)');

const verify = (argv: readonly string[], options = {}) => runCli(['verify', ...argv], options);

describe('the bundle is found', () => {
  test.each([
    [['.sigstore.json', '.sigstore', '.sigstore.jsonl'], '.sigstore.json'],
    [['.sigstore', '.sigstore.jsonl'], '.sigstore'],
    [['.sigstore.jsonl'], '.sigstore.jsonl'],
  ])('of %j: %s', async (present, chosen) => {
    const file = scratch.write(`find/${present.length}/app`, ARTIFACT);
    // Only the one that should be read holds.
    for (const ending of present) scratch.write(`find/${present.length}/app${ending}`, ending === chosen ? good : '{}');
    const run = await verify([file, ...NATIVE_SIGNER, ...ROOT]);
    expect(run.stdout).toContain(`✔ evidence: ${file}${chosen}\n`);
    expect(run.status).toBe(0);
  });

  test('not at all when --bundle names another, however good the ones beside the file', async () => {
    const file = scratch.write('find/named/app', ARTIFACT);
    scratch.write('find/named/app.sigstore.json', good);
    const run = await verify([file, '--bundle', scratch.write('find/other', '{}'), ...NATIVE_SIGNER, ...ROOT]);
    expect(run.status).toBe(4);
  });

  test.each([
    ['good first', (bad: string, text: string) => [text, bad], 0],
    ['good last', (bad: string, text: string) => [bad, '{}', 'no JSON', text], 0],
    ['between blank lines', (_: string, text: string) => ['', ' \r', text, ''], 0],
    ['none good', (bad: string) => [bad, bad], 1],
    ['none readable', () => ['{}', '['], 4],
    ['no line', () => [''], 4],
  ])('in lines: %s', async (name, lines, status) => {
    const text = Buffer.from(good).toString();
    const other = Buffer.from(instance.sign(Buffer.from('other')).bundleBytes).toString();
    const run = await verify([artifact, '--bundle', scratch.write(`lines-${name}.jsonl`, lines(other, text).join('\n')), ...NATIVE_SIGNER, ...ROOT]);
    expect(run.status).toBe(status);
    if (status !== 0) expect(run.stdout).toMatch(/NOT verified: .*\[[A-Z_]+\]/);
  });
});

describe('the signer', () => {
  const pattern = (text: string) => text.replace(/[.+*?^${}()|[\]\\]/g, '\\$&');
  test.each([
    ['exact', ['--identity', SAN, '--issuer', ISSUER], 0],
    ['pattern of the whole', ['--identity-regexp', pattern(SAN), '--issuer-regexp', pattern(ISSUER)], 0],
    ['pattern with an end left open', ['--identity-regexp', `${pattern(SAN.slice(0, 40))}.*`, '--issuer', ISSUER], 0],
    ['pattern of the beginning only', ['--identity-regexp', pattern(SAN.slice(0, 40)), '--issuer', ISSUER], 1],
    ['pattern of the end only', ['--identity-regexp', 'v1\\.2\\.3', '--issuer', ISSUER], 1],
    ['alternatives are anchored as one', ['--identity-regexp', `${pattern(SAN)}x|y`, '--issuer', ISSUER], 1],
    ['a line break does not end the anchor', ['--identity-regexp', `(?m)^${pattern(SAN.slice(0, 40))}$`, '--issuer', ISSUER], 1],
    ['an exact value is no pattern', ['--identity', '.*', '--issuer', ISSUER], 1],
    ['letter case counts', ['--identity', SAN.toUpperCase(), '--issuer', ISSUER], 1],
    ['another issuer', ['--identity', SAN, '--issuer', `${ISSUER}/`], 1],
    ['issuer pattern of a part', ['--identity', SAN, '--issuer-regexp', 'githubusercontent'], 1],
    ['a pattern that is none', ['--identity-regexp', '(', '--issuer', ISSUER], 2],
    ['an empty name', ['--identity', '', '--issuer', ISSUER], 1],
  ])('%s', async (_, flags, status) => {
    expect(await verify([artifact, '--bundle', bundleFile, ...flags, ...ROOT])).toMatchObject({ status });
  });

  test('by key: the right one, another, and by variable', async () => {
    const key = generateKey('p256');
    const bundle = scratch.write('key.json', instance.sign(ARTIFACT, { key }).bundleBytes);
    const by = (reference: string, env = {}) => verify([artifact, '--bundle', bundle, '--key', reference, ...ROOT], { env });
    expect(await by(scratch.write('key.pub', key.publicPem))).toMatchObject({ status: 0 });
    expect(await by(scratch.write('other.pub', generateKey('p256').publicPem))).toMatchObject({ status: 1 });
    expect(await by('env://PUB', { PUB: key.publicPem })).toMatchObject({ status: 0 });
    expect(await by('env://PUB')).toMatchObject({ status: 2 });
  });
});

describe('thresholds', () => {
  const both: SignOptions = { log: 'both', timestamp: true };
  test.each([
    ['one log by default', {}, [], 0],
    ['no log', { log: 'none', timestamp: true }, [], 1],
    ['no log demanded', { log: 'none', timestamp: true }, ['--log-threshold', '0'], 0],
    ['two logs', both, ['--log-threshold', '2'], 0],
    ['two logs of one', {}, ['--log-threshold', '2'], 1],
    ['no timestamp demanded', {}, ['--timestamp-threshold', '0'], 0],
    ['a timestamp', both, ['--timestamp-threshold', '1'], 0],
    ['a timestamp that is missing', {}, ['--timestamp-threshold', '1'], 1],
    ['no certificate transparency', { alter: { scts: () => [] } }, [], 1],
    ['no certificate transparency demanded', { alter: { scts: () => [] } }, ['--sct-threshold', '0'], 0],
    ['two certificate transparency logs of one', {}, ['--sct-threshold', '2'], 1],
    ['more than 99', {}, ['--log-threshold', '100'], 2],
    ['no number', {}, ['--sct-threshold', 'one'], 2],
  ] as [string, SignOptions, string[], number][])('%s', async (name, sign, flags, status) => {
    const bundle = scratch.write(`threshold-${name}.json`, instance.sign(ARTIFACT, sign).bundleBytes);
    expect(await verify([artifact, '--bundle', bundle, ...NATIVE_SIGNER, ...ROOT, ...flags])).toMatchObject({ status });
  });
});

describe('--output json', () => {
  const accepted = () => verify([artifact, '--bundle', bundleFile, ...NATIVE_SIGNER, ...ROOT, '--output', 'json']);
  const refused = () => verify([artifact, '--bundle', bundleFile, '--identity', 'x', '--issuer', 'y', ...ROOT, '--output', 'json']);

  test('states the verdict, the facts and the tree', async () => {
    const { status, stdout, stderr } = await accepted();
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      mediaType: 'application/vnd.assay.verification.v1+json',
      ok: true,
      verified: { artifact: { algorithm: 'sha256' }, identity: { san: SAN, oidcIssuer: ISSUER } },
      root: { id: 'verification', status: 'pass' },
    });
  });

  test('states no facts when the evidence is refused', async () => {
    const { status, stdout } = await refused();
    expect(status).toBe(1);
    const document = JSON.parse(stdout) as Record<string, unknown>;
    expect(document).toMatchObject({ ok: false, root: { status: 'fail' } });
    expect(document).not.toHaveProperty('verified');
  });

  test('without evidence is still a document that explain reads', async () => {
    const { status, stdout } = await verify([artifact, ...NATIVE_SIGNER, ...ROOT, '--output', 'json']);
    expect(status).toBe(1);
    expect(await runCli(['explain', '-'], { stdin: stdout })).toMatchObject({ status: 0 });
  });

  test('goes through explain and shows the same tree', async () => {
    const tree = (text: string) => text.slice(text.indexOf('\n\n'));
    const full = await verify([artifact, '--bundle', bundleFile, ...NATIVE_SIGNER, ...ROOT, '--full']);
    const explained = await runCli(['explain', scratch.write('result.json', (await accepted()).stdout)]);
    expect(explained).toMatchObject({ status: 0, stderr: '' });
    expect(explained.stdout).toMatch(/^✔ the saved result accepted the evidence\n/);
    expect(tree(explained.stdout)).toBe(tree(full.stdout));
    expect((await runCli(['explain', '-'], { stdin: (await refused()).stdout })).stdout).toMatch(
      /^✘ the saved result rejected the evidence: 2 checks failed\n/,
    );
  });

  test.each([
    ['ok', (text: string) => text.replace('"ok": false', '"ok": true')],
    ['the root', (text: string) => text.replace('"status": "fail"', '"status": "pass"')],
    ['every status', (text: string) => text.replaceAll('"status": "fail"', '"status": "pass"')],
    ['a status of our own', (text: string) => text.replace('"status": "fail"', '"status": "fine"')],
    ['a code', (text: string) => text.replace('IDENTITY_MISMATCH', 'NO_SUCH_CODE')],
    ['the media type', (text: string) => text.replace('verification.v1', 'verification.v2')],
    ['a text into a number', (text: string) => text.replace(/"says": "[^"]*"/, '"says": 1')],
    ['the tree away', (text: string) => text.replace(/"root": [\s\S]*$/, '"root": null}')],
    ['checks into a text', (text: string) => text.replace(/"checks": \[[\s\S]*$/, '"checks": "none"}}')],
  ])('forged in %s is refused by explain', async (_, forge) => {
    const text = (await refused()).stdout;
    expect(forge(text)).not.toBe(text);
    const run = await runCli(['explain', '-'], { stdin: forge(text) });
    expect(run).toMatchObject({ status: 4, stdout: '' });
    expect(run.stderr).toContain('[RESULT_PARSE]');
  });

  test('cannot carry escape sequences into a terminal', async () => {
    const text = (await refused()).stdout.replace(/"says": "/g, '"says": "\\u001b[2J\\u202e');
    const run = await runCli(['explain', '-'], { stdin: text });
    expect(run.status).toBe(0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(run.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/);
  });
});

describe('colours', () => {
  const colour = '\u001b[';
  test.each([
    ['in a terminal', { terminal: true }, true],
    ['not in a pipe', { terminal: false }, false],
    ['not with NO_COLOR', { terminal: true, env: { NO_COLOR: '1' } }, false],
    ['not in a dumb terminal', { terminal: true, env: { TERM: 'dumb' } }, false],
    ['as usual with an empty NO_COLOR', { terminal: true, env: { NO_COLOR: '' } }, true],
  ])('%s', async (_, options, coloured) => {
    const { stdout } = await verify([artifact, '--bundle', bundleFile, ...NATIVE_SIGNER, ...ROOT], options);
    expect(stdout.includes(colour)).toBe(coloured);
  });
});

describe('the trusted root', () => {
  test('comes from ASSAY_TRUST, and --trusted-root comes before it', async () => {
    const env = { ASSAY_TRUST: rootFile };
    const run = await verify([artifact, '--bundle', bundleFile, ...NATIVE_SIGNER], { env });
    expect(run.status).toBe(0);
    expect(run.stdout).toContain(`✔ trusted root: the file ${rootFile}\n`);
    const other = scratch.write('other-root.json', instanceAndRoot().root);
    expect(await verify([artifact, '--bundle', bundleFile, ...NATIVE_SIGNER, '--trusted-root', other], { env })).toMatchObject({ status: 1 });
  });

  test('embedded in Assay serves offline, and says so', async () => {
    const run = await verify([artifact, '--bundle', bundleFile, ...NATIVE_SIGNER, '--offline']);
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('✔ trusted root: public Sigstore, as shipped with Assay (@sigstore/tuf');
    expect(run.stdout).toContain('[TLOG_UNKNOWN_LOG]');
  });

  test('demanded fresh is refused when the mirror cannot be reached', async () => {
    const { initialRoot } = makeTufRepository({ now: instance.now, targets: { 'trusted_root.json': Buffer.from(root) } });
    const env = {
      TUF_MIRROR: 'http://127.0.0.1:9',
      TUF_ROOT: scratch.path('tuf'),
      TUF_ROOT_JSON: scratch.write('tuf-root.json', initialRoot),
    };
    const run = await verify([artifact, '--bundle', bundleFile, ...NATIVE_SIGNER, '--require-fresh-root'], { env, network: 'open' });
    expect(run).toMatchObject({ status: 3, stdout: '' });
    expect(run.stderr).toMatch(/^assay: .*127\.0\.0\.1:9.*\n/);
    expect(run.stderr).toMatch(/\[(?:NET|TUF)_[A-Z_]+\]/);
  });
});

describe('exit status', () => {
  test.each([
    [0, 'verified', [artifact, '--bundle', bundleFile, ...NATIVE_SIGNER, ...ROOT]],
    [1, 'rejected', [artifact, '--bundle', bundleFile, '--identity', 'x', '--issuer', 'y', ...ROOT]],
    [2, 'usage', [artifact]],
    [3, 'something needed is unavailable', [artifact, '--bundle', bundleFile, '--key', 'http://127.0.0.1:9/key.pub', ...ROOT]],
    [4, 'malformed input', [artifact, '--bundle', artifact, ...NATIVE_SIGNER, ...ROOT]],
  ])('%i: %s', async (status, _, argv) => {
    expect(await verify(argv, { network: 'open' })).toMatchObject({ status });
  });
});

describe.skipIf(vectors === undefined)('a real bundle of public Sigstore, offline, with the embedded root', () => {
  const folder = join(vectors ?? '', 'bundles');
  const workflow =
    'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';
  const real = join(folder, 'happy-path-v0.3-new-mediaType/bundle.sigstore.json');
  const offline = ['--identity', workflow, '--issuer', ISSUER, '--offline'];

  test('is verified', async () => {
    const run = await verify([join(folder, 'a.txt'), '--bundle', real, ...offline], { now: new Date() });
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toContain('✔ trusted root: public Sigstore, as shipped with Assay');
  });

  test('is refused with the reason when one byte of it is another', async () => {
    const text = readFileSync(real, 'utf8');
    const at = text.indexOf('"signature"') + 40;
    const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
    const run = await verify([join(folder, 'a.txt'), '--bundle', scratch.write('changed-real.json', changed), ...offline], { now: new Date() });
    expect(run.status).toBe(1);
    expect(run.stdout).toMatch(/NOT verified: the entry is about another signature {2}\[TLOG_BODY_SIGNATURE\]/);
  });
});

test('an artifact too large to hold is streamed, and verified', async () => {
  const large = new Uint8Array(17 * 1024 * 1024);
  const bundle = scratch.write('large.json', instance.sign(large).bundleBytes);
  expect(await verify([scratch.write('large', large), '--bundle', bundle, ...NATIVE_SIGNER, ...ROOT])).toMatchObject({ status: 0 });
});

describe('text of the evidence', () => {
  test.each(['https://x/\u001b[31m', 'https://x/\nfake', 'https://x/\u202eevil'])('%j as predicate type is escaped', async (type) => {
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: type,
      predicate: {},
      subject: [{ name: 'a', digest: { sha256: Buffer.from(await crypto.subtle.digest('SHA-256', Uint8Array.from(ARTIFACT))).toString('hex') } }],
    };
    const sample = instance.sign(ARTIFACT, { content: 'dsse', payload: Buffer.from(JSON.stringify(statement)) });
    const bundle = scratch.write('hostile-type.json', sample.bundleBytes);
    const runs = [
      await verify([artifact, '--bundle', bundle, ...NATIVE_SIGNER, ...ROOT]),
      await verify([artifact, '--bundle', bundle, ...NATIVE_SIGNER, ...ROOT, '--type', 'other']),
      await runCli([
        'cosign',
        'verify-blob-attestation',
        '--bundle',
        bundle,
        '--certificate-identity',
        SAN,
        '--certificate-oidc-issuer',
        ISSUER,
        ...ROOT,
        artifact,
      ]),
    ];
    expect(runs.map(({ status }) => status)).toEqual([0, 1, 1]);
    for (const { stdout, stderr } of runs) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]|^fake/m);
    }
  });

  test('a user name with control characters is escaped, wherever it is shown', async () => {
    const name = 'me!\u001b[2K\n✔ fake\u202e';
    const sample = instance.sign(ARTIFACT, { identity: { type: 'username', value: name } });
    const bundle = scratch.write('hostile-name.json', sample.bundleBytes);
    const issuer = sample.policy.identities?.[0]?.issuer ?? '';
    const old = scratch.write('root2.json', root);
    const runs = [
      await verify([artifact, '--bundle', bundle, '--identity-regexp', '(?s).*', '--issuer', issuer, '--trusted-root', old]),
      await verify([artifact, '--bundle', bundle, '--identity', 'me', '--issuer', issuer, '--trusted-root', old]),
      await runCli(['cosign', 'verify-blob', '--bundle', bundle, '--certificate-identity', 'me', '--certificate-oidc-issuer', issuer, ...ROOT, artifact]),
      await runCli([
        'cosign',
        'verify-blob',
        '-d',
        '--bundle',
        bundle,
        '--certificate-identity-regexp',
        '.',
        '--certificate-oidc-issuer',
        issuer,
        ...ROOT,
        artifact,
      ]),
    ];
    for (const { stdout, stderr } of runs) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]|^✔ fake/m);
    }
  });
});
