/** Identity tokens for keyless signing. Everything public, by name. */
export { type AmbientProviderName, ambientProviderNames, ambientToken } from './ambient.ts';
export { type BrowserFlow, browserToken } from './browser.ts';
export { type ClientCredentialsFlow, clientCredentialsToken } from './client-credentials.ts';
export { type DeviceCode, type DeviceFlow, deviceToken } from './device.ts';
export { type IdentityToken, type ParseTokenOptions, parseIdentityToken } from './identity-token.ts';
export type { Places, TokenContext } from './token-context.ts';
