import { describe, expect, test } from 'vitest';
import { parseServiceSpec, parseTime, parseUint32, protoTime, validityOf } from './service-spec.ts';

describe('a service specification', () => {
  test.each([
    ['url=https://x', { url: 'https://x' }],
    ['a=1,b=2', { a: '1', b: '2' }],
    [' a = 1 , b=2 ', { a: '1', b: '2' }],
    ['url=https://x?a=b', { url: 'https://x?a=b' }],
    ['a=', { a: '' }],
    ['a=1,a=2', { a: '2' }],
    ['__proto__=x', { ['__proto__']: 'x' }],
  ])('%s', (text, pairs) => {
    expect([...parseServiceSpec(text)]).toEqual(Object.entries(pairs));
  });

  test.each(['', 'x', 'a=1,', ',', 'a=1,b'])('cannot be read from %j', (text) => {
    expect(() => parseServiceSpec(text)).toThrow(/^invalid key-value pair: /);
  });
});

describe('a validity', () => {
  test.each([
    ['start-time=2025-01-01T00:00:00Z', { start: '2025-01-01T00:00:00Z' }],
    ['start-time=2025-01-01T01:00:00+02:00', { start: '2024-12-31T23:00:00Z' }],
    ['start-time=2025-01-01T00:00:00.25Z,end-time=2026-01-01T00:00:00Z', { start: '2025-01-01T00:00:00.250Z', end: '2026-01-01T00:00:00Z' }],
    ['start-time=,end-time=', { start: '1970-01-01T00:00:00Z' }],
    ['url=x', { start: '1970-01-01T00:00:00Z' }],
  ])('%s', (text, validity) => {
    expect(validityOf(parseServiceSpec(text), new Date(0))).toEqual(validity);
  });

  test('needs a start where there is no default', () => {
    expect(() => validityOf(parseServiceSpec('url=x'))).toThrow('parsing start-time: parsing time ""');
  });
});

test.each(['2025-02-30T00:00:00Z', '2025-01-01', '2025-01-01T00:00:00', 'now', ''])('%j is no time', (text) => {
  expect(() => parseTime(text)).toThrow(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": `);
});

test('protobuf JSON has no fraction of zero', () => {
  expect([new Date(0), new Date(1)].map(protoTime)).toEqual(['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.001Z']);
});

test('numbers end at 32 bits', () => {
  expect(['0', '4294967295', '007'].map(parseUint32)).toEqual([0, 4_294_967_295, 7]);
  for (const text of ['4294967296', '99999999999999999999']) expect(() => parseUint32(text)).toThrow('value out of range');
  for (const text of ['', '-1', '1.5', '0x1', ' 1', '１']) expect(() => parseUint32(text)).toThrow('invalid syntax');
});
