/**
 * The keys that identity tokens are signed with: RSA (`RS256`), named by their RFC 7638 thumbprint. cosign takes `--identity-token` for a token
 * only when it is signed so; it reads any other as the name of a file.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, type JSONWebKeySet, type JWK } from 'jose';

export const ALGORITHM = 'RS256';

export interface OidcKey {
  readonly keyId: string;
  readonly privateKey: KeyObject;
  /** As it is published: with `kid`, `alg` and `use`. */
  readonly publicJwk: JWK;
}

/** Throws `TypeError` for a key that is not a private RSA one of at least 2048 bits. */
export async function oidcKey(privateKey: KeyObject): Promise<OidcKey> {
  const { modulusLength = 0 } = privateKey.asymmetricKeyDetails ?? {};
  if (privateKey.type !== 'private' || privateKey.asymmetricKeyType !== 'rsa' || modulusLength < 2048) {
    throw new TypeError('expected a private RSA key of at least 2048 bits');
  }
  const jwk = await exportJWK(createPublicKey(privateKey));
  const keyId = await calculateJwkThumbprint(jwk);
  return { keyId, privateKey, publicJwk: { ...jwk, kid: keyId, alg: ALGORITHM, use: 'sig' } };
}

export function publishedKeys(keys: readonly OidcKey[]): JSONWebKeySet {
  return { keys: keys.map(({ publicJwk }) => publicJwk) };
}
