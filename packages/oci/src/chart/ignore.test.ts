import { describe, expect, test } from 'vitest';
import { parseIgnoreRules } from './ignore.ts';

const ignores = (rules: string, path: string, kind: 'file' | 'folder' = 'file') => parseIgnoreRules(Buffer.from(rules))(path, kind);

describe('.helmignore', () => {
  test.each([
    ['*.bak', 'x.bak'],
    ['*.bak', 'deep/down/x.bak'],
    ['docs/*.md', 'docs/a.md'],
    ['/notes.txt', 'notes.txt'],
    ['a?', 'ab'],
    ['[a-c]x', 'bx'],
    ['[^a-c]x', 'dx'],
    ['\\[x\\]', '[x]'],
    ['  *.bak  \r', 'x.bak'],
    ['\uFEFF*.bak', 'x.bak'],
    ['!*.yaml', 'readme'],
    ['a*b*c', 'aXbXbXc'],
    ['', 'templates/.hidden'],
  ])('%j ignores %s', (rules, path) => expect(ignores(rules, path)).toBe(true));

  test.each([
    ['# *.bak', 'x.bak'],
    ['docs/*.md', 'docs/sub/a.md'],
    ['docs/*.md', 'x/docs/a.md'],
    ['/notes.txt', 'a/notes.txt'],
    ['*', ''],
    ['a?', 'a/'],
    ['tmp/', 'tmp'],
    ['!*.yaml', 'values.yaml'],
    ['a*b*c', 'aXbXbX'],
    ['', '.hidden'],
    ['', 'templates/x'],
  ])('%j leaves %s', (rules, path) => expect(ignores(rules, path)).toBe(path === ''));

  test('a slash at the end means folders', () => expect(ignores('tmp/', 'a/tmp', 'folder')).toBe(true));

  test.each([
    ['a/**', 'double-star'],
    ['[a', 'syntax error'],
    ['[]', 'syntax error'],
    ['[-a]', 'syntax error'],
    ['a\\', 'syntax error'],
  ])('refuses %s', (rules, message) => {
    expect(() => ignores(rules, 'x')).toThrow(expect.objectContaining({ code: 'CHART_FILE', message: expect.stringContaining(message) }));
  });

  test('a pattern of many stars takes no longer than its length', () => {
    expect(ignores(`${'*a'.repeat(60)}b`, 'a'.repeat(4000))).toBe(false);
  });
});
