/** Against a transit engine in memory that speaks as Vault does. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeBase64, encodeBase64, type SignatureScheme, toHex, utf8, verifySignature } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createHttpClient, type HttpClientOptions } from '@assay/net';
import { type Server, serve } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyContext, refusal, scratchFolder } from '../../test/key-context.ts';
import { createKey, generateKeyPair, loadPublicKey, loadSigner, localSigner, publicKeyPem } from '../index.ts';
import { type KeyPair, keyPairOf } from './key-pair.ts';

const TOKEN = 'hvs.secret-token';
const MESSAGE = utf8('the message');

/** Versions of each key, the first one numbered 1. */
const keys = new Map<string, KeyPair[]>();
const asked: { path: string; namespace: string | null }[] = [];
let corrupt: ((answer: object) => object) | undefined;

async function transit(request: Request): Promise<Response> {
  const path = new URL(request.url).pathname;
  asked.push({ path, namespace: request.headers.get('x-vault-namespace') });
  if (request.headers.get('x-vault-token') !== TOKEN) return Response.json({ errors: ['permission denied'] }, { status: 403 });
  const [, action, name = '', algorithm] = /^\/v1\/transit\/(keys|sign)\/([^/]+)(?:\/(.+))?$/.exec(path) ?? [];
  const body = request.method === 'POST' ? ((await request.json()) as Record<string, unknown>) : {};
  if (action === 'keys' && request.method === 'POST') {
    if (body['type'] !== 'ecdsa-p256') return Response.json({ errors: ['unsupported key type'] }, { status: 400 });
    keys.set(name, [await generateKeyPair()]);
    return new Response(null, { status: 204 });
  }
  const versions = keys.get(name);
  if (versions === undefined) return Response.json({ errors: [] }, { status: 404 });
  const data = action === 'keys' ? describeKey(versions) : await sign(versions, algorithm, body);
  return Response.json(corrupt?.({ data }) ?? { data });
}

function describeKey(versions: readonly KeyPair[]): object {
  const shown = versions.map(({ publicKey }, i) => {
    const ed25519 = publicKey.type === 'ed25519';
    return [String(i + 1), { name: ed25519 ? 'ed25519' : 'P-256', public_key: ed25519 ? encodeBase64(publicKey.raw) : publicKeyPem(publicKey) }];
  });
  return { latest_version: versions.length, keys: Object.fromEntries(shown) };
}

async function sign(versions: readonly KeyPair[], algorithm: string | undefined, body: Record<string, unknown>): Promise<object> {
  const version = body['key_version'] as number;
  const signer = localSigner((versions[version - 1] as KeyPair).pkcs8);
  const input = decodeBase64(body['input'] as string) as Uint8Array;
  expect(body).toMatchObject({ signature_algorithm: 'pkcs1v15', marshaling_algorithm: 'asn1', prehashed: algorithm !== undefined });
  const signature = algorithm === undefined ? await signer.sign(input) : await signer.withScheme(schemeNamed(signer.scheme, algorithm)).signDigest(input);
  return { signature: `vault:v${version}:${encodeBase64(signature)}` };
}

function schemeNamed(scheme: SignatureScheme, algorithm: string): SignatureScheme {
  return 'hash' in scheme ? { ...scheme, hash: algorithm.replace('sha2-', 'sha') as 'sha256' } : { name: 'ed25519ph' };
}

let server: Server;
beforeAll(async () => {
  server = await serve(transit);
  for (const [name, algorithm] of Object.entries(ALGORITHMS)) keys.set(name, [await generateKeyPair(algorithm)]);
  keys.set('ed25519', [keyPairOf(generateKeyPairSync('ed25519').privateKey)]);
});
afterAll(() => server.close());

const ALGORITHMS = { p256: 'ecdsa-sha2-256-nistp256', p384: 'ecdsa-sha2-384-nistp384', p521: 'ecdsa-sha2-512-nistp521', rsa: 'rsa-sign-pkcs1-2048-sha256' };
const context = (env = {}) => keyContext({ env: { VAULT_ADDR: `${server.url}/`, VAULT_TOKEN: TOKEN, ...env } });

describe('a key in Vault', () => {
  test.each(['p256', 'p384', 'p521', 'rsa', 'ed25519'])('of type %s signs and is verified here', async (name) => {
    const signer = await loadSigner(`hashivault://${name}`, context());
    const { publicKey } = (keys.get(name) as KeyPair[])[0] as KeyPair;
    expect(toHex(signer.publicKey.spki)).toBe(toHex(publicKey.spki));
    expect(await verifySignature(nodeCrypto, publicKey, signer.scheme, MESSAGE, await signer.sign(MESSAGE))).toBe(true);
    expect(toHex((await loadPublicKey(`hashivault://${name}`, context())).spki)).toBe(toHex(publicKey.spki));
  });

  test('of type Ed25519 signs pre-hashed too', async () => {
    const signer = (await loadSigner('hashivault://ed25519', context())).withScheme({ name: 'ed25519ph' });
    expect(await verifySignature(nodeCrypto, signer.publicKey, signer.scheme, MESSAGE, await signer.sign(MESSAGE))).toBe(true);
  });

  test('signs with the version whose public key was read, though it is rotated in between', async () => {
    keys.set('rotated', [await generateKeyPair(), await generateKeyPair()]);
    const signer = await loadSigner('hashivault://rotated', context());
    keys.get('rotated')?.push(await generateKeyPair());
    expect(await verifySignature(nodeCrypto, signer.publicKey, signer.scheme, MESSAGE, await signer.sign(MESSAGE))).toBe(true);
  });

  test('is made there', async () => {
    const made = await createKey('hashivault://made', context());
    expect(toHex(made.spki)).toBe(toHex(keys.get('made')?.[0]?.publicKey.spki ?? MESSAGE));
  });

  test('is reached through OpenBao variables, in a namespace, at another mount', async () => {
    const env = { VAULT_ADDR: '', VAULT_TOKEN: '', BAO_ADDR: server.url, BAO_TOKEN: TOKEN };
    await loadPublicKey('openbao://p256', context({ ...env, VAULT_NAMESPACE: 'team' }));
    expect(asked.at(-1)).toEqual({ path: '/v1/transit/keys/p256', namespace: 'team' });
    await refusal(() => loadPublicKey('openbao://p256', context({ ...env, TRANSIT_SECRET_ENGINE_PATH: 'team a/transit' })));
    expect(asked.at(-1)?.path).toBe('/v1/team%20a/transit/keys/p256');
  });

  test('is reached with the token of a login, and over a private authority', async () => {
    const HOME = scratchFolder();
    mkdirSync(HOME, { recursive: true });
    writeFileSync(join(HOME, '.vault-token'), `${TOKEN}\n`);
    expect(await loadPublicKey('hashivault://p256', context({ VAULT_TOKEN: '', HOME }))).toBeDefined();
    const used: HttpClientOptions[] = [];
    const createHttp = (options: HttpClientOptions) => {
      used.push(options);
      return createHttpClient();
    };
    await loadPublicKey('hashivault://p256', { ...context({ VAULT_CACERT: '/etc/vault/ca.pem' }), createHttp });
    expect(used).toEqual([{ ca: { file: '/etc/vault/ca.pem' } }]);
  });
});

describe('refused:', () => {
  test.each<[string, string, Record<string, string>, string]>([
    ['a reference that is no key name', 'hashivault://a/b', {}, 'kms specification should be in the format hashivault://<key>'],
    ['an empty reference', 'openbao://', {}, 'kms specification should be in the format hashivault://<key>'],
    ['no address', 'hashivault://p256', { VAULT_ADDR: '' }, 'VAULT_ADDR or BAO_ADDR is not set'],
    ['no token', 'hashivault://p256', { VAULT_TOKEN: '' }, 'no Vault token found in VAULT_TOKEN, BAO_TOKEN or ~/.vault-token'],
  ])('%s', async (_, reference, env, message) => {
    expect(await refusal(() => loadSigner(reference, context(env)))).toMatchObject({ code: 'KEY_REFERENCE', message });
  });

  test('another token, with what Vault says and without the token', async () => {
    const refused = await refusal(() => loadSigner('hashivault://p256', context({ VAULT_TOKEN: 'hvs.other' })));
    expect(refused).toMatchObject({ code: 'KEY_PROVIDER', message: expect.stringMatching(/reading the transit key: .*HTTP 403: permission denied$/) });
    expect(refused.message).not.toContain('hvs.');
  });

  test('a key that is not there', async () => {
    expect(await refusal(() => loadPublicKey('hashivault://nobody', context()))).toMatchObject({
      code: 'KEY_PROVIDER',
      message: expect.stringContaining('HTTP 404'),
    });
  });

  test.each<[string, (answer: object) => object]>([
    ['an empty answer', () => ({})],
    ['a version without its key', () => ({ data: { latest_version: 2, keys: { 1: {} } } })],
    ['a key that does not sign', () => ({ data: { latest_version: 1, keys: { 1: 1_700_000_000 } } })],
    ['a public key that is none', () => ({ data: { latest_version: 1, keys: { 1: { public_key: 'AAAA' } } } })],
  ])('%s', async (_, change) => {
    corrupt = change;
    const refused = await refusal(() => loadSigner('hashivault://p256', context()));
    corrupt = undefined;
    expect(refused).toMatchObject({ code: 'KEY_PROVIDER', message: expect.stringContaining('corrupted response') });
  });

  test.each<[string, unknown]>([
    ['no signature', undefined],
    ['a signature without its version', encodeBase64(new Uint8Array(70))],
    ['a signature that is not base64', 'vault:v1:***'],
    ['a signature of something else', `vault:v1:${encodeBase64(new Uint8Array(70))}`],
  ])('%s', async (_, signature) => {
    const signer = await loadSigner('hashivault://p256', context());
    corrupt = () => ({ data: { signature } });
    const refused = await refusal(() => signer.sign(MESSAGE));
    corrupt = undefined;
    expect(refused).toMatchObject({ code: 'KEY_PROVIDER' });
  });
});
