/** What the platform told the build about itself, read out of a predicate in which anything may stand. */
import { isJsonObject, type JsonObject } from '@assay/core';
import type { Environment } from '../provenance/provenance.ts';

/** Something that is asked for is not there. The message is slsa-verifier's. */
export class Unstated extends Error {
  readonly what: string;

  constructor(message: string, what: string) {
    super(message);
    this.what = what;
  }
}

/** Errors: `Unstated`. */
export function textOf(environment: Environment, name: string): string {
  const value = environment.get(name);
  if (typeof value === 'string') return value;
  throw new Unstated(value === undefined ? `environment type for ${name.toLowerCase()}` : `environment type string '${name.toLowerCase()}'`, name);
}

/** Errors: `Unstated`. */
export function eventPayload(environment: Environment): JsonObject {
  const value = environment.get('GITHUB_EVENT_PAYLOAD');
  if (isJsonObject(value)) return value;
  throw new Unstated(value === undefined ? 'parameters type event payload' : 'parameters type payload', 'the event that started the build');
}
