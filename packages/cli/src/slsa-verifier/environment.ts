/** The variables that slsa-verifier reads, as Go reads booleans: what is none is false. */
import { isTrue } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';

/** Loosens at which refs builders of the SLSA project may be called. */
export function isTesting({ env }: Io): boolean {
  return isTrue(env['SLSA_VERIFIER_TESTING'] ?? '');
}

export function isExperimental({ env }: Io): boolean {
  return isTrue(env['SLSA_VERIFIER_EXPERIMENTAL'] ?? '');
}
