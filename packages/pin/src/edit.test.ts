import { expect, test } from 'vitest';
import { applyEdits } from './index.ts';

test.each<[string, readonly [number, number, string][], string]>([
  [
    'in any order',
    [
      [4, 5, 'E'],
      [0, 1, 'A'],
    ],
    'AbcdEf',
  ],
  [
    'insertions at both ends',
    [
      [6, 6, '>'],
      [0, 0, '<'],
    ],
    '<abcdef>',
  ],
  [
    'one behind the other',
    [
      [0, 2, ''],
      [2, 2, '-'],
      [2, 3, 'C'],
    ],
    '-Cdef',
  ],
  ['none', [], 'abcdef'],
])('edits %s', (_, edits, expected) => {
  expect(
    applyEdits(
      'abcdef',
      edits.map(([start, end, text]) => ({ start, end, text })),
    ),
  ).toBe(expected);
});

test.each<[string, readonly [number, number][]]>([
  [
    'lie across each other',
    [
      [0, 3],
      [2, 4],
    ],
  ],
  ['end before they start', [[3, 2]]],
  ['lie behind the end', [[6, 7]]],
])('edits that %s are a bug', (_, edits) => {
  expect(() =>
    applyEdits(
      'abcdef',
      edits.map(([start, end]) => ({ start, end, text: 'x' })),
    ),
  ).toThrow('lies across another');
});
