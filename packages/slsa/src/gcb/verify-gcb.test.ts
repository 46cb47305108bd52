import { failures, utf8, warnings } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { changed } from '../../test/edit-json.ts';
import {
  BUILDER,
  type Description,
  DIGEST,
  GENERATIONS,
  type Generation,
  OPTIONS,
  put,
  putInItem,
  run,
  type Scene,
  SUBJECT,
  textOf,
  V1,
  V02,
  V03,
} from '../../test/gcb-scene.ts';
import { type GcbDemands, verifyGcb } from './index.ts';

const generations = Object.keys(GENERATIONS) as Generation[];

describe('an image that Cloud Build built', () => {
  test.each(generations)('%s is accepted', async (of) => {
    const { ok, builderId, keyName } = await run({ of, demands: { tag: 'v1.2.3', versionedTag: 'v1.2' } });
    expect({ ok, builderId, keyName }).toEqual({
      ok: true,
      builderId: of === 'v1' ? BUILDER : `${BUILDER}@${of}`,
      keyName: { 'v0.2': 'us-west2', 'v0.3': 'global-pae-provenanceSigner_1', v1: 'global-pae-google-hosted-worker_1' }[of],
    });
  });

  test('the statement is written again by the model, as Go would', async () => {
    const { statement = '' } = await run({ of: 'v0.3', statement: { ...V03, extra: 1 } });
    expect(statement).toBe(
      `{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://slsa.dev/provenance/v0.1","subject":[{"name":"https://example.com/image",` +
        `"digest":{"sha256":"${DIGEST}","sha512":"${'cd'.repeat(64)}"}},{"name":"https://example.com/image:latest","digest":{"sha256":"${DIGEST}"}}],` +
        `"predicate":{"builder":{"id":"${BUILDER}@v0.3"},"recipe":{"type":"https://cloudbuild.googleapis.com/CloudBuildYaml@v0.1","entryPoint":"cloudbuild.yaml",` +
        `"arguments":{"@type":"type.googleapis.com/google.devtools.cloudbuild.v1.Build","steps":[{"args":["build","\\u003c\\u0026\\u003e","."],` +
        `"name":"gcr.io/cloud-builders/docker","none":null,"retry":true,"timeout":600}],"substitutions":{"10":"ten","9":"nine","TAG_NAME":"v1.2.3"}},` +
        `"environment":{"HOME":"/root"}},"metadata":{"buildStartedOn":"2026-08-24T10:00:00.12Z","buildFinishedOn":"2026-08-24T10:05:00Z",` +
        `"completeness":{"arguments":true,"environment":true,"materials":true},"reproducible":true},"materials":[{"uri":"git+https://github.com/o/r",` +
        `"digest":{"sha1":"${'ef'.repeat(20)}"}},{"uri":"gcr.io/cloud-builders/docker","digest":{"sha256":"${'12'.repeat(32)}"}}]}}`,
    );
  });

  test('what is empty is left out of it where Go leaves it out', async () => {
    const bare = changed(
      changed(V1, 'predicate.buildDefinition', { ...V1.predicate.buildDefinition, internalParameters: null, resolvedDependencies: [] }),
      'predicate.runDetails',
      {
        builder: { id: BUILDER },
      },
    );
    expect((await run({ of: 'v1', statement: bare })).statement).toContain(`"value"}}},"runDetails":{"builder":{"id":"${BUILDER}"},"metadata":{}}}}`);
  });

  test('a digest that is none is misuse', async () => {
    for (const digest of ['', 'ab', DIGEST.toUpperCase(), `sha256:${DIGEST}`]) {
      await expect(verifyGcb(utf8('{}'), { digest, source: 'x' }, OPTIONS)).rejects.toThrow(TypeError);
    }
  });
});

describe('what is signed is refused', () => {
  const v03 = (path: string, by: unknown, demands?: Partial<GcbDemands>): Scene => ({ statement: changed(V03, path, by), ...(demands && { demands }) });
  const v02 = (path: string, by: unknown, demands?: Partial<GcbDemands>): Scene => ({
    ...v03('_type', V03._type, demands),
    of: 'v0.2',
    statement: changed(V02, path, by),
  });
  const v1 = (path: string, by: unknown, demands?: Partial<GcbDemands>): Scene => ({
    ...v03('_type', V03._type, demands),
    of: 'v1',
    statement: changed(V1, path, by),
  });
  const builder = (builderId: string): Scene => ({ demands: { builderId } });
  const source = (text: string): Scene => ({ demands: { source: text } });
  const ARGUMENTS = 'predicate.recipe.arguments';
  const CONFIG = 'predicate.buildDefinition.externalParameters.buildConfigSource';
  const SYSTEM = 'predicate.buildDefinition.internalParameters.systemSubstitutions';
  const RECIPE = 'the recipe is invalid: expected ';
  const MISMATCH = 'source used to generate the binary does not match provenance: expected ';
  const TAG = 'tag used to generate the binary does not match provenance: ';

  test.each<[name: string, scene: Scene, text: string]>([
    // Step 2.
    ['a builder of another version', v03('predicate.builder.id', `${BUILDER}@v0.1`), 'builderID is invalid'],
    ['a builder without its version', v03('predicate.builder.id', BUILDER), 'builderID is invalid'],
    ['a builder with a version', v1('predicate.runDetails.builder.id', `${BUILDER}@v1`), 'builderID is invalid'],
    ['no builder', v1('predicate.runDetails', undefined), 'builderID is invalid'],
    [
      'the builder of v0.2 with the recipe of v0.3',
      v03('predicate.builder.id', `${BUILDER}@v0.2`),
      `${RECIPE}'${BUILDER}@v0.2', got 'https://cloudbuild.googleapis.com/CloudBuildYaml@v0.1'`,
    ],
    ['the builder of v0.3 with the recipe of v0.2', v02('predicate.builder.id', `${BUILDER}@v0.3`), RECIPE],
    ['a recipe that only begins alike', v03('predicate.recipe.type', 'https://cloudbuild.googleapis.com/CloudBuildYamls@v0.1'), RECIPE],
    ['no recipe', v03('predicate.recipe.type', undefined), RECIPE],
    ['another build type', v1('predicate.buildDefinition.buildType', 'https://example.com'), 'buildType is invalid: https://example.com'],
    [
      'arguments of another type',
      v03(`${ARGUMENTS}.@type`, 'x'),
      "builderID does not match provenance: expected 'type.googleapis.com/google.devtools.cloudbuild.v1.Build', got 'x'",
    ],
    ['arguments without a type', v03(`${ARGUMENTS}.@type`, undefined), 'invalid DSSE envelope payload: '],
    ['arguments that are a list', v03(ARGUMENTS, []), 'invalid DSSE envelope payload: '],
    [
      'another builder demanded',
      builder('https://cloudbuild.googleapis.com/Worker'),
      "builderID does not match provenance: expected name 'https://cloudbuild.googleapis.com/GoogleHostedWorker', got 'https://cloudbuild.googleapis.com/Worker'",
    ],
    ['another version of it demanded', builder(`${BUILDER}@v0.2`), "builderID does not match provenance: expected version 'v0.2', got 'v0.3'"],
    [
      'its version demanded as a ref',
      builder(`${BUILDER}@refs/tags/v0.3`),
      "builderID does not match provenance: expected version 'refs/tags/v0.3', got 'v0.3'",
    ],
    ['a builder demanded that is none', builder(`${BUILDER}@v0.3@v0.3`), "invalid format: builderID: '"],
    ['an empty builder demanded', builder(''), 'builderID does not match provenance: expected name '],
    ['a version demanded of v1', { of: 'v1', ...builder(`${BUILDER}@v0.3`) }, "builderID does not match provenance: expected version 'v0.3', got ''"],
    // Step 3.
    [
      'another image',
      v03('subject', [{ name: 'x', digest: { sha256: 'cd'.repeat(32) } }]),
      `expected hash '${DIGEST}' not found: artifact hash does not match provenance subject`,
    ],
    [
      'a subject of another algorithm first',
      v03('subject', [{ name: 'x', digest: { sha1: 'x' } }, ...SUBJECT]),
      'invalid DSSE envelope payload: no sha256 subject digest',
    ],
    ['a subject without digests first', v03('subject', [{ name: 'x' }, ...SUBJECT]), 'invalid DSSE envelope payload: no sha256 subject digest'],
    ['no subject', v03('subject', []), 'invalid DSSE envelope payload: no subjects'],
    // Step 4.
    ['another repository', source('github.com/o/other'), `${MISMATCH}'https://github.com/o/other', got 'https://github.com/o/r'`],
    ['the beginning of its name', source('github.com/o/'), MISMATCH],
    ['its name and more', source('github.com/o/r2'), MISMATCH],
    ['another scheme', source('http://github.com/o/r'), `${MISMATCH}'https://http://github.com/o/r', got 'https://github.com/o/r'`],
    ['a look-alike host', source('github.example.com/o/r'), MISMATCH],
    ['a suffix', source('github.com/o/r.git'), MISMATCH],
    ['other letter case', source('github.com/O/r'), MISMATCH],
    ['nothing', source(''), MISMATCH],
    ['v0.2: no commit behind the repository', v02('predicate.materials.0.uri', 'https://github.com/o/r'), MISMATCH],
    ['v0.2: the commit in the demand', { of: 'v0.2', ...source(`github.com/o/r/commit/${'ef'.repeat(20)}`) }, MISMATCH],
    ['v0.3: a commit behind the repository', v03('predicate.materials.0.uri', 'https://github.com/o/r/commit/1'), MISMATCH],
    ['no materials', v03('predicate.materials', undefined), 'invalid DSSE envelope payload: no material'],
    ['a material without URI', v03('predicate.materials.0.uri', undefined), 'URI is malformed: empty uri'],
    ['v1: another repository', v1(`${CONFIG}.repository`, 'git+https://github.com/o/other'), MISMATCH],
    ['v1: an @ too many', v1(`${CONFIG}.ref`, 'refs/tags/a@b'), "invalid format: no version in 'https://github.com/o/r@refs/tags/a@b'"],
    ['v1: no ref', v1(`${CONFIG}.ref`, undefined), 'invalid DSSE envelope payload: '],
    ['v1: a repository that is a number', v1(`${CONFIG}.repository`, 5), 'invalid DSSE envelope payload: '],
    ['v1: no configuration', v1(CONFIG, undefined), 'not present: buildConfigSource'],
    ['v1: a configuration that is a text', v1(CONFIG, 'x'), 'invalid DSSE envelope payload: '],
    ['v1: no parameters', v1('predicate.buildDefinition.externalParameters', undefined), 'invalid DSSE envelope payload: '],
    // Step 8.
    ['a branch', { demands: { branch: 'main' } }, 'not supported: branch verification'],
    ['an empty branch', { demands: { branch: '' } }, 'not supported: branch verification'],
    ['another tag', { demands: { tag: 'v1.2.4' } }, `${TAG}expected 'v1.2.4', got 'v1.2.3'`],
    ['an empty tag', { demands: { tag: '' } }, `${TAG}expected '', got 'v1.2.3'`],
    ['a tag as a ref', { demands: { tag: 'refs/tags/v1.2.3' } }, `${TAG}expected 'refs/tags/v1.2.3', got 'v1.2.3'`],
    ['no tag', v03(`${ARGUMENTS}.substitutions.TAG_NAME`, undefined, { tag: 'v1.2.3' }), `${TAG}GCB substitution variable error: `],
    ['no substitutions', v03(`${ARGUMENTS}.substitutions`, undefined, { tag: 'v1.2.3' }), `${TAG}GCB substitution variable error: `],
    ['a tag that is a number', v03(`${ARGUMENTS}.substitutions.TAG_NAME`, 5, { tag: '5' }), `${TAG}GCB substitution variable error: `],
    ['another version', { demands: { versionedTag: 'v1.3' } }, `${TAG}minor version expected '3', got '2'`],
    ['a version that is none', { demands: { versionedTag: '1.2' } }, '1.2: invalid semantic version'],
    ['a version, and no tag', v03(`${ARGUMENTS}.substitutions.TAG_NAME`, undefined, { versionedTag: 'v1' }), `${TAG}GCB substitution variable error: `],
    ['a version of a tag that has none', v03(`${ARGUMENTS}.substitutions.TAG_NAME`, 'latest', { versionedTag: 'v1' }), 'latest: invalid semantic version'],
    [
      'v1: a tag that the configuration does not confirm',
      v1(`${CONFIG}.ref`, 'refs/heads/v1.2.3', { tag: 'v1.2.3' }),
      `${TAG}invalid DSSE envelope payload: 'refs/tags/v1.2.3' != 'refs/heads/v1.2.3'`,
    ],
    ['v1: no tag', v1(`${SYSTEM}.TAG_NAME`, undefined, { tag: 'v1.2.3' }), `${TAG}GCB substitution variable error: `],
    [
      'v1: no internal parameters',
      v1('predicate.buildDefinition.internalParameters', undefined, { versionedTag: 'v1' }),
      `${TAG}GCB substitution variable error: `,
    ],
  ])('%s', async (_, scene, text) => expect((await textOf(scene)).slice(0, text.length)).toBe(text));

  test.each<[name: string, scene: Scene]>([
    ['the builder by its name', builder(BUILDER)],
    ['the builder in full', builder(`${BUILDER}@v0.3`)],
    ['steps that were given directly', v03('predicate.recipe.type', 'https://cloudbuild.googleapis.com/CloudBuildSteps@v0.9')],
    ['the source with its scheme', source('https://github.com/o/r')],
    ['a source without git+', v03('predicate.materials.0.uri', 'https://github.com/o/r')],
    ['v0.3: a generation behind the source', v03('predicate.materials.0.uri', 'https://github.com/o/r#1')],
    ['v0.2: a generation behind the source', v02('predicate.materials.0.uri', 'https://github.com/o/r#1')],
    ['a subject of another image first', v03('subject', [{ name: 'x', digest: { sha256: 'x' } }, ...SUBJECT])],
    ['a subject of another algorithm behind', v03('subject', [...SUBJECT, { name: 'x', digest: { sha1: 'x' } }])],
    ['the newer statement type', v03('_type', 'https://in-toto.io/Statement/v1')],
    ['thousands of subjects', v03('subject', [...Array.from({ length: 20_000 }, (_, i) => ({ name: `${i}`, digest: { sha256: `${i}` } })), ...SUBJECT])],
  ])('but not %s', async (_, scene) => expect(await textOf(scene)).toBe(''));

  test('an uploaded file is named without its generation, and warned of', async () => {
    const { ok, root } = await run(v03('predicate.materials.0.uri', 'gs://bucket/source.tgz#123', { source: 'gs://bucket/source.tgz' }));
    expect(ok).toBe(true);
    expect(warnings(root).map(({ warning }) => warning)).toEqual([expect.stringContaining('it was not built from a repository')]);
    expect((await run(v03('predicate.materials.0.uri', 'gs://bucket/source.tgz#123', { source: 'gs://bucket/source' }))).ok).toBe(false);
  });

  test('a source that is nearly right is told how', async () => {
    const hint = async (text: string) => failures((await run(source(text))).root)[0]?.hint;
    expect(await hint('git+https://github.com/o/r')).toContain('github.com/o/r');
    expect(await hint('github.com/o/r/')).toContain('github.com/o/r');
    expect(await hint('github.com/o/r.git')).toContain('github.com/o/r');
    expect(await hint('github.com/o/other')).toBe((await run(source('github.com/o/other'))).root.checks?.find(({ id }) => id === 'gcb.source')?.hint);
  });
});

describe('what surrounds the envelope is refused', () => {
  const HASH = 'artifact hash does not match provenance subject: ';
  test.each<[name: string, edit: (document: Description) => unknown, text: string]>([
    ['another kind', putInItem('kind', 'ATTESTATION'), "invalid format: expected kind 'BUILD', got 'ATTESTATION'"],
    ['no kind', putInItem('kind', null), "invalid format: expected kind 'BUILD', got ''"],
    ['another resource', putInItem('resourceUri', `https://example.com/image@sha256:${'cd'.repeat(32)}`), HASH],
    ['a resource by tag', putInItem('resourceUri', 'https://example.com/image:latest'), HASH],
    ['a resource without its algorithm', putInItem('resourceUri', `https://example.com/image@${DIGEST}`), HASH],
    ['another image in the summary', put('image_summary.digest', `sha256:${'cd'.repeat(32)}`), HASH],
    ['the bare digest in the summary', put('image_summary.digest', DIGEST), HASH],
    ['another image in full', put('image_summary.fully_qualified_digest', 'example.com/image'), HASH],
    ['no summary', put('image_summary', undefined), HASH],
  ])('%s', async (_, edit, text) => expect((await textOf({ edit })).slice(0, text.length)).toBe(text));

  test('in the order of the reference', async () => {
    const { root } = await run({
      demands: { builderId: `${BUILDER}@v9`, digest: 'cd'.repeat(32), source: 'x', branch: 'main', tag: 'x' },
      edit: (document) => putInItem('kind', 'x')(putInItem('build', {})(document)),
    });
    expect(failures(root).map(({ id }) => id)).toEqual([
      'gcb.builder.demanded',
      'gcb.subject',
      'gcb.source',
      'gcb.occurrence.kind',
      'gcb.occurrence.resource',
      'gcb.summary.digest',
      'gcb.summary.qualified',
      'gcb.copy',
      'gcb.branch',
      'gcb.tag',
    ]);
  });
});
