/** Makes identity tokens. Needs the key alone: neither a running stack nor a clock or disk of its own. */
import { randomUUID } from 'node:crypto';
import { TrustError } from '@assay/core';
import { type Identity, identityClaims, issuerUrl } from './identity.ts';
import type { OidcKey } from './oidc-key.ts';
import { signToken } from './sign-token.ts';

export interface MintOptions {
  /** Of the OIDC service, e.g. `http://127.0.0.1:4100/oidc`; the issuer is there or below it, by kind. */
  readonly baseUrl: string;
  readonly now: Date;
  /** Default `sigstore`. */
  readonly audience?: string;
  /** 60 to 600; default 300. */
  readonly lifetimeSeconds?: number;
  /** Returned to the client that sent it. */
  readonly nonce?: string | undefined;
}

/**
 * @example
 * await mintToken(key, { kind: 'github', repository: 'o/r', workflow: 'release.yml' }, { baseUrl, now: new Date() });
 *
 * Errors: `USAGE` for an identity that the real issuer could not name, and for a lifetime out of range.
 */
export async function mintToken(key: OidcKey, identity: Identity, options: MintOptions): Promise<string> {
  const { baseUrl, now, audience = AUDIENCE, lifetimeSeconds = DEFAULT_LIFETIME_SECONDS, nonce } = options;
  if (!(lifetimeSeconds >= MIN_LIFETIME_SECONDS && lifetimeSeconds <= MAX_LIFETIME_SECONDS)) {
    throw new TrustError('USAGE', 'a token lives from 1 to 10 minutes', { found: `${lifetimeSeconds} seconds` });
  }
  const claims = { ...identityClaims(identity), ...(nonce !== undefined && { nonce }), ...(identity.kind !== 'email' && { jti: randomUUID() }) };
  return signToken(key, claims, { type: 'JWT', issuer: issuerUrl(baseUrl, identity.kind), audience, now, lifetimeSeconds });
}

/** The one client, and so the one audience: what every client of Sigstore calls itself. */
export const AUDIENCE = 'sigstore';
export const DEFAULT_LIFETIME_SECONDS = 300;
const MIN_LIFETIME_SECONDS = 60;
const MAX_LIFETIME_SECONDS = 600;
