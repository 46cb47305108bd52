/** slsa-verifier's rules over builds of our own: what is accepted, and for each rule the refusal, its text and its near miss. */
import { failures, type Json, type JsonObject, utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { type Alter, type Build, DELEGATOR_CLAIMS, DIGEST, delegated, G, put, verifiedBuild } from '../../test/build-scene.ts';
import { referenceText } from '../reference-error.ts';
import { type GithubDemands, judgeGithub } from './judge.ts';

const DEMANDS: GithubDemands = { subject: 'artifact', source: 'github.com/acme/widget', digest: DIGEST, testing: false };

async function judge(build: Build, demands: Partial<GithubDemands> = {}) {
  return judgeGithub(await verifiedBuild(build), { ...DEMANDS, ...demands });
}

async function refused(build: Build, demands: Partial<GithubDemands> = {}) {
  const { checks } = await judge(build, demands);
  return checks.flatMap(failures);
}

const both =
  (...alters: readonly Alter[]): Alter =>
  (statement) =>
    alters.reduce<Json>((node, alter) => alter(node as JsonObject), statement);

describe('is accepted', () => {
  const delegation: Build = { statement: delegated, claims: DELEGATOR_CLAIMS };
  const accepted: [string, Build, Partial<GithubDemands>][] = [
    ['a build of the generic generator', {}, {}],
    ['with the source under its scheme', {}, { source: 'git+https://github.com/acme/widget' }],
    ['with its builder named', {}, { builderId: `${G}generator_generic_slsa3.yml` }],
    ['with its builder named at a version', {}, { builderId: `${G}generator_generic_slsa3.yml@v2.0.0` }],
    ['with its builder named at a ref', {}, { builderId: `${G}generator_generic_slsa3.yml@refs/tags/v2.0.0` }],
    ['with its tag', {}, { tag: 'v1.2.3' }],
    ['with the major version of its tag', {}, { versionedTag: 'v1' }],
    ['with the branch behind the tag', {}, { branch: 'main' }],
    ['from a branch', { ref: 'refs/heads/feature/x' }, { branch: 'feature/x' }],
    [
      'with any subject of several',
      {
        alter: put('subject', [
          { name: 'other', digest: { sha256: 'cd'.repeat(32) } },
          { name: '', digest: { sha256: DIGEST } },
        ]),
      },
      {},
    ],
    ['members in other letter case', { alter: put('predicate.metadata', { BuildInvocationId: '77-2' }) }, {}],
    ['a build of a tool behind a delegator', delegation, {}],
    ['that tool by name', delegation, { builderId: `${G}builder_maven_slsa3.yml@v1.10.0` }],
    [
      'a delegated build of a commit that is on no ref',
      { ...delegation, alter: put('predicate.buildDefinition.resolvedDependencies.0.uri', 'git+https://github.com/acme/widget') },
      {},
    ],
    [
      "a tool of somebody else's, named",
      { ...delegation, alter: put('predicate.runDetails.builder.id', 'https://github.com/x/y/.github/workflows/t.yml@refs/tags/v1.0.0') },
      { builderId: 'https://github.com/x/y/.github/workflows/t.yml' },
    ],
  ];

  test.each(accepted)('%s', async (_, build, demands) => {
    const { checks } = await judge(build, demands);
    expect(checks.flatMap(failures)).toEqual([]);
    expect(checks.filter((check) => check.optional !== true && check.status !== 'pass')).toEqual([]);
  });

  test('and the builder that is reported is the tool, not its delegator', async () => {
    expect((await judge(delegation)).builderId).toBe(`${G}builder_maven_slsa3.yml@refs/tags/v1.10.0`);
    expect((await judge({})).builderId).toBe(`${G}generator_generic_slsa3.yml@refs/tags/v2.0.0`);
  });

  test('inputs of a dispatch, those that are asked for', async () => {
    const build: Build = { alter: put('predicate.invocation.environment.github_event_name', 'workflow_dispatch') };
    expect(await refused(build, { inputs: new Map([['release', 'yes']]) })).toEqual([]);
  });
});

describe('is refused, with the text that the reference gives and the near miss', () => {
  const delegation: Build = { statement: delegated, claims: DELEGATOR_CLAIMS };
  const dispatch = put('predicate.invocation.environment.github_event_name', 'workflow_dispatch');
  const workflow = (path: string) => ({ job_workflow_ref: path });
  const refusals: [string, Build, Partial<GithubDemands>, string, RegExp, RegExp?][] = [
    [
      'another repository',
      {},
      { source: 'github.com/acme/gadget' },
      'SLSA_SOURCE',
      /^source used to generate the binary does not match provenance: expected source 'acme\/gadget', got 'acme\/widget'$/,
      /owner is the same/,
    ],
    ['a fork', {}, { source: 'github.com/fork/widget' }, 'SLSA_SOURCE', /expected source 'fork\/widget'/, /fork/],
    [
      'a look-alike host',
      {},
      { source: 'github.example.com/acme/widget' },
      'SLSA_SOURCE',
      /expected source 'github\.example\.com\/acme\/widget'/,
      /github\.example\.com.*github\.com/,
    ],
    [
      'a source with a scheme',
      {},
      { source: 'https://github.com/acme/widget' },
      'SLSA_SOURCE',
      /expected source 'https:\/\/github\.com\/acme\/widget'/,
      /without scheme/,
    ],
    ['a source with .git', {}, { source: 'github.com/acme/widget.git' }, 'SLSA_SOURCE', /widget\.git'/, /\.git/],
    ['a source with a trailing slash', {}, { source: 'github.com/acme/widget/' }, 'SLSA_SOURCE', /widget\/'/, /trailing slash/],
    ['a source in another letter case', {}, { source: 'github.com/Acme/Widget' }, 'SLSA_SOURCE', /'Acme\/Widget'/, /upper and lower case/],
    [
      'a workflow that is no trusted builder',
      { claims: workflow('acme/widget/.github/workflows/release.yml@refs/tags/v1.0.0') },
      {},
      'SLSA_BUILDER_UNTRUSTED',
      /^untrusted reusable workflow: https:\/\/github\.com\/acme\/widget\/\.github\/workflows\/release\.yml with builderID provided: false$/,
    ],
    [
      'the same, with an empty builder id',
      { claims: workflow('acme/widget/.github/workflows/release.yml@refs/tags/v1.0.0') },
      { builderId: '' },
      'SLSA_BUILDER_UNTRUSTED',
      /builderID provided: true$/,
    ],
    [
      'another builder than the one that is named',
      {},
      { builderId: `${G}builder_go_slsa3.yml` },
      'SLSA_BUILDER',
      /^untrusted reusable workflow: builderID does not match provenance: expected name '.*generator_generic_slsa3\.yml', got '.*builder_go_slsa3\.yml'$/,
    ],
    [
      'the builder at another version',
      {},
      { builderId: `${G}generator_generic_slsa3.yml@v2.1.0` },
      'SLSA_BUILDER',
      /expected version 'v2\.1\.0', got 'refs\/tags\/v2\.0\.0'$/,
      /the version differs/,
    ],
    ['a builder id with two @', {}, { builderId: `${G}x@v1@v2` }, 'SLSA_UNSUPPORTED', /^invalid format: builderID: /],
    [
      'a builder at a branch',
      { claims: workflow('slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@refs/heads/main') },
      {},
      'SLSA_BUILDER_REF',
      /^invalid ref: "refs\/heads\/main": unexpected ref type: "heads"$/,
    ],
    [
      'a builder at a commit',
      { claims: workflow(`slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@${'0'.repeat(40)}`) },
      {},
      'SLSA_BUILDER_REF',
      /unexpected ref type: ""$/,
    ],
    [
      'a builder at a release candidate',
      { claims: workflow('slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@refs/tags/v2.0.0-rc.1') },
      {},
      'SLSA_BUILDER_REF',
      /^invalid ref: v2\.0\.0-rc\.1: not of the form vX\.Y\.Z$/,
    ],
    [
      'a builder at a short tag',
      { claims: workflow('slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@refs/tags/v2') },
      {},
      'SLSA_BUILDER_REF',
      /v2: not of the form/,
    ],
    [
      'another payload type',
      { payloadType: 'application/json' },
      {},
      'SLSA_STATEMENT',
      /^invalid DSSE envelope payload: expected payload type 'application\/vnd\.in-toto\+json', got 'application\/json'$/,
    ],
    ['a payload that is no JSON', { payload: utf8('{') }, {}, 'SLSA_STATEMENT', /^invalid DSSE envelope payload: decoding provenance: /],
    ['a member that is there twice', { payload: utf8('{"_type":"x","_type":"y"}') }, {}, 'SLSA_STATEMENT', /decoding provenance: .*"?_type/],
    ['an unknown member', { alter: put('predicate.extra', 1) }, {}, 'SLSA_STATEMENT', /json: unknown field "extra"$/],
    ['an unknown member of a subject', { alter: put('subject.0.annotations', {}) }, {}, 'SLSA_STATEMENT', /json: unknown field "annotations"$/],
    [
      'two members of one name in other letter case',
      { alter: put('predicate.BuildType', 'x') },
      {},
      'SLSA_STATEMENT',
      /predicate: two members are named BuildType but for letter case$/,
    ],
    ['a member of another type', { alter: put('predicate.buildType', 7) }, {}, 'SLSA_STATEMENT', /predicate\.buildType: expected a text, found 7$/],
    [
      'an SBOM',
      { alter: put('predicateType', 'https://cyclonedx.org/bom') },
      {},
      'SLSA_PREDICATE_TYPE',
      /unexpected predicate type 'https:\/\/cyclonedx\.org\/bom'$/,
    ],
    [
      'a build type of another builder',
      { alter: put('predicate.buildType', 'https://github.com/slsa-framework/slsa-github-generator/go@v1') },
      {},
      'SLSA_BUILD_TYPE',
      /^invalid DSSE envelope payload: buildType is invalid: ".*go@v1" for builder ID /,
    ],
    [
      'a predicate that names another builder',
      { alter: put('predicate.builder.id', `${G}builder_go_slsa3.yml@refs/tags/v2.0.0`) },
      {},
      'SLSA_DISAGREEMENT',
      /^builderID does not match provenance: expected name '.*builder_go_slsa3\.yml', got '.*generator_generic_slsa3\.yml'$/,
    ],
    [
      'a predicate that names another version',
      { alter: put('predicate.builder.id', `${G}generator_generic_slsa3.yml@refs/tags/v1.9.0`) },
      {},
      'SLSA_DISAGREEMENT',
      /expected version 'refs\/tags\/v2\.0\.0', got 'refs\/tags\/v1\.9\.0'$/,
    ],
    [
      'a predicate of another trigger',
      { alter: put('predicate.invocation.configSource.uri', 'git+https://github.com/evil/widget@refs/tags/v1.2.3') },
      {},
      'SLSA_SOURCE',
      /expected trigger "git\+https:\/\/github\.com\/acme\/widget" to match source-uri "git\+https:\/\/github\.com\/evil\/widget@refs\/tags\/v1\.2\.3"$/,
    ],
    [
      'a trigger without ref',
      { alter: put('predicate.invocation.configSource.uri', 'git+https://github.com/acme/widget') },
      {},
      'SLSA_STATEMENT',
      /^URI is malformed: missing ref: /,
    ],
    [
      'a predicate of another source',
      { alter: put('predicate.materials.0.uri', 'git+https://github.com/evil/widget@refs/tags/v1.2.3') },
      {},
      'SLSA_SOURCE',
      /expected source "git\+https:\/\/github\.com\/evil\/widget@refs\/tags\/v1\.2\.3" to match source-uri /,
    ],
    ['no material', { alter: put('predicate.materials', []) }, {}, 'SLSA_STATEMENT', /^URI is malformed: empty uri$/],
    ['a source that is not in Git', { alter: put('predicate.materials.0.uri', 'https://github.com/acme/widget') }, {}, 'SLSA_STATEMENT', /not a git URI/],
    [
      'a source at another ref than the trigger',
      { alter: put('predicate.materials.0.uri', 'git+https://github.com/acme/widget@refs/heads/evil') },
      {},
      'SLSA_DISAGREEMENT',
      /^invalid DSSE envelope payload: source and trigger URIs do not match: /,
    ],
    [
      'another artifact',
      {},
      { digest: 'cd'.repeat(32) },
      'SLSA_SUBJECT',
      /^expected hash '(?:cd){32}' not found: artifact hash does not match provenance subject$/,
    ],
    [
      'a subject with another algorithm',
      { alter: put('subject.0.digest', { sha512: 'ef'.repeat(64) }) },
      {},
      'SLSA_SUBJECT_ALGORITHM',
      /not found: artifact hash/,
    ],
    ['a digest that is too short', {}, { digest: 'ab'.repeat(20) }, 'SLSA_SUBJECT_ALGORITHM', /^invalid hash: expected minimum 256-bit\. Got 160$/],
    ['no subject', { alter: put('subject', []) }, {}, 'SLSA_SUBJECT', /^invalid DSSE envelope payload: no subjects$/],
    [
      'another branch',
      { ref: 'refs/heads/main' },
      { branch: 'release' },
      'SLSA_BRANCH',
      /^expected branch 'release', got 'main': branch used to generate the binary does not match provenance$/,
    ],
    [
      'a branch with its prefix',
      { ref: 'refs/heads/main' },
      { branch: 'refs/heads/main' },
      'SLSA_BRANCH',
      /expected branch 'refs\/heads\/main', got 'main'/,
      /leave refs\/heads\/ out/,
    ],
    [
      'a tag where a branch was claimed',
      { alter: put('predicate.invocation.environment.github_event_payload.base_ref', null) },
      { branch: 'v1.2.3' },
      'SLSA_REF',
      /^verifying branch: invalid ref: "": unexpected ref type: ""$/,
      /--source-tag v1\.2\.3/,
    ],
    [
      'a branch where a tag was claimed',
      { ref: 'refs/heads/main' },
      { tag: 'v1.2.3' },
      'SLSA_REF',
      /^verifying tag: invalid ref: "": unexpected ref type: ""$/,
      /--source-branch main/,
    ],
    ['another tag', {}, { tag: 'v1.2.4' }, 'SLSA_TAG', /^expected tag 'v1\.2\.4', got 'v1\.2\.3': tag used to generate/],
    ['an empty tag that was demanded', {}, { tag: '' }, 'SLSA_TAG', /^expected tag '', got 'v1\.2\.3'/],
    ['another minor version', {}, { versionedTag: 'v1.3' }, 'SLSA_TAG', /minor version expected '3', got '2'$/],
    [
      'an unknown kind of ref',
      { alter: put('predicate.invocation.environment.github_ref_type', 'note') },
      { tag: 'v1.2.3' },
      'SLSA_REF',
      /^invalid DSSE envelope payload: unknown ref type "note"$/,
    ],
    [
      'inputs of a build that was pushed',
      {},
      { inputs: new Map([['release', 'yes']]) },
      'SLSA_TRIGGER',
      /^workflow input does not match: expected 'workflow_dispatch' trigger, got push$/,
    ],
    [
      'inputs of a pull request',
      { alter: put('predicate.invocation.environment.github_event_name', 'pull_request') },
      { inputs: new Map([['release', 'yes']]) },
      'SLSA_TRIGGER',
      /got pull_request$/,
    ],
    ['an input that is not there', { alter: dispatch }, { inputs: new Map([['absent', 'x']]) }, 'SLSA_INPUT', /cannot retrieve value of 'absent'$/],
    ['an input that is no text', { alter: dispatch }, { inputs: new Map([['count', '3']]) }, 'SLSA_INPUT', /cannot retrieve value of 'count'$/],
    ['an input with another value', { alter: dispatch }, { inputs: new Map([['release', 'no']]) }, 'SLSA_INPUT', /expected 'release=no', got 'release=yes'$/],
    [
      'a tool that is not of the SLSA project, unnamed',
      { ...delegation, alter: put('predicate.runDetails.builder.id', 'https://github.com/x/y/.github/workflows/t.yml@refs/tags/v1.0.0') },
      {},
      'SLSA_BUILDER_UNTRUSTED',
      /^builderID is invalid: BuilderID Path Mismatch\. Got: "https:\/\/github\.com\/x\/y\/\.github\/workflows\/t\.yml"\./,
    ],
    [
      'a tool without version',
      { ...delegation, alter: put('predicate.runDetails.builder.id', `${G}builder_maven_slsa3.yml`) },
      {},
      'SLSA_BUILDER',
      /^builderID is invalid: /,
    ],
    [
      'a tool at a branch',
      { ...delegation, alter: put('predicate.runDetails.builder.id', `${G}builder_maven_slsa3.yml@refs/heads/main`) },
      {},
      'SLSA_BUILDER_REF',
      /^invalid ref: "refs\/heads\/main"/,
    ],
    [
      'another tool than the one that is named',
      delegation,
      { builderId: `${G}builder_gradle_slsa3.yml` },
      'SLSA_BUILDER',
      /^builderID does not match provenance: expected name /,
    ],
    [
      'a delegated build of another branch',
      { ...delegation, ref: 'refs/heads/main' },
      { branch: 'other' },
      'SLSA_BRANCH',
      /expected branch 'other', got 'main'/,
    ],
  ];

  test.each(refusals)('%s', async (_, build, demands, code, text, hint) => {
    const [first] = await refused(build, demands);
    expect([first?.code, first && referenceText(first)]).toEqual([code, expect.stringMatching(text)]);
    expect(first?.spec).toMatch(/^slsa\.md section 1/);
    if (hint !== undefined) expect(first?.hint).toMatch(hint);
  });
});

test('two members are wrong: both are told, the one that the reference names first', async () => {
  const failed = await refused({}, { tag: 'v9', digest: 'cd'.repeat(32) });
  expect(failed.map(({ code }) => code)).toEqual(['SLSA_SUBJECT', 'SLSA_TAG']);
});

test('thousands of subjects are nothing special', async () => {
  const many = Array.from({ length: 10_000 }, (_, i) => ({ name: `file-${i}`, digest: { sha256: i.toString(16).padStart(64, '0') } }));
  const build: Build = { alter: put('subject', [...many, { name: 'last', digest: { sha256: DIGEST } }]) };
  expect(await refused(build)).toEqual([]);
});

describe('where certificate and predicate disagree, it is told, and decides nothing here', () => {
  test.each([
    ['the commit', put('predicate.materials.0.digest.sha1', 'f'.repeat(40)), 'agreement.commit'],
    ['the workflow', put('predicate.invocation.configSource.entryPoint', '.github/workflows/other.yml'), 'agreement.workflow'],
    ['the event', put('predicate.invocation.environment.github_event_name', 'schedule'), 'agreement.trigger'],
    ['the run', put('predicate.metadata.buildInvocationID', '78-1'), 'agreement.run'],
    [
      'the ref',
      both(
        put('predicate.materials.0.uri', 'git+https://github.com/acme/widget@refs/tags/v9'),
        put('predicate.invocation.configSource.uri', 'git+https://github.com/acme/widget@refs/tags/v9'),
      ),
      'agreement.ref',
    ],
  ])('%s', async (_, alter, id) => {
    const { checks } = await judge({ alter });
    expect(checks.flatMap(failures)).toEqual([]);
    const told = checks.filter((check) => check.status === 'fail');
    expect(told.map((check) => [check.id, check.code, check.optional])).toContainEqual([id, 'SLSA_DISAGREEMENT', true]);
    expect(told.every(({ warning }) => warning !== undefined)).toBe(true);
  });
});

test('nothing is judged that was not verified', () => {
  const forged = { identity: { san: 'x' }, content: { type: '', bytes: new Uint8Array(0) } } as unknown as Parameters<typeof judgeGithub>[0];
  expect(() => judgeGithub(forged, DEMANDS)).toThrow(TypeError);
});

describe('under SLSA_VERIFIER_TESTING', () => {
  const own = (ref: string): Build => ({
    claims: {
      repository: 'slsa-framework/example-package',
      repository_owner: 'slsa-framework',
      workflow_ref: `slsa-framework/example-package/.github/workflows/x.yml@refs/heads/main`,
      job_workflow_ref: `slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@${ref}`,
    },
  });
  const codes = async (build: Build, demands: Partial<GithubDemands>) => (await refused(build, demands)).map(({ code }) => code);

  test.each(['refs/heads/main', 'refs/tags/v2.0.0-rc.1', 'refs/tags/v2.0.0'])('%s is a release of the builder to its own tests', async (ref) => {
    const demands = { source: 'github.com/slsa-framework/example-package' };
    expect(await codes(own(ref), { ...demands, testing: true })).not.toContain('SLSA_BUILDER_REF');
    expect((await codes(own(ref), demands)).includes('SLSA_BUILDER_REF')).toBe(ref !== 'refs/tags/v2.0.0');
  });

  test('other repositories gain nothing by it', async () => {
    const claims = { job_workflow_ref: 'slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@refs/heads/main' };
    expect(await codes({ claims }, { testing: true })).toContain('SLSA_BUILDER_REF');
  });
});
