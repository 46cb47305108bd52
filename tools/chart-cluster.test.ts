/** The Helm chart in a real API server: installed, upgraded and removed by the real helm, for a webhook within the cluster and for one outside of it. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { createMetrics } from '../packages/admission/src/metrics.ts';
import { type Cluster, startCluster } from '../packages/admission/test/cluster/cluster.ts';
import { startDaemon, temporaryFolder } from '../packages/admission/test/cluster/daemon.ts';
import { freePort } from '../packages/admission/test/cluster/port.ts';
import { CLUSTER_START_MS } from '../packages/admission/test/cluster/servers.ts';
import { clusterTools } from '../packages/admission/test/cluster/tools.ts';
import { findHelm, HELM_VERSION, runRealHelm } from '../packages/cli/test/foreign-helm.ts';
import { selfSigned } from '../packages/net/test/self-signed.ts';
import { ROOT } from './bundle.ts';
import { CHART_FOLDER } from './image/pin-chart.ts';

const helm = findHelm() ?? '';
const missing = [...clusterTools().missing, ...(helm === '' ? [`helm ${HELM_VERSION}`] : [])];
if (missing.length > 0) console.warn(`tests of the chart in a real API server are skipped: no ${missing.join(', ')} in ASSAY_TESTBED or on PATH`);

const PAGE = readFileSync(join(ROOT, 'docs/admission/failure-modes.md'), 'utf8');
const NAMESPACE = 'cosign-system';
const IMAGE = ['--set', `image.repository=registry.test/assay,image.digest=sha256:${'5f'.repeat(32)}`];
const CONFIGURATIONS = [
  'mutatingwebhookconfiguration.admissionregistration.k8s.io/defaulting.clusterimagepolicy.sigstore.dev',
  'mutatingwebhookconfiguration.admissionregistration.k8s.io/policy.sigstore.dev',
  'validatingwebhookconfiguration.admissionregistration.k8s.io/policy.sigstore.dev',
  'validatingwebhookconfiguration.admissionregistration.k8s.io/validating.clusterimagepolicy.sigstore.dev',
];

const home = mkdtempSync(join(tmpdir(), 'assay-chart-cluster-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe.skipIf(missing.length > 0)('the chart in a cluster', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster();
    for (const name of ['guarded', NAMESPACE]) {
      await kubectl('create', 'namespace', name);
      await kubectl('label', 'namespace', name, 'policy.sigstore.dev/include=true');
    }
  }, CLUSTER_START_MS);

  afterAll(() => cluster?.stop());

  async function kubectl(...argv: string[]): Promise<string> {
    const { status, stdout, stderr } = await cluster.kubectl(argv);
    expect(status, stderr).toBe(0);
    return stdout;
  }

  async function runHelm(...argv: string[]): Promise<string> {
    const access = ['--kubeconfig', cluster.kubeconfig, '--namespace', NAMESPACE];
    const { status, stdout, stderr } = await runRealHelm(helm, [...argv, ...access], home);
    expect(status, stderr).toBe(0);
    return stdout;
  }

  async function installed(...values: string[]): Promise<string> {
    onTestFinished(async () => {
      await runHelm('uninstall', 'assay');
      expect(await configurations()).toEqual([]);
      expect(await kubectl('get', 'secret,configmap,deployment,service,role,networkpolicy,pdb', '--namespace', NAMESPACE, '--output=name')).toBe('');
    });
    const notes = await runHelm('install', 'assay', CHART_FOLDER, '--wait=false', ...values);
    await cluster.settleWebhooks();
    return notes;
  }

  async function configurations(): Promise<string[]> {
    const names = await kubectl('get', 'mutatingwebhookconfigurations,validatingwebhookconfigurations', '--output=name');
    return names.split('\n').filter(Boolean).toSorted();
  }

  test('is installed with its kinds, denies where nobody answers, and lets Assay itself start', async () => {
    const notes = await installed(...IMAGE, '--set', 'webhook.timeoutSeconds=1');
    expect(notes).toContain(`kubectl rollout status deployment/assay --namespace ${NAMESPACE}`);
    expect(notes).toContain('Assay may not read pull secrets');
    expect(await configurations()).toEqual(CONFIGURATIONS);
    const kinds = ['clusterimagepolicies.policy.sigstore.dev', 'imagepolicies.assay.dev', 'trustroots.policy.sigstore.dev'];
    expect((await kubectl('get', 'customresourcedefinitions', '--output=name')).match(/[^/\n]+$/gm)).toEqual(kinds);
    const denied = await cluster.kubectl(['run', 'web', '--image=nginx', '--namespace=guarded']);
    expect(denied).toMatchObject({ status: 1, stderr: expect.stringContaining('failed calling webhook "policy.sigstore.dev"') });
    expect(await kubectl('run', 'assay-0', '--image=assay', `--namespace=${NAMESPACE}`)).toBe('pod/assay-0 created\n');
    expect(await kubectl('run', 'web', '--image=nginx', '--namespace=default')).toBe('pod/web created\n');
  });

  test('gives its account what the process needs, and no more', async () => {
    await installed(...IMAGE);
    const answers = async (argv: readonly string[]) => {
      const { stdout } = await cluster.kubectl(['auth', 'can-i', ...argv, `--as=system:serviceaccount:${NAMESPACE}:assay`]);
      return stdout.trim();
    };
    const inOwn = `--namespace=${NAMESPACE}`;
    for (const argv of [
      ['watch', 'clusterimagepolicies.policy.sigstore.dev'],
      ['patch', 'trustroots.policy.sigstore.dev', '--subresource=status'],
      ['watch', 'imagepolicies.assay.dev'],
      ['patch', 'validatingwebhookconfigurations/policy.sigstore.dev'],
      ['patch', 'customresourcedefinitions/clusterimagepolicies.policy.sigstore.dev'],
      ['update', 'secrets/webhook-certs', inOwn],
      ['watch', 'configmaps', inOwn],
      ['get', 'serviceaccounts', '--namespace=guarded'],
      ['create', 'events', '--namespace=guarded'],
    ]) {
      expect([argv, await answers(argv)]).toEqual([argv, 'yes']);
    }
    for (const argv of [
      ['patch', 'clusterimagepolicies.policy.sigstore.dev'],
      ['patch', 'validatingwebhookconfigurations/another'],
      ['delete', 'validatingwebhookconfigurations/policy.sigstore.dev'],
      ['patch', 'customresourcedefinitions/trustroots.policy.sigstore.dev'],
      ['update', 'secrets/another', inOwn],
      ['list', 'pods', '--all-namespaces'],
      ['update', 'configmaps', inOwn],
      ['get', 'secrets', '--namespace=guarded'],
      ['get', 'pods', '--namespace=guarded'],
    ]) {
      expect([argv, await answers(argv)]).toEqual([argv, 'no']);
    }
  });

  test('keeps what Assay has written when it is upgraded', async () => {
    await installed(...IMAGE);
    const caBundle = Buffer.from(selfSigned().cert).toString('base64');
    const patch = JSON.stringify([{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: caBundle }]);
    for (const name of CONFIGURATIONS) await kubectl('patch', name, '--type=json', `--patch=${patch}`);
    const data = { data: { 'server-cert.pem': caBundle } };
    await kubectl('patch', 'secret/webhook-certs', `--namespace=${NAMESPACE}`, `--patch=${JSON.stringify(data)}`);
    await runHelm('upgrade', 'assay', CHART_FOLDER, '--wait=false', ...IMAGE, '--set', 'replicas=3,webhook.timeoutSeconds=9');
    for (const name of CONFIGURATIONS) {
      expect(await kubectl('get', name, '--output=jsonpath={.webhooks[0].clientConfig.caBundle}')).toBe(caBundle);
    }
    expect(await kubectl('get', 'validatingwebhookconfiguration/policy.sigstore.dev', '--output=jsonpath={.webhooks[0].timeoutSeconds}')).toBe('9');
    expect(await kubectl('get', 'deployment/assay', `--namespace=${NAMESPACE}`, '--output=jsonpath={.spec.replicas}')).toBe('3');
    expect(await kubectl('get', 'secret/webhook-certs', `--namespace=${NAMESPACE}`, '--output=jsonpath={.data}')).toBe(JSON.stringify(data.data));
  });

  test('can be got out of the way as the page on failure modes says, and back', async () => {
    const steps = [...PAGE.slice(PAGE.indexOf('## Breaking the glass')).matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => (block ?? '').trim().split('\n'));
    const [, unguard, ignore, unchecked, freePolicies, back] = steps as [string[], string[], string[], string[], string[], string[]];
    const follow = async (lines: readonly string[]) => {
      for (const line of lines) {
        // No shell is needed for any of them; quotes are around whole arguments, or what follows a name.
        const [program, ...argv] =
          line
            .replaceAll('NAMESPACE', 'guarded')
            .match(/(?:'[^']*'|[^\s'])+/g)
            ?.map((word) => word.replaceAll("'", '')) ?? [];
        if (program === 'helm')
          await runHelm(...argv.filter((word) => word !== '--namespace' && word !== NAMESPACE).map((word) => (word === 'assay.tgz' ? CHART_FOLDER : word)));
        else await kubectl(...argv);
      }
    };
    const starts = (dryRun: string) => cluster.kubectl(['run', 'emergency', '--image=nginx', '--namespace=guarded', `--dry-run=${dryRun}`]);
    const isHeldUp = async () => (await starts('server')).stderr.includes('failed calling webhook');
    await installed(...IMAGE, '--set', 'webhook.timeoutSeconds=1,webhook.policyTimeoutSeconds=1');
    for (const way of [unguard, ignore, unchecked]) {
      expect(await isHeldUp()).toBe(true);
      await follow(way);
      await expect.poll(isHeldUp, { timeout: 30_000 }).toBe(false);
      await follow(back);
      await expect.poll(isHeldUp, { timeout: 30_000 }).toBe(true);
    }
    await follow(freePolicies);
    expect(await configurations()).toEqual(CONFIGURATIONS.filter((name) => !name.includes('clusterimagepolicy')));
    await follow(back);
    expect(await configurations()).toEqual(CONFIGURATIONS);
  });

  test('gives Assay all that it needs: outside of the cluster, under its account, with the arguments of its pods', async () => {
    const [port, probes] = [await freePort(), await freePort()];
    await installed('--set', `webhook.url=https://127.0.0.1:${port}`);
    const token = (await kubectl('create', 'token', 'assay', `--namespace=${NAMESPACE}`)).trim();
    const own = { listen: '127.0.0.1', 'secure-port': port, 'metrics-host': '127.0.0.1', 'metrics-port': probes, kubeconfig: cluster.kubeconfigOf({ token }) };
    const folder = temporaryFolder('assay-serve-');
    const launcher = join(ROOT, 'packages/cli/bin/assay.js');
    const more = Object.entries(own).map(([name, value]) => `--${name}=${value}`);
    const daemon = startDaemon('assay', [process.execPath, launcher, ...(await argumentsOfPods()), ...more], folder.path);
    onTestFinished(async () => {
      await daemon.end();
      await folder.remove();
    });
    const isReady = async () => (await fetch(`http://127.0.0.1:${probes}/readyz`).catch(() => undefined))?.status === 200;
    await expect.poll(isReady, { timeout: 60_000 }).toBe(true);
    await cluster.settleWebhooks();

    const image = `127.0.0.1:1/app@sha256:${'00'.repeat(32)}`;
    const start = (name: string) => cluster.kubectl(['run', name, `--image=${image}`, '--namespace=guarded']);
    expect((await start('uncovered')).stderr).toContain(`denied the request: validation failed: no matching policies: spec.containers[0].image\n${image}`);
    const spec = { images: [{ glob: '127.0.0.1:1/**' }], authorities: [{ static: { action: 'pass' } }] };
    const policy = { apiVersion: 'policy.sigstore.dev/v1beta1', kind: 'ClusterImagePolicy', metadata: { name: 'all' }, spec };
    expect(await cluster.kubectl(['create', '--filename=-'], { stdin: JSON.stringify(policy) })).toMatchObject({ stderr: '', status: 0 });
    const condition = '--output=jsonpath={.status.conditions[?(@.type=="Ready")].status}';
    await expect.poll(() => kubectl('get', 'clusterimagepolicy/all', condition), { timeout: 30_000 }).toBe('True');
    expect(await start('covered')).toMatchObject({ stderr: '', status: 0 });
    await expect
      .poll(() => kubectl('get', 'events', '--namespace=guarded', '--output=jsonpath={.items[*].reason}'), { timeout: 30_000 })
      .toContain('ImageDenied');

    await kubectl('delete', 'clusterimagepolicy/all');
    const log = readFileSync(join(folder.path, 'assay.log'), 'utf8');
    expect(log).toContain('policies are in force');
    expect(log).not.toMatch(/answered 40[13]/);
  });

  async function argumentsOfPods(): Promise<string[]> {
    const argv = ['template', 'assay', CHART_FOLDER, '--kube-version', '1.34.1', '--show-only', 'templates/deployment.yaml', ...IMAGE];
    const values = ['--set', 'policyReports.enabled=true,tuf.disabled=true,logLevel=debug'];
    const { stdout } = await runRealHelm(helm, [...argv, ...values], home);
    const { spec } = parse(stdout) as { spec: { template: { spec: { containers: readonly { readonly args: readonly string[] }[] } } } };
    return (spec.template.spec.containers[0]?.args ?? []).map((argument) => argument.replace('$(POD_NAMESPACE)', NAMESPACE));
  }

  test('registers a webhook outside of the cluster, whose words the user reads', async () => {
    const { key, cert } = selfSigned();
    const server = await serveDenials(key, cert);
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const notes = await installed('--set', `webhook.url=https://127.0.0.1:${port}`, '--set-json', `webhook.caBundle=${JSON.stringify(cert)}`);
    expect(notes).toContain(`--certificate-name=127.0.0.1 --namespace=${NAMESPACE} \\\n    --service-name=webhook \\\n`);
    const denial = (path: string) => `admission webhook "policy.sigstore.dev" denied the request: asked at ${path}`;
    const { stderr } = await cluster.kubectl(['run', 'outside', '--image=nginx', '--namespace=guarded']);
    expect(stderr).toContain(denial('/mutations'));
    const policy = { apiVersion: 'policy.sigstore.dev/v1beta1', kind: 'ClusterImagePolicy', metadata: { name: 'a' }, spec: { images: [{ glob: '**' }] } };
    const refused = await cluster.kubectl(['create', '--filename=-'], { stdin: JSON.stringify(policy) });
    expect(refused.stderr).toContain('admission webhook "defaulting.clusterimagepolicy.sigstore.dev" denied the request: asked at /defaulting');
    expect(await kubectl('run', 'outside', '--image=nginx', `--namespace=${NAMESPACE}`)).toBe('pod/outside created\n');
  });
});

describe('the page on failure modes', () => {
  test('names metrics that there are', async () => {
    const metrics = createMetrics({ policies: () => 0, cacheEntries: () => 0, certificateExpires: () => undefined, informers: () => [] });
    const known = (await metrics.text()).match(/^# TYPE (\S+)/gm)?.map((line) => line.slice('# TYPE '.length)) ?? [];
    const named = new Set(PAGE.match(/\b(?:assay_admission|policy_controller)_[a-z_]+\b/g));
    expect(named.size).toBeGreaterThan(5);
    for (const name of named) expect(known).toContain(name.replace(/_(?:bucket|count|sum)$/, (end) => (known.includes(name) ? end : '')));
  });
});

/** Denies everything, and says where it was asked. */
async function serveDenials(key: string, cert: string): Promise<Server> {
  const server = createServer({ key, cert }, async (incoming, outgoing) => {
    const { apiVersion, kind, request } = (await json(incoming)) as { apiVersion: string; kind: string; request: { uid: string } };
    const message = `asked at ${new URL(incoming.url ?? '', 'https://webhook.test').pathname}`;
    const response = { uid: request.uid, allowed: false, status: { status: 'Failure', message, reason: 'BadRequest', code: 400 } };
    outgoing.setHeader('content-type', 'application/json').end(JSON.stringify({ apiVersion, kind, response }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
