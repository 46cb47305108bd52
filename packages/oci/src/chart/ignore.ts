/**
 * .helmignore: which files of a folder are no part of the chart.
 *
 *   # comment
 *   *.bak          no slash: the last part of any path
 *   docs/*.md      a slash: the whole path
 *   /notes.txt     a slash in front: the same, for files at the top
 *   tmp/           a slash at the end: folders only
 *   !keep          everything that does not match is ignored
 *
 * Patterns are those of Go's `filepath.Match`: `*` and `?` stop at slashes, `[a-z]`, `[^a-z]`, `\` takes the next character as it is. `**` is refused.
 */
import { basename } from 'node:path/posix';
import { decodeUtf8, quote, TrustError } from '@assay/core';

/** Whether a path below the chart's folder, with slashes, is ignored. */
export type IgnoreRules = (path: string, kind: 'file' | 'folder') => boolean;

/** Hidden files among the templates are always ignored. Errors: `CHART_FILE`. */
export function parseIgnoreRules(content: Uint8Array | undefined): IgnoreRules {
  const text = content === undefined ? '' : decodeUtf8(content);
  if (text === undefined) throw new TrustError('CHART_FILE', '.helmignore: not valid UTF-8');
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  const rules = [...lines, 'templates/.?*'].map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  const parsed = rules.map(parseRule);
  return (path, kind) => {
    for (const rule of parsed) {
      const matches = (!rule.foldersOnly || kind === 'folder') && rule.matches(path);
      if (matches !== rule.negated) return true;
    }
    return false;
  };
}

interface Rule {
  readonly negated: boolean;
  readonly foldersOnly: boolean;
  readonly matches: (path: string) => boolean;
}

function parseRule(line: string): Rule {
  if (line.includes('**')) throw new TrustError('CHART_FILE', '.helmignore: double-star (**) syntax is not supported');
  const [, bang = '', body = '', slash = ''] = /^(!?)(.*?)(\/?)$/s.exec(line) ?? [];
  const pattern = parsePattern(body.replace(/^\//, ''));
  const wholePath = body.includes('/');
  return {
    negated: bang !== '',
    foldersOnly: slash !== '',
    matches: (path) => matchesPattern(wholePath ? path : basename(path), pattern),
  };
}

type Token = '*' | ((char: string) => boolean);

function parsePattern(text: string): Token[] {
  const tokens: Token[] = [];
  const chars = [...text];
  const refuse = (): never => {
    throw new TrustError('CHART_FILE', `.helmignore: syntax error in pattern: ${quote(text)}`);
  };
  const literal = (): string => {
    const char = chars.shift() ?? refuse();
    return char === '\\' ? (chars.shift() ?? refuse()) : char;
  };
  while (chars.length > 0) {
    const [char] = chars;
    if (char === '*') {
      chars.shift();
      if (tokens.at(-1) !== '*') tokens.push('*');
    } else if (char === '?') {
      chars.shift();
      tokens.push((one) => one !== '/');
    } else if (char === '[') {
      chars.shift();
      tokens.push(parseClass(chars, literal, refuse));
    } else {
      const wanted = literal();
      tokens.push((one) => one === wanted);
    }
  }
  return tokens;
}

/** `^` first turns it round; then at least one character or range, up to `]`. */
function parseClass(chars: string[], literal: () => string, refuse: () => never): Token {
  const negated = chars[0] === '^';
  if (negated) chars.shift();
  const ranges: [string, string][] = [];
  while (chars[0] !== ']' || ranges.length === 0) {
    if (chars[0] === '-' || chars[0] === ']') refuse();
    const low = literal();
    if (chars[0] !== '-') {
      ranges.push([low, low]);
      continue;
    }
    chars.shift();
    if (chars[0] === '-' || chars[0] === ']') refuse();
    ranges.push([low, literal()]);
  }
  chars.shift();
  return (char) => ranges.some(([low, high]) => low <= char && char <= high) !== negated;
}

/** After a mismatch only the last star takes one character more: an earlier one could not do better, and time stays bounded by the product of the lengths. */
function matchesPattern(text: string, pattern: readonly Token[]): boolean {
  const chars = [...text];
  let [at, token] = [0, 0];
  let star: { readonly token: number; at: number } | undefined;
  while (at < chars.length || token < pattern.length) {
    const wanted = pattern[token];
    const char = chars[at];
    if (wanted === '*') {
      star = { token, at };
      token += 1;
    } else if (wanted !== undefined && char !== undefined && wanted(char)) {
      at += 1;
      token += 1;
    } else if (star !== undefined && chars[star.at] !== undefined && chars[star.at] !== '/') {
      star.at += 1;
      at = star.at;
      token = star.token + 1;
    } else {
      return false;
    }
  }
  return true;
}
