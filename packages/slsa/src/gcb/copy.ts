/**
 * Whether the copy that people read says what was signed (slsa.md section 1.9, GCB step 7). Both are compared over the members of the models in
 * statement.ts, as Go compares structs: what one leaves out and the other gives as empty list or object is a difference.
 */
import { type Check, pass } from '@assay/core';
import { firstDifference } from '../model.ts';
import { refuse } from '../reference-error.ts';
import type { GcbItem } from './document.ts';
import type { GcbStatement } from './statement.ts';

export function checkCopy({ build }: GcbItem, { version, body }: GcbStatement): Check {
  const id = 'gcb.copy';
  const { _type, predicateType, subject, ...rest } = version === 'v0.1' ? build.intotoStatement : build.inTotoSlsaProvenanceV1;
  const copy = { _type, predicateType, subject, predicate: 'slsaProvenance' in rest ? rest.slsaProvenance : rest.predicate };
  const difference = firstDifference(copy, body);
  if (difference === undefined) return pass(id, 'the readable copy says what was signed', { spec: SPEC });
  return refuse(id, {
    error: 'ErrorMismatchIntoto',
    detail: `they differ in ${difference}`,
    code: 'SLSA_GCB_TEXT',
    says: 'the readable copy of the provenance is not what was signed',
    expected: 'the same as in the signed statement',
    found: `another value of ${difference}`,
    spec: SPEC,
  });
}

const SPEC = 'slsa.md section 1.9';
