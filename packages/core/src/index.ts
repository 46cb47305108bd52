/** `@assay/core`: verifies Sigstore bundles. Everything public, by name. */
export { Artifact, digestText, parseDigest } from './artifact.ts';
export { type Authority, buildPath } from './authority.ts';
export { decodeBase64, encodeBase64 } from './base64.ts';
export type {
  Bundle,
  BundleContent,
  BundleVersion,
  DsseEnvelope,
  LogEntry,
  LogInclusionProof,
  MessageSignature,
  PayloadSignature,
  VerificationMaterial,
} from './bundle.ts';
export { type BundleOptions, MAX_BUNDLE_BYTES, parseBundle, parseLogEntry } from './bundle.ts';
export { concat, decodeUtf8, equalBytes, fromHex, toHex, uint, utf8 } from './bytes.ts';
export { canonicalJson, type JsonValue } from './canonical-json.ts';
export { type CatalogueEntry, catalogue, type ErrorCode, type ErrorKind } from './catalogue.ts';
export type { ProvenTime } from './certificate-stage.ts';
export {
  type Check,
  type CheckEvidence,
  type CheckStatus,
  deriveStatus,
  fail,
  failFrom,
  failures,
  group,
  isConsistent,
  pass,
  skip,
  warnings,
} from './check.ts';
export { type Checkpoint, type CheckpointResult, isRekorV1Origin, originNames, parseCheckpoint } from './checkpoint.ts';
export type { Witness } from './cosignature.ts';
export type { Awaitable, CryptoProvider, Hasher, HashName, SignatureScheme } from './crypto.ts';
export { context, contextConstructed, Der, DerError, DerSequence, encodeDer, TAG } from './der.ts';
export { IN_TOTO_PAYLOAD_TYPE, parseStatement, preAuthenticationEncoding, type Statement, type Subject } from './dsse.ts';
export { BUNDLE_V03, type BundleToWrite, encodeBundle } from './encode-bundle.ts';
export { parseEnvelope } from './envelope.ts';
export { described, isTrustError, quote, TrustError, type TrustErrorOptions } from './errors.ts';
export { type DocumentCodes, Fields, parseFields } from './fields.ts';
export { encodeGoJson, escapeGoJson } from './go-json.ts';
export {
  type CertificateIdentity,
  checkIdentity,
  type ExpectedIdentity,
  exactly,
  FULCIO_EXTENSIONS,
  type FulcioExtension,
  identityOf,
  type Matcher,
  matcherText,
  matchesText,
  matching,
} from './identity.ts';
export { isJsonObject, type Json, JsonError, type JsonObject, MAX_JSON_DEPTH, parseJson, tryParseJson, tryParseJsonObject } from './json.ts';
export {
  type Curve,
  defaultScheme,
  ed25519Spki,
  keyDetails,
  keyFingerprint,
  keyText,
  type PublicKey,
  parsePkcs1,
  parsePublicKeyPem,
  parseSpki,
} from './key.ts';
export { bundleOf, type LegacyBundle, type LooseEvidence, logEntryOf, parseLegacyBundle, parseRekorBundle, parseSignatureFile } from './legacy-bundle.ts';
export { type ConsistencyProof, HASH_SIZE, type InclusionProof, leafHash, nodeHash, rootFromInclusion, verifyConsistency } from './merkle.ts';
export { type Note, type NoteSignature, noteKeyId, parseNote, signaturesOf } from './note.ts';
export { encodePem, type PemBlock, parsePem } from './pem.ts';
export { PREDICATE_TYPES } from './predicate-types.ts';
export {
  certificatePem,
  type NamedLogEntry,
  parseRekorAnswer,
  parseRekorEntries,
  proposedDsse,
  proposedHashedRekord,
  readRekorEntries,
} from './rekor-api.ts';
export { checkBody } from './rekor-body.ts';
export { parseVerificationJson, type SavedVerification, verificationJson } from './result.ts';
export { parseSctList, type SignedCertificateTimestamp, tbsWithoutScts } from './sct.ts';
export { encodingProblem, parseEcdsaSignature, verifySignature } from './signature.ts';
export { digestsNeeded, type SignedContent, signedContent } from './signed-content.ts';
export { encodeSimpleSigning, parseSimpleSigning, type SimpleSigning, type SimpleSigningContent } from './simple-signing.ts';
export { fromUnixSeconds, parseRfc3339, rfc3339, type Window, windowContains, windowText } from './time.ts';
export { parseTimestampResponse, type TimestampToken } from './timestamp-token.ts';
export { checkCheckpoint, checkInclusionProof } from './tlog.ts';
export { type TrustParts, trustedRootOf, withParts } from './trust-parts.ts';
export { type LogInstance, MAX_TRUSTED_ROOT_BYTES, parseTrustedRoot, TRUSTED_ROOT_MEDIA_TYPE, type TrustedRoot } from './trusted-root.ts';
export { isVerified, type VerifiedContent, type VerifiedDigest, type VerifiedIdentity, type VerifiedPayload, type VerifiedStatement } from './verified.ts';
export { type ExpectedSigner, judged, notVerified, VERIFICATION_MEDIA_TYPE, type Verification, type Verified, type VerifyOptions, verify } from './verify.ts';
export { webCrypto } from './webcrypto.ts';
export {
  type BasicConstraints,
  Certificate,
  type Extension,
  nameText,
  OID,
  parseCertificatesPem,
  type SubjectAlternativeName,
  signatureSchemeOf,
} from './x509.ts';
