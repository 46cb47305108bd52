/**
 * The conformance cases of ImageValidatingPolicy, as their `chainsaw-test.yaml` says, against look-alikes: the names of images are those of the cases, and what
 * stands behind them is signed here, with keys of ours in place of Notary certificates. The vectors are in `ASSAY_VECTORS`; without them all skips, visibly.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isTrustError, type Json, type JsonObject, parseJson, TrustError } from '@assay/core';
import { search } from '@jmespath-community/jmespath';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newKey, openScene, type Scene, type SceneImage } from '../../test/scene.ts';
import { parseDocuments } from '../cluster-image-policy/document.ts';
import { resourceOf } from '../cluster-image-policy/match.ts';
import { NO_METADATA } from '../kyverno/metadata.ts';
import type { Operation, Review } from '../kyverno/rule-policy.ts';
import {
  answerOf,
  celExceptionOf,
  generatedSpecs,
  type ImageValidatingResult,
  type ImageValidatingRulePolicy,
  type ImageValidatingWorld,
  imageValidatingPolicyOf,
  imageValidatingRulePolicy,
  isCelException,
  isImageValidatingPolicy,
  refusalText,
  type VerificationCache,
  webhookName,
  webhooksOf,
} from './index.ts';

/** What is not looked at, and why. */
const NOT_REPLAYED: Readonly<Record<string, string>> = {
  'autogen-should-not-autogen/policy-assert.yaml': 'conditions of the status: what rights Kyverno has in a cluster',
  'report-background/policy-assert.yaml': 'conditions of the status: what rights Kyverno has in a cluster',
  'context-globalreference/gctx-assert.yaml': 'a default of the schema of GlobalContextEntry, which the API server fills in',
  'report-admission/events-assert.yaml': 'events are written by the webhook server',
};

const folder = join(
  resolve(fileURLToPath(new URL('../../../..', import.meta.url)), process.env['ASSAY_VECTORS'] ?? '../shared/vectors'),
  'admission',
  'kyverno',
);
const present = existsSync(join(folder, 'ivpol'));
if (!present) console.warn(`tests of admission vectors are skipped: no kyverno/ivpol in ${folder} (set ASSAY_VECTORS)`);

let scene: Scene;
let signedDigest: string;
const images = new Map<string, SceneImage>();
const key = newKey();

beforeAll(async () => {
  scene = await openScene();
  const named = (...names: string[]) => {
    const image = scene.image();
    for (const name of names) images.set(name, image);
    return image;
  };
  const byKey = { key, log: 'none', timestamp: false } as const;
  const signed = named('ghcr.io/kyverno/test-verify-image:signed');
  signed.sign(byKey);
  signed.attest('https://cyclonedx.org/bom', { bomFormat: 'CycloneDX' }, byKey);
  const unsigned = named('ghcr.io/kyverno/test-verify-image:unsigned');
  unsigned.sign({ key: newKey(), log: 'none', timestamp: false });
  signedDigest = named('ghcr.io/kyverno/test-verify-image:signed-keyless').digest;
  named('ghcr.io/kyverno/kyverno', 'public.ecr.aws/docker/library/nginx:latest', 'public.ecr.aws/docker/library/nginx', 'registry.k8s.io/pause:latest');
  named('public.ecr.aws/docker/library/busybox:1.35', 'busybox:1.35');
  const github = {
    identity: { type: 'uri', value: 'https://github.com/kyverno/test-images/.github/workflows/cosign.yml@refs/heads/main' },
    oidcIssuer: 'https://token.actions.githubusercontent.com',
  } as const;
  named('ghcr.io/kyverno/test-images/cosign:github-attestation').attest('https://slsa.dev/provenance/v1', { buildDefinition: { buildType: 'x' } }, github);
});
afterAll(() => scene.close());

/** A document of a case, made to be about our own images and keys. */
function lookAlike(value: Json): Json {
  if (typeof value === 'string') {
    if (value.startsWith('-----BEGIN CERTIFICATE-----')) return key.publicPem;
    return value.replaceAll('attestations.sbom).bomFormat', 'attestations.sbom).predicate.bomFormat').replace(/sha256:445a[0-9a-f]{60}/, signedDigest);
  }
  if (Array.isArray(value)) return value.map(lookAlike);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, lookAlike(member)]));
  const { notary, referrer, ...others } = members as { notary?: { certs: { value?: Json; expression?: Json } }; referrer?: Json };
  if (notary !== undefined) {
    const { value: data, expression } = notary.certs;
    const given = data === undefined ? { expression: expression ?? null } : { data };
    return { ...others, cosign: { key: given, ctlog: { insecureIgnoreTlog: true, insecureIgnoreSCT: true } } };
  }
  return referrer === undefined ? members : { ...others, intoto: { type: 'https://cyclonedx.org/bom' } };
}

function documents(path: string): JsonObject[] {
  return parseDocuments(readFileSync(join(folder, path))).map(lookAlike) as JsonObject[];
}

/** As much of a cluster as the cases look at. */
class Cluster {
  readonly objects: JsonObject[] = [];
  readonly policies = new Map<string, ImageValidatingRulePolicy>();
  readonly results: ImageValidatingResult[] = [];
  cacheHits = 0;
  readonly #kept = new Map<string, { readonly payload?: string }>();
  #versions = 0;

  /** What kubectl would say of a refusal; undefined when there is none. */
  async apply(given: JsonObject, operation: Operation = 'CREATE', subresource = ''): Promise<string | undefined> {
    const object = withDefaults(given, ++this.#versions);
    try {
      if (isImageValidatingPolicy(object)) return void this.#addPolicy(object);
      if (isCelException(object)) celExceptionOf(object);
    } catch (error) {
      if (isTrustError(error)) return error.message;
      throw error;
    }
    const asked = [...this.policies.values()].filter(({ policy }) => policy.spec.evaluation?.admission?.enabled !== false);
    const { answer, results, admitted, refusing } = await this.review(asked, object, operation, subresource);
    this.results.push(...results);
    if (!answer.allowed) return refusalText(refusing, answer.message);
    this.objects.push(admitted);
    return undefined;
  }

  async review(asked: readonly ImageValidatingRulePolicy[], object: JsonObject, operation: Operation = 'CREATE', subresource = '') {
    const of = (current: JsonObject): Review => ({ operation, object: current, subresource, namespaceLabels: {}, produced: NO_METADATA, world: this.world() });
    const pinning = of(object);
    const mutations = await Promise.all(asked.map((policy) => policy.mutate(pinning)));
    const admitted = mutations.flatMap(({ patches }) => patches).reduce((current, { path, value }) => replaced(current, path, value as string), object);
    const review = of(admitted);
    const results = mutations.flatMap(({ results: found }) => found as ImageValidatingResult[]);
    for (const policy of asked) results.push(...(await policy.validate(review)));
    for (const policy of asked) results.push(...(await policy.conclude(review)));
    const refusing = asked.find(({ name }) => results.some(({ policy, status }) => policy === name && (status === 'fail' || status === 'error')));
    return { answer: answerOf(results), results, admitted, refusing: refusing === undefined ? '' : webhookName(refusing.policy, 'validate') };
  }

  #addPolicy(object: JsonObject): void {
    const policy = imageValidatingPolicyOf(object);
    const exceptions = this.objects.filter(isCelException).map(celExceptionOf);
    this.policies.set(policy.name, imageValidatingRulePolicy(policy, exceptions));
    const configs = Object.fromEntries(generatedSpecs(policy.spec).map(({ name, spec }) => [name, { spec: JSON.parse(JSON.stringify(spec)) }]));
    this.objects.push({ ...object, status: { autogen: { configs } } });
  }

  delete(name: string): void {
    this.objects.splice(
      this.objects.findIndex(({ metadata }) => (metadata as JsonObject)['name'] === name),
      1,
    );
  }

  world(): ImageValidatingWorld {
    const verifications: VerificationCache = {
      get: (name) => {
        const found = this.#kept.get(name);
        if (found !== undefined) this.cacheHits++;
        return found;
      },
      set: (name, value) => void this.#kept.set(name, value),
    };
    return {
      now: scene.instance.now,
      async subject(text) {
        const image = imageNamed(text);
        return scene.subject(image.reference);
      },
      imageData: async (text) => ({ image: text, digest: imageNamed(text).digest }),
      configMap: never,
      secret: never,
      kms: never,
      apiCall: async ({ urlPath }) => this.#answer(String(urlPath)),
      globalContext: async (name, projection) => {
        const entry = this.objects.find((one) => one['kind'] === 'GlobalContextEntry' && (one['metadata'] as JsonObject)['name'] === name) ?? {};
        const { apiCall, projections } = entry['spec'] as unknown as {
          apiCall: { urlPath: string };
          projections: { name: string; jmesPath: string }[];
        };
        const found = projections.find((one) => one.name === projection);
        return search(this.#answer(apiCall.urlPath) as never, found?.jmesPath ?? '@') as Json;
      },
      verifications,
    };
  }

  #answer(urlPath: string): Json {
    const [, namespace, resource = '', name] = /^\/apis?\/(?:apps\/)?v1\/(?:namespaces\/([^/]+)\/)?([^/]+)(?:\/([^/]+))?$/.exec(urlPath) ?? [];
    const items = this.objects.filter(({ kind, metadata }) => {
      const there = metadata as JsonObject;
      return (
        resourceOf(String(kind)) === resource && (namespace === undefined || there['namespace'] === namespace) && (name === undefined || there['name'] === name)
      );
    });
    if (name === undefined) return { items };
    const [item] = items;
    if (item === undefined) throw new TrustError('POLICY_UNRESOLVED', `${resource} "${name}" not found`);
    return item;
  }
}

async function never(): Promise<never> {
  throw new TrustError('POLICY_UNRESOLVED', 'no case asks for that');
}

function imageNamed(text: string): SceneImage {
  const found = images.get(text.replace(/@sha256:.*$/, ''));
  if (found === undefined) throw new TrustError('OCI_NOT_FOUND', `no look-alike of ${text}`);
  return found;
}

function withDefaults(object: JsonObject, version: number): JsonObject {
  const metadata = (object['metadata'] ?? {}) as JsonObject;
  const named = ['Pod', 'Deployment', 'StatefulSet', 'CronJob'].includes(String(object['kind'])) ? { namespace: 'default', ...metadata } : metadata;
  return { ...object, metadata: { uid: `uid-${version}`, resourceVersion: String(version), ...named } };
}

function replaced(object: JsonObject, path: string, value: string): JsonObject {
  const copy = structuredClone(object);
  const parts = path.slice(1).split('/');
  const last = parts.pop() ?? '';
  // biome-ignore lint/suspicious/noExplicitAny: a path through any document
  const holder = parts.reduce<any>((at, part) => at[part], copy);
  holder[last] = value;
  return copy;
}

/** A step of a case; what it does not use is of other shapes. */
interface StepAction {
  readonly create?: Applied;
  readonly apply?: Applied;
  readonly assert?: { readonly file: string };
  readonly delete?: { readonly ref: { readonly name: string } };
  readonly sleep?: unknown;
  readonly script?: { readonly content: string; readonly check?: { readonly '(trim_space($stderr))'?: string } };
}

interface Applied {
  readonly file: string;
  readonly expect?: readonly { readonly check: Readonly<Record<string, Json>> }[];
}

interface Step {
  readonly use?: { readonly template: string; readonly with?: { readonly bindings: readonly { readonly name: string; readonly value: string }[] } };
  readonly try?: readonly StepAction[];
}

async function replay(name: string): Promise<Cluster> {
  const cluster = new Cluster();
  const [chainsaw] = parseDocuments(readFileSync(join(folder, 'ivpol', name, 'chainsaw-test.yaml'))) as unknown as [{ spec: { steps: Step[] } }];
  for (const step of chainsaw.spec.steps) {
    const binding = (wanted: string) => step.use?.with?.bindings.find((one) => one.name === wanted)?.value;
    if (step.use?.template.endsWith('create-policy.yaml') === true) await applyFile(cluster, name, { file: binding('file') ?? '' });
    else if (step.use !== undefined) expect(cluster.policies.has(binding('name') ?? '')).toBe(true);
    for (const operation of step.try ?? []) await perform(cluster, name, operation);
  }
  return cluster;
}

async function perform(cluster: Cluster, name: string, operation: StepAction): Promise<void> {
  if (operation.create !== undefined) return applyFile(cluster, name, operation.create);
  if (operation.apply !== undefined) return applyFile(cluster, name, operation.apply);
  if (operation.assert !== undefined) return assertFile(cluster, name, operation.assert.file);
  if (operation.delete !== undefined) return cluster.delete(operation.delete.ref.name);
  if (operation.sleep !== undefined) return;
  if (operation.script !== undefined) return runScript(cluster, name, operation.script);
  throw new TypeError(`a step of ${name} that nobody knows: ${JSON.stringify(operation)}`);
}

async function applyFile(cluster: Cluster, name: string, { file, expect: expected = [] }: Applied): Promise<void> {
  const refusals: string[] = [];
  for (const document of documents(join('ivpol', name, file))) {
    const refusal = await cluster.apply(document);
    if (refusal !== undefined) refusals.push(refusal);
  }
  if (expected.length === 0) return expect(refusals, file).toEqual([]);
  for (const { check } of expected) {
    if (check['($error)'] !== undefined) expect(refusals[0]).toBe(check['($error)']);
    else expect(refusals.length > 0).toBe(check['($error != null)']);
  }
}

/** The two commands that occur: a policy that kubectl is to refuse, and a container that is added to a pod. */
async function runScript(cluster: Cluster, name: string, { content, check }: NonNullable<StepAction['script']>): Promise<void> {
  const file = /^kubectl apply -f (\S+)$/.exec(content.trim())?.[1];
  if (file !== undefined) {
    const [document] = documents(join('ivpol', name, file));
    return expect(await cluster.apply(document ?? {})).toBe(check?.['(trim_space($stderr))']);
  }
  const [, namespace, podName, image] = /^if kubectl -n (\S+) debug (\S+) --image=(\S+)/.exec(content) ?? [];
  expect(image, content).toBeDefined();
  const pod = cluster.objects.find(({ metadata }) => (metadata as JsonObject)['name'] === podName && (metadata as JsonObject)['namespace'] === namespace);
  const spec = { ...(pod?.['spec'] as JsonObject), ephemeralContainers: [{ name: 'debug', image: image ?? '' }] };
  expect(await cluster.apply({ ...pod, spec }, 'UPDATE', 'ephemeralcontainers')).toBe(
    'admission webhook "ivpol.validate.kyverno.svc-fail" denied the request: Policy block-ephemeral-containers failed: Ephemeral (debug) containers are not permitted.',
  );
}

async function assertFile(cluster: Cluster, name: string, file: string): Promise<void> {
  if (Object.hasOwn(NOT_REPLAYED, `${name}/${file}`)) return;
  for (const document of documents(join('ivpol', name, file))) {
    const kind = String(document['kind']);
    if (kind.endsWith('WebhookConfiguration')) assertWebhooks(cluster, kind, document['webhooks'] as unknown as JsonObject[]);
    else if (kind === 'PolicyReport') await assertReport(cluster, document);
    else {
      const there = cluster.objects.filter(
        (one) => one['kind'] === kind && (one['metadata'] as JsonObject)['name'] === (document['metadata'] as JsonObject)['name'],
      );
      const { apiVersion: _, ...wanted } = document;
      expect(there.at(-1), file).toMatchObject(wanted);
    }
  }
}

function assertWebhooks(cluster: Cluster, kind: string, wanted: readonly JsonObject[]): void {
  const policies = [...cluster.policies.values()].map(({ policy }) => policy);
  const ours = webhooksOf(policies, kind.startsWith('Mutating') ? 'mutate' : 'validate');
  expect(ours.map(({ name }) => name).sort()).toEqual(wanted.map(({ name }) => name).sort());
  for (const one of wanted) {
    const { name, failurePolicy, matchPolicy, timeoutSeconds, matchConditions = [], rules, clientConfig } = one;
    const { path } = (clientConfig as unknown as { service: { path: string } }).service;
    expect(ours.find((webhook) => webhook.name === name)).toMatchObject({ path, failurePolicy, matchPolicy, timeoutSeconds, matchConditions, rules });
  }
}

/** What a report says is what the policies said of the object, when it came in or, without that, of what is there. */
async function assertReport(cluster: Cluster, report: JsonObject): Promise<void> {
  const { kind, name } = report['scope'] as { kind: string; name: string };
  const object = cluster.objects.find((one) => one['kind'] === kind && (one['metadata'] as JsonObject)['name'] === name);
  const results = cluster.results.length > 0 ? cluster.results : (await cluster.review([...cluster.policies.values()], object ?? {})).results;
  const shown = results.map(({ policy, message, status, auditAnnotations }) => ({
    policy,
    message,
    result: status,
    scored: true,
    source: 'KyvernoImageValidatingPolicy',
    properties: auditAnnotations,
  }));
  expect(shown).toMatchObject(report['results'] as never);
  const { summary } = report as { summary: JsonObject };
  for (const status of ['pass', 'fail', 'warn', 'error', 'skip']) expect(results.filter((one) => one.status === status)).toHaveLength(Number(summary[status]));
}

describe.skipIf(!present)('the conformance cases', () => {
  const names = present ? readdirSync(join(folder, 'ivpol')).sort() : [];

  test.each(names)('%s', async (name) => {
    const cluster = await replay(name);
    if (name === 'standard-cosign-attestation-extract-cache-hit') expect(cluster.cacheHits).toBe(2);
  });

  test('are all there, and what is not looked at is named', () => {
    expect(names).toHaveLength(26);
    for (const file of Object.keys(NOT_REPLAYED)) expect(existsSync(join(folder, 'ivpol', file)), file).toBe(true);
    console.info(
      `not replayed:\n${Object.entries(NOT_REPLAYED)
        .map(([file, why]) => `  ${file}: ${why}`)
        .join('\n')}`,
    );
  });
});

describe.skipIf(!present)('the cases of the command line', () => {
  const policyOf = (file: string) => imageValidatingRulePolicy(imageValidatingPolicyOf(documents(file)[0] ?? {}));

  /** As `kyverno apply` does: nothing is pinned before. */
  async function applied(file: string, object: JsonObject, payload?: true): Promise<readonly ImageValidatingResult[]> {
    const policy = policyOf(file);
    const world = new Cluster().world();
    const review: Review = { operation: 'CREATE', object, ...(payload && { payload }), namespaceLabels: {}, produced: NO_METADATA, world };
    return [...(await policy.validate(review)), ...(await policy.conclude(review))];
  }

  test.each([
    ['pass', 'pass', 'success'],
    ['fail', 'fail', 'failed to verify image with notary cert'],
  ])('a JSON payload that is to %s', async (file, status, message) => {
    const payload = parseJson(readFileSync(join(folder, `cli/ivpol-check-json/ivpol-payload-${file}.json`))) as JsonObject;
    expect(await applied('cli/ivpol-check-json/ivpol-json.yaml', payload, true)).toMatchObject([{ status, message, rule: 'ivpol-cli-sample' }]);
  });

  test.each([
    ['ivpol-empty-message', 'good', 'pass', 'success'],
    ['ivpol-empty-message', 'bad', 'fail', 'CEL expression validation failed at index 0'],
    ['test-image-validating-policy-sample-policy', 'good', 'pass', 'success'],
    ['test-image-validating-policy-sample-policy', 'bad', 'fail', 'failed to verify image with notary cert'],
  ])('%s: the %s pod is a %s', async (name, pod, status, message) => {
    const [object = {}] = documents(`cli/${name}/${pod}-pod.yaml`);
    expect(await applied(`cli/${name}/policy.yaml`, object)).toMatchObject([{ status, message }]);
  });
});
