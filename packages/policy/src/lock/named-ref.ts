/**
 * Names that end in a Git ref, as workflows sign: `https://github.com/owner/app/.github/workflows/release.yml@refs/tags/v1.2.3`.
 *
 * Every release has a tag of its own, so that the lock has any tag in its place: `…@refs/tags/*`. A branch stays what it is, for it is the same at the next
 * release; so does a commit, which may be one of a fork. `*` is a character that no ref can have.
 *
 * The ref begins at the first `@refs/`: owners, repositories and workflows have no `@` before a slash, while a branch may be called `a@refs/tags/b`.
 */
import { quote } from '@assay/core';

/** The same name at any tag; a name without a tag as it is. */
export function anyTag(name: string): string {
  const { base, ref } = splitRef(name);
  return ref === undefined ? name : `${base}@${anyTagRef(ref)}`;
}

/** The same of a ref alone: `refs/tags/*` for a tag. */
export function anyTagRef(ref: string): string {
  return ref.startsWith(TAGS) && ref.length > TAGS.length ? `${TAGS}*` : ref;
}

export function matchesRef(locked: string, found: string): boolean {
  return locked === `${TAGS}*` ? anyTagRef(found) === locked : locked === found;
}

/** `locked`: as `anyTag` makes it. */
export function matchesName(locked: string, found: string): boolean {
  if (!locked.endsWith(`@${TAGS}*`)) return locked === found;
  const start = locked.slice(0, -1);
  return found.startsWith(start) && found.length > start.length;
}

/** What a person would want to hear first about two names that do not match. */
export function nearMiss(locked: string, found: string): string | undefined {
  if (locked.toLowerCase() === found.toLowerCase()) return 'they differ in upper and lower case only';
  const [want, have] = [splitRef(locked), splitRef(found)];
  if (want.ref !== undefined && want.base === have.base) return `the workflow matches; ${refText(have.ref)} was found, ${refText(want.ref)} was locked`;
  const [wanted, had] = [repositoryOf(want.base), repositoryOf(have.base)];
  if (wanted === undefined || had === undefined) return undefined;
  if (wanted.path === had.path) return 'the repository matches, the workflow is another';
  if (wanted.file === had.file) return 'a workflow of the same name, in another repository (a fork?)';
  return undefined;
}

interface NamedRef {
  readonly base: string;
  /** `refs/tags/v1.2.3`, or the commit. */
  readonly ref: string | undefined;
}

function splitRef(name: string): NamedRef {
  const [, base, ref] = /^(.*?)@(refs\/.*|[\da-f]{40}|[\da-f]{64})$/s.exec(name) ?? [];
  return base === undefined || ref === undefined ? { base: name, ref: undefined } : { base, ref };
}

/** For people. */
export function refText(ref: string | undefined): string {
  if (ref === undefined) return 'no ref';
  if (ref === `${TAGS}*`) return 'any tag';
  if (ref.startsWith(TAGS)) return `the tag ${quote(ref.slice(TAGS.length))}`;
  if (ref.startsWith(HEADS)) return `the branch ${quote(ref.slice(HEADS.length))}`;
  return ref.startsWith('refs/') ? quote(ref) : `the commit ${ref}`;
}

function repositoryOf(base: string): { readonly path: string; readonly file: string } | undefined {
  const [, path, file] = /^(https:\/\/[^/]+\/.+?)\/(?:\.github\/workflows)?\/(.+)$/s.exec(base) ?? [];
  return path === undefined || file === undefined ? undefined : { path, file };
}

const TAGS = 'refs/tags/';
const HEADS = 'refs/heads/';
