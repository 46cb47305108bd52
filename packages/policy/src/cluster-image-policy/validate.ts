/** The rules of the validating webhook (admission.md 1.3). Numbers in comments are those of its list. */
import { parsePublicKeyPem } from '@assay/core';
import { asWarnings, disallowedField, type FieldErrors, invalidValue, missingField, missingOneOf, multipleOneOf, viaField, viaIndex } from '../field-errors.ts';
import { compileGlob } from './glob.ts';
import { isFilePattern } from './go/file-pattern.ts';
import { regexpProblem } from './go/regexp.ts';
import { placeProblem } from './go/registry-name.ts';
import { parseGoUrl, requestUriProblem } from './go/url.ts';
import { isHashAlgorithm } from './hash-algorithm.ts';
import { kmsProblem } from './kms.ts';
import type {
  Attestation,
  Authority,
  ClusterImagePolicy,
  ConfigMapReference,
  Identity,
  ImagePattern,
  Keyless,
  KeyReference,
  MatchResource,
  PolicyReference,
  RemotePolicy,
  Source,
  StaticAnswer,
} from './types.ts';

export interface ValidateOptions {
  /** From the controller's configuration. Default true. */
  readonly failOnEmptyAuthorities?: boolean;
  /** Where the controller runs: the only namespace of secrets. Default `cosign-system`. */
  readonly controllerNamespace?: string;
  /** Resources that `match` may name; any without it, as policy-tester has it. See `WEBHOOK_RESOURCES`. */
  readonly resources?: readonly string[];
}

/** Errors and warnings; none means valid. Of a policy with defaults, see `withDefaults`. Texts in CUE and Rego are not looked at. */
export function validatePolicy({ spec }: ClusterImagePolicy, options: ValidateOptions = {}): FieldErrors {
  const { failOnEmptyAuthorities = true } = options;
  return viaField('spec', [
    ...(spec.images.length === 0 ? missingField('images') : []),
    ...spec.images.flatMap((image, i) => viaIndex('images', i, imageErrors(image))),
    ...(spec.authorities.length === 0 && failOnEmptyAuthorities ? missingField('authorities') : []),
    ...spec.authorities.flatMap((authority, i) => viaIndex('authorities', i, authorityErrors(authority, options))),
    // 40
    ...(spec.mode === undefined || MODES.has(spec.mode) ? [] : invalidValue(spec.mode, 'mode', 'unsupported mode')),
    ...spec.match.flatMap((match, i) => viaIndex('match', i, matchErrors(match, options))),
    // Upstream's paths, here without `policy`: `spec.type`.
    ...(spec.policy === undefined ? [] : policyErrors(spec.policy, 'spec')),
  ]);
}

/** What the webhook lets `match` name (rule 41). */
export const WEBHOOK_RESOURCES: readonly string[] = ['replicasets', 'deployments', 'pods', 'cronjobs', 'jobs', 'statefulsets', 'daemonsets'];

/** 2 to 4 */
function imageErrors({ glob }: ImagePattern): FieldErrors {
  if (glob === '') return missingField('glob');
  if (!isFilePattern(glob)) return invalidValue(glob, 'glob', 'glob is invalid: syntax error in pattern');
  const compiled = compileGlob(glob);
  return 'problem' in compiled ? invalidValue(glob, 'glob', `glob is invalid: ${compiled.problem}`) : [];
}

/** 6, 7, 26 and 27 */
function authorityErrors(authority: Authority, options: ValidateOptions): FieldErrors {
  const { key, keyless, static: answer, source, attestations, ctlog, rfc3161timestamp } = authority;
  const kinds = [key, keyless, answer].filter((kind) => kind !== undefined).length;
  if (kinds === 0) return missingOneOf(...AUTHORITIES);
  if (kinds > 1) return multipleOneOf(...AUTHORITIES);
  const together = {
    attestations: attestations.length > 0,
    source: source.length > 0,
    ctlog: ctlog !== undefined,
    rfc3161timestamp: rfc3161timestamp !== undefined,
  };
  return [
    ...(key === undefined ? [] : viaField('key', keyErrors(key, options))),
    ...(keyless === undefined ? [] : viaField('keyless', keylessErrors(keyless, options))),
    ...(answer === undefined ? [] : viaField('static', staticErrors(answer))),
    ...(answer === undefined ? [] : Object.entries(together).flatMap(([field, isSet]) => (isSet ? multipleOneOf('static', field) : []))),
    ...(source.length > 1
      ? invalidValue('source', 'source', 'only single source is supported')
      : source.flatMap((place, i) => viaIndex('source', i, sourceErrors(place)))),
    ...attestations.flatMap((attestation) => viaField('attestations', attestationErrors(attestation))),
  ];
}

/** 8 to 14 */
function keyErrors(key: KeyReference, { controllerNamespace = 'cosign-system' }: ValidateOptions): FieldErrors {
  const { data, kms, secretRef, hashAlgorithm } = key;
  const sources = [data, kms, secretRef].filter((one) => one !== undefined).length;
  const kmsWrong = kms === undefined ? undefined : kmsProblem(kms);
  const namespace = secretRef?.namespace;
  return [
    ...(sources === 0 ? missingOneOf(...KEY_SOURCES) : []),
    ...(sources > 1 ? multipleOneOf(...KEY_SOURCES) : []),
    ...(hashAlgorithm === undefined || isHashAlgorithm(hashAlgorithm) ? [] : invalidValue(hashAlgorithm, 'hashAlgorithm')),
    ...(data === undefined || isPublicKey(data) ? [] : invalidValue(data.includes('PRIVATE KEY') ? '(a private key)' : data, 'data')),
    ...(kms === undefined || kmsWrong === undefined ? [] : invalidValue(kms, 'kms', kmsWrong)),
    ...(namespace === undefined || namespace === controllerNamespace ? [] : invalidValue(namespace, 'secretref.namespace', OTHER_NAMESPACE)),
  ];
}

function isPublicKey(pem: string): boolean {
  try {
    parsePublicKeyPem(pem);
    return true;
  } catch {
    return false;
  }
}

/** 15 to 18 */
function keylessErrors(keyless: Keyless, options: ValidateOptions): FieldErrors {
  const { url, 'ca-cert': authority, identities } = keyless;
  return [
    ...(url === undefined && authority === undefined ? missingOneOf('url', 'ca-cert') : []),
    ...(url !== undefined && authority !== undefined ? multipleOneOf('url', 'ca-cert') : []),
    ...(authority === undefined ? [] : viaField('ca-cert', keyErrors(authority, options))),
    ...(identities.length === 0 ? missingField('identities') : []),
    ...identities.flatMap((identity, i) => viaIndex('identities', i, identityErrors(identity))),
  ];
}

/** 19 to 23 */
function identityErrors({ issuer, issuerRegExp, subject, subjectRegExp }: Identity): FieldErrors {
  return [
    ...(issuer !== undefined && issuerRegExp !== undefined ? multipleOneOf('issuer', 'issuerRegExp') : []),
    ...(subject !== undefined && subjectRegExp !== undefined ? multipleOneOf('subject', 'subjectRegExp') : []),
    ...patternErrors('issuerRegExp', issuerRegExp),
    ...patternErrors('subjectRegExp', subjectRegExp),
    ...(subject === undefined && subjectRegExp === undefined ? missingField('subject', 'subjectRegExp') : []),
    ...(issuer === undefined && issuerRegExp === undefined ? missingField('issuer', 'issuerRegExp') : []),
  ];
}

function patternErrors(field: string, pattern: string | undefined): FieldErrors {
  const problem = pattern === undefined ? undefined : regexpProblem(pattern);
  return pattern === undefined || problem === undefined ? [] : invalidValue(pattern, field, `regex is invalid: ${problem}`);
}

/** 24 and 25 */
function staticErrors({ action }: StaticAnswer): FieldErrors {
  if (action === '') return missingField('action');
  return action === 'pass' || action === 'fail' ? [] : invalidValue(action, 'action', 'unsupported action');
}

/** 28 and 29 */
function sourceErrors({ oci, signaturePullSecrets }: Source): FieldErrors {
  const problem = oci === undefined ? undefined : placeProblem(oci);
  let errors: FieldErrors = oci === undefined || problem === undefined ? [] : invalidValue(oci, 'oci', problem);
  signaturePullSecrets.forEach(({ name }, i) => {
    // Upstream's paths: what was found before moves under the secret, too.
    if (name === '') errors = viaIndex('signaturePullSecrets', i, [...errors, ...missingField('name')]);
  });
  return errors;
}

/** 30 to 32 */
function attestationErrors({ name, predicateType, policy }: Attestation): FieldErrors {
  return [
    ...(name === '' ? missingField('name') : []),
    ...(predicateType === '' ? missingField('predicateType') : []),
    ...(predicateType !== '' && isDeprecatedType(predicateType) ? asWarnings(invalidValue(predicateType, 'predicateType', DEPRECATED_TYPE)) : []),
    ...(policy === undefined ? [] : viaField('policy', policyErrors(policy, 'attestation'))),
  ];
}

function isDeprecatedType(type: string): boolean {
  return SHORT_TYPES.has(type) || requestUriProblem(type) !== undefined;
}

/** 33 to 39 */
function policyErrors(policy: PolicyReference, place: 'spec' | 'attestation'): FieldErrors {
  const { type, data, remote, configMapRef } = policy;
  const sources = [data, remote, configMapRef].filter((one) => one !== undefined).length;
  return [
    ...(type === 'cue' || type === 'rego' ? [] : invalidValue(type, 'type', 'only [cue,rego] are supported at the moment')),
    ...(sources === 0 ? missingField(...POLICY_SOURCES) : []),
    ...(sources > 1 ? multipleOneOf(...POLICY_SOURCES) : []),
    ...(remote === undefined ? [] : viaField('remote', remoteErrors(remote))),
    ...(configMapRef === undefined ? [] : viaField('configMapRef', configMapErrors(configMapRef))),
    ...(place === 'spec' ? [] : ONLY_OF_SPEC.flatMap((field) => (policy[field] === undefined ? [] : disallowedField(field)))),
  ];
}

function remoteErrors({ url, sha256sum }: RemotePolicy): FieldErrors {
  const parsed = parseGoUrl(url);
  const isUsable = typeof parsed === 'object' && parsed.scheme === 'https' && parsed.host !== '';
  return [
    ...(isUsable ? [] : invalidValue(printedUrl(url), 'url', 'url valid is invalid. host and https scheme are expected')),
    ...(sha256sum === undefined ? missingField('sha256sum') : []),
  ];
}

/** As Go prints what it has read. */
function printedUrl(url: string): string {
  return url.replace(/^[A-Za-z][A-Za-z0-9+.-]*:/, (scheme) => scheme.toLowerCase()).replace(/:\/\/$/, ':');
}

function configMapErrors({ name, key }: ConfigMapReference): FieldErrors {
  return [...(name === undefined ? missingField('name') : []), ...(key === undefined ? missingField('key') : [])];
}

/** 41 and 42 */
function matchErrors({ group, version, resource, selector }: MatchResource, { resources }: ValidateOptions): FieldErrors {
  const isUnknown = resource !== '' && resources !== undefined && !resources.includes(resource);
  const isSelectorAlone = selector !== undefined && group === '' && version === '' && resource === '';
  return [
    ...(isUnknown ? invalidValue(resource, 'resource', 'unsupported resource name') : []),
    ...(isSelectorAlone ? invalidValue('', 'selector', 'selector requires a resource type to match the labels') : []),
  ];
}

const MODES: ReadonlySet<string> = new Set(['enforce', 'warn']);
const AUTHORITIES = ['key', 'keyless', 'static'];
const KEY_SOURCES = ['data', 'kms', 'secretref'];
const POLICY_SOURCES = ['data', 'configMapRef', 'remote'];
const ONLY_OF_SPEC = ['fetchConfigFile', 'includeSpec', 'includeObjectMeta', 'includeTypeMeta'] as const;
const SHORT_TYPES: ReadonlySet<string> = new Set(['custom', 'slsaprovenance', 'spdx', 'spdxjson', 'cyclonedx', 'link', 'vuln']);
const DEPRECATED_TYPE = 'deprecated value, please use RFC 3986 conformant values';
const OTHER_NAMESPACE = 'secretref.namespace is invalid. If set, it should use the same namespace where the policy-controller was deployed';
