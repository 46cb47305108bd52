import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { encodePem, parsePem, toHex } from '@assay/core';
import { integer, octetString, oid, sequence } from '@assay/make';
import { describe, expect, test } from 'vitest';
import { refusal } from '../../test/key-context.ts';
import { importKeyPair } from './import-key.ts';
import { generateKeyPair, keyPairOf } from './key-pair.ts';
import { localSigner } from './local-key.ts';

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
const rsa = (modulusLength: number, publicExponent = 65537) => generateKeyPairSync('rsa', { modulusLength, publicExponent }).privateKey;
const ed25519 = generateKeyPairSync('ed25519').privateKey;
const [p256, rsa2048] = [ec('P-256'), rsa(2048)];
const text = (key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1') => key.export({ type: type as 'pkcs8', format: 'pem' }) as string;

describe('imported:', () => {
  test.each<[string, KeyObject, 'pkcs8' | 'sec1' | 'pkcs1']>([
    ['P-256 as PKCS#8', p256, 'pkcs8'],
    ['P-256 as EC PRIVATE KEY', p256, 'sec1'],
    ['P-384 as EC PRIVATE KEY', ec('P-384'), 'sec1'],
    ['P-521 as PKCS#8', ec('P-521'), 'pkcs8'],
    ['RSA 2048 as RSA PRIVATE KEY', rsa2048, 'pkcs1'],
    ['RSA 3072 as PKCS#8', rsa(3072), 'pkcs8'],
    ['Ed25519 as PKCS#8', ed25519, 'pkcs8'],
  ])('%s', async (_, key, type) => {
    const imported = importKeyPair(text(key, type));
    expect(toHex(imported.publicKey.spki)).toBe(toHex(keyPairOf(key).publicKey.spki));
    expect(await localSigner(imported.pkcs8).sign(new Uint8Array(3))).toBeInstanceOf(Uint8Array);
  });
});

/** RFC 5915, with the public half of another key. */
function mismatched(): string {
  const { d = '' } = p256.export({ format: 'jwk' });
  const point = (keyPairOf(ec('P-256')).publicKey as { point: Uint8Array }).point;
  const inner = sequence(
    integer(1),
    octetString(Buffer.from(d, 'base64url')),
    new Uint8Array([0xa1, 2 + 2 + point.length - 1, 3, point.length + 1, 0, ...point]),
  );
  const key = Buffer.from(inner);
  const bytes = sequence(integer(0), sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')), octetString(key));
  return encodePem('PRIVATE KEY', bytes);
}

describe('refused:', () => {
  const { blocks } = parsePem(text(p256, 'sec1'));
  const encrypted = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'x',
  });
  test.each<[string, string, string, string | RegExp]>([
    ['no PEM', 'hello', 'KEY_PRIVATE_PARSE', 'invalid pem block'],
    ['a public key', encodePem('PUBLIC KEY', keyPairOf(p256).publicKey.spki), 'KEY_UNSUPPORTED', 'unsupported private key'],
    ['PKCS#8 with a password', encrypted as string, 'KEY_UNSUPPORTED', 'unsupported private key'],
    [
      'curve parameters before the key',
      `${encodePem('EC PARAMETERS', oid('1.2.840.10045.3.1.7'))}${text(p256, 'sec1')}`,
      'KEY_UNSUPPORTED',
      'unsupported private key',
    ],
    ['bytes that are no key', encodePem('PRIVATE KEY', new Uint8Array(40)), 'KEY_PRIVATE_PARSE', 'parsing private key: not a well-formed key'],
    ['a key under the label of another form', encodePem('RSA PRIVATE KEY', blocks[0]?.der ?? new Uint8Array(0)), 'KEY_UNSUPPORTED', 'unsupported private key'],
    ['RSA of 1024 bits', text(rsa(1024), 'pkcs1'), 'KEY_UNSUPPORTED', /found 1024/],
    ['RSA of 2056 bits', text(rsa(2056), 'pkcs1'), 'KEY_UNSUPPORTED', 'error validating rsa key: key size not supported: 2056'],
    ['RSA with exponent 3', text(rsa(2048, 3), 'pkcs1'), 'KEY_UNSUPPORTED', 'error validating rsa key: key exponent must be 65537'],
    ['a curve nobody verifies', text(ec('secp256k1'), 'sec1'), 'KEY_UNSUPPORTED', /curve 1\.3\.132\.0\.10 is not supported/],
    ['X25519, which does not sign', text(generateKeyPairSync('x25519').privateKey, 'pkcs8'), 'KEY_UNSUPPORTED', 'unsupported private key'],
    ['halves of two keys', mismatched(), 'KEY_PRIVATE_PARSE', /belongs to another private key/],
  ])('%s', async (_, pem, code, message) => {
    const refused = await refusal(() => importKeyPair(pem));
    expect(refused.code).toBe(code);
    expect(refused.message).toMatch(message instanceof RegExp ? message : new RegExp(`^${message}$`));
  });

  test('a key that is imported already, saying so', async () => {
    const { encryptPrivateKey } = await import('./encrypted-key.ts');
    const pem = await encryptPrivateKey((await generateKeyPair()).pkcs8, new Uint8Array(0));
    expect(await refusal(() => importKeyPair(pem))).toMatchObject({
      message: 'unsupported private key',
      hint: 'this key is imported already: pass it with --key',
    });
  });
});
