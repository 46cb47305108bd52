import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { property } from '../test/random.ts';
import { encodePem, parsePem } from './pem.ts';

const block = (label = 'PUBLIC KEY', body = 'AAAA'): string => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

test('what is written is read back, whatever stands around it', () => {
  property(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.constantFrom('', 'text\n', '\r\n')), ([der, around]) => {
    const text = encodePem('CERTIFICATE', der);
    expect(text.split('\n').every((line) => line.length <= 64)).toBe(true);
    expect(parsePem(around + text + around + text)).toEqual({
      malformed: false,
      blocks: [
        { label: 'CERTIFICATE', der },
        { label: 'CERTIFICATE', der },
      ],
    });
  });
});

test.each([
  ['CR LF', block().replaceAll('\n', '\r\n'), 1],
  ['no line feed at the end', block().trimEnd(), 1],
  ['one long line', block('X', 'A'.repeat(400)), 1],
  ['trailing spaces on lines', block('X', 'AAAA  \nAAAA\t'), 1],
  ['no block', 'nothing here', 0],
  ['an END alone', '-----END X-----', 0],
])('reads a text with %s', (_, text, count) => {
  const { blocks, malformed } = parsePem(text);
  expect([blocks.length, malformed]).toEqual([count, false]);
});

describe('refuses', () => {
  test.each([
    ['a block without end', '-----BEGIN X-----\nAAAA\n'],
    ['an end of another label', '-----BEGIN X-----\nAAAA\n-----END Y-----\n'],
    ['an empty block', block('X', '')],
    ['an empty label', block('')],
    ['a label in lower case', block('public key')],
    ['a label of 65 characters', block('X'.repeat(65))],
    ['headers inside', block('X', 'Proc-Type: 4,ENCRYPTED\n\nAAAA')],
    ['no padding', block('X', 'AA')],
    ['stray bits', block('X', 'AB==')],
    ['URL-safe letters', block('X', '-_-_')],
    ['a block inside a block', block('X', block('Y'))],
    ['a second block without end', `${block()}-----BEGIN X-----\nAAAA`],
  ])('%s', (_, text) => {
    expect(parsePem(text).malformed).toBe(true);
  });
});

test('keeps the blocks before the malformed one, and says so', () => {
  expect(parsePem(`${block()}-----BEGIN X-----`)).toMatchObject({ blocks: [{ label: 'PUBLIC KEY' }], malformed: true });
});
