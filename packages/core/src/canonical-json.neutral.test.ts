import fc from 'fast-check';
import { expect, test } from 'vitest';
import { property } from '../test/random.ts';
import { canonicalJson, type JsonValue } from './canonical-json.ts';

// The examples of RFC 8785, sections 3.2.2 and 3.2.3, and its appendix B.
test.each<[string, JsonValue, string]>([
  [
    'the sample object',
    {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    },
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  ],
  [
    'members sorted by UTF-16 code units, not by code points',
    {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    },
    '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
  ],
  ['minus zero', -0, '0'],
  ['the largest double', Number.MAX_VALUE, '1.7976931348623157e+308'],
  ['the smallest double', Number.MIN_VALUE, '5e-324'],
  ['2^53 and beyond as doubles', [9007199254740992, 295147905179352830000], '[9007199254740992,295147905179352830000]'],
  ['a bigint in full', 18446744073709551615n, '18446744073709551615'],
  ['nested empties', { b: {}, a: [] }, '{"a":[],"b":{}}'],
])('writes %s', (_, value, text) => {
  expect(canonicalJson(value)).toBe(text);
});

test.each([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
])('refuses %s, which JSON cannot say', (_, value) => {
  expect(() => canonicalJson({ value })).toThrow(TypeError);
});

test('says the same as JSON.stringify, and the same for every order of members', () => {
  property(fc.dictionary(fc.string(), fc.jsonValue() as fc.Arbitrary<JsonValue>), (value) => {
    const text = canonicalJson(value);
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    expect(canonicalJson(Object.fromEntries(Object.entries(value).reverse()))).toBe(text);
  });
});
