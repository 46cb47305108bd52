/**
 * Whom a token can name, and by which issuer. People log in at the base URL itself; the others are emulations for tests, below it, with the
 * claims that the real issuer has (services.md sections 2 and 3).
 */
import { quote, TrustError } from '@assay/core';
import type { Claims } from './ci-claims.ts';
import { isEmailAddress } from './email-address.ts';
import { type GithubIdentity, githubClaims } from './github-claims.ts';
import { type GitlabIdentity, gitlabClaims } from './gitlab-claims.ts';

export interface EmailIdentity {
  readonly kind: 'email';
  readonly email: string;
}

export interface SpiffeIdentity {
  readonly kind: 'spiffe';
  /** `spiffe://TRUST-DOMAIN/PATH` */
  readonly id: string;
}

export type Identity = EmailIdentity | GithubIdentity | GitlabIdentity | SpiffeIdentity;
export type IssuerKind = Identity['kind'];

export const EMULATED_ISSUERS = ['github', 'gitlab', 'spiffe'] as const;

/** @param baseUrl of the OIDC service, e.g. `http://127.0.0.1:4100/oidc` */
export function issuerUrl(baseUrl: string, kind: IssuerKind): string {
  return kind === 'email' ? baseUrl : `${baseUrl}/${kind}`;
}

/** `sub` and what else tells who it is; not what every token has. Errors: `USAGE` for values that the real issuer could not have. */
export function identityClaims(identity: Identity): Claims {
  switch (identity.kind) {
    case 'email':
      return emailClaims(identity);
    case 'github':
      return githubClaims(identity);
    case 'gitlab':
      return gitlabClaims(identity);
    case 'spiffe':
      return spiffeClaims(identity);
  }
}

/** `sub` is the address too: sigstore-python shows and compares the `sub` of issuers that it does not know. */
function emailClaims({ email }: EmailIdentity): Claims {
  if (!isEmailAddress(email)) throw new TrustError('USAGE', `not an e-mail address: ${quote(email)}`);
  return { sub: email, email, email_verified: true };
}

function spiffeClaims({ id }: SpiffeIdentity): Claims {
  if (!SPIFFE_ID.test(id) || id.length > MAX_SPIFFE_ID)
    throw new TrustError('USAGE', `not a SPIFFE ID: ${quote(id)}`, { expected: 'spiffe://TRUST-DOMAIN/PATH' });
  return { sub: id };
}

/** SPIFFE-ID section 2: no empty and no dot segments. */
const SPIFFE_ID = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/(?!\.\.?(?:\/|$))[A-Za-z0-9._-]+)*$/;
const MAX_SPIFFE_ID = 2048;
