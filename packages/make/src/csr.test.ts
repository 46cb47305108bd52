/** Requests are judged by OpenSSL where it is installed, which has read more of them than anyone. */
import { spawnSync } from 'node:child_process';
import { encodePem } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { makeCsr } from './csr.ts';
import { generateKey, type KeyType } from './keys.ts';

const openssl = hasOpenssl();
if (!openssl) console.warn('certificate requests are not judged by OpenSSL: it is not installed');

describe.skipIf(!openssl)('OpenSSL verifies a request for', () => {
  test.each<[KeyType, 'ec' | 'rsa' | 'ed25519', string]>([
    ['p256', 'ec', 'ecdsa-with-SHA256'],
    ['p384', 'ec', 'ecdsa-with-SHA384'],
    ['p521', 'ec', 'ecdsa-with-SHA512'],
    ['rsa2048', 'rsa', 'sha256WithRSAEncryption'],
    ['ed25519', 'ed25519', 'ED25519'],
  ])('%s', async (keyType, type, algorithm) => {
    const key = generateKey(keyType);
    const csr = await makeCsr({ spki: key.spki, type, hash: key.hash, sign: async (message) => key.sign(message) });
    const { text, verdict } = judged(csr);
    expect(verdict).toMatch(/verify OK/);
    expect(text.replaceAll('\n', '')).toContain(key.publicPem.replaceAll('\n', ''));
    expect(text).toContain(`Signature Algorithm: ${algorithm}`);
    expect(text).toMatch(/Subject:\s*\n/);
  });

  test('and refuses one that another key signed', async () => {
    const [key, other] = [generateKey('p256'), generateKey('p256')];
    const csr = await makeCsr({ spki: key.spki, type: 'ec', hash: 'sha256', sign: async (message) => other.sign(message) });
    expect(judged(csr).verdict).toMatch(/verify failure/);
  });
});

/** Its exit status says nothing in some versions; its words do. */
function judged(csr: Uint8Array): { text: string; verdict: string } {
  const run = spawnSync('openssl', ['req', '-verify', '-noout', '-text', '-pubkey'], { input: encodePem('CERTIFICATE REQUEST', csr), encoding: 'utf8' });
  return { text: run.stdout, verdict: run.stderr };
}

function hasOpenssl(): boolean {
  return spawnSync('openssl', ['version']).status === 0;
}
