import type { Json } from '@assay/core';
import { describe, expect, test } from 'vitest';
import type { Io } from '../io.ts';
import { filled } from './fill-template.ts';
import { goTime } from './go-time.ts';
import { Table, truncated } from './table.ts';

const io = (terminal = false, env: Io['env'] = {}): Io => ({
  env,
  now: new Date('2026-08-25T00:00:00Z'),
  terminal,
  stdout: () => undefined,
  stderr: () => undefined,
  stdin: async function* () {},
});
const fill = (template: string, data: Json = null, on = io()): string => filled(data, template, on);

const DATA: Json = [
  { name: 'one', count: 1, big: 12345678901n, at: '2026-08-24T23:00:00Z', tags: ['a', 'b'], none: null },
  { name: 'twenty', count: 20, big: 2n, at: '2025-01-02T03:04:05Z', tags: [], none: true },
];

describe('the functions of GitHub', () => {
  test.each([
    ['{{range .}}{{.name}} {{.count}} {{end}}', 'one 1 twenty 20 '],
    ['{{(index . 0).tags | join ", "}}', 'a, b'],
    ['{{join "," (pluck "name" .)}}', 'one,twenty'],
    ['{{range pluck "none" .}}[{{.}}]{{end}}', '[<no value>][true]'],
    ['{{range pluck "constructor" .}}[{{.}}]{{end}}', '[<no value>][<no value>]'],
    ['{{range .}}{{timeago .at}};{{end}}', '1 hour ago;1 year ago;'],
    ['{{timefmt "Jan 2, 2006 at 15:04" (index . 1).at}}', 'Jan 2, 2025 at 03:04'],
    ['{{truncate 4 (index . 1).name}}|{{truncate 5 (index . 1).name}}|{{truncate 9 (index . 1).name}}|{{truncate 4 (index . 0).none}}', 'twen|tw...|twenty|'],
    ['{{hyperlink "https://x.example" "text"}}', '\u001b]8;;https://x.example\u001b\\text\u001b]8;;\u001b\\'],
    ['{{hyperlink "https://x.example" ""}}', '\u001b]8;;https://x.example\u001b\\https://x.example\u001b]8;;\u001b\\'],
    ['{{color "red" (index . 0).name}}', '\u001b[0;31mone\u001b[0m'],
    ['{{color "green+b" 1}}{{color "white+h:blue" "x"}}{{color "208" "y"}}', '\u001b[0;1;32m1\u001b[0m\u001b[0;97;44mx\u001b[0m\u001b[0;38;5;208my\u001b[0m'],
    ['{{color "nope" "x"}}', 'x'],
    ['{{contains "we" (index . 1).name}} {{hasPrefix "tw" (index . 1).name}} {{hasSuffix "tw" (index . 1).name}}', 'true true false'],
    ['{{autocolor "red" "x"}}', 'x'],
    ['{{range .}}{{tablerow .name .count .none}}{{end}}', 'one     1   \ntwenty  20  true\n'],
    ['{{tablerow "a"}}{{tablerender}}-{{tablerow "b"}}', 'a\n-b\n'],
    ['{{printf "%v" (index . 0).big}}', '1.2345678901e+10'],
  ])('%s', (template, expected) => expect(fill(template, DATA)).toBe(expected));

  test('colours are for a terminal', () => {
    expect(fill('{{autocolor "red" "x"}}', null, io(true))).toBe('\u001b[0;31mx\u001b[0m');
    expect(fill('{{autocolor "red" "x"}}', null, io(true, { NO_COLOR: '1' }))).toBe('x');
    expect(fill('{{autocolor "red" "x"}}', null, io(true, { TERM: 'dumb' }))).toBe('x');
  });

  test.each(['{{join "," .}}', '{{timeago "yesterday"}}', '{{truncate 3 (index . 0)}}', '{{color "red" .}}', '{{nope}}', '{{.', '{{timeago}}'])(
    '%s fails',
    (template) => expect(() => fill(template, template.startsWith('{{join') ? {} : DATA)).toThrow(/template/),
  );
});

test.each([
  ['Monday, January 2, 2006 3:04:05 PM MST', 'Tuesday, August 5, 2025 2:03:09 PM UTC'],
  ['Mon Jan _2 15:04:05 2006', 'Tue Aug  5 14:03:09 2025'],
  ['2006-01-02T15:04:05Z07:00', '2025-08-05T14:03:09Z'],
  ['02/01/06 03:04pm -0700 -07:00', '05/08/25 02:03pm +0000 +00:00'],
  ['1/2 3:4:5', '8/5 2:3:9'],
])('a time as %s', (layout, expected) => expect(goTime(new Date('2025-08-05T14:03:09Z'), layout)).toBe(expected));

describe('a table', () => {
  const render = (width: number, ...rows: readonly (readonly string[])[]): string => {
    const table = new Table(width);
    for (const row of rows) table.add(row);
    return table.render();
  };

  test('has the width of what is in it', () => expect(render(80, ['a', 'bbb', 'c'], ['aa', 'b', 'c'])).toBe('a   bbb  c\naa  b    c\n'));
  test('cuts what is too long', () => expect(render(20, ['a'.repeat(30), 'b', 'c'])).toBe(`${'a'.repeat(11)}...  b  c\n`));
  test('shares among what is too long', () => expect(render(22, ['a'.repeat(30), 'b'.repeat(30)])).toBe('aaaaaaa...  bbbbbbb...\n'));
  test('shows the first line of a cell', () => expect(render(80, ['a\nb', 'c'])).toBe('a...  c\n'));
  test('counts characters', () => expect(render(80, ['é', 'x'], ['😀a', 'y'])).toBe('é   x\n😀a  y\n'));
  test('of nothing is nothing', () => expect(render(80)).toBe(''));
  test('is rendered once', () => {
    const table = new Table(80);
    table.add(['a']);
    expect([table.render(), table.render()]).toEqual(['a\n', '']);
  });
});

test.each([
  ['abcdef', 6, 'abcdef'],
  ['abcdef', 5, 'ab...'],
  ['abcdef', 4, 'abcd'],
  ['abcdef', 0, ''],
])('%s cut to %d is %s', (text, width, expected) => expect(truncated(text, width)).toBe(expected));
