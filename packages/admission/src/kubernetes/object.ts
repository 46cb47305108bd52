/** What every object of a cluster says of itself. Absent is '', as in Go. */
import { isJsonObject, type JsonObject } from '@assay/core';

export function nameOf(object: JsonObject): string {
  return metadataText(object, 'name');
}

export function versionOf(object: JsonObject): string {
  return metadataText(object, 'resourceVersion');
}

export function metadataText(object: JsonObject, member: string): string {
  const { metadata } = object;
  const value = isJsonObject(metadata) ? metadata[member] : undefined;
  return typeof value === 'string' ? value : '';
}
