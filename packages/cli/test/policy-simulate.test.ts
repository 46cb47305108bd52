/** `assay policy simulate` over a live cluster: what would pass, warn and be denied, and that nothing is written. */

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../admission/test/cluster/cluster.ts';
import { CLUSTER_START_MS } from '../../admission/test/cluster/servers.ts';
import { clusterTools } from '../../admission/test/cluster/tools.ts';
import { newKey, openScene, type Scene, type SceneImage } from '../../policy/test/scene.ts';
import { runCli, Scratch } from './run-cli.ts';

const CRDS = fileURLToPath(new URL('../../../deploy/charts/assay/crds', import.meta.url));
const { missing } = clusterTools();
if (missing.length > 0) console.warn(`tests of policy simulate are skipped: no ${missing.join(', ')} in ASSAY_TESTBED or on PATH`);
const scratch = new Scratch();

describe.skipIf(missing.length > 0)('policy simulate', () => {
  let cluster: Cluster;
  let scene: Scene;
  let signed: SceneImage;
  let unsigned: SceneImage;
  const key = newKey();

  beforeAll(async () => {
    cluster = await startCluster();
    scene = await openScene();
    [signed, unsigned] = [scene.image(), scene.image()];
    signed.sign({ key, log: 'none', timestamp: false });
    await run(['apply', `--filename=${CRDS}`]);
    await run(['wait', '--for=condition=Established', '--timeout=60s', '--filename', CRDS]);
    for (const namespace of ['secure', 'free', 'cosign-system']) await run(['create', 'namespace', namespace]);
    await run(['label', 'namespace', 'secure', 'policy.sigstore.dev/include=true']);
    await run(['apply', '--filename=-'], JSON.stringify(policy('enforce')));
    const pod = (image: string) => ({ metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'a', image }] } });
    const deployment = (name: string, image: string, namespace = 'secure') => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace },
      spec: { selector: { matchLabels: { app: 'a' } }, template: pod(image) },
    });
    for (const object of [
      deployment('good', `${signed.name}:1`),
      deployment('bad', `${unsigned.name}:1`),
      deployment('elsewhere', `${unsigned.name}:1`, 'free'),
    ])
      await run(['create', '--filename=-'], JSON.stringify(object));
    // Of the deployment, so it is not a workload of its own.
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'x', uid: '00000000-0000-0000-0000-000000000000', controller: true };
    await run(
      ['create', '--filename=-'],
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        ...pod(`${unsigned.name}:1`),
        metadata: { name: 'owned', namespace: 'secure', ownerReferences: [owner] },
      }),
    );
  }, CLUSTER_START_MS);

  afterAll(async () => {
    await scene?.close();
    await cluster?.stop();
  });

  async function run(argv: readonly string[], stdin = ''): Promise<string> {
    const { status, stdout, stderr } = await cluster.kubectl(argv, { stdin });
    expect(status, stderr).toBe(0);
    return stdout;
  }

  const policy = (mode: string) => ({
    apiVersion: 'policy.sigstore.dev/v1alpha1',
    kind: 'ClusterImagePolicy',
    metadata: { name: 'p' },
    spec: { mode, images: [{ glob: '**' }], authorities: [{ name: 'ours', key: { data: key.publicPem } }] },
  });
  const simulate = (...argv: string[]) => runCli(['policy', 'simulate', '--kubeconfig', cluster.kubeconfig, ...argv], { network: 'open' });

  test('says what would be denied, and why', async () => {
    const { status, stdout, stderr } = await simulate();
    expect(stderr).toBe('');
    expect(stdout).toBe(
      `DENY   secure/Deployment/bad
        image   ${unsigned.name}:1 (now ${unsigned.digest})
        why     validation failed: failed policy: p: spec.template.spec.containers[0].image
                ${unsigned.name}:1@${unsigned.digest} signature key validation failed for authority ours for ${unsigned.reference}: no signatures found
pass   secure/Deployment/good
        image   ${signed.name}:1 (now ${signed.digest})
2 workloads: 1 would pass, 0 would pass with a warning, 1 would be denied at the next start
`,
    );
    expect(status).toBe(1);
  });

  test('everywhere, as JSON', async () => {
    const { workloads } = JSON.parse((await simulate('--all-namespaces', '--output', 'json')).stdout);
    expect(workloads.map(({ namespace, name, outcome }: Record<string, string>) => `${namespace}/${name} ${outcome}`)).toEqual([
      'free/elsewhere deny',
      'secure/bad deny',
      'secure/good pass',
    ]);
  });

  test('with other policies instead', async () => {
    const file = scratch.write('warn.yaml', policy('warn'));
    const { status, stdout } = await simulate('--policy', file);
    expect(status).toBe(0);
    expect(stdout).toContain('1 would pass with a warning, 0 would be denied');
  });

  test('writes nothing', async () => {
    const { stdout } = await cluster.kubectl(['get', 'clusterimagepolicy', 'p', '--output=jsonpath={.status}']);
    expect(stdout).toBe('');
  });
});
