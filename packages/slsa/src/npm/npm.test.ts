/** npm packages of our own: what the command writes must be what the certificate says, and the registry must have published just that. */
import { type Json, type JsonObject, parseSpki, utf8 } from '@assay/core';
import { generateKey } from '@assay/make';
import { createInstance, type Sample, type SignOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { type Alter, COMMIT, G, put, trustIn } from '../../test/build-scene.ts';
import { refusalText } from '../reference-text.ts';
import { parseNpmAttestations } from './document.ts';
import { parseNpmKeys } from './keys.ts';
import { type NpmDemands, verifyNpm } from './verify.ts';

const DIGEST = 'ab'.repeat(64);
const REF = 'refs/tags/v1.2.3';
const NAME = 'pkg:npm/%40acme/widget@1.2.3';
const DEMANDS: NpmDemands = {
  source: 'github.com/acme/widget',
  builderId: 'https://github.com/actions/runner/github-hosted',
  packageName: '@acme/widget',
  packageVersion: '1.2.3',
  digest: DIGEST,
  testing: false,
};

const instance = createInstance();
const registryKey = generateKey('p256');
const subject = [{ name: NAME, digest: { sha512: DIGEST } }];

const CLAIMS = {
  repository: 'acme/widget',
  repository_owner: 'acme',
  repository_id: '11',
  repository_owner_id: '22',
  ref: REF,
  sha: COMMIT,
  workflow_sha: COMMIT,
  job_workflow_sha: COMMIT,
  event_name: 'push',
  run_id: '77',
  run_attempt: '2',
  workflow_ref: `acme/widget/.github/workflows/publish.yml@${REF}`,
  job_workflow_ref: `acme/widget/.github/workflows/publish.yml@${REF}`,
  runner_environment: 'github-hosted',
} satisfies SignOptions['githubClaims'];

const SOURCE = { uri: `git+https://github.com/acme/widget@${REF}`, digest: { sha1: COMMIT } };

function v02(): JsonObject {
  return {
    _type: 'https://in-toto.io/Statement/v0.1',
    subject,
    predicateType: 'https://slsa.dev/provenance/v0.2',
    predicate: {
      buildType: 'https://github.com/npm/cli/gha/v2',
      builder: { id: 'https://github.com/actions/runner/github-hosted' },
      invocation: {
        configSource: { ...SOURCE, entryPoint: '.github/workflows/publish.yml' },
        parameters: {},
        environment: {
          GITHUB_EVENT_NAME: 'push',
          GITHUB_REF: REF,
          GITHUB_REPOSITORY: 'acme/widget',
          GITHUB_REPOSITORY_ID: '11',
          GITHUB_REPOSITORY_OWNER_ID: '22',
          GITHUB_RUN_ATTEMPT: '2',
          GITHUB_RUN_ID: '77',
          GITHUB_SHA: COMMIT,
          GITHUB_WORKFLOW_REF: `acme/widget/.github/workflows/publish.yml@${REF}`,
          GITHUB_WORKFLOW_SHA: COMMIT,
        },
      },
      metadata: { buildInvocationId: '77-2', completeness: { parameters: false, environment: false, materials: false }, reproducible: false },
      materials: [SOURCE],
    },
  };
}

function v1(): JsonObject {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject,
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1',
        externalParameters: { workflow: { ref: REF, repository: 'https://github.com/acme/widget', path: '.github/workflows/publish.yml' } },
        internalParameters: { github: { event_name: 'push', repository_id: '11', repository_owner_id: '22' } },
        resolvedDependencies: [{ uri: SOURCE.uri, digest: { gitCommit: COMMIT } }],
      },
      runDetails: {
        builder: { id: 'https://github.com/actions/runner/github-hosted' },
        metadata: { invocationId: 'https://github.com/acme/widget/actions/runs/77/attempts/2' },
      },
    },
  };
}

function publication(): JsonObject {
  return {
    _type: 'https://in-toto.io/Statement/v0.1',
    subject,
    predicateType: 'https://github.com/npm/attestation/tree/main/specs/publish/v0.1',
    predicate: { name: '@acme/widget', version: '1.2.3', registry: 'https://registry.example' },
  };
}

interface Package {
  readonly statement?: () => JsonObject;
  readonly alter?: Alter;
  readonly publish?: Alter;
  readonly claims?: Partial<typeof CLAIMS>;
  readonly publishKey?: typeof registryKey;
  readonly document?: (document: JsonObject) => Json;
}

const same: Alter = (statement) => statement;

function sign(statement: Json, options: SignOptions): Sample {
  return instance.sign(utf8('tarball'), { content: 'dsse', entryKind: 'intoto', version: '0.2', payload: utf8(JSON.stringify(statement)), ...options });
}

async function verify(
  { statement = v02, alter = same, publish = same, claims = {}, publishKey = registryKey, document = same }: Package,
  demands: Partial<NpmDemands> = {},
) {
  const built = sign(alter(statement()), { githubClaims: { ...CLAIMS, ...claims } });
  const published = sign(publish(publication()), { key: publishKey });
  const bundle = ({ bundleBytes }: Sample) => JSON.parse(new TextDecoder().decode(bundleBytes));
  const hint = bundle(published).verificationMaterial.publicKey.hint as string;
  const keys = new Map(publishKey === registryKey ? [[hint, parseSpki(registryKey.spki)]] : []);
  const whole = document({
    attestations: [
      { predicateType: 'https://github.com/npm/attestation/tree/main/specs/publish/v0.1', bundle: bundle(published) },
      { predicateType: statement === v1 ? 'https://slsa.dev/provenance/v1' : 'https://slsa.dev/provenance/v0.2', bundle: bundle(built) },
    ],
  });
  const attestations = parseNpmAttestations(utf8(JSON.stringify(whole)));
  const { verification } = await verifyNpm(attestations, { ...DEMANDS, ...demands }, { ...trustIn(built), keys });
  return verification.ok ? 'accepted' : refusalText(verification.root);
}

const RUNNER = 'https://github.com/actions/runner';
const delegatedClaims = { job_workflow_ref: 'slsa-framework/slsa-github-generator/.github/workflows/delegator_lowperms-generic_slsa3.yml@refs/tags/v1.6.0' };
const delegated: Alter = (statement) =>
  put(
    'predicate.invocation.environment.GITHUB_ACTOR',
    'anybody',
  )(
    put(
      'predicate.builder.id',
      `${G}builder_nodejs_slsa3.yml@refs/tags/v1.6.0`,
    )(put('predicate.buildType', 'https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0')(statement) as JsonObject) as JsonObject,
  );

describe('is accepted', () => {
  test.each<[string, Package, Partial<NpmDemands>]>([
    ['what the npm command writes, v0.2', {}, {}],
    ['what it writes, v1', { statement: v1 }, {}],
    ['under the short name of the runner', {}, { builderId: RUNNER }],
    ['v0.2 that has the short name', { alter: put('predicate.builder.id', RUNNER) }, {}],
    ['on a machine of its own, when that was demanded', { claims: { runner_environment: 'github-hosted' } }, {}],
    [
      'a tool behind a delegator, whose predicate nobody else writes',
      { alter: delegated, claims: delegatedClaims },
      { builderId: `${G}builder_nodejs_slsa3.yml` },
    ],
    ['without a demand on the name', { alter: put('subject.0.name', 'pkg:npm/other@9') }, { packageName: undefined, packageVersion: undefined }],
    [
      'the last of two provenances',
      { document: (whole) => ({ attestations: [{ predicateType: 'https://slsa.dev/provenance/v1', bundle: {} }, ...(whole['attestations'] as Json[])] }) },
      {},
    ],
  ])('%s', async (_, one, demands) => {
    expect(await verify(one, demands)).toBe('accepted');
  });
});

describe('is refused', () => {
  test.each<[string, Package, Partial<NpmDemands>, string | RegExp]>([
    [
      'another source',
      {},
      { source: 'github.com/acme/gadget' },
      /^source used to generate the binary does not match provenance: expected source 'acme\/gadget'/,
    ],
    ['no builder', {}, { builderId: undefined }, 'builderID is invalid: no expected builder ID'],
    ['another builder', {}, { builderId: `${RUNNER}/other` }, /^not supported: /],
    ['a machine of its own', { claims: { runner_environment: 'self-hosted' } }, {}, /^builderID does not match provenance: /],
    ['a machine that nobody knows', { claims: { runner_environment: '' } }, {}, /^not supported: /],
    [
      'a delegator on a machine of its own',
      { alter: delegated, claims: { ...delegatedClaims, runner_environment: 'self-hosted' } },
      { builderId: `${G}builder_nodejs_slsa3.yml` },
      'builderID does not match provenance: self hosted re-usable workflow',
    ],
    [
      'another tool behind the delegator',
      { alter: delegated, claims: delegatedClaims },
      { builderId: `${G}builder_other_slsa3.yml` },
      /^builderID does not match provenance: expected name /,
    ],
    ['the short name in v1', { statement: v1 }, { builderId: RUNNER }, /builderID is invalid/],
    [
      'another event',
      { alter: put('predicate.invocation.environment.GITHUB_EVENT_NAME', 'pull_request') },
      {},
      "certificate and provenance mismatch: GITHUB_EVENT_NAME: 'pull_request' != 'push'",
    ],
    [
      'another event, v1',
      { statement: v1, alter: put('predicate.buildDefinition.internalParameters.github.event_name', 'pull_request') },
      {},
      "certificate and provenance mismatch: event_name: 'pull_request' != 'push'",
    ],
    ['another owner', { alter: put('predicate.invocation.environment.GITHUB_REPOSITORY_OWNER_ID', '23') }, {}, /GITHUB_REPOSITORY_OWNER_ID: '23' != '22'$/],
    [
      'a variable that no certificate has',
      { alter: put('predicate.invocation.environment.GITHUB_ACTOR', 'x') },
      {},
      "certificate and provenance mismatch: unknown 'GITHUB_ACTOR' parameter",
    ],
    [
      'another name beside github, v1',
      { statement: v1, alter: put('predicate.buildDefinition.internalParameters.actor', 'x') },
      {},
      "certificate and provenance mismatch: unknown 'actor' parameter",
    ],
    ['parameters', { alter: put('predicate.invocation.parameters', { x: 1 }) }, {}, /^provenance claim cannot be verified: parameters: /],
    ['another run', { alter: put('predicate.metadata.buildInvocationId', '78-2') }, {}, "certificate and provenance mismatch: invocation ID: '78-2' != '77-2'"],
    [
      'another run, v1',
      { statement: v1, alter: put('predicate.runDetails.metadata.invocationId', 'https://github.com/acme/widget/actions/runs/77/attempts/3') },
      {},
      /invocation ID: '77-3' != '77-2'$/,
    ],
    ['a time', { alter: put('predicate.metadata.buildStartedOn', '2026-01-01T00:00:00Z') }, {}, /^provenance claim cannot be verified: build start time: /],
    ['a claim of being reproducible', { alter: put('predicate.metadata.reproducible', true) }, {}, /^provenance claim cannot be verified: reproducible: /],
    [
      'a claim of being complete',
      { alter: put('predicate.metadata.completeness.materials', true) },
      {},
      /^provenance claim cannot be verified: completeness: /,
    ],
    ['two subjects', { alter: put('subject', [...subject, ...subject]) }, {}, /^provenance claim cannot be verified: number of subjects: 2$/],
    [
      'another workflow',
      { alter: put('predicate.invocation.configSource.entryPoint', '.github/workflows/evil.yml') },
      {},
      /^certificate and provenance mismatch: trigger workflow: /,
    ],
    ['two dependencies', { alter: put('predicate.materials', [SOURCE, SOURCE]) }, {}, /number of resolved dependencies: 2$/],
    ['a build configuration', { alter: put('predicate.buildConfig', { steps: [] }) }, {}, /^provenance claim cannot be verified: buildConfig: /],
    ['another tarball', {}, { digest: 'cd'.repeat(64) }, /^expected hash '(?:cd)+' not found: artifact hash does not match provenance subject$/],
    ['another tarball that was published', { publish: put('subject.0.digest.sha512', 'cd'.repeat(64)) }, {}, /^expected hash '(?:ab)+' not found/],
    ['a publication by a key of nobody', { publishKey: generateKey('p256') }, {}, "could not find a key with the specified 'keyId' and 'keyUsage'"],
    [
      'a publication that is an SBOM',
      { publish: put('predicateType', 'https://cyclonedx.org/bom') },
      {},
      /^invalid DSSE envelope payload: expected predicate type with prefix /,
    ],
    [
      'provenance that is no in-toto statement',
      { alter: put('_type', 'https://example.com/Statement') },
      {},
      /^invalid DSSE envelope payload: expected statement header type /,
    ],
    ['another name', {}, { packageName: '@acme/gadget' }, "package name does not match provenance: got '@acme/widget', expected '@acme/gadget'"],
    [
      'another name that was published',
      { publish: put('predicate.name', '@acme/gadget') },
      {},
      "package name does not match provenance: got '@acme/gadget', expected '@acme/widget'",
    ],
    ['another version', {}, { packageVersion: '1.2.4' }, "package version does not match provenance: got '1.2.3', expected '1.2.4'"],
    ['a subject that is no package', { alter: put('subject.0.name', 'widget.tgz') }, {}, 'invalid package name: widget.tgz'],
    ['a subject that is not encoded well', { alter: put('subject.0.name', 'pkg:npm/%zz@1') }, {}, 'invalid encoding: pkg:npm/%zz@1'],
  ])('%s', async (_, one, demands, text) => {
    expect(await verify(one, demands)).toEqual(typeof text === 'string' ? text : expect.stringMatching(text));
  });
});

describe('is no document of the registry', () => {
  test.each<[string, string]>([
    ['text', 'x'],
    ['an empty list', '{"attestations":[]}'],
    [
      'two of one kind',
      '{"attestations":[{"predicateType":"https://slsa.dev/provenance/v1","bundle":{}},{"predicateType":"https://slsa.dev/provenance/v1","bundle":{}}]}',
    ],
    ['no list', '{"attestations":{}}'],
    ['attestations of another shape', '{"attestations":[1,2]}'],
    ['a member that is there twice', '{"attestations":[],"attestations":[]}'],
  ])('%s', (_, document) => {
    expect(() => parseNpmAttestations(utf8(document))).toThrow(/^invalid npm attestations: /);
  });
});

test('keys are those that sign publications', () => {
  const key = (keyId: string, keyUsage: string) => ({ keyId, keyUsage, publicKey: { rawBytes: Buffer.from(registryKey.spki).toString('base64') } });
  const keys = parseNpmKeys(utf8(JSON.stringify({ keys: [key('a', 'npm:signatures'), key('b', 'npm:attestations')] })));
  expect([...keys.keys()]).toEqual(['b']);
  expect(() => parseNpmKeys(utf8('{"keys":7}'))).toThrow(/npm keys/);
});
