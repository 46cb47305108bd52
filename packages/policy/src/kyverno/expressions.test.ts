/** JMESPath, variables, operators and conditions as Kyverno reads them. */
import type { JsonObject } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { evaluateBlocks, overPredicate, parseConditions } from './conditions.ts';
import { Context } from './context.ts';
import { kyvernoFunctions } from './jmespath/functions.ts';
import { compileExpression } from './jmespath/interpreter.ts';
import { compare } from './operators.ts';
import { substitute } from './variables.ts';

const NOW = new Date('2024-06-01T12:00:00Z');
const functions = kyvernoFunctions(NOW);
const DATA: JsonObject = {
  a: { b: { c: 1 } },
  list: [
    { name: 'x', size: 3 },
    { name: 'y', size: 1, more: true },
  ],
  names: ['b', 'a', 'c'],
  text: 'Hello World',
  empty: '',
  nothing: null,
  nested: [[1, 2], [3]],
};
const search = (expression: string, data: unknown = DATA) => compileExpression(expression, functions).search(data);

describe('expressions', () => {
  test.each<[string, unknown]>([
    ['a.b.c', 1],
    ['nothing', null],
    ["a.x || 'd'", 'd'],
    ['!(a.x)', true],
    ['a.x == `null`', true],
    ['list[*].name', ['x', 'y']],
    ['list[*].more', [true]],
    ['list[?size > `1`].name | [0]', 'x'],
    ['list[-1].name', 'y'],
    ['names[::-1]', ['c', 'a', 'b']],
    ['nested[]', [1, 2, 3]],
    ['nested[].x', []],
    ['missing[*].x', null],
    ['{n: names[0], m: missing}', { n: 'b', m: null }],
    ['a.*.c', [1]],
    ['length(names)', 3],
    ["contains(names, 'a')", true],
    ["contains(text, 'World')", true],
    ['sort(names)', ['a', 'b', 'c']],
    ['sort_by(list, &size)[0].name', 'y'],
    ['max_by(list, &size).name', 'x'],
    ["join('-', names)", 'b-a-c'],
    ['to_string(a)', '{"b":{"c":1}}'],
    ["to_number('12')", 12],
    ['keys(a)', ['b']],
    ['not_null(nothing, text)', 'Hello World'],
    ['merge(a, {d: `2`})', { b: { c: 1 }, d: 2 }],
    ["to_upper('ab')", 'AB'],
    ["to_lower('AB')", 'ab'],
    ["replace('aaa', 'a', 'b', `2`)", 'bba'],
    ["replace_all('a.a', '.', '-')", 'a-a'],
    ["split('a,b', ',')", ['a', 'b']],
    ["trim(' x ', ' ')", 'x'],
    ["trim_prefix('docker://x', 'docker://')", 'x'],
    ["truncate('abcdef', `3`)", 'abc'],
    ["regex_match('^[0-9]+$', '12')", true],
    ["regex_match('^[0-9]+$', `12`)", true],
    ["regex_replace_all('([a-z])x', 'axbx', '$1-')", 'a-b-'],
    ["regex_replace_all_literal('x', 'axb', '$1')", 'a$1b'],
    ["pattern_match('a*c', 'abc')", true],
    ['label_match({a: `1`}, {a: `1`, b: `2`})', true],
    ["to_boolean('TRUE')", true],
    ["equal_fold('A', 'a')", true],
    ["compare('a', 'b')", -1],
    ['add(`1`, `2`)', 3],
    ["add('1h', '30s')", '1h0m30s'],
    ["subtract('1s', '90s')", '-1m29s'],
    ["divide('1h', '30s')", 120],
    ["multiply('90s', `2`)", '3m0s'],
    ['modulo(`7`, `4`)', 3],
    ["sum(['1s', '2s'])", '3s'],
    ['round(`2.456`, `2`)', 2.46],
    ["base64_decode('aGk=')", 'hi'],
    ["base64_encode('hi')", 'aGk='],
    ["sha256('')", 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ["semver_compare('1.2.3', '>=1.0.0 <2.0.0')", true],
    ["semver_compare('2.0.0-rc.1', '<2.0.0')", true],
    ["semver_compare('3.1.4', '2.x || 3.x')", true],
    ['parse_json(\'{"a":1}\').a', 1],
    ["parse_yaml('a: [1]').a[0]", 1],
    ["lookup(a, 'b')", { c: 1 }],
    ["items(a, 'k', 'v')", [{ k: 'b', v: { c: 1 } }]],
    ["object_from_lists(['a'], [`1`])", { a: 1 }],
    ["image_normalize('nginx')", 'docker.io/nginx:latest'],
    ["path_canonicalize('/a//b/../c')", '/a/c'],
    ['time_now_utc()', '2024-06-01T12:00:00Z'],
    ["time_since('', '2024-06-01T10:30:00Z', '')", '1h30m0s'],
    ["time_since('2006-01-02', '2024-05-31', '2024-06-01')", '24h0m0s'],
    ["time_diff('2024-06-01T00:00:00Z', '2024-06-01T00:00:00.5Z')", '500ms'],
    ["time_add('2024-06-01T00:00:00+02:00', '1h')", '2024-06-01T01:00:00+02:00'],
    ["time_utc('2024-06-01T00:00:00+02:00')", '2024-05-31T22:00:00Z'],
    ["time_before('2024-06-01T00:00:00Z', '2024-06-02T00:00:00Z')", true],
    ["time_after('2024-06-01T00:00:00Z', '2024-06-02T00:00:00Z')", false],
    ["time_between('2024-06-01T00:00:00Z', '2024-05-01T00:00:00Z', '2024-07-01T00:00:00Z')", true],
    ["time_parse('Mon Jan 02 2006 15:04:05 -0700', 'Fri Jun 22 2022 17:45:00 +0100')", '2022-06-22T17:45:00+01:00'],
    ["time_parse('1', '0')", '1970-01-01T00:00:00Z'],
    ["time_to_cron('2024-06-01T12:34:00Z')", '34 12 1 6 6'],
    ["time_truncate('2024-06-01T12:34:56Z', '1h')", '2024-06-01T12:00:00Z'],
  ])('%s', (expression, expected) => expect(search(expression)).toEqual(expected));

  test.each<[string, string]>([
    ['missing', 'JMESPath query failed: Unknown key "missing" in path'],
    ['a.b.x', 'Unknown key "x" in path'],
    ['missing.x', 'Unknown key "missing" in path'],
    ['a.[', 'incorrect query'],
    ['nope(a)', 'unknown function: nope'],
    ['length(`1`)', "JMESPath function 'length'"],
    ["semver_compare('latest', '<2.0.0')", '"latest" is no version'],
    ["base64_decode('%')", 'illegal base64 data'],
    ["time_diff('yesterday', '2024-06-01T00:00:00Z')", 'cannot parse'],
    ["regex_match('(', 'a')", 'missing closing'],
    ['divide(`1`, `0`)', 'Zero divisor'],
    ["add('1Gi', '1Gi')", 'quantities are not supported'],
    ["random('[a-z]')", 'unknown function'],
    ['a.b.c - `1`', 'is no part of the language'],
    ['let $x = a in $x', ''],
  ])('%s cannot be evaluated', (expression, message) => expect(() => search(expression)).toThrow(message));
});

describe('variables', () => {
  const context = () => new Context(DATA, functions);
  test.each<[unknown, unknown]>([
    ['plain', 'plain'],
    ['{{ a.b.c }}', 1],
    ['{{ names }}', ['b', 'a', 'c']],
    ['n={{ a.b.c }}', 'n=1'],
    ['{{ a.b.c }}-{{ names[0] }}', '1-b'],
    ["{{ regex_match('^b', '{{ names[0] }}') }}", true],
    ['\\{{ a.b.c }}', '{{ a.b.c }}'],
    ['{"x": {{ a }}}', '{"x": {"b":{"c":1}}}'],
    [{ '{{ names[0] }}': ['{{ text }}'] }, { b: ['Hello World'] }],
  ])('%j', async (document, expected) => expect(await substitute(document, context())).toEqual(expected));

  test('are not looked for in what `{{-` writes', async () => {
    const within = new Context({ x: '{{ y }}', y: 'no' }, functions);
    expect(await substitute('a {{- x }}', within)).toBe('a {{ y }}');
    expect(await substitute('a {{ x }}', within)).toBe('a no');
  });

  test('parts of the context are loaded when they are asked for, once, and may ask for others, not for themselves', async () => {
    const asked: string[] = [];
    const loaders = new Map([
      ['one', async () => asked.push('one') && { v: 1 }],
      ['two', async (within: Context) => asked.push('two') && within.query('one.v')],
      ['self', async (within: Context) => within.query('self')],
      [
        'broken',
        async () => {
          throw new TypeError('never asked');
        },
      ],
    ]);
    const within = new Context({}, functions, loaders);
    expect(await within.query('two')).toBe(1);
    expect(await within.query('one.v')).toBe(1);
    expect(asked).toEqual(['two', 'one', 'one']);
    await expect(within.query('self')).rejects.toThrow('Unknown key "self"');
  });
});

describe('operators', () => {
  test.each<[unknown, string, unknown, boolean]>([
    ['a', 'Equals', 'a', true],
    ['abc', 'Equals', 'a*', true],
    ['a', 'equals', 'b', false],
    [1, 'Equals', 1, true],
    [1, 'Equals', '1', true],
    [1.5, 'Equals', 1, false],
    [true, 'Equals', true, true],
    [true, 'Equals', 'true', false],
    ['1h', 'Equals', '60m', true],
    ['1h', 'Equals', 3600, true],
    ['1Gi', 'Equals', '1024Mi', true],
    [['a'], 'Equals', ['a'], true],
    [{ a: 1 }, 'Equals', { a: 1 }, true],
    [null, 'Equals', null, false],
    ['a', 'NotEquals', 'b', true],
    [1, 'NotEquals', 'x', true],
    [null, 'NotEquals', 'a', false],
    ['1', 'NotEquals', '', true],
    ['a', 'In', ['a', 'b'], true],
    ['a', 'In', '["a"]', true],
    [['a'], 'In', ['a', 'b'], true],
    [['a', 'c'], 'In', ['a', 'b'], false],
    ['c', 'NotIn', ['a'], true],
    [['a', 'c'], 'NotIn', ['a'], true],
    ['a', 'AnyIn', ['a*'], true],
    [['x', 'a'], 'AnyIn', ['a', 'b'], true],
    [['x', 'a'], 'AllIn', ['a', 'b'], false],
    [['a', 'b'], 'AllIn', ['a', 'b', 'c'], true],
    [['x', 'a'], 'AnyNotIn', ['a', 'b'], true],
    [['a'], 'AnyNotIn', ['a', 'b'], false],
    [['x', 'y'], 'AllNotIn', ['a', 'b'], true],
    [['x', 'a'], 'AllNotIn', ['a', 'b'], false],
    [5, 'AnyIn', '1-10', true],
    [11, 'AnyIn', '1-10', false],
    ['512Mi', 'AnyIn', '1Mi-1Gi', true],
    [[5, 50], 'AnyIn', '1-10', true],
    [[5, 50], 'AllIn', '1-10', false],
    [[5, 50], 'AnyNotIn', '1-10', true],
    [[50], 'AllNotIn', '1-10', true],
    ['a', 'AnyIn', 5, false],
    [1000000, 'AnyIn', ['1e+06'], true],
    [5, 'GreaterThan', 4, true],
    ['5', 'GreaterThan', '4', true],
    ['10', 'GreaterThan', 9, true],
    ['2h', 'GreaterThan', '90m', true],
    ['2h', 'LessThanOrEquals', 7200, true],
    ['1Gi', 'LessThan', '2Gi', true],
    ['1.10.0', 'GreaterThan', '1.9.0', true],
    ['1.0.0-rc.1', 'LessThan', '1.0.0', true],
    ['x', 'GreaterThan', 1, false],
    ['1h', 'DurationGreaterThan', '30m', true],
    [3600, 'DurationLessThanOrEquals', '1h', true],
    ['x', 'DurationLessThan', '1h', false],
  ])('%j %s %j: %s', (key, operator, value, expected) => expect(compare(operator, key, value)).toBe(expected));

  test('that nobody knows are errors', () => expect(() => compare('Matches', 'a', 'a')).toThrow('failed to create handler'));
});

describe('conditions', () => {
  const holds = async (conditions: object) =>
    (await evaluateBlocks(parseConditions(JSON.parse(JSON.stringify(conditions))), new Context(DATA, functions))).holds;
  const yes = { key: 'a', operator: 'Equals', value: 'a' };
  const no = { key: 'a', operator: 'Equals', value: 'b' };
  test.each<[object, boolean]>([
    [{}, true],
    [{ any: [] }, false],
    [{ any: [no, yes] }, true],
    [{ any: [no] }, false],
    [{ all: [yes, no] }, false],
    [{ any: [yes], all: [no] }, false],
    [[{ any: [yes] }, { all: [no] }], false],
    [[{ any: [yes] }, { all: [yes] }], true],
    [[yes, yes], true],
    [[yes, no], false],
    [[], true],
  ])('%j: %s', async (conditions, expected) => expect(await holds(conditions)).toBe(expected));

  test('say why not, and of which', async () => {
    const blocks = parseConditions([
      {
        any: [
          { ...no, message: 'first' },
          { ...no, message: 'second' },
        ],
      },
    ]);
    expect(await evaluateBlocks(blocks, new Context({}, functions))).toEqual({ holds: false, message: 'first; second' });
  });

  test.each<[unknown]>([['text'], [{ some: [] }], [{ all: {} }], [[{ key: 'a', operator: 1 }]], [[{ keys: 'a' }]]])('%j cannot be read', (conditions) =>
    expect(() => parseConditions(JSON.parse(JSON.stringify(conditions)))).toThrow(/failed to parse conditions/),
  );

  test('over a predicate, which joins the root and brings no variables along', async () => {
    const [block] = parseConditions([{ all: [{ key: '{{ name }}', operator: 'Equals', value: '{{ wanted }}' }] }]);
    if (block === undefined) throw new TypeError('no block');
    const condition = overPredicate(block, new Context({ wanted: 'x', secret: 's' }, functions));
    expect(await condition.evaluate({ name: 'x' })).toBeUndefined();
    expect(await condition.evaluate({ name: 'y' })).toBe('');
    expect(await condition.evaluate({ name: '{{ secret }}', wanted: 's' })).toBe('');
  });
});

describe('what would run for ever', () => {
  test.each<[string, string]>([
    ['nested brackets', `${'['.repeat(50_000)}a${']'.repeat(50_000)}`],
    ['a long expression', `a${' || a'.repeat(20_000)}`],
    ['a nested call', `${'to_string('.repeat(5_000)}a${')'.repeat(5_000)}`],
  ])('%s is refused', (_, expression) => expect(() => search(expression)).toThrow(/incorrect query|longer than|nested too deep|JMESPath/));

  test('projections of projections are counted', () => {
    const wide = Array.from({ length: 300 }, (_, i) => i);
    expect(() =>
      search('@.a[*].[@, @, @][].[@, @, @][].[@, @, @][].[@, @, @][].[@, @, @][].[@, @, @][].[@, @, @][].[@, @, @][].length(to_string(@))', { a: wide }),
    ).toThrow('steps');
  });

  test('texts that double', () => {
    expect(() => search(`@${" | join('', [@, @])".repeat(25)}`, 'a'.repeat(100))).toThrow('larger than');
    expect(() => search("replace_all(@, 'a', @)", 'a'.repeat(10_000))).toThrow('larger than');
  });

  test('variables that lead to themselves', async () => {
    const within = new Context({ x: 'a{{ x }}', y: '{{ y }}{{ y }}' }, functions);
    await expect(substitute('b{{ x }}', within)).rejects.toThrow('without end');
    await expect(substitute('b{{ y }}', within)).rejects.toThrow(/without end|grows beyond/);
  });

  test('patterns of stars, and long lists', () => {
    expect(compare('Equals', 'a'.repeat(20_000), `${'*a'.repeat(2_000)}b`)).toBe(false);
    const many = Array.from({ length: 2_000 }, (_, i) => `item-${i}`);
    expect(compare('AllIn', many, many)).toBe(true);
    expect(() => search("regex_match('(a*)*b', @)", 'a'.repeat(50_000))).not.toThrow();
    expect(() => search(`regex_match('${'(a?)'.repeat(900)}', @)`, 'a'.repeat(100_000))).toThrow('too long');
  });

  test('names of prototypes are names like any other', () => {
    expect(() => search('__proto__.x', {})).toThrow('Unknown key');
    expect(() => search('constructor')).toThrow('Unknown key');
    expect(() => search('toString(@)')).toThrow('unknown function');
  });
});
