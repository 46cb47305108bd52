import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { property } from '../test/random.ts';
import { concat, fromHex, toHex, utf8 } from './bytes.ts';
import { context, contextConstructed, Der, DerError, encodeDer, oidText, TAG, withDerErrors } from './der.ts';

const hex = (text: string): Uint8Array => fromHex(text.replaceAll(' ', ''));
const parse = (text: string): Der => Der.parse(hex(text));

/** The message of the `DerError`, or 'accepted'; any other exception fails the test. */
function problemOf(read: () => unknown): string {
  try {
    read();
    return 'accepted';
  } catch (error) {
    if (error instanceof DerError) return error.message;
    throw error;
  }
}

describe('lengths', () => {
  test.each([0, 1, 127, 128, 255, 256, 65_535, 65_536, 1 << 20])('of %i bytes round trip', (length) => {
    const value = Der.parse(encodeDer(TAG.octetString, new Uint8Array(length)));
    expect([value.content.length, value.raw.length]).toEqual([length, encodeDer(TAG.octetString, new Uint8Array(length)).length]);
  });

  test.each([
    ['is absent', '30', 'truncated'],
    ['is indefinite', '30 80 00 00', 'indefinite'],
    ['is long for a short value', '04 81 01 00', 'not minimal'],
    ['has a leading zero', `04 82 00 80 ${'00'.repeat(128)}`, 'not minimal'],
    ['has five bytes', '04 85 00 00 00 00 01 00', 'more than four'],
    ['has 127 bytes', `04 ff ${'01'.repeat(127)}`, 'more than four'],
    ['is 2^32 - 1', '04 84 ff ff ff ff', 'truncated'],
    ['ends early', '04 82 01', 'truncated'],
    ['reaches beyond the bytes', '04 02 00', 'truncated'],
    ['leaves a byte over', '04 01 00 00', 'follow the value'],
  ])('is refused that %s', (_, text, problem) => {
    expect(problemOf(() => parse(text))).toContain(problem);
  });
});

describe('structure', () => {
  test('refuses a child that reads beyond its parent', () => {
    expect(problemOf(() => parse('30 08 30 03 02 02 05 30 01 05').children()[0]?.children())).toContain('truncated');
  });

  test('refuses tag numbers of several bytes', () => {
    expect(problemOf(() => parse('3f 21 00'))).toContain('multi-byte');
  });

  test('refuses nesting beyond the cap, without recursion', () => {
    let bytes: Uint8Array = new Uint8Array(0);
    for (let i = 0; i < 40; i++) bytes = encodeDer(TAG.sequence, bytes);
    const descend = (value: Der): unknown => value.children().map(descend);
    expect(problemOf(() => descend(Der.parse(bytes)))).toContain('nested deeper');
  });

  test('refuses children of a primitive value, and a wrong tag', () => {
    expect(problemOf(() => parse('04 00').children())).toContain('holds no values');
    expect(problemOf(() => parse('04 00').expect(TAG.sequence, 'x'))).toContain('expected tag 0x30');
    expect(problemOf(() => parse('31 00').sequence('x'))).toContain('expected tag 0x30');
  });

  test('reads members in order, optional ones by tag, and insists on the end', () => {
    const fields = parse('30 08 02 01 05 81 00 01 01 ff').sequence('x');
    expect(fields.next('number').smallInteger('number')).toBe(5);
    expect(fields.optional(context(0))).toBeUndefined();
    expect(fields.optional(context(1))?.content.length).toBe(0);
    expect(problemOf(() => fields.end())).toContain('1 unexpected');
    expect(fields.next('flag').boolean('flag')).toBe(true);
    expect(problemOf(() => fields.end())).toBe('accepted');
    expect(problemOf(() => fields.next('more'))).toContain('more is missing');
  });

  test('inner wants exactly one value', () => {
    expect(parse('a0 03 02 01 07').inner('x').smallInteger('x')).toBe(7);
    expect(problemOf(() => parse('a0 00').inner('x'))).toContain('found 0');
    expect(problemOf(() => parse('a0 06 02 01 07 02 01 07').inner('x'))).toContain('found 2');
    expect(contextConstructed(0)).toBe(0xa0);
  });

  test('raw and content are views into the original bytes', () => {
    const bytes = hex('30 03 02 01 05');
    const [child] = Der.parse(bytes).children();
    expect(toHex(child?.raw ?? new Uint8Array(0))).toBe('020105');
    expect(child?.raw.buffer).toBe(bytes.buffer);
  });
});

describe('values', () => {
  test.each([
    ['01 01 ff', true],
    ['01 01 00', false],
  ])('BOOLEAN %s', (text, value) => {
    expect(parse(text).boolean('x')).toBe(value);
  });

  test.each(['01 01 01', '01 01 fe', '01 00', '01 02 ff ff', '02 01 ff'])('BOOLEAN %s is refused', (text) => {
    expect(problemOf(() => parse(text).boolean('x'))).not.toBe('accepted');
  });

  test.each([
    ['02 01 00', 0],
    ['02 01 7f', 127],
    ['02 02 00 80', 128],
    ['02 04 7f ff ff ff', 2 ** 31 - 1],
  ])('INTEGER %s', (text, value) => {
    expect(parse(text).smallInteger('x')).toBe(value);
  });

  test.each(['02 00', '02 02 00 7f', '02 02 ff 80', '02 01 80', '02 05 01 00 00 00 00', '0a 01 00'])('small INTEGER %s is refused', (text) => {
    expect(problemOf(() => parse(text).smallInteger('x'))).not.toBe('accepted');
  });

  test('BIT STRING of whole bytes only', () => {
    expect(toHex(parse('03 02 00 41').bitStringBytes('x'))).toBe('41');
    expect(problemOf(() => parse('03 02 01 40').bitStringBytes('x'))).toContain('unused bits');
    expect(problemOf(() => parse('03 00').bitStringBytes('x'))).toContain('unused bits');
  });

  test('named bits: at most seven unused bits, and those zero', () => {
    expect(toHex(parse('03 02 07 80').namedBits('x'))).toBe('80');
    expect(toHex(parse('03 01 00').namedBits('x'))).toBe('');
    for (const text of ['03 00', '03 02 08 80', '03 02 07 81', '03 01 01', '04 02 07 80'])
      expect(
        problemOf(() => parse(text).namedBits('x')),
        text,
      ).not.toBe('accepted');
  });

  test.each([
    ['2a8648ce3d0403 02', '1.2.840.10045.4.3.2'],
    ['00', '0.0'],
    ['27', '0.39'],
    ['28', '1.0'],
    ['4f', '1.39'],
    ['50', '2.0'],
    ['8837', '2.999'],
    ['2b0601040182bf3001 08'.replace('82bf30', '83bf30'), '1.3.6.1.4.1.57264.1.8'],
  ])('object identifier %s is %s', (text, dotted) => {
    expect(oidText(hex(text))).toBe(dotted);
  });

  test.each(['', '86', '2a86', '2a8001', '80', '2affffffffffffffff7f'])('object identifier %j is refused', (text) => {
    expect(problemOf(() => oidText(hex(text)))).not.toBe('accepted');
  });

  test('text of three string types, valid UTF-8 only', () => {
    for (const tag of [TAG.utf8String, TAG.printableString, TAG.ia5String]) expect(Der.parse(encodeDer(tag, utf8('hé'))).text('x')).toBe('hé');
    expect(problemOf(() => Der.parse(encodeDer(TAG.utf8String, hex('c328'))).text('x'))).toContain('is not text');
    expect(problemOf(() => Der.parse(encodeDer(TAG.octetString, utf8('h'))).text('x'))).toContain('not a string type');
  });
});

describe('time', () => {
  const utc = (text: string) => Der.parse(encodeDer(TAG.utcTime, utf8(text))).time('x');
  const generalized = (text: string) => Der.parse(encodeDer(TAG.generalizedTime, utf8(text))).time('x');

  test.each([
    ['500101000000Z', '1950-01-01T00:00:00.000Z'],
    ['991231235959Z', '1999-12-31T23:59:59.000Z'],
    ['000229120000Z', '2000-02-29T12:00:00.000Z'],
    ['491231235959Z', '2049-12-31T23:59:59.000Z'],
  ])('UTCTime %s is %s', (text, iso) => {
    expect(utc(text).toISOString()).toBe(iso);
  });

  test.each([
    ['20240229235959Z', '2024-02-29T23:59:59.000Z'],
    ['99991231235959Z', '9999-12-31T23:59:59.000Z'],
    ['01000101000000Z', '0100-01-01T00:00:00.000Z'],
    ['20240101000000.5Z', '2024-01-01T00:00:00.500Z'],
    ['20240101000000.123456789Z', '2024-01-01T00:00:00.123Z'],
  ])('GeneralizedTime %s is %s', (text, iso) => {
    expect(generalized(text).toISOString()).toBe(iso);
  });

  test.each([
    '20230229000000Z',
    '20241301000000Z',
    '20240001000000Z',
    '20240100000000Z',
    '20240101240000Z',
    '20240101006000Z',
    '20240101000060Z',
    '20240101000000',
    '202401010000Z',
    '20240101000000+0100',
    '20240101000000.Z',
    '20240101000000.50Z',
    '20240101000000,5Z',
    ' 20240101000000Z',
    '20240101000000z',
    '00000101000000Z',
  ])('GeneralizedTime %j is refused', (text) => {
    expect(problemOf(() => generalized(text))).not.toBe('accepted');
  });

  test('UTCTime without seconds, with offset or with a fraction is refused', () => {
    for (const text of ['2401010000Z', '240101000000+0000', '240101000000.5Z', '20240101000000Z'])
      expect(
        problemOf(() => utc(text)),
        text,
      ).not.toBe('accepted');
  });
});

test('reading any bytes ends in a value or a DerError', () => {
  const walk = (value: Der): void => {
    if ((value.tag & 0x20) !== 0) value.children().forEach(walk);
  };
  property(fc.uint8Array({ maxLength: 60 }), (bytes) => void problemOf(() => walk(Der.parse(bytes))), 5000);
});

test('what is written is read back, and nothing else reads the same', () => {
  property(fc.tuple(fc.constantFrom(0x04, 0x0c, 0x30, 0x80), fc.uint8Array({ maxLength: 300 })), ([tag, content]) => {
    const value = Der.parse(encodeDer(tag, content));
    expect([value.tag, toHex(value.content)]).toEqual([tag, toHex(content)]);
    expect(problemOf(() => Der.parse(concat(value.raw, Uint8Array.of(0))))).not.toBe('accepted');
    expect(problemOf(() => Der.parse(value.raw.subarray(0, -1)))).not.toBe('accepted');
  });
});

test('withDerErrors gives malformed DER the code of its document, and lets bugs through', () => {
  expect(() => withDerErrors('CERT_PARSE', 'certificate', () => parse('30'))).toThrow(expect.objectContaining({ code: 'CERT_PARSE' }));
  expect(() =>
    withDerErrors('CERT_PARSE', 'certificate', () => {
      throw new RangeError('a bug');
    }),
  ).toThrow(RangeError);
});
