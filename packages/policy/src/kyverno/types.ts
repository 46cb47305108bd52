/**
 * The fields of a ClusterPolicy or Policy (`kyverno.io/v1`, `v2beta1`) that rules over images use, with the defaults of its CRD: an absent boolean of
 * `verifyImages` is true (admission.md 6.1).
 *
 * Unknown fields are refused in what concerns images, wherever they stand: a word that is misspelt would be a demand that is not made. Bodies of rules of other
 * kinds are not read.
 */
import { z } from 'zod';

const texts = z.record(z.string(), z.string());
const json = z.json();

const rekor = z.strictObject({ url: z.string().default(''), pubkey: z.string().optional(), ignoreTlog: z.boolean().optional() });
const ctlog = z.strictObject({ ignoreSCT: z.boolean().optional(), pubkey: z.string().optional(), tsaCertChain: z.string().optional() });

const keys = z.strictObject({
  publicKeys: z.string().optional(),
  signatureAlgorithm: z.string().default('sha256'),
  kms: z.string().optional(),
  secret: z.strictObject({ name: z.string(), namespace: z.string() }).optional(),
  rekor: rekor.optional(),
  ctlog: ctlog.optional(),
});

const certificates = z.strictObject({
  cert: z.string().optional(),
  certChain: z.string().optional(),
  rekor: rekor.optional(),
  ctlog: ctlog.optional(),
});

const keyless = z.strictObject({
  rekor: rekor.optional(),
  ctlog: ctlog.optional(),
  issuer: z.string().optional(),
  issuerRegExp: z.string().optional(),
  subject: z.string().optional(),
  subjectRegExp: z.string().optional(),
  roots: z.string().optional(),
  additionalExtensions: texts.optional(),
});

const attestor = z.strictObject({
  keys: keys.optional(),
  certificates: certificates.optional(),
  keyless: keyless.optional(),
  /** Another set; read when it is needed. */
  attestor: json.optional(),
  annotations: texts.optional(),
  repository: z.string().optional(),
  signatureAlgorithm: z.string().default('sha256'),
});

export const attestorSetSchema = z.strictObject({ count: z.int().min(1).nullish(), entries: z.array(attestor).nullish() });

const attestation = z.strictObject({
  name: z.string().optional(),
  predicateType: z.string().default(''),
  type: z.string().default(''),
  attestors: z.array(attestorSetSchema).nullish(),
  conditions: json.optional(),
});

const failureAction = z.enum(['Audit', 'Enforce', 'audit', 'enforce']);

const imageVerification = z.strictObject({
  failureAction: failureAction.nullish(),
  type: z.enum(['', 'Cosign', 'SigstoreBundle', 'Notary']).optional(),
  image: z.string().optional(),
  imageReferences: z.array(z.string()).nullish(),
  skipImageReferences: z.array(z.string()).nullish(),
  key: z.string().optional(),
  roots: z.string().optional(),
  subject: z.string().optional(),
  issuer: z.string().optional(),
  additionalExtensions: texts.optional(),
  attestors: z.array(attestorSetSchema).nullish(),
  attestations: z.array(attestation).nullish(),
  annotations: texts.optional(),
  repository: z.string().optional(),
  cosignOCI11: z.boolean().optional(),
  mutateDigest: z.boolean().default(true),
  verifyDigest: z.boolean().default(true),
  validate: z.strictObject({ message: z.string().optional(), deny: z.strictObject({ conditions: json.optional() }).nullish() }).nullish(),
  required: z.boolean().default(true),
  imageRegistryCredentials: z
    .strictObject({
      allowInsecureRegistry: z.boolean().optional(),
      providers: z.array(z.enum(['default', 'google', 'azure', 'amazon', 'github'])).nullish(),
      secrets: z.array(z.string()).nullish(),
    })
    .nullish(),
  useCache: z.boolean().default(true),
});

const labelSelector = z.strictObject({
  matchLabels: texts.nullish(),
  matchExpressions: z
    .array(z.strictObject({ key: z.string(), operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']), values: z.array(z.string()).nullish() }))
    .nullish(),
});

const resources = z.strictObject({
  kinds: z.array(z.string()).nullish(),
  name: z.string().optional(),
  names: z.array(z.string()).nullish(),
  namespaces: z.array(z.string()).nullish(),
  annotations: texts.nullish(),
  selector: labelSelector.nullish(),
  namespaceSelector: labelSelector.nullish(),
  operations: z.array(z.enum(['CREATE', 'CONNECT', 'UPDATE', 'DELETE'])).nullish(),
});

const userInfo = {
  roles: z.array(z.string()).nullish(),
  clusterRoles: z.array(z.string()).nullish(),
  subjects: z.array(z.strictObject({ kind: z.string(), apiGroup: z.string().optional(), name: z.string(), namespace: z.string().optional() })).nullish(),
};

const resourceFilter = z.strictObject({ ...userInfo, resources: resources.nullish() });
export const matchSchema = z.strictObject({
  any: z.array(resourceFilter).nullish(),
  all: z.array(resourceFilter).nullish(),
  ...userInfo,
  resources: resources.nullish(),
});

const contextEntry = z.strictObject({
  name: z.string().min(1),
  configMap: z.strictObject({ name: z.string(), namespace: z.string().optional() }).optional(),
  apiCall: json.optional(),
  imageRegistry: z.strictObject({ reference: z.string(), jmesPath: z.string().optional(), imageRegistryCredentials: json.optional() }).optional(),
  variable: z.strictObject({ value: json.optional(), jmesPath: z.string().optional(), default: json.optional() }).optional(),
  globalReference: json.optional(),
});

const imageExtractor = z.strictObject({
  path: z.string(),
  value: z.string().optional(),
  name: z.string().optional(),
  key: z.string().optional(),
  jmesPath: z.string().optional(),
});

export const ruleSchema = z.strictObject({
  name: z.string().max(63),
  context: z.array(contextEntry).nullish(),
  reportProperties: texts.nullish(),
  match: matchSchema,
  exclude: matchSchema.nullish(),
  imageExtractors: z.record(z.string(), z.array(imageExtractor)).nullish(),
  preconditions: json.optional(),
  celPreconditions: z.array(json).nullish(),
  mutate: json.optional(),
  validate: json.optional(),
  generate: json.optional(),
  verifyImages: z.array(imageVerification).nullish(),
  skipBackgroundRequests: z.boolean().nullish(),
});

const override = z.strictObject({ action: failureAction.optional(), namespaces: z.array(z.string()).nullish(), namespaceSelector: labelSelector.nullish() });

export const specSchema = z.strictObject({
  rules: z.array(json).nullish(),
  applyRules: z.enum(['All', 'One']).nullish(),
  failurePolicy: z.enum(['Ignore', 'Fail']).nullish(),
  validationFailureAction: failureAction.nullish(),
  validationFailureActionOverrides: z.array(override).nullish(),
  emitWarning: z.boolean().nullish(),
  admission: z.boolean().nullish(),
  background: z.boolean().nullish(),
  schemaValidation: z.boolean().nullish(),
  webhookTimeoutSeconds: z.int().nullish(),
  mutateExistingOnPolicyUpdate: z.boolean().nullish(),
  generateExistingOnPolicyUpdate: z.boolean().nullish(),
  generateExisting: z.boolean().nullish(),
  useServerSideApply: z.boolean().nullish(),
  webhookConfiguration: z
    .strictObject({ failurePolicy: z.enum(['Ignore', 'Fail']).nullish(), timeoutSeconds: z.int().nullish(), matchConditions: z.array(json).nullish() })
    .nullish(),
});

export const exceptionSchema = z.strictObject({
  background: z.boolean().nullish(),
  match: matchSchema,
  conditions: json.optional(),
  exceptions: z.array(z.strictObject({ policyName: z.string(), ruleNames: z.array(z.string()) })).nullish(),
  podSecurity: z.array(json).nullish(),
});

export type Rule = z.infer<typeof ruleSchema>;
export type Spec = z.infer<typeof specSchema>;
export type ImageVerification = z.infer<typeof imageVerification>;
export type AttestorSet = z.infer<typeof attestorSetSchema>;
export type Attestor = z.infer<typeof attestor>;
export type Attestation = z.infer<typeof attestation>;
export type MatchResources = z.infer<typeof matchSchema>;
export type ResourceFilter = z.infer<typeof resourceFilter>;
export type LabelSelector = z.infer<typeof labelSelector>;
export type ContextEntry = z.infer<typeof contextEntry>;
export type ImageExtractor = z.infer<typeof imageExtractor>;
export type ExceptionSpec = z.infer<typeof exceptionSchema>;
export type Rekor = z.infer<typeof rekor>;
export type CtLog = z.infer<typeof ctlog>;
