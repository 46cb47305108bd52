import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../test/codes.ts';
import { property } from '../test/random.ts';
import { decodeUtf8, utf8 } from './bytes.ts';
import { parseStatement, preAuthenticationEncoding } from './dsse.ts';

describe('the pre-authentication encoding', () => {
  test('is that of the DSSE protocol document', () => {
    expect(decodeUtf8(preAuthenticationEncoding('http://example.com/HelloWorld', utf8('hello world')))).toBe(
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    );
  });

  test('counts bytes, not characters', () => {
    expect(decodeUtf8(preAuthenticationEncoding('é', utf8('🦀')))).toBe('DSSEv1 2 é 4 🦀');
  });

  test('is the same for no two pairs', () => {
    const pair = fc.tuple(
      fc.string({ maxLength: 6, unit: fc.constantFrom('a', ' ', '1', '2') }),
      fc.string({ maxLength: 6, unit: fc.constantFrom('a', ' ', '1', '2') }),
    );
    property(fc.tuple(pair, pair), ([a, b]) => {
      const encode = ([type, payload]: [string, string]) => decodeUtf8(preAuthenticationEncoding(type, utf8(payload)));
      expect(encode(a) === encode(b)).toBe(a[0] === b[0] && a[1] === b[1]);
    });
  });
});

const statement = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'a', digest: { sha256: 'ab' } }],
  predicateType: 'https://example/p',
  predicate: {},
  ...changes,
});
const encode = (value: unknown): Uint8Array => utf8(JSON.stringify(value));

describe('a statement', () => {
  test('is read with its subjects, digests and annotations', () => {
    const parsed = parseStatement(encode(statement({ subject: [{ digest: { sha256: 'ab', gitCommit: 'cd' }, annotations: { x: 1 } }] })));
    expect(parsed.subjects).toHaveLength(1);
    expect([...(parsed.subjects[0]?.digest ?? [])]).toEqual([
      ['sha256', 'ab'],
      ['gitCommit', 'cd'],
    ]);
    expect([parsed.subjects[0]?.name, parsed.subjects[0]?.annotations?.['x'], parsed.predicateType]).toEqual(['', 1, 'https://example/p']);
  });

  test.each(['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'])('of type %s is accepted', (_type) => {
    expect(codeOf(() => parseStatement(encode(statement({ _type }))))).toBe('accepted');
  });

  test.each<[string, unknown]>([
    ['not JSON', undefined],
    ['an array', []],
    ['of another type', statement({ _type: 'https://in-toto.io/Statement/v2' })],
    ['without a type', statement({ _type: undefined })],
    ['of type "constructor"', statement({ _type: 'constructor' })],
    ['without predicate type', statement({ predicateType: undefined })],
    ['with an empty predicate type', statement({ predicateType: '' })],
    ['with a subject that is an object', statement({ subject: {} })],
    ['with a subject that is null', statement({ subject: [null] })],
    ['with a subject without digest', statement({ subject: [{ name: 'a' }] })],
    ['with a digest that is text', statement({ subject: [{ digest: 'ab' }] })],
    ['with a digest value that is a number', statement({ subject: [{ digest: { sha256: 1 } }] })],
  ])('that is %s is refused', (_, value) => {
    expect(codeOf(() => parseStatement(encode(value ?? '{')))).toBe('STATEMENT_PARSE');
  });

  test('with duplicate members is refused, wherever they stand', () => {
    const text = JSON.stringify(statement());
    for (const duplicate of [
      text.replace('{', '{"predicateType":"x",'),
      text.replace('"sha256":"ab"', '"sha256":"cd","sha256":"ab"'),
      text.replace('"predicate":{}', '"predicate":{"a":1,"\\u0061":2}'),
    ])
      expect(codeOf(() => parseStatement(utf8(duplicate)))).toBe('STATEMENT_PARSE');
  });

  test('may have as many subjects and digests as the caps allow', () => {
    const digests = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`d${i}`, 'ab']));
    const subjects = (n: number) => Array.from({ length: n }, () => ({ digest: {} }));
    const codes = [subjects(1024), subjects(1025), [{ digest: digests(32) }], [{ digest: digests(33) }]].map((subject) =>
      codeOf(() => parseStatement(encode(statement({ subject })))),
    );
    expect(codes).toEqual(['accepted', 'BUNDLE_LIMIT', 'accepted', 'BUNDLE_LIMIT']);
  });

  test('with a digest algorithm named __proto__ has exactly that algorithm', () => {
    const parsed = parseStatement(utf8(JSON.stringify(statement()).replace('"sha256"', '"__proto__"')));
    expect([...(parsed.subjects[0]?.digest.keys() ?? [])]).toEqual(['__proto__']);
  });
});
