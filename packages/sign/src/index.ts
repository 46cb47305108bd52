/** `@assay/sign`: keys, and what is made with them. Everything public, by name. */
export {
  type AmbientProviderName,
  ambientProviderNames,
  ambientToken,
  type BrowserFlow,
  browserToken,
  type ClientCredentialsFlow,
  clientCredentialsToken,
  type DeviceCode,
  type DeviceFlow,
  deviceToken,
  type IdentityToken,
  type ParseTokenOptions,
  type Places,
  parseIdentityToken,
  type TokenContext,
} from './identity/index.ts';
export { expectedIdentity } from './keyless/expected-identity.ts';
export { type Certified, type KeylessOptions, type KeylessSigner, keylessSigner } from './keyless/keyless-signer.ts';
export { encodePending, type Finished, type FinishOptions, finishPending, type PendingSigning, parsePending } from './keyless/pending.ts';
export { type KeylessStage, type SealedKeyless, type SealKeylessOptions, sealKeyless } from './keyless/seal-keyless.ts';
export { checkIssued, type KeylessDemands, verifyKeyless } from './keyless/verify-keyless.ts';
export { decryptPrivateKey, encryptPrivateKey } from './keys/encrypted-key.ts';
export { importKeyPair } from './keys/import-key.ts';
export { DEFAULT_SIGNING_ALGORITHM, generateKeyPair, type KeyPair, publicKeyPem, SIGNING_ALGORITHMS } from './keys/key-pair.ts';
export { localSigner } from './keys/local-key.ts';
export type { KeyContext, KeyProvider, StorableKeyPair } from './keys/provider.ts';
export { createKey, loadPublicKey, loadSigner, storeKeyPair } from './keys/reference.ts';
export { createSigner, type HeldKey, type Signer } from './keys/signer.ts';
export { predicateTypeOf, readPredicate } from './predicate.ts';
export { bundleOfSealed, envelopeJson, type Record, rekorBundleJson, type Sealed, type SealOptions, type Signable, seal, timestampJson } from './seal.ts';
export { type CertificateRequest, type IssuedCertificate, requestCertificate } from './services/fulcio.ts';
export { type LogService, type PartlyRecorded, type Recorded, type RecordOptions, recordSigning, refuseUntimed } from './services/record.ts';
export { type EnvelopeKind, logToRekorV1, type RekorV1Options } from './services/rekor-v1.ts';
export { logToRekorV2, type RekorV2Options } from './services/rekor-v2.ts';
export type { Service } from './services/service.ts';
export type { Signing } from './services/signing.ts';
export { fetchTiledEntry, type TiledEntry } from './services/tiles.ts';
export { requestTimestamp } from './services/timestamp.ts';
export { encodeStatement, SIGN_PREDICATE_TYPE, type StatementContent, signatureStatement } from './statement.ts';
