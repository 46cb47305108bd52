/** From which branch or tag it was built, if that was demanded (slsa.md section 1.7 H, I and J). */
import { type Check, isJsonObject, type Json, pass, quote } from '@assay/core';
import { namedRef, splitGitUri, splitRef } from '../git-ref.ts';
import { DELEGATOR_V0 } from '../provenance/build-types.ts';
import type { Environment, Provenance } from '../provenance/provenance.ts';
import { type Refusal, refuse } from '../reference-error.ts';
import { compareVersionedTag } from '../versioned-tag.ts';
import { eventPayload, textOf, Unstated } from './environment.ts';

export interface RefDemands {
  readonly branch?: string | undefined;
  readonly tag?: string | undefined;
  readonly versionedTag?: string | undefined;
}

/** '' is a demand too: nothing is built from a branch without a name. */
export function checkRefs(provenance: Provenance, { branch, tag, versionedTag }: RefDemands): Check[] {
  return [
    ...(branch === undefined ? [] : [checkBranch(provenance, branch)]),
    ...(tag === undefined ? [] : [checkTag(provenance, tag)]),
    ...(versionedTag === undefined ? [] : [checkVersion(provenance, versionedTag)]),
  ];
}

function checkBranch(provenance: Provenance, expected: string): Check {
  const id = 'provenance.branch';
  const stated = statedRef(provenance, branchOf);
  if (typeof stated !== 'string') return refuse(id, stated);
  const { name, problem } = namedRef(stated, 'heads');
  if (problem !== undefined) return refuse(id, notOfKind('verifying branch', problem, stated, `the branch ${quote(expected)}`, provenance));
  if (name === expected) return pass(id, `built from the branch ${quote(name)}`, { spec: SPEC });
  return refuse(id, {
    error: 'ErrorMismatchBranch',
    text: `expected branch '${quote(expected)}', got '${quote(name)}': branch used to generate the binary does not match provenance`,
    code: 'SLSA_BRANCH',
    says: 'it was built from another branch',
    expected: quote(expected) || NAMELESS,
    found: quote(name),
    hint: branchHint(expected, name, provenance),
  });
}

/** The tag may have been meant, which has such a name; the branch behind it has another. */
function branchHint(expected: string, found: string, { environment }: Provenance): string | undefined {
  if (environment.get('GITHUB_REF') === `refs/tags/${expected}`) return `${quote(expected)} is the tag that it was built from: --source-tag ${quote(expected)}`;
  return prefixHint(expected, 'refs/heads/', found);
}

function checkTag(provenance: Provenance, expected: string): Check {
  const id = 'provenance.tag';
  const stated = statedTag(provenance, `the tag ${quote(expected)}`);
  if (typeof stated !== 'string') return refuse(id, stated);
  if (stated === expected) return pass(id, `built from the tag ${quote(stated)}`, { spec: SPEC });
  return refuse(id, {
    error: 'ErrorMismatchTag',
    text: `expected tag '${quote(expected)}', got '${quote(stated)}': tag used to generate the binary does not match provenance`,
    code: 'SLSA_TAG',
    says: 'it was built from another tag',
    expected: quote(expected) || NAMELESS,
    found: quote(stated),
    hint: prefixHint(expected, 'refs/tags/', stated),
  });
}

function checkVersion(provenance: Provenance, expected: string): Check {
  const id = 'provenance.versionedTag';
  const stated = statedTag(provenance, `a tag of version ${quote(expected)}`);
  if (typeof stated !== 'string') return refuse(id, stated);
  const refusal = compareVersionedTag(stated, expected);
  return refusal === undefined ? pass(id, `the tag ${quote(stated)} is of version ${quote(expected)}`, { spec: SPEC }) : refuse(id, refusal);
}

function prefixHint(expected: string, prefix: string, found: string): string | undefined {
  return expected === `${prefix}${found}` ? `leave ${prefix} out: names are compared without it` : undefined;
}

function statedTag(provenance: Provenance, wanted: string): string | Refusal {
  const ref = statedRef(provenance, tagOf);
  if (typeof ref !== 'string') return ref;
  const { name, problem } = namedRef(ref, 'tags');
  return problem === undefined ? name : notOfKind('verifying tag', problem, ref, wanted, provenance);
}

/** The near miss: a tag was demanded of a build of a branch, or the reverse. */
function notOfKind(during: string, problem: string, stated: string, expected: string, provenance: Provenance): Refusal {
  const built = stated !== '' ? stated : ((provenance.environment.get('GITHUB_REF') as Json | undefined) ?? '');
  const found = typeof built === 'string' && built !== '' ? built : 'none is stated';
  const { kind, name } = splitRef(found);
  const what = kind === 'heads' ? 'branch' : kind === 'tags' ? 'tag' : undefined;
  if (kind === 'pull') return fromPullRequest(`${during}: invalid ref: ${problem}`, found, expected);
  return {
    error: 'ErrorInvalidRef',
    text: `${during}: invalid ref: ${problem}`,
    code: 'SLSA_REF',
    says: what === undefined ? 'the provenance does not say from which branch or tag it was built' : `it was built from a ${what}`,
    expected,
    found: quote(found),
    hint: what === undefined ? undefined : `ask for the ${what}: --source-${what} ${quote(name)}`,
  };
}

function fromPullRequest(text: string, found: string, expected: string): Refusal {
  return {
    error: 'ErrorInvalidRef',
    text,
    code: 'SLSA_TRIGGER',
    says: 'it was built from a pull request, whose code need not have been reviewed by anybody',
    expected,
    found: quote(found),
    hint: 'take what was built from a branch or a tag',
  };
}

/** Builders that delegate state the ref of what they built; the others, of the event that started them. */
function statedRef(provenance: Provenance, read: (environment: Environment) => string): string | Refusal {
  try {
    if (provenance.buildType !== DELEGATOR_V0 || provenance.sourceUri === undefined) return read(provenance.environment);
    const ref = splitGitUri(provenance.sourceUri)?.ref ?? '';
    if (ref === '') throw new Unstated(`source ref is empty: ${quote(provenance.sourceUri)}`, 'the ref of the source');
    return read === branchOf && splitRef(ref).kind === 'tags' ? branchOf(provenance.environment) : ref;
  } catch (error) {
    if (!(error instanceof Unstated)) throw error;
    return { error: 'ErrorInvalidDssePayload', detail: error.message, code: 'SLSA_REF', says: `the provenance does not state ${error.what}` };
  }
}

function branchOf(environment: Environment): string {
  const type = textOf(environment, 'GITHUB_REF_TYPE');
  if (type === 'branch') return textOf(environment, 'GITHUB_REF');
  if (type === 'tag') return branchBehindTag(environment);
  throw unknownType(type);
}

function tagOf(environment: Environment): string {
  const type = textOf(environment, 'GITHUB_REF_TYPE');
  if (type === 'branch') return '';
  if (type === 'tag') return textOf(environment, 'GITHUB_REF');
  throw unknownType(type);
}

function unknownType(type: string): Unstated {
  return new Unstated(`unknown ref type ${JSON.stringify(quote(type))}`, 'whether it was built from a branch or a tag');
}

/** '' where the event says nothing of a branch. */
function branchBehindTag(environment: Environment): string {
  const base = textOf(environment, 'GITHUB_BASE_REF');
  if (base !== '') return base;
  const event = textOf(environment, 'GITHUB_EVENT_NAME');
  const payload = eventPayload(environment);
  if (event === 'push') {
    const ref = payload['base_ref'];
    if (ref === undefined) throw new Unstated('environment type for base_ref', 'the branch behind the tag');
    return typeof ref === 'string' ? ref : '';
  }
  if (event !== 'release') return '';
  const { release } = payload;
  if (release === undefined) throw new Unstated('release absent from payload', 'the release');
  const branch = isJsonObject(release) ? release['target_commitish'] : undefined;
  if (typeof branch !== 'string') throw new Unstated('parameters type releasePayload', 'the branch that was released');
  return `refs/heads/${branch}`;
}

const NAMELESS = 'one without a name';
const SPEC = 'slsa.md section 1.7';
