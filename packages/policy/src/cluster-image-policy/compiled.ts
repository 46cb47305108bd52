/**
 * The compiled form of policies, as the controller keeps them in ConfigMap `config-image-policies` (admission.md 1.7): one key for each policy, flattened,
 * with nothing left to resolve.
 *
 *     signed: {"uid":"…","resourceVersion":"7","images":[{"glob":"**"}],"authorities":[{"name":"authority-0",
 *       "key":{"data":"-----BEGIN PUBLIC KEY-----…","hashAlgorithm":"sha256"},
 *       "attestations":[{"name":"sbom","predicateType":"https://cyclonedx.org/bom","type":"cue","data":"…"}]}],"mode":"enforce"}
 */
import { encodeGoJson, type Json, type JsonValue, parsePublicKeyPem, TrustError } from '@assay/core';
import { configMapEntries } from './config-map.ts';
import { identity, imagePattern, logReference, matchResource, source, staticAnswer, timestampReference } from './decoders.ts';
import { parseDocuments } from './document.ts';
import { decodeGo, flag, list, optionalText, pointer, struct, text, url } from './go/json-decode.ts';
import { placeProblem } from './go/registry-name.ts';
import { hashOf, isHashAlgorithm } from './hash-algorithm.ts';
import type {
  Attestation,
  Authority,
  ClusterImagePolicy,
  ImagePattern,
  Keyless,
  KeyReference,
  LogReference,
  MatchResource,
  PolicyReference,
  Source,
  StaticAnswer,
  TimestampReference,
} from './types.ts';

export interface CompiledPolicy {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly images: readonly ImagePattern[];
  readonly authorities: readonly CompiledAuthority[];
  readonly policy?: CompiledCondition;
  readonly mode?: string;
  readonly match: readonly MatchResource[];
}

export interface CompiledAuthority {
  readonly name: string;
  readonly key?: CompiledKey;
  readonly keyless?: CompiledKeyless;
  readonly static?: StaticAnswer;
  readonly source: readonly Source[];
  readonly ctlog?: LogReference;
  readonly attestations: readonly CompiledCondition[];
  readonly rfc3161timestamp?: TimestampReference;
  readonly signatureFormat?: string;
}

export interface CompiledKey {
  /** PEM. Undefined when nothing resolved it: no signature verifies then. */
  readonly data?: string;
  readonly hashAlgorithm: string;
}

export interface CompiledKeyless extends Omit<Keyless, 'ca-cert'> {
  readonly 'ca-cert'?: CompiledKey;
}

/** An attestation with its policy; name and type are '' for the policy of the whole. */
export interface CompiledCondition {
  readonly name: string;
  readonly predicateType: string;
  /** `cue` or `rego`; undefined without a policy. */
  readonly type?: string;
  readonly data?: string;
  readonly fetchConfigFile?: boolean;
  readonly includeSpec?: boolean;
  readonly includeObjectMeta?: boolean;
  readonly includeTypeMeta?: boolean;
}

/** Of a policy whose references were resolved: what is left of them is dropped here, as upstream does. See `resolvePolicy`. */
export function compilePolicy({ metadata, spec }: ClusterImagePolicy): CompiledPolicy {
  return {
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    images: spec.images,
    authorities: spec.authorities.map(compileAuthority),
    ...(spec.policy !== undefined && { policy: condition('', '', spec.policy) }),
    ...(spec.mode !== undefined && { mode: spec.mode }),
    match: spec.match,
  };
}

function compileAuthority({ key, keyless, attestations, ...rest }: Authority): CompiledAuthority {
  return {
    ...rest,
    ...(key !== undefined && { key: compileKey(key) }),
    ...(keyless !== undefined && { keyless: compileKeyless(keyless) }),
    attestations: attestations.map(({ name, predicateType, policy }: Attestation) => condition(name, predicateType, policy)),
  };
}

function compileKeyless({ 'ca-cert': authority, ...rest }: Keyless): CompiledKeyless {
  return { ...rest, ...(authority !== undefined && { 'ca-cert': compileKey(authority) }) };
}

function compileKey({ data, hashAlgorithm = 'sha256' }: KeyReference): CompiledKey {
  return { ...(data !== undefined && { data }), hashAlgorithm };
}

function condition(name: string, predicateType: string, policy?: PolicyReference): CompiledCondition {
  if (policy === undefined) return { name, predicateType };
  const { remote: _remote, configMapRef: _configMapRef, ...rest } = policy;
  return { name, predicateType, ...rest };
}

/** One value of the ConfigMap. */
export function encodeCompiledPolicy(policy: CompiledPolicy): string {
  return encodeGoJson(withoutEmpty(policy, ['uid', 'resourceVersion', 'images', 'authorities', 'name', 'identities']) as JsonValue);
}

/** Without empty lists and maps, as Go's `omitempty`; the lists named stay. Maps become objects. */
function withoutEmpty(value: unknown, kept: readonly string[]): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  if (Array.isArray(value)) return value.map((item) => withoutEmpty(item, kept));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([name, member]) => member !== undefined && (kept.includes(name) || !isEmpty(member)));
  return Object.fromEntries(members.map(([name, member]) => [name, withoutEmpty(member, kept)]));
}

function isEmpty(value: unknown): boolean {
  return (Array.isArray(value) && value.length === 0) || (value instanceof Map && value.size === 0);
}

/**
 * The whole ConfigMap.
 * @throws TrustError POLICY_PARSE, with upstream's text: one entry that cannot be read refuses them all
 */
export function readCompiledPolicies(data: ReadonlyMap<string, string>): Map<string, CompiledPolicy> {
  return configMapEntries(data, parseCompiledPolicy);
}

/** @throws TrustError POLICY_PARSE */
export function parseCompiledPolicy(value: string): CompiledPolicy {
  const [json = null] = parseDocuments(value);
  const policy = decodeGo(compiledPolicy, json, { goPackage: 'v1alpha1', unknownFields: 'ignore' });
  for (const authority of policy.authorities) {
    checkKey(authority.key);
    checkKey(authority.keyless?.['ca-cert']);
    for (const { oci } of authority.source) {
      const problem = oci === undefined ? undefined : placeProblem(oci);
      if (problem !== undefined) throw refused(`failed to determine source: ${problem}`);
    }
  }
  return policy;
}

function checkKey(key: CompiledKey | undefined): void {
  if (key === undefined) return;
  if (!isHashAlgorithm(key.hashAlgorithm)) throw refused(`unknown digest algorithm: ${key.hashAlgorithm}`);
  if (key.data === undefined) return;
  try {
    parsePublicKeyPem(key.data);
  } catch (error) {
    throw refused(`failed to unmarshal PEM public key ${error instanceof Error ? error.message : ''}`);
  }
}

function refused(problem: string): TrustError {
  return new TrustError('POLICY_PARSE', problem);
}

const compiledKey = struct<CompiledKey>('clusterimagepolicy.KeyRef', {
  data: optionalText,
  hashAlgorithm: { goType: text.goType, decode: (value: Json, at) => text.decode(value, at) || hashOf(undefined) },
});

const compiledCondition = struct<CompiledCondition>('clusterimagepolicy.AttestationPolicy', {
  name: text,
  predicateType: text,
  type: optionalText,
  data: optionalText,
  fetchConfigFile: flag,
  includeSpec: flag,
  includeObjectMeta: flag,
  includeTypeMeta: flag,
});

const compiledKeyless = struct<CompiledKeyless>('clusterimagepolicy.KeylessRef', {
  url,
  identities: list(identity),
  'ca-cert': pointer(compiledKey),
  trustRootRef: optionalText,
  insecureIgnoreSCT: flag,
});

const compiledAuthority = struct<CompiledAuthority>('clusterimagepolicy.Authority', {
  name: text,
  key: pointer(compiledKey),
  keyless: pointer(compiledKeyless),
  static: pointer(staticAnswer),
  source: list(source),
  ctlog: pointer(logReference),
  attestations: list(compiledCondition),
  rfc3161timestamp: pointer(timestampReference),
  signatureFormat: optionalText,
});

const compiledPolicy = struct<CompiledPolicy>('clusterimagepolicy.ClusterImagePolicy', {
  uid: text,
  resourceVersion: text,
  images: list(imagePattern),
  authorities: list(compiledAuthority),
  policy: pointer(compiledCondition),
  mode: optionalText,
  match: list(matchResource),
});
