/** The OpenID Connect issuer, and the tokens that it would issue. */
export { addAccount } from './accounts.ts';
export { type Identity, issuerUrl } from './identity.ts';
export { type MintOptions, mintToken } from './mint-token.ts';
export { type OidcOptions, type OidcService, openOidc } from './oidc.ts';
export { type OidcKey, oidcKey } from './oidc-key.ts';
export { actionsRequestUrl, mintRequestToken } from './request-token.ts';
