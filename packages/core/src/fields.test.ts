import { describe, expect, test } from 'vitest';
import { codeOf } from '../test/codes.ts';
import { type Fields, parseFields } from './fields.ts';

const CODES = { what: 'document', parse: 'BUNDLE_PARSE', shape: 'BUNDLE_SHAPE' } as const;
const fields = (text: string): Fields => parseFields(text, CODES);
const messageOf = (call: () => unknown): string => {
  try {
    call();
    return 'accepted';
  } catch (error) {
    return (error as Error).message;
  }
};

test.each(['', '[]', 'null', '1', '"x"', '{', '{"a":1,"a":2}'])('a document that is %j is refused', (text) => {
  expect(codeOf(() => fields(text))).toBe('BUNDLE_PARSE');
});

describe('null and absent mean the same', () => {
  const document = fields('{"a":null}');
  test.each(['a', 'b'])('for %s', (name) => {
    expect([
      document.has(name),
      document.optionalObject(name),
      document.objects(name, 1),
      document.optionalString(name),
      document.optionalBytes(name),
      document.optionalInt64(name),
      document.optionalTime(name),
      document.bytesArray(name, 1),
    ]).toEqual([false, undefined, [], undefined, undefined, undefined, undefined, []]);
    const required: (() => unknown)[] = [
      () => document.object(name),
      () => document.string(name),
      () => document.bytes(name),
      () => document.int64(name),
      () => document.enumName(name, {}),
    ];
    expect(required.map(codeOf)).toEqual(required.map(() => 'BUNDLE_SHAPE'));
  });
});

test('an error names the whole path', () => {
  const inner = fields('{"a":{"list":[{"n":"x"}]}}').object('a').objects('list', 9)[0] as Fields;
  expect(messageOf(() => inner.int64('n'))).toBe('document: a.list[0].n: expected a decimal integer, found "x"');
  expect(messageOf(() => inner.string('missing'))).toBe('document: a.list[0].missing: is missing or empty');
});

test('text of the document is escaped in the message', () => {
  expect(messageOf(() => fields('{"n":"\\u001b[31m\\u202e"}').int64('n'))).toContain('\\u001b[31m\\u202e');
});

describe('64-bit integers', () => {
  test.each([
    ['0', 0n],
    ['"0"', 0n],
    ['"9223372036854775807"', 2n ** 63n - 1n],
    ['9223372036854775807', 2n ** 63n - 1n],
    ['1689177396', 1689177396n],
    ['1e3', 1000n],
    ['-0', 0n],
  ])('%s is %s', (text, value) => {
    expect(fields(`{"n":${text}}`).int64('n')).toBe(value);
  });

  test.each(['"01"', '"+1"', '" 1"', '"1 "', '""', '"0x1"', '"1e3"', '"1.0"', '"-0"', '1.5', 'true', '[]', '{}', '"9999999999999999999999"', '"١"'])(
    '%s is malformed',
    (text) => {
      expect(codeOf(() => fields(`{"n":${text}}`).int64('n'))).toBe('BUNDLE_PARSE');
    },
  );

  test.each(['"-1"', '-1', '"9223372036854775808"', '9223372036854775808', '1e300', '-9007199254740993'])('%s is out of range', (text) => {
    expect(codeOf(() => fields(`{"n":${text}}`).int64('n'))).toBe('BUNDLE_SHAPE');
  });
});

describe('other types', () => {
  test.each<[string, (document: Fields) => unknown, string]>([
    ['an object', (document) => document.object('v'), '[]'],
    ['an array', (document) => document.objects('v', 9), '{}'],
    ['an array of objects', (document) => document.objects('v', 9), '[null]'],
    ['text', (document) => document.string('v'), '1'],
    ['base64', (document) => document.bytes('v'), '"-_"'],
    ['base64 texts', (document) => document.bytesArray('v', 9), '[1]'],
    ['good base64 texts', (document) => document.bytesArray('v', 9), '["AA"]'],
    ['a time', (document) => document.optionalTime('v'), '"2024-02-30T00:00:00Z"'],
    ['an enum', (document) => document.enumName('v', { 1: 'ONE' }), '[]'],
    ['a known enum number', (document) => document.enumName('v', { 1: 'ONE' }), '2'],
    ['a whole enum number', (document) => document.enumName('v', { 1: 'ONE' }), '1.5'],
  ])('a value that is not %s is malformed', (_, read, value) => {
    expect(codeOf(() => read(fields(`{"v":${value}}`)))).toBe('BUNDLE_PARSE');
  });

  test('an empty text counts as missing where one is required', () => {
    expect(codeOf(() => fields('{"v":""}').string('v'))).toBe('BUNDLE_SHAPE');
    expect(codeOf(() => fields('{"v":""}').bytes('v'))).toBe('BUNDLE_SHAPE');
    expect(fields('{"v":""}').optionalString('v')).toBe('');
  });

  test('an enum is read by name or by number', () => {
    expect([fields('{"v":"ONE"}').enumName('v', { 1: 'ONE' }), fields('{"v":1}').enumName('v', { 1: 'ONE' })]).toEqual(['ONE', 'ONE']);
  });

  test('a message names the member, without what a terminal obeys', () => {
    expect(messageOf(() => fields('{"a\\u001b":1}').string('a\u001b'))).toBe('document: a\\u001b: expected a string, found 1');
  });

  test('an array may hold as many items as the cap, and has the code of the cap beyond', () => {
    expect(fields('{"v":[{},{}]}').objects('v', 2)).toHaveLength(2);
    expect(codeOf(() => fields('{"v":[{},{}]}').objects('v', 1, 'BUNDLE_LIMIT'))).toBe('BUNDLE_LIMIT');
    expect(codeOf(() => fields('{"v":["",""]}').bytesArray('v', 1))).toBe('BUNDLE_SHAPE');
  });
});
