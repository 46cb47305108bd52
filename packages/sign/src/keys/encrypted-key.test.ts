import { scryptSync } from 'node:crypto';
import { encodeBase64, encodePem, isTrustError, parsePem, toHex, utf8 } from '@assay/core';
import { secretbox } from '@noble/ciphers/salsa.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refusal } from '../../test/key-context.ts';
import { decryptPrivateKey, deriveKey, type EncryptedKey, encryptPrivateKey, openBox, parseEncryptedKey } from './encrypted-key.ts';
import { generateKeyPair } from './key-pair.ts';

const { pkcs8 } = await generateKeyPair();
const PASSWORD = utf8('correct horse');
const LABEL = 'ENCRYPTED SIGSTORE PRIVATE KEY';
const encrypted = await encryptPrivateKey(pkcs8, PASSWORD);
const document = () => JSON.parse(new TextDecoder().decode(parsePem(encrypted).blocks[0]?.der)) as Document;
const pem = (json: unknown, label = LABEL) => encodePem(label, utf8(JSON.stringify(json)));

interface Document {
  kdf: { name: string; params: { N: number; r: number; p: number }; salt: string };
  cipher: { name: string; nonce: string };
  ciphertext: string;
}

/** The same document made without our code. */
function sealed(cost: number): Document {
  const [salt, nonce] = [new Uint8Array(32).fill(7), new Uint8Array(24).fill(9)];
  const key = scryptSync(PASSWORD, salt, 32, { N: cost, r: 8, p: 1, maxmem: 256 * cost * 8 });
  return {
    kdf: { name: 'scrypt', params: { N: cost, r: 8, p: 1 }, salt: encodeBase64(salt) },
    cipher: { name: 'nacl/secretbox', nonce: encodeBase64(nonce) },
    ciphertext: encodeBase64(secretbox(new Uint8Array(key), nonce).seal(pkcs8)),
  };
}

describe('an encrypted key', () => {
  test('has the form that cosign writes', () => {
    expect(encrypted).toMatch(/^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n(?:[A-Za-z0-9+/=]{1,64}\n)+-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n$/);
    expect(document()).toMatchObject({ kdf: { name: 'scrypt', params: { N: 65536, r: 8, p: 1 } }, cipher: { name: 'nacl/secretbox' } });
    expect(Object.keys(document())).toEqual(['kdf', 'cipher', 'ciphertext']);
  });

  test('is opened by its password alone', async () => {
    expect(toHex(await decryptPrivateKey(encrypted, PASSWORD))).toBe(toHex(pkcs8));
    for (const wrong of ['', 'correct horse ', 'correct horse\n', 'Correct horse']) {
      expect(await refusal(() => decryptPrivateKey(encrypted, utf8(wrong)))).toMatchObject({
        code: 'KEY_PASSWORD',
        message: 'decrypt: encrypted: decryption failed',
      });
    }
  });

  test.each([32768, 65536, 131072])('with scrypt cost %i is read, under the older label too', async (cost) => {
    expect(toHex(await decryptPrivateKey(pem(sealed(cost), 'ENCRYPTED COSIGN PRIVATE KEY'), PASSWORD))).toBe(toHex(pkcs8));
  });

  test('round trips whatever key and password are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.uint8Array({ maxLength: 40 }), async (secret, password) => {
        expect(toHex(await decryptPrivateKey(await encryptPrivateKey(secret, password), password))).toBe(toHex(secret));
      }),
      { numRuns: 4 },
    );
  });
});

describe('refused:', () => {
  const { kdf, cipher, ciphertext } = document();
  const withParams = (params: object) => pem({ kdf: { ...kdf, params: { ...kdf.params, ...params } }, cipher, ciphertext });
  test.each<[string, string, string]>([
    ['no PEM', 'hello', 'invalid pem block'],
    ['a block that does not end', encrypted.slice(0, -20), 'invalid pem block'],
    ['a plain private key', encodePem('PRIVATE KEY', pkcs8), 'unsupported pem type: PRIVATE KEY'],
    ['a public key', encodePem('PUBLIC KEY', pkcs8), 'unsupported pem type: PUBLIC KEY'],
    ['another password hash', pem({ kdf: { ...kdf, name: 'argon2' }, cipher, ciphertext }), 'decrypt: encrypted: unknown kdf name "argon2"'],
    ['another cipher', pem({ kdf, cipher: { ...cipher, name: 'aes' }, ciphertext }), 'decrypt: encrypted: unknown cipher name "aes"'],
    ['a cheap cost', withParams({ N: 2 }), 'decrypt: unsupported scrypt parameters'],
    ['an endless cost', withParams({ N: 2 ** 30 }), 'decrypt: unsupported scrypt parameters'],
    ['another block size', withParams({ r: 16 }), 'decrypt: unsupported scrypt parameters'],
    ['another parallelism', withParams({ p: 2 }), 'decrypt: unsupported scrypt parameters'],
    ['a short nonce', pem({ kdf, cipher: { ...cipher, nonce: 'AAAA' }, ciphertext }), 'decrypt: encrypted: incorrect nonce size'],
    ['a short salt', pem({ kdf: { ...kdf, salt: 'AAAA' }, cipher, ciphertext }), 'decrypt: encrypted: incorrect salt size'],
    ['no ciphertext', pem({ kdf, cipher }), 'decrypt: encrypted: ciphertext: is missing or empty'],
    ['no JSON', encodePem(LABEL, utf8('hello')), 'decrypt: encrypted is not valid JSON: unexpected character at offset 0'],
    ['a huge document', encodePem(LABEL, new Uint8Array(70_000)), 'decrypt: 70000 bytes, the cap is 65536'],
  ])('%s', async (_, text, message) => {
    expect(await refusal(() => decryptPrivateKey(text, PASSWORD))).toMatchObject({ code: 'KEY_PRIVATE_PARSE', message });
  });
});

test('every flipped byte of the document is refused', async () => {
  // The cheapest cost, and one derivation for all flips that leave salt and cost alone: the rest is exactly `decryptPrivateKey`.
  const bytes = utf8(JSON.stringify(sealed(32768)));
  const known = new Map<string, Promise<Uint8Array>>();
  const open = async (text: string): Promise<Uint8Array> => {
    const box = parseEncryptedKey(text);
    const id = saltOf(box);
    if (!known.has(id)) known.set(id, deriveKey(PASSWORD, box));
    return openBox(box, await (known.get(id) as Promise<Uint8Array>));
  };
  expect(toHex(await open(encodePem(LABEL, bytes)))).toBe(toHex(pkcs8));

  const accepted: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const flipped = bytes.with(at, (bytes[at] as number) ^ 1);
    const code = await open(encodePem(LABEL, flipped)).then(
      () => 'accepted',
      (error: unknown) => (isTrustError(error) ? error.code : 'a bug'),
    );
    if (code !== 'KEY_PASSWORD' && code !== 'KEY_PRIVATE_PARSE') accepted.push(at);
  }
  expect(accepted).toEqual([]);
});

const saltOf = ({ salt, cost }: EncryptedKey) => `${toHex(salt)} ${cost}`;

test('every flipped byte of the armour is refused or changes nothing', async () => {
  const bytes = utf8(encrypted);
  const body = [encrypted.indexOf('\n'), encrypted.lastIndexOf('\n-----END')] as const;
  const open = (at: number) => {
    try {
      return parseEncryptedKey(new TextDecoder().decode(bytes.with(at, (bytes[at] as number) ^ 1)));
    } catch (error) {
      return isTrustError(error) && error.code === 'KEY_PRIVATE_PARSE' ? 'refused' : error;
    }
  };
  const outside = Array.from(bytes.keys()).filter((at) => at < body[0] || at > body[1]);
  for (const at of outside) expect([parseEncryptedKey(encrypted), 'refused'], `byte ${at}`).toContainEqual(open(at));
});
