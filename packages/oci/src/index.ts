/** `@assay/oci`: references, manifests, registries, layouts, and the evidence found in them. Everything public, by name. */
export { artifactTypeOf } from './artifact-type.ts';
export { attachBundle, type BundleAttachment, descriptorOf } from './attach/bundle.ts';
export { type AttachedParts, type AttestationToAppend, appendAttestation, appendSignature, type SignatureToAppend } from './attach/evidence.ts';
export { type FileToPut, putFile } from './attach/file.ts';
export type { Appended } from './attach/layers.ts';
export { type BlobEvent, type CopyOptions, childrenFor, copyImage } from './copy.ts';
export { type Digest, digestOf, type Expected, hexOf, isDigest, toDigest, verified } from './digest.ts';
export { digestOfFile, hashFile } from './digest-file.ts';
export { descriptorJson, encodeImage, encodeIndex } from './encode.ts';
export {
  type Belonging,
  type Belongings,
  type BelongingsOptions,
  digestsIn,
  findBelongings,
  type Missed,
  PREDICATE_TYPE,
} from './evidence/belongings.ts';
export { type CopyEvidenceOptions, type CopyWithEvidenceOptions, copyEvidence, copyWithEvidence, targetTag } from './evidence/copy-evidence.ts';
export { type Evidence, type EvidenceFormat, isBundleType, readEvidence, type Unreadable } from './evidence/evidence.ts';
export { type AttachmentSuffix, attachmentTag, type FindEvent, type FindOptions, findEvidence } from './evidence/find.ts';
export { ANNOTATION, type LooseParts, looseParts } from './evidence/loose.ts';
export { type LoadOptions, loadImage, type SaveOptions, savedEntry, savedManifest, saveImage } from './evidence/save.ts';
export { type ContainingIndex, findContainingIndex, type SignedIndexSearch } from './evidence/signed-index.ts';
export { isImageConfig, MAX_CONFIG_BYTES } from './image/image.ts';
export { DEFAULT_PLATFORM, imageForPlatform, parsePlatform, platformText, type StoredImage } from './image/platform.ts';
export { KIND, KINDS, Layout, REF_NAME } from './layout.ts';
export {
  type Descriptor,
  type ImageIndex,
  type ImageManifest,
  MAX_MANIFEST_BYTES,
  type Manifest,
  type Platform,
  readManifest,
  type StoredManifest,
} from './manifest.ts';
export * from './media-types.ts';
export {
  canonicalRegistry,
  DOCKER_HUB,
  type ImageReference,
  parseReference,
  parseRepository,
  type RepositoryName,
  referenceText,
  repositoryText,
  targetOf,
  withDigest,
  withTag,
} from './reference.ts';
export type { Connection, PlainHttp } from './registry/connection.ts';
export { isStatus } from './registry/failure.ts';
export { nextPage, pages } from './registry/page.ts';
export { deleteTag, fallbackTag, hasReferrersApi, removeFromFallback } from './registry/referrers.ts';
export { openRegistries, type Registries, type RegistryOptions } from './registry/registry.ts';
export type { RepositoryClient } from './registry/repository.ts';
export { allReferrers, type ContentReader, type ContentWriter, type PlaceAnswer, type ReferrerFilter, type ReferrerList, sourceOf } from './store.ts';
