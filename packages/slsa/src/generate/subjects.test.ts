import { isTrustError, utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { decodeSubjects, type ProvenanceSubject, parseSubjects, requireSubjects } from './subjects.ts';

const A = '2e0390eb024a52963db7b95e84a9c2b12c004054a7bad9a97ec0c7c89d4681d2';
const B = 'e712aff3705ac314b9a890e0ec208faa20054eee514d86ab913d768f94e01279';
const subject = (name: string, sha256 = A): ProvenanceSubject => ({ name, digest: { sha256 } });

/** Every list is read as it is, and as base64. */
const LISTS: readonly [string, string, readonly ProvenanceSubject[]][] = [
  ['a line of sha256sum is a subject', `${A}  hoge\n`, [subject('hoge')]],
  ['one blank is enough', `${A} hoge\n`, [subject('hoge')]],
  ['a tab is as good as a blank', `${A}\thoge\n`, [subject('hoge')]],
  ['the last line needs no end', `${A}  hoge`, [subject('hoge')]],
  ['a name may hold blanks', `${A}  hoge fuga\n`, [subject('hoge fuga')]],
  ['blanks around are none of the name', `\t  ${A} \t hoge fuga  \t  \n`, [subject('hoge fuga')]],
  ['sha256sum -b keeps its asterisk', `${A} *hoge\n`, [subject('*hoge')]],
  ['a path is a name', `${A}  dist/app.tar.gz\n`, [subject('dist/app.tar.gz')]],
  ['the order of lines is kept', `${B}  z\n${A}  a\n`, [subject('z', B), subject('a')]],
  ['two names may have one digest', `${A}  a\n${A}  b\n`, [subject('a'), subject('b')]],
  ['empty lines are skipped', `\n${A}  a\n \n\n${B}  b\n`, [subject('a'), subject('b', B)]],
  ['lines may end as on Windows', `${A}  a\r\n${B}  b\r\n`, [subject('a'), subject('b', B)]],
  ['capitals in a digest are written small', `${A.toUpperCase()}  a\n`, [subject('a')]],
  ['nothing is nothing', '', []],
];

const REFUSED: readonly [string, string, string][] = [
  ['a digest without a name', `${A}\n`, `subject name: expected subject name for hash "${A}"`],
  ['a digest with blanks behind it', `${A}  \n`, `subject name: expected subject name for hash "${A}"`],
  ['a shorter digest', 'abcdef hoge\n', 'sha: unexpected sha256 hash format for "abcdef"'],
  ['a longer digest', `${A}0  hoge\n`, `sha: unexpected sha256 hash format for "${A}0"`],
  ['a digest of another algorithm', `${A}${A}  hoge\n`, `sha: unexpected sha256 hash format for "${A}${A}"`],
  ['letters that are no hex digits', `${'g'.repeat(64)}  hoge\n`, `sha: unexpected sha256 hash format for "${'g'.repeat(64)}"`],
  ['the escaped form of sha256sum', `\\${A}  a\\nb\n`, `sha: unexpected sha256 hash format for "\\\\${A}"`],
  ['a byte order mark', `\uFEFF${A}  hoge\n`, `sha: unexpected sha256 hash format for "\\\\ufeff${A}"`],
  ['a name twice', `${A}  hoge\n${A}  hoge\n`, 'duplicate subject: "hoge"'],
  ['a name twice with two digests', `${A}  hoge\n${B}  hoge\n`, 'duplicate subject: "hoge"'],
  ['a line without end', `${A}  ${'x'.repeat(70_000)}`, 'subjects: reading digest: bufio.Scanner: token too long'],
];

const NOT_BASE64: readonly [string, string, string][] = [
  ['a text', 'this is not base64', '4'],
  ['lines that nobody encoded', `${A}  hoge\n`, '64'],
  ['base64 cut short', 'MmUwMz', '4'],
  ['base64 of URLs', 'Pz8_', '3'],
];

const refusal = (parse: () => unknown): string => {
  try {
    parse();
  } catch (error) {
    if (isTrustError(error) && error.code === 'PROVENANCE_SUBJECTS') return error.message;
    throw error;
  }
  return 'accepted';
};
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('a list of subjects', () => {
  test.each(LISTS)('%s', (_, list, expected) => {
    expect(parseSubjects(utf8(list))).toEqual(expected);
    expect(decodeSubjects(base64(list))).toEqual(expected);
  });

  test.each(REFUSED)('refuses %s', (_, list, text) => {
    expect(refusal(() => parseSubjects(utf8(list)))).toBe(text);
    expect(refusal(() => decodeSubjects(base64(list)))).toBe(text);
  });

  test.each(NOT_BASE64)('refuses %s in place of base64', (_, text, at) => {
    expect(refusal(() => decodeSubjects(text))).toBe(`base64: error decoding subjects (is it base64 encoded?): illegal base64 data at input byte ${at}`);
  });

  test('takes time and memory as its length, and no more', () => {
    // Held against each other, as many names would outlast any patience.
    const list = Array.from({ length: 200_000 }, (_, i) => `${A}  file-${i}\n`).join('');
    expect(decodeSubjects(base64(list))).toHaveLength(200_000);
  });

  test('may come in lines of base64', () => {
    const lines = base64(`${A}  hoge\n${B}  fuga\n`).replace(/.{76}/g, '$&\n');
    expect(decodeSubjects(`${lines}\n`)).toEqual([subject('hoge'), subject('fuga', B)]);
  });

  test('refuses bytes that are no text', () => {
    expect(refusal(() => parseSubjects(Uint8Array.of(0xff, 0xfe)))).toBe('subjects: reading digest: not UTF-8 text');
  });

  test('must hold at least one where something is to be signed', () => {
    expect(refusal(() => requireSubjects([]))).toBe('expected at least one subject');
    expect(refusal(() => requireSubjects([subject('a'), subject('a', B)]))).toBe('duplicate subject: "a"');
  });

  test('never brings raw control characters into a message', () => {
    expect(refusal(() => decodeSubjects(base64('\u001b[31m  x\n')))).not.toContain('\u001b');
  });
});
