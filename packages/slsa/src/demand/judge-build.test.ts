/** What is demanded of a build, against what is certified and what is stated: tables of what passes, of near misses, and of what no change may bring about. */
import { type Check, failures, type JsonObject, utf8, type Verified } from '@assay/core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type Alter,
  type Build,
  COMMIT,
  DELEGATOR_CLAIMS,
  DIGEST,
  delegated,
  G,
  generic,
  put,
  REPOSITORY,
  verifiedBuild,
  WORKFLOW,
} from '../../test/build-scene.ts';
import type { BuildFacts } from '../facts.ts';
import type { BuildDemands } from './demands.ts';
import { checkFacts, judgeBuild } from './judge-build.ts';
import { parseSourceRepository } from './source-repository.ts';

const SOURCE = parseSourceRepository(`github.com/${REPOSITORY}`);
const DIGESTS = new Map([['sha256', DIGEST]]);
const TAG = { kind: 'tag', name: 'v1.2.3' } as const;

/** Signed by a workflow of the repository itself, as actions/attest does it. */
const OWN: Build = {
  claims: { job_workflow_ref: `${WORKFLOW}@refs/tags/v1.2.3` },
  statement: (ref) => {
    const uri = `https://github.com/${REPOSITORY}`;
    return {
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'https://slsa.dev/provenance/v1',
      subject: [{ name: 'widget.tar.gz', digest: { sha256: DIGEST } }],
      predicate: {
        buildDefinition: {
          buildType: 'https://actions.github.io/buildtypes/workflow/v1',
          externalParameters: { workflow: { ref, repository: uri, path: '.github/workflows/release.yml' } },
          internalParameters: { github: { event_name: 'push', runner_environment: 'github-hosted' } },
          resolvedDependencies: [{ uri: `git+${uri}@${ref}`, digest: { gitCommit: COMMIT } }],
        },
        runDetails: { builder: { id: `https://github.com/${WORKFLOW}@${ref}` }, metadata: { invocationId: `${uri}/actions/runs/77/attempts/2` } },
      },
    };
  },
};
const DELEGATED: Build = { claims: DELEGATOR_CLAIMS, statement: delegated };

/** Of `acme/widgets`, a neighbour. */
const WIDGETS = `${REPOSITORY}s/.github/workflows/release.yml@refs/tags/v1.2.3`;

type Demands = Partial<Omit<BuildDemands, 'source'>> & { readonly source?: string; readonly digests?: ReadonlyMap<string, string> };

async function judge(build: Build, { source, digests = DIGESTS, ...demands }: Demands = {}) {
  return judgeBuild(await verifiedBuild(build), { source: source === undefined ? SOURCE : parseSourceRepository(source), ...demands }, digests);
}

/** The failed checks, as the tree tells them. */
function refusals(checks: readonly Check[]): Check[] {
  return checks.flatMap(failures);
}

describe('passes', () => {
  test.each<[string, Build, Demands, number]>([
    ['a generator of the SLSA project', {}, {}, 3],
    ['named, without its version', {}, { builder: `${G}generator_generic_slsa3.yml` }, 3],
    ['named with its version', {}, { builder: `${G}generator_generic_slsa3.yml@v2.0.0` }, 3],
    ['a tool behind a delegator', DELEGATED, {}, 3],
    ['a tool that is named', DELEGATED, { builder: `${G}builder_maven_slsa3.yml@v1.10.0` }, 3],
    ['a workflow of the repository itself', OWN, {}, 2],
    [
      'on a machine of somebody else',
      { ...OWN, claims: { ...OWN.claims, runner_environment: 'self-hosted' }, alter: put('predicate.buildDefinition.internalParameters', {}) },
      {},
      1,
    ],
    ['everything demanded', OWN, { ref: TAG, commit: COMMIT, trigger: 'push', selfHosted: 'refused', builder: `https://github.com/${WORKFLOW}` }, 2],
    ['a branch', { ...OWN, ref: 'refs/heads/main', claims: { job_workflow_ref: `${WORKFLOW}@refs/heads/main` } }, { ref: { kind: 'branch', name: 'main' } }, 2],
    ["somebody else's workflow at a tag, by name", foreign('refs/tags/v7'), { builder: 'https://github.com/other/builders/.github/workflows/build.yml' }, 2],
    [
      'at a branch, by name and branch',
      foreign('refs/heads/main'),
      { builder: 'https://github.com/other/builders/.github/workflows/build.yml@refs/heads/main' },
      2,
    ],
    [
      'a pull request that is demanded',
      { ...OWN, claims: { ...OWN.claims, event_name: 'pull_request' }, alter: put('predicate.buildDefinition.internalParameters', {}) },
      { trigger: 'pull_request' },
      2,
    ],
    [
      'a subject by its strongest digest',
      { alter: put('subject.0.digest', { sha512: 'cd'.repeat(64) }) },
      {
        digests: new Map([
          ['sha256', DIGEST],
          ['sha512', 'cd'.repeat(64)],
        ]),
      },
      3,
    ],
  ])('%s', async (_, build, demands, level) => {
    const judged = await judge(build, demands);
    expect(refusals(judged.checks)).toEqual([]);
    expect(judged.level).toBe(level);
  });
});

/** Of another repository, as a reusable workflow is. */
function foreign(ref: string): Build {
  const builder = `other/builders/.github/workflows/build.yml@${ref}`;
  return { ...OWN, claims: { job_workflow_ref: builder }, alter: put('predicate.runDetails.builder.id', `https://github.com/${builder}`) };
}

describe('is refused with its code, and the near miss', () => {
  const HERE = `github.com/${REPOSITORY}`;
  test.each<[string, Build, Demands, string, string | undefined]>([
    [
      'another repository',
      {},
      { source: 'github.com/evil/widget' },
      'SLSA_SOURCE',
      `the repository has the same name, its owner is another (a fork?): ${HERE}`,
    ],
    ['another of the owner', {}, { source: 'github.com/acme/other' }, 'SLSA_SOURCE', `the owner is the same, the repository is another: ${HERE}`],
    [
      'another case',
      {},
      { source: 'github.com/Acme/widget' },
      'SLSA_SOURCE',
      'they differ in upper and lower case only; repositories are compared as they are written',
    ],
    [
      'a look-alike host',
      {},
      { source: `github.aaakk.us.kg/${REPOSITORY}` },
      'SLSA_SOURCE',
      `the host differs: github.aaakk.us.kg was demanded, it was built on github.com. If github.aaakk.us.kg is a mirror or a look-alike, do not trust what it says; name the source as ${HERE}`,
    ],
    [
      'a branch where a tag was demanded',
      { ref: 'refs/heads/main' },
      { ref: TAG },
      'SLSA_TAG',
      'a branch moves, a release is a tag; if the branch is what you mean: --branch main',
    ],
    [
      'a tag where a branch was demanded',
      {},
      { ref: { kind: 'branch', name: 'main' } },
      'SLSA_BRANCH',
      'which branch a tag is on, nobody vouches for; if the tag is what you mean: --tag v1.2.3',
    ],
    ['another tag', {}, { ref: { kind: 'tag', name: 'v1.2.4' } }, 'SLSA_TAG', undefined],
    ['a tag without its v', {}, { ref: { kind: 'tag', name: '1.2.3' } }, 'SLSA_TAG', 'they differ in the leading v only: v1.2.3'],
    ['a whole ref as name', {}, { ref: { kind: 'tag', name: 'refs/tags/v1.2.3' } }, 'SLSA_TAG', 'name the tag alone: v1.2.3'],
    ['a tag of another case', {}, { ref: { kind: 'tag', name: 'V1.2.3' } }, 'SLSA_TAG', 'they differ in upper and lower case only'],
    ['an empty tag', {}, { ref: { kind: 'tag', name: '' } }, 'SLSA_TAG', undefined],
    [
      'a pull request as branch',
      { ref: 'refs/pull/7/merge' },
      { ref: { kind: 'branch', name: 'main' } },
      'SLSA_BRANCH',
      'it was built before anybody had to agree to the change',
    ],
    ['another commit', {}, { commit: 'f'.repeat(40) }, 'SLSA_COMMIT', undefined],
    ['a commit that begins alike', {}, { commit: `${COMMIT.slice(0, 12)}${'0'.repeat(28)}` }, 'SLSA_COMMIT', undefined],
    [
      'a workflow of a repository whose name begins alike',
      { ...OWN, claims: { job_workflow_ref: WIDGETS }, alter: put('predicate.runDetails.builder.id', `https://github.com/${WIDGETS}`) },
      {},
      'SLSA_BUILDER_UNTRUSTED',
      undefined,
    ],
    [
      'a tool with the name of a trusted one behind a delegator',
      { ...DELEGATED, alter: put('predicate.runDetails.builder.id', 'https://github.com/evil/t/.github/workflows/builder_maven_slsa3.yml@refs/tags/v1.10.0') },
      {},
      'SLSA_BUILDER_UNTRUSTED',
      undefined,
    ],
    [
      'a pull request',
      { ...OWN, claims: { ...OWN.claims, event_name: 'pull_request_target' }, alter: put('predicate.buildDefinition.internalParameters', {}) },
      {},
      'SLSA_TRIGGER',
      'take a build of a branch or a tag; if this one is what you mean: --trigger pull_request_target',
    ],
    ['another event', {}, { trigger: 'workflow_dispatch' }, 'SLSA_TRIGGER', undefined],
    ['a self-hosted runner', { claims: { runner_environment: 'self-hosted' } }, { selfHosted: 'refused' }, 'SLSA_RUNNER', undefined],
    ['another builder', {}, { builder: `${G}builder_go_slsa3.yml` }, 'SLSA_BUILDER', undefined],
    [
      'a builder of another version',
      {},
      { builder: `${G}generator_generic_slsa3.yml@v2.1.0` },
      'SLSA_BUILDER',
      'the builder is the one that was demanded, at refs/tags/v2.0.0',
    ],
    [
      'a builder of the same file',
      {},
      { builder: 'https://github.com/evil/builders/.github/workflows/generator_generic_slsa3.yml' },
      'SLSA_BUILDER',
      'the file generator_generic_slsa3.yml is the same, in another repository',
    ],
    ['a trusted builder at a branch', at('main'), {}, 'SLSA_BUILDER_REF', 'it was called at the branch main, which moves'],
    [
      'a trusted builder at a branch, by name',
      at('main'),
      { builder: `${G}generator_generic_slsa3.yml` },
      'SLSA_BUILDER_REF',
      'it was called at the branch main, which moves',
    ],
    [
      "somebody else's workflow",
      foreign('refs/tags/v7'),
      {},
      'SLSA_BUILDER_UNTRUSTED',
      'if you trust it, name it: --builder https://github.com/other/builders/.github/workflows/build.yml',
    ],
    [
      "somebody else's at a branch, by name",
      foreign('refs/heads/main'),
      { builder: 'https://github.com/other/builders/.github/workflows/build.yml' },
      'SLSA_BUILDER_REF',
      'it was called at the branch main, which moves; if this one is what you mean: --builder https://github.com/other/builders/.github/workflows/build.yml@refs/heads/main',
    ],
    [
      "somebody else's at a commit, by name",
      foreign('a'.repeat(40)),
      { builder: 'https://github.com/other/builders/.github/workflows/build.yml' },
      'SLSA_BUILDER_REF',
      `it was called at a commit, which may be one of a fork; if this one is what you mean: --builder https://github.com/other/builders/.github/workflows/build.yml@${'a'.repeat(40)}`,
    ],
    [
      'a twin of a trusted builder',
      twin(),
      {},
      'SLSA_BUILDER_UNTRUSTED',
      `its file is named like that of a trusted builder, in another repository: ${G}generator_generic_slsa3.yml is trusted`,
    ],
    [
      'a tool of somebody else behind a delegator',
      { ...DELEGATED, alter: put('predicate.runDetails.builder.id', 'https://github.com/evil/t/.github/workflows/b.yml@refs/tags/v1.0.0') },
      {},
      'SLSA_BUILDER_UNTRUSTED',
      'if you trust it, name it: --builder https://github.com/evil/t/.github/workflows/b.yml',
    ],
    [
      'a tool at a branch',
      { ...DELEGATED, alter: put('predicate.runDetails.builder.id', `${G}builder_maven_slsa3.yml@refs/heads/main`) },
      {},
      'SLSA_BUILDER_REF',
      'it was called at the branch main, which moves',
    ],
    ['another tool', DELEGATED, { builder: `${G}builder_gradle_slsa3.yml` }, 'SLSA_BUILDER', undefined],
    [
      'a delegator as builder',
      DELEGATED,
      { builder: `${G}delegator_generic_slsa3.yml` },
      'SLSA_BUILDER',
      `a delegator signs for tools: name the tool, ${G}builder_maven_slsa3.yml`,
    ],
    ['an SBOM', { alter: put('predicateType', 'https://spdx.dev/Document') }, {}, 'SLSA_PREDICATE_TYPE', undefined],
    ['another payload', { payloadType: 'text/plain' }, {}, 'SLSA_STATEMENT', undefined],
    ['an unknown member', { alter: put('predicate.surprise', 1) }, {}, 'SLSA_STATEMENT', undefined],
    [
      'a member twice',
      { payload: utf8(JSON.stringify(generic('refs/tags/v1.2.3')).replace('"subject"', '"predicateType":"x","subject"')) },
      {},
      'SLSA_STATEMENT',
      undefined,
    ],
    ['two documents', { payload: utf8(`${JSON.stringify(generic('refs/tags/v1.2.3'))}{}`) }, {}, 'SLSA_STATEMENT', undefined],
    ['an unknown type of statement', { alter: put('_type', 'https://in-toto.io/Statement/v9') }, {}, 'SLSA_STATEMENT', undefined],
    ['another subject', { alter: put('subject.0.digest.sha256', 'ef'.repeat(32)) }, {}, 'SLSA_SUBJECT', undefined],
    [
      'a subject in upper case',
      { alter: put('subject.0.digest.sha256', DIGEST.toUpperCase()) },
      {},
      'SLSA_SUBJECT',
      'a subject has this digest in upper case; digests are lower-case hex',
    ],
    ['a subject by another algorithm', { alter: put('subject.0.digest', { sha1: 'a'.repeat(40) }) }, {}, 'SLSA_SUBJECT_ALGORITHM', undefined],
    ['no subject', { alter: put('subject', []) }, {}, 'SLSA_SUBJECT', undefined],
    [
      'a subject whose stronger digest is another',
      { alter: put('subject.0.digest', { sha256: DIGEST, sha512: '00'.repeat(64) }) },
      {
        digests: new Map([
          ['sha256', DIGEST],
          ['sha512', 'cd'.repeat(64)],
        ]),
      },
      'SLSA_SUBJECT',
      undefined,
    ],
    ['an older and a newer claim that differ', { claims: { workflow_sha: 'e'.repeat(40) } }, {}, 'SLSA_CLAIMS', undefined],
    [
      'a workflow of another repository that was started',
      { claims: { workflow_ref: 'evil/x/.github/workflows/y.yml@refs/heads/main' } },
      {},
      'SLSA_CLAIMS',
      undefined,
    ],
  ])('%s', async (_, build, demands, code, hint) => {
    const [first] = refusals((await judge(build, demands)).checks);
    expect(first).toMatchObject({ code, ...(hint !== undefined && { hint }) });
  });

  /** The generic generator at a branch; its provenance says so too. */
  function at(branch: string): Build {
    const ref = `refs/heads/${branch}`;
    return {
      claims: { job_workflow_ref: `slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@${ref}` },
      alter: put('predicate.builder.id', `${G}generator_generic_slsa3.yml@${ref}`),
    };
  }

  function twin(): Build {
    const builder = 'evil/generator/.github/workflows/generator_generic_slsa3.yml@refs/tags/v2.0.0';
    return { claims: { job_workflow_ref: builder }, alter: put('predicate.builder.id', `https://github.com/${builder}`) };
  }
});

describe('a predicate that says something else than the certificate', () => {
  test.each<[string, Alter, string]>([
    ['source', put('predicate.invocation.configSource.uri', 'git+https://github.com/evil/x@refs/tags/v1.2.3'), 'agreement.source'],
    ['material', put('predicate.materials.0.uri', 'git+https://github.com/evil/x@refs/tags/v1.2.3'), 'agreement.material'],
    ['ref of the material', put('predicate.materials.0.uri', `git+https://github.com/${REPOSITORY}@refs/heads/main`), 'agreement.material'],
    ['ref', put('predicate.invocation.configSource.uri', `git+https://github.com/${REPOSITORY}@refs/heads/main`), 'agreement.ref'],
    ['commit', put('predicate.materials.0.digest.sha1', 'f'.repeat(40)), 'agreement.commit'],
    ['workflow', put('predicate.invocation.configSource.entryPoint', '.github/workflows/other.yml'), 'agreement.workflow'],
    ['builder', put('predicate.builder.id', `${G}builder_go_slsa3.yml@refs/tags/v2.0.0`), 'agreement.builder'],
    ['trigger', put('predicate.invocation.environment.github_event_name', 'release'), 'agreement.trigger'],
    ['run', put('predicate.metadata.buildInvocationID', '78-1'), 'agreement.run'],
  ])('%s: a named check fails', async (_, alter, id) => {
    const failed = refusals((await judge({ alter })).checks);
    expect(failed.map((check) => [check.id, check.code])).toContainEqual([id, 'SLSA_DISAGREEMENT']);
  });

  test('delegated, where no delegator signed', async () => {
    const alter = put('predicate.buildDefinition.buildType', 'https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0');
    const failed = refusals((await judge({ ...OWN, alter })).checks);
    expect(failed).toMatchObject([{ id: 'agreement.builder', code: 'SLSA_DISAGREEMENT' }]);
  });
});

test('everything that is wrong is told at once', async () => {
  const failed = refusals(
    (await judge({ ref: 'refs/heads/main', alter: put('subject', []) }, { ref: TAG, commit: 'f'.repeat(40), source: 'github.com/o/r' })).checks,
  );
  expect(failed.map(({ code }) => code)).toEqual(['SLSA_SOURCE', 'SLSA_TAG', 'SLSA_COMMIT', 'SLSA_SUBJECT']);
});

test('what was not verified is not judged', () => {
  const smuggled = { identity: {}, artifact: undefined, statement: undefined, payload: undefined, content: {} } as unknown as Verified;
  expect(() => judgeBuild(smuggled, { source: SOURCE }, DIGESTS)).toThrow(TypeError);
});

test('ten thousand subjects are searched in a breath', async () => {
  const subject = Array.from({ length: 10_000 }, (_, i): JsonObject => ({ name: `f${i}`, digest: { sha256: i.toString(16).padStart(64, '0') } }));
  const build = { alter: put('subject', [...subject, { name: 'widget', digest: { sha256: DIGEST } }]) };
  expect(refusals((await judge(build)).checks)).toEqual([]);
});

describe('of facts', () => {
  const FACTS: BuildFacts = {
    source: SOURCE.uri,
    ref: 'refs/tags/v1.2.3',
    commit: COMMIT,
    workflow: `https://github.com/${WORKFLOW}@refs/tags/v1.2.3`,
    builder: `https://github.com/${WORKFLOW}@refs/tags/v1.2.3`,
    trigger: 'push',
    runner: 'github-hosted',
    run: `${SOURCE.uri}/actions/runs/1/attempts/1`,
  };
  const ALL: BuildDemands = { source: SOURCE, ref: TAG, commit: COMMIT, builder: FACTS.builder, trigger: 'push', selfHosted: 'refused' };
  const DEMANDED = ['source', 'ref', 'commit', 'builder', 'trigger', 'runner'] as const;
  const ok = (facts: BuildFacts, demands: BuildDemands) => refusals(checkFacts(facts, undefined, demands, 'by the platform').checks).length === 0;
  const text = fc.oneof(fc.string(), fc.constantFrom(...Object.values(FACTS), 'refs/heads/main', 'self-hosted', 'pull_request', '', SOURCE.uri.toUpperCase()));
  const demands = fc.record({
    source: fc.constant(SOURCE),
    ref: fc.constantFrom(undefined, TAG, { kind: 'branch', name: 'main' } as const),
    commit: fc.constantFrom(undefined, COMMIT),
    builder: fc.constantFrom(undefined, FACTS.builder, `https://github.com/${WORKFLOW}`),
    trigger: fc.constantFrom(undefined, 'push'),
    selfHosted: fc.constantFrom(undefined, 'refused' as const),
  });

  let accepted = false;
  beforeAll(() => {
    accepted = ok(FACTS, ALL);
  });

  test('all of them are met', () => expect(accepted).toBe(true));

  test.each(DEMANDED)('without %s, or with another, a demand for it is never met', (fact) => {
    const { [fact]: _, ...others } = FACTS;
    expect(ok(others, ALL)).toBe(false);
    fc.assert(fc.property(text, (other) => other === FACTS[fact] || (fact === 'runner' && other === 'gitlab-hosted') || !ok({ ...FACTS, [fact]: other }, ALL)));
  });

  test('taking one away never turns a refusal into acceptance', () => {
    const facts = fc.record(Object.fromEntries(Object.keys(FACTS).map((name) => [name, text])), { requiredKeys: [] }) as fc.Arbitrary<BuildFacts>;
    const mixed = facts.map((some): BuildFacts => ({ ...FACTS, ...some }));
    fc.assert(
      fc.property(mixed, demands, fc.constantFrom(...DEMANDED), (known, its, fact) => {
        const { [fact]: _, ...others } = known;
        return ok(known, its) || !ok(others, its);
      }),
      { numRuns: 2000 },
    );
  });

  test('one that was refused becomes acceptable only by becoming what was demanded', () => {
    fc.assert(
      fc.property(demands, fc.constantFrom('ref', 'commit', 'source', 'trigger' as const), text, text, (its, fact, one, two) => {
        const [before, after] = [ok({ ...FACTS, [fact]: one }, its), ok({ ...FACTS, [fact]: two }, its)];
        return before || !after || isDemanded(fact, two, its);
      }),
      { numRuns: 2000 },
    );
  });

  function isDemanded(fact: string, value: string, its: BuildDemands): boolean {
    if (fact === 'source') return value === its.source.uri;
    if (fact === 'commit') return value === its.commit;
    if (fact === 'trigger') return its.trigger === undefined ? !value.startsWith('pull_request') : value === its.trigger;
    return value === `refs/${its.ref?.kind === 'tag' ? 'tags' : 'heads'}/${its.ref?.name}`;
  }
});
