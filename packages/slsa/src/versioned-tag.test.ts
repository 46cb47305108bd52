import { describe, expect, test } from 'vitest';
import { referenceText, refuse } from './reference-error.ts';
import { compareVersionedTag } from './versioned-tag.ts';

function compare(expected: string, tag: string): string | undefined {
  const refusal = compareVersionedTag(tag, expected);
  return refusal && referenceText(refuse('tag', refusal));
}

describe('a demanded version accepts', () => {
  test.each([
    ['v1', 'v1.2.3'],
    ['v1', 'v1'],
    ['v1', 'v1.0.0-rc.1'],
    ['v1.2', 'v1.2.3'],
    ['v1.2', 'v1.2'],
    ['v1.0', 'v1'],
    ['v14.2', 'v14.2'],
    ['v14.2.0', 'v14.2'],
    ['v14.0.0', 'v14'],
    ['v1.2.3', 'v1.2.3'],
    ['v1.2.3', 'v1.2.3+build.7'],
    ['v1.2.3+build', 'v1.2.3'],
    ['v1.2.3+build', 'v1.2.3+other'],
    ['v1.2.3-rc.1', 'v1.2.3-rc.1'],
    ['v1.2.3-rc.1', 'v1.2.3-rc.2'],
    ['v1.2.3-rc.1+b', 'v1.2.3-rc.9'],
    ['v0.0.0', 'v0'],
    ['v1.2', 'v1.2.3-0a'],
    ['v99999999999999999999.1', 'v99999999999999999999.1.0'],
  ])('%s: the tag %s', (expected, tag) => expect(compare(expected, tag)).toBeUndefined());
});

describe('a demanded version refuses', () => {
  test.each([
    ['v1', 'v2.0.0', "major version expected 'v1', got 'v2'"],
    ['v1', 'v10.0.0', "major version expected 'v1', got 'v10'"],
    ['v1.2', 'v1.3.0', "minor version expected '2', got '3'"],
    ['v1.2', 'v1', "minor version expected '2', got '0'"],
    ['v14.2.1', 'v14.2', "patch version expected '1', got '0'"],
    ['v1.2.3', 'v1.2.4', "patch version expected '3', got '4'"],
    ['v1.2.3', 'v1.2.3-rc', "patch version expected '3', got '3-rc'"],
    ['v1.2.3-rc', 'v1.2.3', "patch version expected '3-rc', got '3'"],
    ['v1.2.3-rc.1', 'v1.2.3-beta.1', "patch version expected '3-rc', got '3-beta'"],
    // A dot inside the metadata keeps its first half in the patch: nothing is ever of that version.
    ['v1.2.3+b.1', 'v1.2.3+b.1', "patch version expected '3+b', got '3'"],
  ])('%s: the tag %s', (expected, tag, detail) => {
    expect(compare(expected, tag)).toBe(`tag used to generate the binary does not match provenance: ${detail}`);
  });

  test.each(['', 'v', '1', '1.2.3', 'V1', 'v01', 'v1.02', 'v1.2.03', 'v1.', 'v1.2.', 'v1.2.3.4', 'v1-rc', 'v1.2-rc', 'v1+b', 'v1.2.3-', 'v1.2.3-01'])(
    'anything, being %j',
    (expected) => expect(compare(expected, 'v1.2.3')).toBe(`${expected}: invalid semantic version`),
  );

  test.each(['', 'main', '1.2.3', 'v1.2.x', 'v1.2.3-a..b', 'v1.2.3-a_b', 'v1.2.3+', 'v1.2.3+a..b', 'v1.2.3\n', ' v1.2.3', 'v1.2.3-\u0661'])(
    'a tag that is no version: %j',
    (tag) => expect(compareVersionedTag(tag, 'v1')?.error).toBe('ErrorInvalidSemver'),
  );
});

test('the missing v is named', () => expect(compareVersionedTag('v1.2.3', '1.2')?.hint).toBe('it lacks the leading v'));

test('a hostile tag is read in linear time', () => {
  const tag = `v1.2.3-${'1.'.repeat(200_000)}`;
  expect(compareVersionedTag(tag, 'v1')?.error).toBe('ErrorInvalidSemver');
  expect(compareVersionedTag(`v1.2.3-${'1'.repeat(400_000)}_`, 'v1')?.error).toBe('ErrorInvalidSemver');
});
