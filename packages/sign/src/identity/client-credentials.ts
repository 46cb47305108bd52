/** A machine that logs in with a secret of its own: the client credentials flow (RFC 6749 section 4.4), of an issuer that answers it with an ID token. */
import type { IdentityToken } from './identity-token.ts';
import { type IssuerOptions, openIssuer } from './issuer.ts';
import type { TokenContext } from './token-context.ts';

export interface ClientCredentialsFlow extends IssuerOptions {
  readonly clientSecret: string;
  /** Only told to the issuer. */
  readonly redirectUrl?: string | undefined;
}

/** @throws TrustError OIDC_ISSUER, OIDC_LOGIN (refused), OIDC_TOKEN, NET_…, and what `parseIdentityToken` throws */
export async function clientCredentialsToken(context: TokenContext, flow: ClientCredentialsFlow): Promise<IdentityToken> {
  const issuer = await openIssuer(context, flow);
  const { openid, config } = issuer;
  const redirect = flow.redirectUrl === undefined ? {} : { redirect_uri: flow.redirectUrl };
  const parameters = { scope: 'openid email', ...redirect };
  return issuer.identityIn(await issuer.attempt(() => openid.genericGrantRequest(config, 'client_credentials', parameters)));
}
