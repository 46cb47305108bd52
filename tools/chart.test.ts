/** The Helm chart: linted and rendered by the real helm, and what comes out read as Kubernetes would. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadChartFolder, parseChart } from '@assay/oci/chart';
import { afterAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { findHelm, HELM_VERSION, runRealHelm } from '../packages/cli/test/foreign-helm.ts';
import { version } from './bundle.ts';
import { CHART_FOLDER, pinnedChart } from './image/pin-chart.ts';

const helm = findHelm() ?? '';
if (helm === '') console.warn(`tests of the chart with helm are skipped: no helm ${HELM_VERSION} on PATH or in ASSAY_TESTBED`);

const home = mkdtempSync(join(tmpdir(), 'assay-chart-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const DIGEST = `sha256:${'5f'.repeat(32)}` as const;
const PINNED = { image: { repository: 'registry.test/assay', digest: DIGEST } };
const OUTSIDE = { webhook: { url: 'https://assay.test:8443/', caBundle: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' } };

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  // What differs from kind to kind is asked for by expectations alone.
  readonly [member: string]: unknown;
}

function run(values: object, ...argv: string[]) {
  // Values as JSON, which helm takes for any value.
  const set = Object.entries(values).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return runRealHelm(helm, [...argv, ...set.flatMap((one) => ['--set-json', one])], home);
}

const template = (values: object) => run(values, 'template', 'guard', CHART_FOLDER, '--namespace', 'cosign-system', '--kube-version', '1.34.1');

async function rendered(values: object = {}): Promise<Resource[]> {
  const { status, stdout, stderr } = await template({ ...PINNED, ...values });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS() as Resource | null)
    .filter((resource) => resource !== null);
}

const named = (resources: readonly Resource[], kind: string, name: string): Resource => {
  const found = resources.filter((one) => one.kind === kind && one.metadata.name === name);
  if (found.length !== 1) throw new Error(`${found.length} of ${kind} ${name} among ${resources.map((one) => `${one.kind} ${one.metadata.name}`).join(', ')}`);
  return found[0] as Resource;
};

/** As `resource/subresource group [names]: verbs`, sorted. */
function rights(resources: readonly Resource[]): string[] {
  return resources
    .flatMap((resource) => (resource.rules ?? []).map((rule) => ({ ...rule, scope: resource.metadata.namespace ?? 'cluster' })))
    .flatMap(({ scope, apiGroups, resources, resourceNames, verbs }) =>
      apiGroups.flatMap((group) => resources.map((one) => `${scope}: ${verbs.join(' ')} ${group}/${one}${resourceNames ? ` ${resourceNames.join(' ')}` : ''}`)),
    )
    .toSorted();
}

const ALIVE = { path: '/healthz', port: 'https', scheme: 'HTTPS', httpHeaders: [{ name: 'k-kubelet-probe', value: 'webhook' }] };

const LEAST = [
  'cluster: create /events',
  'cluster: get /serviceaccounts',
  'cluster: get list watch assay.dev/imagepolicies',
  'cluster: get list watch policy.sigstore.dev/clusterimagepolicies',
  'cluster: get list watch policy.sigstore.dev/trustroots',
  'cluster: get patch admissionregistration.k8s.io/mutatingwebhookconfigurations policy.sigstore.dev defaulting.clusterimagepolicy.sigstore.dev',
  'cluster: get patch admissionregistration.k8s.io/validatingwebhookconfigurations policy.sigstore.dev validating.clusterimagepolicy.sigstore.dev',
  'cluster: get patch apiextensions.k8s.io/customresourcedefinitions clusterimagepolicies.policy.sigstore.dev',
  'cluster: patch assay.dev/imagepolicies/status',
  'cluster: patch policy.sigstore.dev/clusterimagepolicies/status',
  'cluster: patch policy.sigstore.dev/trustroots/status',
  'cosign-system: create /secrets',
  'cosign-system: get list watch /configmaps',
  'cosign-system: get list watch /secrets',
  'cosign-system: update /secrets webhook-certs',
];

describe.skipIf(helm === '')('the chart', () => {
  test.each([
    ['as it is', {}],
    ['with an image', PINNED],
    ['outside of the cluster', OUTSIDE],
  ])('passes helm lint --strict %s', async (_, values) => {
    expect(await run(values, 'lint', '--strict', CHART_FOLDER)).toMatchObject({ status: 0 });
  });

  test.each([
    ['without a digest', { image: { repository: 'registry.test/assay' } }, 'npm run image -- --output REGISTRY/assay --chart FILE.tgz'],
    ['without a repository', { image: { digest: DIGEST } }, 'image.repository and image.digest are needed'],
    ['with a tag in place of a digest', { image: { ...PINNED.image, digest: 'latest' } }, 'image'],
    ['with a value that it does not know', { ...PINNED, replica: 3 }, 'replica'],
    ['with a timeout that the API server does not allow', { ...PINNED, webhook: { timeoutSeconds: 31 } }, 'timeoutSeconds'],
    ['with an address that is not https', { webhook: { url: 'http://assay.test' } }, 'url'],
    ['with another answer to images without a policy', { ...PINNED, config: { noMatchPolicy: 'maybe' } }, 'noMatchPolicy'],
    [
      'with somebody who vouches for a certificate that Assay makes itself',
      { ...PINNED, webhook: { caBundle: OUTSIDE.webhook.caBundle } },
      'goes with webhook.url',
    ],
    ['with an account that nobody names', { ...PINNED, serviceAccount: { create: false } }, 'serviceAccount.name is needed'],
  ])('is not rendered %s', async (_, values, message) => {
    const { status, stderr } = await template(values);
    expect(status).toBe(1);
    expect(stderr).toContain(message);
  });

  test('runs as nobody, on a root folder that nobody can write to', async () => {
    const resources = await rendered();
    expect(named(resources, 'Deployment', 'guard-assay')).toMatchObject({
      spec: {
        replicas: 2,
        strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template: {
          spec: {
            serviceAccountName: 'guard-assay',
            securityContext: { runAsNonRoot: true, runAsUser: 65_532, runAsGroup: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
            containers: [
              {
                image: `registry.test/assay@${DIGEST}`,
                securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, privileged: false, capabilities: { drop: ['ALL'] } },
                resources: { limits: { memory: '512Mi' } },
                startupProbe: { httpGet: ALIVE },
                readinessProbe: { httpGet: { path: '/readyz', port: 'metrics' } },
                livenessProbe: { httpGet: ALIVE },
                lifecycle: { preStop: { sleep: { seconds: 10 } } },
              },
            ],
            topologySpreadConstraints: [
              { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
              { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
            ],
            affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100 }] } },
          },
        },
      },
    });
    expect(named(resources, 'ServiceAccount', 'guard-assay')).toMatchObject({ automountServiceAccountToken: false });
    expect(named(resources, 'PodDisruptionBudget', 'guard-assay')).toMatchObject({ spec: { minAvailable: 1 } });
    expect(JSON.stringify(resources)).not.toMatch(/hostPath|hostNetwork|hostPID|NodePort|LoadBalancer/);
  });

  test('keeps what belongs together by labels together', async () => {
    const resources = await rendered({ podLabels: { 'app.kubernetes.io/name': 'other', team: 'a' } });
    const labels = { 'app.kubernetes.io/name': 'assay', 'app.kubernetes.io/instance': 'guard' };
    const deployment = named(resources, 'Deployment', 'guard-assay') as Resource & { spec: { template: { metadata: { labels: object } } } };
    expect(deployment.spec.template.metadata.labels).toMatchObject({ ...labels, team: 'a' });
    expect(named(resources, 'Service', 'webhook')).toMatchObject({ spec: { selector: labels } });
    expect(named(resources, 'NetworkPolicy', 'guard-assay')).toMatchObject({ spec: { podSelector: { matchLabels: labels } } });
    expect(named(resources, 'PodDisruptionBudget', 'guard-assay')).toMatchObject({ spec: { selector: { matchLabels: labels } } });
  });

  test('makes no budget that would hold up every drain', async () => {
    expect((await rendered({ replicas: 1 })).map(({ kind }) => kind)).not.toContain('PodDisruptionBudget');
  });

  test.each<[string, object, readonly string[]]>([
    ['by default', {}, []],
    [
      'with everything on',
      {
        kyverno: { enabled: true, exceptionNamespace: 'exempt' },
        policyReports: { enabled: true },
        tuf: { disabled: true, mirror: 'https://tuf.test', root: '{}' },
        logLevel: 'debug',
      },
      [
        '--disable-tuf',
        '--tuf-mirror=https://tuf.test',
        '--kyverno',
        '--kyverno-exceptions=exempt',
        '--policy-reports',
        '--log-level=debug',
        '--tuf-root=/etc/assay/tuf/root.json',
      ],
    ],
  ])('tells the process what it needs %s', async (_, values, more) => {
    const deployment = named(await rendered(values), 'Deployment', 'guard-assay') as Resource & {
      spec: { template: { spec: { containers: readonly { readonly args: readonly string[] }[] } } };
    };
    const expected = [
      'admission',
      'serve',
      '--listen=0.0.0.0',
      '--secure-port=8443',
      '--metrics-host=0.0.0.0',
      '--metrics-port=9090',
      '--namespace=$(POD_NAMESPACE)',
      '--service-name=webhook',
      '--webhook-name=policy.sigstore.dev',
      '--mutating-webhook-name=policy.sigstore.dev',
      '--validating-webhook-name=validating.clusterimagepolicy.sigstore.dev',
      '--defaulting-webhook-name=defaulting.clusterimagepolicy.sigstore.dev',
      '--cache-ttl=1h',
      '--cache-size=1000',
      '--policy-resync-period=10h',
      '--trustroot-resync-period=24h',
      '--log-level=info',
    ].filter((argument) => !more.some((one) => one.split('=')[0] === argument.split('=')[0]));
    const { args = [] } = deployment.spec.template.spec.containers[0] ?? {};
    expect(args.toSorted()).toEqual([...expected, ...more].toSorted());
  });

  describe('its webhooks', () => {
    const WORKLOADS = [
      ['', 'v1', ['pods', 'pods/ephemeralcontainers']],
      ['apps', 'v1', ['replicasets', 'deployments', 'statefulsets', 'daemonsets']],
      ['batch', 'v1', ['jobs', 'cronjobs']],
      ['batch', 'v1beta1', ['cronjobs']],
    ].map(([group, v, resources]) => ({ apiGroups: [group], apiVersions: [v], operations: ['CREATE', 'UPDATE'], resources, scope: 'Namespaced' }));
    const POLICIES = [
      { apiVersions: ['v1alpha1', 'v1beta1'], resources: ['clusterimagepolicies'] },
      { apiVersions: ['v1alpha1'], resources: ['trustroots'] },
    ].map((rule) => ({ apiGroups: ['policy.sigstore.dev'], operations: ['CREATE', 'UPDATE'], scope: 'Cluster', ...rule }));
    const guarded = (...excluded: string[]) => ({
      matchExpressions: [
        { key: 'policy.sigstore.dev/include', operator: 'In', values: ['true'] },
        { key: 'webhooks.knative.dev/exclude', operator: 'DoesNotExist' },
        { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['cosign-system', ...excluded] },
      ],
    });
    const common = { admissionReviewVersions: ['v1'], sideEffects: 'None', failurePolicy: 'Fail', matchPolicy: 'Equivalent' };

    test.each([
      ['ValidatingWebhookConfiguration', 'policy.sigstore.dev', '/validations', { timeoutSeconds: 25, rules: WORKLOADS, namespaceSelector: guarded() }],
      [
        'MutatingWebhookConfiguration',
        'policy.sigstore.dev',
        '/mutations',
        { timeoutSeconds: 25, rules: WORKLOADS, namespaceSelector: guarded(), reinvocationPolicy: 'IfNeeded' },
      ],
      ['ValidatingWebhookConfiguration', 'validating.clusterimagepolicy.sigstore.dev', '/validating', { timeoutSeconds: 10, rules: POLICIES }],
      [
        'MutatingWebhookConfiguration',
        'defaulting.clusterimagepolicy.sigstore.dev',
        '/defaulting',
        { timeoutSeconds: 10, rules: POLICIES, reinvocationPolicy: 'IfNeeded' },
      ],
    ])('%s %s calls %s', async (kind, name, path, webhook) => {
      const service = { name: 'webhook', namespace: 'cosign-system', port: 443, path };
      expect(named(await rendered(), kind, name)['webhooks']).toEqual([{ name, clientConfig: { service }, ...common, ...webhook }]);
      const outside = { url: `https://assay.test:8443${path}`, caBundle: Buffer.from(OUTSIDE.webhook.caBundle).toString('base64') };
      expect(named(await rendered(OUTSIDE), kind, name)['webhooks']).toEqual([{ name, clientConfig: outside, ...common, ...webhook }]);
    });

    describe('of kyverno', () => {
      const KYVERNO = { kyverno: { enabled: true } };
      const all = (verb: string) =>
        ['fail', 'ignore'].flatMap((kind) => [
          [`${verb}.kyverno.svc-${kind}`, `/${verb}/${kind}`],
          [`ivpol.${verb}.kyverno.svc-${kind}`, `/ivpol/${verb}/-${kind}`],
          [`nivpol.${verb}.kyverno.svc-${kind}`, `/nivpol/${verb}/-${kind}`],
        ]);
      const RULES = [
        ['', ['pods', 'pods/ephemeralcontainers', 'replicationcontrollers']],
        ['apps', ['daemonsets', 'deployments', 'replicasets', 'statefulsets']],
        ['batch', ['cronjobs', 'jobs']],
      ].map(([group, resources]) => ({ apiGroups: [group], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources, scope: 'Namespaced' }));
      const except = (...namespaces: string[]) => ({
        matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['cosign-system', ...namespaces] }],
      });

      test('are there with it alone', async () => {
        expect(JSON.stringify(await rendered())).not.toContain('kyverno');
      });

      test.each([
        ['MutatingWebhookConfiguration', 'kyverno-resource-mutating-webhook-cfg', 'mutate', { reinvocationPolicy: 'IfNeeded' }],
        ['ValidatingWebhookConfiguration', 'kyverno-resource-validating-webhook-cfg', 'validate', {}],
      ])('%s %s', async (kind, name, verb, more) => {
        const webhook = (path = '') => ({ ...common, timeoutSeconds: 10, rules: RULES, failurePolicy: path.endsWith('fail') ? 'Fail' : 'Ignore', ...more });
        const inside = all(verb).map(([name, path]) => ({
          name,
          clientConfig: { service: { name: 'webhook', namespace: 'cosign-system', port: 443, path } },
          namespaceSelector: except('kube-system'),
          ...webhook(path),
        }));
        expect(named(await rendered(KYVERNO), kind, name)['webhooks']).toEqual(inside);
        const caBundle = Buffer.from(OUTSIDE.webhook.caBundle).toString('base64');
        const outside = all(verb).map(([name, path]) => ({ name, clientConfig: { url: `https://assay.test:8443${path}`, caBundle } }));
        expect(named(await rendered({ ...OUTSIDE, ...KYVERNO }), kind, name)['webhooks']).toMatchObject(outside);
      });

      test('have the waiting time, the exceptions and the further kinds that are wanted', async () => {
        const extra = { apiGroups: ['tekton.dev'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['tasks'] };
        const kyverno = { enabled: true, timeoutSeconds: 30, excludedNamespaces: ['a', 'cosign-system'], extraRules: [extra] };
        const resources = await rendered({ kyverno, webhook: { excludedNamespaces: ['b', 'a'] } });
        const expected = { timeoutSeconds: 30, namespaceSelector: except('a', 'b'), rules: [...RULES, extra] };
        const webhooks = Array(6).fill(expected);
        expect(named(resources, 'MutatingWebhookConfiguration', 'kyverno-resource-mutating-webhook-cfg')).toMatchObject({ webhooks });
        expect(named(resources, 'ValidatingWebhookConfiguration', 'kyverno-resource-validating-webhook-cfg')).toMatchObject({ webhooks });
      });
    });

    test('have the names, the waiting time, the failure policy and the exceptions that are wanted', async () => {
      const webhook = {
        name: 'a.b.test',
        mutatingName: 'c.d.test',
        validatingName: 'e.f.test',
        defaultingName: 'g.h.test',
        failurePolicy: 'Ignore',
        timeoutSeconds: 5,
        excludedNamespaces: ['kube-system', 'cosign-system'],
      };
      const resources = await rendered({ webhook });
      const names = ['a.b.test', 'e.f.test', 'c.d.test', 'g.h.test'];
      expect(
        resources
          .filter(({ kind }) => kind.endsWith('WebhookConfiguration'))
          .map(({ metadata }) => metadata.name)
          .toSorted(),
      ).toEqual(names.toSorted());
      const expected = { failurePolicy: 'Ignore', timeoutSeconds: 5, namespaceSelector: guarded('kube-system') };
      expect(named(resources, 'ValidatingWebhookConfiguration', 'a.b.test')).toMatchObject({ webhooks: [expected] });
      expect(named(resources, 'MutatingWebhookConfiguration', 'c.d.test')).toMatchObject({ webhooks: [expected] });
      expect(named(resources, 'ValidatingWebhookConfiguration', 'e.f.test')).toMatchObject({ webhooks: [{ failurePolicy: 'Fail' }] });
      expect(rights(resources).filter((right) => right.includes('webhookconfigurations'))).toEqual([
        'cluster: get patch admissionregistration.k8s.io/mutatingwebhookconfigurations c.d.test g.h.test',
        'cluster: get patch admissionregistration.k8s.io/validatingwebhookconfigurations a.b.test e.f.test',
      ]);
    });
  });

  describe('its rights', () => {
    test.each<[string, object, readonly string[]]>([
      ['nothing else', {}, []],
      [
        'with kyverno, its policies and the labels of namespaces',
        { kyverno: { enabled: true } },
        [
          'cluster: get list watch /namespaces',
          'cluster: get list watch kyverno.io/clusterpolicies',
          'cluster: get list watch kyverno.io/policies',
          'cluster: get list watch policies.kyverno.io/imagevalidatingpolicies',
          'cluster: get list watch policies.kyverno.io/namespacedimagevalidatingpolicies',
          'cluster: list rbac.authorization.k8s.io/clusterrolebindings',
          'cluster: list rbac.authorization.k8s.io/rolebindings',
        ],
      ],
      [
        'with exceptions of kyverno, those too',
        { kyverno: { enabled: true, exceptionNamespace: 'exempt' } },
        [
          'cluster: get list watch /namespaces',
          'cluster: get list watch kyverno.io/clusterpolicies',
          'cluster: get list watch kyverno.io/policies',
          'cluster: get list watch kyverno.io/policyexceptions',
          'cluster: get list watch policies.kyverno.io/imagevalidatingpolicies',
          'cluster: get list watch policies.kyverno.io/namespacedimagevalidatingpolicies',
          'cluster: get list watch policies.kyverno.io/policyexceptions',
          'cluster: list rbac.authorization.k8s.io/clusterrolebindings',
          'cluster: list rbac.authorization.k8s.io/rolebindings',
        ],
      ],
      ['with pull secrets, those it can name', { pullSecrets: { enabled: true } }, ['cluster: get /secrets']],
      ['with reports, those', { policyReports: { enabled: true } }, ['cluster: get create update wgpolicyk8s.io/policyreports']],
    ])('are the least: %s', async (_, values, more) => {
      const kyverno = (right: string) => right.replace(/(\/(mutating|validating)webhookconfigurations .*)/, '$1 kyverno-resource-$2-webhook-cfg');
      const least = 'kyverno' in values ? LEAST.map(kyverno) : LEAST;
      expect(rights(await rendered(values))).toEqual([...least, ...more].toSorted());
    });

    test('never name everything', async () => {
      const everything = { kyverno: { enabled: true }, pullSecrets: { enabled: true }, policyReports: { enabled: true } };
      expect(rights(await rendered(everything)).join('\n')).not.toContain('*');
    });

    test('reach pull secrets only where they are wanted', async () => {
      const resources = await rendered({ pullSecrets: { enabled: true, namespaces: ['web', 'jobs'] } });
      const bindings = resources.filter(({ kind, metadata }) => /Binding$/.test(kind) && metadata.name === 'guard-assay-pull-secrets');
      expect(bindings.map(({ kind, metadata }) => [kind, metadata.namespace])).toEqual([
        ['RoleBinding', 'web'],
        ['RoleBinding', 'jobs'],
      ]);
    });

    test('are the same outside of the cluster', async () => {
      expect(rights(await rendered(OUTSIDE))).toEqual(LEAST);
    });
  });

  test('makes nothing that runs when it runs elsewhere', async () => {
    const kinds = (await rendered({ ...OUTSIDE, image: {} })).map(({ kind }) => kind);
    expect([...new Set(kinds)].toSorted()).toEqual(
      [
        'ClusterRole',
        'ClusterRoleBinding',
        'ConfigMap',
        'MutatingWebhookConfiguration',
        'Role',
        'RoleBinding',
        'Secret',
        'ServiceAccount',
        'ValidatingWebhookConfiguration',
      ].toSorted(),
    );
  });

  test('lets nobody talk to it but those who must, and it to nobody but those it needs', async () => {
    const values = { networkPolicy: { metricsFrom: [], egressPorts: [443, 5000] } };
    expect(named(await rendered(values), 'NetworkPolicy', 'guard-assay')).toMatchObject({
      spec: {
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ ports: [{ port: 8443, protocol: 'TCP' }] }],
        egress: [
          {
            ports: [
              { port: 53, protocol: 'UDP' },
              { port: 53, protocol: 'TCP' },
            ],
          },
          {
            ports: [
              { port: 443, protocol: 'TCP' },
              { port: 5000, protocol: 'TCP' },
            ],
          },
        ],
      },
    });
  });

  test('writes the configuration that the webhook reads, as text', async () => {
    const values = { config: { noMatchPolicy: 'warn', failOnEmptyAuthorities: false, enableOci11: true } };
    expect(named(await rendered(values), 'ConfigMap', 'config-policy-controller')['data']).toEqual({
      'no-match-policy': 'warn',
      'fail-on-empty-authorities': 'false',
      'enable-oci11': 'true',
    });
  });

  test('with the digest of an image written into it is rendered as it is, and packaged as helm would', async () => {
    const archive = await pinnedChart({ digest: DIGEST, repository: 'registry.test/assay' }, new Date(0));
    expect(Buffer.compare(archive, await pinnedChart({ digest: DIGEST, repository: 'registry.test/assay' }, new Date(0)))).toBe(0);
    const file = join(home, 'assay.tgz');
    writeFileSync(file, archive);
    expect(await run({}, 'lint', '--strict', file)).toMatchObject({ status: 0 });
    const { status, stdout } = await run({}, 'template', 'guard', file, '--kube-version', '1.34.1');
    expect(status).toBe(0);
    expect(stdout).toContain(`image: "registry.test/assay@${DIGEST}"`);
    const { metadata, files } = await parseChart(archive);
    expect(metadata).toMatchObject({ name: 'assay', version: version(), appVersion: version() });
    expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(readdirSync(join(CHART_FOLDER, 'crds')).map((name) => `crds/${name}`)));
  });
});

test('the chart has the version of everything else', async () => {
  expect((await loadChartFolder(CHART_FOLDER)).metadata).toMatchObject({ apiVersion: 'v2', name: 'assay', version: version(), appVersion: version() });
});

describe('the README of the chart', () => {
  const text = readFileSync(join(CHART_FOLDER, 'README.md'), 'utf8');
  const rows = new Map([...text.matchAll(/^\| `([^`]+)` \|([^|]*)\|/gm)].map(([, name, value]) => [name as string, (value ?? '').trim().replaceAll('`', '')]));
  const values = new Map(leaves(parse(readFileSync(join(CHART_FOLDER, 'values.yaml'), 'utf8'))));

  test('has a row for each value, and for no other', () => expect([...rows.keys()].toSorted()).toEqual([...values.keys()].toSorted()));

  test.each([...values])('tells the default of %s', (name, value) => {
    if (name === 'networkPolicy.metricsFrom') expect([rows.get(name), value]).toEqual(['all pods of the cluster', [{ namespaceSelector: {} }]]);
    else expect(rows.get(name)).toBe(typeof value === 'string' ? value : JSON.stringify(value).replaceAll(',', ', '));
  });
});

describe('the schema of the values', () => {
  const schema = JSON.parse(readFileSync(join(CHART_FOLDER, 'values.schema.json'), 'utf8')) as Schema;

  test('knows each of them, and says what it is', () => {
    for (const [name] of leaves(parse(readFileSync(join(CHART_FOLDER, 'values.yaml'), 'utf8')))) {
      let node: Schema | undefined = schema;
      for (const part of name.split('.')) node = node?.type === 'object' && node.properties === undefined ? node : node?.properties?.[part];
      expect(node?.description, name).toBeTruthy();
    }
  });
});

interface Schema {
  readonly type: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** `a.b` and its value; what is empty or a list counts as one. */
function leaves(value: unknown, path = ''): [string, unknown][] {
  const isBranch = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
  if (!isBranch) return [[path, value]];
  return Object.entries(value).flatMap(([name, member]) => leaves(member, path === '' ? name : `${path}.${name}`));
}
