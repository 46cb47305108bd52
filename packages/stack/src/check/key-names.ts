/** The keys of each generation, as `authorities.ts` and `open-services.ts` make them: `keys/<prefix>-<number>.pem`. */
import type { GenerationKind } from '../instance.ts';
import type { StoredKeyType } from '../store/keys.ts';

export const KEYS_OF: Readonly<Record<GenerationKind, readonly (readonly [prefix: string, type: StoredKeyType])[]>> = {
  ca: [
    ['ca', 'p384'],
    ['ca-root', 'p384'],
  ],
  ctlog: [['ctlog', 'p256']],
  rekorV1: [['rekor-v1', 'p256']],
  rekorV2: [['rekor-v2', 'ed25519']],
  tsa: [
    ['tsa', 'p256'],
    ['tsa-root', 'p384'],
  ],
  tuf: [
    ['tuf-root', 'p256'],
    ['tuf-targets', 'p256'],
    ['tuf-online', 'p256'],
  ],
  oidc: [['oidc', 'rsa2048']],
};
