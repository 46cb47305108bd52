/** A Kubernetes object of a file, as a policy that is narrowed to objects, or asks about them, sees it. */
import { isJsonObject, type Json, type JsonObject, quote, TrustError } from '@assay/core';
import type { ReviewedObject } from '@assay/policy';
import type { Io } from '../../io.ts';
import { named } from '../../named.ts';
import { readInput } from '../../read-input.ts';

export interface Resource {
  readonly reviewed: ReviewedObject;
  readonly facts: { readonly spec: Json; readonly metadata: Json; readonly typemeta: Json };
}

/** Errors: `POLICY_PARSE`, `FILE_…`. */
export async function readResource(file: string, io: Io): Promise<Resource> {
  const { parseDocuments, parseGroupVersion } = await import('@assay/policy/cluster-image-policy');
  const content = await readInput(file, io);
  const [object = null] = named(file, () => parseDocuments(content));
  const part = (key: string): Json => {
    const value = isJsonObject(object) ? object[key] : undefined;
    if (value === undefined) throw new TrustError('POLICY_PARSE', `${quote(file)}: kubernetes resource is missing ${key} key`);
    return value;
  };
  const [metadata, spec, kind, apiVersion] = [objectOf(part('metadata')), objectOf(part('spec')), String(part('kind')), String(part('apiVersion'))];
  const { group, version } = parseGroupVersion(apiVersion) ?? { group: '', version: apiVersion };
  const namespace = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : 'default';
  return { reviewed: { group, version, kind, namespace, metadata, spec }, facts: { spec, metadata, typemeta: { kind, apiVersion } } };
}

function objectOf(json: Json): JsonObject {
  return isJsonObject(json) ? json : {};
}
