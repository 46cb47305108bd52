/** ImageValidatingPolicy and NamespacedImageValidatingPolicy of Kyverno: policies in CEL over the images of what is asked of a cluster, or of any JSON. */
export { type GeneratedSpec, generatedSpecs, type Target } from './autogen.ts';
export { type VerificationKey, verificationKey } from './cache-key.ts';
export { type CompiledPolicy, compilePolicy } from './compile.ts';
export { type Answer, answerOf, isFineGrained, refusalText, webhookName } from './denial.ts';
export {
  actionsOf,
  celExceptionOf,
  type ImageValidatingPolicy,
  imageValidatingPolicyOf,
  isCelException,
  isImageValidatingPolicy,
  judgesJson,
  type ParsedPolicies,
  type PolicyException,
  parseImageValidatingPolicies,
} from './policy.ts';
export { type ImageValidatingResult, type ImageValidatingRulePolicy, imageValidatingRulePolicy } from './rule-policy.ts';
export type { Action, ExceptionSpec, Spec } from './types.ts';
export { type Webhook, type WebhookRule, webhooksOf } from './webhooks.ts';
export type { ImageValidatingWorld, TufRepository, VerificationCache } from './world.ts';
