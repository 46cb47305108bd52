/** The bytes on the right are what helm 3.22.0 (Go's YAML library, version 2) writes and reads. */
import { describe, expect, test } from 'vitest';
import type { Tree } from './tree.ts';
import { parseYaml } from './yaml-read.ts';
import { floatText } from './yaml-scalar.ts';
import { encodeYaml } from './yaml-write.ts';

const LONG = 'A chart with a rather long description that goes beyond eighty characters, so that it must be folded';

describe('writing', () => {
  test.each<[string, string, string]>([
    ['a word', 'word', 'word'],
    ['words', 'some words', 'some words'],
    ['nothing', '', '""'],
    ['a number', '1.10', '"1.10"'],
    ['an octal number', '017', '"017"'],
    ['what is no octal number, and so a float', '08', '"08"'],
    ['a version', '1.2.3', '1.2.3'],
    ['a boolean of YAML 1.1', 'yes', '"yes"'],
    ['null', '~', '"~"'],
    ['a date', '2026-08-25', '"2026-08-25"'],
    ['no date', '2026-13-25', '2026-13-25'],
    ['a time in base 60', '1:30', '"1:30"'],
    ['an indicator in front', '- x', "'- x'"],
    ['a dash that is none', '-x', '-x'],
    ['a colon at the end', 'x:', "'x:'"],
    ['a colon inside', 'a:b', 'a:b'],
    ['a comment', 'a #b', "'a #b'"],
    ['a hash inside', 'a#b', 'a#b'],
    ['the sign of a merge', '<<', '<<'],
    ['quotes', `'a' "b"`, `'''a'' "b"'`],
    ['spaces at the ends', ' a ', "' a '"],
    ['a document marker', '--- a', "'--- a'"],
    ['a tab', 'a\tb', '"a\\tb"'],
    ['a backslash', 'a\\b', 'a\\b'],
    ['beyond the basic plane', '🙂', '"\\U0001F642"'],
    ['other letters', 'é日', 'é日'],
    ['a carriage return', 'a\r', '"a\\r"'],
    ['lines', 'a\nb', '|-\n  a\n  b'],
    ['lines with an end', 'a\nb\n', '|\n  a\n  b'],
    ['an empty line at the end', 'a\n\n', '|+\n  a\n'],
    ['lines that begin with a space', ' a\nb', '|2-\n   a\n  b'],
    ['a line that ends in a space', 'a \nb', '"a \\nb"'],
    ['a long text', LONG, 'A chart with a rather long description that goes beyond eighty characters, so that\n  it must be folded'],
    ['a long text in quotes', `${LONG}: x`, "'A chart with a rather long description that goes beyond eighty characters, so\n  that it must be folded: x'"],
  ])('%s', (_, value, expected) => expect(encodeYaml(new Map([['k', value]]))).toBe(`k: ${expected}\n`));

  test('names sort as people sort them', () => {
    const names = ['z10', 'z9', 'A', 'b', 'a', 'a1', 'a/b', '10', '9', 'a01', '-', 'é'];
    const written = encodeYaml(new Map(names.map((name) => [name, 'x'])));
    expect(written.split('\n').map((line) => line.split(':')[0])).toEqual(["'-'", '"9"', '"10"', 'A', 'a', 'a/b', 'a1', 'a01', 'b', 'z9', 'z10', 'é', '']);
  });

  test('lists lie under their name, and maps begin on the line of their dash', () => {
    const tree: Tree = new Map<string, Tree>([
      [
        'list',
        [
          'a',
          new Map([
            ['b', '1'],
            ['a', 'x'],
          ]),
          ['c', []],
        ],
      ],
      [
        'map',
        new Map<string, Tree>([
          ['inner', ['d']],
          ['none', new Map()],
        ]),
      ],
      ['flag', true],
      ['count', 12n],
      ['part', 0.5],
    ]);
    expect(encodeYaml(tree)).toBe('count: 12\nflag: true\nlist:\n- a\n- a: x\n  b: "1"\n- - c\n  - []\nmap:\n  inner:\n  - d\n  none: {}\npart: 0.5\n');
  });

  test('a very long name stands behind a question mark', () => {
    const name = 'n'.repeat(129);
    expect(encodeYaml(new Map([[name, ['a']]]))).toBe(`? ${name}\n: - a\n`);
  });
});

describe('reading', () => {
  test.each<[string, Tree]>([
    ['1.10', 1.1],
    ['1_000', 1000n],
    ['0x1F', 31n],
    ['0b11', 3n],
    ['017', 15n],
    ['0o17', 15n],
    ['08', 8],
    ['-1', -1n],
    ['1e3', 1000],
    ['18446744073709551616', 2 ** 64],
    ['yes', true],
    ['Off', false],
    ['~', null],
    ['', null],
    ['2026-08-25', '2026-08-25'],
    ['"1.10"', '1.10'],
    ["'yes'", 'yes'],
    ['!!str 1.10', '1.10'],
    ['a b', 'a b'],
  ])('%s', (text, expected) => expect(parseYaml(Buffer.from(`k: ${text}\n`), 'x')).toEqual(new Map([['k', expected]])));

  test('the last of two members counts, and only the first document', () => {
    expect(parseYaml(Buffer.from('a: 1\na: 2\n---\na: 3\n'), 'x')).toEqual(new Map([['a', 2n]]));
  });

  test('aliases and merges', () => {
    const text = 'base: &b {x: 1, z: 2}\nown:\n  <<: *b\n  z: 3\nlist: [*b]\n';
    expect(parseYaml(Buffer.from(text), 'x')).toEqual(
      new Map<string, Tree>([
        [
          'base',
          new Map([
            ['x', 1n],
            ['z', 2n],
          ]),
        ],
        [
          'own',
          new Map([
            ['x', 1n],
            ['z', 3n],
          ]),
        ],
        [
          'list',
          [
            new Map([
              ['x', 1n],
              ['z', 2n],
            ]),
          ],
        ],
      ]),
    );
  });

  test('names are text, whatever they look like', () => {
    expect(parseYaml(Buffer.from('1.5: a\n10: b\nyes: c\n.inf: d\n'), 'x')).toEqual(
      new Map([
        ['1.5', 'a'],
        ['10', 'b'],
        ['true', 'c'],
        ['.inf', 'd'],
      ]),
    );
  });

  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x, x]',
    ...'bcdefgh'.split('').map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdefg'[i]}`).join(', ')}]`),
  ].join('\n');

  test.each([
    ['broken syntax, by its line', 'a: 1\nb: [', 'cannot load x: line 2'],
    ['aliases that multiply', bomb, 'more than 1000000 values'],
    ['an alias of itself', 'a: &a [*a]', 'nested deeper than 500 levels'],
    ['an alias of nothing', 'a: *b', 'nothing is called &b'],
    ['nesting without end', '['.repeat(100_000), 'nested deeper than 500 levels'],
    ['lists without end', '- '.repeat(100_000), 'nested deeper than 500 levels'],
    ['bytes that are no text', Buffer.from([0x61, 0x3a, 0x20, 0xff]), 'not valid UTF-8'],
    ['a map as a name', '{a: b}: c', 'a name that is not text'],
  ])('refuses %s', (_, content, message) => {
    expect(() => parseYaml(Buffer.from(content as string), 'x')).toThrow(
      expect.objectContaining({ code: 'CHART_FILE', message: expect.stringContaining(message) }),
    );
  });
});

test.each([
  [1.1, 32, '1.1'],
  [1.123456789, 32, '1.1234568'],
  [1234567, 32, '1.234567e+06'],
  [100000.5, 32, '100000.5'],
  [0.00001, 64, '1e-05'],
  [0.0001, 64, '0.0001'],
  [1e21, 64, '1e+21'],
  [123456, 64, '123456'],
  [-0.5, 64, '-0.5'],
  [Number.POSITIVE_INFINITY, 32, '+Inf'],
] as const)('%d in %d bits is written %s', (value, bits, expected) => expect(floatText(value, bits)).toBe(expected));
