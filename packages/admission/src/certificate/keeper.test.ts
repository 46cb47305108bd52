import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fakeApi } from '../../test/fake-api.ts';
import { publishAuthorities } from './ca-bundle.ts';
import { CertificateKeeper, type ServedPair } from './keeper.ts';
import { type CertificateStore, folderStore, secretStore } from './store.ts';

const DAY = 86_400_000;
const NAMES = ['webhook.cosign-system.svc'];
const SECRET = '/api/v1/namespaces/cosign-system/secrets/webhook-certs';
const VALIDATING = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/policy.sigstore.dev';
const MUTATING = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/policy.sigstore.dev';
const DEFINITION = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/clusterimagepolicies.policy.sigstore.dev';
const WEBHOOKS = { validating: ['policy.sigstore.dev', 'gone'], mutating: ['policy.sigstore.dev'], definitions: ['clusterimagepolicies.policy.sigstore.dev'] };

async function cluster() {
  const api = await fakeApi();
  onTestFinished(() => api.close());
  const client = (path = '') => ({ clientConfig: { service: { path } } });
  api.put(VALIDATING, { webhooks: [client('/a'), client('/b')] });
  api.put(MUTATING, { webhooks: [client()] });
  api.put(DEFINITION, { spec: { conversion: { strategy: 'Webhook', webhook: client() } } });
  const bundles = (): unknown[] => {
    const [validating, mutating, definition] = [VALIDATING, MUTATING, DEFINITION].map((path) => api.object(path) as never);
    const of = (object: { webhooks: { clientConfig: { caBundle?: string } }[] }) => object.webhooks.map(({ clientConfig }) => text(clientConfig.caBundle));
    const conversion = (definition as unknown as { spec: { conversion: { webhook: { clientConfig: { caBundle?: string } } } } }).spec.conversion;
    return [...of(validating as never), ...of(mutating as never), text(conversion.webhook.clientConfig.caBundle)];
  };
  return { api, bundles, store: secretStore(api.client, { namespace: 'cosign-system', name: 'webhook-certs' }) };
}

const text = (base64 = ''): string => Buffer.from(base64, 'base64').toString();

describe('in a cluster', () => {
  test('a Secret is made, and every webhook is told', async () => {
    const { api, bundles, store } = await cluster();
    const served: ServedPair[] = [];
    const publish = (authorities: string) => publishAuthorities(api.client, WEBHOOKS, authorities);
    const keeper = await CertificateKeeper.open({ store, names: NAMES, publish, onChange: (pair) => served.push(pair) });
    onTestFinished(() => keeper.close());
    const { data } = api.object(SECRET) as unknown as { data: Record<string, string> };
    expect(text(data['tls.crt'])).toBe(served[0]?.cert);
    expect(bundles()).toEqual(new Array(4).fill(served[0]?.authorities));
    const before = api.asked.length;
    await keeper.step();
    expect(api.asked.slice(before).filter((line) => !line.startsWith('GET'))).toEqual([]);
    expect(served).toHaveLength(1);
  });

  test('replicas that start together serve the same, without a leader', async () => {
    const { api } = await cluster();
    const served: (ServedPair | undefined)[] = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const store = secretStore(api.client, { namespace: 'cosign-system', name: 'webhook-certs' });
        const keeper = await CertificateKeeper.open({ store, names: NAMES, onChange: () => undefined });
        onTestFinished(() => keeper.close());
        return keeper.served;
      }),
    );
    expect(new Set(served.map((pair) => pair?.cert)).size).toBe(1);
  });

  test('a successor is told of before it is served, and everybody takes it up', async () => {
    const { api, bundles } = await cluster();
    let now = new Date('2026-01-01T00:00:00Z');
    const publish = (authorities: string) => publishAuthorities(api.client, WEBHOOKS, authorities);
    const open = () =>
      CertificateKeeper.open({
        store: secretStore(api.client, { namespace: 'cosign-system', name: 'webhook-certs' }),
        names: NAMES,
        publish,
        now: () => now,
        onChange: (pair) => told.push(pair),
      });
    const told: ServedPair[] = [];
    const [one, two] = [await open(), await open()];
    onTestFinished(async () => {
      await one.close();
      await two.close();
    });
    const first = one.served?.cert;
    now = new Date(now.getTime() + 61 * DAY);
    await one.step();
    expect(one.served?.cert).toBe(first);
    expect(one.served?.authorities.match(/BEGIN/g)).toHaveLength(2);
    expect(new Set(bundles())).toEqual(new Set([one.served?.authorities]));
    now = new Date(now.getTime() + 600_000);
    await two.step();
    await one.step();
    expect(one.served?.cert).not.toBe(first);
    expect(one.served).toEqual(two.served);
  });

  test('a problem later is borne: what was served is served on', async () => {
    const { api, store } = await cluster();
    const problems: unknown[] = [];
    const keeper = await CertificateKeeper.open({ store, names: NAMES, onChange: () => undefined, onProblem: (problem) => problems.push(problem) });
    onTestFinished(() => keeper.close());
    api.fail(SECRET, 500, 500, 500);
    await keeper.look();
    expect(problems).toHaveLength(1);
    expect(keeper.served).toBeDefined();
  });

  test('others that write all the time are an error, not a wait without end', async () => {
    const store: CertificateStore = { read: async () => ({ files: {}, revision: '1' }), write: async () => 'conflict' };
    await expect(CertificateKeeper.open({ store, names: NAMES, onChange: () => undefined })).rejects.toMatchObject({ code: 'ADMISSION_CERTIFICATE' });
  });
});

test('in a folder, readable by nobody else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-certificate-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const open = () => CertificateKeeper.open({ store: folderStore(join(folder, 'certs')), names: NAMES, onChange: () => undefined });
  const [first, second] = [await open(), await open()];
  expect(first.served).toEqual(second.served);
  expect(statSync(join(folder, 'certs', 'tls.key')).mode & 0o777).toBe(0o600);
  await first.close();
  await second.close();
});
