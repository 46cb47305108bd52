/** Against secrets in memory that are reached as a Kubernetes API server's are. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeBase64, toHex, utf8 } from '@assay/core';
import { type Server, serve } from '@assay/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keyContext, refusal, scratchFolder } from '../../test/key-context.ts';
import { encryptPrivateKey, generateKeyPair, loadPublicKey, loadSigner, publicKeyPem, type StorableKeyPair, storeKeyPair } from '../index.ts';

const pair = await generateKeyPair();
const stored: StorableKeyPair = {
  privateKeyPem: await encryptPrivateKey(pair.pkcs8, utf8('open sesame')),
  publicKeyPem: publicKeyPem(pair.publicKey),
  password: utf8('open sesame'),
};

interface Secret {
  metadata: Record<string, unknown>;
  data?: Record<string, unknown>;
  [name: string]: unknown;
}
/** By `namespace/name`. */
const secrets = new Map<string, Secret>();

async function kubernetes(request: Request): Promise<Response> {
  const status = (code: number, message: string) => Response.json({ kind: 'Status', message, code }, { status: code });
  if (request.headers.get('authorization') !== 'Bearer k8s-token') return status(401, 'Unauthorized');
  const [, namespace, name] = /^\/cluster\/api\/v1\/namespaces\/([^/]+)\/secrets(?:\/([^/]+))?$/.exec(new URL(request.url).pathname) ?? [];
  const id = `${namespace}/${name}`;
  if (request.method === 'GET') return secrets.has(id) ? Response.json(secrets.get(id)) : status(404, `secrets "${name}" not found`);
  const sent = (await request.json()) as Secret;
  if (request.method === 'PUT' && secrets.get(id)?.['immutable'] === true)
    return status(422, `Secret "${name}" is invalid: data: Forbidden: field is immutable`);
  const kept = { ...sent, metadata: { ...sent.metadata, uid: 'f00' } };
  secrets.set(request.method === 'PUT' ? id : `${namespace}/${sent.metadata['name']}`, kept);
  return Response.json(kept, { status: request.method === 'PUT' ? 200 : 201 });
}

let server: Server;
beforeAll(async () => {
  server = await serve(kubernetes);
});
afterAll(() => server.close());
beforeEach(() => secrets.clear());

function context(token = 'k8s-token') {
  const KUBECONFIG = join(scratchFolder(), 'config');
  const config = {
    'current-context': 'dev',
    clusters: [{ name: 'c', cluster: { server: `${server.url}/cluster/` } }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'dev', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(KUBECONFIG, JSON.stringify(config));
  return keyContext({ env: { KUBECONFIG } });
}

const dataOf = (id: string) => secrets.get(id)?.data ?? {};

describe('a key pair in a secret', () => {
  test('is kept and used', async () => {
    expect(await storeKeyPair('k8s://build/signing', stored, context())).toEqual(['Successfully created secret signing in namespace build']);
    expect(secrets.get('build/signing')).toMatchObject({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'signing', namespace: 'build' },
      immutable: true,
      data: { 'cosign.password': encodeBase64(utf8('open sesame')), 'cosign.pub': encodeBase64(utf8(stored.publicKeyPem)) },
    });
    const signer = await loadSigner('k8s://build/signing', context());
    expect(await signer.sign(utf8('m'))).toBeInstanceOf(Uint8Array);
    expect(toHex((await loadPublicKey('k8s://build/signing', context())).spki)).toBe(toHex(pair.publicKey.spki));
  });

  test('joins what the secret holds already', async () => {
    secrets.set('build/signing', { type: 'Opaque', metadata: { name: 'signing', labels: { team: 'a' }, resourceVersion: '7' }, data: { other: 'AAAA' } });
    await storeKeyPair('k8s://build/signing', stored, context());
    expect(secrets.get('build/signing')).toMatchObject({ type: 'Opaque', metadata: { labels: { team: 'a' }, resourceVersion: '7' }, data: { other: 'AAAA' } });
    expect(Object.keys(dataOf('build/signing')).sort()).toEqual(['cosign.key', 'cosign.password', 'cosign.pub', 'other']);
  });

  test('is not overwritten once it is there', async () => {
    await storeKeyPair('k8s://build/signing', stored, context());
    const key = dataOf('build/signing')['cosign.key'];
    const refused = await refusal(() => storeKeyPair('k8s://build/signing', { ...stored, privateKeyPem: 'another' }, context()));
    expect(refused).toMatchObject({ code: 'KEY_PROVIDER', message: expect.stringMatching(/^updating secret signing in ns build: .*field is immutable$/) });
    expect(dataOf('build/signing')['cosign.key']).toBe(key);
  });
});

describe('refused:', () => {
  test.each(['k8s://', 'k8s://build', 'k8s://build/signing/more', 'k8s://build/..', 'k8s://Build/signing', 'k8s://build/si%2fgn'])('%s', async (reference) => {
    expect(await refusal(() => loadSigner(reference, context()))).toMatchObject({
      code: 'KEY_REFERENCE',
      message: 'kubernetes specification should be in the format k8s://<namespace>/<secret>',
    });
  });

  test('a secret that is not there', async () => {
    expect(await refusal(() => loadSigner('k8s://build/signing', context()))).toMatchObject({
      code: 'KEY_PROVIDER',
      message: expect.stringMatching(/^checking if secret exists: .*HTTP 404: secrets "signing" not found$/),
    });
  });

  test('a token that may not, which is not shown', async () => {
    const refused = await refusal(() => loadSigner('k8s://build/signing', context('k8s-other')));
    expect(refused).toMatchObject({ code: 'KEY_PROVIDER', message: expect.stringMatching(/HTTP 401: Unauthorized$/) });
    expect(refused.message).not.toContain('k8s-other');
  });

  const wrong = 'c2VjcmV0IGtleQ==*';
  test.each<[string, Record<string, unknown> | undefined, string, RegExp]>([
    ['a secret without data', undefined, 'KEY_PROVIDER', /no PEM text under cosign.key/],
    ['a secret of something else', { 'tls.key': 'AAAA' }, 'KEY_PROVIDER', /no PEM text under cosign.key/],
    ['data that is not base64, without showing it', { 'cosign.key': wrong }, 'KEY_PROVIDER', /cosign.key is not base64$/],
    ['data that is no text', { 'cosign.key': '/w==' }, 'KEY_PROVIDER', /no PEM text under cosign.key/],
    ['a password that does not open the key', { 'cosign.key': encodeBase64(utf8(stored.privateKeyPem)) }, 'KEY_PASSWORD', /decryption failed/],
  ])('%s', async (_, data, code, message) => {
    secrets.set('build/signing', { metadata: { name: 'signing' }, ...(data && { data }) });
    const refused = await refusal(() => loadSigner('k8s://build/signing', context()));
    expect(refused).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(refused.message).not.toContain(wrong);
  });
});
