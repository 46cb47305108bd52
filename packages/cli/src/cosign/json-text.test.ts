import { utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { oneLine, splitDocuments } from './json-text.ts';

describe('on one line', () => {
  test.each([
    ['what is on one line stays as it is', '{"a": 1,  "b":2}', '{"a": 1,  "b":2}'],
    ['white space between members goes', '{\n  "a": 1,\r\n\t"b": [ 2 ]\n}\n', '{"a":1,"b":[2]}'],
    ['white space in strings stays', '{\n"a b": "c  d"}', '{"a b":"c  d"}'],
    ['an escaped quote ends no string', '{\n"a": "b\\" , c", "d": "\\\\" }', '{"a":"b\\" , c","d":"\\\\"}'],
    ['numbers beyond 2^53 keep their digits', '{\n"n": 12345678901234567890}', '{"n":12345678901234567890}'],
  ])('%s', (_, document, expected) => {
    expect(oneLine(utf8(document))).toBe(expected);
  });

  test('a string of 64 MiB is no problem', () => {
    const long = '\\n'.repeat(32 * 1024 * 1024);
    expect(oneLine(utf8(`{\n"a":"${long}"}`))).toHaveLength(long.length + 8);
  });
});

describe('documents one after the other', () => {
  test.each([
    ['one', '{"a":1}', ['{"a":1}']],
    ['one on each line', '{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']],
    ['without anything between them', '{"a":"}"}{"b":{"c":[{}]}}', ['{"a":"}"}', '{"b":{"c":[{}]}}']],
    ['none', ' \n', []],
  ])('%s', (_, text, expected) => {
    expect(splitDocuments(text)).toEqual(expected);
  });

  test.each(['{"a":1', '{}}', '{},{}', '[{}]', '"a"', 'null', '{} x', '{"a":"'])('refuses %s', (text) => {
    expect(() => splitDocuments(text)).toThrow('expected one object after the other');
  });
});
