/** The cluster of the tests itself: a webhook by URL, the namespaces it concerns, users without rights, a restart, and nothing left behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from './cluster.ts';
import { startDaemon, temporaryFolder } from './daemon.ts';
import { type ReviewServer, serveReviews } from './review-server.ts';
import { CLUSTER_START_MS, etcd } from './servers.ts';
import { clusterTools } from './tools.ts';

const { missing } = clusterTools();
if (missing.length > 0) console.warn(`tests against a real API server are skipped: no ${missing.join(', ')} in ASSAY_TESTBED or on PATH`);

const MESSAGE = 'validation failed: no matching policies: spec.containers[0].image\nindex.docker.io/library/nginx:latest';

describe.skipIf(missing.length > 0)('a cluster', () => {
  let cluster: Cluster;
  let webhook: ReviewServer;

  beforeAll(async () => {
    cluster = await startCluster({ users: ['developer', 'auditor'] });
    webhook = await serveReviews(() => ({ allowed: false, status: { status: 'Failure', message: MESSAGE, reason: 'BadRequest', code: 400 } }));
    await cluster.registerWebhook({
      kind: 'validating',
      name: 'policy.sigstore.dev',
      url: webhook.url,
      path: '/validations',
      caBundle: webhook.caBundle,
      namespaceSelector: { matchLabels: { 'policy.sigstore.dev/include': 'true' } },
    });
    await run(['create', 'namespace', 'guarded']);
    await run(['label', 'namespace', 'guarded', 'policy.sigstore.dev/include=true']);
  }, CLUSTER_START_MS);

  afterAll(async () => {
    webhook?.close();
    await cluster?.stop();
  });

  async function run(argv: readonly string[], stdin?: string): Promise<string> {
    const { status, stdout, stderr } = await cluster.kubectl(argv, stdin === undefined ? {} : { stdin });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return stdout;
  }

  test('answers kubectl', async () => {
    expect((await run(['get', 'namespaces', '--output=name'])).split('\n')).toContain('namespace/default');
    expect(await run(['version'])).toContain('Server Version: v1.34.1');
  });

  test('takes what comes on standard input', async () => {
    const stdin = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'from-stdin' }, data: { a: '1' } });
    expect(await run(['apply', '--filename=-'], stdin)).toBe('configmap/from-stdin created\n');
  });

  test('denies a pod in the words of the webhook', async () => {
    expect(await cluster.kubectl(['run', 'web', '--image=nginx', '--namespace=guarded'])).toEqual({
      status: 1,
      stdout: '',
      stderr: `Error from server (BadRequest): admission webhook "policy.sigstore.dev" denied the request: ${MESSAGE}\n`,
    });
  });

  test('admits it in a namespace that did not ask for the webhook', async () => {
    expect(await run(['run', 'web', '--image=nginx', '--namespace=default'])).toBe('pod/web created\n');
  });

  test('refuses a user without rights, and lets him do what is bound to him', async () => {
    const developer = cluster.kubeconfigOf('developer');
    const refusal = 'cannot list resource "pods" in API group "" in the namespace "default"';
    expect(await cluster.kubectl(['get', 'pods'], { kubeconfig: developer })).toMatchObject({ status: 1, stderr: expect.stringContaining(refusal) });
    await run(['create', 'role', 'pod-reader', '--verb=list', '--resource=pods']);
    await run(['create', 'rolebinding', 'pod-readers', '--role=pod-reader', '--group=auditor']);
    const auditor = cluster.kubeconfigOf('auditor');
    await expect.poll(async () => (await cluster.kubectl(['get', 'pods'], { kubeconfig: auditor })).status, { timeout: 30_000 }).toBe(0);
    expect(await cluster.kubectl(['get', 'pods'], { kubeconfig: developer })).toMatchObject({ status: 1 });
  });

  test('knows a service account by its token', async () => {
    await run(['create', 'serviceaccount', 'robot']);
    const token = (await run(['create', 'token', 'robot'])).trim();
    const who = await cluster.kubectl(['auth', 'whoami', '--output=jsonpath={.status.userInfo.username}'], { kubeconfig: cluster.kubeconfigOf({ token }) });
    expect(who).toMatchObject({ status: 0, stdout: 'system:serviceaccount:default:robot' });
  });

  test('forgets nothing when its API server restarts, and is away meanwhile', async () => {
    await run(['create', 'configmap', 'kept']);
    await cluster.restartApiServer(async () => {
      await expect(cluster.api('/readyz')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    });
    expect(await run(['get', 'configmap', 'kept', '--output=name'])).toBe('configmap/kept\n');
    const denied = await cluster.kubectl(['run', 'again', '--image=nginx', '--namespace=guarded']);
    expect(denied.stderr).toContain('admission webhook "policy.sigstore.dev" denied the request');
  });
});

test('a server that does not come up is told by its last words', async () => {
  const folder = temporaryFolder('assay-daemon-');
  const program = join(folder.path, 'broken');
  writeFileSync(program, '#!/bin/sh\necho no space left >&2; exit 1', { mode: 0o755 });
  await expect((await etcd(program, folder.path)).start()).rejects.toThrow('etcd ended:\nno space left');
  await folder.remove();
});

describe('a program that runs for a test', () => {
  test('ends when it is told to, and its folder goes', async () => {
    const folder = temporaryFolder('assay-daemon-');
    const daemon = startDaemon('sleeper', ['sh', '-c', 'echo "process $$"; exec sleep 1000'], folder.path);
    await expect.poll(() => daemon.lastWords()).toMatch(/process \d+\n/);
    const pid = Number(/process (\d+)/.exec(daemon.lastWords())?.[1]);
    expect(isAlive(pid)).toBe(true);
    await daemon.end();
    expect(isAlive(pid)).toBe(false);
    await folder.remove();
    expect(existsSync(folder.path)).toBe(false);
  });

  test('says so when it ends by itself', async () => {
    const folder = temporaryFolder('assay-daemon-');
    const daemon = startDaemon('failing', ['sh', '-c', 'echo no port left >&2; exit 3'], folder.path);
    await expect.poll(() => daemon.hasEnded()).toBe(true);
    expect(daemon.lastWords()).toBe('no port left\n');
    await daemon.end();
    await folder.remove();
  });

  test('goes with the process that started it, however that is killed', async () => {
    const script = `import { startDaemon, temporaryFolder } from ${JSON.stringify(fileURLToPath(new URL('daemon.ts', import.meta.url)))};
      const folder = temporaryFolder('assay-daemon-');
      const daemon = startDaemon('sleeper', ['sh', '-c', 'echo "process $$"; exec sleep 1000'], folder.path);
      while (!/process \\d+\\n/.test(daemon.lastWords())) await new Promise((resolve) => setTimeout(resolve, 10));
      console.log(JSON.stringify({ folder: folder.path, words: daemon.lastWords() }));
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(parent.stdout.setEncoding('utf8'), 'data');
    const { folder, words } = JSON.parse(String(line)) as { folder: string; words: string };
    const pid = Number(/process (\d+)/.exec(words)?.[1]);
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isAlive(pid) || existsSync(folder), { timeout: 30_000 }).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
