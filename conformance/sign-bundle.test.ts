/**
 * The signing half of the suite against private instances of ours, judged by `verify-bundle` and by @sigstore/verify. Two instances stand for two operators:
 * one trusted root knows both.
 */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLog, type Identity, issueToken, type Stack, startStack } from '@assay/stack';
import { bundleFromJSON, type SerializedBundle } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from './main.ts';

interface ServiceJson {
  url: string;
  majorApiVersion: number;
  validFor: { start: string; end?: string };
  operator: string;
}

interface ConfigJson {
  caUrls: ServiceJson[];
  rekorTlogUrls: ServiceJson[];
  rekorTlogConfig: { selector: string; count?: number };
  tsaUrls: ServiceJson[];
  tsaConfig: { selector: string; count?: number };
}

interface TrustedRootJson {
  tlogs: unknown[];
  timestampAuthorities: unknown[];
}

const folder = mkdtempSync(join(tmpdir(), 'assay-sign-bundle-'));
const A = join(folder, 'a');
const B = join(folder, 'b');
const FILE = join(folder, 'a.txt');
const STATEMENT = join(folder, 'statement.json');
const ROOT = join(folder, 'trusted_root.json');
const stacks: Stack[] = [];
let issuer = '';

beforeAll(async () => {
  const log = createLog('silent', () => undefined);
  for (const directory of [A, B]) stacks.push(await startStack({ directory, log }));
  issuer = stacks[0]?.endpoints.oidc ?? '';
  writeFileSync(FILE, 'DO NOT MODIFY ME!\n');
  writeFileSync(STATEMENT, statement());
  const [ours, theirs] = [A, B].map((directory) => readJson<TrustedRootJson>(join(directory, 'trusted_root.json'))) as [TrustedRootJson, TrustedRootJson];
  const both = { tlogs: [...ours.tlogs, ...theirs.tlogs], timestampAuthorities: [...ours.timestampAuthorities, ...theirs.timestampAuthorities] };
  writeFileSync(ROOT, JSON.stringify({ ...ours, ...both }));
});
afterAll(async () => {
  for (const stack of stacks) await stack.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Spaces and all: what is signed are these bytes. */
function statement(): string {
  const digest = { sha256: 'e9d72c10d8b8cb8ea31dc56cbfcff9eefb15cfc1e2ba4b7c2d5a4ba5c1f7a2a8' };
  const predicate = { buildDefinition: { buildType: 'https://example.com/build' } };
  const subject = [{ name: 'a.txt', digest }];
  return `${JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType: 'https://slsa.dev/provenance/v1', predicate }, undefined, 2)}\n`;
}

function readJson<Shape>(path: string): Shape {
  return JSON.parse(readFileSync(path, 'utf8')) as Shape;
}

const PERSON: Identity = { kind: 'email', email: 'person@example.com' };

type TokenWishes = Partial<Parameters<typeof issueToken>[2]>;

function tokenOf(identity: Identity = PERSON, wishes: TokenWishes = {}, directory = A): Promise<string> {
  return issueToken(directory, identity, { now: new Date(), ...wishes });
}

let count = 0;
const newFile = (): string => join(folder, `made-${count++}.json`);

type Change = (config: ConfigJson) => Partial<ConfigJson>;

function configFile(change: Change = () => ({})): string {
  const config = readJson<ConfigJson>(join(A, 'signing_config.json'));
  const path = newFile();
  writeFileSync(path, JSON.stringify({ ...config, ...change(config) }));
  return path;
}

interface Outcome {
  readonly status: number;
  readonly told: string;
}

async function client(...argv: string[]): Promise<Outcome> {
  const lines: string[] = [];
  return { status: await main(argv, (line) => lines.push(line)), told: lines.join('\n') };
}

/** In the suite's order. */
function signing(bundle: string, token: string, config: string, file = FILE): string[] {
  return ['--identity-token', token, '--bundle', bundle, '--trusted-root', ROOT, '--signing-config', config, file];
}

function verifying(bundle: string, artifact = FILE, identity = 'person@example.com'): string[] {
  return ['verify-bundle', '--bundle', bundle, '--certificate-identity', identity, '--certificate-oidc-issuer', issuer, '--trusted-root', ROOT, artifact];
}

interface BundleJson {
  readonly messageSignature?: object;
  readonly dsseEnvelope?: { readonly payload: string; readonly payloadType: string };
  readonly verificationMaterial: {
    readonly certificate: { readonly rawBytes: string };
    readonly tlogEntries: readonly { readonly kindVersion: { readonly kind: string; readonly version: string } }[];
    readonly timestampVerificationData?: { readonly rfc3161Timestamps: readonly unknown[] };
  };
}

/** Throws when it does not accept. */
function judgedElsewhere(bundle: string, bytes?: Uint8Array): void {
  const material = toTrustMaterial(TrustedRoot.fromJSON(readJson<TrustedRootJson>(ROOT)));
  const entity = toSignedEntity(bundleFromJSON(readJson<SerializedBundle>(bundle)), bytes === undefined ? undefined : Buffer.from(bytes));
  new Verifier(material).verify(entity);
}

const onlyVersion = (version: number, logs: readonly ServiceJson[]): ServiceJson[] => logs.filter(({ majorApiVersion }) => majorApiVersion === version);
const v1Only: Change = ({ rekorTlogUrls }) => ({ rekorTlogUrls: onlyVersion(1, rekorTlogUrls) });

describe.each<[string, Change, string]>([
  ['a Rekor v2 log', () => ({}), '0.0.2'],
  ['a Rekor v1 log', v1Only, '0.0.1'],
])('with %s', (_, change, version) => {
  test('a file is signed: no root in it, a log entry, a timestamp', async () => {
    const bundle = newFile();
    expect(await client('sign-bundle', ...signing(bundle, await tokenOf(), configFile(change)))).toEqual({ status: 0, told: '' });
    const { messageSignature, dsseEnvelope, verificationMaterial } = readJson<BundleJson>(bundle);
    expect([messageSignature !== undefined, dsseEnvelope]).toEqual([true, undefined]);
    expect(new X509Certificate(Buffer.from(verificationMaterial.certificate.rawBytes, 'base64')).ca).toBe(false);
    expect(verificationMaterial.tlogEntries.map(({ kindVersion }) => kindVersion)).toEqual([{ kind: 'hashedrekord', version }]);
    expect(verificationMaterial.timestampVerificationData?.rfc3161Timestamps).toHaveLength(1);
    expect(await client(...verifying(bundle))).toEqual({ status: 0, told: '' });
    expect((await client(...verifying(bundle, STATEMENT))).status).toBe(1);
    expect((await client(...verifying(bundle, FILE, 'somebody@example.com'))).status).toBe(1);
    judgedElsewhere(bundle, readFileSync(FILE));
  });

  test('a statement is signed, byte for byte', async () => {
    const bundle = newFile();
    expect(await client('sign-bundle', '--in-toto', ...signing(bundle, await tokenOf(), configFile(change), STATEMENT))).toEqual({ status: 0, told: '' });
    const { dsseEnvelope } = readJson<BundleJson>(bundle);
    expect(dsseEnvelope?.payloadType).toBe('application/vnd.in-toto+json');
    expect(Buffer.from(dsseEnvelope?.payload ?? '', 'base64').toString()).toBe(statement());
    expect(await client(...verifying(bundle, 'sha256:e9d72c10d8b8cb8ea31dc56cbfcff9eefb15cfc1e2ba4b7c2d5a4ba5c1f7a2a8'))).toEqual({ status: 0, told: '' });
    expect((await client(...verifying(bundle))).status).toBe(1);
    judgedElsewhere(bundle);
  });
});

test.each<[string, Identity, string]>([
  [
    'a workflow',
    { kind: 'github', repository: 'o/r', workflow: 'release.yml', ref: 'refs/heads/main' },
    'https://github.com/o/r/.github/workflows/release.yml@refs/heads/main',
  ],
  ['a workload', { kind: 'spiffe', id: 'spiffe://assay.local/builder' }, 'spiffe://assay.local/builder'],
])('%s signs in its own name', async (_, identity, name) => {
  const bundle = newFile();
  expect(await client('sign-bundle', ...signing(bundle, await tokenOf(identity), configFile()))).toEqual({ status: 0, told: '' });
  const argv = verifying(bundle, FILE, name);
  argv[argv.indexOf(issuer)] = `${issuer}/${identity.kind}`;
  expect(await client(...argv)).toEqual({ status: 0, told: '' });
});

describe('nothing is written for', () => {
  test.each<[string, () => Promise<string>, number, RegExp]>([
    ['a token that has ended', () => tokenOf(PERSON, { now: new Date(Date.now() - 3600_000) }), 1, /the identity token expired at/],
    ['a token for another audience', () => tokenOf(PERSON, { audience: 'elsewhere' }), 1, /Fulcio returned 400: .*audience/],
    ['a token of another issuer', () => tokenOf(PERSON, {}, B), 1, /Fulcio returned 400/],
    ['a token whose signature was changed', async () => (await tokenOf()).replace(/....$/, 'AAAA'), 1, /Fulcio returned 400: .*signature/],
    ['text that is no token', async () => 'hello', 1, /not a JSON Web Token/],
  ])('%s', async (_, token, status, message) => {
    const bundle = newFile();
    expect(await client('sign-bundle', ...signing(bundle, await token(), configFile()))).toEqual({ status, told: expect.stringMatching(message) });
    expect(existsSync(bundle)).toBe(false);
  });

  test('what is said to be a statement and is none', async () => {
    const bundle = newFile();
    const { status, told } = await client('sign-bundle', '--in-toto', ...signing(bundle, await tokenOf(), configFile()));
    expect([status, told !== '', existsSync(bundle)]).toEqual([1, true, false]);
  });

  test('a trusted root that does not know the instance', async () => {
    const bundle = newFile();
    const argv = signing(bundle, await tokenOf(), configFile());
    argv[argv.indexOf(ROOT)] = join(B, 'trusted_root.json');
    const { status, told } = await client('sign-bundle', ...argv);
    expect([status, existsSync(bundle)]).toEqual([1, false]);
    expect(told).toContain('the certificate from the authority is refused');
  });

  test.each<[string, string[]]>([
    ['no token', ['--bundle', 'b', FILE]],
    ['no bundle', ['--identity-token', 'x', FILE]],
    ['two files', ['--identity-token', 'x', '--bundle', 'b', FILE, FILE]],
    ['an unknown flag', ['--identity-token', 'x', '--bundle', 'b', '--key', 'k', FILE]],
  ])('%s, which is not understood', async (_, argv) => {
    expect(await client('sign-bundle', ...argv)).toMatchObject({ status: 2, told: expect.not.stringContaining('\n') });
  });
});

describe('a signing configuration', () => {
  const dead = (one: ServiceJson | undefined, change: Partial<ServiceJson> = {}): ServiceJson => ({
    ...(one as ServiceJson),
    url: 'http://127.0.0.1:9',
    ...change,
  });
  const hours = (count: number): string => new Date(Date.now() + count * 3600_000).toISOString();
  const another = (services: 'rekorTlogUrls' | 'tsaUrls'): ServiceJson[] =>
    readJson<ConfigJson>(join(B, 'signing_config.json'))[services].map((one) => ({ ...one, operator: 'another' }));
  const twoLogs =
    (rekorTlogConfig: ConfigJson['rekorTlogConfig']): Change =>
    ({ rekorTlogUrls }) => ({ rekorTlogUrls: onlyVersion(2, [...rekorTlogUrls, ...another('rekorTlogUrls')]), rekorTlogConfig });
  const withDead = ({ caUrls, rekorTlogUrls, tsaUrls }: ConfigJson, ...validFor: ServiceJson['validFor'][]): Partial<ConfigJson> => {
    const more = (services: readonly ServiceJson[]): ServiceJson[] => [...services, ...validFor.map((window) => dead(services[0], { validFor: window }))];
    return { caUrls: more(caUrls), rekorTlogUrls: more(rekorTlogUrls), tsaUrls: more(tsaUrls) };
  };

  test.each<[string, Change, [entries: number, timestamps: number]]>([
    ['without timestamps, where the log states the time', (config) => ({ ...v1Only(config), tsaUrls: [] }), [1, 0]],
    ['with two logs of two operators, all of them', twoLogs({ selector: 'ALL' }), [2, 1]],
    ['with two logs, of which two are to be used', twoLogs({ selector: 'EXACT', count: 2 }), [2, 1]],
    ['with two logs, of which any will do', twoLogs({ selector: 'ANY' }), [1, 1]],
    [
      'with two timestamp authorities, all of them',
      ({ tsaUrls }) => ({ tsaUrls: [...tsaUrls, ...another('tsaUrls')], tsaConfig: { selector: 'ALL' } }),
      [1, 2],
    ],
    ['with services that are not valid yet', (config) => withDead(config, { start: hours(1) }), [1, 1]],
    ['with services that are valid no more', (config) => withDead(config, { start: hours(-2), end: hours(-1) }), [1, 1]],
    [
      'with two services of one operator, of which the newer counts',
      (config) => ({ ...withDead(config, { start: '2020-01-01T00:00:00Z' }), rekorTlogConfig: { selector: 'ALL' }, tsaConfig: { selector: 'ALL' } }),
      [1, 1],
    ],
    [
      'with a log of a version that nobody knows yet',
      ({ rekorTlogUrls }) => ({ rekorTlogUrls: [dead(rekorTlogUrls[0], { majorApiVersion: 3, operator: 'another' }), ...rekorTlogUrls] }),
      [1, 1],
    ],
  ])('%s', async (_, change, expected) => {
    const bundle = newFile();
    expect(await client('sign-bundle', ...signing(bundle, await tokenOf(), configFile(change)))).toEqual({ status: 0, told: '' });
    const { tlogEntries, timestampVerificationData } = readJson<BundleJson>(bundle).verificationMaterial;
    expect([tlogEntries.length, timestampVerificationData?.rfc3161Timestamps.length ?? 0]).toEqual(expected);
    expect(await client(...verifying(bundle))).toEqual({ status: 0, told: '' });
  });

  test.each<[string, Change, RegExp]>([
    [
      'without timestamps, where the log states no time: nobody is asked for a certificate',
      ({ caUrls }) => ({ tsaUrls: [], caUrls: caUrls.map((one) => dead(one)) }),
      /a certificate that is logged to Rekor v2 needs a timestamp authority/,
    ],
    ['that wants more operators than there are', () => ({ rekorTlogConfig: { selector: 'EXACT', count: 2 } }), /too few usable services/],
    ['that does not say how many', () => ({ tsaConfig: { selector: 'UNDEFINED' } }), /no selector says how many/],
    ['without an authority', () => ({ caUrls: [] }), /no fulcio URLs/],
    ['whose log is down', ({ rekorTlogUrls }) => ({ rekorTlogUrls: rekorTlogUrls.map((one) => dead(one)) }), /127\.0\.0\.1:9/],
  ])('%s is refused, and nothing is written', async (_, change, message) => {
    const bundle = newFile();
    const outcome = await client('sign-bundle', ...signing(bundle, await tokenOf(), configFile(change)));
    expect(outcome).toEqual({ status: 1, told: expect.stringMatching(message) });
    expect(existsSync(bundle)).toBe(false);
  });
});

describe('as a process', () => {
  const executable = fileURLToPath(new URL('client', import.meta.url));
  const run = (argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
    new Promise((resolve) => {
      // The system's own Node first, whichever that is: the client must cope.
      const path = (process.env['PATH'] ?? '').split(':').filter((entry) => !entry.includes('node_modules'));
      execFile(executable, argv, { env: { ...process.env, PATH: path.join(':'), ...env } }, (error, _, stderr) =>
        resolve({ status: error === null ? 0 : Number(error.code), told: stderr }),
      );
    });

  test('with files, as the suite passes them', async () => {
    const bundle = newFile();
    expect(await run(['sign-bundle', '--staging', ...signing(bundle, await tokenOf(), configFile())])).toEqual({ status: 0, told: '' });
    expect(await run(verifying(bundle))).toEqual({ status: 0, told: '' });
  });

  test('with the instance in the environment, which is how the whole suite signs with a private one', async () => {
    const env = { ASSAY_TRUST: join(A, 'client_trust_config.json') };
    const bundle = newFile();
    expect(await run(['sign-bundle', '--staging', '--identity-token', await tokenOf(), '--bundle', bundle, FILE], env)).toEqual({ status: 0, told: '' });
    const signer = ['--certificate-identity', 'person@example.com', '--certificate-oidc-issuer', issuer];
    expect(await run(['verify-bundle', '--staging', '--bundle', bundle, ...signer, FILE], env)).toEqual({ status: 0, told: '' });
  });

  test('a refusal, with its reason', async () => {
    const bundle = newFile();
    const { status, told } = await run(['sign-bundle', ...signing(bundle, await tokenOf(PERSON, { audience: 'elsewhere' }), configFile())]);
    expect([status, existsSync(bundle)]).toEqual([1, false]);
    expect(told).toContain('Fulcio returned 400');
  });
});
