/** Members of documents that others have written: a member of another kind than expected counts as absent, but for those that hold the packages. */
import { isJsonObject, type Json, type JsonObject, quote, TrustError } from '@assay/core';

export function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Undefined also for the empty text. */
export function someText(value: Json | undefined): string | undefined {
  return textOf(value) || undefined;
}

export function textsOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

export function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

export function objectsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** A list that carries the document: each of it must be an object. Errors: `SBOM_PARSE`. */
export function requiredObjects(value: Json | undefined, where: string): JsonObject[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return refuse(where, 'is not an array');
  return value.map((item, i) => (isJsonObject(item) ? item : refuse(`${where}[${i}]`, 'is not an object')));
}

/** Errors: `SBOM_PARSE`. */
export function requiredText(value: Json | undefined, where: string): string {
  return typeof value === 'string' ? value : refuse(where, 'is not text');
}

export function refuse(where: string, problem: string): never {
  throw new TrustError('SBOM_PARSE', `${quote(where)} ${problem}`);
}

/** `name` and `value` of properties. The last of a name counts. */
export function propertiesOf(value: Json | undefined): ReadonlyMap<string, string> {
  return new Map(
    objectsOf(value).flatMap(({ name, value: text }): [string, string][] => (typeof name === 'string' && typeof text === 'string' ? [[name, text]] : [])),
  );
}
