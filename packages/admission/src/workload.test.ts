import { describe, expect, test } from 'vitest';
import { CRON_JOB, DEPLOYMENT, DIGEST, deployment, POD, pod, request } from '../test/requests.ts';
import type { GroupVersionKind } from './review.ts';
import { exemption, readWorkload } from './workload.ts';

const image = `ghcr.io/a/b@${DIGEST}`;

describe('images', () => {
  test('of a pod: init, containers, ephemeral ones and volumes, in this order', () => {
    const spec = {
      volumes: [
        { name: 'cache', emptyDir: {} },
        { name: 'model', image: { reference: 'v', pullPolicy: 'Always' } },
      ],
      ephemeralContainers: [{ image: 'e' }],
      containers: [{ image: 'c0' }, { image: 'c1' }],
      initContainers: [{ image: 'i' }],
    };
    expect(readWorkload(request(POD, { spec })).images).toEqual([
      { text: 'i', path: 'spec.initContainers[0].image', pointer: '/spec/initContainers/0/image' },
      { text: 'c0', path: 'spec.containers[0].image', pointer: '/spec/containers/0/image' },
      { text: 'c1', path: 'spec.containers[1].image', pointer: '/spec/containers/1/image' },
      { text: 'e', path: 'spec.ephemeralContainers[0].image', pointer: '/spec/ephemeralContainers/0/image' },
      { text: 'v', path: 'spec.volumes[1].image', pointer: '/spec/volumes/1/image/reference' },
    ]);
  });

  const template: [string, string, string][] = ['ReplicaSet', 'Deployment', 'StatefulSet', 'DaemonSet'].map((kind) => ['apps', 'v1', kind]);
  const kinds: [string, string, string, string][] = [
    ...template.map(([group, version, kind]): [string, string, string, string] => [group, version, kind, 'spec.template.spec']),
    ['batch', 'v1', 'Job', 'spec.template.spec'],
    ['batch', 'v1', 'CronJob', 'spec.jobTemplate.spec.template.spec'],
    ['batch', 'v1beta1', 'CronJob', 'spec.jobTemplate.spec.template.spec'],
  ];
  test.each(kinds)('of %s/%s %s are below %s', (group, version, kind, path) => {
    const object = path.split('.').reduceRight<object>((inner, name) => ({ [name]: inner }), { containers: [{ image }] });
    const workload = readWorkload(request({ group, version, kind }, JSON.parse(JSON.stringify(object))));
    expect(workload.images).toEqual([{ text: image, path: `${path}.containers[0].image`, pointer: `/${path.replaceAll('.', '/')}/containers/0/image` }]);
    expect(workload.path).toBe(path);
  });

  test.each<[GroupVersionKind, string]>([
    [{ group: '', version: 'v1', kind: 'Service' }, 'unhandled kind: /v1, Kind=Service'],
    [{ group: 'apps', version: 'v1beta1', kind: 'Deployment' }, 'unhandled kind: apps/v1beta1, Kind=Deployment'],
    [{ group: 'autoscaling', version: 'v1', kind: 'Scale' }, 'unhandled kind: autoscaling/v1, Kind=Scale'],
    [{ group: '', version: 'v1', kind: 'Pod\u0007' }, 'unhandled kind: /v1, Kind=Pod\\u0007'],
  ])('a kind that is not handled: %o', (kind, message) => {
    expect(() => readWorkload(request(kind, pod(image)))).toThrow(message);
  });

  test.each<[string, unknown]>([
    ['a spec that is a list', { spec: [] }],
    ['containers that are an object', { spec: { containers: {} } }],
    ['a container that is a text', { spec: { containers: ['nginx'] } }],
    ['an image that is a number', { spec: { containers: [{ image: 7 }] } }],
    ['a volume whose image is a text', { spec: { volumes: [{ image: 'nginx' }] } }],
    ['a secret without text', { spec: { containers: [], imagePullSecrets: [{ name: {} }] } }],
  ])('%s cannot be decoded', (_, object) => {
    expect(() => readWorkload(request(POD, object as never))).toThrow(/^cannot decode incoming new object: /);
  });

  test('an image that is missing is one without text, and is not passed over', () => {
    expect(readWorkload(request(POD, { spec: { containers: [{ name: 'c' }] } })).images).toMatchObject([{ text: '' }]);
  });
});

describe('the namespace and the logins', () => {
  test('are those of the object, and otherwise of the request', () => {
    const object = {
      metadata: { namespace: 'own' },
      spec: { containers: [], serviceAccountName: 'robot', imagePullSecrets: [{ name: 'a' }, {}, { name: 'b' }] },
    };
    expect(readWorkload(request(POD, object)).login).toEqual({ namespace: 'own', serviceAccount: 'robot', pullSecrets: ['a', 'b'] });
    expect(readWorkload(request(CRON_JOB, {})).login).toEqual({ namespace: 'team', serviceAccount: 'default', pullSecrets: [] });
  });
});

describe('not looked at', () => {
  const deleting = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  const update = (now: ReturnType<typeof deployment>, before: ReturnType<typeof deployment>) =>
    request(DEPLOYMENT, now, { operation: 'UPDATE', oldObject: before });

  test.each<[string, Parameters<typeof exemption>[0], boolean]>([
    ['a deletion', request(POD, undefined, { operation: 'DELETE' }), true],
    ['a connection', request(POD, pod(image), { operation: 'CONNECT' }), true],
    ['an operation that nobody knows', request(POD, pod(image), { operation: 'create' }), false],
    ['no operation', request(POD, pod(image), { operation: '' }), false],
    ['a status', request(POD, pod('nginx'), { operation: 'UPDATE', subResource: 'status', oldObject: pod(image) }), true],
    ['an object that is being deleted', update(deployment(1, 'b', deleting), deployment(1, 'a', deleting)), true],
    ['fewer replicas', update(deployment(1, 'a'), deployment(2, 'a')), true],
    ['fewer replicas, and another image', update(deployment(1, 'b'), deployment(2, 'a')), false],
    ['more replicas', update(deployment(3, 'a'), deployment(2, 'a')), false],
    ['the same replicas', update(deployment(2, 'a'), deployment(2, 'a')), false],
    ['a new object that says it is being deleted', request(DEPLOYMENT, deployment(1, 'b', deleting)), false],
    ['an update that says so, of an object that is not', update(deployment(1, 'b', deleting), deployment(1, 'a')), false],
    ['an ephemeral container', request(POD, pod(image), { operation: 'UPDATE', subResource: 'ephemeralcontainers', oldObject: pod(image) }), false],
    [
      'fewer replicas of a DaemonSet, which has none',
      request({ ...DEPLOYMENT, kind: 'DaemonSet' }, deployment(1, 'a'), { operation: 'UPDATE', oldObject: deployment(2, 'a') }),
      false,
    ],
  ])('%s', (_, asked, exempt) => {
    expect(exemption(asked) !== undefined).toBe(exempt);
  });
});
