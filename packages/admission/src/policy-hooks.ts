/**
 * The webhooks for ClusterImagePolicies and TrustRoots themselves: `/validating`, `/defaulting` and `/resource-conversion` (admission.md 1.2 to 1.4, 3, 4.1).
 */
import { isJsonObject, isTrustError, type Json, type JsonObject, quote, TrustError } from '@assay/core';
import type { FieldErrors } from '@assay/policy';
import { type ControllerConfig, parseClusterImagePolicy, validatePolicy, WEBHOOK_RESOURCES } from '@assay/policy/cluster-image-policy';
import { parseTrustRoot, validateTrustRoot } from '@assay/policy/trust-root';
import { kindText, type PatchOperation, parseJsonBody, type ReviewAnswer, type ReviewRequest } from './review.ts';
import { validationAnswer } from './validate.ts';

export interface PolicyHooksOptions {
  readonly config: () => ControllerConfig;
  /** The controller's own. */
  readonly namespace: string;
  readonly now: () => Date;
}

export async function validateDefinition(request: ReviewRequest, options: PolicyHooksOptions): Promise<ReviewAnswer> {
  if (isExempt(request)) return { allowed: true };
  try {
    return validationAnswer(await definitionErrors(request, options));
  } catch (error) {
    if (isTrustError(error)) return { allowed: false, message: `decoding request failed: ${error.message}` };
    throw error;
  }
}

export function defaultDefinition(request: ReviewRequest): ReviewAnswer {
  if (isExempt(request)) return { allowed: true };
  const { object } = request;
  const kind = definitionKind(request);
  if (kind === undefined) return { allowed: false, message: `mutation failed: unhandled kind: ${kindText(request.kind)}` };
  const spec = object?.['spec'];
  if (!isJsonObject(spec)) return { allowed: true };
  return { allowed: true, patch: kind === 'ClusterImagePolicy' ? policyDefaults(spec) : trustRootDefaults(spec) };
}

export interface ConversionAnswer {
  readonly body: string;
  readonly desiredApiVersion: string;
  readonly status: 'Success' | 'Failure';
  readonly message: string;
}

/**
 * `apiextensions.k8s.io/v1 ConversionReview`: the versions have the same fields, but for an `rfc3161timestamp` without trust root, which is dropped. A `ctlog`
 * that only names a trust root is kept, where upstream drops it and with it the demand for a log.
 * Errors: `ADMISSION_REVIEW`.
 */
export function convertDefinitions(body: Uint8Array): ConversionAnswer {
  const review = parseJsonBody(body);
  const request = review['request'];
  const [uid, desired, objects] = isJsonObject(request) ? [request['uid'], request['desiredAPIVersion'], request['objects']] : [];
  if (typeof uid !== 'string' || typeof desired !== 'string' || !Array.isArray(objects)) {
    throw new TrustError('ADMISSION_REVIEW', 'could not decode body:not a conversion review');
  }
  const respond = (answer: JsonObject, status: 'Success' | 'Failure', message: string): ConversionAnswer => {
    const result = { status, ...(message !== '' && { message }) };
    const response = { uid, ...answer, result };
    return { body: JSON.stringify({ kind: review['kind'], apiVersion: review['apiVersion'], response }), desiredApiVersion: quote(desired), status, message };
  };
  try {
    return respond({ convertedObjects: objects.map((object) => converted(object, desired)) }, 'Success', '');
  } catch (error) {
    if (isTrustError(error)) return respond({ convertedObjects: [] }, 'Failure', error.message);
    throw error;
  }
}

async function definitionErrors(request: ReviewRequest, { config, namespace, now }: PolicyHooksOptions): Promise<FieldErrors> {
  const { object, kind } = request;
  const known = definitionKind(request);
  if (known === undefined) throw new TrustError('ADMISSION_OBJECT', `unhandled kind: ${kindText(kind)}`);
  if (object === undefined) throw new TrustError('ADMISSION_OBJECT', 'cannot decode incoming new object: there is no object');
  try {
    if (known === 'TrustRoot') return await validateTrustRoot(parseTrustRoot(object, { metadata: 'lenient' }), { now: now() });
    const { failOnEmptyAuthorities } = config();
    const policy = parseClusterImagePolicy(object, { metadata: 'lenient' });
    return validatePolicy(policy, { failOnEmptyAuthorities, controllerNamespace: namespace, resources: WEBHOOK_RESOURCES });
  } catch (error) {
    if (isTrustError(error)) throw new TrustError('ADMISSION_OBJECT', `cannot decode incoming new object: ${error.message}`, { cause: error });
    throw error;
  }
}

function isExempt({ operation, subResource }: ReviewRequest): boolean {
  return operation === 'DELETE' || operation === 'CONNECT' || subResource === 'status';
}

function definitionKind({ kind }: ReviewRequest): 'ClusterImagePolicy' | 'TrustRoot' | undefined {
  if (kind.group !== 'policy.sigstore.dev') return undefined;
  if (kind.kind === 'ClusterImagePolicy' && (kind.version === 'v1alpha1' || kind.version === 'v1beta1')) return kind.kind;
  return kind.kind === 'TrustRoot' && kind.version === 'v1alpha1' ? kind.kind : undefined;
}

/** Upon the object as it stands, so that nothing that we do not know is lost. */
function policyDefaults(spec: JsonObject): PatchOperation[] {
  const patch: PatchOperation[] = [];
  if (isEmpty(spec['mode'])) patch.push({ op: 'add', path: '/spec/mode', value: 'enforce' });
  const { authorities } = spec;
  if (!Array.isArray(authorities)) return patch;
  for (const [i, authority] of authorities.entries()) {
    if (!isJsonObject(authority)) continue;
    const at = `/spec/authorities/${i}`;
    if (isEmpty(authority['name'])) patch.push({ op: 'add', path: `${at}/name`, value: `authority-${i}` });
    const { key, keyless } = authority;
    // Upstream writes what its type cannot be without, and the API server refuses it in words that people know.
    if (isJsonObject(keyless) && keyless['identities'] === undefined) patch.push({ op: 'add', path: `${at}/keyless/identities`, value: null });
    if (!isJsonObject(keyless) || isJsonObject(key) || isJsonObject(authority['static'])) continue;
    if (isEmpty(keyless['url']) && !isJsonObject(keyless['ca-cert']))
      patch.push({ op: 'add', path: `${at}/keyless/url`, value: 'https://fulcio.sigstore.dev' });
  }
  return patch;
}

function trustRootDefaults(spec: JsonObject): PatchOperation[] {
  return ['remote', 'repository'].flatMap((name) => {
    const place = spec[name];
    return isJsonObject(place) && isEmpty(place['targets']) ? [{ op: 'add' as const, path: `/spec/${name}/targets`, value: 'targets' }] : [];
  });
}

function isEmpty(value: Json | undefined): boolean {
  return value === undefined || value === null || value === '';
}

function converted(object: Json, desired: string): JsonObject {
  if (!isJsonObject(object) || object['kind'] !== 'ClusterImagePolicy' || !VERSIONS.has(desired) || !VERSIONS.has(object['apiVersion'])) {
    throw new TrustError('ADMISSION_OBJECT', `no conversion is known to ${quote(desired)}`);
  }
  const { spec } = object;
  if (!isJsonObject(spec) || !Array.isArray(spec['authorities'])) return { ...object, apiVersion: desired };
  return { ...object, apiVersion: desired, spec: { ...spec, authorities: spec['authorities'].map(convertedAuthority) } };
}

function convertedAuthority(authority: Json): Json {
  if (!isJsonObject(authority)) return authority;
  const { rfc3161timestamp: timestamp, ctlog, ...rest } = authority;
  const names = (value: Json | undefined, ...members: string[]): boolean => isJsonObject(value) && members.some((member) => !isEmpty(value[member]));
  return {
    ...rest,
    ...(names(ctlog, 'url', 'trustRootRef') && { ctlog: ctlog as Json }),
    ...(names(timestamp, 'trustRootRef') && { rfc3161timestamp: timestamp as Json }),
  };
}

const VERSIONS: ReadonlySet<unknown> = new Set(['policy.sigstore.dev/v1alpha1', 'policy.sigstore.dev/v1beta1']);
