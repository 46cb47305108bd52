/** Patterns of texts between dialects: RE2 that is searched for, RE2 of the whole, and `*`. */
import type { TextPattern } from '../model.ts';
import { escapeRe2 } from '../native/re2-text.ts';

/** A pattern that is found somewhere, as one of the whole. */
export function wholeOf(search: string): string {
  if (!isAnchored(search)) return `(?s:.*)(?:${search})(?s:.*)`;
  const inner = search.slice(1, -1);
  return isOneGroup(inner) ? inner.slice('(?:'.length, -1) : inner;
}

/** A pattern of the whole, as one that is searched for. */
export function searchOf(whole: string): string {
  return `^(?:${whole})$`;
}

/** `*` any characters, `?` one. */
export function wholeOfWildcard(wildcard: string): string {
  return [...wildcard].map((char) => (char === '*' ? '(?s:.*)' : char === '?' ? '(?s:.)' : escapeRe2(char))).join('');
}

export interface PlainText {
  readonly exact?: string;
  /** Of the whole. */
  readonly whole?: string;
  /** The tag of the image stood in it, and now any does. */
  readonly hadTag: boolean;
}

/** Without `{tag}`, which most dialects do not know. */
export function plain(pattern: TextPattern): PlainText {
  switch (pattern.kind) {
    case 'exact':
      if (pattern.tag !== true) return { exact: pattern.text, hadTag: false };
      return { whole: pattern.text.split('{tag}').map(escapeRe2).join(ANY_TAG), hadTag: true };
    case 'regexp': {
      const text = pattern.mode === 'whole' ? pattern.pattern : wholeOf(pattern.pattern);
      return { whole: pattern.tag === true ? text.replaceAll('{tag}', ANY_TAG) : text, hadTag: pattern.tag === true };
    }
    case 'wildcard':
      return { whole: wholeOfWildcard(pattern.pattern), hadTag: false };
    case 'both':
    case 'either':
      throw new TypeError('signers of native policies are single patterns');
  }
}

/** `^…$` around all of it: in `^a|b$` each holds for one alternative only. */
function isAnchored(pattern: string): boolean {
  const bare = pattern.replace(/\\.|\[\^?\]?(?:\\.|[^\]\\])*\]/gs, 'xx');
  if (!bare.startsWith('^') || !bare.endsWith('$')) return false;
  let depth = 0;
  for (const char of bare) {
    if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    else if (char === '|' && depth === 0) return false;
  }
  return true;
}

/** `(?:…)` whose last bracket closes the first. */
function isOneGroup(pattern: string): boolean {
  if (!pattern.startsWith('(?:') || !pattern.endsWith(')')) return false;
  const bare = pattern.replace(/\\.|\[\^?\]?(?:\\.|[^\]\\])*\]/gs, (text) => 'x'.repeat(text.length));
  let depth = 0;
  for (const [i, char] of [...bare].entries()) {
    if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    if (depth === 0 && i < bare.length - 1) return false;
  }
  return depth === 0;
}

const ANY_TAG = '[\\w.-]+';
