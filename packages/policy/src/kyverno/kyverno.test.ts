/** Rules over real images: who is let in, what is written, and what Kyverno's users read when not (admission.md sections 6.3 to 6.8). */
import type { JsonObject } from '@assay/core';
import { TrustError } from '@assay/core';
import { DEFAULT_IDENTITY } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admit, NO_EVIDENCE, worldOf } from '../../test/kyverno-cluster.ts';
import { newKey, openScene, type Scene, type SceneImage } from '../../test/scene.ts';
import {
  blockingMessage,
  clusterPolicy,
  NO_METADATA,
  parseKyverno,
  type Review,
  type RulePolicyOptions,
  sortDocuments,
  type VerdictCache,
  type World,
  warningsOf,
} from './index.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

const SBOM = 'https://cyclonedx.org/bom';
const REKOR = { url: 'https://rekor.sigstore.dev' };
const KEYLESS = { subject: DEFAULT_IDENTITY.san, issuer: DEFAULT_IDENTITY.issuer, rekor: REKOR };
const keys = (publicKeys: string) => ({ keys: { publicKeys, rekor: { ...REKOR, ignoreTlog: true } } });

function policyOf(block: object, { rule = {}, spec = {}, metadata = {} } = {}) {
  const rules = [
    { name: 'r', match: { any: [{ resources: { kinds: ['Pod'] } }] }, verifyImages: [{ imageReferences: ['*'], failureAction: 'Enforce', ...block }], ...rule },
  ];
  return { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', metadata: { name: 'p', ...metadata }, spec: { rules, ...spec } };
}

function pod(...images: string[]): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'app', namespace: 'team' },
    spec: { containers: images.map((image, i) => ({ name: `c${i}`, image })) },
  };
}

async function reviewed(
  policy: object,
  object: JsonObject,
  more: { readonly review?: Partial<Review>; readonly world?: Partial<World>; readonly options?: RulePolicyOptions } = {},
) {
  const [parsed] = parseKyverno(JSON.stringify(policy)).policies;
  if (parsed === undefined) throw new TypeError('no policy');
  const world = { ...worldOf(scene), ...more.world };
  const review: Review = { operation: 'CREATE', object, namespaceLabels: {}, produced: NO_METADATA, world, ...more.review };
  return admit([clusterPolicy(parsed, more.options)], review);
}

const said = ({ results }: Awaited<ReturnType<typeof reviewed>>) => results.map(({ status, message }) => `${status}: ${message}`);
/** As in a pod: by its tag, and as Kyverno writes it. */
const tagged = ({ name }: SceneImage) => `${name}:1`;

describe('attestors', () => {
  test('a keyless signature is verified, the image pinned, and noted', async () => {
    const image = scene.image();
    image.sign({ format: 'older' });
    const answer = await reviewed(policyOf({ attestors: [{ entries: [{ keyless: KEYLESS }] }] }), pod(tagged(image)));
    expect(said(answer)).toEqual([`pass: verified image signatures for ${tagged(image)}`, 'pass: image verified']);
    expect(answer).toMatchObject({
      allowed: true,
      object: {
        metadata: {
          annotations: {
            'kyverno.io/verify-images': `{"${image.reference}":"pass"}`,
            'kyverno.io/verify-images-scoped': `{"version":1,"policies":{"/p":{"r":{"${image.reference}":"pass"}}}}`,
          },
        },
        spec: { containers: [{ image: `${tagged(image)}@${image.digest}` }] },
      },
    });
  });

  const refusals: readonly [string, (image: SceneImage) => void, () => object, (image: SceneImage) => string][] = [
    ['no signature', () => undefined, () => keys(newKey().publicPem), () => '.attestors[0].entries[0].keys: no signatures found'],
    [
      'another key',
      (image) => image.sign({ format: 'older', key: newKey() }),
      () => keys(newKey().publicPem),
      () => '.attestors[0].entries[0].keys: no matching signatures: invalid signature when validating ASN.1 encoded signature',
    ],
    [
      'another subject',
      (image) => image.sign({ format: 'older' }),
      () => ({ keyless: { ...KEYLESS, subject: 'https://example.org/*' } }),
      () => `.attestors[0].entries[0].keyless: subject mismatch: expected https://example.org/*, received ${DEFAULT_IDENTITY.san}`,
    ],
    [
      'another issuer',
      (image) => image.sign({ format: 'older' }),
      () => ({ keyless: { ...KEYLESS, issuer: 'https://example.org' } }),
      () => `.attestors[0].entries[0].keyless: issuer mismatch: expected https://example.org, received ${DEFAULT_IDENTITY.issuer}`,
    ],
    [
      'another workflow',
      (image) => image.sign({ format: 'older' }),
      () => ({ keyless: { ...KEYLESS, additionalExtensions: { githubWorkflowRepository: 'other/*' } } }),
      () => '.attestors[0].entries[0].keyless: extension mismatch: expected other/* for key githubWorkflowRepository, received ',
    ],
    [
      'other annotations',
      (image) => image.sign({ format: 'older', annotations: { env: 'test' } }),
      () => ({ keyless: KEYLESS, annotations: { env: 'prod' } }),
      () => '.attestors[0].entries[0].keyless: no signature matched the required annotations',
    ],
    [
      'a key that is none',
      (image) => image.sign({ format: 'older' }),
      () => keys('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'),
      () => '.attestors[0].entries[0].keys: failed to load public key from PEM: pem to public key: ',
    ],
    [
      'a nested set, each of its entries',
      () => undefined,
      () => ({ attestor: { entries: [keys(newKey().publicPem), { keyless: KEYLESS }] } }),
      () => '.attestors[0].entries[0].attestor.entries[0].keys: no signatures found; .attestors[0].entries[0].attestor.entries[1].keyless: no signatures found',
    ],
  ];
  test.each(refusals)('%s: says which entry, and why', async (_, sign, entry, cause) => {
    const image = scene.image();
    sign(image);
    const answer = await reviewed(policyOf({ attestors: [{ entries: [entry()] }] }), pod(tagged(image)));
    expect(answer.allowed).toBe(false);
    const [first = ''] = said(answer);
    expect(first.slice(0, `fail: failed to verify image ${tagged(image)}: ${cause(image)}`.length)).toBe(
      `fail: failed to verify image ${tagged(image)}: ${cause(image)}`,
    );
    expect(blockingMessage(answer.results.slice(0, 1), pod(tagged(image)))).toBe(
      `\n\nresource Pod/team/app was blocked due to the following policies \n\np:\n  r: '${first.slice('fail: '.length).replaceAll("'", "''")}'\n`,
    );
  });

  test('all sets must hold, of a set as many as it counts, and several keys in one text are several entries', async () => {
    const [a, b, c] = [newKey(), newKey(), newKey()];
    const image = scene.image();
    for (const key of [a, b]) image.sign({ format: 'older', key });
    const all = [a, b, c].map(({ publicPem }) => publicPem.trim()).join('\n');
    const allowed = async (attestors: object[]) => (await reviewed(policyOf({ attestors }), pod(tagged(image)))).allowed;
    expect(await allowed([{ count: 2, entries: [keys(a.publicPem), keys(b.publicPem), keys(c.publicPem)] }])).toBe(true);
    expect(await allowed([{ count: 3, entries: [keys(a.publicPem), keys(b.publicPem), keys(c.publicPem)] }])).toBe(false);
    expect(await allowed([{ entries: [keys(a.publicPem)] }, { entries: [keys(b.publicPem)] }])).toBe(true);
    expect(await allowed([{ entries: [keys(a.publicPem)] }, { entries: [keys(c.publicPem)] }])).toBe(false);
    expect(await allowed([{ entries: [keys(all)] }])).toBe(false);
    expect(await allowed([{ count: 1, entries: [keys(all)] }])).toBe(true);
  });

  test('bundles, where the rule is about them, of whatever type; older signatures do not count then, nor bundles elsewhere', async () => {
    const [bundle, attested, older] = [scene.image(), scene.image(), scene.image()];
    bundle.sign();
    attested.attest(SBOM, {});
    older.sign({ format: 'older' });
    const attestors = [{ entries: [{ keyless: KEYLESS }] }];
    const allowed = async (block: object, image: SceneImage) => (await reviewed(policyOf({ attestors, ...block }), pod(tagged(image)))).allowed;
    for (const image of [bundle, attested]) expect(await allowed({ type: 'SigstoreBundle' }, image)).toBe(true);
    expect(await allowed({ type: 'SigstoreBundle' }, older)).toBe(false);
    expect(await allowed({}, bundle)).toBe(false);
    expect(await allowed({}, older)).toBe(true);
    const refused = await reviewed(policyOf({ type: 'SigstoreBundle', attestors }), pod(tagged(older)));
    expect(said(refused)[0]).toContain('.keyless: sigstore bundle verification failed: no matching signatures found');
  });

  test('a key of a secret; a secret that is not there refuses', async () => {
    const key = newKey();
    const image = scene.image();
    image.sign({ format: 'older', key });
    const policy = policyOf({ attestors: [{ entries: [{ keys: { secret: { name: 's', namespace: 'n' }, rekor: { ...REKOR, ignoreTlog: true } } }] }] });
    const secret = async () => ({ 'cosign.pub': Buffer.from(key.publicPem) });
    expect((await reviewed(policy, pod(tagged(image)), { world: { secret } })).allowed).toBe(true);
    const missing = await reviewed(policy, pod(tagged(image)));
    expect(missing.allowed).toBe(false);
    expect(said(missing)[0]).toContain('.keys: failed to get secret n/s');
  });

  test('Notary is refused in plain words', async () => {
    const image = scene.image();
    image.sign({ format: 'older' });
    const answer = await reviewed(policyOf({ type: 'Notary', attestors: [{ entries: [{ certificates: { cert: 'x' } }] }] }), pod(tagged(image)));
    expect(said(answer)[0]).toContain('.certificates: verification of type Notary is not supported');
  });

  test('a registry that does not answer is an error, and refuses unless errors are ignored', async () => {
    const image = scene.image();
    const unreachable: World['subject'] = async (text) => ({
      ...scene.subject(text),
      digest: async () => {
        throw new TrustError('NET_UNREACHABLE', 'connection refused');
      },
    });
    const block = { attestors: [{ entries: [{ keyless: KEYLESS }] }], required: false, verifyDigest: false, mutateDigest: false };
    const answer = await reviewed(policyOf(block), pod(tagged(image)), { world: { subject: unreachable } });
    expect(said(answer)).toEqual([`error: failed to verify image ${tagged(image)}: connection refused`]);
    expect(answer.allowed).toBe(false);
    expect((await reviewed(policyOf(block, { spec: { failurePolicy: 'Ignore' } }), pod(tagged(image)), { world: { subject: unreachable } })).allowed).toBe(
      true,
    );
  });
});

describe('attestations', () => {
  const conditions = (key: string, value: unknown, operator = 'Equals') => [{ all: [{ key, operator, value, message: 'as it must be' }] }];
  const block = (over: object = {}) => ({
    attestations: [{ type: SBOM, attestors: [{ entries: [{ keyless: { ...KEYLESS, ctlog: { ignoreSCT: true } } }] }], ...over }],
  });
  const attest = (...predicates: JsonObject[]) => {
    const image = scene.image();
    for (const predicate of predicates) image.attest(SBOM, predicate, { format: 'older' });
    return image;
  };

  test('every statement of the type must meet the conditions', async () => {
    const good = attest({ name: 'a' }, { name: 'a' });
    expect(said(await reviewed(policyOf(block({ conditions: conditions('{{ name }}', 'a') })), pod(tagged(good))))[0]).toBe(
      `pass: verified image attestations for ${tagged(good)}`,
    );
    const bad = attest({ name: 'a' }, { name: 'b' });
    expect(said(await reviewed(policyOf(block({ conditions: conditions('{{ name }}', 'a') })), pod(tagged(bad))))[0]).toBe(
      `fail: image attestations verification failed, verifiedCount: 0, requiredCount: 1, error: .attestations[0].attestors[0].entries[0].keyless: attestation checks failed for ${tagged(bad)} and predicate ${SBOM}: as it must be`,
    );
  });

  test('of another type do not count; a type must be named; names that lead nowhere refuse', async () => {
    const image = attest({ name: 'a' });
    const first = async (over: object) => said(await reviewed(policyOf(block(over)), pod(tagged(image))))[0];
    expect(await first({ type: 'https://spdx.dev/Document' })).toContain(
      '.attestations[0].attestors[0].entries[0].keyless: attestions not found for predicate type https://spdx.dev/Document',
    );
    expect(await first({ type: '' })).toBe('fail: .attestations[0]: missing type');
    expect(await first({ conditions: conditions('{{ nothing.like.it }}', 'a') })).toContain(
      'failed to check attestations: failed to substitute variables in attestation conditions: failed to resolve nothing.like.it at path /0/all/0/key: JMESPath query failed: Unknown key "nothing" in path',
    );
  });

  test('a condition that holds does not hide one that cannot be evaluated', async () => {
    const image = attest({ name: 'a' });
    const any = [
      {
        any: [
          { key: '{{ name }}', operator: 'Equals', value: 'a' },
          { key: '{{ missing }}', operator: 'Equals', value: 'a' },
        ],
      },
    ];
    expect((await reviewed(policyOf(block({ conditions: any })), pod(tagged(image)))).allowed).toBe(false);
  });

  test('without attestors must be signed by anybody, and by a key is nobody', async () => {
    const bare = { attestations: [{ type: SBOM, conditions: conditions('{{ name }}', 'a') }] };
    expect((await reviewed(policyOf(bare), pod(tagged(attest({ name: 'a' }))))).allowed).toBe(true);
    const image = scene.image();
    image.attest(SBOM, { name: 'a' }, { format: 'older', key: newKey() });
    expect((await reviewed(policyOf(bare), pod(tagged(image)))).allowed).toBe(false);
  });

  test('with the key of old must be by that key', async () => {
    const key = newKey();
    const [mine, other] = [scene.image(), scene.image()];
    mine.attest(SBOM, {}, { format: 'older', key });
    other.attest(SBOM, {}, { format: 'older' });
    const policy = policyOf({ key: key.publicPem, attestations: [{ type: SBOM }] });
    expect((await reviewed(policy, pod(tagged(mine)))).allowed).toBe(true);
    expect((await reviewed(policy, pod(tagged(other)))).allowed).toBe(false);
  });

  test('by a nested set are by that set, not by anybody', async () => {
    const image = attest({ name: 'a' });
    const nested = (subject: string) => block({ attestors: [{ entries: [{ attestor: { entries: [{ keyless: { ...KEYLESS, subject } }] } }] }] });
    expect((await reviewed(policyOf(nested('*')), pod(tagged(image)))).allowed).toBe(true);
    expect((await reviewed(policyOf(nested('https://example.org/*')), pod(tagged(image)))).allowed).toBe(false);
  });

  test('that are named are variables of what is denied', async () => {
    const image = scene.image();
    image.attest(SBOM, { at: '2024-01-02T00:00:00Z' }, { format: 'older' });
    image.attest('https://example.org/scan', { at: '2024-01-01T00:00:00Z' }, { format: 'older' });
    const attestors = [{ entries: [{ keyless: KEYLESS }] }];
    const policy = (value: boolean) =>
      policyOf({
        attestations: [
          { name: 'sbom', type: SBOM, attestors },
          { name: 'scan', type: 'https://example.org/scan', attestors },
        ],
        validate: {
          message: 'scan again',
          deny: { conditions: { any: [{ key: "{{ time_after('{{ sbom.at }}', '{{ scan.at }}') }}", operator: 'Equals', value, message: 'too old' }] } },
        },
      });
    expect(said(await reviewed(policy(true), pod(tagged(image))))[0]).toBe('fail: validation in verifyImages failed: scan again; too old');
    expect(said(await reviewed(policy(false), pod(tagged(image))))[0]).toBe('pass: verifyImages validation is passed in r rule');
  });
});

describe('the validating half', () => {
  test('wants a digest, and evidence of this request', async () => {
    const image = scene.image();
    const off = { mutateDigest: false, required: false };
    expect(said(await reviewed(policyOf(off), pod(tagged(image))))).toEqual([`fail: missing digest for ${tagged(image)}`]);
    expect(said(await reviewed(policyOf(off), pod(image.reference)))).toEqual(['pass: image verified']);
    expect(said(await reviewed(policyOf({ mutateDigest: false, verifyDigest: false }), pod(tagged(image))))).toEqual([
      `fail: unverified image ${tagged(image)}`,
    ]);
  });

  test('annotations that somebody wrote count for nothing, and are taken away', async () => {
    const image = scene.image();
    const annotations = {
      'kyverno.io/verify-images': `{"${tagged(image)}":"pass"}`,
      'kyverno.io/verify-images-scoped': `{"version":1,"policies":{"/p":{"r":{"${tagged(image)}":"pass","${image.reference}":"pass"}}}}`,
    };
    const forged = { ...pod(tagged(image)), metadata: { name: 'app', namespace: 'team', annotations } };
    const answer = await reviewed(policyOf({ mutateDigest: false, verifyDigest: false }), forged);
    expect(said(answer)).toEqual([`fail: unverified image ${tagged(image)}`]);
    expect(answer.object).toMatchObject({ metadata: { annotations: {} } });
    expect(JSON.stringify(answer.object)).not.toContain('verify-images');
  });

  test('what the object was noted for before stays, as long as the image does', async () => {
    const [image, other] = [scene.image(), scene.image()];
    image.sign({ format: 'older' });
    const policy = policyOf({ attestors: [{ entries: [{ keyless: KEYLESS }] }] });
    const { object: oldObject } = await reviewed(policy, pod(tagged(image)));
    const evidence = { world: worldOf(scene, new Map(), { evidence: NO_EVIDENCE }) };
    const kept = await reviewed(policy, oldObject, { ...evidence, review: { operation: 'UPDATE', oldObject } });
    expect(said(kept)).toEqual(['pass: image verified']);
    expect(kept.allowed).toBe(true);
    const changed = { ...oldObject, spec: { containers: [{ name: 'c0', image: tagged(other) }] } };
    expect((await reviewed(policy, changed, { ...evidence, review: { operation: 'UPDATE', oldObject } })).allowed).toBe(false);
    // Under another policy nothing was noted.
    const renamed = policyOf({ attestors: [{ entries: [{ keyless: KEYLESS }] }] }, { metadata: { name: 'q' } });
    expect((await reviewed(renamed, oldObject, { ...evidence, review: { operation: 'UPDATE', oldObject } })).allowed).toBe(false);
  });

  test('says nothing of what is deleted', async () => {
    const image = scene.image();
    const review = { operation: 'DELETE', object: undefined, oldObject: pod(tagged(image)) } as const;
    expect(said(await reviewed(policyOf({}), pod(tagged(image)), { review }))).toEqual([]);
  });
});

describe('rules', () => {
  const unsigned = { attestors: [{ entries: [{ keyless: KEYLESS }] }] };

  test('leave out images that they are to skip, and say so', async () => {
    const image = scene.image();
    const answer = await reviewed(policyOf({ ...unsigned, skipImageReferences: [`${image.name}*`] }), pod(tagged(image)));
    expect(answer.allowed).toBe(true);
    expect(warningsOf(answer.results)).toEqual([`policy p.r: skipping image reference image ${tagged(image)}, policy p ruleName r`]);
    expect(said(answer)[1]).toBe(`skip: image skipped, skipped images: ${image.reference}`);
  });

  test('one block that skips an image hides nothing from another', async () => {
    const image = scene.image();
    const blocks = [
      { imageReferences: ['*'], ...unsigned, failureAction: 'Audit', mutateDigest: false, verifyDigest: false },
      { imageReferences: ['*'], ...unsigned, skipImageReferences: ['*'], mutateDigest: false, verifyDigest: false },
    ];
    const answer = await reviewed(policyOf({}, { rule: { verifyImages: blocks } }), pod(tagged(image)));
    expect(said(answer).at(-1)).toBe(`fail: unverified image ${tagged(image)}`);
  });

  test('are made for what makes pods, unless the annotation says no', async () => {
    const image = scene.image();
    const template = { spec: { containers: [{ name: 'c', image: tagged(image) }] } };
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', namespace: 'team' }, spec: { template } };
    const cron = { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'd' }, spec: { jobTemplate: { spec: { template } } } };
    const rules = async (object: JsonObject, metadata = {}) => [
      ...new Set((await reviewed(policyOf(unsigned, { metadata }), object)).results.map(({ rule }) => rule)),
    ];
    expect(await rules(deployment)).toEqual(['autogen-r']);
    expect(await rules(cron)).toEqual(['autogen-cronjob-r']);
    expect(await rules(deployment, { annotations: { 'pod-policies.kyverno.io/autogen-controllers': 'none' } })).toEqual([]);
    expect(await rules(deployment, { annotations: { 'pod-policies.kyverno.io/autogen-controllers': 'StatefulSet' } })).toEqual([]);
  });

  const variables: readonly [string, object, string][] = [
    [
      'a precondition that does not hold skips',
      { preconditions: { all: [{ key: '{{ request.operation }}', operator: 'Equals', value: 'UPDATE' }] } },
      'skip: preconditions not met',
    ],
    [
      'one that cannot be evaluated errs',
      { preconditions: { all: [{ key: '{{ request.nothing }}', operator: 'Equals', value: '' }] } },
      'error: failed to evaluate preconditions',
    ],
    [
      'a context entry that is not there errs',
      {
        context: [{ name: 'cm', configMap: { name: 'x', namespace: 'y' } }],
        preconditions: { all: [{ key: '{{ cm.data.a }}', operator: 'Equals', value: '' }] },
      },
      'error: failed to evaluate preconditions: failed to substitute variables in condition key: failed to resolve cm.data.a at path : failed to get configmap y/x',
    ],
    [
      'a kind of context entry that is not supported errs',
      { context: [{ name: 'g', globalReference: {} }], preconditions: { all: [{ key: '{{ g }}', operator: 'Equals', value: '' }] } },
      'error: failed to evaluate preconditions',
    ],
    [
      'an extractor that leads to no object errs',
      { imageExtractors: { Pod: [{ path: '/spec/containers/0/image/x' }] } },
      'error: failed to instantiate handler: failed to extract images: invalid image config',
    ],
    ['preconditions in CEL err', { celPreconditions: [{ name: 'x', expression: 'true' }] }, 'error: celPreconditions are not supported'],
  ];
  test.each(variables)('%s', async (_, rule, expected) => {
    const image = scene.image();
    const [first = ''] = said(await reviewed(policyOf(unsigned, { rule }), pod(tagged(image))));
    expect(first.slice(0, expected.length)).toBe(expected);
  });

  test('a policy that is not valid refuses what it is about, and nothing else', async () => {
    const policy = policyOf({ attestors: [{ entries: [] }] });
    const image = scene.image();
    expect((await reviewed(policy, pod(tagged(image)))).allowed).toBe(false);
    expect((await reviewed(policy, { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' } })).allowed).toBe(true);
  });

  test('exceptions exempt, unless their conditions cannot be evaluated', async () => {
    const image = scene.image();
    const exception = (conditions?: object) =>
      sortDocuments([
        {
          apiVersion: 'kyverno.io/v2',
          kind: 'PolicyException',
          metadata: { name: 'e', namespace: 'n' },
          spec: {
            match: { any: [{ resources: { kinds: ['Pod'], names: ['app*'] } }] },
            exceptions: [{ policyName: 'p', ruleNames: ['r'] }],
            ...(conditions && { conditions }),
          },
        } as JsonObject,
      ]).exceptions;
    const answer = async (conditions?: object) => reviewed(policyOf(unsigned), pod(tagged(image)), { options: { exceptions: exception(conditions) } });
    expect(said(await answer())[0]).toBe('skip: rule is skipped due to policy exceptionsn/e');
    expect((await answer()).allowed).toBe(true);
    expect((await answer({ any: [{ key: '{{ nothing }}', operator: 'Equals', value: '' }] })).allowed).toBe(false);
  });

  test('passes are remembered with the digest that was verified', async () => {
    const image = scene.image();
    image.sign({ format: 'older' });
    const kept = new Map<string, string>();
    const cache: VerdictCache = {
      async pass(key, verify) {
        const digest = kept.get(key) ?? (await verify());
        if (digest !== undefined) kept.set(key, digest);
        return digest;
      },
    };
    const policy = policyOf(unsigned);
    const world = { ...worldOf(scene), verdicts: cache };
    await reviewed(policy, pod(tagged(image)), { world });
    expect([...kept.values()]).toEqual([image.digest]);
    const again = await reviewed(policy, pod(tagged(image)), { world: { ...worldOf(scene, new Map(), { evidence: NO_EVIDENCE }), verdicts: cache } });
    expect(said(again)).toEqual(['pass: verified from cache', 'pass: image verified']);
    expect(again.object).toMatchObject({ spec: { containers: [{ image: `${tagged(image)}@${image.digest}` }] } });
    // A tag that is not pinned may lead elsewhere.
    const loose = policyOf({ ...unsigned, mutateDigest: false, verifyDigest: false });
    kept.clear();
    await reviewed(loose, pod(tagged(image)), { world });
    expect(kept.size).toBe(0);
  });

  test('audit lets in, and warns where the policy wants that', async () => {
    const image = scene.image();
    const audit = { ...unsigned, failureAction: 'Audit', mutateDigest: false, required: false, verifyDigest: false };
    const answer = await reviewed(policyOf(audit, { spec: { emitWarning: true } }), pod(tagged(image)));
    expect(answer.allowed).toBe(true);
    expect(warningsOf(answer.results)).toEqual([`policy p.r: failed to verify image ${tagged(image)}: .attestors[0].entries[0].keyless: no signatures found`]);
    expect(warningsOf((await reviewed(policyOf(audit), pod(tagged(image)))).results)).toEqual([]);
  });
});
