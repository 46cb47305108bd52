import { type Json, parseJson } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { firstDifference, type Model, ModelError, parseModel, readModel, writeModel } from './model.ts';

const MODEL = {
  text: 'text',
  flag: 'flag',
  texts: 'texts',
  counts: 'counts',
  time: 'time',
  bytes: 'bytes',
  object: 'object',
  free: 'free',
  list: ['text'],
  maybe: ['optional', { id: 'text' }],
  inner: { id: 'text' },
} as const satisfies Model;

const NOTHING = {
  text: '',
  flag: false,
  texts: null,
  counts: null,
  time: null,
  bytes: null,
  object: null,
  free: null,
  list: null,
  maybe: null,
  inner: { id: '' },
};

/** Objects without a prototype compare unequal to literals. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('read', () => {
  test('what is absent or null has its zero value', () => {
    expect(plain(readModel({}, MODEL))).toEqual(NOTHING);
    expect(plain(readModel(null, MODEL))).toEqual(NOTHING);
    expect(plain(readModel(Object.fromEntries(Object.keys(NOTHING).map((name) => [name, null])), MODEL))).toEqual(NOTHING);
  });

  test.each<[json: string, read: object]>([
    ['{"texts":{"a":null,"b":"x"}}', { texts: { a: '', b: 'x' } }],
    ['{"counts":{"a":null,"b":3}}', { counts: { a: 0, b: 3 } }],
    ['{"list":["a",null]}', { list: ['a', ''] }],
    ['{"list":[]}', { list: [] }],
    ['{"maybe":{}}', { maybe: { id: '' } }],
    ['{"time":"2026-08-25T00:00:00.500Z"}', { time: '2026-08-25T00:00:00.5Z' }],
    ['{"time":"2026-08-25T00:00:00.000+02:00"}', { time: '2026-08-25T00:00:00+02:00' }],
    ['{"time":"2026-08-25T00:00:10Z"}', { time: '2026-08-25T00:00:10Z' }],
    ['{"bytes":""}', { bytes: '' }],
    ['{"bytes":"aGVs\\nbG8="}', { bytes: 'aGVsbG8=' }],
    ['{"free":[1,2.50,12345678901234567890,{"x":null}]}', { free: [1, 2.5, 12345678901234567000, { x: null }] }],
    ['{"TEXT":"a","Inner":{"ID":"b"}}', { text: 'a', inner: { id: 'b' } }],
    ['{"te\u017fts":{}}', {}],
    ['{"text\u017f":{"a":"b"}}', { texts: { a: 'b' } }],
    ['{"unknown":{"deep":[1]},"text":"a"}', { text: 'a' }],
    ['{"texts":{"__proto__":"x","constructor":"y"}}', { texts: JSON.parse('{"__proto__":"x","constructor":"y"}') }],
  ])('%s', (json, read) => expect(plain(readModel(parseJson(json), MODEL))).toEqual({ ...NOTHING, ...read }));

  test('a Kelvin sign is a k', () => expect(readModel(parseJson('{"\u212aey":"x"}'), { key: 'text' })).toMatchObject({ key: 'x' }));

  test.each<[json: string, problem: string]>([
    ['[]', 'the document: expected an object, found an array'],
    ['{"text":5}', 'text: expected a text, found 5'],
    ['{"flag":"true"}', 'flag: expected true or false, found "true"'],
    ['{"texts":{"a":{}}}', 'texts.a: expected a text, found an object'],
    ['{"texts":[]}', 'texts: expected an object, found an array'],
    ['{"counts":{"a":1.5}}', 'counts.a: expected a whole number, found 1.5'],
    ['{"counts":{"a":9007199254740993}}', 'counts.a: expected a whole number, found 9007199254740993'],
    ['{"time":"2026-02-30T00:00:00Z"}', 'time: expected a time (RFC 3339), found "2026-02-30T00:00:00Z"'],
    ['{"time":"2026-08-25t00:00:00z"}', 'time: expected a time (RFC 3339), found "2026-08-25t00:00:00z"'],
    ['{"time":0}', 'time: expected a time (RFC 3339), found 0'],
    ['{"bytes":"a"}', 'bytes: expected base64, found "a"'],
    ['{"bytes":[97]}', 'bytes: expected base64, found an array'],
    ['{"object":[]}', 'object: expected an object, found an array'],
    ['{"list":{}}', 'list: expected a list, found an object'],
    ['{"list":["a",[]]}', 'list[1]: expected a text, found an array'],
    ['{"maybe":{"id":[]}}', 'maybe.id: expected a text, found an array'],
    [`{"free":[${'9'.repeat(400)}]}`, 'free: expected numbers in the range of doubles, found 9999'],
    ['{"text":"a","Text":"b"}', 'two members are named Text but for letter case'],
    ['{"inner":{"id":"a","ID":"b"}}', 'inner: two members are named ID but for letter case'],
    ['{"text":"a","text":"b"}', 'not valid JSON: duplicate member'],
    ['{"text":"a"} {}', 'not valid JSON: more text after the document'],
  ])('%s is refused', (json, problem) => {
    const read = () => parseModel(new TextEncoder().encode(json), MODEL);
    expect(read).toThrow(ModelError);
    expect(read).toThrow(problem);
  });
});

describe('written', () => {
  const OMITTING = Object.fromEntries(Object.entries(MODEL).map(([name, model]) => [`${name}?`, model])) as Record<string, Model>;
  const readAny: (value: Json, model: Model) => object = readModel as never;
  const write = (json: string, model: Model) => writeModel(readAny(parseJson(json), model), model);

  test('in the order of the model', () => {
    expect(write('{"inner":{"id":"b"},"text":"a"}', { text: 'text', inner: { id: 'text' } })).toBe('{"text":"a","inner":{"id":"b"}}');
  });

  test('what is empty, only where it has a place', () => {
    expect(write('{}', MODEL)).toBe(
      '{"text":"","flag":false,"texts":null,"counts":null,"time":null,"bytes":null,"object":null,"free":null,"list":null,"maybe":null,"inner":{"id":""}}',
    );
    // A struct is never empty for Go.
    expect(write('{}', OMITTING)).toBe('{"inner":{"id":""}}');
    expect(write('{"texts":{},"object":{},"list":[],"bytes":"","free":{},"maybe":{}}', OMITTING)).toBe('{"free":{},"maybe":{"id":""},"inner":{"id":""}}');
    expect(write('{"free":""}', OMITTING)).toBe('{"free":"","inner":{"id":""}}');
  });

  test('names that are free are sorted, also those that are numbers', () => {
    expect(write('{"b":1,"10":1,"9":1,"a":[{"d":1,"c":1}]}', 'free')).toBe('{"10":1,"9":1,"a":[{"c":1,"d":1}],"b":1}');
  });

  test('with numbers and escapes as Go has them', () => {
    expect(write('[1e21,1e-7,0.000001,100000000000000000000,1.0,"<>&\u2028"]', 'free')).toBe(
      '[1e+21,1e-7,0.000001,100000000000000000000,1,"\\u003c\\u003e\\u0026\\u2028"]',
    );
  });
});

describe('compared', () => {
  const difference = (a: string, b: string) => firstDifference(readModel(parseJson(a), 'free'), readModel(parseJson(b), 'free'));
  test.each<[a: string, b: string, path: string | undefined]>([
    ['{"a":1,"b":[{"c":"x"}]}', '{"b":[{"c":"x"}],"a":1.0}', undefined],
    ['{"a":1,"b":[{"c":"x"}]}', '{"a":1,"b":[{"c":"y"}]}', 'b[0].c'],
    ['{"a":[1]}', '{"a":[1,2]}', 'a[1]'],
    ['{"a":[1,2]}', '{"a":[1]}', 'a[1]'],
    ['{"a":null}', '{}', 'a'],
    ['{}', '{"a":null}', 'a'],
    ['{"a":[]}', '{"a":{}}', 'a'],
    ['{"a":[]}', '{"a":null}', 'a'],
    ['{"a":"1"}', '{"a":1}', 'a'],
    ['{"a":-0}', '{"a":0}', undefined],
    ['{"toString":{}}', '{}', 'toString'],
    ['[]', '{}', ''],
  ])('%s and %s differ in %s', (a, b, path) => expect(difference(a, b)).toBe(path));
});

describe('where unknown members are refused', () => {
  const MODEL = { name: 'text', inner: { deep: 'text' }, parts: [{ id: 'text' }], any: 'free' } as const satisfies Model;

  test('what is known in any letter case, and what is free, is taken', () => {
    const read = readModel({ NAME: 'x', Inner: { DEEP: 'y' }, any: { Whatever: [1] } }, MODEL, 'refused');
    expect(read).toMatchObject({ name: 'x', inner: { deep: 'y' }, any: { Whatever: [1] } });
  });

  test.each<[string, string, RegExp]>([
    ['on top', '{"other":1}', /^json: unknown field "other"$/],
    ['further in', '{"inner":{"other":1}}', /^json: unknown field "other"$/],
    ['in a list', '{"parts":[{"id":"a"},{"id":"b","x":1}]}', /^json: unknown field "x"$/],
    ['that every object inherits', '{"__proto__":1}', /^json: unknown field "__proto__"$/],
    ['with control characters, shown escaped', '{"a\\nb":1}', /^json: unknown field "a\\\\u000ab"$/],
  ])('one %s is an error', (_, document, message) => {
    expect(() => readModel(parseJson(document), MODEL, 'refused')).toThrow(ModelError);
    expect(() => readModel(parseJson(document), MODEL, 'refused')).toThrow(message);
  });
});
