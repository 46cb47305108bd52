import type { JsonObject } from '@assay/core';
import type { ImagePolicy } from '@assay/policy';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type FakeApi, fakeApi } from '../test/fake-api.ts';
import { DEPLOYMENT, DIGEST, deployment, fakePolicy, POD, pod, request, reviewBody } from '../test/requests.ts';
import { openWebhook, type Webhook } from '../test/webhook.ts';
import type { AdmissionOptions, ServedClusterOptions } from './serve-admission.ts';

const IMAGE = `ghcr.io/a/b@${DIGEST}`;
const POLICIES = '/apis/policy.sigstore.dev/v1alpha1/clusterimagepolicies';

async function standalone(policies: readonly ImagePolicy[], more: Partial<AdmissionOptions> = {}): Promise<Webhook> {
  const webhook = await openWebhook({ policies, ...more });
  onTestFinished(() => webhook.close());
  return webhook;
}

async function inCluster(prepare: (api: FakeApi) => void = () => undefined, cluster: Partial<ServedClusterOptions> = {}, more: Partial<AdmissionOptions> = {}) {
  const api = await fakeApi();
  prepare(api);
  const webhook = await openWebhook({ cluster: { client: api.client, ...cluster }, ...more });
  onTestFinished(async () => {
    await webhook.close();
    await api.close();
  });
  return { api, webhook };
}

const staticPolicy = (action: 'pass' | 'fail', more: object = {}): JsonObject => ({
  spec: { images: [{ glob: '**' }], authorities: [{ name: 'a', static: { action } }], ...more },
});
const FAILS = `failed policy: p: spec.containers[0].image\n${IMAGE} disallowed by static policy: `;

describe('answers', () => {
  test('over TLS: admitted, denied, warned', async () => {
    const webhook = await standalone([
      fakePolicy({ name: 'e', errors: ({ repository }) => (repository === 'ghcr.io/a/bad' ? ['no'] : []) }),
      fakePolicy({ name: 'w', mode: 'warn', errors: ({ repository }) => (repository === 'ghcr.io/a/odd' ? ['hm'] : []) }),
    ]);
    const { uid } = request(POD, pod(IMAGE));
    expect(await webhook.ask('/validations?timeout=25s', request(POD, pod(IMAGE)))).toEqual({ uid, allowed: true });
    expect(await webhook.ask('/validations', request(POD, pod(`ghcr.io/a/bad@${DIGEST}`)))).toMatchObject({
      uid,
      allowed: false,
      status: { message: `validation failed: failed policy: e: spec.containers[0].image\nghcr.io/a/bad@${DIGEST} no`, reason: 'BadRequest', code: 400 },
    });
    const odd = `ghcr.io/a/odd@${DIGEST}`;
    expect(await webhook.ask('/validations', request(POD, pod(odd)))).toEqual({
      uid,
      allowed: true,
      warnings: ['failed policy: w: spec.containers[0].image', `${odd} hm`],
    });
  });

  test.each<[string, Buffer | string, number, string]>([
    ['no JSON', 'hello', 400, 'could not decode body:'],
    ['another kind', reviewBody(request({ group: '', version: 'v1', kind: 'Service' }, {})), 200, 'decoding request failed: unhandled kind: /v1, Kind=Service'],
    [
      'an object of another shape',
      reviewBody(request(POD, { spec: { containers: 7 } })),
      200,
      'decoding request failed: cannot decode incoming new object: containers is not a list',
    ],
    ['no object', reviewBody(request(POD, undefined)), 200, 'decoding request failed: cannot decode incoming new object: there is no object'],
  ])('%s', async (_, body, status, text) => {
    const answer = await (await standalone([fakePolicy()])).post('/validations', body);
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(text);
    expect(answer.text).not.toContain('"allowed":true');
  });

  test('a review of 3 MiB, with names in any script', async () => {
    const webhook = await standalone([fakePolicy()]);
    const object = { ...pod(IMAGE), metadata: { name: 'ü\u0000名前', annotations: { a: 'é'.repeat(1.6 * 1024 * 1024) } } };
    const body = reviewBody(request(POD, object, { oldObject: object, operation: 'UPDATE' }));
    expect(body.length).toBeGreaterThan(6 * 1024 * 1024);
    expect(JSON.parse((await webhook.post('/validations', body)).text).response.allowed).toBe(true);
  });

  test('what mutates and what defines', async () => {
    const webhook = await standalone([]);
    expect(await webhook.ask('/mutations', request(POD, pod('a b', IMAGE)))).not.toHaveProperty('patch');
    expect(await webhook.ask('/mutations', request({ group: '', version: 'v1', kind: 'Service' }, {}))).toMatchObject({
      allowed: false,
      status: { message: 'mutation failed: unhandled kind: /v1, Kind=Service' },
    });
    const kind = { group: 'policy.sigstore.dev', version: 'v1beta1', kind: 'ClusterImagePolicy' };
    expect(
      await webhook.ask('/validating', request(kind, { apiVersion: 'policy.sigstore.dev/v1beta1', kind: kind.kind, metadata: { name: 'p' }, spec: {} })),
    ).toMatchObject({
      status: { message: 'validation failed: missing field(s): spec.authorities, spec.images' },
    });
    expect(await webhook.ask('/defaulting', request(kind, { spec: { authorities: [] } }))).toHaveProperty('patch');
  });

  test('paths of another dialect', async () => {
    const webhook = await standalone([], {
      routes: ({ route }) => new Map([['/ivpol/validate/*', route(async () => ({ allowed: false, message: 'Policy x failed: y' }))]]),
    });
    expect(await webhook.ask('/ivpol/validate/fail', request(POD, pod(IMAGE)))).toMatchObject({ status: { message: 'Policy x failed: y' } });
  });
});

describe('time', () => {
  const never = () => new Promise<never>(() => undefined);

  test.each([
    ['deny', false],
    ['allow', true],
  ] as const)('that runs out: %s', async (onDeadline, allowed) => {
    const webhook = await standalone([fakePolicy({ errors: never })], { onDeadline });
    const answer = await webhook.ask('/validations?timeout=50ms', request(POD, pod(IMAGE)));
    expect(answer.allowed).toBe(allowed);
    expect(allowed ? answer.warnings?.[0] : answer.status?.message).toContain('there was no verdict within 0.0 s');
  });

  test('that ran out was not in vain', async () => {
    let finish: (errors: readonly string[]) => void = () => undefined;
    let judged = 0;
    const slow = () => {
      judged++;
      return new Promise<readonly string[]>((resolve) => (finish = resolve));
    };
    const webhook = await standalone([fakePolicy({ errors: slow })]);
    expect(await webhook.ask('/validations?timeout=50ms', request(POD, pod(IMAGE)))).toMatchObject({ allowed: false });
    finish([]);
    expect(await webhook.ask('/validations', request(POD, pod(IMAGE)))).toMatchObject({ allowed: true });
    expect(judged).toBe(1);
  });
});

test('500 pods of one image are judged once, and all are answered', async () => {
  let judged = 0;
  const once = async (): Promise<readonly string[]> => {
    judged++;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return [];
  };
  const webhook = await standalone([fakePolicy({ errors: once })]);
  const answers = await Promise.all(Array.from({ length: 500 }, () => webhook.ask('/validations', request(POD, pod(IMAGE)))));
  expect(answers.every(({ allowed }) => allowed)).toBe(true);
  expect(judged).toBe(1);
  const metrics = await (await fetch(`${webhook.admission.probesUrl}/metrics`)).text();
  expect(metrics).toMatch(/^policy_controller_request_count\{.*request_operation="CREATE".*kind_kind="Pod".*admission_allowed="true".*\} 500$/m);
  expect(metrics).toMatch(/^assay_admission_verdicts_total\{source="miss"\} 1$/m);
  expect(metrics).toMatch(/^assay_admission_policies 1$/m);
  expect(metrics).toMatch(/^assay_admission_certificate_expiry_timestamp_seconds [1-9]/m);
});

describe('in a cluster', () => {
  test('denies with the reason until everything was read, and is not ready', async () => {
    const { webhook } = await inCluster((prepared) => {
      prepared.put(`${POLICIES}/p`, staticPolicy('pass'));
      prepared.fail('/secrets', ...new Array<number>(20).fill(403));
    });
    const denied = await webhook.ask('/validations', request(POD, pod(IMAGE)));
    expect(denied.status?.message).toMatch(/^validation failed: the cluster's policies have not been read yet: waiting for .*secrets.*: spec$/);
    expect((await fetch(`${webhook.admission.probesUrl}/readyz`)).status).toBe(503);
    expect((await fetch(`${webhook.admission.probesUrl}/healthz`)).status).toBe(200);
  });

  test('goes by its policies as they come, change and go', async () => {
    const { api, webhook } = await inCluster((prepared) => void prepared.put(`${POLICIES}/p`, staticPolicy('pass')));
    await webhook.admission.ready;
    expect((await fetch(`${webhook.admission.probesUrl}/readyz`)).status).toBe(200);
    const message = async (): Promise<string> => (await webhook.ask('/validations', request(POD, pod(IMAGE)))).status?.message ?? 'admitted';
    expect(await message()).toBe('admitted');
    api.put(`${POLICIES}/p`, staticPolicy('fail'));
    await expect.poll(message, { timeout: 20_000 }).toBe(`validation failed: ${FAILS}`);
    api.remove(`${POLICIES}/p`);
    await expect.poll(message, { timeout: 20_000 }).toBe(`validation failed: no matching policies: spec.containers[0].image\n${IMAGE}`);
    api.put(`${POLICIES}/p`, staticPolicy('fail', { match: [{ group: 'apps', version: 'v1', resource: 'deployments' }] }));
    await expect
      .poll(async () => (await webhook.ask('/validations', request(DEPLOYMENT, deployment(1, IMAGE)))).status?.message, { timeout: 20_000 })
      .toContain('disallowed');
    expect(await message()).toContain('no matching policies');
  });

  test('a policy that refers to what is not there denies what it covers', async () => {
    const key = { authorities: [{ name: 'a', key: { secretRef: { name: 'gone' } } }] };
    const { webhook } = await inCluster((prepared) => {
      prepared.put(`${POLICIES}/p`, staticPolicy('pass', key));
      prepared.put('/api/v1/namespaces/cosign-system/configmaps/config-policy-controller', { data: { 'no-match-policy': 'allow' } });
    });
    await webhook.admission.ready;
    const denied = await webhook.ask('/validations', request(POD, pod(IMAGE)));
    expect(denied.status?.message).toContain('failed policy: p: spec.containers[0].image');
    expect(denied.status?.message).toContain('the policy is not usable: secret "gone" not found');
  });

  test('one that the API server should never have taken denies everything', async () => {
    const { webhook } = await inCluster((prepared) => void prepared.put(`${POLICIES}/p`, { spec: { images: 'all' } }));
    await webhook.admission.ready;
    expect((await webhook.ask('/validations', request(POD, pod(IMAGE)))).allowed).toBe(false);
  });

  test('goes on with what it knows when the API server goes away, but not without the pod’s credentials', async () => {
    const { api, webhook } = await inCluster((prepared) => void prepared.put(`${POLICIES}/p`, staticPolicy('pass')));
    await webhook.admission.ready;
    expect((await webhook.ask('/validations', request(POD, pod(IMAGE)))).allowed).toBe(true);
    await api.stop();
    expect((await webhook.ask('/validations', request(POD, pod(IMAGE)))).allowed).toBe(true);
    const elsewhere = await webhook.ask('/validations', request(POD, pod(IMAGE), { namespace: 'other' }));
    expect(elsewhere).toMatchObject({
      allowed: false,
      status: { message: expect.stringMatching(/^validation failed: the credentials of the pod cannot be read: .*: spec$/s) },
    });
    await api.start();
    expect((await webhook.ask('/validations', request(POD, pod(IMAGE), { namespace: 'other' }))).allowed).toBe(true);
  });

  test('tells of denials in events and reports', async () => {
    const group = '/apis/wgpolicyk8s.io/v1alpha2';
    const { api, webhook } = await inCluster(
      (prepared) => {
        prepared.put(`${POLICIES}/p`, staticPolicy('fail'));
        prepared.put(group, {});
      },
      { policyReports: 'written' },
    );
    await webhook.admission.ready;
    await webhook.ask('/validations', request(POD, pod(IMAGE)));
    await webhook.ask('/validations', request(POD, pod(IMAGE)));
    await webhook.ask('/validations', request(POD, pod(IMAGE), { dryRun: true, namespace: 'dry' }));
    await expect.poll(() => api.asked.filter((line) => line === 'POST /api/v1/namespaces/team/events')).toHaveLength(1);
    await expect
      .poll(() => api.object(`${group}/namespaces/team/policyreports/assay-admission`)?.['summary'], { timeout: 20_000, interval: 100 })
      .toMatchObject({ fail: 1 });
    expect(api.asked.filter((line) => line.includes('/dry/') && line.startsWith('POST'))).toEqual([]);
  });
});
