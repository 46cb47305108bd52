/** Regular expressions: RE2, whose time is linear in the text. What a search costs is the text times the size of the compiled pattern. */
import type { Environment } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { charge } from '../meter.ts';
import { refuse, register, registerNamespace } from '../register.ts';
import { optionalOf } from './optional.ts';

export function registerRegex(environment: Environment): void {
  register(environment, {
    'string.matches(string): bool': (text: string, pattern: string) => over(text, pattern).find(),
    'matches(string, string): bool': (text: string, pattern: string) => over(text, pattern).find(),
    'string.find(string): string': (text: string, pattern: string) => findAll(text, pattern, 1)[0] ?? '',
    'string.findAll(string): list<string>': (text: string, pattern: string) => findAll(text, pattern, Number.POSITIVE_INFINITY),
    'string.findAll(string, int): list<string>': (text: string, pattern: string, limit: bigint) =>
      findAll(text, pattern, limit < 0n ? Number.POSITIVE_INFINITY : Number(limit)),
  });
  registerNamespace(environment, 'regex', {
    'replace(string, string, string): string': (text: string, pattern: string, by: string) => replace(text, pattern, by, -1n),
    'replace(string, string, string, int): string': replace,
    'extract(string, string): optional<string>': (text: string, pattern: string) => optionalOf(extractAll(text, pattern, 1)[0]),
    'extractAll(string, string): list<string>': (text: string, pattern: string) => extractAll(text, pattern, Number.POSITIVE_INFINITY),
  });
}

/** Whole matches. */
function findAll(text: string, pattern: string, limit: number): string[] {
  return matches(text, pattern, limit, 0);
}

/** The one group where there is one, the whole match where there is none. */
function extractAll(text: string, pattern: string, limit: number): string[] {
  const groups = compiled(pattern).groupCount();
  if (groups > 1) refuse(`regular expression has more than one capturing group: ${pattern}`);
  return matches(text, pattern, limit, groups);
}

function matches(text: string, pattern: string, limit: number, group: number): string[] {
  const matcher = over(text, pattern);
  const found: string[] = [];
  while (found.length < limit && matcher.find()) {
    chargeMatch(text, pattern, matcher.end());
    const match = matcher.group(group);
    if (match !== null) found.push(match);
  }
  return found;
}

/** `\1` in `by` is the first group, `\0` all of it. */
function replace(text: string, pattern: string, by: string, limit: bigint): string {
  if (limit === 0n) return text;
  const matcher = over(text, pattern);
  const groups = compiled(pattern).groupCount();
  let result = '';
  let from = 0;
  for (let times = 0n; (limit < 0n || times < limit) && matcher.find(); times++) {
    chargeMatch(text, pattern, matcher.end());
    const replacement = by.replace(/\\(.?)/gs, (_, escaped: string) => {
      if (escaped === '\\') return '\\';
      if (!/^\d$/.test(escaped)) refuse(`invalid replacement string: '${by}' \\ must be followed by a digit or \\`);
      if (Number(escaped) > groups) refuse(`replacement string references group ${escaped} but regex has only ${groups} group(s)`);
      return matcher.group(Number(escaped)) ?? '';
    });
    result += text.slice(from, matcher.start()) + replacement;
    charge((replacement.length >> 3) + 1);
    from = matcher.end();
  }
  return result + text.slice(from);
}

/** A search goes on where the last one ended; but what it looks at may be the rest of the text, again and again. */
function chargeMatch(text: string, pattern: string, end: number): void {
  charge(1 + Math.ceil(((text.length - end) * compiled(pattern).programSize()) / 16));
}

function over(text: string, pattern: string) {
  const expression = compiled(pattern);
  charge(1 + Math.ceil((text.length * expression.programSize()) / 4));
  return expression.matcher(text);
}

/** The same few patterns, for ever. */
const known = new Map<string, RE2JS>();
const MAX_KNOWN = 500;
const MAX_PATTERN = 4096;

function compiled(pattern: string): RE2JS {
  const there = known.get(pattern);
  if (there !== undefined) return there;
  if (pattern.length > MAX_PATTERN) refuse(`the pattern is longer than ${MAX_PATTERN} characters`);
  charge(pattern.length * 16);
  let expression: RE2JS;
  try {
    expression = RE2JS.compile(pattern);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  charge(expression.programSize() * 4);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(pattern, expression);
  return expression;
}
