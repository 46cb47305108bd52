/**
 * What Cloud Build signs, and what it shows beside it for people to read (slsa.md section 1.9).
 *
 *   v0.1  { _type, predicateType, subject[], predicate { builder { id }, recipe { type, entryPoint, arguments }, metadata, materials[] } }
 *   v1    { _type, predicateType, subject[], predicate { buildDefinition { … }, runDetails { … } } }
 *
 * These models are what the readable copy is compared over. They leave out what the reference leaves out: `recipe.definedInMaterial`, which stands
 * there as text, `metadata.buildInvocationId`, and the second copy of the predicate that v0.1 signs as `slsaProvenance`.
 */
import type { VerifiedContent } from '@assay/core';
import { type Model, type Modelled, parseModel, writeModel } from '../model.ts';
import { STATEMENT_V1 } from '../provenance/statement.ts';
import { HEADER, requireHeader } from '../statement-header.ts';

const PREDICATE_V01 = {
  builder: { id: 'text' },
  recipe: { type: 'text', entryPoint: 'text', 'arguments?': 'free', 'environment?': 'free' },
  'metadata?': [
    'optional',
    {
      'buildStartedOn?': 'time',
      'buildFinishedOn?': 'time',
      completeness: { arguments: 'flag', environment: 'flag', materials: 'flag' },
      reproducible: 'flag',
    },
  ],
  'materials?': [{ uri: 'text', 'digest?': 'texts' }],
} as const satisfies Model;

const STATEMENT_V01 = { ...HEADER, predicate: PREDICATE_V01 } as const satisfies Model;

/** The readable copy, where Cloud Build puts it: v0.1 under a name of its own. */
export const COPY_V01 = { ...HEADER, slsaProvenance: PREDICATE_V01 } as const satisfies Model;
export const COPY_V1 = STATEMENT_V1;

export type GcbStatement =
  | { readonly version: 'v0.1'; readonly body: Modelled<typeof STATEMENT_V01> }
  | { readonly version: 'v1'; readonly body: Modelled<typeof STATEMENT_V1> };

export type GcbVersion = GcbStatement['version'];

/** The version is the signing key's, and the statement must say so. Errors: `ModelError`. */
export function readGcbStatement({ bytes }: VerifiedContent, version: GcbVersion): GcbStatement {
  const statement: GcbStatement = version === 'v0.1' ? { version, body: parseModel(bytes, STATEMENT_V01) } : { version, body: parseModel(bytes, STATEMENT_V1) };
  requireHeader(statement.body, `https://slsa.dev/provenance/${version}`);
  return statement;
}

/** The statement again, over the modelled members: what the reference prints. */
export function writeGcbStatement(statement: GcbStatement): string {
  return statement.version === 'v0.1' ? writeModel(statement.body, STATEMENT_V01) : writeModel(statement.body, STATEMENT_V1);
}
