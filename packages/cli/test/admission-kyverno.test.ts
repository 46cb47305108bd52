/**
 * The Kyverno policy of the hardening seed (row 14) on a real API server: images of `enix/x509-certificate-exporter*` must be signed by who is named. Assay in
 * Kyverno's place, installed by its chart under the names of Kyverno's webhooks; registries by mirrors on this machine, tokens instead of browsers. Of Kyverno
 * itself nothing is there but the names of its kinds.
 */

import { fileURLToPath } from 'node:url';
import { createHttpClient } from '@assay/net';
import { digestOf, encodeImage, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, openRegistries, parseReference, sourceOf } from '@assay/oci';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../admission/test/cluster/cluster.ts';
import { CLUSTER_START_MS } from '../../admission/test/cluster/servers.ts';
import { clusterTools } from '../../admission/test/cluster/tools.ts';
import { type AdmissionProcess, startAdmissionProcess } from './admission-process.ts';
import { findHelm, runRealHelm } from './foreign-helm.ts';
import { openStackScene } from './foreign-stack-scene.ts';
import { findTool, runTool } from './foreign-tools.ts';
import { type Run, runCli, runCosign } from './run-cli.ts';

const CHART = fileURLToPath(new URL('../../../deploy/charts/assay', import.meta.url));
const helm = findHelm();
const cosign = findTool('cosign', '3.1.3');
const missing = [...clusterTools().missing, ...(helm === undefined ? ['helm'] : []), ...(cosign.path === '' ? ['cosign 3.1.3'] : [])];
if (missing.length > 0) console.warn(`Kyverno's policies on a real API server are skipped: no ${missing.join(', ')} in ASSAY_TESTBED or on PATH`);
const scene = await openStackScene();
const EXPORTER = 'enix/x509-certificate-exporter';

describe.skipIf(missing.length > 0)("Kyverno's policy of the hardening seed", () => {
  let cluster: Cluster;
  let admission: AdmissionProcess;
  const { scratch, endpoints } = scene;
  const home = scratch.path('home');
  const http = createHttpClient();
  const digests = new Map<string, string>();

  beforeAll(async () => {
    cluster = await startCluster();
    await applied(definition('kyverno.io', 'v1', 'ClusterPolicy', 'clusterpolicies', 'Cluster'));
    await applied(definition('kyverno.io', 'v1', 'Policy', 'policies', 'Namespaced'));
    await kubectl('create', 'namespace', 'cosign-system');
    await kubectl('create', 'namespace', 'team');
    for (const tag of ['signed', 'by-assay', 'bundled', 'unsigned']) digests.set(tag, await putImage(tag));
    const initialized = await theirs('initialize', '--mirror', endpoints.tuf, '--root', scene.document('root.json'));
    expect(initialized, initialized.stderr).toMatchObject({ status: 0 });
    const identity = ['--yes', '--identity-token'];
    const older = ['--use-signing-config=false', '--new-bundle-format=false', '--fulcio-url', endpoints.fulcio, '--rekor-url', endpoints.rekor, ...identity];
    const env = { ASSAY_TRUST: scene.document('client_trust_config.json') };
    const ours = { network: 'open', now: new Date(), env } as const;
    for (const run of [
      await theirs('sign', ...older, await scene.token(), hub('signed')),
      await runCosign(['sign', ...older, await scene.token(), hub('by-assay')], ours),
      await runCli(['sign', '--identity-token', await scene.token(), hub('bundled')], ours),
    ])
      expect(run, run.stderr).toMatchObject({ status: 0 });
    await install();
    // Known to the cluster later than to the webhook, which looks for it now and then.
    await applied(definition('policies.kyverno.io', 'v1beta1', 'ImageValidatingPolicy', 'imagevalidatingpolicies', 'Cluster'));
  }, CLUSTER_START_MS);

  afterAll(async () => {
    http.close();
    await admission?.end();
    await cluster?.stop();
  });

  const theirs = (...argv: string[]): Promise<Run> => runTool(cosign.path, argv, { home, env: {} });
  const hub = (tag: string): string => `${endpoints.registry}/${EXPORTER}:${tag}`;
  const kubectl = (...argv: string[]): Promise<Run> => cluster.kubectl(argv);
  const pinned = (tag: string, registry = 'docker.io'): string => `${registry}/${EXPORTER}:${tag}@${digests.get(tag)}`;
  const run = (name: string, image: string, ...more: string[]): Promise<Run> => kubectl('run', name, '--namespace=team', `--image=${image}`, ...more);
  const imageOf = async (name: string): Promise<string> =>
    (await kubectl('get', 'pod', name, '--namespace=team', '--output=jsonpath={.spec.containers[0].image}')).stdout;
  const hits = async (): Promise<number> => Number(/verdicts_total\{source="hit"\} (\d+)/.exec(await admission.metrics())?.[1] ?? 0);
  const blocked = (name: string, says: string, policy = 'check-image') =>
    `Error from server: admission webhook "mutate.kyverno.svc-fail" denied the request: \n\nresource Pod/team/${name} was blocked due to the following policies \n\n${policy}:\n  verify: '${says}'\n`;
  const unsigned = (image: string) => `failed to verify image ${image}: .attestors[0].entries[0].keyless: no signatures found`;

  /** With content of its own. */
  async function putImage(tag: string, content = tag): Promise<string> {
    const repository = openRegistries({ http }).repository(parseReference(hub(tag)));
    const put = async (mediaType: string, text: string) => {
      const bytes = new TextEncoder().encode(text);
      const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
      await repository.putBlob(descriptor, sourceOf(bytes));
      return descriptor;
    };
    const config = await put(OCI_CONFIG, '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
    const bytes = encodeImage({ mediaType: OCI_MANIFEST, config, layers: [await put(OCI_LAYER, content)] });
    return repository.putManifest({ bytes, mediaType: OCI_MANIFEST, tag });
  }

  async function applied(object: object): Promise<void> {
    const answer = await cluster.kubectl(['apply', '--filename=-'], { stdin: JSON.stringify(object) });
    expect(answer, answer.stderr).toMatchObject({ status: 0 });
  }

  /** By the chart, with the rights of its account; who vouches for its certificate it says itself. */
  async function install(): Promise<void> {
    const mirrors = scratch.write('mirrors', `docker.io = http://${endpoints.registry}\nquay.io = http://${endpoints.registry}\n`);
    const flags = ['--registry-mirrors', mirrors, '--trusted-root', scene.document('trusted_root.json'), '--certificate-name', '127.0.0.1'];
    const folder = scratch.path('certificates');
    // The address is known once it serves, and the rights of its account once the chart is there: it is started twice.
    const first = await startAdmissionProcess({ folder, flags: ['--no-cluster', ...flags] });
    await first.end();
    const values = ['--set', `webhook.url=${first.url}`, '--set', 'kyverno.enabled=true'];
    const installed = await runRealHelm(helm ?? '', ['--kubeconfig', cluster.kubeconfig, 'install', 'guard', CHART, '-n', 'cosign-system', ...values], home);
    expect(installed, installed.stderr).toMatchObject({ status: 0 });
    const token = (await kubectl('create', 'token', 'guard-assay', '--namespace=cosign-system')).stdout.trim();
    const started = { folder, port: Number(new URL(first.url).port), flags: ['--kyverno', '--kubeconfig', cluster.kubeconfigOf({ token }), ...flags] };
    admission = await startAdmissionProcess(started);
    await cluster.settleWebhooks();
  }

  const clusterPolicy = (block: object = {}, spec: object = {}, name = 'check-image') => ({
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name },
    spec: {
      webhookTimeoutSeconds: 30,
      ...spec,
      rules: [
        {
          name: 'verify',
          match: { any: [{ resources: { kinds: ['Pod'] } }] },
          verifyImages: [
            {
              imageReferences: [`*/${EXPORTER}*`],
              failureAction: 'Enforce',
              attestors: [{ entries: [{ keyless: { issuer: endpoints.oidc, subjectRegExp: '^[a-z]+@stack\\.example$', rekor: { url: endpoints.rekor } } }] }],
              ...block,
            },
          ],
        },
      ],
    },
  });

  test('before there is one, everything runs', async () => {
    expect(await run('early', `docker.io/${EXPORTER}:unsigned`)).toMatchObject({ status: 0, stderr: '', stdout: 'pod/early created\n' });
    expect(await imageOf('early')).toBe(`docker.io/${EXPORTER}:unsigned`);
  });

  test('an image that nobody signed is denied, in the words of Kyverno', async () => {
    await applied(clusterPolicy());
    const image = `docker.io/${EXPORTER}:unsigned`;
    await expect.poll(async () => (await run('dry', image, '--dry-run=server')).status).toBe(1);
    expect(await run('nobodys', image)).toMatchObject({ status: 1, stderr: blocked('nobodys', unsigned(image)) });
    expect(await run('nobodys', `quay.io/${EXPORTER}:unsigned`)).toMatchObject({ stderr: blocked('nobodys', unsigned(`quay.io/${EXPORTER}:unsigned`)) });
    const { stdout } = await kubectl('get', 'events', '--namespace=team', '--field-selector=reason=ImageDenied', '--output=jsonpath={.items[*].message}');
    expect(stdout).toContain(unsigned(image));
  });

  test.each([
    ['the real cosign', 'signed', 'docker.io'],
    ['the real cosign, of another registry', 'signed', 'quay.io'],
    ['Assay', 'by-assay', 'docker.io'],
  ])('signed by %s it runs, pinned and noted', async (_, tag, registry) => {
    const name = `${tag}-${registry.replace('.', '-')}`;
    expect(await run(name, `${registry}/${EXPORTER}:${tag}`)).toMatchObject({ status: 0, stderr: '', stdout: `pod/${name} created\n` });
    expect(await imageOf(name)).toBe(pinned(tag, registry));
    const { stdout } = await kubectl('get', 'pod', name, '--namespace=team', '--output=jsonpath={.metadata.annotations}');
    const reference = `${registry}/${EXPORTER}@${digests.get(tag)}`;
    expect(JSON.parse(stdout)).toEqual({
      'kyverno.io/verify-images': JSON.stringify({ [reference]: 'pass' }),
      'kyverno.io/verify-images-scoped': JSON.stringify({ version: 1, policies: { '/check-image': { verify: { [reference]: 'pass' } } } }),
    });
  });

  test('images that it does not name run as they are', async () => {
    expect(await run('other', 'docker.io/library/other:1')).toMatchObject({ status: 0 });
    expect(await imageOf('other')).toBe('docker.io/library/other:1');
  });

  test('a result is kept by digest', async () => {
    const before = await hits();
    expect(await run('again', `docker.io/${EXPORTER}:signed`)).toMatchObject({ status: 0 });
    // In the mutating webhook by the tag, in the validating one by the digest.
    expect(await hits()).toBe(before + 2);
  });

  test('what somebody writes on the object counts for nothing', async () => {
    const reference = `docker.io/${EXPORTER}@${digests.get('unsigned')}`;
    const annotations = {
      'kyverno.io/verify-images': JSON.stringify({ [reference]: 'pass' }),
      'kyverno.io/verify-images-scoped': JSON.stringify({ version: 1, policies: { '/check-image': { verify: { [reference]: 'pass' } } } }),
    };
    const pod = (name: string, image: string) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'team', annotations },
      spec: { containers: [{ name: 'c', image }] },
    });
    const created = (object: object) => cluster.kubectl(['create', '--filename=-'], { stdin: JSON.stringify(object) });
    const { stderr } = await created(pod('forged', reference));
    expect(stderr.replace('Error from server: error when creating "STDIN": ', 'Error from server: ')).toBe(blocked('forged', unsigned(reference)));
    expect(await created(pod('stripped', 'docker.io/library/other:1'))).toMatchObject({ status: 0 });
    const { stdout } = await kubectl('get', 'pod', 'stripped', '--namespace=team', '--output=jsonpath={.metadata.annotations}');
    expect(stdout).not.toContain('verify-images');
  });

  test('a tag that is moved changes nothing of what runs, and is another image for what does not', async () => {
    await putImage('signed', 'moved');
    expect(await kubectl('label', 'pod', 'signed-docker-io', '--namespace=team', 'a=b')).toMatchObject({ status: 0, stderr: '' });
    expect(await imageOf('signed-docker-io')).toBe(pinned('signed'));
    const image = `docker.io/${EXPORTER}:signed`;
    // What a tag stands for is known for a second.
    await expect.poll(async () => (await run('moved', image, '--dry-run=server')).stderr, { timeout: 5000 }).toBe(blocked('moved', unsigned(image)));
    expect(await run('moved', image)).toMatchObject({ stderr: blocked('moved', unsigned(image)) });
    const set = await kubectl('set', 'image', 'pod/signed-docker-io', '--namespace=team', `signed-docker-io=${image}`);
    expect(set.stderr).toContain(unsigned(image));
    expect(await run('by-digest', pinned('signed'))).toMatchObject({ status: 0 });
  });

  test('a deployment is told before its pods are', async () => {
    const deploy = (name: string, tag: string) => kubectl('create', 'deployment', name, '--namespace=team', `--image=docker.io/${EXPORTER}:${tag}`);
    const { stderr } = await deploy('bad', 'unsigned');
    expect(stderr).toContain('resource Deployment/team/bad was blocked due to the following policies \n\ncheck-image:\n  autogen-verify: ');
    expect(await deploy('good', 'by-assay')).toMatchObject({ status: 0 });
  });

  test('what runs, and would not start again, can be asked for', async () => {
    const trust = ['--trusted-root', scene.document('trusted_root.json'), '--registry-mirrors', scratch.path('mirrors')];
    const argv = ['policy', 'simulate', '--kyverno', '--kubeconfig', cluster.kubeconfig, ...trust];
    const { status, stdout, stderr } = await runCli(argv, { network: 'open', now: new Date() });
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toContain(`DENY   team/Pod/early
        image   docker.io/${EXPORTER}:unsigned
        why     resource Pod/team/early was blocked due to the following policies 
                
                check-image:
                  verify: '${unsigned(`docker.io/${EXPORTER}:unsigned`)}'
`);
    expect(stdout).toContain(`pass   team/Pod/signed-docker-io\n        image   ${pinned('signed')}\n`);
    expect(stdout).toMatch(/ would pass with a warning, 1 would be denied at the next start\n$/);
  });

  test('a bundle is evidence where the policy asks for bundles', async () => {
    await applied(clusterPolicy({ type: 'SigstoreBundle' }));
    await expect.poll(async () => run('bundled', `docker.io/${EXPORTER}:bundled`)).toMatchObject({ status: 0 });
    const image = `docker.io/${EXPORTER}:unsigned`;
    const says = `failed to verify image ${image}: .attestors[0].entries[0].keyless: sigstore bundle verification failed: no matching signatures found`;
    expect(await run('nobodys', image)).toMatchObject({ stderr: blocked('nobodys', says) });
  });

  test('audit only reports', async () => {
    await applied(clusterPolicy({ failureAction: 'Audit', mutateDigest: false, verifyDigest: false }));
    const image = `docker.io/${EXPORTER}:unsigned`;
    await expect.poll(async () => run('audited', image)).toMatchObject({ status: 0, stderr: '' });
    const events = ['get', 'events', '--namespace=team', '--field-selector=reason=ImageWarning', '--output=jsonpath={.items[*].message}'] as const;
    await expect.poll(async () => (await kubectl(...events)).stdout).toContain(`policy check-image.verify: ${unsigned(image)}`);
    await applied(clusterPolicy({ failureAction: 'Audit', mutateDigest: false, verifyDigest: false }, { emitWarning: true }));
    await expect
      .poll(async () => (await run('warned', image, '--dry-run=server')).stderr)
      .toContain(`Warning: policy check-image.verify: ${unsigned(image)}\n`);
    expect(await kubectl('delete', 'clusterpolicy', 'check-image')).toMatchObject({ status: 0 });
  });

  test('an ImageValidatingPolicy that means the same admits and denies the same', async () => {
    await applied({
      apiVersion: 'policies.kyverno.io/v1beta1',
      kind: 'ImageValidatingPolicy',
      metadata: { name: 'check-image' },
      spec: {
        matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['pods'] }] },
        matchImageReferences: [{ glob: `*/${EXPORTER}*` }],
        attestors: [{ name: 'enix', cosign: { keyless: { identities: [{ issuer: endpoints.oidc, subjectRegExp: '^[a-z]+@stack\\.example$' }] } } }],
        validations: [
          { expression: 'images.containers.map(image, verifyImageSignatures(image, [attestors.enix])).all(count, count > 0)', message: 'not signed by enix' },
        ],
      },
    });
    const image = `docker.io/${EXPORTER}:unsigned`;
    await expect.poll(async () => (await run('dry', image, '--dry-run=server')).status, { timeout: 45_000 }).toBe(1);
    const denied = 'Error from server: admission webhook "ivpol.validate.kyverno.svc-fail" denied the request: Policy check-image failed: not signed by enix\n';
    expect(await run('unvalidated', image)).toMatchObject({ status: 1, stderr: denied });
    for (const tag of ['by-assay', 'bundled']) {
      expect(await run(`validated-${tag}`, `docker.io/${EXPORTER}:${tag}`)).toMatchObject({ status: 0, stderr: '' });
      expect(await imageOf(`validated-${tag}`)).toBe(pinned(tag));
    }
    expect((await run('gone', `docker.io/${EXPORTER}:gone`)).stderr).toMatch(
      /^Error from server: admission webhook "ivpol\.mutate\.kyverno\.svc-fail" denied the request: Policy check-image error: failed to update digest: failed to resolve digest for image docker\.io\/enix\/x509-certificate-exporter:gone: /,
    );
  }, 90_000);

  test('it has told the API server itself who vouches for its certificate', async () => {
    for (const kind of ['mutating', 'validating']) {
      const name = `${kind}webhookconfiguration/kyverno-resource-${kind}-webhook-cfg`;
      const { stdout } = await kubectl('get', name, '--output=jsonpath={.webhooks[*].clientConfig.caBundle}');
      expect(new Set(stdout.split(' '))).toEqual(new Set([Buffer.from(admission.ca).toString('base64')]));
      expect(stdout.split(' ')).toHaveLength(6);
    }
    // Its rights are enough.
    expect(admission.log()).not.toMatch(/INTERNAL|answered 40[13]/);
  });
});

/** Of a kind that holds anything. */
function definition(group: string, version: string, kind: string, plural: string, scope: 'Cluster' | 'Namespaced'): object {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { kind, plural, singular: kind.toLowerCase() },
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  };
}
