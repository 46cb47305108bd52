/** Whether it was built from the tag or branch, and from the commit, that were demanded. */
import { type Check, fail, pass, quote } from '@assay/core';
import type { BuildFacts } from '../facts.ts';
import { splitRef } from '../git-ref.ts';
import type { BuildDemands } from './demands.ts';
import { withHint } from './hint.ts';

/** One check for each demand. */
export function checkRevision(facts: BuildFacts, { ref, commit }: BuildDemands): Check[] {
  return [...(ref === undefined ? [] : [checkRef(facts, ref)]), ...(commit === undefined ? [] : [checkCommit(facts, commit)])];
}

type RefDemand = NonNullable<BuildDemands['ref']>;

function checkRef({ ref }: BuildFacts, demanded: RefDemand): Check {
  const id = `build.${demanded.kind}`;
  const { folder, code } = KINDS[demanded.kind];
  const expected = `refs/${folder}/${quote(demanded.name)}`;
  if (ref === undefined) return fail(id, 'SLSA_REF', 'it is not stated from which branch or tag this was built', { expected, found: 'nothing' });
  if (ref === `refs/${folder}/${demanded.name}`) return pass(id, `from the ${demanded.kind} ${quote(demanded.name)}`);
  const { kind, name } = splitRef(ref);
  const what = KIND_WORDS.get(kind) ?? 'something that is neither branch nor tag';
  const says = kind === folder ? `it was built from another ${demanded.kind}` : `a ${demanded.kind} was demanded, and it was built from ${what}`;
  return fail(id, code, says, { expected, found: quote(ref), ...withHint(refHint(demanded, kind, name)) });
}

/** What people trip over: the other kind, the whole ref instead of its name, a `v`, letter case. */
function refHint({ kind, name: demanded }: RefDemand, found: string, name: string): string | undefined {
  const { folder } = KINDS[kind];
  if (found === 'tags' && kind === 'branch') return `which branch a tag is on, nobody vouches for; if the tag is what you mean: --tag ${quote(name)}`;
  if (found === 'heads' && kind === 'tag') return `a branch moves, a release is a tag; if the branch is what you mean: --branch ${quote(name)}`;
  if (found === 'pull' || found === 'merge-requests') return 'it was built before anybody had to agree to the change';
  if (found !== folder) return undefined;
  if (demanded === `refs/${folder}/${name}`) return `name the ${kind} alone: ${quote(name)}`;
  if (demanded === `v${name}` || name === `v${demanded}`) return `they differ in the leading v only: ${quote(name)}`;
  return demanded.toLowerCase() === name.toLowerCase() ? 'they differ in upper and lower case only' : undefined;
}

function checkCommit({ commit }: BuildFacts, demanded: string): Check {
  const id = 'build.commit';
  if (commit === demanded) return pass(id, `at the commit ${quote(commit)}`);
  if (commit === undefined) return fail(id, 'SLSA_COMMIT', 'it is not stated from which commit this was built', { expected: demanded, found: 'nothing' });
  return fail(id, 'SLSA_COMMIT', 'it was built from another commit', { expected: demanded, found: quote(commit) });
}

const KINDS = { tag: { folder: 'tags', code: 'SLSA_TAG' }, branch: { folder: 'heads', code: 'SLSA_BRANCH' } } as const;
const KIND_WORDS = new Map([
  ['heads', 'a branch'],
  ['tags', 'a tag'],
  ['pull', 'a pull request'],
  ['merge-requests', 'a merge request'],
]);
