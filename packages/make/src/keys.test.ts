import { createPublicKey, verify } from 'node:crypto';
import { parseSpki, utf8, verifySignature } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { describe, expect, test } from 'vitest';
import { generateKey, importKey, type KeyType } from './keys.ts';

const data = utf8('data');

describe('keys', () => {
  test.each(['p256', 'p384', 'p521', 'rsa2048', 'rsa3072', 'ed25519'] as const)('of %s sign, and survive PEM', async (type: KeyType) => {
    const key = generateKey(type);
    const again = importKey(key.exportPrivatePem());
    expect(again).toMatchObject({ type, spki: key.spki, keyDetails: key.keyDetails });
    const publicKey = createPublicKey(key.publicPem);
    expect(verify(type === 'ed25519' ? null : key.hash, data, publicKey, again.sign(data))).toBe(true);
    const name = type === 'ed25519' ? 'ed25519ph' : type.startsWith('rsa') ? 'rsa-pkcs1' : 'ecdsa';
    const scheme = name === 'ed25519ph' ? ({ name } as const) : ({ name, hash: key.hash } as const);
    expect(await verifySignature(nodeCrypto, parseSpki(key.spki), scheme, data, key.signMessage(data))).toBe(true);
  });

  test('of RSA-PSS sign with a salt of 32 bytes', async () => {
    const key = generateKey('rsa-pss2048');
    expect(await verifySignature(nodeCrypto, parseSpki(key.spki), { name: 'rsa-pss', hash: 'sha256' }, data, key.sign(data))).toBe(true);
  });

  test('of other types are refused', () => {
    expect(() =>
      importKey('-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIHAHbQpzGKV9PBbBclGyZkXfTC+H68CZKrF3+6UduSwq\n-----END PRIVATE KEY-----\n'),
    ).toThrow(TypeError);
  });
});
