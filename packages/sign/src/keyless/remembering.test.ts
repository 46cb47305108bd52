import { type CryptoProvider, encodePem, parsePublicKeyPem, utf8 } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { generateKey } from '@assay/make';
import { expect, test } from 'vitest';
import { remembering } from './remembering.ts';

const SCHEME = { name: 'ecdsa', hash: 'sha256' } as const;
const DATA = utf8('what is signed');
const signer = generateKey('p256');
const key = parsePublicKeyPem(encodePem('PUBLIC KEY', signer.spki));
const other = parsePublicKeyPem(encodePem('PUBLIC KEY', generateKey('p256').spki));
const signature = signer.sign(DATA);

function counted(): { crypto: CryptoProvider; asked: () => number } {
  let asked = 0;
  const crypto: CryptoProvider = {
    ...nodeCrypto,
    verify: (...args) => {
      asked++;
      return nodeCrypto.verify(...args);
    },
  };
  return { crypto: remembering(crypto), asked: () => asked };
}

test('what was judged is not judged again', async () => {
  const { crypto, asked } = counted();
  for (let i = 0; i < 3; i++) expect(await crypto.verify(key, SCHEME, DATA, Uint8Array.from(signature))).toBe(true);
  for (let i = 0; i < 3; i++) expect(await crypto.verify(other, SCHEME, DATA, signature)).toBe(false);
  expect(asked()).toBe(2);
});

test.each<[string, ...Parameters<CryptoProvider['verify']>]>([
  ['another key', other, SCHEME, DATA, signature],
  ['another hash', key, { ...SCHEME, hash: 'sha384' }, DATA, signature],
  ['other data', key, SCHEME, utf8('what is signee'), signature],
  ['another signature', key, SCHEME, DATA, generateKey('p256').sign(DATA)],
])('%s is another question', async (_, aKey, scheme, data, aSignature) => {
  const { crypto, asked } = counted();
  expect(await crypto.verify(key, SCHEME, DATA, signature)).toBe(true);
  expect(await crypto.verify(aKey, scheme, data, aSignature)).toBe(false);
  expect(asked()).toBe(2);
});
