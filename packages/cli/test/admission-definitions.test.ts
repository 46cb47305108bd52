/** Policies as a real API server takes them: every one of the vectors that upstream tested in a live cluster, through our webhooks, with the words that users read. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../admission/test/cluster/cluster.ts';
import { CLUSTER_START_MS } from '../../admission/test/cluster/servers.ts';
import { clusterTools } from '../../admission/test/cluster/tools.ts';
import { type AdmissionProcess, startAdmissionProcess } from './admission-process.ts';
import { Scratch } from './run-cli.ts';
import { findVectors } from './vectors-folder.ts';

const CRDS = fileURLToPath(new URL('../../../deploy/charts/assay/crds', import.meta.url));
const { missing } = clusterTools();
if (missing.length > 0) console.warn(`tests of policies in a real API server are skipped: no ${missing.join(', ')} in ASSAY_TESTBED or on PATH`);
const folder = join(findVectors() ?? '', 'admission');
const scratch = new Scratch();

interface PolicyCase {
  readonly name: string;
  readonly kind: string;
  readonly files: readonly [string];
  readonly expect: { readonly valid: boolean; readonly liveClusterContains?: readonly string[] };
}

const cases =
  findVectors() === undefined
    ? []
    : (JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as { cases: PolicyCase[] }).cases.filter(({ kind }) => kind === 'cip-validate');

describe.skipIf(missing.length > 0 || cases.length === 0)('policies in a real API server', () => {
  let cluster: Cluster;
  let admission: AdmissionProcess;

  beforeAll(async () => {
    cluster = await startCluster();
    expect(await cluster.kubectl(['apply', `--filename=${CRDS}`])).toMatchObject({ status: 0 });
    expect(await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '--filename', CRDS])).toMatchObject({ status: 0 });
    await cluster.kubectl(['create', 'namespace', 'cosign-system']);
    admission = await startAdmissionProcess({
      folder: scratch.path('certificates'),
      flags: ['--kubeconfig', cluster.kubeconfig, '--certificate-name', '127.0.0.1', '--disable-tuf'],
    });
    const { url, ca: caBundle } = admission;
    const rules = [
      { apiGroups: ['policy.sigstore.dev'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['clusterimagepolicies', 'trustroots'] },
    ];
    const name = 'clusterimagepolicy.sigstore.dev';
    await cluster.registerWebhook({ kind: 'mutating', name: `defaulting.${name}`, url, path: '/defaulting', caBundle, rules });
    await cluster.registerWebhook({ kind: 'validating', name: `validating.${name}`, url, path: '/validating', caBundle, rules });
  }, CLUSTER_START_MS);

  afterAll(async () => {
    await admission?.end();
    await cluster?.stop();
  });

  const create = (file: string) => cluster.kubectl(['create', '--dry-run=server', '--filename', join(folder, file)]);

  test.each(cases.filter(({ expect: { liveClusterContains } }) => liveClusterContains !== undefined))(
    '$name is refused',
    async ({ files, expect: expected }) => {
      const { status, stderr } = await create(files[0]);
      expect(status).toBe(1);
      for (const text of expected.liveClusterContains ?? []) expect(stderr).toContain(text);
    },
  );

  // Those of this folder were written for a cluster; the others say `name: n`, which YAML 1.1 reads as a boolean.
  const upstream = cases.filter(({ name }) => name.startsWith('cip-valid/'));
  test.each(upstream)('$name is taken', async ({ files }) => {
    const { status, stderr } = await create(files[0]);
    expect(stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Warning: '))).toEqual([]);
    expect(status).toBe(0);
  });

  test('defaults are written into the object', async () => {
    const policy = {
      apiVersion: 'policy.sigstore.dev/v1beta1',
      kind: 'ClusterImagePolicy',
      metadata: { name: 'p' },
      spec: { images: [{ glob: '**' }], authorities: [{ keyless: { identities: [{ issuer: 'a', subject: 'b' }] } }] },
    };
    const { stdout } = await cluster.kubectl(['create', '--dry-run=server', '--output=json', '--filename=-'], { stdin: JSON.stringify(policy) });
    expect(JSON.parse(stdout).spec).toMatchObject({ mode: 'enforce', authorities: [{ name: 'authority-0', keyless: { url: 'https://fulcio.sigstore.dev' } }] });
  });

  test('both versions are one object', async () => {
    const policy = {
      apiVersion: 'policy.sigstore.dev/v1beta1',
      kind: 'ClusterImagePolicy',
      metadata: { name: 'both' },
      spec: { images: [{ glob: '**' }], authorities: [{ static: { action: 'pass' } }] },
    };
    expect(await cluster.kubectl(['create', '--filename=-'], { stdin: JSON.stringify(policy) })).toMatchObject({ status: 0 });
    const { stdout } = await cluster.kubectl(['get', 'clusterimagepolicies.v1alpha1.policy.sigstore.dev', 'both', '--output=json']);
    expect(JSON.parse(stdout)).toMatchObject({ apiVersion: 'policy.sigstore.dev/v1alpha1', spec: { authorities: [{ static: { action: 'pass' } }] } });
  });
});
