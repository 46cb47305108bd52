/** Core's parsers refuse every hostile encoding with their own error, and read the valid ones. */
import { Der, DerError, decodeBase64, decodeUtf8, encodingProblem, JsonError, parseCheckpoint, parseJson, parsePem, parseSpki, TAG } from '@assay/core';
import { generateKey } from '@assay/make';
import { describe, expect, test } from 'vitest';
import { type HostileCase, hostileBase64, hostileDer, hostileEcdsaSignatures, hostileJson, hostileNotes, hostilePem } from './hostile.ts';

/** True when the bytes are read; false when refused with `refusal`; anything else is thrown on. */
function reads(read: () => unknown, refusal: new (...args: never[]) => Error): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof refusal) return false;
    throw error;
  }
}

/** Reads a value to the innermost, each primitive as its type. */
function walk(value: Der): void {
  switch (value.tag) {
    case TAG.sequence:
    case TAG.set:
      for (const child of value.children()) walk(child);
      return;
    case TAG.integer:
      value.integerBytes('integer');
      return;
    case TAG.boolean:
      value.boolean('boolean');
      return;
    case TAG.oid:
      value.oid('oid');
      return;
    case TAG.utf8String:
      value.text('text');
      return;
    case TAG.utcTime:
    case TAG.generalizedTime:
      value.time('time');
  }
}

const text = (bytes: Uint8Array): string => decodeUtf8(bytes) ?? '';
const key = parseSpki(generateKey('p256').spki);

const tables: readonly [string, readonly HostileCase[], (bytes: Uint8Array) => boolean][] = [
  ['DER', hostileDer, (bytes) => reads(() => walk(Der.parse(bytes)), DerError)],
  ['ECDSA signature', hostileEcdsaSignatures, (bytes) => encodingProblem(key, bytes) === undefined],
  ['JSON', hostileJson, (bytes) => reads(() => parseJson(bytes), JsonError)],
  ['base64', hostileBase64, (bytes) => decodeBase64(text(bytes)) !== undefined],
  [
    'PEM',
    hostilePem,
    (bytes) => {
      const { blocks, malformed } = parsePem(text(bytes));
      return !malformed && blocks.length === 1 && blocks[0]?.label === 'PUBLIC KEY';
    },
  ],
  ['checkpoint', hostileNotes, (bytes) => 'checkpoint' in parseCheckpoint(text(bytes))],
];

describe.each(tables)('%s', (_, cases, accepts) => {
  test.each(cases)('$name: $valid', ({ bytes, valid }) => {
    expect(accepts(bytes)).toBe(valid);
  });
});
