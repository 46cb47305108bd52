/** What documents of Kyverno's two groups have in common: lists of them, and metadata. */
import { isJsonObject, type Json, type JsonObject, TrustError } from '@assay/core';

/** Lists are taken apart, also such as hold lists. Errors: `POLICY_INVALID` for what is no object. */
export function objectsOf(documents: readonly Json[]): readonly JsonObject[] {
  return documents.flatMap(itemsOf).map((document) => {
    if (isJsonObject(document)) return document;
    throw new TrustError('POLICY_INVALID', 'the document is no object');
  });
}

function itemsOf(document: Json): readonly Json[] {
  if (!isJsonObject(document) || typeof document['kind'] !== 'string' || !document['kind'].endsWith('List')) return [document];
  return Array.isArray(document['items']) ? document['items'].flatMap(itemsOf) : [document];
}

export interface Metadata {
  readonly name: string;
  /** '' where none is said; so are the others. */
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Errors: `POLICY_INVALID` for an object without name. */
export function metadataOf(document: JsonObject): Metadata {
  const metadata = isJsonObject(document['metadata']) ? document['metadata'] : {};
  const text = (name: string) => (typeof metadata[name] === 'string' ? metadata[name] : '');
  if (text('name') === '') throw new TrustError('POLICY_INVALID', 'metadata.name: Required value: name is required');
  return {
    name: text('name'),
    namespace: text('namespace'),
    uid: text('uid'),
    resourceVersion: text('resourceVersion'),
    annotations: stringsOf(metadata['annotations']),
  };
}

/** Members that are text. */
export function stringsOf(value: Json | undefined): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(Object.entries(value).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : [])));
}
