/** Notes and checkpoints: every truncation and every changed character of a valid one, and a table of hostile ones. */
import { describe, expect, test } from 'vitest';
import { encodeBase64 } from './base64.ts';
import { concat, fromHex, toHex } from './bytes.ts';
import { isRekorV1Origin, originNames, parseCheckpoint } from './checkpoint.ts';
import { ed25519Spki, parseSpki } from './key.ts';
import { noteKeyId, parseNote, signaturesOf } from './note.ts';
import { webCrypto } from './webcrypto.ts';

const ROOT = encodeBase64(new Uint8Array(32).fill(9));
const line = (name = 'log.example', bytes = new Uint8Array(68).fill(7)): string => `— ${name} ${encodeBase64(bytes)}\n`;
const BODY = `log.example\n42\n${ROOT}\n`;
const VALID = `${BODY}\n${line()}`;

const problemOf = (text: string): string => {
  const result = parseCheckpoint(text);
  return 'problem' in result ? result.problem : 'accepted';
};

describe('a checkpoint', () => {
  test('is read to the last field', () => {
    const result = parseCheckpoint(`${BODY}Timestamp: 1\nmore\n\n${line('witness')}${line()}`);
    if ('problem' in result) throw new Error(result.problem);
    const { origin, treeSize, rootHash, extensions, note } = result.checkpoint;
    expect({ origin, treeSize, root: encodeBase64(rootHash), extensions }).toEqual({
      origin: 'log.example',
      treeSize: 42n,
      root: ROOT,
      extensions: ['Timestamp: 1', 'more'],
    });
    expect(note.body).toBe(`${BODY}Timestamp: 1\nmore\n`);
    expect(note.signatures.map(({ name, keyId, signature }) => [name, toHex(keyId), signature.length])).toEqual([
      ['witness', '07070707', 64],
      ['log.example', '07070707', 64],
    ]);
  });

  test('is refused at every truncation', () => {
    for (let length = 0; length < VALID.length; length++) expect(problemOf(VALID.slice(0, length)), String(length)).not.toBe('accepted');
  });

  test('reads differently after any change of one character, or is refused', () => {
    const original = JSON.stringify(parseCheckpoint(VALID), (_, value) => (typeof value === 'bigint' ? String(value) : value));
    const same: string[] = [];
    for (let at = 0; at < VALID.length; at++) {
      for (const char of ['x', '0', '=', ' ', '\n', '\r', '\t', '\0', '—', '+']) {
        if (VALID[at] === char) continue;
        const changed = VALID.slice(0, at) + char + VALID.slice(at + 1);
        if (JSON.stringify(parseCheckpoint(changed), (_, value) => (typeof value === 'bigint' ? String(value) : value)) === original) same.push(changed);
      }
    }
    expect(same).toEqual([]);
  });

  test.each([
    ['sixteen witnesses', `${BODY}\n${Array.from({ length: 16 }, (_, i) => line(`w${i}`)).join('')}`],
    ['size zero', `log.example\n0\n${ROOT}\n\n${line()}`],
    ['the largest size of 64 signed bits', `log.example\n9223372036854775807\n${ROOT}\n\n${line()}`],
    ['a Rekor v1 origin with spaces', `rekor.example - 123\n42\n${ROOT}\n\n${line()}`],
    ['an extension line', `${BODY}Timestamp: 1689177396617352539\n\n${line()}`],
  ])('may have %s', (_, text) => {
    expect(problemOf(text)).toBe('accepted');
  });

  test.each([
    ['nothing', ''],
    ['only a body', BODY],
    ['no signature line', `${BODY}\n`],
    ['no empty line', BODY + line()],
    ['no final line feed', VALID.slice(0, -1)],
    ['an empty line at the end', `${VALID}\n`],
    ['an empty line between signatures', `${VALID}\n${line()}`],
    ['carriage returns', VALID.replaceAll('\n', '\r\n')],
    ['a tab', VALID.replace('log', 'l\tg')],
    ['a NUL', VALID.replace('log', 'l\0g')],
    ['a DEL', VALID.replace('log', 'l\x7fg')],
    ['a hyphen for the dash', VALID.replace('—', '-')],
    ['an en dash', VALID.replace('—', '–')],
    ['two spaces', VALID.replace('— ', '—  ')],
    ['a name with a plus', `${BODY}\n${line('log+example')}`],
    ['a name with a space', `${BODY}\n${line('log example')}`],
    ['no name', `${BODY}\n${line('')}`],
    ['a key id without signature', `${BODY}\n${line('log.example', new Uint8Array(4))}`],
    ['a signature that is not base64', `${BODY}\n— log.example @@@@\n`],
    ['URL-safe base64', `${BODY}\n— log.example -_-_-_-_\n`],
    ['stray bits in the signature', `${BODY}\n— log.example AAAAAAB=\n`],
    ['text after a signature line', `${BODY}\n${line()}x\n`],
    ['101 signature lines', `${BODY}\n${line().repeat(101)}`],
    ['an empty origin', `\n42\n${ROOT}\n\n${line()}`],
    ['two lines', `log.example\n42\n\n${line()}`],
    ['one line', `log.example\n\n${line()}`],
    ['a leading zero', `log.example\n042\n${ROOT}\n\n${line()}`],
    ['a plus', `log.example\n+42\n${ROOT}\n\n${line()}`],
    ['a negative size', `log.example\n-1\n${ROOT}\n\n${line()}`],
    ['a size of 20 digits', `log.example\n${'9'.repeat(20)}\n${ROOT}\n\n${line()}`],
    ['a space before the size', `log.example\n 42\n${ROOT}\n\n${line()}`],
    ['an Arabic digit', `log.example\n٤٢\n${ROOT}\n\n${line()}`],
    ['a root of 31 bytes', `log.example\n42\n${encodeBase64(new Uint8Array(31))}\n\n${line()}`],
    ['a root of 33 bytes', `log.example\n42\n${encodeBase64(new Uint8Array(33))}\n\n${line()}`],
    ['a root in hex', `log.example\n42\n${'09'.repeat(32)}\n\n${line()}`],
    ['more text than the cap', `${BODY}${'x'.repeat(1_000_000)}\n\n${line()}`],
  ])('with %s is refused', (_, text) => {
    expect(problemOf(text)).not.toBe('accepted');
  });

  test('is signed over the body with its final line feed and not one character more', () => {
    const result = parseNote(VALID);
    expect('note' in result && result.note.body).toBe(BODY);
  });
});

describe('lines of a key', () => {
  const keyId = fromHex('01020304');
  const bytes = (id: string) => concat(fromHex(id), new Uint8Array(64));
  const parsed = parseNote(
    `${BODY}\n${line('log.example', bytes('01020304'))}${line('log.example', bytes('01020305'))}${line('log.example.evil', bytes('01020304'))}${line('log.example', bytes('01020304'))}`,
  );

  test('are those whose name and key id are both equal', () => {
    if ('problem' in parsed) throw new Error(parsed.problem);
    expect(signaturesOf(parsed.note, 'log.example', keyId)).toHaveLength(2);
    expect(signaturesOf(parsed.note, 'log.exampl', keyId)).toHaveLength(0);
    expect(signaturesOf(parsed.note, 'log.example.evil', fromHex('0102030499'))).toHaveLength(1);
  });
});

describe('key ids', () => {
  // Computed apart from this code: SHA-256("log.example" 0A 01, then 32 bytes of 01), first four bytes.
  test('of Ed25519 keys are those of the signed note format', async () => {
    const key = parseSpki(ed25519Spki(new Uint8Array(32).fill(1)));
    expect(toHex(await noteKeyId(webCrypto, 'log.example', key)).slice(0, 8)).toBe('51aa5f6c');
  });

  test('depend on the name for Ed25519', async () => {
    const key = parseSpki(ed25519Spki(new Uint8Array(32)));
    expect(await noteKeyId(webCrypto, 'a', key)).not.toEqual(await noteKeyId(webCrypto, 'b', key));
    expect((await noteKeyId(webCrypto, 'a', key)).length).toBe(32);
  });
});

describe('origin names', () => {
  test.each([
    ['https://rekor.sigstore.dev', ['rekor.sigstore.dev']],
    ['https://rekor.sigstore.dev/', ['rekor.sigstore.dev']],
    ['http://localhost:3000', ['localhost', 'localhost:3000']],
    ['https://host.example/path/', ['host.example', 'host.example/path']],
    ['https://host.example:8080/path', ['host.example', 'host.example:8080', 'host.example:8080/path', 'host.example/path']],
    ['rekor-local', ['rekor-local']],
    ['', []],
  ])('of %s', (url, names) => {
    expect(originNames(url)).toEqual(names);
  });

  test.each([
    ['rekor.sigstore.dev - 123', true],
    ['rekor.sigstore.dev', false],
    ['rekor.sigstore.dev - ', false],
    ['rekor.sigstore.dev - 12a', false],
    [' - 12', false],
  ])('%s is a Rekor v1 origin: %s', (origin, expected) => {
    expect(isRekorV1Origin(origin)).toBe(expected);
  });
});

test('a body with an empty line inside is no checkpoint', () => {
  expect(problemOf(`log.example\n42\n${ROOT}\n\nx\n\n${line()}`)).not.toBe('accepted');
});
