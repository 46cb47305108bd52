import { describe, expect, test } from 'vitest';
import { flag, integer, list, map, optional, pointer, struct, text, time } from './go-shape.ts';
import { IMAGE_CONFIG, MANIFEST } from './image-shapes.ts';

const SHAPE = struct({
  name: text,
  n: optional(integer),
  on: optional(flag),
  items: list(text),
  labels: optional(map(text)),
  inner: pointer(struct({ x: optional(text) })),
});

describe('JSON through a struct of Go', () => {
  test.each([
    ['members come in the order of the struct', '{"items":["a"],"name":"x"}', '{"name":"x","items":["a"],"inner":null}'],
    ['unknown members go', '{"name":"x","other":1,"items":[]}', '{"name":"x","items":[],"inner":null}'],
    ['null is the zero value', '{"name":null,"items":null,"labels":null,"inner":null}', '{"name":"","items":null,"inner":null}'],
    ['a struct is never empty', '{"inner":{}}', '{"name":"","items":null,"inner":{}}'],
    ['empty members go where the struct says so', '{"n":0,"on":false,"labels":{}}', '{"name":"","items":null,"inner":null}'],
    [
      'maps are sorted by bytes, also keys that look like numbers',
      '{"labels":{"9":"a","10":"b","é":"c","z":"d"}}',
      '{"name":"","items":null,"labels":{"10":"b","9":"a","z":"d","é":"c"},"inner":null}',
    ],
    ['HTML is escaped', '{"name":"<&>\\u2028"}', '{"name":"\\u003c\\u0026\\u003e\\u2028","items":null,"inner":null}'],
    ['a member of every object is no member', '{"labels":{"__proto__":"x"}}', '{"name":"","items":null,"labels":{"__proto__":"x"},"inner":null}'],
  ])('%s', async (_, json, expected) => {
    expect(SHAPE.write(SHAPE.read(await parsed(json), 'test'))).toBe(expected);
  });

  test.each([
    ['text for a number', '{"n":"1"}', 'test.n: expected an integer'],
    ['a fraction for an integer', '{"n":1.5}', 'test.n: expected an integer'],
    ['an integer that no double holds', '{"n":9007199254740993}', 'test.n: expected an integer'],
    ['an object for a list', '{"items":{}}', 'test.items: expected an array'],
    ['a number in a list of texts', '{"items":["a",1]}', 'test.items[1]: expected a string'],
    ['a list for an object', '[]', 'test: expected an object'],
  ])('refuses %s', async (_, json, message) => {
    const value = await parsed(json);
    expect(() => SHAPE.read(value, 'test')).toThrow(expect.objectContaining({ code: 'OCI_CONFIG', message }));
  });
});

test.each([
  ['2020-01-02T03:04:05Z', '2020-01-02T03:04:05Z'],
  ['2020-01-02T03:04:05.100Z', '2020-01-02T03:04:05.1Z'],
  ['2020-01-02T03:04:05.000Z', '2020-01-02T03:04:05Z'],
  ['2020-01-02T03:04:05.123456789123Z', '2020-01-02T03:04:05.123456789Z'],
  ['2020-01-02T03:04:05+00:00', '2020-01-02T03:04:05Z'],
  ['2020-01-02T03:04:05+02:00', '2020-01-02T03:04:05+02:00'],
])('the time %s is written as %s', (given, expected) => {
  expect(time.write(time.read(given, 'test'))).toBe(JSON.stringify(expected));
});

test('a digest that is none is refused', () => {
  const config = { mediaType: 'x', size: 1, digest: 'sha256:short' };
  expect(() => MANIFEST.read({ config }, 'manifest')).toThrow(expect.objectContaining({ code: 'OCI_CONFIG' }));
});

test('an empty configuration is what Go makes of one', () => {
  expect(IMAGE_CONFIG.write(IMAGE_CONFIG.read({}, 'config'))).toBe(
    '{"architecture":"","created":"0001-01-01T00:00:00Z","os":"","rootfs":{"type":"","diff_ids":null},"config":{}}',
  );
});

async function parsed(json: string) {
  const { parseJson } = await import('@assay/core');
  return parseJson(json);
}
