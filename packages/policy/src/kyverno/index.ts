/** `@assay/policy/kyverno`: Kyverno's policies over images, ClusterPolicy and Policy. */
export { parseDocuments } from '../cluster-image-policy/document.ts';
export { applyPatches } from './apply-patches.ts';
export { allRules } from './autogen.ts';
export { blockingMessage, isBlocking, resourceName, warningsOf } from './blocking.ts';
export { type VerdictCache, type VerdictKey, verdictKey } from './cache-key.ts';
export { clusterPolicy, type RulePolicyOptions } from './evaluate.ts';
export { DEFAULT_IMAGE_SETTINGS, type ImageInfo, type ImageSettings, imageInfo, imageText } from './image.ts';
export { imageDataOf } from './image-data.ts';
export {
  addImage,
  type ImageStatus,
  type Metadata,
  merged as mergedMetadata,
  metadataPatches,
  NO_METADATA,
  parseScoped,
  readScoped,
  scopedStatus,
  VERIFY_IMAGES,
  VERIFY_IMAGES_SCOPED,
} from './metadata.ts';
export { isPolicy, type KyvernoException, type KyvernoPolicy, type ParsedDocuments, parseKyverno, policyOf, sortDocuments } from './policy.ts';
export type {
  Credentials,
  Mutation,
  Operation,
  Patch,
  Review,
  ReviewUser,
  RulePolicy,
  RuleResult,
  RuleStatus,
  World,
} from './rule-policy.ts';
export { type PolicyProblems, validateKyverno } from './validate-policy.ts';
