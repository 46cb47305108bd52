/** Against secrets in memory that are written as GitHub's are, and opened as GitHub opens them. */
import { decodeBase64, decodeUtf8, encodeBase64, utf8 } from '@assay/core';
import { type Server, serve } from '@assay/testkit';
import { hsalsa, secretbox } from '@noble/ciphers/salsa.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { keyContext, refusal } from '../../test/key-context.ts';
import { loadPublicKey, loadSigner, type StorableKeyPair, storeKeyPair } from '../index.ts';

const recipient = x25519.keygen();
const secrets = new Map<string, Record<string, string>>();
let publicKey: object;

async function github(request: Request): Promise<Response> {
  if (request.headers.get('authorization') !== 'Bearer ghp_secret') return Response.json({ message: 'Bad credentials' }, { status: 401 });
  const path = new URL(request.url).pathname;
  if (path.endsWith('/actions/secrets/public-key')) return Response.json(publicKey);
  secrets.set(path, (await request.json()) as Record<string, string>);
  return new Response(null, { status: 201 });
}

function opened(path: string): string | undefined {
  const sealed = decodeBase64(secrets.get(path)?.['encrypted_value'] ?? '') as Uint8Array;
  const ephemeral = sealed.subarray(0, 32);
  const words = (bytes: Uint8Array) => new Uint32Array(new Uint8Array(bytes).buffer);
  const key = new Uint32Array(8);
  hsalsa(words(utf8('expand 32-byte k')), words(x25519.getSharedSecret(recipient.secretKey, ephemeral)), new Uint32Array(4), key);
  const nonce = blake2b(new Uint8Array([...ephemeral, ...recipient.publicKey]), { dkLen: 24 });
  return decodeUtf8(secretbox(new Uint8Array(key.buffer), nonce).open(sealed.subarray(32)));
}

let server: Server;
beforeAll(async () => {
  server = await serve(github);
});
afterAll(() => server.close());
beforeEach(() => {
  secrets.clear();
  publicKey = { key_id: '568250167242549743', key: encodeBase64(recipient.publicKey) };
});

const PAIR: StorableKeyPair = { privateKeyPem: 'the private key', publicKeyPem: 'the public key', password: utf8('the password') };
const context = (env = {}) => keyContext({ env: { GITHUB_HOST: server.url, GITHUB_TOKEN: 'ghp_secret', ...env } });

test.each([
  ['github://owner/repo.name', '/api/v3/repos/owner/repo.name/actions/secrets', undefined],
  ['github://organisation', '/api/v3/orgs/organisation/actions/secrets', 'private'],
])('a key pair is sealed for %s', async (reference, folder, visibility) => {
  expect(await storeKeyPair(reference, PAIR, context())).toEqual([
    'Password written to COSIGN_PASSWORD github actions secret',
    'Private key written to COSIGN_PRIVATE_KEY github actions secret',
    'Public key written to COSIGN_PUBLIC_KEY github actions secret',
  ]);
  expect(['COSIGN_PASSWORD', 'COSIGN_PRIVATE_KEY', 'COSIGN_PUBLIC_KEY'].map((name) => opened(`${folder}/${name}`))).toEqual([
    'the password',
    'the private key',
    'the public key',
  ]);
  expect(secrets.get(`${folder}/COSIGN_PASSWORD`)).toMatchObject({ key_id: '568250167242549743' });
  expect(secrets.get(`${folder}/COSIGN_PASSWORD`)?.['visibility']).toBe(visibility);
});

test.each(['github://', 'github://a/b/c', 'github://owner/..', 'github://own%2Fer/x', 'github:owner'])('refused: %s', async (reference) => {
  expect(await refusal(() => storeKeyPair(reference, PAIR, context()))).toMatchObject({
    code: 'KEY_REFERENCE',
    message: 'could not parse scheme, use github://<owner> or github://<owner>/<repo> format',
  });
});

test('refused: no token, a token that may not', async () => {
  const store = (GITHUB_TOKEN?: string) => refusal(() => storeKeyPair('github://o/r', PAIR, context({ GITHUB_TOKEN })));
  expect(await store()).toMatchObject({ code: 'KEY_REFERENCE', message: 'could not find "GITHUB_TOKEN" environment variable' });
  expect(await store('ghp_other')).toMatchObject({ code: 'KEY_PROVIDER', message: expect.stringMatching(/HTTP 401: Bad credentials$/) });
});

test.each<[string, object]>([
  ['no key', {}],
  ['a short key', { key_id: '1', key: 'AAAA' }],
  ['a key without an id', { key: encodeBase64(recipient.publicKey) }],
])('refused: %s to seal for', async (_, answer) => {
  publicKey = answer;
  expect(await refusal(() => storeKeyPair('github://o/r', PAIR, context()))).toMatchObject({ code: 'KEY_PROVIDER' });
  expect(secrets.size).toBe(0);
});

test('secrets cannot be read back, and the error says how a workflow gets them', async () => {
  expect(await refusal(() => loadSigner('github://o/r', context()))).toMatchObject({
    code: 'KEY_REFERENCE',
    hint: expect.stringContaining('env://COSIGN_PRIVATE_KEY'),
  });
  expect(await refusal(() => loadPublicKey('github://o/r', context()))).toMatchObject({
    code: 'KEY_REFERENCE',
    hint: expect.stringContaining('env://COSIGN_PUBLIC_KEY'),
  });
});
