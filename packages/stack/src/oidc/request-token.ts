/**
 * The two variables by which a job on GitHub Actions gets identity tokens (services.md section 2):
 *
 *   ACTIONS_ID_TOKEN_REQUEST_URL    has a query already, because cosign appends `&audience=…` to the text
 *   ACTIONS_ID_TOKEN_REQUEST_TOKEN  here a token of ours that says which workflow the job belongs to
 *
 * The request token is no identity token, although one key signs both: its type and audience differ, so neither passes for the other.
 */
import { type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { GithubIdentity } from './github-claims.ts';
import { identityClaims, issuerUrl } from './identity.ts';
import { OAuthError } from './oauth-error.ts';
import { ALGORITHM, type OidcKey } from './oidc-key.ts';
import { signToken } from './sign-token.ts';

export interface RequestTokenOptions {
  /** Of the OIDC service. */
  readonly baseUrl: string;
  readonly now: Date;
  /** Default: six hours, the longest that a job may run. */
  readonly lifetimeSeconds?: number;
}

/** Errors: as `mintToken`. */
export async function mintRequestToken(
  key: OidcKey,
  identity: GithubIdentity,
  { baseUrl, now, lifetimeSeconds = 21_600 }: RequestTokenOptions,
): Promise<string> {
  identityClaims(identity); // refuses now what could not be minted later
  return signToken(key, { workflow: identity }, { type: TYPE, issuer: issuerUrl(baseUrl, 'github'), audience: tokenUrl(baseUrl), now, lifetimeSeconds });
}

export function actionsRequestUrl(baseUrl: string): string {
  return `${tokenUrl(baseUrl)}?api-version=2.0`;
}

export interface ReadOptions {
  readonly baseUrl: string;
  readonly now: Date;
  readonly keys: JWTVerifyGetKey;
}

/** From the `Authorization` header. Throws `OAuthError` 401. */
export async function readRequestToken(authorization: string | undefined, { baseUrl, now, keys }: ReadOptions): Promise<GithubIdentity> {
  const token = BEARER.exec(authorization ?? '')?.groups?.['token'];
  if (token === undefined) throw unauthorized('a request token is needed: Authorization: bearer TOKEN', 'Bearer');
  const expected = { algorithms: [ALGORITHM], typ: TYPE, issuer: issuerUrl(baseUrl, 'github'), audience: tokenUrl(baseUrl), currentDate: now };
  try {
    const { payload } = await jwtVerify<{ workflow: GithubIdentity }>(token, keys, { ...expected, requiredClaims: ['exp', 'workflow'] });
    return payload.workflow;
  } catch {
    throw unauthorized('the request token is not one of this issuer, or has expired', 'Bearer error="invalid_token"');
  }
}

function unauthorized(description: string, challenge: string): OAuthError {
  return new OAuthError('invalid_token', description, { status: 401, headers: { 'WWW-Authenticate': challenge } });
}

function tokenUrl(baseUrl: string): string {
  return `${issuerUrl(baseUrl, 'github')}/token`;
}

const TYPE = 'actions-request+jwt';
const BEARER = /^bearer +(?<token>[\w.-]+)$/i;
