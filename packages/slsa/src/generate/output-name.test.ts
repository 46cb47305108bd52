import { isTrustError } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { outputNameOf, requireOutputName } from './output-name.ts';

const subjects = (...names: string[]) => names.map((name) => ({ name, digest: { sha256: 'a'.repeat(64) } }));
const NAMES: readonly [string, readonly string[], string][] = [
  ['of one subject its name', ['app.tar.gz'], 'app.tar.gz.intoto.jsonl'],
  ['of a path its last part', ['dist/linux/app'], 'app.intoto.jsonl'],
  ['of a path on Windows its last part', ['dist\\app.exe'], 'app.exe.intoto.jsonl'],
  ['of a folder its name', ['dist/'], 'dist.intoto.jsonl'],
  ['of a path that leads out its last part', ['../../etc/passwd'], 'passwd.intoto.jsonl'],
  ['of a root nothing but the ending', ['/'], 'subject.intoto.jsonl'],
  ['of more subjects no name of one', ['a', 'b'], 'multiple.intoto.jsonl'],
];
const REFUSED: readonly [string, string, RegExp][] = [
  ['another ending', 'app.json', /^invalid suffix: "app.json". Must be .intoto.jsonl$/],
  ['an ending in capitals', 'app.INTOTO.JSONL', /^invalid suffix/],
  ['a line end, which would set another output', 'a\nprovenance-sha256=0\nb.intoto.jsonl', /control character/],
];

describe('the file of provenance', () => {
  test.each(NAMES)('is called %s', (_, names, expected) => expect(outputNameOf(subjects(...names))).toBe(expected));
  test('may be called as somebody likes', () => expect(requireOutputName('release/provenance.intoto.jsonl')).toBe('release/provenance.intoto.jsonl'));
  test.each(REFUSED)('refuses %s', (_, name, message) => {
    expect(() => requireOutputName(name)).toThrow(message);
    expect(() => requireOutputName(name)).toThrow(expect.toSatisfy((error: unknown) => isTrustError(error) && error.code === 'PROVENANCE_OUTPUT'));
  });
  test('refuses a subject whose name cannot be one of a file', () => expect(() => outputNameOf(subjects('a\nb'))).toThrow(/control character/));
});
