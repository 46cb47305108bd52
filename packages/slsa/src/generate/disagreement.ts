/**
 * The trust rule (slsa.md section 2.3): what verifiers compare comes from the platform's token. Where the surroundings of the job say something else,
 * somebody has changed them, and nothing is stated.
 */
import { quote, TrustError } from '@assay/core';

export interface Stated {
  /** `the variable GITHUB_SHA` */
  readonly where: string;
  readonly value: string | undefined;
}

/** Unset and empty are the same: platforms leave out what there is not. Errors: `PROVENANCE_DISAGREEMENT`. */
export function refuseDisagreement({ where, value }: Stated, expected: string): void {
  if (value === undefined || value === '' || value === expected) return;
  throw new TrustError('PROVENANCE_DISAGREEMENT', `${where} is not what the platform's token says`, {
    expected: quote(expected) || 'nothing',
    found: quote(value),
  });
}
