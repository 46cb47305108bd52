/** Kyverno's policies from a review to evidence in a registry and back: real images, real signatures, and a fake API server. */
import type { JsonObject } from '@assay/core';
import { applyPatches, type Patch } from '@assay/policy/kyverno';
import { putImage } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { newKey, openScene, type Scene } from '../../../policy/test/scene.ts';
import { type FakeApi, fakeApi } from '../../test/fake-api.ts';
import { DEPLOYMENT, deployment, POD, pod, request } from '../../test/requests.ts';
import { openWebhook } from '../../test/webhook.ts';
import type { ReviewRequest } from '../review.ts';
import type { AdmissionOptions } from '../serve-admission.ts';

const CLUSTER_POLICIES = '/apis/kyverno.io/v1/clusterpolicies';
const POLICIES = '/apis/kyverno.io/v1/policies';
const VALIDATING = '/apis/policies.kyverno.io/v1beta1/imagevalidatingpolicies';
const NAMESPACED = '/apis/policies.kyverno.io/v1beta1/namespacedimagevalidatingpolicies';
const KEY = newKey();

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

const REKOR = { url: 'https://rekor.sigstore.dev', ignoreTlog: true };
const keyed = { attestors: [{ entries: [{ keys: { publicKeys: KEY.publicPem, rekor: REKOR, ctlog: { ignoreSCT: true } } }] }] };
const json = (value: object): JsonObject => JSON.parse(JSON.stringify(value));
const rule = (block: object = {}, more: object = {}) => ({
  name: 'r',
  match: { any: [{ resources: { kinds: ['Pod'] } }] },
  verifyImages: [{ imageReferences: ['*'], failureAction: 'Enforce', ...keyed, ...block }],
  ...more,
});
const policy = (block: object = {}, spec: object = {}, more: object = {}): JsonObject => json({ spec: { rules: [rule(block, more)], ...spec } });
const AUDIT = { failureAction: 'Audit', mutateDigest: false, verifyDigest: false, required: false };
const validating = (spec: object = {}): JsonObject =>
  json({
    spec: {
      matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['pods'] }] },
      attestors: [{ name: 'ours', cosign: { key: { data: KEY.publicPem }, ctlog: { insecureIgnoreTlog: true } } }],
      validations: [{ expression: 'images.containers.all(image, verifyImageSignatures(image, [attestors.ours]) > 0)', message: 'not ours' }],
      ...spec,
    },
  });

interface Answer {
  readonly allowed: boolean;
  readonly message: string;
  readonly warnings: readonly string[];
  readonly object: JsonObject;
}

async function open(prepare: (api: FakeApi) => void, more: Partial<AdmissionOptions> = {}) {
  const api = await fakeApi();
  api.put('/api/v1/namespaces/team', { metadata: { labels: { tier: 'prod' } } });
  prepare(api);
  const problems: string[] = [];
  const webhook = await openWebhook({
    cluster: { client: api.client },
    kyverno: {},
    loadRoot: async () => scene.root,
    now: () => scene.instance.now,
    onProblem: (what, problem) => problems.push(`${what}: ${(problem as Error).message}`),
    ...more,
  });
  onTestFinished(async () => {
    await webhook.close();
    await api.close();
  });
  const ask = async (path: string, asked: ReviewRequest): Promise<Answer> => {
    const { allowed, status, warnings = [], patch } = await webhook.ask(path, asked);
    const patches = patch === undefined ? [] : (JSON.parse(Buffer.from(patch, 'base64').toString()) as Patch[]);
    return { allowed, message: status?.message ?? '', warnings, object: applyPatches(asked.object ?? {}, patches) };
  };
  /** As the API server asks: the mutating webhooks one after the other, and then the validating ones. */
  const admit = async (asked: ReviewRequest, bases: readonly (readonly [string, string])[] = RULES): Promise<Answer> => {
    let object = asked.object ?? {};
    const warnings: string[] = [];
    for (const [mutate] of bases) {
      const answer = await ask(mutate, { ...asked, object });
      if (!answer.allowed) return answer;
      object = answer.object;
      warnings.push(...answer.warnings);
    }
    for (const [, validate] of bases) {
      const answer = await ask(validate, { ...asked, object });
      if (!answer.allowed) return answer;
      warnings.push(...answer.warnings);
    }
    return { allowed: true, message: '', warnings: [...new Set(warnings)], object };
  };
  await webhook.admission.ready;
  return { api, webhook, ask, admit, problems };
}

const RULES = [
  ['/mutate/fail', '/validate/fail'],
  ['/mutate/ignore', '/validate/ignore'],
] as const;
const CEL = [
  ['/ivpol/mutate/-fail', '/ivpol/validate/-fail'],
  ['/ivpol/mutate/-ignore', '/ivpol/validate/-ignore'],
] as const;

const signedImage = () => {
  const image = scene.image();
  image.sign({ format: 'older', key: KEY, log: 'none', timestamp: false });
  return image;
};
const create = (image: string, more: Partial<ReviewRequest> = {}) => request(POD, pod(image), more);
const refusal = (image: string, policyName = 'p') =>
  `\n\nresource Pod/team/web was blocked due to the following policies \n\n${policyName}:\n  r: 'failed to verify image ${image}: .attestors[0].entries[0].keys: no signatures found'\n`;
const annotationsOf = (object: JsonObject) => (object['metadata'] as JsonObject)['annotations'] as Record<string, string> | undefined;
const imageOf = (object: JsonObject) => ((object['spec'] as { containers: { image: string }[] }).containers[0] as { image: string }).image;

describe('rules', () => {
  test('pin and note an image that is signed, and deny one that is not', async () => {
    const { admit } = await open((api) => api.put(`${CLUSTER_POLICIES}/p`, policy()));
    const image = signedImage();
    const { allowed, object } = await admit(create(`${image.name}:1`));
    expect(allowed).toBe(true);
    expect(imageOf(object)).toBe(`${image.name}:1@${image.digest}`);
    expect(annotationsOf(object)).toEqual({
      'kyverno.io/verify-images': `{"${image.reference}":"pass"}`,
      'kyverno.io/verify-images-scoped': `{"version":1,"policies":{"/p":{"r":{"${image.reference}":"pass"}}}}`,
    });
    const other = scene.image();
    expect(await admit(create(`${other.name}:1`))).toMatchObject({ allowed: false, message: refusal(`${other.name}:1`) });
  });

  test('look at the object in the validating half again, whatever is written on it', async () => {
    const { ask } = await open((api) => api.put(`${CLUSTER_POLICIES}/p`, policy()));
    const image = scene.image();
    const annotations = { 'kyverno.io/verify-images-scoped': `{"version":1,"policies":{"/p":{"r":{"${image.reference}":"pass"}}}}` };
    const forged = { ...pod(image.reference), metadata: { name: 'web', annotations } };
    expect(await ask('/validate/fail', request(POD, forged))).toMatchObject({
      allowed: false,
      message: `\n\nresource Pod/team/web was blocked due to the following policies \n\np:\n  r: unverified image ${image.reference}\n`,
    });
  });

  test('take forged notes away, also where no policy is', async () => {
    const { ask } = await open(() => undefined);
    const annotations = { 'kyverno.io/verify-images': '{}', 'kyverno.io/verify-images-scoped': '{"version":1,"policies":{"/p":{}}}', own: 'x' };
    const { object } = await ask('/mutate/fail', request(POD, { ...pod('a'), metadata: { name: 'web', annotations } }));
    expect(annotationsOf(object)).toEqual({ own: 'x' });
  });

  test('of both kinds of failure policy note what they found side by side', async () => {
    const { admit } = await open((api) => {
      api.put(`${CLUSTER_POLICIES}/p`, policy());
      api.put(`${CLUSTER_POLICIES}/q`, policy({}, { failurePolicy: 'Ignore' }));
    });
    const image = signedImage();
    const forged = { 'kyverno.io/verify-images-scoped': '{"version":1,"policies":{"/q":{"r":{"x":"pass"}},"/other":{"r":{"x":"pass"}}}}' };
    const { object } = await admit(request(POD, { ...pod(`${image.name}:1`), metadata: { name: 'web', annotations: forged } }));
    const notes = { r: { [image.reference]: 'pass' } };
    expect(JSON.parse(annotationsOf(object)?.['kyverno.io/verify-images-scoped'] ?? '')).toEqual({ version: 1, policies: { '/p': notes, '/q': notes } });
  });

  test('keep what the object was noted for before, as long as its image stays', async () => {
    const { admit, api } = await open((api) => api.put(`${CLUSTER_POLICIES}/p`, policy()), { cache: { maxEntries: 0 } });
    const image = signedImage();
    const { object: oldObject } = await admit(create(`${image.name}:1`));
    const asked = scene.registry.requests.length;
    expect(await admit(request(POD, oldObject, { operation: 'UPDATE', oldObject }))).toMatchObject({ allowed: true });
    expect(scene.registry.requests.length).toBe(asked);
    api.put(`${CLUSTER_POLICIES}/p`, policy());
    const changed = { ...oldObject, spec: { containers: [{ name: 'c0', image: `${scene.image().name}:1` }] } };
    expect(await admit(request(POD, changed, { operation: 'UPDATE', oldObject }))).toMatchObject({ allowed: false });
  });

  test('remember a pass by digest: a tag that was moved is another image', async () => {
    const { admit, webhook } = await open((api) => api.put(`${CLUSTER_POLICIES}/p`, policy()));
    const image = signedImage();
    expect((await admit(create(`${image.name}:1`))).allowed).toBe(true);
    const asked = scene.registry.requests.length;
    expect((await admit(create(`${image.name}:1@${image.digest}`))).allowed).toBe(true);
    expect(scene.registry.requests.length).toBe(asked);
    const metrics = await (await fetch(`${webhook.admission.probesUrl}/metrics`)).text();
    expect(metrics).toContain('assay_admission_verdicts_total{source="hit"} 3');
    expect(metrics).toContain('assay_admission_policies 1');
    putImage(scene.registry.content, image.repository, { tag: '1', layers: [{ mediaType: 'text/plain', bytes: Buffer.from('moved') }] });
    await expect.poll(async () => (await admit(create(`${image.name}:1`))).message, { timeout: 3000 }).toBe(refusal(`${image.name}:1`));
  });

  test('verify an image once, however many pods of it come at the same time', async () => {
    const { admit, webhook } = await open((api) => api.put(`${CLUSTER_POLICIES}/p`, policy()));
    const image = signedImage();
    const before = scene.registry.requests.length;
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => admit({ ...create(`${image.name}:1`), uid: `uid-${i}` })));
    expect(answers.every(({ allowed, object }) => allowed && imageOf(object) === `${image.name}:1@${image.digest}`)).toBe(true);
    expect(scene.registry.requests.length - before).toBeLessThan(20);
    expect(await (await fetch(`${webhook.admission.probesUrl}/metrics`)).text()).toContain('assay_admission_verdicts_total{source="miss"} 1\n');
  });

  test('remember nothing for those who log in otherwise', async () => {
    const { admit, api } = await open((api) => api.put(`${CLUSTER_POLICIES}/p`, policy()));
    const image = signedImage();
    expect((await admit(create(image.reference))).allowed).toBe(true);
    const asked = scene.registry.requests.length;
    const auths = { auths: { [scene.registry.host]: { username: 'u', password: 'p' } } };
    api.put('/api/v1/namespaces/other', {});
    api.put('/api/v1/namespaces/other/serviceaccounts/default', { imagePullSecrets: [{ name: 's' }] });
    api.put('/api/v1/namespaces/other/secrets/s', { data: { '.dockerconfigjson': Buffer.from(JSON.stringify(auths)).toString('base64') } });
    await admit(create(image.reference, { namespace: 'other' }));
    expect(scene.registry.requests.length).toBeGreaterThan(asked);
  });

  test('that only audit let in, and warn where they want that', async () => {
    const { admit } = await open((api) => {
      api.put(`${CLUSTER_POLICIES}/p`, policy(AUDIT, { emitWarning: true }));
      api.put(`${CLUSTER_POLICIES}/silent`, policy(AUDIT));
    });
    const image = scene.image();
    const { allowed, warnings } = await admit(create(`${image.name}:1`));
    expect(allowed).toBe(true);
    expect(warnings).toEqual([`policy p.r: failed to verify image ${image.name}:1: .attestors[0].entries[0].keys: no signatures found`]);
  });

  test('are made for what makes pods', async () => {
    const { admit } = await open((api) => api.put(`${CLUSTER_POLICIES}/p`, policy()));
    const image = scene.image();
    expect((await admit(request(DEPLOYMENT, deployment(1, `${image.name}:1`)))).message).toContain('resource Deployment/team/web was blocked');
    expect((await admit(request(DEPLOYMENT, deployment(1, `${signedImage().name}:1`)))).allowed).toBe(true);
  });

  test('of one namespace are about that namespace, and see no secrets of another', async () => {
    const secrets = { imageRegistryCredentials: { secrets: ['elsewhere/s'] } };
    const { admit } = await open((api) => {
      api.put('/api/v1/namespaces/other', {});
      api.put('/api/v1/namespaces/free', {});
      api.put(`${POLICIES}/p`, { ...policy(), metadata: { namespace: 'team' } });
      api.put(`${POLICIES}/q`, { ...policy(secrets), metadata: { namespace: 'other' } });
    });
    const image = scene.image();
    expect((await admit(create(`${image.name}:1`))).message).toBe(refusal(`${image.name}:1`));
    expect((await admit(create(`${image.name}:1`, { namespace: 'free' }))).allowed).toBe(true);
    expect((await admit(create(`${image.name}:1`, { namespace: 'other' }))).message).toContain('is not in other, the namespace of the policy');
  });

  test('select by labels of the namespace, also of one that has just been made', async () => {
    const match = { any: [{ resources: { kinds: ['Pod'], namespaceSelector: { matchLabels: { tier: 'prod' } } } }] };
    const { admit, api } = await open((api) => api.put(`${CLUSTER_POLICIES}/p`, policy({}, {}, { match })));
    api.put('/api/v1/namespaces/free', { metadata: { labels: { tier: 'dev' } } });
    api.put('/api/v1/namespaces/young', { metadata: { labels: { tier: 'prod' } } });
    const image = scene.image();
    expect((await admit(create(`${image.name}:1`))).allowed).toBe(false);
    expect((await admit(create(`${image.name}:1`, { namespace: 'young' }))).allowed).toBe(false);
    expect((await admit(create(`${image.name}:1`, { namespace: 'free' }))).allowed).toBe(true);
  });

  test.each([
    ['no binding', undefined, false],
    ['a binding of the user', { kind: 'User', name: 'root' }, true],
    ['a binding of a group of his', { kind: 'Group', name: 'ops' }, true],
    ['a binding of somebody else', { kind: 'User', name: 'other' }, false],
  ])('leave out users by their roles: %s', async (_, subject, allowed) => {
    const { admit } = await open((api) => {
      api.put(`${CLUSTER_POLICIES}/p`, policy({}, {}, { exclude: { any: [{ clusterRoles: ['cluster-admin'] }] } }));
      if (subject !== undefined)
        api.put('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/b', { roleRef: { kind: 'ClusterRole', name: 'cluster-admin' }, subjects: [subject] });
    });
    const user = { username: 'root', groups: ['ops'] };
    const asked = { ...create(`${scene.image().name}:1`), userInfo: user };
    expect((await admit(asked)).allowed).toBe(allowed);
  });

  test('where the roles cannot be read leave nobody out', async () => {
    const { admit, api, problems } = await open((api) =>
      api.put(`${CLUSTER_POLICIES}/p`, policy({}, {}, { match: { any: [{ resources: { kinds: ['Pod'] }, clusterRoles: ['nobody'] }] } })),
    );
    api.fail('rolebindings', ...Array(40).fill(403));
    const asked = { ...create(`${scene.image().name}:1`), userInfo: { username: 'u', groups: [] } };
    expect((await admit(asked)).allowed).toBe(false);
    expect(problems.join('\n')).toContain('roles: ');
  });
});

describe('a policy', () => {
  test.each([
    ['that cannot be read', json({ spec: { rules: [rule({ misspelt: true })] } }), 'the policy cannot be read: '],
    ['that is not valid', policy({ failureAction: 'Audit' }), 'the policy is not valid: '],
  ])('%s denies what it may be about', async (_, object, says) => {
    const { admit } = await open((api) => api.put(`${CLUSTER_POLICIES}/p`, object));
    const { allowed, message } = await admit(create(`${signedImage().name}:1`));
    expect([allowed, message]).toEqual([false, expect.stringContaining(says)]);
  });

  test('that says nothing of images is none, however it is written', async () => {
    const { admit } = await open((api) => api.put(`${CLUSTER_POLICIES}/p`, json({ spec: { odd: 1, rules: [{ name: 'r', validate: {} }] } })));
    expect((await admit(create(`${scene.image().name}:1`))).allowed).toBe(true);
  });

  test('that comes, changes and goes counts at once', async () => {
    const { admit, api } = await open(() => undefined);
    const asked = create(`${scene.image().name}:1`);
    const settles = async (allowed: boolean) => expect.poll(async () => (await admit(asked)).allowed).toBe(allowed);
    await settles(true);
    api.put(`${CLUSTER_POLICIES}/p`, policy());
    await settles(false);
    api.put(`${CLUSTER_POLICIES}/p`, policy(AUDIT));
    await settles(true);
    api.put(`${CLUSTER_POLICIES}/p`, policy());
    await settles(false);
    api.remove(`${CLUSTER_POLICIES}/p`);
    await settles(true);
  });

  test('may ask the API server, and nobody else', async () => {
    const context = [{ name: 'cm', configMap: { name: 'c', namespace: 'team' } }];
    const deny = (message: string) => ({ attestors: [], validate: { message, deny: { conditions: { all: [{ key: 'a', operator: 'Equals', value: 'a' }] } } } });
    const { admit, api } = await open((api) => {
      api.put('/api/v1/namespaces/team/configmaps/c', { data: { says: 'from the cluster' } });
      api.put(`${CLUSTER_POLICIES}/p`, policy(deny('{{ cm.data.says }}'), {}, { context }));
    });
    const asked = create(signedImage().reference);
    expect((await admit(asked)).message).toContain('validation in verifyImages failed: from the cluster');
    const called = async (apiCall: object) => {
      api.put(`${CLUSTER_POLICIES}/p`, policy(deny('{{ x.data.says }}'), {}, { context: [{ name: 'x', apiCall }] }));
      await expect.poll(async () => (await admit(asked)).message).not.toContain('from the cluster');
    };
    for (const apiCall of [
      { service: { url: 'https://example.org' } },
      { urlPath: '/api/v1/namespaces/team/pods', method: 'POST', data: [{ key: 'a', value: 'b' }] },
      { urlPath: '/api/v1/namespaces/team/../../../version' },
      { urlPath: '/api/v1/%2e%2e/secrets' },
    ])
      await called(apiCall);
    expect(api.asked.filter((one) => one.startsWith('POST') && !one.endsWith('/events'))).toEqual([]);
    api.put(
      `${CLUSTER_POLICIES}/p`,
      policy(deny('{{ x.data.says }}'), {}, { context: [{ name: 'x', apiCall: { urlPath: '/api/v1/namespaces/team/configmaps/c' } }] }),
    );
    await expect.poll(async () => (await admit(asked)).message).toContain('from the cluster');
  });
});

describe('exceptions', () => {
  const exception = json({
    metadata: { namespace: 'exempt' },
    spec: { match: { any: [{ resources: { kinds: ['Pod'] } }] }, exceptions: [{ policyName: 'p', ruleNames: ['r'] }] },
  });

  test.each([
    ['count from nowhere unless it is said', undefined, false],
    ['count from the namespace that is named', 'exempt', true],
    ['count from no other', 'team', false],
    ['count from everywhere where that is wanted', '*', true],
  ])('%s', async (_, exceptionNamespace, allowed) => {
    const { admit } = await open(
      (api) => {
        api.put(`${CLUSTER_POLICIES}/p`, policy({ required: false, verifyDigest: false }));
        api.put('/apis/kyverno.io/v2/policyexceptions/e', exception);
      },
      { kyverno: { exceptionNamespace } },
    );
    expect((await admit(create(`${scene.image().name}:1`))).allowed).toBe(allowed);
  });
});

describe('image validating policies', () => {
  test('pin, admit and deny', async () => {
    const { admit } = await open((api) => api.put(`${VALIDATING}/v`, validating()));
    const image = signedImage();
    const { allowed, object } = await admit(create(`${image.name}:1`), CEL);
    expect([allowed, imageOf(object)]).toEqual([true, `${image.name}:1@${image.digest}`]);
    expect(await admit(create(`${scene.image().name}:1`), CEL)).toMatchObject({ allowed: false, message: 'Policy v failed: not ours' });
    expect((await admit(create('127.0.0.1:1/gone:1'), CEL)).message).toContain(
      'Policy v error: failed to update digest: failed to resolve digest for image 127.0.0.1:1/gone:1: ',
    );
  });

  test('by their names, as Kyverno itself asks', async () => {
    const { ask } = await open((api) => {
      api.put(`${VALIDATING}/a`, validating());
      api.put(`${VALIDATING}/b`, validating({ validations: [{ expression: 'false', message: 'never' }] }));
    });
    const asked = create(signedImage().reference);
    expect((await ask('/ivpol/validate/a', asked)).allowed).toBe(true);
    expect((await ask('/ivpol/validate/b', asked)).message).toBe('Policy b failed: never');
    expect((await ask('/ivpol/validate/a/b', asked)).message).toBe('Policy b failed: never');
    expect((await ask('/ivpol/validate/c', asked)).message).toBe('Policy c error: it is not in force');
  });

  test('share what they verified, and demand that it was', async () => {
    const { ask } = await open((api) => {
      api.put(`${VALIDATING}/a`, validating({ validations: [{ expression: 'true' }] }));
      api.put(`${VALIDATING}/b`, validating());
    });
    const asked = create(signedImage().reference);
    expect((await ask('/ivpol/validate/-fail', asked)).allowed).toBe(true);
    expect((await ask('/ivpol/validate/a', asked)).message).toContain('is not verified: no policy performed a signature or attestation check on it');
  });

  test('of a namespace, and only warning', async () => {
    const { ask } = await open((api) => {
      api.put(`${NAMESPACED}/v`, { ...validating(), metadata: { namespace: 'team' } });
      api.put(`${VALIDATING}/w`, validating({ validationActions: ['Warn'], failurePolicy: 'Ignore' }));
    });
    const asked = create(scene.image().reference);
    expect((await ask('/nivpol/validate/-fail', asked)).message).toBe('Policy v failed: not ours');
    expect((await ask('/nivpol/validate/-fail', { ...asked, namespace: 'other' })).allowed).toBe(true);
    expect(await ask('/ivpol/validate/-ignore', asked)).toMatchObject({ allowed: true, warnings: ['Policy w failed: not ours'] });
  });

  test('that cannot be compiled deny, and that judge no requests do not', async () => {
    const { ask } = await open((api) => {
      api.put(`${VALIDATING}/v`, validating({ validations: [{ expression: 'images.(' }] }));
      api.put(`${VALIDATING}/j`, validating({ evaluation: { mode: 'JSON' }, validations: [{ expression: 'images.(' }] }));
    });
    expect((await ask('/ivpol/validate/-fail', create(signedImage().reference))).message).toMatch(/^Policy v error: the policy cannot be read: /);
  });
});

describe('a review', () => {
  test('of a deletion is none', async () => {
    const { ask } = await open((api) => api.put(`${CLUSTER_POLICIES}/p`, json({ spec: { rules: 7 } })));
    const asked = request(POD, undefined, { operation: 'DELETE', oldObject: pod('a') });
    for (const path of ['/mutate/fail', '/validate/fail', '/ivpol/validate/-fail']) expect((await ask(path, asked)).allowed).toBe(true);
  });

  test('before the policies were read is denied with the reason', async () => {
    const api = await fakeApi();
    api.fail('/kyverno.io/v1/clusterpolicies', ...Array(100).fill(503));
    const webhook = await openWebhook({ cluster: { client: api.client }, kyverno: {}, loadRoot: async () => scene.root });
    onTestFinished(async () => {
      await webhook.close();
      await api.close();
    });
    await expect
      .poll(async () => (await webhook.ask('/mutate/fail', create('a'))).status?.message)
      .toBe("the cluster's Kyverno policies have not been read yet: waiting for clusterpolicies.kyverno.io");
    expect(await webhook.ask('/ivpol/validate/-fail', create('a'))).toMatchObject({ allowed: false });
    expect((await fetch(`${webhook.admission.probesUrl}/readyz`)).status).toBe(503);
  });

  test('that takes too long is denied, or let in where errors are passed over', async () => {
    const { ask } = await open(
      (api) => {
        api.put(`${CLUSTER_POLICIES}/p`, policy());
        api.put(`${CLUSTER_POLICIES}/q`, policy({}, { failurePolicy: 'Ignore' }));
      },
      { http: { request: () => new Promise(() => undefined), stream: () => new Promise(() => undefined), close: () => undefined } as never },
    );
    const asked = create(`${scene.image().name}:1`);
    expect((await ask('/mutate/fail?timeout=1s', asked)).message).toBe('there was no verdict within 0.9 s');
    expect(await ask('/mutate/ignore?timeout=1s', asked)).toMatchObject({ allowed: true, warnings: ['not verified: there was no verdict within 0.9 s'] });
  });
});
