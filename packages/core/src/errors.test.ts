import { describe, expect, test } from 'vitest';
import { catalogue, type ErrorCode } from './catalogue.ts';
import { errorPages } from './error-pages.ts';
import { described, isTrustError, quote, TrustError } from './errors.ts';

test.each([
  { value: undefined, text: 'nothing' },
  { value: null, text: 'null' },
  { value: [{}], text: 'an array' },
  { value: Object.create(null), text: 'an object' },
  { value: 'a\n', text: '"a\\u000a"' },
  { value: 1n, text: '1' },
  { value: true, text: 'true' },
])('a message says $text', ({ value, text }) => {
  expect(described(value)).toBe(text);
});

describe('quote', () => {
  test.each([
    ['plain text', 'refs/heads/main', 'refs/heads/main'],
    ['letters of any language', 'Zoë 東京 🦀', 'Zoë 東京 🦀'],
    ['a line feed', 'a\nb', 'a\\u000ab'],
    ['a terminal escape', '\x1b[31mred', '\\u001b[31mred'],
    ['C1 controls', '\u0085\u009b', '\\u0085\\u009b'],
    ['a bidirectional override', 'abc\u202edef', 'abc\\u202edef'],
    ['an isolate', '\u2066x\u2069', '\\u2066x\\u2069'],
    ['a zero-width joiner', 'a\u200db', 'a\\u200db'],
    ['a byte order mark', '\ufeffa', '\\ufeffa'],
    ['a soft hyphen', 'a\u00adb', 'a\\u00adb'],
    ['line and paragraph separators', '\u2028\u2029', '\\u2028\\u2029'],
    ['a tag character', '\u{e0041}', '\\ue0041'],
    ['a lone surrogate', 'a\ud800b', 'a\\ud800b'],
  ])('makes %s fit for a message', (_, text, quoted) => {
    expect(quote(text)).toBe(quoted);
  });

  test('cuts long text, and says how long it was', () => {
    expect(quote('x'.repeat(201))).toBe(`${'x'.repeat(200)}… (201 characters)`);
    expect(quote('x'.repeat(200))).toBe('x'.repeat(200));
    expect(quote('\n'.repeat(50), 3)).toBe('\\u000a\\u000a\\u000a… (50 characters)');
  });

  test('does not leave half a surrogate pair where it cuts', () => {
    expect(quote('ab🦀', 3)).toBe('ab\\ud83e… (4 characters)');
  });
});

describe('TrustError', () => {
  test('carries code, kind, hint, cause and data', () => {
    const cause = new Error('inner');
    const error = new TrustError('KEY_PARSE', 'message', { cause, expected: 'a', found: 'b', data: { size: 3 } });
    expect(error).toMatchObject({
      name: 'TrustError',
      code: 'KEY_PARSE',
      kind: 'malformed',
      hint: catalogue.KEY_PARSE.hint,
      expected: 'a',
      found: 'b',
      data: { size: 3 },
      cause,
    });
    expect(new TrustError('KEY_PARSE', 'message', { hint: 'do this' }).hint).toBe('do this');
  });

  test('is known by its brand, also from another copy of the package', () => {
    const foreign = Object.assign(new Error('x'), { code: 'USAGE', [Symbol.for('assay.TrustError')]: true });
    expect([isTrustError(new TrustError('USAGE', 'x')), isTrustError(foreign)]).toEqual([true, true]);
    for (const other of [new Error('x'), { code: 'USAGE' }, null, undefined, 'x']) expect(isTrustError(other)).toBe(false);
  });
});

describe('the catalogue', () => {
  const entries = Object.entries(catalogue) as [ErrorCode, (typeof catalogue)[ErrorCode]][];

  test.each(entries)('%s says what it means, what causes it and what to do', (code, entry) => {
    expect(code).toMatch(/^[A-Z]+(?:_[A-Z]+)*$/);
    const { meaning, causes } = errorPages[code];
    expect(meaning).toMatch(/^[A-Z].*\.$/);
    for (const text of [causes, entry.hint]) expect(text).toMatch(/^[^A-Z].*[^.]$|^(?:TUF|RSA|RE2|LMS|Rekor)/);
    expect(['rejected', 'usage', 'unavailable', 'malformed']).toContain(entry.kind);
  });
});
