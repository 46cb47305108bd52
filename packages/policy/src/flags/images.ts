/** Images that a command line names, as patterns: their repositories, since a policy is for more than one release. */
import { isTrustError, TrustError } from '@assay/core';
import { parseReference, repositoryText } from '@assay/oci';
import { refuseVariables } from './parse-flags.ts';

/** Errors: `USAGE` for what names no image, and for variables before the tag. */
export function imagePatterns(references: readonly string[]): readonly string[] {
  return [...new Set(references.map(patternOf))];
}

function patternOf(reference: string): string {
  const text = reference.replace(/^oci:\/\//, '');
  const at = text.indexOf('@');
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  const repository = colon > named.lastIndexOf('/') ? named.slice(0, colon) : named;
  refuseVariables(repository, reference);
  try {
    return repositoryText(parseReference(repository));
  } catch (error) {
    if (!isTrustError(error)) throw error;
    throw new TrustError('USAGE', error.message, { cause: error });
  }
}
