/** Attestors, field by field, and what a policy says of an object in which order. Evidence is real, and lies in the testkit's registry. */
import { certificatePem, encodePem, type Json, type JsonObject, TrustError } from '@assay/core';
import { issueLeaf, leafFields, type SigningKey } from '@assay/make';
import { DEFAULT_IDENTITY } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newKey, openScene, type Scene, type SceneImage } from '../../test/scene.ts';
import { NO_METADATA } from '../kyverno/metadata.ts';
import type { Review } from '../kyverno/rule-policy.ts';
import {
  answerOf,
  celExceptionOf,
  type ImageValidatingResult,
  type ImageValidatingWorld,
  imageValidatingPolicyOf,
  imageValidatingRulePolicy,
} from './index.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

const PODS = { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }] };
const KEYLESS = { identities: [{ issuer: DEFAULT_IDENTITY.issuer, subject: DEFAULT_IDENTITY.san }] };
const SIGNED = 'images.containers.all(i, verifyImageSignatures(i, [attestors.a]) > 0)';
const SBOM = 'https://cyclonedx.org/bom';

interface Given {
  readonly spec?: JsonObject;
  readonly images?: readonly (SceneImage | string)[];
  readonly world?: Partial<ImageValidatingWorld>;
  readonly exceptions?: readonly JsonObject[];
  readonly name?: string;
}

function policyWith({ spec = {}, exceptions = [], name = 'p' }: Given) {
  const given = {
    matchConstraints: PODS,
    attestors: [{ name: 'a', cosign: { keyless: KEYLESS } }],
    validations: [{ expression: SIGNED, message: 'not signed' }],
    ...spec,
  };
  const document = { apiVersion: 'policies.kyverno.io/v1', kind: 'ImageValidatingPolicy', metadata: { name }, spec: given } as JsonObject;
  const all = exceptions.map((one) =>
    celExceptionOf({ apiVersion: 'policies.kyverno.io/v1', kind: 'PolicyException', metadata: { name: 'e', namespace: 'n' }, spec: one }),
  );
  return imageValidatingRulePolicy(imageValidatingPolicyOf(document), all);
}

function podOf(images: Given['images'] = []): JsonObject {
  const containers = images.map((image, i) => ({ name: `c${i}`, image: typeof image === 'string' ? image : image.reference }));
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pod', namespace: 'n', labels: { app: 'x' } }, spec: { containers } };
}

function reviewOf({ images, world }: Given): Review {
  const refused = async (): Promise<never> => {
    throw new TrustError('POLICY_UNRESOLVED', 'nobody asks');
  };
  return {
    operation: 'CREATE',
    object: podOf(images),
    namespaceLabels: {},
    produced: NO_METADATA,
    world: {
      now: scene.instance.now,
      subject: async (text) => scene.subject(text),
      imageData: async (image) => ({ image }),
      configMap: refused,
      secret: refused,
      kms: refused,
      apiCall: refused,
      ...world,
    },
  };
}

/** One policy over one pod. */
async function asked(given: Given): Promise<readonly ImageValidatingResult[]> {
  const policy = policyWith(given);
  const review = reviewOf(given);
  return [...(await policy.validate(review)), ...(await policy.conclude(review))];
}

async function statusOf(cosign: JsonObject, image: SceneImage, world: Given['world'] = {}, variables: Json = []): Promise<string> {
  const [result] = await asked({ spec: { attestors: [{ name: 'a', cosign }], variables }, images: [image], world });
  return `${result?.status}${result?.status === 'error' ? `: ${result.message}` : ''}`;
}

describe.each(['bundle', 'older'] as const)('a keyless attestor over a signature stored as %s', (format) => {
  test.each<[string, JsonObject, string]>([
    ['its issuer and subject', KEYLESS, 'pass'],
    ['patterns', { identities: [{ issuerRegExp: '^https://token', subjectRegExp: 'github\\.com' }] }, 'pass'],
    ['an issuer alone', { identities: [{ issuer: DEFAULT_IDENTITY.issuer }] }, 'pass'],
    ['one of several', { identities: [{ issuer: 'https://other', subject: 'x' }, ...KEYLESS.identities] }, 'pass'],
    ['another subject', { identities: [{ issuer: DEFAULT_IDENTITY.issuer, subject: 'https://example.org' }] }, 'fail'],
    ['another issuer', { identities: [{ issuer: 'https://example.org', subject: DEFAULT_IDENTITY.san }] }, 'fail'],
    [
      'an exact subject and a pattern that contradict',
      { identities: [{ issuer: DEFAULT_IDENTITY.issuer, subject: DEFAULT_IDENTITY.san, subjectRegExp: 'nope' }] },
      'fail',
    ],
    ['a part of the subject, exactly', { identities: [{ issuer: DEFAULT_IDENTITY.issuer, subject: DEFAULT_IDENTITY.san.slice(0, -1) }] }, 'fail'],
    ['nobody', { identities: [] }, 'fail'],
    ['anybody', { identities: [{}] }, 'fail'],
    ['a subject by expression', { identities: [{ issuer: DEFAULT_IDENTITY.issuer, subjectExpression: '"^https://" + "github"' }] }, 'pass'],
    ['another subject by expression', { identities: [{ issuer: DEFAULT_IDENTITY.issuer, subjectExpression: 'object.metadata.labels.app' }] }, 'fail'],
    ['an empty subject by expression', { identities: [{ issuer: DEFAULT_IDENTITY.issuer, subjectExpression: '""' }] }, 'fail'],
    ['an extension that is not so', { ...KEYLESS, additionalExtensions: { githubWorkflowRepository: 'nobody/nothing' } }, 'fail'],
    ['an extension that is so', { ...KEYLESS, additionalExtensions: { githubWorkflowTrigger: '*' } }, 'pass'],
    ['an extension by its number', { ...KEYLESS, additionalExtensions: { '1.3.6.1.4.1.57264.1.2': 'nope' } }, 'fail'],
    ['an extension that nobody knows', { ...KEYLESS, additionalExtensions: { x: '*' } }, 'fail'],
  ])('that names %s', async (_, keyless, status) => {
    const image = scene.image();
    image.sign({ format });
    expect(await statusOf({ keyless }, image)).toBe(status);
  });
});

describe('an attestor by key', () => {
  const key = newKey();
  const noLog = { insecureIgnoreTlog: true };
  const without = { key, log: 'none', timestamp: false } as const;
  test.each<[string, () => JsonObject, string]>([
    ['in the policy', () => ({ key: { data: key.publicPem }, ctlog: noLog }), 'pass'],
    ['by expression', () => ({ key: { expression: 'variables.pem' }, ctlog: noLog }), 'pass'],
    ['of a key service', () => ({ key: { kms: 'awskms:///x' }, ctlog: noLog }), 'pass'],
    ['with its hash', () => ({ key: { data: key.publicPem, hashAlgorithm: 'sha256' }, ctlog: noLog }), 'pass'],
    ['with a hash that nobody knows', () => ({ key: { data: key.publicPem, hashAlgorithm: 'md5' }, ctlog: noLog }), 'fail'],
    ['with one that nobody signs with', () => ({ key: { data: key.publicPem, hashAlgorithm: 'sha224' }, ctlog: noLog }), 'fail'],
    ['that is another', () => ({ key: { data: newKey().publicPem }, ctlog: noLog }), 'fail'],
    ['that is none', () => ({ key: { data: 'x' }, ctlog: noLog }), 'fail'],
    ['that is not there', () => ({ key: {}, ctlog: noLog }), 'fail'],
    ['that are two', () => ({ key: { data: key.publicPem + newKey().publicPem }, ctlog: noLog }), 'fail'],
    ['and a log that has not seen it', () => ({ key: { data: key.publicPem } }), 'fail'],
    ['and a log without URL', () => ({ key: { data: key.publicPem }, ctlog: {} }), 'fail'],
    ['and an identity besides', () => ({ key: { data: key.publicPem }, keyless: KEYLESS, ctlog: noLog }), 'fail'],
    ['or anything at all', () => ({}), 'fail'],
  ])('%s', async (_, cosign, status) => {
    const image = scene.image();
    image.sign(without);
    const world = { kms: async () => key.publicPem };
    expect(await statusOf(cosign(), image, world, [{ name: 'pem', expression: JSON.stringify(key.publicPem) }])).toBe(status);
  });

  test('whose log is asked for', async () => {
    const image = scene.image();
    image.sign({ key });
    expect(await statusOf({ key: { data: key.publicPem } }, image)).toBe('pass');
    expect(await statusOf({ key: { data: key.publicPem }, ctlog: { url: 'https://rekor.example.org' } }, image)).toBe('pass');
  });

  test('whose expression cannot be evaluated is an error', async () => {
    const image = scene.image();
    expect(await statusOf({ key: { expression: 'object.nothing' } }, image)).toBe('error: failed to evaluate policy: no such key: nothing');
  });
});

describe('trust of its own', () => {
  const pem = (certificates: readonly { readonly der: Uint8Array }[]) => certificates.map(({ der }) => certificatePem(der)).join('');
  const keyPem = (keys: readonly { readonly key: { readonly spki: Uint8Array } }[]) => encodePem('PUBLIC KEY', keys[0]?.key.spki ?? new Uint8Array());
  const parts = () => ({
    authorities: pem(scene.root.certificateAuthorities.flatMap(({ certificates }) => certificates)),
    timestamps: pem(scene.root.timestampAuthorities.flatMap(({ certificates }) => certificates)),
    rekor: keyPem(scene.root.logs),
    ct: keyPem(scene.root.ctLogs),
  });
  const url = 'https://rekor.example.org';

  test.each<[string, () => JsonObject, string]>([
    ['roots', () => ({ keyless: { ...KEYLESS, roots: parts().authorities } }), 'pass'],
    ['roots of another', () => ({ keyless: { ...KEYLESS, roots: parts().timestamps } }), 'fail'],
    ['roots that are none', () => ({ keyless: { ...KEYLESS, roots: 'x' } }), 'fail'],
    ['the key of the log', () => ({ keyless: KEYLESS, ctlog: { url, rekorPubKey: parts().rekor } }), 'pass'],
    ['another key for the log', () => ({ keyless: KEYLESS, ctlog: { url, rekorPubKey: newKey().publicPem } }), 'fail'],
    ['the key of the certificate log', () => ({ keyless: KEYLESS, ctlog: { url, ctLogPubKey: parts().ct } }), 'pass'],
    ['another key for the certificate log', () => ({ keyless: KEYLESS, ctlog: { url, ctLogPubKey: newKey().publicPem } }), 'fail'],
    ['another one that is not asked', () => ({ keyless: KEYLESS, ctlog: { url, ctLogPubKey: newKey().publicPem, insecureIgnoreSCT: true } }), 'pass'],
    ['timestamps', () => ({ keyless: KEYLESS, ctlog: { url, tsaCertChain: parts().timestamps } }), 'pass'],
    ['timestamps of another', () => ({ keyless: KEYLESS, ctlog: { url, tsaCertChain: parts().authorities } }), 'fail'],
    ['a trusted root', () => ({ keyless: KEYLESS, trustedRoot: { value: JSON.stringify(scene.instance.trustedRoot()) } }), 'pass'],
    ['a trusted root that is none', () => ({ keyless: KEYLESS, trustedRoot: { value: '{}x' } }), 'fail'],
    ['an empty trusted root', () => ({ keyless: KEYLESS, trustedRoot: { value: '' } }), 'fail'],
    ['a trusted root that is too large', () => ({ keyless: KEYLESS, trustedRoot: { value: ' '.repeat(1024 * 1024 + 1) } }), 'fail'],
    ['a repository', () => ({ keyless: KEYLESS, tuf: { mirror: 'https://tuf.example.org' } }), 'pass'],
    ['a repository with a first root that is no base64', () => ({ keyless: KEYLESS, tuf: { root: { data: '*' } } }), 'fail'],
    ['a chain alone', () => ({ certificate: { certChain: { value: parts().authorities } } }), 'pass'],
    ['a chain of another', () => ({ certificate: { certChain: { value: parts().timestamps } } }), 'fail'],
    ['a chain that is too long', () => ({ certificate: { certChain: { value: parts().authorities.repeat(12) } } }), 'fail'],
    ['a certificate that is none', () => ({ certificate: { cert: { value: 'x' } } }), 'fail'],
  ])('%s', async (_, cosign, status) => {
    const image = scene.image();
    image.sign({ timestamp: true });
    expect(await statusOf(cosign(), image, { tufRoot: async () => scene.root })).toBe(status);
  });

  test('a repository, where none can be asked, satisfies nothing', async () => {
    const image = scene.image();
    image.sign();
    expect(await statusOf({ keyless: KEYLESS, tuf: { mirror: 'https://tuf.example.org' } }, image)).toBe('fail');
  });
});

describe('a certificate in the policy', () => {
  const certificateOf = (key: SigningKey) => {
    const { issuer, now } = scene.instance;
    const fields = leafFields(issuer, {
      spki: key.spki,
      san: { type: 'uri', value: 'https://example.org/x' },
      fulcio: { issuer: 'https://example.org' },
      notBefore: now,
    });
    return certificatePem(issueLeaf(fields, issuer));
  };
  const key = newKey();
  test.each<[string, () => JsonObject, string]>([
    ['that signed it', () => ({ cert: { value: certificateOf(key) } }), 'pass'],
    ['that signed it, in base64 once more', () => ({ cert: { value: Buffer.from(certificateOf(key)).toString('base64') } }), 'pass'],
    ['by expression', () => ({ cert: { expression: JSON.stringify(certificateOf(key)) } }), 'pass'],
    ['that is another', () => ({ cert: { value: certificateOf(newKey()) } }), 'fail'],
  ])('%s', async (_, certificate, status) => {
    const image = scene.image();
    image.sign({ key, log: 'none', timestamp: false });
    expect(await statusOf({ certificate: certificate(), ctlog: { insecureIgnoreTlog: true } }, image)).toBe(status);
  });
});

test('evidence lies where the attestor says', async () => {
  const image = scene.image();
  image.sign({ format: 'older', repository: 'elsewhere', tagPrefix: 'p-' });
  const repository = `${image.name.slice(0, image.name.indexOf('/'))}/elsewhere`;
  expect(await statusOf({ keyless: KEYLESS, source: { repository, tagPrefix: 'p-' } }, image)).toBe('pass');
  expect(await statusOf({ keyless: KEYLESS, source: { repository } }, image)).toBe('fail');
  expect(await statusOf({ keyless: KEYLESS }, image)).toBe('fail');
});

test('annotations must have been signed', async () => {
  const image = scene.image();
  image.sign({ format: 'older', annotations: { env: 'prod' } });
  expect(await statusOf({ keyless: KEYLESS, annotations: { env: 'prod' } }, image)).toBe('pass');
  expect(await statusOf({ keyless: KEYLESS, annotations: { env: 'test' } }, image)).toBe('fail');
});

test('a Notary attestor is an error whatever is made of the count', async () => {
  const image = scene.image();
  const spec = {
    attestors: [{ name: 'a', notary: {} }],
    validations: [{ expression: 'images.containers.all(i, verifyImageSignatures(i, [attestors.a]) == 0)' }],
  };
  expect(await asked({ spec, images: [image] })).toMatchObject([
    { status: 'error', rule: 'evaluation', message: 'failed to evaluate policy: attestor a: Notary signatures are not verified here' },
  ]);
});

describe('attestations', () => {
  const spec = (over: JsonObject = {}) => ({
    attestations: [{ name: 'sbom', intoto: { type: SBOM } }],
    validations: [
      { expression: 'images.containers.all(i, verifyAttestationSignatures(i, attestations.sbom, [attestors.a]) > 0)', message: 'no sbom' },
      { expression: 'images.containers.all(i, extractPayload(i, attestations.sbom).predicate.ok)', message: 'not ok' },
    ],
    ...over,
  });

  test.each<[string, (image: SceneImage) => void, string, string]>([
    ['are verified, and read', (image) => image.attest(SBOM, { ok: true }), 'pass', 'success'],
    ['are read as they were signed', (image) => image.attest(SBOM, { ok: false }), 'fail', 'not ok'],
    ['of another type are none', (image) => image.attest('https://example.org/x', { ok: true }), 'fail', 'no sbom'],
    ['by others are none', (image) => image.attest(SBOM, { ok: true }, { oidcIssuer: 'https://example.org' }), 'fail', 'no sbom'],
    ['that are not there are none', () => undefined, 'fail', 'no sbom'],
    ['are no signatures', (image) => image.sign(), 'fail', 'no sbom'],
  ])('%s', async (_, prepare, status, message) => {
    const image = scene.image();
    prepare(image);
    expect(await asked({ spec: spec(), images: [image] })).toMatchObject([{ status, message }]);
  });

  test.each<[string, JsonObject, string]>([
    [
      'before it was verified',
      { validations: [{ expression: 'images.containers.all(i, extractPayload(i, attestations.sbom).predicate.ok)' }] },
      'failed to get payload: intoto attestation payload cannot be fetch before verifying intoto attestation',
    ],
    [
      'that no policy has',
      { validations: [{ expression: 'images.containers.all(i, verifyAttestationSignatures(i, "x", [attestors.a]) > 0)' }] },
      'attestation not found in policy: x',
    ],
    ['of a kind that nobody signs', { attestations: [{ name: 'sbom', referrer: { type: 'a/b' } }] }, 'cosign attestors only sign in-toto attestations'],
    [
      'that attestors of another form are to have signed',
      { validations: [{ expression: 'images.containers.all(i, verifyAttestationSignatures(i, "sbom", ["a"]) > 0)' }] },
      'attestors are named as attestors.NAME',
    ],
  ])('one %s is an error', async (_, over, message) => {
    const image = scene.image();
    image.attest(SBOM, { ok: true });
    expect(await asked({ spec: spec(over), images: [image] })).toMatchObject([{ status: 'error', message: `failed to evaluate policy: ${message}` }]);
  });
});

describe('in order', () => {
  test('conditions come first: where they do not hold the policy says nothing', async () => {
    const matchConditions = [{ name: 'c', expression: 'object.metadata.labels.app == "y"' }];
    expect(await asked({ spec: { matchConditions }, images: ['not an image'] })).toEqual([]);
  });

  test.each([
    ['Fail', [{ status: 'error', message: 'failed to evaluate policy: no such key: nothing' }]],
    ['Ignore', []],
  ])('a condition that cannot be evaluated, with %s', async (failurePolicy, results) => {
    expect(await asked({ spec: { failurePolicy, matchConditions: [{ name: 'c', expression: 'object.nothing' }] } })).toMatchObject(results);
  });

  test('a condition that is false decides before one that fails', async () => {
    const matchConditions = [
      { name: 'a', expression: 'object.nothing == 1' },
      { name: 'b', expression: 'false' },
    ];
    expect(await asked({ spec: { matchConditions } })).toEqual([]);
  });

  const about = { policyRefs: [{ name: 'p', kind: 'ImageValidatingPolicy' }] };
  test.each<[string, JsonObject, string]>([
    ['exempts', about, 'skip'],
    ['exempts by its condition', { ...about, matchConditions: [{ name: 'c', expression: 'object.metadata.name == "pod"' }] }, 'skip'],
    ['until it ends', { ...about, expiresAt: '2999-01-01T00:00:00Z' }, 'skip'],
    ['that has ended does not', { ...about, expiresAt: '2001-01-01T00:00:00Z' }, 'fail'],
    ['whose condition does not hold does not', { ...about, matchConditions: [{ name: 'c', expression: 'false' }] }, 'fail'],
    ['for some images alone does not', { ...about, images: ['*'] }, 'fail'],
    ['for some values alone does not', { ...about, allowedValues: ['x'] }, 'fail'],
    ['for another policy does not', { policyRefs: [{ name: 'q', kind: 'ImageValidatingPolicy' }] }, 'fail'],
    ['for another kind of policy does not', { policyRefs: [{ name: 'p', kind: 'ValidatingPolicy' }] }, 'fail'],
  ])('an exception %s', async (_, exception, status) => {
    expect(await asked({ images: [scene.image()], exceptions: [exception] })).toMatchObject([
      { status, message: status === 'skip' ? 'rule is skipped due to policy exception: n/e' : 'not signed' },
    ]);
  });

  test('digests are asked for before signatures', async () => {
    const image = scene.image();
    image.sign();
    const text = `${image.name}:1`;
    expect(await asked({ images: [text] })).toMatchObject([{ status: 'fail', message: `image ${text} does not have a digest` }]);
    expect(await asked({ images: [text], spec: { validationConfigurations: { verifyDigest: false } } })).toMatchObject([{ status: 'pass' }]);
  });

  test('an image that is not there is an error, also where nobody would look at it', async () => {
    const image = scene.image();
    const missing = `${image.name}@sha256:${'0'.repeat(64)}`;
    const given = { spec: { validations: [{ expression: 'true' }], validationConfigurations: { required: false } }, images: [image, `${image.name}:none`] };
    expect(await asked({ ...given, spec: { ...given.spec, validationConfigurations: { required: false, verifyDigest: false } } })).toMatchObject([
      { status: 'error', rule: 'evaluation' },
    ]);
    expect(await asked({ images: [missing] })).toMatchObject([{ status: 'fail' }]);
  });

  test.each<[string, JsonObject, string]>([
    ['by message', { expression: 'false', message: 'm' }, 'm'],
    ['by expression', { expression: 'false', message: 'm', messageExpression: '"e" + object.metadata.name' }, 'epod'],
    [
      'by an expression that fails',
      { expression: 'false', message: 'm', messageExpression: 'string(object.nothing)' },
      'failed to evaluate message expression: no such key: nothing',
    ],
    ['by number', { expression: 'false' }, 'CEL expression validation failed at index 1'],
  ])('the first validation that does not hold is told %s', async (_, validation, message) => {
    const validations = [{ expression: 'true' }, validation, { expression: 'object.nothing', message: 'later' }] as JsonObject[];
    expect(await asked({ spec: { validations } })).toMatchObject([{ status: 'fail', message }]);
  });

  test('annotations for the audit are told with either verdict', async () => {
    const auditAnnotations = [
      { key: 'app', valueExpression: 'object.metadata.labels.app' },
      { key: 'none', valueExpression: 'null' },
    ];
    for (const ok of [true, false]) {
      const [result] = await asked({ spec: { auditAnnotations, validations: [{ expression: String(ok) }] } });
      expect(result).toMatchObject({ status: ok ? 'pass' : 'fail', auditAnnotations: { app: 'x' } });
      expect(result?.auditAnnotations).not.toHaveProperty('none');
    }
  });
});

describe('variables', () => {
  test('are evaluated when somebody looks, and one that fails fails nobody else', async () => {
    let calls = 0;
    const spec = {
      variables: [
        { name: 'broken', expression: 'object.nothing' },
        { name: 'unused', expression: 'resource.get("v1", "pods", "n", "x")' },
        { name: 'one', expression: 'globalContext.get("a", "b")' },
        { name: 'two', expression: 'variables.one + 1' },
      ],
      validations: [{ expression: 'variables.two == 3 && variables.one == 2 && (variables.broken == 1 || true)' }],
    };
    const globalContext = async () => {
      calls++;
      return 2;
    };
    expect(await asked({ spec, world: { globalContext } })).toMatchObject([{ status: 'pass' }]);
    expect(calls).toBe(1);
    expect(await asked({ spec: { ...spec, validations: [{ expression: 'variables.broken == 1' }] } })).toMatchObject([
      { status: 'error', message: 'failed to evaluate policy: no such key: nothing' },
    ]);
  });

  test.each<[string, string]>([
    ['resource.get("apps/v1", "deployments", "n", "x")', '/apis/apps/v1/namespaces/n/deployments/x'],
    ['resource.Get("v1", "nodes", "x")', '/api/v1/nodes/x'],
    ['resource.list("v1", "pods", "n", {"a": "b"})', '/api/v1/namespaces/n/pods?labelSelector=a%3Db'],
    ['resource.List("v1", "pods", "")', '/api/v1/pods'],
  ])('%s asks for %s', async (expression, urlPath) => {
    const asks: Json[] = [];
    const apiCall = async (call: JsonObject) => {
      asks.push(call);
      return {};
    };
    await asked({ spec: { variables: [{ name: 'v', expression }], validations: [{ expression: 'variables.v != null' }] }, world: { apiCall } });
    expect(asks).toEqual([{ urlPath, method: 'GET' }]);
  });

  test('names cannot lead a lookup elsewhere', async () => {
    const spec = { validations: [{ expression: 'resource.get("v1", "pods", "n", "../../secrets/x") != null' }] };
    expect(await asked({ spec, world: { apiCall: async () => ({}) } })).toMatchObject([{ status: 'error' }]);
  });
});

describe('of several policies', () => {
  const required = { validations: [{ expression: 'true' }] };
  async function together(givens: readonly Given[], images: readonly SceneImage[]) {
    const policies = givens.map((given, i) => policyWith({ name: `p${i}`, ...given }));
    const review = reviewOf({ images });
    const results = [];
    for (const policy of policies) results.push(...(await policy.validate(review)));
    for (const policy of policies) results.push(...(await policy.conclude(review)));
    return results;
  }

  test('any may have verified what one requires, also one that comes later', async () => {
    const image = scene.image();
    image.sign();
    expect(await together([{ spec: required }, {}], [image])).toMatchObject([
      { policy: 'p0', status: 'pass' },
      { policy: 'p1', status: 'pass' },
    ]);
  });

  test('what nobody verified fails, and what somebody refused fails in other words', async () => {
    const image = scene.image();
    expect(await together([{ spec: required }], [image])).toMatchObject([
      { status: 'fail', message: `image ${image.reference} is not verified: no policy performed a signature or attestation check on it` },
    ]);
    const tolerant = { spec: { validations: [{ expression: `${SIGNED} || true` }] } };
    expect(await together([tolerant], [image])).toMatchObject([
      { status: 'fail', message: `image ${image.reference} failed signature or attestation verification` },
    ]);
  });

  test('requests do not see the evidence of others', async () => {
    const image = scene.image();
    image.sign();
    await together([{}], [image]);
    expect(await together([{ spec: required }], [image])).toMatchObject([{ status: 'fail' }]);
  });
});

describe('images', () => {
  test('that the policy does not cover count for nothing, and nobody looks at them', async () => {
    const image = scene.image();
    image.sign();
    const spec = {
      matchImageReferences: [{ glob: 'ghcr.io/*' }],
      validations: [{ expression: 'images.containers.size() == 0 && verifyImageSignatures(object.spec.containers[0].image, [attestors.a]) == 0' }],
    };
    expect(await asked({ spec, images: [image] })).toMatchObject([{ status: 'pass' }]);
  });

  test('are covered by expression', async () => {
    const spec = {
      matchImageReferences: [{ expression: 'parseImageReference(ref).repository().startsWith("app-")' }],
      validations: [{ expression: 'images.containers.size() == 1' }],
    };
    const image = scene.image();
    expect(await asked({ spec: { ...spec, validationConfigurations: { required: false } }, images: [image] })).toMatchObject([{ status: 'pass' }]);
  });

  test('are found by expressions of the policy, too', async () => {
    const image = scene.image();
    image.sign();
    const images = [{ name: 'more', expression: '["a", "b"].filter(x, x == "c") + object.spec.containers.map(c, c.image)' }];
    const validations = [{ expression: 'images.more.map(i, verifyImageSignatures(i, [attestors.a])) == [1] && images.initContainers.size() == 0' }];
    expect(await asked({ spec: { images, validations }, images: [image] })).toMatchObject([{ status: 'pass' }]);
  });

  test('are counted by how many have signed', async () => {
    const image = scene.image();
    const key = newKey();
    image.sign();
    image.sign({ key });
    const attestors = [
      { name: 'a', cosign: { keyless: KEYLESS } },
      { name: 'b', cosign: { key: { data: key.publicPem } } },
      { name: 'c', cosign: { key: { data: newKey().publicPem } } },
    ];
    const validations = [{ expression: 'images.containers.all(i, verifyImageSignatures(i, [attestors.a, attestors.b, attestors.c]) == 2)' }];
    expect(await asked({ spec: { attestors, validations }, images: [image] })).toMatchObject([{ status: 'pass' }]);
  });

  test('of a registry that does not answer are an error, and no image without signatures', async () => {
    const image = scene.image();
    const spec = {
      attestors: [{ name: 'a', cosign: { keyless: KEYLESS, source: { repository: '127.0.0.1:1/x' } } }],
      validations: [{ expression: 'images.containers.all(i, verifyImageSignatures(i, [attestors.a]) == 0)' }],
    };
    expect(await asked({ spec, images: [image] })).toMatchObject([{ status: 'error' }]);
  });
});

test('a verification that succeeded is kept by digest, and not asked again', async () => {
  const image = scene.image();
  image.sign();
  const kept = new Map<string, { readonly payload?: string }>();
  const world = {
    verifications: { get: (key: string) => kept.get(key), set: (key: string, value: { readonly payload?: string }) => void kept.set(key, value) },
  };
  const document = { metadata: { name: 'p', uid: 'u', resourceVersion: '1' }, apiVersion: 'policies.kyverno.io/v1', kind: 'ImageValidatingPolicy' };
  const spec = { matchConstraints: PODS, attestors: [{ name: 'a', cosign: { keyless: KEYLESS } }], validations: [{ expression: SIGNED }] };
  const policy = imageValidatingRulePolicy(imageValidatingPolicyOf({ ...document, spec }));
  for (const root of [scene.root, undefined]) {
    const subject: ImageValidatingWorld['subject'] = async (text) =>
      scene.subject(text, root === undefined ? { defaultRoot: async () => Promise.reject(new TrustError('TRUST_ROOT_PARSE', 'nobody asks')) } : {});
    const review = reviewOf({ images: [image], world: { ...world, subject } });
    expect([...(await policy.validate(review)), ...(await policy.conclude(review))]).toMatchObject([{ message: 'success', status: 'pass' }]);
  }
  expect([...kept.keys()]).toEqual([`u;1;9:signature|0:|1:a|;${image.reference}`]);
});

describe('what is answered', () => {
  const failing = { validations: [{ expression: 'false', message: 'no' }] };
  test.each<[string[], boolean, string, string[]]>([
    [[], false, 'Policy p failed: no', []],
    [['Deny'], false, 'Policy p failed: no', []],
    [['Audit'], true, '', []],
    [['Warn'], true, '', ['Policy p failed: no']],
    [['Warn', 'Audit'], true, '', ['Policy p failed: no']],
  ])('with actions %j', async (validationActions, allowed, message, warnings) => {
    expect(answerOf(await asked({ spec: { ...failing, validationActions } }))).toEqual({ allowed, message, warnings });
  });

  test('errors deny like failures, whatever the failure policy says, and several are told', async () => {
    const broken = await asked({ spec: { failurePolicy: 'Ignore', validations: [{ expression: 'object.nothing' }] } });
    const results = [...broken, ...(await asked({ spec: failing, name: 'q' }))];
    expect(answerOf(results)).toEqual({
      allowed: false,
      message: 'Policy p error: failed to evaluate policy: no such key: nothing; Policy q failed: no',
      warnings: [],
    });
  });
});

describe('hostile', () => {
  test.each([
    ['an expression that would run for ever', 'lists.range(100000).all(a, lists.range(100000).all(b, lists.range(100000).all(c, true)))'],
    ['the same behind an ||', 'lists.range(100000).all(a, lists.range(100000).all(b, true)) || true'],
    ['many expressions that each are allowed', 'lists.range(100000).all(x, x >= 0) && variables.v == variables.v'],
  ])('%s is an error', async (_, expression) => {
    const validations = Array.from({ length: 60 }, () => ({ expression }));
    const [result] = await asked({ spec: { variables: [{ name: 'v', expression: '1' }], validations } });
    expect(result).toMatchObject({ status: 'error', message: 'failed to evaluate policy: the expression costs more than it may' });
  });

  test('two hundred containers of one image are one image', async () => {
    const image = scene.image();
    image.sign();
    let asks = 0;
    const subjects = new Map<string, ReturnType<Scene['subject']>>();
    const subject: ImageValidatingWorld['subject'] = async (text) => {
      asks++;
      const known = subjects.get(text) ?? scene.subject(text);
      subjects.set(text, known);
      return known;
    };
    expect(await asked({ images: Array(200).fill(image), world: { subject } })).toMatchObject([{ status: 'pass' }]);
    expect(asks).toBeLessThanOrEqual(201);
    expect(subjects.size).toBe(1);
  });

  test.each(['a\nb', '\u202e', '', ' ', 'x'.repeat(5000), '\u0000'])('a name that is none, such as %j, is an error', async (name) => {
    const [result] = await asked({ images: [name] });
    expect(result?.status).toBe('error');
    expect(result?.message).not.toMatch(/\p{C}/u);
  });

  test('containers that are none have no images', async () => {
    const policy = policyWith({ spec: { validations: [{ expression: 'images.containers.size() == 0' }] } });
    for (const containers of [null, 7, {}, [null, 7, { image: 7 }, {}]] as Json[]) {
      const review = { ...reviewOf({}), object: { ...podOf(), spec: { containers } } };
      expect([...(await policy.validate(review)), ...(await policy.conclude(review))]).toMatchObject([{ status: 'pass' }]);
    }
  });

  test('an object without kind is an error, and one that is deleted is judged as it was', async () => {
    const policy = policyWith({
      spec: {
        matchConstraints: { resourceRules: [{ ...PODS.resourceRules[0], operations: ['DELETE'] }] },
        validations: [{ expression: 'oldObject.metadata.name != "pod" && object == null', message: 'no' }],
      },
    });
    expect(await policy.validate({ ...reviewOf({}), object: {} })).toMatchObject([{ status: 'error', rule: 'match' }]);
    expect(await policy.validate({ ...reviewOf({}), operation: 'DELETE', object: undefined, oldObject: podOf() })).toMatchObject([
      { status: 'fail', message: 'no' },
    ]);
  });
});

describe('digests', () => {
  const spec = { validations: [{ expression: 'true' }], validationConfigurations: { required: false } };

  test('are written behind tags, and what cannot be resolved leaves the others theirs', async () => {
    const [one, two] = [scene.image(), scene.image()];
    const policy = policyWith({ spec });
    const images = [`${one.name}:1`, two, `${one.name}:none`];
    const { patches, results } = await policy.mutate(reviewOf({ images }));
    expect(patches).toEqual([{ op: 'replace', path: '/spec/containers/0/image', value: `${one.name}:1@${one.digest}` }]);
    expect(results).toMatchObject([
      { status: 'error', message: expect.stringMatching(`^failed to update digest: failed to resolve digest for image ${one.name}:none: `) },
    ]);
    expect(answerOf(results as ImageValidatingResult[]).allowed).toBe(false);
  });

  test.each<[string, JsonObject]>([
    ['the policy does not want it', { validationConfigurations: { mutateDigest: false } }],
    ['its conditions do not hold', { matchConditions: [{ name: 'c', expression: 'false' }] }],
    ['it does not cover the image', { matchImageReferences: [{ glob: 'ghcr.io/*' }] }],
    ['it is about other objects', { matchConstraints: { resourceRules: [{ ...PODS.resourceRules[0], resources: ['services'] }] } }],
  ])('are not written when %s', async (_, over) => {
    const { patches, results } = await policyWith({ spec: { ...spec, ...over } }).mutate(reviewOf({ images: [`${scene.image().name}:1`] }));
    expect([patches, results]).toEqual([[], []]);
  });
});
