/**
 * Who built it, and whether that is somebody to trust: the builder that was demanded, else a workflow of the source repository itself, else one of the
 * SLSA project's, which keep the signing away from the build, at a release.
 *
 * A workflow of another repository is a program that somebody else may change: a branch of it moves, and a commit may be one of a fork. Only a tag
 * counts, unless the ref was demanded too. The ref of a workflow of the source itself is the source's, and demanded there.
 *
 * A delegator signs for a tool that called it: then the certificate names the delegator, and the predicate the tool.
 */
import { type Check, fail, pass, quote, TrustError } from '@assay/core';
import { type BuilderId, parseBuilderId } from '../builder-id.ts';
import type { BuildFacts } from '../facts.ts';
import { DELEGATORS, fileOf, looseMismatch, TRUSTED_BUILDERS } from '../github-actions/builder.ts';
import { checkReleaseTag } from '../github-actions/release-tag.ts';
import { GENERATOR_WORKFLOWS, RUNNER } from '../provenance/build-types.ts';
import type { BuildDemands } from './demands.ts';
import { withHint } from './hint.ts';
import { isWorkflowOf, splitWorkflow, type Workflow } from './workflow.ts';

export interface JudgedBuilder {
  readonly checks: readonly Check[];
  /** A delegator signed, for a tool that the predicate names. */
  readonly delegated: boolean;
  /** It keeps the build away from the signing: a builder of the SLSA project at a release, and nothing in between. */
  readonly isolated: boolean;
}

/** `NAME` or `NAME@REF`. Errors: `SLSA_UNSUPPORTED`. */
export function parseDemandedBuilder(id: string): BuilderId {
  const expected = 'NAME or NAME@REF';
  if (id === '') throw new TrustError('SLSA_UNSUPPORTED', 'the builder has no name', { expected });
  const read = parseBuilderId(id);
  if (!('refusal' in read)) return read;
  const { code, says, hint } = read.refusal;
  throw new TrustError(code, says, { expected, found: quote(id), ...withHint(hint) });
}

/** `stated`: the builder by the predicate. Undefined: there is none. */
export function checkBuilder(facts: BuildFacts, stated: string | undefined, { builder: demanded, source: wanted }: BuildDemands): JudgedBuilder {
  // Whether that is the source that was demanded is asked apart: a build of another one is not made by strangers for that.
  const source = facts.source ?? wanted.uri;
  if (facts.builder === undefined) {
    const check = fail(ID, 'SLSA_CLAIMS', 'it is not stated who built this', { expected: demanded ?? `a workflow of ${quote(source)}`, found: 'nothing' });
    return { checks: [check], delegated: false, isolated: false };
  }
  const signer = splitWorkflow(facts.builder);
  const started = checkStarted(facts, source);
  if (isDelegator(signer, source)) {
    const tool = stated === undefined ? undefined : splitWorkflow(stated);
    const checks = [...started, pass(ID, `${quote(signer.name)} signs for the tools that call it`), atRelease(signer), ...checkTool(tool, demanded)];
    return { checks, delegated: true, isolated: isRelease(signer) && tool?.name.startsWith(GENERATOR_WORKFLOWS) === true && isRelease(tool) };
  }
  const isolated = TRUSTED.has(signer.name) && isRelease(signer);
  const checks = demanded === undefined ? checkDefault(signer, source) : checkDemanded(signer, parseDemandedBuilder(demanded), { facts, stated, source });
  return { checks: [...started, ...checks], delegated: false, isolated };
}

function isDelegator({ name }: Workflow, source: string): boolean {
  return DELEGATORS.includes(name) && !isWorkflowOf(name, source);
}

/** Where a workflow of another repository is started, its owner decides what is built; that is so for one that builds by itself only. */
function checkStarted({ workflow, builder }: BuildFacts, source: string): Check[] {
  if (workflow === undefined || workflow === builder || isWorkflowOf(splitWorkflow(workflow).name, source)) return [];
  return [
    fail('build.workflow', 'SLSA_CLAIMS', 'the workflow that was started is not one of the source repository', {
      expected: `a workflow of ${quote(source)}`,
      found: quote(workflow),
    }),
  ];
}

function checkDefault(signer: Workflow, source: string): Check[] {
  const { name } = signer;
  if (isWorkflowOf(name, source)) return [pass(ID, `built by a workflow of the source repository: ${quote(name)}`)];
  if (TRUSTED.has(name)) return [pass(ID, `built by ${quote(name)}, which keeps builds away from the signing`), atRelease(signer)];
  const twin = [...TRUSTED].find((one) => fileOf(one) === fileOf(name));
  return [
    fail(ID, 'SLSA_BUILDER_UNTRUSTED', 'it was built by a workflow of somebody else', {
      expected: `a workflow of ${quote(source)}, or a builder of the SLSA project`,
      found: quote(`${name}@${signer.ref}`),
      hint:
        twin === undefined
          ? `if you trust it, name it: --builder ${quote(name)}`
          : `its file is named like that of a trusted builder, in another repository: ${quote(twin)} is trusted`,
    }),
  ];
}

interface Known {
  readonly facts: BuildFacts;
  readonly stated: string | undefined;
  readonly source: string;
}

function checkDemanded(signer: Workflow, given: BuilderId, { facts, stated, source }: Known): Check[] {
  if (isRunner(given, stated)) return [checkNpm(signer, given, facts, source)];
  const { name, ref } = signer;
  const mismatch = looseMismatch({ name, version: ref }, given, 'refs/tags/ too');
  if (mismatch !== undefined) {
    const expected = quote(given.version === undefined ? given.name : `${given.name}@${given.version}`);
    const hint = builderHint(signer, given);
    return [fail(ID, 'SLSA_BUILDER', mismatch.says.replace('signed', 'built this'), { expected, found: quote(`${name}@${ref}`), ...withHint(hint) })];
  }
  const check = pass(ID, `built by ${quote(name)}, as demanded`);
  if (given.version !== undefined || isWorkflowOf(name, source)) return [check];
  return [check, TRUSTED.has(name) ? atRelease(signer) : atTag(signer)];
}

/** What people run into: the same file elsewhere, the same builder at another version, a tool that is behind a delegator. */
function builderHint({ name, ref }: Workflow, given: BuilderId): string | undefined {
  if (name === given.name) return `the builder is the one that was demanded, at ${quote(ref)}`;
  if (name.toLowerCase() === given.name.toLowerCase()) return 'they differ in upper and lower case only';
  if (fileOf(name) === fileOf(given.name)) return `the file ${quote(fileOf(name))} is the same, in another repository`;
  return undefined;
}

/** The tool behind a delegator: by name, or one of the SLSA project's; each at a release. */
function checkTool(tool: Workflow | undefined, demanded: string | undefined): Check[] {
  const id = `${ID}.tool`;
  const expected = demanded ?? `${GENERATOR_WORKFLOWS}…`;
  if (tool === undefined) return [fail(id, 'SLSA_BUILDER', 'the delegator signs for a tool, and no provenance says for which', { expected, found: 'nothing' })];
  const { name, ref } = tool;
  const found = quote(`${name}@${ref}`);
  if (demanded === undefined) {
    if (name.startsWith(GENERATOR_WORKFLOWS)) return [pass(id, `built by ${quote(name)}, a tool of the SLSA project`), atRelease(tool)];
    const hint = `if you trust it, name it: --builder ${quote(name)}`;
    return [fail(id, 'SLSA_BUILDER_UNTRUSTED', 'the delegator signed for a tool of somebody else', { expected, found, hint })];
  }
  const given = parseDemandedBuilder(demanded);
  const mismatch = looseMismatch({ name, version: ref }, given, 'refs/tags/ too');
  if (mismatch === undefined) return [pass(id, `built by ${quote(name)}, as demanded`), ...(given.version === undefined ? [atTag(tool)] : [])];
  const hint = DELEGATORS.includes(given.name) ? `a delegator signs for tools: name the tool, ${quote(name)}` : builderHint(tool, given);
  const says = mismatch.says.replace('another workflow signed', 'the delegator signed for another tool');
  return [fail(id, 'SLSA_BUILDER', says, { expected: quote(demanded), found, ...withHint(hint) })];
}

/** `vX.Y.Z`: how the SLSA project names its releases. */
function atRelease({ ref }: Workflow): Check {
  const check = checkReleaseTag(`${ID}.ref`, ref, '', { testing: false });
  return check.status === 'pass' ? check : { ...check, ...withHint(movingHint(ref)) };
}

function isRelease(workflow: Workflow): boolean {
  return atRelease(workflow).status === 'pass';
}

/** Any tag: how others number their releases is their business. */
function atTag({ name, ref }: Workflow): Check {
  const id = `${ID}.ref`;
  if (/^refs\/tags\/./.test(ref)) return pass(id, `called at the tag ${quote(ref.slice('refs/tags/'.length))}`);
  return fail(id, 'SLSA_BUILDER_REF', 'the builder was not called at a tag, so that nobody can say which of its versions built this', {
    expected: 'refs/tags/…',
    found: quote(ref) || 'nothing',
    hint: `${movingHint(ref) ?? 'the ref is not a tag'}; if this one is what you mean: --builder ${quote(`${name}@${ref}`)}`,
  });
}

function movingHint(ref: string): string | undefined {
  if (ref.startsWith('refs/heads/')) return `it was called at the branch ${quote(ref.slice('refs/heads/'.length))}, which moves`;
  return /^[\da-f]{40,64}$/.test(ref) ? 'it was called at a commit, which may be one of a fork' : undefined;
}

/** npm names the runner as builder; the workflow is the project's. */
function isRunner({ name }: BuilderId, stated: string | undefined): boolean {
  return (name === RUNNER || name.startsWith(`${RUNNER}/`)) && stated?.startsWith(RUNNER) === true;
}

function checkNpm(signer: Workflow, { name }: BuilderId, { runner }: BuildFacts, source: string): Check {
  const expected = name.slice(RUNNER.length + 1) || 'github-hosted';
  if (isWorkflowOf(signer.name, source) && runner === expected) return pass(ID, `built by npm in a workflow of the source repository, ${quote(expected)}`);
  return fail(ID, 'SLSA_BUILDER', 'it was not built by npm in a workflow of the source repository, on the runner that was demanded', {
    expected: quote(`${expected}, a workflow of ${source}`),
    found: quote(`${runner ?? 'nothing'}, ${signer.name}`),
  });
}

const ID = 'build.builder';
const TRUSTED: ReadonlySet<string> = new Set(Object.values(TRUSTED_BUILDERS).flat());
