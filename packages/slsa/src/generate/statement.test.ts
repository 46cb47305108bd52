import { decodeUtf8, parseJson } from '@assay/core';
import { expect, test } from 'vitest';
import { encodePredicate, encodeProvenance } from './statement.ts';

const subject = (name: string) => ({ name, digest: { sha256: 'a'.repeat(64) } });
const read = (statement: Uint8Array) => parseJson(statement) as { [name: string]: never };

test('each version has its own types', () => {
  expect(read(encodeProvenance([subject('a')], { version: 'v0.2', predicate: {} }))).toEqual({
    _type: 'https://in-toto.io/Statement/v0.1',
    subject: [subject('a')],
    predicateType: 'https://slsa.dev/provenance/v0.2',
    predicate: {},
  });
  expect(read(encodeProvenance([], { version: 'v1', predicate: {} }))).toMatchObject({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: 'https://slsa.dev/provenance/v1',
  });
});

test('the same build gives the same bytes', () => {
  const bytes = (predicate: { a: number; b: number }) => decodeUtf8(encodeProvenance([subject('a')], { version: 'v1', predicate }));
  expect(bytes({ a: 1, b: 2 })).toBe(bytes({ b: 2, a: 1 }));
});

test('a number that is too large for a double stays what it is', () => {
  const predicate = parseJson('{"id":12345678901234567890}');
  expect(encodePredicate({ version: 'v0.2', predicate })).toBe('{"id":12345678901234567890}');
});

test('what is in a name stays in it', () => {
  const name = '"},{"name":"other\u2028';
  expect(read(encodeProvenance([subject(name)], { version: 'v1', predicate: {} }))['subject']).toEqual([subject(name)]);
});
