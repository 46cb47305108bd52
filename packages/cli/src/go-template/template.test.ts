import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TemplateError } from './error.ts';
import { marshal } from './marshal.ts';
import { sprintf } from './printf.ts';
import { Template } from './template.ts';
import { GoStruct, NilPointer, type Value } from './value.ts';

interface Vectors {
  readonly json: Value;
  readonly vectors: readonly { readonly template: string; readonly data: 'json' | 'struct'; readonly output: string; readonly error?: string }[];
}

/** Answers of Go's own package: vectors.go writes them. */
const { json, vectors } = JSON.parse(readFileSync(new URL('./vectors.json', import.meta.url), 'utf8')) as Vectors;
const functions = { json: { params: ['any'], call: ([value]) => marshal(value, '  ') } } as const satisfies NonNullable<
  ConstructorParameters<typeof Template>[1]
>['functions'];

/** What Go answers otherwise, and why we do not follow. */
const DIFFERS = new Map([
  ['{{len .missing}}', 'Go tells of a panic within itself'],
  ['{{len nil}}', 'Go tells of a panic within itself'],
  ['{{html .name}}x', 'escaping for web pages is not known here'],
  ['{{9223372036854775808}}', 'refused when it is read, not when it is reached'],
  ['{{-.name}}', 'Go shows more of the text'],
  ['{{template "x"}}x', 'named templates are not known here'],
]);

function answer(template: string, data: Value): { output: string; error?: string } {
  try {
    return { output: new Template(template, { functions }).render(data) };
  } catch (error) {
    if (error instanceof TemplateError) return { output: '', error: error.message };
    throw error;
  }
}

describe('answers as text/template does', () => {
  const comparable = vectors.map(({ output, error, ...given }) => ({ ...given, expected: error === undefined ? { output } : { output: '', error } }));

  test.each(comparable.filter(({ template }) => !DIFFERS.has(template)))('$data $template', ({ template, data, expected }) => {
    expect(answer(template, data === 'json' ? json : struct())).toEqual(expected);
  });

  // The list must not rot: what no longer differs is no longer a difference.
  test.each(comparable.filter(({ template }) => DIFFERS.has(template)))('otherwise: $template', ({ template, expected }) => {
    expect(answer(template, json)).not.toEqual(expected);
  });
});

describe('whatever the template', () => {
  const word = fc.constantFrom(
    '{{',
    '}}',
    '{{- ',
    ' -}}',
    '.',
    '.name',
    '$x',
    '$',
    ' := ',
    ' = ',
    '|',
    '(',
    ')',
    ' ',
    '"s"',
    '`r`',
    "'c'",
    '1',
    '-1.5e3',
    'if',
    'else',
    'end',
    'range',
  );
  const more = fc.constantFrom(
    'with',
    'len',
    'index',
    'printf',
    'eq',
    'json',
    'nil',
    'true',
    ',',
    '/*',
    '*/',
    'break',
    'x',
    '\n',
    '@',
    '.list',
    '.map.a',
    '.objects',
    '%d',
    'and',
    'or',
  );
  const template = fc.array(fc.oneof(word, more), { maxLength: 25 }).map((parts) => parts.join(''));

  test('it is answered or refused, and nothing else is thrown', () => {
    fc.assert(
      fc.property(template, (text) => {
        const { error } = answer(text, json);
        if (error !== undefined) expect(error).toMatch(/^template: :\d+:/);
      }),
      { numRuns: 1000 },
    );
  });

  test('text without an action is itself', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('{{')),
        (text) => {
          expect(answer(text, null)).toEqual({ output: text });
        },
      ),
    );
  });

  test('JSON that is printed means the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(answer('{{json .}}', value as Value).output)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('a string constant is what it says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(answer(`{{${JSON.stringify(text)}}}`, null).output).toBe(text);
      }),
    );
  });

  test('printf prints something for every format and every value', () => {
    const value = fc.oneof(
      fc.string(),
      fc.double(),
      fc.bigInt(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.string(), { maxLength: 2 }),
      fc.dictionary(fc.string(), fc.integer(), { maxKeys: 2 }),
    );
    const directive = fc.tuple(
      fc.constantFrom('', '-', '0', '+', '#', ' ', '+0'),
      fc.constantFrom('', '5', '*', '999'),
      fc.constantFrom('', '.', '.0', '.3', '.999', '.*'),
      fc.constantFrom(...'vsdqxXobceEfgGtTU%z'),
    );
    const format = fc
      .array(
        fc.oneof(
          directive.map((parts) => `%${parts.join('')}`),
          fc.string(),
        ),
        { maxLength: 4 },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(format, fc.array(value, { maxLength: 4 }), (text, values) => {
        expect(typeof sprintf(text, values as Value[])).toBe('string');
      }),
      { numRuns: 1000 },
    );
  });
});

describe('bounds', () => {
  test('of output', () => {
    const template = new Template('{{range .}}{{range $}}{{range $}}xxxxxxxxxx{{end}}{{end}}{{end}}', { maxOutput: 1000 });
    expect(() => template.render(Array.from({ length: 100 }, () => 'x'))).toThrow('more than 1000 characters of output, the cap');
  });

  test.each([
    ['parentheses', `{{${'('.repeat(5000)}1${')'.repeat(5000)}}}`, 'max expression depth exceeded'],
    ['conditions', `${'{{if true}}'.repeat(5000)}${'{{end}}'.repeat(5000)}`, 'max nesting depth exceeded'],
    ['else if', `{{if true}}${'{{else if true}}'.repeat(5000)}{{end}}`, 'max nesting depth exceeded'],
  ])('of nested %s', (_, template, message) => {
    expect(() => new Template(template)).toThrow(message);
  });
});

test('members that every object has are none of the data', () => {
  expect(answer('{{.constructor}} {{.__proto__}} {{.toString}}', {})).toEqual({ output: '<no value> <no value> <no value>' });
  expect(answer('{{constructor}}', {}).error).toBe('template: :1: function "constructor" not defined');
});

/** The struct that vectors.go has. */
function struct(): GoStruct {
  const of = (type: string, ...fields: [name: string, json: string, value: Value][]) =>
    new GoStruct(
      type,
      fields.map(([name, member, value]) => ({
        name,
        json: member.replace('?', ''),
        omitEmpty: member.endsWith('?'),
        value,
        keptAsInterface: name === 'Manifest',
      })),
    );
  const platform = (architecture: string, os: string, variant: string) =>
    of('main.Platform', ['Architecture', 'architecture', architecture], ['OS', 'os', os], ['Variant', 'variant?', variant]);
  const descriptor = (digest: string, size: bigint, annotations: Value, on: Value) =>
    of(
      'main.Descriptor',
      ['MediaType', 'mediaType?', 'm'],
      ['Digest', 'digest', digest],
      ['Size', 'size', size],
      ['Annotations', 'annotations?', annotations],
      ['Platform', 'platform?', on],
    );
  const nowhere = new NilPointer('main.Platform', ['Architecture', 'OS', 'Variant']);
  const bare = descriptor('sha256:bb', 3n, { b: '2', a: '<1>' }, nowhere);
  const config = of('main.Config', ['Env', 'Env?', ['A=1', 'B=2']], ['Labels', 'Labels', {}]);
  const input = of(
    'main.Input',
    ['Name', 'name?', 'app:1'],
    ['Manifests', 'manifests', [descriptor('sha256:aa', 12n, {}, platform('amd64', 'linux', '')), bare]],
    ['Manifest', 'manifest?', bare],
    ['Image', 'image?', of('main.Image', ['Platform', '', platform('arm64', 'linux', 'v8')], ['Config', 'config?', config])],
  );
  return new GoStruct(input.type, input.fields, { SBOM: () => ({ SPDX: { name: 'sbom' } }) });
}
