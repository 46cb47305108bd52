/** Whatever a policy demands: without the evidence that it demands, nothing is let in. And nothing that somebody writes into an object makes up for it. */
import type { JsonObject } from '@assay/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admit, NO_EVIDENCE, worldOf } from '../../test/kyverno-cluster.ts';
import { newKey, openScene, type Scene, type SceneImage } from '../../test/scene.ts';
import type { EvidenceSource, Subject } from '../index.ts';
import { clusterPolicy, NO_METADATA, parseKyverno } from './index.ts';

const SBOM = 'https://cyclonedx.org/bom';
const SCAN = 'https://example.org/scan';
const REKOR = { url: 'https://rekor.sigstore.dev' };
const KEYS = [newKey(), newKey()];

let scene: Scene;
let images: SceneImage[];
beforeAll(async () => {
  scene = await openScene();
  images = (['older', 'bundle'] as const).flatMap((format) =>
    [0, 1, 2].map((many) => {
      const image = scene.image();
      for (const key of KEYS.slice(0, many)) image.sign({ format, key });
      image.sign({ format });
      image.attest(SBOM, { name: 'a', n: many }, { format });
      if (many > 0) image.attest(SCAN, { name: 'b' }, { format, ...(many > 1 && { key: KEYS[0] as (typeof KEYS)[number] }) });
      return image;
    }),
  );
});
afterAll(() => scene.close());

const anyone = { keyless: { subject: '*', issuer: '*', rekor: REKOR } };
const signer = fc.oneof(
  fc.constant<object>(anyone),
  fc.constant<object>({ keyless: { subject: 'https://example.org/*', issuer: '*', rekor: REKOR } }),
  fc.constantFrom(...KEYS).map((key): object => ({ keys: { publicKeys: key.publicPem, rekor: { ...REKOR, ignoreTlog: true } } })),
  fc.constant<object>({ attestor: { count: 1, entries: [anyone, { keys: { publicKeys: KEYS[0]?.publicPem ?? '' } }] } }),
);
const attestors = fc.array(
  fc
    .array(signer, { minLength: 1, maxLength: 3 })
    .chain((entries) =>
      fc.option(fc.integer({ min: 1, max: entries.length }), { nil: undefined }).map((count) => ({ entries, ...(count !== undefined && { count }) })),
    ),
  { maxLength: 2 },
);
const conditions = fc.option(
  fc.constantFrom('a', 'b').map((value) => [{ any: [{ key: '{{ name }}', operator: 'Equals', value }] }]),
  { nil: undefined },
);
const attestation = fc.record({ type: fc.constantFrom(SBOM, SCAN), attestors, conditions });
const block = fc
  .record({
    attestors,
    attestations: fc.array(attestation, { maxLength: 2 }),
    type: fc.constantFrom('Cosign', 'SigstoreBundle'),
    mutateDigest: fc.boolean(),
    verifyDigest: fc.boolean(),
    required: fc.boolean(),
  })
  .filter(({ attestors: sets, attestations }) => sets.length + attestations.length > 0);

function isAllowed(blocks: readonly object[], image: SceneImage, over: Partial<Subject>, annotations: JsonObject = {}): Promise<boolean> {
  const rules = [
    {
      name: 'r',
      match: { any: [{ resources: { kinds: ['Pod'] } }] },
      verifyImages: blocks.map((one) => ({ ...one, imageReferences: ['*'], failureAction: 'Enforce' })),
    },
  ];
  const { policies } = parseKyverno(JSON.stringify({ apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', metadata: { name: 'p' }, spec: { rules } }));
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x', namespace: 'n', annotations },
    spec: { containers: [{ name: 'c', image: `${image.name}:1` }] },
  };
  const review = { operation: 'CREATE', object, namespaceLabels: {}, produced: NO_METADATA, world: worldOf(scene, new Map(), over) } as const;
  return admit(
    policies.map((policy) => clusterPolicy(policy)),
    review,
  ).then(({ allowed }) => allowed);
}

function without(scene: Scene, image: SceneImage, want: 'signatures' | 'attestations'): EvidenceSource {
  const { evidence } = scene.subject(image.reference);
  return { in: (place) => (place.want === want ? NO_EVIDENCE.in(place) : evidence.in(place)) };
}

describe('removal', () => {
  test('of all evidence of a kind that is demanded denies', async () => {
    await fc.assert(
      fc.asyncProperty(block, fc.nat(), async (one, at) => {
        const image = images[at % images.length] as SceneImage;
        // Most policies do not fit the image: those are no runs.
        fc.pre(await isAllowed([one], image, {}));
        const kinds = [
          ...(one.attestors.length > 0 && one.type === 'Cosign' ? (['signatures'] as const) : []),
          ...(one.attestations.length > 0 ? (['attestations'] as const) : []),
        ];
        for (const kind of kinds) expect(await isAllowed([one], image, { evidence: without(scene, image, kind) })).toBe(false);
        expect(await isAllowed([one], image, { evidence: NO_EVIDENCE })).toBe(false);
      }),
      { numRuns: 12 },
    );
  });

  test('is not made up for by what the object says of itself, nor by more blocks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(block, { minLength: 1, maxLength: 3 }), fc.nat(), async (blocks, at) => {
        const image = images[at % images.length] as SceneImage;
        const noted = JSON.stringify({ version: 1, policies: { '/p': { r: { [`${image.name}:1`]: 'pass', [image.reference]: 'pass' } } } });
        expect(await isAllowed(blocks, image, { evidence: NO_EVIDENCE }, { 'kyverno.io/verify-images-scoped': noted })).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});

test.each([
  ['control characters', 'a\u0000b'],
  ['a bidirectional override', 'ghcr.io/a\u202e/b'],
  ['another alphabet', 'ghcr.io/а/b'],
  ['a very long name', `ghcr.io/${'a/'.repeat(50_000)}b`],
  ['no digest where one should be', 'ghcr.io/a/b@sha256:00'],
])('%s in the name of an image is an error, and shown as what it is', async (_, image) => {
  const { policies } = parseKyverno(
    JSON.stringify({
      apiVersion: 'kyverno.io/v1',
      kind: 'ClusterPolicy',
      metadata: { name: 'p' },
      spec: {
        rules: [{ name: 'r', match: { any: [{ resources: { kinds: ['Pod'] } }] }, verifyImages: [{ imageReferences: ['*'], failureAction: 'Enforce' }] }],
      },
    }),
  );
  const object: JsonObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { containers: [{ name: 'c', image }] } };
  const answer = await admit(
    policies.map((policy) => clusterPolicy(policy)),
    { operation: 'CREATE', object, namespaceLabels: {}, produced: NO_METADATA, world: worldOf(scene) },
  );
  expect(answer.allowed).toBe(false);
  expect(answer.results[0]).toMatchObject({
    status: 'error',
    message: expect.stringMatching(/^failed to instantiate handler: failed to extract images: invalid image '[ -~…]+/),
  });
});
