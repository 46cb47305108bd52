/** A Kubernetes object of a file, as a policy that is narrowed to objects, or asks about them, sees it. */
import { described, isJsonObject, type Json, type JsonObject, TrustError } from '@assay/core';
import type { ReviewedObject } from '@assay/policy';
import { parseDocuments, parseGroupVersion } from '@assay/policy/cluster-image-policy';

export interface Resource {
  readonly reviewed: ReviewedObject;
  readonly facts: { readonly spec: Json; readonly metadata: Json; readonly typemeta: Json };
}

/**
 * The first document that `content` holds. Without a namespace of its own, it is in `usual`.
 * Errors: `POLICY_PARSE`.
 */
export function parseResource(content: Uint8Array, usual: string): Resource {
  const [object] = parseDocuments(content);
  const part = (key: string): Json => {
    const value = isJsonObject(object) ? object[key] : undefined;
    if (value === undefined) throw new TrustError('POLICY_PARSE', `kubernetes resource is missing ${key} key`);
    return value;
  };
  const text = (key: string): string => {
    const value = part(key);
    if (typeof value !== 'string') throw new TrustError('POLICY_PARSE', `the ${key} of the kubernetes resource is ${described(value)}`);
    return value;
  };
  const [metadata, spec, kind, apiVersion] = [objectOf(part('metadata')), objectOf(part('spec')), text('kind'), text('apiVersion')];
  const { group, version } = parseGroupVersion(apiVersion) ?? { group: '', version: apiVersion };
  const namespace = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : usual;
  return { reviewed: { group, version, kind, namespace, metadata, spec }, facts: { spec, metadata, typemeta: { kind, apiVersion } } };
}

function objectOf(json: Json): JsonObject {
  return isJsonObject(json) ? json : {};
}
