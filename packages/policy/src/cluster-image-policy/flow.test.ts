/** From one version to the other, from references to what they refer to, and to the compiled form and back. */
import { createHash } from 'node:crypto';
import { TrustError, utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import {
  type ClusterImagePolicy,
  compilePolicy,
  convertPolicy,
  encodeCompiledPolicy,
  matchGlob,
  matchPolicy,
  parseClusterImagePolicy,
  parseCompiledPolicy,
  type Resolver,
  readCompiledPolicies,
  resolvePolicy,
  resolvesNothing,
  selects,
  withDefaults,
} from './index.ts';

const KEY = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAExB6+H6054/W1SJgs5JR6AJr6J35J
RCTfQ5s1kD+hGMSE1rH7s46hmXEeyhnlRnaGF8eMU/SBJE/2NKPnxE7WzQ==
-----END PUBLIC KEY-----
`;

function policyOf(spec: object): ClusterImagePolicy {
  const metadata = { name: 'p', uid: 'u-1', resourceVersion: '7' };
  return withDefaults(
    parseClusterImagePolicy(
      JSON.stringify({ apiVersion: 'policy.sigstore.dev/v1beta1', kind: 'ClusterImagePolicy', metadata, spec: { images: [{ glob: '**' }], ...spec } }),
    ),
  );
}

const EVERYTHING = policyOf({
  authorities: [
    {
      key: { data: KEY, hashAlgorithm: 'sha512' },
      source: [{ oci: 'ghcr.io/a/b', tagPrefix: '', signaturePullSecrets: [{ name: 's' }] }],
      ctlog: { url: 'https://rekor.example' },
      attestations: [{ name: 'sbom', predicateType: 'https://a', policy: { type: 'cue', data: 'a: "<b>"' } }],
      rfc3161timestamp: { trustRootRef: 't' },
      signatureFormat: 'bundle',
    },
    { name: 'who', keyless: { identities: [{ issuer: 'i', subjectRegExp: '.*' }], trustRootRef: 't', insecureIgnoreSCT: false } },
    { static: { action: 'fail', message: 'no' } },
  ],
  policy: { type: 'rego', data: 'x', fetchConfigFile: true, includeSpec: false },
  mode: 'warn',
  match: [
    {
      group: 'apps',
      version: '*',
      resource: 'deployments',
      selector: { matchLabels: { __proto__x: 'a', b: '' }, matchExpressions: [{ key: 'c', operator: 'Exists' }] },
    },
  ],
});

test('the versions have the same fields', () => {
  const { policy, notes } = convertPolicy(EVERYTHING, 'v1alpha1');
  expect(policy).toEqual({ ...EVERYTHING, version: 'v1alpha1' });
  expect(notes).toEqual([]);
  expect(convertPolicy(policy, 'v1beta1').policy).toEqual(EVERYTHING);
});

test('a log that only names its trust root is kept, and told; what names nothing is dropped', () => {
  const policy = policyOf({
    authorities: [
      { key: { data: KEY }, ctlog: { trustRootRef: 't' } },
      { key: { data: KEY }, ctlog: {}, rfc3161timestamp: {} },
    ],
  });
  const { policy: converted, notes } = convertPolicy(policy, 'v1alpha1');
  expect(converted.spec.authorities.map(({ ctlog, rfc3161timestamp }) => [ctlog, rfc3161timestamp])).toEqual([
    [{ trustRootRef: 't' }, undefined],
    [undefined, undefined],
  ]);
  expect(notes).toEqual(['authority authority-0: ctlog without url is kept; policy-controller drops it and then checks no transparency log']);
});

describe('the compiled form', () => {
  test('comes back as it was', () => {
    const compiled = compilePolicy(EVERYTHING);
    const text = encodeCompiledPolicy(compiled);
    expect(text).toContain('\\u003cb\\u003e');
    expect(parseCompiledPolicy(text)).toEqual(compiled);
    expect(
      readCompiledPolicies(
        new Map([
          ['p', text],
          ['_example', 'anything'],
        ]),
      ),
    ).toEqual(new Map([['p', compiled]]));
  });

  test('is flat, with sha256 by default', () => {
    const attestations = [
      { name: 'n', predicateType: 't', policy: { type: 'cue', data: 'd' } },
      { name: 'm', predicateType: 't' },
    ];
    const json = JSON.parse(
      encodeCompiledPolicy(compilePolicy(policyOf({ authorities: [{ key: { data: KEY }, attestations }], policy: { type: 'cue', data: 'e' } }))),
    );
    expect(json).toEqual({
      uid: 'u-1',
      resourceVersion: '7',
      images: [{ glob: '**' }],
      authorities: [
        {
          name: 'authority-0',
          key: { data: KEY, hashAlgorithm: 'sha256' },
          attestations: [
            { name: 'n', predicateType: 't', type: 'cue', data: 'd' },
            { name: 'm', predicateType: 't' },
          ],
        },
      ],
      policy: { name: '', predicateType: '', type: 'cue', data: 'e' },
      mode: 'enforce',
    });
  });

  test.for([
    ['', 'configmap has an entry "p" but no value'],
    [
      'images: x',
      'failed to parse the entry "p" : "images: x" : json: cannot unmarshal string into Go struct field ClusterImagePolicy.images of type []v1alpha1.ImagePattern',
    ],
    [
      'authorities: [{key: {hashAlgorithm: md5}}]',
      'failed to parse the entry "p" : "authorities: [{key: {hashAlgorithm: md5}}]" : unknown digest algorithm: md5',
    ],
    [
      'authorities: [{key: {data: x}}]',
      'failed to parse the entry "p" : "authorities: [{key: {data: x}}]" : failed to unmarshal PEM public key public key: no PEM block found',
    ],
  ] as const)('%s is refused', ([value, message]) => expect(() => readCompiledPolicies(new Map([['p', value]]))).toThrow(message));
});

describe('references', () => {
  const bySecret = { authorities: [{ key: { secretRef: { name: 's' } } }] };
  const byMap = { authorities: [{ static: { action: 'pass' } }], policy: { type: 'cue', configMapRef: { name: 'm', key: 'k' } } };
  const SUM = createHash('sha256').update('a: 1').digest('hex');
  const byUrl = { authorities: [{ static: { action: 'pass' } }], policy: { type: 'cue', remote: { url: 'https://x/y', sha256sum: SUM } } };
  const secret = (...entries: string[]): Resolver => ({ secret: async () => new Map(entries.map((entry, i) => [`k${i}`, utf8(entry)])) });
  const map = (data: Record<string, string>): Resolver => ({ configMap: async () => new Map(Object.entries(data)) });
  const web = (status: number, body: string): Resolver => ({ fetch: async () => ({ status, body: utf8(body) }) });
  const K = 'InliningKeysFailed';
  const P = 'InliningPoliciesFailed';

  const FAILURES: readonly [name: string, spec: object, resolver: Resolver, reason: string, message: string][] = [
    ['an empty secret', bySecret, secret(), K, 'secret "s" contains no data'],
    ['a secret of two keys', bySecret, secret(KEY, KEY), K, 'secret "s" contains multiple data entries, only one is supported'],
    ['a secret that holds something else', bySecret, secret('hunter2'), K, 'secret "s" contains an invalid public key: PEM decoding failed'],
    [
      'a secret that holds a private key',
      bySecret,
      secret('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'),
      K,
      'secret "s" contains an invalid public key: unknown Public key PEM file type: PRIVATE KEY. Are you passing the correct public key?',
    ],
    ['an empty ConfigMap', byMap, map({}), P, 'configmap "m" contains no data'],
    ['a ConfigMap without the key', byMap, map({ other: 'x' }), P, 'configmap "m" does not contain key k'],
    ['a ConfigMap with nothing under the key', byMap, map({ k: '' }), P, 'configmap "m" does not contain key k'],
    [
      'another policy at the URL',
      byUrl,
      web(200, 'a: 2'),
      P,
      `failed to check sha256sum from policy remote: ${SUM} got ${createHash('sha256').update('a: 2').digest('hex')}`,
    ],
    ['nothing at the URL', byUrl, web(404, 'a: 1'), P, 'failed to fetch content from policy url with code 404'],
    [
      'a URL that does not answer',
      byUrl,
      { fetch: () => Promise.reject(new TrustError('NET_TIMEOUT', 'x: silent')) },
      P,
      'failed to fetch content from policy url: x: silent',
    ],
  ];
  test.for(FAILURES)('%s fails the policy', async ([, spec, resolver, reason, message]) => {
    expect(await resolvePolicy(policyOf(spec), resolver)).toEqual({ reason, message });
  });

  test('what is found takes their place', async () => {
    const resolver: Resolver = { ...secret(KEY), ...map({ k: 'b: 2' }), ...web(200, 'a: 1'), kmsPublicKey: async (reference, hash) => `${reference} ${hash}` };
    const attestations = [{ name: 'n', predicateType: 't', policy: byMap.policy }];
    const authorities = [{ key: { secretRef: { name: 's' } }, attestations }, { key: { kms: 'gcpkms://k', hashAlgorithm: 'SHA384' } }];
    const resolved = await resolvePolicy(policyOf({ authorities, policy: byUrl.policy }), resolver);
    const compiled = compilePolicy(resolved as ClusterImagePolicy);
    expect(compiled.authorities.map(({ key }) => key?.data)).toEqual([KEY, 'gcpkms://k sha384']);
    expect([compiled.authorities[0]?.attestations[0]?.data, compiled.policy?.data]).toEqual(['b: 2', 'a: 1']);
  });

  test('who resolves nothing keeps them, and compiles a key that verifies nothing', async () => {
    const policy = policyOf({ ...bySecret, policy: byMap.policy });
    expect(await resolvePolicy(policy, resolvesNothing)).toEqual(policy);
    const { authorities, policy: own } = compilePolicy(policy);
    expect([authorities[0]?.key, own]).toEqual([{ hashAlgorithm: 'sha256' }, { name: '', predicateType: '', type: 'cue' }]);
  });
});

describe('matching', () => {
  const DIGEST = `sha256:${'5'.repeat(64)}`;
  const POD = { kind: 'Pod', apiVersion: 'v1', labels: new Map([['a', 'b']]) };

  test('an endless glob is answered at once', () => {
    expect(matchGlob(`${'a**'.repeat(2000)}b`, `ghcr.io/${'a'.repeat(200)}@${DIGEST}`)).toBe(false);
  });

  test('names of what objects inherit are globs like any other', () => {
    expect(matchGlob('constructor', 'ghcr.io/a/b')).toBe(false);
    expect(matchGlob('', 'ghcr.io/a/b')).toEqual({ problem: 'invalid glob ""' });
  });

  test('a glob that cannot be read is told, even when another one matched', () => {
    const scope = { images: [{ glob: '**' }, { glob: 'a?' }], match: [] };
    expect(matchPolicy(scope, `ghcr.io/a/b@${DIGEST}`, POD)).toEqual({ matched: true, problem: 'invalid glob "a?"' });
  });

  test('a selector that cannot be read is told', () => {
    const match = [{ group: '', version: 'v1', resource: 'pods', selector: { matchLabels: new Map([['-', 'x']]), matchExpressions: [] } }];
    expect(matchPolicy({ images: [{ glob: '**' }], match }, `ghcr.io/a/b@${DIGEST}`, POD)).toEqual({
      matched: false,
      problem: 'policy with wrong match label selector',
    });
  });

  const SELECTORS: readonly [operator: string, values: string[], key: string, result: boolean | 'malformed'][] = [
    ['In', ['b', 'c'], 'a', true],
    ['In', ['c'], 'a', false],
    ['In', ['b'], 'z', false],
    ['In', [], 'a', 'malformed'],
    ['NotIn', ['b'], 'a', false],
    ['NotIn', ['b'], 'z', true],
    ['Exists', [], 'a', true],
    ['Exists', ['b'], 'a', 'malformed'],
    ['DoesNotExist', [], 'a', false],
    ['DoesNotExist', [], 'z', true],
    ['Gt', ['1'], 'a', 'malformed'],
    ['Exists', [], 'a.example/b', false],
    ['Exists', [], 'a/b/c', 'malformed'],
    ['In', ['-'], 'a', 'malformed'],
  ];
  test.for(SELECTORS)('%s %j of %s is %s', ([operator, values, key, result]) => {
    expect(selects({ matchLabels: new Map(), matchExpressions: [{ key, operator, values }] }, POD.labels)).toBe(result);
  });
});
