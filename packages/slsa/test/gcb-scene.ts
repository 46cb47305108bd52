/** Descriptions of images as gcloud prints them, with provenance of each generation of Cloud Build, signed by keys of our own. */
import { failures, parseSpki } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { keyFor } from '@assay/testkit';
import { expect } from 'vitest';
import { type GcbDemands, type GcbResult, verifyGcb } from '../src/gcb/index.ts';
import { referenceText } from '../src/reference-error.ts';
import { changed } from './edit-json.ts';
import { type Envelope, type EnvelopeSigner, jsonBytes, signEnvelope } from './sign-envelope.ts';

export const DIGEST = 'ab'.repeat(32);
const KEYS = 'projects/verified-builder/locations';
export const WORKER = `${KEYS}/global/keyRings/attestor/cryptoKeys/google-hosted-worker/cryptoKeyVersions/1`;
export const SIGNER = `${KEYS}/global/keyRings/attestor/cryptoKeys/provenanceSigner/cryptoKeyVersions/1`;
export const regional = (region: string) => `${KEYS}/${region}/keyRings/attestor/cryptoKeys/builtByGCB/cryptoKeyVersions/1`;

export const keys = {
  worker: keyFor('gcb worker', 'p256'),
  signer: keyFor('gcb signer', 'p256'),
  west: keyFor('gcb west', 'p256'),
  global: keyFor('gcb global', 'p256'),
};
export const OPTIONS = {
  crypto: nodeCrypto,
  now: new Date('2026-08-25T00:00:00Z'),
  keys: new Map([
    ['global-pae-google-hosted-worker_1', parseSpki(keys.worker.spki)],
    ['global-pae-provenanceSigner_1', parseSpki(keys.signer.spki)],
    ['us-west2', parseSpki(keys.west.spki)],
    ['global', parseSpki(keys.global.spki)],
  ]),
};

export const BUILDER = 'https://cloudbuild.googleapis.com/GoogleHostedWorker';
export const SUBJECT = [
  { name: 'https://example.com/image', digest: { sha256: DIGEST, sha512: 'cd'.repeat(64) } },
  { name: 'https://example.com/image:latest', digest: { sha256: DIGEST } },
];

/** Every member of the model is there, and holds something. */
export const V03 = {
  _type: 'https://in-toto.io/Statement/v0.1',
  subject: SUBJECT,
  predicateType: 'https://slsa.dev/provenance/v0.1',
  predicate: {
    builder: { id: `${BUILDER}@v0.3` },
    recipe: {
      type: 'https://cloudbuild.googleapis.com/CloudBuildYaml@v0.1',
      definedInMaterial: '0',
      entryPoint: 'cloudbuild.yaml',
      arguments: {
        '@type': 'type.googleapis.com/google.devtools.cloudbuild.v1.Build',
        steps: [{ name: 'gcr.io/cloud-builders/docker', args: ['build', '<&>', '.'], timeout: 600, retry: true, none: null }],
        substitutions: { TAG_NAME: 'v1.2.3', '10': 'ten', '9': 'nine' },
      },
      environment: { HOME: '/root' },
    },
    metadata: {
      buildInvocationId: 'an-id',
      buildStartedOn: '2026-08-24T10:00:00.120000Z',
      buildFinishedOn: '2026-08-24T10:05:00Z',
      completeness: { arguments: true, environment: true, materials: true },
      reproducible: true,
    },
    materials: [
      { uri: 'git+https://github.com/o/r', digest: { sha1: 'ef'.repeat(20) } },
      { uri: 'gcr.io/cloud-builders/docker', digest: { sha256: '12'.repeat(32) } },
    ],
  },
};

export const V02 = {
  ...V03,
  predicate: {
    ...V03.predicate,
    builder: { id: `${BUILDER}@v0.2` },
    recipe: { ...V03.predicate.recipe, type: `${BUILDER}@v0.2` },
    materials: [{ uri: `https://github.com/o/r/commit/${'ef'.repeat(20)}`, digest: { sha1: 'ef'.repeat(20) } }],
  },
};

const RESOURCE = {
  uri: 'git+https://github.com/o/r@refs/tags/v1.2.3',
  digest: { gitCommit: 'ef'.repeat(20) },
  name: 'source',
  downloadLocation: 'https://example.com/source',
  mediaType: 'text/plain',
  content: 'aGVsbG8=',
  annotations: { note: [1, 'two'] },
};
export const V1 = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: SUBJECT,
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: {
    buildDefinition: {
      buildType: 'https://cloud.google.com/build/gcb-buildtypes/google-worker/v1',
      externalParameters: {
        buildConfigSource: { path: 'cloudbuild.yaml', ref: 'refs/tags/v1.2.3', repository: 'git+https://github.com/o/r' },
        substitutions: { _NAME: 'value' },
      },
      internalParameters: { systemSubstitutions: { TAG_NAME: 'v1.2.3', BUILD_ID: 'an-id' }, triggerUri: 'projects/1/triggers/2' },
      resolvedDependencies: [RESOURCE],
    },
    runDetails: {
      builder: { id: BUILDER, version: { worker: '1' }, builderDependencies: [RESOURCE] },
      metadata: { invocationId: 'https://example.com/builds/1', startedOn: '2026-08-24T10:00:00.120000Z', finishedOn: '2026-08-24T10:05:00Z' },
      byproducts: [RESOURCE],
    },
  },
};

export interface Item {
  build: { intotoStatement?: unknown; inTotoSlsaProvenanceV1?: unknown };
  kind: unknown;
  resourceUri: unknown;
  envelope: Envelope;
}
export interface Description {
  image_summary: { digest: unknown; fully_qualified_digest: unknown };
  provenance_summary: { provenance: Item[] };
}

type Statement = typeof V03 | typeof V1;

export const GENERATIONS = {
  'v0.2': { statement: V02, signers: [{ key: keys.west, keyid: regional('us-west2'), over: 'payload', alphabet: 'url' }] },
  'v0.3': { statement: V03, signers: [{ key: keys.signer, keyid: SIGNER }] },
  v1: { statement: V1, signers: [{ key: keys.worker, keyid: WORKER, alphabet: 'url' }] },
} as const satisfies Record<string, { statement: Statement; signers: readonly EnvelopeSigner[] }>;

export type Generation = keyof typeof GENERATIONS;

export function copyOf(statement: unknown): Item['build'] {
  const { predicate, ...header } = statement as { predicate?: unknown; predicateType?: unknown };
  return header.predicateType === V1.predicateType ? { inTotoSlsaProvenanceV1: statement } : { intotoStatement: { ...header, slsaProvenance: predicate } };
}

export function itemOf(statement: unknown, signers: readonly EnvelopeSigner[]): Item {
  return {
    build: copyOf(statement),
    kind: 'BUILD',
    resourceUri: `https://example.com/image@sha256:${DIGEST}`,
    envelope: signEnvelope(jsonBytes(statement), signers),
  };
}

export function describeImage(items: Item[]): Description {
  return {
    image_summary: { digest: `sha256:${DIGEST}`, fully_qualified_digest: `example.com/image@sha256:${DIGEST}` },
    provenance_summary: { provenance: items },
  };
}

export interface Scene {
  readonly of?: Generation;
  /** What is signed, and copied. */
  readonly statement?: unknown;
  readonly signers?: readonly EnvelopeSigner[];
  /** The document, changed after it was signed. */
  readonly edit?: (document: Description) => unknown;
  readonly demands?: Partial<GcbDemands>;
}

export function run({ of = 'v0.3', statement, signers, edit, demands }: Scene): Promise<GcbResult> {
  const generation = GENERATIONS[of];
  const document = describeImage([itemOf(statement ?? generation.statement, signers ?? generation.signers)]);
  const edited = edit === undefined ? document : edit(document);
  return verifyGcb(jsonBytes(edited), { digest: DIGEST, source: 'github.com/o/r', ...demands }, OPTIONS);
}

/** What the reference would print; '' when accepted. */
export async function textOf(scene: Scene): Promise<string> {
  return textIn(await run(scene));
}

export function textIn({ ok, root, builderId, statement }: GcbResult): string {
  expect([ok, builderId !== undefined, statement !== undefined]).toEqual([root.status === 'pass', ok, ok]);
  const [first] = failures(root);
  return first === undefined ? '' : (referenceText(first) ?? `not the reference's: ${first.says}`);
}

/** For `edit`: one value of the document is another. */
export const put = (path: string, value: unknown) => (document: Description) => changed(document, path, value);
export const putInItem = (path: string, value: unknown) => put(`provenance_summary.provenance.0.${path}`, value);
