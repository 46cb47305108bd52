import { Der, toHex } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { bitString, boolean, generalizedTime, integer, namedBits, oid, sequence, setOf, time, utf8String } from './der-write.ts';

describe('writes the bytes of X.690', () => {
  test.each([
    ['integer 0', integer(0), '020100'],
    ['integer 127', integer(127), '02017f'],
    ['integer 128', integer(128), '02020080'],
    ['integer 256', integer(256), '02020100'],
    ['integer of 2^64', integer(2n ** 64n), '0209010000000000000000'],
    ['integer of bytes with leading zeros', integer(Uint8Array.of(0, 0, 0x80)), '02020080'],
    ['integer of no bytes', integer(new Uint8Array(0)), '020100'],
    ['true', boolean(true), '0101ff'],
    ['a bit string', bitString(Uint8Array.of(1, 2)), '0303000102'],
    ['bit 0', namedBits(0), '03020780'],
    ['bits 5 and 6', namedBits(5, 6), '03020106'],
    ['bit 8', namedBits(8), '0303070080'],
    ['no bits', namedBits(), '030100'],
    ['an object identifier', oid('1.2.840.10045.4.3.2'), '06082a8648ce3d040302'],
    ['an object identifier below 2', oid('2.16.840.1.101.3.4.2.1'), '0609608648016503040201'],
    ['a long arc', oid('1.3.6.1.4.1.57264.1.24'), '060a2b0601040183bf300118'],
    ['a set in order', setOf(integer(300), integer(5), boolean(true)), '310a0101ff0201050202012c'],
    ['text', utf8String('é'), '0c02c3a9'],
    ['a time until 2049', time(new Date('2049-12-31T23:59:59.900Z')), `170d${Buffer.from('491231235959Z').toString('hex')}`],
    ['a time from 2050', time(new Date('2050-01-01T00:00:00.900Z')), `180f${Buffer.from('20500101000000Z').toString('hex')}`],
    ['a fraction', generalizedTime(new Date('2026-08-25T00:00:00.120Z')), `1812${Buffer.from('20260825000000.12Z').toString('hex')}`],
    ['no fraction', generalizedTime(new Date('2026-08-25T00:00:00Z')), `180f${Buffer.from('20260825000000Z').toString('hex')}`],
  ])('%s', (_, bytes, hex) => {
    expect(toHex(bytes)).toBe(hex);
  });

  test('object identifiers survive the round trip', () => {
    for (const text of ['0.9', '1.39.1', '2.5.29.15', '2.999.3', '1.3.6.1.4.1.11129.2.4.2', '1.2.9007199254.5'])
      expect(Der.parse(oid(text)).oid('oid')).toBe(text);
  });

  test.each(['', '1', 'a.b', '1.-2', '1..2'])('refuses the object identifier "%s"', (text) => {
    expect(() => oid(text)).toThrow(TypeError);
  });

  test('refuses negative integers', () => {
    expect(() => integer(-1)).toThrow(TypeError);
  });

  test('core reads what is written', () => {
    const [first, second] = Der.parse(sequence(integer(5), utf8String('x'.repeat(300)))).children();
    expect(first?.smallInteger('first')).toBe(5);
    expect(second?.text('second')).toHaveLength(300);
  });
});
