/** Where trust comes from: files, the TUF mirror and its cache, embedded data. tuf-js is loaded only for a refresh. */

export type { CachedTarget } from './cache/folder.ts';
export { mirrorFolder, readCachedTarget } from './cache/folder.ts';
export type { EmbeddedRepository } from './embedded.ts';
export { embeddedPublicRoot, embeddedRepository, PUBLIC_MIRROR, registryKeysTarget, TRUSTED_ROOT } from './embedded.ts';
export type { LoadedTarget, TargetOptions, TrustSource } from './fetch-target.ts';
export { fetchTarget } from './fetch-target.ts';
export type { Initialized, InitializeOptions } from './initialized.ts';
export { initialize, initializedFolder, initializedSettings, SIGNING_CONFIG } from './initialized.ts';
export type { TrustSettings } from './settings.ts';
export { defaultCacheDir, trustSettings } from './settings.ts';
export {
  CLIENT_TRUST_CONFIG_MEDIA_TYPE,
  parseClientTrustConfig,
  parseSigningConfig,
  type Service,
  type ServiceSelection,
  SIGNING_CONFIG_MEDIA_TYPE,
  type SigningConfig,
  selectService,
  selectServices,
} from './signing-config.ts';
export type { TrustedRootOptions } from './trusted-root.ts';
export { loadTrustedRoot } from './trusted-root.ts';
export type { VerifiedRoot } from './verify-root-chain.ts';
export { verifyRootChain } from './verify-root-chain.ts';
