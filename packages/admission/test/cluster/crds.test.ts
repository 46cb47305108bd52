/**
 * The custom resources of the chart in a real API server. Their schemas refuse nulls and wrong types and leave the rest to the webhook, whose
 * words users know from policy-controller.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findVectors } from '../../../cli/test/vectors-folder.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { type Respond, type ReviewServer, serveReviews } from './review-server.ts';
import { CLUSTER_START_MS } from './servers.ts';
import { clusterTools } from './tools.ts';

const { missing } = clusterTools();
if (missing.length > 0) console.warn(`tests of the custom resources are skipped: no ${missing.join(', ')} in ASSAY_TESTBED or on PATH`);

const CRDS = fileURLToPath(new URL('../../../../deploy/charts/assay/crds', import.meta.url));

interface VectorCase {
  readonly name: string;
  readonly kind: string;
  readonly files: readonly string[];
  readonly expect: { readonly liveClusterContains?: readonly string[] };
}

const folder = join(findVectors() ?? '', 'admission');
const cases = findVectors() === undefined ? [] : readCases();

/** YAML 1.1, which kubectl reads, takes `name: n` for a boolean. */
const NOT_TEXT = new Set(['cip-inline/policy-data-and-configmap', 'cip-inline/policy-configmap-no-key']);

describe.skipIf(missing.length > 0)('the custom resources', () => {
  let cluster: Cluster;
  let webhook: ReviewServer;

  beforeAll(async () => {
    cluster = await startCluster();
    await run(['apply', `--filename=${CRDS}`]);
    await run(['wait', '--for=condition=Established', '--timeout=60s', '--filename', CRDS]);
    await run(['create', '--filename=-'], policy('kept', ['  images: [{ glob: "**" }]', '  authorities: [{ static: { action: pass } }]']));
    webhook = await serveReviews(addNulls);
  }, CLUSTER_START_MS);

  afterAll(async () => {
    webhook?.close();
    await cluster?.stop();
  });

  async function run(argv: readonly string[], stdin = ''): Promise<string> {
    const { status, stdout, stderr } = await cluster.kubectl(argv, { stdin });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return stdout;
  }

  function create(...files: readonly string[]) {
    return cluster.kubectl(['create', '--dry-run=server', ...files.map((file) => `--filename=${join(folder, file)}`)]);
  }

  test('a policy answers to its short name', async () => {
    expect(await run(['get', 'cip', '--output=name'])).toBe('clusterimagepolicy.policy.sigstore.dev/kept\n');
  });

  test('a policy of one version is there in the other', async () => {
    const spec = async (version: string) => JSON.parse(await run(['get', `clusterimagepolicies.${version}.policy.sigstore.dev`, 'kept', '--output=json'])).spec;
    expect(await spec('v1beta1')).toEqual(await spec('v1alpha1'));
  });

  test('the status is written apart, and a condition needs a type and a status', async () => {
    const patch = (condition: object) =>
      cluster.kubectl(['patch', 'cip', 'kept', '--subresource=status', '--type=merge', `--patch=${JSON.stringify({ status: { conditions: [condition] } })}`]);
    expect(await patch({ type: 'Ready', status: 'True', reason: 'Fine' })).toMatchObject({ status: 0 });
    const { stderr } = await patch({ reason: 'Fine' });
    expect(stderr).toContain('status.conditions[0].type: Required value');
    expect(stderr).toContain('status.conditions[0].status: Required value');
    expect((await cluster.api('/apis/policy.sigstore.dev/v1alpha1')).body).toContain('"trustroots/status"');
  });

  test('an unknown field is refused by name, or dropped where the client does not ask for more', async () => {
    const stdin = policy('odd', ['  images: [{ glob: "**" }]', '  nonsense: 1']);
    expect((await cluster.kubectl(['create', '--filename=-'], { stdin })).stderr).toContain('strict decoding error: unknown field "spec.nonsense"');
    const lenient = ['create', '--dry-run=server', '--validate=ignore', '--output=jsonpath={.spec}', '--filename=-'];
    expect(JSON.parse(await run(lenient, stdin))).toEqual({ images: [{ glob: '**' }] });
  });

  test.each(cases.filter(({ name }) => !NOT_TEXT.has(name)))('leave to the webhook: $name', async ({ files }) => {
    expect(await create(...files)).toMatchObject({ status: 0, stderr: '' });
  });

  test.each(cases.filter(({ name }) => NOT_TEXT.has(name)))('refuse a boolean where text belongs: $name', async ({ files }) => {
    const { stderr } = await create(...files);
    expect(stderr).toContain('policy.configMapRef.name: Invalid value: "boolean"');
  });

  // What the server drops from a request it refuses from a webhook. The texts users know come from policy-controller's defaulting, which
  // writes a policy back with every field of its own types: an absent list becomes null.
  describe('with a webhook that writes absent lists back as null', () => {
    beforeAll(async () => {
      await cluster.registerWebhook({
        kind: 'mutating',
        name: 'defaulting.clusterimagepolicy.sigstore.dev',
        url: webhook.url,
        path: '/defaulting',
        caBundle: webhook.caBundle,
        rules: [{ apiGroups: ['policy.sigstore.dev'], apiVersions: ['*'], operations: ['CREATE'], resources: ['clusterimagepolicies'] }],
      });
    });

    const ofSchema = cases.flatMap(({ name, files, expect: { liveClusterContains = [] } }) => {
      const texts = liveClusterContains.filter((text) => text.endsWith(': Invalid value'));
      return texts.length === 0 ? [] : [{ name, files, texts }];
    });

    test.skipIf(cases.length === 0)('some vectors are about that', () => expect(ofSchema.length).toBeGreaterThan(0));

    test.each(ofSchema)('says what a live cluster says: $name', async ({ files, texts }) => {
      const { status, stderr } = await create(...files);
      expect(status).toBe(1);
      for (const text of texts) expect(stderr).toContain(text);
      expect(stderr).toContain('keyless.identities in body must be of type array: "null"');
    });
  });
});

function policy(name: string, spec: readonly string[]): string {
  return ['apiVersion: policy.sigstore.dev/v1alpha1', 'kind: ClusterImagePolicy', `metadata: { name: ${name} }`, 'spec:', ...spec].join('\n');
}

function readCases(): VectorCase[] {
  const listed = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as { cases: VectorCase[] };
  return listed.cases
    .filter(({ kind }) => kind === 'cip-validate' || kind === 'trustroot-validate')
    .map((found) => ({ ...found, files: found.files.filter((file) => file.endsWith('.yaml')) }));
}

const addNulls: Respond = ({ object }) => {
  const { authorities = [] } = (object as { spec: { authorities?: readonly { keyless?: { identities?: unknown } }[] } }).spec;
  const patch = authorities.flatMap(({ keyless }, i) =>
    keyless === undefined || keyless.identities !== undefined ? [] : [{ op: 'add', path: `/spec/authorities/${i}/keyless/identities`, value: null }],
  );
  return { allowed: true, ...(patch.length > 0 && { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }) };
};
