/** What is looked up in the free-form parts of Cloud Build's provenance. */
import { isJsonObject, type Json, type JsonObject } from '@assay/core';
import type { ReferenceErrorName, Refusal } from '../reference-error.ts';

/** Something that is asked for is not there. */
export class Unstated extends Error {
  readonly refusal: Refusal;

  constructor(error: ReferenceErrorName, detail: string, says: string) {
    super(detail);
    this.refusal = { error, detail, code: 'SLSA_STATEMENT', says };
  }
}

/** A text of v1's `externalParameters.buildConfigSource`. Errors: `Unstated`. */
export function configSource(externalParameters: Json, name: 'repository' | 'ref'): string {
  const says = `the provenance does not state the ${name} of the build's configuration`;
  if (!isJsonObject(externalParameters)) throw new Unstated('ErrorInvalidDssePayload', 'no external parameters', says);
  const source = externalParameters['buildConfigSource'] ?? null;
  if (source === null) throw new Unstated('ErrorNotPresent', 'buildConfigSource', says);
  const value = isJsonObject(source) ? source[name] : undefined;
  if (typeof value === 'string') return value;
  throw new Unstated('ErrorInvalidDssePayload', `buildConfigSource.${name}`, says);
}

/** The object of that name in a free-form object. Undefined where there is none. */
export function objectIn(value: Json, name: string): JsonObject | undefined {
  const member = isJsonObject(value) ? value[name] : undefined;
  return isJsonObject(member) ? member : undefined;
}
