import { expect, test } from 'vitest';
import { encodeGoJson } from './go-json.ts';

test.each([
  ['angle brackets and ampersands are escaped', { a: '<b>&' }, '{"a":"\\u003cb\\u003e\\u0026"}'],
  ['so are the line separators', 'a\u2028\u2029', '"a\\u2028\\u2029"'],
  ['in names too', { '<': 1 }, '{"\\u003c":1}'],
  ['everything else stays, in the order given', { z: ['ä', null, true, 1.5], a: {} }, '{"z":["ä",null,true,1.5],"a":{}}'],
])('%s', (_, value, text) => {
  expect(encodeGoJson(value)).toBe(text);
  expect(JSON.parse(encodeGoJson(value))).toEqual(value);
});
