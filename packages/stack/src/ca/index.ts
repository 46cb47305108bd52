/** The certificate authority. */
export { type CaOptions, openCa } from './ca.ts';
export { openIssuerFetcher } from './fetch-issuer.ts';
export { type FulcioConfig, parseFulcioConfig } from './issuer-config.ts';
export type { FetchIssuer } from './issuer-keys.ts';
