import { encodeSct, encodeSctList, precertificateTbs, type Sct } from '@assay/make';
import { createInstance } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { concat, toHex, utf8 } from './bytes.ts';
import { encodeDer, TAG } from './der.ts';
import { parseSctList, tbsWithoutScts } from './sct.ts';
import { Certificate, OID } from './x509.ts';

const instance = createInstance({ staticCt: true });
const made: Sct[] = [];
let precertificate: Uint8Array = new Uint8Array(0);
const sample = instance.sign(utf8('x'), {
  alter: {
    leaf: (fields) => {
      precertificate = precertificateTbs(fields, instance.issuer);
      return fields;
    },
    scts: (scts) => {
      made.push(...scts);
      return scts;
    },
  },
});
const leaf = Certificate.parse(sample.expected.certificate as Uint8Array);
const LIST = leaf.extension(OID.sctList)?.value as Uint8Array;

test('the list is read to the last field, extensions included', () => {
  const parsed = parseSctList(LIST);
  if (typeof parsed === 'string') throw new Error(parsed);
  const [sct] = made as [Sct];
  expect(
    parsed.map(({ logId, timestamp, extensions, algorithm, signature }) => [toHex(logId), Number(timestamp), toHex(extensions), algorithm, toHex(signature)]),
  ).toEqual([[toHex(sct.logId), sct.timestampMs, toHex(sct.extensions ?? new Uint8Array(0)), 'ecdsa', toHex(sct.signature)]]);
  expect(parsed[0]?.extensions.length).toBeGreaterThan(0);
});

test('every truncation of the list is malformed, and so is every byte too many', () => {
  for (let length = 0; length < LIST.length; length++) expect(typeof parseSctList(LIST.subarray(0, length))).toBe('string');
  expect(typeof parseSctList(concat(LIST, Uint8Array.of(0)))).toBe('string');
});

test('every changed byte is malformed or another timestamp', () => {
  const text = (list: Uint8Array) =>
    JSON.stringify(parseSctList(list), (_, value) => (typeof value === 'bigint' ? String(value) : value instanceof Uint8Array ? toHex(value) : value));
  const original = text(LIST);
  for (let at = 0; at < LIST.length; at++)
    for (const mask of [0x01, 0x80, 0xff]) expect(text(LIST.with(at, (LIST[at] as number) ^ mask) as Uint8Array), `${at}`).not.toBe(original);
});

describe('malformed:', () => {
  const sct = made[0] as Sct;
  const octets = (bytes: Uint8Array) => encodeDer(TAG.octetString, bytes);
  const raw = encodeSct(sct);
  const listOf = (...items: Uint8Array[]) => octets(encodeSctListBytes(items));
  function encodeSctListBytes(items: Uint8Array[]): Uint8Array {
    const joined = concat(...items.map((item) => concat(Uint8Array.of(item.length >> 8, item.length & 0xff), item)));
    return concat(Uint8Array.of(joined.length >> 8, joined.length & 0xff), joined);
  }

  test.each<[string, Uint8Array]>([
    ['no octet string', encodeSctListBytes([raw])],
    ['an empty list', listOf()],
    ['an empty item', listOf(new Uint8Array(0))],
    ['a version 2', listOf(concat(Uint8Array.of(1), raw.subarray(1)))],
    ['a byte left over in an item', listOf(concat(raw, Uint8Array.of(0)))],
    ['an item cut', listOf(raw.subarray(0, -1))],
    ['a byte left over in the list', octets(concat(encodeSctListBytes([raw]), Uint8Array.of(0)))],
    ['a second item malformed', listOf(raw, raw.subarray(0, 10))],
    ['the wrong outer length', octets(concat(Uint8Array.of(0xff, 0xff), raw))],
  ])('%s', (_, list) => {
    expect(typeof parseSctList(list)).toBe('string');
  });

  test('two good ones are two', () => {
    expect(parseSctList(listOf(raw, raw))).toHaveLength(2);
    expect(encodeSctList([raw]).length).toBeGreaterThan(raw.length);
  });
});

test('the TBS without timestamps is, byte for byte, the precertificate the log saw', () => {
  expect(toHex(tbsWithoutScts(leaf))).toBe(toHex(precertificate));
});

test('the TBS of a certificate without timestamps is its own', () => {
  const authority = Certificate.parse(instance.issuer.certificate);
  expect(toHex(tbsWithoutScts(authority))).toBe(toHex(authority.tbs.raw));
});
