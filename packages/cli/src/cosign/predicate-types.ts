/** The URI of `--type` when verifying: of a short name, or the text itself, which then has to be the whole type. */
import { PREDICATE_TYPES } from '@assay/core';

export function predicateTypeUri(type: string): string {
  return PREDICATE_TYPES.get(type) ?? type;
}
