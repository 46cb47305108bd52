import type { JsonObject } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { generatedSpecs } from './autogen.ts';
import { verificationKey } from './cache-key.ts';
import { compilePolicy } from './compile.ts';
import { celExceptionOf, imageValidatingPolicyOf, parseImageValidatingPolicies } from './policy.ts';

const PODS = { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }] };
const SPEC = { matchConstraints: PODS, attestors: [], validations: [] };

function document(spec: JsonObject, over: JsonObject = {}): JsonObject {
  return { apiVersion: 'policies.kyverno.io/v1', kind: 'ImageValidatingPolicy', metadata: { name: 'p' }, spec: { ...SPEC, ...spec }, ...over } as JsonObject;
}

describe('a policy', () => {
  test('is read with what the API server fills in', () => {
    const { spec, ...policy } = imageValidatingPolicyOf(document({}));
    expect(policy).toEqual({
      kind: 'ImageValidatingPolicy',
      apiVersion: 'policies.kyverno.io/v1',
      name: 'p',
      namespace: '',
      uid: '',
      resourceVersion: '',
      annotations: {},
    });
    expect(spec).toMatchObject({
      validationConfigurations: { mutateDigest: true, verifyDigest: true, required: true },
      validationActions: [],
      matchConditions: [],
    });
  });

  test.each(['v1', 'v1beta1', 'v1alpha1'])('of version %s', (version) => {
    expect(imageValidatingPolicyOf(document({}, { apiVersion: `policies.kyverno.io/${version}` })).name).toBe('p');
  });

  test('of a namespace', () => {
    const given = document({}, { kind: 'NamespacedImageValidatingPolicy', metadata: { name: 'p', namespace: 'n' } });
    expect(imageValidatingPolicyOf(given)).toMatchObject({ kind: 'NamespacedImageValidatingPolicy', namespace: 'n' });
  });

  test('stands among other documents', () => {
    const text = [
      document({}),
      { apiVersion: 'policies.kyverno.io/v1', kind: 'PolicyException', metadata: { name: 'e' }, spec: { policyRefs: [] } },
      { apiVersion: 'v1', kind: 'Pod' },
    ]
      .map((one) => JSON.stringify(one))
      .join('\n---\n');
    const parsed = parseImageValidatingPolicies(text);
    expect([parsed.policies.length, parsed.exceptions.length, parsed.others.length]).toEqual([1, 1, 1]);
    const list = JSON.stringify({ apiVersion: 'policies.kyverno.io/v1', kind: 'ImageValidatingPolicyList', items: [document({}), document({})] });
    expect(parseImageValidatingPolicies(list).policies).toHaveLength(2);
  });

  test.each<[JsonObject, string]>([
    [{ validationActions: ['test'] }, 'spec.validationActions[0]: Unsupported value: "test": supported values: "Deny", "Audit", "Warn"'],
    [{ validationActions: ['Deny', 'Deny'] }, 'spec.validationActions[1]: Duplicate value: "Deny"'],
    [{ failurePolicy: 'Maybe' }, 'spec.failurePolicy: Unsupported value: "Maybe": supported values: "Ignore", "Fail"'],
    [{ validations: 'x' }, 'spec.validations: Invalid value: "string": spec.validations in body must be of type array: "string"'],
    [{ validations: [{}] }, 'spec.validations[0].expression: Required value'],
    [{ atestors: [] }, 'spec: unknown field "spec.atestors"'],
    [
      { attestors: [{ name: 'a' }] },
      'spec.attestors[0]: Invalid value: "object": spec.attestors[0] must validate one and only one schema (oneOf). Found none valid',
    ],
    [
      { attestors: [{ name: 'a', cosign: {}, notary: {} }] },
      'spec.attestors[0]: Invalid value: "object": spec.attestors[0] must validate one and only one schema (oneOf). Found more than one',
    ],
    [{ attestors: [{ name: 'a', cosign: { keyless: {} } }] }, 'spec.attestors[0].cosign.keyless.identities: Required value'],
    [
      { matchImageReferences: [{}] },
      'spec.matchImageReferences[0]: Invalid value: "object": spec.matchImageReferences[0] must validate one and only one schema (oneOf). Found none valid',
    ],
    [
      { credentials: { providers: ['ibm'] } },
      'spec.credentials.providers[0]: Unsupported value: "ibm": supported values: "default", "amazon", "azure", "google", "github"',
    ],
  ])('%j is refused', (spec, says) => {
    expect(() => imageValidatingPolicyOf(document(spec))).toThrow(
      expect.objectContaining({ code: 'POLICY_INVALID', message: `The ImageValidatingPolicy "p" is invalid: ${says}` }),
    );
  });

  test('with several problems tells them all', () => {
    expect(() => imageValidatingPolicyOf(document({ failurePolicy: 'x', validations: [{}] }))).toThrow(
      'The ImageValidatingPolicy "p" is invalid: \n* spec.failurePolicy: Unsupported value: "x": supported values: "Ignore", "Fail"\n* spec.validations[0].expression: Required value',
    );
  });

  test.each([
    [document({}, { apiVersion: 'policies.kyverno.io/v3' }), 'no matches for kind "ImageValidatingPolicy" in version "policies.kyverno.io/v3"'],
    [document({}, { apiVersion: Object.create(null) }), 'no matches for kind "ImageValidatingPolicy" in version an object'],
    [document({}, { metadata: {} }), 'metadata.name: Required value: name is required'],
  ])('of an unknown version or without a name is refused', (given, says) => {
    expect(() => imageValidatingPolicyOf(given)).toThrow(says);
  });

  test('exceptions end at a time', () => {
    const given = { apiVersion: 'policies.kyverno.io/v1', kind: 'PolicyException', metadata: { name: 'e' }, spec: { policyRefs: [], expiresAt: 'soon' } };
    expect(() => celExceptionOf(given)).toThrow('spec.expiresAt: Invalid value: "soon": spec.expiresAt in body must be of type date-time');
  });
});

describe('expressions', () => {
  const compiled = (spec: JsonObject, over?: JsonObject) => compilePolicy(imageValidatingPolicyOf(document(spec, over)));

  test.each<[JsonObject, string | RegExp]>([
    [{ matchConstraints: {} }, 'spec.matchConstraints: Required value: a matchConstraints with at least one resource rule is required'],
    [{ validations: [{ expression: '1 +' }] }, /^spec\.validations\[0\]\.expression: Invalid value: "1 \+": unexpected token/],
    [{ validations: [{ expression: '1' }] }, 'spec.validations[0].expression: Invalid value: "1": output is expected to be of type bool'],
    [
      { validations: [{ expression: 'true', messageExpression: '1' }] },
      'spec.validations[0].messageExpression: Invalid value: "1": output is expected to be of type string',
    ],
    [
      { matchConditions: [{ name: 'a', expression: '"x"' }] },
      'spec.matchConditions[0].expression: Invalid value: ""x"": output is expected to be of type bool',
    ],
    [
      { matchConditions: [{ name: 'a', expression: 'variables.x' }] },
      'spec.matchConditions[0].expression: Invalid value: "variables.x": undefined field \'x\'',
    ],
    [{ matchConditions: [1, 2].map(() => ({ name: 'a', expression: 'true' })) }, 'spec.matchConditions[1].name: Duplicate value: "a"'],
    [{ matchConditions: [{ name: '', expression: 'true' }] }, 'spec.matchConditions[0].name: Required value'],
    [{ matchConditions: [{ name: '-a', expression: 'true' }] }, /^spec\.matchConditions\[0\]\.name: Invalid value: "-a": name part must consist of/],
    [
      { matchConditions: Array.from({ length: 65 }, (_, i) => ({ name: `c${i}`, expression: 'true' })) },
      'spec.matchConditions: Too many: 65: must have at most 64 items',
    ],
    [
      {
        variables: [
          { name: 'a', expression: 'variables.b' },
          { name: 'b', expression: '1' },
        ],
      },
      'spec.variables[0].expression: Invalid value: "variables.b": undefined field \'b\'',
    ],
    [{ images: [{ name: 'a', expression: '1' }] }, 'spec.images[0].expression: Invalid value: "1": output is expected to be of type list'],
    [{ matchImageReferences: [{ glob: '[' }] }, 'spec.matchImageReferences[0].glob: Invalid value: "[": invalid glob "[": a bracket is not closed'],
    [{ matchImageReferences: [{ glob: '' }] }, 'spec.matchImageReferences[0]: Invalid value: either glob or expression must be set'],
    [{ matchImageReferences: [{ expression: 'object.x' }] }, 'spec.matchImageReferences[0].expression: Invalid value: "object.x": unknown variable: object'],
    [
      { attestors: [{ name: 'a', cosign: { keyless: { identities: [{ subjectRegExp: 'a', subjectExpression: '"b"' }] } } }] },
      'spec.attestors[0].cosign.keyless.identities[0]: Invalid value: subjectRegExp and subjectExpression are mutually exclusive',
    ],
    [
      { attestors: [{ name: 'a', cosign: { keyless: { identities: [{ issuerRegExp: '*' }] } } }] },
      'spec.attestors[0].cosign.keyless.identities[0].issuerRegExp: Invalid value: "*": error parsing regexp: missing argument to repetition operator: `*`',
    ],
  ])('%j are refused', (spec, says) => {
    expect(() => compiled(spec)).toThrow(
      expect.objectContaining({ code: 'POLICY_INVALID', message: typeof says === 'string' ? says : expect.stringMatching(says) }),
    );
  });

  test('of a namespace may look at neither the cluster nor the network', () => {
    const over = { kind: 'NamespacedImageValidatingPolicy', metadata: { name: 'p', namespace: 'n' } };
    expect(() => compiled({ variables: [{ name: 'a', expression: 'http.Get("http://x")' }] }, over)).toThrow('http.* is not allowed in namespaced policies');
    expect(() => compiled({ variables: [{ name: 'a', expression: 'globalContext.get("x", "y")' }] }, over)).toThrow(
      'globalContext.* is not allowed in namespaced policies',
    );
  });

  test('that name Notary attestors compile, with a warning', () => {
    expect(compiled({ attestors: [{ name: 'n', notary: {} }] }).warnings).toEqual([
      'spec.attestors[0]: attestor n verifies Notary signatures, which is not supported: what asks for it is denied',
    ]);
  });
});

describe('policies for what makes pods', () => {
  const generated = (spec: JsonObject) => generatedSpecs(imageValidatingPolicyOf(document(spec)).spec);

  test('look into the template, and leave the namespace where it is', () => {
    const expression = 'object.spec.x == oldObject.metadata.labels && object.metadata.namespace == object.metadata.namespaceless';
    const [cronjobs, defaults] = generated({ validations: [{ expression }] });
    expect(defaults?.spec.validations[0]?.expression).toBe(
      'object.spec.template.spec.x == oldObject.spec.template.metadata.labels && object.metadata.namespace == object.spec.template.metadata.namespaceless',
    );
    expect(cronjobs?.spec.validations[0]?.expression).toContain('object.spec.jobTemplate.spec.template.spec.x');
    expect([cronjobs?.targets.length, defaults?.targets.length]).toEqual([1, 5]);
  });

  test.each<[string, JsonObject]>([
    ['the author wants none', { autogen: { podControllers: { controllers: [] } } }],
    ['objects are selected', { matchConstraints: { ...PODS, objectSelector: { matchLabels: { a: 'b' } } } }],
    ['something is excluded', { matchConstraints: { ...PODS, excludeResourceRules: [{}] } }],
    ['names are given', { matchConstraints: { resourceRules: [{ ...PODS.resourceRules[0], resourceNames: ['x'] }] } }],
    ['other things are matched too', { matchConstraints: { resourceRules: [{ ...PODS.resourceRules[0], resources: ['pods', 'services'] }] } }],
  ])('are not made when %s', (_, spec) => {
    expect(generated(spec)).toEqual([]);
  });
});

test('a verification is kept by the policy as it is now, by whom was asked in any order, and by the digest', () => {
  const key = { uid: 'u', resourceVersion: '7', verifies: 'attestation', attestation: 'sbom', attestors: ['b', 'a'], image: 'r@sha256:0' } as const;
  expect(verificationKey(key)).toBe('u;7;11:attestation|4:sbom|1:a|1:b|;r@sha256:0');
  expect(verificationKey({ ...key, attestors: ['a', 'b'] })).toBe(verificationKey(key));
  expect(verificationKey({ ...key, attestors: ['a|1:b'] })).not.toBe(verificationKey(key));
});
