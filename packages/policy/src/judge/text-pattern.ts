/**
 * Patterns of texts, compiled once. A tag that stands in for `{tag}` is taken as it is: in a regular expression it is escaped, so that `1.2` matches no `1x2`.
 */
import { exactly, type Matcher, matching, TrustError } from '@assay/core';
import type { NamedImage, TextPattern } from '../model.ts';

/** Errors: `IDENTITY_PATTERN`; also when `{tag}` is asked for, and the image goes by its digest alone. */
export async function compilePattern(pattern: TextPattern, image: NamedImage): Promise<Matcher> {
  switch (pattern.kind) {
    case 'exact':
      return exactly(pattern.tag === true ? withTag(pattern.text, image, (tag) => tag) : pattern.text);
    case 'regexp':
      return compiled(pattern.tag === true ? withTag(pattern.pattern, image, escaped) : pattern.pattern, pattern.mode);
    case 'wildcard':
      return wildcard(pattern.pattern);
    case 'both':
    case 'either':
      return combined(pattern.kind, await Promise.all(pattern.of.map((one) => compilePattern(one, image))));
  }
}

function withTag(text: string, { tag, text: name }: NamedImage, write: (tag: string) => string): string {
  if (!text.includes('{tag}')) return text;
  if (tag === undefined)
    throw new TrustError('IDENTITY_PATTERN', 'the expected identity names {tag}, and the image is named by its digest alone', { found: name });
  return text.replaceAll('{tag}', () => write(tag));
}

function escaped(tag: string): string {
  return tag.replace(/[.\\+*?()[\]{}^$|-]/g, String.raw`\$&`);
}

/** The pattern engine compiles in a fraction of a millisecond, and a webhook compiles the same few patterns for ever. */
const known = new Map<string, Promise<Matcher>>();
const MAX_KNOWN = 1000;

function compiled(pattern: string, mode: 'search' | 'whole'): Promise<Matcher> {
  const name = `${mode} ${pattern}`;
  const there = known.get(name);
  if (there !== undefined) return there;
  const matcher = matching(pattern, mode);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(name, matcher);
  return matcher;
}

/** `*` is any characters, `?` is one. */
export function wildcard(pattern: string): Matcher {
  return { kind: 'pattern', pattern, mode: 'whole', matches: (text) => matchesWildcard(pattern, text) };
}

/** In time linear in either: the last star takes as much as it must. */
export function matchesWildcard(pattern: string, text: string): boolean {
  const wanted = [...pattern];
  const given = [...text];
  let p = 0;
  let t = 0;
  let star = -1;
  let taken = 0;
  while (t < given.length) {
    if (wanted[p] === '*') {
      star = p++;
      taken = t;
    } else if (p < wanted.length && (wanted[p] === '?' || wanted[p] === given[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++taken;
    } else return false;
  }
  while (wanted[p] === '*') p++;
  return p === wanted.length;
}

function combined(kind: 'both' | 'either', of: readonly Matcher[]): Matcher {
  const matches = (matcher: Matcher, text: string) => (matcher.kind === 'exact' ? matcher.value === text : matcher.matches(text));
  const pattern = of.map((one) => (one.kind === 'exact' ? one.value : one.pattern)).join(kind === 'both' ? ' and ' : ' or ');
  const test = (text: string) => (kind === 'both' ? of.length > 0 && of.every((one) => matches(one, text)) : of.some((one) => matches(one, text)));
  return { kind: 'pattern', pattern, mode: 'whole', matches: test };
}
