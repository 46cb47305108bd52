/** From a review to evidence in a registry and back: real images, real signatures, real policies, the pod's own logins. */
import type { JsonObject } from '@assay/core';
import { serveRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openScene, type Scene } from '../../policy/test/scene.ts';
import type { AdmissionOptions } from '../src/serve-admission.ts';
import { fakeApi } from './fake-api.ts';
import { DEPLOYMENT, deployment, POD, pod, request } from './requests.ts';
import { openWebhook } from './webhook.ts';

const POLICIES = '/apis/policy.sigstore.dev/v1alpha1/clusterimagepolicies';
const IDENTITIES = [{ issuer: 'https://token.actions.githubusercontent.com', subjectRegExp: '^https://github.com/' }];
const KEYLESS = { name: 'a', keyless: { url: 'https://fulcio.sigstore.dev', identities: IDENTITIES } };
const spec = (more: object = {}): JsonObject => JSON.parse(JSON.stringify({ spec: { images: [{ glob: '**' }], authorities: [KEYLESS], ...more } }));

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

async function open(policy: JsonObject, more: Partial<AdmissionOptions> = {}) {
  const api = await fakeApi();
  api.put(`${POLICIES}/signed`, policy);
  const webhook = await openWebhook({
    cluster: { client: api.client },
    loadRoot: async () => scene.root,
    now: () => scene.instance.now,
    cache: { refusalMs: 0 },
    ...more,
  });
  onTestFinished(async () => {
    await webhook.close();
    await api.close();
  });
  await webhook.admission.ready;
  const verdict = async (image: string, namespace = 'team') => {
    const { allowed, status } = await webhook.ask('/validations', request(POD, pod(image), { namespace }));
    return allowed ? 'admitted' : (status?.message ?? '');
  };
  return { api, webhook, verdict };
}

describe('an image', () => {
  test('by its tag is pinned, and then admitted because it is signed', async () => {
    const { webhook, verdict } = await open(spec());
    const image = scene.image();
    image.sign();
    const { patch = '' } = await webhook.ask('/mutations', request(DEPLOYMENT, deployment(1, `${image.name}:1`)));
    const [{ path, value }] = JSON.parse(Buffer.from(patch, 'base64').toString());
    expect([path, value]).toEqual(['/spec/template/spec/containers/0/image', `${image.name}:1@${image.digest}`]);
    expect(await verdict(value)).toBe('admitted');
  });

  test('that nobody signed is denied, and admitted once somebody did', async () => {
    const { verdict } = await open(spec());
    const image = scene.image();
    const why = `signature keyless validation failed for authority a for ${image.reference}: no signatures found`;
    expect(await verdict(image.reference)).toBe(`validation failed: failed policy: signed: spec.containers[0].image\n${image.reference} ${why}`);
    image.sign({ format: 'older' });
    expect(await verdict(image.reference)).toBe('admitted');
  });

  test('signed by another is denied by his name', async () => {
    const { verdict } = await open(spec());
    const image = scene.image();
    image.sign({ format: 'older', identity: { type: 'uri', value: 'https://example.org/other' } });
    expect(await verdict(image.reference)).toContain('got subjects [https://example.org/other]');
  });

  test('stays admitted while its verdict is kept, and for no other namespace whose pods log in otherwise', async () => {
    let now = 0;
    const { api, verdict } = await open(spec(), { cache: { refusalMs: 0, now: () => now } });
    const image = scene.image();
    image.sign();
    expect(await verdict(image.reference)).toBe('admitted');
    const asked = scene.registry.requests.length;
    expect(await verdict(image.reference)).toBe('admitted');
    expect(scene.registry.requests.length).toBe(asked);
    api.put('/api/v1/namespaces/other/serviceaccounts/default', { imagePullSecrets: [{ name: 's' }] });
    const auth = Buffer.from('u:p').toString('base64');
    api.put('/api/v1/namespaces/other/secrets/s', {
      data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths: { 'x.example': { auth } } })).toString('base64') },
    });
    expect(await verdict(image.reference, 'other')).toBe('admitted');
    expect(scene.registry.requests.length).toBeGreaterThan(asked);
    const before = scene.registry.requests.length;
    now = 3_600_000;
    expect(await verdict(image.reference)).toBe('admitted');
    expect(scene.registry.requests.length).toBeGreaterThan(before);
  });

  test('of a private registry is seen with the secrets of the pod, and not without', async () => {
    const registry = await serveRegistry({ content: scene.registry.content, auth: { kind: 'basic', username: 'robot', password: 'pw' } });
    onTestFinished(() => registry.close());
    const { api, verdict } = await open(spec());
    const image = scene.image();
    image.sign();
    const reference = `${registry.host}/${image.repository}@${image.digest}`;
    const auth = Buffer.from('robot:pw').toString('base64');
    const auths = { [`${registry.host}/${image.repository}`]: { auth } };
    api.put('/api/v1/namespaces/insider/serviceaccounts/default', { imagePullSecrets: [{ name: 'login' }] });
    api.put('/api/v1/namespaces/insider/secrets/login', { data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') } });
    expect(await verdict(reference, 'insider')).toBe('admitted');
    const outside = await verdict(reference, 'outsider');
    expect(outside).toMatch(/^validation failed: failed policy: signed/);
    expect(outside).not.toContain('robot');
  });

  test('of a registry that is down is denied, and admitted when it is back', async () => {
    const registry = await serveRegistry({ content: scene.registry.content });
    const { verdict } = await open(spec());
    const image = scene.image();
    image.sign();
    const reference = `${registry.host}/${image.repository}@${image.digest}`;
    await registry.close();
    expect(await verdict(reference)).toMatch(/^validation failed: failed policy: signed/);
    expect(await verdict(image.reference)).toBe('admitted');
  });

  test('is denied when the trusted root cannot be read', async () => {
    const image = scene.image();
    image.sign();
    const { verdict } = await open(spec(), { loadRoot: () => Promise.reject(new Error('expired')) });
    expect(await verdict(image.reference)).toMatch(/^validation failed: failed policy: signed/);
  });

  test('is denied for a TrustRoot that the cluster does not have', async () => {
    const image = scene.image();
    image.sign();
    const { verdict } = await open(spec({ authorities: [{ ...KEYLESS, keyless: { ...KEYLESS.keyless, trustRootRef: 'ours' } }] }));
    expect(await verdict(image.reference)).toContain('trustRootRef ours not found');
  });
});

test('a policy that is deleted or changed while an image is judged by it leaves nothing behind', async () => {
  const { api, webhook, verdict } = await open(spec());
  const image = scene.image();
  image.sign();
  const asked = Promise.all(Array.from({ length: 20 }, () => verdict(image.reference)));
  api.put(`${POLICIES}/signed`, spec({ authorities: [{ name: 'a', static: { action: 'fail', message: 'closed' } }] }));
  for (const answer of await asked) expect(['admitted', expect.stringContaining('closed')]).toContainEqual(answer);
  await expect.poll(() => verdict(image.reference), { timeout: 20_000 }).toContain('disallowed by static policy: closed');
  api.remove(`${POLICIES}/signed`);
  await expect.poll(() => verdict(image.reference), { timeout: 20_000 }).toContain('no matching policies');
  expect(await (await fetch(`${webhook.admission.probesUrl}/metrics`)).text()).toMatch(/^assay_admission_verdict_cache_entries 0$/m);
});
