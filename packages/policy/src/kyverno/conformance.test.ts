/**
 * Kyverno's own walk-throughs of image rules, replayed over images that look like theirs: the same policies, objects and assertions, read from the vectors, with
 * keys, certificates and digests put in the place of those that nobody here can sign for.
 *
 * What an image carries stands in `CARRIED`. What is not replayed stands in `NOT_REPLAYED`, with the reason; everything else must be as its steps say.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodePem, isJsonObject, type Json, type JsonObject } from '@assay/core';
import type { SigningKey } from '@assay/make';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster, keyOf, NO_EVIDENCE, worldOf } from '../../test/kyverno-cluster.ts';
import { newKey, openScene, type Scene, type SceneImage } from '../../test/scene.ts';
import { parseDocuments } from '../cluster-image-policy/document.ts';
import type { Subject } from '../index.ts';

const folder = join(
  resolve(fileURLToPath(new URL('../../../..', import.meta.url)), process.env['ASSAY_VECTORS'] ?? '../shared/vectors'),
  'admission/kyverno/conformance',
);
const present = existsSync(folder);
if (!present) console.warn(`Kyverno's walk-throughs are skipped: no ${folder} (set ASSAY_VECTORS)`);

const NOTARY = 'Notary signatures are refused, whatever they are';
const NOT_REPLAYED: Readonly<Record<string, string>> = {
  'standard-multiple-image-verification-attestations-fail': NOTARY,
  'standard-multiple-image-verification-attestations-pass': NOTARY,
  'standard-multiple-image-verification-attestations-trivy-vex-pass': NOTARY,
  'standard-notary-attestation-verification': NOTARY,
  'standard-notary-image-verification-secret-from-policy': NOTARY,
  'standard-with-mutation': 'a rule that mutates other fields puts the signed image in the place of the unsigned one',
};

/** They demand no evidence, or only show what is refused. */
const NEEDS_NOTHING = new Set([
  'standard-configmap-context-lookup',
  'standard-failure-policy-test-noconfigmap-diffimage-success',
  'standard-failure-policy-test-noconfigmap-diffimage-success-deprecated',
  'standard-imageExtractors-none',
  'standard-keyless-attestations-multiple-subjects-3',
  'standard-keyless-attestations-multiple-subjects-counts-2',
  'standard-keyless-attestations-multiple-subjects-counts-3',
  'standard-mutateDigest-noverifyDigest-norequired',
  'standard-nomutateDigest-verifyDigest-norequired',
]);

const GENERATOR = 'https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@refs/heads/main';
const SCANNER = 'https://github.com/chipzoller/zulu/.github/workflows/vulnerability-scan.yaml@refs/heads/main';
const ATTESTER = 'https://github.com/vishal-chdhry/artifact-attestation-example/.github/workflows/build-attested-image.yaml@refs/heads/main';
const ACTIONS = 'https://token.actions.githubusercontent.com';
const by = (value: string) => ({ identity: { type: 'uri', value }, oidcIssuer: ACTIONS }) as const;

/** By the beginning of the public key of whoever signed the image in Kyverno's registry. */
const KEYS = {
  plain: 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8nXRh950',
  rollback: 'AEfnYaFSrs2pLp4',
  tsa: 'AEstG5Xl7UxkQsmL',
  podinfo: 'AEMKLYTatU9CUsrA',
} as const;

type KeyName = keyof typeof KEYS;

const CARRIED: Readonly<Record<string, (image: SceneImage, key: (name: KeyName) => SigningKey) => void>> = {
  'kyverno/test-verify-image:signed': (image, key) => image.sign({ format: 'older', key: key('plain') }),
  'kyverno/test-verify-image:unsigned': () => undefined,
  'kyverno/test-verify-image:signed-keyless': (image) =>
    image.sign({ format: 'older', ...by('https://github.com/kyverno/x/.github/workflows/y.yaml@refs/heads/main') }),
  'kyverno/test-verify-image:tsa': (image, key) => image.sign({ format: 'older', key: key('tsa'), timestamp: true }),
  'kyverno/test-verify-image-rollback:signed-1': (image, key) => image.sign({ format: 'older', key: key('rollback') }),
  'kyverno/test-verify-image-rollback:signed-2': (image, key) => image.sign({ format: 'older', key: key('rollback') }),
  'kyverno/zulu:v0.0.14': carryZulu,
  'kyverno/zulu:latest': carryZulu,
  'sigstore/cosign/cosign:any': (image) =>
    image.sign({ format: 'older', ...by('https://github.com/sigstore/cosign/.github/workflows/release.yml@refs/heads/main') }),
  'stefanprodan/podinfo:6.3.3': (image, key) => image.sign({ format: 'older', key: key('podinfo') }),
  'stefanprodan/podinfo:6.3.4': (image, key) => image.sign({ format: 'older', key: key('podinfo') }),
  'stefanprodan/podinfo:6.3.5': (image, key) => image.sign({ format: 'older', key: key('podinfo') }),
  'vishal-chdhry/artifact-attestation-example:artifact-attestation': (image) =>
    image.attest('https://slsa.dev/provenance/v1', { buildDefinition: { buildType: 'https://actions.github.io/buildtypes/workflow/v1' } }, by(ATTESTER)),
};

function carryZulu(image: SceneImage): void {
  image.sign({ format: 'older', ...by('https://github.com/chipzoller/zulu/.github/workflows/slsa-generic-keyless.yaml@refs/tags/v0.0.14') });
  image.attest('https://slsa.dev/provenance/v0.2', { builder: { id: GENERATOR } }, { format: 'older', ...by(GENERATOR) });
  image.attest('cosign.sigstore.dev/attestation/vuln/v1', { scanner: { uri: 'x' } }, { format: 'older', ...by(SCANNER) });
}

/** Of images that the walk-throughs name by digest alone. */
const DIGESTS: Readonly<Record<string, string>> = {
  '33a6a55d2f1354bc989b791974cf4ee00a900ab9e4e54b393962321758eee3c6': 'sigstore/cosign/cosign:any',
  '445a99db22e9add9bfb15ddb1980861a329e5dff5c88d7eec9cbf08b6b2f4eb1': 'kyverno/test-verify-image:signed-keyless',
  '476b21f1a75dc90fac3579ee757f4607bb5546f476195cf645c54badf558c0db': 'kyverno/zulu:v0.0.14',
  e0cc6dba04bee00badd8b13495d4411060b5563a9499fbc20e46316328efad30: 'kyverno/test-verify-image-rollback:signed-1',
  '0fc1f3b764be56f7c881a69cbd553ae25a2b5523c6901fbacb8270307c29d0c4': 'kyverno/test-verify-image-rollback:signed-2',
};

let scene: Scene;
const keys = new Map<string, SigningKey>();
const images = new Map<string, SceneImage>();

beforeAll(async () => {
  scene = await openScene();
  for (const [name, carry] of Object.entries(CARRIED)) {
    const [repository = '', tag = ''] = name.split(':');
    const image = scene.image({ repository, tag });
    carry(image, (key) => keyFor(KEYS[key]));
    images.set(name, image);
  }
});
afterAll(() => scene.close());

/** The same key for the same text, wherever it stands; the beginning is enough to name one that we sign with. */
function keyFor(text: string): SigningKey {
  const body = text.replace(/\s/g, '');
  const name = Object.values(KEYS).find((one) => body.includes(one)) ?? body;
  const key = keys.get(name) ?? newKey();
  keys.set(name, key);
  return key;
}

/** A document with what we can sign for in the place of what we cannot. */
function lookalike(value: Json, path = ''): Json {
  if (Array.isArray(value)) return value.map((one) => lookalike(one, path));
  if (isJsonObject(value)) {
    const secret = value['kind'] === 'Secret' && isJsonObject(value['data']) ? value['data'] : undefined;
    const entries = Object.entries(value).map(([name, one]) => [name, lookalike(one, name)] as const);
    if (secret === undefined) return Object.fromEntries(entries);
    const data = Object.entries(secret).map(([name, text]) => [name, encoded(lookalike(decoded(String(text)), name))] as const);
    return { ...Object.fromEntries(entries), data: Object.fromEntries(data) };
  }
  if (typeof value !== 'string') return value;
  if (path === 'tsaCertChain') return scene.instance.tsaChain.map((der) => encodePem('CERTIFICATE', der)).join('');
  return value
    .replace(/-----BEGIN PUBLIC KEY-----([\s\S]*?)-----END\s+PUBLIC KEY-----/g, (_, body: string) => keyFor(body).publicPem.trim())
    .replace(/sha256:([0-9a-f]{64})/g, (whole, hex: string) => images.get(DIGESTS[hex] ?? '')?.digest ?? whole);
}

const decoded = (text: string) => Buffer.from(text, 'base64').toString();
const encoded = (text: Json) => Buffer.from(String(text)).toString('base64');

function documentsOf(name: string, file: string): JsonObject[] {
  return parseDocuments(readFileSync(join(folder, name, file), 'utf8')).map((one) => lookalike(one) as JsonObject);
}

interface Step {
  readonly kind: 'apply' | 'denied' | 'assert' | 'absent' | 'undo';
  readonly file: string;
}

/** `chainsaw-test.yaml`, as far as it says anything of objects. A step that nobody understands fails. */
function stepsOf(name: string): Step[] {
  const [test] = parseDocuments(readFileSync(join(folder, name, 'chainsaw-test.yaml'), 'utf8')) as unknown as [{ spec: { steps: ChainsawStep[] } }];
  return test.spec.steps.flatMap(({ use, try: tries = [] }): Step[] => {
    const bound = use?.with.bindings.find((binding) => binding.name === 'file');
    if (use !== undefined) return bound === undefined ? [] : [{ kind: 'apply', file: bound.value }];
    return tries.map(({ apply, assert, error, script }): Step => {
      if (apply !== undefined) return { kind: JSON.stringify(apply.expect ?? null).includes('($error != null)') ? 'denied' : 'apply', file: apply.file };
      if (assert !== undefined) return { kind: 'assert', file: assert.file };
      if (error !== undefined) return { kind: 'absent', file: error.file };
      if (script?.content.includes('rollout undo')) return { kind: 'undo', file: script.content };
      throw new TypeError(`a step of ${name} is not understood`);
    });
  });
}

interface ChainsawStep {
  readonly use?: { readonly with: { readonly bindings: readonly { readonly name: string; readonly value: string }[] } };
  readonly try?: readonly {
    readonly apply?: { readonly file: string; readonly expect?: unknown };
    readonly assert?: { readonly file: string };
    readonly error?: { readonly file: string };
    readonly script?: { readonly content: string };
  }[];
}

async function play(name: string, over: Partial<Subject> = {}): Promise<void> {
  const cluster = new Cluster(({ objects }) => worldOf(scene, objects, over));
  for (const step of stepsOf(name)) {
    if (step.kind === 'undo') await playUndo(cluster, step);
    else for (const document of documentsOf(name, step.file)) await playStep(cluster, step, document);
  }
}

async function playUndo(cluster: Cluster, { file }: Step): Promise<void> {
  const [, namespace = '', what = '', of = ''] = /-n (\S+) rollout undo (\S+) (\S+)/.exec(file) ?? [];
  const { allowed, results } = await cluster.undo(what === 'deployment' ? 'Deployment' : what, namespace, of);
  expect({ file, allowed, results: allowed ? [] : results }).toMatchObject({ file, allowed: true });
}

async function playStep(cluster: Cluster, { kind, file }: Step, document: JsonObject): Promise<void> {
  if (kind === 'apply' || kind === 'denied') {
    const { allowed, results } = await cluster.apply(document);
    const told = results.map(({ rule, status, message }) => `${rule} ${status}: ${message}`);
    expect({ file, allowed, told }).toEqual({ file, allowed: kind === 'apply', told });
    return;
  }
  if (kind === 'absent') return expect(cluster.objects.has(keyOf(document))).toBe(false);
  if (document['kind'] === 'List') return expectReports(cluster, document);
  if (document['kind'] !== 'CustomResourceDefinition') expect(cluster.objects.get(keyOf(document))).toMatchObject(document);
}

/** Policy reports: what rules over images say. Rules of other kinds say nothing here. */
async function expectReports(cluster: Cluster, list: JsonObject): Promise<void> {
  for (const report of list['items'] as unknown as readonly Report[]) {
    const { kind, namespace, name } = report.scope;
    const object = cluster.objects.get(`${kind}/${namespace}/${name}`);
    if (object === undefined) throw new TypeError(`no ${name}`);
    const results = await cluster.report(object);
    for (const { policy, rule, result } of report.results) {
      const ours = results.filter((one) => one.policy === policy && one.rule === rule).map(({ status }) => status);
      expect(new Set(ours)).toEqual(new Set(rule === 'require-ns-purpose-label' ? [] : [result]));
    }
  }
}

interface Report {
  readonly scope: { readonly kind: string; readonly namespace: string; readonly name: string };
  readonly results: readonly { readonly policy: string; readonly rule: string; readonly result: string }[];
}

describe.skipIf(!present)('walk-throughs', () => {
  const names = present ? readdirSync(folder).sort() : [];

  test('are all known', () => {
    expect(names.length).toBeGreaterThanOrEqual(32);
    expect(Object.keys(NOT_REPLAYED).filter((name) => !names.includes(name))).toEqual([]);
  });

  for (const [name, reason] of Object.entries(NOT_REPLAYED)) console.warn(`not replayed: ${name}: ${reason}`);
  test.for(names.filter((name) => NOT_REPLAYED[name] === undefined))('%s', (name) => play(name));

  // Where an image is let in for its evidence, it is not without.
  test.for(names.filter((name) => NOT_REPLAYED[name] === undefined && !NEEDS_NOTHING.has(name)))('%s is not as it should be without evidence', async (name) => {
    await expect(play(name, { evidence: NO_EVIDENCE })).rejects.toThrow(/expected/);
  });
});
