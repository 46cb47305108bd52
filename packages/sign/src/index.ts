/** `@assay/sign`: keys, and what is made with them. Everything public, by name. */
export { decryptPrivateKey, encryptPrivateKey } from './keys/encrypted-key.ts';
export { importKeyPair } from './keys/import-key.ts';
export { DEFAULT_SIGNING_ALGORITHM, generateKeyPair, type KeyPair, publicKeyPem, SIGNING_ALGORITHMS } from './keys/key-pair.ts';
export { localSigner } from './keys/local-key.ts';
export type { KeyContext, KeyProvider, StorableKeyPair } from './keys/provider.ts';
export { createKey, loadPublicKey, loadSigner, storeKeyPair } from './keys/reference.ts';
export { createSigner, type HeldKey, type Signer } from './keys/signer.ts';
export { predicateTypeOf, readPredicate } from './predicate.ts';
export { bundleOfSealed, envelopeJson, type Record, rekorBundleJson, type Sealed, type SealOptions, type Signable, seal, timestampJson } from './seal.ts';
export { type LogService, type Recorded, type RecordOptions, recordSigning } from './services/record.ts';
export { type EnvelopeKind, logToRekorV1, type RekorV1Options } from './services/rekor-v1.ts';
export { logToRekorV2 } from './services/rekor-v2.ts';
export type { Service } from './services/service.ts';
export type { Signing } from './services/signing.ts';
export { requestTimestamp } from './services/timestamp.ts';
export { encodeStatement, SIGN_PREDICATE_TYPE, type StatementContent, signatureStatement } from './statement.ts';
