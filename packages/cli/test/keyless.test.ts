/** Signing without a key, as cosign and natively, against services in memory: every format, every fault, outages and what completes them. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type FulcioFault,
  fulcioStub,
  PERSON,
  personToken,
  type RekorV2Fault,
  rekorV1Stub,
  rekorV2Stub,
  rekorV2Tiles,
  type StubFault,
  type TimestampFault,
  timestampStub,
  workflowToken,
} from '@assay/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AS_PERSON, DOWN, type KeylessWorld, openKeylessWorld } from './keyless-world.ts';
import { type OidcStub, serveOidc } from './oidc-stub.ts';
import { type Run, type RunOptions, runCli, runCosign, Scratch } from './run-cli.ts';

const scratch = new Scratch();
const FILE = scratch.write('a.txt', 'an artifact\n');
const PREDICATE = scratch.write('p.json', { a: 1 });
const STATE = scratch.path('state');
const OPEN: RunOptions = { env: { XDG_STATE_HOME: STATE }, network: 'open' };
let world: KeylessWorld;
let oidc: OidcStub;

beforeAll(async () => {
  world = await openKeylessWorld(scratch);
  oidc = await serveOidc(() => world.instance.now);
});
afterAll(async () => {
  await Promise.all([world.close(), oidc.close()]);
});
beforeEach(() => {
  for (const service of ['ca', 'v1', 'v2', 'tsa'] as const) world.replace(service, undefined);
  world.asked.length = 0;
});

const cosign = (argv: readonly string[], options: RunOptions = {}): Promise<Run> => runCosign(argv, { ...OPEN, ...options });
const assay = (argv: readonly string[], options: RunOptions = {}): Promise<Run> => runCli(argv, { ...OPEN, ...options });
const keyless = (): string[] => ['--identity-token', world.token, '--trusted-root', world.root];
const root = (): string[] => ['--trusted-root', world.root];
const verified = (): string[] => [...AS_PERSON, ...root()];
const urls = (): string[] => ['--use-signing-config=false', '--fulcio-url', world.urls.ca, '--rekor-url', world.urls.v1, '-y'];

let count = 0;
const newFile = (): string => scratch.path(`made-${count++}.json`);

describe.each<[string, ('v1' | 'v2' | 'tsa')[]]>([
  ['Rekor v1', ['v1']],
  ['Rekor v1 and a timestamp', ['v1', 'tsa']],
  ['Rekor v2 and a timestamp', ['v2', 'tsa']],
])('cosign with %s', (_, services) => {
  const stamped = services.includes('tsa') ? ['--use-signed-timestamps'] : [];

  test('signs an image, in these words', async () => {
    const reference = world.image();
    const run = await cosign(['sign', ...keyless(), '--signing-config', world.config(...services), reference]);
    expect(run).toMatchObject({ status: 0, stdout: '' });
    expect(run.stderr.replace(/\d+\nPushing/, 'N\nPushing')).toBe(
      [
        'Generating ephemeral keys...',
        'Signing artifact...',
        'Retrieving signed certificate...',
        'Successfully verified SCT...',
        'tlog entry created with index: N',
        `Pushing signature to: ${reference.split('@')[0]}`,
        '',
      ].join('\n'),
    );
    expect((await cosign(['verify', ...verified(), ...stamped, reference])).status).toBe(0);
  });

  test('attests an image', async () => {
    const reference = world.image();
    expect((await cosign(['attest', ...keyless(), '--signing-config', world.config(...services), '--predicate', PREDICATE, reference])).status).toBe(0);
    expect((await cosign(['verify-attestation', ...verified(), ...stamped, reference])).status).toBe(0);
  });

  test('signs a file', async () => {
    const bundle = newFile();
    expect(await cosign(['sign-blob', ...keyless(), '--signing-config', world.config(...services), '--bundle', bundle, FILE])).toMatchObject({
      status: 0,
      stdout: '',
    });
    expect(await cosign(['verify-blob', ...verified(), ...stamped, '--bundle', bundle, FILE])).toMatchObject({ status: 0, stderr: 'Verified OK\n' });
  });

  test('attests a file', async () => {
    const bundle = newFile();
    expect(
      (await cosign(['attest-blob', ...keyless(), '--signing-config', world.config(...services), '--predicate', PREDICATE, '--bundle', bundle, FILE])).status,
    ).toBe(0);
    expect((await cosign(['verify-blob-attestation', ...verified(), ...stamped, '--bundle', bundle, FILE])).stderr).toBe('Verified OK\n');
  });
});

describe('in the older format', () => {
  const older = (): string[] => [...keyless(), ...urls(), '--new-bundle-format=false'];

  test('an image has certificate, chain and log entry in annotations', async () => {
    const reference = world.image();
    const certificate = newFile();
    const run = await cosign(['sign', ...older(), '--output-certificate', certificate, reference]);
    expect(run.status).toBe(0);
    expect(run.stderr).toContain(`Certificate wrote in the file ${certificate}\n`);
    expect(readFileSync(certificate, 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
    const triangulated = await cosign(['triangulate', reference]);
    const { stdout } = await runCli(['crane', 'manifest', triangulated.stdout.trim()], OPEN);
    const [layer] = JSON.parse(stdout).layers;
    expect(Object.keys(layer.annotations).toSorted()).toEqual([
      'dev.cosignproject.cosign/signature',
      'dev.sigstore.cosign/bundle',
      'dev.sigstore.cosign/certificate',
      'dev.sigstore.cosign/chain',
    ]);
    expect(layer.annotations['dev.sigstore.cosign/chain'].match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    const judged = await cosign(['verify', ...verified(), reference]);
    expect(judged.status).toBe(0);
    expect(JSON.parse(judged.stdout)[0].optional).toMatchObject({ Subject: PERSON.email, Issuer: PERSON.iss });
  });

  test('several names share one certificate', async () => {
    const reference = world.image();
    expect((await cosign(['sign', ...older(), '--sign-container-identity', 'one', '--sign-container-identity', 'two', reference])).status).toBe(0);
    expect(world.asked.filter((service) => service === 'ca')).toHaveLength(1);
  });

  test('an attestation, with a timestamp over what is stored', async () => {
    const reference = world.image();
    expect((await cosign(['attest', ...older(), '--timestamp-server-url', world.urls.tsa, '--predicate', PREDICATE, reference])).status).toBe(0);
    expect((await cosign(['verify-attestation', ...verified(), '--use-signed-timestamps', reference])).status).toBe(0);
  });

  test('a file: each part in a file of its own, and cosign 2 bundles', async () => {
    const [bundle, certificate, signature, timestamp] = [newFile(), newFile(), newFile(), newFile()];
    const outputs = ['--bundle', bundle, '--output-certificate', certificate, '--output-signature', signature, '--rfc3161-timestamp', timestamp];
    const run = await cosign(['sign-blob', ...older(), '--timestamp-server-url', world.urls.tsa, ...outputs, FILE]);
    expect(run.status).toBe(0);
    expect(run.stderr.split('\n').slice(-5)).toEqual([
      `Wrote bundle to file ${bundle}`,
      `Wrote signature to file ${signature}`,
      `Wrote certificate to file ${certificate}`,
      `Wrote timestamp to file ${timestamp}`,
      '',
    ]);
    expect(Object.keys(JSON.parse(readFileSync(bundle, 'utf8')))).toEqual(['base64Signature', 'cert', 'rekorBundle']);
    expect(Buffer.from(readFileSync(certificate, 'utf8'), 'base64').toString()).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect((await cosign(['verify-blob', ...AS_PERSON, '--new-bundle-format=false', '--bundle', bundle, FILE], { env: looseTrust() })).status).toBe(0);
    for (const file of [bundle, certificate, signature, timestamp]) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('a statement about a file', async () => {
    const [bundle, certificate, signature] = [newFile(), newFile(), newFile()];
    const outputs = ['--bundle', bundle, '--output-certificate', certificate, '--output-signature', signature];
    const run = await cosign(['attest-blob', ...older(), '--predicate', PREDICATE, ...outputs, FILE]);
    expect(run.status).toBe(0);
    expect(run.stderr).toContain(`Certificate written to file  ${certificate}\n`);
    expect(readFileSync(certificate, 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
  });

  /** What was made is judged with the parts that older variables name. */
  function looseTrust(): Record<string, string> {
    const { instance } = world;
    const pem = (label: string, der: Uint8Array) =>
      `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`;
    return {
      SIGSTORE_ROOT_FILE: scratch.write('ca.pem', instance.ca.map(({ certificate }) => pem('CERTIFICATE', certificate)).join('')),
      SIGSTORE_REKOR_PUBLIC_KEY: scratch.write('rekor.pub', instance.rekorV1.key.publicPem),
      SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: scratch.write('ct.pub', instance.ctLog.key.publicPem),
    };
  }
});

describe('one run', () => {
  test('gets one certificate for all its images', async () => {
    const references = [world.image(), world.image()];
    const run = await cosign(['sign', ...keyless(), '--signing-config', world.config('v1'), ...references]);
    expect(run.status).toBe(0);
    expect(world.asked.filter((service) => service === 'ca')).toHaveLength(1);
    expect(run.stderr.match(/Generating ephemeral keys/g)).toHaveLength(1);
    for (const reference of references) expect((await cosign(['verify', ...verified(), reference])).status).toBe(0);
  });

  test('certifies a key that stays, with --issue-certificate', async () => {
    const key = scratch.path('k');
    await cosign(['generate-key-pair', '--output-key-prefix', key], { env: { COSIGN_PASSWORD: '' } });
    const bundle = newFile();
    const argv = ['sign-blob', '--key', `${key}.key`, '--issue-certificate', ...keyless(), '--signing-config', world.config('v1'), '--bundle', bundle, FILE];
    const run = await cosign(argv, { env: { COSIGN_PASSWORD: '' } });
    expect(run.status).toBe(0);
    expect(run.stderr).not.toContain('ephemeral');
    expect((await cosign(['verify-blob', ...verified(), '--bundle', bundle, FILE])).stderr).toBe('Verified OK\n');
  });

  test('takes other algorithms', async () => {
    const bundle = newFile();
    const argv = [
      'sign-blob',
      ...keyless(),
      '--signing-config',
      world.config('v2', 'tsa'),
      '--signing-algorithm',
      'ecdsa-sha2-384-nistp384',
      '--bundle',
      bundle,
      FILE,
    ];
    expect((await cosign(argv)).status).toBe(0);
    expect((await cosign(['verify-blob', ...verified(), '--use-signed-timestamps', '--bundle', bundle, FILE])).status).toBe(0);
  });

  test('without log and authority verifies only where the current time may count', async () => {
    const bundle = newFile();
    expect((await cosign(['sign-blob', ...keyless(), '--signing-config', world.config(), '--bundle', bundle, FILE])).status).toBe(0);
    expect(JSON.parse(readFileSync(bundle, 'utf8')).verificationMaterial.tlogEntries ?? []).toEqual([]);
  });

  test('a detached SCT is told about: bundles have no place for it', async () => {
    world.replace('ca', fulcioStub(world.instance, { sct: 'detached' }));
    const run = await cosign(['sign-blob', ...keyless(), '--signing-config', world.config('v1'), '--bundle', newFile(), FILE]);
    expect(run.status).toBe(0);
    expect(run.stderr).toContain('verifiers will have to ignore SCTs');
  });
});

const token = (text: string): string => scratch.write(`token-${count++}`, text);

describe('who signs', () => {
  const signing = (...flags: string[]): string[] => ['sign-blob', ...root(), ...flags, '--bundle', newFile(), FILE];
  const configured = (...flags: string[]): string[] => signing('--signing-config', world.config('v1'), ...flags);
  const through = (issuer: string, ...flags: string[]): string[] => signing(...urls().filter((flag) => flag !== '-y'), '--oidc-issuer', issuer, ...flags);

  test('is said by a token that is given', async () => {
    expect((await cosign(configured('--identity-token', personToken({}, { now: world.instance.now })))).status).toBe(0);
  });

  test('is said by the environment', async () => {
    const env = { SIGSTORE_ID_TOKEN: workflowToken({}, { now: world.instance.now }) };
    expect((await cosign(configured(), { env })).status).toBe(0);
    const disabled = await cosign(configured('--oidc-disable-ambient-providers'), { env });
    expect(disabled.stderr).toContain('Non-interactive mode detected, using device flow.\n');
  });

  test('is asked with a code where nobody watches', async () => {
    const run = await cosign(through(oidc.url, '-y'));
    expect(run).toMatchObject({
      status: 0,
      stdout: `Enter the verification code ABCD-EFGH in your browser at: ${oidc.url}/activate\nCode will be valid for 300 seconds\nToken received!\n`,
    });
    expect(run.stderr).toContain('Generating ephemeral keys...\nNon-interactive mode detected, using device flow.\n');
  });

  test('is asked in the browser, after consent that is asked for once', async () => {
    const opened: string[] = [];
    const openBrowser = async (url: string): Promise<void> => {
      opened.push(url);
      void oidc.visit(url);
    };
    const run = await cosign(through(oidc.url), { interactive: true, openBrowser, stdin: 'y\n' });
    expect(run.status).toBe(0);
    expect(opened).toHaveLength(1);
    expect(run.stderr.match(/By typing 'y'/g)).toHaveLength(1);
    expect(run.stderr).toContain(`Your browser will now be opened to:\n${opened[0]}\n`);
  });

  test('types a code where there is no browser', async () => {
    let link = '';
    const openBrowser = async (url: string): Promise<void> => {
      link = url;
      throw new Error('no browser');
    };
    // The code is only known once the link is; it stands for what the person reads from the page.
    const stdin = lazily(() => `${oidc.codeFor(link)}\n`);
    const run = await cosign(through(oidc.url, '-y'), { interactive: true, openBrowser, stdin });
    expect(run.stderr).toContain('error opening browser: no browser\nGo to the following link in a browser:\n\n\t ');
    expect(run.stderr).toContain('Enter verification code: ');
    expect(run.status).toBe(0);
  });

  test('does not, who does not agree to a public record', async () => {
    const bundle = newFile();
    const argv = ['sign-blob', ...keyless(), ...urls().filter((flag) => flag !== '-y'), '--bundle', bundle, FILE];
    const run = await cosign(argv, { stdin: 'n\n' });
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('upload to tlog: user declined the prompt\n') });
    expect(world.asked).toEqual([]);
    expect(existsSync(bundle)).toBe(false);
  });

  test('is a machine with a secret', async () => {
    const secret = scratch.write('secret', 'hunter2\n');
    expect((await cosign(through(oidc.url, '-y', '--fulcio-auth-flow', 'client_credentials', '--oidc-client-secret-file', secret))).status).toBe(0);
  });

  const READ = 'getting keypair and token: retrieving ID token: reading ID token: getting id token: ';
  test.each<[string, () => string[], string]>([
    ['a file that is not there', () => configured('--identity-token', 'nowhere'), `${READ}open nowhere: no such file or directory`],
    ['a file without a token', () => configured('--identity-token', token('hello')), `${READ}the identity token is not a JSON Web Token`],
    [
      'a token that has ended',
      () => configured('--identity-token', token(personToken({}, { now: new Date(0) }))),
      `${READ}the identity token expired at 1970-01-01T00:10:00.000Z`,
    ],
    [
      'an address that nobody verified',
      () => configured('--identity-token', token(personToken({ email_verified: false }, { now: world.instance.now }))),
      `${READ}not verified by identity provider`,
    ],
    ['an unknown provider', () => configured('--oidc-provider', 'nonsense'), 'reading ID token: getting provider: nonsense is not a valid provider'],
    ['an unknown flow', () => configured('--fulcio-auth-flow', 'weird'), 'retrieving ID token: authenticating caller: unsupported oauth flow: weird'],
    [
      'a secret that is not there',
      () => configured('--oidc-client-secret-file', 'nowhere'),
      'Error: reading OIDC client secret: open nowhere: no such file or directory',
    ],
    ['an issuer that is not there', () => configured(), 'retrieving ID token: authenticating caller: '],
  ])('%s is refused before anything is asked', async (_, argv, message) => {
    const run = await cosign(argv());
    expect(run.status).toBe(1);
    expect(run.stderr).toContain(message);
    expect(world.asked).toEqual([]);
  });

  test('no message holds a token, whatever is wrong with it', async () => {
    const whole = personToken({}, { now: world.instance.now });
    for (const given of [`${whole}x.y`, whole.slice(0, -300), `${whole.split('.')[0]}.e30.x`]) {
      const run = await cosign(configured('--identity-token', given));
      expect(run.status).toBe(1);
      expect(run.stderr).not.toContain(given.slice(0, 30));
    }
  });

  function lazily(text: () => string): () => AsyncIterable<Uint8Array> {
    return async function* () {
      yield Buffer.from(text());
    };
  }
});

describe('nothing is published, nothing is logged, and nothing is kept:', () => {
  const BUNDLE = 'signing digest: signing bundle: ';
  const ERROR = `${BUNDLE}error signing bundle: `;
  test.each<[FulcioFault, string, number]>([
    ['status-400', 'Fulcio returned 400: {"code":3,"message":"There was an error processing the identity token","details":[]}', 1],
    ['status-429', 'Fulcio returned 429: {"code":8,"message":"rate limit exceeded","details":[]}', 3],
    ['status-500', 'Fulcio returned 500: {"code":13,"message":"error creating certificate","details":[]}', 3],
    ['malformed', 'not valid JSON', 3],
    ['html', 'not valid JSON', 3],
    ['empty', 'Fulcio returned no certificates', 3],
    ['one-certificate', 'the chain holds no issuer of the certificate', 3],
    ['other-key', 'the certificate is of another key', 1],
    ['other-identity', 'the certificate from the authority is refused: the signer differs', 1],
    ['other-issuer', 'the certificate from the authority is refused: the OIDC issuer differs', 1],
    ['expired', 'the certificate from the authority is refused: ', 1],
    ['impostor', 'the certificate from the authority is refused: ', 1],
    ['no-sct', 'the certificate from the authority is refused: the certificate carries no signed certificate timestamp', 1],
    ['wrong-sct', 'the certificate from the authority is refused: the timestamp of', 1],
  ])('an authority that is %s', async (fault, message, nativeStatus) => {
    world.replace('ca', fulcioStub(world.instance, { fault }));
    const reference = world.image();
    const bundle = newFile();
    const run = await cosign(['sign', ...keyless(), '--signing-config', world.config('v1', 'tsa'), '--bundle', bundle, reference]);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toContain(ERROR);
    expect(run.stderr).toContain(message);
    const native = await assay(['sign', ...keyless(), '--signing-config', world.config('v1', 'tsa'), '--plain-http', '--bundle', bundle, reference]);
    expect(native.status).toBe(nativeStatus);
    expect(native.stderr).toContain(message);
    expect(new Set(world.asked)).toEqual(new Set(['ca']));
    expect(world.pushedFor(reference)).toEqual([]);
    expect([bundle, `${bundle}.pending.json`].filter(existsSync)).toEqual([]);
  });

  test('a certificate for Rekor v2 that nothing would prove the time of', async () => {
    const reference = world.image();
    const run = await cosign(['sign', ...keyless(), '--signing-config', world.config('v2'), reference]);
    expect(run.stderr).toContain(`${BUNDLE}a timestamp authority must be provided to request a short-lived certificate that will be logged to Rekor\n`);
    expect(run.stderr).not.toContain('Signing artifact...');
    const native = await assay(['sign', ...keyless(), '--signing-config', world.config('v2'), '--plain-http', reference]);
    expect(native).toMatchObject({ status: 1, stderr: expect.stringContaining('[SIGNING_CONFIG_SERVICES]') });
    expect(world.asked).toEqual([]);
  });

  test('a configuration without an authority', async () => {
    const config = JSON.parse(readFileSync(world.config('v1'), 'utf8'));
    const file = scratch.write('no-ca.json', { ...config, caUrls: [] });
    const run = await cosign(['sign-blob', ...keyless(), '--signing-config', file, '--bundle', newFile(), FILE]);
    expect(run.stderr).toContain('signing bundle: no fulcio URLs provided in signing config\n');
  });
});

describe('nothing is published when a service lies:', () => {
  const attempt = async (...services: ('v1' | 'v2' | 'tsa')[]) => {
    const reference = world.image();
    const run = await cosign(['sign', ...keyless(), '--signing-config', world.config(...services), reference]);
    expect(run.status).toBe(1);
    expect(world.pushedFor(reference)).toEqual([]);
    return run.stderr;
  };

  test.each<[StubFault, string]>([
    ['other-artifact', 'the entry is of another kind'],
    ['wrong-proof', 'leads to another root'],
    ['wrong-set', 'verifying the fresh signature: failed to verify log inclusion'],
    ['malformed', 'not valid JSON'],
  ])('Rekor v1 with %s', async (fault, message) => {
    world.replace('v1', rekorV1Stub(world.instance, { fault }));
    expect(await attempt('v1')).toContain(message);
  });

  test.each<[RekorV2Fault, string]>([
    ['other-artifact', 'the entry is about another'],
    ['wrong-proof', 'leads to another root'],
    ['frozen', 'This log has been frozen'],
  ])('Rekor v2 with %s', async (fault, message) => {
    world.replace('v2', rekorV2Stub(world.instance, { fault }));
    expect(await attempt('v2', 'tsa')).toContain(message);
  });

  test.each<[TimestampFault, string]>([
    ['other-imprint', 'the timestamp is about something else'],
    ['refused', 'answered with status 2'],
  ])('an authority with %s', async (fault, message) => {
    world.replace('tsa', timestampStub(world.instance, { fault }));
    expect(await attempt('v1', 'tsa')).toContain(message);
  });
});

describe('an outage', () => {
  const resumeIn = (text: string): string => /assay sign --resume (\S+)/.exec(text)?.[1] ?? '';

  test.each<[string, 'v1' | 'v2' | 'tsa', ('v1' | 'v2' | 'tsa')[]]>([
    ['of Rekor v1', 'v1', ['v1']],
    ['of Rekor v2', 'v2', ['v2', 'tsa']],
    ['of the timestamp authority', 'tsa', ['v1', 'tsa']],
  ])('%s while an image is signed as cosign: nothing is published until it is completed', async (_, broken, services) => {
    world.replace(broken, DOWN);
    const reference = world.image();
    const bundle = newFile();
    const run = await cosign(['sign', ...keyless(), '--signing-config', world.config(...services), '--bundle', bundle, reference]);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toContain('server returned HTTP 500: out of order');
    expect(world.pushedFor(reference)).toEqual([]);
    expect(existsSync(bundle)).toBe(false);
    const state = resumeIn(run.stderr);
    expect(state).toBe(`${bundle}.pending.json`);
    expect(statSync(state).mode & 0o777).toBe(0o600);
    expect(readFileSync(state, 'utf8')).not.toMatch(/PRIVATE|eyJhbGci/);

    const early = await assay(['sign', '--resume', state]);
    expect(early).toMatchObject({ status: 3, stderr: expect.stringContaining('out of order') });
    expect(world.pushedFor(reference)).toEqual([]);

    world.replace(broken, undefined);
    const resumed = await assay(['sign', '--resume', state]);
    expect(resumed).toMatchObject({ status: 0, stdout: `${reference}\n` });
    expect([existsSync(bundle), existsSync(state)]).toEqual([true, false]);
    const stamped = services.includes('tsa') ? ['--use-signed-timestamps'] : [];
    expect((await cosign(['verify', ...verified(), ...stamped, reference])).status).toBe(0);
  });

  test('without a bundle file is kept in the state folder', async () => {
    world.replace('v1', DOWN);
    const reference = world.image();
    const run = await cosign(['attest', ...keyless(), '--signing-config', world.config('v1'), '--predicate', PREDICATE, reference]);
    const state = resumeIn(run.stderr);
    expect(state.startsWith(join(STATE, 'assay', 'pending'))).toBe(true);
    expect(statSync(state).mode & 0o777).toBe(0o600);
    world.replace('v1', undefined);
    expect((await assay(['sign', '--resume', state])).status).toBe(0);
    expect((await cosign(['verify-attestation', ...verified(), reference])).status).toBe(0);
    expect(existsSync(state)).toBe(false);
  });

  test.each<[string, string[]]>([
    ['sign-blob', []],
    ['attest-blob', ['--predicate', PREDICATE]],
  ])('while %s: the file is written when it is completed', async (command, flags) => {
    world.replace('v1', DOWN);
    const bundle = newFile();
    const run = await cosign([command, ...keyless(), '--signing-config', world.config('v1'), ...flags, '--bundle', bundle, FILE]);
    expect(run.status).toBe(1);
    world.replace('v1', undefined);
    const resumed = await assay(['sign', '--resume', resumeIn(run.stderr)]);
    expect(resumed).toMatchObject({ status: 0, stderr: `wrote ${bundle}\n` });
    expect(statSync(bundle).mode & 0o777).toBe(0o600);
    expect(
      (await cosign([command.replace('sign-blob', 'verify-blob').replace('attest-blob', 'verify-blob-attestation'), ...verified(), '--bundle', bundle, FILE]))
        .status,
    ).toBe(0);
  });

  test('natively: file and image, completed with the trust that they were made with', async () => {
    world.replace('v1', DOWN);
    const reference = world.image();
    const file = scratch.write(`native-${count++}.txt`, 'native');
    const flags = ['--identity-token', world.token, '--trust-config', world.trustConfig('v1'), '--plain-http'];
    const [image, blob] = [await assay(['sign', ...flags, reference]), await assay(['sign', ...flags, file])];
    for (const run of [image, blob]) expect(run).toMatchObject({ status: 3, stderr: expect.stringContaining('[SIGNING_INCOMPLETE]') });
    expect(existsSync(`${file}.sigstore.json`)).toBe(false);
    world.replace('v1', undefined);
    for (const run of [image, blob]) expect((await assay(['sign', '--resume', resumeIn(run.stderr)])).status).toBe(0);
    const signer = ['--identity', PERSON.email, '--issuer', PERSON.iss, ...root()];
    expect((await assay(['verify', ...signer, file])).status).toBe(0);
    expect((await assay(['verify', ...signer, '--plain-http', reference])).status).toBe(0);
  });

  test('that lasts longer than the certificate is told, and nothing is made of it', async () => {
    world.replace('v1', DOWN);
    const bundle = newFile();
    const run = await cosign(['sign-blob', ...keyless(), '--signing-config', world.config('v1'), '--bundle', bundle, FILE]);
    world.replace('v1', undefined);
    world.asked.length = 0;
    const late = await assay(['sign', '--resume', resumeIn(run.stderr)], { now: new Date(world.instance.now.getTime() + 11 * 60_000) });
    expect(late).toMatchObject({ status: 1, stderr: expect.stringContaining('[PENDING_EXPIRED]') });
    expect(late.stderr).toContain('sign again');
    expect(world.asked).toEqual([]);
    expect(existsSync(bundle)).toBe(false);
  });

  test('in the older format is signed again: nothing is kept', async () => {
    world.replace('v1', DOWN);
    const reference = world.image();
    const run = await cosign(['sign', ...keyless(), ...urls(), '--new-bundle-format=false', reference]);
    expect(run.stderr).toContain('out of order');
    expect(resumeIn(run.stderr)).toBe('');
    expect(world.pushedFor(reference)).toEqual([]);
  });

  test('that ends in a lie is not completed', async () => {
    world.replace('v1', DOWN);
    const bundle = newFile();
    const run = await cosign(['sign-blob', ...keyless(), '--signing-config', world.config('v1'), '--bundle', bundle, FILE]);
    world.replace('v1', rekorV1Stub(world.instance, { fault: 'wrong-set' }));
    const resumed = await assay(['sign', '--resume', resumeIn(run.stderr)]);
    expect(resumed).toMatchObject({ status: 1, stderr: expect.stringContaining('the completed signature does not verify') });
    expect([existsSync(bundle), existsSync(`${bundle}.pending.json`)]).toEqual([false, true]);
  });

  test('the timeout of the command is one too', async () => {
    world.replace('v1', async () => new Promise(() => undefined));
    const bundle = newFile();
    const timeout = `${Math.ceil(process.uptime()) + 2}s`;
    const run = await cosign(['sign-blob', '--timeout', timeout, ...keyless(), '--signing-config', world.config('v1'), '--bundle', bundle, FILE]);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('context deadline exceeded');
    expect(resumeIn(run.stderr)).toBe(`${bundle}.pending.json`);
  });

  test.each<[string, string[], number, string]>([
    ['a file that is none', [scratch.write('none.json', 'hello')], 4, '[PENDING_PARSE]'],
    ['a file that is not there', ['nowhere'], 2, '[FILE_NOT_FOUND]'],
    ['something to sign besides', [scratch.write('other.json', '{}'), FILE], 2, '[USAGE]'],
  ])('--resume with %s', async (_, argv, status, code) => {
    expect(await assay(['sign', '--resume', ...argv])).toMatchObject({ status, stderr: expect.stringContaining(code) });
  });
});

describe('a log that has the entry already', () => {
  test.each<['v1' | 'v2', ('v1' | 'v2' | 'tsa')[]]>([
    ['v1', ['v1']],
    ['v2', ['v2', 'tsa']],
  ])('%s: it is fetched and used', async (version, services) => {
    const log = version === 'v1' ? rekorV1Stub(world.instance) : rekorV2Tiles(world.instance, rekorV2Stub(world.instance));
    let uploads = 0;
    // The first answer is lost on its way, as behind a proxy that gives up; what is sent again is there already.
    world.replace(version, async (request) => {
      const isFirstUpload = request.method === 'POST' && uploads++ === 0;
      const answer = await log(request);
      return isFirstUpload ? DOWN(request) : answer;
    });
    const bundle = newFile();
    const run = await cosign(['sign-blob', ...keyless(), '--signing-config', world.config(...services), '--bundle', bundle, FILE]);
    expect(run.status, run.stderr).toBe(0);
    expect(uploads).toBe(2);
    const stamped = services.includes('tsa') ? ['--use-signed-timestamps'] : [];
    expect((await cosign(['verify-blob', ...verified(), ...stamped, '--bundle', bundle, FILE])).status).toBe(0);
  });
});

describe('natively', () => {
  const signer = (): string[] => ['--identity', PERSON.email, '--issuer', PERSON.iss, ...root()];
  const newThing = (): string => scratch.write(`thing-${count++}.txt`, `thing ${count}`);

  test('a file, with one file that names the whole instance', async () => {
    const file = newThing();
    const run = await assay(['sign', '--identity-token', world.token, '--trust-config', world.trustConfig('v2', 'tsa'), file]);
    expect(run).toMatchObject({ status: 0, stderr: `signing as ${PERSON.email}\nwrote ${file}.sigstore.json\n` });
    expect((await assay(['verify', ...signer(), file])).status).toBe(0);
  });

  test('an image, with the instance in the environment, for signing and verifying', async () => {
    const reference = world.image();
    const env = { ASSAY_TRUST: world.trustConfig('v1', 'tsa'), SIGSTORE_ID_TOKEN: workflowToken({}, { now: world.instance.now }) };
    const run = await assay(['sign', '--plain-http', reference], { env });
    expect(run).toMatchObject({ status: 0, stdout: `${reference}\n` });
    const identity = 'https://github.com/assay-testkit/widget/.github/workflows/release.yml@refs/tags/v1.2.3';
    const judged = await assay(['verify', '--plain-http', '--identity', identity, '--issuer', 'https://token.actions.githubusercontent.com', reference], {
      env,
    });
    expect(judged.status).toBe(0);
  });

  test('a statement about an image and one about a file', async () => {
    const reference = world.image();
    const file = newThing();
    const flags = ['--identity-token', world.token, '--trust-config', world.trustConfig('v1'), '--type', 'cyclonedx', '--predicate', PREDICATE];
    expect((await assay(['attest', ...flags, '--plain-http', reference])).status).toBe(0);
    expect((await assay(['attest', ...flags, file])).status).toBe(0);
    expect((await assay(['verify', ...signer(), '--plain-http', '--type', 'cyclonedx', reference])).status).toBe(0);
    expect((await assay(['verify', ...signer(), '--type', 'cyclonedx', file])).status).toBe(0);
  });

  test('several things share one certificate', async () => {
    const files = [newThing(), newThing()];
    expect((await assay(['sign', '--identity-token', world.token, '--trust-config', world.trustConfig('v1'), ...files])).status).toBe(0);
    expect(world.asked.filter((service) => service === 'ca')).toHaveLength(1);
  });

  test('after a login in the browser, which is asked for', async () => {
    const file = newThing();
    const openBrowser = async (url: string): Promise<void> => void oidc.visit(url);
    const flags = ['--trust-config', world.trustConfig('v1'), '--oidc-issuer', oidc.url];
    const refused = await assay(['sign', ...flags, file], { interactive: true, openBrowser, stdin: 'n\n' });
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('not signed') });
    const run = await assay(['sign', ...flags, file], { interactive: true, openBrowser, stdin: 'y\n' });
    expect(run).toMatchObject({ status: 0, stdout: '' });
    expect(run.stderr).toContain('it will be part of an immutable record');
  });

  test('a code for the device is no result: standard output stays empty', async () => {
    const run = await assay(['sign', '--trust-config', world.trustConfig('v1'), '--oidc-issuer', oidc.url, newThing()]);
    expect(run).toMatchObject({ status: 0, stdout: '', stderr: expect.stringContaining('Enter the verification code ABCD-EFGH') });
  });

  test('nothing given needs the services of public Sigstore, and says what is missing offline', async () => {
    const run = await runCli(['sign', '--identity-token', world.token, newThing()], { env: { ASSAY_OFFLINE: '1' } });
    expect(run.status).not.toBe(0);
    expect(run.stderr).toMatch(/\[(?:TRUST_ROOT_MISSING|NET_OFFLINE)\]/);
  });

  test('a bundle that is there is not overwritten, and nobody is asked for anything', async () => {
    const file = newThing();
    writeFileSync(`${file}.sigstore.json`, 'precious');
    const run = await assay(['sign', '--identity-token', world.token, '--trust-config', world.trustConfig('v1'), file]);
    expect(run.status).toBe(2);
    expect(world.asked).toEqual([]);
    expect(readFileSync(`${file}.sigstore.json`, 'utf8')).toBe('precious');
  });

  test('nothing to sign is a mistake', async () => {
    expect(await assay(['sign'])).toMatchObject({ status: 2, stderr: expect.stringContaining('[USAGE]') });
  });
});
