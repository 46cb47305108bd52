import { describe, expect, test } from 'vitest';
import { builderKind, parseBuilderId } from './builder-id.ts';
import { referenceText, refuse } from './reference-error.ts';

const textOf = (result: object): string | undefined => {
  if (!('refusal' in result)) return undefined;
  return referenceText(refuse('builder', result.refusal as Parameters<typeof refuse>[1]));
};

describe('a builder id', () => {
  test.each([
    ['https://github.com/o/r/.github/workflows/x.yml', { name: 'https://github.com/o/r/.github/workflows/x.yml', version: undefined }],
    ['https://github.com/o/r/.github/workflows/x.yml@v1.2.3', { name: 'https://github.com/o/r/.github/workflows/x.yml', version: 'v1.2.3' }],
    ['name@refs/tags/v1', { name: 'name', version: 'refs/tags/v1' }],
    ['@v1', { name: '', version: 'v1' }],
    ['', { name: '', version: undefined }],
  ])('%j is a name and perhaps a version', (id, parsed) => expect(parseBuilderId(id)).toEqual(parsed));

  test.each(['name@', 'name@v1@v2', 'name@@', '@', 'a@b@'])('%j is refused', (id) => {
    expect(textOf(parseBuilderId(id))).toBe(`invalid format: builderID: '${id}'`);
  });
});

describe('who judges', () => {
  test.each([
    [undefined, 'GHA'],
    ['', 'GHA'],
    ['https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@v2.1.0', 'GHA'],
    ['https://github.com/actions/runner/github-hosted', 'GHA'],
    ['https://github.com/', 'GHA'],
    ['https://cloudbuild.googleapis.com/GoogleHostedWorker', 'GCB'],
    ['https://cloudbuild.googleapis.com/GoogleHostedWorker@v0.3', 'GCB'],
  ])('%j: %s', (id, kind) => expect(builderKind(id)).toEqual({ kind }));

  test.each([
    'https://cloudbuild.googleapis.com/GoogleHostedWorkera',
    'https://cloudbuild.googleapis.com/googlehostedworker@v0.3',
    'http://github.com/o/r',
    'github.com/o/r',
    'https://github.com.evil.example/o/r',
    'https://gitlab.com/o/r',
    ' ',
  ])('nobody judges %j', (id) => expect(textOf(builderKind(id))).toBe(`no verifier support the builder: ${id}`));

  test('an id that is none is refused before anybody is asked', () => {
    expect(textOf(builderKind('https://github.com/o/r@v1@v2'))).toBe("invalid format: builderID: 'https://github.com/o/r@v1@v2'");
  });

  test('a control character does not reach the terminal', () => {
    expect(textOf(builderKind('\u001b[2Jx'))).toBe('no verifier support the builder: \\u001b[2Jx');
  });
});
