/** ImageValidatingPolicy as it is written (admission.md section 7): every field of its schema, with the defaults that the API server fills in. */
import { z } from 'zod';

const text = z.string();
const texts = z.record(text, text);

const labelSelector = z.strictObject({
  matchLabels: texts.optional(),
  matchExpressions: z.array(z.strictObject({ key: text, operator: text, values: z.array(text).optional() })).optional(),
});

const resourceRule = z.strictObject({
  apiGroups: z.array(text).optional(),
  apiVersions: z.array(text).optional(),
  operations: z.array(text).optional(),
  resources: z.array(text).optional(),
  resourceNames: z.array(text).optional(),
  scope: text.optional(),
});

const matchConstraints = z.strictObject({
  resourceRules: z.array(resourceRule).optional(),
  excludeResourceRules: z.array(resourceRule).optional(),
  namespaceSelector: labelSelector.optional(),
  objectSelector: labelSelector.optional(),
  matchPolicy: text.optional(),
});

const named = z.strictObject({ name: text, expression: text });

const textOrExpression = z.strictObject({ value: text.optional(), expression: text.optional() });

const identity = z.strictObject({
  issuer: text.optional(),
  subject: text.optional(),
  issuerRegExp: text.optional(),
  subjectRegExp: text.optional(),
  subjectExpression: text.optional(),
});

const cosign = z.strictObject({
  key: z.strictObject({ data: text.optional(), kms: text.optional(), hashAlgorithm: text.optional(), expression: text.optional() }).optional(),
  keyless: z.strictObject({ identities: z.array(identity), roots: text.optional(), additionalExtensions: texts.optional() }).optional(),
  certificate: z.strictObject({ cert: textOrExpression.optional(), certChain: textOrExpression.optional() }).optional(),
  source: z
    .strictObject({ repository: text.optional(), PullSecrets: z.array(z.strictObject({ name: text.default('') })).optional(), tagPrefix: text.optional() })
    .optional(),
  ctlog: z
    .strictObject({
      url: text.optional(),
      rekorPubKey: text.optional(),
      ctLogPubKey: text.optional(),
      tsaCertChain: text.optional(),
      insecureIgnoreTlog: z.boolean().optional(),
      insecureIgnoreSCT: z.boolean().optional(),
    })
    .optional(),
  tuf: z.strictObject({ root: z.strictObject({ path: text.optional(), data: text.optional() }).optional(), mirror: text.optional() }).optional(),
  annotations: texts.optional(),
  trustedRoot: textOrExpression.optional(),
});

const attestor = z.strictObject({
  name: text,
  cosign: cosign.optional(),
  notary: z.strictObject({ certs: textOrExpression.optional(), tsaCerts: textOrExpression.optional() }).optional(),
});

const attestation = z.strictObject({ name: text, intoto: z.strictObject({ type: text }).optional(), referrer: z.strictObject({ type: text }).optional() });

const isOn = z.boolean().default(true);
const enabled = z.strictObject({ enabled: isOn }).optional();

export const specSchema = z.strictObject({
  matchConstraints: matchConstraints.optional(),
  failurePolicy: z.enum(['Ignore', 'Fail']).optional(),
  auditAnnotations: z.array(z.strictObject({ key: text, valueExpression: text })).default([]),
  validationActions: z.array(z.enum(['Deny', 'Audit', 'Warn'])).default([]),
  matchConditions: z.array(named).default([]),
  variables: z.array(named).default([]),
  validationConfigurations: z
    .strictObject({ mutateDigest: isOn, verifyDigest: isOn, required: isOn })
    .default({ mutateDigest: true, verifyDigest: true, required: true }),
  matchImageReferences: z.array(z.strictObject({ glob: text.optional(), expression: text.optional() })).default([]),
  credentials: z
    .strictObject({
      allowInsecureRegistry: z.boolean().optional(),
      providers: z.array(z.enum(['default', 'amazon', 'azure', 'google', 'github'])).optional(),
      secrets: z.array(text).optional(),
    })
    .optional(),
  images: z.array(named).default([]),
  attestors: z.array(attestor),
  attestations: z.array(attestation).default([]),
  validations: z.array(z.strictObject({ expression: text, message: text.optional(), messageExpression: text.optional(), reason: text.optional() })),
  webhookConfiguration: z.strictObject({ timeoutSeconds: z.int().optional(), matchConditions: z.array(named).optional() }).optional(),
  evaluation: z.strictObject({ mode: text.optional(), admission: enabled, background: enabled }).optional(),
  autogen: z.strictObject({ podControllers: z.strictObject({ controllers: z.array(text).optional() }).optional() }).optional(),
});

export const exceptionSchema = z.strictObject({
  policyRefs: z.array(z.strictObject({ name: text, kind: text })),
  matchConditions: z.array(named).default([]),
  images: z.array(text).default([]),
  allowedValues: z.array(text).default([]),
  reportResult: z.enum(['skip', 'pass']).optional(),
  expiresAt: text.optional(),
  properties: texts.optional(),
  evaluationMode: text.optional(),
});

export type Spec = z.output<typeof specSchema>;
export type ExceptionSpec = z.output<typeof exceptionSchema>;
export type MatchConstraints = z.output<typeof matchConstraints>;
export type ResourceRule = z.output<typeof resourceRule>;
export type LabelSelector = z.output<typeof labelSelector>;
export type Attestor = z.output<typeof attestor>;
export type Cosign = z.output<typeof cosign>;
export type Identity = z.output<typeof identity>;
export type Attestation = z.output<typeof attestation>;
export type NamedExpression = z.output<typeof named>;
export type Action = 'Deny' | 'Audit' | 'Warn';
