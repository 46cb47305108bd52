import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePem, toHex, utf8 } from '@assay/core';
import { serve } from '@assay/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { keyContext, refusal, scratchFolder } from '../../test/key-context.ts';
import {
  createKey,
  encryptPrivateKey,
  generateKeyPair,
  type KeyProvider,
  loadPublicKey,
  loadSigner,
  localSigner,
  publicKeyPem,
  storeKeyPair,
} from '../index.ts';

const pair = await generateKeyPair();
const password = async () => utf8('pw');
const privatePem = await encryptPrivateKey(pair.pkcs8, utf8('pw'));
const publicPem = publicKeyPem(pair.publicKey);

function file(content: string): string {
  const path = join(scratchFolder(), 'cosign.key');
  writeFileSync(path, content);
  return path;
}

describe('a key is loaded from', () => {
  test.each<[string, (pem: string) => Promise<[string, Record<string, string>]>]>([
    ['a path', async (pem) => [file(pem), {}]],
    ['a variable', async (pem) => ['env://KEY', { KEY: pem }]],
    [
      'a URL',
      async (pem) => {
        const server = await serve(async () => new Response(pem));
        onTestFinished(() => server.close());
        return [`${server.url}/cosign.key`, {}];
      },
    ],
  ])('%s', async (_, place) => {
    const [privateReference, privateEnv] = await place(privatePem);
    const signer = await loadSigner(privateReference, keyContext({ env: privateEnv, password }));
    expect(toHex(signer.publicKey.spki)).toBe(toHex(pair.publicKey.spki));
    const [publicReference, publicEnv] = await place(publicPem);
    expect(toHex((await loadPublicKey(publicReference, keyContext({ env: publicEnv }))).spki)).toBe(toHex(pair.publicKey.spki));
  });
});

describe('refused:', () => {
  const context = () => keyContext({ password });
  test.each<[string, () => Promise<unknown>, string, string | RegExp]>([
    ['an unknown scheme', () => loadSigner('ftp://x', context()), 'NET_URL', 'loading URL: unrecognized scheme: ftp://'],
    ['a missing variable', () => loadSigner('env://NOPE', context()), 'NET_URL', 'loading URL: env var $NOPE not found'],
    ['a missing file', () => loadPublicKey('/nowhere/cosign.pub', context()), 'FILE_NOT_FOUND', /no such file/],
    ['a public key to sign', () => loadSigner(file(publicPem), context()), 'KEY_PRIVATE_PARSE', 'unsupported pem type: PUBLIC KEY'],
    [
      'a plain private key to sign',
      () => loadSigner(file(encodePem('PRIVATE KEY', pair.pkcs8)), context()),
      'KEY_PRIVATE_PARSE',
      'unsupported pem type: PRIVATE KEY',
    ],
    ['a private key to verify', () => loadPublicKey(file(privatePem), context()), 'KEY_PARSE', /ENCRYPTED SIGSTORE PRIVATE KEY/],
    ['text to verify', () => loadPublicKey(file('hello'), context()), 'KEY_PARSE', 'pem to public key: PEM decoding failed'],
    ['bytes to sign', () => loadSigner(file('hello'), context()), 'KEY_PRIVATE_PARSE', 'invalid pem block'],
    ['a huge file', () => loadSigner(file('x'.repeat(2_000_000)), context()), 'FILE_TOO_LARGE', /1048576 bytes/],
  ])('%s', async (_, call, code, message) => {
    expect(await refusal(call)).toMatchObject({ code, message: typeof message === 'string' ? message : expect.stringMatching(message) });
  });

  test('a wrong password', async () => {
    expect(await refusal(() => loadSigner(file(privatePem), keyContext({ password: async () => utf8('no') })))).toMatchObject({
      code: 'KEY_PASSWORD',
      message: 'decrypt: encrypted: decryption failed',
    });
  });

  test.each(['awskms:///alias/key', 'gcpkms://projects/p', 'azurekms://v.vault.azure.net/k'])('%s, with a word on the plug', async (reference) => {
    for (const call of [loadSigner, loadPublicKey, createKey]) {
      const scheme = reference.slice(0, reference.indexOf(':'));
      expect(await refusal(() => call(reference, context()))).toMatchObject({
        code: 'KEY_PROVIDER_MISSING',
        message: `${scheme}:// keys are not supported here`,
        hint: expect.stringContaining('KeyProvider'),
      });
    }
  });

  test.each([
    ['cosign', 'could not parse scheme, use <scheme>://<ref> format'],
    ['s3://bucket', 'undefined provider: s3'],
    ['hashivault://key', 'undefined provider: hashivault'],
  ])('to store a key pair at %s', async (reference, message) => {
    const stored = { privateKeyPem: privatePem, publicKeyPem: publicPem, password: utf8('pw') };
    expect(await refusal(() => storeKeyPair(reference, stored, context()))).toMatchObject({ code: 'KEY_REFERENCE', message });
  });

  test('to make a key where none is made', async () => {
    expect(await refusal(() => createKey('cosign.key', context()))).toMatchObject({ code: 'KEY_REFERENCE' });
  });
});

describe('a provider of the caller', () => {
  const asked: string[] = [];
  const provider: KeyProvider = {
    async loadSigner(reference) {
      asked.push(reference);
      return localSigner(pair.pkcs8);
    },
    async loadPublicKey(reference) {
      asked.push(reference);
      return pair.publicKey;
    },
  };

  test('serves its scheme, also in place of one of ours, and no other', async () => {
    const context = keyContext({ password, providers: { awskms: provider, gitlab: provider } });
    expect(await loadSigner('awskms:///alias/key', context)).toBeDefined();
    expect(await loadPublicKey('gitlab://project', context)).toBe(pair.publicKey);
    expect(asked).toEqual(['awskms:///alias/key', 'gitlab://project']);
    expect(await refusal(() => loadSigner('gcpkms://x', context))).toMatchObject({ code: 'KEY_PROVIDER_MISSING' });
    expect(await refusal(() => loadSigner('constructor://x', context))).toMatchObject({ code: 'NET_URL' });
  });
});
