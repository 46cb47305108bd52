/** Patterns that are searched for, and patterns of the whole: either way they match the same. */
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { plain, searchOf, wholeOf, wholeOfWildcard } from './pattern.ts';

const TEXTS = [
  '',
  'a',
  'b',
  'ab',
  'xab',
  'abx',
  'a\nb',
  'https://github.com/a/b',
  'https://github.com/a/bc',
  'x https://github.com/a/b',
  'a|b',
  '^a$',
  'a.b',
  'a$',
];
const finds = (pattern: string, text: string) => RE2JS.compile(pattern).matcher(text).find();
const matches = (pattern: string, text: string) => RE2JS.compile(pattern).matches(text);

describe.each([
  'a',
  '^a',
  'a$',
  '^a$',
  '^a|b$',
  '^(a|b)$',
  '^(?:a|b)$',
  '^(?:a)|(?:b)$',
  '^(?:a)b|c(?:d)$',
  '^a\\$',
  '^[$]$',
  '^[]a]$',
  '^https://github\\.com/a/b$',
  '',
  '^$',
  '\\^a\\$',
  '^a\\\\$',
])('the pattern %s', (pattern) => {
  test.each(TEXTS)('and %j', (text) => {
    expect(matches(wholeOf(pattern), text)).toBe(finds(pattern, text));
    expect(finds(searchOf(pattern), text)).toBe(matches(pattern, text));
  });
});

test('there and back leaves it as it was', () => {
  expect(wholeOf(searchOf('a|b'))).toBe('a|b');
  expect(wholeOf('^(?:a)(?:b)$')).toBe('(?:a)(?:b)');
});

test.each<[string, string, boolean]>([
  ['a*', 'a/b\nc', true],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['a.c', 'abc', false],
  ['*', '', true],
])('the wildcard %s and %s', (wildcard, text, expected) => {
  expect(matches(wholeOfWildcard(wildcard), text)).toBe(expected);
});

test('{tag} becomes any tag, and no more', () => {
  const { whole = '', hadTag } = plain({ kind: 'exact', text: 'a.b@refs/tags/v{tag}', tag: true });
  expect(hadTag).toBe(true);
  expect(['a.b@refs/tags/v1.2-rc', 'axb@refs/tags/v1', 'a.b@refs/tags/v', 'a.b@refs/tags/v1/x'].map((text) => matches(whole, text))).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
