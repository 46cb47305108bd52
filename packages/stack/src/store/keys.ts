/**
 * Private keys at rest: PKCS#8 PEM, one file each, readable by their owner alone (0600).
 *
 *   keys/ca-1.pem            BEGIN PRIVATE KEY, or BEGIN ENCRYPTED PRIVATE KEY (PBES2, AES-256) when there is a passphrase
 *
 * OpenSSL and everything built on it reads both.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { TrustError, utf8 } from '@assay/core';
import { SigningKey } from '@assay/make';
import type { Disk } from './disk.ts';

export type StoredKeyType = 'p256' | 'p384' | 'ed25519' | 'rsa2048';

export interface Keys {
  /** Errors: `STACK_DATA` for a key that is absent, damaged, or encrypted with another passphrase. */
  load(name: string): Promise<KeyObject>;
  /** Makes a key and keeps it; durable when it resolves. A key that is there already stays, and is returned: nothing is ever overwritten. */
  create(name: string, type: StoredKeyType): Promise<KeyObject>;
}

export function openKeys(disk: Disk, passphrase?: string): Keys {
  const read = async (name: string): Promise<KeyObject | undefined> => {
    const pem = await disk.read(`${name}.pem`);
    return pem === undefined ? undefined : parseKey(Buffer.from(pem), `${disk.root}/${name}.pem`, passphrase);
  };
  return {
    load: async (name) => {
      const key = await read(name);
      if (key === undefined) throw new TrustError('STACK_DATA', `${disk.root}/${name}.pem: there is no such key`);
      return key;
    },
    create: async (name, type) => {
      const there = await read(name);
      if (there !== undefined) return there;
      const key = generate(type);
      await disk.write(`${name}.pem`, utf8(exportKey(key, passphrase)), { mode: 0o600 });
      return key;
    },
  };
}

function parseKey(pem: Buffer, file: string, passphrase: string | undefined): KeyObject {
  const encrypted = pem.includes('ENCRYPTED PRIVATE KEY');
  if (encrypted && passphrase === undefined) throw new TrustError('STACK_DATA', `${file}: the key is encrypted, and no passphrase was given`);
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(encrypted && { passphrase }) });
  } catch {
    throw new TrustError('STACK_DATA', `${file}: ${encrypted ? 'the passphrase does not open the key, or the file is damaged' : 'not a private key'}`);
  }
}

function generate(type: StoredKeyType): KeyObject {
  if (type === 'ed25519') return generateKeyPairSync('ed25519').privateKey;
  if (type === 'rsa2048') return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  return generateKeyPairSync('ec', { namedCurve: CURVES[type] }).privateKey;
}

function exportKey(key: KeyObject, passphrase: string | undefined): string {
  const encryption = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  return key.export({ type: 'pkcs8', format: 'pem', ...encryption }) as string;
}

/** The key as the makers of `@assay/make` use it. */
export function signingKeyOf(key: KeyObject): SigningKey {
  const type = key.asymmetricKeyType === 'ed25519' ? 'ed25519' : TYPES[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (type === undefined) throw new TypeError('not a key of the stack');
  return new SigningKey(type, key);
}

const TYPES: Readonly<Record<string, StoredKeyType>> = { prime256v1: 'p256', secp384r1: 'p384' };
const CURVES = { p256: 'prime256v1', p384: 'secp384r1' } as const;
