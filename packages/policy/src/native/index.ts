/** `@assay/policy/native`: `assay.policy.yaml`, our own form of a policy. */
export { demandOfSpec, demandsSignature, forImage, inherited } from './demand.ts';
export { customResourceDefinition, policyJsonSchema, SCHEMA_URL } from './json-schema.ts';
export { type Learned, learn, type SeenEvidence, type SeenImage, type SeenSigner } from './learn.ts';
export { checkNativePolicy, type ParsedPolicy, type PolicyProblem, parseNativePolicies } from './parse.ts';
export { compiled, imagePolicyOf, loadNativePolicies, type NativeOrigin, NO_FILES, nativePolicyOf, problemText } from './policy.ts';
export {
  API_VERSION,
  KIND,
  type NativeAttestation,
  type NativeBuild,
  type NativeDemands,
  type NativeDocument,
  type NativeException,
  type NativeMatch,
  type NativeSigner,
  type NativeSpec,
  type NativeTrust,
  type NativeWhere,
} from './schema.ts';
export type { PolicyFiles } from './signers.ts';
