// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how variables are written in a shell
import { expect, test } from 'vitest';
import { Excerpt } from '../excerpt.ts';
import { parseShell, writeWord } from './shell.ts';

/** Commands with their operators: `a b | c`, those within others first. */
function commandsOf(text: string): readonly string[] {
  return parseShell(Excerpt.of(text)).commands.map(({ assignments, words, operator }) =>
    [...assignments.map(({ name, value }) => `${name}=[${value.text}]`), ...words.map((word) => `[${word.text}]`), operator].join(''),
  );
}

test.each<[string, readonly string[]]>([
  ['a b\nc', ['[a][b];', '[c]']],
  ['a \\\n  b', ['[a][b]']],
  ['a \\\r\n  b\r\nc', ['[a][b];', '[c]']],
  ['a \\  \n  b', ['[a][b]']],
  ['a \'b c\' "d e" f\\ g', ['[a][b c][d e][f g]']],
  ['a "b \\"c\\" \\$d \\. `e`"', ['[e]', '[a][b "c" $d \\. `e`]']],
  ["a 'b\nc'", ['[a][b\nc]']],
  ['a # b\nc#d', ['[a];', '[c#d]']],
  ['a | b || c && d; e &', ['[a]|', '[b]||', '[c]&&', '[d];', '[e]&']],
  ['a |\n b', ['[a]|', '[b]']],
  ['A=1 B="x y" c', ['A=[1]B=[x y][c]']],
  ['A=$(b c | d)', ['[b][c]|', '[d]', 'A=[$(b c | d)]']],
  ['a "$(b "c d")"', ['[b][c d]', '[a][$(b "c d")]']],
  ['a <(b) > c 2>&1 <<< d', ['[b]', '[a][<(b)]']],
  ['(a; b) && c', ['[a];', '[b]', '[(a; b)]&&', '[c]']],
  ['case x in a) b ;; esac', ['[case][x][in][a]', '[b];', '[esac]']],
  ['a ${{ b.c || d }}/e ${F:-g h}', ['[a][${{ b.c || d }}/e][${F:-g h}]']],
  ['a <<EOF | b\nc\nEOF\nd', ['[a]|', '[b];', '[d]']],
  ["a <<-'E'\n\tb\n\tE\nc", ['[a];', '[c]']],
  ['a <image> ghcr.io/<owner>/b', ['[a][<image>][ghcr.io/<owner>/b]']],
  ["don't\na b", ["[don't];", '[a][b]']],
  ['say "no\na b', ['[say]["no];', '[a][b]']],
  ['a $(b', ['[b]', '[a][$(b]']],
  ['a `b', ['[a][`b]']],
  ['', []],
  ['\\', []],
])('%j', (text, expected) => {
  expect(commandsOf(text)).toEqual(expected);
});

test('words know where they stand, quotes and all', () => {
  const text = 'a \'b c\'  --d="e"';
  const [command] = parseShell(Excerpt.of(text)).commands;
  expect(command?.words.map(({ start, end, quotes }) => [text.slice(start, end), quotes])).toEqual([
    ['a', 'none'],
    ["'b c'", 'single'],
    ['--d="e"', 'mixed'],
  ]);
});

test.each<[string, 'none' | 'single' | 'double' | 'mixed', string]>([
  ['a/b:c', 'none', 'a/b:c'],
  ['a\\.b', 'none', "'a\\.b'"],
  ["it's", 'single', "'it'\\''s'"],
  ['$A\\.b"c', 'double', '"$A\\.b\\"c"'],
  ['^$A$', 'mixed', '"^$A$"'],
  ['a\\', 'double', '"a\\\\"'],
])('%j is written as a shell reads it', (text, quotes, written) => {
  expect(writeWord(text, quotes)).toBe(written);
  const [command] = parseShell(Excerpt.of(`x ${written}`)).commands;
  expect(command?.words[1]?.text).toBe(text);
});
