/**
 * Hostile encodings: for each format, the texts with which lenient readers are made to disagree, and some valid ones at the
 * edge that must stay readable. Tests of parsers loop over these tables; a new trick is one new line.
 */
import { concat, encodeBase64, encodeDer, TAG, utf8 } from '@assay/core';
import { boolean, integer, octetString, oid, sequence, utf8String } from '@assay/make';

export interface HostileCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly valid: boolean;
}

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const good = (name: string, bytes: Uint8Array | string): HostileCase => ({ name, bytes: typeof bytes === 'string' ? utf8(bytes) : bytes, valid: true });
const bad = (name: string, bytes: Uint8Array | string): HostileCase => ({ name, bytes: typeof bytes === 'string' ? utf8(bytes) : bytes, valid: false });

/** `levels` SEQUENCEs inside each other. */
function nested(levels: number): Uint8Array {
  let value: Uint8Array = sequence();
  for (let i = 1; i < levels; i++) value = sequence(value);
  return value;
}

/**
 * One DER value each, read to the innermost: SEQUENCE, SET and context tags as structures, primitives by their type (X.690
 * sections 8 to 11).
 */
export const hostileDer: readonly HostileCase[] = [
  good('a sequence with an integer', hex('30 03 02 01 05')),
  good('an empty sequence', hex('30 00')),
  good('a length of two bytes', octetString(new Uint8Array(200))),
  good('a length of three bytes', octetString(new Uint8Array(70_000))),
  good('the integer 128', hex('02 02 00 80')),
  good('a negative integer', hex('02 01 ff')),
  good('an object identifier', oid('1.2.840.113549.1.1.11')),
  good('ten levels', nested(10)),
  bad('nothing', new Uint8Array(0)),
  bad('a tag alone', hex('30')),
  bad('indefinite length', hex('30 80 02 01 05 00 00')),
  bad('reserved length ff', hex('30 ff')),
  bad('long form for a short length', hex('30 81 03 02 01 05')),
  bad('long form with a leading zero', concat(hex('04 82 00 c8'), new Uint8Array(200))),
  bad('a length of five bytes', hex('30 85 00 00 00 00 03 02 01 05')),
  bad('a length of 2^32 - 1', hex('30 84 ff ff ff ff')),
  bad('a length of nine bytes', hex('30 89 01 00 00 00 00 00 00 00 00')),
  bad('a truncated length', hex('30 82 01')),
  bad('truncated content', hex('30 05 02 01 05')),
  bad('a child that reads beyond its parent', hex('30 03 02 02 05 05')),
  bad('trailing bytes', hex('30 03 02 01 05 00')),
  bad('end-of-contents bytes after the value', hex('30 03 02 01 05 00 00')),
  bad('a multi-byte tag', hex('3f 21 03 02 01 05')),
  bad('a multi-byte tag without need', hex('1f 02 01 05')),
  bad('10000 levels', nestedFast(10_000)),
  bad('an empty integer', hex('02 00')),
  bad('an integer with a zero too many', hex('02 02 00 7f')),
  bad('a negative integer with a byte too many', hex('02 02 ff 80')),
  bad('a boolean of 01', hex('01 01 01')),
  bad('a boolean of two bytes', hex('01 02 ff ff')),
  bad('an empty boolean', hex('01 00')),
  bad('an empty object identifier', hex('06 00')),
  bad('an object identifier that ends inside an arc', hex('06 02 2a 86')),
  bad('an object identifier arc with leading zero', hex('06 03 2a 80 01')),
  bad('an object identifier arc beyond 2^64', hex('06 0b 2a ff ff ff ff ff ff ff ff ff 7f')),
  bad('text that is not UTF-8', encodeDer(TAG.utf8String, hex('c3 28'))),
  bad('text with an overlong NUL', encodeDer(TAG.utf8String, hex('c0 80'))),
  bad('a time without seconds', encodeDer(TAG.utcTime, utf8('2608250000Z'))),
  bad('a time with an offset', encodeDer(TAG.utcTime, utf8('260825000000+0100'))),
  bad('30 February', encodeDer(TAG.generalizedTime, utf8('20260230000000Z'))),
  bad('a 25th hour', encodeDer(TAG.generalizedTime, utf8('20260825250000Z'))),
  bad('a fraction with trailing zero', encodeDer(TAG.generalizedTime, utf8('20260825000000.10Z'))),
  bad('a fraction without digits', encodeDer(TAG.generalizedTime, utf8('20260825000000.Z'))),
  bad('a fraction with comma', encodeDer(TAG.generalizedTime, utf8('20260825000000,5Z'))),
  bad('a time without zone', encodeDer(TAG.generalizedTime, utf8('20260825000000'))),
  bad('a sequence with garbage after a good child', concat(hex('30 06'), boolean(true), hex('02 04 01'))),
  bad('a non-minimal length two levels down', sequence(sequence(hex('04 81 01 00')))),
];

/** Lengths from the inside out, without building every level anew. */
function nestedFast(levels: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let i = 0; i < levels; i++) {
    const value = encodeDer(TAG.sequence, new Uint8Array(0));
    const head = length === 0 ? value : headerOf(length);
    parts.unshift(head);
    length += head.length;
  }
  return concat(...parts);
}

function headerOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(TAG.sequence, length);
  if (length < 0x100) return Uint8Array.of(TAG.sequence, 0x81, length);
  return length < 0x10000
    ? Uint8Array.of(TAG.sequence, 0x82, length >> 8, length & 0xff)
    : Uint8Array.of(TAG.sequence, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff);
}

/** ECDSA signatures for P-256 that must not pass the strict form; well-formed but for one thing. */
export const hostileEcdsaSignatures: readonly HostileCase[] = [
  good('r = 1, s = 1', sequence(integer(1), integer(1))),
  good('a high s', sequence(integer(1), integer(0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550n))),
  bad('nothing', new Uint8Array(0)),
  bad('r = 0', sequence(integer(0), integer(1))),
  bad('s = 0', sequence(integer(1), integer(0))),
  bad('s = n', sequence(integer(1), integer(0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n))),
  bad('r = 2^256', sequence(integer(2n ** 256n), integer(1))),
  bad('a negative r', sequence(hex('02 01 ff'), integer(1))),
  bad('r not minimal', sequence(hex('02 02 00 01'), integer(1))),
  bad('one integer', sequence(integer(1))),
  bad('three integers', sequence(integer(1), integer(1), integer(1))),
  bad('a set', encodeDer(TAG.set, integer(1), integer(1))),
  bad('octet strings', sequence(octetString(hex('01')), octetString(hex('01')))),
  bad('a trailing byte', concat(sequence(integer(1), integer(1)), hex('00'))),
  bad('r‖s of 64 bytes', new Uint8Array(64).fill(1)),
  bad('text', utf8String('signature')),
];

/** JSON documents (RFC 8259), as bytes. */
export const hostileJson: readonly HostileCase[] = [
  good('an object', '{"a":1}'),
  good('all kinds of white space', ' \t\r\n{ "a" : [ 1 , null , true ] } \n'),
  good('an escape', '{"a":"\\u00e9\\n\\"\\/"}'),
  good('a surrogate pair', '{"a":"\\ud83e\\udd80"}'),
  good('a member named __proto__', '{"__proto__":{"a":1}}'),
  good('an integer beyond 2^53', '{"a":9007199254740993}'),
  good('exponents', '{"a":1e3,"b":-0.5E-2}'),
  good('an empty name', '{"":0}'),
  good('30 levels', `${'['.repeat(30)}${']'.repeat(30)}`),
  good('a scalar document', '5'),
  bad('nothing', ''),
  bad('only space', ' \n'),
  bad('a byte order mark', '\ufeff{"a":1}'),
  bad('a duplicate member', '{"a":1,"a":2}'),
  bad('a duplicate member by escape', '{"a":1,"\\u0061":2}'),
  bad('a duplicate member deep inside', '{"x":[{"a":1,"b":0,"a":1}]}'),
  bad('a duplicate __proto__', '{"__proto__":1,"__proto__":2}'),
  bad('10000 arrays', `${'['.repeat(10_000)}${']'.repeat(10_000)}`),
  bad('10000 objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`),
  bad('10000 unclosed arrays', '['.repeat(10_000)),
  bad('invalid UTF-8', concat(utf8('{"a":"'), hex('c3 28'), utf8('"}'))),
  bad('an overlong slash', concat(utf8('{"a":"'), hex('c0 af'), utf8('"}'))),
  bad('a UTF-8 encoded surrogate', concat(utf8('{"a":"'), hex('ed a0 80'), utf8('"}'))),
  bad('UTF-16', concat(hex('ff fe'), Uint8Array.from(Buffer.from('{"a":1}', 'utf16le')))),
  bad('a lone high surrogate', '{"a":"\\ud83e"}'),
  bad('a lone low surrogate', '{"a":"\\udd80"}'),
  bad('surrogates in the wrong order', '{"a":"\\udd80\\ud83e"}'),
  bad('a number beyond double', '{"a":1e999}'),
  bad('NaN', '{"a":NaN}'),
  bad('Infinity', '{"a":-Infinity}'),
  bad('a hexadecimal number', '{"a":0x10}'),
  bad('a leading zero', '{"a":01}'),
  bad('a leading plus', '{"a":+1}'),
  bad('a leading point', '{"a":.5}'),
  bad('a trailing point', '{"a":5.}'),
  bad('a number with separator', '{"a":1_000}'),
  bad('a block comment', '{/* x */"a":1}'),
  bad('a line comment', '{"a":1}// x'),
  bad('a trailing comma in an object', '{"a":1,}'),
  bad('a trailing comma in an array', '[1,]'),
  bad('two commas', '[1,,2]'),
  bad('single quotes', "{'a':1}"),
  bad('a name without quotes', '{a:1}'),
  bad('a line feed in a string', '{"a":"x\ny"}'),
  bad('a tab in a string', '{"a":"\t"}'),
  bad('a NUL byte in a string', '{"a":"\0"}'),
  bad('an unknown escape', '{"a":"\\x41"}'),
  bad('a short escape', '{"a":"\\u41"}'),
  bad('a string without end', '{"a":"x'),
  bad('an escape at the end', '{"a":"x\\'),
  bad('an object without end', '{"a":1'),
  bad('mismatched brackets', '{"a":[1}]'),
  bad('two documents', '{"a":1}{"a":1}'),
  bad('two documents on two lines', '{"a":1}\n{"a":1}'),
  bad('words in other case', '{"a":True}'),
  bad('undefined', '{"a":undefined}'),
  bad('a non-breaking space', '{\u00a0"a":1}'),
  bad('a vertical tab', '{\v"a":1}'),
  bad('a trailing NUL byte', '{"a":1}\0'),
];

/** Standard base64 with padding; CR and LF inside are tolerated (verification.md section 1). */
export const hostileBase64: readonly HostileCase[] = [
  good('nothing', ''),
  good('one byte', 'AA=='),
  good('two bytes', 'AAA='),
  good('three bytes', 'AAAA'),
  good('every character', 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'),
  good('a line feed inside', 'AAAA\nAAAA'),
  good('CR LF at the end', 'AAAA\r\n'),
  bad('the URL-safe alphabet', 'AA-_'),
  bad('no padding for one byte', 'AA'),
  bad('no padding for two bytes', 'AAA'),
  bad('half the padding', 'AA='),
  bad('padding too many', 'AAA=='),
  bad('only padding', '===='),
  bad('padding alone', '='),
  bad('padding in the middle', 'AA==AAAA'),
  bad('one character', 'A'),
  bad('five characters', 'AAAAA'),
  bad('stray bits after one byte', 'AB=='),
  bad('stray bits after two bytes', 'AAB='),
  bad('a space', 'AA AA'),
  bad('a leading space', ' AAAA'),
  bad('a tab', 'AAAA\t'),
  bad('a vertical tab', 'AA\vAA'),
  bad('a NUL byte', 'AAA\0'),
  bad('a foreign character', 'AA!A'),
  bad('a full-width letter', 'AAA\uff21'),
  bad('a data URL', 'data:,AAAA'),
  bad('a comma list', 'AAAA,AAAA'),
];

const der = encodeBase64(sequence(integer(5)));
const pem = (label: string, body: string, end: string = label): string => `-----BEGIN ${label}-----\n${body}\n-----END ${end}-----\n`;

/** PEM texts (RFC 7468) that hold exactly one well-formed block `PUBLIC KEY`, or not. */
export const hostilePem: readonly HostileCase[] = [
  good('a block', pem('PUBLIC KEY', der)),
  good('CR LF', pem('PUBLIC KEY', der).replaceAll('\n', '\r\n')),
  good('text around the block', `a comment\n${pem('PUBLIC KEY', der)}more\n`),
  good('no line feed at the end', pem('PUBLIC KEY', der).trimEnd()),
  good('one long line', pem('PUBLIC KEY', encodeBase64(octetString(new Uint8Array(300))))),
  bad('nothing', ''),
  bad('no block', 'hello'),
  bad('no end line', `-----BEGIN PUBLIC KEY-----\n${der}\n`),
  bad('another end line', pem('PUBLIC KEY', der, 'CERTIFICATE')),
  bad('no begin line', `${der}\n-----END PUBLIC KEY-----\n`),
  bad('an empty block', pem('PUBLIC KEY', '')),
  bad('four hyphens', pem('PUBLIC KEY', der).replaceAll('-----', '----')),
  bad('a label in lower case', pem('public key', der)),
  bad('headers inside', pem('PUBLIC KEY', `Proc-Type: 4,ENCRYPTED\n\n${der}`)),
  bad('URL-safe base64', pem('PUBLIC KEY', 'AA-_')),
  bad('no padding', pem('PUBLIC KEY', 'AA')),
  bad('a begin line inside the block', pem('PUBLIC KEY', `-----BEGIN PUBLIC KEY-----\n${der}`)),
  bad('a good block, then one without end', `${pem('PUBLIC KEY', der)}-----BEGIN PUBLIC KEY-----\n${der}\n`),
  bad('another label', pem('CERTIFICATE', der)),
];

const line = (name = 'log.example'): string => `— ${name} ${encodeBase64(new Uint8Array(68).fill(7))}\n`;
const root = encodeBase64(new Uint8Array(32).fill(9));
const body = `log.example\n42\n${root}\n`;

/** Checkpoints as signed notes (verification.md section 7), whose signatures nobody checks here. */
export const hostileNotes: readonly HostileCase[] = [
  good('a checkpoint', `${body}\n${line()}`),
  good('sixteen signature lines', `${body}\n${Array.from({ length: 16 }, (_, i) => line(`witness${i}.example`)).join('')}`),
  good('an extension line', `${body}Timestamp: 1689177396617352539\n\n${line()}`),
  good('a Rekor v1 origin', `log.example - 2605736670972794746\n42\n${root}\n\n${line()}`),
  good('size 0', `log.example\n0\n${root}\n\n${line()}`),
  bad('nothing', ''),
  bad('only the body', body),
  bad('body and blank line', `${body}\n`),
  bad('no blank line', `${body}${line()}`),
  bad('no final line feed', `${body}\n${line().trimEnd()}`),
  bad('a blank line after the signature', `${body}\n${line()}\n`),
  bad('a blank line between signatures', `${body}\n${line()}\n${line()}`),
  bad('text among the signatures', `${body}\n${line()}hello\n`),
  bad('a hyphen for the dash', `${body}\n${line().replace('—', '-')}`),
  bad('an en dash', `${body}\n${line().replace('—', '–')}`),
  bad('two spaces after the dash', `${body}\n${line().replace('— ', '—  ')}`),
  bad('no name', `${body}\n${line('')}`),
  bad('a name with a space', `${body}\n${line('log example')}`),
  bad('a name with a plus', `${body}\n${line('log+example')}`),
  bad('a signature of four bytes', `${body}\n— log.example ${encodeBase64(new Uint8Array(4))}\n`),
  bad('a signature that is not base64', `${body}\n— log.example @@@@\n`),
  bad('URL-safe base64', `${body}\n— log.example AAAA-_AAAAA=\n`),
  bad('no signature', `${body}\n— log.example\n`),
  bad('a carriage return', `${body.replace('\n', '\r\n')}\n${line()}`),
  bad('a NUL byte', `log\0.example\n42\n${root}\n\n${line()}`),
  bad('a tab in the origin', `log\texample\n42\n${root}\n\n${line()}`),
  bad('an empty origin', `\n42\n${root}\n\n${line()}`),
  bad('no size', `log.example\n${root}\n\n${line()}`),
  bad('no root hash', `log.example\n42\n\n${line()}`),
  bad('a size with leading zero', `log.example\n042\n${root}\n\n${line()}`),
  bad('a negative size', `log.example\n-1\n${root}\n\n${line()}`),
  bad('a hexadecimal size', `log.example\n0x2a\n${root}\n\n${line()}`),
  bad('a size with a space', `log.example\n42 \n${root}\n\n${line()}`),
  bad('a size with a plus', `log.example\n+42\n${root}\n\n${line()}`),
  bad('a size with exponent', `log.example\n1e3\n${root}\n\n${line()}`),
  bad('a size beyond 64 bits', `log.example\n${'9'.repeat(30)}\n${root}\n\n${line()}`),
  bad('a root of 31 bytes', `log.example\n42\n${encodeBase64(new Uint8Array(31))}\n\n${line()}`),
  bad('a root of 33 bytes', `log.example\n42\n${encodeBase64(new Uint8Array(33))}\n\n${line()}`),
  bad('a hexadecimal root', `log.example\n42\n${'ab'.repeat(32)}\n\n${line()}`),
  bad('a root without padding', `log.example\n42\n${root.replace('=', '')}\n\n${line()}`),
  bad('an empty extension line', `${body}\nTimestamp: 1\n\n${line()}`),
];
