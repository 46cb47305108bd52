import type { JsonObject } from '@assay/core';
import { DEFAULT_CONTROLLER_CONFIG } from '@assay/policy/cluster-image-policy';
import { describe, expect, test } from 'vitest';
import { POD, pod, request } from '../test/requests.ts';
import { convertDefinitions, defaultDefinition, validateDefinition } from './policy-hooks.ts';

const POLICY = { group: 'policy.sigstore.dev', version: 'v1beta1', kind: 'ClusterImagePolicy' };
const ROOT = { group: 'policy.sigstore.dev', version: 'v1alpha1', kind: 'TrustRoot' };
const OPTIONS = { config: () => DEFAULT_CONTROLLER_CONFIG, namespace: 'cosign-system', now: () => new Date('2026-01-01T00:00:00Z') };
const of = ({ group, version, kind }: typeof POLICY, spec: JsonObject): JsonObject => ({
  apiVersion: `${group}/${version}`,
  kind,
  metadata: { name: 'p' },
  spec,
});
const STATIC = { authorities: [{ name: 'a', static: { action: 'pass' } }] };

describe('validating', () => {
  test.each<[string, Parameters<typeof validateDefinition>[0], string | undefined]>([
    ['a policy', request(POLICY, of(POLICY, { images: [{ glob: '**' }], ...STATIC })), undefined],
    ['no images', request(POLICY, of(POLICY, STATIC)), 'validation failed: missing field(s): spec.images'],
    [
      'an unknown field',
      request(POLICY, of(POLICY, { images: [{ glob: '**' }], ...STATIC, x: 1 })),
      'decoding request failed: cannot decode incoming new object: json: unknown field "x"',
    ],
    [
      'an unknown resource',
      request(POLICY, of(POLICY, { images: [{ glob: '**' }], ...STATIC, match: [{ resource: 'crontabs', version: 'v1' }] })),
      'validation failed: invalid value: crontabs: spec.match[0].resource\nunsupported resource name',
    ],
    ['another kind', request(POD, pod('a')), 'decoding request failed: unhandled kind: /v1, Kind=Pod'],
    ['no object', request(POLICY, undefined), 'decoding request failed: cannot decode incoming new object: there is no object'],
    ['a status', request(POLICY, of(POLICY, {}), { operation: 'UPDATE', subResource: 'status' }), undefined],
    ['a deletion', request(POLICY, undefined, { operation: 'DELETE' }), undefined],
    [
      'a TrustRoot of nothing',
      request(ROOT, of(ROOT, {})),
      'validation failed: expected exactly one, got neither: spec.remote, spec.repository, spec.sigstoreKeys',
    ],
  ])('%s', async (_, asked, message) => {
    const answer = await validateDefinition(asked, OPTIONS);
    expect(answer.allowed ? undefined : answer.message).toBe(message);
  });

  test('no authorities, where the settings allow that', async () => {
    const asked = request(POLICY, of(POLICY, { images: [{ glob: '**' }] }));
    expect(await validateDefinition(asked, OPTIONS)).toMatchObject({ allowed: false, message: 'validation failed: missing field(s): spec.authorities' });
    const config = () => ({ ...DEFAULT_CONTROLLER_CONFIG, failOnEmptyAuthorities: false });
    expect(await validateDefinition(asked, { ...OPTIONS, config })).toMatchObject({ allowed: true });
  });
});

test('defaulting adds what is missing, and nothing else', () => {
  const identities = [{ issuer: 'a', subject: 'b' }];
  const spec = {
    images: [{ glob: '**' }],
    authorities: [
      { keyless: { trustRootRef: 'r', identities } },
      { name: 'own', keyless: { url: 'https://fulcio.example', identities } },
      { keyless: { 'ca-cert': { data: 'x' }, identities } },
      { key: { data: 'x' }, keyless: {} },
    ],
  };
  expect(defaultDefinition(request(POLICY, of(POLICY, spec)))).toEqual({
    allowed: true,
    patch: [
      { op: 'add', path: '/spec/mode', value: 'enforce' },
      { op: 'add', path: '/spec/authorities/0/name', value: 'authority-0' },
      { op: 'add', path: '/spec/authorities/0/keyless/url', value: 'https://fulcio.sigstore.dev' },
      { op: 'add', path: '/spec/authorities/2/name', value: 'authority-2' },
      { op: 'add', path: '/spec/authorities/3/name', value: 'authority-3' },
      // Which the API server refuses, as with policy-controller.
      { op: 'add', path: '/spec/authorities/3/keyless/identities', value: null },
    ],
  });
  expect(defaultDefinition(request(ROOT, of(ROOT, { remote: { mirror: 'https://tuf.example' } })))).toEqual({
    allowed: true,
    patch: [{ op: 'add', path: '/spec/remote/targets', value: 'targets' }],
  });
  expect(defaultDefinition(request(POD, pod('a')))).toMatchObject({ allowed: false, message: 'mutation failed: unhandled kind: /v1, Kind=Pod' });
});

describe('conversion', () => {
  const convert = (objects: unknown[], desiredAPIVersion = 'policy.sigstore.dev/v1alpha1') =>
    JSON.parse(
      convertDefinitions(
        Buffer.from(JSON.stringify({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview', request: { uid: 'u', desiredAPIVersion, objects } })),
      ).body,
    );

  test('keeps everything but a timestamp without trust root; also a log that only names one', () => {
    const authorities = [
      { key: { data: 'x' }, ctlog: { trustRootRef: 'r' }, rfc3161timestamp: {} },
      { ctlog: {}, rfc3161timestamp: { trustRootRef: 'r' } },
    ];
    const { response, kind } = convert([of(POLICY, { authorities, images: [] })]);
    expect(kind).toBe('ConversionReview');
    expect(response).toEqual({
      uid: 'u',
      result: { status: 'Success' },
      convertedObjects: [
        {
          apiVersion: 'policy.sigstore.dev/v1alpha1',
          kind: 'ClusterImagePolicy',
          metadata: { name: 'p' },
          spec: { images: [], authorities: [{ key: { data: 'x' }, ctlog: { trustRootRef: 'r' } }, { rfc3161timestamp: { trustRootRef: 'r' } }] },
        },
      ],
    });
  });

  test.each<[string, unknown[], string]>([
    ['to another version', [of(POLICY, {})], 'policy.sigstore.dev/v2'],
    ['of another kind', [of({ ...POLICY, kind: 'Secret' }, {})], 'policy.sigstore.dev/v1alpha1'],
    ['of what is no object', ['x'], 'policy.sigstore.dev/v1alpha1'],
  ])('%s is refused', (_, objects, desired) => {
    expect(convert(objects, desired).response).toMatchObject({
      uid: 'u',
      result: { status: 'Failure', message: expect.stringContaining('no conversion is known') },
    });
  });

  test('of what is no review', () => {
    expect(() => convertDefinitions(Buffer.from('{}'))).toThrow(expect.objectContaining({ code: 'ADMISSION_REVIEW' }));
  });
});
