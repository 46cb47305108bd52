import { expect, test } from 'vitest';
import {
  asWarnings,
  disallowedField,
  type FieldErrors,
  fieldErrorText,
  fieldWarningLines,
  fieldWarnings,
  genericError,
  invalidValue,
  joinPath,
  missingField,
  missingOneOf,
  multipleOneOf,
  viaField,
  viaIndex,
} from './field-errors.ts';

const TEXTS: readonly [name: string, errors: FieldErrors, text: string][] = [
  ['nothing is no text', [], ''],
  ['what is missing', missingField('a', 'b'), 'missing field(s): a, b'],
  ['what must not be there', disallowedField('a'), 'must not set the field(s): a'],
  ['none of several', missingOneOf('b', 'a'), 'expected exactly one, got neither: a, b'],
  ['more than one of several', multipleOneOf('b', 'a'), 'expected exactly one, got both: a, b'],
  ['a text as it is', genericError('no matching policies', 'spec.containers[0].image'), 'no matching policies: spec.containers[0].image'],
  ['details on a line of their own', invalidValue('x', 'a', 'why'), 'invalid value: x: a\nwhy'],
  ['paths grow from within', viaField('spec', viaIndex('images', 1, missingField('glob'))), 'missing field(s): spec.images[1].glob'],
  ['an error of the place itself', viaField('glob', invalidValue('[', '')), 'invalid value: [: glob'],
  ['one message in two places is one group', [...missingField('b'), ...missingField('a'), ...missingField('b')], 'missing field(s): a, b'],
  ['other details are another group', [...invalidValue('x', 'a', '2'), ...invalidValue('x', 'b', '1')], 'invalid value: x: b\n1\ninvalid value: x: a\n2'],
  ['groups are sorted by message', [...missingField('a'), ...invalidValue('x', 'a')], 'invalid value: x: a\nmissing field(s): a'],
  ['paths are sorted by bytes', missingField('[10]', '[9]', 'B', 'a', 'ö'), 'missing field(s): B, [10], [9], a, ö'],
  ['warnings are told apart', [...missingField('a'), ...asWarnings(missingField('b'))], 'missing field(s): a'],
  ['line breaks stay, other control characters are escaped', invalidValue('a\nb\u001b[2J\u202e', 'x'), 'invalid value: a\nb\\u001b[2J\\u202e: x'],
];

test.for(TEXTS)('%s', ([, errors, text]) => expect(fieldErrorText(errors)).toBe(text));

test('warnings are grouped, and split into lines for responses', () => {
  const warnings = asWarnings([...invalidValue('vuln', 'b', 'deprecated'), ...invalidValue('vuln', 'a', 'deprecated')]);
  expect(fieldWarnings(warnings)).toEqual(['invalid value: vuln: a, b\ndeprecated']);
  expect(fieldWarningLines(warnings)).toEqual(['invalid value: vuln: a, b', 'deprecated']);
});

test('an index joins what is before it', () => {
  expect(joinPath('foo', '[1]', '[0]', 'bar')).toBe('foo[1][0].bar');
  expect(joinPath('[0]', 'foo.bar')).toBe('[0].foo.bar');
});
