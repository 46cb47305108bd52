/** The webhook against a real API server: what is told apart only there. The scenes of users are elsewhere. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderStore, secretStore } from '../src/certificate/store.ts';
import { createKubernetesClient, type KubernetesClient } from '../src/kubernetes/client.ts';
import { loadKubeConfig } from '../src/kubernetes/kube-config.ts';
import { type Cluster, startCluster } from './cluster/cluster.ts';
import { CLUSTER_START_MS } from './cluster/servers.ts';
import { clusterTools } from './cluster/tools.ts';
import { DIGEST } from './requests.ts';
import { openWebhook, type Webhook } from './webhook.ts';

const { missing } = clusterTools();
if (missing.length > 0) console.warn(`tests against a real API server are skipped: no ${missing.join(', ')} in ASSAY_TESTBED or on PATH`);

const CRDS = fileURLToPath(new URL('../../../deploy/charts/assay/crds', import.meta.url));
const IMAGE = `ghcr.io/a/b@${DIGEST}`;

describe.skipIf(missing.length > 0)('a cluster', () => {
  let cluster: Cluster;
  let client: KubernetesClient;
  let webhook: Webhook;
  const folder = mkdtempSync(join(tmpdir(), 'assay-serving-'));
  const problems: string[] = [];

  beforeAll(async () => {
    cluster = await startCluster();
    const files = ['clusterimagepolicies.yaml', 'trustroots.yaml'].map((name) => `--filename=${join(CRDS, name)}`);
    await kubectl(['apply', ...files]);
    await kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...files]);
    await kubectl(['create', 'namespace', 'cosign-system']);
    await kubectl(['create', 'namespace', 'guarded']);
    await kubectl(['create', 'serviceaccount', 'default', '--namespace=guarded']);
    client = createKubernetesClient({ config: loadKubeConfig({ env: {}, home: folder, file: cluster.kubeconfig }), env: {}, userAgent: 'assay-test' });
    webhook = await openWebhook({
      certificate: { store: secretStore(client, { namespace: 'cosign-system', name: 'webhook-certs' }), names: ['127.0.0.1'] },
      cluster: { client, webhooks: { validating: ['policy.sigstore.dev'], mutating: [], definitions: [] } },
      onProblem: (what, problem) => problems.push(`${what}: ${(problem as Error).message}`),
    });
    await webhook.admission.ready;
    const namespaceSelector = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['guarded'] }] };
    const caBundle = webhook.admission.authorities();
    await cluster.registerWebhook({
      kind: 'validating',
      name: 'policy.sigstore.dev',
      url: webhook.admission.url,
      path: '/validations',
      caBundle,
      namespaceSelector,
    });
  }, CLUSTER_START_MS);

  afterAll(async () => {
    await webhook?.close();
    client?.close();
    await cluster?.stop();
    rmSync(folder, { recursive: true });
  });

  async function kubectl(argv: readonly string[], stdin = ''): Promise<string> {
    const { status, stdout, stderr } = await cluster.kubectl(argv, { stdin });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return stdout;
  }

  const policy = (action: string): string =>
    JSON.stringify({
      apiVersion: 'policy.sigstore.dev/v1beta1',
      kind: 'ClusterImagePolicy',
      metadata: { name: 'p' },
      spec: { images: [{ glob: '**' }], authorities: [{ name: 'a', static: { action } }] },
    });
  const run = async (): Promise<string> => {
    const { stdout, stderr } = await cluster.kubectl([
      'run',
      `pod-${Math.random().toString(36).slice(2)}`,
      `--image=${IMAGE}`,
      '--namespace=guarded',
      '--dry-run=server',
    ]);
    return stdout.includes('created') ? 'created' : stderr;
  };
  const denied = (message: string): string =>
    `Error from server (BadRequest): admission webhook "policy.sigstore.dev" denied the request: validation failed: ${message}\n`;
  const WAIT = { timeout: 60_000, interval: 100 };

  test('denies what no policy is about, admits and denies by policy, and writes its status', async () => {
    expect(await run()).toBe(denied(`no matching policies: spec.containers[0].image\n${IMAGE}`));
    await kubectl(['apply', '--filename=-'], policy('pass'));
    await expect.poll(run, WAIT).toBe('created');
    await expect
      .poll(async () => JSON.parse(await kubectl(['get', 'cip', 'p', '--output=json'])).status, WAIT)
      .toMatchObject({
        observedGeneration: 1,
        conditions: [{ type: 'ConfigMapUpdated' }, { type: 'KeysInlined' }, { type: 'PoliciesInlined' }, { type: 'Ready', status: 'True' }],
      });
    await kubectl(['apply', '--filename=-'], policy('fail'));
    await expect.poll(run, WAIT).toBe(denied(`failed policy: p: spec.containers[0].image\n${IMAGE} disallowed by static policy: `));
  });

  test('tells of a denial in an event', async () => {
    const { stderr } = await cluster.kubectl(['run', 'told', `--image=${IMAGE}`, '--namespace=guarded']);
    expect(stderr).toContain('disallowed by static policy');
    await expect
      .poll(async () => JSON.parse(await kubectl(['get', 'events', '--namespace=guarded', '--output=json'])).items, WAIT)
      .toMatchObject([{ reason: 'ImageDenied', involvedObject: { kind: 'Pod', name: 'told' } }]);
  });

  test('follows its policies through a restart of the API server', async () => {
    await cluster.restartApiServer();
    await kubectl(['apply', '--filename=-'], policy('pass'));
    await expect.poll(run, WAIT).toBe('created');
    await kubectl(['delete', 'cip', 'p']);
    await expect.poll(run, WAIT).toBe(denied(`no matching policies: spec.containers[0].image\n${IMAGE}`));
  });

  test('a certificate whose authority was lost is told of anew', async () => {
    const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/policy.sigstore.dev';
    const before = (await client.get(path))['webhooks'];
    await client.patch(path, [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }], 'json');
    const second = await openWebhook({
      certificate: { store: secretStore(client, { namespace: 'cosign-system', name: 'webhook-certs' }), names: ['127.0.0.1'] },
      cluster: { client, webhooks: { validating: ['policy.sigstore.dev'], mutating: ['gone'], definitions: [] } },
    });
    try {
      // Both replicas serve what the Secret holds.
      expect(second.admission.authorities()).toBe(webhook.admission.authorities());
      expect((await client.get(path))['webhooks']).toEqual(before);
    } finally {
      await second.close();
    }
  });

  test('a user without rights never gets ready, and the webhook says what it waits for', async () => {
    const config = loadKubeConfig({ env: {}, home: folder, file: cluster.kubeconfigOf('developer') });
    const powerless = createKubernetesClient({ config, env: {}, userAgent: 'assay-test' });
    const said: string[] = [];
    const denying = await openWebhook({
      certificate: { store: folderStore(join(folder, 'certs')), names: ['127.0.0.1'] },
      cluster: { client: powerless },
      onProblem: (_, problem) => said.push((problem as Error).message),
    });
    try {
      await expect.poll(() => said.join('\n'), WAIT).toContain('User "developer" cannot list resource "clusterimagepolicies"');
      const readiness = await fetch(`${denying.admission.probesUrl}/readyz`);
      expect([readiness.status, await readiness.text()]).toEqual([503, expect.stringContaining('waiting for clusterimagepolicies')]);
    } finally {
      await denying.close();
      powerless.close();
    }
  });
});
