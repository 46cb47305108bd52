/** A signed JSON Web Token of ours: what every one of them has, whatever it is for. */
import { SignJWT } from 'jose';
import { ALGORITHM, type OidcKey } from './oidc-key.ts';

export interface TokenFrame {
  /** The header's `typ`, which keeps tokens of one purpose from passing for another. */
  readonly type: string;
  readonly issuer: string;
  readonly audience: string;
  readonly now: Date;
  readonly lifetimeSeconds: number;
}

export function signToken(
  key: OidcKey,
  claims: Readonly<Record<string, unknown>>,
  { type, issuer, audience, now, lifetimeSeconds }: TokenFrame,
): Promise<string> {
  // Rounded down, or a client on the same machine would see a token from the future.
  const issuedAt = Math.floor(now.getTime() / 1000);
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: ALGORITHM, kid: key.keyId, typ: type })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(issuedAt + Math.floor(lifetimeSeconds))
    .sign(key.privateKey);
}
