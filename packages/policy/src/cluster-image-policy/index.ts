/**
 * `@assay/policy/cluster-image-policy`: policy-controller's policies, read, checked, matched and flattened. Nothing here looks at evidence.
 *
 *     parseClusterImagePolicy ─► withDefaults ─► validatePolicy ─► convertPolicy ─► resolvePolicy ─► compilePolicy
 *     readPolicyDocument: the first four, over a file
 */
export {
  type CompiledAuthority,
  type CompiledCondition,
  type CompiledKey,
  type CompiledKeyless,
  type CompiledPolicy,
  compilePolicy,
  encodeCompiledPolicy,
  parseCompiledPolicy,
  readCompiledPolicies,
} from './compiled.ts';
export { type ControllerConfig, DEFAULT_CONTROLLER_CONFIG, parseControllerConfig } from './controller-config.ts';
export { type Converted, convertPolicy } from './convert.ts';
export { withDefaults } from './defaults.ts';
export { MAX_POLICY_BYTES, parseDocuments } from './document.ts';
export { canonicalName, compileGlob, type Glob, type GlobProblem, matchGlob } from './glob.ts';
export { hashOf, type PolicyHash } from './hash-algorithm.ts';
export { coversObject, type Match, type MatchedObject, matchPolicy, parseGroupVersion, resourceOf, type Scope, selects } from './match.ts';
export { type ParseOptions, POLICY_GROUP, parseClusterImagePolicy } from './parse.ts';
export { type AttestationInput, type AttestationPayload, attestationPayload, predicateTypeUri } from './payload.ts';
export { imagePolicyOf } from './policy.ts';
export { type PolicyDocument, readPolicyDocument } from './policy-document.ts';
export { type ResolveFailure, type Resolver, resolvePolicy, resolvesNothing } from './resolve.ts';
export type {
  Attestation,
  Authority,
  ClusterImagePolicy,
  ClusterImagePolicySpec,
  ClusterImagePolicyVersion,
  ConfigMapReference,
  Identity,
  ImagePattern,
  Keyless,
  KeyReference,
  LabelRequirement,
  LabelSelector,
  LogReference,
  MatchResource,
  ObjectMeta,
  PolicyReference,
  RemotePolicy,
  SecretReference,
  Source,
  StaticAnswer,
  TimestampReference,
} from './types.ts';
export { type ValidateOptions, validatePolicy, WEBHOOK_RESOURCES } from './validate.ts';
