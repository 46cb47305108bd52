/** Small damage: what a flipped disk bit, a truncated download or an attacker would do to a document. */
import { concat, utf8 } from '@assay/core';
import type { Random } from './random.ts';

/** Inputs stay small, so that a hang is a hang and not a long input. */
export const MAX_INPUT = 64 * 1024;

export function mutate(input: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes = input;
  for (let rounds = 1 + random.next(4); rounds > 0; rounds--) bytes = random.pick(MUTATIONS)(bytes, others, random);
  return bytes.subarray(0, MAX_INPUT);
}

type Mutation = (bytes: Uint8Array, others: readonly Uint8Array[], random: Random) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [flipBit, setByte, truncate, dropRange, repeatRange, insertToken, insertToken, splice, changeNumber, changeKind];

function flipBit(bytes: Uint8Array, _: readonly Uint8Array[], random: Random): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(random.next(256));
  const at = random.next(bytes.length);
  return bytes.with(at, (bytes[at] as number) ^ (1 << random.next(8))) as Uint8Array;
}

function setByte(bytes: Uint8Array, _: readonly Uint8Array[], random: Random): Uint8Array {
  if (bytes.length === 0) return bytes;
  return bytes.with(random.next(bytes.length), random.pick([0, 1, 0x7f, 0x80, 0xff, 0x22, 0x5c, 0x30, 0x31, 0x0a, random.next(256)])) as Uint8Array;
}

function truncate(bytes: Uint8Array, _: readonly Uint8Array[], random: Random): Uint8Array {
  return bytes.subarray(0, random.next(bytes.length + 1));
}

function dropRange(bytes: Uint8Array, _: readonly Uint8Array[], random: Random): Uint8Array {
  const start = random.next(bytes.length + 1);
  return concat(bytes.subarray(0, start), bytes.subarray(start + random.next(16)));
}

function repeatRange(bytes: Uint8Array, _: readonly Uint8Array[], random: Random): Uint8Array {
  const start = random.next(bytes.length + 1);
  const part = bytes.subarray(start, start + random.next(64));
  return concat(bytes.subarray(0, start), ...Array.from({ length: 1 + random.next(4) }, () => part), bytes.subarray(start));
}

function insertToken(bytes: Uint8Array, _: readonly Uint8Array[], random: Random): Uint8Array {
  const at = random.next(bytes.length + 1);
  return concat(bytes.subarray(0, at), random.pick(TOKENS), bytes.subarray(at));
}

function splice(bytes: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  const other = random.pick(others);
  return concat(bytes.subarray(0, random.next(bytes.length + 1)), other.subarray(random.next(other.length + 1)));
}

/** Adds to or takes from one byte: lengths and counts are what parsers trust most. */
function changeNumber(bytes: Uint8Array, _: readonly Uint8Array[], random: Random): Uint8Array {
  if (bytes.length === 0) return bytes;
  const at = random.next(bytes.length);
  return bytes.with(at, ((bytes[at] as number) + random.next(9) - 4 + 256) % 256) as Uint8Array;
}

/** Another kind of value where a text or a number was: what a reader takes for granted in JSON, YAML and TOML. Names of members are such texts, too. */
function changeKind(bytes: Uint8Array, _: readonly Uint8Array[], random: Random): Uint8Array {
  const values = [...Buffer.from(bytes).toString('latin1').matchAll(VALUE)];
  if (values.length === 0) return bytes;
  const { index, 0: value } = random.pick(values);
  return concat(bytes.subarray(0, index), random.pick(KINDS), bytes.subarray(index + value.length));
}

const VALUE = /"[^"\n]*"|'[^'\n]*'|(?<=[:=] ?)[\w.^~-]+/g;
const KINDS: readonly Uint8Array[] = ['{}', '[]', '[{}]', '[[]]', 'null', 'true', '1', '1.5', '""'].map((kind) => utf8(kind));

const TOKENS: readonly Uint8Array[] = [
  ...[
    '"',
    '\\',
    '\\u0000',
    '\\ud800',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    'null',
    'true',
    '-',
    '0',
    '1e999',
    '9007199254740993',
    '-1',
    '=',
    '==',
    '\n',
    '\r\n',
    '\n\n',
  ],
  ...[
    '— ',
    '"__proto__":{}',
    '"constructor":1,',
    '\u202e',
    '\u001b[2J',
    '\ufeff',
    '-----BEGIN X-----\n',
    '-----END X-----',
    'sha256:',
    'T',
    'Z',
    '.5',
    '+',
    ' ',
  ],
].map((token) => utf8(token));
