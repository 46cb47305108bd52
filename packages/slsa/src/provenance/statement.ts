/**
 * The signed payload as a statement of provenance (slsa.md section 1.7 B and C).
 *
 *   { _type, subject [{ name, digest { algorithm: hex } }], predicateType, predicate }
 *
 *   v0.2  { builder { id }, buildType, invocation { configSource, parameters, environment }, buildConfig, metadata, materials[] }
 *   v1    { buildDefinition { buildType, externalParameters, internalParameters, resolvedDependencies[] }, runDetails { builder, metadata, byproducts[] } }
 */
import { IN_TOTO_PAYLOAD_TYPE, isJsonObject, type Json, JsonError, type JsonObject, parseJson, quote, type VerifiedContent } from '@assay/core';
import { type Model, ModelError, type Modelled, readModel } from '../model.ts';
import { HEADER } from '../statement-header.ts';

export const PROVENANCE_V02 = 'https://slsa.dev/provenance/v0.2';
export const PROVENANCE_V1 = 'https://slsa.dev/provenance/v1';

export type StatementV02 = Modelled<typeof STATEMENT_V02> & { readonly version: 'v0.2' };
export type StatementV1 = Modelled<typeof STATEMENT_V1> & { readonly version: 'v1' };
export type ProvenanceStatement = StatementV02 | StatementV1;

/** What cannot be read as provenance. `what` says in which respect. */
export class StatementError extends Error {
  readonly what: 'payload type' | 'shape' | 'predicate type';
  readonly found: string | undefined;

  constructor(what: StatementError['what'], message: string, found?: string) {
    super(message);
    this.what = what;
    this.found = found;
  }
}

/** Of what was verified, by those who judge; of anything, by those who show it. Errors: `StatementError`. */
export function readStatement({ type, bytes }: Pick<VerifiedContent, 'type' | 'bytes'>): ProvenanceStatement {
  if (type !== IN_TOTO_PAYLOAD_TYPE) {
    throw new StatementError('payload type', `expected payload type '${IN_TOTO_PAYLOAD_TYPE}', got '${quote(type)}'`, quote(type));
  }
  const document = parse(bytes);
  const predicateType = predicateTypeOf(document);
  try {
    if (predicateType === PROVENANCE_V02) return { version: 'v0.2', ...readModel(document, STATEMENT_V02, 'refused') };
    if (predicateType === PROVENANCE_V1) return { version: 'v1', ...readModel(document, STATEMENT_V1, 'refused') };
  } catch (error) {
    if (error instanceof ModelError) throw new StatementError('shape', `decoding provenance: ${error.message}`);
    throw error;
  }
  throw new StatementError('predicate type', `unexpected predicate type '${quote(predicateType)}'`, quote(predicateType) || 'none');
}

/** Without believing in its shape: what an envelope is about, for those who choose among several. Undefined when it is no statement. */
export function predicateTypeIn(payload: Uint8Array): string | undefined {
  try {
    return predicateTypeOf(parse(payload));
  } catch (error) {
    if (error instanceof StatementError) return undefined;
    throw error;
  }
}

function parse(bytes: Uint8Array): JsonObject {
  let document: Json;
  try {
    document = parseJson(bytes);
  } catch (error) {
    if (error instanceof JsonError) throw new StatementError('shape', `decoding provenance: ${error.message}`);
    throw error;
  }
  if (!isJsonObject(document)) throw new StatementError('shape', 'decoding provenance: not an object');
  return document;
}

function predicateTypeOf(document: JsonObject): string {
  const [, type] = Object.entries(document).find(([name]) => name.toLowerCase() === 'predicatetype') ?? [];
  return typeof type === 'string' ? type : '';
}

const STATEMENT_V02 = {
  ...HEADER,
  predicate: {
    builder: { id: 'text' },
    buildType: 'text',
    invocation: { configSource: { uri: 'text', digest: 'texts', entryPoint: 'text' }, parameters: 'free', environment: 'free' },
    buildConfig: 'free',
    metadata: {
      buildInvocationID: 'text',
      buildStartedOn: 'time',
      buildFinishedOn: 'time',
      completeness: { parameters: 'flag', environment: 'flag', materials: 'flag' },
      reproducible: 'flag',
    },
    materials: [{ uri: 'text', digest: 'texts' }],
  },
} as const satisfies Model;

const RESOURCE = {
  'uri?': 'text',
  'digest?': 'texts',
  'name?': 'text',
  'downloadLocation?': 'text',
  'mediaType?': 'text',
  'content?': 'bytes',
  'annotations?': 'object',
} as const satisfies Model;

export const STATEMENT_V1 = {
  ...HEADER,
  predicate: {
    buildDefinition: { buildType: 'text', externalParameters: 'free', 'internalParameters?': 'free', 'resolvedDependencies?': [RESOURCE] },
    runDetails: {
      builder: { id: 'text', 'version?': 'texts', 'builderDependencies?': [RESOURCE] },
      metadata: { 'invocationId?': 'text', 'startedOn?': 'time', 'finishedOn?': 'time' },
      'byproducts?': [RESOURCE],
    },
  },
} as const satisfies Model;
