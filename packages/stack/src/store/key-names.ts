/** The keys of each generation: `keys/<prefix>-<number>.pem`. */
import type { KeyObject } from 'node:crypto';
import type { GenerationKind } from '../instance.ts';
import type { Keys, StoredKeyType } from './keys.ts';

export type KeyPrefix = keyof typeof KEY_TYPES;

/** Of the file in `keys/`, without `.pem`. */
export function keyName(prefix: KeyPrefix, number: number): string {
  return `${prefix}-${number}`;
}

/** The key of that generation; made where there is none, of the type that it has to be. Errors: `STACK_DATA`. */
export function createKey(keys: Keys, prefix: KeyPrefix, number: number): Promise<KeyObject> {
  return keys.create(keyName(prefix, number), KEY_TYPES[prefix]);
}

export const KEY_TYPES = {
  ca: 'p384',
  'ca-root': 'p384',
  ctlog: 'p256',
  'rekor-v1': 'p256',
  'rekor-v2': 'ed25519',
  tsa: 'p256',
  'tsa-root': 'p384',
  'tuf-root': 'p256',
  'tuf-targets': 'p256',
  'tuf-online': 'p256',
  oidc: 'rsa2048',
} as const satisfies Readonly<Record<string, StoredKeyType>>;

export const KEYS_OF: Readonly<Record<GenerationKind, readonly KeyPrefix[]>> = {
  ca: ['ca', 'ca-root'],
  ctlog: ['ctlog'],
  rekorV1: ['rekor-v1'],
  rekorV2: ['rekor-v2'],
  tsa: ['tsa', 'tsa-root'],
  tuf: ['tuf-root', 'tuf-targets', 'tuf-online'],
  oidc: ['oidc'],
};
