import type { JsonObject } from '@assay/core';
import { TrustError } from '@assay/core';
import type { NamedImage } from '@assay/policy';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type FakeApi, fakeApi } from '../test/fake-api.ts';
import { DIGEST, fakePolicy } from '../test/requests.ts';
import { type Compiled, Controller, type ControllerOptions, type InForce, type References } from './controller.ts';
import { nameOf } from './kubernetes/object.ts';

const POLICIES = '/apis/policy.sigstore.dev/v1alpha1/clusterimagepolicies';
const TRUST_ROOTS = '/apis/policy.sigstore.dev/v1alpha1/trustroots';
const OWN = '/api/v1/namespaces/cosign-system';
const IMAGE = { text: 'a', canonical: `ghcr.io/a/b@${DIGEST}`, repository: 'ghcr.io/a/b', tag: undefined, digest: DIGEST } as NamedImage;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A policy whose errors are what its secret holds; a secret that is not there cannot be resolved. */
async function compile(object: JsonObject, { secret }: References): Promise<Compiled> {
  const { says, from } = object['spec'] as { says?: string; from?: string };
  const name = nameOf(object);
  if (from === undefined) return { policy: fakePolicy({ name, errors: () => (says === undefined ? [] : [says]) }) };
  try {
    const [value] = [...(await secret(from)).values()];
    return { policy: fakePolicy({ name, errors: () => [Buffer.from(value ?? []).toString()] }) };
  } catch (error) {
    const { message } = error as TrustError;
    return { policy: fakePolicy({ name, errors: () => [`unusable: ${message}`] }), failure: { reason: 'InliningKeysFailed', message } };
  }
}

async function scene(more: Partial<ControllerOptions> = {}, prepare: (api: FakeApi) => void = () => undefined) {
  const api = await fakeApi();
  prepare(api);
  const changes: InForce[] = [];
  const problems: string[] = [];
  const controller = new Controller({
    client: api.client,
    compile,
    compileNative: async (object) => ({ policy: fakePolicy({ name: nameOf(object), kind: 'ImagePolicy', errors: () => ['native'] }) }),
    readTrustRoot: async (object) => ({ mediaType: nameOf(object) }) as never,
    onChange: (inForce) => changes.push(inForce),
    onProblem: (what) => problems.push(what),
    retryMs: 20,
    ...more,
  });
  onTestFinished(async () => {
    await controller.close();
    await api.close();
  });
  const says = async (): Promise<Record<string, readonly string[]>> =>
    Object.fromEntries(
      await Promise.all(controller.inForce.policies.map(async (policy) => [policy.name, (await policy.judge({ image: IMAGE } as never)).errors])),
    );
  const eventually = (expected: Record<string, readonly string[]>) => expect.poll(says, { timeout: 20_000, interval: 5 }).toEqual(expected);
  return { api, controller, changes, problems, says, eventually };
}

describe('before everything was read', () => {
  test('nothing is in force, and the reason is known', async () => {
    const { api, controller } = await scene();
    expect(controller.inForce.problem).toBe(
      "the cluster's policies have not been read yet: waiting for clusterimagepolicies, imagepolicies, trustroots, secrets, configmaps",
    );
    api.fail('/secrets', ...new Array<number>(1000).fill(403));
    controller.start();
    await expect.poll(() => controller.inForce.problem, { timeout: 20_000 }).toBe("the cluster's policies have not been read yet: waiting for secrets");
  });

  test('and afterwards they are', async () => {
    const { controller, says } = await scene({}, (api) => api.put(`${POLICIES}/p`, { spec: { says: 'no' } }));
    await controller.start().ready;
    expect(controller.inForce.problem).toBeUndefined();
    expect(await says()).toEqual({ p: ['no'] });
  });
});

describe('policies', () => {
  test('come, change and go', async () => {
    const { api, controller, eventually } = await scene();
    await controller.start().ready;
    api.put(`${POLICIES}/p`, { spec: { says: 'one' } });
    await eventually({ p: ['one'] });
    const [before] = controller.inForce.policies;
    api.put(`${POLICIES}/p`, { spec: { says: 'two' } });
    api.put(`${POLICIES}/q`, { spec: {} });
    await eventually({ p: ['two'], q: [] });
    expect(controller.inForce.policies.find(({ name }) => name === 'p')?.resourceVersion).not.toBe(before?.resourceVersion);
    api.remove(`${POLICIES}/p`);
    await eventually({ q: [] });
  });

  test('whose secret changes are compiled anew, with another version', async () => {
    const { api, controller, eventually } = await scene({}, (prepared) => {
      prepared.put(`${OWN}/secrets/key`, { data: { k: base64('first') } });
      prepared.put(`${POLICIES}/p`, { spec: { from: 'key' } });
      prepared.put(`${POLICIES}/q`, { spec: {} });
    });
    await controller.start().ready;
    const versions = (): string[] => controller.inForce.policies.map(({ resourceVersion }) => resourceVersion);
    const before = versions();
    await eventually({ p: ['first'], q: [] });
    api.put(`${OWN}/secrets/other`, { data: {} });
    api.put(`${OWN}/secrets/key`, { data: { k: base64('second') } });
    await eventually({ p: ['second'], q: [] });
    expect(versions()[0]).not.toBe(before[0]);
    expect(versions()[1]).toBe(before[1]);
  });

  test('that can no longer be resolved keep their last good version', async () => {
    const { api, controller, eventually } = await scene({}, (prepared) => {
      prepared.put(`${OWN}/secrets/key`, { data: { k: base64('good') } });
      prepared.put(`${POLICIES}/p`, { spec: { from: 'key' } });
    });
    await controller.start().ready;
    api.remove(`${OWN}/secrets/key`);
    await expect.poll(() => readyOf(api, 'p')?.status, { timeout: 20_000 }).toBe('False');
    await eventually({ p: ['good'] });
    api.put(`${POLICIES}/p`, { spec: { from: 'missing too' } });
    await expect.poll(() => readyOf(api, 'p')?.message, { timeout: 20_000 }).toContain('missing too');
    await eventually({ p: ['good'] });
    api.put(`${OWN}/secrets/missing too`, { data: { k: base64('better') } });
    await eventually({ p: ['better'] });
    await expect.poll(() => readyOf(api, 'p')?.status, { timeout: 20_000 }).toBe('True');
  });

  test('that were never good deny, and not what another of their name said', async () => {
    const { api, controller, eventually } = await scene({}, (prepared) => void prepared.put(`${POLICIES}/p`, { spec: { from: 'gone' } }));
    await controller.start().ready;
    await eventually({ p: ['unusable: secret "gone" not found'] });
    api.put(`${POLICIES}/p`, { spec: {} });
    await eventually({ p: [] });
    api.remove(`${POLICIES}/p`);
    await eventually({});
    api.put(`${POLICIES}/p`, { spec: { from: 'gone' } });
    await eventually({ p: ['unusable: secret "gone" not found'] });
    api.put(`${POLICIES}/p`, { spec: {} });
    await eventually({ p: [] });
    // Deleted and made anew while nobody looked.
    await api.stop();
    api.remove(`${POLICIES}/p`);
    api.put(`${POLICIES}/p`, { spec: { from: 'gone' } });
    api.compact();
    await api.start();
    await eventually({ p: ['unusable: secret "gone" not found'] });
  });

  test('that meet a bug deny, and the others are read', async () => {
    const broken: ControllerOptions['compile'] = async (object, references) => {
      if (nameOf(object) === 'a') throw new TypeError('bug');
      return compile(object, references);
    };
    const { controller, eventually, problems } = await scene({ compile: broken }, (prepared) => {
      prepared.put(`${POLICIES}/a`, { spec: {} });
      prepared.put(`${POLICIES}/b`, { spec: {} });
    });
    await controller.start().ready;
    await eventually({ a: ['internal error'], b: [] });
    expect(problems).toContain('ClusterImagePolicy a');
  });
});

test('policies of our own kind are in force beside the others', async () => {
  const { api, controller, eventually } = await scene({}, (prepared) => void prepared.put(`${POLICIES}/p`, { spec: {} }));
  await controller.start().ready;
  api.put('/apis/assay.dev/v1alpha1/imagepolicies/own', { spec: {} });
  await eventually({ p: [], own: ['native'] });
  api.remove('/apis/assay.dev/v1alpha1/imagepolicies/own');
  await eventually({ p: [] });
});

describe('settings', () => {
  test('apply without a restart; what cannot be read changes nothing', async () => {
    const { api, controller, problems } = await scene();
    await controller.start().ready;
    const noMatch = (): string => controller.inForce.config.noMatchPolicy;
    expect(noMatch()).toBe('deny');
    const path = `${OWN}/configmaps/config-policy-controller`;
    api.put(path, { data: { 'no-match-policy': 'warn' } });
    await expect.poll(noMatch, { timeout: 20_000 }).toBe('warn');
    api.put(path, { data: { 'no-match-policy': 'allow', 'enable-oci11': 'perhaps' } });
    await expect.poll(() => problems, { timeout: 20_000 }).toContain('config-policy-controller');
    expect(noMatch()).toBe('warn');
    api.remove(path);
    await expect.poll(noMatch, { timeout: 20_000 }).toBe('deny');
  });
});

describe('trust roots', () => {
  test('have a version that changes with any of them', async () => {
    const { api, controller } = await scene({}, (prepared) => void prepared.put(`${TRUST_ROOTS}/r`, { spec: { a: 1 } }));
    await controller.start().ready;
    const { trustVersion } = controller.inForce;
    expect([...controller.inForce.trustRoots.keys()]).toEqual(['r']);
    api.put(`${TRUST_ROOTS}/r`, { spec: { a: 2 } });
    await expect.poll(() => controller.inForce.trustVersion, { timeout: 20_000 }).not.toBe(trustVersion);
  });

  test('that cannot be read are not there, and their status says why', async () => {
    const readTrustRoot = () => Promise.reject(new TrustError('TRUST_ROOT_PARSE', 'no certificate authorities found'));
    const { api, controller } = await scene({ readTrustRoot }, (prepared) => void prepared.put(`${TRUST_ROOTS}/r`, { spec: {} }));
    await controller.start().ready;
    expect(controller.inForce.trustRoots.size).toBe(0);
    await expect
      .poll(() => conditionsOf(api, `${TRUST_ROOTS}/r`)?.find(({ type }) => type === 'KeysInlined')?.message)
      .toBe('no certificate authorities found');
  });
});

describe('the status', () => {
  test('is written once, whoever writes it, and follows the generation', async () => {
    const api = await fakeApi();
    api.put(`${POLICIES}/p`, { spec: {} });
    const open = () =>
      new Controller({
        client: api.client,
        compile,
        compileNative: (object) => compile(object, {} as never),
        readTrustRoot: async () => ({}) as never,
        onChange: () => undefined,
      });
    const replicas = [open(), open()];
    onTestFinished(async () => {
      for (const one of replicas) await one.close();
      await api.close();
    });
    await Promise.all(replicas.map((one) => one.start().ready));
    await expect
      .poll(() => conditionsOf(api, `${POLICIES}/p`)?.map(({ type, status }) => `${type} ${status}`))
      .toEqual(['ConfigMapUpdated True', 'KeysInlined True', 'PoliciesInlined True', 'Ready True']);
    api.put(`${POLICIES}/p`, { ...(api.object(`${POLICIES}/p`) as JsonObject), spec: { says: 'x' } });
    await expect.poll(() => observedGeneration(api, `${POLICIES}/p`), { timeout: 20_000 }).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    // Each of the two may have been first, twice.
    expect(api.asked.filter((line) => line.startsWith('PATCH')).length).toBeLessThanOrEqual(4);
  });

  test('that may not be written does not keep policies from being in force', async () => {
    const { controller, eventually, problems } = await scene({}, (api) => {
      api.put(`${POLICIES}/p`, { spec: {} });
      api.fail('/status', ...new Array<number>(100).fill(403));
    });
    await controller.start().ready;
    await eventually({ p: [] });
    expect(problems).toContain('status of p');
  });
});

interface Read {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}

function conditionsOf(api: FakeApi, path: string): Read[] | undefined {
  return (api.object(path)?.['status'] as { conditions?: Read[] } | undefined)?.conditions;
}

function readyOf(api: FakeApi, name: string): Read | undefined {
  return conditionsOf(api, `${POLICIES}/${name}`)?.find(({ type }) => type === 'Ready');
}

function observedGeneration(api: FakeApi, path: string): unknown {
  return (api.object(path)?.['status'] as { observedGeneration?: unknown } | undefined)?.observedGeneration;
}
