import { expect, test } from 'vitest';
import { all, change, drop, put } from './json-edit.ts';

const document = { a: [{ b: 1 }, { b: 2 }] };

test('edits a copy', () => {
  expect(put('a.0.b', 5)(document)).toEqual({ a: [{ b: 5 }, { b: 2 }] });
  expect(change<number>('a.1.b', (value) => value + 1)(document)).toEqual({ a: [{ b: 1 }, { b: 3 }] });
  expect(drop('a.0')(document)).toEqual({ a: [{ b: 2 }] });
  expect(all(drop('a.0'), put('c', 1))(document)).toEqual({ a: [{ b: 2 }], c: 1 });
  expect(document).toEqual({ a: [{ b: 1 }, { b: 2 }] });
});

test('refuses paths that do not exist, lest a defect turn valid', () => {
  expect(() => drop('x')(document)).toThrow(TypeError);
  expect(() => put('x.y', 1)(document)).toThrow(TypeError);
  expect(() => change('a.0.c', () => 1)(document)).toThrow(TypeError);
});
