/** The header that in-toto's statements have, whatever their predicate: `{ _type, subject [{ name, digest }], predicateType }`. */
import { quote } from '@assay/core';
import { type Model, ModelError } from './model.ts';

export const HEADER = { _type: 'text', predicateType: 'text', subject: [{ name: 'text', digest: 'texts' }] } as const satisfies Model;

export const STATEMENT_TYPES: readonly string[] = ['https://in-toto.io/Statement/v0.1', 'https://in-toto.io/Statement/v1'];

/** Errors: `ModelError`. */
export function requireHeader({ _type, predicateType }: { readonly _type: string; readonly predicateType: string }, expected: string): void {
  if (!STATEMENT_TYPES.includes(_type)) throw new ModelError(`statement type '${quote(_type)}', expected one of ${STATEMENT_TYPES.join(' and ')}`);
  if (predicateType !== expected) throw new ModelError(`predicate type '${quote(predicateType)}', expected '${expected}'`);
}
