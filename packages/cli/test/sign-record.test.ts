/** Signing that is put on record: Rekor v1 and v2, timestamps, in both formats; and what happens when a service fails. */
import { existsSync, readFileSync } from 'node:fs';
import { DEFAULT_NOW, putImage, rekorV1Stub, rekorV2Stub, type Server, serve, serveRegistry, type TestRegistry, timestampStub } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { instanceAndRoot } from './material.ts';
import { type Run, runCosign, Scratch } from './run-cli.ts';

const scratch = new Scratch();
const { instance, root } = instanceAndRoot();
const ROOT = scratch.write('root.json', root);
const FILE = scratch.write('a.txt', 'an artifact\n');
const PREDICATE = scratch.write('p.json', { a: 1 });
const OPEN = { env: { COSIGN_PASSWORD: '' }, network: 'open' as const };
let servers: Server[] = [];
let registry: TestRegistry;
let urls = { v1: '', v2: '', tsa: '', down: '' };
let key = '';

beforeAll(async () => {
  const down = async (): Promise<Response> =>
    new Response('{"code":500,"message":"out of order"}', { status: 500, headers: { 'Content-Type': 'application/json', 'Retry-After': '0' } });
  servers = await Promise.all([rekorV1Stub(instance), rekorV2Stub(instance), timestampStub(instance), down].map((handler) => serve(handler)));
  const [v1, v2, tsa, broken] = servers.map(({ url }) => url) as [string, string, string, string];
  urls = { v1, v2, tsa: `${tsa}/api/v1/timestamp`, down: broken };
  registry = await serveRegistry();
  key = scratch.path('k');
  await runCosign(['generate-key-pair', '--output-key-prefix', key], OPEN);
});
afterAll(async () => {
  await Promise.all([...servers.map((server) => server.close()), registry.close()]);
});

const cosign = (...argv: string[]): Promise<Run> => runCosign(argv, OPEN);
const signer = (): string[] => ['--key', `${key}.key`, '--trusted-root', ROOT];
const verifier = (): string[] => ['--key', `${key}.pub`, '--trusted-root', ROOT];

/** A signing configuration over the stubs. */
function config(name: string, services: { log?: [string, number]; tsa?: string }): string {
  const service = (url: string, majorApiVersion: number) => ({
    url,
    majorApiVersion,
    operator: 'x',
    validFor: { start: new Date(DEFAULT_NOW.getTime() - 1e9).toISOString() },
  });
  return scratch.write(name, {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    ...(services.log && { rekorTlogUrls: [service(...services.log)], rekorTlogConfig: { selector: 'ANY' } }),
    ...(services.tsa && { tsaUrls: [service(services.tsa, 1)], tsaConfig: { selector: 'ANY' } }),
  });
}

let count = 0;
function image(): string {
  count += 1;
  const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: Buffer.from(`layer ${count}`) };
  const { digest } = putImage(registry.content, `app${count}`, { layers: [layer] });
  return `${registry.host}/app${count}@${digest}`;
}

describe.each([
  ['Rekor v1', () => config('v1.json', { log: [urls.v1, 1] })],
  ['Rekor v1 and a timestamp', () => config('v1t.json', { log: [urls.v1, 1], tsa: urls.tsa })],
  ['Rekor v2 and a timestamp', () => config('v2t.json', { log: [urls.v2, 2], tsa: urls.tsa })],
])('on record with %s', (name, services) => {
  const timestamps = name.includes('timestamp') ? ['--use-signed-timestamps'] : [];

  test('a file', async () => {
    const bundle = scratch.path('file.json');
    expect(await cosign('sign-blob', ...signer(), '--signing-config', services(), '--bundle', bundle, FILE)).toMatchObject({ status: 0, stdout: '' });
    expect(await cosign('verify-blob', ...verifier(), ...timestamps, '--bundle', bundle, FILE)).toMatchObject({ status: 0, stderr: 'Verified OK\n' });
  });

  test('a statement about a file', async () => {
    const bundle = scratch.path('statement.json');
    expect((await cosign('attest-blob', ...signer(), '--signing-config', services(), '--predicate', PREDICATE, '--bundle', bundle, FILE)).status).toBe(0);
    expect((await cosign('verify-blob-attestation', ...verifier(), ...timestamps, '--bundle', bundle, FILE)).stderr).toBe('Verified OK\n');
  });

  test('an image, and a statement about it', async () => {
    const reference = image();
    expect((await cosign('sign', ...signer(), '--signing-config', services(), reference)).status).toBe(0);
    expect((await cosign('verify', ...verifier(), ...timestamps, reference)).status).toBe(0);
    expect((await cosign('attest', ...signer(), '--signing-config', services(), '--predicate', PREDICATE, reference)).status).toBe(0);
    expect((await cosign('verify-attestation', ...verifier(), ...timestamps, reference)).status).toBe(0);
  });
});

describe('in the older format', () => {
  const older = (): string[] => ['--key', `${key}.key`, '--use-signing-config=false', '--new-bundle-format=false', '--rekor-url', urls.v1, '-y'];

  test('an image carries its log entry in an annotation, and the header says so', async () => {
    const reference = image();
    expect((await cosign('sign', ...older(), reference)).status).toBe(0);
    const run = await cosign('verify', ...verifier(), reference);
    expect(run.status).toBe(0);
    expect(run.stderr).toContain('Existence of the claims in the transparency log was verified offline');
    expect(JSON.parse(run.stdout)[0].optional.Bundle.Payload.logIndex).toBeTypeOf('number');
  });

  test('with a timestamp over the stored envelope of an attestation', async () => {
    const reference = image();
    expect((await cosign('attest', ...older(), '--timestamp-server-url', urls.tsa, '--predicate', PREDICATE, reference)).status).toBe(0);
    expect((await cosign('verify-attestation', ...verifier(), '--use-signed-timestamps', reference)).status).toBe(0);
  });

  test('a file: signature on standard output, old bundle in a file', async () => {
    const bundle = scratch.path('old.json');
    const run = await cosign('sign-blob', ...older(), '--bundle', bundle, FILE);
    expect(run.status).toBe(0);
    expect(Object.keys(JSON.parse(readFileSync(bundle, 'utf8')))).toEqual(['base64Signature', 'rekorBundle']);
    expect(JSON.parse(readFileSync(bundle, 'utf8')).base64Signature).toBe(run.stdout.trim());
  });
});

describe('nothing is published', () => {
  test.each<[string, () => string]>([
    ['when the log is down', () => config('down.json', { log: [urls.down, 1] })],
    ['when the timestamp authority is down', () => config('tsadown.json', { log: [urls.v1, 1], tsa: urls.down })],
  ])('%s', async (_, services) => {
    const reference = image();
    const bundle = scratch.path('never.json');
    const run = await cosign('sign', ...signer(), '--signing-config', services(), '--bundle', bundle, reference);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('HTTP 500: out of order');
    expect(existsSync(bundle)).toBe(false);
    expect(registry.requests.filter(({ method, path }) => method === 'PUT' && path.includes(reference.split('/')[1]?.split('@')[0] ?? ''))).toEqual([]);
  });

  test('when what the services say does not verify under the trusted root', async () => {
    const other = scratch.write('other-root.json', instanceAndRoot({ host: 'other.example' } as never).root);
    const bundle = scratch.path('distrusted.json');
    const run = await cosign(
      'sign-blob',
      '--key',
      `${key}.key`,
      '--trusted-root',
      other,
      '--signing-config',
      config('v1.json', { log: [urls.v1, 1] }),
      '--bundle',
      bundle,
      FILE,
    );
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('verifying the fresh signature');
    expect(existsSync(bundle)).toBe(false);
  });

  test('when the person does not agree to a public record', async () => {
    const reference = image();
    const run = await runCosign(['sign', '--key', `${key}.key`, '--use-signing-config=false', '--rekor-url', urls.v1, reference], { ...OPEN, stdin: 'n\n' });
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('it will be part of an immutable record');
    expect(run.stderr).toContain('user declined the prompt');
  });
});
