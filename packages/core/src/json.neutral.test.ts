import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { property } from '../test/random.ts';
import { concat, fromHex, utf8 } from './bytes.ts';
import { isJsonObject, type Json, JsonError, MAX_JSON_DEPTH, parseJson } from './json.ts';

/** What is wrong, or 'accepted'; any exception but `JsonError` fails the test. */
function problemOf(input: string | Uint8Array): string {
  try {
    parseJson(input);
    return 'accepted';
  } catch (error) {
    if (error instanceof JsonError) return error.message;
    throw error;
  }
}

test('reads every valid document as JSON.parse does', () => {
  property(fc.json({ maxDepth: 6, stringUnit: 'binary' }), (text) => {
    if (/\\u[dD][89a-fA-F]|"__proto__"/.test(text)) return; // where we differ on purpose, see below
    expect(plain(parseJson(text))).toEqual(JSON.parse(text));
    expect(plain(parseJson(utf8(text)))).toEqual(JSON.parse(text));
  });
});

test('reads every document with any white space between its tokens', () => {
  property(fc.tuple(fc.json({ maxDepth: 4 }), fc.constantFrom(' ', '\n', '\r\n', '\t', ' \n\t ')), ([text, space]) => {
    if (text.includes('"__proto__"')) return;
    const spaced = text.replace(/"(?:[^"\\]|\\.)*"|[[\]{}:,]/g, (token) => `${space}${token}${space}`);
    expect(plain(parseJson(spaced))).toEqual(JSON.parse(text));
  });
});

test('refuses every truncation of an object, and never with another exception', () => {
  const text = '{"a":[1,-2.5e+3,true,null,"\\u00e9\\n"],"b":{"c":""}}';
  for (let length = 0; length < text.length; length++) expect(problemOf(text.slice(0, length)), text.slice(0, length)).not.toBe('accepted');
});

test('accepts only what JSON.parse accepts, whatever one character becomes', () => {
  const text = '{"a":[1,-2.5e+3,true,null,"\\u00e9\\n"],"b":{"c":""}}';
  for (let at = 0; at < text.length; at++) {
    for (const char of '{}[]:,"\\0x9eE+-. \n\ttu\0') {
      const changed = text.slice(0, at) + char + text.slice(at + 1);
      if (problemOf(changed) === 'accepted') expect(plain(parseJson(changed)), changed).toEqual(JSON.parse(changed));
    }
  }
});

describe('duplicate members', () => {
  test.each([
    ['plain', '{"a":1,"a":1}'],
    ['spelled with an escape', '{"a":1,"\\u0061":2}'],
    ['both spelled with escapes', '{"\\u0061":1,"\\u0061":2}'],
    ['nested', '{"x":[{"y":{"a":1,"b":2,"a":3}}]}'],
    ['empty names', '{"":1,"":2}'],
    ['__proto__', '{"__proto__":1,"__proto__":2}'],
    ['constructor', '{"constructor":1,"constructor":2}'],
    ['a slash and an escaped slash', '{"/":1,"\\/":2}'],
  ])('are refused: %s', (_, text) => {
    expect(problemOf(text)).toContain('duplicate member');
  });

  test.each(['{"a":1,"A":2}', '{"a":{"a":{"a":1}}}', '[{"a":1},{"a":2}]', '{"\u00e9":1,"e\u0301":2}'])('are not those of %s', (text) => {
    expect(problemOf(text)).toBe('accepted');
  });
});

describe('members named like those of Object.prototype', () => {
  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])('%s is a member like any other', (name) => {
    const value = parseJson(`{"${name}":{"x":1}}`);
    expect(isJsonObject(value) && Object.keys(value)).toEqual([name]);
    expect(isJsonObject(value) && isJsonObject(value[name]) && value[name]['x']).toBe(1);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test('an absent member is undefined whatever its name', () => {
    const value = parseJson('{}');
    for (const name of ['constructor', '__proto__', 'toString']) expect(isJsonObject(value) && value[name]).toBeUndefined();
  });
});

describe('nesting', () => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

  test('is accepted up to the cap and refused beyond', () => {
    expect(problemOf(nested(MAX_JSON_DEPTH + 1))).toBe('accepted');
    expect(problemOf(nested(MAX_JSON_DEPTH + 2))).toContain('nested deeper');
    expect(problemOf(`{"a":${nested(MAX_JSON_DEPTH + 1)}}`)).toContain('nested deeper');
  });

  test.each(['[', '{"a":', '[{"a":['])('of a million %s ends in a refusal, not in a stack overflow', (opening) => {
    expect(problemOf(opening.repeat(1_000_000))).toContain('nested deeper');
  });
});

describe('numbers', () => {
  test.each([
    ['0', 0],
    ['-0', -0],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['-9007199254740993', -9007199254740993n],
    ['18446744073709551615', 18446744073709551615n],
    ['1e3', 1000],
    ['1E-2', 0.01],
    ['1.5', 1.5],
  ])('%s is %s', (text, value) => {
    expect(parseJson(text)).toBe(value);
  });

  test.each(['01', '-', '+1', '.5', '5.', '1e', '1e+', '0x10', '1_0', 'NaN', 'Infinity', '-Infinity', '1e999', '--1', '1,5', '٣'])('%s is refused', (text) => {
    expect(problemOf(text)).not.toBe('accepted');
  });

  test('a number of a million digits is refused: nothing of the field is that long, and reading it takes long', () => {
    expect(problemOf('9'.repeat(1_000_000))).toContain('number');
  });
});

describe('strings', () => {
  test.each(['"\ud83d\ude00"', '"\\ud83d\\ude00"', '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000"', '"\u2028"', '"\\\\"', '"\\\\\\""'])('%j is read', (text) => {
    expect(parseJson(text)).toBe(JSON.parse(text));
  });

  test.each([
    ['a lone surrogate escape', '"\\ud83d"'],
    ['a lone low surrogate escape', '"\\ude00"'],
    ['a surrogate pair in the wrong order', '"\\ude00\\ud83d"'],
    ['a lone surrogate in text input', '"\ud83d"'],
    ['a control character', '"\u0001"'],
    ['a raw line feed', '"\n"'],
    ['an unknown escape', '"\\x41"'],
    ['a short escape', '"\\u12"'],
    ['a capital escape', '"\\N"'],
    ['no end', '"abc'],
    ['an escaped end', '"abc\\"'],
    ['three backslashes before the end', '"\\\\\\"'],
  ])('with %s is refused', (_, text) => {
    expect(problemOf(text)).not.toBe('accepted');
  });
});

test.each([
  ['nothing', new Uint8Array(0)],
  ['a byte order mark', utf8('\ufeff{}')],
  ['invalid UTF-8', concat(utf8('"'), fromHex('c328'), utf8('"'))],
  ['an overlong encoding', concat(utf8('"'), fromHex('c0af'), utf8('"'))],
  ['more text', utf8('{}x')],
  ['two documents', utf8('{}{}')],
  ['a comment', utf8('{}//')],
  ['a trailing comma', utf8('[1,]')],
  ['a missing comma', utf8('[1 2]')],
  ['single quotes', utf8("{'a':1}")],
  ['a bare name', utf8('{a:1}')],
  ['True', utf8('True')],
  ['nul', utf8('nul')],
  ['a non-breaking space', utf8('\u00a01')],
])('refuses %s', (_, bytes) => {
  expect(problemOf(bytes)).not.toBe('accepted');
});

/** Objects with the usual prototype, big integers as the doubles JSON.parse makes of them. */
function plain(value: Json): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}
