/** How each type of a ClusterImagePolicy is read. Names of Go's types stand in what users are told. */
import type { Json } from '@assay/core';
import { anything, type Decoder, flag, integer, leniently, list, mapOf, optionalText, pointer, struct, text, textPointer, url } from './go/json-decode.ts';
import type {
  Attestation,
  Authority,
  ClusterImagePolicySpec,
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

/** Members that nobody here asks for. */
interface WholeObjectMeta extends ObjectMeta {
  readonly generateName?: Json;
  readonly selfLink?: Json;
  readonly creationTimestamp?: string;
  readonly deletionGracePeriodSeconds?: Json;
  readonly ownerReferences?: Json;
  readonly managedFields?: Json;
}

/** Of the kinds of the group. */
export interface PolicyObject<Spec> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly status?: Json;
}

/**
 * An object with its metadata. Webhooks leave unknown members of `metadata` to the API server, which knows newer ones; files are read strictly.
 */
export function policyObject<Spec>(goName: string, spec: Decoder<Spec>, metadata: 'strict' | 'lenient'): Decoder<PolicyObject<Spec>> {
  return struct<PolicyObject<Spec>>(goName, {
    apiVersion: text,
    kind: text,
    metadata: metadata === 'strict' ? objectMeta : leniently(objectMeta),
    spec,
    status: present,
  });
}

const present: Decoder<Json | undefined> = { goType: anything.goType, decode: (value) => value ?? undefined };

const objectMeta = struct<WholeObjectMeta>('v1.ObjectMeta', {
  name: text,
  generateName: present,
  namespace: optionalText,
  selfLink: present,
  uid: optionalText,
  resourceVersion: optionalText,
  generation: integer,
  creationTimestamp: optionalText,
  deletionTimestamp: optionalText,
  deletionGracePeriodSeconds: present,
  labels: mapOf(text),
  annotations: mapOf(text),
  ownerReferences: present,
  finalizers: list(text),
  managedFields: present,
});

export const imagePattern = struct<ImagePattern>('~.ImagePattern', { glob: text });

const secretReference = struct<SecretReference>('v1.SecretReference', { name: optionalText, namespace: optionalText });

const keyReference = struct<KeyReference>('~.KeyRef', {
  secretRef: pointer(secretReference),
  data: optionalText,
  kms: optionalText,
  hashAlgorithm: optionalText,
});

export const identity = struct<Identity>('~.Identity', {
  issuer: optionalText,
  subject: optionalText,
  issuerRegExp: optionalText,
  subjectRegExp: optionalText,
});

const keyless = struct<Keyless>('~.KeylessRef', {
  url,
  identities: list(identity),
  'ca-cert': pointer(keyReference),
  trustRootRef: optionalText,
  insecureIgnoreSCT: flag,
});

export const staticAnswer = struct<StaticAnswer>('~.StaticRef', { action: text, message: optionalText });

const localObject = struct<{ readonly name: string }>('v1.LocalObjectReference', { name: text });

export const source = struct<Source>('~.Source', { oci: optionalText, signaturePullSecrets: list(localObject), tagPrefix: textPointer });

export const logReference = struct<LogReference>('~.TLog', { url, trustRootRef: optionalText });

export const timestampReference = struct<TimestampReference>('~.RFC3161Timestamp', { trustRootRef: optionalText });

const remotePolicy = struct<RemotePolicy>('~.RemotePolicy', {
  url: { goType: url.goType, decode: (value, at) => url.decode(value, at) ?? '' },
  sha256sum: optionalText,
});

const configMapReference = struct<ConfigMapReference>('~.ConfigMapReference', { name: optionalText, namespace: optionalText, key: optionalText });

const policyReference = struct<PolicyReference>('~.Policy', {
  type: text,
  data: optionalText,
  remote: pointer(remotePolicy),
  configMapRef: pointer(configMapReference),
  fetchConfigFile: flag,
  includeSpec: flag,
  includeObjectMeta: flag,
  includeTypeMeta: flag,
});

const attestation = struct<Attestation>('~.Attestation', { name: text, predicateType: text, policy: pointer(policyReference) });

const authority = struct<Authority>('~.Authority', {
  name: text,
  key: pointer(keyReference),
  keyless: pointer(keyless),
  static: pointer(staticAnswer),
  source: list(source),
  ctlog: pointer(logReference),
  attestations: list(attestation),
  rfc3161timestamp: pointer(timestampReference),
  signatureFormat: optionalText,
});

const labelRequirement = struct<LabelRequirement>('v1.LabelSelectorRequirement', { key: text, operator: text, values: list(text) });

const labelSelector = struct<LabelSelector>('v1.LabelSelector', { matchLabels: mapOf(text), matchExpressions: list(labelRequirement) });

export const matchResource = struct<MatchResource>('~.MatchResource', { group: text, version: text, resource: text, selector: pointer(labelSelector) });

export const specification = struct<ClusterImagePolicySpec>('~.ClusterImagePolicySpec', {
  images: list(imagePattern),
  authorities: list(authority),
  policy: pointer(policyReference),
  mode: optionalText,
  match: list(matchResource),
});
