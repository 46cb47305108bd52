import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { encodeChecksums, parseChecksums } from './checksums.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

describe('a checksum file', () => {
  test.each([
    ['text mode', `${A}  app\n`, 'app'],
    ['binary mode', `${A} *app\n`, 'app'],
    ['BSD style', `SHA256 (app) = ${A}\n`, 'app'],
    ['a name with spaces and parentheses', `SHA256 (my (first) app) = ${A}\n`, 'my (first) app'],
    ['no line end behind the last line', `${A}  app`, 'app'],
    ['CR LF', `${A}  app\r\n`, 'app'],
    ['upper-case hex', `${A.toUpperCase()}  app\n`, 'app'],
    ['empty lines and comments', `# of 1.2.3\n\n${A}  app\n`, 'app'],
    ['a line twice', `${A}  app\n${A}  app\n`, 'app'],
    ['escapes', `\\${A}  a\\nb\\\\c\n`, 'a\nb\\c'],
    ['backslashes that are no escapes', `${A}  a\\nb\n`, 'a\\nb'],
    ['a name that begins with a space', `${A}   app\n`, ' app'],
    ['a path', `${A}  ../other/app\n`, '../other/app'],
  ])('may have %s', (_, text, name) => {
    expect(parseChecksums(utf8(text), 'checksums.txt')).toEqual([{ name, algorithm: 'sha256', hex: A, line: expect.any(Number) }]);
  });

  test('may have digests of other lengths', () => {
    const [{ algorithm } = { algorithm: '' }] = parseChecksums(utf8(`${'a'.repeat(128)}  app\n`), 'sums');
    expect(algorithm).toBe('sha512');
  });

  test.each([
    ['two lines that differ', `${A}  app\n${B}  app\n`, 'lines 1 and 2 say different things of app'],
    ['a line that is none', `${A}  app\nhello\n`, ':2: improperly formatted: hello'],
    ['one space', `${A} app\n`, ':1: improperly formatted'],
    ['a digest of no known length', `${A}aa  app\n`, ':1: improperly formatted'],
    ['a tag that is not of the digest', `SHA512 (app) = ${A}\n`, ':1: improperly formatted'],
    ['an escape that there is not', `\\${A}  a\\tb\n`, ':1: improperly formatted'],
    ['nothing', '\n', 'no properly formatted checksum lines found'],
  ])('must not have %s', (_, text, message) => {
    expect(() => parseChecksums(utf8(text), 'checksums.txt')).toThrow(message);
  });

  test('is UTF-8', () => {
    expect(() => parseChecksums(Uint8Array.of(0xff), 'checksums.txt')).toThrow('not UTF-8 text');
  });

  test('is what sha256sum accepts', () => {
    const folder = mkdtempSync(join(tmpdir(), 'assay-checksums-'));
    try {
      writeFileSync(join(folder, 'a b'), 'a');
      writeFileSync(join(folder, 'c'), '');
      const sums = encodeChecksums([
        { name: 'c', sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
        { name: 'a b', sha256: 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb' },
      ]);
      writeFileSync(join(folder, 'checksums.txt'), sums);
      expect(execFileSync('sha256sum', ['--check', 'checksums.txt'], { cwd: folder }).toString()).toBe('a b: OK\nc: OK\n');
      const written = execFileSync('sha256sum', ['a b', 'c'], { cwd: folder });
      expect(Buffer.from(sums)).toEqual(written);
      expect(parseChecksums(written, 'checksums.txt').map(({ name }) => name)).toEqual(['a b', 'c']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
